/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_test.c - which observations are joined, at every bound, and what is counted. */
#include <errno.h>

#include "joining.h"

#define A "[domain-name:value = 'a.example']"
#define B "[domain-name:value = 'b.example']"
#define C "[domain-name:value = 'c.example']"

/* What was told: the completing observation, and all that was joined, as "0:f1.m1.example ". */
struct told {
	uint64_t ts_ns;
	uint32_t generation;
	uint16_t said;
	char completing[48], joined[512];
};

struct fixture {
	struct sl_correlator *c;
	struct sl_correlator_options o;
	struct sl_counters counters;
	struct sl_ruleset *rs;
	struct sl_nets *home;
	struct told told[64];
	size_t n;
	unsigned flows;
};

static void tell(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
	const struct sl_joined *joined, size_t n)
{
	struct fixture *f = arg;
	struct told *t = &f->told[f->n++];
	assert_true(f->n <= sizeof(f->told) / sizeof(f->told[0]));
	assert_int_equal(hit->kind, SL_REC_HIT);
	assert_int_equal(hit->match, SL_MATCH_TREE);
	assert_int_equal(hit->generation, sl_ruleset_generation(rs));
	const struct sl_indicator *i = sl_ruleset_indicator(rs, sl_record_indicators(hit)[0]);
	assert_int_equal(i->match, SL_MATCH_TREE);
	struct sl_span v = sl_record_value(hit);
	memset(t, 0, sizeof(*t));
	t->ts_ns = hit->ts_ns;
	t->generation = hit->generation;
	t->said = hit->said_len;
	memcpy(t->completing, v.p, v.len);
	for (size_t k = 0; k < n; k++)
		snprintf(t->joined + strlen(t->joined), sizeof(t->joined) - strlen(t->joined),
			"%u:%.*s ", joined[k].leaf, (int)joined[k].value.len,
			(const char *)joined[k].value.p);
}

static void begin(struct fixture *f, const char *pattern)
{
	if (f->rs != NULL) {
		sl_correlator_free(f->c);
		sl_ruleset_free(f->rs);
	}
	f->n = 0;
	f->rs = ruleset_of(&pattern, 1, 1);
	memset(&f->counters, 0, sizeof(f->counters));
	assert_int_equal(sl_correlator_new(&f->c, &f->o), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	f->o = (struct sl_correlator_options){
		.home = f->home, .counters = &f->counters, .tell = tell, .arg = f
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_correlator_free(f->c);
	sl_ruleset_free(f->rs);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

static void give(struct fixture *f, struct seen s)
{
	struct made_expression x;
	assert_int_equal(sl_correlator_take(f->c, expression_of(&x, f->rs, s), f->rs), 0);
}

/* Expression `e` in a flow of its own, of host 1. */
static void see(struct fixture *f, unsigned e, uint64_t ts_ns)
{
	give(f, (struct seen){ ts_ns, 0, e, ++f->flows, 1, 1 });
}

/* How often it was true once everything is taken. */
static size_t count(struct fixture *f)
{
	sl_correlator_flush(f->c);
	assert_int_equal(sl_correlator_states(f->c), 0);
	assert_int_equal(sl_correlator_events(f->c), 0);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_TRUE], f->n);
	return f->n;
}

static size_t two(struct fixture *f, const char *pattern, uint64_t a_ns, uint64_t b_ns)
{
	begin(f, pattern);
	see(f, 0, a_ns);
	see(f, 1, b_ns);
	return count(f);
}

static void test_followed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(two(f, A " FOLLOWEDBY " B, T0, T0 + 1), 1);
	assert_int_equal(two(f, A " FOLLOWEDBY " B, T0, T0), 1);
	assert_int_equal(two(f, A " FOLLOWEDBY " B, T0 + 1, T0), 0);
	assert_int_equal(two(f, A " AND " B, T0 + 1, T0), 1);
	/* All of the left at or before all of the right. */
	begin(f, "(" A " AND " B ") FOLLOWEDBY " C);
	see(f, 0, T0);
	see(f, 2, T0 + 1);
	see(f, 1, T0 + 2);
	assert_int_equal(count(f), 0);
	begin(f, "(" A " AND " B ") FOLLOWEDBY " C);
	see(f, 0, T0);
	see(f, 1, T0 + 2);
	see(f, 2, T0 + 2);
	assert_int_equal(count(f), 1);
}

