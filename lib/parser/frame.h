/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.h - the messages of a byte stream that say their length in their first bytes, one after the
 * other, whatever pieces they come in. One direction. A message that lies whole in a piece is not
 * copied; of one that is longer than `max` the first max bytes are given, and the rest is passed
 * over, as is one that the pool has no room for. Messages that come divided, each part behind a
 * head of its own, are put together by chunks.h. */
#ifndef PARSER_FRAME_H
#define PARSER_FRAME_H

#include "gather.h"
#include "place.h"

/* How long the message is that begins with these bytes. Where they are too few to tell: how many
 * it takes, at least one more, and no more than the message has. 0: no message begins so. */
typedef size_t frame_size(struct sl_span begin);

struct frame_kind {
	frame_size *size;
	uint16_t max; /* bytes of a message that are given; at least what size needs to tell */
	/* Of those, how many are wanted of the message that begins with these; as size where they
	 * are too few to tell. NULL: all. */
	frame_size *wanted;
	/* Asked besides size where the place was lost: a message may be believed to begin so. NULL:
	 * the size is mark enough. */
	enum sl_probe (*likely)(struct sl_span begin);
};

struct frame {
	struct gather unit;
	uint64_t size; /* of the message at hand, where it is known */
	uint64_t left; /* bytes to pass over */
	bool whole; /* unit holds what is to be given */
	struct place place; /* where a message begins */
};

enum frame_found {
	FRAME_MORE, /* all of the piece is consumed */
	FRAME_IS, /* *out; frame_done passes it */
	FRAME_BAD, /* no message begins at *at, which is the end of the piece where it began in
		      another: frame_lose, or it is another protocol */
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
/* Where none begins, the place is lost: the rest of the piece is passed over, which is counted.
 * SL_BAD: it was too often, and the direction is given up. */
enum sl_verdict frame_lose(struct frame *f, struct sl_batch *b, struct sl_span piece, size_t *at);
/* Bytes are missing (0: nobody knows how many), which is counted where a message is hurt. */
void frame_gap(struct frame *f, struct sl_batch *b, uint64_t bytes);
/* Gives the buffer back: what is left in it is no message, which is counted. */
void frame_end(struct frame *f, struct sl_batch *b);
/* Both, for a piece that has no bytes. True: *v is the verdict on it. */
bool frame_mark(struct frame *f, const struct sl_piece *p, struct sl_batch *b, enum sl_verdict *v);

#endif
