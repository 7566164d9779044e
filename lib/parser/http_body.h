/* SPDX-License-Identifier: BSD-3-Clause */
/* http_body.h - the way over what stands between two heads of HTTP/1 (RFC 9112 6 and 7), in pieces
 * of any size. */
#ifndef PARSER_HTTP_BODY_H
#define PARSER_HTTP_BODY_H

#include "http_head.h"

enum http_body_part {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH, /* `left` bytes */
	HTTP_BODY_TO_END, /* of the flow */
	HTTP_BODY_SIZE, /* of a chunk, in hex */
	HTTP_BODY_EXTENSION, /* rest of a chunk's first line */
	HTTP_BODY_CHUNK, /* `left` bytes */
	HTTP_BODY_CHUNK_END, /* the line end behind them */
	HTTP_BODY_TRAILER,
};

struct http_body {
	uint64_t left;
	enum http_body_part part;
	enum http_line line; /* of the trailer */
	uint8_t digits; /* of a chunk's size */
};

/* Bytes of the content itself that stand at the front of len more bytes; 0: framing does. */
size_t http_body_run(const struct http_body *b, size_t len);
/* Goes over body bytes, no further than to where content begins; *used of them. False: these are no
 * chunks. */
bool http_body_skip(struct http_body *b, struct sl_span in, size_t *used);
/* Bytes are missing (0: nobody knows how many). False: what comes next can't be told. */
bool http_body_gap(struct http_body *b, uint64_t bytes);

#endif
