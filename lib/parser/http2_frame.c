/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_frame.c - heads of HTTP/2 frames, and by what they are known. Worker; pure. */
#include "http2_frame.h"
#include <sightline/hot.h>

#define LIKELY_LEN 16384 /* nobody sends more unless allowed (RFC 9113 4.2) */
#define LIKELY_SETTINGS 192 /* 32 of them */
#define LIKELY_SETTING 0x10 /* identifiers known to IANA end below that */

struct http2_frame http2_frame_read(const uint8_t head[HTTP2_FRAME_HEAD])
{
	struct sl_rd r = sl_rd(sl_span(head, HTTP2_FRAME_HEAD));
	struct http2_frame f = { .len = sl_rd24(&r), .type = sl_rd8(&r), .flags = sl_rd8(&r) };
	uint32_t stream = sl_rd32(&r);
	f.stream = stream & 0x7fffffff;
	f.reserved = stream >> 31;
	return f;
}

/* RFC 9113 6.1 to 6.10. A PRIORITY of another size is an error of its stream alone. */
bool http2_frame_is_sound(const struct http2_frame *f)
{
	switch ((enum http2_type)f->type) {
	case HTTP2_DATA:
	case HTTP2_HEADERS:
	case HTTP2_PRIORITY:
	case HTTP2_PUSH_PROMISE:
	case HTTP2_CONTINUATION:
		return f->stream != 0;
	case HTTP2_RST_STREAM:
		return f->stream != 0 && f->len == 4;
	case HTTP2_SETTINGS:
		return f->stream == 0 && f->len % 6 == 0 &&
		       (f->len == 0 || !(f->flags & HTTP2_ACK));
	case HTTP2_PING:
		return f->stream == 0 && f->len == 8;
	case HTTP2_GOAWAY:
		return f->stream == 0 && f->len >= 8;
	case HTTP2_WINDOW_UPDATE:
		return f->len == 4;
	case HTTP2_TYPES:
		break;
	}
	return true; /* unknown types are passed over (RFC 9113 4.1) */
}

bool http2_frame_is_likely(const struct http2_frame *f)
{
	static const uint8_t flags[HTTP2_TYPES] = {
		[HTTP2_DATA] = HTTP2_END_STREAM | HTTP2_PADDED,
		[HTTP2_HEADERS] =
			HTTP2_END_STREAM | HTTP2_END_HEADERS | HTTP2_PADDED | HTTP2_WITH_PRIORITY,
		[HTTP2_SETTINGS] = HTTP2_ACK,
		[HTTP2_PUSH_PROMISE] = HTTP2_END_HEADERS | HTTP2_PADDED,
		[HTTP2_PING] = HTTP2_ACK,
		[HTTP2_CONTINUATION] = HTTP2_END_HEADERS,
	};
	return f->type < HTTP2_TYPES && (f->flags & ~flags[f->type]) == 0 && !f->reserved &&
	       f->len <= LIKELY_LEN && http2_frame_is_sound(f) && f->len >= http2_frame_prefix(f) &&
	       (f->type != HTTP2_PRIORITY || f->len == 5);
}

unsigned http2_frame_prefix(const struct http2_frame *f)
{
	unsigned pad = f->flags & HTTP2_PADDED ? 1 : 0;
	if (f->type == HTTP2_DATA)
		return pad;
	if (f->type == HTTP2_HEADERS)
		return pad + (f->flags & HTTP2_WITH_PRIORITY ? 5 : 0);
	return f->type == HTTP2_PUSH_PROMISE ? pad + 4 : 0;
}

/* What a server says first (RFC 9113 3.4): the mark is its first nine bytes and the number of the
 * first setting. */
static enum sl_probe probe_settings(struct sl_span in)
{
	static const uint8_t zero[4];
	if (in.len && in.p[0] != 0)
		return SL_PROBE_NO;
	if (in.len < HTTP2_FRAME_HEAD)
		return (in.len < 2 || in.p[1] == 0) && (in.len < 4 || in.p[3] == HTTP2_SETTINGS) &&
				       (in.len < 5 || in.p[4] == 0) &&
				       (in.len < 6 || memcmp(in.p + 5, zero, in.len - 5) == 0)
			       ? SL_PROBE_MORE
			       : SL_PROBE_NO;
	struct http2_frame f = http2_frame_read(in.p);
	if (f.type != HTTP2_SETTINGS || f.flags != 0 || !http2_frame_is_likely(&f) ||
		f.len > LIKELY_SETTINGS)
		return SL_PROBE_NO;
	if (f.len == 0)
		return in.len == HTTP2_FRAME_HEAD ||
				       http2_frames_begin(sl_span_from(in, HTTP2_FRAME_HEAD))
			       ? SL_PROBE_YES
			       : SL_PROBE_NO;
	in = sl_span_from(in, HTTP2_FRAME_HEAD);
	if (in.len < 2)
		return SL_PROBE_MORE;
	return in.p[0] == 0 && in.p[1] <= LIKELY_SETTING ? SL_PROBE_YES : SL_PROBE_NO;
}

/* Frames that fill a piece to its last byte, one with headers among them: the middle of a
 * connection. */
static bool probe_middle(struct sl_span in)
{
	bool headers = false;
	unsigned n = 0;
	while (in.len >= HTTP2_FRAME_HEAD) {
		struct http2_frame f = http2_frame_read(in.p);
		if (!http2_frame_is_likely(&f) || f.len > in.len - HTTP2_FRAME_HEAD)
			return false;
		headers |= f.type == HTTP2_HEADERS && (f.flags & HTTP2_END_HEADERS) && f.len > 0;
		in = sl_span_from(in, HTTP2_FRAME_HEAD + f.len);
		n++;
	}
	return headers && n > 0 && in.len == 0;
}

enum sl_probe http2_frames_probe(struct sl_span in)
{
	size_t n = in.len < HTTP2_PREFACE_LEN ? in.len : HTTP2_PREFACE_LEN;
	if (n == 0)
		return SL_PROBE_MORE;
	if (memcmp(in.p, HTTP2_PREFACE, n) == 0)
		return http2_preface_begins(in) ? SL_PROBE_YES : SL_PROBE_MORE;
	enum sl_probe settings = probe_settings(in);
	return settings == SL_PROBE_NO && probe_middle(in) ? SL_PROBE_YES : settings;
}

bool http2_frames_begin(struct sl_span in)
{
	if (in.len < HTTP2_FRAME_HEAD)
		return false;
	struct http2_frame f = http2_frame_read(in.p);
	if (!http2_frame_is_likely(&f))
		return false;
	in = sl_span_from(in, HTTP2_FRAME_HEAD);
	in = sl_span_from(in, f.len);
	if (in.len < HTTP2_FRAME_HEAD)
		return true;
	f = http2_frame_read(in.p);
	return http2_frame_is_likely(&f);
}
