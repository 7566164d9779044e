/* SPDX-License-Identifier: BSD-3-Clause */
/* ring_test.c - one writer, one reader: nothing lost, torn or reordered; run under TSAN too. */
#include "test.h"

#include <pthread.h>
#include <sched.h>

#include <sightline/ring.h>

/* A record's length and bytes follow from its number. */
static uint32_t length_of(uint32_t i)
{
	return 4 + i * 2654435761u % 700;
}

static bool put(struct sl_ring *r, uint32_t i)
{
	uint8_t *p = sl_ring_reserve(r, length_of(i));
	if (p == NULL)
		return false;
	memset(p, (int)(i & 0xff), length_of(i));
	memcpy(p, &i, 4);
	sl_ring_commit(r);
	return true;
}

static bool get(struct sl_ring *r, uint32_t i)
{
	uint32_t len, n;
	const uint8_t *p = sl_ring_peek(r, &len);
	if (p == NULL)
		return false;
	memcpy(&n, p, 4);
	if (n != i || len != length_of(i) || (uintptr_t)p % 8 != 0)
		abort();
	for (uint32_t j = 4; j < len; j++)
		if (p[j] != (i & 0xff))
			abort();
	sl_ring_pop(r);
	return true;
}

static void empty_and_full_are_told(void **state)
{
	struct sl_ring *r;
	uint32_t len, in = 0, out = 0;
	assert_int_equal(sl_ring_new(&r, 1), 0);
	assert_int_equal(sl_ring_max(r), 16 << 10);
	assert_null(sl_ring_peek(r, &len));
	assert_null(sl_ring_reserve(r, sl_ring_max(r) + 1));
	for (unsigned round = 0; round < 50; round++) { /* the seam lies elsewhere each time */
		while (put(r, in))
			in++;
		assert_true(sl_ring_used(r) > (60 << 10));
		for (unsigned i = 0; i < 37 + round; i++)
			out += get(r, out);
	}
	while (get(r, out))
		out++;
	assert_int_equal(in, out);
	assert_int_equal(sl_ring_used(r), 0);
	sl_ring_free(r);
	sl_ring_free(NULL);
}

static void nothing_is_seen_before_its_commit(void **state)
{
	struct sl_ring *r;
	uint32_t len;
	assert_int_equal(sl_ring_new(&r, 1 << 16), 0);
	assert_non_null(sl_ring_reserve(r, 100));
	assert_null(sl_ring_peek(r, &len));
	assert_non_null(sl_ring_reserve(r, 200)); /* takes the place of the first */
	sl_ring_commit(r);
	assert_non_null(sl_ring_peek(r, &len));
	assert_int_equal(len, 200);
	sl_ring_pop(r);
	assert_null(sl_ring_peek(r, &len));
	assert_non_null(sl_ring_reserve(r, 0)); /* an empty record is one */
	sl_ring_commit(r);
	assert_non_null(sl_ring_peek(r, &len));
	assert_int_equal(len, 0);
	sl_ring_free(r);
}

static void the_largest_record_always_fits_an_empty_ring(void **state)
{
	struct sl_ring *r;
	uint32_t len;
	assert_int_equal(sl_ring_new(&r, 1 << 16), 0);
	for (unsigned i = 0; i < 500; i++) {
		uint32_t want = i % 2 ? sl_ring_max(r) : i * 31 % 9000;
		uint8_t *p = sl_ring_reserve(r, want);
		assert_non_null(p);
		memset(p, 0x5a, want);
		sl_ring_commit(r);
		assert_non_null(sl_ring_peek(r, &len));
		assert_int_equal(len, want);
		sl_ring_pop(r);
	}
	sl_ring_free(r);
}

static void too_large_a_ring_is_refused(void **state)
{
	struct sl_ring *r = NULL;
	assert_true(sl_ring_new(&r, SIZE_MAX) < 0);
	assert_null(r);
}

#define RECORDS 200000u

static void *writer(void *ring)
{
	for (uint32_t i = 0; i < RECORDS;) {
		if (put(ring, i))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_nothing(void **state)
{
	struct sl_ring *r;
	pthread_t t;
	assert_int_equal(sl_ring_new(&r, 1 << 16), 0);
	assert_int_equal(pthread_create(&t, NULL, writer, r), 0);
	for (uint32_t i = 0; i < RECORDS;) {
		if (get(r, i))
			i++;
		else
			sched_yield();
	}
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(sl_ring_used(r), 0);
	sl_ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_and_full_are_told),
		cmocka_unit_test(nothing_is_seen_before_its_commit),
		cmocka_unit_test(the_largest_record_always_fits_an_empty_ring),
		cmocka_unit_test(too_large_a_ring_is_refused),
		cmocka_unit_test(two_threads_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
