/* SPDX-License-Identifier: BSD-3-Clause */
/* kept.c - see kept.h. */
#include <errno.h>
#include <string.h>

#include <sightline/mem.h>

#include "kept.h"

#define ENTRIES_MIN 16
#define ENTRIES_MAX (1u << 30)

int keeping_init(struct keeping *k, size_t each, size_t memory)
{
	size_t cap = memory / (each + sizeof(uint32_t));
	cap = cap < ENTRIES_MIN ? ENTRIES_MIN : cap > ENTRIES_MAX ? ENTRIES_MAX : cap;
	*k = (struct keeping){ .each = each, .cap = (uint32_t)cap, .mask = ENTRIES_MIN - 1 };
	while (k->mask < k->cap / 2)
		k->mask = k->mask * 2 + 1;
	k->room = sl_mem_map(each * cap);
	k->bucket = sl_mem_map((k->mask + (size_t)1) * sizeof(*k->bucket));
	return k->room == NULL || k->bucket == NULL ? -ENOMEM : 0;
}

void keeping_fini(struct keeping *k)
{
	if (k->room != NULL)
		sl_mem_unmap(k->room, k->each * k->cap);
	if (k->bucket != NULL)
		sl_mem_unmap(k->bucket, (k->mask + (size_t)1) * sizeof(*k->bucket));
	*k = (struct keeping){ .room = NULL };
}

void keeping_forget(struct keeping *k)
{
	if (k->count > 0)
		memset(k->bucket, 0, (k->mask + (size_t)1) * sizeof(*k->bucket));
	k->count = k->oldest = k->newest = 0;
}

static struct kept *at(const struct keeping *k, uint32_t number)
{
	return number == 0 ? NULL : (struct kept *)(void *)(k->room + (number - 1) * k->each);
}

static void list_out(struct keeping *k, const struct kept *e)
{
	struct kept *older = at(k, e->older), *newer = at(k, e->newer);
	*(older != NULL ? &older->newer : &k->oldest) = e->newer;
	*(newer != NULL ? &newer->older : &k->newest) = e->older;
}

static void list_in(struct keeping *k, struct kept *e)
{
	struct kept *newest = at(k, k->newest);
	e->older = k->newest;
	e->newer = 0;
	*(newest != NULL ? &newest->newer : &k->oldest) = e->number;
	k->newest = e->number;
}

void *kept_at(const struct keeping *k, uint32_t number)
{
	return at(k, number);
}

/* The place of a new entry: a fresh one, or that of the oldest. */
static struct kept *place(struct keeping *k, uint64_t *gone)
{
	if (k->count < k->cap) {
		struct kept *fresh = at(k, ++k->count);
		fresh->number = k->count;
		return fresh;
	}
	struct kept *e = at(k, k->oldest);
	uint32_t *link = &k->bucket[e->hash & k->mask];
	while (*link != e->number)
		link = &at(k, *link)->chain;
	*link = e->chain;
	list_out(k, e);
	*gone = e->last_ns;
	return e;
}

void *kept_find(const struct keeping *k, uint64_t hash)
{
	struct kept *e = at(k, k->bucket[hash & k->mask]);
	while (e != NULL && e->hash != hash)
		e = at(k, e->chain);
	return e;
}

void *kept_touch(struct keeping *k, uint64_t hash, uint64_t ts_ns, uint64_t *gone)
{
	struct kept *e = kept_find(k, hash);
	*gone = 0;
	if (e != NULL) {
		list_out(k, e);
	} else {
		e = place(k, gone);
		uint32_t number = e->number;
		memset(e, 0, k->each);
		*e = (struct kept){
			.number = number, .hash = hash, .chain = k->bucket[hash & k->mask]
		};
		k->bucket[hash & k->mask] = number;
	}
	list_in(k, e);
	if (e->last_ns < ts_ns)
		e->last_ns = ts_ns;
	return e;
}
