/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.h - dialogues of the protocols that speak in lines: the same observables must come out in
 * whatever pieces they arrive, and whatever room the batch has. */
#ifndef TEST_PARSER_LINES_H
#define TEST_PARSER_LINES_H

#include "cut.h"

struct turn {
	enum sl_dir dir;
	const char *text;
};

static inline enum sl_verdict text(struct feed *f, enum sl_dir dir, const char *p)
{
	return feed_guarded(f, dir, p, strlen(p));
}

/* Feeds the dialogue in pieces of `size` bytes; 0: of sizes that a fixed seed gives. */
static inline void feed_turns(struct feed *f, const struct turn *turn, size_t turns, size_t size)
{
	uint32_t seed = 1;
	for (size_t i = 0; i < turns; i++) {
		size_t len = strlen(turn[i].text);
		for (size_t at = 0, n; at < len; at += n) {
			seed = seed * 1664525 + 1013904223;
			n = size ? size : 1 + (seed >> 16) % 40;
			n = n < len - at ? n : len - at;
			(void)feed_guarded(f, turn[i].dir, turn[i].text + at, n);
		}
	}
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

static inline void expect_turns(
	const char *parser, const struct turn *turn, size_t turns, const char *want)
{
	static const size_t sizes[] = { 1 << 20, 1, 7, 0 };
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		for (unsigned room = 0; room < 6; room++) {
			struct feed *f = feed_new(parser, room);
			feed_turns(f, turn, turns, sizes[i]);
			assert_string_equal(f->log, want);
			feed_free(f);
		}
	}
	for (size_t i = 0; i < turns; i++)
		cut_everywhere(parser, turn[i].dir, turn[i].text, strlen(turn[i].text));
}

static inline enum sl_probe probe(const char *parser, const char *p)
{
	struct sl_piece piece = { .bytes = sl_span_str(p) };
	for (unsigned i = 0; i < sl_parser_count; i++)
		if (strcmp(sl_parsers[i]->name, parser) == 0)
			return sl_parsers[i]->probe(&piece, 40000, 4444);
	fail();
	return SL_PROBE_NO;
}

#endif
