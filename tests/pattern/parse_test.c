/* SPDX-License-Identifier: BSD-3-Clause */
/* parse_test.c - what is of the pattern language and what is not, and that a tree's text parses to
 * the same tree. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/pattern.h>

#include "test.h"

static int parse(const char *text, enum sl_pattern_version v, struct sl_pattern **p)
{
	struct sl_pattern_error err;
	struct guarded at = guarded_new(text, strlen(text));
	int rc = sl_pattern_parse(p, (const char *)at.p, strlen(text), v, &err);
	guarded_free(&at);
	return rc;
}

/* What a pattern looks like printed; "" where it does not parse. */
static const char *printed(const char *text)
{
	static char out[4096];
	struct sl_pattern *p;
	if (parse(text, SL_PATTERN_21, &p) < 0)
		return "";
	sl_pattern_text(sl_pattern_root(p), false, out, sizeof(out));
	sl_pattern_free(p);
	return out;
}

static const struct {
	const char *in, *out; /* out NULL: prints as it is */
} good[] = {
	{ "[a:b = 1]", NULL },
	{ "[a:b==1]", "[a:b = 1]" },
	{ "[a:b <> 'x']", "[a:b != 'x']" },
	{ "[a:b NOT = 'x']", "[a:b != 'x']" },
	{ "[a:b NOT != 'x']", "[a:b = 'x']" },
	{ "[a:b NOT IN ('x', 'y')]", NULL },
	{ "[a:b IN ()]", NULL },
	{ "[file:hashes.'SHA-256' = 'ab']", NULL },
	{ "[a:b[*].c[0].'d e' LIKE 'x%']", NULL },
	{ "[a:b = 'it\\'s \\\\ here']", NULL },
	{ "[a:b = h'00ff']", NULL },
	{ "[a:b = b'AP8=']", "[a:b = h'00ff']" },
	{ "[a:b = t'1953-11-26T14:25:33Z']", NULL },
	{ "[a:b > 7.5 OR a:c < -3]", NULL },
	{ "[a:b = true AND a:c = false OR a:d = 1]", NULL },
	{ "[(a:b = 1 OR a:c = 2) AND a:d = 3]", NULL },
	{ "[((a:b = 1))]", "[a:b = 1]" },
	{ "[EXISTS a:b AND NOT EXISTS a:c]", NULL },
	{ "[a:b = 1] AND [a:c = 2] OR [a:d = 3]", NULL },
	{ "[a:b = 1] OR [a:c = 2] FOLLOWEDBY [a:d = 3]",
		"[a:b = 1] OR [a:c = 2] FOLLOWEDBY [a:d = 3]" },
	{ "([a:b = 1] FOLLOWEDBY [a:c = 2]) WITHIN 300 SECONDS", NULL },
	{ "[a:b = 1] REPEATS 5 TIMES WITHIN 0.5 SECONDS",
		"([a:b = 1] REPEATS 5 TIMES) WITHIN 0.5 SECONDS" },
	{ "[a:b = 1] START t'2016-06-01T01:30:00Z' STOP t'2016-06-01T02:20:00.500000000Z'", NULL },
	{ "[ a:b=1 /* why */ ] // end", "[a:b = 1]" },
	{ "// first\r[a:b = 1]", "[a:b = 1]" },
	{ "[a:b\xc2\xa0=\xe2\x80\x83"
	  "1]",
		"[a:b = 1]" },
	{ "[a:b = 12.658]", NULL },
	{ "[a:b = 1000000000000000000000.0]", NULL },
	{ "[a:b = 0.0000000000000000000000000000000000000001]", NULL },
	{ "[a:b = +.5]", "[a:b = 0.5]" },
	{ "[a:b = 0 OR a:b = -9223372036854775808]", NULL },
	{ "[a:'IN'.c = 'x']", NULL },
	{ "[a:'c d'.e[-1] = 'x']", NULL },
	{ "[file:hashes[*] = 'x']", NULL },
	{ "[a-b:c = 'x']", NULL },
	{ "[a:b = '\xc4\x83']", NULL },
	{ "[a:b = 1] WITHIN 9223372036854774784.0 SECONDS",
		"[a:b = 1] WITHIN 9223372036854774784 SECONDS" },
	{ "[a:b = 1] WITHIN 9223372036854775808.0 SECONDS", NULL },
	{ "([a:b = 1] WITHIN 5 SECONDS) WITHIN 6 SECONDS", NULL },
	{ "([a:b = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS",
		"([a:b = 1] WITHIN 5 SECONDS) WITHIN 6 SECONDS" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *want = good[i].out != NULL ? good[i].out : good[i].in;
		char once[4096];
		snprintf(once, sizeof(once), "%s", printed(good[i].in));
		assert_string_equal(once, want);
		assert_string_equal(printed(once), want);
	}
}

