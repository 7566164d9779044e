/* SPDX-License-Identifier: BSD-3-Clause */
/* norm_test.c - normal forms, each input at the end of readable memory and cut at every length. */
#include <errno.h>

#include <sightline/observable.h>

#include "test.h"

typedef size_t norm_fn(struct sl_span in, uint8_t *out, size_t cap);

static void expect(norm_fn *norm, const char *in, const char *want)
{
	struct guarded g = guarded_new(in, strlen(in));
	char out[SL_VALUE_MAX + 1];
	size_t n = norm(sl_span(g.p, g.len), (uint8_t *)out, SL_VALUE_MAX);
	out[n] = '\0';
	assert_string_equal(out, want);
	guarded_free(&g);
	for (size_t cut = 0; cut < strlen(in); cut++) {
		g = guarded_new(in, cut);
		(void)norm(sl_span(g.p, g.len), (uint8_t *)out, SL_VALUE_MAX);
		guarded_free(&g);
	}
	for (size_t cap = 0; cap < n; cap++) {
		g = guarded_new(out, cap); /* writable up to its end, not beyond */
		assert_int_equal(norm(sl_span_str(in), g.p, cap), 0);
		guarded_free(&g);
	}
}

static void test_name(void **s)
{
	(void)s;
	expect(sl_norm_name, "Evil.EXAMPLE.", "evil.example");
	expect(sl_norm_name, "evil.example..", "evil.example");
	expect(sl_norm_name, ".", "");
	expect(sl_norm_name, "", "");
	expect(sl_norm_name, "a\\b", "a\\\\b");
	expect(sl_norm_name, "a\xff.B\xc3", "a\\xff.b\\xc3");
	expect(sl_norm_name, "\xc3\x84.de", "\xc3\x84.de");
	expect(sl_norm_name, "_sip._TCP.x", "_sip._tcp.x");
	/* overlong, surrogate, beyond U+10FFFF, cut: none is UTF-8 */
	expect(sl_norm_name, "\xc0\xaf", "\\xc0\\xaf");
	expect(sl_norm_name, "\xed\xa0\x80", "\\xed\\xa0\\x80");
	expect(sl_norm_name, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	expect(sl_norm_name, "\xe2\x82", "\\xe2\\x82");
	expect(sl_norm_name, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void test_host(void **s)
{
	(void)s;
	expect(sl_norm_host, "Evil.example:8080", "evil.example");
	expect(sl_norm_host, " evil.example. ", "evil.example");
	expect(sl_norm_host, "user:pw@evil.example:1", "evil.example");
	expect(sl_norm_host, "[2001:DB8::0001]:80", "2001:db8::1");
	expect(sl_norm_host, "2001:db8::1", "2001:db8::1");
	expect(sl_norm_host, "[broken", "[broken");
	expect(sl_norm_host, "1.2.3.4:80", "1.2.3.4");
	expect(sl_norm_host, ":80", "");
	expect(sl_norm_host, "", "");
}

static void test_text(void **s)
{
	(void)s;
	expect(sl_norm_bytes, " \tMozilla/5.0 \\ \xff ", "Mozilla/5.0 \\\\ \\xff");
	expect(sl_norm_lower, " AbC ", "abc");
	expect(sl_norm_bytes, "   ", "");
	uint8_t out[16];
	assert_int_equal(sl_norm(SL_FORM_ADDR, sl_span_str("1234"), out, 16), 0);
	assert_int_equal(sl_norm(SL_FORM_MAC, sl_span_str("123456"), out, 16), 0);
	assert_int_equal(sl_norm(SL_FORM_HEX, sl_span_str("ABCDEF"), out, 16), 6);
	assert_memory_equal(out, "abcdef", 6);
}

static void test_url(void **s)
{
	(void)s;
	expect(sl_norm_url, "HTTP://Evil.Example", "http://evil.example/");
	expect(sl_norm_url, "http://evil.example:80/", "http://evil.example/");
	expect(sl_norm_url, "https://evil.example:443?q", "https://evil.example/?q");
	expect(sl_norm_url, "http://evil.example:443/", "http://evil.example:443/");
	expect(sl_norm_url, "http://evil.example:/", "http://evil.example/");
	expect(sl_norm_url, "http://evil.example.:8080/A", "http://evil.example:8080/A");
	expect(sl_norm_url, "http://u@Evil.example/", "http://u@evil.example/");
	expect(sl_norm_url, "http://[2001:DB8::1]:80/x", "http://[2001:db8::1]/x");
	expect(sl_norm_url, "http://h/#frag", "http://h/");
	expect(sl_norm_url, "http://h?", "http://h/?");
	expect(sl_norm_url, "http://h/%7euser/%2f%c3%A9", "http://h/~user/%2F%C3%A9");
	expect(sl_norm_url, "http://h/%4", "http://h/%4");
	expect(sl_norm_url, "http://h/%zz", "http://h/%zz");
	expect(sl_norm_url, "http://h/a b\"<>", "http://h/a b\"<>");
	expect(sl_norm_url, "http://h/a\\b\xff", "http://h/a\\\\b\\xff");
	expect(sl_norm_url, "http://h/a?b/../c", "http://h/a?b/../c");
	/* an escape that nobody wrote must not come about */
	expect(sl_norm_url, "http://h/%%34%31", "http://h/%%341");
	expect(sl_norm_url, "http://%45vil%2E/", "http://evil/");
	/* No port was written: undoing the escape would make one. */
	expect(sl_norm_url, "http://a:%390/", "http://a:%390/");
}

static void test_url_dots(void **s)
{
	(void)s;
	/* RFC 3986 5.2.4 and 5.4.2 */
	expect(sl_norm_url, "http://h/a/b/c/./../../g", "http://h/a/g");
	expect(sl_norm_url, "http://h/..", "http://h/");
	expect(sl_norm_url, "http://h/../../g", "http://h/g");
	expect(sl_norm_url, "http://h/a/..", "http://h/");
	expect(sl_norm_url, "http://h/a/.", "http://h/a/");
	expect(sl_norm_url, "http://h//..", "http://h/");
	expect(sl_norm_url, "http://h//a//..//b", "http://h//a//b");
	expect(sl_norm_url, "http://h/.../..x/.y", "http://h/.../..x/.y");
	expect(sl_norm_url, "http://h/a/%2e%2E/b", "http://h/b");
}

static void test_url_none(void **s)
{
	(void)s;
	expect(sl_norm_url, "evil.example/x", "");
	expect(sl_norm_url, "http:/evil.example", "");
	expect(sl_norm_url, "http:///x", "");
	expect(sl_norm_url, "http://./x", "");
	expect(sl_norm_url, "://x", "");
	expect(sl_norm_url, "", "");
	expect(sl_norm_url, "1http://x/", "");
}

static void test_domain(void **s)
{
	(void)s;
	static const struct {
		const char *in, *want;
	} row[] = { { "Evil.Example.", "evil.example" }, { "_dmarc.x.example", "_dmarc.x.example" },
		{ "B\xc3\xbc"
		  "cher.example",
			"xn--bcher-kva.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "r3---sn-x.example", "r3---sn-x.example" }, { "a..b", NULL }, { "", NULL },
		{ ".", NULL }, { "a b", NULL }, { "a/b", NULL }, { "\xff", NULL } };
	char out[256], label[80];
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int rc = sl_domain_from_text(row[i].in, strlen(row[i].in), out, sizeof(out));
		assert_int_equal(rc, row[i].want ? 0 : -EINVAL);
		if (row[i].want)
			assert_string_equal(out, row[i].want);
	}
	memset(label, 'a', sizeof(label));
	assert_int_equal(sl_domain_from_text(label, 63, out, sizeof(out)), 0);
	assert_int_equal(sl_domain_from_text(label, 64, out, sizeof(out)), -EINVAL);
	assert_int_equal(sl_domain_from_text("abc", 3, out, 3), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_url_dots),
		cmocka_unit_test(test_url_none),
		cmocka_unit_test(test_domain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
