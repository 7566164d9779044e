/* SPDX-License-Identifier: BSD-3-Clause */
/* telegram.h - protocols of controllers, whose messages (frame.h) all say a few values in their
 * first bytes, over TCP or UDP: what is left of such a protocol is how long a message is and what
 * it says. */
#ifndef PARSER_TELEGRAM_H
#define PARSER_TELEGRAM_H

#include "frame.h"

#define TELEGRAM_VALUES 6 /* that a message says at most */
#define TELEGRAM_TEXT 4096 /* of those, in normal form */

/* A parser's whole state. */
struct telegrams {
	struct frame side[2];
};

/* A message on its way into the batch. */
struct telegram {
	struct sl_batch *b;
	enum sl_dir dir;
	uint32_t message; /* 0: it said nothing yet */
};
void telegram_text(struct telegram *t, enum sl_where w, struct sl_span raw);
void telegram_number(struct telegram *t, enum sl_where w, uint32_t v);

struct telegram_kind {
	struct frame_kind frame;
	/* Says what stands in a message, of which the first frame.max bytes are given. False: it is
	 * malformed, or cut. */
	bool (*say)(struct telegram *t, struct sl_span begin);
};

/* A parser's whole feed. */
enum sl_verdict telegrams_feed(struct telegrams *t, const struct telegram_kind *kind,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed);

/* Whether messages begin a piece, one behind the other, the first one read as far as `say` would.
 * `exact`: the last one has to end with the piece. */
enum sl_probe telegrams_probe(const struct telegram_kind *kind, struct sl_span in, bool exact);

#endif