static void test_within(void **state)
{
	struct fixture *f = *state;
	uint64_t ten = 10 * SL_SECOND;
	const char *p = "(" A " FOLLOWEDBY " B ") WITHIN 10 SECONDS";
	assert_int_equal(two(f, p, T0, T0 + ten - 1), 1);
	assert_int_equal(two(f, p, T0, T0 + ten), 0);
	assert_int_equal(two(f, "(" A " AND " B ") WITHIN 10 SECONDS", T0 + ten - 1, T0), 1);
	assert_int_equal(two(f, "(" A " AND " B ") WITHIN 10 SECONDS", T0 + ten, T0), 0);
	assert_int_equal(two(f, "(" A " AND " B ") WITHIN 0.5 SECONDS", T0, T0 + 499999999), 1);
	assert_int_equal(two(f, "(" A " AND " B ") WITHIN 0.5 SECONDS", T0, T0 + 500000000), 0);
	/* Without one: a day. */
	uint64_t day = 86400 * SL_SECOND;
	assert_int_equal(two(f, A " AND " B, T0, T0 + day - 1), 1);
	assert_int_equal(two(f, A " AND " B, T0, T0 + day), 0);
	/* One that bounds only a part leaves the whole its day. */
	assert_int_equal(two(f, A " FOLLOWEDBY " B " WITHIN 1 SECONDS", T0, T0 + day - 1), 1);
	assert_int_equal(two(f, A " FOLLOWEDBY " B " WITHIN 1 SECONDS", T0, T0 + day), 0);
}

/* The latest isn't always the right one: an earlier pair is close enough. */
static void test_nested_windows(void **state)
{
	struct fixture *f = *state;
	begin(f, "((" A " FOLLOWEDBY " B ") WITHIN 5 SECONDS) FOLLOWEDBY " C);
	see(f, 0, T0);
	see(f, 1, T0 + 3 * SL_SECOND);
	see(f, 1, T0 + 50 * SL_SECOND);
	see(f, 2, T0 + 60 * SL_SECOND);
	assert_int_equal(count(f), 1);
	assert_string_equal(f->told[0].joined, "0:f1.m1.example 1:f2.m1.example 2:f4.m1.example ");
}

static void test_repeats(void **state)
{
	struct fixture *f = *state;
	begin(f, A " REPEATS 3 TIMES WITHIN 10 SECONDS");
	for (unsigned i = 0; i < 7; i++)
		see(f, 0, T0 + i * SL_SECOND);
	assert_int_equal(count(f), 2);
	assert_int_equal(f->told[0].ts_ns, T0 + 2 * SL_SECOND);
	assert_int_equal(f->told[1].ts_ns, T0 + 5 * SL_SECOND);
	/* Exactly the window, and just inside it. */
	for (unsigned inside = 0; inside < 2; inside++) {
		begin(f, A " REPEATS 3 TIMES WITHIN 10 SECONDS");
		see(f, 0, T0);
		see(f, 0, T0 + 5);
		see(f, 0, T0 + 10 * SL_SECOND - inside);
		assert_int_equal(count(f), inside);
	}
	/* More than is kept otherwise; the oldest of too many are left out. */
	begin(f, A " REPEATS 500 TIMES");
	for (unsigned i = 0; i < 1001; i++)
		see(f, 0, T0 + i);
	assert_int_equal(count(f), 2);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_DROPPED], 0);
	/* Of a pair: both twice. */
	begin(f, "(" A " FOLLOWEDBY " B ") REPEATS 2 TIMES");
	see(f, 0, T0);
	see(f, 1, T0 + 1);
	see(f, 1, T0 + 2);
	sl_correlator_clock(f->c, T0 + 3);
	assert_int_equal(f->n, 0);
	see(f, 0, T0 + 3);
	see(f, 1, T0 + 4);
	assert_int_equal(count(f), 1);
	/* Of either. */
	begin(f, "(" A " OR " B ") REPEATS 3 TIMES");
	for (unsigned i = 0; i < 6; i++)
		see(f, i % 2, T0 + i);
	assert_int_equal(count(f), 2);
}

