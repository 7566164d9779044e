/* SPDX-License-Identifier: BSD-3-Clause */
/* kerberos.c - Kerberos 5 (RFC 4120) over UDP and TCP: clients, services and realms that requests,
 * answers, errors and the tickets in them name. Worker. What is sealed is passed over. */
#include "der.h"
#include "frame.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define READ_MAX 65535 /* of a message: tickets with all groups of a user are tens of KiB */
#define NAME_MAX_BYTES 1024 /* of a principal's name, its parts joined */
#define LEVELS 6
#define FIELDS 12
#define FIELD 0xa0 /* [0] */

enum tag {
	TICKET = 0x61,
	AS_REQ = 0x6a,
	AS_REP,
	TGS_REQ,
	TGS_REP,
	AP_REQ,
	AP_REP,
	SAFE = 0x74,
	PRIV,
	CRED,
	ERROR_REPLY = 0x7e,
};

/* What the fields of a SEQUENCE are. */
enum what { NOTHING, REALM, CNAME, SNAME, ONE_TICKET, MANY_TICKETS, PREAUTH, BODY };
enum kind { K_REQUEST, K_BODY, K_REPLY, K_AP, K_CRED, K_ERROR, K_TICKET, K_TICKETS, K_PREAUTH };

static const uint8_t fields[][FIELDS] = {
	[K_REQUEST] = { [3] = PREAUTH, [4] = BODY },
	[K_BODY] = { [1] = CNAME, [2] = REALM, [3] = SNAME, [11] = MANY_TICKETS },
	[K_REPLY] = { [3] = REALM, [4] = CNAME, [5] = ONE_TICKET },
	[K_AP] = { [3] = ONE_TICKET },
	[K_CRED] = { [2] = MANY_TICKETS },
	[K_ERROR] = { [7] = REALM, [8] = CNAME, [9] = REALM, [10] = SNAME },
	[K_TICKET] = { [1] = REALM, [2] = SNAME },
};

struct level {
	struct sl_rd r;
	enum kind kind;
};

struct kerberos {
	struct frame side[2];
	uint32_t message;
	uint16_t said;
};

/* ---- Whether it is Kerberos ---- */

static bool kind_of(uint8_t tag, enum kind *kind)
{
	switch (tag) {
	case AS_REQ:
	case TGS_REQ:
		*kind = K_REQUEST;
		return true;
	case AS_REP:
	case TGS_REP:
		*kind = K_REPLY;
		return true;
	case AP_REQ:
		*kind = K_AP;
		return true;
	case CRED:
		*kind = K_CRED;
		return true;
	case ERROR_REPLY:
		*kind = K_ERROR;
		return true;
	default: /* of which nothing is said */
		*kind = K_TICKETS;
		return tag == AP_REP || tag == SAFE || tag == PRIV;
	}
}

static bool number_is(struct sl_rd *r, uint8_t field, uint8_t value)
{
	struct sl_rd in;
	struct der e;
	return der_enter(r, field, &in) && der_next(&in, &e) && e.tag == DER_INTEGER &&
	       e.body.len == 1 && e.body.p[0] == value;
}

/* The version, and the message's type once more: 13 bytes that nothing else has. */
static bool is_message(struct sl_span in)
{
	struct sl_rd r = sl_rd(in), m, seq;
	enum kind kind;
	if (in.len == 0 || !kind_of(in.p[0], &kind))
		return false;
	uint8_t first = kind == K_REQUEST ? FIELD + 1 : FIELD;
	return der_enter(&r, in.p[0], &m) && der_enter(&m, DER_SEQUENCE, &seq) &&
	       number_is(&seq, first, 5) && number_is(&seq, first + 1, in.p[0] & 0x1f);
}

/* RFC 4120 7.2.2. */
static size_t kerberos_size(struct sl_span begin)
{
	struct sl_rd r = sl_rd(begin);
	enum kind kind;
	if (begin.len > 0 && begin.p[0] != 0) /* 16 MiB: nobody says as much */
		return 0;
	if (begin.len < 5)
		return 5;
	size_t len = sl_rd32(&r);
	return len >= 10 && kind_of(begin.p[4], &kind) ? 4 + len : 0;
}

static const struct frame_kind messages = { .size = kerberos_size, .max = READ_MAX };

static enum sl_probe kerberos_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	if (p->datagram)
		return is_message(in) && (p->cut || der_size(in) == in.len) ? SL_PROBE_YES
									    : SL_PROBE_NO;
	size_t size = kerberos_size(in);
	if (size == 0)
		return SL_PROBE_NO;
	struct sl_span m = sl_span_from(in, 4);
	if (is_message(m))
		return der_size(m) == size - 4 ? SL_PROBE_YES : SL_PROBE_NO;
	return in.len < 32 && in.len < size ? SL_PROBE_MORE : SL_PROBE_NO;
}

static bool kerberos_begins(uint8_t first)
{
	return first == 0 || kind_of(first, &(enum kind){ 0 }); /* over TCP, over UDP */
}

/* ---- What a message says ---- */

/* RFC 4120 6.2: the parts of a principal's name, joined by slashes. */
static size_t name_text(struct sl_rd r, uint8_t out[NAME_MAX_BYTES])
{
	struct sl_rd seq, list, parts;
	struct der e;
	size_t n = 0;
	if (!der_enter(&r, DER_SEQUENCE, &seq) || !der_next(&seq, &e) ||
		!der_enter(&seq, FIELD + 1, &list) || !der_enter(&list, DER_SEQUENCE, &parts))
		return 0;
	for (bool first = true; der_next(&parts, &e); first = false) {
		size_t room = NAME_MAX_BYTES - n;
		if (room < e.body.len + 1)
			break;
		if (!first)
			out[n++] = '/';
		if (e.body.len > 0)
			memcpy(out + n, e.body.p, e.body.len);
		n += e.body.len;
	}
	return n;
}

