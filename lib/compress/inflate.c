/* SPDX-License-Identifier: BSD-3-Clause */
/* inflate.c - one decoder for all content codings, by zlib, libbrotlidec and libzstd, each with the
 * memory of pages.c. Worker; never allocates. */
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_createDStream_advanced, stable since 1.3 */
#include <brotli/decode.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "pages.h"
#include <sightline/hot.h>

#define ZSTD_WINDOW_MAX ((size_t)8 << 20) /* RFC 9659 3 */

enum place { FIRST, INSIDE, BETWEEN, OVER };

struct sl_inflate {
	struct pages_user mem; /* of the library; this struct's own page is in it, too */
	enum sl_inflate_kind kind;
	enum place place;
	uint8_t held[2]; /* first bytes that had to be seen before a decoder could begin */
	uint8_t held_len, held_at;
	bool z_made;
	z_stream z;
	BrotliDecoderState *br;
	ZSTD_DStream *zstd;
};

/* ---- The libraries' memory ---- */

static voidpf z_take(voidpf user, uInt items, uInt size)
{
	return pages_take(user, (size_t)items * size);
}

static void z_give(voidpf user, voidpf p)
{
	pages_give(user, p);
}

static void *lib_take(void *user, size_t bytes)
{
	return pages_take(user, bytes);
}

static void lib_give(void *user, void *p)
{
	pages_give(user, p);
}

static bool z_make(struct sl_inflate *i, int window_bits)
{
	i->z.zalloc = z_take;
	i->z.zfree = z_give;
	i->z.opaque = &i->mem;
	i->z_made = inflateInit2(&i->z, window_bits) == Z_OK;
	return i->z_made;
}

static bool make(struct sl_inflate *i)
{
	switch (i->kind) {
	case SL_INFLATE_GZIP:
		return z_make(i, 15 + 16);
	case SL_INFLATE_DEFLATE:
		return true; /* which of two it is shows in its first bytes */
	case SL_INFLATE_BR:
		i->br = BrotliDecoderCreateInstance(lib_take, lib_give, &i->mem);
		return i->br != NULL;
	case SL_INFLATE_ZSTD:
		i->zstd = ZSTD_createDStream_advanced(
			(ZSTD_customMem){ lib_take, lib_give, &i->mem });
		return i->zstd != NULL &&
		       !ZSTD_isError(ZSTD_DCtx_setMaxWindowSize(i->zstd, ZSTD_WINDOW_MAX));
	}
	return false;
}

struct sl_inflate *sl_inflate_begin(struct sl_inflate_pool *p, enum sl_inflate_kind kind)
{
	struct pages_user mem = { .pool = p };
	struct sl_inflate *i = pages_take(&mem, sizeof(*i));
	if (i == NULL)
		return NULL;
	memset(i, 0, sizeof(*i));
	i->mem = mem;
	i->kind = kind;
	if (make(i))
		return i;
	sl_inflate_end(i);
	return NULL;
}

void sl_inflate_end(struct sl_inflate *i)
{
	if (i == NULL)
		return;
	if (i->z_made)
		(void)inflateEnd(&i->z);
	if (i->br != NULL)
		BrotliDecoderDestroyInstance(i->br);
	if (i->zstd != NULL)
		(void)ZSTD_freeDStream(i->zstd);
	struct pages_user mem = i->mem; /* the struct lies in what is given back */
	pages_give(&mem, i);
}

bool sl_inflate_whole(const struct sl_inflate *i)
{
	return i->place == BETWEEN || i->place == OVER;
}

/* ---- gzip and deflate ---- */

static enum sl_inflate_said z_run(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	size_t give = in->len < UINT32_MAX ? in->len : UINT32_MAX;
	i->z.next_in = (z_const Bytef *)(uintptr_t)in->p;
	i->z.avail_in = (uInt)give;
	i->z.next_out = out;
	i->z.avail_out = (uInt)cap;
	int z = inflate(&i->z, Z_NO_FLUSH);
	*in = sl_span_from(*in, give - i->z.avail_in);
	*got = cap - i->z.avail_out;
	i->place = INSIDE;
	switch (z) {
	case Z_STREAM_END:
		i->place = i->kind == SL_INFLATE_GZIP ? BETWEEN : OVER;
		return i->place == OVER ? SL_INFLATE_END : SL_INFLATE_MORE;
	case Z_OK:
	case Z_BUF_ERROR: /* no room or no input */
		return i->z.avail_out == 0 ? SL_INFLATE_ROOM : SL_INFLATE_MORE;
	case Z_MEM_ERROR:
		return SL_INFLATE_NO_MEMORY;
	default:
		return SL_INFLATE_BAD;
	}
}

/* Holds bytes off the input until there are n. False: there are not yet. */
static bool hold(struct sl_inflate *i, struct sl_span *in, unsigned n)
{
	while (i->held_len < n && in->len) {
		i->held[i->held_len++] = in->p[0];
		*in = sl_span_from(*in, 1);
	}
	return i->held_len >= n;
}

/* The bytes held go first, one by one, as they are few. */
static enum sl_inflate_said z_feed(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	if (i->held_at == i->held_len)
		return z_run(i, in, out, cap, got);
	struct sl_span held = sl_span(i->held + i->held_at, (size_t)(i->held_len - i->held_at));
	size_t had = held.len;
	enum sl_inflate_said said = z_run(i, &held, out, cap, got);
	i->held_at += (uint8_t)(had - held.len);
	return said;
}

