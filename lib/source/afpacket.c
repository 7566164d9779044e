/* SPDX-License-Identifier: BSD-3-Clause */
/* afpacket.c - opens and closes the sockets of a port of the kernel's, reads their counters.
 * Control threads; afpacket_ring.c is the workers' side.
 *
 * A socket that is bound takes every packet of the device, and only once it has joined the others
 * its share: until all have, and after the end, a filter keeps everything away. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include "afpacket.h"
#include "fanout.h"

#define DEVICE_NONE 0xfffe /* ARPHRD_NONE, of tun: IP without a link header */

/* One key for all ports, so that both directions of a tap meet. */
static uint32_t key;

static int set(int fd, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, name, value, len) < 0 ? -errno : 0;
}

/* ---- What is let in ---- */

static int let_nothing_in(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog f = { .len = 1, .filter = &none };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f)) < 0 ? -errno : 0;
}

static void quiet(struct port *p)
{
	const struct afpacket *a = (const struct afpacket *)p;
	for (unsigned i = 0; i < p->queues; i++)
		(void)let_nothing_in(a->queue[i].fd);
}

static int start(struct port *p)
{
	const struct afpacket *a = (const struct afpacket *)p;
	int unused = 0;
	for (unsigned i = 0; i < p->queues; i++)
		if (setsockopt(a->queue[i].fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
			    sizeof(unused)) < 0)
			return -errno;
	return 0;
}

/* ---- Opening ---- */

static int ring_map(struct afpacket *a, struct af_queue *q)
{
	int version = TPACKET_V3;
	struct tpacket_req3 r = { .tp_block_size = BLOCK_ROOM,
		.tp_block_nr = a->block_count,
		.tp_frame_size = 2048, /* only has to divide the block: frames lie close */
		.tp_frame_nr = a->block_count * (unsigned)(BLOCK_ROOM / 2048),
		.tp_retire_blk_tov = BLOCK_WAIT_MS };
	int rc = set(q->fd, PACKET_VERSION, &version, sizeof(version));
	if (rc == 0)
		rc = set(q->fd, PACKET_RX_RING, &r, sizeof(r));
	if (rc < 0)
		return rc;
	void *m = mmap(
		NULL, a->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, q->fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	q->map = m;
	q->blocks = calloc(a->block_count, sizeof(*q->blocks));
	if (q->blocks == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < a->block_count; i++)
		q->blocks[i] = (struct af_block){ .owner = { &a->port },
			.desc = (void *)(q->map + i * BLOCK_ROOM) };
	return 0;
}

static int bind_to(struct afpacket *a, int fd)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = a->port.netdev.index };
	struct packet_mreq all = { .mr_ifindex = a->port.netdev.index,
		.mr_type = PACKET_MR_PROMISC };
	int yes = 1;
	int rc = set(fd, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
	if (rc == 0)
		rc = set(fd, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
	if (rc == 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		rc = -errno;
	return rc;
}

/* The first socket founds a group with a number that nobody has; the others join it in order, so
 * that socket i is worker i's. */
static int fanout(struct afpacket *a, unsigned i, uint32_t *group)
{
	if (a->port.queues == 1)
		return 0;
	uint32_t want = PACKET_FANOUT_CBPF << 16 |
			(i == 0 ? PACKET_FANOUT_FLAG_UNIQUEID << 16 : *group & 0xffff);
	int fd = a->queue[i].fd;
	int rc = set(fd, PACKET_FANOUT, &want, sizeof(want));
	if (rc < 0 || i > 0)
		return rc;
	struct sock_filter code[FANOUT_MAX];
	struct sock_fprog program = { .len = fanout_program(code, key, a->tuple), .filter = code };
	socklen_t len = sizeof(*group);
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, group, &len) < 0)
		return -errno;
	return set(fd, PACKET_FANOUT_DATA, &program, sizeof(program));
}

static int queue_open(struct afpacket *a, unsigned i, uint32_t *group)
{
	struct af_queue *q = &a->queue[i];
	q->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0)
		return -errno;
	int rc = let_nothing_in(q->fd);
	if (rc == 0)
		rc = ring_map(a, q);
	if (rc == 0)
		rc = bind_to(a, q->fd);
	return rc == 0 ? fanout(a, i, group) : rc;
}

/* LINKTYPE_* of the headers that the device's frames begin with; -1: unknown. */
static int linktype(uint16_t hardware)
{
	switch (hardware) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return SL_LINK_ETHERNET;
	case DEVICE_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return SL_LINK_RAW;
	case ARPHRD_IEEE80211:
		return SL_LINK_WLAN;
	case ARPHRD_IEEE80211_PRISM:
		return SL_LINK_PRISM;
	case ARPHRD_IEEE80211_RADIOTAP:
		return SL_LINK_RADIOTAP;
	default:
		return -1;
	}
}

static int refuse(const struct afpacket *a, int rc, char *err, size_t err_len)
{
	const char *why = strerror(-rc), *fix = "see packet(7)";
	if (rc == -EPERM || rc == -EACCES)
		fix = "start as root, or with the capability CAP_NET_RAW";
	else if (rc == -ENODEV)
		why = "no such network device", fix = "ip link shows which there are";
	else if (rc == -ENOMEM)
		fix = "lower port_ring or the number of workers";
	else if (rc == -EPROTONOSUPPORT)
		why = "its frames have a link layer that is not understood",
		fix = "name an Ethernet, tunnel or monitoring device";
	else if (rc == -EINVAL && !a->port.netdev.up) /* a fanout group, of older kernels */
		why = "it is down", fix = "ip link set IFACE up, or start with one worker";
	snprintf(err, err_len, "port %.64s: %s; %s", a->port.dev, why, fix);
	return rc;
}

