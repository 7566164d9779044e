/* SPDX-License-Identifier: BSD-3-Clause */
/* websocket.c - WebSocket (RFC 6455), which begins where HTTP/1 ends with an upgrade and is never
 * probed for: its frames have no mark. Worker. What was asked for is the upgrade's to say; here
 * messages are numbered, and how the two part is counted.
 *
 * What the messages of a direction carry, one behind the other, is a stream that may be another
 * protocol's (MQTT 5.0, 6; tunnels): looked for as at a flow's begin, whatever the upgrade called
 * it. Of the rest no byte is kept but the code of a close. */
#include "gather.h"
#include "inner.h"
#include "parsers.h"
#include <sightline/hot.h>

#define HEAD_MAX 14 /* two bytes, the length in eight, the mask in four */
#define CHUNK 2048u /* bytes that are unmasked at a time */
#define FIRST_MAX 1024u /* bytes of the stream inside after which it is known or never */
#define CONTROL_MAX 125 /* payload of a control frame (RFC 6455 5.5) */

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

enum phase { HEAD, PAYLOAD, CLOSED, BROKEN };

struct side {
	uint64_t left; /* of the payload */
	uint32_t at; /* of the payload, modulo CHUNK */
	struct gather first; /* of the stream inside, until it is known what it is, and fed */
	uint16_t fed; /* of first */
	uint16_t asked; /* bytes of first when probes saw them last */
	enum phase phase;
	uint8_t head[HEAD_MAX];
	uint8_t have; /* of it */
	uint8_t code[2]; /* of a close, unmasked */
	uint8_t codes; /* bytes of it */
	bool open; /* a message is not whole: its next frame continues it */
	bool strange; /* the stream inside doesn't begin as any that is known */
	bool lost; /* it can't be followed any more */
};

struct websocket {
	struct side side[2];
	struct inner inner;
};

static enum sl_probe websocket_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	return SL_PROBE_NO;
}

static bool is_control(const struct side *s)
{
	return s->head[0] & 0x08;
}

static enum opcode opcode(const struct side *s)
{
	return (enum opcode)(s->head[0] & 0x0f);
}

static bool is_masked(const struct side *s)
{
	return s->head[1] & 0x80;
}

/* Of the head, as far as its second byte tells. */
static size_t head_len(const struct side *s)
{
	if (s->have < 2)
		return 2;
	uint8_t len = s->head[1] & 0x7f;
	return 2 + (len == 127 ? 8u : len == 126 ? 2u : 0u) + (is_masked(s) ? 4u : 0u);
}

/* RFC 6455 5.2: in as few bytes as it takes. False: it is not. */
static bool payload_len(const struct side *s, uint64_t *out)
{
	struct sl_rd r = sl_rd(sl_span(s->head + 2, 8));
	uint8_t len = s->head[1] & 0x7f;
	*out = len == 127 ? sl_rd64(&r) : len == 126 ? sl_rd16(&r) : len;
	return len == 127 ? *out > UINT16_MAX && *out >> 63 == 0 : len != 126 || *out > CONTROL_MAX;
}

/* RFC 6455 5.2 to 5.5, with the extension of RFC 7692, whose bit is the first reserved one. That a
 * client masks and a server does not (5.1) is not asked for: there are clients that don't, and
 * servers that take it. */
static bool is_good(const struct side *s)
{
	enum opcode op = opcode(s);
	bool compressed = s->head[0] & 0x40, whole = s->head[0] & 0x80;
	if (s->head[0] & 0x30)
		return false;
	if (is_control(s))
		return op <= PONG && whole && !compressed && s->left <= CONTROL_MAX &&
		       (op != CLOSE || s->left != 1);
	if (op > BINARY)
		return false;
	return op == CONTINUATION ? s->open && !compressed : !s->open;
}

static void count(struct sl_batch *b, enum sl_counter id)
{
	if (b->counters != NULL)
		sl_count(b->counters, id, 1);
}

/* RFC 6455 7.4: 1000 and 1001 are how it should end, 3000 on is for others to define. */
static void count_close(const struct side *s, struct sl_batch *b)
{
	unsigned code = s->codes < 2 ? 1000 : (unsigned)(s->code[0] << 8 | s->code[1]);
	count(b, code == 1000 || code == 1001	? SL_C_WEBSOCKET_CLOSE_NORMAL
		 : code >= 3000 && code <= 4999 ? SL_C_WEBSOCKET_CLOSE_OTHER
						: SL_C_WEBSOCKET_CLOSE_ERROR);
}

