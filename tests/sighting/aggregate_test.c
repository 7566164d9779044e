/* SPDX-License-Identifier: BSD-3-Clause */
/* aggregate_test.c - what is one sighting, what it counts, and when it is told. */
#include <errno.h>

#include "test.h"

#include "told.h"
#include "match/spelled.h"

static const char lines[] =
	"{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":\"evil.example\",\"match\":"
	"\"suffix\","
	"\"source\":\"feed-a\",\"name\":\"Evil\",\"tlp\":\"amber\",\"confidence\":80,"
	"\"severity\":\"high\"}\n"
	"{\"id\":\"i-evil-b\",\"type\":\"domain-name\",\"value\":\"evil.example\","
	"\"match\":\"suffix\",\"source\":\"feed-b\",\"test\":true}\n"
	"{\"id\":\"i-bad\",\"type\":\"domain-name\",\"value\":\"bad.example\",\"match\":\"suffix\","
	"\"source\":\"feed-a\"}\n";

static void sightings_begin(struct fixture *f, uint64_t horizon_ns, uint32_t max_open)
{
	told_begin(
		f, (struct sl_sightings_options){ .horizon_ns = horizon_ns, .max_open = max_open });
}

static int setup(void **state)
{
	struct fixture *f = told_new(lines);
	f->evil[1] = number_of_id(f->rs, "i-evil-b");
	sightings_begin(f, 0, 0);
	*state = f;
	return 0;
}

static void hit(
	struct fixture *f, uint64_t ts_ns, const char *name, uint32_t message, uint8_t flags)
{
	struct made_record x;
	record_name(&x, ts_ns, SL_WHERE_DNS_QUERY, name, message, f->evil, 1);
	x.r.flags = flags;
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
}

static void test_first_at_once(void **state)
{
	struct fixture *f = *state;
	hit(f, T0 + 5, "a.evil.example", 1, 0);
	assert_int_equal(f->n, 1);
	/* python3 -c 'import uuid;
	 * print(uuid.uuid5(uuid.UUID("5b7c5a2e-3f0d-4f0e-9d64-0c1f6d2a7e11"),
	 * "\0".join(["tap-1","b007","domain-name","evil.example","dns.query","10.0.0.1","8.8.8.8",
	 * "1769850000000000000"])))' */
	assert_string_equal(f->told[0].id, "2f74907f-55ea-5ea3-86e1-53db963eac7d");
	assert_int_equal(f->told[0].revision, 1);
	assert_int_equal(f->told[0].seq, 1);
	assert_int_equal(f->told[0].count, 1);
	assert_string_equal(f->told[0].value, "a.evil.example");
	assert_string_equal(f->told[0].direction, "outbound");
	assert_string_equal(f->told[0].outcome, "attempted");
	assert_int_equal(f->told[0].examples, 1);
	assert_int_equal(f->told[0].distinct, 1);
	assert_false(f->told[0].test);
	assert_false(f->told[0].quiet);
	assert_int_equal(f->counters.c[SL_C_SIGHTINGS], 1);
}

static void test_repeats_told_at_close(void **state)
{
	struct fixture *f = *state;
	hit(f, T0 + 5, "a.evil.example", 1, 0);
	hit(f, T0 + 9, "b.evil.example", 2, 0);
	hit(f, T0 + 7, "a.evil.example", 3, 0);
	sl_sightings_clock(f->s, T0 + MINUTE - 1);
	assert_int_equal(f->n, 1);
	sl_sightings_clock(f->s, T0 + MINUTE);
	assert_int_equal(f->n, 2);
	assert_string_equal(f->told[1].id, f->told[0].id);
	assert_int_equal(f->told[1].revision, 2);
	assert_int_equal(f->told[1].seq, 2);
	assert_int_equal(f->told[1].count, 3);
	assert_int_equal(f->told[1].distinct, 2);
	assert_int_equal(f->told[1].examples, 2);
	assert_int_equal(f->told[1].first, T0 + 5);
	assert_int_equal(f->told[1].last, T0 + 9);
	assert_string_equal(f->told[1].value, "a.evil.example");
	/* Nothing has changed since. */
	sl_sightings_clock(f->s, T0 + 10 * MINUTE);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 2);
}

static void test_grid(void **state)
{
	struct fixture *f = *state;
	hit(f, T0 + MINUTE - 1, "evil.example", 1, 0);
	hit(f, T0 + MINUTE, "evil.example", 2, 0);
	assert_int_equal(f->n, 2);
	assert_string_not_equal(f->told[0].id, f->told[1].id);
	assert_int_equal(f->told[1].revision, 1);
}

