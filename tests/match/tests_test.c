/* SPDX-License-Identifier: BSD-3-Clause */
/* tests_test.c - leaves that are tests of values: each operator, and the engines behind
 * expressions.
 */
#include <stdio.h>

#include "planted.h"

#define LIST_MAX 4

struct row {
	enum sl_where where;
	enum sl_test test;
	bool negated;
	const char *list[LIST_MAX];
	const char *value;
	bool holds;
};

#define HOST SL_WHERE_HTTP_HOST
#define URI SL_WHERE_HTTP_URI
#define ADDR SL_WHERE_DNS_ANSWER_IP
#define SIZE SL_WHERE_FILE_SIZE

static const struct row rows[] = {
	{ HOST, SL_TEST_EXISTS, false, { NULL }, "a.example", true },
	{ HOST, SL_TEST_EXISTS, true, { NULL }, "a.example", false },
	{ HOST, SL_TEST_UNEQUAL, false, { "a.example" }, "a.example", false },
	{ HOST, SL_TEST_UNEQUAL, false, { "a.example" }, "b.example", true },
	{ HOST, SL_TEST_UNEQUAL, false, { "a.example" }, "x.a.example", true },
	{ HOST, SL_TEST_UNEQUAL, true, { "a.example" }, "a.example", true },
	{ HOST, SL_TEST_EQUAL, true, { "a.example" }, "a.example", false },
	{ HOST, SL_TEST_EQUAL, true, { "a.example" }, "b.example", true },
	{ HOST, SL_TEST_IN, true, { "a.example", "b.example" }, "b.example", false },
	{ HOST, SL_TEST_IN, true, { "a.example", "b.example" }, "c.example", true },
	{ HOST, SL_TEST_LESS, false, { "b" }, "a.example", true },
	{ HOST, SL_TEST_GREATER_EQUAL, false, { "b" }, "a.example", false },
	{ HOST, SL_TEST_GREATER_EQUAL, false, { "b" }, "b", true },
	{ SIZE, SL_TEST_LESS, false, { "1000" }, "999", true },
	{ SIZE, SL_TEST_LESS, false, { "1000" }, "1000", false },
	{ SIZE, SL_TEST_LESS_EQUAL, false, { "1000" }, "1000", true },
	{ SIZE, SL_TEST_GREATER, false, { "1000" }, "9", false },
	{ SIZE, SL_TEST_GREATER, false, { "1000" }, "10000", true },
	{ SIZE, SL_TEST_GREATER, true, { "1000" }, "10000", false },
	{ SIZE, SL_TEST_GREATER, true, { "1000" }, "no number", false },
	{ ADDR, SL_TEST_UNEQUAL, false, { "192.0.2.1" }, "192.0.2.1", false },
	{ ADDR, SL_TEST_UNEQUAL, false, { "192.0.2.1" }, "192.0.2.2", true },
	{ ADDR, SL_TEST_UNEQUAL, false, { "192.0.2.1" }, "2001:db8::1", true },
	{ ADDR, SL_TEST_SUBSET, true, { "192.0.2.0/25" }, "192.0.2.127", false },
	{ ADDR, SL_TEST_SUBSET, true, { "192.0.2.0/25" }, "192.0.2.128", true },
	{ ADDR, SL_TEST_SUBSET, true, { "2001:db8::/31" }, "2001:db9::1", false },
	{ ADDR, SL_TEST_SUBSET, true, { "2001:db8::/31" }, "2001:dba::1", true },
	{ ADDR, SL_TEST_SUPERSET, false, { "192.0.2.1" }, "192.0.2.1", true },
	{ ADDR, SL_TEST_SUPERSET, false, { "192.0.2.0/24" }, "192.0.2.1", false },
	{ ADDR, SL_TEST_LIKE, false, { "192.0.2.%" }, "192.0.2.1", true },
	{ ADDR, SL_TEST_LIKE, false, { "192.0.2.%" }, "192.0.20.1", false },
	{ HOST, SL_TEST_LIKE, false, { "%.EVIL.example" }, "www.evil.example", true },
	{ HOST, SL_TEST_LIKE, false, { "%.evil.example" }, "evil.example", false },
	{ HOST, SL_TEST_LIKE, true, { "%.evil.example" }, "evil.example", true },
	{ HOST, SL_TEST_LIKE, true, { "%.evil.example" }, "www.evil.example", false },
	{ URI, SL_TEST_LIKE, false, { "/a_c" }, "/abc", true },
	{ URI, SL_TEST_LIKE, false, { "/a_c" }, "/ABC", false },
	{ URI, SL_TEST_LIKE, false, { "/a_c" },
		"/a\xc3\xa9"
		"c",
		true },
	{ URI, SL_TEST_MATCHES, false, { "g[a-z]te\\.php$" }, "/x/gate.php", true },
	{ URI, SL_TEST_MATCHES, false, { "^g[a-z]te\\.php$" }, "/x/gate.php", false },
	{ URI, SL_TEST_MATCHES, true, { "^g[a-z]te\\.php$" }, "/x/gate.php", true },
	{ URI, SL_TEST_MATCHES, false, { "(a+)b\\1$" }, "/aabaa", true },
	{ URI, SL_TEST_MATCHES, false, { "(a+)b\\1$" }, "/aabx", false },
	{ URI, SL_TEST_MATCHES, true, { "(a+)b\\1$" }, "/aabaa", false },
	{ URI, SL_TEST_MATCHES, true, { "(a+)b\\1$" }, "/aabx", true },
	{ URI, SL_TEST_MATCHES, true, { "(a+)b\\1$" }, "/nothing", true },
	{ URI, SL_TEST_MATCHES, false, { "(?<!x)evil" }, "/evil", true },
	{ URI, SL_TEST_MATCHES, false, { "(?<!x)evil" }, "/xevil", false },
	{ URI, SL_TEST_MATCHES, false, { "\xc3\xa9|\\x{e8}" }, "/\xc3\xa8", true },
	{ URI, SL_TEST_MATCHES, false, { "(*UCP)\\w" }, "\xc3\xa8", true },
	{ URI, SL_TEST_MATCHES, false, { "^/a.c$" }, "/abc", true },
	{ URI, SL_TEST_MATCHES, false, { "^/a.c$" },
		"/a\xc3\xa8"
		"c",
		true },
	{ URI, SL_TEST_MATCHES, false, { "^/a..c$" },
		"/a\xc3\xa8"
		"c",
		false },
	{ URI, SL_TEST_MATCHES, true, { "^/a..c$" },
		"/a\xc3\xa8"
		"c",
		true },
	{ URI, SL_TEST_MATCHES, true, { "^/a[^x]c$" },
		"/a\xc3\xa8"
		"c",
		false },
	{ URI, SL_TEST_MATCHES, false, { "^/a\\Wc$" },
		"/a\xc3\xa8"
		"c",
		true },
	{ URI, SL_TEST_MATCHES, false, { "^/a\\D\\Sc$" },
		"/a\xc3\xa8"
		"c",
		false },
	{ URI, SL_TEST_MATCHES, false, { "a.b" },
		"\xff"
		"a\xc3\xa8"
		"b",
		true },
	{ URI, SL_TEST_MATCHES, true, { "a..b" },
		"\xff"
		"a\xc3\xa8"
		"b",
		true },
	{ URI, SL_TEST_MATCHES, false, { "(a+).\\1$" },
		"/a\xc3\xa8"
		"a",
		true },
	{ URI, SL_TEST_MATCHES, true, { "(a+)..\\1$" },
		"/a\xc3\xa8"
		"a",
		true },
	{ URI, SL_TEST_MATCHES, false, { "(" }, "(", false },
	{ URI, SL_TEST_MATCHES, true, { "(" }, "x", false },
	{ URI, SL_TEST_CONTAINS, false, { ".php?" }, "/x.php?a", true },
	{ URI, SL_TEST_CONTAINS, false, { ".php?" }, "/xphp", false },
	{ URI, SL_TEST_CONTAINS, true, { ".php?" }, "/xphp", true },
	{ URI, SL_TEST_STARTS, false, { "/x" }, "/xy", true },
	{ URI, SL_TEST_STARTS, false, { "/x" }, "y/x", false },
	{ URI, SL_TEST_ENDS, false, { "/x" }, "y/x", true },
	{ URI, SL_TEST_ENDS, false, { "/x" }, "y/xz", false },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void plant(struct planted *p, const struct row *r)
{
	size_t n = 0;
	while (n < LIST_MAX && r->list[n] != NULL)
		n++;
	planted_value(p, r->where, r->test, r->negated, r->list, n);
	planted_all(p);
}

static bool alone(const struct row *row)
{
	struct sl_intel *in = made_new();
	struct planted *p = planted_new(in);
	plant(p, row);
	planted_done(p, SL_SCOPE_MESSAGE, "tree");
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	struct rig *r = rig_new(rs, 16);
	rig_say(r, row->where, row->value, 1);
	rig_run(r);
	bool told = r->n == 1;
	rig_end(r);
	rig_free(r);
	sl_ruleset_free(rs);
	free(p);
	return told;
}

static void test_each_operator(void **state)
{
	for (size_t i = 0; i < ROWS; i++)
		if (alone(&rows[i]) != rows[i].holds)
			fail_msg("row %zu: '%s'", i, rows[i].value);
}

/* The same with all in one set: engines and tests are shared, answers are not. */
static void test_all_together(void **state)
{
	struct sl_intel *in = made_new();
	struct planted *p[2 * ROWS];
	for (size_t i = 0; i < 2 * ROWS; i++) {
		p[i] = planted_new(in);
		plant(p[i], &rows[i % ROWS]);
		planted_done(p[i], SL_SCOPE_MESSAGE, "tree");
	}
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	for (size_t i = 0; i < ROWS; i++) {
		struct rig *r = rig_new(rs, 1024);
		unsigned told = 0;
		rig_say(r, rows[i].where, rows[i].value, 1);
		rig_run(r);
		for (size_t k = 0; k < r->n; k++)
			told += r->told[k].indicator == p[i]->d.indicator ||
				r->told[k].indicator == p[i + ROWS]->d.indicator;
		if (told != 2u * rows[i].holds)
			fail_msg("row %zu: '%s' told %u times", i, rows[i].value, told);
		rig_end(r);
		rig_free(r);
	}
	sl_ruleset_free(rs);
	for (size_t i = 0; i < 2 * ROWS; i++)
		free(p[i]);
}

static void test_many_expressions(void **state)
{
	enum { MANY = 300 };
	char text[MANY][24];
	struct planted *p[MANY];
	struct sl_intel *in = made_new();
	for (unsigned i = 0; i < MANY; i++) {
		const char *one = text[i];
		snprintf(text[i], sizeof(text[i]), "%%n%u.example", i);
		p[i] = planted_new(in);
		planted_value(p[i], HOST, SL_TEST_LIKE, false, &one, 1);
		planted_all(p[i]);
		planted_done(p[i], SL_SCOPE_MESSAGE, "tree");
	}
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	assert_true(sl_ruleset_bytes(rs) > MANY * 100);
	struct rig *r = rig_new(rs, 1024);
	rig_say(r, HOST, "www.n299.example", 1);
	rig_say(r, HOST, "www.n99.example", 2); /* ends like n9's own only at a label */
	rig_say(r, HOST, "n.example", 3);
	rig_end(r);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->told[0].indicator, p[299]->d.indicator);
	assert_int_equal(r->told[1].indicator, p[99]->d.indicator);
	rig_free(r);
	sl_ruleset_free(rs);
	for (unsigned i = 0; i < MANY; i++)
		free(p[i]);
}

