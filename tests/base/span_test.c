/* SPDX-License-Identifier: BSD-3-Clause */
/* span_test.c - the cursor turns bad and stays bad; the keyed hash spreads; counters add up. */
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include <sightline/counter.h>
#include <sightline/hash.h>
#include <sightline/log.h>
#include <sightline/span.h>

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };

static void reads_in_network_order(void **state)
{
	struct guarded g = guarded_new(bytes, sizeof(bytes));
	struct sl_rd r = sl_rd(sl_span(g.p, g.len));
	assert_int_equal(sl_rd8(&r), 1);
	assert_int_equal(sl_rd16(&r), 0x0203);
	assert_int_equal(sl_rd24(&r), 0x040506);
	assert_int_equal(sl_rd32(&r), 0x0708090a);
	assert_int_equal(sl_rd64(&r), 0x0b0c0d0e0f101112);
	assert_false(r.bad);
	assert_int_equal(sl_rd_left(&r), 0);
	assert_int_equal(sl_rd8(&r), 0);
	assert_true(r.bad);
	guarded_free(&g);
}

/* Every read at every length: whole or bad, never beyond. */
static void every_cut_is_told(void **state)
{
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct guarded g = guarded_new(bytes, len);
		struct sl_rd r = sl_rd(sl_span(g.p, g.len));
		(void)sl_rd8(&r);
		(void)sl_rd16(&r);
		(void)sl_rd24(&r);
		(void)sl_rd32(&r);
		(void)sl_rd64(&r);
		assert_int_equal(r.bad, len < sizeof(bytes));
		guarded_free(&g);
	}
}

static void bad_stays_bad(void **state)
{
	struct sl_rd r = sl_rd(sl_span(bytes, 4));
	assert_int_equal(sl_rd_take(&r, 5).len, 0);
	assert_true(r.bad);
	assert_int_equal(sl_rd_left(&r), 0);
	assert_int_equal(sl_rd8(&r), 0); /* although there was a byte */
	sl_rd_skip(&r, 0);
	assert_true(r.bad);
	r = sl_rd(sl_span(bytes, 4));
	sl_rd_skip(&r, SIZE_MAX);
	assert_true(r.bad);
}

static void reads_up_to_a_byte(void **state)
{
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct guarded g = guarded_new(bytes, len);
		struct sl_rd r = sl_rd(sl_span(g.p, g.len));
		struct sl_span front = sl_rd_until(&r, 7);
		assert_int_equal(r.bad, len < 7);
		assert_int_equal(front.len, len < 7 ? 0 : 6);
		assert_int_equal(sl_rd_left(&r), len < 7 ? 0 : len - 7);
		assert_int_equal(sl_rd_until(&r, 8).len, 0);
		assert_int_equal(r.bad, len < 8);
		assert_int_equal(sl_rd_until(&r, 99).len, 0);
		assert_true(r.bad);
		assert_int_equal(sl_rd_left(&r), 0);
		guarded_free(&g);
	}
}

static void spans_are_cut_and_compared(void **state)
{
	struct sl_span s = sl_span(bytes, 4);
	assert_int_equal(sl_span_from(s, 1).len, 3);
	assert_int_equal(sl_span_from(s, 4).len, 0);
	assert_int_equal(sl_span_from(s, 5).len, 0);
	assert_true(sl_span_eq(sl_span_str("abc"), sl_span("abcd", 3)));
	assert_false(sl_span_eq(sl_span_str("abc"), sl_span_str("abd")));
	assert_false(sl_span_eq(sl_span_str("abc"), sl_span_str("ab")));
	assert_true(sl_span_eq(sl_span(NULL, 0), sl_span_str("")));
}

static const struct sl_hash_key key = { 0x0123456789abcdef, 0xfedcba9876543210 };

/* Flipping one bit of the input flips each bit of the hash about half of the time. */
static void one_bit_changes_half(void **state)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		unsigned flips = 0;
		for (uint64_t i = 0; i < 256; i++) {
			uint64_t v = i * 0x9e3779b97f4a7c15u;
			flips += (unsigned)__builtin_popcountll(
				sl_hash_u64(key, v) ^ sl_hash_u64(key, v ^ UINT64_C(1) << bit));
		}
		assert_in_range(flips, 256 * 28, 256 * 36);
	}
}

