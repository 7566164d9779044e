/* SPDX-License-Identifier: BSD-3-Clause */
/* tls.c - TLS handshakes over a byte stream, both directions, SSL 3.0 to TLS 1.3 (RFC 8446 5, RFC
 * 5246 6.2): server name, ALPN, JA3, JA3S, JA4, certificates, whatever segments, records and
 * messages have for boundaries. A direction is done when it turns encrypted. The whole handshake of
 * a connection is one message. Worker.
 *
 * Three layers, each of which keeps its place between pieces: records; the handshake messages in
 * them; in these units that have to lie together (a hello, one certificate). A unit that lies
 * together in the input is read there, else gathered. */
#include "gather.h"
#include "parsers.h"
#include "tls_cert.h"
#include "tls_hello.h"
#include <sightline/hot.h>

#define RECORD_MAX (16384 + 2048) /* RFC 5246 6.2.3 */
#define MESSAGE_MAX (1u << 20) /* of a handshake message; no real one comes near */
#define UNIT_MAX CERT_READ /* bytes kept of a unit that comes in pieces */
#define TRIES 16 /* pieces that are looked at for a record after the place was lost */

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23, HEARTBEAT = 24 };

enum body {
	SKIP,
	HELLO,
	CERT_LIST, /* the list's length, 3 bytes */
	CERT_LENGTH, /* a certificate's, 3 bytes */
	CERT
};

struct side {
	struct gather unit;
	struct cert_digests *digests; /* of a certificate that is being gathered; the pool's */
	uint32_t message_left; /* bytes of the handshake message that were not consumed */
	uint32_t unit_len, unit_have; /* of the hello or certificate at hand */
	uint32_t tail; /* bytes of the unit that are gathered but not consumed: it is whole */
	uint16_t record_len, record_left;
	uint16_t said; /* values of the unit that were said */
	uint8_t head[5], head_have; /* of the record */
	uint8_t message[4], message_have; /* head of the handshake message */
	uint8_t length[3], length_have; /* CERT_LIST, CERT_LENGTH */
	uint8_t body; /* enum body */
	uint8_t tries; /* pieces looked at since the place was lost */
	bool begun; /* a record's head was read */
	bool lost; /* look for a record at the start of a piece */
	bool changed; /* ChangeCipherSpec was seen: all but a second hello is encrypted */
	bool done, bad;
	bool denied; /* no memory for the unit at hand */
};

struct tls {
	struct side side[2];
	uint32_t message; /* the handshake's number; 0: nothing was said, or it is closed */
	bool tor; /* an end is a relay of Tor */
};

static bool record_head(struct sl_span s)
{
	unsigned len = s.len < 5 ? 0 : (unsigned)s.p[3] << 8 | s.p[4];
	return s.len >= 5 && s.p[0] >= CHANGE_CIPHER && s.p[0] <= HEARTBEAT && s.p[1] == 3 &&
	       s.p[2] <= 4 && len > 0 && len <= RECORD_MAX;
}

/* A ClientHello in the form of SSL 2.0 that offers SSL 3.0 or later (RFC 5246 E.2): recognised, so
 * that what the server answers belongs to it, and passed over. */
static enum sl_probe old_hello(struct sl_span s)
{
	static const uint8_t want[] = { 0x80, 0, 1, 3, 0 }, mask[] = { 0xc0, 0, 0xff, 0xff, 0xfc };
	for (size_t i = 0; i < sizeof(want) && i < s.len; i++)
		if ((s.p[i] & mask[i]) != want[i])
			return SL_PROBE_NO;
	if (s.len < 11)
		return SL_PROBE_MORE;
	struct sl_rd r = sl_rd(s);
	size_t len = sl_rd16(&r) & 0x3fff;
	sl_rd_skip(&r, 3);
	size_t ciphers = sl_rd16(&r), session = sl_rd16(&r), challenge = sl_rd16(&r);
	bool sound = ciphers > 0 && ciphers % 3 == 0 && (session == 0 || session == 16) &&
		     challenge >= 16 && challenge <= 32 && 9 + ciphers + session + challenge == len;
	return sound ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe tls_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span s = p->bytes;
	if (s.len > 0 && s.p[0] & 0x80)
		return old_hello(s);
	if (s.len == 0 || s.p[0] != HANDSHAKE || (s.len > 1 && s.p[1] != 3) ||
		(s.len > 2 && s.p[2] > 4))
		return SL_PROBE_NO;
	if (s.len < 6)
		return SL_PROBE_MORE;
	if (!record_head(s) || (s.p[5] != TLS_CLIENT_HELLO && s.p[5] != TLS_SERVER_HELLO))
		return SL_PROBE_NO;
	return SL_PROBE_YES;
}

