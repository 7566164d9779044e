/* SPDX-License-Identifier: BSD-3-Clause */
/* rules_test.c - what decides beside the value: own networks, allow-list, time, port, bounds; each
 * by hand. */
#include <errno.h>
#include <stdio.h>

#include "made.h"
#include "spelled.h"

#define HITS 4096
#define NAME_TOO_LONG 1025

static struct sl_hit hit[HITS];

struct fixture {
	struct sl_intel *in;
	struct made_batch *m;
};

static struct fixture begin(void)
{
	return (struct fixture){ made_new(), made_batch_new() };
}

/* Builds, looks up, frees; hits are left in `hit`. */
static uint32_t end(struct fixture *f, const struct sl_match_options *o)
{
	struct sl_ruleset *rs = made_ruleset(f->in, o);
	uint32_t n = made_match(rs, f->m, hit, HITS);
	sl_ruleset_free(rs);
	return n;
}

static void test_labels(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int exact, suffix; /* how; -1: not at all */
	} row[] = {
		{ "evil.example", SL_MATCH_EXACT, SL_MATCH_EXACT },
		{ "a.evil.example", -1, SL_MATCH_SUFFIX },
		{ "b.a.evil.example", -1, SL_MATCH_SUFFIX },
		{ ".evil.example", -1, SL_MATCH_SUFFIX },
		{ "notevil.example", -1, -1 },
		{ "a.notevil.example", -1, -1 },
		{ "example", -1, -1 },
		{ "evil.example.com", -1, -1 },
		{ "evil.exampl", -1, -1 },
		{ "vil.example", -1, -1 },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct fixture f = begin();
		made_add(f.in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT);
		made_add(f.in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_SUFFIX);
		made_text(f.m, SL_WHERE_DNS_QUERY, row[i].name);
		uint32_t n = end(&f, NULL), at = 0;
		assert_int_equal(n, (row[i].exact >= 0) + (row[i].suffix >= 0));
		if (row[i].exact >= 0)
			assert_int_equal(hit[at++].match, row[i].exact);
		if (row[i].suffix >= 0)
			assert_int_equal(hit[at].match, row[i].suffix);
		free(f.m);
	}
}

static void test_levels(void **state)
{
	(void)state;
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_DOMAIN, "example", SL_MATCH_SUFFIX);
	made_add(f.in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_SUFFIX);
	made_add(f.in, SL_TYPE_DOMAIN, "c.b.a.evil.example", SL_MATCH_SUFFIX);
	made_text(f.m, SL_WHERE_TLS_SNI, "x.c.b.a.evil.example");
	assert_int_equal(end(&f, NULL), 3);
	assert_int_not_equal(hit[0].value, hit[1].value);
	assert_int_not_equal(hit[1].value, hit[2].value);
	free(f.m);
}

/* Every length of prefix that there is, around one address. */
static void nested(const char *addr, enum sl_type type, unsigned bits)
{
	struct fixture f = begin();
	char text[80];
	for (unsigned len = 0; len <= bits; len++) {
		sprintf(text, "%s/%u", addr, len);
		made_add(f.in, type, text, SL_MATCH_EXACT);
	}
	made_addr(f.m, SL_WHERE_IP_DST, addr);
	struct sl_ruleset *rs = made_ruleset(f.in, NULL);
	uint32_t n = made_match(rs, f.m, hit, HITS);
	bool seen[129] = { false };
	assert_int_equal(n, bits + 1 < SL_HITS_PER_OBS ? bits + 1 : SL_HITS_PER_OBS);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t len = spelled(rs, hit[i].indicator)->prefix_len;
		assert_false(seen[len]);
		seen[len] = true;
	}
	assert_int_equal(f.m->counters.c[SL_C_HITS_CUT], bits + 1 - n);
	assert_int_equal(f.m->counters.c[SL_C_HITS], 1);
	sl_ruleset_free(rs);
	free(f.m);
}

