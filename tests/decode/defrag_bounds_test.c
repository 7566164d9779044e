/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag_bounds_test.c - fragments that never become anything: memory stays what it was decided to
 * be, the work is that of the bytes, and others are not disturbed. Work is counted, not timed. */
#include "pieces.h"

#include <sightline/clock.h>
#include <sightline/mem.h>

#define FLOOD 100000u

/* A datagram of somebody else's, whole in three fragments. */
static void another_is_whole(struct pieces *s, unsigned id)
{
	uint8_t host = s->host;
	s->host = 77;
	assert_false(fill4(s, id, 0, true, 'x', 24));
	assert_false(fill4(s, id, 32, false, 'z', 8));
	assert_true(fill4(s, id, 24, true, 'y', 8));
	assert_string_equal(letters(s), "xxyz");
	s->host = host;
}

static uint64_t losses(const struct pieces *s)
{
	return counted(s, SL_C_DEFRAG_TIMEOUT) + counted(s, SL_C_DEFRAG_EVICTED) +
	       counted(s, SL_C_DEFRAG_FLUSHED) + counted(s, SL_C_DEFRAG_OVERLAPPED) +
	       counted(s, SL_C_DEFRAG_CONTRADICTED) + counted(s, SL_C_DEFRAG_MANY);
}

static void many_datagrams(void **state)
{
	struct sl_defrag_options o = sl_defrag_defaults;
	o.memory_bytes = 4 << 20;
	o.max_datagrams = 8192;
	struct pieces *s = pieces_new(&o);
	size_t mapped = sl_mem_mapped_bytes(), most = 0;
	for (unsigned i = 0; i < FLOOD; i++) {
		s->now_ns += 10000;
		s->salt = i >> 16;
		assert_false(fill4(s, i & 0xffff, 8 * (i % 8000), true, 'A', 8));
		most = sl_defrag_bytes(s->d) > most ? sl_defrag_bytes(s->d) : most;
		if (i % 1000 == 0)
			another_is_whole(s, i & 0xffff);
	}
	assert_true(most <= o.memory_bytes);
	assert_true(sl_defrag_count(s->d) <= o.max_datagrams);
	assert_true(counted(s, SL_C_DEFRAG_EVICTED) > FLOOD / 2);
	assert_int_equal(sl_mem_mapped_bytes(), mapped);
	assert_true(sl_defrag_work(s->d) < 12 * (uint64_t)s->sent);
	sl_defrag_flush(s->d);
	assert_int_equal(losses(s), FLOOD);
	pieces_free(s);
}

/* The same with datagrams that reach for all the memory that one may have. */
static void large_datagrams(void **state)
{
	struct sl_defrag_options o = sl_defrag_defaults;
	o.memory_bytes = 1 << 20;
	struct pieces *s = pieces_new(&o);
	for (unsigned i = 0; i < 2000; i++) {
		assert_false(fill4(s, i, 8, true, 'A', 60000));
		assert_true(sl_defrag_bytes(s->d) <= o.memory_bytes);
		another_is_whole(s, i);
	}
	assert_true(sl_defrag_work(s->d) < 2000u * (3 * 60000 / 8 + 1000));
	pieces_free(s);
}

/* Every fragment overlaps what is there, of one datagram, as long as it is taken. */
static void one_datagram(void **state)
{
	struct pieces *s = pieces_new(NULL);
	uint64_t bytes = 0;
	for (unsigned i = 0; i < FLOOD; i++) {
		size_t len = i % 2 ? 8 : 16;
		assert_false(fill4(s, 1, 8 * (1 + i * 7 % 8000), true, (char)('A' + i % 26), len));
		bytes += len;
		if (i % 1000 == 0)
			another_is_whole(s, i);
	}
	assert_int_equal(counted(s, SL_C_DEFRAG_MANY), 1);
	assert_int_equal(
		counted(s, SL_C_FRAGMENT_LATE), FLOOD - sl_defrag_defaults.max_fragments - 1);
	assert_int_equal(sl_defrag_bytes(s->d), 0);
	assert_true(sl_defrag_work(s->d) < 4 * (uint64_t)s->sent + bytes / 8 * 3);
	pieces_free(s);
}

/* As many as a datagram can have without overlap, in reverse, are put together. */
static void eight_bytes_each(void **state)
{
	struct pieces *s = pieces_new(NULL);
	for (unsigned at = 65504; at > 0; at -= 8)
		assert_false(fill4(s, 1, at, at < 65504, 'A', 8));
	assert_true(send4(s, 1, 0, true, "\x9c\x40\x00\x35\x00\x00\x00\x00", 8));
	assert_int_equal(s->p.payload_len, 65504);
	assert_true(sl_defrag_work(s->d) < 6 * (uint64_t)s->sent);
	pieces_free(s);
}

/* IPv6: what was given up holds no memory, and is forgotten in time. */
static void given_up_datagrams(void **state)
{
	struct sl_defrag_options o = sl_defrag_defaults;
	o.max_datagrams = 1024;
	struct pieces *s = pieces_new(&o);
	for (unsigned i = 0; i < FLOOD / 2; i++) {
		s->now_ns += SL_SECOND / 1000;
		assert_false(fill6(s, i, 8, true, 'A', 1024));
		assert_false(fill6(s, i, 16, true, 'A', 1024));
		assert_int_equal(sl_defrag_bytes(s->d), 0);
	}
	assert_int_equal(counted(s, SL_C_DEFRAG_OVERLAPPED), FLOOD / 2);
	assert_int_equal(losses(s), FLOOD / 2);
	another_is_whole(s, 1);
	pieces_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_datagrams),
		cmocka_unit_test(large_datagrams),
		cmocka_unit_test(one_datagram),
		cmocka_unit_test(eight_bytes_each),
		cmocka_unit_test(given_up_datagrams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
