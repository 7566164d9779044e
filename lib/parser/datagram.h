/* SPDX-License-Identifier: BSD-3-Clause */
/* datagram.h - a protocol each of whose messages is one datagram: it is numbered, said and closed.
 * A datagram that a full batch stopped is read again from its begin. */
#ifndef PARSER_DATAGRAM_H
#define PARSER_DATAGRAM_H

#include <sightline/parser.h>

#include "say.h"

/* A parser's state. */
struct datagram {
	uint32_t message; /* that a full batch stopped; 0: none */
	uint16_t said;
};

struct datagram_kind {
	bool (*likely)(struct sl_span in); /* whether it is a message at all */
	/* Says what is in it. False: the batch is full. *part: it is malformed. */
	bool (*say)(struct say *s, const struct sl_piece *p, bool *part);
};

/* What is no message, malformed or cut is counted. */
enum sl_verdict datagram_feed(struct datagram *d, const struct datagram_kind *kind,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed);

#endif
