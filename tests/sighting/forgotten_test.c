/* SPDX-License-Identifier: BSD-3-Clause */
/* forgotten_test.c - sightings that give way for room: which do, and what of them goes on. */
#include "test.h"

#include <sightline/clock.h>

#include "records.h"

#define MINUTE (60 * SL_SECOND)
#define T0 (1769850000 * SL_SECOND)

static const char lines[] = "{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":"
			    "\"evil.example\",\"match\":\"suffix\"}\n";

struct told {
	char id[37];
	uint32_t revision;
	uint64_t count;
};

struct fixture {
	struct sl_ruleset *rs;
	struct sl_counters counters;
	struct sl_sightings *s;
	uint32_t evil[1];
	uint64_t memory;
	struct told told[64];
	size_t n;
};

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct fixture *f = arg;
	assert_true(f->n < sizeof(f->told) / sizeof(f->told[0]));
	struct told *t = &f->told[f->n++];
	snprintf(t->id, sizeof(t->id), "%s", m->id);
	t->revision = m->revision;
	t->count = m->count;
}

static void sightings_begin(struct fixture *f, uint32_t max_open)
{
	struct sl_sightings_options o = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = MINUTE,
		.max_open = max_open,
		.memory = f->memory,
		.counters = &f->counters,
		.emit = take,
		.arg = f };
	assert_int_equal(sl_sightings_new(&f->s, &o), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->rs = rules(lines, 1);
	f->evil[0] = number_of_id(f->rs, "i-evil");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sl_ruleset_free(f->rs);
	free(f);
	return 0;
}

static void hit(struct fixture *f, uint64_t ts_ns, uint32_t message)
{
	struct made_record x;
	record_name(&x, ts_ns, SL_WHERE_DNS_QUERY, "evil.example", message, f->evil, 1);
	assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
}

/* One that gave way while its window was open, and of which more comes. */
static void test_evicted_goes_on(void **state)
{
	struct fixture *f = *state;
	sightings_begin(f, 2);
	for (uint32_t i = 0; i < 3; i++)
		hit(f, T0, i);
	hit(f, T0 + MINUTE, 4);
	hit(f, T0 + 2 * MINUTE, 5);
	assert_int_equal(f->told[2].revision, 2);
	assert_int_equal(f->told[2].count, 3);
	hit(f, T0 + 1, 6);
	assert_string_equal(f->told[f->n - 1].id, f->told[0].id);
	assert_int_equal(f->told[f->n - 1].revision, 3);
	assert_int_equal(f->told[f->n - 1].count, 4);
}

/* So many gave way that it isn't known of each: none begins below one of its time. */
static void test_many_evicted(void **state)
{
	enum { MANY = 200000 };
	struct fixture *f = *state;
	sightings_begin(f, 1);
	for (unsigned again = 0; again < 2; again++) {
		for (uint32_t i = 0; i < MANY; i++) {
			struct made_record x;
			record_name(&x, T0, SL_WHERE_DNS_QUERY, "evil.example", again, f->evil, 1);
			x.r.flow.src.v4_be = i;
			x.r.flow.id = i;
			assert_int_equal(sl_sightings_hit(f->s, &x.r, f->rs), 0);
			assert_true(f->told[f->n - 1].revision > again);
			f->n = 0;
		}
	}
}

/* What is over gives way before what is under way. */
static void test_closed_give_way_first(void **state)
{
	struct fixture *f = *state;
	sightings_begin(f, 2);
	hit(f, T0 + MINUTE, 1);
	hit(f, T0, 2);
	sl_sightings_clock(f->s, T0 + MINUTE);
	hit(f, T0 + 2 * MINUTE, 3);
	hit(f, T0 + MINUTE, 4);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 4);
	assert_string_equal(f->told[3].id, f->told[0].id);
	assert_int_equal(f->told[3].count, 2);
	/* And in the order in which they were closed, however often they are looked at. */
	sl_sightings_flush(f->s);
	for (uint32_t i = 0; i < 4; i++)
		hit(f, T0 + (3 + i) * MINUTE, 5 + i);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], 2);
}

/* The bound of memory: the last one stays, whatever it weighs. */
static void test_memory(void **state)
{
	struct fixture *f = *state;
	f->memory = 64 << 10;
	sightings_begin(f, 100000);
	for (uint32_t i = 0; i < 1000; i++) {
		hit(f, T0 + i * MINUTE, i);
		f->n = 0;
	}
	uint64_t evicted = f->counters.c[SL_C_SIGHTING_EVICTED];
	assert_in_range(evicted, 900, 998);
	/* Those whose window is over first. */
	sl_sightings_clock(f->s, T0 + 999 * MINUTE);
	f->n = 0;
	for (uint32_t i = 0; i < 1000 - evicted - 2; i++)
		hit(f, T0 + (1000 + i) * MINUTE, 2000 + i);
	hit(f, T0 + 999 * MINUTE, 5000);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], evicted);
	sl_sightings_free(f->s);
	f->memory = 1;
	sightings_begin(f, 100000);
	for (uint32_t i = 0; i < 20; i++)
		hit(f, T0, i);
	assert_int_equal(f->counters.c[SL_C_SIGHTING_EVICTED], evicted);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_evicted_goes_on), T(test_many_evicted),
		T(test_closed_give_way_first), T(test_memory) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
