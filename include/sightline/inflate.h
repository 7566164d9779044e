/* SPDX-License-Identifier: BSD-3-Clause */
/* inflate.h - content codings (RFC 9110 8.4.1) undone as their bytes pass by: gzip (RFC 1952),
 * deflate (RFC 1950, and the raw RFC 1951 that some servers send instead), Brotli (RFC 7932),
 * Zstandard (RFC 8878). The one door to zlib, libbrotlidec and libzstd on a worker: all memory that
 * they use comes from a pool that is mapped at start. One pool a worker, never shared.
 *
 * A decoder may hold SL_INFLATE_DECODER_MAX of it: windows of 8 MiB, which is all that RFC 9659
 * lets zstd have in HTTP; of Brotli's windows only those of 16 MiB (lgwin 24) are refused, and only
 * where the content is longer than 8 MiB. */
#ifndef SIGHTLINE_INFLATE_H
#define SIGHTLINE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/span.h>

#define SL_INFLATE_DECODER_MAX ((size_t)10 << 20)
#define SL_INFLATE_LAYERS 2 /* codings on top of each other that there is scratch memory for */
#define SL_INFLATE_SCRATCH 16384

enum sl_inflate_kind { SL_INFLATE_GZIP, SL_INFLATE_DEFLATE, SL_INFLATE_BR, SL_INFLATE_ZSTD };

enum sl_inflate_said {
	SL_INFLATE_MORE, /* the input is used up, and all of what it gives is given */
	SL_INFLATE_ROOM, /* the output is full: there may be more of it */
	SL_INFLATE_END, /* the coding is over; what is left of the input is none of it */
	SL_INFLATE_BAD, /* malformed */
	SL_INFLATE_NOT, /* the first byte already can't be this coding; nothing was taken */
	SL_INFLATE_NO_MEMORY, /* the pool, or what one decoder may have of it, is used up */
};

struct sl_inflate_pool;
struct sl_inflate;

/* 0, -EINVAL (less than one decoder's worth), -ENOMEM. Control, as is _free. */
int sl_inflate_pool_new(struct sl_inflate_pool **out, size_t bytes);
void sl_inflate_pool_free(struct sl_inflate_pool *p);
/* Bytes that decoders hold at this moment. */
size_t sl_inflate_pool_used(const struct sl_inflate_pool *p);
/* SL_INFLATE_SCRATCH bytes for the output of one layer, good until the next call for it. */
uint8_t *sl_inflate_scratch(struct sl_inflate_pool *p, unsigned layer);

/* NULL: no memory. Every decoder that was begun is ended. */
struct sl_inflate *sl_inflate_begin(struct sl_inflate_pool *p, enum sl_inflate_kind kind);
/* Takes bytes off the front of *in and gives *got to out. Behind a gzip member another may follow,
 * behind a zstd frame another frame; what else follows is left. Linear in input and output. */
enum sl_inflate_said sl_inflate_step(
	struct sl_inflate *i, struct sl_span *in, uint8_t *out, size_t cap, size_t *got);
/* Whether the input so far ends where the coding may end. */
bool sl_inflate_whole(const struct sl_inflate *i);
void sl_inflate_end(struct sl_inflate *i); /* NULL is allowed */

#endif
