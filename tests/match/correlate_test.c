/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_test.c - which observations are joined, at every bound, and what is counted. */
#include <errno.h>

#include "joining_told.h"

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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_followed), T(test_within),
		T(test_nested_windows), T(test_repeats), T(test_start_stop), T(test_either),
		T(test_different_observations), T(test_choice_taken_back), T(test_same_allowed),
		T(test_hosts), T(test_order_of_sources), T(test_waits) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
