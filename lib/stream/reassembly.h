/* SPDX-License-Identifier: BSD-3-Clause */
/* reassembly.h - the reassembler of a worker: what stream.c and place.c share. Private to
 * lib/stream. */
#ifndef STREAM_REASSEMBLY_H
#define STREAM_REASSEMBLY_H

#include "hold.h"

/* What a packet still has to go through, in this order. END stands alone. */
enum stage {
	RELEASE, /* what its acknowledgement gives up of the other direction */
	FLUSH, /* what is held of a run that it ends */
	PLACE, /* where its payload belongs */
	GIVE, /* its payload and what is held behind it */
	END, /* everything held: the connection is over */
};

/* What is held of one flow. */
struct holds {
	uint32_t block; /* its own */
	struct hold side[2]; /* by enum sl_dir */
	uint8_t overlap[2]; /* enum sl_overlap of the receiver, by enum sl_dir */
};

struct sl_stream {
	struct holder holder;
	struct sl_counters *c;
	const struct sl_overlap_nets *nets;
	enum sl_overlap overlap;
	uint64_t depth;
	uint32_t spent; /* block of the piece given last, or NO_BLOCK */
	struct sl_piece queue[2]; /* pieces that are ready */
	unsigned queued, given;
	/* -- the packet at hand -- */
	struct sl_flow *flow; /* NULL: nothing is left of it but the queue */
	enum stage stage;
	enum sl_dir dir;
	struct segment cur; /* what of its payload is not given yet, */
	struct segment part[2]; /* and what comes behind that: its urgent byte, and the rest */
	unsigned parts, part_at;
	uint32_t ack;
	uint64_t ts_ns;
	uint8_t tcp_flags;
	bool cut;
};

static inline struct sl_stream_seq *seq_of(const struct sl_stream *s)
{
	return &s->flow->seq[s->dir];
}

static inline void put_bytes(struct sl_stream *s, struct sl_span bytes, bool datagram)
{
	s->queue[s->queued++] = (struct sl_piece){ .kind = SL_PIECE_BYTES,
		.dir = s->dir,
		.bytes = bytes,
		.ts_ns = s->ts_ns,
		.datagram = datagram };
}

static inline void segment_skip(struct segment *s, uint32_t n)
{
	s->bytes = sl_span_from(s->bytes, n);
	s->seq += n;
}

/* place.c: the payload begins another run than the one at hand, so that nothing held will ever be
 * in order. */
bool place_ends_run(const struct sl_stream *s);
/* Finds where the payload stands in its direction. What is left in cur comes at or after the next
 * byte expected; late bytes are in the queue. */
void place(struct sl_stream *s);

#endif