static void frame_end(struct side *s, struct sl_batch *b)
{
	s->phase = HEAD;
	if (opcode(s) == CLOSE) {
		count_close(s, b);
		s->phase = CLOSED;
	} else if (!is_control(s)) {
		s->open = !(s->head[0] & 0x80);
		if (!s->open)
			(void)sl_batch_next_message(b);
	}
	s->have = s->codes = 0;
}

static void frame_begin(struct side *s, struct sl_batch *b)
{
	if (!payload_len(s, &s->left) || !is_good(s)) {
		s->phase = BROKEN;
		return;
	}
	if (s->head[0] & 0x40) {
		count(b, SL_C_WEBSOCKET_COMPRESSED);
		s->lost = true;
	}
	s->phase = PAYLOAD;
	s->at = 0;
}

static void head_bytes(struct side *s, struct sl_span in, size_t *used)
{
	size_t want = head_len(s) - s->have, n = want < in.len ? want : in.len;
	memcpy(s->head + s->have, in.p, n);
	s->have = (uint8_t)(s->have + n);
	*used = n;
}

/* ---- The stream inside ---- */

/* Feeds what was kept of it, and lets its parser say what it has yet to say. False: the batch is
 * full. */
static bool feed_first(struct websocket *w, const struct sl_piece *of, struct sl_batch *b)
{
	static const uint8_t none[1];
	struct side *s = &w->side[of->dir];
	while (inner_wants(&w->inner, of->dir) &&
		(s->fed < s->first.have || w->inner.waits[of->dir])) {
		struct sl_span first = gather_bytes(&s->first);
		struct sl_piece p = { .kind = SL_PIECE_BYTES,
			.dir = of->dir,
			.bytes = first.len > 0 ? sl_span_from(first, s->fed) : sl_span(none, 0),
			.ts_ns = of->ts_ns };
		size_t used;
		bool room = inner_feed(&w->inner, &p, b, &used);
		s->fed = (uint16_t)(s->fed + used);
		if (!room)
			return false;
	}
	if (w->inner.parser != NULL || s->strange || s->lost)
		gather_drop(&s->first, b);
	return true;
}

/* Whose the stream is, by its first bytes, which are kept until that is known. */
static void ask(struct websocket *w, const struct sl_piece *of, struct sl_batch *b)
{
	struct side *s = &w->side[of->dir];
	const struct sl_flow *f = b->flow;
	bool more = false, up = of->dir == SL_TO_SERVER;
	if (w->inner.parser != NULL || s->first.have <= s->asked)
		return;
	s->asked = s->first.have;
	struct sl_piece first = { .kind = SL_PIECE_BYTES,
		.dir = of->dir,
		.bytes = gather_bytes(&s->first),
		.ts_ns = of->ts_ns };
	const struct sl_parser *parser = sl_parser_probe(&first, SL_OVER_TCP | SL_OVER_TCP_BEGIN,
		up ? f->sport : f->dport, up ? f->dport : f->sport, &more);
	s->strange = parser != NULL ? !inner_open(&w->inner, parser, b)
				    : !more || s->first.have >= FIRST_MAX;
}

static void look(struct websocket *w, const struct sl_piece *p, struct sl_batch *b)
{
	struct side *s = &w->side[p->dir];
	if (!gather_all(&s->first, b, p->bytes, FIRST_MAX + CHUNK))
		s->lost = true;
	else if (s->first.have >= FIRST_MAX || sl_probe_again(s->first.have, s->asked))
		ask(w, p, b);
}

/* Nothing joins what was kept: it is looked at as it is, and fed. False: the batch is full. */
static bool feed_kept(struct websocket *w, const struct sl_piece *p, struct sl_batch *b)
{
	ask(w, p, b);
	return feed_first(w, p, b);
}

static bool is_unwanted(const struct websocket *w, enum sl_dir dir)
{
	const struct side *s = &w->side[dir];
	return s->lost || (w->inner.parser != NULL ? w->inner.done[dir] : s->strange);
}

/* A part of the stream inside. False: the batch is full. */
static bool stream_bytes(
	struct websocket *w, const struct sl_piece *p, struct sl_batch *b, size_t *used)
{
	if (w->inner.parser != NULL)
		return inner_feed(&w->inner, p, b, used);
	*used = p->bytes.len;
	look(w, p, b);
	return feed_first(w, p, b);
}

/* ---- Frames ---- */