static enum sl_inflate_said deflate_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	if (!i->z_made) {
		if (!hold(i, in, 2))
			return SL_INFLATE_MORE;
		unsigned head = (unsigned)i->held[0] << 8 | i->held[1];
		bool zlib = (i->held[0] & 15) == 8 && head % 31 == 0; /* RFC 1950 2.2 */
		if (!z_make(i, zlib ? 15 : -15))
			return SL_INFLATE_NO_MEMORY;
	}
	return z_feed(i, in, out, cap, got);
}

/* Behind a member: another one, which its two bytes of magic tell, or what is none of it. */
static enum sl_inflate_said gzip_between(struct sl_inflate *i, struct sl_span *in)
{
	if (i->held_at == i->held_len)
		i->held_at = i->held_len = 0;
	if (in->len == 0)
		return SL_INFLATE_MORE;
	bool first = hold(i, in, 1);
	if (first && i->held[0] == 0x1f && !hold(i, in, 2))
		return SL_INFLATE_MORE;
	if (i->held_len == 2 && i->held[1] == 0x8b && inflateReset(&i->z) == Z_OK) {
		i->place = INSIDE;
		return SL_INFLATE_MORE;
	}
	i->place = OVER;
	return SL_INFLATE_END;
}

static enum sl_inflate_said gzip_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	if (i->place == FIRST && in->p[0] != 0x1f)
		return SL_INFLATE_NOT;
	if (i->place == BETWEEN)
		return gzip_between(i, in);
	return z_feed(i, in, out, cap, got);
}

/* ---- Brotli and Zstandard ---- */

static enum sl_inflate_said br_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	size_t left = in->len, room = cap;
	const uint8_t *next = in->p;
	uint8_t *to = out;
	BrotliDecoderResult r =
		BrotliDecoderDecompressStream(i->br, &left, &next, &room, &to, NULL);
	*in = sl_span_from(*in, in->len - left);
	*got = cap - room;
	i->place = r == BROTLI_DECODER_RESULT_SUCCESS ? OVER : INSIDE;
	switch (r) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return SL_INFLATE_END;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
		return SL_INFLATE_MORE;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return SL_INFLATE_ROOM;
	case BROTLI_DECODER_RESULT_ERROR:
		break;
	}
	BrotliDecoderErrorCode why = BrotliDecoderGetErrorCode(i->br);
	return why <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
			       why >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
		       ? SL_INFLATE_NO_MEMORY
		       : SL_INFLATE_BAD;
}

/* A frame, or one that is to be skipped (RFC 8878 3.1). */
static bool begins_frame(uint8_t c)
{
	return c == 0x28 || (c & 0xf0) == 0x50;
}

static enum sl_inflate_said zstd_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	if ((i->place == FIRST || i->place == BETWEEN) && in->len && !begins_frame(in->p[0])) {
		bool first = i->place == FIRST;
		i->place = first ? FIRST : OVER;
		return first ? SL_INFLATE_NOT : SL_INFLATE_END;
	}
	ZSTD_inBuffer from = { in->p, in->len, 0 };
	ZSTD_outBuffer to = { out, cap, 0 };
	if (i->place == BETWEEN && in->len == 0)
		return SL_INFLATE_MORE;
	size_t left = ZSTD_decompressStream(i->zstd, &to, &from);
	*in = sl_span_from(*in, from.pos);
	*got = to.pos;
	if (ZSTD_isError(left))
		return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ||
				       ZSTD_getErrorCode(left) ==
					       ZSTD_error_frameParameter_windowTooLarge
			       ? SL_INFLATE_NO_MEMORY
			       : SL_INFLATE_BAD;
	i->place = left == 0 ? BETWEEN : INSIDE;
	return to.pos == cap && left != 0 ? SL_INFLATE_ROOM : SL_INFLATE_MORE;
}

/* ---- All ---- */

enum sl_inflate_said sl_inflate_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got)
{
	static enum sl_inflate_said (*const step[])(
		struct sl_inflate *, struct sl_span *, uint8_t *, size_t, size_t *) = {
		[SL_INFLATE_GZIP] = gzip_step,
		[SL_INFLATE_DEFLATE] = deflate_step,
		[SL_INFLATE_BR] = br_step,
		[SL_INFLATE_ZSTD] = zstd_step,
	};
	enum sl_inflate_said said;
	*got = 0;
	if (i->place == OVER)
		return SL_INFLATE_END;
	/* What a decoder took without giving anything was held, or ended a member or a frame. */
	do {
		size_t had = in->len;
		uint8_t held = i->held_at;
		enum place was = i->place;
		if (i->place == FIRST && had == 0)
			return SL_INFLATE_MORE;
		said = step[i->kind](i, in, out, cap, got);
		if (said == SL_INFLATE_MORE && *got == 0 && had == in->len && held == i->held_at &&
			was == i->place)
			return said;
	} while (said == SL_INFLATE_MORE && *got == 0 && (in->len || i->held_at < i->held_len));
	/* Output first: whether there is more of it the next call tells. */
	if (said == SL_INFLATE_MORE && (in->len || i->held_at < i->held_len))
		return SL_INFLATE_ROOM;
	return said;
}
