/* SPDX-License-Identifier: BSD-3-Clause */
/* past_test.c - what a network saw, and what is said of indicators because of it. The counts are
 * held against the sensor's own by tests/system/past.py. */
#include "past.h"

static void addresses(void **state)
{
	struct sl_past *p = past_new();
	struct sl_past_sum sum;
	counts(p, IP("45.45.45.44/30", ""), 0, 0); /* nothing was seen yet */
	connect_to(p, "10.0.0.1", "45.45.45.45");
	connect_to(p, "10.0.0.2", "45.45.45.45");
	connect_to(p, "45.45.45.45", "10.0.0.2"); /* the host is the end at home */
	connect_to(p, "10.0.0.3", "45.45.45.46");
	counts(p, IP("45.45.45.45", ""), 3, 2);
	counts(p, IP("45.45.45.45", ",\"where\":\"ip.src\""), 1, 1);
	counts(p, IP("45.45.45.45:443", ""), 2, 2);
	counts(p, IP("45.45.45.45:80", ""), 0, 0);
	counts(p, IP("45.45.45.44/30", ""), 4, 3);
	counts(p, IP("45.45.45.46/31", ""), 1, 1);
	counts(p, IP("45.45.45.47", ""), 0, 0);
	ask_for(p, "10.0.0.4", "a.example", "45.45.45.45");
	counts(p, IP("45.45.45.45", ""), 4, 3);
	sl_past_sum(p, &sum);
	assert_int_equal(sum.hosts, 4);
	assert_int_equal(sum.observables, 12);
	assert_int_equal(sum.left_out, 0);
	/* Where no end is at home, the initiator. */
	connect_to(p, "99.0.0.1", "45.45.45.45");
	counts(p, IP("45.45.45.45", ""), 5, 4);
	message = 1;
	see(p, "http.host", "45.45.45.45", "10.0.0.9", "45.45.45.46", 80);
	counts(p, IP("45.45.45.45", ""), 6, 5);
	sl_past_free(p);
}

static void names(void **state)
{
	struct sl_past *p = past_new();
	message = 0;
	ask_for(p, "10.0.0.1", "www.a.example", "45.45.45.45");
	ask_for(p, "10.0.0.1", "www.a.example", "45.45.45.45");
	ask_for(p, "10.0.0.2", "a.example", "45.45.45.45");
	ask_for(p, "10.0.0.3", "nota.example", "45.45.45.45");
	/* A question and its answer are one message, in two places of it. */
	counts(p, NAME("www.a.example", ""), 4, 1);
	counts(p, NAME("www.a.example", ",\"where\":\"dns.query\""), 2, 1);
	counts(p, NAME("a.example", ""), 2, 1);
	counts(p, NAME("a.example", ",\"match\":\"suffix\""), 6, 2);
	counts(p, NAME("a.example", ",\"match\":\"suffix\",\"where\":\"dns.query\""), 3, 2);
	message = 1;
	see(p, "tls.sni", "sub.a.example", "10.0.0.3", "45.45.45.45", 8443);
	counts(p, NAME("a.example", ",\"match\":\"suffix\""), 7, 3);
	counts(p, NAME("sub.a.example:8443", ""), 1, 1);
	counts(p, NAME("sub.a.example:443", ""), 0, 0);
	sl_past_free(p);
}

static void others(void **state)
{
	struct sl_past *p = past_new();
	struct said s;
	message = 1;
	see(p, "http.url", "http://a.example/x?y", "10.0.0.1", "45.45.45.45", 80);
	see(p, "http.user_agent", "Evil/1.0", "10.0.0.1", "45.45.45.45", 80);
	see(p, "ja3.hash", "0123456789abcdef0123456789abcdef", "10.0.0.1", "45.45.45.45", 443);
	counts(p, "{\"type\":\"url\",\"value\":\"http://a.example/x?y\"}\n", 1, 1);
	counts(p, "{\"type\":\"url\",\"value\":\"a.example/x?y\"}\n", 1, 1);
	counts(p, "{\"type\":\"url\",\"value\":\"http://a.example/x\"}\n", 0, 0);
	counts(p, "{\"type\":\"user-agent\",\"value\":\"Evil/1.0\"}\n", 1, 1);
	counts(p, "{\"where\":\"ja3.hash\",\"value\":\"0123456789abcdef0123456789abcdef\"}\n", 1,
		1);
	/* What begins with a URL is not remembered: nothing is said of it. */
	check(&s, p, "{\"type\":\"url\",\"value\":\"http://a.example/\",\"match\":\"prefix\"}\n",
		NULL);
	assert_int_equal(s.n, 1);
	assert_false(s.asked[0]);
	sl_past_free(p);
}