static void test_identity(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	hit(f, T0, "evil.example", 1, 0);
	/* Another where, another responder, another listed value: others. */
	record_name(&x, T0, SL_WHERE_TLS_SNI, "evil.example", 1, f->evil, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 2, f->evil, 1);
	record_flow(&x.r, "10.0.0.1", 40000, "9.9.9.9", 53, 17);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	uint32_t bad = number_of_id(f->rs, "i-bad");
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "bad.example", 3, &bad, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	assert_int_equal(f->n, 4);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f->told[i].id, f->told[j].id);
	/* Another port, flow, name below, indicator of the same value, kind of match: the same. */
	record_name(&x, T0 + 1, SL_WHERE_DNS_QUERY, "z.evil.example", 1, f->evil + 1, 1);
	record_flow(&x.r, "10.0.0.1", 40001, "8.8.8.8", 5353, 6);
	x.r.flow.id = 2;
	x.r.match = SL_MATCH_EXACT;
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 5);
	assert_string_equal(f->told[4].id, f->told[0].id);
	assert_int_equal(f->told[4].count, 2);
	assert_int_equal(f->told[4].indicators, 2);
	assert_true(f->told[4].test);
	assert_false(f->told[0].test);
}

static void test_repeat_flag(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	hit(f, T0, "evil.example", 1, 0);
	/* The answer repeats the question and brings the outcome. */
	record_name(&x, T0 + 50, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 1);
	x.r.flags = SL_OBS_REPEAT;
	x.r.outcome = SL_OUTCOME_NXDOMAIN;
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[1].count, 1);
	assert_string_equal(f->told[1].outcome, "nxdomain");
	assert_int_equal(f->told[1].last, T0 + 50);
	/* A repeat that says nothing new is not told, and knowledge doesn't shrink. */
	x.r.outcome = SL_OUTCOME_ANSWERED;
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 2);
}

/* Messages of two hosts that are under way at once, each with a value more at its end. */
static void test_many_at_once(void **state)
{
	struct fixture *f = *state;
	for (unsigned twice = 0; twice < 2; twice++)
		for (unsigned m = 1; m <= 200; m++)
			hit(f, T0 + twice * 1000 + m, "evil.example", m, 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->told[f->n - 1].count, 200);
}

/* An answer in the next window belongs to its question. */
static void test_repeat_over_the_edge(void **state)
{
	struct fixture *f = *state;
	hit(f, T0 + MINUTE - 1, "evil.example", 1, 0);
	hit(f, T0 + MINUTE + 1, "evil.example", 1, SL_OBS_REPEAT);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 1);
	/* One whose question nobody counted opens its own. */
	hit(f, T0 + MINUTE + 2, "evil.example", 9, SL_OBS_REPEAT);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[1].count, 1);
}

/* What was counted by a sighting that is forgotten is not counted by the one that takes its place:
 * what became of the flow, and what a newer indicator says of it, are told of it all the same. */
static void test_what_was_told_counts_once(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sightings_begin(f, 5 * MINUTE, 0);
	hit(f, T0, "evil.example", 1, 0);
	sl_sightings_clock(f->s, T0 + 20 * MINUTE);
	hit(f, T0 + 20 * MINUTE, "evil.example", 1, SL_OBS_AGAIN | SL_OBS_REPEAT | SL_OBS_SILENT);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[1].count, 0);
	hit(f, T0 + 20 * MINUTE, "b.evil.example", 1, 0); /* the same observation */
	hit(f, T0 + 20 * MINUTE, "evil.example", 2, 0);
	hit(f, T0 + 20 * MINUTE, "evil.example", 3, SL_OBS_AGAIN | SL_OBS_SILENT); /* all new */
	sl_sightings_flush(f->s);
	assert_int_equal(f->told[2].count, 2);
}

/* Two names of one message below the same listed one: one observation. */
static void test_one_message_counts_once(void **state)
{
	struct fixture *f = *state;
	hit(f, T0, "a.evil.example", 1, 0);
	hit(f, T0, "b.evil.example", 1, 0);
	hit(f, T0, "c.evil.example", 1, 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->told[f->n - 1].count, 1);
	assert_int_equal(f->told[f->n - 1].distinct, 3);
}

static void test_late(void **state)
{
	struct fixture *f = *state;
	hit(f, T0, "evil.example", 1, 0);
	sl_sightings_clock(f->s, T0 + 3 * MINUTE);
	hit(f, T0 + 1, "evil.example", 2, 0);
	hit(f, T0 + 2, "evil.example", 3, 0);
	assert_int_equal(f->n, 1);
	sl_sightings_clock(f->s, T0 + 4 * MINUTE);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[1].revision, 2);
	assert_int_equal(f->told[1].count, 3);
	assert_string_equal(f->told[1].id, f->told[0].id);
}

static void test_horizon(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sightings_begin(f, 5 * MINUTE, 0);
	hit(f, T0, "evil.example", 1, 0);
	sl_sightings_clock(f->s, T0 + 6 * MINUTE - 1);
	hit(f, T0, "evil.example", 2, 0);
	sl_sightings_clock(f->s, T0 + 20 * MINUTE); /* tells, and forgets */
	assert_int_equal(f->n, 2);
	/* What comes yet goes on from there: a reader keeps the highest revision. */
	hit(f, T0 + 7, "evil.example", 3, 0);
	assert_int_equal(f->told[2].revision, 3);
	assert_int_equal(f->told[2].count, 3);
	assert_int_equal(f->told[2].first, T0);
	assert_string_equal(f->told[2].id, f->told[0].id);
}

