/* SPDX-License-Identifier: BSD-3-Clause */
/* card.h - a device that says it has RSS: DPDK's null driver, which keeps key and table, with what
 * a test puts into each of its queues as what it received. The test thread plays the workers in
 * turn; the dispatcher is the real one. */
#ifndef TESTS_SOURCE_CARD_H
#define TESTS_SOURCE_CARD_H

#include <stdalign.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_thash.h>

#include <sightline/source.h>

#include "test.h"

#define WORKERS 3
#define PAIRS 64
#define FRAME 64
#define DEVICE "net_null0"

static struct card {
	struct sl_source *s;
	unsigned workers, queues;
	uint16_t id;
	struct rte_ring *ring[WORKERS]; /* what the device has received */
	const struct rte_eth_rxtx_callback *rx[WORKERS];
	uint32_t next[PAIRS], seen[PAIRS]; /* numbers of a pair's packets: sent, given */
	int worker[PAIRS]; /* who has the pair; -1: nobody yet */
	uint64_t put, got;
	bool ended[WORKERS];
	char said[2048]; /* lines that control was told */
} card;

static bool card_fewer; /* the next may do with fewer workers */

static inline uint16_t card_rx(
	uint16_t id, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t max, void *arg)
{
	(void)id;
	(void)arg;
	assert_int_equal(n, 0);
	return (uint16_t)rte_ring_dequeue_burst(card.ring[queue], (void **)m, max, NULL);
}

static inline void card_line(void *arg, const char *text)
{
	(void)arg;
	strncat(card.said, text, sizeof(card.said) - strlen(card.said) - 2);
	strcat(card.said, "\n");
}

static inline void card_open_as(unsigned workers, enum sl_spread spread)
{
	static const char *const devs[] = { DEVICE ",no-rx=1" };
	struct sl_ports_options o = {
		.devs = devs,
		.dev_count = 1,
		.queues = workers,
		.fewer = card_fewer,
		.spread = spread,
	};
	char err[512] = "";
	memset(&card, 0, sizeof(card));
	memset(card.worker, -1, sizeof(card.worker));
	card.workers = workers;
	card.queues = spread == SL_SPREAD_INNER ? 1 : workers;
	int rc = sl_ports_open(&card.s, &o, err, sizeof(err));
	assert_string_equal(err, "");
	assert_int_equal(rc, 0);
	card.workers = sl_ports_workers(card.s);
	sl_ports_plan(card.s, card_line, NULL);
	assert_int_equal(rte_eth_dev_get_port_by_name(DEVICE, &card.id), 0);
	for (unsigned i = 0; i < card.queues; i++) {
		char name[16];
		snprintf(name, sizeof(name), "card%u", i);
		card.ring[i] = rte_ring_create(name, 8192, SOCKET_ID_ANY, 0);
		assert_non_null(card.ring[i]);
		card.rx[i] = rte_eth_add_rx_callback(card.id, (uint16_t)i, card_rx, NULL);
		assert_non_null(card.rx[i]);
	}
	assert_int_equal(card.s->ops->start(card.s), 0);
}

static inline void card_open(unsigned workers)
{
	card_open_as(workers, SL_SPREAD_OUTER);
}

/* ---- What it receives ---- */

static inline void address(unsigned pair, bool back, uint32_t out[2])
{
	out[back] = 0x0a000001 + pair * 7;
	out[!back] = 0xc0a80000 + pair * 1001;
}

/* The device's key, which repeats 16 bits. */
static inline uint32_t hash_of(uint32_t *words, unsigned n)
{
	alignas(4) uint8_t key[64];
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = i % 2 == 0 ? 0x6d : 0x5a;
	return rte_softrss(words, n, key);
}

static inline unsigned home_of(unsigned pair)
{
	uint32_t words[2];
	address(pair, false, words);
	return hash_of(words, 2) % 128 % card.workers;
}

