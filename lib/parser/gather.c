/* SPDX-License-Identifier: BSD-3-Clause */
/* gather.c - a growing buffer out of the worker's pool. Worker. Each byte is copied twice at most
 * on average, because the buffer doubles. */
#include "gather.h"
#include <sightline/hot.h>

#define GATHER_FIRST 2048

static bool grow(struct gather *g, struct sl_batch *b, size_t need)
{
	size_t size = g->size ? g->size : GATHER_FIRST;
	while (size < need)
		size *= 2;
	if (size > GATHER_MAX)
		size = GATHER_MAX;
	uint8_t *p = b->pool != NULL ? sl_parser_pool_take(b->pool, (uint16_t)size) : NULL;
	if (p == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return false;
	}
	if (g->p != NULL) {
		memcpy(p, g->p, g->have);
		sl_parser_pool_give(b->pool, g->p, g->size);
	}
	g->p = p;
	g->size = (uint16_t)size;
	return true;
}

bool gather_add(struct gather *g, struct sl_batch *b, struct sl_span in, uint16_t max)
{
	size_t room = max > g->have ? (size_t)max - g->have : 0, n = in.len < room ? in.len : room;
	if (n == 0)
		return true;
	if (g->have + n > g->size && !grow(g, b, g->have + n))
		return false;
	memcpy(g->p + g->have, in.p, n);
	g->have = (uint16_t)(g->have + n);
	return true;
}

bool gather_all(struct gather *g, struct sl_batch *b, struct sl_span in, uint16_t max)
{
	size_t want = g->have + in.len;
	return gather_add(g, b, in, max) && g->have == want;
}

bool gather_ready(struct gather *g, struct sl_batch *b)
{
	return g->p != NULL || grow(g, b, 1);
}

void gather_drop(struct gather *g, struct sl_batch *b)
{
	if (g->p != NULL)
		sl_parser_pool_give(b->pool, g->p, g->size);
	*g = (struct gather){ .p = NULL };
}
