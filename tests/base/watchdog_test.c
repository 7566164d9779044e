/* SPDX-License-Identifier: BSD-3-Clause */
/* watchdog_test.c - a thread that stands still, and a machine that does. */
#include <sightline/watchdog.h>

#include "test.h"

#define MS UINT64_C(1000000)
#define LOOK (100 * MS)
#define STALL (1000 * MS)

struct fixture {
	struct sl_watchdog *w;
	uint64_t now_ns;
};

static int setup(void **state)
{
	static struct fixture f;
	f.now_ns = 5 * STALL;
	*state = &f;
	return sl_watchdog_new(&f.w, 2, STALL, LOOK);
}

static int teardown(void **state)
{
	sl_watchdog_free(((struct fixture *)*state)->w);
	return 0;
}

/* Thread 0 moves with each look, thread 1 does not. The looks until 1 is said to stand still. */
static unsigned until_stalled(struct fixture *f, unsigned looks)
{
	for (unsigned n = 1; n <= looks; n++) {
		f->now_ns += LOOK;
		sl_watchdog_look(f->w, f->now_ns);
		assert_int_equal(sl_watchdog_stalled(f->w, 0, f->now_ns), 0);
		if (sl_watchdog_stalled(f->w, 1, 7) > 0)
			return n;
	}
	return 0;
}

static void test_one_stands_still(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(until_stalled(f, 20), 11); /* the first look begins it */
	assert_int_equal(sl_watchdog_stalled(f->w, 1, 7), STALL);
	assert_int_equal(sl_watchdog_stalled(f->w, 1, 8), 0); /* it goes on */
	assert_int_equal(sl_watchdog_late_ns(f->w), 0);
}

/* A half of a minute in which nobody had a core: no thread is to blame. */
static void test_the_machine_stands_still(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(until_stalled(f, 5), 0);
	f->now_ns += 30 * STALL;
	sl_watchdog_look(f->w, f->now_ns);
	assert_int_equal(sl_watchdog_stalled(f->w, 0, 1), 0);
	assert_int_equal(sl_watchdog_stalled(f->w, 1, 7), 0);
	assert_int_equal(sl_watchdog_late_ns(f->w), 30 * STALL - 2 * LOOK);
	assert_int_equal(until_stalled(f, 20), 4); /* 400 ms before, 200 of the pause, 400 */
}

/* However slow the machine, who does not move is found in the end. */
static void test_always_late(void **state)
{
	struct fixture *f = *state;
	unsigned looks = 0;
	do {
		f->now_ns += STALL;
		sl_watchdog_look(f->w, f->now_ns);
		assert_int_equal(sl_watchdog_stalled(f->w, 0, f->now_ns), 0);
		assert_true(++looks < 20);
	} while (sl_watchdog_stalled(f->w, 1, 7) == 0);
	assert_int_equal(looks, 6);
}

#define WITH_DOG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DOG(test_one_stands_still),
		WITH_DOG(test_the_machine_stands_still),
		WITH_DOG(test_always_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
