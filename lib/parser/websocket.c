/* SPDX-License-Identifier: BSD-3-Clause */
/* websocket.c - WebSocket (RFC 6455), which begins where HTTP/1 ends with an upgrade and is never
 * probed for: its frames have no mark. Worker. What was asked for is the upgrade's to say; here
 * messages are numbered, and how the two part is counted. Keeps no byte of a payload but the code
 * of a close. */
#include "parsers.h"
#include <sightline/hot.h>

#define HEAD_MAX 14 /* two bytes, the length in eight, the mask in four */
#define CONTROL_MAX 125 /* payload of a control frame (RFC 6455 5.5) */

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

enum phase { HEAD, PAYLOAD, CLOSED, BROKEN };

struct side {
	uint64_t left; /* of the payload */
	enum phase phase;
	uint8_t head[HEAD_MAX];
	uint8_t have; /* of it */
	uint8_t code[2]; /* of a close, unmasked */
	uint8_t codes; /* bytes of it */
	bool open; /* a message is not whole: its next frame continues it */
};

struct websocket {
	struct side side[2];
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
	if (s->head[0] & 0x40)
		count(b, SL_C_WEBSOCKET_COMPRESSED);
	s->phase = PAYLOAD;
	if (s->left == 0)
		frame_end(s, b);
}

static void head_bytes(struct side *s, struct sl_span in, size_t *used)
{
	size_t want = head_len(s) - s->have, n = want < in.len ? want : in.len;
	memcpy(s->head + s->have, in.p, n);
	s->have = (uint8_t)(s->have + n);
	*used = n;
}

static void payload_bytes(struct side *s, struct sl_span in, size_t *used)
{
	static const uint8_t none[2];
	const uint8_t *mask = is_masked(s) ? s->head + s->have - 4 : none;
	*used = s->left < in.len ? (size_t)s->left : in.len;
	for (size_t i = 0; opcode(s) == CLOSE && i < *used && s->codes < 2; i++, s->codes++)
		s->code[s->codes] = in.p[i] ^ mask[s->codes];
	s->left -= *used;
}

static enum sl_verdict feed_bytes(
	struct side *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	while (*consumed < p->bytes.len && s->phase < CLOSED) {
		struct sl_span in = sl_span_from(p->bytes, *consumed);
		size_t used = 0;
		if (s->phase == HEAD) {
			head_bytes(s, in, &used);
			if (s->have >= 2 && s->have == head_len(s))
				frame_begin(s, b);
		} else {
			payload_bytes(s, in, &used);
			if (s->left == 0)
				frame_end(s, b);
		}
		*consumed += used;
	}
	return s->phase == BROKEN ? SL_BAD : s->phase == CLOSED ? SL_DONE : SL_MORE;
}

/* A frame's payload may have holes. Where the next frame begins has no mark: without it nothing
 * more can be told. */
static enum sl_verdict feed_gap(struct side *s, uint64_t bytes, struct sl_batch *b)
{
	if (s->phase != PAYLOAD || bytes == 0 || bytes > s->left) {
		parser_count_part(b);
		return SL_DONE;
	}
	s->left -= bytes;
	if (s->left > 0)
		return SL_MORE;
	frame_end(s, b);
	return s->phase == CLOSED ? SL_DONE : SL_MORE;
}

static enum sl_verdict websocket_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *s = &((struct websocket *)state)->side[p->dir];
	*consumed = 0;
	switch (p->kind) {
	case SL_PIECE_BYTES:
		return feed_bytes(s, p, b, consumed);
	case SL_PIECE_GAP:
		return feed_gap(s, p->gap_bytes, b);
	case SL_PIECE_END:
		break;
	}
	return SL_DONE;
}

const struct sl_parser sl_parser_websocket = {
	.name = "websocket",
	.state_bytes = sizeof(struct websocket),
	.over = SL_OVER_TCP,
	.probe = websocket_probe,
	.begins = parser_never,
	.feed = websocket_feed,
};
