/* SPDX-License-Identifier: BSD-3-Clause */
/* http_head.h - the head of an HTTP/1 request (RFC 9112 2 to 5): request line and header lines, as
 * far as they are there. */
#ifndef PARSER_HTTP_HEAD_H
#define PARSER_HTTP_HEAD_H

#include <sightline/span.h>

/* A header that should stand once. Where it stands more often, its first and its last value are
 * kept: servers differ in which they take. */
struct http_field {
	struct sl_span first, last;
	bool seen;
};

struct http_head {
	struct sl_span method, target;
	struct http_field host, user_agent;
	size_t len; /* of the whole head, with its empty line, or of the input where it is cut */
	bool complete; /* the empty line was there */
	bool chunked; /* the body's length stands in the body */
	bool length_bad; /* Content-Length is no number, or contradicts itself */
	uint64_t body; /* Content-Length; 0 where it is bad */
};

enum http_start { HTTP_NO, HTTP_CUT, HTTP_REQUEST, HTTP_RESPONSE };

/* What the input begins with. HTTP_CUT: it ends before that is known. */
enum http_start http_start(struct sl_span in);

/* Reads a request. False: the input does not begin with a whole request line. Lines count where
 * their end is there. One pass. */
bool http_head_read(struct sl_span in, struct http_head *h);

/* The line at in[*at] without its end, and *at behind it. False: its end is not there. */
bool http_line(struct sl_span in, size_t *at, struct sl_span *line);
/* The size that a chunk's first line says. False: it says none that is below 4 GiB. */
bool http_chunk_size(struct sl_span line, size_t *size);

#endif
