/* SPDX-License-Identifier: BSD-3-Clause */
/* pages.c - the memory of a worker's decoders: runs of pages out of one block that is mapped at
 * start, the first run that is long enough. Worker; only _new and _free make or end memory, and
 * control calls those. */
#include <errno.h>
#include <string.h>

#include <sightline/mem.h>

#include "pages.h"
#include <sightline/hot.h>

#define PAGE ((size_t)4096)

struct sl_inflate_pool {
	size_t mapped; /* bytes, this included */
	uint32_t count; /* pages */
	uint32_t used;
	uint32_t low; /* no page before it is free */
	uint8_t *page;
	uint32_t *run; /* pages of the run that begins at a page; 0 where none does */
	uint8_t *taken; /* one for each page */
	uint8_t scratch[SL_INFLATE_LAYERS][SL_INFLATE_SCRATCH];
};

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE;
}

int sl_inflate_pool_new(struct sl_inflate_pool **out, size_t bytes)
{
	size_t count = bytes / PAGE;
	if (bytes < SL_INFLATE_DECODER_MAX || count > UINT32_MAX)
		return -EINVAL;
	size_t head = whole_pages(sizeof(struct sl_inflate_pool));
	size_t lists = whole_pages(count * (sizeof(uint32_t) + 1));
	size_t mapped = (head + lists + count) * PAGE;
	uint8_t *at = sl_mem_map(mapped);
	if (at == NULL)
		return -ENOMEM;
	struct sl_inflate_pool *p = (struct sl_inflate_pool *)(void *)at;
	p->mapped = mapped;
	p->count = (uint32_t)count;
	p->run = (uint32_t *)(void *)(at + head * PAGE);
	p->taken = at + head * PAGE + count * sizeof(uint32_t);
	p->page = at + (head + lists) * PAGE;
	*out = p;
	return 0;
}

void sl_inflate_pool_free(struct sl_inflate_pool *p)
{
	if (p != NULL)
		sl_mem_unmap(p, p->mapped);
}

size_t sl_inflate_pool_used(const struct sl_inflate_pool *p)
{
	return p->used * PAGE;
}

uint8_t *sl_inflate_scratch(struct sl_inflate_pool *p, unsigned layer)
{
	return p->scratch[layer];
}

/* The first page of the first free run of n; the pool's count where there is none. Runs that are
 * taken are jumped over, so that the search is as long as there are runs and free pages. */
static uint32_t find(struct sl_inflate_pool *p, uint32_t n)
{
	uint32_t from = p->low;
	while (from < p->count && p->taken[from])
		from += p->run[from];
	p->low = from;
	while (p->count - from >= n) {
		uint32_t i = from;
		while (i - from < n && !p->taken[i])
			i++;
		if (i - from == n)
			return from;
		while (i < p->count && p->taken[i])
			i += p->run[i];
		from = i;
	}
	return p->count;
}

void *pages_take(struct pages_user *u, size_t bytes)
{
	struct sl_inflate_pool *p = u->pool;
	if (bytes > SL_INFLATE_DECODER_MAX)
		return NULL;
	uint32_t n = (uint32_t)whole_pages(bytes ? bytes : 1);
	if (u->held + n > SL_INFLATE_DECODER_MAX / PAGE)
		return NULL;
	uint32_t at = find(p, n);
	if (at == p->count)
		return NULL;
	memset(p->taken + at, 1, n);
	p->run[at] = n;
	p->used += n;
	u->held += n;
	return p->page + at * PAGE;
}

void pages_give(struct pages_user *u, void *mem)
{
	struct sl_inflate_pool *p = u->pool;
	if (mem == NULL)
		return;
	uint32_t at = (uint32_t)((size_t)((uint8_t *)mem - p->page) / PAGE), n = p->run[at];
	memset(p->taken + at, 0, n);
	p->run[at] = 0;
	p->used -= n;
	u->held -= n;
	if (at < p->low)
		p->low = at;
}
