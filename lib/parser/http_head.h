/* SPDX-License-Identifier: BSD-3-Clause */
/* http_head.h - the head of an HTTP/1 request or response (RFC 9112 2 to 5): its first line and
 * header lines, as far as they are there. */
#ifndef PARSER_HTTP_HEAD_H
#define PARSER_HTTP_HEAD_H

#include <sightline/span.h>

/* A header that should stand once. Where it stands more often, its first and its last value are
 * kept: servers differ in which they take. A folded value holds its line ends. */
struct http_field {
	struct sl_span first, last;
	bool seen;
};

struct http_head {
	struct sl_span method, target; /* of a request */
	struct sl_span scheme; /* of a request of HTTP/2; empty: http */
	struct http_field host, user_agent, referer, cookie, forwarded, server, location;
	struct http_field type, encoding, transfer, disposition, range; /* of the body */
	size_t len; /* of the whole head, with its empty line, or of the input where it is cut */
	uint16_t status; /* of a response; 0: none that can be read */
	bool response;
	bool complete; /* the empty line was there */
	bool websocket; /* Upgrade names it */
	bool chunked; /* the body's length stands in the body */
	bool length_seen; /* a Content-Length is there */
	bool length_bad; /* which is no number, or contradicts another */
	uint64_t body; /* Content-Length; 0 where it is bad */
};

enum http_start { HTTP_NO, HTTP_CUT, HTTP_REQUEST, HTTP_RESPONSE };

/* What the input begins with. HTTP_CUT: it ends before that is known. */
enum http_start http_start(struct sl_span in);
/* Whether it may begin with this byte, empty lines before it too. */
static inline bool http_begins(uint8_t first)
{
	return first == '\r' || first == '\n' || http_start(sl_span(&first, 1)) != HTTP_NO;
}

/* Reads a head. False: the input does not begin with a whole first line. Lines count where their
 * end is there. One pass. */
bool http_head_read(struct sl_span in, struct http_head *h);

/* A place in a run of lines that comes in pieces. */
enum http_line { HTTP_LINE_BEGIN, HTTP_LINE_CR, HTTP_LINE_MORE };
/* A media type whose bodies are messages of a protocol, and no files: DNS over HTTPS (RFC 8484, RFC
 * 9230), gRPC. */
bool http_is_message(struct sl_span type);

/* Looks for the empty line that ends a head or a trailer. True: it is there, *used is behind it;
 * false: *used is all of the input. Each byte is looked at once, however they are cut. */
bool http_empty_line(enum http_line *line, struct sl_span in, size_t *used);

#endif
