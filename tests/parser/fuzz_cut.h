/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_cut.h - for parsers of byte streams. The first byte's four upper bits choose the size into
 * which each piece of the input is cut (0: as it is), the rest is as fuzz.h has it. Property: as
 * long as no place was lost, the same observables come out of whole and of cut pieces; a direction
 * that is given up early is no difference of cutting. */
#ifndef TEST_PARSER_FUZZ_CUT_H
#define TEST_PARSER_FUZZ_CUT_H

#include "fuzz.h"

static inline enum sl_verdict fuzz_cut_feed(
	struct feed *f, enum sl_dir dir, struct sl_span in, size_t size)
{
	enum sl_verdict v = SL_MORE;
	for (size_t at = 0; at < in.len && v == SL_MORE; at += size) {
		size_t n = size < in.len - at ? size : in.len - at;
		/* A copy of its own, so that the sanitizer sees where it ends. */
		uint8_t *copy = malloc(n);
		memcpy(copy, in.p + at, n);
		v = feed_bytes(f, dir, copy, n);
		free(copy);
	}
	return v;
}

/* False: the pieces were not one sound stream. */
static inline bool fuzz_cut_run(struct feed *f, struct sl_span in, size_t size)
{
	struct sl_rd r = sl_rd(in);
	bool dead[2] = { false, false }, sound = true;
	while (sl_rd_left(&r) >= 3) {
		uint8_t what = sl_rd8(&r);
		size_t n = sl_rd16(&r), left = sl_rd_left(&r);
		struct sl_span s = sl_rd_take(&r, n < left ? n : left);
		enum sl_dir dir = what & 1;
		enum sl_verdict v = SL_DONE;
		if (!dead[dir] && (what & 6) == 6) {
			v = feed_mark(f, SL_PIECE_GAP, dir, n);
			sound = false;
		} else if (!dead[dir]) {
			v = fuzz_cut_feed(f, dir, s, size ? size : s.len + 1);
		}
		dead[dir] |= v != SL_MORE;
		sound &= v != SL_BAD && v != SL_NOT_MINE;
	}
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
	return sound;
}

static inline int fuzz_cut(const char *name, uint16_t port, const uint8_t *data, size_t len)
{
	if (len < 1 || len > 1 << 16)
		return 0;
	struct sl_span in = sl_span(data + 1, len - 1);
	struct feed *all = feed_new(name, 0), *cut = feed_new(name, 1 + (data[0] >> 1 & 7));
	all->stream = cut->stream = FUZZ_STREAM;
	bool sound = fuzz_cut_run(all, in, 0);
	sound &= fuzz_cut_run(cut, in, data[0] >> 4);
	/* Where the place was lost, which is counted, the begin of a piece is what it is found by.
	 */
	sound &= all->counters.c[SL_C_MESSAGES_PART] == 0;
	if (sound &&
		(all->log_len != cut->log_len || memcmp(all->log, cut->log, all->log_len) != 0))
		abort();
	feed_free(all);
	feed_free(cut);
	return fuzz_parser(name, port, data, len);
}

#endif