static void test_nested(void **state)
{
	(void)state;
	nested("203.0.113.77", SL_TYPE_IPV4, 32);
	nested("0.0.0.0", SL_TYPE_IPV4, 32);
	nested("255.255.255.255", SL_TYPE_IPV4, 32);
	nested("2001:db8:1:2:3:4:5:6", SL_TYPE_IPV6, 128);
}

/* A prefix is compared by its first bits, whatever stands behind them. */
static void test_uncleared(void **state)
{
	(void)state;
	struct fixture f = begin();
	memcpy(made_add(f.in, SL_TYPE_IPV4, "10.0.0.0/8", SL_MATCH_EXACT)->addr.b, "\x0a\xff\x7f",
		3);
	made_add(f.in, SL_TYPE_IPV4, "10.0.0.0/8", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_IPV6, "2001:db8::/33", SL_MATCH_EXACT)->addr.b[15] = 1;
	made_addr(f.m, SL_WHERE_IP_SRC, "10.0.0.1");
	made_addr(f.m, SL_WHERE_IP_SRC, "10.255.255.255");
	made_addr(f.m, SL_WHERE_IP_SRC, "2001:db8:7fff::");
	made_addr(f.m, SL_WHERE_IP_SRC, "2001:db8:8000::");
	assert_int_equal(end(&f, NULL), 5);
	assert_int_equal(hit[0].value, hit[3].value);
	free(f.m);
}

static void test_home(void **state)
{
	(void)state;
	struct sl_nets *home;
	assert_int_equal(sl_nets_new(&home), 0);
	assert_int_equal(sl_nets_add(home, "10.0.0.0/8", 10), 0);
	struct sl_match_options o = { .validity = SL_VALID_PACKET, .home = home };
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_IPV4, "10.1.1.1", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_IPV4, "10.1.0.0/16", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_IPV4, "203.0.113.1", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_IPV4, "0.0.0.0/0", SL_MATCH_EXACT)->where = SL_WHERE_DNS_ANSWER_IP;
	made_addr(f.m, SL_WHERE_IP_SRC, "10.1.1.1");
	made_text(f.m, SL_WHERE_HTTP_HOST, "10.1.1.1");
	made_addr(f.m, SL_WHERE_IP_SRC, "10.2.2.2"); /* would not have hit */
	made_addr(f.m, SL_WHERE_IP_DST, "203.0.113.1");
	assert_int_equal(end(&f, &o), 1);
	assert_int_equal(hit[0].obs, 3);
	assert_int_equal(f.m->counters.c[SL_C_HITS_ALLOWED], 2);
	assert_int_equal(f.m->counters.c[SL_C_HITS], 1);
	assert_int_equal(f.m->counters.c[SL_C_OBSERVABLES], 4);
	sl_nets_free(home);
	free(f.m);
}

static void test_allow(void **state)
{
	(void)state;
	struct sl_intel *allow = made_new();
	made_add(allow, SL_TYPE_DOMAIN, "good.example", SL_MATCH_SUFFIX);
	made_add(allow, SL_TYPE_IPV4, "198.51.100.0/24", SL_MATCH_EXACT);
	made_add(allow, SL_TYPE_URL, "//late.example/", SL_MATCH_PREFIX)->valid_from_ns = 50;
	struct sl_match_options o = { .validity = SL_VALID_PACKET, .allow = allow };
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_DOMAIN, "example", SL_MATCH_SUFFIX);
	made_add(f.in, SL_TYPE_IPV4, "198.51.100.7", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_URL, "http://late.example/x", SL_MATCH_EXACT);
	made_text(f.m, SL_WHERE_DNS_QUERY, "www.good.example");
	made_text(f.m, SL_WHERE_DNS_QUERY, "www.notgood.example");
	made_addr(f.m, SL_WHERE_IP_DST, "198.51.100.7");
	made_text(f.m, SL_WHERE_DNS_QUERY, "good.test"); /* neither */
	made_text(f.m, SL_WHERE_HTTP_URL, "http://late.example/x")->ts_ns = 49;
	made_text(f.m, SL_WHERE_HTTP_URL, "http://late.example/x")->ts_ns = 50;
	struct sl_ruleset *rs = made_ruleset(f.in, &o);
	sl_intel_free(allow); /* only lent */
	assert_int_equal(made_match(rs, f.m, hit, HITS), 2);
	assert_int_equal(hit[0].obs, 1);
	assert_int_equal(hit[1].obs, 4);
	assert_int_equal(f.m->counters.c[SL_C_HITS_ALLOWED], 3);
	sl_ruleset_free(rs);
	free(f.m);
}

