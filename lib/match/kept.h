/* SPDX-License-Identifier: BSD-3-Clause */
/* kept.h - a table of entries of one size, mapped at start and touched as it fills, in which the
 * one that was touched least lately gives way. Found by a keyed hash of 64 bits alone. One thread.
 */
#ifndef SL_MATCH_KEPT_H
#define SL_MATCH_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins every entry; numbers are from 1, 0 is none. */
struct kept {
	uint32_t chain, older, newer;
	uint32_t number;
	uint64_t hash;
	uint64_t last_ns; /* the latest time that it was touched for */
};

struct keeping {
	uint8_t *room;
	size_t each; /* bytes of an entry, a multiple of 8 */
	uint32_t cap, count, mask, oldest, newest;
	uint32_t *bucket;
};

/* As many entries of `each` bytes as `memory` has room for, at least 16. 0, -ENOMEM. */
int keeping_init(struct keeping *k, size_t each, size_t memory);
void keeping_fini(struct keeping *k);
void keeping_forget(struct keeping *k);
/* 1 to k->count: each once, in no order that means anything. */
void *kept_at(const struct keeping *k, uint32_t number);
void *kept_find(const struct keeping *k, uint64_t hash); /* NULL: there is none */
/* Found or made (zeroed behind the head). *gone: last_ns of the entry that gave way, or 0. */
void *kept_touch(struct keeping *k, uint64_t hash, uint64_t ts_ns, uint64_t *gone);

#endif
