/* SPDX-License-Identifier: BSD-3-Clause */
/* rdp.c - how an RDP connection begins (MS-RDPBCGR 1.3.1.1): the user or token that the client's
 * request carries, its name where nothing is encrypted, and otherwise the hand-over to TLS. Worker.
 */
#include "le.h"
#include "parsers.h"
#include "say.h"
#include "tpkt.h"
#include "utf16.h"
#include <sightline/hot.h>

#define PORT_RDP 3389
#define READ_MAX 4096 /* of a packet; a client's settings are some 500 bytes */
#define COOKIE "Cookie: "
#define USER "mstshash="
#define NEGOTIATION 8u /* bytes of a request or answer: MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1 */
#define NAME_BYTES 32u /* of clientName: 15 characters and a zero */

enum { NEG_REQUEST = 1, NEG_RESPONSE = 2, NEG_FAILURE = 3 };
enum { CS_CORE = 0xc001 };
enum { MCS_CONNECT = 0x7f65, TLS_HANDSHAKE = 22 };

struct rdp {
	struct frame side[2];
	uint32_t message;
	uint16_t said;
	bool asked; /* a request was seen */
};

/* ---- The connection request ---- */

struct request {
	struct sl_span user; /* mstshash */
	struct sl_span token; /* anything else before the negotiation */
	bool negotiates;
};

/* MS-RDPBCGR 2.2.1.1: text up to CR LF, then the negotiation; either may be missing. */
static void request_read(struct sl_span in, struct request *out)
{
	*out = (struct request){ .negotiates = false };
	const uint8_t *end = in.len > 1 ? memmem(in.p, in.len, "\r\n", 2) : NULL;
	size_t text = end != NULL ? (size_t)(end - in.p) : 0;
	struct sl_span cookie = sl_span(in.p, text), neg = in;
	if (end != NULL)
		neg = sl_span_from(in, text + 2);
	out->negotiates = neg.len >= NEGOTIATION && neg.p[0] == NEG_REQUEST &&
			  neg.p[2] == NEGOTIATION && neg.p[3] == 0;
	size_t word = sizeof(COOKIE) - 1, user = sizeof(USER) - 1;
	if (cookie.len > word && memcmp(cookie.p, COOKIE, word) == 0)
		cookie = sl_span_from(cookie, word);
	if (cookie.len >= user && memcmp(cookie.p, USER, user) == 0)
		out->user = sl_span_from(cookie, user);
	else
		out->token = cookie;
}

/* What an answer chose: the protocols of security, 0 where it is RDP's own. False: no answer. */
static bool answer_read(struct sl_span in, uint32_t *protocol)
{
	struct sl_rd r = sl_rd(in);
	uint8_t type = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint16_t len = le16(&r);
	*protocol = le32(&r);
	if (type == NEG_FAILURE)
		*protocol = 0;
	return !r.bad && len == NEGOTIATION && (type == NEG_RESPONSE || type == NEG_FAILURE);
}

/* A request without anything in it is one at RDP's port alone. */
static bool is_request(const struct cotp *c, uint16_t dport)
{
	struct request q;
	request_read(c->options, &q);
	if (q.negotiates || q.user.p != NULL)
		return true;
	if (c->options.len == 0)
		return dport == PORT_RDP && c->data.len == 0;
	return q.token.len > 5 && memcmp(q.token.p, "msts=", 5) == 0;
}

static enum sl_probe rdp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct cotp c;
	uint32_t protocol;
	enum sl_probe said = cotp_probe(p->bytes, COTP_CR, &c);
	(void)sport;
	if (said == SL_PROBE_YES)
		return is_request(&c, dport) ? SL_PROBE_YES : SL_PROBE_NO;
	if (said == SL_PROBE_MORE)
		return said;
	said = cotp_probe(p->bytes, COTP_CC, &c);
	return said != SL_PROBE_YES || answer_read(c.options, &protocol) ? said : SL_PROBE_NO;
}

static bool rdp_begins(uint8_t first)
{
	return tpkt_begins(first);
}

/* ---- What a packet says ---- */

static bool say_request(struct say *s, const struct cotp *c)
{
	struct request q;
	request_read(c->options, &q);
	return say_plain(s, SL_WHERE_RDP_COOKIE, q.user) &&
	       say_plain(s, SL_WHERE_RDP_ROUTING_TOKEN, q.token);
}

/* The client's core data in an MCS Connect-Initial: T.125 7, inside T.124 8.7 with the key "Duca",
 * MS-RDPBCGR 2.2.1.3. Empty: it isn't there. */
