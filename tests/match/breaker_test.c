/* SPDX-License-Identifier: BSD-3-Clause */
/* breaker_test.c - the circuit breaker: both bounds, its times, which of quiet and outbreak, that
 * the order in which firings are told makes no difference, and what is done where memory is short.
 */
#include <errno.h>
#include <stdio.h>

#include "test.h"

#include <sightline/breaker.h>
#include <sightline/clock.h>

#define T0 (UINT64_C(1700000000) * SL_SECOND)
#define MINUTE (60 * SL_SECOND)
#define HOUR (60 * MINUTE)

struct fixture {
	struct sl_nets *home;
	struct sl_counters counters;
	struct sl_hosts *hosts;
	struct sl_breaker *b;
	struct sl_breaker_event told[16];
	char id[16][SL_BREAKER_TEXT];
	size_t n;
};

static void take(void *arg, const struct sl_breaker_event *e)
{
	struct fixture *f = arg;
	assert_true(f->n < 16);
	snprintf(f->id[f->n], sizeof(f->id[0]), "%s", e->id);
	f->told[f->n++] = *e;
}

static void breaker_begin(struct fixture *f, size_t memory)
{
	struct sl_breaker_options o = { .boot = "b007",
		.hosts = 20,
		.percent = 10,
		.period_ns = HOUR,
		.watch_ns = 4 * HOUR,
		.quiet_ns = 24 * HOUR,
		.memory = memory,
		.home = f->home,
		.known = f->hosts,
		.counters = &f->counters,
		.tell = take,
		.arg = f };
	sl_breaker_free(f->b);
	memset(&f->counters, 0, sizeof(f->counters));
	f->n = 0;
	assert_int_equal(sl_breaker_new(&f->b, &o), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	assert_int_equal(sl_nets_add(f->home, "fd00::/8", 8), 0);
	struct sl_hosts_options o = {
		.home = f->home, .memory = 1 << 24, .counters = &f->counters
	};
	assert_int_equal(sl_hosts_new(&f->hosts, &o), 0);
	breaker_begin(f, 1 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_breaker_free(f->b);
	sl_hosts_free(f->hosts);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

/* 10.0.x.y, by a number from 0. */
static union sl_addr own(unsigned n)
{
	return (union sl_addr){ .b = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
}

/* So many own hosts are met at ts_ns. */
static void met(struct fixture *f, unsigned hosts, uint64_t ts_ns)
{
	for (unsigned i = 0; i < hosts; i++) {
		struct sl_record_fact r = { .kind = SL_REC_FACT,
			.fact = SL_FACT_ASKED,
			.version = 4,
			.ts_ns = ts_ns,
			.src = own(i),
			.dst = { .b = { 8, 8, 8, 8 } } };
		assert_int_equal(sl_hosts_tell(f->hosts, &r, sizeof(r)), 0);
	}
}

static struct sl_indicator indicator(const char *id)
{
	return (struct sl_indicator){ .id = id,
		.source = "feed",
		.part = "",
		.value = "evil.example",
		.value_len = 12,
		.type = SL_TYPE_DOMAIN };
}

static uint64_t fires(
	struct fixture *f, const struct sl_indicator *i, unsigned host, uint64_t ts_ns)
{
	struct sl_record r = { .kind = SL_REC_HIT, .ts_ns = ts_ns };
	r.flow.version = 4;
	r.flow.src = own(host);
	r.flow.dst = (union sl_addr){ .b = { 8, 8, 8, 8 } };
	return sl_breaker_take(f->b, i, 1, &r);
}

static enum sl_breaker_what says(struct fixture *f, uint64_t name, uint64_t ts_ns)
{
	struct sl_breaker_event why;
	return sl_breaker_says(f->b, name, ts_ns, &why);
}

static void test_both_bounds(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator few = indicator("few"), share = indicator("share");
	met(f, 250, T0);
	for (unsigned i = 0; i < 19; i++)
		fires(f, &few, i, T0 + i);
	/* 25 of 250 are not more than 10 %. */
	for (unsigned i = 0; i < 25; i++)
		fires(f, &share, i, T0 + 100 + i);
	sl_breaker_clock(f->b, T0 + SL_SECOND, 1);
	assert_int_equal(f->n, 0);
	uint64_t name = fires(f, &share, 30, T0 + SL_SECOND + 7);
	assert_int_equal(says(f, name, T0 + SL_SECOND + 8), SL_BREAKER_LOUD); /* not known yet */
	sl_breaker_clock(f->b, T0 + SL_SECOND + 7, 1);
	assert_int_equal(f->n, 0); /* others may still tell what was before */
	sl_breaker_clock(f->b, T0 + SL_SECOND + 8, 1);
	assert_int_equal(f->n, 1);
	assert_int_equal(f->told[0].what, SL_BREAKER_QUIET);
	assert_string_equal(f->id[0], "share");
	assert_int_equal(f->told[0].hosts, 26);
	assert_int_equal(f->told[0].own, 250);
	assert_int_equal(f->told[0].first_ns, T0 + 100);
	assert_int_equal(says(f, name, T0 + SL_SECOND + 7), SL_BREAKER_LOUD);
	assert_int_equal(says(f, name, T0 + SL_SECOND + 8), SL_BREAKER_QUIET);
	struct sl_breaker_event why;
	char text[160];
	sl_breaker_says(f->b, name, T0 + HOUR, &why);
	sl_breaker_text(f->b, &why, text, sizeof(text));
	assert_string_equal(
		text, "fired on 26 of 250 own hosts within 1 h, and nobody judged it real");
	name = fires(f, &few, 18, T0 + SL_SECOND);
	sl_breaker_flush(f->b);
	assert_int_equal(says(f, name, T0 + HOUR), SL_BREAKER_LOUD);
}

static void test_time_of_quiet(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i");
	uint64_t name = 0;
	met(f, 50, T0);
	for (unsigned round = 0; round < 2; round++) {
		uint64_t at = T0 + round * 25 * HOUR;
		for (unsigned h = 0; h < 30; h++)
			name = fires(f, &i, h, at + h);
		sl_breaker_clock(f->b, at + MINUTE, 1);
		assert_int_equal(f->n, 2 * round + 1);
		assert_int_equal(f->told[f->n - 1].what, SL_BREAKER_QUIET);
		assert_int_equal(f->told[f->n - 1].ts_ns, at + 19);
		assert_int_equal(says(f, name, at + 19 + 24 * HOUR - 1), SL_BREAKER_QUIET);
		assert_int_equal(says(f, name, at + 19 + 24 * HOUR), SL_BREAKER_LOUD);
		sl_breaker_clock(f->b, at + 19 + 24 * HOUR - 1, 1);
		assert_int_equal(f->n, 2 * round + 1);
		sl_breaker_clock(f->b, at + 19 + 24 * HOUR, 1);
		assert_int_equal(f->told[f->n - 1].what, SL_BREAKER_TRIED);
		assert_int_equal(f->told[f->n - 1].ts_ns, at + 19 + 24 * HOUR);
	}
	/* The first of the quiet times is not forgotten with the second. */
	assert_int_equal(says(f, name, T0 + HOUR), SL_BREAKER_QUIET);
	assert_int_equal(says(f, name, T0 + 24 * HOUR + MINUTE), SL_BREAKER_LOUD);
	assert_int_equal(f->counters.c[SL_C_BREAKER_QUIET], 2);
	assert_int_equal(f->counters.c[SL_C_BREAKER_TRIED], 2);
}

static void test_period(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i");
	met(f, 50, T0);
	/* One every six minutes: eleven within an hour. */
	for (unsigned h = 0; h < 40; h++)
		fires(f, &i, h, T0 + h * 6 * MINUTE);
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 0);
	/* Ten minutes across the line between two half hours. */
	uint64_t line = (T0 / (HOUR / 2) + 20) * (HOUR / 2);
	for (unsigned h = 0; h < 20; h++)
		fires(f, &i, h, line - 5 * MINUTE + h * MINUTE / 2);
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 1);
}

/* What is new and spreads; and what isn't new: looked for not long enough, or seen a period ago. */
static void test_outbreak(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i");
	static const struct {
		uint64_t first_ns, others_ns;
		enum sl_breaker_what what;
	} each[] = {
		{ 4 * HOUR, 4 * HOUR + MINUTE, SL_BREAKER_OUTBREAK },
		{ 4 * HOUR - 1, 4 * HOUR + MINUTE, SL_BREAKER_QUIET },
		/* The first host is no longer counted, but still within the period: the 21st. */
		{ 4 * HOUR, 5 * HOUR - 20, SL_BREAKER_OUTBREAK },
		{ 4 * HOUR, 5 * HOUR - 19, SL_BREAKER_QUIET },
		{ 4 * HOUR, 6 * HOUR, SL_BREAKER_QUIET },
	};
	met(f, 50, T0);
	for (size_t n = 0; n < sizeof(each) / sizeof(each[0]); n++) {
		breaker_begin(f, 1 << 20);
		uint64_t name = fires(f, &i, 0, T0 + each[n].first_ns);
		for (unsigned h = 1; h < 40; h++)
			fires(f, &i, h, T0 + each[n].others_ns + h);
		sl_breaker_clock(f->b, T0 + 40 * HOUR, 1);
		assert_int_equal(f->told[0].what, each[n].what);
		bool outbreak = each[n].what == SL_BREAKER_OUTBREAK;
		uint64_t at = f->told[0].ts_ns;
		assert_int_equal(f->n, outbreak ? 1 : 2);
		assert_int_equal(says(f, name, at), outbreak ? each[n].what : SL_BREAKER_LOUD);
		assert_int_equal(says(f, name, at + 1), each[n].what);
		assert_int_equal(says(f, name, at + 100 * HOUR),
			outbreak ? SL_BREAKER_OUTBREAK : SL_BREAKER_LOUD);
	}
}

/* An indicator that came with a later generation has been looked for since then. */
static void test_armed_later(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i");
	met(f, 50, T0);
	for (unsigned late = 0; late < 2; late++) {
		uint64_t at = T0 + (late ? 15 : 13) * HOUR;
		breaker_begin(f, 1 << 20);
		sl_breaker_clock(f->b, T0, 1);
		sl_breaker_clock(f->b, T0 + 10 * HOUR, 2);
		for (uint32_t g = 3; g < 500; g++) /* changes go on */
			sl_breaker_clock(f->b, T0 + 10 * HOUR + g * SL_SECOND, g);
		for (unsigned h = 0; h < 40; h++) {
			struct sl_record r = { .kind = SL_REC_HIT, .ts_ns = at + h };
			r.flow.version = 4;
			r.flow.src = own(h);
			assert_int_not_equal(sl_breaker_take(f->b, &i, 2, &r), 0);
		}
		sl_breaker_flush(f->b);
		assert_int_equal(f->told[0].what, late ? SL_BREAKER_OUTBREAK : SL_BREAKER_QUIET);
	}
}

static void test_what_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i"), quiet = i, canary = i;
	struct sl_record inward = { .kind = SL_REC_HIT, .ts_ns = T0 };
	met(f, 50, T0);
	quiet.quiet = canary.test = true;
	for (unsigned h = 0; h < 40; h++) {
		assert_int_equal(fires(f, &quiet, h, T0 + h), 0);
		assert_int_equal(fires(f, &canary, h, T0 + h), 0);
		/* Between strangers; not over IP; and from a stranger to one and the same host. */
		inward.flow.src = (union sl_addr){ .b = { 8, 8, 8, (uint8_t)h } };
		inward.flow.dst = (union sl_addr){ .b = { 9, 9, 9, (uint8_t)h } };
		inward.flow.version = (uint8_t)(h % 2 * 4);
		sl_breaker_take(f->b, &i, 1, &inward);
		inward.flow.version = 4;
		inward.flow.dst = own(1);
		sl_breaker_take(f->b, &i, 1, &inward);
		/* Between two own hosts it is the initiator that counts. */
		inward.flow.src = own(2);
		inward.flow.dst = own(h);
		sl_breaker_take(f->b, &i, 1, &inward);
	}
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 0);
	/* Of addresses of the other version as well. */
	for (unsigned h = 0; h < 18; h++) {
		inward.flow.version = 6;
		inward.flow.src = (union sl_addr){ .b = { 0x20, 1 } };
		inward.flow.dst = (union sl_addr){ .b = { 0xfd, [15] = (uint8_t)h } };
		sl_breaker_take(f->b, &i, 1, &inward);
	}
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 1);
	assert_int_equal(f->told[0].hosts, 20);
}

