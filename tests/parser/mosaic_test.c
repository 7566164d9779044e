/* SPDX-License-Identifier: BSD-3-Clause */
/* mosaic_test.c - pieces in any order against an array of flags that says what is there. */
#include "../../lib/parser/mosaic.h"

#include "cut.h"

#define SIZE 600

static uint32_t turn = 1;
static uint32_t dice(uint32_t n)
{
	turn = turn * 1664525 + 1013904223;
	return (turn >> 8) % n;
}

static size_t front_of(const bool *there, size_t from)
{
	size_t n = 0;
	while (from + n < SIZE && there[from + n])
		n++;
	return n;
}

/* Whatever is put, taken and settled: the front is what an array would hold, and the bytes that
 * came first stay. */
static void test_against_array(void **s)
{
	struct feed *f = feed_new("quic", 0);
	(void)s;
	for (unsigned round = 0; round < 300; round++) {
		struct mosaic m = { .p = NULL };
		uint8_t value[SIZE], in[64];
		bool there[SIZE] = { false };
		size_t base = 0, taken = 0;
		for (unsigned step = 0; step < 120; step++) {
			size_t at = base + dice(SIZE - 64 - (unsigned)base), len = 1 + dice(60);
			memset(in, (int)step, sizeof(in));
			if (mosaic_put(&m, &f->b, at - base, sl_span(in, len)))
				for (size_t i = at; i < at + len; i++)
					if (!there[i]) {
						there[i] = true;
						value[i] = (uint8_t)step;
					}
			struct sl_span front = mosaic_front(&m);
			assert_int_equal(front.len, front_of(there, base + taken));
			for (size_t i = 0; i < front.len; i++)
				assert_int_equal(front.p[i], value[base + taken + i]);
			if (front.len > 0 && dice(8) == 0) {
				size_t n = 1 + dice((uint32_t)front.len);
				mosaic_take(&m, n);
				taken += n;
			}
			if (dice(10) == 0) {
				assert_int_equal(mosaic_settle(&m, &f->b), taken);
				base += taken;
				taken = 0;
			}
			if (base > SIZE - 128)
				break;
		}
		mosaic_drop(&m, &f->b);
		assert_null(m.p);
	}
	feed_free(f);
}

static void test_bounds(void **s)
{
	struct feed *f = feed_new("quic", 0);
	struct mosaic m = { .p = NULL };
	(void)s;
	assert_true(mosaic_put(&m, &f->b, 0, sl_span("", 0)));
	assert_null(m.p);
	assert_false(mosaic_put(&m, &f->b, MOSAIC_MAX, sl_span("a", 1)));
	assert_false(mosaic_put(&m, &f->b, SIZE_MAX, sl_span("a", 1)));
	assert_true(mosaic_put(&m, &f->b, MOSAIC_MAX - 1, sl_span("a", 1)));
	for (unsigned i = 1; i < MOSAIC_RUNS; i++)
		assert_true(mosaic_put(&m, &f->b, 2 * i, sl_span("a", 1)));
	assert_false(mosaic_put(&m, &f->b, 1000, sl_span("a", 1))); /* one hole too many */
	assert_true(mosaic_put(&m, &f->b, 3, sl_span("a", 1))); /* which closes one */
	assert_true(mosaic_put(&m, &f->b, 1000, sl_span("a", 1)));
	mosaic_drop(&m, &f->b);
	while (sl_parser_pool_take(f->b.pool, 2048) != NULL)
		;
	assert_false(mosaic_put(&m, &f->b, 0, sl_span("a", 1)));
	assert_true(f->counters.c[SL_C_PARSER_POOL] > 0);
	assert_null(m.p);
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_array),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
