/* SPDX-License-Identifier: BSD-3-Clause */
/* pool_test.c - the registry, what a first byte leaves of it, and the pools of parser states. */
#include <dirent.h>
#include <stdio.h>

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

/* ---- What a first byte leaves ---- */

struct answers {
	size_t pieces, asked;
	uint64_t sum;
};

/* Ports that are some part of a probe's evidence, and one that is not. */
static const uint16_t ports[] = { 443, 25, 67, 110, 123, 161, 502, 514, 547, 1812, 1883, 1900,
	3389 };

/* A parser says no to a piece that begins with another byte than it says it does. */
static void no_other_begin(struct sl_piece p, uint8_t *first, struct answers *a)
{
	uint8_t was = *first;
	for (unsigned i = 0; i < sl_parser_count; i++)
		for (unsigned c = 0; c < 256 && sl_parsers[i]->begins != NULL; c++) {
			if (sl_parsers[i]->begins((uint8_t)c))
				continue;
			*first = (uint8_t)c;
			for (unsigned k = 0; k < 2 * sizeof(ports) / sizeof(*ports); k++) {
				p.datagram = k % 2;
				assert_int_equal(
					sl_parsers[i]->probe(&p, 40000, ports[k / 2]), SL_PROBE_NO);
			}
			a->asked++;
		}
	*first = was;
}

/* Whose the piece is, as a number that differs where anything of it does. */
static void note(struct sl_piece p, struct answers *a)
{
	static const uint8_t over[] = { SL_OVER_UDP, SL_OVER_TCP, SL_OVER_TCP | SL_OVER_TCP_BEGIN,
		SL_OVER_UDP | SL_OVER_TCP | SL_OVER_TCP_BEGIN };
	for (unsigned i = 0; i < sizeof(over); i++) {
		bool more;
		p.datagram = over[i] == SL_OVER_UDP;
		const struct sl_parser *got = sl_parser_probe(&p, over[i], 40000, 53, &more);
		a->sum = a->sum * 1099511628211u + (got != NULL ? sl_parser_index(got) + 2 : more);
	}
	a->pieces++;
}

/* The pieces of a seed (fuzz.h). */
static void seed(const char *path, bool begins, struct answers *a)
{
	static uint8_t b[1 << 16];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	struct sl_rd r = sl_rd(sl_span(b, fread(b, 1, sizeof(b), f)));
	(void)fclose(f);
	sl_rd_skip(&r, 1);
	for (unsigned n = 0; sl_rd_left(&r) > 3 && n < 4; n++) {
		sl_rd_skip(&r, 1);
		size_t len = sl_rd16(&r), left = sl_rd_left(&r);
		struct sl_piece p = { .bytes = sl_rd_take(&r, len < left ? len : left) };
		if (p.bytes.len > 0 && begins)
			no_other_begin(p, b + (p.bytes.p - b), a);
		note(p, a);
	}
}

static struct answers every_seed(bool begins)
{
	struct answers a = { .sum = 0 };
	char path[1024];
	for (unsigned i = 0; i < sl_parser_count; i++) {
		struct dirent **name;
		int n = snprintf(path, sizeof(path), CORPUS "/%s", sl_parsers[i]->name);
		int seeds = scandir(path, &name, NULL, alphasort);
		for (int k = 0; k < seeds; k++) {
			snprintf(path + n, sizeof(path) - (size_t)n, "/%s", name[k]->d_name);
			if (name[k]->d_name[0] != '.')
				seed(path, begins, &a);
			free(name[k]);
		}
		if (seeds >= 0)
			free(name);
	}
	return a;
}

static void test_begins(void **s)
{
	(void)s;
	struct answers plain = every_seed(true);
	assert_true(plain.pieces > 500 && plain.asked > 100000);
	sl_parsers_prepare();
	sl_parsers_prepare();
	struct answers prepared = every_seed(false);
	assert_int_equal(prepared.pieces, plain.pieces);
	assert_int_equal(prepared.sum, plain.sum);
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
		cmocka_unit_test(test_begins),
		cmocka_unit_test(test_take_give),
		cmocka_unit_test(test_none_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
