/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks.h - the memory in which segments are held: blocks of a power of two, 128 bytes to 128 KiB,
 * out of one mapping that is made at start and touched as it is needed. Neighbours that are both
 * given back join again, so that no mix of sizes uses it up for another. One worker. Private to
 * lib/stream. */
#ifndef STREAM_BLOCKS_H
#define STREAM_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_MIN 128u
#define BLOCK_MAX (BLOCK_MIN << 10)
#define NO_BLOCK UINT32_MAX

struct blocks;

/* Blocks of BLOCK_MAX that several allocators together may use; each claims one when it breaks it
 * up, and gives it back when it is whole again. */
struct blocks_share {
	_Atomic uint32_t left;
	uint32_t all;
};

/* bytes is rounded up to whole blocks of BLOCK_MAX; share may be NULL. 0 or -errno. Control. */
int blocks_new(struct blocks **out, size_t bytes, struct blocks_share *share);
void blocks_free(struct blocks *b);
/* What a block for so many bytes takes; bytes <= BLOCK_MAX. */
uint32_t blocks_size(uint32_t bytes);
/* The number of a block of at least so many bytes, not zeroed; NO_BLOCK: none left. */
uint32_t blocks_take(struct blocks *b, uint32_t bytes);
void blocks_give(struct blocks *b, uint32_t block);
void *blocks_at(const struct blocks *b, uint32_t block);
size_t blocks_used(const struct blocks *b); /* bytes handed out */

#endif
