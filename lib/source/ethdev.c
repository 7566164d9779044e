/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev.c - opens and closes DPDK's ports, reads their counters. Control threads; ethdev_rx.c is
 * the side of those who poll. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "ethdev.h"
#include "ethdev_xdp.h"

#define WANTED_MTU 9600u
#define TAGS 8u /* two VLAN tags */
#define IN_FLIGHT ((size_t)32 << 20) /* bytes of a port's frames that descriptors stand for */
#define CACHE 256u
#define LANES 4096u /* packets out at workers, where they are dealt */

static int refuse(const struct ethdev *e, int rc, char *err, size_t err_len, const char *why)
{
	snprintf(err, err_len, "port %s: %s", e->port.dev, why);
	return rc;
}

static int refuse_errno(const struct ethdev *e, int rc, char *err, size_t err_len, const char *what,
	const char *fix)
{
	const char *said = threads_last_error();
	snprintf(err, err_len, "port %s: %s: %s; %s", e->port.dev, what,
		said[0] != '\0' ? said : rte_strerror(-rc), fix);
	return rc;
}

/* ---- The device ---- */

/* One that is there already, by its name or address, or a virtual one that is made. */
static int device_find(struct ethdev *e, char *err, size_t err_len)
{
	const char *dev = e->port.dev;
	snprintf(e->name, sizeof(e->name), "%.*s", (int)strcspn(dev, ","), dev);
	if (rte_eth_dev_get_port_by_name(e->name, &e->id) == 0)
		return 0;
	char args[512];
	int rc = xdp_devargs(&e->port, args, sizeof(args), err, err_len);
	if (rc < 0)
		return rc;
	rc = rte_dev_probe(args);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(e->name, &e->id);
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "no such port",
			"name a PCI address whose card is bound to vfio-pci, a virtual device such "
			"as "
			"net_af_xdp0,iface=eth1, or afpacket:IFACE");
	e->ours = true;
	return 0;
}

static uint16_t power_below(size_t n)
{
	uint16_t p = 1;
	while (p < 32768 && (size_t)p * 2 <= n)
		p *= 2;
	return p;
}

/* Descriptors for 32 MiB of the longest frames, within what the device takes. */
static void size_up(struct ethdev *e)
{
	uint32_t frame = (uint32_t)e->mtu + RTE_ETHER_HDR_LEN + TAGS;
	uint16_t n = power_below(IN_FLIGHT / e->port.queues / frame);
	n = n < 512 ? 512 : n > 4096 ? 4096 : n;
	e->descriptors = n;
	(void)rte_eth_dev_adjust_nb_rx_tx_desc(e->id, &e->descriptors, NULL);
	e->scatter = (e->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	e->room = e->scatter || frame < 2048 ? 2048 : frame;
	e->room = xdp_room(&e->port, e->room);
	/* Twice, as some drivers keep as many back to fill up with. */
	e->pool_mbufs = 2u * e->descriptors + LANES + 1024 + CACHE * 2;
	if (e->pool_mbufs < 9216)
		e->pool_mbufs = 9216;
	e->hold_max = e->pool_mbufs / 8;
}

static int device_look(struct ethdev *e, char *err, size_t err_len)
{
	int rc = rte_eth_dev_info_get(e->id, &e->info);
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "can't be asked", "try another port");
	/* A virtual device has the node of whoever made it: that of its kernel's device counts. */
	e->port.node = e->ours ? e->port.netdev.node : rte_eth_dev_socket_id(e->id);
	e->mtu = e->port.netdev.fd >= 0 ? e->port.netdev.mtu : WANTED_MTU;
	uint32_t longest = e->info.max_rx_pktlen - RTE_ETHER_HDR_LEN - TAGS;
	if (e->info.max_mtu < longest)
		longest = e->info.max_mtu;
	if (e->mtu > longest && e->port.netdev.fd < 0)
		e->mtu = longest;
	if (e->info.max_rx_queues == 0)
		return refuse(
			e, -ENOTSUP, err, err_len, "it has no queue to receive; name another port");
	return 0;
}

