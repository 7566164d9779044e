/* SPDX-License-Identifier: BSD-3-Clause */
/* context.c - blocks in which flows remember what they said. One pool a worker, memory decided at
 * start, handed out from a list of free blocks; blocks never used are never touched. Worker. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "sensor.h"

struct context_pool {
	struct sl_said *blocks;
	uint32_t count, fresh; /* blocks from `fresh` on were never handed out */
	struct sl_said *unused; /* chained through their first bytes */
};

int context_pool_new(struct context_pool **out, uint32_t count)
{
	struct context_pool *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	p->count = count;
	if (count > 0 && (p->blocks = sl_mem_map(count * sizeof(*p->blocks))) == NULL) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void context_pool_free(struct context_pool *p)
{
	if (p == NULL)
		return;
	sl_mem_unmap(p->blocks, p->count * sizeof(*p->blocks));
	free(p);
}

#include <sightline/hot.h>

struct sl_said *context_take(struct context_pool *p)
{
	struct sl_said *s = p->unused;
	if (s != NULL)
		memcpy(&p->unused, s->bytes, sizeof(p->unused));
	else if (p->fresh < p->count)
		s = &p->blocks[p->fresh++];
	if (s != NULL)
		s->used = 0;
	return s;
}

void context_give(struct context_pool *p, struct sl_said *s)
{
	memcpy(s->bytes, &p->unused, sizeof(p->unused));
	p->unused = s;
}
