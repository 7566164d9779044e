/* SPDX-License-Identifier: BSD-3-Clause */
/* inner.h - a stream inside another: its parser, fed with what the carrier's messages carry. What
 * it says belongs to the carrier's flow. */
#ifndef PARSER_INNER_H
#define PARSER_INNER_H

#include <sightline/parser.h>

/* Zero: not open yet. */
struct inner {
	const struct sl_parser *parser; /* NULL: none */
	void *state; /* the pool's */
	bool over; /* it was closed, or there was no memory for it */
	bool done[2]; /* by direction: it wants nothing more */
	bool waits[2]; /* it consumed all and has yet to say some: to be fed no more bytes, first */
	bool ended[2];
};

/* Whether it is open now; at the first call, with a state of the pool's. It is opened once. */
bool inner_open(struct inner *i, const struct sl_parser *parser, struct sl_batch *b);
/* Feeds it a piece of its own stream, if it is open and wants it. *used is what it consumed. False:
 * the batch is full. */
bool inner_feed(struct inner *i, const struct sl_piece *p, struct sl_batch *b, size_t *used);
/* The stream ends in this direction; behind the second it is closed. May be called again. False:
 * the batch is full. */
bool inner_end(struct inner *i, enum sl_dir dir, uint64_t ts_ns, struct sl_batch *b);
/* Whether anybody still wants what comes in this direction. */
static inline bool inner_wants(const struct inner *i, enum sl_dir dir)
{
	return i->parser != NULL && !i->done[dir];
}

#endif