/* How many queues, and what spreads packets over them. */
static void queues_choose(
	struct ethdev *e, unsigned workers, bool dealt, struct rte_eth_conf *conf, uint8_t *key)
{
	unsigned own = xdp_queues(&e->port);
	e->port.queues = own > 0 ? own : 1;
	if (workers == 1 || dealt || own > 0) {
		e->port.spread = workers == 1 && e->port.queues == 1;
		snprintf(e->spread, sizeof(e->spread), "%s",
			own > 0 ? "the device's queues, whose choice of packets is not known"
				: "one queue");
		return;
	}
	if (e->info.max_rx_queues < workers) {
		snprintf(e->spread, sizeof(e->spread),
			"one queue: the device has %u for %u workers", e->info.max_rx_queues,
			workers);
		return;
	}
	e->port.spread = ethdev_rss_ask(&e->info, conf, key);
	if (e->port.spread)
		e->port.queues = workers;
	snprintf(e->spread, sizeof(e->spread), "%s",
		e->port.spread ? "the device's symmetric hash of the pair of addresses, read back"
			       : "one queue: the device has no hash of the pair of addresses");
}

/* ---- Queues and memory ---- */

static void own(struct rte_mempool *pool, void *port, void *obj, unsigned n)
{
	struct rte_mbuf *m = obj;
	struct eth_owner *o = rte_mbuf_to_priv(m);
	(void)pool;
	(void)n;
	*o = (struct eth_owner){ .owner = { port }, .mbuf = m };
}

/* Without the padding that a pool puts between its buffers otherwise (ethdev_xdp.c). */
static int pool_fill(struct ethdev *e, struct rte_mempool *pool, uint32_t room)
{
	struct rte_pktmbuf_pool_private mine = { .mbuf_data_room_size =
							 (uint16_t)(room + RTE_PKTMBUF_HEADROOM),
		.mbuf_priv_size = sizeof(struct eth_owner) };
	int rc = rte_mempool_set_ops_byname(pool, "ring_mp_mc", NULL);
	if (rc < 0)
		return rc;
	rte_pktmbuf_pool_init(pool, &mine);
	rc = rte_mempool_populate_default(pool);
	if (rc < 0)
		return rc;
	if (xdp_is(&e->port) && pool->nb_mem_chunks != 1)
		return -ENOMEM;
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(pool, own, &e->port);
	return 0;
}

static struct rte_mempool *pool_new(struct ethdev *e, const char *what, uint32_t n, uint32_t room)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	size_t each =
		sizeof(struct rte_mbuf) + sizeof(struct eth_owner) + RTE_PKTMBUF_HEADROOM + room;
	snprintf(name, sizeof(name), "p%u-%s", e->port.number, what);
	struct rte_mempool *pool = rte_mempool_create_empty(name, n, (unsigned)each, CACHE,
		sizeof(struct rte_pktmbuf_pool_private),
		e->port.node < 0 ? SOCKET_ID_ANY : e->port.node, RTE_MEMPOOL_F_NO_SPREAD);
	if (pool == NULL || pool_fill(e, pool, room) == 0)
		return pool;
	rte_mempool_free(pool);
	return NULL;
}

static int queue_open(struct ethdev *e, uint16_t i)
{
	char what[16];
	struct eth_queue *q = &e->queue[i];
	struct rte_eth_rxconf conf = e->info.default_rxconf;
	q->fd = -1;
	snprintf(what, sizeof(what), "q%u", i);
	q->pool = pool_new(e, what, e->pool_mbufs, e->room);
	if (q->pool == NULL)
		return -ENOMEM;
	int rc = rte_eth_rx_queue_setup(e->id, i, e->descriptors,
		(unsigned)(e->port.node < 0 ? SOCKET_ID_ANY : e->port.node), &conf, q->pool);
	if (rc == 0 && xdp_is(&e->port))
		q->fd = xdp_new_fd();
	return rc;
}

