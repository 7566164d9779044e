/* SPDX-License-Identifier: BSD-3-Clause */
/* judged_test.c - what follows from the indicators of a sighting: before they were valid, made
 * quiet by the breaker, of an outbreak. */
#include "test.h"

#include "told.h"

static const char lines[] = "{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":"
			    "\"evil.example\",\"source\":\"feed-a\"}\n"
			    "{\"id\":\"i-canary\",\"type\":\"domain-name\",\"value\":"
			    "\"evil.example\",\"source\":\"feed-b\",\"test\":true}\n";

static int setup(void **state)
{
	struct fixture *f = told_new(lines);
	f->evil[1] = number_of_id(f->rs, "i-canary");
	*state = f;
	return 0;
}

/* Seen before the indicator's valid_from; no more once something else that is listed was valid, or
 * the time has come. */
static void test_before_valid(void **state)
{
	struct fixture *f = *state;
	told_begin(f, (struct sl_sightings_options){ 0 });
	struct sl_ruleset *later =
		rules("{\"id\":\"late\",\"type\":\"domain-name\",\"value\":\"evil.example\","
		      "\"source\":\"feed-a\",\"valid_from\":\"2026-01-31T09:00:30Z\"}\n"
		      "{\"id\":\"always\",\"type\":\"domain-name\",\"value\":\"evil.example\","
		      "\"source\":\"feed-b\"}\n",
			2);
	uint32_t late = number_of_id(later, "late"), always = number_of_id(later, "always");
	static const struct {
		uint64_t ts_ns;
		bool always, before;
	} each[] = { { T0, false, true }, { T0 + 30 * SL_SECOND - 1, false, true },
		{ T0 + 30 * SL_SECOND, false, false }, { T0 + 40 * SL_SECOND, false, false },
		{ T0 + 4 * MINUTE, false, false } };
	struct made_record x;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		record_name(&x, each[i].ts_ns, SL_WHERE_DNS_QUERY, "evil.example", (uint32_t)i + 1,
			&late, 1);
		assert_int_equal(sl_sightings_hit(f->s, &x.r, later), 0);
		sl_sightings_flush(f->s);
		assert_int_equal(f->told[f->n - 1].before_valid, each[i].before);
	}
	record_name(&x, T0, SL_WHERE_TLS_SNI, "evil.example", 9, &late, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, later), 0);
	assert_true(f->told[f->n - 1].before_valid);
	record_name(&x, T0, SL_WHERE_TLS_SNI, "evil.example", 10, &always, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, later), 0);
	sl_sightings_flush(f->s);
	assert_false(f->told[f->n - 1].before_valid);
	sl_ruleset_free(later);
}

/* One that there is no room to name is still one that isn't quiet, and of a test. */
static void test_beyond_room(void **state)
{
	struct fixture *f = *state;
	static char text[(SL_HITS_PER_OBS + 2) * 128];
	uint32_t numbers[SL_HITS_PER_OBS];
	char id[16];
	size_t at = 0;
	told_begin(f, (struct sl_sightings_options){ 0 });
	for (unsigned i = 0; i < SL_HITS_PER_OBS + 2; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"{\"id\":\"i-%u\",\"type\":\"domain-name\",\"value\":\"evil.example\","
			"\"source\":\"feed-a\",\"test\":%s}\n",
			i, i > SL_HITS_PER_OBS ? "true" : "false");
	struct sl_ruleset *many = rules(text, 2);
	for (unsigned i = 0; i < SL_HITS_PER_OBS; i++) {
		snprintf(id, sizeof(id), "i-%u", i);
		numbers[i] = number_of_id(many, id);
		quieten(numbers[i], "of no use");
	}
	uint32_t quiet = numbers[0],
		 loud[] = { number_of_id(many, "i-64"), number_of_id(many, "i-65") };
	const struct {
		const uint32_t *numbers;
		uint16_t count;
		bool quiet, test;
		uint64_t unnamed;
	} each[] = { { numbers, SL_HITS_PER_OBS, true, false, 0 }, { loud, 1, false, false, 1 },
		{ &quiet, 1, false, false, 1 }, { loud + 1, 1, false, true, 2 } };
	struct made_record x;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		record_name(&x, T0 + i, SL_WHERE_DNS_QUERY, "evil.example", (uint32_t)i + 1,
			each[i].numbers, each[i].count);
		assert_int_equal(sl_sightings_hit(f->s, &x.r, many), 0);
		sl_sightings_flush(f->s);
		assert_int_equal(f->told[f->n - 1].indicators, SL_HITS_PER_OBS);
		assert_int_equal(f->told[f->n - 1].quiet, each[i].quiet);
		assert_int_equal(f->told[f->n - 1].test, each[i].test);
		assert_int_equal(f->counters.c[SL_C_SIGHTING_UNNAMED], each[i].unnamed);
	}
	sl_ruleset_free(many);
}

static void tell_nothing(void *arg, const struct sl_breaker_event *e)
{
	(void)arg;
	(void)e;
}

struct judges {
	struct sl_hosts *known;
	struct sl_breaker *breaker;
};

