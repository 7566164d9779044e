/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_streams.h - the streams of one HTTP/2 connection that are open: which message each is, and
 * the files that it carries. Bounded: where one more has no room, the stream with the lowest number
 * is ended, which is counted. */
#ifndef PARSER_HTTP2_STREAMS_H
#define PARSER_HTTP2_STREAMS_H

#include "file/file.h"
#include <sightline/parser.h>

#define HTTP2_STREAMS_MAX 64 /* open at once */

struct http2_stream {
	uint32_t message;
	struct sl_file *file[2]; /* by enum sl_dir */
	bool ended[2];
	bool tunnel; /* asked for by CONNECT: what it carries is no file */
	uint8_t name_len;
	uint8_t *name; /* last segment of the path that was asked for; the pool's, NULL: none */
};

struct http2_streams {
	uint32_t id[HTTP2_STREAMS_MAX]; /* 0: vacant */
	struct http2_stream stream[HTTP2_STREAMS_MAX];
};

/* NULL: not open. */
struct http2_stream *http2_stream_find(struct http2_streams *t, uint32_t id);
/* Where it is, or a new one with the next message of the flow. NULL: the batch is full. */
struct http2_stream *http2_stream_open(
	struct http2_streams *t, uint32_t id, enum sl_dir dir, struct sl_batch *b);
/* The path that was asked for: what a file of the stream is called where nothing else says it. */
void http2_stream_name(struct http2_stream *s, struct sl_batch *b, struct sl_span path);

/* Ends one direction of a stream; once both are, its message is complete and it is gone. whole: the
 * stream said so itself. False: the batch is full; the same call goes on. */
bool http2_stream_end(
	struct http2_streams *t, uint32_t id, enum sl_dir dir, bool whole, struct sl_batch *b);
/* Ends both directions before their time. False as above. */
bool http2_stream_reset(struct http2_streams *t, uint32_t id, enum sl_dir dir, struct sl_batch *b);
bool http2_streams_reset(struct http2_streams *t, enum sl_dir dir, struct sl_batch *b);
/* Bytes of this direction are missing, nobody knows of which streams. */
void http2_streams_gap(struct http2_streams *t, enum sl_dir dir);

#endif