static const char *const bad[] = {
	"",
	"[",
	"[]",
	"a:b = 1",
	"[a:b]",
	"[a:b = ]",
	"[a:b = x]",
	"[a:b = 'x]",
	"[a:b = '\\n']",
	"[a:needs-quotes = 1]",
	"[a:b = null]",
	"[a:b LIKE 1]",
	"[a:b > true]",
	"[a:b IN (1, 'x')]",
	"[a:b IN (1,)]",
	"[a:b = 1] WITHIN 0 SECONDS",
	"[a:b = 1] WITHIN 5 HOURS",
	"[a:b = 1] within 2 SECONDS",
	"[a:b = 1] REPEATS 0 TIMES",
	"[a:b = 1] REPEATS 1.5 TIMES",
	"[a:b = 1] START t'2016-06-01T01:30:00Z'",
	"[a:b = 1] START '2016-06-01T01:30:00Z' STOP '2016-06-01T01:30:00Z'",
	"[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS",
	"[a:b = 1]]",
	"[a:b = 1] [a:c = 2]",
	"[a:b = t'2024-13-01T12:00:00Z']",
	"[a:b = t'2024-01-01T12:00:00']",
	"[a:b = h'0']",
	"[a:b = b'A']",
	"[NOT a:b = 1]",
	"[a:b = 1 AND]",
	"[a:b = 1 /* open]",
	"[a:b = 99999x]",
	"[a:b = 007]",
	"[a:b = 9223372036854775808]",
	"[a:IN = 1]",
	"[a:true = 1]",
	"[OR:a = 1]",
	"[a:b = TRUE]",
	"[a:b = '\xff']",
	"[a:b = t'9999-12-31T23:59:60Z']",
	"[a:b = 1] REPEATS 5 TIMES REPEATS 6 TIMES",
	"[a:b = 1] REPEATS -5 TIMES",
	"[a.b = 1]",
	"[a:b = b'====']",
	"[a:b[1.5] = 1]",
	"[a:b = 1] FOLLOWEDBY",
	"[a:b = 1 FOLLOWEDBY a:c = 2]",
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_pattern *p;
		int rc = parse(bad[i], SL_PATTERN_21, &p);
		if (rc != -EBADMSG)
			print_error("%s\n", bad[i]);
		assert_int_equal(rc, -EBADMSG);
	}
}

static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (size_t len = 0; len < strlen(good[i].in); len++) {
			char part[256];
			struct sl_pattern *p;
			snprintf(part, sizeof(part), "%.*s", (int)len, good[i].in);
			if (parse(part, SL_PATTERN_21, &p) == 0)
				sl_pattern_free(p);
		}
	}
}

static void test_bounds(void **state)
{
	(void)state;
	struct sl_pattern *p;
	char *deep = calloc(1, 4096);
	memset(deep, '(', 1000);
	assert_int_equal(parse(deep, SL_PATTERN_21, &p), -E2BIG);
	strcpy(deep, "[");
	memset(deep + 1, '(', 1000);
	assert_int_equal(parse(deep, SL_PATTERN_21, &p), -E2BIG);
	free(deep);
	char *wide = calloc(1, 65536);
	strcpy(wide, "[a:b=1");
	for (size_t at = 6; at < 65000; at += 12)
		memcpy(wide + at, " AND a:bcd=1", 12);
	strcat(wide, "]");
	assert_int_equal(parse(wide, SL_PATTERN_21, &p), -E2BIG);
	free(wide);
}

static void test_compositions(void **state)
{
	(void)state;
	struct sl_pattern *p;
	char out[512];
	assert_int_equal(sl_pattern_new(&p), 0);
	struct sl_node *all = sl_pattern_group(p, SL_NODE_ALL),
		       *any = sl_pattern_group(p, SL_NODE_ANY),
		       *no = sl_pattern_group(p, SL_NODE_NOT);
	struct sl_constant c = { .kind = SL_CONSTANT_TEXT, .text = "a.b'c", .len = 5 };
	sl_pattern_append(any, sl_pattern_equal(p, "ipv4-addr:value", "192.0.2.1", 9));
	sl_pattern_append(any, sl_pattern_equal(p, "domain-name:value", "x.example", 9));
	sl_pattern_append(no, sl_pattern_test(p, "url:value", SL_TEST_CONTAINS, &c, 1));
	sl_pattern_append(all, any);
	sl_pattern_append(all, no);
	sl_pattern_text(all, true, out, sizeof(out));
	assert_string_equal(out,
		"[(ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'x.example') AND url:value "
		"NOT MATCHES 'a\\\\.b\\'c']");
	assert_string_equal(printed(out), out);
	sl_pattern_text(all, false, out, sizeof(out));
	assert_string_equal(out,
		"(([ipv4-addr:value = '192.0.2.1'] OR [domain-name:value = 'x.example']) AND "
		"[url:value NOT MATCHES 'a\\\\.b\\'c']) WITHIN 3600 SECONDS");
	assert_string_equal(printed(out), out);
	assert_null(sl_pattern_test(p, "no path", SL_TEST_EQUAL, &c, 1));
	sl_pattern_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_compositions) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