static void test_start_stop(void **state)
{
	struct fixture *f = *state;
	const char *p =
		"(" A " AND " B ") START t'2026-01-31T09:00:00Z' STOP t'2026-01-31T09:00:10Z'";
	uint64_t stop = T0 + 10 * SL_SECOND;
	assert_int_equal(two(f, p, T0, stop - 1), 1);
	assert_int_equal(two(f, p, T0 - 1, stop - 1), 0);
	assert_int_equal(two(f, p, T0, stop), 0);
	assert_int_equal(two(f, p, stop, T0 + 1), 0);
}

static void test_either(void **state)
{
	struct fixture *f = *state;
	begin(f, "(" A " OR " B ") FOLLOWEDBY " C);
	see(f, 1, T0);
	see(f, 2, T0 + 1);
	see(f, 0, T0 + 2);
	see(f, 2, T0 + 3);
	assert_int_equal(count(f), 2);
}

static void test_different_observations(void **state)
{
	struct fixture *f = *state;
	const char *p = A " AND " B;
	/* One message that says both; then another of the same flow. */
	begin(f, p);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0, 0, 1, 1, 1, 1 });
	assert_int_equal(count(f), 0);
	begin(f, p);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0, 0, 1, 1, 1, 1 });
	give(f, (struct seen){ T0, 0, 1, 1, 2, 1 });
	assert_int_equal(count(f), 1);
	assert_string_equal(f->told[0].joined, "0:f1.m1.example 1:f1.m2.example ");
	/* The flow by itself is another than its messages. */
	begin(f, p);
	give(f, (struct seen){ T0, 0, 0, 1, 0, 1 });
	give(f, (struct seen){ T0, 0, 1, 1, 1, 1 });
	assert_int_equal(count(f), 1);
	/* The same again is nothing new. */
	begin(f, A " REPEATS 2 TIMES");
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0 + 1, 0, 0, 1, 1, 1 });
	assert_int_equal(count(f), 0);
	/* What was joined is used up for the other expressions, too. */
	begin(f, p);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0 + 1, 0, 1, 2, 1, 1 });
	give(f, (struct seen){ T0 + 1, 0, 0, 2, 1, 1 });
	give(f, (struct seen){ T0 + 2, 0, 1, 3, 1, 1 });
	assert_int_equal(count(f), 1);
}

/* A first choice that takes the only observation of another is taken back. */
static void test_choice_taken_back(void **state)
{
	struct fixture *f = *state;
	begin(f, "(" A " AND " B ") AND " C);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0 + 1, 0, 0, 2, 1, 1 });
	give(f, (struct seen){ T0 + 1, 0, 1, 2, 1, 1 });
	sl_correlator_clock(f->c, T0 + 2);
	give(f, (struct seen){ T0 + 3, 0, 2, 3, 1, 1 });
	assert_int_equal(count(f), 1);
	assert_string_equal(f->told[0].joined, "0:f1.m1.example 1:f2.m1.example 2:f3.m1.example ");
}

static void test_same_allowed(void **state)
{
	struct fixture *f = *state;
	uint32_t at;
	begin(f, A " AND " B);
	/* Only formats that name no scope ask for it: the test makes one so. */
	struct sl_detection *d = (struct sl_detection *)(uintptr_t)detection_of(f->rs, 0, &at);
	d->same_allowed = true;
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0, 0, 1, 1, 1, 1 });
	assert_int_equal(count(f), 1);
}

