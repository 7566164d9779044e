/* SPDX-License-Identifier: BSD-3-Clause */
/* chunks.h - messages of a byte stream that come in chunks, each behind a head that tells its
 * length: the payload of a message is gathered without the heads, up to a bound, in whatever pieces
 * it comes. What a head promises costs nothing. For protocols that may divide a message anywhere
 * (MySQL, TDS, ONC RPC), or read what a head announces by its kind; messages that lie in one run
 * behind their length are cut out by frame.h, without a copy. */
#ifndef PARSER_CHUNKS_H
#define PARSER_CHUNKS_H

#include "gather.h"

#define CHUNKS_HEAD 8

struct chunk {
	uint32_t len; /* of its payload */
	bool last; /* of its message */
	bool wanted; /* else the message is passed over */
};

struct chunks_form {
	uint8_t head; /* bytes of a chunk's head, CHUNKS_HEAD at most */
	uint16_t max; /* payload bytes that are kept of a message */
	/* False: no head of this protocol. */
	bool (*chunk)(const uint8_t *head, struct chunk *out);
};

/* One direction's. The message at hand can be read while `ready`. */
struct chunks {
	struct gather unit; /* payload that was kept */
	struct chunk chunk;
	uint32_t left; /* of the chunk's payload, not come yet */
	uint16_t said; /* values of the message that are said */
	uint8_t head[CHUNKS_HEAD]; /* the last chunk's */
	uint8_t have; /* bytes of the head; 0 again behind the chunk */
	bool ready;
	bool cut; /* what is kept is only the message's begin */
};

enum chunks_step { CHUNKS_MORE, CHUNKS_READY, CHUNKS_BAD };

/* Goes on in `in` from *used on, up to the end of the next message that is wanted. MORE: all is
 * consumed. READY: read it, then chunks_done; the same again until then. */
enum chunks_step chunks_take(struct chunks *f, const struct chunks_form *form, struct sl_batch *b,
	struct sl_span in, size_t *used);
void chunks_done(struct chunks *f, struct sl_batch *b);
/* Nothing more will come: a message that is wanted and not whole is counted, and dropped. */
void chunks_end(struct chunks *f, const struct chunks_form *form, struct sl_batch *b);
/* Bytes are missing. True: they lie in a chunk's payload, and the place is known still; the message
 * is cut. False: the place is lost, and all is dropped. */
bool chunks_gap(
	struct chunks *f, const struct chunks_form *form, struct sl_batch *b, uint64_t bytes);

#endif
