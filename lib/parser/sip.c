/* SPDX-License-Identifier: BSD-3-Clause */
/* sip.c - SIP (RFC 3261) over UDP and TCP: who calls whom, with what, and the hosts that requests
 * and responses go through. Worker. A head is read where all of it is there; bodies are passed
 * over. */
#include "gather.h"
#include "http_head.h"
#include "mail_line.h"
#include "place.h"
#include "say.h"
#include <sightline/hot.h>

#define HEAD_MAX 16384
#define HOSTS_MAX 32 /* of one message that are said: it seldom goes through ten */
#define STUN_HEAD 20

struct side {
	struct gather held; /* a head that came in pieces */
	uint64_t body; /* bytes that are to come */
	enum http_line line; /* where in its lines `held` ends */
	bool whole; /* held is a head that waits for room in the batch */
	struct place place; /* where a message begins */
};

struct sip {
	struct side side[2];
	uint32_t message; /* of the head at hand; 0: none */
	uint16_t said;
};

/* What of one head is being said. */
struct telling {
	struct say say;
	struct sl_span host[HOSTS_MAX];
	unsigned hosts;
	bool part; /* there are more than are said */
};

/* ---- The first line ---- */

static struct sl_span line_next(struct sl_span *in)
{
	const uint8_t *end = in->len > 0 ? memchr(in->p, '\n', in->len) : NULL;
	size_t n = end != NULL ? (size_t)(end - in->p) : in->len;
	struct sl_span line = sl_span(in->p, n);
	*in = sl_span_from(*in, end != NULL ? n + 1 : n);
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Keeps a connection open (RFC 5626 3.5.1), or stands before a message for no reason. */
static size_t blank_len(struct sl_span in)
{
	size_t n = 0;
	while (n < in.len && (in.p[n] == '\r' || in.p[n] == '\n'))
		n++;
	return n;
}

static bool is_token(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (!letter && !(c >= '0' && c <= '9') &&
			(c == 0 || strchr("-.!%*_+`'~", c) == NULL))
			return false;
	}
	return s.len > 0;
}

/* A first line, of a request by any method: which there are is not for a parser to say (RFC 3261
 * 7.1, 25.1). */
static bool is_first_line(struct sl_span line)
{
	static const char version[] = " SIP/2.0";
	size_t n = sizeof(version) - 1;
	struct sl_span rest = line, method = mail_word(&rest);
	if (mail_is(method, version + 1))
		return rest.len > 0;
	return is_token(method) && rest.len > n && memcmp(rest.p + rest.len - n, version, n) == 0;
}

static bool is_start(struct sl_span in)
{
	in = sl_span_from(in, blank_len(in));
	return is_first_line(line_next(&in));
}

static enum sl_probe request_probe(struct sl_span in)
{
	static const char *const methods[] = { "INVITE ", "ACK ", "BYE ", "CANCEL ", "REGISTER ",
		"OPTIONS ", "PRACK ", "SUBSCRIBE ", "NOTIFY ", "PUBLISH ", "INFO ", "REFER ",
		"MESSAGE ", "UPDATE " };
	enum sl_probe said = mail_probe_any(in, methods, sizeof(methods) / sizeof(methods[0]));
	if (said != SL_PROBE_YES)
		return said;
	if (memchr(in.p, '\n', in.len) == NULL)
		return in.len < MAIL_LINE_MAX ? SL_PROBE_MORE : SL_PROBE_NO;
	return is_start(in) ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe start_probe(struct sl_span in)
{
	in = sl_span_from(in, blank_len(in));
	if (in.len == 0)
		return SL_PROBE_NO;
	enum sl_probe said = mail_probe(in, "SIP/2.0 ");
	return said != SL_PROBE_NO ? said : request_probe(in);
}

static enum sl_probe sip_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	enum sl_probe said = start_probe(p->bytes);
	(void)sport;
	(void)dport;
	return p->datagram && said == SL_PROBE_MORE ? SL_PROBE_NO : said;
}

static bool sip_begins(uint8_t first)
{
	return first == '\r' || first == '\n' || start_probe(sl_span(&first, 1)) != SL_PROBE_NO;
}

