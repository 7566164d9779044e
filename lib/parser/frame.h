/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.h - the messages of a byte stream that say their length in their first bytes, one after the
 * other, whatever pieces they come in. One direction. A message that lies whole in a piece is not
 * copied; of one that is longer than `max` the first max bytes are given, and the rest is passed
 * over. Messages that come divided, each part behind a head of its own, are put together by
 * chunks.h. */
#ifndef PARSER_FRAME_H
#define PARSER_FRAME_H

#include "gather.h"

/* How long the message is that begins with these bytes. Where they are too few to tell: how many
 * it takes, at least one more, and no more than the message has. 0: no message begins so. */
typedef size_t frame_size(struct sl_span begin);

struct frame_kind {
	frame_size *size;
	uint16_t max; /* bytes of a message that are given; at least what size needs to tell */
};

struct frame {
	struct gather unit;
	uint64_t size; /* of the message at hand, where it is known */
	uint64_t left; /* bytes to pass over */
	bool whole; /* unit holds what is to be given */
	bool lost; /* bytes are missing: a message may begin where a piece does */
};

enum frame_found {
	FRAME_MORE, /* all of the piece is consumed */
	FRAME_IS, /* *out; frame_done passes it */
	FRAME_BAD, /* no message begins at *at, which is the end of the piece where it began in
		      another; or the pool has no more */
};

/* The message at *at of the piece, and *at behind what was taken of it. The same message is found
 * again until frame_done, so that a full batch may be emptied between: *at is what is consumed. */
enum frame_found frame_next(struct frame *f, const struct frame_kind *k, struct sl_batch *b,
	struct sl_span piece, size_t *at, struct sl_span *out);
/* The message found was read: *at behind it. */
void frame_done(struct frame *f, struct sl_batch *b, struct sl_span found, size_t *at);
/* Only its first bytes were found. */
static inline bool frame_is_cut(const struct frame *f, struct sl_span found)
{
	return f->size > found.len;
}
/* Bytes are missing (0: nobody knows how many), which is counted where a message is hurt. */
void frame_gap(struct frame *f, struct sl_batch *b, uint64_t bytes);
/* Gives the buffer back: what is left in it is no message, which is counted. */
void frame_end(struct frame *f, struct sl_batch *b);
/* Both, for a piece that has no bytes. True: *v is the verdict on it. */
bool frame_mark(struct frame *f, const struct sl_piece *p, struct sl_batch *b, enum sl_verdict *v);

#endif
