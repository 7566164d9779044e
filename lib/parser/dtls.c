/* SPDX-License-Identifier: BSD-3-Clause */
/* dtls.c - DTLS 1.0 to 1.3 (RFC 4347, 6347, 9147): what tls.c says of a handshake over TCP, of one
 * over datagrams. Worker. Records lie whole in a datagram; a handshake message may be dealt to
 * several as fragments, in any order and more than once. A handshake is one message, complete when
 * both ends send encrypted; from then on only a datagram that begins with one is read. */
#include "mosaic.h"
#include "parsers.h"
#include "tls_cert.h"
#include "tls_hello.h"
#include <sightline/hot.h>

#define SLOTS 2 /* messages of an end that are put together at a time */
#define CERTS_MAX 64 /* of a list */
#define SEQUENCES 32 /* messages whose retransmissions are known */

enum { CHANGE_CIPHER = 20, HANDSHAKE = 22 };
enum { KEY_UPDATE = 24 }; /* the highest type of a message */

struct fragment {
	uint8_t type;
	uint16_t seq;
	uint32_t len, at; /* of the message; of the fragment in it */
	struct sl_span bytes;
};

struct slot {
	struct mosaic body;
	uint32_t len;
	uint16_t seq;
	uint8_t type; /* 0: free */
};

struct side {
	struct slot slot[SLOTS];
	uint32_t seen; /* sequence numbers of messages that were said, as bits */
	uint16_t said; /* values of the message at hand that were said */
	uint8_t next_slot; /* to be put out for room */
	bool over; /* it sent something encrypted, or says so */
};

struct dtls {
	struct side side[2];
	uint32_t message; /* the handshake's number; 0: nothing was said, or it is closed */
	uint16_t handled; /* fragments of the datagram at hand that are done with */
	bool ended[2];
	bool rests; /* both ends send encrypted */
};

/* ---- Records and fragments ---- */

static bool version_sound(uint16_t v)
{
	return v == 0xfeff || v == 0xfefd || v == 0xfefc || v == 0x0100;
}

/* The head of a record, and its bytes. False: there is none that can be read. */
static bool record_next(struct sl_rd *r, uint8_t *type, uint16_t *epoch, struct sl_span *bytes)
{
	if (r->bad || sl_rd_left(r) == 0)
		return false;
	*type = sl_rd8(r);
	uint16_t version = sl_rd16(r);
	*epoch = sl_rd16(r);
	sl_rd_skip(r, 6); /* sequence number */
	*bytes = sl_rd_take(r, sl_rd16(r));
	return !r->bad && version_sound(version) && *type >= CHANGE_CIPHER && *type <= 26;
}

static bool fragment_next(struct sl_rd *r, struct fragment *f)
{
	if (r->bad || sl_rd_left(r) == 0)
		return false;
	f->type = sl_rd8(r);
	f->len = sl_rd24(r);
	f->seq = sl_rd16(r);
	f->at = sl_rd24(r);
	f->bytes = sl_rd_take(r, sl_rd24(r));
	r->bad |= f->type > KEY_UPDATE || f->at + f->bytes.len > f->len;
	return !r->bad;
}

static enum sl_probe dtls_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_rd r = sl_rd(p->bytes);
	struct sl_span bytes;
	struct fragment f;
	uint8_t type;
	uint16_t epoch;
	if (!p->datagram || !record_next(&r, &type, &epoch, &bytes) || type != HANDSHAKE ||
		epoch != 0)
		return SL_PROBE_NO;
	struct sl_rd in = sl_rd(bytes);
	return fragment_next(&in, &f) ? SL_PROBE_YES : SL_PROBE_NO;
}

/* ---- Messages ---- */

static struct say say_begin(struct dtls *d, enum sl_dir dir, struct sl_batch *b)
{
	if (d->message == 0)
		d->message = sl_batch_next_message(b);
	return (struct say){
		.b = b, .message = d->message, .dir = dir, .said = &d->side[dir].said
	};
}

static bool say_hello(struct dtls *d, enum sl_dir dir, struct sl_batch *b, uint8_t type,
	struct sl_span body, bool whole)
{
	struct tls_hello h;
	bool client = type == TLS_CLIENT_HELLO;
	if (!(client ? tls_client_hello_read(body, &h) : tls_server_hello_read(body, &h))) {
		parser_count_part(b);
		return true;
	}
	h.cut |= !whole;
	struct say say = say_begin(d, dir, b);
	if (!(client ? tls_client_hello_say(&say, &h, 'd') : tls_server_hello_say(&say, &h, 'd')))
		return false;
	if (h.cut)
		parser_count_part(b);
	return true;
}

static bool say_certs(struct dtls *d, enum sl_dir dir, struct sl_batch *b, struct sl_span body)
{
	struct sl_rd r = sl_rd(body);
	struct say say = say_begin(d, dir, b);
	bool all_sound = true, sound;
	sl_rd_skip(&r, 3); /* length of the list */
	for (unsigned n = 0; n < CERTS_MAX && !r.bad && sl_rd_left(&r); n++) {
		struct sl_span der = sl_rd_take(&r, sl_rd24(&r));
		if (r.bad || der.len == 0)
			continue;
		if (!cert_say(&say, der, NULL, &sound))
			return false;
		all_sound &= sound;
	}
	if (r.bad || sl_rd_left(&r) || !all_sound)
		parser_count_part(b);
	return true;
}

/* Says a message. False: the batch is full. */
static bool say_message(
	struct dtls *d, enum sl_dir dir, struct sl_batch *b, const struct fragment *f)
{
	struct side *s = &d->side[dir];
	bool fits = f->type == TLS_CERTIFICATE ? say_certs(d, dir, b, f->bytes)
					       : say_hello(d, dir, b, f->type, f->bytes, true);
	if (!fits)
		return false;
	s->said = 0;
	if (f->seq < SEQUENCES)
		s->seen |= 1u << f->seq;
	return true;
}