/* ---- Addresses ---- */

/* The next of values that commas part, outside of quotes and brackets (RFC 3261 7.3.1). */
static struct sl_span value_next(struct sl_span *rest)
{
	bool quoted = false, bracket = false;
	size_t n = 0;
	for (; n < rest->len; n++) {
		uint8_t c = rest->p[n];
		if (quoted && c == '\\')
			n++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == '>'))
			bracket = c == '<';
		else if (c == ',' && !quoted && !bracket)
			break;
	}
	n = n < rest->len ? n : rest->len;
	struct sl_span value = sl_span(rest->p, n);
	*rest = sl_span_from(*rest, n + 1 < rest->len ? n + 1 : rest->len);
	return mail_trim(value);
}

/* Without the parameters behind its host, which a user may have as well (RFC 3261 19.1.1). */
static struct sl_span uri_bare(struct sl_span in)
{
	const uint8_t *at = in.len > 0 ? memchr(in.p, '@', in.len) : NULL;
	size_t n = at != NULL ? (size_t)(at - in.p) : 0;
	while (n < in.len && in.p[n] != ';' && in.p[n] != '?' && in.p[n] != '>')
		n++;
	return sl_span(in.p, n);
}

/* Where a text in quotes ends that the value begins with; 0: it begins with none. */
static size_t quoted_len(struct sl_span value)
{
	for (size_t n = 1; value.len > 0 && value.p[0] == '"' && n < value.len; n++) {
		if (value.p[n] == '"')
			return n + 1;
		if (value.p[n] == '\\')
			n++;
	}
	return 0;
}

/* A name to show may stand before it, then it is in brackets (RFC 3261 20.10). */
static struct sl_span uri_of(struct sl_span value)
{
	struct sl_span rest = sl_span_from(value, quoted_len(value));
	const uint8_t *open = rest.len > 0 ? memchr(rest.p, '<', rest.len) : NULL;
	size_t n = open != NULL ? (size_t)(open - rest.p) + 1 : 0;
	return mail_trim(uri_bare(mail_trim(sl_span_from(rest, n))));
}

static struct sl_span host_of(struct sl_span uri)
{
	size_t scheme = mail_begins(uri, "sip:") ? 4 : mail_begins(uri, "sips:") ? 5 : 0;
	return scheme > 0 ? sl_span_from(uri_bare(uri), scheme) : sl_span(uri.p, 0);
}

/* Without user and port. */
static struct sl_span host_bare(struct sl_span in)
{
	const uint8_t *at = in.len > 0 ? memrchr(in.p, '@', in.len) : NULL;
	in = mail_trim(sl_span_from(in, at != NULL ? (size_t)(at - in.p) + 1 : 0));
	bool bracket = in.len > 0 && in.p[0] == '[';
	const uint8_t *end = in.len > 0 ? memchr(in.p, bracket ? ']' : ':', in.len) : NULL;
	if (end != NULL)
		in.len = (size_t)(end - in.p) + bracket;
	return mail_trim(in);
}

/* ---- Saying. False: the batch is full. ---- */

static bool say_host(struct telling *t, struct sl_span host)
{
	uint8_t norm[SL_VALUE_MAX];
	if (t->part)
		return true;
	host = host_bare(host);
	for (unsigned i = 0; i < t->hosts; i++)
		if (sl_span_eq(t->host[i], host))
			return true;
	t->part |= t->hosts == HOSTS_MAX;
	if (t->hosts == HOSTS_MAX)
		return true;
	t->host[t->hosts++] = host;
	if (!say_needs(&t->say, SL_WHERE_SIP_HOST))
		return true;
	return say_raw(&t->say, SL_WHERE_SIP_HOST,
		sl_span(norm, host.len > 0 ? sl_norm_host(host, norm, sizeof(norm)) : 0));
}

static bool say_uri(struct telling *t, enum sl_where w, struct sl_span uri)
{
	return say_plain(&t->say, w, uri) && say_host(t, host_of(uri));
}

static bool say_contacts(struct telling *t, struct sl_span rest)
{
	while (rest.len > 0)
		if (!say_host(t, host_of(uri_of(value_next(&rest)))))
			return false;
	return true;
}

