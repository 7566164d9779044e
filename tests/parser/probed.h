/* SPDX-License-Identifier: BSD-3-Clause */
/* probed.h - whose the first bytes of a flow are, to a port. */
#ifndef TEST_PARSER_PROBED_H
#define TEST_PARSER_PROBED_H

#include "pieces.h"

#define BYTES(text) (text), sizeof(text) - 1
#define BEGIN (SL_OVER_TCP | SL_OVER_TCP_BEGIN)

/* A parser's name, "more", or "" for nobody's. */
static inline const char *probed(const char *p, size_t len, uint8_t over, uint16_t port)
{
	struct guarded g = guarded_new(p, len);
	struct sl_piece piece = { .bytes = sl_span(g.p, g.len), .datagram = over == SL_OVER_UDP };
	bool more;
	const struct sl_parser *got = sl_parser_probe(&piece, over, 40000, port, &more);
	guarded_free(&g);
	return got != NULL ? got->name : more ? "more" : "";
}

#endif
