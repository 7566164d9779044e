/* SPDX-License-Identifier: BSD-3-Clause */
/* kerberos_message.c - what a message of Kerberos 5 says (RFC 4120), whatever carries it: clients,
 * services and realms that it and the tickets in it name. Worker. What is sealed is passed over. */
#include "kerberos_message.h"
#include "der.h"
#include "parsers.h"
#include <sightline/hot.h>

#define NAME_MAX_BYTES 1024 /* of a principal's name, its parts joined */
#define LEVELS 6
#define FIELDS 12
#define FIELD 0xa0 /* [0] */
#define TGT_REQUEST 16 /* a message of type 16 has no APPLICATION tag around it */

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
enum kind {
	K_REQUEST,
	K_BODY,
	K_REPLY,
	K_AP,
	K_CRED,
	K_ERROR,
	K_TICKET,
	K_TICKETS,
	K_PREAUTH,
	K_TGT
};

static const uint8_t fields[][FIELDS] = {
	[K_REQUEST] = { [3] = PREAUTH, [4] = BODY },
	[K_BODY] = { [1] = CNAME, [2] = REALM, [3] = SNAME, [11] = MANY_TICKETS },
	[K_REPLY] = { [3] = REALM, [4] = CNAME, [5] = ONE_TICKET },
	[K_AP] = { [3] = ONE_TICKET },
	[K_CRED] = { [2] = MANY_TICKETS },
	[K_ERROR] = { [7] = REALM, [8] = CNAME, [9] = REALM, [10] = SNAME },
	[K_TICKET] = { [1] = REALM, [2] = SNAME },
	[K_TGT] = { [2] = SNAME, [3] = REALM },
};

struct level {
	struct sl_rd r;
	enum kind kind;
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

bool kerberos_may_begin(uint8_t first)
{
	return kind_of(first, &(enum kind){ 0 });
}

/* The version, and the message's type once more: 13 bytes that nothing else has. */
bool kerberos_is_message(struct sl_span in)
{
	struct sl_rd r = sl_rd(in), m, seq;
	enum kind kind;
	if (in.len == 0 || !kind_of(in.p[0], &kind))
		return false;
	uint8_t first = kind == K_REQUEST ? FIELD + 1 : FIELD;
	return der_enter(&r, in.p[0], &m) && der_enter(&m, DER_SEQUENCE, &seq) &&
	       number_is(&seq, first, 5) && number_is(&seq, first + 1, in.p[0] & 0x1f);
}

/* ---- What a message says ---- */

/* RFC 4120 6.2: the parts of a principal's name, joined by slashes. One that is longer than there
 * is room for is none: its begin may be another's name. */
static size_t name_text(struct sl_rd r, uint8_t out[NAME_MAX_BYTES], bool *over)
{
	struct sl_rd seq, list, parts;
	struct der e;
	size_t n = 0;
	if (!der_enter(&r, DER_SEQUENCE, &seq) || !der_next(&seq, &e) ||
		!der_enter(&seq, FIELD + 1, &list) || !der_enter(&list, DER_SEQUENCE, &parts))
		return 0;
	for (bool first = true; der_next(&parts, &e); first = false) {
		size_t room = NAME_MAX_BYTES - n;
		*over = room < e.body.len + 1;
		if (*over)
			return 0;
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
	bool over = false;
	if (!say_needs(s, w))
		return true;
	if (!say_raw(s, w, sl_span(text, name_text(r, text, &over))))
		return false;
	if (over)
		parser_count_part(s->b);
	return true;
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

static unsigned step_first(struct level *to, struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	enum kind kind;
	to->kind = K_TGT;
	return kind_of(in.p[0], &kind) ? step_in(to, &r, in.p[0], kind)
				       : der_enter(&r, DER_SEQUENCE, &to->r);
}

bool kerberos_say(struct say *s, struct sl_span in, bool *sound)
{
	struct level level[LEVELS];
	unsigned first = in.len > 0 && step_first(&level[0], in);
	*sound = first > 0;
	for (unsigned depth = first && level[0].kind != K_TICKETS; depth > 0;) {
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

static bool is_tgt_request(struct sl_span in)
{
	struct sl_rd r = sl_rd(in), seq;
	return der_enter(&r, DER_SEQUENCE, &seq) && number_is(&seq, FIELD, 5) &&
	       number_is(&seq, FIELD + 1, TGT_REQUEST);
}

struct sl_span kerberos_request_in(struct sl_span blob)
{
	for (; blob.len > 0; blob = sl_span_from(blob, 1))
		if ((blob.p[0] == AP_REQ && kerberos_is_message(blob)) ||
			(blob.p[0] == DER_SEQUENCE && is_tgt_request(blob)))
			break;
	return blob;
}
