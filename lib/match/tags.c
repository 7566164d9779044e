/* SPDX-License-Identifier: BSD-3-Clause */
/* tags.c - making and filling a tag table. Control thread. */
#include <errno.h>

#include <sightline/mem.h>

#include "tags.h"

/* 15 tags of 4 bytes, their head and 15 indices are 124 bytes: 11.0 bytes an entry at this load,
 * 13.0 with the bloom filter. Behind the filter few searches happen, so that lines may be full. */
#define LOAD_PERCENT 75
#define BLOOM_BITS 16

static uint64_t nothing; /* the filter of an empty table: says no to every key */

int tags_init(struct tags *t, size_t n)
{
	*t = (struct tags){ .bloom = &nothing, .words = 1 };
	if (n == 0)
		return 0;
	t->lines = (uint32_t)(n * 100 / (TAGS_LINE * LOAD_PERCENT)) + 2;
	t->words = (uint32_t)(n * BLOOM_BITS / 64) + 8;
	void *block = sl_mem_map(tags_size(t));
	if (block == NULL) {
		*t = (struct tags){ .bloom = &nothing, .words = 1 };
		return -ENOMEM;
	}
	tags_lay(t, block);
	return 0;
}

size_t tags_size(const struct tags *t)
{
	return (size_t)t->lines * (64 + TAGS_LINE * 4) + (size_t)t->words * 8;
}

void tags_lay(struct tags *t, void *block)
{
	uint8_t *bloom = (uint8_t *)block + (size_t)t->lines * 64;
	t->bytes = tags_size(t);
	t->line = block;
	t->bloom = (uint64_t *)bloom;
	t->index = (uint32_t *)(bloom + (size_t)t->words * 8);
}

void tags_fini(struct tags *t)
{
	sl_mem_unmap(t->line, t->bytes);
	*t = (struct tags){ .bloom = &nothing, .words = 1 };
}

void tags_add(struct tags *t, uint64_t hash, uint32_t tag, uint32_t index)
{
	uint32_t at = tags_scale(hash, t->lines);
	uint32_t *line = &t->line[(size_t)at * 16];
	while ((line[TAGS_LINE] & 15) == TAGS_LINE) {
		line[TAGS_LINE] |= TAGS_SPILLED;
		at = at + 1 == t->lines ? 0 : at + 1;
		line = &t->line[(size_t)at * 16];
	}
	uint32_t place = line[TAGS_LINE] & 15;
	t->index[(size_t)at * TAGS_LINE + place] = index;
	line[place] = tag;
	line[TAGS_LINE]++;
	t->bloom[tags_scale(hash, t->words)] |= tags_bits(hash);
}
