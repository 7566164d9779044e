/* SPDX-License-Identifier: BSD-3-Clause */
/* mem_test.c - blocks, arena, interned texts. */
#include "test.h"

#include <stdio.h>

#include <sightline/mem.h>

static bool all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void block_is_zeroed_and_aligned(size_t bytes, size_t align)
{
	size_t mapped = sl_mem_mapped_bytes(), huge = sl_mem_huge_bytes();
	uint8_t *p = sl_mem_map(bytes);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % align, 0);
	assert_true(all_zero(p, bytes));
	memset(p, 0xa5, bytes);
	assert_true(sl_mem_mapped_bytes() - mapped >= bytes);
	sl_mem_unmap(p, bytes);
	assert_int_equal(sl_mem_mapped_bytes(), mapped);
	assert_int_equal(sl_mem_huge_bytes(), huge);
}

static void blocks(void **state)
{
	static const size_t sizes[] = { 1, 4096, 4097, (2 << 20) - 1, 2 << 20, (2 << 20) + 1,
		5 << 20 };
	for (unsigned yes = 0; yes < 2; yes++) {
		sl_mem_use_huge(yes);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			block_is_zeroed_and_aligned(sizes[i], sizes[i] >= 2 << 20 ? 2 << 20 : 4096);
	}
	assert_null(sl_mem_map(0));
	assert_null(sl_mem_map(SIZE_MAX));
	assert_null(sl_mem_map(SIZE_MAX / 2));
	sl_mem_unmap(NULL, 4096);
}

static void pieces_do_not_overlap(void **state)
{
	struct sl_arena *a;
	uint8_t *piece[400];
	assert_int_equal(sl_arena_new(&a), 0);
	for (size_t i = 0; i < 400; i++) {
		size_t len = (i * 7919) % 3001;
		piece[i] = sl_arena_take(a, len);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % 8, 0);
		assert_true(all_zero(piece[i], len));
		memset(piece[i], (int)(i % 251) + 1, len);
	}
	for (size_t i = 0; i < 400; i++)
		for (size_t j = 0; j < (i * 7919) % 3001; j++)
			assert_int_equal(piece[i][j], i % 251 + 1);
	assert_non_null(sl_arena_take(a, 3 << 20)); /* larger than a chunk */
	assert_true(sl_arena_bytes(a) >= 3 << 20);
	assert_null(sl_arena_take(a, SIZE_MAX));
	assert_null(sl_arena_take(a, SIZE_MAX - 64));
	assert_null(sl_arena_text(a, "x", SIZE_MAX));
	sl_arena_free(a);
	sl_arena_free(NULL);
}

static void texts_are_copied(void **state)
{
	struct sl_arena *a;
	assert_int_equal(sl_arena_new(&a), 0);
	char from[] = { 'a', 'b', 'c' };
	char *t = sl_arena_text(a, from, 3);
	from[0] = 'x';
	assert_string_equal(t, "abc");
	assert_string_equal(sl_arena_text(a, NULL, 0), "");
	sl_arena_free(a);
}

static void the_same_text_is_kept_once(void **state)
{
	struct sl_arena *a;
	const char *at[1000];
	char text[32];
	assert_int_equal(sl_arena_new(&a), 0);
	for (int i = 0; i < 1000; i++)
		at[i] = sl_arena_intern(
			a, text, (size_t)snprintf(text, sizeof(text), "source-%d", i));
	for (int i = 0; i < 1000; i++) {
		int len = snprintf(text, sizeof(text), "source-%d", i);
		assert_string_equal(at[i], text);
		assert_ptr_equal(sl_arena_intern(a, text, (size_t)len), at[i]);
	}
	/* One a prefix of the other, the empty text, and one with a zero inside. */
	assert_ptr_not_equal(
		sl_arena_intern(a, "source-1x", 8), sl_arena_intern(a, "source-1x", 9));
	assert_ptr_equal(sl_arena_intern(a, NULL, 0), sl_arena_intern(a, "", 0));
	assert_memory_equal(sl_arena_intern(a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(sl_arena_intern(a, "a", 1), "a");
	sl_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(the_same_text_is_kept_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
