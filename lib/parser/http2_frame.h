/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_frame.h - the frame of HTTP/2 (RFC 9113 4 and 6), and what a run of frames looks like. */
#ifndef PARSER_HTTP2_FRAME_H
#define PARSER_HTTP2_FRAME_H

#include <sightline/parser.h>

enum http2_type {
	HTTP2_DATA,
	HTTP2_HEADERS,
	HTTP2_PRIORITY,
	HTTP2_RST_STREAM,
	HTTP2_SETTINGS,
	HTTP2_PUSH_PROMISE,
	HTTP2_PING,
	HTTP2_GOAWAY,
	HTTP2_WINDOW_UPDATE,
	HTTP2_CONTINUATION,
	HTTP2_TYPES
};

enum {
	HTTP2_END_STREAM = 0x1,
	HTTP2_ACK = 0x1,
	HTTP2_END_HEADERS = 0x4,
	HTTP2_PADDED = 0x8,
	HTTP2_WITH_PRIORITY = 0x20
};

#define HTTP2_FRAME_HEAD 9
#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HTTP2_PREFACE_LEN 24

struct http2_frame {
	uint32_t len; /* of the payload */
	uint32_t stream;
	uint8_t type, flags;
	bool reserved; /* the bit that is ignored */
};

struct http2_frame http2_frame_read(const uint8_t head[HTTP2_FRAME_HEAD]);
/* False: an error of the connection, after which no peer reads on. */
bool http2_frame_is_sound(const struct http2_frame *f);
/* Sound, and nothing unusual: what counts as a frame where nobody knows if one begins. */
bool http2_frame_is_likely(const struct http2_frame *f);
/* Bytes in front of the content: length of padding, priority, promised stream. */
unsigned http2_frame_prefix(const struct http2_frame *f);

/* As much of a preface as nobody else says: its first line. */
static inline bool http2_preface_begins(struct sl_span in)
{
	return in.len >= 16 && memcmp(in.p, HTTP2_PREFACE, 16) == 0;
}
/* A preface, the SETTINGS that a server begins with, or frames in the middle of a connection. */
enum sl_probe http2_frames_probe(struct sl_span in);
/* A likely frame begins here, and another behind it as far as can be seen. */
bool http2_frames_begin(struct sl_span in);

#endif
