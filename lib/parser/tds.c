/* SPDX-License-Identifier: BSD-3-Clause */
/* tds.c - TDS, what SQL Server and Sybase speak (MS-TDS; TDS 5.0 Functional Specification): who
 * logs in, from where, to what; and the TLS handshake that travels in packets of the
 * pre-login. Worker. Nothing behind the login is read.
 *
 * That handshake is the stream of what those packets carry (inner.h). Behind the handshake TLS
 * records lie in the stream as they are (MS-TDS 2.2.6.5). */
#include "chunks.h"
#include "gssapi.h"
#include "inner.h"
#include "le.h"
#include "parsers.h"
#include "say.h"
#include "utf16.h"
#include <sightline/hot.h>

#define HEAD 8u
#define LOGIN7_MIN 86u /* bytes before the first text, in the oldest version */
#define LOGIN5 504u /* bytes of a Sybase login that the first packet has */
#define NAME5 30u /* of a name in it */
#define TEXT7 128u /* characters of a name, MS-TDS 2.2.6.4 */
#define OPTION 5u /* of a pre-login: which, where, how long */

enum type { OLD_LOGIN = 2, REPLY = 4, LOGIN7 = 16, SSPI = 17, PRELOGIN = 18, OTHER = 0 };

struct tds {
	struct chunks side[2];
	struct inner tls;
	uint32_t message;
	uint16_t fed; /* bytes of the packets at hand that the TLS parser took */
	uint8_t client; /* direction */
	bool known; /* which end is the client */
	uint8_t over[2]; /* verdict on a direction that says no more; SL_MORE: it does */
};

/* What neither logs in nor hands shakes ends the part that is read: it is wanted, without a byte.
 */
static bool packet_head(const uint8_t *head, struct chunk *c)
{
	struct sl_rd r = sl_rd(sl_span(head + 2, 2));
	uint16_t len = sl_rd16(&r);
	uint8_t type = head[0];
	bool ours = type == OLD_LOGIN || type == LOGIN7 || type == SSPI || type == PRELOGIN;
	bool login5 = type == OLD_LOGIN; /* each packet is read by itself */
	*c = (struct chunk){ .len = 0, .last = true, .wanted = true };
	if (!ours && type != REPLY)
		return true;
	c->len = len >= HEAD ? len - HEAD : 0;
	c->last = head[1] & 1 || login5 || type == REPLY;
	c->wanted = ours;
	return len >= HEAD;
}
static const struct chunks_form form = { .head = HEAD, .max = GATHER_MAX, .chunk = packet_head };

/* ---- Probe ---- */

/* A byte as far as it is there. */
static bool is(struct sl_span in, size_t at, uint8_t low, uint8_t high)
{
	return at >= in.len || (in.p[at] >= low && in.p[at] <= high);
}

static unsigned be16_at(struct sl_span in, size_t at)
{
	return (unsigned)in.p[at] << 8 | in.p[at + 1];
}

/* The version is the first option, its 6 bytes lie behind all options and their end. */
static enum sl_probe prelogin_probe(struct sl_span in)
{
	if (!is(in, 8, 0, 0) || !is(in, 9, 0, 0) || !is(in, 11, 0, 0) || !is(in, 12, 6, 6))
		return SL_PROBE_NO;
	if (in.len < HEAD + OPTION)
		return SL_PROBE_MORE;
	size_t at = be16_at(in, 9), end = HEAD + at - 1;
	if (at % OPTION != 1 || at < OPTION + 1 || HEAD + at + 6 > be16_at(in, 2) ||
		!is(in, end, 0xff, 0xff))
		return SL_PROBE_NO;
	return in.len > end ? SL_PROBE_YES : SL_PROBE_MORE;
}

static enum sl_probe login7_probe(struct sl_span in)
{
	if (!is(in, 10, 0, 1) || !is(in, 11, 0, 0) || !is(in, 15, 0x70, 0x7f) ||
		!is(in, 44, LOGIN7_MIN, 0xff) || !is(in, 45, 0, 0))
		return SL_PROBE_NO;
	return in.len > 45 ? SL_PROBE_YES : SL_PROBE_MORE;
}

