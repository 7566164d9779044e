/* SPDX-License-Identifier: BSD-3-Clause */
/* dcerpc.c - DCE/RPC (C706, MS-RPCE): the interfaces that a client binds to, and its NTLM user.
 * Connection-oriented over TCP and in named pipes, where only binds are gathered and every other
 * PDU is passed over by its length; connectionless over UDP, where each request names its
 * interface. Worker. */
#include "dcerpc.h"
#include "gssapi.h"
#include "le.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define HEADER 16u /* C706 12.6.3.1, the common fields */
#define PDU_MAX 16384u /* of it that is read; Windows takes fragments of 5840 bytes */
#define TRAILER 8u /* before the authentication value, MS-RPCE 2.2.2.11 */
#define SYNTAX 20u /* UUID and version */
#define UUID 16u
#define UUID_TEXT 36u
#define CL_HEADER 80u /* C706 12.5 */
#define PTYPE_MAX 19u

enum ptype { REQUEST = 0, BIND = 11, ALTER_CONTEXT = 14, AUTH3 = 16 };

struct pdu {
	uint16_t frag_len, auth_len;
	uint8_t ptype;
	bool little;
};

/* False: no PDU. */
static bool header_read(struct sl_span in, struct pdu *h)
{
	struct sl_rd r = sl_rd(in);
	uint8_t major = sl_rd8(&r), minor = sl_rd8(&r);
	h->ptype = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint8_t ints = sl_rd8(&r), floats = sl_rd8(&r);
	h->little = ints & 0x10;
	sl_rd_skip(&r, 2);
	h->frag_len = h->little ? le16(&r) : sl_rd16(&r);
	h->auth_len = h->little ? le16(&r) : sl_rd16(&r);
	sl_rd_skip(&r, 4);
	return !r.bad && major == 5 && minor <= 1 && h->ptype <= PTYPE_MAX && (ints & 0xee) == 0 &&
	       floats <= 3 && h->frag_len >= HEADER &&
	       (h->auth_len == 0 || h->auth_len + HEADER + TRAILER <= h->frag_len);
}

static bool wanted(uint8_t ptype)
{
	return ptype == BIND || ptype == ALTER_CONTEXT || ptype == AUTH3;
}

/* ---- What a PDU says ---- */

static void uuid_text(const uint8_t *u, bool little, char out[UUID_TEXT + 1])
{
	/* The first three fields are integers. */
	static const uint8_t order[2][UUID] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
		{ 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 },
	};
	static const char digit[] = "0123456789abcdef";
	size_t n = 0;
	for (unsigned i = 0; i < UUID; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		uint8_t byte = u[order[little][i]];
		out[n++] = digit[byte >> 4];
		out[n++] = digit[byte & 15];
	}
	out[n] = '\0';
}

static bool say_uuid(struct say *s, const uint8_t *u, bool little)
{
	char text[UUID_TEXT + 1];
	if (!say_needs(s, SL_WHERE_DCERPC_INTERFACE))
		return true;
	uuid_text(u, little, text);
	return say_raw(s, SL_WHERE_DCERPC_INTERFACE, sl_span(text, UUID_TEXT));
}

/* The presentation contexts of a bind, each once: a client offers the same interface with several
 * transfer syntaxes. False: the batch is full. */
static bool say_contexts(struct say *s, struct sl_span pdu, bool little)
{
	struct sl_rd r = sl_rd(pdu);
	const uint8_t *last = NULL;
	sl_rd_skip(&r, HEADER + 2 + 2 + 4);
	unsigned contexts = sl_rd8(&r);
	sl_rd_skip(&r, 3);
	for (; contexts > 0; contexts--) {
		sl_rd_skip(&r, 2);
		unsigned transfers = sl_rd8(&r);
		sl_rd_skip(&r, 1);
		struct sl_span abstract = sl_rd_take(&r, SYNTAX);
		sl_rd_skip(&r, (size_t)transfers * SYNTAX);
		if (abstract.len == 0)
			break;
		if (last != NULL && memcmp(last, abstract.p, UUID) == 0)
			continue;
		last = abstract.p;
		if (!say_uuid(s, last, little))
			return false;
	}
	if (r.bad)
		say_part(s);
	return true;
}

