/* SPDX-License-Identifier: BSD-3-Clause */
/* gather.h - bytes that have to lie together to be read, but come in pieces: kept in a buffer of
 * the worker's pool, which is taken small, doubled as bytes really come, and given back as soon as
 * they were read. What a length field promises costs nothing. */
#ifndef PARSER_GATHER_H
#define PARSER_GATHER_H

#include <sightline/parser.h>

#define GATHER_MAX 65535 /* what a unit of the pool can hold */

struct gather {
	uint8_t *p; /* the pool's; NULL: nothing is gathered */
	uint16_t size; /* of p */
	uint16_t have;
};

/* Adds bytes, as long as no more than max are kept. False: the pool has no more, which is counted.
 */
bool gather_add(struct gather *g, struct sl_batch *b, struct sl_span in, uint16_t max);
/* The same, but false where not all of it was kept, for either reason. */
bool gather_all(struct gather *g, struct sl_batch *b, struct sl_span in, uint16_t max);
/* There is a buffer, or one could be had. */
bool gather_ready(struct gather *g, struct sl_batch *b);
void gather_drop(struct gather *g, struct sl_batch *b);

static inline struct sl_span gather_bytes(const struct gather *g)
{
	return sl_span(g->p, g->have);
}

#endif
