/* SPDX-License-Identifier: BSD-3-Clause */
/* clock_test.c - RFC 3339 in and out. */
#include "test.h"

#include <sightline/clock.h>

static bool parse(const char *text, uint64_t *out)
{
	struct guarded g = guarded_new(text, strlen(text));
	bool ok = sl_time_parse((const char *)g.p, g.len, out);
	guarded_free(&g);
	return ok;
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01", 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "2000-02-29T12:00:00Z", 951825600 * SL_SECOND },
		{ "2026-01-31T09:00:00.5Z", 1769850000 * SL_SECOND + SL_SECOND / 2 },
		{ "2026-01-31t09:00:00z", 1769850000 * SL_SECOND },
		{ "2026-01-31 09:00:00Z", 1769850000 * SL_SECOND },
		{ "2026-01-31T10:30:00+01:30", 1769850000 * SL_SECOND },
		{ "2026-01-31T00:00:00-09:00", 1769850000 * SL_SECOND },
		{ "2026-01-31T10:00:00+0100", 1769850000 * SL_SECOND },
		{ "2026-01-31T09:00:00.1234567899Z", 1769850000 * SL_SECOND + 123456789 },
		{ "2016-12-31T23:59:60Z", 1483228800 * SL_SECOND }, /* a leap second */
		{ "2026-01-31", 1769817600 * SL_SECOND },
		{ "2500-12-31T23:59:59Z", UINT64_C(16756761599) * SL_SECOND },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ns = 7;
		assert_true(parse(rows[i].text, &ns));
		assert_int_equal(ns, rows[i].ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const odd[] = { "", "2026", "2026-01", "2026-1-31", "2026-13-01",
		"2026-00-01", "2026-01-00", "2026-01-32", "2026-02-29", "2100-02-29", "2026-04-31",
		"1969-12-31", "1970-01-01T00:00:00+00:01", "2501-01-01", "2026-01-31T",
		"2026-01-31T09", "2026-01-31T09:00", "2026-01-31T09:00:00", "2026-01-31T24:00:00Z",
		"2026-01-31T09:60:00Z", "2026-01-31T09:00:61Z", "2026-01-31T09:00:00.Z",
		"2026-01-31T09:00:00Zx", "2026-01-31T09:00:00+24:00", "2026-01-31T09:00:00+01",
		"2026-01-31x09:00:00Z", " 2026-01-31", "20260131T090000Z",
		"2026-01-31T09:00:00,5Z" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		uint64_t ns = 7;
		if (parse(odd[i], &ns))
			fail_msg("taken: %s", odd[i]);
		assert_int_equal(ns, 7);
	}
	uint64_t ns;
	assert_false(sl_time_parse("2026-01-31\0", 11, &ns));
}

static void text_comes_back(void **state)
{
	char text[SL_TIME_TEXT];
	sl_time_text(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000000000Z");
	sl_time_text(1769850000123456789u, text);
	assert_string_equal(text, "2026-01-31T09:00:00.123456789Z");
	uint64_t x = 88172645463325252u;
	for (unsigned i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		uint64_t want = x % (UINT64_C(16756761599) * SL_SECOND), got = 0;
		sl_time_text(want, text);
		assert_int_equal(strlen(text), SL_TIME_TEXT - 1);
		assert_true(sl_time_parse(text, strlen(text), &got));
		assert_int_equal(got, want);
	}
	sl_time_text(UINT64_MAX, text); /* year 2554: still four digits */
	assert_string_equal(text, "2554-07-21T23:34:33.709551615Z");
}

static void clocks_go_on(void **state)
{
	uint64_t a = sl_clock_mono_ns(), b = sl_clock_mono_ns();
	assert_true(b >= a);
	assert_true(sl_clock_wall_ns() > 1700000000 * SL_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(clocks_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
