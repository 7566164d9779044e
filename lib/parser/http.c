/* SPDX-License-Identifier: BSD-3-Clause */
/* http.c - requests of HTTP/1 (RFC 9112), each as far as it lies in the segment that it begins in:
 * method, target, host, URL, user agent. Worker. The state is what separates two requests of a
 * direction (bytes of a body to skip), and the step of a request that a full batch stopped. */
#include "http_head.h"
#include "parsers.h"
#include <sightline/hot.h>

#define HOST_MAX (SL_VALUE_MAX / 4) /* each byte may become an escape of four */
#define URL_RAW_MAX (3 * SL_VALUE_MAX) /* percent-encoding undone, three bytes become one */

enum step {
	METHOD,
	URI,
	HOST_TARGET,
	HOST_FIRST,
	HOST_LAST,
	URL,
	AGENT_FIRST,
	AGENT_LAST,
	CLOSE,
	STEPS
};

struct side {
	uint64_t skip; /* bytes of a body that are still to come */
	uint32_t message; /* of the request at hand; 0: none */
	uint8_t step; /* what is to be said of it next */
	bool chunked; /* a chunk's size stands next */
	bool seek; /* lost: look for a request at the start of a piece */
};

struct http {
	struct side side[2];
};

static enum sl_probe http_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	while (in.len && (in.p[0] == '\r' || in.p[0] == '\n'))
		in = sl_span_from(in, 1);
	switch (http_start(in)) {
	case HTTP_REQUEST:
	case HTTP_RESPONSE:
		return SL_PROBE_YES;
	case HTTP_CUT:
		return SL_PROBE_MORE;
	case HTTP_NO:
		break;
	}
	return SL_PROBE_NO;
}

/* ---- What a request says ---- */

/* The authority inside an absolute target or a CONNECT's (RFC 9112 3.2.2, 3.2.3); empty: the target
 * has none. */
static struct sl_span target_authority(const struct http_head *h)
{
	struct sl_span t = h->target;
	if (sl_span_eq(h->method, sl_span_str("CONNECT")) && t.p[0] != '/')
		return t;
	const uint8_t *sep = t.p[0] == '/' ? NULL : memmem(t.p, t.len < 32 ? t.len : 32, "://", 3);
	if (sep == NULL)
		return sl_span(t.p, 0);
	t = sl_span_from(t, (size_t)(sep - t.p) + 3);
	size_t n = 0;
	while (n < t.len && t.p[n] != '/' && t.p[n] != '?' && t.p[n] != '#')
		n++;
	return sl_span(t.p, n);
}

/* The host as a name, cut at HOST_MAX. */
static size_t host_name(struct sl_span raw, uint8_t name[SL_VALUE_MAX])
{
	if (raw.len > HOST_MAX)
		raw.len = HOST_MAX;
	return sl_norm_host(raw, name, SL_VALUE_MAX);
}

/* Says a host, unless it is the same name as `other`, which is said elsewhere. */
static bool say_host(struct sl_batch *b, enum sl_dir dir, uint32_t message, struct sl_span raw,
	struct sl_span other)
{
	uint8_t name[SL_VALUE_MAX], other_name[SL_VALUE_MAX];
	if (raw.len == 0 || !sl_batch_wants(b, SL_WHERE_HTTP_HOST))
		return true;
	size_t n = host_name(raw, name), m = host_name(other, other_name);
	if (sl_span_eq(sl_span(name, n), sl_span(other_name, m)))
		return true;
	if (!sl_batch_add(b, SL_WHERE_HTTP_HOST, dir, message, sl_span(name, n)))
		return false;
	if (raw.len > HOST_MAX && b->counters != NULL)
		sl_count(b->counters, SL_C_OBSERVABLES_CUT, 1);
	return true;
}

static size_t put(uint8_t *out, size_t at, struct sl_span s)
{
	size_t n = s.len < URL_RAW_MAX - at ? s.len : URL_RAW_MAX - at;
	if (n)
		memcpy(out + at, s.p, n);
	return at + n;
}

/* The target up to its first blank: what has one is no URL from there on, and most servers stop
 * there (RFC 9112 3.2). http.uri says all of it. */
static struct sl_span url_target(const struct http_head *h)
{
	size_t n = 0;
	while (n < h->target.len && h->target.p[n] != ' ' && h->target.p[n] != '\t')
		n++;
	return sl_span(h->target.p, n);
}

/* RFC 9112 3.3: the target itself where it is absolute, else built on the Host header. "*" and a
 * CONNECT's authority are no part of a URL. */
static bool say_url(
	struct sl_batch *b, enum sl_dir dir, uint32_t message, const struct http_head *h)
{
	uint8_t raw[URL_RAW_MAX];
	struct sl_span host = h->host.last, target = url_target(h);
	if (!sl_batch_wants(b, SL_WHERE_HTTP_URL) || sl_span_eq(target, sl_span_str("*")) ||
		sl_span_eq(h->method, sl_span_str("CONNECT")))
		return true;
	if (target_authority(h).len)
		return sl_batch_add_raw(b, SL_WHERE_HTTP_URL, dir, message, target, NULL);
	if (host.len == 0)
		return true;
	if (host.len > HOST_MAX)
		host.len = HOST_MAX;
	size_t n = put(raw, 0, sl_span_str("http://"));
	n = put(raw, n, host);
	if (target.p[0] != '/' && target.p[0] != '?')
		n = put(raw, n, sl_span_str("/"));
	n = put(raw, n, target);
	return sl_batch_add_raw(b, SL_WHERE_HTTP_URL, dir, message, sl_span(raw, n), NULL);
}

