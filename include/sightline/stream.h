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

#endif
