/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_head.c - what is kept of a header block while it comes in, and the head that it makes.
 * Worker; pure; bounded: what a few bytes of a block refer to again and again is kept up to a limit
 * and not copied behind it. */
#include "http2_head.h"
#include "parsers.h"
#include <sightline/hot.h>

#define KEPT_MAX 32768 /* of one block, as of a head of HTTP/1 */
#define VALUE_HEAD 3 /* in front of each value kept: which it is, and its length */

enum field {
	METHOD,
	PATH,
	SCHEME,
	AUTHORITY,
	STATUS,
	HOST,
	USER_AGENT,
	REFERER,
	COOKIE,
	FORWARDED,
	SERVER,
	LOCATION,
	MEDIA_TYPE,
	CODING,
	DISPOSITION,
	FIELDS
};

/* Names are in lower case on the wire (RFC 9113 8.2.1): another spelling is another name. */
static const char *const names[FIELDS] = {
	[METHOD] = ":method",
	[PATH] = ":path",
	[SCHEME] = ":scheme",
	[AUTHORITY] = ":authority",
	[STATUS] = ":status",
	[HOST] = "host",
	[USER_AGENT] = "user-agent",
	[REFERER] = "referer",
	[COOKIE] = "cookie",
	[FORWARDED] = "x-forwarded-for",
	[SERVER] = "server",
	[LOCATION] = "location",
	[MEDIA_TYPE] = "content-type",
	[CODING] = "content-encoding",
	[DISPOSITION] = "content-disposition",
};

static enum field field_of(struct sl_span name)
{
	unsigned i = 0;
	while (i < FIELDS && !sl_span_eq(name, sl_span_str(names[i])))
		i++;
	return (enum field)i;
}

/* The block has more than is kept; counted once for each. */
static void block_over(struct http2_block *k, struct sl_batch *b)
{
	if (!k->over && b->counters != NULL)
		sl_count(b->counters, SL_C_HTTP2_HEADERS_OVER, 1);
	k->over = true;
}

void http2_block_add(struct http2_block *k, struct sl_batch *b, const struct hpack_field *f)
{
	enum field id = field_of(f->name);
	struct sl_span value = f->value;
	if (id == FIELDS || k->over)
		return;
	size_t room = KEPT_MAX - (size_t)k->kept.have;
	if (room <= VALUE_HEAD) {
		block_over(k, b);
		return;
	}
	bool cut = value.len > room - VALUE_HEAD;
	if (cut)
		value.len = room - VALUE_HEAD;
	uint8_t head[VALUE_HEAD] = { (uint8_t)id, (uint8_t)(value.len >> 8), (uint8_t)value.len };
	uint16_t had = k->kept.have;
	if (!gather_all(&k->kept, b, sl_span(head, VALUE_HEAD), KEPT_MAX) ||
		!gather_all(&k->kept, b, value, KEPT_MAX)) {
		k->kept.have = had;
		cut = true;
	}
	if (cut)
		block_over(k, b);
}

void http2_block_drop(struct http2_block *k, struct sl_batch *b)
{
	gather_drop(&k->kept, b);
	k->over = false;
}

static void put(struct http_field *f, struct sl_span value)
{
	if (!f->seen)
		f->first = value;
	f->last = value;
	f->seen = true;
}

/* RFC 9113 8.2.3: crumbs are put together with "; ". Longer than any value is cut. */
static void put_cookie(struct http_field *f, uint8_t cookie[HTTP_FLAT_MAX], struct sl_span crumb)
{
	size_t at = f->first.len, room = HTTP_FLAT_MAX - at;
	if (f->seen && room > 2) {
		cookie[at++] = ';';
		cookie[at++] = ' ';
		room -= 2;
	}
	size_t n = crumb.len < room ? crumb.len : room;
	if (n)
		memcpy(cookie + at, crumb.p, n);
	f->seen = true;
	f->first = f->last = sl_span(cookie, at + n);
}

static uint16_t status_of(struct sl_span v)
{
	uint16_t n = 0;
	if (v.len != 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		n = (uint16_t)(n * 10 + (v.p[i] - '0'));
	}
	return n;
}

static void read_pseudo(struct http2_head *h, enum field id, struct sl_span v)
{
	if (id == METHOD) {
		h->request = true;
		h->http.method = v;
	} else if (id == PATH)
		h->path = v;
	else if (id == SCHEME)
		h->scheme = v;
	else if (id == AUTHORITY)
		h->authority = v;
	else {
		h->response = true;
		h->http.status = status_of(v);
	}
}

static void read_value(
	struct http2_head *h, uint8_t cookie[HTTP_FLAT_MAX], enum field id, struct sl_span v)
{
	static const size_t at[FIELDS] = {
		[HOST] = offsetof(struct http_head, host),
		[USER_AGENT] = offsetof(struct http_head, user_agent),
		[REFERER] = offsetof(struct http_head, referer),
		[FORWARDED] = offsetof(struct http_head, forwarded),
		[SERVER] = offsetof(struct http_head, server),
		[LOCATION] = offsetof(struct http_head, location),
		[MEDIA_TYPE] = offsetof(struct http_head, type),
		[CODING] = offsetof(struct http_head, encoding),
		[DISPOSITION] = offsetof(struct http_head, disposition),
	};
	if (id < HOST)
		read_pseudo(h, id, v);
	else if (id == COOKIE)
		put_cookie(&h->http.cookie, cookie, v);
	else
		put((struct http_field *)((uint8_t *)&h->http + at[id]), v);
}

/* RFC 9113 8.3.1: :authority is what HTTP/1 has Host for; one that stands beside it may differ. */
static void read_target(struct http2_head *h)
{
	static const uint8_t slash[] = "/";
	struct http_field *host = &h->http.host;
	h->http.scheme = h->scheme;
	h->http.target = h->path.len ? h->path : sl_span(slash, 0);
	if (h->authority.len == 0)
		return;
	if (sl_span_eq(h->http.method, sl_span_str("CONNECT")) && h->path.len == 0)
		h->http.target = h->authority; /* RFC 9113 8.5 */
	if (!host->seen)
		host->first = h->authority;
	host->last = h->authority;
	host->seen = true;
}

void http2_head_read(
	const struct http2_block *k, uint8_t cookie[HTTP_FLAT_MAX], struct http2_head *out)
{
	struct sl_rd r = sl_rd(gather_bytes(&k->kept));
	*out = (struct http2_head){ .request = false };
	while (sl_rd_left(&r) >= VALUE_HEAD) {
		enum field id = (enum field)sl_rd8(&r);
		size_t n = sl_rd16(&r);
		struct sl_span v = sl_rd_take(&r, n);
		if (r.bad || id >= FIELDS)
			break;
		read_value(out, cookie, id, v);
	}
	out->response &= !out->request;
	out->http.response = out->response;
	out->http.complete = true;
	if (out->request)
		read_target(out);
}

bool http2_head_is_interim(const struct http2_head *h)
{
	return h->response && h->http.status / 100 == 1;
}
