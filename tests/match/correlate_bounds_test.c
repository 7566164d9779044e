/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_bounds_test.c - full memory, too much work, a change of intelligence, odd records. */
#include <errno.h>

#include "joining_told.h"
#include "spelled.h"

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

/* What a host's observations took counts as long as the host is remembered, though they are gone.
 */
static void test_memory_of_hosts(void **state)
{
	enum { HOSTS = 200, EACH = 1000 };
	struct fixture *f = *state;
	f->o.memory = 1 << 20;
	begin(f, A " REPEATS 1024 TIMES WITHIN 1 SECONDS");
	for (unsigned host = 1; host <= HOSTS; host++) {
		uint64_t at_ns = T0 + host * 2 * SL_SECOND;
		for (unsigned i = 0; i < EACH; i++)
			give(f, (struct seen){ at_ns + i, 0, 0, host * 2 * EACH + i, 1, host });
		sl_correlator_clock(f->c, at_ns + EACH);
		give(f, (struct seen){
				at_ns + SL_SECOND * 3 / 2, 0, 0, host * 2 * EACH + EACH, 1, host });
		sl_correlator_clock(f->c, at_ns + SL_SECOND * 19 / 10);
	}
	assert_int_equal(sl_correlator_events(f->c), sl_correlator_states(f->c));
	assert_true(sl_correlator_states(f->c) * EACH * sizeof(void *) <= f->o.memory);
	assert_int_equal(count(f), 0);
	f->o.memory = 0;
}

/* What a flow's end brings (what it held, a file that lasts as long as its connection) comes as
 * late as that, and finds what followed. */
static void test_what_ends_bring(void **state)
{
	struct fixture *f = *state;
	f->o.late_ns = 7200 * SL_SECOND;
	begin(f, "(" A " FOLLOWEDBY " B ") WITHIN 10 SECONDS");
	see(f, 1, T0 + 5 * SL_SECOND);
	for (unsigned s = 6; s < 7200; s += 60)
		sl_correlator_clock(f->c, T0 + s * SL_SECOND);
	see(f, 0, T0);
	assert_int_equal(count(f), 1);
	f->o.late_ns = 0;
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
	uint32_t at;
	const char *pattern = A " REPEATS 1025 TIMES";
	struct sl_ruleset *refused = ruleset_of(&pattern, 1, 1);
	assert_int_equal(sl_ruleset_detections(refused), 0);
	sl_ruleset_free(refused);
	/* One that came by the compiler all the same. */
	begin(f, A " REPEATS 1024 TIMES");
	const struct sl_detection *d = detection_of(f->rs, 0, &at);
	for (uint16_t i = 0; i < d->ops; i++)
		if (d->op[i].op == SL_OP_REPEATS)
			((struct sl_op *)(uintptr_t)d->op)[i].number = 1025;
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
	/* Of the detection that went: one that was taken, one that waited. */
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_FORGOTTEN], 2);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_DROPPED], 0);
	sl_correlator_retire(f->c, next, NULL);
	sl_ruleset_free(next);
}

/* A record of the newer set comes while others still tell of the older one. */
static void test_two_sets_at_once(void **state)
{
	struct fixture *f = *state;
	const char *first[] = { A " AND " B }, *second[] = { C " AND " B, A " AND " B };
	/* Ids tell patterns apart: the second set's p1 is not the first's p0. */
	const char *id[] = { "p1", "p0" };
	struct sl_ruleset *one = ruleset_of(first, 1, 1), *next = ruleset_named(second, id, 2, 2);
	struct made_expression x;
	begin(f, A " AND " B);
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
	const struct CMUnitTest tests[] = { T(test_states_bound), T(test_events_bound),
		T(test_memory_bound), T(test_memory_of_hosts), T(test_what_ends_bring),
		T(test_work_bound), T(test_too_large), T(test_reload), T(test_two_sets_at_once),
		T(test_odd_records) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
