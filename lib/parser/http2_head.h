/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_head.h - the headers of one block of HTTP/2 (RFC 9113 8), kept as far as anything is said
 * of them, and read as the head that HTTP/1 has. */
#ifndef PARSER_HTTP2_HEAD_H
#define PARSER_HTTP2_HEAD_H

#include "gather.h"
#include "http_head.h"
#include "http_say.h"
#include "http2_hpack.h"

/* The block that comes in. */
struct http2_block {
	struct gather kept;
	bool over; /* more came than is kept */
};

struct http2_head {
	struct http_head http;
	struct sl_span scheme, authority, path;
	bool request, response; /* neither: a trailer */
};

/* One more header; what is of no interest is passed over. */
void http2_block_add(struct http2_block *k, struct sl_batch *b, const struct hpack_field *f);
void http2_block_drop(struct http2_block *k, struct sl_batch *b);

/* Reads what was kept; `cookie` has room for the crumbs put together (RFC 9113 8.2.3). */
void http2_head_read(
	const struct http2_block *k, uint8_t cookie[HTTP_FLAT_MAX], struct http2_head *out);

/* RFC 9110 15.2: not yet the answer. */
bool http2_head_is_interim(const struct http2_head *h);

#endif