static bool say_name(struct say *s, enum sl_where w, struct sl_rd r)
{
	uint8_t text[NAME_MAX_BYTES];
	if (!say_needs(s, w))
		return true;
	return say_raw(s, w, sl_span(text, name_text(r, text)));
}

static bool say_realm(struct say *s, struct sl_rd r)
{
	struct der e;
	return !der_next(&r, &e) || say_plain(s, SL_WHERE_KRB5_REALM, e.body);
}

/* Steps into a ticket, or AP-REQ: an APPLICATION tag around a SEQUENCE. */
static unsigned step_in(struct level *to, struct sl_rd *r, uint8_t tag, enum kind kind)
{
	struct sl_rd in;
	to->kind = kind;
	return der_enter(r, tag, &in) && der_enter(&in, DER_SEQUENCE, &to->r);
}

/* RFC 4120 5.2.7: of what stands before a request, the ticket that it is made with. */
static unsigned step_preauth(struct level *to, struct sl_rd r)
{
	struct sl_rd field, octets;
	return number_is(&r, FIELD + 1, 1) && der_enter(&r, FIELD + 2, &field) &&
	       der_enter(&field, DER_OCTET_STRING, &octets) && step_in(to, &octets, AP_REQ, K_AP);
}

/* One element of a level. *deeper: levels to step into, 0 or 1. False: the batch is full. */
static bool element(struct say *s, enum kind kind, uint8_t tag, struct sl_rd in, struct level *next,
	unsigned *deeper)
{
	*deeper = 0;
	if (kind == K_PREAUTH || kind == K_TICKETS) {
		struct sl_rd seq = in;
		next->kind = K_TICKET;
		if (kind == K_PREAUTH)
			*deeper = step_preauth(next, in);
		else if (tag == TICKET)
			*deeper = der_enter(&seq, DER_SEQUENCE, &next->r);
		return true;
	}
	unsigned n = tag - FIELD;
	switch ((enum what)(tag >= FIELD && n < FIELDS ? fields[kind][n] : NOTHING)) {
	case REALM:
		return say_realm(s, in);
	case CNAME:
		return say_name(s, SL_WHERE_KRB5_CNAME, in);
	case SNAME:
		return say_name(s, SL_WHERE_KRB5_SNAME, in);
	case ONE_TICKET:
		*deeper = step_in(next, &in, TICKET, K_TICKET);
		return true;
	case MANY_TICKETS:
	case PREAUTH:
	case BODY:
		next->kind = fields[kind][n] == BODY	  ? K_BODY
			     : fields[kind][n] == PREAUTH ? K_PREAUTH
							  : K_TICKETS;
		*deeper = der_enter(&in, DER_SEQUENCE, &next->r);
		return true;
	case NOTHING:
		break;
	}
	return true;
}

/* False: the batch is full. */
static bool walk(struct say *s, struct sl_span in, bool *sound)
{
	struct level level[LEVELS];
	struct sl_rd r = sl_rd(in);
	enum kind kind = K_TICKETS;
	*sound = in.len > 0 && kind_of(in.p[0], &kind) && step_in(&level[0], &r, in.p[0], kind);
	for (unsigned depth = *sound && kind != K_TICKETS; depth > 0;) {
		struct level *l = &level[depth - 1];
		struct sl_rd inner;
		unsigned deeper = 0;
		uint8_t tag = sl_rd_left(&l->r) > 0 ? l->r.p[0] : 0;
		if (sl_rd_left(&l->r) == 0 || !der_enter(&l->r, tag, &inner)) {
			*sound &= !l->r.bad;
			depth--;
			continue;
		}
		if (!element(s, l->kind, tag, inner, &level[depth], &deeper))
			return false;
		if (depth + deeper < LEVELS)
			depth += deeper;
	}
	return true;
}

static bool message_say(
	struct kerberos *k, enum sl_dir dir, struct sl_batch *b, struct sl_span in, bool cut)
{
	bool sound;
	if (k->message == 0)
		k->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = k->message, .dir = dir, .said = &k->said };
	if (!walk(&s, in, &sound) || !sl_batch_close(b, dir, k->message))
		return false;
	if (!sound || cut)
		parser_count_part(b);
	k->message = 0;
	k->said = 0;
	return true;
}

/* ---- Feed ---- */

static enum sl_verdict feed_bytes(
	struct kerberos *k, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &k->side[p->dir];
	struct sl_span m;
	enum frame_found found;
	while ((found = frame_next(f, &messages, b, p->bytes, consumed, &m)) == FRAME_IS) {
		if (!message_say(k, p->dir, b, sl_span_from(m, 4), frame_is_cut(f, m)))
			return SL_FULL;
		frame_done(f, b, m, consumed);
	}
	return found == FRAME_BAD ? SL_BAD : SL_MORE;
}

static enum sl_verdict kerberos_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct kerberos *k = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END) {
		frame_end(&k->side[p->dir], b);
		return SL_DONE;
	}
	if (p->kind == SL_PIECE_GAP) {
		frame_gap(&k->side[p->dir], b, p->gap_bytes);
		return SL_MORE;
	}
	if (!p->datagram)
		return feed_bytes(k, p, b, consumed);
	if (!is_message(p->bytes))
		parser_count_part(b);
	else if (!message_say(k, p->dir, b, p->bytes, p->cut))
		return SL_FULL;
	*consumed = p->bytes.len;
	return SL_MORE;
}

const struct sl_parser sl_parser_kerberos = {
	.name = "kerberos",
	.state_bytes = sizeof(struct kerberos),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = kerberos_probe,
	.begins = kerberos_begins,
	.feed = kerberos_feed,
};
