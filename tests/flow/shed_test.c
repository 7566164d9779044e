/* SPDX-License-Identifier: BSD-3-Clause */
/* shed_test.c - levels come in their order, one for each look, and go when the queue was calm for
 * long enough; a moment's stall is no overload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sightline/shed.h>

#define FULL SL_QUEUE_FULL

static void look(struct sl_shed *s, unsigned fill, uint64_t now, unsigned level)
{
	unsigned before = s->level;
	sl_shed_look(s, fill, now);
	assert_int_equal(s->level, level);
	assert_true(s->level <= before + 1 && s->level + 1u >= before);
}

static void test_order(void **state)
{
	struct sl_shed s = { .patience = 100 };
	look(&s, 0, 1, SL_SHED_NONE);
	look(&s, FULL / 2 - 1, 2, SL_SHED_NONE);
	look(&s, FULL / 2, 3, SL_SHED_BODIES);
	look(&s, FULL * 5 / 8 - 1, 4, SL_SHED_BODIES);
	look(&s, FULL * 5 / 8, 5, SL_SHED_ELEPHANTS);
	look(&s, FULL * 6 / 8, 6, SL_SHED_STREAMS);
	look(&s, FULL * 7 / 8, 7, SL_SHED_NAMES);
	look(&s, FULL, 8, SL_SHED_NAMES);
}

/* A queue that stays full takes one look for each level. */
static void test_full(void **state)
{
	struct sl_shed s = { .patience = 100 };
	for (unsigned i = 1; i < SL_SHED_LEVEL_COUNT; i++)
		look(&s, FULL, i, i);
	look(&s, FULL, 9, SL_SHED_NAMES);
}

/* The worker was away, and empties its queue: one level, and no more. Where it fills up again on
 * the way, the next. */
static void test_stall(void **state)
{
	struct sl_shed s = { .patience = 1000 };
	look(&s, 10, 1, SL_SHED_NONE);
	look(&s, FULL * 15 / 16 - 1, 2, SL_SHED_BODIES);
	for (unsigned fill = FULL * 15 / 16 - 2; fill > FULL * 5 / 8; fill--)
		look(&s, fill, 3, SL_SHED_BODIES);
	look(&s, FULL * 5 / 8 + 2, 4, SL_SHED_BODIES); /* hardly more than it was */
	look(&s, FULL * 6 / 8, 5, SL_SHED_ELEPHANTS);
}

static void test_hysteresis(void **state)
{
	struct sl_shed s = { .patience = 100 };
	look(&s, FULL, 1000, SL_SHED_BODIES);
	look(&s, FULL, 1001, SL_SHED_ELEPHANTS);
	look(&s, FULL / 4 - 1, 1100, SL_SHED_ELEPHANTS);
	look(&s, FULL / 4 - 1, 1101, SL_SHED_BODIES);
	look(&s, 0, 1200, SL_SHED_BODIES); /* each level has its own time */
	look(&s, FULL / 4, 1201, SL_SHED_BODIES); /* not calm */
	look(&s, 0, 1300, SL_SHED_BODIES);
	look(&s, 0, 1301, SL_SHED_NONE);
	look(&s, 0, 9000, SL_SHED_NONE);
	look(&s, FULL / 2, 9001, SL_SHED_BODIES);
	look(&s, FULL / 2, 9000000, SL_SHED_BODIES); /* neither */
}

static void test_names(void **state)
{
	assert_string_equal(sl_shed_name(SL_SHED_NONE), "");
	assert_string_equal(sl_shed_name(SL_SHED_BODIES), "bodies");
	assert_string_equal(sl_shed_name(SL_SHED_NAMES), "names");
	assert_int_equal(SL_SHED_BIT(SL_SHED_BODIES), 1);
	assert_int_equal(SL_SHED_BIT(SL_SHED_NAMES) & SL_SHED_BYPASSED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