static void test_what_was_cut(void **state)
{
	static const struct row cut[] = {
		{ URI, SL_TEST_CONTAINS, false, { "gate" }, "/gate", true },
		{ URI, SL_TEST_STARTS, false, { "/ga" }, "/gate", true },
		{ URI, SL_TEST_ENDS, false, { "gate" }, "/gate", false },
		{ URI, SL_TEST_LIKE, false, { "/gate" }, "/gate", false },
		{ URI, SL_TEST_MATCHES, false, { "gate$" }, "/gate", false },
		{ URI, SL_TEST_CONTAINS, true, { "other" }, "/gate", false },
		{ URI, SL_TEST_UNEQUAL, false, { "/gat" }, "/gate", false },
		{ URI, SL_TEST_EXISTS, false, { NULL }, "/gate", true },
	};
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		struct sl_intel *in = made_new();
		struct planted *p = planted_new(in);
		plant(p, &cut[i]);
		planted_done(p, SL_SCOPE_MESSAGE, "tree");
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		struct rig *r = rig_new(rs, 16);
		rig_say(r, cut[i].where, cut[i].value, 1);
		r->m->b.obs[0].part = SL_PART_TRUNCATED;
		rig_run(r);
		if (r->n != cut[i].holds)
			fail_msg("row %zu", i);
		rig_end(r);
		rig_free(r);
		sl_ruleset_free(rs);
		free(p);
	}
}

