/* SPDX-License-Identifier: BSD-3-Clause */
/* ports_test.c - two ports that are rings of DPDK's, filled with what a card would give. */
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <sightline/clock.h>
#include <sightline/source.h>

#include "test.h"

#define LONG 6000u
#define EACH 40u

static const char *const devs[] = { "net_ring_a", "net_ring_b" };
static struct rte_ring *ring[2];

struct fixture {
	struct sl_source *src;
	int stamp_at;
	uint64_t stamp_flag;
	struct sl_packet pkt[SL_BURST];
};

static void find(void *arg, const char *key, const char *help, uint64_t value)
{
	uint64_t *sum = arg;
	(void)help;
	if (strncmp(key, (const char *)(uintptr_t)sum[0], (size_t)sum[1]) == 0)
		sum[2] += value;
}

static uint64_t counter(const struct fixture *f, const char *name)
{
	uint64_t sum[3] = { (uintptr_t)name, strlen(name), 0 };
	sl_ports_counters(f->src, find, sum);
	return sum[2];
}

/* A frame of `len` bytes, in as many buffers as it takes. */
static struct rte_mbuf *frame(unsigned port, uint32_t len)
{
	struct rte_mempool *pool = rte_mempool_lookup(port == 0 ? "p0-q0" : "p1-q0");
	assert_non_null(pool);
	struct rte_mbuf *first = rte_pktmbuf_alloc(pool), *last = first;
	assert_non_null(first);
	for (uint32_t at = 0; at < len;) {
		struct rte_mbuf *m = at == 0 ? first : rte_pktmbuf_alloc(pool);
		uint32_t n =
			rte_pktmbuf_tailroom(m) < len - at ? rte_pktmbuf_tailroom(m) : len - at;
		memset(rte_pktmbuf_append(m, (uint16_t)n), (int)(at / 7 % 251), n);
		if (m != first)
			assert_int_equal(rte_pktmbuf_chain(first, m), 0);
		at += n;
		last = m;
	}
	assert_null(last->next);
	return first;
}

static void put(const struct fixture *f, unsigned port, struct rte_mbuf *m, uint64_t stamp)
{
	if (stamp > 0) {
		*RTE_MBUF_DYNFIELD(m, f->stamp_at, rte_mbuf_timestamp_t *) = stamp;
		m->ol_flags |= f->stamp_flag;
	}
	assert_int_equal(rte_ring_enqueue(ring[port], m), 0);
}

static uint16_t get(struct fixture *f)
{
	uint16_t n = 0;
	assert_int_equal(f->src->ops->rx_burst(f->src, 0, f->pkt, SL_BURST, &n), SL_RX_OK);
	return n;
}

/* The one that is on its way: it waits until the other port's time is past its own. */
static void get_one(struct fixture *f)
{
	uint16_t n;
	do
		n = get(f);
	while (n == 0);
	assert_int_equal(n, 1);
}

static void give_back(struct fixture *f, uint16_t n)
{
	f->src->ops->release(f->src, 0, f->pkt, n);
}

/* What stood in the queues at the start. */
static void test_nothing_from_before(void **state)
{
	struct fixture *f = *state;
	struct rte_mempool *pool = rte_mempool_lookup("p0-q0");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(get(f), 0);
	assert_int_equal(rte_mempool_avail_count(pool), pool->size);
	assert_int_equal(counter(f, "sightline_port_packets_total"), 0);
}

static void test_in_order_of_the_cards_time(void **state)
{
	struct fixture *f = *state;
	uint64_t t = sl_clock_wall_ns() - SL_SECOND / 2;
	for (unsigned i = 0; i < EACH; i++)
		put(f, i % 3 != 0, frame(i % 3 != 0, 60), t + i);
	uint16_t n, seen = 0;
	while ((n = get(f)) > 0) {
		for (uint16_t i = 0; i < n; i++, seen++) {
			assert_int_equal(f->pkt[i].ts_ns, t + seen);
			assert_int_equal(f->pkt[i].port, seen % 3 != 0);
		}
		give_back(f, n);
	}
	assert_int_equal(seen, EACH);
	assert_int_equal(counter(f, "sightline_port_stamped_packets_total"), EACH);
}

/* A clock that is not this one's: another epoch, or a broken card. */
static void test_a_time_that_is_none(void **state)
{
	struct fixture *f = *state;
	uint64_t before = sl_clock_wall_ns();
	put(f, 0, frame(0, 60), 1);
	put(f, 0, frame(0, 60), before + 40 * SL_SECOND);
	put(f, 1, frame(1, 60), UINT64_MAX);
	uint16_t n, seen = 0;
	while ((n = get(f)) > 0) {
		for (uint16_t i = 0; i < n; i++, seen++)
			assert_true(f->pkt[i].ts_ns - (before - SL_SECOND) < 10 * SL_SECOND);
		give_back(f, n);
	}
	assert_int_equal(seen, 3);
	assert_int_equal(counter(f, "sightline_port_stamps_refused_total"), 3);
}

