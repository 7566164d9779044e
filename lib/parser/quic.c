/* SPDX-License-Identifier: BSD-3-Clause */
/* quic.c - the TLS handshake in the Initial packets of QUIC (RFC 9000, 9001, 9369): server name,
 * ALPN, JA3, JA3S, JA4, however its bytes are dealt to frames, packets and datagrams. Worker.
 *
 * What a client seals its first Initial with follows from the connection id that it chose; this
 * stays the key of all Initials of both ends, in whatever version they go on (RFC 9369 4), until a
 * Retry or a negotiation of versions makes the client begin anew. Which end is the client is told
 * by whose packet opens with its own id. A handshake is one message; it is complete when either end
 * goes on with keys that are secret. */
#include "gquic.h"
#include "mosaic.h"
#include "parsers.h"
#include "quic_packet.h"
#include "tls_hello.h"
#include <sightline/hot.h>

#define CRYPTO_MAX (TLS_HELLO_MAX + 4096) /* bytes of a handshake that are held at a time */
#define PACKETS_MAX 16 /* of a datagram that are looked at */
#define FAILURES_MAX 64 /* Initials of a flow that don't open, until it is left alone */
#define HEAD 4 /* of a handshake message */

enum { CLIENT, SERVER };

struct side {
	struct mosaic crypto;
	uint64_t base; /* bytes of the stream before those in crypto */
	uint16_t said; /* values of the hello at hand that were said */
	bool deaf; /* nothing that follows can be read */
};

struct quic {
	struct side side[2]; /* by direction */
	uint32_t message; /* the handshake's number; 0: nothing was said */
	uint32_t version; /* that the keys are of */
	struct quic_keys keys[2]; /* CLIENT, SERVER */
	uint8_t id[QUIC_ID_MAX], id_len;
	uint8_t client; /* direction in which the client sends */
	uint8_t failures;
	bool known; /* client, id, version and keys are */
	bool again; /* the server asked the client to begin anew */
	bool absorbed; /* the datagram's frames are laid down, and are to be said */
	bool over; /* the datagram shows that the handshake is complete */
	bool ended[2];
};

/* A datagram that only asks for another version (RFC 8999 6): such that one of them is known. */
static bool is_negotiation(struct sl_rd *r)
{
	bool known = false;
	sl_rd_skip(r, 5);
	sl_rd_skip(r, sl_rd8(r));
	sl_rd_skip(r, sl_rd8(r));
	if (r->bad || sl_rd_left(r) == 0 || sl_rd_left(r) % 4 != 0)
		return false;
	while (sl_rd_left(r))
		known |= quic_version_known(sl_rd32(r));
	return known;
}

static enum sl_probe quic_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct quic_packet packet;
	struct sl_rd r = sl_rd(p->bytes), again = r;
	if (!p->datagram || !quic_packet_next(&r, &packet))
		return SL_PROBE_NO;
	if (packet.kind == QUIC_NEGOTIATION)
		return is_negotiation(&again) ? SL_PROBE_YES : SL_PROBE_NO;
	return packet.kind == QUIC_SHORT || packet.kind == QUIC_STRANGE ? SL_PROBE_NO
									: SL_PROBE_YES;
}

/* ---- Opening ---- */

static bool open_known(struct quic *q, enum sl_dir dir, const struct quic_packet *packet,
	struct sl_batch *b, struct sl_span *plain)
{
	if (!q->known)
		return false;
	if (packet->version != q->version) {
		(void)quic_keys_derive(packet->version, sl_span(q->id, q->id_len), q->keys);
		q->version = packet->version;
	}
	unsigned who = dir == q->client ? CLIENT : SERVER;
	return quic_open(b->aead, &q->keys[who], packet, plain);
}

/* Forgets the connection before, and what was held of it. False: the batch is full. */
static bool begin(struct quic *q, struct sl_batch *b, enum sl_dir dir)
{
	if (q->message != 0 && !q->again) {
		if (!sl_batch_close(b, dir, q->message))
			return false;
		q->message = 0;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (q->side[i].crypto.p != NULL)
			parser_count_part(b);
		mosaic_drop(&q->side[i].crypto, b);
		q->side[i] = (struct side){ .base = 0 };
	}
	q->again = false;
	return true;
}

