/* SPDX-License-Identifier: BSD-3-Clause */
/* place.h - whether it is known where in a stream a message begins. By a gap, or by bytes that are
 * no message, the place is lost: then a message may begin where a piece does, of which the pieces
 * in which none does are passed over, and a direction in which none does for long is given up. One
 * direction. */
#ifndef PARSER_PLACE_H
#define PARSER_PLACE_H

#include <sightline/parser.h>

#define PLACE_PIECES 32 /* of messages that are no longer than a few of them */

struct place {
	uint16_t lost; /* 0: it is known; else 1, and the pieces passed over since */
};

static inline void place_lose(struct place *p)
{
	p->lost = p->lost > 0 ? p->lost : 1;
}

/* A piece is passed over. SL_BAD: as many were, one after the other, as are tried. */
static inline enum sl_verdict place_pass(struct place *p, unsigned most)
{
	p->lost = (uint16_t)(p->lost <= most ? p->lost + 1 : p->lost);
	return p->lost <= most ? SL_MORE : SL_BAD;
}

#endif
