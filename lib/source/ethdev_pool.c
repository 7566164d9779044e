/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_pool.c - how many descriptors and buffers a port of DPDK's has, and their memory. Control
 * thread. */
#include <stdio.h>

#include "deal.h"
#include "ethdev.h"
#include "ethdev_pcap.h"
#include "ethdev_xdp.h"

#define IN_FLIGHT ((size_t)32 << 20) /* bytes of a port's frames that descriptors stand for */
#define CACHE 256u
#define OUT_MAX (8 * LANE_PACKETS) /* packets of a port that are out at workers, at most */
#define POOL_MIN 9216u
#define QUEUE_EXTRA ((size_t)8 << 20) /* what a driver and the environment keep for a queue */

bool ethdev_argument(const char *dev, const char *name, char *value, size_t len)
{
	const char *at = dev;
	size_t n = strlen(name);
	while ((at = strchr(at, ',')) != NULL) {
		at++;
		if (strncmp(at, name, n) != 0 || at[n] != '=')
			continue;
		snprintf(value, len, "%.*s", (int)strcspn(at + n + 1, ","), at + n + 1);
		return true;
	}
	return false;
}

/* ---- Sizes ---- */

static uint16_t power_below(size_t n)
{
	uint16_t p = 1;
	while (p < 32768 && (size_t)p * 2 <= n)
		p *= 2;
	return p;
}

static uint32_t frame_of(uint64_t mtu)
{
	return (uint32_t)mtu + RTE_ETHER_HDR_LEN + ETH_TAGS;
}

/* For 32 MiB of the longest frames. */
static uint16_t descriptors_for(unsigned queues, uint32_t frame)
{
	uint16_t n = power_below(IN_FLIGHT / queues / frame);
	return n < 512 ? 512 : n > 4096 ? 4096 : n;
}

/* Of one queue, at workers, where they are dealt: all queues together as many as the lanes hold,
 * within bounds. */
static uint32_t out_for(unsigned queues, unsigned workers)
{
	uint64_t all = (uint64_t)LANE_PACKETS * workers;
	uint32_t each = (uint32_t)((all < OUT_MAX ? all : OUT_MAX) / queues);
	return each < LANE_PACKETS ? LANE_PACKETS : each;
}

/* Twice the descriptors, as some drivers keep as many back to fill up with. */
static uint32_t mbufs_for(uint16_t descriptors, uint32_t out)
{
	uint32_t n = 2u * descriptors + out + 1024 + CACHE * 2;
	return n < POOL_MIN ? POOL_MIN : n;
}

/* Of one buffer with everything around it. In small pages a pool lets none begin in one page and
 * end in the next, but where it is longer than a page. */
static size_t slot(uint32_t room, bool huge)
{
	size_t page = huge ? RTE_CACHE_LINE_SIZE : 4096;
	size_t bytes = RTE_CACHE_LINE_SIZE + sizeof(struct rte_mbuf) + sizeof(struct eth_owner) +
		       RTE_PKTMBUF_HEADROOM + room;
	return (bytes + page - 1) / page * page;
}

void ethdev_size_up(struct ethdev *e, unsigned workers)
{
	uint32_t frame = frame_of(e->mtu);
	e->descriptors = descriptors_for(e->port.queues, frame);
	(void)rte_eth_dev_adjust_nb_rx_tx_desc(e->id, &e->descriptors, NULL);
	e->scatter = (e->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	e->room = e->scatter || frame < 2048 ? 2048 : frame;
	e->room = xdp_room(&e->port, e->room);
	uint32_t out = out_for(e->port.queues, workers);
	e->port.out_max = out * e->port.queues;
	e->pool_mbufs = mbufs_for(e->descriptors, out);
	struct endless all;
	if (!pcap_endless(e->port.dev, &all))
		return;
	e->pool_mbufs += all.packets;
	e->room = all.longest;
}

static size_t queues_memory(unsigned queues, unsigned workers, uint32_t frame, size_t slot_bytes)
{
	size_t mbufs = mbufs_for(descriptors_for(queues, frame), out_for(queues, workers));
	return queues * (mbufs * slot_bytes + QUEUE_EXTRA);
}

/* A device that takes no frame in several buffers has the largest ones. */
size_t ethdev_memory(const char *dev, unsigned workers, bool huge)
{
	unsigned queues = 1;
	uint32_t mtu = ETH_WANTED_MTU, room = frame_of(mtu);
	bool own = xdp_ask(dev, &queues, &mtu);
	struct port p = { .dev = dev };
	size_t each = slot(xdp_room(&p, room), huge);
	size_t dealt = queues_memory(queues, workers, frame_of(mtu), each), spread = 0;
	struct endless all;
	if (pcap_endless(dev, &all))
		dealt += all.packets * slot(all.longest, huge);
	if (!own && workers <= ETH_QUEUES_MAX)
		spread = queues_memory(workers, workers, frame_of(mtu), each);
	return (dealt > spread ? dealt : spread) + LONG_MBUFS * slot(FRAME_MAX, huge);
}

/* ---- Pools ---- */

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

struct rte_mempool *ethdev_pool_new(struct ethdev *e, const char *what, uint32_t n, uint32_t room)
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

static void add_bytes(
	struct rte_mempool *pool, void *bytes, struct rte_mempool_memhdr *mem, unsigned n)
{
	(void)pool;
	(void)n;
	*(size_t *)bytes += mem->len;
}

size_t ethdev_pool_bytes(const struct ethdev *e)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < e->port.queues; i++)
		(void)rte_mempool_mem_iter(e->queue[i].pool, add_bytes, &bytes);
	(void)rte_mempool_mem_iter(e->longs, add_bytes, &bytes);
	return bytes;
}