/* Opens the first Initial of a client. SL_FULL: the batch is; SL_NOT_MINE: it doesn't open. */
static enum sl_verdict open_first(struct quic *q, enum sl_dir dir, const struct quic_packet *packet,
	struct sl_batch *b, struct sl_span *plain)
{
	struct quic_keys keys[2];
	if (!quic_keys_derive(packet->version, packet->to, keys) ||
		!quic_open(b->aead, &keys[CLIENT], packet, plain))
		return SL_NOT_MINE;
	if (!begin(q, b, dir))
		return SL_FULL;
	memcpy(q->keys, keys, sizeof(keys));
	memcpy(q->id, packet->to.p, packet->to.len);
	q->id_len = (uint8_t)packet->to.len;
	q->version = packet->version;
	q->client = (uint8_t)dir;
	q->known = true;
	return SL_MORE;
}

/* ---- The stream of a handshake ---- */

static void lay_frames(struct side *s, struct sl_span plain, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(plain);
	struct sl_span bytes;
	uint64_t offset;
	bool kept = true;
	while (!s->deaf && quic_crypto_next(&r, &offset, &bytes)) {
		if (offset < s->base) {
			bytes = sl_span_from(bytes, s->base - offset);
			offset = s->base;
		}
		uint64_t at = offset - s->base;
		if (bytes.len == 0)
			continue;
		kept &= at + bytes.len <= CRYPTO_MAX && mosaic_put(&s->crypto, b, at, bytes);
	}
	if (r.bad || !kept)
		parser_count_part(b);
}

static enum sl_verdict initial(
	struct quic *q, enum sl_dir dir, const struct quic_packet *packet, struct sl_batch *b)
{
	struct sl_span plain;
	enum sl_verdict v = SL_NOT_MINE;
	if (q->failures < FAILURES_MAX)
		v = open_known(q, dir, packet, b, &plain) ? SL_MORE
							  : open_first(q, dir, packet, b, &plain);
	if (v == SL_FULL)
		return SL_FULL;
	if (v == SL_NOT_MINE) {
		q->failures += q->failures < FAILURES_MAX;
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_QUIC_SEALED, 1);
		return SL_MORE;
	}
	lay_frames(&q->side[dir], plain, b);
	return SL_MORE;
}

/* All packets of a datagram are for one connection; receivers ignore others behind the first (RFC
 * 9000 12.2). A short header has no length of its id, and stands last. */
static bool is_stray(const struct quic_packet *packet, struct sl_span first)
{
	return packet->kind != QUIC_SHORT && !sl_span_eq(packet->to, first);
}

/* Lays the frames of a datagram down. SL_FULL: the batch is, and it is to be given again: a frame
 * may be laid twice. */
static enum sl_verdict absorb(struct quic *q, const struct sl_piece *p, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(p->bytes);
	struct quic_packet packet;
	struct sl_span first = sl_span(r.p, 0);
	q->over = false;
	for (unsigned n = 0; n < PACKETS_MAX && quic_packet_next(&r, &packet); n++) {
		if (n == 0)
			first = packet.to;
		if (is_stray(&packet, first)) {
			parser_count_part(b);
			continue;
		}
		switch (packet.kind) {
		case QUIC_INITIAL:
			if (initial(q, p->dir, &packet, b) == SL_FULL)
				return SL_FULL;
			break;
		case QUIC_RETRY:
		case QUIC_NEGOTIATION:
			q->again |= q->known && p->dir != q->client;
			break;
		case QUIC_HANDSHAKE:
		case QUIC_SHORT:
			q->over = true;
			break;
		case QUIC_EARLY:
		case QUIC_STRANGE:
			break;
		}
	}
	return SL_MORE;
}

/* ---- Saying ---- */

static struct say say_begin(struct quic *q, struct side *s, enum sl_dir dir, struct sl_batch *b)
{
	if (q->message == 0)
		q->message = sl_batch_next_message(b);
	return (struct say){ .b = b, .message = q->message, .dir = dir, .said = &s->said };
}