static void test_real(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator before = indicator("before"), after = indicator("after");
	met(f, 50, T0);
	sl_breaker_real(f->b, &before);
	uint64_t name = 0;
	for (unsigned h = 0; h < 40; h++) {
		fires(f, &before, h, T0 + h);
		name = fires(f, &after, h, T0 + h);
	}
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 1);
	assert_string_equal(f->id[0], "after");
	assert_int_equal(says(f, name, T0 + HOUR), SL_BREAKER_QUIET);
	sl_breaker_real(f->b, &after);
	assert_int_equal(says(f, name, T0 + HOUR), SL_BREAKER_LOUD);
	sl_breaker_clock(f->b, T0 + 50 * HOUR, 1);
	assert_int_equal(f->n, 1); /* nothing is left to try */
}

/* Firings of several indicators in any order, and marks of the clock in between: the same events,
 * and the same of every time. */
static void test_any_order(void **state)
{
	struct fixture *f = *state;
	enum { FIRINGS = 3000 };
	struct {
		unsigned id, host;
		uint64_t ts_ns;
	} all[FIRINGS];
	static const char *const ids[] = { "a", "b", "c", "d" };
	struct sl_breaker_event first[16];
	size_t events = 0;
	met(f, 1500, T0);
	srand(7);
	for (unsigned n = 0; n < FIRINGS; n++) {
		all[n].id = (unsigned)rand() % 4;
		all[n].host = (unsigned)rand() % (all[n].id == 3 ? 100 : 1500);
		all[n].ts_ns = T0 + (uint64_t)(rand() % 3600) * SL_SECOND;
	}
	for (unsigned round = 0; round < 20; round++) {
		breaker_begin(f, 1 << 22);
		for (unsigned n = FIRINGS - 1; n > 0; n--) {
			unsigned k = (unsigned)rand() % (n + 1);
			__typeof__(all[0]) t = all[n];
			all[n] = all[k];
			all[k] = t;
		}
		unsigned steps = round % 3 == 0 ? 1 : 1 + (unsigned)rand() % 100;
		for (unsigned s = 0; s < steps; s++) {
			uint64_t from = T0 + HOUR * s / steps, to = T0 + HOUR * (s + 1) / steps;
			for (unsigned n = 0; n < FIRINGS; n++) {
				struct sl_indicator i = indicator(ids[all[n].id]);
				if (all[n].ts_ns >= from && all[n].ts_ns < to)
					fires(f, &i, all[n].host, all[n].ts_ns);
			}
			sl_breaker_clock(f->b, to, 1);
		}
		if (round == 0) {
			events = f->n;
			memcpy(first, f->told, sizeof(first));
			assert_int_equal(events, 3); /* 100 of 1500 are no share */
			continue;
		}
		assert_int_equal(f->n, events);
		for (size_t n = 0; n < events; n++) {
			assert_int_equal(f->told[n].ts_ns, first[n].ts_ns);
			assert_int_equal(f->told[n].hosts, first[n].hosts);
			assert_int_equal(f->told[n].own, 1500);
		}
	}
	/* Estimated, as above 96; 3.3 % is the standard error. */
	for (size_t n = 0; n < events; n++)
		assert_in_range(first[n].hosts, 151, 160);
}

