/* SPDX-License-Identifier: BSD-3-Clause */
/* ldap.c - LDAP (RFC 4511) over TCP and, connectionless, over UDP (MS-ADTS 6.3.3): the names that
 * are asked for and answered, filters, referrals, who binds, and StartTLS. Worker. Behind a SASL
 * bind messages are read where they are signed and not sealed. */
#include <strings.h>

#include "der.h"
#include "frame.h"
#include "gssapi.h"
#include "ldap.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define READ_MAX 16384 /* of a message */
#define TOKEN_HEAD 20u /* the length of a SASL buffer, and what is signed before messages */
#define MESSAGE_MIN 7u /* bytes of the shortest message, and up to its number of any */
#define ID_MAX 4 /* bytes of a message's number, RFC 4511 4.1.1.1 */

enum {
	BIND = 0x60,
	UNBIND = 0x42,
	SEARCH = 0x63,
	ENTRY = 0x64,
	MODIFY = 0x66,
	ADD = 0x68,
	DELETE = 0x4a,
	MODIFY_DN = 0x6c,
	COMPARE = 0x6e,
	ABANDON = 0x50,
	REFERENCE = 0x73,
	EXTENDED = 0x77,
	EXTENDED_DONE = 0x78,
	INTERMEDIATE = 0x79,
};
enum { DER_ENUMERATED = 0x0a, REFERRAL = 0xa3, CONTROLS = 0xa0, SIMPLE = 0x80 };

struct ldap {
	struct frame side[2];
	uint32_t message; /* of the one at hand */
	uint32_t inner; /* bytes of a token, or of a datagram, that were said */
	uint16_t said;
	bool asked; /* StartTLS */
	bool granted;
	uint8_t asker; /* direction */
};

/* ---- Whether it is LDAP ---- */

/* What the body of an operation begins with; 0: nothing, or anything. */
static bool begins_with(uint8_t op, uint8_t *first)
{
	static const struct {
		uint8_t op, first;
	} rows[] = {
		{ BIND, DER_INTEGER },
		{ 0x61, DER_ENUMERATED },
		{ UNBIND, 0 },
		{ SEARCH, DER_OCTET_STRING },
		{ ENTRY, DER_OCTET_STRING },
		{ 0x65, DER_ENUMERATED },
		{ MODIFY, DER_OCTET_STRING },
		{ 0x67, DER_ENUMERATED },
		{ ADD, DER_OCTET_STRING },
		{ 0x69, DER_ENUMERATED },
		{ DELETE, 0 },
		{ 0x6b, DER_ENUMERATED },
		{ MODIFY_DN, DER_OCTET_STRING },
		{ 0x6d, DER_ENUMERATED },
		{ COMPARE, DER_OCTET_STRING },
		{ 0x6f, DER_ENUMERATED },
		{ ABANDON, 0 },
		{ REFERENCE, DER_OCTET_STRING },
		{ EXTENDED, DER_CONTEXT },
		{ EXTENDED_DONE, DER_ENUMERATED },
		{ INTERMEDIATE, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].op == op) {
			*first = rows[i].first;
			return true;
		}
	return false;
}

/* The sizes have to agree: the operation ends where the message does, or before its controls. */
static enum sl_probe probe_message(struct sl_span in)
{
	if (in.len == 0 || in.p[0] != DER_SEQUENCE)
		return SL_PROBE_NO;
	size_t size = der_size(in);
	if (size == 0)
		return SL_PROBE_NO;
	if (in.len < size && in.len < 32)
		return SL_PROBE_MORE;
	struct sl_rd r = sl_rd(in), m;
	struct der id;
	uint8_t first = 0;
	if (!der_enter(&r, DER_SEQUENCE, &m) || !der_next(&m, &id) || id.tag != DER_INTEGER ||
		id.body.len == 0 || id.body.len > ID_MAX || id.body.p[0] & 0x80)
		return SL_PROBE_NO;
	struct sl_span op = sl_span(m.p, sl_rd_left(&m));
	if (op.len < 2 || !begins_with(op.p[0], &first))
		return SL_PROBE_NO;
	size_t at = (size_t)(op.p - in.p), op_size = der_size(op);
	if (op_size == 0 || at + op_size > size ||
		(at + op_size < size && op_size < op.len && op.p[op_size] != CONTROLS))
		return SL_PROBE_NO;
	struct sl_rd body;
	if (!der_enter(&m, op.p[0], &body) || (first != 0 && sl_rd8(&body) != first) || body.bad)
		return SL_PROBE_NO;
	return SL_PROBE_YES;
}

