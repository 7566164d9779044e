/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks.c - a buddy allocator (Knuth 2.5) over one mapping. Worker, but for _new and _free. Each
 * call splits or joins at most once for each size; never allocates, never locks. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sightline/mem.h>

#include "blocks.h"
#include <sightline/hot.h>

#define TOP 10u /* order of BLOCK_MAX */
#define VACANT 0x80u /* in tag: on the list of its order */

struct vacant {
	uint32_t prev, next;
};

struct blocks {
	size_t map_bytes, used;
	uint8_t *base; /* of unit 0 */
	uint8_t *tag; /* of each unit that a block begins with: its order, and VACANT */
	uint32_t units, fresh; /* units from `fresh` on were never handed out */
	uint32_t list[TOP + 1];
	struct blocks_share *share; /* NULL: none */
};

static size_t up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

int blocks_new(struct blocks **out, size_t bytes, struct blocks_share *share)
{
	size_t units = up(bytes, BLOCK_MAX) / BLOCK_MIN;
	if (units == 0 || units >= NO_BLOCK)
		return -EINVAL;
	size_t head = up(sizeof(struct blocks) + units, BLOCK_MIN);
	struct blocks *b = sl_mem_map(head + units * BLOCK_MIN);
	if (b == NULL)
		return -ENOMEM;
	b->map_bytes = head + units * BLOCK_MIN;
	b->base = (uint8_t *)b + head;
	b->tag = (uint8_t *)(b + 1);
	b->units = (uint32_t)units;
	b->share = share;
	for (unsigned i = 0; i <= TOP; i++)
		b->list[i] = NO_BLOCK;
	*out = b;
	return 0;
}

void blocks_free(struct blocks *b)
{
	if (b != NULL)
		sl_mem_unmap(b, b->map_bytes);
}

static unsigned order_of(uint32_t bytes)
{
	unsigned order = 0;
	while (BLOCK_MIN << order < bytes)
		order++;
	return order;
}

uint32_t blocks_size(uint32_t bytes)
{
	return BLOCK_MIN << order_of(bytes);
}

void *blocks_at(const struct blocks *b, uint32_t block)
{
	return b->base + (size_t)block * BLOCK_MIN;
}

size_t blocks_used(const struct blocks *b)
{
	return b->used;
}

static void list_put(struct blocks *b, uint32_t block, unsigned order)
{
	struct vacant *v = blocks_at(b, block);
	*v = (struct vacant){ .prev = NO_BLOCK, .next = b->list[order] };
	if (v->next != NO_BLOCK)
		((struct vacant *)blocks_at(b, v->next))->prev = block;
	b->list[order] = block;
	b->tag[block] = (uint8_t)(order | VACANT);
}

static void list_cut(struct blocks *b, uint32_t block, unsigned order)
{
	const struct vacant *v = blocks_at(b, block);
	if (v->prev == NO_BLOCK)
		b->list[order] = v->next;
	else
		((struct vacant *)blocks_at(b, v->prev))->next = v->next;
	if (v->next != NO_BLOCK)
		((struct vacant *)blocks_at(b, v->next))->prev = v->prev;
}

/* No order is needed between what others claim and anything else: only the number counts. */
static bool claim(struct blocks *b)
{
	if (b->share == NULL)
		return true;
	uint32_t left = atomic_load_explicit(&b->share->left, memory_order_relaxed);
	do {
		if (left == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&b->share->left, &left, left - 1, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void unclaim(struct blocks *b)
{
	if (b->share != NULL)
		atomic_fetch_add_explicit(&b->share->left, 1, memory_order_relaxed);
}

uint32_t blocks_take(struct blocks *b, uint32_t bytes)
{
	unsigned want = order_of(bytes), order = want;
	while (order <= TOP && b->list[order] == NO_BLOCK)
		order++;
	uint32_t block;
	if (order >= TOP && (order == TOP || b->fresh < b->units) && !claim(b))
		return NO_BLOCK;
	if (order <= TOP) {
		block = b->list[order];
		list_cut(b, block, order);
	} else if (b->fresh < b->units) {
		order = TOP;
		block = b->fresh;
		b->fresh += 1u << TOP;
	} else {
		return NO_BLOCK;
	}
	while (order > want) {
		order--;
		list_put(b, block + (1u << order), order);
	}
	b->tag[block] = (uint8_t)order;
	b->used += BLOCK_MIN << order;
	return block;
}

void blocks_give(struct blocks *b, uint32_t block)
{
	unsigned order = b->tag[block];
	b->used -= BLOCK_MIN << order;
	while (order < TOP) {
		uint32_t buddy = block ^ 1u << order;
		if (b->tag[buddy] != (order | VACANT))
			break;
		list_cut(b, buddy, order);
		block &= buddy;
		order++;
	}
	list_put(b, block, order);
	if (order == TOP)
		unclaim(b);
}
