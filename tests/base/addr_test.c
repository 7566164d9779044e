/* SPDX-License-Identifier: BSD-3-Clause */
/* addr_test.c - addresses, prefixes and sets of them: one spelling out, odd spellings refused. */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include <sightline/addr.h>

static bool parse(const char *text, union sl_addr *a, uint8_t *v)
{
	struct guarded g = guarded_new(text, strlen(text));
	bool ok = sl_addr_parse((const char *)g.p, g.len, a, v);
	guarded_free(&g);
	return ok;
}

static void text_is_canonical(void **state)
{
	static const char *const rows[][2] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "2001:0DB8::0001", "2001:db8::1" }, /* RFC 5952 4.1, 4.3 */
		{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" }, /* 4.2.1 */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* 4.2.2: a lone zero */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" }, /* 4.2.3: the longest run */
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* 4.2.3: the first of two */
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" }, /* 5 */
		{ "fe80:0:0:0:0:0:0:0", "fe80::" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union sl_addr a;
		uint8_t v;
		char text[SL_ADDR_TEXT];
		assert_true(parse(rows[i][0], &a, &v));
		assert_int_equal(v, strchr(rows[i][0], ':') != NULL ? 6 : 4);
		assert_int_equal(sl_addr_text(&a, v, text), strlen(rows[i][1]));
		assert_string_equal(text, rows[i][1]);
	}
}

static void odd_spellings_are_refused(void **state)
{
	static const char *const odd[] = { "", "1", "1.2.3", "1.2.3.4.5", "010.0.0.1", "1.2.3.04",
		"256.0.0.1", "0x7f.0.0.1", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "1.2.3.4/32", ":",
		":::", "1::2::3", "12345::", "g::1", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "[::1]",
		"::1.2.3", "1.2.3.4:80", "2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		union sl_addr a = { .q = { 7, 7 } };
		uint8_t v = 9;
		assert_false(parse(odd[i], &a, &v));
		assert_true(a.q[0] == 7 && v == 9); /* written on success only */
	}
	union sl_addr a;
	uint8_t v;
	assert_false(sl_addr_parse("1.2.3.4\0", 8, &a, &v));
}

static void four_leaves_the_rest_zero(void **state)
{
	union sl_addr a;
	uint8_t v;
	memset(&a, 0xff, sizeof(a));
	assert_true(parse("1.2.3.4", &a, &v));
	assert_int_equal(a.b[0], 1);
	assert_int_equal(a.b[3], 4);
	for (unsigned i = 4; i < 16; i++)
		assert_int_equal(a.b[i], 0);
}

static void prefixes_are_cleared_beyond(void **state)
{
	static const struct {
		const char *in, *out;
		unsigned bits;
	} rows[] = {
		{ "10.255.255.255/8", "10.0.0.0", 8 },
		{ "10.255.255.255/9", "10.128.0.0", 9 },
		{ "1.2.3.4/0", "0.0.0.0", 0 },
		{ "1.2.3.4/32", "1.2.3.4", 32 },
		{ "2001:db8:ffff::/33", "2001:db8:8000::", 33 },
		{ "::1/128", "::1", 128 },
		{ "ffff::/1", "8000::", 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union sl_addr a;
		uint8_t v, bits;
		char text[SL_ADDR_TEXT];
		struct guarded g = guarded_new(rows[i].in, strlen(rows[i].in));
		assert_true(sl_prefix_parse((const char *)g.p, g.len, &a, &v, &bits));
		guarded_free(&g);
		(void)sl_addr_text(&a, v, text);
		assert_string_equal(text, rows[i].out);
		assert_int_equal(bits, rows[i].bits);
	}
	static const char *const odd[] = { "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "::/129", "/8",
		"1.2.3/8", "1.2.3.4/-1", "1.2.3.4/8 ", "1.2.3.4/0008", "1.2.3.4/8/8", "::/1000" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		union sl_addr a;
		uint8_t v, bits;
		assert_false(sl_prefix_parse(odd[i], strlen(odd[i]), &a, &v, &bits));
	}
}

static bool has(const struct sl_nets *n, const char *text)
{
	union sl_addr a;
	uint8_t v;
	assert_true(sl_addr_parse(text, strlen(text), &a, &v));
	return sl_nets_has(n, &a, v);
}

static void nets_hold_what_they_cover(void **state)
{
	static const char *const in[] = { "10.0.0.0/8", "192.0.2.7", "fe80::/10", "::1",
		"172.16.0.0/12" };
	struct sl_nets *n;
	assert_int_equal(sl_nets_new(&n), 0);
	assert_true(sl_nets_empty(n));
	assert_false(has(n, "10.0.0.1"));
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_int_equal(sl_nets_add(n, in[i], strlen(in[i])), 0);
	assert_int_equal(sl_nets_add(n, "10.0.0.0/33", 11), -EINVAL);
	assert_int_equal(sl_nets_add(n, "x", 1), -EINVAL);
	assert_false(sl_nets_empty(n));
	assert_true(has(n, "10.255.0.1"));
	assert_false(has(n, "11.0.0.0"));
	assert_true(has(n, "192.0.2.7"));
	assert_false(has(n, "192.0.2.6"));
	assert_true(has(n, "febf:ffff::1"));
	assert_false(has(n, "fec0::1"));
	assert_true(has(n, "::1"));
	assert_true(has(n, "172.31.255.255"));
	assert_false(has(n, "172.32.0.0"));
	assert_false(has(n, "a00::")); /* 10.0.0.0's bytes, but version 6 */
	sl_nets_free(n);
	sl_nets_free(NULL);
}

static void nets_grow(void **state)
{
	struct sl_nets *n;
	char text[32];
	assert_int_equal(sl_nets_new(&n), 0);
	for (unsigned i = 0; i < 100; i++) {
		int len = snprintf(text, sizeof(text), "10.0.%u.0/24", i);
		assert_int_equal(sl_nets_add(n, text, (size_t)len), 0);
	}
	assert_true(has(n, "10.0.99.255"));
	assert_false(has(n, "10.0.100.0"));
	sl_nets_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_canonical),
		cmocka_unit_test(odd_spellings_are_refused),
		cmocka_unit_test(four_leaves_the_rest_zero),
		cmocka_unit_test(prefixes_are_cleared_beyond),
		cmocka_unit_test(nets_hold_what_they_cover),
		cmocka_unit_test(nets_grow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
