/* SPDX-License-Identifier: BSD-3-Clause */
/* le.h - little-endian reads through the cursor of span.h, for the protocols that Microsoft made.
 */
#ifndef PARSER_LE_H
#define PARSER_LE_H

#include <sightline/span.h>

static inline uint16_t le16(struct sl_rd *r)
{
	return __builtin_bswap16(sl_rd16(r));
}

static inline uint32_t le32(struct sl_rd *r)
{
	return __builtin_bswap32(sl_rd32(r));
}

static inline uint64_t le64(struct sl_rd *r)
{
	return __builtin_bswap64(sl_rd64(r));
}

/* The part [off, off + len) of a span; empty where it isn't all there. */
static inline struct sl_span le_part(struct sl_span s, size_t off, size_t len)
{
	if (off > s.len || len > s.len - off)
		return sl_span(s.p, 0);
	return sl_span(sl_at(s.p, off), len);
}

#endif
