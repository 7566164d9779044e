/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_quic_frames.c - hostile frames inside Initial packets that open. The input is as fuzz.h has
 * it, but that each piece is sealed before it is fed: bit 0 of its first byte is the direction,
 * bits 1 and 2 choose the connection id, bit 3 the version. Property: whatever room the batch has,
 * the same observables come out. */
#include "fuzz.h"
#include "quic_made.h"

static void run(struct feed *f, struct sl_span in)
{
	static const uint8_t ids[4] = { 1, 2, 3, 4 };
	static uint8_t out[(1 << 14) + 64];
	struct sl_rd r = sl_rd(in);
	unsigned first = 0;
	for (uint32_t n = 0; sl_rd_left(&r) >= 3; n++) {
		uint8_t what = sl_rd8(&r);
		size_t len = sl_rd16(&r) & 0x3fff, left = sl_rd_left(&r);
		struct sl_span frames = sl_rd_take(&r, len < left ? len : left);
		if (frames.len > 0x3fff - 20)
			frames.len = 0x3fff - 20;
		if ((what & 1) == 0)
			first = what >> 1 & 3;
		struct made_quic q = { .version = what & 8 ? MADE_V2 : MADE_V1,
			.first_id = sl_span(&ids[first], 1),
			.to = sl_span(&ids[what >> 1 & 3], 1),
			.server = what & 1,
			.number = n };
		(void)feed_bytes(f, what & 1, out, made_initial(&q, frames, out));
	}
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1 || len > 1 << 14)
		return 0;
	struct feed *all = feed_new("quic", 0), *few = feed_new("quic", 1 + (data[0] >> 1 & 7));
	run(all, sl_span(data + 1, len - 1));
	run(few, sl_span(data + 1, len - 1));
	if (all->log_len != few->log_len || memcmp(all->log, few->log, all->log_len) != 0)
		abort();
	feed_free(all);
	feed_free(few);
	return 0;
}