/* Lengths of host, user, password and process; the version. */
static enum sl_probe login5_probe(struct sl_span in)
{
	static const uint16_t len[] = { 30, 61, 92, 123 };
	for (size_t i = 0; i < 4; i++)
		if (!is(in, HEAD + len[i], 0, NAME5))
			return SL_PROBE_NO;
	if (!is(in, 2, 2, 2) || !is(in, 3, 0, 0) || !is(in, HEAD + 458, 4, 5) ||
		!is(in, HEAD + 460, 0, 0))
		return SL_PROBE_NO;
	return in.len > HEAD + 460 ? SL_PROBE_YES : SL_PROBE_MORE;
}

static enum sl_probe tds_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	/* Status; a channel is opened by nobody yet, the window is not used. */
	if (in.len == 0 || !is(in, 1, 0, 1) || !is(in, 4, 0, 0) || !is(in, 5, 0, 0) ||
		!is(in, 7, 0, 0))
		return SL_PROBE_NO;
	if (in.p[0] == PRELOGIN)
		return prelogin_probe(in);
	if (in.p[0] == LOGIN7)
		return login7_probe(in);
	return in.p[0] == OLD_LOGIN ? login5_probe(in) : SL_PROBE_NO;
}

static bool tds_begins(uint8_t first)
{
	return first == PRELOGIN || first == LOGIN7 || first == OLD_LOGIN;
}

/* ---- Logins ---- */

/* A text of a LOGIN7, whose place and length stand at `at`. False: the batch is full. */
static bool say_text7(struct say *s, enum sl_where w, struct sl_span login, size_t at)
{
	uint8_t text[TEXT7 * 3];
	struct sl_rd r = sl_rd(sl_span_from(login, at));
	size_t off = le16(&r), chars = le16(&r);
	if (!say_needs(s, w))
		return true;
	if (r.bad || off > login.len || 2 * chars > login.len - off) {
		if (!say_raw(s, w, sl_span(NULL, 0)))
			return false;
		parser_count_part(s->b);
		return true;
	}
	if (chars > TEXT7)
		chars = TEXT7;
	size_t n = utf16_text(sl_span(login.p + off, 2 * chars), text, sizeof(text));
	return say_raw(s, w, sl_span(text, n));
}

/* A name of a Sybase login: 30 bytes, then how many of them count. */
static bool say_name5(struct say *s, enum sl_where w, struct sl_span login, size_t at)
{
	struct sl_span name = le_part(login, at, NAME5 + 1);
	size_t len = name.len > 0 ? name.p[NAME5] : 0;
	return say_plain(s, w, sl_span(name.p, len <= NAME5 ? len : 0));
}

/* What a LOGIN7 logs in with instead of user and password; longer than 64 KiB it is of no use. */
static struct sl_span sspi_of(struct sl_span login)
{
	struct sl_rd r = sl_rd(sl_span_from(login, 78));
	size_t off = le16(&r), len = le16(&r);
	return le_part(login, off, len);
}

static bool say_login(struct say *s, uint8_t type, struct sl_span in)
{
	if (type == OLD_LOGIN)
		return say_name5(s, SL_WHERE_TDS_HOSTNAME, in, 0) &&
		       say_name5(s, SL_WHERE_TDS_USER, in, 31) &&
		       say_name5(s, SL_WHERE_TDS_APP, in, 140) &&
		       say_name5(s, SL_WHERE_TDS_SERVER, in, 171) && say_close_one(s);
	return say_text7(s, SL_WHERE_TDS_HOSTNAME, in, 36) &&
	       say_text7(s, SL_WHERE_TDS_USER, in, 40) && say_text7(s, SL_WHERE_TDS_APP, in, 48) &&
	       say_text7(s, SL_WHERE_TDS_SERVER, in, 52) &&
	       say_text7(s, SL_WHERE_TDS_DATABASE, in, 68) && gssapi_say(s, sspi_of(in)) &&
	       say_close_one(s);
}

static enum sl_verdict login(struct tds *t, enum sl_dir dir, struct sl_batch *b)
{
	struct chunks *f = &t->side[dir];
	struct sl_span in = gather_bytes(&f->unit);
	uint8_t type = f->head[0];
	if (type == OLD_LOGIN && in.len < LOGIN5) /* what does not fit into the first packet */
		return SL_DONE;
	if (t->message == 0)
		t->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = t->message, .dir = dir, .said = &f->said };
	if (!(type == SSPI ? gssapi_say(&say, in) && say_close_one(&say)
			   : say_login(&say, type, in)))
		return SL_FULL;
	if (f->cut)
		parser_count_part(b);
	return SL_MORE;
}

