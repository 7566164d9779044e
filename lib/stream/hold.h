/* SPDX-License-Identifier: BSD-3-Clause */
/* hold.h - what of one TCP direction came before its turn: runs of bytes in order of sequence
 * number that never overlap. Numbers are found by bisection, and a run is moved or looked at a
 * bounded number of times. Worker. Private to lib/stream. */
#ifndef STREAM_HOLD_H
#define STREAM_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/span.h>
#include <sightline/stream.h>

#include "blocks.h"

/* A segment on its way, or what is left of it. */
struct segment {
	struct sl_span bytes;
	uint32_t seq; /* of bytes.p[0] */
	uint32_t from, to; /* where the segment began and ended as it was sent */
	bool urgent; /* one byte out of band: numbered, and never given */
};

struct place {
	uint32_t seq;
	uint32_t block;
};

/* One direction; all zero: empty. */
struct hold {
	uint32_t list; /* block of struct place[cap] */
	uint16_t head, n, cap; /* in use: [head, head + n) */
	uint32_t bytes; /* of the runs' blocks */
};

/* Where runs lie, how they are judged, what is counted. */
struct holder {
	struct blocks *blocks;
	enum sl_overlap overlap;
	uint16_t max_segments;
	uint32_t max_bytes;
	struct sl_counters *c;
	uint64_t work; /* places looked at or moved */
};

enum held_result { HOLD_OK, HOLD_BOUND, HOLD_NO_MEMORY };

/* Keeps what of the segment is to be kept. Every byte of it comes at or after `next`, and so do all
 * that are held. Otherwise s is what is left, none of which is held. */
enum held_result held_put(struct holder *o, struct hold *h, uint32_t next, struct segment *s);
/* s is in order, to be given now: how much of it may be given before a held run that wins begins.
 * The held bytes that lose against it are dropped. */
uint32_t held_yield(struct holder *o, struct hold *h, const struct segment *s);
uint32_t held_first(const struct holder *o, const struct hold *h); /* its sequence number; n > 0 */
uint32_t held_end(const struct holder *o, const struct hold *h); /* of the last; n > 0 */
/* Takes the first run out; its bytes are good until its block is given back. */
struct sl_span held_shift(struct holder *o, struct hold *h, uint32_t *block, bool *urgent);

#endif
