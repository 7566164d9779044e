/* SPDX-License-Identifier: BSD-3-Clause */
/* forgotten_test.c - sightings that give way for room: which do, and what of them goes on. */
#include "test.h"

#include "told.h"

static const char lines[] = "{\"id\":\"i-evil\",\"type\":\"domain-name\",\"value\":"
			    "\"evil.example\",\"match\":\"suffix\"}\n";

static void sightings_begin(struct fixture *f, uint32_t max_open, uint64_t memory)
{
	told_begin(f, (struct sl_sightings_options){ .max_open = max_open, .memory = memory });
}

static int setup(void **state)
{
	*state = told_new(lines);
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
	sightings_begin(f, 2, 0);
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
	sightings_begin(f, 1, 0);
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
	sightings_begin(f, 2, 0);
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
	sightings_begin(f, 100000, 64 << 10);
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
	sightings_begin(f, 100000, 1);
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