static bool say_user(struct say *s, struct sl_span pdu, const struct pdu *h)
{
	size_t at = (size_t)h->frag_len - h->auth_len;
	return h->auth_len == 0 || gssapi_say(s, sl_span_from(pdu, at));
}

/* False: the batch is full. */
static bool pdu_say(
	struct dcerpc_stream *d, struct sl_batch *b, enum sl_dir dir, uint32_t *message, bool own)
{
	struct pdu h;
	struct sl_span pdu = gather_bytes(&d->unit);
	if (!header_read(pdu, &h))
		return true;
	if (*message == 0)
		*message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = *message, .dir = dir, .said = &d->said };
	d->bound |= h.ptype != AUTH3;
	if (h.ptype != AUTH3 && !say_contexts(&s, pdu, h.little))
		return false;
	if (!say_user(&s, pdu, &h) || (own && !say_close_one(&s)))
		return false;
	if (own)
		*message = 0;
	return true;
}

/* ---- PDU after PDU ---- */

/* How many bytes of the PDU at hand have to lie together. */
static uint16_t need(struct dcerpc_stream *d)
{
	struct pdu h;
	if (d->unit.have < HEADER)
		return HEADER;
	(void)header_read(gather_bytes(&d->unit), &h);
	if (!wanted(h.ptype))
		return HEADER;
	return h.frag_len < PDU_MAX ? h.frag_len : PDU_MAX;
}

/* The PDU was said; what was too long to be gathered is left out. */
static void pdu_end(struct dcerpc_stream *d, struct sl_batch *b)
{
	struct pdu h;
	if (header_read(gather_bytes(&d->unit), &h) && h.frag_len > d->unit.have) {
		d->left = (uint32_t)h.frag_len - d->unit.have;
		parser_count_part(b);
	}
	d->ready = false;
	d->said = 0;
	d->unit.have = 0;
}

/* The header has come. */
static void begin(struct dcerpc_stream *d)
{
	struct pdu h;
	if (!header_read(gather_bytes(&d->unit), &h)) {
		d->dead = true;
	} else if (!wanted(h.ptype)) {
		d->left = h.frag_len - HEADER;
		d->unit.have = 0;
	}
}

/* Takes bytes into the PDU at hand; returns how many. */
static size_t take(struct dcerpc_stream *d, struct sl_batch *b, struct sl_span in)
{
	if (d->left > 0) {
		size_t n = in.len < d->left ? in.len : d->left;
		d->left -= (uint32_t)n;
		return n;
	}
	uint16_t want = need(d);
	size_t n = (size_t)(want - d->unit.have) < in.len ? (size_t)(want - d->unit.have) : in.len;
	if (!gather_add(&d->unit, b, sl_span(in.p, n), GATHER_MAX))
		d->dead = true; /* no memory, which is counted */
	else if (d->unit.have == HEADER)
		begin(d);
	d->ready = !d->dead && d->unit.have >= HEADER && d->unit.have == need(d);
	return n;
}

bool dcerpc_bytes(struct dcerpc_stream *d, struct sl_batch *b, enum sl_dir dir, uint32_t *message,
	bool own, struct sl_span in, size_t *used)
{
	*used = 0;
	while (!d->dead && (d->ready || *used < in.len)) {
		if (!d->ready)
			*used += take(d, b, sl_span_from(in, *used));
		if (!d->ready)
			continue;
		if (!pdu_say(d, b, dir, message, own))
			return false;
		pdu_end(d, b);
	}
	if (d->dead)
		*used = in.len;
	if (d->unit.have == 0 || d->dead)
		gather_drop(&d->unit, b);
	return true;
}

void dcerpc_gap(struct dcerpc_stream *d, struct sl_batch *b, uint64_t bytes)
{
	if (d->unit.have > 0)
		parser_count_part(b);
	gather_drop(&d->unit, b);
	d->ready = false;
	d->said = 0;
	d->left = bytes > 0 && bytes <= d->left ? d->left - (uint32_t)bytes : 0;
}

