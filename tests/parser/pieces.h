/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces.h - a stream in both directions, given whole and cut into pieces of any size, with any
 * room in the batch: the observables are the same. */
#ifndef TEST_PARSER_PIECES_H
#define TEST_PARSER_PIECES_H

#include "cut.h"

/* Steps of text, the client's and the server's. */
#define C(text)                                                                                    \
	{                                                                                          \
		SL_TO_SERVER, text, sizeof(text) - 1                                               \
	}
#define S(text)                                                                                    \
	{                                                                                          \
		SL_TO_CLIENT, text, sizeof(text) - 1                                               \
	}

enum { PIECES_WHOLE, PIECES_ONE, PIECES_SEVEN, PIECES_RANDOM, PIECES_KINDS };

static inline size_t piece_len(unsigned kind, uint32_t *seed, size_t left)
{
	size_t n = left;
	*seed = *seed * 1664525 + 1013904223;
	if (kind == PIECES_ONE)
		n = 1;
	else if (kind == PIECES_SEVEN)
		n = 7;
	else if (kind == PIECES_RANDOM)
		n = 1 + (*seed >> 16) % 40;
	return n < left ? n : left;
}

/* Gives one run of bytes as pieces; the verdict on the last one. */
static inline enum sl_verdict feed_pieces(
	struct feed *f, unsigned kind, uint32_t *seed, const struct cut_step *step)
{
	enum sl_verdict v = SL_MORE;
	for (size_t at = 0, n; at < step->len && v == SL_MORE; at += n) {
		n = piece_len(kind, seed, step->len - at);
		v = feed_guarded(f, step->dir, (const uint8_t *)step->p + at, n);
	}
	return v;
}

static inline void feed_ends(struct feed *f)
{
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

/* `want` is the log; steps that no other piece may follow (`last` is not SL_MORE) come last. */
static inline void expect_stream(const char *parser, const struct cut_step *step, size_t steps,
	enum sl_verdict last, const char *want)
{
	for (unsigned i = 0; i < 8 * PIECES_KINDS; i++) {
		struct feed *f = feed_new(parser, i / PIECES_KINDS);
		enum sl_verdict v = SL_MORE;
		uint32_t seed = i;
		f->stream = true;
		for (size_t n = 0; n < steps; n++)
			v = feed_pieces(f, i % PIECES_KINDS, &seed, &step[n]);
		assert_int_equal(v, last);
		if (v == SL_MORE)
			feed_ends(f);
		assert_string_equal(f->log, want);
		feed_free(f);
	}
	for (size_t i = 0; i < steps; i++)
		cut_everywhere(parser, step[i].dir, step[i].p, step[i].len);
}

#endif