static void led(struct said *s, struct sl_past *p, const char *code)
{
	check(s, p, "value\n45.45.45.45\n", NULL);
	assert_int_equal(s->n, 1);
	assert_string_equal(s->code[0], code);
	assert_int_equal(
		s->verdict[0], strcmp(code, "SEEN") == 0 || code[0] == '\0' ? SL_ARMED : SL_QUIET);
}

static void ordinary_names(void **state)
{
	struct said s;
	struct sl_past *p = past_new();
	message = 0;
	ask_for(p, "10.0.0.1", "www.unknown.example", "45.45.45.45");
	led(&s, p, "SEEN");
	assert_int_equal(s.past[0].name_count, 1);
	assert_string_equal(s.past[0].name[0], "www.unknown.example");
	/* What an answer adds is its author's word: an alias makes no host ordinary. */
	message++;
	see(p, "dns.query", "c2.example", "10.0.0.1", "10.0.0.53", 53);
	see(p, "dns.answer.name", "www.google.com", "10.0.0.1", "10.0.0.53", 53);
	see(p, "dns.answer.ip", "45.45.45.45", "10.0.0.1", "10.0.0.53", 53);
	led(&s, p, "SEEN");
	/* Names of another message lead nowhere. */
	message++;
	see(p, "dns.query", "mail.yahoo.com", "10.0.0.1", "10.0.0.53", 53);
	message++;
	see(p, "dns.answer.ip", "45.45.45.45", "10.0.0.1", "10.0.0.53", 53);
	led(&s, p, "SEEN");
	/* Below a zone whose names are given to anybody. */
	ask_for(p, "10.0.0.1", "evil.duckdns.org", "45.45.45.45");
	ask_for(p, "10.0.0.1", "duckdns.org", "45.45.45.45");
	led(&s, p, "SEEN");
	ask_for(p, "10.0.0.1", "mail.yahoo.com", "45.45.45.45");
	ask_for(p, "10.0.0.1", "mail.yahoo.com", "45.45.45.45");
	led(&s, p, "ORDINARY_HOST");
	assert_non_null(strstr(s.reason[0], "mail.yahoo.com"));
	assert_null(strstr(s.reason[0], "unknown"));
	assert_int_equal(s.past[0].name_count, 5);
	assert_false(s.past[0].more_names);
	/* With a port it is more than the address. */
	check(&s, p, "value\n45.45.45.45:53\n", NULL);
	assert_string_equal(s.code[0], "");
	sl_past_free(p);
}

static void names_bounded(void **state)
{
	struct said s;
	struct sl_past *p = past_new();
	char name[32];
	message = 0;
	for (unsigned i = 1; i < 100; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask_for(p, "10.0.0.1", i != SL_PAST_NAMES ? name : "yahoo.com", "45.45.45.45");
		led(&s, p, i < SL_PAST_NAMES ? "SEEN" : "ORDINARY_HOST");
	}
	assert_int_equal(s.past[0].name_count, SL_PAST_NAMES);
	assert_true(s.past[0].more_names);
	for (unsigned i = 0; i < SL_PAST_NAMES; i++)
		assert_non_null(s.past[0].name[i]);
	/* One that comes later is not known: what it led to stays armed. */
	for (unsigned i = 0; i < SL_PAST_NAMES; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask_for(p, "10.0.0.1", name, "46.46.46.46");
	}
	ask_for(p, "10.0.0.1", "yahoo.com", "46.46.46.46");
	check(&s, p, "value\n46.46.46.46\n", NULL);
	assert_string_equal(s.code[0], "SEEN");
	sl_past_free(p);
}

static void impact(void **state)
{
	struct said s;
	struct sl_past *p = past_new();
	char src[16];
	for (unsigned i = 1; i <= 19; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		connect_to(p, src, "45.45.45.45");
	}
	led(&s, p, "SEEN");
	connect_to(p, "10.0.0.20", "45.45.45.45"); /* the 20th */
	led(&s, p, "HIGH_IMPACT");
	for (unsigned i = 21; i <= 200; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		connect_to(p, src, "8.8.8.8");
	}
	led(&s, p, "HIGH_IMPACT"); /* 20 of 200 */
	assert_non_null(strstr(s.reason[0], "would have fired 20 times on 10 % of"));
	connect_to(p, "10.0.0.201", "8.8.8.8");
	led(&s, p, "SEEN");
	sl_past_free(p);
}