static void test_validity(void **state)
{
	(void)state;
	static const struct {
		enum sl_validity validity;
		uint64_t ts;
		uint32_t hits;
	} row[] = {
		{ SL_VALID_PACKET, 99, 0 }, { SL_VALID_PACKET, 100, 1 }, /* from is inclusive */
		{ SL_VALID_PACKET, 199, 1 }, { SL_VALID_PACKET, 200, 0 }, /* until is exclusive */
		{ SL_VALID_IGNORE, 99, 1 }, { SL_VALID_IGNORE, 200, 1 },
		{ SL_VALID_NOW, 200, 1 }, /* judged when it was read */
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sl_match_options o = { .validity = row[i].validity };
		struct fixture f = begin();
		struct sl_indicator *ind =
			made_add(f.in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT);
		ind->valid_from_ns = 100;
		ind->valid_until_ns = 200;
		made_addr(f.m, SL_WHERE_IP_DST, "192.0.2.1")->ts_ns = row[i].ts;
		assert_int_equal(end(&f, &o), row[i].hits);
		free(f.m);
	}
}

static void test_port(void **state)
{
	(void)state;
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT)->port = 8080;
	made_add(f.in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT)->port = 8080;
	f.m->flow.sport = 8080;
	f.m->flow.dport = 80;
	made_addr(f.m, SL_WHERE_IP_SRC, "192.0.2.1"); /* its own end has the port */
	made_addr(f.m, SL_WHERE_IP_DST, "192.0.2.1");
	made_addr(f.m, SL_WHERE_DNS_ANSWER_IP, "192.0.2.1"); /* no end of the flow */
	made_text(f.m, SL_WHERE_HTTP_HOST, "evil.example");
	made_addr(f.m, SL_WHERE_IP_SRC, "192.0.2.1")->flow = NULL;
	struct sl_ruleset *rs = made_ruleset(f.in, NULL);
	assert_int_equal(made_match(rs, f.m, hit, HITS), 1);
	assert_int_equal(hit[0].obs, 0);
	f.m->flow.sport = 80;
	f.m->flow.dport = 8080;
	assert_int_equal(made_match(rs, f.m, hit, HITS), 2);
	assert_int_equal(hit[0].obs, 1);
	assert_int_equal(hit[1].obs, 3);
	sl_ruleset_free(rs);
	free(f.m);
}

static void test_members(void **state)
{
	(void)state;
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT)->source = "one";
	made_add(f.in, SL_TYPE_IPV4, "192.0.2.2", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_IPV4, "192.0.2.1/32", SL_MATCH_EXACT)->source = "two";
	made_addr(f.m, SL_WHERE_IP_SRC, "192.0.2.1");
	made_addr(f.m, SL_WHERE_IP_DST, "192.0.2.2");
	assert_int_equal(end(&f, NULL), 3);
	assert_int_equal(hit[0].indicator, 0);
	assert_int_equal(hit[1].indicator, 2);
	assert_int_equal(hit[0].value, hit[1].value);
	assert_int_equal(hit[2].indicator, 1);
	assert_int_not_equal(hit[0].value, hit[2].value);
	free(f.m);
}