static void test_hosts(void **state)
{
	struct fixture *f = *state;
	struct made_expression x;
	begin(f, A " AND " B);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	give(f, (struct seen){ T0, 0, 1, 2, 1, 2 });
	assert_int_equal(count(f), 0);
	/* The own end, also where it is the responder. */
	begin(f, A " AND " B);
	give(f, (struct seen){ T0, 0, 0, 1, 1, 1 });
	struct sl_record *r = (struct sl_record *)(uintptr_t)expression_of(
		&x, f->rs, (struct seen){ T0 + 1, 0, 1, 2, 1, 1 });
	union sl_addr own = r->flow.src;
	r->flow.src = r->flow.dst;
	r->flow.dst = own;
	assert_int_equal(sl_correlator_take(f->c, r, f->rs), 0);
	assert_int_equal(count(f), 1);
	/* Between two own hosts the initiator alone. */
	begin(f, A " AND " B);
	for (unsigned i = 0; i < 2; i++) {
		r = (struct sl_record *)(uintptr_t)expression_of(
			&x, f->rs, (struct seen){ T0 + i, 0, i, 1 + i, 1, 1 + i });
		r->flow.dst.b[0] = 10;
		assert_int_equal(sl_correlator_take(f->c, r, f->rs), 0);
	}
	assert_int_equal(count(f), 0);
}

/* Three sources in every interleaving of what they tell: always the same. */
static void test_order_of_sources(void **state)
{
	struct fixture *f = *state;
	static const struct seen all[3][3] = {
		{ { T0, 0, 0, 1, 1, 1 }, { T0 + 20, 0, 1, 1, 2, 1 }, { T0 + 40, 0, 0, 1, 3, 1 } },
		{ { T0 + 10, 0, 0, 2, 1, 1 }, { T0 + 20, 0, 0, 2, 2, 1 },
			{ T0 + 50, 0, 1, 2, 3, 1 } },
		{ { T0 + 20, 0, 1, 3, 1, 1 }, { T0 + 30, 0, 1, 3, 2, 1 },
			{ T0 + 50, 0, 0, 3, 3, 1 } },
	};
	struct told first[8];
	size_t firsts = 0;
	unsigned orders = 0;
	for (unsigned code = 0; code < 19683; code++) {
		unsigned at[3] = { 0, 0, 0 }, left = code;
		bool whole = true;
		for (unsigned i = 0; i < 9; i++, left /= 3)
			whole &= at[left % 3]++ < 3;
		if (!whole)
			continue;
		if (orders++ == 0)
			begin(f, A " FOLLOWEDBY " B);
		f->n = 0;
		memset(at, 0, sizeof(at));
		left = code;
		for (unsigned i = 0; i < 9; i++, left /= 3) {
			uint64_t slowest = UINT64_MAX;
			give(f, all[left % 3][at[left % 3]++]);
			for (unsigned k = 0; k < 3; k++)
				if (at[k] < 3 &&
					(at[k] == 0 ? 0 : all[k][at[k] - 1].ts_ns) < slowest)
					slowest = at[k] == 0 ? 0 : all[k][at[k] - 1].ts_ns;
			if (slowest != UINT64_MAX)
				sl_correlator_clock(f->c, slowest);
		}
		sl_correlator_flush(f->c);
		if (orders == 1) {
			firsts = f->n;
			memcpy(first, f->told, f->n * sizeof(first[0]));
		}
		assert_int_equal(f->n, firsts);
		assert_memory_equal(f->told, first, f->n * sizeof(first[0]));
	}
	assert_int_equal(orders, 1680);
	assert_int_equal(firsts, 4);
}

/* An observation waits until every worker is past it, and where an end decides, for an end. */
static void test_waits(void **state)
{
	struct fixture *f = *state;
	begin(f, A " AND " B);
	see(f, 0, T0);
	see(f, 1, T0 + 10);
	sl_correlator_clock(f->c, T0 + 10);
	assert_int_equal(f->n, 0);
	sl_correlator_clock(f->c, T0 + 11);
	assert_int_equal(f->n, 1);
	f->o.slack_ns = 5;
	f->o.late_ns = 1000;
	begin(f, "[network-traffic:src_packets > 5] FOLLOWEDBY " B);
	see(f, 1, T0 + 10);
	sl_correlator_clock(f->c, T0 + 1000);
	see(f, 0, T0 + 5); /* known at the flow's end, long after */
	sl_correlator_clock(f->c, T0 + 1015);
	assert_int_equal(f->n, 0);
	sl_correlator_clock(f->c, T0 + 1016);
	assert_int_equal(f->n, 1);
}

