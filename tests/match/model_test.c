/* SPDX-License-Identifier: BSD-3-Clause */
/* model_test.c - random indicators against random observables, compared with an oracle that looks
 * at every pair. Values come from small alphabets, so that they nest, share ends and collide. */
#include <stdio.h>

#include "drawn.h"
#include "spelled.h"

#define INDICATORS 60
#define ROUNDS 400

/* ---- The oracle ---- */

static bool oracle_address(const struct sl_indicator *i, const struct sl_observable *o)
{
	union sl_addr a = { .q = { 0, 0 } };
	uint8_t version = i->type == SL_TYPE_IPV4 ? 4 : 6;
	if (o->type == i->type && o->part == SL_PART_WHOLE) {
		memcpy(a.b, o->value, o->len);
	} else if (o->where == SL_WHERE_HTTP_HOST && o->part == SL_PART_WHOLE) {
		if (!sl_addr_parse((const char *)o->value, o->len, &a, &version) ||
			version != (i->type == SL_TYPE_IPV4 ? 4 : 6))
			return false;
	} else {
		return false;
	}
	for (unsigned bit = 0; bit < i->prefix_len; bit++) {
		unsigned at = 7 - bit % 8;
		if ((a.b[bit / 8] >> at & 1) != (i->addr.b[bit / 8] >> at & 1))
			return false;
	}
	return true;
}

static bool oracle_name(const struct sl_indicator *i, const struct sl_observable *o, uint8_t *how)
{
	if (o->type != i->type || o->part != SL_PART_WHOLE || o->len < i->value_len)
		return false;
	uint32_t before = o->len - i->value_len;
	if (memcmp(o->value + before, i->value, i->value_len) != 0)
		return false;
	if (before == 0)
		return true;
	*how = SL_MATCH_SUFFIX;
	return i->match == SL_MATCH_SUFFIX && o->value[before - 1] == '.';
}

static bool oracle_text(const struct sl_indicator *i, const struct sl_observable *o, uint8_t *how)
{
	const uint8_t *p = o->value;
	uint32_t len = o->len;
	if (o->type != i->type)
		return false;
	if (i->type == SL_TYPE_URL && i->value[0] == '/' && p[0] != '/') {
		const uint8_t *colon = memchr(p, ':', len);
		len -= (uint32_t)(colon + 1 - p);
		p = colon + 1;
	}
	if (len < i->value_len || memcmp(p, i->value, i->value_len) != 0)
		return false;
	if (len == i->value_len && o->part == SL_PART_WHOLE)
		return true;
	*how = SL_MATCH_PREFIX;
	return i->match == SL_MATCH_PREFIX;
}

static bool oracle(const struct sl_indicator *i, const struct sl_observable *o, uint8_t *how)
{
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	*how = SL_MATCH_EXACT;
	if (addr			    ? !oracle_address(i, o)
		: i->type == SL_TYPE_DOMAIN ? !oracle_name(i, o, how)
					    : !oracle_text(i, o, how))
		return false;
	if (i->where != SL_WHERE_NONE && i->where != o->where)
		return false;
	if (i->port != 0) {
		if (o->where == SL_WHERE_DNS_ANSWER_IP)
			return false;
		if (i->port != (o->where == SL_WHERE_IP_SRC ? o->flow->sport : o->flow->dport))
			return false;
	}
	return o->ts_ns >= i->valid_from_ns &&
	       (i->valid_until_ns == 0 || o->ts_ns < i->valid_until_ns);
}

static bool same_value(const struct sl_indicator *a, const struct sl_indicator *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == SL_TYPE_IPV4 || a->type == SL_TYPE_IPV6)
		return a->prefix_len == b->prefix_len && memcmp(&a->addr, &b->addr, 16) == 0;
	return strcmp(a->value, b->value) == 0;
}

/* ---- Comparison ---- */

static void check_hits_of(const struct sl_ruleset *rs, const struct sl_observable *o,
	const struct sl_hit *hit, uint32_t n)
{
	size_t expected = 0;
	for (uint32_t number = 0; number < sl_ruleset_indicators(rs); number++) {
		uint8_t how;
		uint32_t found = 0;
		bool want = oracle(spelled(rs, number), o, &how);
		expected += want;
		for (uint32_t h = 0; h < n; h++) {
			if (hit[h].indicator != number)
				continue;
			found++;
			assert_int_equal(hit[h].match, how);
		}
		if (found != want)
			fail_msg("indicator %s (type %u) and value %.*s: %u, want %u",
				spelled(rs, number)->value, spelled(rs, number)->type,
				o->type == SL_TYPE_IPV4 || o->type == SL_TYPE_IPV6 ? 0
										   : (int)o->len,
				(const char *)o->value, found, want);
	}
	assert_int_equal(n, expected);
	for (uint32_t a = 0; a < n; a++) {
		for (uint32_t c = a + 1; c < n; c++) {
			bool same = same_value(
				spelled(rs, hit[a].indicator), spelled(rs, hit[c].indicator));
			assert_int_equal(same, hit[a].value == hit[c].value);
			if (same) /* they stand together */
				assert_int_equal(hit[c - 1].value, hit[c].value);
		}
	}
}