/* ---- Units ---- */

static size_t fill(uint8_t *to, uint8_t *have, size_t want, struct sl_span in)
{
	size_t n = want - *have < in.len ? want - *have : in.len;
	memcpy(to + *have, in.p, n);
	*have = (uint8_t)(*have + n);
	return n;
}

static uint32_t be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static void unit_drop(struct side *s, struct sl_batch *b)
{
	gather_drop(&s->unit, b);
	if (s->digests != NULL)
		sl_parser_pool_give(b->pool, s->digests, sizeof(*s->digests));
	s->digests = NULL;
	s->unit_have = s->tail = 0;
	s->said = 0;
	s->denied = false;
}

/* A certificate is hashed as it comes, because it may be longer than what is kept of it. */
static bool hash_more(struct side *s, struct sl_batch *b, struct sl_span in)
{
	if (s->digests == NULL) {
		s->digests =
			b->pool != NULL ? sl_parser_pool_take(b->pool, sizeof(*s->digests)) : NULL;
		if (s->digests == NULL) {
			if (b->counters != NULL)
				sl_count(b->counters, SL_C_PARSER_POOL, 1);
			return false;
		}
		cert_digests_begin(s->digests);
	}
	cert_digests_add(s->digests, in);
	return true;
}

static void unit_gather(struct side *s, struct sl_batch *b, struct sl_span in)
{
	s->unit_have += (uint32_t)in.len;
	if (s->denied)
		return;
	s->denied =
		!gather_add(&s->unit, b, in, UNIT_MAX) || (s->body == CERT && !hash_more(s, b, in));
}

static struct say say_begin(struct tls *t, struct side *s, enum sl_dir dir, struct sl_batch *b)
{
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	return (struct say){ .b = b, .message = t->message, .dir = dir, .said = &s->said };
}

static bool say_hello(struct tls *t, struct side *s, enum sl_dir dir, struct sl_batch *b,
	struct sl_span unit, bool whole)
{
	struct tls_hello h;
	bool client = s->message[0] == TLS_CLIENT_HELLO;
	if (!(client ? tls_client_hello_read(unit, &h) : tls_server_hello_read(unit, &h))) {
		parser_count_part(b);
		return true;
	}
	h.cut |= !whole;
	struct say say = say_begin(t, s, dir, b);
	if (!(client ? tls_client_hello_say(&say, &h, 't') : tls_server_hello_say(&say, &h, 't')))
		return false;
	if (h.cut)
		parser_count_part(b);
	return true;
}

static bool say_cert(
	struct tls *t, struct side *s, enum sl_dir dir, struct sl_batch *b, struct sl_span unit)
{
	bool sound;
	struct say say = say_begin(t, s, dir, b);
	if (!cert_say(&say, unit, s->digests, &sound))
		return false;
	t->tor |= cert_is_tor(unit);
	if (!sound)
		parser_count_part(b);
	return true;
}

/* ---- Handshake messages ---- */

/* After a ChangeCipherSpec only a hello in the answer to a HelloRetryRequest (RFC 8446 4.1.4, D.4)
 * is not encrypted; it fills its record. False: what follows is none that can be read. */
static bool message_begin(struct side *s)
{
	uint8_t type = s->message[0];
	s->message_left = be24(s->message + 1);
	s->body = SKIP;
	s->length_have = 0;
	s->unit_have = 0;
	if (s->message_left > MESSAGE_MAX)
		return false;
	bool hello = type == TLS_CLIENT_HELLO || type == TLS_SERVER_HELLO;
	if (s->changed && (!hello || s->message_left + 4 != s->record_len))
		return false;
	if (hello) {
		s->body = HELLO;
		s->unit_len = s->message_left < TLS_HELLO_MAX ? s->message_left : TLS_HELLO_MAX;
	} else if (type == TLS_CERTIFICATE) {
		s->body = CERT_LIST;
	}
	return true;
}

/* Says the unit. False: the batch is full. */
static bool unit_say(
	struct tls *t, struct side *s, enum sl_dir dir, struct sl_batch *b, struct sl_span unit)
{
	if (s->denied) {
		parser_count_part(b);
		return true;
	}
	if (s->body == HELLO)
		return say_hello(t, s, dir, b, unit, s->unit_len == be24(s->message + 1));
	return say_cert(t, s, dir, b, unit);
}

/* The hello or certificate at hand goes on in `in`. False: the batch is full; then the bytes that
 * made the unit whole are not consumed, even where they are gathered already. */