static void slot_drop(struct slot *t, struct sl_batch *b)
{
	mosaic_drop(&t->body, b);
	t->type = 0;
}

static void side_reset(struct side *s, struct sl_batch *b)
{
	for (unsigned i = 0; i < SLOTS; i++)
		slot_drop(&s->slot[i], b);
	*s = (struct side){ .seen = 0 };
}

/* The slot of a fragment's message; where all are taken, the older is put out. */
static struct slot *slot_of(struct side *s, const struct fragment *f, struct sl_batch *b)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (s->slot[i].type == f->type && s->slot[i].seq == f->seq &&
			s->slot[i].len == f->len)
			return &s->slot[i];
	struct slot *t = &s->slot[s->next_slot];
	s->next_slot = (uint8_t)((s->next_slot + 1) % SLOTS);
	if (t->type != 0)
		parser_count_part(b);
	slot_drop(t, b);
	*t = (struct slot){ .len = f->len, .seq = f->seq, .type = f->type };
	return t;
}

/* A part of a message. False: the batch is full; then the same part is to be given again. */
static bool put_together(
	struct dtls *d, enum sl_dir dir, struct sl_batch *b, const struct fragment *f)
{
	struct slot *t = slot_of(&d->side[dir], f, b);
	if (!mosaic_put(&t->body, b, f->at, f->bytes)) {
		parser_count_part(b);
		slot_drop(t, b);
		return true;
	}
	struct fragment whole = *f;
	whole.bytes = mosaic_front(&t->body);
	if (whole.bytes.len < f->len)
		return true;
	if (!say_message(d, dir, b, &whole))
		return false;
	slot_drop(t, b);
	return true;
}

/* A first ClientHello after a complete handshake: the same ports, another connection. False: the
 * batch is full. */
static bool begin_again(struct dtls *d, enum sl_dir dir, struct sl_batch *b)
{
	if (d->message != 0 && !sl_batch_close(b, dir, d->message))
		return false;
	d->message = 0;
	side_reset(&d->side[0], b);
	side_reset(&d->side[1], b);
	return true;
}

static bool fragment_feed(
	struct dtls *d, enum sl_dir dir, struct sl_batch *b, const struct fragment *f)
{
	struct side *s = &d->side[dir];
	if (f->type != TLS_CLIENT_HELLO && f->type != TLS_SERVER_HELLO &&
		f->type != TLS_CERTIFICATE)
		return true;
	if (f->type == TLS_CLIENT_HELLO && f->seq == 0 && s->over && !begin_again(d, dir, b))
		return false;
	if (f->len == 0 || (f->seq < SEQUENCES && s->seen >> f->seq & 1))
		return true;
	return f->bytes.len == f->len ? say_message(d, dir, b, f) : put_together(d, dir, b, f);
}

/* ---- Datagrams ---- */

static bool record_feed(
	struct dtls *d, enum sl_dir dir, struct sl_batch *b, struct sl_span bytes, uint16_t *at)
{
	struct sl_rd r = sl_rd(bytes);
	struct fragment f;
	while (fragment_next(&r, &f)) {
		if ((*at)++ < d->handled)
			continue;
		if (!fragment_feed(d, dir, b, &f))
			return false;
		d->handled = *at;
	}
	if (r.bad)
		parser_count_part(b);
	return true;
}

static bool datagram_feed(struct dtls *d, const struct sl_piece *p, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(p->bytes);
	struct sl_span bytes;
	uint8_t type;
	uint16_t epoch, at = 0;
	while (record_next(&r, &type, &epoch, &bytes)) {
		if (epoch == 0 && type == HANDSHAKE && !record_feed(d, p->dir, b, bytes, &at))
			return false;
		d->side[p->dir].over |= epoch != 0 || type == CHANGE_CIPHER;
	}
	/* The unified header of DTLS 1.3 (RFC 9147 4), which only what is encrypted has. */
	d->side[p->dir].over |= p->bytes.len > 0 && p->bytes.p[0] >> 5 == 1;
	bool both = d->side[0].over && d->side[1].over;
	if (!say_close_both(b, p->dir, &d->message, both))
		return false;
	d->handled = 0;
	return true;
}

/* What came of a hello counts, although the rest will not. */
static enum sl_verdict end(struct dtls *d, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &d->side[dir];
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *t = &s->slot[i];
		struct sl_span front = mosaic_front(&t->body);
		if ((t->type == TLS_CLIENT_HELLO || t->type == TLS_SERVER_HELLO) && front.len > 0 &&
			!say_hello(d, dir, b, t->type, front, false))
			return SL_FULL;
		s->said = 0;
		slot_drop(t, b);
	}
	d->ended[dir] = true;
	return say_close_both(b, dir, &d->message, d->ended[!dir]) ? SL_DONE : SL_FULL;
}

static bool dtls_begins(uint8_t first)
{
	return first == HANDSHAKE;
}

static enum sl_verdict dtls_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct dtls *d = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return end(d, p->dir, b);
	bool heard = p->bytes.len > 0 && (!d->rests || dtls_begins(p->bytes.p[0]));
	if (heard && !datagram_feed(d, p, b))
		return SL_FULL;
	*consumed = p->bytes.len;
	d->rests = d->side[0].over && d->side[1].over;
	return d->rests ? SL_REST : SL_MORE;
}

const struct sl_parser sl_parser_dtls = {
	.name = "dtls",
	.state_bytes = sizeof(struct dtls),
	.over = SL_OVER_UDP,
	.probe = dtls_probe,
	.feed = dtls_feed,
	.begins = dtls_begins,
};
