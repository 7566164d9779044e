/* SPDX-License-Identifier: BSD-3-Clause */
/* threads_test.c - three workers, on however many cores there are, as whatever user this is. */
#include <sched.h>
#include <string.h>

#include <sightline/source.h>

#include "test.h"

static int where_am_i(void *arg)
{
	cpu_set_t set;
	*(int *)arg = sched_getcpu();
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(CPU_COUNT(&set), 1); /* a core of its own, or a share of one */
	assert_true(CPU_ISSET(*(int *)arg, &set));
	return 40 + *(int *)arg;
}

static void test_three_workers(void **state)
{
	cpu_set_t before, after;
	char err[256] = "";
	unsigned workers = 0;
	struct sl_threads too_many = { .workers = 1000 };
	struct sl_threads want = { .workers = 3, .extra = "--log-level=debug" };
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_true(sl_threads_start(&too_many, &workers, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "more than"));
	assert_int_equal(sl_threads_start(&want, &workers, err, sizeof(err)), 0);
	assert_int_equal(workers, 3);
	int cpu[3];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sl_threads_launch(i, where_am_i, &cpu[i]), 0);
	for (unsigned i = 0; i < 3; i++) {
		int rc = sl_threads_wait(i);
		assert_int_equal(rc, 40 + cpu[i]);
		assert_true(CPU_ISSET(cpu[i], &before));
	}
	sl_threads_pin_control();
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	int cores = CPU_COUNT(&before);
	assert_int_equal(CPU_COUNT(&after), cores > 3 ? cores - 3 : cores);
	sl_threads_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_workers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
