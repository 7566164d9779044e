/* SPDX-License-Identifier: BSD-3-Clause */
/* announced.h - the flow that a parser under test announced: claimed from its table, fed to its own
 * parser. */
#ifndef TEST_PARSER_ANNOUNCED_H
#define TEST_PARSER_ANNOUNCED_H

#include "lines.h"

/* Ends for the flow under test, so that its announcements differ from no announcement. */
static inline void announced_ends(struct feed *f, uint8_t proto)
{
	f->flow.version = 4;
	f->flow.proto = proto;
	f->flow.src = (union sl_addr){ .b = { 192, 0, 2, 1 } };
	f->flow.dst = (union sl_addr){ .b = { 192, 0, 2, 2 } };
	f->flow.sport = 40000;
	f->flow.dport = 21;
}

/* A flow between the same ends, the server's first where `active`; with the state that its
 * announcement gives it. NULL: it was not announced. */
static inline struct feed *announced_flow(
	struct feed *f, bool active, uint16_t sport, uint16_t dport, unsigned room)
{
	struct sl_flow flow = f->flow;
	struct sl_span note;
	flow.src = active ? f->flow.dst : f->flow.src;
	flow.dst = active ? f->flow.src : f->flow.dst;
	flow.sport = sport;
	flow.dport = dport;
	const struct sl_parser *p = sl_expect_claim(f->b.expect, &flow, 1, &note);
	if (p == NULL)
		return NULL;
	struct feed *d = feed_new(p->name, room);
	d->flow = flow;
	d->flow.message = 0;
	p->expected(d->state, note);
	return d;
}

static inline void announced_end(struct feed *f, enum sl_dir dir, bool fin)
{
	(void)feed_piece(f, (struct sl_piece){ .kind = SL_PIECE_END, .dir = dir, .fin = fin });
}

#endif