static bool unit_feed(struct tls *t, struct side *s, enum sl_dir dir, struct sl_span in,
	struct sl_batch *b, size_t *used)
{
	bool together = s->unit_have == 0 && in.len >= s->unit_len;
	*used = 0;
	if (!together && s->tail == 0) {
		size_t left = s->unit_len - s->unit_have, n = left < in.len ? left : in.len;
		unit_gather(s, b, sl_span(in.p, n));
		if (n < left) {
			*used = n;
			return true;
		}
		s->tail = (uint32_t)n;
	}
	struct sl_span unit = together ? sl_span(in.p, s->unit_len) : gather_bytes(&s->unit);
	if (!unit_say(t, s, dir, b, unit))
		return false;
	*used = together ? s->unit_len : s->tail;
	unit_drop(s, b);
	s->body = s->body == CERT ? CERT_LENGTH : SKIP;
	return true;
}

/* A certificate begins. One that is longer than its message is none. */
static void cert_begin(struct side *s, size_t left, struct sl_batch *b)
{
	s->length_have = 0;
	s->unit_len = be24(s->length);
	if (s->unit_len > left) {
		parser_count_part(b);
		s->body = SKIP;
	} else if (s->unit_len > 0) {
		s->body = CERT;
	}
}

/* Bytes of one message. False: the batch is full. */
static bool body_feed(struct tls *t, struct side *s, enum sl_dir dir, struct sl_span in,
	struct sl_batch *b, size_t *used)
{
	switch ((enum body)s->body) {
	case HELLO:
	case CERT:
		return unit_feed(t, s, dir, in, b, used);
	case CERT_LIST:
		*used = fill(s->length, &s->length_have, 3, in);
		if (s->length_have == 3) {
			s->body = CERT_LENGTH;
			s->length_have = 0;
		}
		return true;
	case CERT_LENGTH:
		*used = fill(s->length, &s->length_have, 3, in);
		if (s->length_have == 3)
			cert_begin(s, s->message_left - *used, b);
		return true;
	case SKIP:
		break;
	}
	*used = in.len;
	return true;
}

/* Bytes of a handshake record. */
static enum sl_verdict message_feed(struct tls *t, struct side *s, enum sl_dir dir,
	struct sl_span in, struct sl_batch *b, size_t *used)
{
	size_t n;
	for (*used = 0; *used < in.len; *used += n) {
		struct sl_span rest = sl_span_from(in, *used);
		if (s->message_have < 4) {
			n = fill(s->message, &s->message_have, 4, rest);
			if (s->message_have == 4 && !message_begin(s))
				return SL_DONE;
		} else {
			if (rest.len > s->message_left)
				rest.len = s->message_left;
			if (!body_feed(t, s, dir, rest, b, &n))
				return SL_FULL;
			s->message_left -= (uint32_t)n;
		}
		if (s->message_have == 4 && s->message_left == 0)
			s->message_have = 0;
	}
	return SL_MORE;
}

/* ---- Records ---- */

/* The place in the stream is lost: what was begun is given up. */
static void lose(struct side *s, struct sl_batch *b)
{
	unit_drop(s, b);
	s->head_have = s->message_have = 0;
	s->record_left = 0;
	s->body = SKIP;
	s->lost = true;
}

/* A piece begins with a record in most protocols' ways of sending. SL_MORE and s->lost cleared: it
 * does. */
static enum sl_verdict find_record(struct side *s, struct sl_span in)
{
	bool record = record_head(in);
	if (record && in.p[0] == APPLICATION)
		return SL_DONE;
	if (record && (in.len < 6 || in.p[0] != HANDSHAKE || in.p[5] <= 24)) {
		s->lost = false;
		return SL_MORE;
	}
	return ++s->tries >= TRIES ? SL_BAD : SL_MORE;
}

/* The five bytes of a record's head are there. */
static enum sl_verdict record_begin(struct side *s, struct sl_batch *b)
{
	bool first = !s->begun;
	s->head_have = 0;
	s->begun = true;
	if (first && old_hello(sl_span(s->head, 5)) != SL_PROBE_NO) {
		s->record_len = s->record_left =
			(uint16_t)(((s->head[0] & 0x3f) << 8 | s->head[1]) - 3);
		return SL_MORE;
	}
	if (!record_head(sl_span(s->head, 5))) {
		parser_count_part(b);
		lose(s, b);
		return ++s->tries >= TRIES ? SL_BAD : SL_MORE;
	}
	s->record_len = s->record_left = (uint16_t)(s->head[3] << 8 | s->head[4]);
	s->changed |= s->head[0] == CHANGE_CIPHER;
	return s->head[0] == APPLICATION ? SL_DONE : SL_MORE;
}

