/* SPDX-License-Identifier: BSD-3-Clause */
/* hold.c - bytes of a message that goes on in the next piece. Worker. A buffer that is full is
 * exchanged for one of twice its size, so that bytes are copied twice at most on average, however
 * small the pieces are. */
#include "hold.h"
#include <sightline/hot.h>

#define HOLD_MIN 1024u

static bool grow(struct hold *h, size_t want, struct sl_batch *b)
{
	uint32_t cap = h->cap ? h->cap : HOLD_MIN;
	while (cap < want && cap < HOLD_MAX)
		cap *= 2;
	uint8_t *p = b->pool ? sl_parser_pool_take(b->pool, (uint16_t)cap) : NULL;
	if (p == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return false;
	}
	if (h->len)
		memcpy(p, h->p, h->len);
	if (h->p != NULL)
		sl_parser_pool_give(b->pool, h->p, h->cap);
	h->p = p;
	h->cap = (uint16_t)cap;
	return true;
}

bool hold_ready(struct hold *h, struct sl_batch *b)
{
	return h->p != NULL || grow(h, HOLD_MIN, b);
}

bool hold_put(struct hold *h, struct sl_span in, struct sl_batch *b)
{
	size_t want = h->len + in.len;
	bool all = true;
	if (want > h->cap && h->cap < HOLD_MAX)
		all = grow(h, want, b);
	size_t room = (size_t)(h->cap - h->len), n = in.len < room ? in.len : room;
	if (n)
		memcpy(h->p + h->len, in.p, n);
	h->len = (uint16_t)(h->len + n);
	return all && n == in.len;
}

void hold_drop(struct hold *h, struct sl_batch *b)
{
	if (h->p != NULL)
		sl_parser_pool_give(b->pool, h->p, h->cap);
	*h = (struct hold){ .p = NULL };
}