static void test_a_search_that_gives_up_is_counted(void **state)
{
	static const char *const hungry[] = { "^(a+)+\\1$" };
	char value[64];
	for (unsigned negated = 0; negated < 2; negated++) {
		struct sl_intel *in = made_new();
		struct planted *p = planted_new(in);
		planted_value(p, URI, SL_TEST_MATCHES, negated, hungry, 1);
		planted_all(p);
		planted_done(p, SL_SCOPE_MESSAGE, "tree");
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		struct rig *r = rig_new(rs, 16);
		memset(value, 'a', sizeof(value));
		value[sizeof(value) - 2] = 'b';
		value[sizeof(value) - 1] = '\0';
		/* Hyperscan's rough form may say no first: then nothing is given up. */
		rig_say(r, URI, value, 1);
		rig_run(r);
		bool gave_up = r->m->counters.c[SL_C_SEARCHES_GIVEN_UP] == 1;
		assert_int_equal(r->n, gave_up ? 0 : negated);
		rig_end(r);
		rig_free(r);
		sl_ruleset_free(rs);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_operator),
		cmocka_unit_test(test_all_together),
		cmocka_unit_test(test_many_expressions),
		cmocka_unit_test(test_what_was_cut),
		cmocka_unit_test(test_a_search_that_gives_up_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