static int queues_open(struct ethdev *e, char *err, size_t err_len)
{
	size_t bytes = e->port.queues * sizeof(*e->queue);
	e->queue = aligned_alloc(alignof(struct eth_queue), bytes);
	if (e->queue == NULL)
		return -ENOMEM;
	memset(e->queue, 0, bytes);
	int rc = 0;
	for (uint16_t i = 0; rc == 0 && i < e->port.queues; i++)
		rc = queue_open(e, i);
	for (uint16_t i = 0; rc == 0 && i < e->tx; i++)
		rc = rte_eth_tx_queue_setup(e->id, i, 0, SOCKET_ID_ANY, NULL);
	e->longs = pool_new(e, "long", LONG_MBUFS, FRAME_MAX);
	if (rc == 0 && e->longs == NULL)
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		return refuse(e, rc, err, err_len,
			"no memory for its packets; use fewer workers, or make huge pages: sysctl "
			"vm.nr_hugepages=512");
	if (rc == -EBUSY)
		return refuse(e, rc, err, err_len, "it is in use; end the program that has it");
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "a queue can't be set up",
			xdp_is(&e->port) ? "is it in use, or its MTU too large? afpacket: takes any"
					 : "try another port");
	return 0;
}

static int configure(struct ethdev *e, struct rte_eth_conf *conf, char *err, size_t err_len)
{
	if (e->scatter)
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	if (e->port.netdev.fd < 0)
		conf->rxmode.mtu = (uint32_t)e->mtu;
	uint16_t n = (uint16_t)e->port.queues;
	int rc = rte_eth_dev_configure(e->id, n, 0, conf);
	if (rc < 0) { /* some want as many to send, though nothing is sent */
		rc = rte_eth_dev_configure(e->id, n, n, conf);
		e->tx = n;
	}
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "its configuration was refused",
			"see its MTU and its number of queues");
	e->configured = true;
	if (e->port.netdev.fd <
		0) /* some take it here alone; where it can't be set it is as it is */
		(void)rte_eth_dev_set_mtu(e->id, (uint16_t)e->mtu);
	return 0;
}

/* Started at once, so that what it does can be read back; until `start` nothing is polled. */
static int device_start(struct ethdev *e, char *err, size_t err_len)
{
	int rc = rte_eth_dev_start(e->id);
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "does not start", "try another port");
	(void)rte_eth_promiscuous_enable(e->id);
	char why[96] = "";
	if (e->port.queues > 1 && e->port.spread && ethdev_rss_prove(e, why, sizeof(why)) < 0) {
		e->port.spread = false;
		snprintf(e->spread, sizeof(e->spread), "the device's queues, not proven: %s", why);
	}
	return 0;
}

/* ---- The table ---- */

static void look(struct port *p)
{
	struct ethdev *e = (struct ethdev *)p;
	struct rte_eth_stats s;
	struct rte_eth_link link = { 0 };
	if (!xdp_is(p) && rte_eth_stats_get(e->id, &s) == 0) {
		atomic_store_explicit(&e->missed, s.imissed, memory_order_relaxed);
		atomic_store_explicit(&e->errors, s.ierrors, memory_order_relaxed);
		atomic_store_explicit(&e->no_mbuf, s.rx_nombuf, memory_order_relaxed);
	}
	for (unsigned i = 0; xdp_is(p) && i < p->queues; i++)
		atomic_store_explicit(
			&e->queue[i].missed, xdp_missed(e->queue[i].fd), memory_order_relaxed);
	if (p->netdev.fd < 0 && rte_eth_link_get_nowait(e->id, &link) == 0)
		p->netdev.up = p->netdev.running = link.link_status == RTE_ETH_LINK_UP;
	p->gone = rte_eth_dev_is_removed(e->id) == 1;
}

static int start(struct port *p)
{
	struct ethdev *e = (struct ethdev *)p;
	(void)rte_eth_stats_reset(e->id);
	for (unsigned i = 0; i < p->queues; i++)
		e->queue[i].missed_before = xdp_is(p) ? xdp_missed(e->queue[i].fd) : 0;
	return 0;
}

/* What stands in the queues is read out, what comes later is left. */
static void quiet(struct port *p)
{
	atomic_store_explicit(&((struct ethdev *)p)->quiet, true, memory_order_relaxed);
}

static void plan(const struct port *p, FILE *f)
{
	const struct ethdev *e = (const struct ethdev *)p;
	fprintf(f,
		"%s, %u queues of %u descriptors (32 MiB of MTU %u), %u buffers of %u bytes each "
		"(%zu MiB)%s; %s; node %d; the time-stamp counter's time",
		e->info.driver_name, p->queues, e->descriptors, (unsigned)e->mtu, e->pool_mbufs,
		e->room, (size_t)p->queues * e->pool_mbufs * (e->room + 400) >> 20,
		e->scatter ? ", longer frames in several" : "", e->spread, e->port.node);
	if (strcmp(e->info.driver_name, "net_af_packet") == 0)
		fputs("; WARNING: this driver cuts frames above 1,982 bytes and loses some without "
		      "counting them: use afpacket:IFACE",
			f);
}