static enum sl_verdict record_feed(struct tls *t, struct side *s, enum sl_dir dir,
	struct sl_span in, struct sl_batch *b, size_t *used)
{
	enum sl_verdict v = SL_MORE;
	if (in.len > s->record_left)
		in.len = s->record_left;
	*used = in.len;
	if (s->head[0] == HANDSHAKE)
		v = message_feed(t, s, dir, in, b, used);
	s->record_left = (uint16_t)(s->record_left - *used);
	return v;
}

static enum sl_verdict feed_bytes(struct tls *t, struct side *s, const struct sl_piece *p,
	struct sl_batch *b, size_t *consumed)
{
	struct sl_span in = p->bytes;
	enum sl_verdict v = s->lost ? find_record(s, in) : SL_MORE;
	while (v == SL_MORE && !s->lost && *consumed < in.len) {
		struct sl_span rest = sl_span_from(in, *consumed);
		size_t n;
		if (s->record_left > 0) {
			v = record_feed(t, s, p->dir, rest, b, &n);
		} else {
			n = fill(s->head, &s->head_have, 5, rest);
			if (s->head_have == 5)
				v = record_begin(s, b);
		}
		*consumed += n;
	}
	if (v != SL_FULL)
		*consumed = in.len;
	return v;
}

/* What is there of a hello counts, although the rest will not come. False: the batch is full. */
static bool say_rest(struct tls *t, struct side *s, enum sl_dir dir, struct sl_batch *b)
{
	if (s->body != HELLO || s->denied || s->unit.have == 0)
		return true;
	return say_hello(t, s, dir, b, gather_bytes(&s->unit), false);
}

/* A hole inside one record and one message costs what lies in it; any other costs the place. */
static enum sl_verdict feed_gap(
	struct tls *t, struct side *s, const struct sl_piece *p, struct sl_batch *b)
{
	uint64_t n = p->gap_bytes;
	bool handshake = s->record_left > 0 && s->head[0] == HANDSHAKE;
	if (!say_rest(t, s, p->dir, b))
		return SL_FULL;
	if (n == 0 || n > s->record_left || s->lost ||
		(handshake && (s->message_have < 4 || n > s->message_left))) {
		lose(s, b);
		return SL_MORE;
	}
	s->record_left = (uint16_t)(s->record_left - n);
	if (handshake) {
		if (s->body != SKIP && s->body != HELLO)
			parser_count_part(b);
		unit_drop(s, b);
		s->body = SKIP;
		s->message_left -= (uint32_t)n;
		if (s->message_left == 0)
			s->message_have = 0;
	}
	return SL_MORE;
}

/* The handshake of a Tor relay is complete: the flow is Tor's. */
static enum sl_verdict to_tor(struct tls *t, enum sl_dir dir, struct sl_batch *b)
{
	if (!say_close_both(b, dir, &t->message, true))
		return SL_FULL;
	unit_drop(&t->side[!dir], b);
	b->next = &sl_parser_tor;
	return SL_NOT_MINE;
}

static enum sl_verdict tls_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct tls *t = state;
	struct side *s = &t->side[p->dir], *other = &t->side[!p->dir];
	*consumed = 0;
	if (!s->done) {
		enum sl_verdict v = SL_DONE;
		if (p->kind == SL_PIECE_BYTES)
			v = feed_bytes(t, s, p, b, consumed);
		else if (p->kind == SL_PIECE_GAP)
			v = feed_gap(t, s, p, b);
		else if (!say_rest(t, s, p->dir, b))
			v = SL_FULL;
		if (v == SL_MORE || v == SL_FULL)
			return v;
		unit_drop(s, b);
		s->done = true;
		s->bad = v == SL_BAD;
	}
	*consumed = p->bytes.len;
	if (t->tor && p->kind == SL_PIECE_BYTES)
		return to_tor(t, p->dir, b);
	if (!say_close_both(b, p->dir, &t->message, other->done))
		return SL_FULL;
	return s->bad ? SL_BAD : SL_DONE;
}

static bool tls_begins(uint8_t first)
{
	return first == HANDSHAKE || first & 0x80; /* as SSL 2 has it */
}

const struct sl_parser sl_parser_tls = {
	.name = "tls",
	.state_bytes = sizeof(struct tls),
	.over = SL_OVER_TCP,
	.probe = tls_probe,
	.feed = tls_feed,
	.begins = tls_begins,
};
