/* SPDX-License-Identifier: BSD-3-Clause */
/* inflate_test.c - content codings undone in steps of any size, out of a bounded pool. */
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <sightline/inflate.h>

#include "test.h"

#define TEXT_LEN ((size_t)100000)
#define PACKED_MAX ((size_t)1 << 20)

static uint8_t text[TEXT_LEN];
static struct sl_inflate_pool *pool;

static size_t pack_zlib(const void *p, size_t len, int bits, uint8_t *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)len };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = PACKED_MAX;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return PACKED_MAX - z.avail_out;
}

enum { GZIP, ZLIB, RAW, BROTLI, ZSTANDARD, PACKINGS };
static const enum sl_inflate_kind kind_of[PACKINGS] = { SL_INFLATE_GZIP, SL_INFLATE_DEFLATE,
	SL_INFLATE_DEFLATE, SL_INFLATE_BR, SL_INFLATE_ZSTD };

static size_t pack(unsigned how, const void *p, size_t len, uint8_t *out)
{
	size_t n = PACKED_MAX;
	switch (how) {
	case GZIP:
		return pack_zlib(p, len, 15 + 16, out);
	case ZLIB:
		return pack_zlib(p, len, 15, out);
	case RAW:
		return pack_zlib(p, len, -15, out);
	case BROTLI:
		assert_int_equal(
			BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, len, p, &n, out), 1);
		return n;
	default:
		n = ZSTD_compress(out, PACKED_MAX, p, len, 3);
		assert_false(ZSTD_isError(n));
		return n;
	}
}

/* Undoes p in pieces of `in_step` with room for `out_step`; the result's length in *len. */
static enum sl_inflate_said undo(enum sl_inflate_kind kind, const uint8_t *p, size_t n,
	size_t in_step, size_t out_step, uint8_t *out, size_t cap, size_t *len, bool *whole)
{
	struct sl_inflate *i = sl_inflate_begin(pool, kind);
	enum sl_inflate_said said = SL_INFLATE_MORE;
	*len = 0;
	assert_non_null(i);
	for (size_t at = 0; at < n && said == SL_INFLATE_MORE; at += in_step) {
		struct guarded g = guarded_new(p + at, in_step < n - at ? in_step : n - at);
		struct sl_span in = sl_span(g.p, g.len);
		do {
			size_t got, room = cap - *len < out_step ? cap - *len : out_step;
			said = sl_inflate_step(i, &in, out + *len, room, &got);
			assert_true(got <= room);
			*len += got;
		} while (said == SL_INFLATE_ROOM && *len < cap);
		guarded_free(&g);
	}
	*whole = sl_inflate_whole(i);
	sl_inflate_end(i);
	assert_int_equal(sl_inflate_pool_used(pool), 0);
	return said;
}

static void test_steps(void **s)
{
	(void)s;
	static uint8_t packed[PACKED_MAX], out[TEXT_LEN + 1];
	static const size_t in_steps[] = { 1, 7, 1000, PACKED_MAX };
	static const size_t out_steps[] = { 1, 100, 16384 };
	for (unsigned how = 0; how < PACKINGS; how++) {
		size_t n = pack(how, text, TEXT_LEN, packed), len;
		for (unsigned i = 0; i < 4; i++) {
			for (unsigned o = 0; o < 3; o++) {
				bool whole;
				undo(kind_of[how], packed, n, in_steps[i], out_steps[o], out,
					sizeof(out), &len, &whole);
				assert_int_equal(len, TEXT_LEN);
				assert_memory_equal(out, text, TEXT_LEN);
				assert_true(whole);
			}
		}
	}
}

static void test_cut(void **s)
{
	(void)s;
	static uint8_t packed[PACKED_MAX], out[TEXT_LEN + 1];
	for (unsigned how = 0; how < PACKINGS; how++) {
		size_t n = pack(how, text, 300, packed), len;
		for (size_t cut = 1; cut < n; cut++) {
			bool whole;
			undo(kind_of[how], packed, cut, 5, 64, out, sizeof(out), &len, &whole);
			assert_false(whole);
			assert_memory_equal(out, text, len);
		}
	}
}

static void test_members_and_garbage(void **s)
{
	(void)s;
	static uint8_t packed[PACKED_MAX], out[TEXT_LEN];
	for (unsigned how = 0; how < PACKINGS; how++) {
		bool many = how == GZIP || how == ZSTANDARD, whole;
		size_t n = pack(how, text, 300, packed), len;
		if (many)
			n += pack(how, text + 300, 200, packed + n);
		memset(packed + n, 'x', 50);
		for (size_t step = 1; step < 60; step += 3) {
			undo(kind_of[how], packed, n + 50, step, 64, out, sizeof(out), &len,
				&whole);
			assert_int_equal(len, many ? 500 : 300);
			assert_memory_equal(out, text, len);
			assert_true(whole);
		}
	}
}

static void test_malformed(void **s)
{
	(void)s;
	static uint8_t packed[PACKED_MAX], out[TEXT_LEN + 1];
	bool whole;
	size_t len;
	/* what was never put on */
	assert_int_equal(
		undo(SL_INFLATE_GZIP, text, 100, 100, 100, out, 200, &len, &whole), SL_INFLATE_NOT);
	assert_int_equal(
		undo(SL_INFLATE_ZSTD, text, 100, 100, 100, out, 200, &len, &whole), SL_INFLATE_NOT);
	/* a wrong check sum */
	size_t n = pack(GZIP, text, 300, packed);
	packed[n - 5] ^= 1;
	assert_int_equal(
		undo(SL_INFLATE_GZIP, packed, n, n, 1000, out, 1000, &len, &whole), SL_INFLATE_BAD);
	assert_false(whole);
	for (unsigned how = 0; how < PACKINGS; how++) {
		n = pack(how, text, 5000, packed);
		for (size_t at = 0; at < n; at++) {
			packed[at] ^= 0x55;
			undo(kind_of[how], packed, n, 100, 1000, out, sizeof(out), &len, &whole);
			packed[at] ^= 0x55;
		}
	}
}

/* No decoder may have more than its share, and a pool that is used up says so. */
static void test_memory(void **s)
{
	(void)s;
	static uint8_t out[16384];
	struct sl_inflate *open[4096];
	unsigned n = 0;
	while (n < 4096 && (open[n] = sl_inflate_begin(pool, SL_INFLATE_GZIP)) != NULL)
		n++;
	assert_in_range(n, 100, 4095);
	assert_null(sl_inflate_begin(pool, SL_INFLATE_ZSTD));
	while (n > 0)
		sl_inflate_end(open[--n]);
	assert_int_equal(sl_inflate_pool_used(pool), 0);
	/* a frame that asks for 128 MiB (RFC 8878 3.1.1.1.2) */
	static const uint8_t wide[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 1, 0, 0 };
	size_t len;
	bool whole;
	assert_int_equal(
		undo(SL_INFLATE_ZSTD, wide, sizeof(wide), 1, 16384, out, 16384, &len, &whole),
		SL_INFLATE_NO_MEMORY);
	struct sl_inflate_pool *small;
	assert_true(sl_inflate_pool_new(&small, 4096) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_members_and_garbage),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_memory),
	};
	uint32_t seed = 1;
	for (size_t i = 0; i < TEXT_LEN; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (uint8_t)('a' + (seed >> 24) % 7);
	}
	if (sl_inflate_pool_new(&pool, (size_t)16 << 20) < 0)
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	sl_inflate_pool_free(pool);
	return rc;
}