/* The value that a header had first, where its last one is another. */
static struct sl_span differing_first(const struct http_field *f)
{
	return sl_span_eq(f->first, f->last) ? sl_span(NULL, 0) : f->first;
}

/* The host that is asked and the Host that is said may differ, and so may the first Host and the
 * last: all are of interest, each once. */
static bool say_step(struct sl_batch *b, enum sl_dir dir, uint32_t message,
	const struct http_head *h, enum step step)
{
	struct sl_span none = sl_span(NULL, 0), host = h->host.last;
	switch (step) {
	case METHOD:
		return sl_batch_add(b, SL_WHERE_HTTP_METHOD, dir, message, h->method);
	case URI:
		return sl_batch_add_raw(b, SL_WHERE_HTTP_URI, dir, message, h->target, NULL);
	case HOST_TARGET:
		return say_host(b, dir, message, target_authority(h), host);
	case HOST_FIRST:
		return say_host(b, dir, message, differing_first(&h->host), host);
	case HOST_LAST:
		return say_host(b, dir, message, host, none);
	case URL:
		return say_url(b, dir, message, h);
	case AGENT_FIRST:
		return sl_batch_add_raw(b, SL_WHERE_HTTP_USER_AGENT, dir, message,
			differing_first(&h->user_agent), NULL);
	case AGENT_LAST:
		return sl_batch_add_raw(
			b, SL_WHERE_HTTP_USER_AGENT, dir, message, h->user_agent.last, NULL);
	case CLOSE:
		return sl_batch_close(b, dir, message);
	case STEPS:
		break;
	}
	return true;
}

/* False: the batch is full; s->step says where to go on. */
static bool say_request(
	struct side *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b)
{
	if (s->message == 0) {
		s->message = sl_batch_next_message(b);
		s->step = METHOD;
	}
	while (s->step < STEPS) {
		if (!say_step(b, dir, s->message, h, s->step))
			return false;
		s->step++;
	}
	s->message = 0;
	return true;
}

/* ---- From request to request ---- */

/* A body without a length that can be believed is taken for none: either a request follows, or the
 * next piece that begins with one is waited for. */
static void body_follows(struct side *s, const struct http_head *h)
{
	s->seek = !h->complete;
	s->chunked = h->complete && h->chunked;
	s->skip = h->complete && !h->chunked ? h->body : 0;
}

/* Steps over one chunk (RFC 9112 7.1), or over the last one and its trailer. False: no chunk begins
 * here, or not all of its first line is there. */
static bool skip_chunk(struct side *s, struct sl_span in, size_t *at)
{
	struct sl_span line;
	size_t size = 0;
	if (!http_line(in, at, &line) || !http_chunk_size(line, &size))
		return false;
	s->skip = size + 2;
	if (size)
		return true;
	s->skip = 0;
	s->chunked = false;
	while (http_line(in, at, &line))
		if (line.len == 0)
			break;
	return true;
}

/* Goes over what is no head: the rest of a body, chunks, empty lines before a request (RFC 9112
 * 2.2). */
static size_t skip_between(struct side *s, struct sl_span in)
{
	size_t at = 0;
	do {
		size_t n = s->skip < in.len - at ? (size_t)s->skip : in.len - at;
		s->skip -= n;
		at += n;
		if (s->chunked && at < in.len && !skip_chunk(s, in, &at)) {
			s->chunked = false;
			s->seek = true;
			return in.len;
		}
	} while (at < in.len && (s->chunked || s->skip));
	while (at < in.len && (in.p[at] == '\r' || in.p[at] == '\n'))
		at++;
	return at;
}

static enum sl_verdict feed_bytes(
	struct side *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct http_head h;
	struct sl_span in = p->bytes;
	size_t at = 0;
	for (;;) {
		if (s->message == 0)
			at += skip_between(s, sl_span_from(in, at));
		*consumed = at;
		struct sl_span rest = sl_span_from(in, at);
		if (rest.len == 0)
			return SL_MORE;
		enum http_start start = http_start(rest);
		if (start == HTTP_RESPONSE && at == 0 && !s->seek)
			break;
		if (start != HTTP_REQUEST || !http_head_read(rest, &h)) {
			s->seek = true;
			*consumed = in.len;
			return SL_MORE;
		}
		if (!say_request(s, &h, p->dir, b))
			return SL_FULL;
		if (!h.complete)
			parser_count_part(b);
		at += h.len;
		body_follows(s, &h);
	}
	*consumed = in.len;
	return SL_DONE; /* responses: nothing in them is wanted */
}

static void feed_gap(struct side *s, uint64_t bytes)
{
	if (bytes && bytes <= s->skip)
		s->skip -= bytes;
	else {
		s->skip = 0;
		s->chunked = false;
		s->seek = true;
	}
}

static enum sl_verdict http_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *s = &((struct http *)state)->side[p->dir];
	*consumed = 0;
	switch (p->kind) {
	case SL_PIECE_BYTES:
		return feed_bytes(s, p, b, consumed);
	case SL_PIECE_GAP:
		feed_gap(s, p->gap_bytes);
		return SL_MORE;
	case SL_PIECE_END:
		break;
	}
	return SL_DONE;
}

const struct sl_parser sl_parser_http = {
	.name = "http",
	.state_bytes = sizeof(struct http),
	.over = SL_OVER_TCP,
	.probe = http_probe,
	.feed = http_feed,
};
