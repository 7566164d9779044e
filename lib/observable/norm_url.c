/* SPDX-License-Identifier: BSD-3-Clause */
/* norm_url.c - RFC 3986 normal form in one pass over the input. Dot segments are taken back from
 * the output, where each byte is written once and removed at most once, so hostile paths cost no
 * more than plain ones. Pure; on workers and in the readers of intelligence. */
#include "norm.h"
#include <sightline/hot.h>

#define NO_STRAY SIZE_MAX

struct url_out {
	struct norm_out *o;
	size_t stray; /* where the last '%' stands that begins no escape */
};

struct url_parts {
	struct sl_span scheme, user, host, port, path, query;
	bool has_user, has_query;
};

static bool is_alpha(uint8_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_unreserved(uint8_t c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decoded character right behind a stray '%' could make an escape that nobody wrote. */
static bool may_decode(const struct url_out *u)
{
	return u->stray == NO_STRAY || u->o->len - u->stray > 2;
}

/* RFC 3986 6.2.2.1 and 6.2.2.2. Returns how many bytes of s were used. */
static size_t put_unit(struct url_out *u, struct sl_span s, bool lower)
{
	static const char hex[] = "0123456789ABCDEF";
	if (s.p[0] != '%')
		return norm_put_unit(u->o, s, lower);
	int hi = s.len > 2 ? hex_value(s.p[1]) : -1, lo = s.len > 2 ? hex_value(s.p[2]) : -1;
	if (hi < 0 || lo < 0) {
		u->stray = u->o->len;
		norm_put(u->o, '%');
		return 1;
	}
	uint8_t c = (uint8_t)(hi << 4 | lo);
	if (is_unreserved(c) && may_decode(u))
		norm_put(u->o, lower ? norm_lower_byte(c) : c);
	else
		norm_put_bytes(u->o, (char[]){ '%', hex[hi], hex[lo] }, 3);
	return 3;
}

static void put_part(struct url_out *u, struct sl_span in, bool lower)
{
	for (size_t i = 0; i < in.len && !u->o->over;)
		i += put_unit(u, sl_span_from(in, i), lower);
}

/* Takes "." and ".." back (RFC 3986 5.2.4): the segment written last begins at `seg`, the path's
 * first at `root`. Returns where the next segment begins. */
static size_t end_segment(struct url_out *u, size_t root, size_t seg)
{
	struct norm_out *o = u->o;
	size_t n = o->len - seg;
	bool dots = n > 0 && n <= 2 && o->p[seg] == '.' && o->p[o->len - 1] == '.';
	if (!dots)
		return o->len;
	o->len = seg;
	if (n == 2 && seg > root) {
		o->len--;
		while (o->p[o->len - 1] != '/')
			o->len--;
	}
	if (u->stray != NO_STRAY && u->stray >= o->len)
		u->stray = NO_STRAY;
	return o->len;
}

static void put_path(struct url_out *u, struct sl_span path)
{
	struct norm_out *o = u->o;
	norm_put(o, '/');
	size_t root = o->len, seg = root;
	for (size_t i = 1; i < path.len && !o->over;) {
		if (path.p[i] != '/') {
			i += put_unit(u, sl_span_from(path, i), false);
			continue;
		}
		size_t end = o->len;
		seg = end_segment(u, root, seg);
		if (seg == end) {
			norm_put(o, '/');
			seg = o->len;
		}
		i++;
	}
	if (!o->over)
		(void)end_segment(u, root, seg);
}

static bool split_scheme(struct sl_span in, struct url_parts *u, size_t *rest)
{
	size_t n = 0;
	while (n < in.len &&
		(is_alpha(in.p[n]) || (n && (is_digit(in.p[n]) || in.p[n] == '+' ||
						    in.p[n] == '-' || in.p[n] == '.'))))
		n++;
	if (n == 0 || in.len - n < 3 || memcmp(in.p + n, "://", 3) != 0)
		return false;
	u->scheme = sl_span(in.p, n);
	*rest = n + 3;
	return true;
}

/* The port is what follows the last colon, where it is digits or nothing, and the host before it
 * holds no colon of its own outside brackets. */
static void split_port(struct url_parts *u)
{
	struct sl_span h = u->host;
	const uint8_t *colon = h.len ? memrchr(h.p, ':', h.len) : NULL;
	if (colon == NULL)
		return;
	size_t n = (size_t)(colon - h.p);
	bool bracketed = n > 1 && h.p[0] == '[' && h.p[n - 1] == ']';
	if (!bracketed && memchr(h.p, ':', n) != NULL)
		return;
	for (size_t i = n + 1; i < h.len; i++)
		if (!is_digit(h.p[i]))
			return;
	u->port = sl_span_from(h, n + 1);
	u->host.len = n;
}

static bool split(struct sl_span in, struct url_parts *u)
{
	const uint8_t *hash = in.len ? memchr(in.p, '#', in.len) : NULL;
	if (hash != NULL)
		in.len = (size_t)(hash - in.p);
	size_t at = 0;
	if (!split_scheme(in, u, &at))
		return false;
	size_t end = at;
	while (end < in.len && in.p[end] != '/' && in.p[end] != '?')
		end++;
	struct sl_span authority = sl_span(in.p + at, end - at), rest = sl_span_from(in, end);
	const uint8_t *user = authority.len ? memrchr(authority.p, '@', authority.len) : NULL;
	u->has_user = user != NULL;
	if (u->has_user)
		u->user = sl_span(authority.p, (size_t)(user - authority.p));
	u->host = sl_span_from(authority, u->has_user ? u->user.len + 1 : 0);
	split_port(u);
	const uint8_t *mark = rest.len ? memchr(rest.p, '?', rest.len) : NULL;
	u->has_query = mark != NULL;
	u->path = u->has_query ? sl_span(rest.p, (size_t)(mark - rest.p)) : rest;
	if (u->has_query)
		u->query = sl_span_from(rest, u->path.len + 1);
	return true;
}

/* RFC 3986 6.2.3: the scheme's own port says nothing. */
static bool is_default_port(const struct norm_out *o, size_t scheme_len, struct sl_span port)
{
	static const struct {
		const char *scheme, *port;
	} row[] = { { "http", "80" }, { "https", "443" }, { "ftp", "21" }, { "ws", "80" },
		{ "wss", "443" } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (sl_span_eq(sl_span(o->p, scheme_len), sl_span_str(row[i].scheme)) &&
			sl_span_eq(port, sl_span_str(row[i].port)))
			return true;
	return false;
}

/* A colon that begins neither a port nor stands in brackets: no host of RFC 3986, so it stays as on
 * the wire. Undoing an escape behind it could make a port that nobody wrote. */
static bool is_odd_host(struct sl_span h)
{
	bool bracketed = h.len > 1 && h.p[0] == '[' && h.p[h.len - 1] == ']';
	return h.len && !bracketed && memchr(h.p, ':', h.len) != NULL;
}

static void put_host(struct url_out *u, struct sl_span host)
{
	if (!is_odd_host(host)) {
		put_part(u, host, true);
		return;
	}
	for (size_t i = 0; i < host.len && !u->o->over;)
		i += norm_put_unit(u->o, sl_span_from(host, i), true);
}

static bool put_authority(struct url_out *u, const struct url_parts *parts)
{
	struct norm_out *o = u->o;
	if (parts->has_user) {
		put_part(u, parts->user, false);
		norm_put(o, '@');
	}
	size_t start = o->len;
	u->stray = NO_STRAY;
	put_host(u, parts->host);
	if (parts->host.len && memchr(parts->host.p, ':', parts->host.len) == NULL)
		while (o->len > start && o->p[o->len - 1] == '.')
			o->len--;
	if (o->len == start && !o->over)
		return false;
	if (!o->over && parts->port.len && !is_default_port(o, parts->scheme.len, parts->port)) {
		norm_put(o, ':');
		norm_put_bytes(o, parts->port.p, parts->port.len);
	}
	return true;
}

bool norm_url(struct norm_out *o, struct sl_span in)
{
	struct url_parts parts = { .has_user = false };
	struct url_out u = { o, NO_STRAY };
	size_t start = o->len;
	if (!split(in, &parts))
		return false;
	for (size_t i = 0; i < parts.scheme.len; i++)
		norm_put(o, norm_lower_byte(parts.scheme.p[i]));
	norm_put_bytes(o, "://", 3);
	if (!put_authority(&u, &parts)) {
		o->len = start;
		return false;
	}
	u.stray = NO_STRAY;
	put_path(&u, parts.path);
	if (parts.has_query) {
		u.stray = NO_STRAY;
		norm_put(o, '?');
		put_part(&u, parts.query, false);
	}
	return true;
}