/* Other verdicts come first, and the operator last. */
static void order(void **state)
{
	struct said s;
	struct sl_past *p = past_new();
	struct sl_policy *policy;
	char src[16], err[256];
	for (unsigned i = 1; i <= 30; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		connect_to(p, src, "45.45.45.45");
		connect_to(p, src, "8.8.8.8");
		connect_to(p, src, "10.0.0.99");
	}
	check(&s, p, "value\n8.8.8.8\n10.0.0.99\n", NULL);
	assert_string_equal(s.code[0], "PUBLIC_RESOLVER");
	assert_int_equal(s.past[0].count, 30);
	assert_string_equal(s.code[1], "PRIVATE_ADDRESS");
	assert_false(s.asked[1]);
	assert_int_equal(sl_policy_new(&policy), 0);
	assert_int_equal(sl_policy_source(policy, "f armed=HIGH_IMPACT", err, sizeof(err)), 0);
	check(&s, p, "value\n45.45.45.45\n", policy);
	assert_string_equal(s.code[0], "HIGH_IMPACT");
	assert_int_equal(s.verdict[0], SL_ARMED);
	sl_policy_free(policy);
	sl_past_free(p);
}

static void trees(void **state)
{
	struct said s;
	struct sl_past *p = past_new();
	connect_to(p, "10.0.0.1", "45.45.45.45");
	connect_to(p, "10.0.0.2", "45.45.45.45");
	message = 0;
	ask_for(p, "10.0.0.1", "a.example", "45.45.45.46");
#define TREE(pattern) "{\"id\":\"i\",\"pattern\":\"" pattern "\"}\n"
	check(&s, p,
		TREE("[ipv4-addr:value = '45.45.45.45' AND network-traffic:dst_port = 6633 AND "
		     "network-traffic:protocols[*] = 'tcp']"),
		NULL);
	assert_int_equal(s.n, 1);
	assert_true(s.asked[0] && s.past[0].at_most);
	assert_int_equal(s.past[0].count, 2);
	assert_int_equal(s.past[0].hosts, 2);
	check(&s, p,
		TREE("[ipv4-addr:value = '45.45.45.45'] FOLLOWEDBY [domain-name:value IN "
		     "('a.example', 'b.example')]"),
		NULL);
	assert_int_equal(s.past[0].count, 2);
	assert_string_equal(s.code[0], "SEEN");
	check(&s, p,
		TREE("[ipv4-addr:value = '45.45.45.45'] FOLLOWEDBY [domain-name:value = "
		     "'b.example']"),
		NULL);
	assert_true(s.asked[0]);
	assert_int_equal(s.past[0].count, 0);
	assert_string_equal(s.code[0], "");
	/* An expression is not remembered. */
	check(&s, p, TREE("[url:value MATCHES '^http://a.*/gate']"), NULL);
	assert_false(s.asked[0]);
	sl_past_free(p);
}

static void full(void **state)
{
	struct sl_past_options o = { .home = home, .values = 8, .hosts = 3, .pairs = 4 };
	struct sl_past *p;
	struct sl_past_sum sum;
	char src[16];
	assert_int_equal(sl_past_new(&p, &o), 0);
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(src, sizeof(src), "10.0.%u.1", i);
		connect_to(p, src, "45.45.45.45");
	}
	message = 0;
	ask_for(p, "10.0.0.1", "a.b.c.d.example", "45.45.45.45");
	sl_past_sum(p, &sum);
	assert_int_equal(sum.hosts, 3);
	assert_true(sum.left_out > 0);
	sl_past_free(p);
}

/* Names that there is no room for are told as further ones. */
static void names_full(void **state)
{
	struct sl_past_options o = { .home = home, .names_bytes = 1 };
	struct sl_past *p;
	struct sl_past_sum sum;
	struct said s;
	char name[32];
	assert_int_equal(sl_past_new(&p, &o), 0);
	message = 0;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask_for(p, "10.0.0.1", name, "45.45.45.45");
	}
	check(&s, p, "value\n45.45.45.45\n", NULL);
	assert_true(s.past[0].name_count < 3);
	assert_true(s.past[0].more_names);
	sl_past_sum(p, &sum);
	assert_true(sum.left_out > 0);
	sl_past_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(others),
		cmocka_unit_test(ordinary_names),
		cmocka_unit_test(names_bounded),
		cmocka_unit_test(impact),
		cmocka_unit_test(order),
		cmocka_unit_test(trees),
		cmocka_unit_test(full),
		cmocka_unit_test(names_full),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