/* False: the batch is full. */
static bool say_hello(struct quic *q, struct side *s, enum sl_dir dir, struct sl_batch *b,
	struct sl_span body, bool whole)
{
	struct tls_hello h;
	bool client = dir == q->client;
	if (!(client ? tls_client_hello_read(body, &h) : tls_server_hello_read(body, &h))) {
		parser_count_part(b);
		return true;
	}
	h.cut |= !whole;
	struct say say = say_begin(q, s, dir, b);
	bool fits =
		client ? tls_client_hello_say(&say, &h, 'q') : tls_server_hello_say(&say, &h, 'q');
	if (fits && h.cut)
		parser_count_part(b);
	return fits;
}

/* The message that lies at the front is a hello of this end. */
static bool is_hello(const struct quic *q, enum sl_dir dir, struct sl_span front)
{
	return front.len >= HEAD &&
	       front.p[0] == (dir == q->client ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO);
}

/* Says every message that is whole. False: the batch is full. */
static bool say_side(struct quic *q, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &q->side[dir];
	for (;;) {
		struct sl_span front = mosaic_front(&s->crypto);
		if (s->deaf || front.len < HEAD)
			return true;
		if (gquic_is_hello(front)) { /* Q050 */
			struct say say = say_begin(q, s, dir, b);
			s->deaf = gquic_hello_say(&say, front);
			return s->deaf;
		}
		size_t len = (size_t)front.p[1] << 16 | (size_t)front.p[2] << 8 | front.p[3];
		bool hello = is_hello(q, dir, front);
		if (HEAD + len > CRYPTO_MAX || (!hello && front.p[0] > 24)) {
			parser_count_part(b);
			s->deaf = true;
			return true;
		}
		if (front.len < HEAD + len)
			return true;
		if (hello && !say_hello(q, s, dir, b, sl_span(front.p + HEAD, len), true))
			return false;
		mosaic_take(&s->crypto, HEAD + len);
		s->said = 0;
	}
}

/* Says what is whole, and closes the message where nothing more belongs to it. */
static bool say_all(struct quic *q, enum sl_dir dir, struct sl_batch *b)
{
	if (!say_side(q, SL_TO_SERVER, b) || !say_side(q, SL_TO_CLIENT, b))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = &q->side[i];
		s->base += mosaic_settle(&s->crypto, b);
		if (s->deaf)
			mosaic_drop(&s->crypto, b);
	}
	bool held = q->side[0].crypto.p != NULL || q->side[1].crypto.p != NULL;
	if (!q->over || held || q->message == 0)
		return true;
	if (!sl_batch_close(b, dir, q->message))
		return false;
	q->message = 0;
	return true;
}

/* What came of a hello counts, although the rest will not. */
static enum sl_verdict end(struct quic *q, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &q->side[dir];
	struct sl_span front = mosaic_front(&s->crypto);
	if (!s->deaf && is_hello(q, dir, front) &&
		!say_hello(q, s, dir, b, sl_span_from(front, HEAD), false))
		return SL_FULL;
	mosaic_drop(&s->crypto, b);
	q->ended[dir] = true;
	return say_close_both(b, dir, &q->message, q->ended[!dir]) ? SL_DONE : SL_FULL;
}

static enum sl_verdict quic_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct quic *q = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return end(q, p->dir, b);
	if (p->kind == SL_PIECE_BYTES) {
		if (!q->absorbed && absorb(q, p, b) == SL_FULL)
			return SL_FULL;
		q->absorbed = true;
		if (!say_all(q, p->dir, b))
			return SL_FULL;
		q->absorbed = false;
	}
	*consumed = p->bytes.len;
	return q->over ? SL_REST : SL_MORE;
}

/* A long header: Initials have no other, nor has what makes a client begin anew. */
static bool quic_begins(uint8_t first)
{
	return first & 0x80;
}

const struct sl_parser sl_parser_quic = {
	.name = "quic",
	.state_bytes = sizeof(struct quic),
	.over = SL_OVER_UDP,
	.probe = quic_probe,
	.feed = quic_feed,
	.begins = quic_begins,
};