static void test_states_bound(void **state)
{
	struct fixture *f = *state;
	f->o.max_states = 2;
	begin(f, A " AND " B);
	for (unsigned host = 1; host <= 3; host++)
		give(f, (struct seen){ T0 + host, 0, 0, host, 1, host });
	sl_correlator_clock(f->c, T0 + 4);
	assert_int_equal(sl_correlator_states(f->c), 2);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_EVICTED], 1);
	/* The oldest went, the others are there. */
	for (unsigned host = 3; host >= 1; host--)
		give(f, (struct seen){ T0 + 20 - host, 0, 1, 10 + host, 1, host });
	assert_int_equal(count(f), 2);
	/* One that can't be joined any more goes without being counted. */
	begin(f, A " AND " B);
	for (unsigned host = 1; host <= 3; host++)
		give(f, (struct seen){ T0 + host * 90000 * SL_SECOND, 0, 0, host, 1, host });
	sl_correlator_clock(f->c, T0 + 400000 * SL_SECOND);
	assert_int_equal(sl_correlator_states(f->c), 0);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_EVICTED], 0);
}

static void test_events_bound(void **state)
{
	struct fixture *f = *state;
	f->o.max_events = 4;
	begin(f, A " FOLLOWEDBY " B);
	for (unsigned i = 0; i < 6; i++)
		see(f, 0, T0 + i);
	sl_correlator_clock(f->c, T0 + 6);
	assert_int_equal(sl_correlator_events(f->c), 4);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_DROPPED], 2);
	for (unsigned i = 0; i < 6; i++)
		see(f, 1, T0 + 10 + i);
	assert_int_equal(count(f), 4);
}

static void test_memory_bound(void **state)
{
	struct fixture *f = *state;
	f->o.memory = 4096;
	begin(f, A " AND " B);
	for (unsigned i = 0; i < 100; i++)
		give(f, (struct seen){ T0 + i, 0, 0, 1 + i, 1, 1 + i % 200 });
	assert_true(sl_correlator_events(f->c) < 20);
	assert_true(
		f->counters.c[SL_C_CORRELATOR_EARLY] + f->counters.c[SL_C_CORRELATOR_EVICTED] > 50);
	(void)count(f);
}

/* A pattern whose every choice has to be tried gives up, and says so. */
static void test_work_bound(void **state)
{
	struct fixture *f = *state;
	f->o.max_work = 1000;
	begin(f, "(" A " AND " B ") AND (" C " AND " A ")");
	/* The three are all said by the same few messages: four different ones never come
	 * together. */
	for (unsigned i = 0; i < 3; i++)
		for (unsigned e = 0; e < 4; e++)
			give(f, (struct seen){ T0 + i, 0, e, 1 + i, 1, 1 });
	assert_int_equal(count(f), 0);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_GAVE_UP], 0);
	f->o.max_work = 10;
	begin(f, "(" A " AND " B ") AND (" C " AND " A ")");
	for (unsigned i = 0; i < 3; i++)
		for (unsigned e = 0; e < 4; e++)
			give(f, (struct seen){ T0 + i, 0, e, 1 + i, 1, 1 });
	assert_int_equal(count(f), 0);
	assert_true(f->counters.c[SL_C_CORRELATOR_GAVE_UP] > 0);
}

static void test_too_large(void **state)
{
	struct fixture *f = *state;
	begin(f, A " REPEATS 1025 TIMES");
	for (unsigned i = 0; i < 5; i++)
		see(f, 0, T0 + i);
	assert_int_equal(count(f), 0);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_DROPPED], 5);
	begin(f, A " REPEATS 1024 TIMES");
	for (unsigned i = 0; i < 1024; i++)
		see(f, 0, T0 + i);
	assert_int_equal(count(f), 1);
}

