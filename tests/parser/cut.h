/* SPDX-License-Identifier: BSD-3-Clause */
/* cut.h - input at the end of readable memory, cut at every length, and with every room in the
 * batch. */
#ifndef TEST_PARSER_CUT_H
#define TEST_PARSER_CUT_H

#include "feed.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline size_t from_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (; hex[0] && hex[1] && n < cap; hex += 2)
		out[n++] = (uint8_t)strtoul((char[]){ hex[0], hex[1], '\0' }, NULL, 16);
	return n;
}

static inline enum sl_verdict feed_guarded(
	struct feed *f, enum sl_dir dir, const void *p, size_t len)
{
	struct guarded g = guarded_new(p, len);
	enum sl_verdict v = feed_bytes(f, dir, g.p, g.len);
	guarded_free(&g);
	return v;
}

/* Feeds one piece whole and cut at every length, and probes it. */
static inline void cut_everywhere(const char *parser, enum sl_dir dir, const void *p, size_t len)
{
	for (size_t n = 0; n <= len; n++) {
		struct feed *f = feed_new(parser, n % 7);
		struct guarded g = guarded_new(p, n);
		struct sl_piece piece = { .bytes = sl_span(g.p, n), .dir = dir };
		bool more;
		(void)sl_parser_probe(
			&piece, SL_OVER_TCP | SL_OVER_UDP | SL_OVER_TCP_BEGIN, 40000, 53, &more);
		(void)sl_parser_probe(
			&piece, SL_OVER_TCP | SL_OVER_UDP | SL_OVER_TCP_BEGIN, 40000, 4444, &more);
		guarded_free(&g);
		(void)feed_guarded(f, dir, p, n);
		feed_free(f);
	}
}

struct cut_step {
	enum sl_dir dir;
	const void *p;
	size_t len;
};

/* The same observables, whatever room the batch has; `want` is the log. */
static inline void expect_log(
	const char *parser, const struct cut_step *step, size_t steps, const char *want)
{
	for (unsigned room = 0; room < 12; room++) {
		struct feed *f = feed_new(parser, room);
		for (size_t i = 0; i < steps; i++)
			(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
		(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
		assert_string_equal(f->log, want);
		feed_free(f);
	}
	for (size_t i = 0; i < steps; i++)
		cut_everywhere(parser, step[i].dir, step[i].p, step[i].len);
}

#endif