static enum sl_probe ldap_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	enum sl_probe said = probe_message(p->bytes);
	(void)sport;
	(void)dport;
	return p->datagram && said == SL_PROBE_MORE ? SL_PROBE_NO : said;
}

static bool ldap_begins(uint8_t first)
{
	return first == DER_SEQUENCE;
}

/* ---- Messages in a stream ---- */

/* The head of a token that a SASL mechanism makes of messages: a wrap token of Kerberos (RFC 4121
 * 4.2.6.2) or a signature of NTLM (MS-NLMP 2.2.2.9). */
struct token {
	bool kerberos, sealed, ntlm;
	uint16_t extra; /* bytes of the checksum, which stands behind the messages */
	uint16_t rotated; /* or so many of the last bytes before them */
};

static struct token token_read(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	uint16_t id = sl_rd16(&r), flags = sl_rd16(&r), extra = sl_rd16(&r);
	return (struct token){ .kerberos = id == 0x0504 && (flags & 0xff) == 0xff,
		.sealed = flags & 0x200,
		.ntlm = id == 0x0100 && flags == 0,
		.extra = extra,
		.rotated = sl_rd16(&r) };
}

/* How long the message is that these bytes begin; 0: none does. */
static size_t message_size(struct sl_span in)
{
	struct sl_rd r = sl_rd(in), m;
	bool begins = der_enter(&r, DER_SEQUENCE, &m) && sl_rd8(&m) == DER_INTEGER && !m.bad;
	size_t size = begins ? der_size(in) : 0;
	return size >= MESSAGE_MIN ? size : 0;
}

/* A token whose messages can be read one by one ends behind its head, or its first message: what
 * follows is the next one, or the next token. */
static size_t token_size(struct sl_span begin, size_t size)
{
	if (begin.len < TOKEN_HEAD)
		return TOKEN_HEAD;
	struct token t = token_read(sl_span_from(begin, 4));
	size_t head = TOKEN_HEAD + t.extra;
	if (t.kerberos && !t.sealed && t.rotated == t.extra && t.extra > 0 && head <= size)
		return head;
	if (!t.ntlm || size < TOKEN_HEAD + MESSAGE_MIN)
		return size;
	/* Whether it is sealed as well only what follows tells. */
	if (begin.len < TOKEN_HEAD + MESSAGE_MIN)
		return TOKEN_HEAD + MESSAGE_MIN;
	size_t message = message_size(sl_span(begin.p + TOKEN_HEAD, MESSAGE_MIN));
	return message > 0 && TOKEN_HEAD + message <= size ? TOKEN_HEAD + message : size;
}

/* A message, or a token in a SASL buffer (RFC 4422 3.7), whose size is no more than three bytes. */
static size_t unit_size(struct sl_span begin)
{
	if (begin.len == 0)
		return 1;
	if (begin.p[0] == DER_SEQUENCE)
		return der_size(begin);
	if (begin.p[0] != 0)
		return 0;
	if (begin.len < 4)
		return 4;
	size_t token = (size_t)begin.p[1] << 16 | (size_t)begin.p[2] << 8 | begin.p[3];
	return 4 + token >= TOKEN_HEAD ? token_size(begin, 4 + token) : 0;
}

static enum sl_probe unit_likely(struct sl_span begin)
{
	if (begin.len > 0 && begin.p[0] == DER_SEQUENCE)
		return probe_message(begin);
	if (unit_size(begin) == 0)
		return SL_PROBE_NO;
	if (begin.len < TOKEN_HEAD)
		return SL_PROBE_MORE;
	struct token t = token_read(sl_span_from(begin, 4));
	return t.kerberos || t.ntlm ? SL_PROBE_YES : SL_PROBE_NO;
}

static const struct frame_kind units = {
	.size = unit_size, .max = READ_MAX, .likely = unit_likely
};

/* The messages in a token as it was found: of Kerberos' signed one, where its checksum stands
 * behind them. */
static struct sl_span unwrap(struct sl_span in)
{
	struct token t = token_read(sl_span_from(in, 4));
	struct sl_span rest = sl_span_from(in, TOKEN_HEAD);
	if (t.ntlm && rest.len >= MESSAGE_MIN && message_size(sl_span(rest.p, MESSAGE_MIN)) > 0)
		return rest;
	if (!t.kerberos || t.sealed || t.rotated != 0 || t.extra > rest.len)
		return sl_span(in.p, 0);
	return sl_span(rest.p, rest.len - t.extra);
}

