/* SPDX-License-Identifier: BSD-3-Clause */
/* past_line_test.c - questions about the past as lines, and what is answered: read back as they
 * were, refused where they are none, cut at every length. */
#include <errno.h>
#include <stdio.h>

#include <sightline/past.h>

#include "test.h"

static void reads(const char *line, bool good)
{
	struct guarded g = guarded_new(line, strlen(line));
	struct sl_indicator i;
	assert_int_equal(sl_past_question_read((const char *)g.p, g.len, &i), good);
	guarded_free(&g);
}

static void questions(void **state)
{
	static const char *const good[] = {
		"domain-name exact 0 - 0 a.example",
		"domain-name suffix 1 tls.sni 443 a.example",
		"ipv4-addr exact 0 - 0 203.0.113.9",
		"ipv4-addr exact 0 ip.dst 0 203.0.113.0/24",
		"ipv6-addr exact 0 - 0 2001:db8::9",
		"url exact 0 - 0 http://a.example/a b",
		"network-traffic exact 0 ja3.hash 0 0123456789abcdef0123456789abcdef",
	};
	char out[SL_PAST_LINE_MAX];
	for (size_t n = 0; n < sizeof(good) / sizeof(good[0]); n++) {
		struct sl_indicator i;
		reads(good[n], true);
		assert_true(sl_past_question_read(good[n], strlen(good[n]), &i));
		size_t len = sl_past_question(&i, out, sizeof(out));
		assert_int_equal(len, strlen(good[n]) + 1);
		assert_memory_equal(out, good[n], len - 1);
		assert_int_equal(out[len - 1], '\n');
		assert_int_equal(sl_past_question(&i, out, len), 0); /* no room for the zero */
	}
}

static void none(void **state)
{
	static const char *const bad[] = { "", " ", "a.example", "domain-name", "domain-name exact",
		"domain-name exact 0 - 0 ", "domain-name exact 0 - 0", "domain-name exact 3 - 0 a",
		"domain-name exact 0 nowhere 0 a", "domain-name exact 0 - 65536 a",
		"domain-name exact 0 - -1 a", "domain-name exact 0 - 1x a", "nothing exact 0 - 0 a",
		"domain-name roughly 0 - 0 a", "ipv4-addr exact 0 - 0 a",
		"ipv4-addr exact 0 - 0 2001:db8::1", "ipv6-addr exact 0 - 0 203.0.113.9",
		"ipv4-addr exact 0 - 0 203.0.113.0/33",
		"domain-name exact 0 - 99999999999999999999 a" };
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		reads(bad[n], false);
	struct sl_indicator i = { .type = SL_TYPE_DOMAIN, .value = "a\nb", .value_len = 3 };
	char out[SL_PAST_LINE_MAX];
	assert_int_equal(sl_past_question(&i, out, sizeof(out)), 0);
}

static void cut(void **state)
{
	static const char line[] = "domain-name suffix 1 tls.sni 443 a.example";
	for (size_t len = 0; len < sizeof(line); len++) {
		struct guarded g = guarded_new(line, len);
		struct sl_indicator i;
		bool read = sl_past_question_read((const char *)g.p, g.len, &i);
		assert_int_equal(read, len >= sizeof("domain-name suffix 1 tls.sni 443 a") - 1);
		guarded_free(&g);
	}
}

static bool ask(void *arg, const struct sl_indicator *i, struct sl_past_answer *out)
{
	*out = (struct sl_past_answer){
		.count = i->value_len, .hosts = 2, .at_most = i->port != 0
	};
	return i->type == SL_TYPE_DOMAIN;
}

static void sum(void *arg, struct sl_past_sum *out)
{
	*out = (struct sl_past_sum){ .hours = 24,
		.hosts = 7,
		.observables = 8,
		.left_out = 9,
		.first_ns = 10,
		.last_ns = 11 };
}

static void answers(void **state)
{
	static const char asked[] = "domain-name exact 0 - 0 a.example\nipv4-addr exact 0 - 0 "
				    "203.0.113.9\nodd\ndomain-name exact 0 - 53 b";
	struct sl_witness w = { .ask = ask, .sum = sum };
	struct sl_past_reply r[4];
	struct sl_past_sum s;
	char *text;
	size_t len;
	assert_int_equal(sl_past_reply(&w, asked, sizeof(asked) - 1, &text, &len), 0);
	assert_string_equal(text, "memory 24 7 8 9 10 11\n9 2 0\n-\n-\n1 2 1\n");
	assert_int_equal(sl_past_reply_read(text, len, &s, r, 4), 0);
	assert_int_equal(s.hours, 24);
	assert_int_equal(s.hosts, 7);
	assert_int_equal(s.last_ns, 11);
	assert_true(r[0].known && r[0].count == 9 && r[0].hosts == 2 && !r[0].at_most);
	assert_true(!r[1].known && !r[2].known && r[3].known && r[3].at_most);
	assert_int_equal(sl_past_reply_read(text, len, &s, r, 3), -EPROTO);
	for (size_t n = 0; n < len; n++) {
		struct guarded g = guarded_new(text, n);
		assert_int_equal(sl_past_reply_read((const char *)g.p, g.len, &s, r, 4), -EPROTO);
		guarded_free(&g);
	}
	free(text);
	static const char *const odd[] = { "memory 24 7 8 9 10\n-\n",
		"memory 24 7 8 9 10 11 12\n-\n", "past 24 7 8 9 10 11\n-\n",
		"memory 24 7 8 9 10 11\n1 2\n", "memory 24 7 8 9 10 11\n1 2 3\n",
		"memory 24 7 8 9 10 11\n-1 2 0\n", "memory 24 7 8 9 10 11\n1 4294967296 0\n",
		"memory 24 7 8 9 10 11\n--\n" };
	for (size_t n = 0; n < sizeof(odd) / sizeof(odd[0]); n++)
		assert_int_equal(sl_past_reply_read(odd[n], strlen(odd[n]), &s, r, 1), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(none),
		cmocka_unit_test(cut),
		cmocka_unit_test(answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
