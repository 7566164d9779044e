/* SPDX-License-Identifier: BSD-3-Clause */
/* pool_test.c - the registry, and the pools of parser states. */
#include <sightline/parser.h>

#include "test.h"

static void test_registry(void **s)
{
	(void)s;
	for (unsigned i = 0; i < sl_parser_count; i++) {
		const struct sl_parser *p = sl_parsers[i];
		assert_int_equal(sl_parser_index(p), i);
		assert_true(p->name[0] && p->over && p->probe && p->feed);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(p->name, sl_parsers[k]->name);
	}
	struct sl_piece end = { .kind = SL_PIECE_END };
	bool more = true;
	assert_null(sl_parser_probe(&end, SL_OVER_TCP, 1, 2, &more));
	assert_false(more);
}

static void test_take_give(void **s)
{
	(void)s;
	static const uint16_t size[] = { 1, 64, 65, 500, 1024, 40000, 65535 };
	struct sl_parser_pool *p;
	assert_int_equal(sl_parser_pool_new(&p, 1 << 20), 0);
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		uint8_t *a = sl_parser_pool_take(p, size[i]), *b = sl_parser_pool_take(p, size[i]);
		assert_true(a != NULL && b != NULL && a != b);
		assert_int_equal((uintptr_t)a % 64, 0);
		memset(a, 0xee, size[i]);
		memset(b, 0xee, size[i]);
		sl_parser_pool_give(p, a, size[i]);
		uint8_t *again = sl_parser_pool_take(p, size[i]);
		assert_ptr_equal(again, a);
		for (unsigned k = 0; k < size[i]; k++)
			assert_int_equal(again[k], 0);
	}
	sl_parser_pool_give(p, NULL, 64);
	sl_parser_pool_free(p);
	sl_parser_pool_free(NULL);
}

static void test_none_left(void **s)
{
	(void)s;
	struct sl_parser_pool *p;
	void *last = NULL, *got;
	unsigned n = 0;
	assert_int_equal(sl_parser_pool_new(&p, 64 * 100), 0);
	while ((got = sl_parser_pool_take(p, 64)) != NULL) {
		last = got;
		n++;
	}
	assert_int_equal(n, 100);
	assert_null(sl_parser_pool_take(p, 1024));
	sl_parser_pool_give(p, last, 64);
	assert_ptr_equal(sl_parser_pool_take(p, 64), last);
	sl_parser_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_take_give),
		cmocka_unit_test(test_none_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