static void test_short_of_memory(void **state)
{
	struct fixture *f = *state;
	breaker_begin(f, 1 << 16);
	met(f, 50, T0);
	char id[16];
	for (unsigned n = 0; n < 1000; n++) {
		snprintf(id, sizeof(id), "i%u", n);
		struct sl_indicator i = indicator(id);
		fires(f, &i, n % 50, T0 + n);
	}
	assert_in_range(f->counters.c[SL_C_BREAKER_FORGOTTEN], 900, 990);
	assert_in_range(f->counters.c[SL_C_BREAKER_EARLY], 700, 990);
	struct sl_indicator i = indicator("i999");
	for (unsigned h = 0; h < 30; h++)
		fires(f, &i, h, T0 + 2000 + h);
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 1);
	sl_breaker_forget(f->b);
	fires(f, &i, 40, T0 + 3000);
	sl_breaker_flush(f->b);
	assert_int_equal(f->n, 1);
}

static void test_none(void **state)
{
	struct fixture *f = *state;
	struct sl_indicator i = indicator("i");
	struct sl_record r = { .kind = SL_REC_HIT };
	struct sl_breaker_event why;
	struct sl_breaker *none;
	struct sl_breaker_options o = { .counters = &f->counters };
	assert_int_equal(sl_breaker_take(NULL, &i, 1, &r), 0);
	assert_int_equal(sl_breaker_says(NULL, 7, T0, &why), SL_BREAKER_LOUD);
	sl_breaker_clock(NULL, T0, 1);
	sl_breaker_flush(NULL);
	sl_breaker_forget(NULL);
	sl_breaker_real(NULL, &i);
	sl_breaker_free(NULL);
	assert_int_equal(sl_breaker_new(&none, &o), -EINVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_both_bounds), T(test_time_of_quiet),
		T(test_period), T(test_outbreak), T(test_armed_later), T(test_what_is_not_counted),
		T(test_real), T(test_any_order), T(test_short_of_memory), T(test_none) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
