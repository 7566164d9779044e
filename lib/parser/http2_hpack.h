/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_hpack.h - one direction's header compression (RFC 7541) by libnghttp2, on memory of the
 * worker's pool within a budget.
 *
 * A table that begins empty in the middle of a connection is sound: dynamic indices count from the
 * newest entry (RFC 7541 2.3.3), so what was inserted since is found where it is, and what was
 * inserted before is an index that does not exist, never another entry. So a table that was lost (a
 * gap, a malformed block, no memory) is not the end of the direction: the next block begins a new
 * one. For the same reason no SETTINGS_HEADER_TABLE_SIZE is needed: the size that an encoder uses
 * stands in its blocks (RFC 7541 6.3), and the budget is what bounds it. */
#ifndef PARSER_HTTP2_HPACK_H
#define PARSER_HTTP2_HPACK_H

#include <nghttp2/nghttp2.h>

#include <sightline/parser.h>

/* Lies where it was first used until it is dropped: the inflater keeps its address. */
struct hpack {
	nghttp2_hd_inflater *inflater; /* NULL: no table */
	nghttp2_mem mem; /* of the inflater, which keeps its address */
	struct sl_parser_pool *pool;
	uint32_t used; /* bytes of the pool that it holds */
	bool refused; /* it asked for more than it may have, or than there was */
};

enum hpack_result {
	HPACK_FIELD, /* a header, good until the next call */
	HPACK_MORE, /* all of the input is used up */
	HPACK_END, /* and the block is over */
	HPACK_MALFORMED, /* or refers to what was not seen; the table is dropped */
	HPACK_NO_MEMORY, /* the table is dropped */
};

struct hpack_field {
	struct sl_span name, value;
};

/* The next header of a block; takes what it used off *in. last: the block ends with *in. Where it
 * fails the rest of the block can't be read. */
enum hpack_result hpack_next(struct hpack *h, struct sl_batch *b, struct sl_span *in, bool last,
	struct hpack_field *out);
/* Gives everything back; true: there was a table. */
bool hpack_drop(struct hpack *h);

#endif