static struct judges judges_begin(struct fixture *f, uint64_t watch_ns)
{
	struct judges j;
	struct sl_hosts_options ho = {
		.home = f->home, .memory = 1 << 16, .counters = &f->counters
	};
	assert_int_equal(sl_hosts_new(&j.known, &ho), 0);
	struct sl_breaker_options o = { .boot = "b007",
		.hosts = 2,
		.percent = 10,
		.period_ns = 60 * MINUTE,
		.watch_ns = watch_ns,
		.quiet_ns = 60 * MINUTE,
		.memory = 1 << 16,
		.home = f->home,
		.known = j.known,
		.counters = &f->counters,
		.tell = tell_nothing };
	assert_int_equal(sl_breaker_new(&j.breaker, &o), 0);
	told_begin(f, (struct sl_sightings_options){ .breaker = j.breaker });
	return j;
}

static void judges_free(struct judges *j)
{
	sl_breaker_free(j->breaker);
	sl_hosts_free(j->known);
}

static void hit_of(
	struct fixture *f, uint64_t ts_ns, const char *src, const uint32_t *numbers, uint16_t count)
{
	struct made_record x;
	record_name(&x, ts_ns, SL_WHERE_DNS_QUERY, "evil.example", 1, numbers, count);
	record_flow(&x.r, src, 40000, "8.8.8.8", 53, 17);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
}

static void hit_again(struct fixture *f, uint64_t ts_ns)
{
	struct made_record x;
	record_name(&x, ts_ns, SL_WHERE_DNS_QUERY, "evil.example", 9, f->evil, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
}

static void clocks(struct fixture *f, struct judges *j, uint64_t now_ns)
{
	sl_breaker_clock(j->breaker, now_ns, 1);
	sl_sightings_clock(f->s, now_ns);
}

/* What the breaker learns late makes a sighting quiet that was told loud, and none that was before.
 */
static void test_breaker(void **state)
{
	struct fixture *f = *state;
	struct judges j = judges_begin(f, 24 * 60 * MINUTE);
	hit_of(f, T0, "10.0.0.1", f->evil, 1);
	hit_of(f, T0 + 1, "10.0.0.2", f->evil, 1);
	hit_of(f, T0 + 2, "10.0.0.3", f->evil, 1);
	assert_int_equal(f->n, 3);
	assert_false(f->told[2].quiet);
	assert_int_equal(f->told[2].seq, 3);
	clocks(f, &j, T0 + SL_SECOND);
	assert_int_equal(f->n, 4);
	assert_string_equal(f->told[3].id, f->told[2].id);
	assert_int_equal(f->told[3].revision, 2);
	assert_int_equal(f->told[3].seq, 0);
	assert_true(f->told[3].quiet);
	assert_int_equal(f->told[3].count, 1);
	/* Known by now: quiet at once. With a canary, or after its time, it is loud. */
	hit_of(f, T0 + 2 * SL_SECOND, "10.0.0.4", f->evil, 1);
	assert_true(f->told[4].quiet);
	hit_of(f, T0 + 2 * SL_SECOND, "10.0.0.5", f->evil, 2);
	assert_false(f->told[5].quiet);
	hit_of(f, T0 + 61 * MINUTE, "10.0.0.4", f->evil, 1);
	assert_false(f->told[6].quiet);
	/* What goes on in a sighting that was told before stays there. */
	hit_again(f, T0 + 3 * SL_SECOND);
	sl_breaker_flush(j.breaker);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 8);
	assert_false(f->told[7].quiet);
	assert_int_equal(f->told[7].count, 2);
	judges_free(&j);
}

static void test_outbreak_stays_loud(void **state)
{
	struct fixture *f = *state;
	struct judges j = judges_begin(f, SL_SECOND);
	struct sl_record_fact r = { .kind = SL_REC_FACT,
		.fact = SL_FACT_ASKED,
		.version = 4,
		.ts_ns = T0 - SL_SECOND,
		.src.b = { 10, 0, 0, 1 } };
	assert_int_equal(sl_hosts_tell(j.known, &r, sizeof(r)), 0);
	hit_of(f, T0, "10.0.0.1", f->evil, 1);
	hit_of(f, T0 + 1, "10.0.0.2", f->evil, 1);
	clocks(f, &j, T0 + SL_SECOND);
	assert_int_equal(f->n, 3);
	assert_string_equal(f->told[2].id, f->told[1].id);
	assert_int_equal(f->told[0].contexts, 0);
	assert_int_equal(f->told[2].contexts, 1);
	hit_of(f, T0 + 2 * SL_SECOND, "10.0.0.3", f->evil, 1);
	assert_int_equal(f->told[3].contexts, 1);
	clocks(f, &j, T0 + 90 * MINUTE);
	assert_int_equal(f->n, 4);
	for (size_t i = 0; i < f->n; i++)
		assert_false(f->told[i].quiet);
	judges_free(&j);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_before_valid), T(test_beyond_room),
		T(test_breaker), T(test_outbreak_stays_loud) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