/* Protocol, version and transport, the sender, parameters (RFC 3261 20.42). */
static bool say_vias(struct telling *t, struct sl_span rest)
{
	while (rest.len > 0) {
		struct sl_span via = uri_bare(value_next(&rest));
		const uint8_t *slash = via.p != NULL ? memrchr(via.p, '/', via.len) : NULL;
		via = sl_span_from(via, slash != NULL ? (size_t)(slash - via.p) + 1 : 0);
		(void)mail_word(&via);
		if (!say_host(t, via))
			return false;
	}
	return true;
}

static bool is_name(struct sl_span name, const char *full, const char *compact)
{
	return mail_is(name, full) || (compact != NULL && mail_is(name, compact));
}

static bool say_header(struct telling *t, struct sl_span name, struct sl_span value)
{
	if (is_name(name, "From", "f"))
		return say_uri(t, SL_WHERE_SIP_FROM, uri_of(value));
	if (is_name(name, "To", "t"))
		return say_uri(t, SL_WHERE_SIP_TO, uri_of(value));
	if (is_name(name, "Contact", "m"))
		return say_contacts(t, value);
	if (is_name(name, "Via", "v"))
		return say_vias(t, value);
	if (is_name(name, "User-Agent", NULL))
		return say_plain(&t->say, SL_WHERE_SIP_USER_AGENT, value);
	return true;
}

/* The next header line with those that continue it; false: there is none. */
static bool header_next(struct sl_span *rest, struct sl_span *name, struct sl_span *value)
{
	struct sl_span line = line_next(rest);
	while (line.len > 0 && rest->len > 0 && mail_blank(rest->p[0])) {
		struct sl_span more = line_next(rest);
		line.len = (size_t)(more.p + more.len - line.p);
	}
	const uint8_t *colon = line.len > 0 ? memchr(line.p, ':', line.len) : NULL;
	size_t n = colon != NULL ? (size_t)(colon - line.p) : line.len;
	*name = mail_trim(sl_span(line.p, n));
	*value = mail_trim(sl_span_from(line, colon != NULL ? n + 1 : n));
	return line.len > 0;
}

static bool say_head(struct sip *s, enum sl_dir dir, struct sl_batch *b, struct sl_span head)
{
	if (s->message == 0)
		s->message = sl_batch_next_message(b);
	struct telling t = {
		.say = { .b = b, .message = s->message, .dir = dir, .said = &s->said }
	};
	struct sl_span name, value, first = line_next(&head);
	if (!mail_begins(first, "SIP/")) {
		(void)mail_word(&first);
		if (!say_uri(&t, SL_WHERE_SIP_URI, mail_word(&first)))
			return false;
	}
	while (header_next(&head, &name, &value))
		if (!say_header(&t, name, value))
			return false;
	if (!sl_batch_close(b, dir, s->message))
		return false;
	if (t.part)
		parser_count_part(b);
	s->message = 0;
	s->said = 0;
	return true;
}

static uint64_t body_of(struct sl_span head)
{
	struct sl_span name, value;
	uint64_t n = 0;
	(void)line_next(&head);
	while (header_next(&head, &name, &value)) {
		if (!is_name(name, "Content-Length", "l"))
			continue;
		for (size_t i = 0; i < value.len && i < 12; i++) {
			if (value.p[i] < '0' || value.p[i] > '9')
				break;
			n = n * 10 + (uint64_t)(value.p[i] - '0');
		}
		return n;
	}
	return 0;
}

/* ---- Pieces ---- */

/* No head, one without an end, or no memory for it: what follows in the piece can't be placed. */
static enum sl_verdict lose(struct side *d, struct sl_batch *b, struct sl_span in, size_t *used)
{
	parser_count_part(b);
	gather_drop(&d->held, b);
	place_lose(&d->place);
	*used = in.len;
	return place_pass(&d->place, PLACE_PIECES);
}