/* Without a time of their own the ports take turns: none is far ahead of the other. */
static void test_turns(void **state)
{
	struct fixture *f = *state;
	unsigned given[2] = { 0, 0 };
	for (unsigned i = 0; i < 2 * EACH; i++)
		put(f, i / EACH, frame(i / EACH, 60), 0);
	for (uint16_t n; (n = get(f)) > 0; give_back(f, n))
		for (uint16_t i = 0; i < n; i++) {
			given[f->pkt[i].port]++;
			unsigned ahead =
				given[0] > given[1] ? given[0] - given[1] : given[1] - given[0];
			assert_true(ahead <= 16);
		}
	assert_int_equal(given[0], EACH);
	assert_int_equal(given[1], EACH);
}

static void test_several_buffers(void **state)
{
	struct fixture *f = *state;
	struct rte_mempool *pool = rte_mempool_lookup("p1-q0");
	unsigned before = rte_mempool_avail_count(pool);
	struct rte_mbuf *m = frame(1, LONG);
	assert_true(m->nb_segs > 1);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0xe123;
	uint8_t bytes[LONG];
	const void *all = rte_pktmbuf_read(m, 0, LONG, bytes);
	uint64_t stamp = sl_clock_wall_ns();
	put(f, 1, m, stamp);
	assert_ptr_equal(all, bytes);
	get_one(f);
	assert_int_equal(f->pkt[0].len, LONG);
	assert_int_equal(f->pkt[0].wire_len, LONG);
	assert_int_equal(f->pkt[0].ts_ns, stamp);
	assert_memory_equal(f->pkt[0].data, bytes, LONG);
	assert_true(f->pkt[0].flags & SL_PKT_VLAN_STRIPPED);
	assert_int_equal(f->pkt[0].vlan[0], 0x123);
	give_back(f, 1);
	assert_int_equal(rte_mempool_avail_count(pool), before);
}

static void test_end(void **state)
{
	struct fixture *f = *state;
	uint16_t n = 0, seen = 0;
	uint64_t before = counter(f, "sightline_port_packets_total");
	for (unsigned i = 0; i < EACH; i++)
		put(f, i % 2, frame(i % 2, 60), 0);
	f->src->ops->stop(f->src);
	enum sl_rx rx;
	while ((rx = f->src->ops->rx_burst(f->src, 0, f->pkt, SL_BURST, &n)) == SL_RX_OK) {
		seen += n;
		give_back(f, n);
	}
	assert_int_equal(rx, SL_RX_END_CAPTURE);
	assert_int_equal(seen, EACH);
	assert_int_equal(counter(f, "sightline_port_packets_total"), before + EACH);
	assert_int_equal(f->src->ops->rx_burst(f->src, 0, f->pkt, SL_BURST, &n), SL_RX_END);
}

static bool rings_make(void)
{
	for (unsigned i = 0; i < 2; i++) {
		const char *name = devs[i] + strlen("net_ring_");
		ring[i] = rte_ring_create(name, 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (ring[i] == NULL ||
			rte_eth_from_rings(name, &ring[i], 1, &ring[i], 1, SOCKET_ID_ANY) < 0)
			return false;
	}
	return true;
}

static int setup(void **state)
{
	static struct fixture f;
	char err[256] = "";
	unsigned workers;
	struct sl_threads want = { .workers = 1, .ports = devs, .port_count = 2 };
	struct sl_ports_options o = { .devs = devs, .dev_count = 2, .queues = 1 };
	if (sl_threads_start(&want, &workers, err, sizeof(err)) < 0 || !rings_make() ||
		sl_ports_open(&f.src, &o, err, sizeof(err)) < 0 ||
		rte_mbuf_dyn_rx_timestamp_register(&f.stamp_at, &f.stamp_flag) < 0) {
		print_error("%s\n", err);
		return -1;
	}
	for (unsigned i = 0; i < EACH; i++)
		put(&f, 0, frame(0, 60), 0);
	assert_int_equal(f.src->ops->start(f.src), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	f->src->ops->close(f->src);
	sl_threads_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_from_before),
		cmocka_unit_test(test_in_order_of_the_cards_time),
		cmocka_unit_test(test_a_time_that_is_none),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_several_buffers),
		cmocka_unit_test(test_end),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
