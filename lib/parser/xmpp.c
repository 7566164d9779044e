/* SPDX-License-Identifier: BSD-3-Clause */
/* xmpp.c - XMPP (RFC 6120): the ends of streams, and the hand-over to TLS (RFC 6120 5). Worker.
 * Only tags are looked at, of which the begin is kept; what stands between them is passed over. */
#include "mail_line.h"
#include "say.h"
#include <sightline/hot.h>

#define TAG_MAX 1024

struct side {
	uint16_t len;
	bool open; /* inside of a tag */
	bool over; /* which was longer than there is room for */
	uint8_t quote; /* inside of a value: what ends it */
	bool ready; /* a whole tag waits to be used */
	uint8_t tag[TAG_MAX]; /* without its brackets */
};

struct xmpp {
	struct side side[2];
	uint32_t message; /* of the stream header at hand; 0: none */
	uint16_t said;
	bool met; /* a stream header was seen */
	uint8_t client; /* direction of the first, which is the initiating entity's (RFC 6120 4.2)
			 */
};

/* ---- Tags ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value of an attribute; empty: it has none. */
static struct sl_span attribute(struct sl_span tag, const char *want)
{
	size_t at = 0;
	while (at < tag.len) {
		while (at < tag.len && is_space(tag.p[at]))
			at++;
		size_t name = at;
		while (at < tag.len && !is_space(tag.p[at]) && tag.p[at] != '=')
			at++;
		struct sl_span have = sl_span(tag.p + name, at - name);
		while (at < tag.len && tag.p[at] != '"' && tag.p[at] != '\'' &&
			(is_space(tag.p[at]) || tag.p[at] == '='))
			at++;
		if (at >= tag.len || (tag.p[at] != '"' && tag.p[at] != '\''))
			continue;
		const uint8_t *end = memchr(tag.p + at + 1, tag.p[at], tag.len - at - 1);
		size_t n = end != NULL ? (size_t)(end - tag.p) - at - 1 : tag.len - at - 1;
		if (end != NULL && have.len == strlen(want) && memcmp(have.p, want, have.len) == 0)
			return sl_span(tag.p + at + 1, n);
		at += n + 2;
	}
	return sl_span(tag.p, 0);
}

static bool tag_is(struct sl_span tag, const char *name)
{
	size_t n = strlen(name);
	return tag.len >= n && memcmp(tag.p, name, n) == 0 &&
	       (tag.len == n || is_space(tag.p[n]) || tag.p[n] == '/');
}

/* Takes bytes up to the end of a tag and returns how many; d->ready tells whether it came. */
static size_t tag_take(struct side *d, struct sl_span in)
{
	size_t at = 0;
	if (!d->open) {
		const uint8_t *begin = in.len > 0 ? memchr(in.p, '<', in.len) : NULL;
		if (begin == NULL)
			return in.len;
		at = (size_t)(begin - in.p) + 1;
		d->open = true;
		d->over = false;
		d->quote = 0;
		d->len = 0;
	}
	for (; at < in.len; at++) {
		uint8_t c = in.p[at];
		if (c == '>' && d->quote == 0) {
			d->open = false;
			d->ready = true;
			return at + 1;
		}
		if (d->quote == 0 && (c == '"' || c == '\''))
			d->quote = c;
		else if (c == d->quote)
			d->quote = 0;
		if (d->len < TAG_MAX)
			d->tag[d->len++] = c;
		else
			d->over = true;
	}
	return at;
}

/* ---- Whether it is XMPP ---- */

static enum sl_probe xmpp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	static const char *const begins[] = { "<?xml ", "<stream:stream " };
	enum sl_probe said = mail_probe_any(in, begins, 2);
	(void)sport;
	(void)dport;
	if (said != SL_PROBE_YES || in.p[1] != '?')
		return said;
	const uint8_t *end = memchr(in.p, '>', in.len);
	if (end == NULL)
		return in.len < 256 ? SL_PROBE_MORE : SL_PROBE_NO;
	in = sl_span_from(in, (size_t)(end - in.p) + 1);
	while (in.len > 0 && is_space(in.p[0]))
		in = sl_span_from(in, 1);
	return mail_probe(in, "<stream:stream ");
}

static bool xmpp_begins(uint8_t first)
{
	return first == '<';
}

/* ---- Saying ---- */

/* False: the batch is full. */
static bool stream_header(struct xmpp *x, enum sl_dir dir, struct sl_batch *b, struct sl_span tag)
{
	if (x->message == 0)
		x->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = x->message, .dir = dir, .said = &x->said };
	if (!say_plain(&say, SL_WHERE_XMPP_TO, attribute(tag, "to")) ||
		!say_plain(&say, SL_WHERE_XMPP_FROM, attribute(tag, "from")) ||
		!sl_batch_close(b, dir, x->message))
		return false;
	x->message = 0;
	x->said = 0;
	return true;
}

static enum sl_verdict feed_bytes(
	struct xmpp *x, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *d = &x->side[p->dir];
	while (*consumed < p->bytes.len || d->ready) {
		if (!d->ready)
			*consumed += tag_take(d, sl_span_from(p->bytes, *consumed));
		if (!d->ready)
			continue;
		struct sl_span tag = sl_span(d->tag, d->len);
		bool header = tag_is(tag, "stream:stream");
		if (header && !stream_header(x, p->dir, b, tag))
			return SL_FULL;
		if (header && d->over)
			parser_count_part(b);
		d->ready = false;
		if (header && !x->met) {
			x->met = true;
			x->client = (uint8_t)p->dir;
		}
		if (x->met && p->dir != x->client && tag_is(tag, "proceed")) {
			b->next = &sl_parser_tls;
			return SL_NOT_MINE;
		}
	}
	return SL_MORE;
}

static enum sl_verdict xmpp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct xmpp *x = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind == SL_PIECE_GAP) {
		x->side[p->dir].open = false;
		return SL_MORE;
	}
	return feed_bytes(x, p, b, consumed);
}

const struct sl_parser sl_parser_xmpp = {
	.name = "xmpp",
	.state_bytes = sizeof(struct xmpp),
	.over = SL_OVER_TCP,
	.probe = xmpp_probe,
	.begins = xmpp_begins,
	.feed = xmpp_feed,
};