/* ---- What an operation says ---- */

static bool say_text(struct say *s, enum sl_where w, struct sl_rd *r)
{
	struct der e;
	return !der_next(r, &e) || say_plain(s, w, e.body);
}

static bool say_bind(struct say *s, struct sl_rd *r)
{
	struct der version, how;
	(void)der_next(r, &version);
	if (!say_text(s, SL_WHERE_LDAP_DN, r))
		return false;
	return !der_next(r, &how) || how.tag == SIMPLE || gssapi_say(s, how.body);
}

static bool say_search(struct say *s, struct sl_rd *r)
{
	uint8_t text[LDAP_FILTER_MAX];
	struct der e;
	if (!say_text(s, SL_WHERE_LDAP_DN, r))
		return false;
	for (unsigned i = 0; i < 5; i++) /* scope, aliases, two limits, types only */
		(void)der_next(r, &e);
	if (r->bad || !say_needs(s, SL_WHERE_LDAP_FILTER))
		return true;
	struct sl_span filter = sl_rd_take(r, sl_rd_left(r));
	return say_raw(s, SL_WHERE_LDAP_FILTER, sl_span(text, ldap_filter_text(filter, text)));
}

/* RFC 4511 4.6: SEQUENCE OF changes; 4.8, MS-ADTS: a name, and where it goes. */
static bool say_modify_dn(struct say *s, struct sl_rd *r)
{
	struct der e;
	if (!say_text(s, SL_WHERE_LDAP_DN, r) || !say_text(s, SL_WHERE_LDAP_DN, r))
		return false;
	(void)der_next(r, &e); /* whether the old name goes */
	return sl_rd_left(r) == 0 || r->p[0] != DER_CONTEXT || say_text(s, SL_WHERE_LDAP_DN, r);
}

static bool say_urls(struct say *s, struct sl_rd *r)
{
	while (!r->bad && sl_rd_left(r) > 0)
		if (!say_text(s, SL_WHERE_LDAP_URL, r))
			return false;
	return true;
}

/* An object's name; of its attributes (RFC 4511 4.5.2) the one that a Java client loads code from
 * (RFC 2713 3.2.3). */
static bool say_entry(struct say *s, struct sl_rd *r)
{
	static const char code[] = "javaCodeBase";
	struct sl_rd list, attribute, values;
	struct der type;
	if (!say_text(s, SL_WHERE_LDAP_DN, r))
		return false;
	if (!der_enter(r, DER_SEQUENCE, &list))
		return true;
	while (der_enter(&list, DER_SEQUENCE, &attribute)) {
		if (!der_next(&attribute, &type) || type.body.len != sizeof(code) - 1 ||
			strncasecmp((const char *)type.body.p, code, sizeof(code) - 1) != 0)
			continue;
		if (der_enter(&attribute, DER_SET, &values) && !say_urls(s, &values))
			return false;
	}
	r->bad |= list.bad;
	return true;
}

/* RFC 4511 4.1.9. */
static bool say_result(struct say *s, struct sl_rd *r)
{
	struct sl_rd urls;
	struct der e;
	(void)der_next(r, &e);
	if (!der_next(r, &e))
		return true;
	/* Microsoft's own bind answers with NTLM's challenge where the name would be. */
	bool ntlm = e.body.len > 7 && memcmp(e.body.p, "NTLMSSP", 7) == 0;
	if (!ntlm && !say_plain(s, SL_WHERE_LDAP_DN, e.body))
		return false;
	(void)der_next(r, &e); /* diagnostic message */
	return !der_enter(r, REFERRAL, &urls) || say_urls(s, &urls);
}

static bool op_say(struct say *s, uint8_t op, struct sl_rd *r)
{
	uint8_t first = 0;
	switch (op) {
	case BIND:
		return say_bind(s, r);
	case SEARCH:
		return say_search(s, r);
	case ENTRY:
		return say_entry(s, r);
	case MODIFY_DN:
		return say_modify_dn(s, r);
	case MODIFY:
	case ADD:
	case COMPARE:
		return say_text(s, SL_WHERE_LDAP_DN, r);
	case DELETE:
		return say_plain(s, SL_WHERE_LDAP_DN, sl_rd_take(r, sl_rd_left(r)));
	case REFERENCE:
		return say_urls(s, r);
	default:
		return !begins_with(op, &first) || first != DER_ENUMERATED || say_result(s, r);
	}
}