static void afpacket_close(struct port *p)
{
	struct afpacket *a = (struct afpacket *)p;
	for (unsigned i = 0; a->queue != NULL && i < p->queues; i++) {
		struct af_queue *q = &a->queue[i];
		if (q->map != NULL)
			munmap(q->map, a->map_bytes);
		if (q->fd >= 0)
			close(q->fd);
		free(q->blocks);
	}
	netdev_close(&p->netdev);
	free(a->queue);
	free(a);
}

/* ---- What is told ---- */

/* Read counters begin anew; `packets` counts what was dropped, too. */
static void look(struct port *p)
{
	struct afpacket *a = (struct afpacket *)p;
	for (unsigned i = 0; i < p->queues; i++) {
		struct tpacket_stats_v3 s = { 0 };
		socklen_t len = sizeof(s);
		if (getsockopt(a->queue[i].fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) < 0)
			continue;
		tally_add(&a->queue[i].missed, s.tp_drops);
		tally_add(&a->queue[i].frozen, s.tp_freeze_q_cnt);
	}
}

static void plan(const struct port *p, FILE *f)
{
	const struct afpacket *a = (const struct afpacket *)p;
	fprintf(f,
		"%u sockets of the kernel's, a ring of %zu MiB each (port_ring) in blocks of %zu "
		"KiB; MTU %u; %s; the kernel's time",
		p->queues, a->map_bytes >> 20, BLOCK_ROOM >> 10, p->netdev.mtu,
		!p->spread	 ? "all packets in one"
		: p->queues == 1 ? "all to the one worker"
		: a->tuple	 ? "spread by a symmetric hash of outer addresses and ports"
				 : "spread by a symmetric hash of the outer address pair");
}

static void counters(const struct port *p, sl_port_fn tell, void *arg)
{
	const struct afpacket *a = (const struct afpacket *)p;
	for (unsigned i = 0; i < p->queues; i++) {
		const struct af_queue *q = &a->queue[i];
		port_tell_tally(p, (int)i, &q->tally, tally_get(&q->missed), tell, arg);
		port_tell(p, "sightline_port_ring_full_total",
			"times that the kernel found its ring full", (int)i, tally_get(&q->frozen),
			tell, arg);
	}
}

static int fd_of(const struct port *p, uint16_t queue)
{
	return ((const struct afpacket *)p)->queue[queue].fd;
}

static const struct port_kind afpacket_kind = {
	.name = "AF_PACKET",
	.burst = afpacket_burst,
	.release = afpacket_release,
	.fill = afpacket_fill,
	.drained = afpacket_drained,
	.fd = fd_of,
	.start = start,
	.quiet = quiet,
	.look = look,
	.plan = plan,
	.counters = counters,
	.close = afpacket_close,
};

static int queues_open(struct afpacket *a)
{
	if (key == 0 && getrandom(&key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	uint32_t group = 0;
	int rc = 0;
	a->queue = aligned_alloc(alignof(struct af_queue), a->port.queues * sizeof(*a->queue));
	if (a->queue == NULL)
		return -ENOMEM;
	memset(a->queue, 0, a->port.queues * sizeof(*a->queue));
	for (unsigned i = 0; i < a->port.queues; i++)
		a->queue[i].fd = -1;
	for (unsigned i = 0; rc == 0 && i < a->port.queues; i++)
		rc = queue_open(a, i, &group);
	return rc;
}

/* One socket for all workers has all their memory. */
static void size_up(struct afpacket *a, const struct sl_ports_options *o)
{
	size_t each = o->ring_bytes / BLOCK_ROOM, shares = o->queues / a->port.queues;
	a->block_count = (uint32_t)((each < 4 ? 4 : each) * shares);
	a->map_bytes = a->block_count * BLOCK_ROOM;
	a->port.out_max = (uint32_t)(a->map_bytes / SLOT * a->port.queues);
}

int afpacket_open(struct port **out, const struct sl_ports_options *o, const char *dev,
	unsigned number, const struct wall *wall, char *err, size_t err_len)
{
	struct afpacket *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->port = (struct port){ .kind = &afpacket_kind,
		.dev = dev,
		.number = (uint16_t)number,
		.wall = wall,
		.queues = o->spread == SL_SPREAD_INNER ? 1 : o->queues,
		.spread = o->spread != SL_SPREAD_INNER || o->queues == 1,
		.timed = true,
		.late_ns = 2000000 }; /* from its time to the ring */
	a->tuple = o->spread == SL_SPREAD_TUPLE;
	size_up(a, o);
	int rc = netdev_open(&a->port.netdev, strchr(dev, ':') + 1);
	a->port.node = a->port.netdev.node;
	int link = linktype(a->port.netdev.hardware);
	a->linktype = (uint16_t)link;
	if (rc == 0)
		rc = link < 0 ? -EPROTONOSUPPORT : queues_open(a);
	if (rc < 0) {
		(void)refuse(a, rc, err, err_len);
		afpacket_close(&a->port);
		return rc;
	}
	*out = &a->port;
	return 0;
}