/* A packet of a pair, in either direction, with its hash, on queue `queue`; to be put by put(). */
static inline struct rte_mbuf *packet(unsigned pair, unsigned queue)
{
	char pool[16];
	uint32_t words[2], number = ++card.next[pair];
	uint8_t f[FRAME] = { [12] = 8, 0, 0x45, [16] = 0, 50, [23] = 17, [38] = 0, 30 };
	snprintf(pool, sizeof(pool), "p0-q%u", queue);
	struct rte_mbuf *m = rte_pktmbuf_alloc(rte_mempool_lookup(pool));
	assert_non_null(m);
	address(pair, number & 1, words);
	for (unsigned i = 0; i < 8; i++)
		f[26 + i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
	f[FRAME - 5] = (uint8_t)pair;
	memcpy(f + FRAME - 4, &number, 4);
	memcpy(rte_pktmbuf_append(m, FRAME), f, FRAME);
	m->hash.rss = hash_of(words, 2);
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	return m;
}

static inline void put(struct rte_mbuf *m, unsigned queue)
{
	assert_int_equal(rte_ring_enqueue(card.ring[queue], m), 0);
	card.put++;
}

static inline void put_right(unsigned pair)
{
	put(packet(pair, home_of(pair)), home_of(pair));
}

/* ---- Workers ---- */

/* Each pair has one worker, and its packets' order. */
static inline void given(unsigned worker, const struct sl_packet *p)
{
	unsigned pair = p->data[FRAME - 5];
	uint32_t number;
	memcpy(&number, p->data + FRAME - 4, 4);
	if (card.worker[pair] < 0)
		card.worker[pair] = (int)worker;
	assert_int_equal(card.worker[pair], worker);
	assert_int_equal(number, card.seen[pair] + 1);
	card.seen[pair] = number;
	card.got++;
}

static inline void turn(unsigned worker)
{
	struct sl_packet p[SL_BURST];
	uint16_t n = 0;
	enum sl_rx rx = card.s->ops->rx_burst(card.s, (uint16_t)worker, p, SL_BURST, &n);
	for (uint16_t i = 0; i < n; i++)
		given(worker, &p[i]);
	if (n > 0)
		card.s->ops->release(card.s, (uint16_t)worker, p, n);
	card.ended[worker] |= rx == SL_RX_END;
}

static inline void turns(void)
{
	for (unsigned i = 0; i < card.workers; i++)
		if (!card.ended[i])
			turn(i);
}

/* Until everything that was put is given. */
static inline void drain(void)
{
	while (card.got < card.put)
		turns();
}

static inline void look(void)
{
	char err[256] = "";
	assert_int_equal(sl_ports_look(card.s, card_line, NULL, err, sizeof(err)), 0);
}

struct asked {
	const char *name;
	uint64_t sum;
};

static inline void add(void *arg, const char *key, const char *help, uint64_t value)
{
	struct asked *a = arg;
	size_t n = strlen(a->name);
	(void)help;
	if (strncmp(key, a->name, n) == 0 && (key[n] == '{' || key[n] == '\0'))
		a->sum += value;
}

/* Of all ports and queues. */
static inline uint64_t counted(const char *name)
{
	struct asked a = { name, 0 };
	sl_ports_counters(card.s, add, &a);
	return a.sum;
}

/* To the end, with what is on its way. */
static inline void stop(void)
{
	bool all = false;
	card.s->ops->stop(card.s);
	while (!all) {
		all = true;
		turns();
		for (unsigned i = 0; i < card.workers; i++)
			all &= card.ended[i];
	}
	look();
}

static inline void card_close(void)
{
	for (unsigned i = 0; i < card.queues; i++)
		(void)rte_eth_remove_rx_callback(card.id, (uint16_t)i, card.rx[i]);
	card.s->ops->close(card.s);
	for (unsigned i = 0; i < card.queues; i++)
		rte_ring_free(card.ring[i]);
}

static inline int card_environment(void **state)
{
	/* Its buffers take a jumbo frame each, as it has no scattered ones: memory for three. */
	static const char *const ports[] = { DEVICE, DEVICE, DEVICE };
	struct sl_threads want = {
		.workers = WORKERS, .no_huge = true, .ports = ports, .port_count = 3
	};
	char err[256];
	unsigned workers;
	(void)state;
	return sl_threads_start(&want, &workers, err, sizeof(err));
}

#endif
