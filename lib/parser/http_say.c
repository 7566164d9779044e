/* SPDX-License-Identifier: BSD-3-Clause */
/* http_say.c - what a request or a response of HTTP/1 says. Worker; pure. */
#include <arpa/inet.h>

#include "http_say.h"
#include <sightline/hot.h>

#define HOST_MAX (SL_VALUE_MAX / 4) /* each byte may become an escape of four */
#define URL_RAW_MAX (3 * SL_VALUE_MAX) /* percent-encoding undone, three bytes become one */
#define FORWARDED_MAX 64 /* addresses of a list that are looked at */

enum step {
	METHOD,
	URI,
	HOST_TARGET,
	HOST_FIRST,
	HOST_LAST,
	URL,
	AGENT_FIRST,
	AGENT_LAST,
	REFERER_FIRST,
	REFERER_LAST,
	COOKIE_FIRST,
	COOKIE_LAST,
	FORWARDED_FIRST,
	FORWARDED_LAST,
	REQUEST_STEPS
};
enum { SERVER_FIRST, SERVER_LAST, RESPONSE_STEPS };

struct sl_span http_flat(struct sl_span value, uint8_t flat[HTTP_FLAT_MAX])
{
	if (value.len == 0 || memchr(value.p, '\n', value.len) == NULL)
		return value;
	size_t n = 0;
	for (size_t i = 0; i < value.len && n < HTTP_FLAT_MAX; i++) {
		bool end = value.p[i] == '\r' || value.p[i] == '\n';
		if (!end)
			flat[n++] = value.p[i];
	}
	return sl_span(flat, n);
}

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

/* The host as a name, cut at HOST_MAX where it has no room else. */
static size_t host_name(struct sl_span raw, uint8_t name[SL_VALUE_MAX])
{
	uint8_t flat[HTTP_FLAT_MAX];
	raw = http_flat(raw, flat);
	size_t n = sl_norm_host(raw, name, SL_VALUE_MAX);
	if (n || raw.len <= HOST_MAX)
		return n;
	raw.len = HOST_MAX;
	return sl_norm_host(raw, name, SL_VALUE_MAX);
}

