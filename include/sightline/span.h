/* SPDX-License-Identifier: BSD-3-Clause */
/* span.h - a run of bytes, and the one cursor through which hostile bytes are read.
 * A cursor that was asked for more than there is turns bad and stays bad: every later read gives 0,
 * so a reader reads what it needs and checks `bad` once, before it believes any of it. */
#ifndef SIGHTLINE_SPAN_H
#define SIGHTLINE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes: never owns, never ends in a zero. */
struct sl_span {
	const uint8_t *p;
	size_t len;
};

static inline struct sl_span sl_span(const void *p, size_t len)
{
	return (struct sl_span){ (const uint8_t *)p, len };
}

static inline struct sl_span sl_span_str(const char *s)
{
	return sl_span(s, strlen(s));
}

/* No bytes may lie nowhere, and C adds not even 0 to NULL. It compiles to the addition. */
static inline const uint8_t *sl_at(const uint8_t *p, size_t off)
{
	return off > 0 ? p + off : p;
}

/* The span from `off` on; empty where off is past the end. */
static inline struct sl_span sl_span_from(struct sl_span s, size_t off)
{
	return off <= s.len ? sl_span(sl_at(s.p, off), s.len - off) : sl_span(s.p, 0);
}

static inline bool sl_span_eq(struct sl_span a, struct sl_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

struct sl_rd {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct sl_rd sl_rd(struct sl_span s)
{
	return (struct sl_rd){ s.p, sl_at(s.p, s.len), false };
}

static inline size_t sl_rd_left(const struct sl_rd *r)
{
	return (size_t)(r->end - r->p);
}

/* n bytes, and the cursor behind them; empty and bad where there are fewer. */
static inline struct sl_span sl_rd_take(struct sl_rd *r, size_t n)
{
	if (sl_rd_left(r) < n) {
		r->bad = true;
		r->p = r->end;
		return sl_span(r->end, 0);
	}
	struct sl_span s = sl_span(r->p, n);
	if (n > 0) /* of nothing there may be no address to count from */
		r->p += n;
	return s;
}

static inline void sl_rd_skip(struct sl_rd *r, size_t n)
{
	(void)sl_rd_take(r, n);
}

/* What stands up to a byte, and the cursor behind that; empty and bad where it does not come. */
static inline struct sl_span sl_rd_until(struct sl_rd *r, uint8_t byte)
{
	size_t left = sl_rd_left(r);
	const uint8_t *end = left > 0 ? memchr(r->p, byte, left) : NULL;
	if (end == NULL) {
		r->bad = true;
		r->p = r->end;
		return sl_span(r->end, 0);
	}
	struct sl_span s = sl_span(r->p, (size_t)(end - r->p));
	r->p = end + 1;
	return s;
}

/* Big-endian reads ("network order"); 0 and bad past the end. */
static inline uint8_t sl_rd8(struct sl_rd *r)
{
	struct sl_span s = sl_rd_take(r, 1);
	return s.len ? s.p[0] : 0;
}

static inline uint16_t sl_rd16(struct sl_rd *r)
{
	struct sl_span s = sl_rd_take(r, 2);
	return s.len ? (uint16_t)(s.p[0] << 8 | s.p[1]) : 0;
}

static inline uint32_t sl_rd24(struct sl_rd *r)
{
	struct sl_span s = sl_rd_take(r, 3);
	return s.len ? (uint32_t)s.p[0] << 16 | (uint32_t)s.p[1] << 8 | s.p[2] : 0;
}

static inline uint32_t sl_rd32(struct sl_rd *r)
{
	struct sl_span s = sl_rd_take(r, 4);
	return s.len ? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 |
			       s.p[3]
		     : 0;
}

static inline uint64_t sl_rd64(struct sl_rd *r)
{
	uint64_t hi = sl_rd32(r);
	return hi << 32 | sl_rd32(r);
}

#endif