static void test_cut_and_resume(void **state)
{
	(void)state;
	enum { SAME = 100, OBS = 40 };
	struct fixture f = begin();
	for (unsigned i = 0; i < SAME; i++)
		made_add(f.in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT);
	for (unsigned i = 0; i < OBS; i++)
		made_addr(f.m, SL_WHERE_IP_SRC, i % 2 ? "192.0.2.1" : "192.0.2.2");
	struct sl_ruleset *rs = made_ruleset(f.in, NULL);
	uint16_t from = 0, calls = 0;
	uint32_t total = 0;
	while (from < f.m->b.n) {
		uint16_t before = from;
		uint32_t n =
			sl_match(rs, &f.m->b, &from, hit, SL_HITS_PER_OBS + 10, &f.m->counters);
		assert_true(from > before);
		for (uint32_t i = 0; i < n; i++)
			assert_true(hit[i].obs >= before && hit[i].obs < from);
		total += n;
		calls++;
	}
	assert_int_equal(total, OBS / 2 * SL_HITS_PER_OBS);
	assert_true(calls >= OBS / 2);
	assert_int_equal(f.m->counters.c[SL_C_HITS], OBS / 2);
	assert_int_equal(f.m->counters.c[SL_C_HITS_CUT], OBS / 2 * (SAME - SL_HITS_PER_OBS));
	assert_int_equal(f.m->counters.c[SL_C_OBSERVABLES], OBS);
	sl_ruleset_free(rs);
	free(f.m);
}

static void test_texts(void **state)
{
	(void)state;
	struct fixture f = begin();
	made_add(f.in, SL_TYPE_URL, "http://evil.example/a", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_URL, "//evil.example/a", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_URL, "//evil.example/dir/", SL_MATCH_PREFIX);
	made_add(f.in, SL_TYPE_MAC, "00:1b:21:aa:bb:0c", SL_MATCH_EXACT);
	made_add(f.in, SL_TYPE_ARTIFACT, "POST", SL_MATCH_EXACT)->where = SL_WHERE_HTTP_METHOD;
	made_text(f.m, SL_WHERE_HTTP_URL, "http://evil.example/a"); /* 2 */
	made_text(f.m, SL_WHERE_HTTP_URL, "https://evil.example/a"); /* 1 */
	made_text(f.m, SL_WHERE_HTTP_URL, "https://evil.example/ab");
	made_text(f.m, SL_WHERE_HTTP_URL, "https://evil.example/dir/x?y"); /* 1, prefix */
	made_text(f.m, SL_WHERE_HTTP_URL, "https://evil.example/dir");
	made_text(f.m, SL_WHERE_HTTP_URL, "http://x//evil.example/a");
	made_obs(f.m, SL_WHERE_MAC_SRC, SL_TYPE_MAC, "\x00\x1b\x21\xaa\xbb\x0c", 6); /* 1 */
	made_text(f.m, SL_WHERE_HTTP_URI, "POST");
	made_text(f.m, SL_WHERE_HTTP_METHOD, "POST"); /* 1 */
	struct sl_observable *o = made_text(f.m, SL_WHERE_DNS_QUERY, "x");
	o->len = 0;
	o->flags = SL_OBS_CLOSE;
	static const uint16_t want[] = { 0, 0, 1, 3, 6, 8 };
	assert_int_equal(end(&f, NULL), 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(hit[i].obs, want[i]);
	assert_int_equal(hit[3].match, SL_MATCH_PREFIX);
	assert_int_equal(f.m->counters.c[SL_C_OBSERVABLES], 9);
	free(f.m);
}

static bool wants(const struct sl_ruleset *rs, enum sl_where w)
{
	uint64_t want[(SL_WHERE_COUNT + 63) / 64];
	sl_ruleset_want(rs, want);
	return want[w / 64] >> (w % 64) & 1;
}

static void test_want(void **state)
{
	(void)state;
	struct sl_intel *in = made_new();
	made_add(in, SL_TYPE_IPV6, "2001:db8::/32", SL_MATCH_EXACT);
	made_add(in, SL_TYPE_DOMAIN, "x.example", SL_MATCH_EXACT)->where = SL_WHERE_TLS_SNI;
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	assert_true(wants(rs, SL_WHERE_IP_SRC));
	assert_true(wants(rs, SL_WHERE_DNS_ANSWER_IP));
	assert_true(wants(rs, SL_WHERE_HTTP_HOST));
	assert_true(wants(rs, SL_WHERE_TLS_SNI));
	assert_false(wants(rs, SL_WHERE_DNS_QUERY));
	assert_false(wants(rs, SL_WHERE_HTTP_URL));
	assert_true(sl_ruleset_bytes(rs) > 0);
	sl_ruleset_free(rs);
	rs = made_ruleset(made_new(), NULL);
	for (unsigned w = 0; w < SL_WHERE_COUNT; w++)
		assert_false(wants(rs, (enum sl_where)w));
	assert_int_equal(sl_ruleset_indicators(rs), 0);
	sl_ruleset_free(rs);
}

/* What no table can hold is refused whole, and the set that came with it is freed. */
static void test_refused(void **state)
{
	(void)state;
	const struct sl_match_options o = { .validity = SL_VALID_PACKET };
	struct sl_ruleset *rs = NULL;
	char *text = calloc(1, NAME_TOO_LONG + 1);
	memset(text, 'a', NAME_TOO_LONG);
	for (unsigned i = 0; i < 4; i++) {
		struct sl_intel *in = made_new();
		made_add(in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT);
		if (i == 0)
			made_add(in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT)->prefix_len = 33;
		else if (i == 1)
			made_add(in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT)->version = 6;
		else
			made_add(in, i == 2 ? SL_TYPE_DOMAIN : SL_TYPE_URL, i == 2 ? text : "",
				SL_MATCH_EXACT);
		assert_int_equal(sl_ruleset_build(&rs, in, &o, NULL, 1), -EINVAL);
		assert_null(rs);
		assert_int_equal(made_live(), 0);
	}
	free(text);
}

/* Values as long as they come, made to walk as far as they can; each ends where memory ends. */
static void hostile(const struct sl_ruleset *rs, enum sl_where w, const char *unit, size_t len,
	const char *tail)
{
	struct made_batch *m = made_batch_new();
	uint8_t *text = malloc(len);
	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)unit[i % strlen(unit)];
	if (strlen(tail) <= len)
		memcpy(text + len - strlen(tail), tail, strlen(tail));
	struct guarded g = guarded_new(text, len);
	struct sl_observable *o = made_text(m, w, "x");
	o->value = g.p;
	o->len = (uint32_t)len;
	for (unsigned part = 0; part < 2; part++) {
		o->part = part ? SL_PART_TRUNCATED : SL_PART_WHOLE;
		(void)made_match(rs, m, hit, HITS);
	}
	guarded_free(&g);
	free(text);
	free(m);
}