/* ---- StartTLS (RFC 4511 4.14) ---- */

/* Whoever asked does not grant it. */
static void watch_tls(struct ldap *l, enum sl_dir dir, uint8_t op, struct sl_rd r)
{
	static const char oid[] = "1.3.6.1.4.1.1466.20037";
	struct der e;
	if (!der_next(&r, &e))
		return;
	if (op == EXTENDED) {
		l->asked = sl_span_eq(e.body, sl_span_str(oid));
		l->asker = (uint8_t)dir;
	} else if (op == EXTENDED_DONE && dir != l->asker) {
		l->granted = l->asked && e.body.len == 1 && e.body.p[0] == 0;
	}
}

/* ---- Message after message ---- */

/* False: the batch is full. */
static bool message_say(struct ldap *l, enum sl_dir dir, struct sl_batch *b, struct sl_span in)
{
	struct sl_rd r = sl_rd(in), m, op;
	struct der id;
	if (!der_enter(&r, DER_SEQUENCE, &m) || !der_next(&m, &id) || sl_rd_left(&m) == 0) {
		parser_count_part(b);
		return true;
	}
	uint8_t tag = m.p[0];
	if (l->message == 0)
		l->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = l->message, .dir = dir, .said = &l->said };
	if (!der_enter(&m, tag, &op))
		op = m;
	watch_tls(l, dir, tag, op);
	if (!op_say(&s, tag, &op) || !sl_batch_close(b, dir, l->message))
		return false;
	if (op.bad || m.bad)
		parser_count_part(b);
	l->message = 0;
	l->said = 0;
	return true;
}

/* One behind the other, in a token or in a datagram. */
static bool messages_say(struct ldap *l, enum sl_dir dir, struct sl_batch *b, struct sl_span in)
{
	while (l->inner < in.len) {
		struct sl_span rest = sl_span_from(in, l->inner);
		size_t size = rest.p[0] == DER_SEQUENCE ? der_size(rest) : 0;
		if (size == 0) {
			parser_count_part(b);
			break;
		}
		size = size < rest.len ? size : rest.len;
		if (!message_say(l, dir, b, sl_span(rest.p, size)))
			return false;
		l->inner += (uint32_t)size;
	}
	l->inner = 0;
	return true;
}

static bool unit_say(struct ldap *l, enum sl_dir dir, struct sl_batch *b, struct sl_span in)
{
	return in.p[0] == DER_SEQUENCE ? message_say(l, dir, b, in)
				       : messages_say(l, dir, b, unwrap(in));
}

static enum sl_verdict leave(struct ldap *l, struct sl_batch *b, enum sl_verdict v)
{
	frame_end(&l->side[0], b);
	frame_end(&l->side[1], b);
	if (v == SL_NOT_MINE)
		b->next = &sl_parser_tls;
	return v;
}

static enum sl_verdict feed_bytes(
	struct ldap *l, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &l->side[p->dir];
	struct sl_span unit;
	enum frame_found found;
	while ((found = frame_next(f, &units, b, p->bytes, consumed, &unit)) == FRAME_IS) {
		if (!unit_say(l, p->dir, b, unit))
			return SL_FULL;
		if (frame_is_cut(f, unit))
			parser_count_part(b);
		frame_done(f, b, unit, consumed);
		if (l->granted)
			return leave(l, b, SL_NOT_MINE);
	}
	if (found == FRAME_MORE)
		return SL_MORE;
	/* Whose answer was not seen begins anyway. */
	return l->asked ? leave(l, b, SL_NOT_MINE) : frame_lose(f, b, p->bytes, consumed);
}

static enum sl_verdict ldap_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ldap *l = state;
	enum sl_verdict v;
	*consumed = 0;
	if (frame_mark(&l->side[p->dir], p, b, &v))
		return v;
	if (!p->datagram)
		return feed_bytes(l, p, b, consumed);
	if (!messages_say(l, p->dir, b, p->bytes))
		return SL_FULL;
	if (p->cut)
		parser_count_part(b);
	*consumed = p->bytes.len;
	return SL_MORE;
}

const struct sl_parser sl_parser_ldap = {
	.name = "ldap",
	.state_bytes = sizeof(struct ldap),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = ldap_probe,
	.begins = ldap_begins,
	.feed = ldap_feed,
};