static void test_reload(void **state)
{
	struct fixture *f = *state;
	const char *both[] = { A " AND " B, A " AND " C };
	struct sl_ruleset *one = ruleset_of(both, 2, 1), *next;
	/* The second has another before it, and lacks the first. */
	const char *other[] = { C " AND " B, A " AND " C };
	begin(f, A " AND " B);
	struct made_expression x;
	for (unsigned p = 0; p < 2; p++)
		assert_int_equal(
			sl_correlator_take(f->c,
				expression_of(&x, one, (struct seen){ T0, p, 0, 1 + p, 1, 1 }),
				one),
			0);
	sl_correlator_clock(f->c, T0 + 1);
	/* These wait while the set changes. */
	for (unsigned p = 0; p < 2; p++)
		assert_int_equal(
			sl_correlator_take(f->c,
				expression_of(&x, one, (struct seen){ T0 + 5, p, 0, 3 + p, 1, 1 }),
				one),
			0);
	next = ruleset_of(other, 2, 2);
	assert_int_equal(sl_correlator_states(f->c), 2);
	sl_correlator_retire(f->c, one, next);
	sl_ruleset_free(one);
	assert_int_equal(sl_correlator_states(f->c), 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sl_correlator_take(f->c,
					 expression_of(&x, next,
						 (struct seen){ T0 + 9 + i, 1, 1, 8 + i, 1, 1 }),
					 next),
			0);
	assert_int_equal(count(f), 2);
	assert_int_equal(f->told[0].generation, 2);
	sl_correlator_retire(f->c, next, NULL);
	sl_ruleset_free(next);
}

/* A record of the newer set comes while others still tell of the older one. */
static void test_two_sets_at_once(void **state)
{
	struct fixture *f = *state;
	const char *first[] = { A " AND " B }, *second[] = { C " AND " B, A " AND " B };
	struct sl_ruleset *one = ruleset_of(first, 1, 1), *next = ruleset_of(second, 2, 2);
	struct made_expression x;
	begin(f, A " AND " B);
	/* Ids tell patterns apart: the second set's p1 is not the first's p0. */
	((struct sl_indicator *)(uintptr_t)sl_ruleset_indicator(
		 next, detection_of(next, 1, &(uint32_t){ 0 })->indicator))
		->id = "p0";
	((struct sl_indicator *)(uintptr_t)sl_ruleset_indicator(
		 next, detection_of(next, 0, &(uint32_t){ 0 })->indicator))
		->id = "p1";
	for (unsigned i = 0; i < 4; i++) {
		const struct sl_ruleset *rs = i % 2 ? one : next;
		const struct sl_record *r =
			expression_of(&x, rs, (struct seen){ T0 + i, 0, i / 2, 1 + i, 1, 1 });
		assert_int_equal(sl_correlator_take(f->c, r, rs), 0);
	}
	sl_correlator_clock(f->c, T0 + 100);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[0].generation, 2);
	assert_int_equal(f->told[1].generation, 2);
	sl_correlator_retire(f->c, one, next);
	sl_ruleset_free(one);
	assert_int_equal(count(f), 2);
	sl_correlator_retire(f->c, next, NULL);
	sl_ruleset_free(next);
}

static void test_odd_records(void **state)
{
	struct fixture *f = *state;
	struct made_expression x;
	begin(f, A " AND " B);
	struct sl_record *r = &x.r;
	(void)expression_of(&x, f->rs, (struct seen){ T0, 0, 0, 1, 1, 1 });
	r->kind = SL_REC_HIT;
	assert_int_equal(sl_correlator_take(f->c, r, f->rs), -EINVAL);
	r->kind = SL_REC_EXPRESSION;
	r->expression = 2;
	assert_int_equal(sl_correlator_take(f->c, r, f->rs), -EINVAL);
	r->expression = 0;
	r->indicator_count = 0;
	assert_int_equal(sl_correlator_take(f->c, r, f->rs), -EINVAL);
	/* The ends of time. */
	see(f, 0, 0);
	see(f, 1, UINT64_MAX);
	see(f, 0, UINT64_MAX);
	sl_correlator_clock(f->c, UINT64_MAX);
	assert_int_equal(count(f), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_followed), T(test_within),
		T(test_nested_windows), T(test_repeats), T(test_start_stop), T(test_either),
		T(test_different_observations), T(test_choice_taken_back), T(test_same_allowed),
		T(test_hosts), T(test_order_of_sources), T(test_waits), T(test_states_bound),
		T(test_events_bound), T(test_memory_bound), T(test_work_bound), T(test_too_large),
		T(test_reload), T(test_two_sets_at_once), T(test_odd_records) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