static void tell_queue(const struct ethdev *e, unsigned i, sl_port_fn tell, void *arg)
{
	const struct eth_queue *q = &e->queue[i];
	const struct port *p = &e->port;
	uint64_t denied = tally_get(&q->long_denied);
	uint64_t missed = tally_get(&q->missed) - q->missed_before + denied;
	port_tell_tally(p, (int)i, &q->tally, missed, tell, arg);
	port_tell(p, "sightline_port_free_buffers", "buffers that wait for packets", (int)i,
		rte_mempool_avail_count(q->pool), tell, arg);
	port_tell(p, "sightline_port_long_packets_denied_total",
		"packets in several buffers, lost as no long one was left", (int)i, denied, tell,
		arg);
}

static void counters(const struct port *p, sl_port_fn tell, void *arg)
{
	const struct ethdev *e = (const struct ethdev *)p;
	for (unsigned i = 0; i < p->queues; i++) {
		tell_queue(e, i, tell, arg);
		if (xdp_is(p))
			xdp_tell(p, i, e->queue[i].fd, tell, arg);
	}
	port_tell(p, "sightline_missed_packets_total", port_missed_help, -1, tally_get(&e->missed),
		tell, arg);
	port_tell(p, "sightline_port_no_buffer_packets_total", "times that no buffer was left", -1,
		tally_get(&e->no_mbuf), tell, arg);
	port_tell(p, "sightline_port_errors_total", "frames that were damaged", -1,
		tally_get(&e->errors), tell, arg);
}

static int fd_of(const struct port *p, uint16_t queue)
{
	return ((const struct ethdev *)p)->queue[queue].fd;
}

static void ethdev_close(struct port *p)
{
	struct ethdev *e = (struct ethdev *)p;
	if (e->configured)
		(void)rte_eth_dev_stop(e->id);
	if (e->ours) {
		struct rte_device *device = e->info.device;
		(void)rte_eth_dev_close(e->id);
		if (device != NULL)
			(void)rte_dev_remove(device);
	} else if (e->configured) {
		(void)rte_eth_dev_close(e->id);
	}
	for (unsigned i = 0; e->queue != NULL && i < p->queues; i++)
		rte_mempool_free(e->queue[i].pool);
	rte_mempool_free(e->longs);
	netdev_close(&p->netdev);
	free(e->queue);
	free(e);
}

static const struct port_kind ethdev_kind = {
	.name = "DPDK",
	.late_ns = 0,
	.burst = ethdev_burst,
	.release = ethdev_release,
	.hold = ethdev_hold,
	.drop_held = ethdev_drop_held,
	.drained = ethdev_drained,
	.fd = fd_of,
	.start = start,
	.quiet = quiet,
	.look = look,
	.plan = plan,
	.counters = counters,
	.close = ethdev_close,
};

int ethdev_open(struct port **out, const struct sl_ports_options *o, const char *dev,
	unsigned number, const struct wall *wall, char *err, size_t err_len)
{
	struct ethdev *e = aligned_alloc(alignof(struct ethdev), sizeof(*e));
	struct rte_eth_conf conf;
	uint8_t key[ETH_KEY_MAX];
	if (e == NULL)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	memset(&conf, 0, sizeof(conf));
	e->port = (struct port){ .kind = &ethdev_kind,
		.dev = dev,
		.number = (uint16_t)number,
		.wall = wall,
		.netdev = { .fd = -1, .node = -1 } };
	int rc = device_find(e, err, err_len);
	if (rc == 0)
		rc = device_look(e, err, err_len);
	if (rc == 0) {
		queues_choose(e, o->queues, o->inner, &conf, key);
		size_up(e);
		rc = configure(e, &conf, err, err_len);
	}
	if (rc == 0)
		rc = queues_open(e, err, err_len);
	if (rc == 0)
		rc = device_start(e, err, err_len);
	if (rc < 0) {
		ethdev_close(&e->port);
		return rc;
	}
	*out = &e->port;
	return 0;
}