void dcerpc_drop(struct dcerpc_stream *d, struct sl_batch *b)
{
	gather_drop(&d->unit, b);
	d->ready = false;
}

/* ---- The parser ---- */

struct dcerpc {
	struct dcerpc_stream side[2];
	uint32_t message[2]; /* of the PDU at hand, by direction */
	uint16_t said; /* of the datagram at hand */
	bool told; /* last is valid */
	uint8_t last[UUID]; /* interface that was told last, over UDP */
};

static bool cl_little(struct sl_span in)
{
	return in.p[4] & 0x10;
}

/* A connectionless PDU; its length field says no more than the datagram has. */
static bool cl_header(struct sl_span in)
{
	if (in.len < CL_HEADER || in.p[0] != 4 || in.p[1] > PTYPE_MAX || (in.p[4] & 0xee) != 0 ||
		in.p[5] > 3 || in.p[6] != 0)
		return false;
	struct sl_rd r = sl_rd(sl_span(in.p + 74, 2));
	size_t len = cl_little(in) ? le16(&r) : sl_rd16(&r);
	return len + CL_HEADER <= in.len;
}

static enum sl_probe dcerpc_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	struct pdu h;
	if (p->datagram)
		return cl_header(in) ? SL_PROBE_YES : SL_PROBE_NO;
	if (in.len == 0 || in.p[0] != 5)
		return SL_PROBE_NO;
	if (in.len < HEADER) /* so far nothing contradicts */
		return in.len < 2 || (in.p[1] <= 1 && (in.len < 3 || in.p[2] <= PTYPE_MAX))
			       ? SL_PROBE_MORE
			       : SL_PROBE_NO;
	return header_read(in, &h) && in.p[6] == 0 && in.p[7] == 0 && h.frag_len > HEADER
		       ? SL_PROBE_YES
		       : SL_PROBE_NO;
}

/* False: the batch is full. */
static bool datagram_say(struct dcerpc *t, const struct sl_piece *p, struct sl_batch *b)
{
	struct sl_span in = p->bytes;
	if (!cl_header(in)) {
		parser_count_part(b);
		return true;
	}
	const uint8_t *uuid = in.p + 24;
	if (in.p[1] != REQUEST || (t->told && memcmp(t->last, uuid, UUID) == 0))
		return true;
	if (t->message[0] == 0)
		t->message[0] = sl_batch_next_message(b);
	struct say s = { .b = b, .message = t->message[0], .dir = p->dir, .said = &t->said };
	if (!say_uuid(&s, uuid, cl_little(in)) || !say_close_one(&s))
		return false;
	t->told = true;
	memcpy(t->last, uuid, UUID);
	t->message[0] = 0;
	t->said = 0;
	return true;
}

static enum sl_verdict dcerpc_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct dcerpc *t = state;
	struct dcerpc_stream *d = &t->side[p->dir];
	*consumed = 0;
	if (p->kind == SL_PIECE_END) {
		dcerpc_drop(d, b);
		return SL_DONE;
	}
	if (p->kind == SL_PIECE_GAP) {
		dcerpc_gap(d, b, p->gap_bytes);
		return SL_MORE;
	}
	if (p->datagram) {
		if (!datagram_say(t, p, b))
			return SL_FULL;
		*consumed = p->bytes.len;
		return SL_MORE;
	}
	if (!dcerpc_bytes(d, b, p->dir, &t->message[p->dir], true, p->bytes, consumed))
		return SL_FULL;
	return d->dead ? SL_BAD : SL_MORE;
}

static bool dcerpc_begins(uint8_t first)
{
	return first == 4 || first == 5; /* over UDP, over TCP */
}

const struct sl_parser sl_parser_dcerpc = {
	.name = "dcerpc",
	.state_bytes = sizeof(struct dcerpc),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = dcerpc_probe,
	.feed = dcerpc_feed,
	.begins = dcerpc_begins,
};