static void test_model(void **state)
{
	(void)state;
	static struct sl_hit hit[SL_BATCH_MAX * SL_HITS_PER_OBS];
	struct made_batch *m = made_batch_new();
	m->flow.sport = 1111;
	m->flow.dport = 2222;
	uint64_t total = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sl_intel *in = made_new();
		unsigned n = drawn(INDICATORS);
		for (unsigned i = 0; i < n; i++)
			(void)drawn_indicator(in);
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		sl_batch_empty(&m->b);
		for (unsigned i = 0; i < SL_BATCH_MAX; i++)
			drawn_observable(m);
		uint32_t hits = made_match(rs, m, hit, SL_BATCH_MAX * SL_HITS_PER_OBS), at = 0;
		for (uint16_t i = 0; i < m->b.n; i++) {
			uint32_t first = at;
			while (at < hits && hit[at].obs == i)
				at++;
			check_hits_of(rs, &m->b.obs[i], hit + first, at - first);
		}
		assert_int_equal(at, hits);
		total += hits;
		sl_ruleset_free(rs);
	}
	assert_true(total > ROUNDS * 10); /* the alphabets are small enough to mean something */
	assert_int_equal(made_live(), 0);
	free(m);
}

/* One value of each length, and everything beside it: many lines, many tags. */
static void test_many(void **state)
{
	(void)state;
	enum { MANY = 20000 };
	static struct sl_hit hit[SL_BATCH_MAX * SL_HITS_PER_OBS];
	struct sl_intel *in = made_new();
	char text[256];
	for (unsigned i = 0; i < MANY; i++) {
		sprintf(text, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		made_add(in, SL_TYPE_IPV4, text, SL_MATCH_EXACT);
		sprintf(text, "2001:db8::%x", i * 2);
		made_add(in, SL_TYPE_IPV6, text, SL_MATCH_EXACT);
		sprintf(text, "host%u.zone%u.example", i, i % 100);
		made_add(in, SL_TYPE_DOMAIN, text, SL_MATCH_SUFFIX);
		sprintf(text, "//zone.example/%u/", i * 2);
		made_add(in, SL_TYPE_URL, text, SL_MATCH_PREFIX);
	}
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	struct made_batch *m = made_batch_new();
	for (unsigned i = 0; i < MANY * 2; i++) {
		sl_batch_empty(&m->b);
		sprintf(text, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		made_addr(m, SL_WHERE_IP_SRC, text);
		sprintf(text, "2001:db8::%x", i);
		made_addr(m, SL_WHERE_IP_DST, text);
		sprintf(text, "www.host%u.zone%u.example", i, i % 100);
		made_text(m, SL_WHERE_DNS_QUERY, text);
		sprintf(text, "http://zone.example/%u/index.html", i);
		made_text(m, SL_WHERE_HTTP_URL, text);
		uint32_t want = 2u * (i < MANY) + 2u * (i % 2 == 0);
		assert_int_equal(made_match(rs, m, hit, sizeof(hit) / sizeof(hit[0])), want);
	}
	free(m);
	sl_ruleset_free(rs);
}

/* 0.0.0.0 is the tag of an empty place. The filter lets it through once in some hundred sets, as
 * each has its own key. */
static void test_zero(void **state)
{
	(void)state;
	static struct sl_hit hit[SL_HITS_PER_OBS];
	struct made_batch *m = made_batch_new();
	char text[32];
	made_addr(m, SL_WHERE_IP_SRC, "0.0.0.0");
	for (unsigned round = 0; round < 500; round++) {
		struct sl_intel *in = made_new();
		for (unsigned i = 0; i < 600; i++) {
			sprintf(text, "10.0.%u.%u", i >> 8, i & 255);
			made_add(in, SL_TYPE_IPV4, text, SL_MATCH_EXACT);
		}
		if (round == 0)
			made_add(in, SL_TYPE_IPV4, "0.0.0.0", SL_MATCH_EXACT);
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		assert_int_equal(made_match(rs, m, hit, SL_HITS_PER_OBS), round == 0);
		sl_ruleset_free(rs);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
