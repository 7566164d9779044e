/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.c - from bound packets to the pieces that a parser is fed. Worker. Keeps nothing but a few
 * sequence numbers in the flow; never holds or copies a byte.
 * Sequence numbers are compared modulo 2^32 (RFC 9293 3.4). */
#include <sightline/stream.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <sightline/hot.h>

/* No window is larger (RFC 7323 2.3: 2^30); what is further off belongs to no run of this one. */
#define WINDOW_MAX (INT32_C(1) << 30)

/* One segment's payload on its way to pieces. */
struct segment {
	struct sl_stream_seq *sq;
	uint64_t *missing;
	struct sl_counters *c;
	struct sl_piece *out;
	unsigned pieces;
	uint32_t seq; /* of bytes.p[0] */
	struct sl_span bytes;
	uint64_t ts_ns;
	enum sl_dir dir;
};

static void put_bytes(struct segment *s, struct sl_span bytes, bool datagram)
{
	s->out[s->pieces++] = (struct sl_piece){
		.kind = SL_PIECE_BYTES,
		.dir = s->dir,
		.bytes = bytes,
		.ts_ns = s->ts_ns,
		.datagram = datagram,
	};
}

static void put_gap(struct segment *s, uint32_t bytes)
{
	s->out[s->pieces++] = (struct sl_piece){
		.kind = SL_PIECE_GAP,
		.dir = s->dir,
		.gap_bytes = bytes,
		.ts_ns = s->ts_ns,
	};
}

static void in_order(struct segment *s)
{
	put_bytes(s, s->bytes, false);
	s->sq->next = s->seq + (uint32_t)s->bytes.len;
}

/* Nothing is known of where this belongs: it is the begin of a new run. */
static void resync(struct segment *s)
{
	sl_count(s->c, SL_C_STREAM_RESYNC, 1);
	s->sq->hole_from = s->sq->hole_to = 0;
	put_gap(s, 0);
	in_order(s);
}

static void behind_hole(struct segment *s, uint32_t hole)
{
	s->sq->hole_from = s->sq->next;
	s->sq->hole_to = s->seq;
	*s->missing += hole;
	sl_count(s->c, SL_C_STREAM_MISSING, hole);
	put_gap(s, hole);
	in_order(s);
}

/* The part of the segment that lies in the remembered hole, if any. What of the hole lies behind it
 * is still open; what lies before it is given up. The missing bytes come back, though their
 * counter, which only grows, keeps them: they were missing when it mattered. */
static bool fill_hole(struct segment *s)
{
	struct sl_stream_seq *sq = s->sq;
	uint32_t hole = sq->hole_to - sq->hole_from;
	int32_t skip = (int32_t)(sq->hole_from - s->seq);
	uint32_t from = skip > 0 ? (uint32_t)skip : 0; /* into the segment */
	uint32_t at = skip > 0 ? 0 : (uint32_t)-skip; /* into the hole */
	if (hole == 0 || from >= s->bytes.len || at >= hole)
		return false;
	uint32_t n = (uint32_t)s->bytes.len - from;
	if (n > hole - at)
		n = hole - at;
	sl_count(s->c, SL_C_STREAM_LATE, 1);
	sl_count(s->c, SL_C_STREAM_REPEATED, s->bytes.len - n);
	put_gap(s, 0);
	put_bytes(s, sl_span(s->bytes.p + from, n), false);
	sq->hole_from += at + n;
	*s->missing -= n;
	return true;
}

/* The segment begins `back` bytes before what is expected. */
static void behind_next(struct segment *s, uint32_t back)
{
	if (back < s->bytes.len) {
		sl_count(s->c, SL_C_STREAM_REPEATED, back);
		s->bytes = sl_span_from(s->bytes, back);
		s->seq += back;
		in_order(s);
	} else if (!fill_hole(s)) {
		sl_count(s->c, SL_C_STREAM_REPEATED, s->bytes.len);
	}
}

static void segment_place(struct segment *s)
{
	int32_t ahead = (int32_t)(s->seq - s->sq->next);
	if (!s->sq->known) {
		s->sq->known = true;
		s->sq->first = s->seq;
		in_order(s);
	} else if (ahead > WINDOW_MAX || ahead < -WINDOW_MAX) {
		resync(s);
	} else if (ahead > 0) {
		behind_hole(s, (uint32_t)ahead);
	} else if (ahead < 0) {
		behind_next(s, 0u - (uint32_t)ahead);
	} else {
		in_order(s);
	}
}

/* A SYN takes one number. The same SYN once more says nothing; another one begins another run. */
static void syn(struct segment *s)
{
	s->seq++;
	if (s->bytes.len)
		sl_count(s->c, SL_C_STREAM_SYN_DATA, 1);
	if (s->sq->known && s->sq->first == s->seq)
		return;
	*s->sq = (struct sl_stream_seq){ .first = s->seq, .next = s->seq, .known = true };
}

static unsigned tcp_pieces(const struct sl_packet *p, struct segment *s)
{
	s->seq = p->tcp_seq;
	if (p->tcp_flags & TH_SYN)
		syn(s);
	if (s->bytes.len)
		segment_place(s);
	return s->pieces;
}

unsigned sl_stream_pieces(
	const struct sl_packet *p, struct sl_piece out[SL_STREAM_PIECES], struct sl_counters *c)
{
	struct sl_flow *f = p->flow;
	if (f == NULL || !(p->flags & SL_PKT_L4))
		return 0;
	struct segment s = {
		.sq = &f->seq[p->dir],
		.missing = &f->missing[p->dir],
		.c = c,
		.out = out,
		.bytes = sl_span(p->payload, p->payload_len),
		.ts_ns = p->ts_ns,
		.dir = p->dir,
	};
	if (p->proto == IPPROTO_TCP)
		return tcp_pieces(p, &s);
	if (p->proto == IPPROTO_UDP && p->payload_len)
		put_bytes(&s, s.bytes, true);
	return s.pieces;
}