/* Says a host, unless it is the same name as `other`, which is said elsewhere. */
static bool say_host(struct sl_batch *b, enum sl_where where, enum sl_dir dir, uint32_t message,
	struct sl_span raw, struct sl_span other)
{
	uint8_t name[SL_VALUE_MAX], other_name[SL_VALUE_MAX];
	if (raw.len == 0 || !sl_batch_wants(b, where))
		return true;
	size_t n = host_name(raw, name), m = host_name(other, other_name);
	if (sl_span_eq(sl_span(name, n), sl_span(other_name, m)))
		return true;
	if (!sl_batch_add(b, where, dir, message, sl_span(name, n)))
		return false;
	if (raw.len > SL_VALUE_MAX && b->counters != NULL)
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
	uint8_t raw[URL_RAW_MAX], flat[HTTP_FLAT_MAX];
	struct sl_span host = http_flat(h->host.last, flat), target = url_target(h);
	if (!sl_batch_wants(b, SL_WHERE_HTTP_URL) || sl_span_eq(target, sl_span_str("*")) ||
		sl_span_eq(h->method, sl_span_str("CONNECT")))
		return true;
	if (target_authority(h).len)
		return sl_batch_add_raw(b, SL_WHERE_HTTP_URL, dir, message, target, NULL);
	if (host.len == 0)
		return true;
	if (host.len > SL_VALUE_MAX)
		host.len = SL_VALUE_MAX;
	size_t n = put(raw, 0, h->scheme.len ? h->scheme : sl_span_str("http"));
	n = put(raw, n, sl_span_str("://"));
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

static bool say_field(struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message,
	struct sl_span value)
{
	uint8_t flat[HTTP_FLAT_MAX];
	return sl_batch_add_raw(b, w, dir, message, http_flat(value, flat), NULL);
}

static bool is_padding(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"';
}

/* An entry of the list as text, without quotes, brackets and port. */
static bool forwarded_text(struct sl_span s, char text[INET6_ADDRSTRLEN])
{
	while (s.len && is_padding(s.p[0]))
		s = sl_span_from(s, 1);
	while (s.len && is_padding(s.p[s.len - 1]))
		s.len--;
	if (s.len && s.p[0] == '[') {
		s = sl_span_from(s, 1);
		const uint8_t *end = s.len ? memchr(s.p, ']', s.len) : NULL;
		s.len = end ? (size_t)(end - s.p) : 0;
	} else {
		const uint8_t *colon = s.len ? memchr(s.p, ':', s.len) : NULL;
		if (colon != NULL && memchr(s.p, '.', (size_t)(colon - s.p)) != NULL)
			s.len = (size_t)(colon - s.p);
	}
	if (s.len == 0 || s.len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return true;
}

static bool say_forwarded(
	struct sl_batch *b, enum sl_dir dir, uint32_t message, struct sl_span entry)
{
	char text[INET6_ADDRSTRLEN];
	union sl_addr a = { .q = { 0, 0 } };
	if (!forwarded_text(entry, text))
		return true;
	if (inet_pton(AF_INET, text, a.b) == 1)
		return sl_batch_add_addr(b, SL_WHERE_HTTP_XFF, dir, message, &a, 4);
	if (inet_pton(AF_INET6, text, a.b) == 1)
		return sl_batch_add_addr(b, SL_WHERE_HTTP_XFF, dir, message, &a, 6);
	return true;
}

/* Each address of the list; names, "unknown" and what is obfuscated are left out. */
static bool say_list(struct http_say *s, struct sl_batch *b, enum sl_dir dir, struct sl_span list)
{
	for (unsigned i = 0; list.len && i < FORWARDED_MAX; i++) {
		const uint8_t *comma = memchr(list.p, ',', list.len);
		size_t n = comma ? (size_t)(comma - list.p) : list.len;
		if (i >= s->item) {
			if (!say_forwarded(b, dir, s->message, sl_span(list.p, n)))
				return false;
			s->item++;
		}
		list = sl_span_from(list, n + 1);
	}
	s->item = 0;
	return true;
}

/* The host that is asked and the Host that is said may differ, and so may the first Host and the
 * last: all are of interest, each once. */
static bool say_request(
	struct http_say *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b)
{
	uint32_t message = s->message;
	struct sl_span none = sl_span(NULL, 0), host = h->host.last;
	switch ((enum step)s->step) {
	case METHOD:
		return sl_batch_add_raw(b, SL_WHERE_HTTP_METHOD, dir, message, h->method, NULL);
	case URI:
		return sl_batch_add_raw(b, SL_WHERE_HTTP_URI, dir, message, h->target, NULL);
	case HOST_TARGET:
		return say_host(
			b, SL_WHERE_HTTP_TARGET_HOST, dir, message, target_authority(h), host);
	case HOST_FIRST:
		return say_host(
			b, SL_WHERE_HTTP_HOST, dir, message, differing_first(&h->host), host);
	case HOST_LAST:
		return say_host(b, SL_WHERE_HTTP_HOST, dir, message, host, none);
	case URL:
		return say_url(b, dir, message, h);
	case AGENT_FIRST:
		return say_field(
			b, SL_WHERE_HTTP_USER_AGENT, dir, message, differing_first(&h->user_agent));
	case AGENT_LAST:
		return say_field(b, SL_WHERE_HTTP_USER_AGENT, dir, message, h->user_agent.last);
	case REFERER_FIRST:
		return say_field(
			b, SL_WHERE_HTTP_REFERER, dir, message, differing_first(&h->referer));
	case REFERER_LAST:
		return say_field(b, SL_WHERE_HTTP_REFERER, dir, message, h->referer.last);
	case COOKIE_FIRST:
		return say_field(
			b, SL_WHERE_HTTP_COOKIE, dir, message, differing_first(&h->cookie));
	case COOKIE_LAST:
		return say_field(b, SL_WHERE_HTTP_COOKIE, dir, message, h->cookie.last);
	case FORWARDED_FIRST:
		return say_list(s, b, dir, differing_first(&h->forwarded));
	case FORWARDED_LAST:
		return say_list(s, b, dir, h->forwarded.last);
	case REQUEST_STEPS:
		break;
	}
	return true;
}

static bool say_response(
	struct http_say *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b)
{
	struct sl_span v = s->step == SERVER_FIRST ? differing_first(&h->server) : h->server.last;
	return say_field(b, SL_WHERE_HTTP_SERVER, dir, s->message, v);
}

bool http_say(struct http_say *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b)
{
	unsigned steps = h->response ? RESPONSE_STEPS : REQUEST_STEPS;
	uint8_t flags = b->flags;
	bool room = true;
	if (!h->response && target_authority(h).len > 0)
		b->flags |= SL_OBS_PROXIED;
	while (room && s->step < steps) {
		room = (h->response ? say_response : say_request)(s, h, dir, b);
		s->step += room;
	}
	b->flags = flags;
	return room;
}
