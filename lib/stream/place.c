/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - where a TCP payload stands in its direction: before, at or behind what is expected, or
 * of another run. Worker. Sequence numbers are compared modulo 2^32 (RFC 9293 3.4). */
#include <netinet/tcp.h>

#include "reassembly.h"
#include <sightline/hot.h>

/* No window is larger (RFC 7323 2.3: 2^30); what is further off belongs to no run of this one. */
#define WINDOW_MAX (INT32_C(1) << 30)
/* How far before the byte that a direction was met with its begin may lie. */
#define BEFORE_MAX (UINT32_C(1) << 16)
/* ... and how long it may have gone on since. */
#define RUN_SHORT (UINT32_C(1) << 20)

static bool far_off(const struct sl_stream_seq *sq, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - sq->next);
	return sq->known && (ahead > WINDOW_MAX || ahead < -WINDOW_MAX);
}

/* A direction that was met in its middle, and numbers shortly before that. */
static bool before_first(const struct sl_stream_seq *sq, uint32_t seq)
{
	return sq->middle && sq->next - sq->first <= RUN_SHORT && sq->first - seq > 0 &&
	       sq->first - seq <= BEFORE_MAX;
}

/* The SYN says once more what is known, or it is that of a direction met in its middle. */
static bool syn_fits(const struct sl_stream_seq *sq, uint32_t first)
{
	return !sq->known || sq->first == first || before_first(sq, first);
}

bool place_ends_run(const struct sl_stream *s)
{
	const struct sl_stream_seq *sq = seq_of(s);
	if (s->tcp_flags & TH_SYN)
		return !syn_fits(sq, s->cur.seq + 1);
	return s->cur.bytes.len > 0 && far_off(sq, s->cur.seq);
}

/* Bytes that don't continue what was given before them. */
static void put_late(struct sl_stream *s, struct sl_span bytes)
{
	sl_count(s->c, SL_C_STREAM_LATE, 1);
	sl_count(s->c, SL_C_STREAM_URGENT, s->cur.urgent);
	if (s->cur.urgent)
		return;
	s->queue[s->queued++] =
		(struct sl_piece){ .kind = SL_PIECE_GAP, .dir = s->dir, .ts_ns = s->ts_ns };
	put_bytes(s, bytes, false);
}

static void hole_open(struct sl_stream *s, uint32_t from, uint32_t to)
{
	struct sl_stream_seq *sq = seq_of(s);
	s->flow->missing[s->dir] += to - from;
	sl_count(s->c, SL_C_STREAM_MISSING, to - from);
	if (sq->hole_from == sq->hole_to) {
		sq->hole_from = from;
		sq->hole_to = to;
	}
}

/* A SYN takes one number. Another SYN than the one known begins another run. */
static void syn(struct sl_stream *s)
{
	struct sl_stream_seq *sq = seq_of(s);
	uint32_t first = ++s->cur.seq;
	s->cur.from++;
	s->cur.to++;
	if (s->cur.bytes.len)
		sl_count(s->c, SL_C_STREAM_SYN_DATA, 1);
	if (sq->known && before_first(sq, first)) {
		hole_open(s, first, sq->first);
		sq->first = first;
	} else if (!syn_fits(sq, first) && sq->next != sq->first) {
		sl_count(s->c, SL_C_STREAM_RESYNC, 1);
		s->queue[s->queued++] =
			(struct sl_piece){ .kind = SL_PIECE_GAP, .dir = s->dir, .ts_ns = s->ts_ns };
	}
	if (sq->first != first || !sq->known)
		*sq = (struct sl_stream_seq){ .first = first, .next = first, .known = true };
	sq->middle = false;
}

/* Nothing is known of where this belongs: it is the begin of a new run. */
static void resync(struct sl_stream *s)
{
	struct sl_stream_seq *sq = seq_of(s);
	sl_count(s->c, SL_C_STREAM_RESYNC, 1);
	*sq = (struct sl_stream_seq){
		.first = s->cur.seq, .next = s->cur.seq, .known = true, .middle = true
	};
	s->queue[s->queued++] =
		(struct sl_piece){ .kind = SL_PIECE_GAP, .dir = s->dir, .ts_ns = s->ts_ns };
}

/* The part of the segment that lies in the remembered hole, if any. What of the hole lies behind it
 * is still open; what lies before it is not waited for. The missing bytes come back, though their
 * counter, which only grows, keeps them: they were missing when it mattered. */
static bool fill_hole(struct sl_stream *s)
{
	struct sl_stream_seq *sq = seq_of(s);
	const struct sl_span in = s->cur.bytes;
	uint32_t hole = sq->hole_to - sq->hole_from;
	int32_t skip = (int32_t)(sq->hole_from - s->cur.seq);
	uint32_t from = skip > 0 ? (uint32_t)skip : 0; /* into the segment */
	uint32_t at = skip > 0 ? 0 : (uint32_t)-skip; /* into the hole */
	if (hole == 0 || from >= in.len || at >= hole)
		return false;
	uint32_t n = (uint32_t)in.len - from;
	if (n > hole - at)
		n = hole - at;
	sl_count(s->c, SL_C_STREAM_REPEATED, in.len - n);
	put_late(s, sl_span(in.p + from, n));
	sq->hole_from += at + n;
	s->flow->missing[s->dir] -= n;
	return true;
}

/* The begin of a direction that was met in its middle, after what follows it. */
static void begin_late(struct sl_stream *s)
{
	struct sl_stream_seq *sq = seq_of(s);
	uint32_t back = sq->first - s->cur.seq;
	uint32_t n = s->cur.bytes.len < back ? (uint32_t)s->cur.bytes.len : back;
	sl_count(s->c, SL_C_STREAM_REPEATED, s->cur.bytes.len - n);
	put_late(s, sl_span(s->cur.bytes.p, n));
	if (n < back)
		hole_open(s, s->cur.seq + n, sq->first);
	sq->first = s->cur.seq;
}

/* The segment begins `back` bytes before what is expected. */
static void behind_next(struct sl_stream *s, uint32_t back)
{
	if (back < s->cur.bytes.len) {
		sl_count(s->c, SL_C_STREAM_REPEATED, back);
		segment_skip(&s->cur, back);
		return;
	}
	if (before_first(seq_of(s), s->cur.seq))
		begin_late(s);
	else if (!fill_hole(s))
		sl_count(s->c, SL_C_STREAM_REPEATED, s->cur.bytes.len);
	s->cur.bytes.len = 0;
}

void place(struct sl_stream *s)
{
	struct sl_stream_seq *sq = seq_of(s);
	if (s->tcp_flags & TH_SYN)
		syn(s);
	if (s->cur.bytes.len == 0)
		return;
	if (!sq->known) {
		*sq = (struct sl_stream_seq){
			.first = s->cur.seq, .next = s->cur.seq, .known = true, .middle = true
		};
	} else if (far_off(sq, s->cur.seq)) {
		resync(s);
	} else if ((int32_t)(s->cur.seq - sq->next) < 0) {
		behind_next(s, sq->next - s->cur.seq);
	}
}
