/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.h - from packets to the bytes that a parser is fed: each direction of a TCP connection in
 * order, every byte once. What comes in order is never copied; what comes before its turn is copied
 * into memory decided at start and kept until its hole is filled or given up. One reassembler a
 * worker, never shared.
 *
 * A hole is given up, told as a gap of its size, and what is held behind it follows in order, when
 *  - the other direction acknowledged bytes behind it: the receiver has what the tap missed, and
 *    nobody will send it again (SL_C_STREAM_HOLE_ACKED);
 *  - it begins where a packet was captured shorter than it was (SL_C_STREAM_HOLE_CUT);
 *  - max_segments or max_bytes of its direction are held (SL_C_STREAM_HOLE_BOUND): as many holes,
 *    from the first on, as it takes until the new segment fits or comes in order;
 *  - the worker's memory is used up (SL_C_STREAM_HOLE_MEMORY): the flow that wants more gives up
 * its own holes, never another's;
 *  - an RST within the window, a SYN with another number, a jump in numbers beyond any window, or
 *    the end of the flow leaves nothing to wait for (SL_C_STREAM_HOLE_END).
 * A FIN gives up nothing: what comes before it may still be sent again, until it is acknowledged.
 *
 * Receivers differ in whose bytes they take where segments that nothing was given of yet overlap:
 * that is the receiver's policy. What was given is never taken back, as no receiver does, and isn't
 * kept to be compared: that a retransmission of it differs can't be told, nor does it change what
 * was read. Bytes that differ from held ones are counted whatever the policy
 * (SL_C_STREAM_CONFLICT). A byte that the urgent pointer marks is out of band, as every system in
 * use has it by default: it is not given (SL_C_STREAM_URGENT).
 *
 * Segments that come before their turn are copied, those of a NIC too. A copy of 1460 bytes that no
 * cache holds costs 1.2 times what the parser's first look at them costs anyway; where 3 in 100
 * segments come so, that is 4 % on top of looking. By reference it would be a twentieth, but a
 * segment of one byte would pin a whole buffer of the NIC (2 KiB): whoever sends those out of order
 * would run the port dry, at caps that copies are far from.
 *
 * A segment that comes late into the newest hole given up is still given, behind a gap of unknown
 * size, because it doesn't continue what was given before it; so is one from before the byte with
 * which a direction was met in its middle. */
#ifndef SIGHTLINE_STREAM_H
#define SIGHTLINE_STREAM_H

#include <sightline/counter.h>
#include <sightline/flow.h>
#include <sightline/overlap.h>
#include <sightline/packet.h>
#include <sightline/span.h>

enum sl_piece_kind { SL_PIECE_BYTES, SL_PIECE_GAP, SL_PIECE_END };

/* What a parser is fed. */
struct sl_piece {
	enum sl_piece_kind kind;
	enum sl_dir dir;
	struct sl_span bytes; /* BYTES: borrowed until the next call of sl_stream_next */
	uint64_t gap_bytes; /* GAP: bytes that nobody saw, 0 where unknown */
	uint64_t ts_ns; /* of the packet that made it readable in order; of the flow's last */
	bool datagram; /* message boundaries are packet boundaries */
	bool cut; /* a datagram that was captured shorter than it was */
	bool fin; /* END: the sender said that the last byte given was its last */
};

/* Whose bytes count where segments that nothing was given of yet overlap and differ: enum
 * sl_overlap. What was given is never taken back, as no receiver does. Bytes that differ are
 * counted whatever the policy (SL_C_STREAM_CONFLICT), where the old ones are still held. */

/* What all workers together may hold, beside each one's own bound. */
struct sl_stream_share;
/* -ENOMEM. Control; freed when no reassembler is left that has it. */
int sl_stream_share_new(struct sl_stream_share **out, size_t bytes);
void sl_stream_share_free(struct sl_stream_share *s);
size_t sl_stream_share_used(const struct sl_stream_share *s); /* any thread */

struct sl_stream_options {
	size_t memory_bytes; /* for segments held, all flows together; touched as it is needed */
	uint32_t max_segments; /* held of one direction, 8192 at most */
	uint32_t max_bytes; /* of memory that they take, a direction */
	const struct sl_overlap_nets *nets; /* policies by receiver; or NULL: */
	enum sl_overlap overlap; /* everybody's */
	uint64_t depth_bytes; /* read of a direction, then a gap and no more; 0: all */
	struct sl_stream_share *share; /* NULL: none */
};
extern const struct sl_stream_options sl_stream_defaults;

struct sl_stream;

/* -EINVAL, -ENOMEM. Control, as is _free. */
int sl_stream_new(
	struct sl_stream **out, const struct sl_stream_options *o, struct sl_counters *counters);
void sl_stream_free(struct sl_stream *s);

/* Takes a bound packet; sl_stream_next then gives, until false, every piece that it made readable:
 * first of the other direction what its acknowledgement released, then of its own. A UDP payload is
 * one datagram; a packet of another protocol gives nothing. The packet has to stay until then.
 * SL_PIECE_END is never made here: the end of a flow is the worker's to tell. Writes seq, stream
 * and missing of pkt->flow, which keeps nothing but sequence numbers while nothing is held. */
void sl_stream_push(struct sl_stream *s, const struct sl_packet *pkt);
/* The flow has ended: sl_stream_next gives what is held, direction after direction, and when it is
 * false all memory of the flow is given back. */
void sl_stream_end(struct sl_stream *s, struct sl_flow *f);
bool sl_stream_next(struct sl_stream *s, struct sl_piece *out);
/* A FIN stands right behind the last byte given of this direction. Whether bytes before that are
 * missing is told by gaps, and by seq's `middle`. */
static inline bool sl_stream_finished(const struct sl_flow *f, enum sl_dir dir)
{
	const struct sl_stream_seq *sq = &f->seq[dir];
	return sq->known && sq->finished && sq->fin == (sq->next & 0x7ffffff);
}

size_t sl_stream_bytes(const struct sl_stream *s); /* of memory_bytes, in use */
/* Places in lists of held segments that were looked at or moved so far: what a test of the bounds
 * counts instead of time. */
uint64_t sl_stream_work(const struct sl_stream *s);

#endif
