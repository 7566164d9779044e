/* SPDX-License-Identifier: BSD-3-Clause */
/* told.h - what a security blob tells, in the log of a feed. */
#ifndef TEST_PARSER_TOLD_H
#define TEST_PARSER_TOLD_H

#include "../../lib/parser/gssapi.h"
#include "feed.h"

/* Whether it tells anything; said with as little room in the batch as the feed has. */
static inline bool told(struct feed *f, struct sl_span blob)
{
	uint16_t said = 0;
	bool done = false;
	for (unsigned room = f->room; !done; room = 0) {
		sl_batch_empty(&f->b);
		f->b.n = room ? (uint16_t)(SL_BATCH_MAX - room) : 0;
		unsigned from = f->b.n;
		struct say s = { .b = &f->b, .message = 1, .said = &said };
		done = gssapi_say(&s, blob);
		if (!done && f->b.n == from && room == 0)
			abort(); /* stuck with an empty batch */
		feed_log(f, from);
	}
	return gssapi_tells(blob);
}

#endif
