/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz.h - what the fuzz targets of parsers share. Input: one byte (lowest bit: a port of its own;
 * the next three: room in the batch), then pieces: one byte (bit 0: direction; bits 1 to 2: 3 is a
 * gap), two bytes of length, the bytes. Property: whatever room the batch has, and whether a parser
 * that rests is given what doesn't wake it, the same observables come out. */
#ifndef TEST_PARSER_FUZZ_H
#define TEST_PARSER_FUZZ_H

#include "feed.h"

#ifndef FUZZ_STREAM
#define FUZZ_STREAM false /* over TCP, where the parser knows both */
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void fuzz_run(struct feed *f, struct sl_span in, uint16_t port)
{
	struct sl_rd r = sl_rd(in);
	bool dead[2] = { false, false };
	while (sl_rd_left(&r) >= 3) {
		uint8_t what = sl_rd8(&r);
		size_t n = sl_rd16(&r), left = sl_rd_left(&r);
		struct sl_span s = sl_rd_take(&r, n < left ? n : left);
		/* A copy of its own, so that the sanitizer sees where it ends. */
		uint8_t *copy = malloc(s.len ? s.len : 1);
		if (s.len)
			memcpy(copy, s.p, s.len);
		enum sl_dir dir = what & 1;
		struct sl_piece p = { .bytes = sl_span(copy, s.len), .dir = dir };
		bool more;
		(void)sl_parser_probe(&p, f->parser->over, 40000, port, &more);
		enum sl_verdict v = SL_DONE;
		if (!dead[dir])
			v = (what & 6) == 6 ? feed_mark(f, SL_PIECE_GAP, dir, n)
					    : feed_bytes(f, dir, copy, s.len);
		dead[dir] = v == SL_DONE || v == SL_BAD || v == SL_NOT_MINE;
		free(copy);
	}
	if (!dead[SL_TO_SERVER])
		(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	if (!dead[SL_TO_CLIENT])
		(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

static inline int fuzz_parser(const char *name, uint16_t port, const uint8_t *data, size_t len)
{
	if (len < 1 || len > 1 << 16)
		return 0;
	struct sl_span in = sl_span(data + 1, len - 1);
	port = data[0] & 1 ? 4444 : port;
	struct feed *all = feed_new(name, 0), *few = feed_new(name, 1 + (data[0] >> 1 & 7));
	all->stream = few->stream = FUZZ_STREAM;
	all->bypasses = false;
	fuzz_run(all, in, port);
	fuzz_run(few, in, port);
	if (all->log_len != few->log_len || memcmp(all->log, few->log, all->log_len) != 0)
		abort();
	feed_free(all);
	feed_free(few);
	return 0;
}

#endif
