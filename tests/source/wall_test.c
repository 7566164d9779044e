/* SPDX-License-Identifier: BSD-3-Clause */
/* wall_test.c - the wall clock out of the time-stamp counter: where the clock of the system was
 * set, forth or back, it follows and its rate stays; readers see one instant's numbers together. */
#include <pthread.h>

#include <sightline/clock.h>

#include "../../lib/source/wall.h"
#include "test.h"

#define HOUR (3600 * SL_SECOND)
#define NEAR (SL_SECOND / 10) /* whatever the machine does meanwhile, an hour is far from it */

static uint64_t away(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void near_now(const struct wall *w)
{
	uint64_t before = sl_clock_wall_ns(), at = wall_now(w), after = sl_clock_wall_ns();
	assert_true(at + NEAR > before && at < after + NEAR);
}

/* As if the system's clock had been set `ns` back since it was read (forth, where below 0). */
static void set_back(struct wall *w, int64_t ns)
{
	w->ns += (uint64_t)ns;
}

static void test_steps(void **state)
{
	static const int64_t steps[] = { (int64_t)HOUR, -(int64_t)HOUR, 40 * (int64_t)HOUR };
	struct wall w = { 0 };
	assert_int_equal(wall_init(&w, NULL, NULL), 0);
	near_now(&w);
	uint64_t rate = w.rate;
	for (unsigned i = 0; i < 3; i++) {
		set_back(&w, steps[i]);
		assert_true(away(wall_now(&w), sl_clock_wall_ns()) > HOUR / 2);
		wall_discipline(&w);
		near_now(&w);
		assert_int_equal(w.rate, rate);
		assert_int_equal(w.seq % 2, 0);
	}
}

/* Two readings that lie two seconds apart tell the rate; two that are closer tell nothing. */
static void test_rate(void **state)
{
	struct wall w = { 0 };
	assert_int_equal(wall_init(&w, NULL, NULL), 0);
	uint64_t rate = w.rate, seq = w.seq;
	wall_discipline(&w);
	assert_int_equal(w.seq, seq);
	w.ns -= 2 * SL_SECOND;
	w.tsc -= (uint64_t)(((unsigned __int128)(2 * SL_SECOND) << 32) / rate);
	w.rate = rate + rate / 1000; /* wrong by a thousandth: put right */
	wall_discipline(&w);
	near_now(&w);
	assert_true(away(w.rate, rate) < rate / 2000);
}

/* Before the instant that was read last as well as behind it. */
static void test_both_ways(void **state)
{
	struct wall w = { 0 };
	assert_int_equal(wall_init(&w, NULL, NULL), 0);
	uint64_t second = (uint64_t)(((unsigned __int128)SL_SECOND << 32) / w.rate);
	assert_true(away(wall_at(&w, w.tsc + second), w.ns + SL_SECOND) < 1000);
	assert_true(away(wall_at(&w, w.tsc - second), w.ns - SL_SECOND) < 1000);
}

/* ---- A reader while it is written ---- */

static struct wall shared;
static _Atomic bool done;

static void *steps(void *arg)
{
	for (unsigned i = 0; i < 2000; i++) {
		set_back(&shared, 1); /* so that it is read anew */
		shared.ns += HOUR / 3600000;
		wall_discipline(&shared);
	}
	done = true;
	return arg;
}

static void test_reader(void **state)
{
	pthread_t thread;
	assert_int_equal(wall_init(&shared, NULL, NULL), 0);
	uint64_t begin = sl_clock_wall_ns();
	assert_int_equal(pthread_create(&thread, NULL, steps, NULL), 0);
	while (!done)
		assert_true(away(wall_now(&shared), begin) < HOUR);
	assert_int_equal(pthread_join(thread, NULL), 0);
	near_now(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
