/* SPDX-License-Identifier: BSD-3-Clause */
/* deal_test.c - the dispatcher: every packet comes to the worker of its pair, in its order; what a
 * full lane has no room for is counted; with packets in flight it ends, and nothing is missing. */
#include "card.h"

#include <sched.h>

#include <sightline/packet.h>

#define MISSED "sightline_missed_packets_total"
#define LANE 4096

/* The device has one queue for all. */
static void put_one(unsigned pair)
{
	put(packet(pair, 0), 0);
}

static void spread(unsigned workers)
{
	unsigned has[WORKERS] = { 0 };
	card_open_as(workers, SL_SPREAD_INNER);
	for (unsigned i = 0; i < 20000; i++) {
		put_one(i * 7 % PAIRS);
		if (i % 500 == 499)
			drain();
	}
	for (unsigned i = 0; i < 300; i++)
		put_one(i % PAIRS);
	stop(); /* with those in flight */
	assert_int_equal(card.got, card.put);
	assert_int_equal(counted(MISSED), 0);
	assert_int_equal(counted("sightline_port_packets_total"), card.put);
	for (unsigned i = 0; i < PAIRS; i++)
		has[card.worker[i]]++;
	for (unsigned i = 0; i < workers; i++)
		assert_true(has[i] > 0);
	card_close();
}

static void test_order(void **state)
{
	for (unsigned workers = 2; workers <= WORKERS; workers++)
		spread(workers);
}

/* A worker that takes nothing: its lane fills, the others' go on, and the sum is exact. */
static void test_full_lane(void **state)
{
	card_open_as(2, SL_SPREAD_INNER);
	put_one(0);
	drain();
	unsigned busy = (unsigned)card.worker[0], sent = 1;
	while (counted(MISSED) < 1000) {
		put_one(0);
		sent++;
		while (rte_ring_count(card.ring[0]) > 64)
			;
	}
	while (rte_ring_count(card.ring[0]) > 0)
		;
	/* What was lost is a gap in the pair's numbers: the test looks at its sum alone. */
	uint64_t given_ = 0;
	struct sl_packet p[SL_BURST];
	uint16_t n;
	card.s->ops->stop(card.s);
	for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END;) {
		rx = card.s->ops->rx_burst(card.s, (uint16_t)busy, p, SL_BURST, &n);
		given_ += n;
		card.s->ops->release(card.s, (uint16_t)busy, p, n);
	}
	assert_int_equal(given_, LANE);
	assert_int_equal(1 + given_ + counted(MISSED), sent);
	while (!card.ended[!busy])
		turn(!busy);
	card_close();
}

/* Workers that take nothing: every lane is full, and the device still has buffers. */
static void test_full_lanes_of_all(void **state)
{
	card_open_as(WORKERS, SL_SPREAD_INNER);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(card.s->ops->fill(card.s, (uint16_t)i), 0);
	for (unsigned i = 0; counted(MISSED) < 20000; i++) {
		put_one(i % PAIRS);
		while (rte_ring_count(card.ring[0]) > 64)
			;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(card.s->ops->fill(card.s, (uint16_t)i), SL_QUEUE_FULL);
	assert_true(rte_mempool_avail_count(rte_mempool_lookup("p0-q0")) > 1024);
	card_close();
}

/* Packets that a worker has still not released when it is asked for the next. */
static void test_late_release(void **state)
{
	struct sl_packet p[SL_BURST];
	uint16_t n = 0;
	card_open_as(2, SL_SPREAD_INNER);
	put_one(0);
	drain();
	unsigned worker = (unsigned)card.worker[0];
	for (unsigned i = 0; i < 10; i++)
		put_one(0);
	while (n == 0)
		card.s->ops->rx_burst(card.s, (uint16_t)worker, p, SL_BURST, &n);
	for (uint16_t i = 0; i < n; i++)
		given(worker, &p[i]);
	drain();
	card.s->ops->release(card.s, (uint16_t)worker, p, n);
	stop();
	assert_int_equal(card.got, card.put);
	card_close();
}

/* The dispatcher's core: one that is left, or the last worker's, where their number is free. */
static void test_core(void **state)
{
	cpu_set_t may;
	assert_int_equal(sched_getaffinity(0, sizeof(may), &may), 0);
	int cores = CPU_COUNT(&may);
	card_fewer = true;
	card_open_as(2, SL_SPREAD_INNER);
	card_fewer = false;
	assert_int_equal(card.workers, cores > 3 || cores < 2 ? 2 : 1);
	assert_non_null(strstr(card.said,
		cores < 2 ? "a dispatcher on the control's cores" : "a dispatcher on core "));
	for (unsigned i = 0; i < 300; i++)
		put_one(i % PAIRS);
	stop();
	assert_int_equal(card.got, card.put);
	card_close();
}

/* More workers than a port can have queues: one queue, and the dispatcher. */
static void test_too_many_workers(void **state)
{
	static const char *const devs[] = { DEVICE ",no-rx=1" };
	struct sl_ports_options o = { .devs = devs, .dev_count = 1, .queues = 65 };
	char err[512] = "";
	memset(&card, 0, sizeof(card));
	int rc = sl_ports_open(&card.s, &o, err, sizeof(err));
	assert_string_equal(err, "");
	assert_int_equal(rc, 0);
	sl_ports_plan(card.s, card_line, NULL);
	assert_non_null(strstr(card.said, "a dispatcher on "));
	assert_non_null(strstr(
		card.said, "one queue: of the device 64 can be had, and there are 65 workers"));
	card.s->ops->close(card.s);
}

static void test_never_stopped(void **state)
{
	card_open_as(3, SL_SPREAD_INNER);
	for (unsigned i = 0; i < 100; i++)
		put_one(i % PAIRS);
	card_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full_lane),
		cmocka_unit_test(test_full_lanes_of_all),
		cmocka_unit_test(test_late_release),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_too_many_workers),
		cmocka_unit_test(test_never_stopped),
	};
	return cmocka_run_group_tests(tests, card_environment, NULL);
}
