/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.h - from packets to the bytes that a parser is fed. Now: each TCP payload and UDP datagram
 * as it came, retransmissions of bytes already fed left out, a hole told as a gap. Reassembly takes
 * this place with the same call. Worker. */
#ifndef SIGHTLINE_STREAM_H
#define SIGHTLINE_STREAM_H

#include <sightline/counter.h>
#include <sightline/flow.h>
#include <sightline/packet.h>
#include <sightline/span.h>

enum sl_piece_kind { SL_PIECE_BYTES, SL_PIECE_GAP, SL_PIECE_END };

/* What a parser is fed. */
struct sl_piece {
	enum sl_piece_kind kind;
	enum sl_dir dir;
	struct sl_span bytes; /* BYTES: borrowed until the burst is released */
	uint64_t gap_bytes; /* GAP: bytes that nobody saw, 0 where unknown */
	uint64_t ts_ns;
	bool datagram; /* message boundaries are packet boundaries */
};

#define SL_STREAM_PIECES 2 /* at most from one packet: a hole, and the bytes behind it */

/* What one bound packet gives to its flow's parser, in order; returns how many pieces. A UDP
 * payload is one datagram. A TCP payload is what of it is new: bytes given before are left out, a
 * hole is told before the bytes that follow it, and a segment that comes late into the newest hole
 * of its direction is still given, behind a gap of unknown size, because it doesn't continue what
 * was given before it. The end of a flow is the worker's to tell: SL_PIECE_END is never made here,
 * and neither FIN nor RST stops what is given. Writes seq and missing of pkt->flow. */
unsigned sl_stream_pieces(
	const struct sl_packet *pkt, struct sl_piece out[SL_STREAM_PIECES], struct sl_counters *c);

#endif
