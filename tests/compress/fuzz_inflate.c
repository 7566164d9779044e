/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_inflate.c - any bytes as a content coding, in pieces: the first byte chooses the coding and
 * the size of the pieces. Property: the same comes out of whole and of cut input, and all memory
 * comes back. */
#include <stdlib.h>
#include <string.h>

#include <sightline/inflate.h>

#define OUT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t undo(struct sl_inflate_pool *pool, enum sl_inflate_kind kind, struct sl_span all,
	size_t step, size_t room, uint8_t *out)
{
	struct sl_inflate *i = sl_inflate_begin(pool, kind);
	enum sl_inflate_said said = SL_INFLATE_MORE;
	size_t len = 0;
	if (i == NULL)
		abort();
	for (size_t at = 0; at < all.len && said == SL_INFLATE_MORE && len < OUT_MAX; at += step) {
		size_t n = step < all.len - at ? step : all.len - at;
		uint8_t *copy = malloc(n); /* so that the sanitizer sees where it ends */
		memcpy(copy, all.p + at, n);
		struct sl_span in = sl_span(copy, n);
		do {
			size_t got, cap = room < OUT_MAX - len ? room : OUT_MAX - len;
			size_t had = in.len;
			said = sl_inflate_step(i, &in, out + len, cap, &got);
			if (got > cap || in.len > had ||
				(said == SL_INFLATE_ROOM && got == 0 && in.len == had))
				abort();
			len += got;
		} while (said == SL_INFLATE_ROOM && len < OUT_MAX);
		free(copy);
	}
	(void)sl_inflate_whole(i);
	sl_inflate_end(i);
	if (sl_inflate_pool_used(pool) != 0)
		abort();
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t whole[OUT_MAX], cut[OUT_MAX];
	static struct sl_inflate_pool *pool;
	if (pool == NULL && sl_inflate_pool_new(&pool, 2 * SL_INFLATE_DECODER_MAX) < 0)
		return 0;
	if (size == 0)
		return 0;
	enum sl_inflate_kind kind = data[0] & 3;
	struct sl_span in = sl_span(data + 1, size - 1);
	size_t n = undo(pool, kind, in, in.len + 1, 16384, whole);
	size_t m = undo(pool, kind, in, (data[0] >> 2) + 1u, 1 + (data[0] >> 2) * 37u, cut);
	/* A malformed coding may give less where it is met earlier. */
	if (memcmp(whole, cut, n < m ? n : m) != 0)
		abort();
	return 0;
}
