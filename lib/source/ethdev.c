/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev.c - opens and closes DPDK's ports, reads their counters. Control threads; ethdev_rx.c is
 * the side of those who poll. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "ethdev.h"
#include "ethdev_xdp.h"

#define FULL_FOR (rte_get_tsc_hz() / 8) /* longer than from one look to the next */

static int refuse(const struct ethdev *e, int rc, char *err, size_t err_len, const char *why)
{
	snprintf(err, err_len, "port %.64s: %s", e->port.dev, why);
	return rc;
}

static int refuse_errno(const struct ethdev *e, int rc, char *err, size_t err_len, const char *what,
	const char *fix)
{
	const char *said = threads_first_error();
	snprintf(err, err_len, "port %.64s: %s: %s; %s", e->port.dev, what,
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
	if (rc < 0 && strncmp(dev, "net_", 4) == 0)
		return refuse_errno(e, rc, err, err_len, "its device can't be made",
			"see the words of its string: PORTS in sightline-sensor(8) has examples");
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "no such port",
			"name a PCI address whose card is bound to vfio-pci, a virtual device such "
			"as net_af_xdp0,iface=eth1, or afpacket:IFACE");
	e->ours = true;
	return 0;
}

static int device_look(struct ethdev *e, char *err, size_t err_len)
{
	int rc = rte_eth_dev_info_get(e->id, &e->info);
	if (rc < 0)
		return refuse_errno(e, rc, err, err_len, "can't be asked", "try another port");
	char behind[IF_NAMESIZE];
	e->is_tap = strcmp(e->info.driver_name, "net_tap") == 0;
	if (e->is_tap && if_indextoname(e->info.if_index, behind) != NULL)
		(void)netdev_open(&e->port.netdev, behind);
	/* A virtual device has the node of whoever made it: that of its kernel's device counts. */
	e->port.node = e->ours ? e->port.netdev.node : rte_eth_dev_socket_id(e->id);
	e->mtu = e->port.netdev.fd >= 0 ? e->port.netdev.mtu : ETH_WANTED_MTU;
	uint32_t longest = e->info.max_rx_pktlen - RTE_ETHER_HDR_LEN - ETH_TAGS;
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
static void queues_choose(struct ethdev *e, unsigned workers, bool dealt, struct rte_eth_conf *conf)
{
	char why[128] = "";
	unsigned own = xdp_queues(&e->port);
	e->port.queues = own > 0 ? own : 1;
	if (workers == 1 || dealt || own > 0) {
		e->port.spread = workers == 1 && e->port.queues == 1;
		snprintf(e->spread, sizeof(e->spread), "%s",
			own > 0 ? "the device's queues, whose choice of packets is not known"
				: "one queue");
		return;
	}
	unsigned most =
		e->info.max_rx_queues < ETH_QUEUES_MAX ? e->info.max_rx_queues : ETH_QUEUES_MAX;
	if (most < workers) {
		snprintf(e->spread, sizeof(e->spread),
			"one queue: of the device %u can be had, and there are %u workers", most,
			workers);
		return;
	}
	e->port.spread = ethdev_rss_ask(e, conf, why, sizeof(why));
	if (e->port.spread)
		e->port.queues = workers;
	else
		snprintf(e->spread, sizeof(e->spread), "one queue: %s", why);
}

/* ---- Queues and memory ---- */

/* A file that the driver keeps in our buffers and gives copies of, over and over. */
static bool is_endless(const struct ethdev *e)
{
	return strcmp(e->info.driver_name, "net_pcap") == 0 &&
	       strstr(e->port.dev, "infinite_rx=1") != NULL;
}

static int queue_open(struct ethdev *e, uint16_t i)
{
	char what[16];
	struct eth_queue *q = &e->queue[i];
	struct rte_eth_rxconf conf = e->info.default_rxconf;
	q->fd = -1;
	snprintf(what, sizeof(what), "q%u", i);
	q->pool = ethdev_pool_new(e, what, e->pool_mbufs, e->room);
	if (q->pool == NULL)
		return -ENOMEM;
	int rc = rte_eth_rx_queue_setup(e->id, i, e->descriptors,
		(unsigned)(e->port.node < 0 ? SOCKET_ID_ANY : e->port.node), &conf, q->pool);
	if (rc == 0 && xdp_is(&e->port))
		q->fd = xdp_new_fd();
	if (rc == 0 && is_endless(e))
		e->round_packets = rte_mempool_in_use_count(q->pool);
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
	e->longs = ethdev_pool_new(e, "long", LONG_MBUFS, FRAME_MAX);
	if (rc == 0 && e->longs == NULL)
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		return refuse(e, rc, err, err_len,
			"no memory for its packets; use fewer workers, or end what took the huge "
			"pages "
			"(grep Huge /proc/meminfo)");
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
	ethdev_stamp_ask(e, conf);
	if (e->port.netdev.fd < 0)
		conf->rxmode.mtu = (uint32_t)e->mtu;
	uint16_t n = (uint16_t)e->port.queues;
	/* Nothing is sent; a peer in shared memory is let in with a ring to each side alone, and
	 * some want as many queues to send. */
	e->tx = strcmp(e->info.driver_name, "net_memif") == 0 ? n : 0;
	int rc = rte_eth_dev_configure(e->id, n, e->tx, conf);
	if (rc < 0) {
		e->tx = n;
		rc = rte_eth_dev_configure(e->id, n, e->tx, conf);
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
		return refuse_errno(e, rc, err, err_len, "does not start",
			strncmp(e->port.dev, "net_memif", 9) == 0
				? "start its peer first, or write role=server"
				: "try another port");
	(void)rte_eth_promiscuous_enable(e->id);
	ethdev_stamp_begin(e);
	char how[288] = "";
	if (e->port.queues == 1 || !e->port.spread)
		return 0;
	rc = ethdev_rss_settle(e, how, sizeof(how));
	e->port.spread = rc == 0;
	if (rc == -ENOMEM)
		return refuse(e, rc, err, err_len, "no memory to prove its hash with");
	if (rc == 0)
		snprintf(e->spread, sizeof(e->spread),
			"the device's symmetric hash of %s, by %s, read back; its first %u packets "
			"are compared with it",
			e->tuple ? "addresses and ports" : "the pair of addresses", how,
			PROOF_PACKETS);
	else
		snprintf(e->spread, sizeof(e->spread), "the device's queues, not proven: %s", how);
	return 0;
}

/* ---- The table ---- */

/* For those that ask how full a queue is, where the driver does not know: what was lost since the
 * last look says that it was full. */
static void look_for_loss(struct ethdev *e)
{
	for (unsigned i = 0; i < e->port.queues; i++) {
		struct eth_queue *q = &e->queue[i];
		uint64_t lost = tally_get(&q->missed) + tally_get(&e->missed);
		if (lost > q->lost)
			atomic_store_explicit(
				&q->full_until, rte_rdtsc() + FULL_FOR, memory_order_relaxed);
		q->lost = lost;
	}
}

static void look(struct port *p)
{
	struct ethdev *e = (struct ethdev *)p;
	struct rte_eth_stats s;
	struct rte_eth_link link = { 0 };
	if (!xdp_is(p) && rte_eth_stats_get(e->id, &s) == 0) {
		/* Before a tap's driver, which doesn't count, stands a queue of the kernel's. */
		uint64_t missed = s.imissed + (e->is_tap ? tally_get(&p->netdev.unsent) : 0);
		atomic_store_explicit(&e->missed, missed, memory_order_relaxed);
		atomic_store_explicit(&e->errors, s.ierrors, memory_order_relaxed);
		atomic_store_explicit(&e->no_mbuf, s.rx_nombuf, memory_order_relaxed);
	}
	for (unsigned i = 0; xdp_is(p) && i < p->queues; i++)
		atomic_store_explicit(
			&e->queue[i].missed, xdp_missed(e->queue[i].fd), memory_order_relaxed);
	look_for_loss(e);
	if (p->netdev.fd < 0 && rte_eth_link_get_nowait(e->id, &link) == 0)
		p->netdev.up = p->netdev.running = link.link_status == RTE_ETH_LINK_UP;
	p->gone = rte_eth_dev_is_removed(e->id) == 1;
	ethdev_stamp_look(e);
}

/* What came before the start, and would have the time at which it is taken. A driver may make up
 * packets without end: a full queue's at most. */
static void leave_out(const struct ethdev *e, uint16_t queue)
{
	struct rte_mbuf *m[SL_BURST];
	uint16_t n;
	for (uint32_t all = 0; all < e->descriptors; all += n) {
		n = rte_eth_rx_burst(e->id, queue, m, SL_BURST);
		rte_pktmbuf_free_bulk(m, n);
		if (n == 0)
			break;
	}
}

static int start(struct port *p)
{
	struct ethdev *e = (struct ethdev *)p;
	for (unsigned i = 0; i < p->queues; i++) {
		struct eth_queue *q = &e->queue[i];
		if (!p->timed)
			leave_out(e, (uint16_t)i);
		q->missed_before = q->lost = xdp_is(p) ? xdp_missed(q->fd) : 0;
		atomic_store_explicit(&q->missed, q->lost, memory_order_relaxed);
	}
	(void)rte_eth_stats_reset(e->id);
	return 0;
}

/* What stands in the queues is read out, what comes later is left. */
static void quiet(struct port *p)
{
	atomic_store_explicit(&((struct ethdev *)p)->quiet, true, memory_order_relaxed);
}

static void plan_memory(const struct ethdev *e, FILE *f)
{
	size_t pages = threads_pages_wanted();
	fprintf(f, "%u buffers of %u bytes each (%zu MiB in all, ", e->pool_mbufs, e->room,
		ethdev_pool_bytes(e) >> 20);
	if (pages > 0)
		fprintf(f, "not in huge pages: sysctl vm.nr_hugepages=%zu)", pages);
	else
		fputs("in huge pages)", f);
}

static void plan(const struct port *p, FILE *f)
{
	const struct ethdev *e = (const struct ethdev *)p;
	fprintf(f, "%s, %u queues of %u descriptors (32 MiB of MTU %u), ", e->info.driver_name,
		p->queues, e->descriptors, (unsigned)e->mtu);
	plan_memory(e, f);
	fprintf(f, "%s; %s; node %d; %s", e->scatter ? ", longer frames in several" : "", e->spread,
		e->port.node, ethdev_stamp_text(e));
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
	port_tell(p, "sightline_port_stamped_packets_total", "packets with the device's own time",
		(int)i, tally_get(&q->stamped), tell, arg);
	port_tell(p, "sightline_port_stamps_refused_total",
		"packets whose device gave a time more than a second off", (int)i,
		tally_get(&q->stamps_refused), tell, arg);
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
	proof_free(p->proof);
	free(e->queue);
	free(e);
}

static const struct port_kind ethdev_kind = {
	.name = "DPDK",
	.burst = ethdev_burst,
	.release = ethdev_release,
	.fill = ethdev_fill,
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
		e->tuple = o->spread == SL_SPREAD_TUPLE;
		queues_choose(e, o->queues, o->spread == SL_SPREAD_INNER, &conf);
		ethdev_size_up(e, o->queues);
		e->fresh_bits = o->fresh_bits > 0 ? o->fresh_bits : SL_FRESH_BITS;
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
