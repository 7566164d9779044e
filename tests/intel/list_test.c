/* SPDX-License-Identifier: BSD-3-Clause */
/* list_test.c - plain lists: what a line's value is, its normal form, and what is refused. */
#include "reading.h"

static void refang(void **state)
{
	static const struct {
		const char *from, *to;
		bool changed;
	} rows[] = {
		{ "hxxp://evil[.]example", "http://evil.example", true },
		{ "HXXPS://evil[.]example/a", "https://evil.example/a", true },
		{ "meow://evil(dot)example", "http://evil.example", true },
		{ "hxxps[:]//evil{.}example", "https://evil.example", true },
		{ "h**p[://]evil.example", "http://evil.example", true },
		{ "fxp://evil.example", "ftp://evil.example", true },
		{ "1[.]2[.]3[.]4", "1.2.3.4", true },
		{ "1[.2[.3[.4", "1.2.3.4", true },
		{ "1.]2.]3.]4", "1.2.3.4", true },
		{ "evil[DOT]example", "evil.example", true },
		{ "who[at]evil[.]example", "who@evil.example", true },
		{ "2001[:]db8[:][:]1", "2001:db8::1", true },
		{ "evil.example[:]80", "evil.example:80", true },
		{ "hxxp.example", "hxxp.example", false },
		{ "meow.example", "meow.example", false },
		{ "[2001:db8::1]:80", "[2001:db8::1]:80", false },
		{ "http://a.example/x(1)", "http://a.example/x(1)", false },
		{ "", "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[64];
		bool changed;
		struct guarded g = guarded_new(rows[i].from, strlen(rows[i].from));
		size_t n = sl_refang((const char *)g.p, g.len, out, sizeof(out), &changed);
		if (n != strlen(rows[i].to) || memcmp(out, rows[i].to, n) != 0)
			fail_msg("%s gave %.*s", rows[i].from, (int)n, out);
		assert_int_equal(changed, rows[i].changed);
		guarded_free(&g);
	}
	char small[4];
	bool changed;
	assert_int_equal(sl_refang("evil[.]", 7, small, sizeof(small), &changed), 0);
}

/* One value's way through a list of its own. */
static void values(void **state)
{
	static const struct {
		const char *line;
		enum sl_type type;
		const char *value;
		enum sl_match_kind match;
		unsigned port;
	} rows[] = {
		{ "192.0.2.1", SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT, 0 },
		{ "192.0.2.1 # C2", SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT, 0 },
		{ "192.0.2.1   10", SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT, 0 },
		{ "1[.]2[.]3[.]4", SL_TYPE_IPV4, "1.2.3.4", SL_MATCH_EXACT, 0 },
		{ "::ffff:1.2.3.4", SL_TYPE_IPV4, "1.2.3.4", SL_MATCH_EXACT, 0 },
		{ "::ffff:1.2.3.0/120", SL_TYPE_IPV4, "1.2.3.0/24", SL_MATCH_EXACT, 0 },
		{ "198.51.100.0/24", SL_TYPE_IPV4, "198.51.100.0/24", SL_MATCH_EXACT, 0 },
		{ "198.51.100.7/32", SL_TYPE_IPV4, "198.51.100.7", SL_MATCH_EXACT, 0 },
		{ "192.0.2.1:8443", SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT, 8443 },
		{ "2001:DB8::0:1", SL_TYPE_IPV6, "2001:db8::1", SL_MATCH_EXACT, 0 },
		{ "[2001:db8::1]:443", SL_TYPE_IPV6, "2001:db8::1", SL_MATCH_EXACT, 443 },
		{ "2001:db8::/32", SL_TYPE_IPV6, "2001:db8::/32", SL_MATCH_EXACT, 0 },
		{ "Evil.Example.", SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT, 0 },
		{ "*.evil.example", SL_TYPE_DOMAIN, "evil.example", SL_MATCH_SUFFIX, 0 },
		{ ".evil.example", SL_TYPE_DOMAIN, "evil.example", SL_MATCH_SUFFIX, 0 },
		{ "evil.example:8080", SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT, 8080 },
		{ "b\xc3\xbc"
		  "cher.example",
			SL_TYPE_DOMAIN, "xn--bcher-kva.example", SL_MATCH_EXACT, 0 },
		{ "hxxp://EVIL[.]example", SL_TYPE_URL, "http://evil.example/", SL_MATCH_EXACT, 0 },
		{ "https://evil.example:443/a/../b#c", SL_TYPE_URL, "https://evil.example/b",
			SL_MATCH_EXACT, 0 },
		{ "evil.example/a//b", SL_TYPE_URL, "//evil.example/a//b", SL_MATCH_EXACT, 0 },
		{ "//evil.example/x", SL_TYPE_URL, "//evil.example/x", SL_MATCH_EXACT, 0 },
		{ "192.0.2.1:8080/x?u=http://a.example", SL_TYPE_URL,
			"//192.0.2.1:8080/x?u=http://a.example", SL_MATCH_EXACT, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		read_text(&r, rows[i].line);
		if (r.count != 1 || strcmp(r.ind->value, rows[i].value) != 0)
			fail_msg("%s: %zu %s, %s", rows[i].line, r.count,
				r.count ? r.ind->value : "", r.said);
		assert_string_equal(r.source->format, "list");
		assert_int_equal(r.ind->type, rows[i].type);
		assert_int_equal(r.ind->match, rows[i].match);
		assert_int_equal(r.ind->port, rows[i].port);
		assert_int_equal(r.ind->value_len, strlen(rows[i].value));
		assert_string_equal(r.ind->id, rows[i].value);
		assert_string_equal(r.ind->source, "test.txt");
		assert_int_equal(r.ind->confidence, SL_CONFIDENCE_NONE);
		assert_int_equal(r.source->count[SL_ARMED], 1);
		read_free(&r);
	}
}

static void addresses(void **state)
{
	struct read r;
	read_text(&r, "10.1.2.3/8\n2001:db8::1\n");
	assert_int_equal(r.count, 2);
	assert_string_equal(r.said, "1 HOST_BITS\n");
	assert_string_equal(r.ind[0].value, "10.0.0.0/8");
	assert_int_equal(r.ind[0].version, 4);
	assert_int_equal(r.ind[0].prefix_len, 8);
	assert_memory_equal(r.ind[0].addr.b, "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(r.ind[1].version, 6);
	assert_int_equal(r.ind[1].prefix_len, 128);
	assert_int_equal(r.source->count[SL_ARMED], 2);
	read_free(&r);
}

/* Bad lines among good ones: each is said, the rest is used. */
static void refused(void **state)
{
	static const char text[] = "# a list\n"
				   "a.example\n"
				   "\n"
				   "0.0.0.0\n"
				   "0.0.0.0/0\n"
				   "::/0\n"
				   "*.com\n"
				   "b.example ; why\n"
				   "c.example // why\n"
				   "evil[0-9]+\\.example\n"
				   "/gate.php\n"
				   "single\n"
				   "d41d8cd98f00b204e9800998ecf8427e\n"
				   "who@evil.example\n"
				   "http://a b.example/\n"
				   "d.example\r\n"
				   "e.example\n"
				   "f.example\n";
	struct read r;
	read_text(&r, text);
	assert_string_equal(r.source->format, "list");
	assert_string_equal(r.said,
		"4 BAD_ADDRESS\n5 TOO_WIDE\n6 TOO_WIDE\n7 UNKNOWN_TYPE\n10 PATTERN_NOT_SUPPORTED\n"
		"11 UNKNOWN_TYPE\n12 UNKNOWN_TYPE\n"
		"15 UNKNOWN_TYPE\n");
	assert_int_equal(r.count, 8);
	assert_int_equal(r.source->count[SL_REFUSED], 8);
	read_free(&r);
	read_at_every_cut(text);
}

static void long_lines(void **state)
{
	size_t len = 300000;
	char *text = malloc(len + 1);
	memset(text, 'a', len);
	memcpy(text, "a.example\nb.example\n", 20);
	memcpy(text + 200000, "\nc.example\n", 11);
	memcpy(text + len - 11, "\nd.example\n", 11);
	struct read r;
	read_bytes(&r, text, len, SL_VALID_PACKET);
	assert_string_equal(r.said, "3 LINE_TOO_LONG\n5 LINE_TOO_LONG\n");
	assert_int_equal(r.count, 4);
	assert_string_equal(r.ind[3].value, "d.example");
	read_free(&r);
	free(text);
}

static void no_list(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "0 EMPTY_FILE\n" },
		{ "# only\n# comments\n", "0 NO_INTEL\n" },
		{ "These are notes on evil.example.\nNobody should\ntake them for a list.\n",
			"0 NO_INTEL\n" },
		{ "#!/bin/sh\nset -e\necho done\ncurl evil.example\n", "0 NO_INTEL\n" },
		{ "<?xml version=\"1.0\"?>\n<a/>\n", "0 NO_INTEL\n" },
		{ "{\"Event\":{\"uuid\":\"x\"}}\n", "0 NO_INTEL\n" },
		{ "{", "0 NO_INTEL\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		read_text(&r, rows[i].text);
		assert_string_equal(r.said, rows[i].said);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.count, 0);
		assert_int_equal(r.source->count[SL_REFUSED], 1);
		read_free(&r);
	}
	struct read r;
	read_bytes(&r, "a.example\n\0b", 12, SL_VALID_PACKET);
	assert_string_equal(r.said, "0 NO_INTEL\n");
	read_free(&r);
}

static void most(void **state)
{
	struct read r = { 0 };
	struct sl_intel_options o = {
		.validity = SL_VALID_IGNORE, .finding = read_said, .arg = &r, .max_entries = 2
	};
	assert_int_equal(sl_intel_new(&r.set), 0);
	assert_int_equal(sl_intel_read_bytes(r.set, "a", "1.1.1.1\n2.2.2.2\n3.3.3.3\n", 24, &o), 0);
	spelled_out(r.set, &r.count);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.said, "0 TOO_MANY\n");
	read_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refang),
		cmocka_unit_test(values),
		cmocka_unit_test(addresses),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(no_list),
		cmocka_unit_test(most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
