/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.c - from bound packets to the pieces that a parser is fed. One worker; making and freeing
 * a reassembler is control's. What comes in order passes in sl_stream_push's first lines. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>

#include <sightline/mem.h>
#include <sightline/stream.h>

#include "reassembly.h"
#include <sightline/hot.h>

/* What a list can number: it is moved to its begin once it has gone half its length, so that a
 * block holds a list of twice as many places. */
#define SEGMENTS_MAX (BLOCK_MAX / (unsigned)sizeof(struct place) / 2)
#define WINDOW_PLAIN 65535 /* a window without scaling (RFC 9293 3.1) */

const struct sl_stream_options sl_stream_defaults = {
	.memory_bytes = (size_t)64 << 20,
	.max_segments = 1024,
	.max_bytes = 2 << 20,
	.overlap = SL_OVERLAP_LINUX,
};

struct sl_stream_share {
	struct blocks_share blocks;
};

int sl_stream_share_new(struct sl_stream_share **out, size_t bytes)
{
	struct sl_stream_share *s = sl_mem_map(sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	size_t n = bytes / BLOCK_MAX < UINT32_MAX ? bytes / BLOCK_MAX : UINT32_MAX;
	s->blocks.all = (uint32_t)n;
	atomic_init(&s->blocks.left, (uint32_t)n);
	*out = s;
	return 0;
}

void sl_stream_share_free(struct sl_stream_share *s)
{
	if (s != NULL)
		sl_mem_unmap(s, sizeof(*s));
}

size_t sl_stream_share_used(const struct sl_stream_share *s)
{
	uint32_t left = atomic_load_explicit(&s->blocks.left, memory_order_relaxed);
	return (size_t)(s->blocks.all - left) * BLOCK_MAX;
}

int sl_stream_new(
	struct sl_stream **out, const struct sl_stream_options *o, struct sl_counters *counters)
{
	if (o->max_segments == 0 || o->max_segments > SEGMENTS_MAX)
		return -EINVAL;
	struct sl_stream *s = sl_mem_map(sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int rc = blocks_new(
		&s->holder.blocks, o->memory_bytes, o->share != NULL ? &o->share->blocks : NULL);
	if (rc < 0) {
		sl_mem_unmap(s, sizeof(*s));
		return rc;
	}
	s->nets = o->nets;
	s->overlap = o->overlap;
	s->depth = o->depth_bytes;
	s->holder.max_segments = (uint16_t)o->max_segments;
	s->holder.max_bytes = o->max_bytes;
	s->holder.c = s->c = counters;
	s->spent = NO_BLOCK;
	*out = s;
	return 0;
}

void sl_stream_free(struct sl_stream *s)
{
	if (s == NULL)
		return;
	blocks_free(s->holder.blocks);
	sl_mem_unmap(s, sizeof(*s));
}

size_t sl_stream_bytes(const struct sl_stream *s)
{
	return blocks_used(s->holder.blocks);
}

uint64_t sl_stream_work(const struct sl_stream *s)
{
	return s->holder.work;
}

/* ---- What a flow holds ---- */

/* NULL: nothing of this direction. */
static struct hold *held(const struct sl_flow *f, enum sl_dir dir)
{
	struct holds *hs = f->stream;
	return hs != NULL && hs->side[dir].n > 0 ? &hs->side[dir] : NULL;
}

/* What the flow keeps its segments in; NULL: no memory. */
static struct holds *holds_of(struct sl_stream *s, struct sl_flow *f)
{
	if (f->stream != NULL)
		return f->stream;
	uint32_t block = blocks_take(s->holder.blocks, (uint32_t)sizeof(struct holds));
	if (block == NO_BLOCK)
		return NULL;
	struct holds *hs = blocks_at(s->holder.blocks, block);
	*hs = (struct holds){ .block = block, .overlap = { s->overlap, s->overlap } };
	if (s->nets != NULL) {
		hs->overlap[SL_TO_SERVER] = sl_overlap_of(s->nets, &f->dst, f->version);
		hs->overlap[SL_TO_CLIENT] = sl_overlap_of(s->nets, &f->src, f->version);
	}
	f->stream = hs;
	return hs;
}

/* A flow with nothing out of order keeps nothing here. */
static void tidy(struct sl_stream *s, struct sl_flow *f)
{
	struct holds *hs = f->stream;
	if (hs == NULL || hs->side[0].n > 0 || hs->side[1].n > 0)
		return;
	blocks_give(s->holder.blocks, hs->block);
	f->stream = NULL;
}

static void give_spent(struct sl_stream *s)
{
	if (s->spent != NO_BLOCK)
		blocks_give(s->holder.blocks, s->spent);
	s->spent = NO_BLOCK;
}

/* ---- Pieces ---- */

/* False: it was a byte out of band. */
static bool give_held(struct sl_stream *s, enum sl_dir dir, struct sl_piece *out)
{
	struct sl_stream_seq *sq = &s->flow->seq[dir];
	bool urgent;
	struct sl_span bytes = held_shift(&s->holder, held(s->flow, dir), &s->spent, &urgent);
	*out = (struct sl_piece){
		.kind = SL_PIECE_BYTES, .dir = dir, .bytes = bytes, .ts_ns = s->ts_ns
	};
	sq->next += (uint32_t)bytes.len;
	sq->cut = false;
	if (!urgent)
		return true;
	sl_count(s->c, SL_C_STREAM_URGENT, 1);
	give_spent(s);
	return false;
}

/* The hole up to `to` is given up. */
static bool give_gap(struct sl_stream *s, enum sl_dir dir, uint32_t to, enum sl_counter why,
	struct sl_piece *out)
{
	struct sl_stream_seq *sq = &s->flow->seq[dir];
	uint32_t hole = to - sq->next;
	*out = (struct sl_piece){
		.kind = SL_PIECE_GAP, .dir = dir, .gap_bytes = hole, .ts_ns = s->ts_ns
	};
	sq->hole_from = sq->next;
	sq->hole_to = sq->next = to;
	sq->cut = false;
	s->flow->missing[dir] += hole;
	sl_count(s->c, SL_C_STREAM_MISSING, hole);
	sl_count(s->c, why, 1);
	return true;
}

/* What is held and begins before `limit` (NULL: all), holes given up; false: nothing (more). */
static bool give_up(struct sl_stream *s, enum sl_dir dir, const uint32_t *limit,
	enum sl_counter why, struct sl_piece *out)
{
	const struct hold *h;
	uint32_t first;
	for (;;) {
		h = held(s->flow, dir);
		if (h == NULL)
			return false;
		first = held_first(&s->holder, h);
		if (first != s->flow->seq[dir].next)
			break;
		if (give_held(s, dir, out))
			return true;
	}
	if (limit != NULL && (int32_t)(*limit - first) < 0)
		return false;
	return give_gap(s, dir, first, why, out);
}

/* False: it is a byte out of band. */
static bool give_cur(struct sl_stream *s, uint32_t n, struct sl_piece *out)
{
	struct sl_stream_seq *sq = seq_of(s);
	*out = (struct sl_piece){ .kind = SL_PIECE_BYTES,
		.dir = s->dir,
		.bytes = sl_span(s->cur.bytes.p, n),
		.ts_ns = s->ts_ns };
	segment_skip(&s->cur, n);
	sq->next += n;
	sq->cut = s->cut && s->cur.bytes.len == 0 && s->part_at == s->parts;
	sl_count(s->c, SL_C_STREAM_URGENT, s->cur.urgent);
	return !s->cur.urgent;
}

/* Keeps the payload, which comes before its turn. False, and *why: a hole has to go instead. */
static bool keep(struct sl_stream *s, enum sl_counter *why)
{
	struct sl_stream_seq *sq = seq_of(s);
	*why = SL_C_STREAM_HOLE_CUT;
	if (sq->cut)
		return false;
	*why = SL_C_STREAM_HOLE_MEMORY;
	struct holds *hs = holds_of(s, s->flow);
	if (hs == NULL)
		return false;
	s->holder.overlap = hs->overlap[s->dir];
	enum held_result rc = held_put(&s->holder, &hs->side[s->dir], sq->next, &s->cur);
	if (rc == HOLD_BOUND)
		*why = SL_C_STREAM_HOLE_BOUND;
	else if (rc == HOLD_OK)
		sl_count(s->c, SL_C_STREAM_HELD, 1);
	return rc == HOLD_OK;
}

/* The next piece of the packet's own direction: its payload, or what is held behind it. */
static bool give_own(struct sl_stream *s, struct sl_piece *out)
{
	struct sl_stream_seq *sq = seq_of(s);
	struct segment *cur = &s->cur;
	struct hold *h;
	for (;;) {
		h = held(s->flow, s->dir);
		if (cur->bytes.len > 0 && (int32_t)(sq->next - cur->seq) > 0) {
			uint32_t back = sq->next - cur->seq;
			segment_skip(cur, back < cur->bytes.len ? back : (uint32_t)cur->bytes.len);
		}
		uint32_t n = 0;
		if (cur->bytes.len > 0 && cur->seq == sq->next)
			n = h ? held_yield(&s->holder, h, cur) : (uint32_t)cur->bytes.len;
		if (n > 0) {
			if (give_cur(s, n, out))
				return true;
			continue;
		}
		h = held(s->flow, s->dir); /* less, where it lost */
		if (h == NULL || held_first(&s->holder, h) != sq->next)
			break;
		if (give_held(s, s->dir, out))
			return true;
	}
	enum sl_counter why;
	if (cur->bytes.len == 0 || keep(s, &why))
		return false;
	uint32_t to = cur->seq;
	h = held(s->flow, s->dir);
	if (h != NULL && (int32_t)(to - held_first(&s->holder, h)) > 0)
		to = held_first(&s->holder, h);
	return give_gap(s, s->dir, to, why, out);
}

/* An RST that the receiver would take (RFC 9293 3.5.3), as far as its window can be guessed. */
static bool resets(const struct sl_stream *s)
{
	if (!(s->tcp_flags & TH_RST) || s->flow->stream == NULL)
		return false;
	const struct hold *h = held(s->flow, s->dir);
	uint32_t next = seq_of(s)->next;
	uint32_t span = h != NULL ? held_end(&s->holder, h) - next : 0;
	return s->cur.seq - next <= span + WINDOW_PLAIN;
}

/* ---- From stage to stage ---- */

/* The next piece of the stage at hand; false: it is done with. */
static bool stage_next(struct sl_stream *s, struct sl_piece *out)
{
	switch (s->stage) {
	case RELEASE:
		return s->tcp_flags & TH_ACK &&
		       give_up(s, s->dir ^ 1, &s->ack, SL_C_STREAM_HOLE_ACKED, out);
	case FLUSH:
		return place_ends_run(s) && give_up(s, s->dir, NULL, SL_C_STREAM_HOLE_END, out);
	case PLACE:
		place(s);
		return false;
	case GIVE:
		return give_own(s, out);
	case END:
		return give_up(s, SL_TO_SERVER, NULL, SL_C_STREAM_HOLE_END, out) ||
		       give_up(s, SL_TO_CLIENT, NULL, SL_C_STREAM_HOLE_END, out);
	}
	return false;
}

static void stage_done(struct sl_stream *s)
{
	if (s->stage == GIVE && s->part_at < s->parts) {
		s->cur = s->part[s->part_at++];
		s->tcp_flags &= (uint8_t)~TH_SYN;
		s->queued = s->given = 0; /* all given by now: a part may queue as much again */
		s->stage = PLACE;
		return;
	}
	if (s->stage < GIVE || (s->stage == GIVE && resets(s))) {
		s->stage++;
		return;
	}
	tidy(s, s->flow);
	s->flow = NULL;
}

bool sl_stream_next(struct sl_stream *s, struct sl_piece *out)
{
	give_spent(s);
	for (;;) {
		if (s->given < s->queued) {
			*out = s->queue[s->given++];
			return true;
		}
		if (s->flow == NULL)
			return false;
		if (stage_next(s, out))
			return true;
		stage_done(s);
	}
}

/* Takes the byte that the urgent pointer marks out of the payload. It points behind that byte (RFC
 * 6093 3.1), and 0 is read as 1. */
static void split_urgent(struct sl_stream *s, const struct sl_packet *p)
{
	uint32_t at = p->tcp_urgent > 0 ? p->tcp_urgent - 1u : 0;
	if (at >= s->cur.bytes.len || p->tcp_flags & TH_SYN)
		return;
	s->part[0] = s->part[1] = s->cur;
	s->cur.bytes.len = at;
	segment_skip(&s->part[0], at);
	s->part[0].bytes.len = 1;
	s->part[0].urgent = true;
	segment_skip(&s->part[1], at + 1);
	s->parts = 2;
}

/* Everything but a segment in order of a flow that holds nothing. */
static void push_placed(struct sl_stream *s, const struct sl_packet *p, struct sl_span bytes)
{
	s->flow = p->flow;
	s->stage = p->flow->stream != NULL ? RELEASE : PLACE;
	s->cur = (struct segment){ .bytes = bytes,
		.seq = p->tcp_seq,
		.from = p->tcp_seq,
		.to = p->tcp_seq + p->payload_len };
	s->ack = p->tcp_ack;
	s->tcp_flags = p->tcp_flags;
	s->cut = p->flags & SL_PKT_CUT;
	s->parts = s->part_at = 0;
	if (s->flow->stream != NULL)
		s->holder.overlap = ((struct holds *)s->flow->stream)->overlap[s->dir];
	if (p->tcp_flags & TH_URG)
		split_urgent(s, p);
}

/* As much was given of the direction as is read; says so once, as a gap. */
static bool too_deep(struct sl_stream *s, struct sl_stream_seq *sq, size_t bytes)
{
	if (!sq->deep) {
		if (!sq->known || sq->next - sq->first < s->depth)
			return false;
		sq->deep = true;
		sl_count(s->c, SL_C_STREAM_DEEP, 1);
		s->queue[s->queued++] =
			(struct sl_piece){ .kind = SL_PIECE_GAP, .dir = s->dir, .ts_ns = s->ts_ns };
	}
	sl_count(s->c, SL_C_STREAM_BEYOND, bytes);
	return true;
}

void sl_stream_push(struct sl_stream *s, const struct sl_packet *p)
{
	struct sl_flow *f = p->flow;
	s->queued = s->given = 0;
	if (f == NULL || !(p->flags & SL_PKT_L4))
		return;
	s->dir = p->dir;
	s->ts_ns = p->ts_ns;
	struct sl_span bytes = sl_span(p->payload, p->payload_len);
	if (p->proto == IPPROTO_UDP && bytes.len > 0) {
		put_bytes(s, bytes, true);
		s->queue[0].cut = p->flags & SL_PKT_CUT;
	}
	if (p->proto != IPPROTO_TCP)
		return;
	struct sl_stream_seq *sq = &f->seq[p->dir];
	if (p->tcp_flags & TH_FIN && !(p->flags & SL_PKT_CUT)) {
		sq->finished = true;
		sq->fin = (p->tcp_seq + p->payload_len) & 0x7ffffff;
	}
	if (s->depth > 0 && bytes.len > 0 && too_deep(s, sq, bytes.len))
		bytes.len = 0;
	bool plain = f->stream == NULL && !(p->tcp_flags & (TH_SYN | TH_URG));
	if (plain && bytes.len == 0)
		return;
	if (!plain || !sq->known || p->tcp_seq != sq->next) {
		push_placed(s, p, bytes);
		return;
	}
	put_bytes(s, bytes, false);
	sq->next += (uint32_t)bytes.len;
	sq->cut = p->flags & SL_PKT_CUT;
}

void sl_stream_end(struct sl_stream *s, struct sl_flow *f)
{
	s->queued = s->given = 0;
	if (f->stream == NULL)
		return;
	s->flow = f;
	s->stage = END;
	s->ts_ns = f->last_ns;
}
