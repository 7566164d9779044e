/* SPDX-License-Identifier: BSD-3-Clause */
/* homes_test.c - a flow that two workers' tables have at once is counted, once for each time that
 * it is opened beside another; one that has ended elsewhere, or that one table has alone, is not.
 */
#include <pthread.h>

#include "packets.h"

#define TABLES 3
#define FLOWS 4096

struct house {
	struct sl_flow_homes *h;
	struct rig r[TABLES];
};

static void house_new(struct house *o, uint32_t max_flows)
{
	struct sl_flow_options fo = sl_flow_defaults;
	memset(o, 0, sizeof(*o));
	fo.max_flows = max_flows;
	assert_int_equal(sl_flow_homes_new(&o->h, TABLES, max_flows), 0);
	fo.homes = o->h;
	for (unsigned i = 0; i < TABLES; i++)
		assert_int_equal(sl_flow_table_new(&o->r[i].t, i, &fo, &o->r[i].c), 0);
}

static void house_free(struct house *o)
{
	for (unsigned i = 0; i < TABLES; i++)
		sl_flow_table_free(o->r[i].t);
	sl_flow_homes_free(o->h);
}

/* A packet of flow n, in either direction. */
static void seen(struct rig *r, unsigned n, bool back, double at)
{
	uint32_t a = 0x0a000000 + n, b = 0xc0a80001;
	struct sl_packet p =
		back ? packet(UDP, b, 9000, a, 5000, at) : packet(UDP, a, 5000, b, 9000, at);
	assert_non_null(bind1(r, &p));
	sl_flow_reap(r->t);
}

static void all_end(struct rig *r)
{
	while (sl_flow_flush(r->t)) {
		while (sl_flow_ended(r->t) != NULL)
			;
		sl_flow_reap(r->t);
	}
	while (sl_flow_ended(r->t) != NULL)
		;
	sl_flow_reap(r->t);
}

static uint64_t split(const struct house *o)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < TABLES; i++) {
		n += o->r[i].c.c[SL_C_FLOWS_SPLIT];
		assert_int_equal(o->r[i].c.c[SL_C_FLOWS_UNWATCHED], 0);
	}
	return n;
}

static void test_each_its_own(void **state)
{
	struct house o;
	house_new(&o, FLOWS);
	for (unsigned i = 0; i < FLOWS; i++)
		seen(&o.r[i % TABLES], i % (FLOWS / 4) * TABLES + i % TABLES, i & 1, 1);
	assert_int_equal(split(&o), 0);
	house_free(&o);
}

/* Directions that come to different workers: each such flow is counted once. */
static void test_directions_split(void **state)
{
	struct house o;
	house_new(&o, FLOWS);
	for (unsigned i = 0; i < 1000; i++) {
		seen(&o.r[0], i, false, 1);
		seen(&o.r[i % 10 == 0 ? 2 : 0], i, true, 1);
		seen(&o.r[i % 10 == 0 ? 2 : 0], i, true, 1.1);
	}
	assert_int_equal(split(&o), 100);
	assert_int_equal(o.r[2].c.c[SL_C_FLOWS_SPLIT], 100);
	house_free(&o);
}

static void test_ended_elsewhere(void **state)
{
	struct house o;
	house_new(&o, FLOWS);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 500; i++)
			seen(&o.r[round % TABLES], i, false, 1);
		all_end(&o.r[round % TABLES]);
	}
	assert_int_equal(split(&o), 0);
	house_free(&o);
}

/* A connection that begins anew in one burst, again and again: what is told and taken back agrees.
 */
static void test_reopened_in_a_burst(void **state)
{
	struct house o;
	struct sl_packet p[12];
	house_new(&o, FLOWS);
	for (unsigned i = 0; i < 12; i++)
		p[i] = tcp(1, 1000, 2, 80, i & 1 ? RST : SYN, 1 + i);
	sl_flow_bind(o.r[0].t, p, 12);
	while (sl_flow_ended(o.r[0].t) != NULL)
		;
	sl_flow_reap(o.r[0].t);
	assert_true(o.r[0].c.c[SL_C_FLOWS_NEW] > 4);
	assert_int_equal(split(&o), 0);
	bind1(&o.r[1], &(struct sl_packet[]){ tcp(2, 80, 1, 1000, ACK, 40) }[0]);
	assert_int_equal(split(&o), 1);
	all_end(&o.r[0]);
	all_end(&o.r[1]);
	bind1(&o.r[2], &(struct sl_packet[]){ tcp(2, 80, 1, 1000, ACK, 41) }[0]);
	assert_int_equal(split(&o), 1);
	house_free(&o);
}

/* Flows put out for room leave their place to others: there is always some. */
static void test_evicted(void **state)
{
	struct house o;
	house_new(&o, 1024);
	for (unsigned i = 0; i < 100000; i++) {
		seen(&o.r[i % TABLES], i, false, 1);
		while (sl_flow_ended(o.r[i % TABLES].t) != NULL)
			;
		sl_flow_reap(o.r[i % TABLES].t);
	}
	uint64_t unwatched = 0;
	for (unsigned i = 0; i < TABLES; i++) {
		assert_int_equal(o.r[i].c.c[SL_C_FLOWS_SPLIT], 0);
		unwatched += o.r[i].c.c[SL_C_FLOWS_UNWATCHED];
	}
	assert_true(unwatched < 1000); /* a bucket of eight is seldom full at two on average */
	house_free(&o);
}

/* ---- At once ---- */

static void *play(void *arg)
{
	struct rig *r = arg;
	for (unsigned n = 0; n < 20; n++) {
		for (unsigned i = 0; i < 1000; i++)
			seen(r, i * TABLES + (unsigned)(r->c.c[SL_C_RX_PACKETS]), i & 1, 1);
		all_end(r);
	}
	return NULL;
}

/* Three workers, each with flows of its own, in buckets that they share. */
static void test_at_once(void **state)
{
	struct house o;
	pthread_t thread[TABLES];
	house_new(&o, FLOWS);
	for (unsigned i = 0; i < TABLES; i++) {
		o.r[i].c.c[SL_C_RX_PACKETS] = i; /* tells play() which flows are its own */
		assert_int_equal(pthread_create(&thread[i], NULL, play, &o.r[i]), 0);
	}
	for (unsigned i = 0; i < TABLES; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(split(&o), 0);
	house_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_its_own),
		cmocka_unit_test(test_directions_split),
		cmocka_unit_test(test_ended_elsewhere),
		cmocka_unit_test(test_reopened_in_a_burst),
		cmocka_unit_test(test_evicted),
		cmocka_unit_test(test_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
