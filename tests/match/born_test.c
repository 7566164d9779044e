/* SPDX-License-Identifier: BSD-3-Clause */
/* born_test.c - looked up again after a change: which indicators are newer than a flow. */
#include <stdio.h>

#include "made.h"

#define HITS 4096

static struct sl_hit hit[HITS];

static struct sl_intel *feed(unsigned from, unsigned to)
{
	static char id[16][4];
	struct sl_intel *in = made_new();
	char text[32];
	for (unsigned i = from; i < to; i++) {
		sprintf(id[i], "%u", i);
		sprintf(text, "192.0.2.%u", i);
		made_add(in, SL_TYPE_IPV4, text, SL_MATCH_EXACT)->id = id[i];
	}
	return in;
}

static uint32_t again(const struct sl_ruleset *rs, uint32_t generation)
{
	struct made_batch *m = made_batch_new();
	char text[32];
	m->flow.generation = generation;
	for (unsigned i = 0; i < 10; i++) {
		sprintf(text, "192.0.2.%u", i);
		made_addr(m, SL_WHERE_IP_SRC, text)->flags = SL_OBS_AGAIN;
	}
	uint32_t n = made_match(rs, m, hit, HITS);
	free(m);
	return n;
}

/* A newer indicator of a value that an older one lists says that the value is known. */
static void test_known(void **state)
{
	(void)state;
	const struct sl_match_options o = { .validity = SL_VALID_PACKET };
	struct sl_ruleset *rs[2];
	struct sl_intel *in = feed(2, 5);
	made_add(in, SL_TYPE_IPV4, "192.0.2.3", SL_MATCH_EXACT)->id = "other";
	assert_int_equal(sl_ruleset_build(&rs[0], feed(2, 4), &o, NULL, 1), 0);
	assert_int_equal(sl_ruleset_build(&rs[1], in, &o, rs[0], 2), 0);
	assert_int_equal(again(rs[1], 1), 2);
	assert_int_equal(hit[0].obs, 3);
	assert_true(hit[0].known);
	assert_int_equal(hit[1].obs, 4);
	assert_false(hit[1].known);
	assert_int_equal(again(rs[1], 0), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_false(hit[i].known);
	sl_ruleset_free(rs[0]);
	sl_ruleset_free(rs[1]);
}

static void test_born(void **state)
{
	(void)state;
	const struct sl_match_options o = { .validity = SL_VALID_PACKET };
	struct sl_ruleset *rs[4];
	assert_int_equal(sl_ruleset_build(&rs[0], feed(0, 4), &o, NULL, 1), 0);
	assert_int_equal(sl_ruleset_build(&rs[1], feed(2, 7), &o, rs[0], 2), 0);
	assert_int_equal(sl_ruleset_build(&rs[2], feed(2, 9), &o, rs[1], 3), 0);
	assert_int_equal(sl_ruleset_build(&rs[3], feed(0, 9), &o, rs[2], 4), 0);
	assert_int_equal(sl_ruleset_generation(rs[2]), 3);
	assert_int_equal(again(rs[0], 0), 4);
	assert_int_equal(again(rs[0], 1), 0);
	assert_int_equal(again(rs[1], 1), 3);
	assert_int_equal(again(rs[2], 1), 5);
	assert_int_equal(again(rs[2], 2), 2);
	assert_int_equal(hit[0].obs, 7);
	assert_int_equal(again(rs[3], 3), 2); /* gone and come back is new */
	assert_int_equal(hit[0].obs, 0);
	assert_false(hit[0].known);
	for (unsigned i = 0; i < 4; i++)
		sl_ruleset_free(rs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_born),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