static void buckets_fill_evenly(void **state)
{
	unsigned count[256] = { 0 };
	for (uint32_t i = 0; i < 65536; i++)
		count[sl_hash_u64(key, i) & 255]++;
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(count[i], 170, 350); /* 256 expected, sigma 16 */
	memset(count, 0, sizeof(count));
	for (uint32_t i = 0; i < 65536; i++)
		count[sl_hash_u128(key, i, 0) & 255]++;
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(count[i], 170, 350);
}

static void bytes_and_their_length_count(void **state)
{
	uint8_t zeros[64] = { 0 };
	uint64_t seen[65];
	for (size_t len = 0; len <= 64; len++) {
		struct guarded g = guarded_new(zeros, len);
		seen[len] = sl_hash_bytes(key, g.p, g.len);
		guarded_free(&g);
		for (size_t i = 0; i < len; i++)
			assert_true(seen[i] != seen[len]);
	}
	for (size_t at = 0; at < 64; at++) {
		zeros[at] = 1;
		assert_true(sl_hash_bytes(key, zeros, 64) != seen[64]);
		zeros[at] = 0;
	}
	struct sl_hash_key other = { key.k0 ^ 1, key.k1 };
	assert_true(sl_hash_bytes(other, zeros, 64) != seen[64]);
}

static void keys_are_drawn(void **state)
{
	struct sl_hash_key a = { 0, 0 }, b = { 0, 0 };
	assert_int_equal(sl_hash_key_draw(&a), 0);
	assert_int_equal(sl_hash_key_draw(&b), 0);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1);
}

static void counters_add_up(void **state)
{
	struct sl_counters one = { { 0 }, { 0 } }, sum = { { 0 }, { 0 } };
	sl_count(&one, SL_C_RX_PACKETS, 5);
	sl_count_drop(&one, SL_DROP_SHORT);
	sl_counters_add(&sum, &one);
	sl_counters_add(&sum, &one);
	assert_int_equal(sum.c[SL_C_RX_PACKETS], 10);
	assert_int_equal(sum.drop[SL_DROP_SHORT], 2);
}

/* Each counter has a name of its own that Prometheus would take. */
static void counters_have_names(void **state)
{
	for (unsigned i = 0; i < SL_C_COUNT; i++) {
		const char *m = sl_counter_metric((enum sl_counter)i);
		assert_memory_equal(m, "sightline_", 10);
		assert_true(strlen(sl_counter_help((enum sl_counter)i)) > 3);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(m, sl_counter_metric((enum sl_counter)j));
	}
	for (unsigned i = 0; i < SL_DROP_COUNT; i++) {
		assert_true(strlen(sl_drop_help((enum sl_drop)i)) > 3);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				sl_drop_label((enum sl_drop)i), sl_drop_label((enum sl_drop)j));
	}
}

static void a_log_line_is_one_line(void **state)
{
	char got[4096] = "";
	FILE *f = tmpfile();
	assert_non_null(f);
	int saved = dup(STDERR_FILENO);
	dup2(fileno(f), STDERR_FILENO);
	sl_log_init("test", SL_LOG_INFO);
	sl_error("a\nb %d", 3);
	sl_log(SL_LOG_DEBUG, "not shown");
	sl_info("%03000d", 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(f);
	size_t n = fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	assert_memory_equal(got, "test: error: a b 3\ntest: 000", 28);
	assert_int_equal(got[n - 1], '\n');
	assert_int_equal(n, 19 + 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_network_order),
		cmocka_unit_test(every_cut_is_told),
		cmocka_unit_test(bad_stays_bad),
		cmocka_unit_test(reads_up_to_a_byte),
		cmocka_unit_test(spans_are_cut_and_compared),
		cmocka_unit_test(one_bit_changes_half),
		cmocka_unit_test(buckets_fill_evenly),
		cmocka_unit_test(bytes_and_their_length_count),
		cmocka_unit_test(keys_are_drawn),
		cmocka_unit_test(counters_add_up),
		cmocka_unit_test(counters_have_names),
		cmocka_unit_test(a_log_line_is_one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