static void test_hostile(void **state)
{
	(void)state;
	static const char *unit[] = { ".", "a.", "a", "a.example.", "http://", "//", "/a", "0",
		"0123456789abcdef", ":", "\xff\x00.", "1.2.3.4", "::" };
	static const size_t len[] = { 1, 2, 15, 16, 17, 32, 45, 46, 255, 1024, 1025, 8191, 8192 };
	struct sl_intel *in = made_new();
	char text[1024] = "";
	for (unsigned i = 0; i < 100; i++)
		strcat(text, "a.");
	strcat(text, "evil.example");
	made_add(in, SL_TYPE_DOMAIN, text, SL_MATCH_SUFFIX);
	made_add(in, SL_TYPE_DOMAIN, "a", SL_MATCH_SUFFIX);
	made_add(in, SL_TYPE_IPV4, "0.0.0.0/0", SL_MATCH_EXACT);
	made_add(in, SL_TYPE_URL, "//", SL_MATCH_PREFIX);
	made_add(in, SL_TYPE_URL, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", SL_MATCH_PREFIX);
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	for (size_t u = 0; u < sizeof(unit) / sizeof(unit[0]); u++) {
		for (size_t l = 0; l < sizeof(len) / sizeof(len[0]); l++) {
			hostile(rs, SL_WHERE_HTTP_HOST, unit[u], len[l], "");
			hostile(rs, SL_WHERE_DNS_QUERY, unit[u], len[l], ".evil.example");
			hostile(rs, SL_WHERE_HTTP_URL, unit[u], len[l], "");
			hostile(rs, SL_WHERE_HTTP_USER_AGENT, unit[u], len[l], "");
		}
	}
	sl_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_uncleared),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_cut_and_resume),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
