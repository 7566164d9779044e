/* SPDX-License-Identifier: BSD-3-Clause */
/* framed.h - messages of a byte stream that come in chunks, each behind a head that tells its
 * length: the payload of a message is gathered without the heads, up to a bound, in whatever pieces
 * it comes. What a head promises costs nothing. */
#ifndef PARSER_FRAMED_H
#define PARSER_FRAMED_H

#include "gather.h"

#define FRAMED_HEAD 8

struct framed_chunk {
	uint32_t len; /* of its payload */
	bool last; /* of its message */
	bool wanted; /* else the message is passed over */
};

struct framed_form {
	uint8_t head; /* bytes of a chunk's head, FRAMED_HEAD at most */
	uint16_t max; /* payload bytes that are kept of a message */
	/* False: no head of this protocol. */
	bool (*chunk)(const uint8_t *head, struct framed_chunk *out);
};

/* One direction's. The message at hand can be read while `ready`. */
struct framed {
	struct gather unit; /* payload that was kept */
	struct framed_chunk chunk;
	uint32_t left; /* of the chunk's payload, not come yet */
	uint16_t said; /* values of the message that are said */
	uint8_t head[FRAMED_HEAD]; /* the last chunk's */
	uint8_t have; /* bytes of the head; 0 again behind the chunk */
	bool ready;
	bool cut; /* what is kept is only the message's begin */
};

enum framed_step { FRAMED_MORE, FRAMED_READY, FRAMED_BAD };

/* Goes on in `in` from *used on, up to the end of the next message that is wanted. MORE: all is
 * consumed. READY: read it, then framed_done; the same again until then. */
enum framed_step framed_take(struct framed *f, const struct framed_form *form, struct sl_batch *b,
	struct sl_span in, size_t *used);
void framed_done(struct framed *f, struct sl_batch *b);
/* Bytes are missing. True: they lie in a chunk's payload, and the place is known still; the message
 * is cut. False: the place is lost, and all is dropped. */
bool framed_gap(
	struct framed *f, const struct framed_form *form, struct sl_batch *b, uint64_t bytes);

#endif