/* ---- TLS in packets ---- */

/* A pre-login is options, or bytes of TLS records, of which none begins with the first option. */
static enum sl_verdict prelogin(struct tds *t, enum sl_dir dir, uint64_t ts_ns, struct sl_batch *b)
{
	struct chunks *f = &t->side[dir];
	struct sl_span in = gather_bytes(&f->unit);
	size_t used = 0;
	if (t->tls.parser == NULL && (in.len == 0 || in.p[0] == 0))
		return SL_MORE;
	if (!inner_open(&t->tls, &sl_parser_tls, b))
		return SL_DONE;
	struct sl_piece p = { .kind = SL_PIECE_BYTES,
		.dir = dir,
		.bytes = sl_span_from(in, t->fed),
		.ts_ns = ts_ns };
	bool told = p.bytes.len == 0 && !t->tls.waits[dir];
	bool room = told || inner_feed(&t->tls, &p, b, &used);
	t->fed = (uint16_t)(t->fed + used);
	struct sl_piece gap = { .kind = SL_PIECE_GAP, .dir = dir, .ts_ns = ts_ns };
	if (!room || (f->cut && !inner_feed(&t->tls, &gap, b, &used)))
		return SL_FULL;
	if (f->cut)
		parser_count_part(b);
	t->fed = 0;
	return SL_MORE;
}

static enum sl_verdict finish(struct tds *t, const struct sl_piece *p, struct sl_batch *b)
{
	if (!inner_end(&t->tls, p->dir, p->ts_ns, b))
		return SL_FULL;
	chunks_end(&t->side[p->dir], &form, b);
	return (enum sl_verdict)t->over[p->dir];
}

/* ---- Feed ---- */

static enum sl_verdict packet(struct tds *t, const struct sl_piece *p, struct sl_batch *b)
{
	struct chunks *f = &t->side[p->dir];
	enum sl_verdict v;
	switch (f->head[0]) {
	case PRELOGIN:
		v = prelogin(t, p->dir, p->ts_ns, b);
		break;
	case LOGIN7:
	case OLD_LOGIN:
	case SSPI:
		v = p->dir == t->client ? login(t, p->dir, b) : SL_MORE;
		break;
	default:
		v = SL_DONE;
	}
	if (v == SL_FULL)
		return v;
	chunks_done(f, b);
	t->message = 0;
	return v;
}

static enum sl_verdict feed_piece(
	struct tds *t, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct chunks *f = &t->side[p->dir];
	struct sl_span in = p->kind == SL_PIECE_BYTES ? p->bytes : sl_span(NULL, 0);
	enum chunks_step step;
	enum sl_verdict v = SL_MORE;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind == SL_PIECE_GAP && !f->ready && !chunks_gap(f, &form, b, p->gap_bytes)) {
		parser_count_part(b);
		return SL_DONE;
	}
	while (v == SL_MORE && (step = chunks_take(f, &form, b, in, consumed)) != CHUNKS_MORE)
		v = step == CHUNKS_BAD ? SL_BAD : packet(t, p, b);
	return v;
}

static enum sl_verdict tds_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct tds *t = state;
	*consumed = 0;
	if (!t->known && p->kind == SL_PIECE_BYTES && p->bytes.len > 0) {
		t->client = (uint8_t)p->dir;
		t->known = true;
	}
	if (t->over[p->dir] == SL_MORE) {
		enum sl_verdict v = feed_piece(t, p, b, consumed);
		if (v == SL_MORE || v == SL_FULL)
			return v;
		t->over[p->dir] = (uint8_t)v;
	}
	return finish(t, p, b);
}

const struct sl_parser sl_parser_tds = {
	.name = "tds",
	.state_bytes = sizeof(struct tds),
	.over = SL_OVER_TCP_BEGIN,
	.probe = tds_probe,
	.begins = tds_begins,
	.feed = tds_feed,
};
