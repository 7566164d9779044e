/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.c - from bound packets to the pieces that a parser is fed. One worker; making and freeing
 * a reassembler is control's. What comes in order passes in sl_stream_push's first lines. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <sightline/mem.h>
#include <sightline/stream.h>

#include "reassembly.h"
#include <sightline/hot.h>

#define SEGMENTS_MAX 16384 /* what the lists can number */
#define WINDOW_PLAIN 65535 /* a window without scaling (RFC 9293 3.1) */

const struct sl_stream_options sl_stream_defaults = {
	.memory_bytes = (size_t)64 << 20,
	.max_segments = 1024,
	.max_bytes = 2 << 20,
	.overlap = SL_OVERLAP_LINUX,
};

int sl_stream_new(
	struct sl_stream **out, const struct sl_stream_options *o, struct sl_counters *counters)
{
	if (o->max_segments == 0 || o->max_segments > SEGMENTS_MAX)
		return -EINVAL;
	struct sl_stream *s = sl_mem_map(sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int rc = blocks_new(&s->holder.blocks, o->memory_bytes);
	if (rc < 0) {
		sl_mem_unmap(s, sizeof(*s));
		return rc;
	}
	s->holder.overlap = o->overlap;
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
	*hs = (struct holds){ .block = block };
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

static bool give_held(struct sl_stream *s, enum sl_dir dir, struct sl_piece *out)
{
	struct sl_stream_seq *sq = &s->flow->seq[dir];
	struct sl_span bytes = held_shift(&s->holder, held(s->flow, dir), &s->spent);
	*out = (struct sl_piece){
		.kind = SL_PIECE_BYTES, .dir = dir, .bytes = bytes, .ts_ns = s->ts_ns
	};
	sq->next += (uint32_t)bytes.len;
	sq->cut = false;
	return true;
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
	const struct hold *h = held(s->flow, dir);
	if (h == NULL)
		return false;
	uint32_t first = held_first(&s->holder, h);
	if (first == s->flow->seq[dir].next)
		return give_held(s, dir, out);
	if (limit != NULL && (int32_t)(*limit - first) < 0)
		return false;
	return give_gap(s, dir, first, why, out);
}

static bool give_cur(struct sl_stream *s, uint32_t n, struct sl_piece *out)
{
	struct sl_stream_seq *sq = seq_of(s);
	*out = (struct sl_piece){ .kind = SL_PIECE_BYTES,
		.dir = s->dir,
		.bytes = sl_span(s->cur.bytes.p, n),
		.ts_ns = s->ts_ns };
	segment_skip(&s->cur, n);
	sq->next += n;
	sq->cut = s->cut && s->cur.bytes.len == 0;
	return true;
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
	struct hold *h = held(s->flow, s->dir);
	if (cur->bytes.len > 0 && (int32_t)(sq->next - cur->seq) > 0) {
		uint32_t back = sq->next - cur->seq;
		segment_skip(cur, back < cur->bytes.len ? back : (uint32_t)cur->bytes.len);
	}
	if (cur->bytes.len > 0 && cur->seq == sq->next) {
		uint32_t n = h ? held_yield(&s->holder, h, cur) : (uint32_t)cur->bytes.len;
		if (n > 0)
			return give_cur(s, n, out);
		h = held(s->flow, s->dir);
	}
	if (h != NULL && held_first(&s->holder, h) == sq->next)
		return give_held(s, s->dir, out);
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

/* Everything but a segment in order of a flow that holds nothing. */
static void push_placed(struct sl_stream *s, const struct sl_packet *p)
{
	s->flow = p->flow;
	s->stage = p->flow->stream != NULL ? RELEASE : PLACE;
	s->cur = (struct segment){ .bytes = sl_span(p->payload, p->payload_len),
		.seq = p->tcp_seq,
		.from = p->tcp_seq,
		.to = p->tcp_seq + p->payload_len };
	s->ack = p->tcp_ack;
	s->tcp_flags = p->tcp_flags;
	s->cut = p->flags & SL_PKT_CUT;
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
		sq->fin = (p->tcp_seq + p->payload_len) & 0xfffffff;
	}
	bool plain = f->stream == NULL && !(p->tcp_flags & TH_SYN);
	if (plain && bytes.len == 0)
		return;
	if (!plain || !sq->known || p->tcp_seq != sq->next) {
		push_placed(s, p);
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