static void close_bytes(struct side *s, struct sl_span in, const uint8_t *mask)
{
	for (size_t i = 0; i < in.len && s->codes < 2; i++, s->codes++)
		s->code[s->codes] = in.p[i] ^ mask[s->codes];
}

/* False: the batch is full. */
static bool payload_bytes(struct websocket *w, const struct sl_piece *of, struct sl_span in,
	struct sl_batch *b, size_t *used)
{
	static const uint8_t none[4];
	uint8_t plain[CHUNK];
	struct side *s = &w->side[of->dir];
	const uint8_t *mask = is_masked(s) ? s->head + s->have - 4 : none;
	bool room = true;
	*used = s->left < in.len ? (size_t)s->left : in.len;
	if (opcode(s) == CLOSE) {
		close_bytes(s, sl_span(in.p, *used), mask);
	} else if (!is_control(s) && !is_unwanted(w, of->dir)) {
		size_t n = *used < CHUNK - s->at ? *used : CHUNK - s->at;
		for (size_t i = 0; i < n; i++)
			plain[i] = in.p[i] ^ mask[(s->at + i) % 4];
		struct sl_piece p = { .kind = SL_PIECE_BYTES,
			.dir = of->dir,
			.bytes = sl_span(plain, n),
			.ts_ns = of->ts_ns };
		room = stream_bytes(w, &p, b, used);
	}
	s->at = (uint32_t)((s->at + *used) % CHUNK);
	s->left -= *used;
	return room;
}

static enum sl_verdict feed_bytes(
	struct websocket *w, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *s = &w->side[p->dir];
	if (!feed_first(w, p, b))
		return SL_FULL;
	for (;;) {
		struct sl_span in = sl_span_from(p->bytes, *consumed);
		size_t used = 0;
		bool room = true;
		if (s->phase == PAYLOAD && s->left == 0)
			frame_end(s, b);
		if (in.len == 0 || s->phase >= CLOSED)
			return SL_MORE;
		if (s->phase == HEAD) {
			head_bytes(s, in, &used);
			if (s->have >= 2 && s->have == head_len(s))
				frame_begin(s, b);
		} else
			room = payload_bytes(w, p, in, b, &used);
		*consumed += used;
		if (!room)
			return SL_FULL;
	}
}

/* A frame's payload may have holes. Where the next frame begins has no mark: without it nothing
 * more can be told. */
static enum sl_verdict feed_gap(struct websocket *w, const struct sl_piece *p, struct sl_batch *b)
{
	struct side *s = &w->side[p->dir];
	size_t used = 0;
	if (s->phase != PAYLOAD || p->gap_bytes == 0 || p->gap_bytes > s->left) {
		parser_count_part(b);
		s->phase = CLOSED;
		return SL_MORE;
	}
	if (!feed_kept(w, p, b) || (!is_control(s) && !inner_feed(&w->inner, p, b, &used)))
		return SL_FULL;
	s->lost |= !is_control(s) && w->inner.parser == NULL;
	s->left -= p->gap_bytes;
	s->at = (uint32_t)((s->at + p->gap_bytes) % CHUNK);
	return feed_bytes(w, p, b, &used);
}

/* Nothing of this direction is left to read. */
static enum sl_verdict finish(struct websocket *w, const struct sl_piece *p, struct sl_batch *b)
{
	struct side *s = &w->side[p->dir];
	if (!feed_kept(w, p, b) || !inner_end(&w->inner, p->dir, p->ts_ns, b))
		return SL_FULL;
	gather_drop(&s->first, b);
	return s->phase == BROKEN ? SL_BAD : SL_DONE;
}

static enum sl_verdict websocket_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct websocket *w = state;
	enum sl_verdict v = SL_MORE;
	*consumed = 0;
	if (w->side[p->dir].phase < CLOSED && p->kind == SL_PIECE_BYTES)
		v = feed_bytes(w, p, b, consumed);
	else if (w->side[p->dir].phase < CLOSED && p->kind == SL_PIECE_GAP)
		v = feed_gap(w, p, b);
	if (v == SL_FULL || (w->side[p->dir].phase < CLOSED && p->kind != SL_PIECE_END))
		return v;
	return finish(w, p, b);
}

const struct sl_parser sl_parser_websocket = {
	.name = "websocket",
	.state_bytes = sizeof(struct websocket),
	.over = SL_OVER_TCP,
	.probe = websocket_probe,
	.begins = parser_never,
	.feed = websocket_feed,
};
