/* SPDX-License-Identifier: BSD-3-Clause */
/* distinct_test.c - exact while small, near while large; text that every reader takes. */
#include "test.h"

#include <sightline/hash.h>

#include "../../lib/sighting/distinct.h"
#include "../../lib/sighting/text.h"

static const struct sl_hash_key key = { 1, 2 };

static void test_exact(void **state)
{
	(void)state;
	struct distinct d = { 0 };
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < DISTINCT_EXACT; i++)
			assert_int_equal(distinct_add(&d, sl_hash_u64(key, i)), round == 0);
		assert_int_equal(distinct_count(&d), DISTINCT_EXACT);
	}
	distinct_fini(&d);
	assert_int_equal(distinct_count(&d), 0);
	assert_true(distinct_add(&d, 0)); /* no hash is special */
	assert_false(distinct_add(&d, 0));
	distinct_fini(&d);
}

static void test_estimate(void **state)
{
	(void)state;
	struct distinct d = { 0 };
	uint64_t n = 0;
	for (uint64_t bound = 1025; bound <= 1000000; bound *= 3) {
		for (; n < bound; n++)
			distinct_add(&d, sl_hash_u64(key, n));
		double off = (double)distinct_count(&d) / (double)n;
		assert_true(off > 0.87 && off < 1.13); /* four standard errors */
	}
	distinct_fini(&d);
}

static void test_text(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = { { "", 0, "" }, { "plain", 5, "plain" }, { "\xc3\xa4", 2, "\xc3\xa4" },
		{ "\xc3", 1, "\\xc3" }, { "a\0b", 3, "a\\x00b" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" }, { "\xc0\xaf", 2, "\\xc0\\xaf" },
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" }, { "\xe2\x82", 2, "\\xe2\\x82" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct guarded g = guarded_new(cases[i].in, cases[i].len);
		char *t = text_new(sl_span(g.p, g.len), 64);
		assert_string_equal(t, cases[i].out);
		free(t);
		guarded_free(&g);
	}
	char *t = text_new(sl_span("ab\xe2\x82\xac", 5), 4); /* the euro sign doesn't fit */
	assert_string_equal(t, "ab");
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_exact),
		cmocka_unit_test(test_estimate), cmocka_unit_test(test_text) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
