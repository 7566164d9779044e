/* SPDX-License-Identifier: BSD-3-Clause */
/* http_head.c - finding and reading heads of HTTP/1, and where lines end. Worker; pure; linear in
 * its input. */
#include <strings.h>

#include "http_head.h"
#include <sightline/hot.h>

#define METHOD_MAX 64 /* longest token that is taken for a method */

/* RFC 9110 5.6.2 */
static bool is_token_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c > ' ' && c < 0x7f && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Line ends are white space where a value is folded. */
static bool is_space(uint8_t c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

static struct sl_span trim(struct sl_span s)
{
	while (s.len && is_space(s.p[0]))
		s = sl_span_from(s, 1);
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* The line at the cursor without its end; false: its end is not there. RFC 9112 2.2 lets LF alone
 * end a line. */
static bool take_line(struct sl_rd *r, struct sl_span *line)
{
	size_t left = sl_rd_left(r);
	const uint8_t *end = left ? memchr(r->p, '\n', left) : NULL;
	if (end == NULL)
		return false;
	*line = sl_span(r->p, (size_t)(end - r->p));
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	r->p = end + 1;
	return true;
}

/* A line of its own is what a CR may stand in alone; what is in it counts as soon as it is more. */
bool http_empty_line(enum http_line *line, struct sl_span in, size_t *used)
{
	size_t at = 0;
	while (at < in.len) {
		const uint8_t *nl = memchr(in.p + at, '\n', in.len - at);
		size_t run = nl ? (size_t)(nl - in.p) - at : in.len - at;
		bool cr = *line == HTTP_LINE_BEGIN && run == 1 && in.p[at] == '\r';
		if (run)
			*line = cr ? HTTP_LINE_CR : HTTP_LINE_MORE;
		at += run + (nl != NULL);
		if (nl == NULL)
			break;
		bool empty = *line != HTTP_LINE_MORE;
		*line = HTTP_LINE_BEGIN;
		if (empty) {
			*used = at;
			return true;
		}
	}
	*used = in.len;
	return false;
}

static size_t token_len(struct sl_span s)
{
	size_t n = 0;
	while (n < s.len && n <= METHOD_MAX && is_token_byte(s.p[n]))
		n++;
	return n;
}

static bool is_known_method(struct sl_span m)
{
	static const char *const known[] = { "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS",
		"CONNECT", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE",
		"LOCK", "UNLOCK", "SEARCH", "REPORT", "SUBSCRIBE", "NOTIFY", "BITS_POST",
		"RPC_IN_DATA", "RPC_OUT_DATA" };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (sl_span_eq(m, sl_span_str(known[i])))
			return true;
	return false;
}

/* "HTTP/1.x" and its like; not HTTP/2's preface. */
static bool is_version(struct sl_span s)
{
	return s.len >= 6 && s.len <= 12 && strncasecmp((const char *)s.p, "HTTP/", 5) == 0 &&
	       (s.p[5] == '0' || s.p[5] == '1');
}

/* Splits "method SP target [SP version]". Spaces inside the target stay in it. False: the line is
 * no request. */
static bool split_request(struct sl_span line, struct sl_span *method, struct sl_span *target)
{
	size_t n = token_len(line);
	if (n == 0 || n > METHOD_MAX || n >= line.len || !is_blank(line.p[n]))
		return false;
	struct sl_span rest = trim(sl_span_from(line, n));
	*method = sl_span(line.p, n);
	size_t at = rest.len;
	while (at && !is_blank(rest.p[at - 1]) && rest.len - at < 13)
		at--;
	if (at && is_blank(rest.p[at - 1]) && is_version(sl_span_from(rest, at))) {
		*target = trim(sl_span(rest.p, at));
		return target->len > 0;
	}
	/* HTTP/0.9, or a client that forgot the version. */
	*target = rest;
	return rest.len && is_known_method(*method) &&
	       (rest.p[0] == '/' ||
		       (rest.len > 7 && strncasecmp((const char *)rest.p, "http://", 7) == 0)) &&
	       memchr(rest.p, ' ', rest.len) == NULL;
}

static bool begins(struct sl_span s, const char *with)
{
	size_t n = strlen(with);
	return memcmp(s.p, with, s.len < n ? s.len : n) == 0;
}

enum http_start http_start(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	struct sl_span line, method, target;
	if (in.len == 0)
		return HTTP_CUT;
	if (begins(in, "HTTP/1.")) /* or its begin */
		return in.len < 7 ? HTTP_CUT : HTTP_RESPONSE;
	size_t n = token_len(in);
	if (n == 0 || n > METHOD_MAX)
		return HTTP_NO;
	if (n == in.len)
		return HTTP_CUT;
	if (!is_blank(in.p[n]))
		return HTTP_NO;
	if (take_line(&r, &line))
		return split_request(line, &method, &target) ? HTTP_REQUEST : HTTP_NO;
	if (!is_known_method(sl_span(in.p, n)))
		return HTTP_CUT;
	/* A well-known method, and a target too long for this segment. */
	in = trim(sl_span_from(in, n));
	return in.len == 0 ? HTTP_CUT : in.p[0] > ' ' && in.p[0] < 0x7f ? HTTP_REQUEST : HTTP_NO;
}

static void field_put(struct http_field *f, struct sl_span value)
{
	if (!f->seen)
		f->first = value;
	f->last = value;
	f->seen = true;
}

static void read_length(struct http_head *h, struct sl_span value, bool again)
{
	uint64_t n = 0;
	while (value.len > 1 && value.p[0] == '0')
		value = sl_span_from(value, 1);
	h->length_bad |= value.len == 0 || value.len > 18;
	for (size_t i = 0; i < value.len && !h->length_bad; i++) {
		h->length_bad = value.p[i] < '0' || value.p[i] > '9';
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	h->length_bad |= again && n != h->body;
	h->body = h->length_bad ? 0 : n;
}

static bool is_name(struct sl_span name, const char *want)
{
	return name.len == strlen(want) && strncasecmp((const char *)name.p, want, name.len) == 0;
}

/* RFC 9112 6.1 wants it last; a server that takes it anywhere reads chunks. */
static bool is_chunked(struct sl_span value)
{
	while (value.len) {
		const uint8_t *comma = memchr(value.p, ',', value.len);
		size_t n = comma ? (size_t)(comma - value.p) : value.len;
		if (is_name(trim(sl_span(value.p, n)), "chunked"))
			return true;
		value = sl_span_from(value, n + 1);
	}
	return false;
}

static struct http_field *field_of(struct http_head *h, struct sl_span name)
{
	static const struct {
		const char *name;
		size_t at;
	} row[] = {
		{ "Host", offsetof(struct http_head, host) },
		{ "User-Agent", offsetof(struct http_head, user_agent) },
		{ "Referer", offsetof(struct http_head, referer) },
		{ "Cookie", offsetof(struct http_head, cookie) },
		{ "X-Forwarded-For", offsetof(struct http_head, forwarded) },
		{ "Server", offsetof(struct http_head, server) },
		{ "Location", offsetof(struct http_head, location) },
		{ "Content-Type", offsetof(struct http_head, type) },
		{ "Content-Encoding", offsetof(struct http_head, encoding) },
		{ "Transfer-Encoding", offsetof(struct http_head, transfer) },
		{ "Content-Disposition", offsetof(struct http_head, disposition) },
		{ "Content-Range", offsetof(struct http_head, range) },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (is_name(name, row[i].name))
			return (struct http_field *)((uint8_t *)h + row[i].at);
	return NULL;
}

/* A header with the lines that it is folded over. */
static void read_field(struct http_head *h, struct sl_span line)
{
	const uint8_t *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	if (colon == NULL)
		return;
	size_t n = (size_t)(colon - line.p);
	struct sl_span name = trim(sl_span(line.p, n)), value = trim(sl_span_from(line, n + 1));
	struct http_field *f = field_of(h, name);
	if (f != NULL)
		field_put(f, value);
	if (f == &h->transfer)
		h->chunked |= is_chunked(value);
	else if (is_name(name, "Upgrade"))
		h->websocket = is_name(value, "websocket");
	else if (is_name(name, "Content-Length")) {
		read_length(h, value, h->length_seen);
		h->length_seen = true;
	}
}

/* RFC 9112 4; a status that is no number is 0. */
static void read_status(struct http_head *h, struct sl_span line)
{
	size_t n = 0;
	while (n < line.len && !is_blank(line.p[n]))
		n++;
	line = trim(sl_span_from(line, n));
	h->response = true;
	for (n = 0; n < line.len && n < 3 && line.p[n] >= '0' && line.p[n] <= '9'; n++)
		h->status = (uint16_t)(h->status * 10 + (line.p[n] - '0'));
	if (n < 3)
		h->status = 0;
}

bool http_head_read(struct sl_span in, struct http_head *h)
{
	struct sl_rd r = sl_rd(in);
	struct sl_span line, field = sl_span(in.p, 0);
	*h = (struct http_head){ .len = in.len };
	if (!take_line(&r, &line))
		return false;
	if (line.len >= 7 && begins(line, "HTTP/1."))
		read_status(h, line);
	else if (!split_request(line, &h->method, &h->target))
		return false;
	while (take_line(&r, &line)) {
		if (line.len && is_blank(line.p[0])) { /* obsolete folding, RFC 9112 5.2 */
			if (field.len)
				field.len = (size_t)(line.p + line.len - field.p);
			continue;
		}
		read_field(h, field);
		field = line;
		if (line.len == 0) {
			h->complete = true;
			h->len = (size_t)(r.p - in.p);
			break;
		}
	}
	read_field(h, field);
	return true;
}

bool http_is_message(struct sl_span type)
{
	static const char *const known[] = { "application/dns-message",
		"application/oblivious-dns-message", "application/grpc" };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i]);
		if (type.len >= n && strncasecmp((const char *)type.p, known[i], n) == 0)
			return true;
	}
	return false;
}