static struct sl_span client_name(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	const uint8_t *key = NULL;
	if (sl_rd16(&r) == MCS_CONNECT)
		key = memmem(in.p, in.len, "Duca", 4);
	if (key == NULL)
		return sl_span(in.p, 0);
	r = sl_rd(sl_span_from(in, (size_t)(key - in.p) + 4));
	if (sl_rd8(&r) & 0x80) /* PER: a length of two bytes */
		sl_rd_skip(&r, 1);
	while (sl_rd_left(&r) > 4) {
		uint16_t type = le16(&r), len = le16(&r);
		struct sl_rd block = sl_rd(sl_rd_take(&r, len > 4 ? len - 4u : 0));
		if (r.bad || len < 4)
			break;
		if (type != CS_CORE)
			continue;
		sl_rd_skip(&block, 4 + 2 + 2 + 2 + 2 + 4 + 4);
		return sl_rd_take(&block, NAME_BYTES);
	}
	return sl_span(in.p, 0);
}

static bool say_name(struct say *s, const struct cotp *c)
{
	uint8_t text[2 * NAME_BYTES];
	if (!say_needs(s, SL_WHERE_RDP_CLIENT_NAME))
		return true;
	return say_raw(s, SL_WHERE_RDP_CLIENT_NAME,
		sl_span(text, utf16_text(client_name(c->data), text, sizeof(text))));
}

/* SL_DONE: nothing more of this direction is wanted. */
static enum sl_verdict packet_say(
	struct rdp *t, enum sl_dir dir, struct sl_batch *b, const struct cotp *c)
{
	uint32_t protocol = 0;
	if (c->type == COTP_CC) {
		if (!answer_read(c->options, &protocol) || protocol == 0)
			return SL_DONE;
		b->next = &sl_parser_tls;
		return SL_NOT_MINE;
	}
	if (c->type != COTP_CR && c->type != COTP_DT)
		return SL_DONE;
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = t->message, .dir = dir, .said = &t->said };
	if (!(c->type == COTP_CR ? say_request(&s, c) : say_name(&s, c)) ||
		!sl_batch_close(b, dir, t->message))
		return SL_FULL;
	t->message = 0;
	t->said = 0;
	t->asked |= c->type == COTP_CR;
	return c->type == COTP_CR ? SL_MORE : SL_DONE;
}

/* ---- Feed ---- */

/* What a connection begins with: a request, an answer, or data whole in one PDU. */
static enum sl_probe packet_likely(struct sl_span begin)
{
	struct cotp c;
	size_t size = tpkt_size(begin);
	if (size == 0)
		return SL_PROBE_NO;
	if (begin.len < TPKT_HEADER + 3)
		return SL_PROBE_MORE;
	const uint8_t *pdu = begin.p + TPKT_HEADER;
	if ((pdu[1] & 0xf0) == COTP_DT)
		return pdu[0] == 2 && pdu[1] == COTP_DT && pdu[2] & 0x80 ? SL_PROBE_YES
									 : SL_PROBE_NO;
	enum sl_probe said = cotp_probe(begin, COTP_CR, &c);
	return said != SL_PROBE_NO ? said : cotp_probe(begin, COTP_CC, &c);
}

static const struct frame_kind packets = {
	.size = tpkt_size, .max = READ_MAX, .likely = packet_likely
};

static enum sl_verdict feed_bytes(
	struct rdp *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &t->side[p->dir];
	struct sl_span packet;
	struct cotp c;
	enum sl_verdict v = SL_MORE;
	enum frame_found found = FRAME_IS;
	while (v == SL_MORE &&
		(found = frame_next(f, &packets, b, p->bytes, consumed, &packet)) == FRAME_IS) {
		v = cotp_read(packet, &c) ? packet_say(t, p->dir, b, &c) : SL_BAD;
		if (v != SL_FULL && v != SL_BAD)
			frame_done(f, b, packet, consumed);
	}
	if (found != FRAME_BAD)
		return v;
	/* TLS, by an answer that was not seen. */
	struct sl_span rest = sl_span_from(p->bytes, *consumed);
	if (!t->asked || rest.len == 0 || rest.p[0] != TLS_HANDSHAKE)
		return frame_lose(f, b, p->bytes, consumed);
	b->next = &sl_parser_tls;
	return SL_NOT_MINE;
}

static enum sl_verdict rdp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct rdp *t = state;
	enum sl_verdict v = SL_DONE;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP) {
		frame_gap(&t->side[p->dir], b, p->gap_bytes);
		return SL_MORE;
	}
	if (p->kind == SL_PIECE_BYTES)
		v = feed_bytes(t, p, b, consumed);
	if (v == SL_DONE || v == SL_BAD)
		frame_end(&t->side[p->dir], b);
	if (v == SL_NOT_MINE) {
		frame_end(&t->side[0], b);
		frame_end(&t->side[1], b);
	}
	return v;
}

const struct sl_parser sl_parser_rdp = {
	.name = "rdp",
	.state_bytes = sizeof(struct rdp),
	.over = SL_OVER_TCP,
	.probe = rdp_probe,
	.begins = rdp_begins,
	.feed = rdp_feed,
};