/* One step over the stream; *used of `in`. */
static enum sl_verdict step(
	struct sip *s, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct side *d = &s->side[dir];
	bool held = d->held.have > 0;
	*used = 0;
	if (d->body > 0) {
		*used = d->body < in.len ? (size_t)d->body : in.len;
		d->body -= *used;
		return SL_MORE;
	}
	if (!held && (*used = blank_len(in)) > 0)
		return SL_MORE;
	if (!held)
		d->line = HTTP_LINE_BEGIN;
	if (!d->whole) {
		bool whole = http_empty_line(&d->line, in, used);
		if ((held || !whole) && !gather_all(&d->held, b, sl_span(in.p, *used), HEAD_MAX))
			return lose(d, b, in, used);
		if (!whole)
			return SL_MORE;
	}
	struct sl_span head = d->held.have > 0 ? gather_bytes(&d->held) : sl_span(in.p, *used);
	if (!is_start(head))
		return lose(d, b, in, used);
	d->whole = d->held.have > 0;
	if (!say_head(s, dir, b, head)) {
		*used = d->whole ? *used : 0;
		return SL_FULL;
	}
	d->body = body_of(head);
	d->whole = false;
	d->place.lost = 0;
	gather_drop(&d->held, b);
	return SL_MORE;
}

static enum sl_verdict feed_stream(
	struct sip *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *d = &s->side[p->dir];
	bool inside = d->held.have > 0 || d->body > 0;
	if (d->place.lost > 0 && !inside && !is_start(p->bytes)) {
		*consumed = p->bytes.len;
		return place_pass(&d->place, PLACE_PIECES);
	}
	while (*consumed < p->bytes.len || d->whole) {
		size_t used;
		enum sl_verdict v = step(s, p->dir, sl_span_from(p->bytes, *consumed), b, &used);
		*consumed += used;
		if (v != SL_MORE)
			return v;
	}
	return SL_MORE;
}

/* A gap inside of a body loses nothing. */
static void feed_gap(struct side *d, uint64_t bytes, struct sl_batch *b)
{
	bool inside = d->held.have == 0 && bytes > 0 && bytes <= d->body;
	d->body = inside ? d->body - bytes : 0;
	if (d->held.have > 0)
		parser_count_part(b);
	gather_drop(&d->held, b);
	if (!inside)
		place_lose(&d->place);
}

/* What keeps a NAT open between messages: STUN (RFC 5626 4.4.2, RFC 8489 5), or zeros. */
static bool is_keepalive(struct sl_span in)
{
	static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 }, zeros[4];
	if (in.len <= sizeof(zeros))
		return memcmp(in.p, zeros, in.len) == 0;
	return in.len >= STUN_HEAD && in.p[0] < 2 && memcmp(in.p + 4, cookie, sizeof(cookie)) == 0;
}

static enum sl_verdict feed_datagram(
	struct sip *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct sl_span in = sl_span_from(p->bytes, blank_len(p->bytes));
	enum http_line line = HTTP_LINE_BEGIN;
	size_t n = 0;
	*consumed = p->bytes.len;
	if (in.len == 0 || is_keepalive(in))
		return SL_MORE;
	if (!is_start(in)) {
		parser_count_part(b);
		return SL_MORE;
	}
	bool whole = http_empty_line(&line, in, &n);
	if (!say_head(s, p->dir, b, sl_span(in.p, n))) {
		*consumed = 0;
		return SL_FULL;
	}
	if (!whole)
		parser_count_part(b);
	return SL_MORE;
}

static enum sl_verdict sip_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct sip *s = state;
	enum sl_verdict v = SL_DONE;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP) {
		feed_gap(&s->side[p->dir], p->gap_bytes, b);
		return SL_MORE;
	}
	if (p->kind == SL_PIECE_BYTES)
		v = p->datagram ? feed_datagram(s, p, b, consumed) : feed_stream(s, p, b, consumed);
	if (v == SL_DONE && s->side[p->dir].held.have > 0)
		parser_count_part(b);
	if (v == SL_DONE || v == SL_BAD)
		gather_drop(&s->side[p->dir].held, b);
	return v;
}

const struct sl_parser sl_parser_sip = {
	.name = "sip",
	.state_bytes = sizeof(struct sip),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = sip_probe,
	.begins = sip_begins,
	.feed = sip_feed,
};
