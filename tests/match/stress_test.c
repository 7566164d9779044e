/* SPDX-License-Identifier: BSD-3-Clause */
/* stress_test.c - rulesets published and freed while readers look up and indicators expire;
 * ThreadSanitizer's and AddressSanitizer's case. Bounded by rounds, not by time:
 * SIGHTLINE_STRESS_CHANGES says how many changes (default 2000).
 *
 * In generation g the value number v belongs to the indicator whose id says (v + h) % VALUES, where
 * h is g, or, where generations change a share of the values each, the last one up to g that
 * changed this: a reader that saw a table of one generation with indicators of another would
 * notice. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "made.h"
#include "spelled.h"

#define EXPIRY UINT64_C(1000) /* of every fifth value: who looks then doesn't see it any more */

enum { VALUES = 300, READERS = 3, GENERATIONS = 200, SHARE = 10, CHANGES = 2000, WHOLE = 250 };

static char ids[VALUES][8];
static int stop;
static int wrong;
static bool by_shares; /* but for generations that are whole ones */
static uint64_t rounds[READERS];

static void value_text(char *out, unsigned v)
{
	if (v % 3 == 0)
		sprintf(out, "192.0.%u.%u", v >> 8, v & 255);
	else if (v % 3 == 1)
		sprintf(out, "host%u.example", v);
	else
		sprintf(out, "http://example/%u", v);
}

/* The generation that said last whose the value is. */
static uint32_t said_in(uint32_t g, unsigned v)
{
	uint32_t whole = (g - 1) / WHOLE * WHOLE + 1;
	while (by_shares && g > whole && g % SHARE != v % SHARE)
		g--;
	return g;
}

static enum sl_type value_type(unsigned v)
{
	return v % 3 == 0 ? SL_TYPE_IPV4 : v % 3 == 1 ? SL_TYPE_DOMAIN : SL_TYPE_URL;
}

static bool expires(unsigned v)
{
	return v % 5 == 0;
}

static void add(struct sl_intel *in, unsigned v, const char *id)
{
	char text[64];
	value_text(text, v);
	struct sl_indicator *i = made_add(in, value_type(v), text, SL_MATCH_EXACT);
	i->id = id;
	i->valid_until_ns = expires(v) ? EXPIRY : 0;
}

static struct sl_ruleset *generation_build(uint32_t g, const struct sl_ruleset *previous)
{
	static const struct sl_match_options o = { .validity = SL_VALID_PACKET };
	struct sl_intel *in = made_new();
	struct sl_ruleset *rs = NULL;
	for (unsigned k = 0; k < VALUES; k++) {
		unsigned v = (k * 7 + g) % VALUES; /* another order in each */
		add(in, v, ids[(v + g) % VALUES]);
	}
	if (sl_ruleset_build(&rs, in, &o, previous, g) != 0)
		return NULL;
	return rs;
}

static struct sl_ruleset *generation_change(uint32_t g, const struct sl_ruleset *now)
{
	struct sl_intel *more = made_new(), *fewer = made_new();
	struct sl_ruleset *rs = NULL;
	struct sl_change sum;
	for (unsigned v = g % SHARE; v < VALUES; v += SHARE) {
		add(fewer, v, ids[(v + said_in(g - 1, v)) % VALUES]);
		add(more, v, ids[(v + g) % VALUES]);
	}
	int rc = sl_ruleset_change(&rs, now, sl_intel_book(more), sl_intel_book(fewer), g, &sum);
	sl_intel_free(more);
	sl_intel_free(fewer);
	return rc == 0 && sum.removed == VALUES / SHARE && sum.added == VALUES / SHARE ? rs : NULL;
}

static void fill(struct made_batch *m, unsigned first, uint64_t ts_ns)
{
	char text[64];
	sl_batch_empty(&m->b);
	for (unsigned v = first; v < first + 60; v++) {
		value_text(text, v);
		if (v % 3 == 0)
			made_addr(m, SL_WHERE_IP_SRC, text);
		else
			made_text(m, v % 3 == 1 ? SL_WHERE_DNS_QUERY : SL_WHERE_HTTP_URL, text);
		m->b.obs[v - first].ts_ns = ts_ns;
	}
}

static bool consistent(const struct sl_ruleset *rs, struct made_batch *m, unsigned first, bool late)
{
	static __thread struct sl_hit hit[SL_BATCH_MAX * 2];
	uint16_t from = 0;
	uint32_t n = sl_match(rs, &m->b, &from, hit, SL_BATCH_MAX * 2, &m->counters);
	uint32_t g = sl_ruleset_generation(rs);
	if (n != (late ? 48 : 60) || from != m->b.n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct sl_indicator *ind = spelled(rs, hit[i].indicator);
		char text[64];
		unsigned v = first + hit[i].obs;
		value_text(text, v);
		if ((late && expires(v)) ||
			strcmp(ind->id, ids[(v + said_in(g, v)) % VALUES]) != 0 ||
			strcmp(ind->value, text) != 0)
			return false;
	}
	return true;
}

static void *reader(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg, first = 0;
	struct made_batch *m = made_batch_new();
	bool late = false;
	sl_ruleset_reader_register();
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		const struct sl_ruleset *rs = sl_ruleset_get();
		fill(m, first, late ? EXPIRY : EXPIRY - 1);
		if (rs != NULL && !consistent(rs, m, first, late))
			__atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
		first = (first + 60) % VALUES;
		late ^= first == 0;
		sl_ruleset_quiescent();
		uint64_t n = __atomic_add_fetch(&rounds[number], 1, __ATOMIC_RELAXED);
		if (n % 16 == 0) {
			sl_ruleset_reader_offline();
			sched_yield();
			sl_ruleset_reader_online();
		}
	}
	sl_ruleset_reader_unregister();
	free(m);
	return NULL;
}

/* Each reader gets at least one look between two publications, however they are scheduled. */
static void readers_move(uint64_t before[READERS])
{
	for (unsigned i = 0; i < READERS; i++) {
		while (__atomic_load_n(&rounds[i], __ATOMIC_RELAXED) == before[i])
			sched_yield();
		before[i] = __atomic_load_n(&rounds[i], __ATOMIC_RELAXED);
	}
}

static void stress(uint32_t generations)
{
	pthread_t thread[READERS];
	uint64_t before[READERS] = { 0 };
	memset(rounds, 0, sizeof(rounds));
	stop = 0;
	for (unsigned i = 0; i < VALUES; i++)
		sprintf(ids[i], "%u", i);
	assert_null(sl_ruleset_get());
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, (void *)i), 0);
	struct sl_ruleset *now = NULL;
	for (uint32_t g = 1; g <= generations; g++) {
		bool whole = !by_shares || g % WHOLE == 1;
		struct sl_ruleset *next =
			whole ? generation_build(g, now) : generation_change(g, now);
		assert_non_null(next);
		struct sl_ruleset *old = sl_ruleset_publish(next);
		assert_ptr_equal(old, now);
		sl_ruleset_free(old);
		now = next;
		readers_move(before);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	assert_ptr_equal(sl_ruleset_publish(NULL), now);
	sl_ruleset_free(now);
	assert_int_equal(wrong, 0);
	assert_int_equal(made_live(), 0);
}

static void test_stress(void **state)
{
	(void)state;
	stress(GENERATIONS);
}

static void test_changes(void **state)
{
	(void)state;
	const char *changes = getenv("SIGHTLINE_STRESS_CHANGES");
	by_shares = true;
	stress(changes != NULL ? (uint32_t)strtoul(changes, NULL, 10) : CHANGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stress),
		cmocka_unit_test(test_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