/* A second capture that says the same within the same window: the id isn't given away twice. */
static void test_flush_remembers(void **state)
{
	struct fixture *f = *state;
	for (uint64_t flow = 1; flow <= 2; flow++) {
		struct made_record x;
		record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 1);
		x.r.flow.id = flow;
		assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
		sl_sightings_clock(f->s, T0 + 9 * MINUTE);
		sl_sightings_flush(f->s);
	}
	assert_int_equal(f->n, 2);
	assert_string_equal(f->told[0].id, f->told[1].id);
	assert_int_equal(f->told[1].revision, 2);
	assert_int_equal(f->told[1].count, 2);
}

static void test_bound(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sightings_begin(f, 0, 2);
	hit(f, T0, "evil.example", 1, 0);
	hit(f, T0, "evil.example", 2, 0);
	hit(f, T0 + MINUTE, "evil.example", 3, 0);
	assert_int_equal(f->n, 2);
	hit(f, T0 + 2 * MINUTE, "evil.example", 4, 0); /* the first gives way and is told */
	assert_int_equal(f->n, 4);
	assert_int_equal(f->told[2].revision, 2);
	assert_int_equal(f->told[2].count, 2);
	assert_string_equal(f->told[2].id, f->told[0].id);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], 1);
	/* One whose window is over gives way without being counted. */
	sl_sightings_clock(f->s, T0 + 2 * MINUTE);
	hit(f, T0 + 3 * MINUTE, "evil.example", 5, 0);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], 1);
}

static void test_ruleset_may_go(void **state)
{
	struct fixture *f = *state;
	hit(f, T0, "evil.example", 1, 0);
	hit(f, T0, "evil.example", 2, 0);
	sl_ruleset_free(f->rs);
	f->rs = rules(lines, 2);
	/* The same indicator of a later set is the same member. */
	f->evil[0] = number_of_id(f->rs, "i-evil");
	hit(f, T0, "evil.example", 3, 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->told[1].count, 3);
	assert_int_equal(f->told[1].indicators, 1);
}

static void test_context(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	struct sl_said said = { 0 };
	assert_true(sl_said_put(&said, SL_WHERE_DNS_QUERY, 1, sl_span_str("evil.example")));
	assert_true(sl_said_put(&said, SL_WHERE_HTTP_USER_AGENT, 1, sl_span_str("curl/8")));
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 1);
	record_said(&x, &said);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	assert_int_equal(f->told[0].contexts, 1);
}

static void test_directions(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *src, *dst, *direction;
	} cases[] = { { "10.0.0.1", "8.8.8.8", "outbound" }, { "8.8.8.8", "10.0.0.1", "inbound" },
		{ "10.0.0.1", "10.0.0.2", "internal" }, { "8.8.8.8", "9.9.9.9", "" } };
	for (size_t i = 0; i < 4; i++) {
		struct made_record x;
		record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 1);
		record_flow(&x.r, cases[i].src, 1, cases[i].dst, 53, 17);
		assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
		assert_string_equal(f->told[i].direction, cases[i].direction);
	}
}

/* Quiet ones take no number of the stream; the first loud indicator is told at once. */
static void test_quiet(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	quieten(f->evil[0], "TOO_COMMON");
	hit(f, T0, "evil.example", 1, 0);
	hit(f, T0, "evil.example", 2, 0);
	assert_int_equal(f->n, 1);
	assert_true(f->told[0].quiet);
	assert_int_equal(f->told[0].seq, 0);
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 3, f->evil, 2);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	assert_int_equal(f->n, 2);
	assert_false(f->told[1].quiet);
	assert_int_equal(f->told[1].seq, 1);
	assert_int_equal(f->told[1].revision, 2);
	assert_int_equal(f->told[1].count, 3);
}

static void test_odd_records(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 0);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), -EINVAL);
	/* Instants at the end of time, an hour's clock backwards. */
	hit(f, UINT64_MAX, "evil.example", 1, 0);
	hit(f, 0, "evil.example", 2, SL_OBS_REPEAT);
	sl_sightings_clock(f->s, UINT64_MAX);
	sl_sightings_clock(f->s, 5);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 2);
	/* A value that is no text, with a zero inside. */
	record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", 1, f->evil, 1);
	x.r.tail[4] = 0;
	x.r.tail[5] = 0xc3;
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
	assert_string_equal(f->told[2].value, "\\x00\\xc3il.example");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_first_at_once), T(test_repeats_told_at_close),
		T(test_grid), T(test_identity), T(test_repeat_flag),
		T(test_what_was_told_counts_once), T(test_many_at_once),
		T(test_repeat_over_the_edge), T(test_one_message_counts_once), T(test_late),
		T(test_horizon), T(test_flush_remembers), T(test_bound), T(test_ruleset_may_go),
		T(test_context), T(test_directions), T(test_quiet), T(test_odd_records) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
