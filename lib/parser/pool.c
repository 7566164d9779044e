/* SPDX-License-Identifier: BSD-3-Clause */
/* pool.c - parser states by size class, out of one block that is mapped at start. A class takes new
 * room from the block while there is any, and keeps what was given back: the mix of protocols
 * decides the split, not the configuration. One worker; only _new and _free make or end memory, and
 * control calls those. */
#include <errno.h>

#include <sightline/mem.h>

#include "parsers.h"
#include <sightline/hot.h>

#define CLASS_MIN 64u /* a cache line: no two states share one */
#define CLASS_COUNT 11 /* up to 64 KiB, what state_bytes can say */

struct unit {
	struct unit *next;
};

struct sl_parser_pool {
	size_t bytes, used;
	struct unit *given[CLASS_COUNT];
};

static unsigned class_of(uint16_t bytes)
{
	unsigned c = 0;
	while (CLASS_MIN << c < bytes)
		c++;
	return c;
}

int sl_parser_pool_new(struct sl_parser_pool **out, size_t bytes)
{
	size_t head = (sizeof(struct sl_parser_pool) + CLASS_MIN - 1) / CLASS_MIN * CLASS_MIN;
	struct sl_parser_pool *p = sl_mem_map(head + bytes);
	if (p == NULL)
		return -ENOMEM;
	p->bytes = head + bytes;
	p->used = head;
	*out = p;
	return 0;
}

void sl_parser_pool_free(struct sl_parser_pool *p)
{
	if (p != NULL)
		sl_mem_unmap(p, p->bytes);
}

void *sl_parser_pool_take(struct sl_parser_pool *p, uint16_t bytes)
{
	unsigned c = class_of(bytes);
	size_t size = (size_t)CLASS_MIN << c;
	struct unit *u = p->given[c];
	if (u != NULL)
		p->given[c] = u->next;
	else if (p->bytes - p->used >= size) {
		u = (struct unit *)((uint8_t *)p + p->used);
		p->used += size;
	} else
		return NULL;
	memset(u, 0, size);
	return u;
}

void sl_parser_pool_give(struct sl_parser_pool *p, void *state, uint16_t bytes)
{
	struct unit *u = state;
	unsigned c = class_of(bytes);
	if (u == NULL)
		return;
	u->next = p->given[c];
	p->given[c] = u;
}
