/* SPDX-License-Identifier: BSD-3-Clause */
/* mem.h - memory that is decided at start: large zeroed blocks, on huge pages where they can be
 * had, and an arena for what lives and dies together. Control threads only; workers get what was
 * made here. */
#ifndef SIGHTLINE_MEM_H
#define SIGHTLINE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether blocks may lie on huge pages (default true). Set once, before the first block. */
void sl_mem_use_huge(bool yes);

/* `bytes` of zeroed memory, aligned to 2 MiB where it is that large and to a page otherwise.
 * Tries 2 MiB pages of the pool first, then ordinary ones advised to be huge. NULL: no memory. */
void *sl_mem_map(size_t bytes);
void sl_mem_unmap(void *p, size_t bytes);

/* Advice for memory that somebody else mapped and that will be filled: pages of 2 MiB, where blocks
 * may have them. */
void sl_mem_advise_huge(void *p, size_t bytes);

/* Whether a block lies on huge pages of the pool. Control threads. */
bool sl_mem_is_huge(const void *p);
/* Bytes that lie on huge pages of the pool, and bytes mapped in all; any thread. */
size_t sl_mem_huge_bytes(void);
size_t sl_mem_mapped_bytes(void);

/* An arena: pieces are freed all at once. Not for threads that share it. */
struct sl_arena;
int sl_arena_new(struct sl_arena **out);
void sl_arena_free(struct sl_arena *a); /* NULL is allowed */
/* Zeroed, aligned to 8; NULL: no memory. */
void *sl_arena_take(struct sl_arena *a, size_t bytes);
/* A copy of len bytes with a zero behind it; NULL: no memory. */
char *sl_arena_text(struct sl_arena *a, const void *p, size_t len);
/* As sl_arena_text, but the same text gives the same pointer: for what repeats, such as source
 * names. */
const char *sl_arena_intern(struct sl_arena *a, const void *p, size_t len);
size_t sl_arena_bytes(const struct sl_arena *a);

#endif
