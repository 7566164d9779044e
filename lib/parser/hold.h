/* SPDX-License-Identifier: BSD-3-Clause */
/* hold.h - the begin of a message that goes on in the next piece, kept in a buffer of the pools
 * that grows with it. Worker. Whoever holds it drops it as soon as the message is read, so that a
 * flow between two messages costs its state alone. */
#ifndef PARSER_HOLD_H
#define PARSER_HOLD_H

#include <sightline/parser.h>

#define HOLD_MAX 32768 /* of one message; what comes behind that is not read */

struct hold {
	uint8_t *p; /* NULL: nothing is held */
	uint16_t len, cap;
};

static inline struct sl_span hold_span(const struct hold *h)
{
	return sl_span(h->p, h->len);
}

/* There is a buffer, and it is there for whoever asked. */
bool hold_ready(struct hold *h, struct sl_batch *b);
/* Puts bytes behind those held. False: not all of them, because of HOLD_MAX or an empty pool. */
bool hold_put(struct hold *h, struct sl_span in, struct sl_batch *b);
void hold_drop(struct hold *h, struct sl_batch *b);

#endif
