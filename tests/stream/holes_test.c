/* SPDX-License-Identifier: BSD-3-Clause */
/* holes_test.c - segments that come before their turn: kept, given in order, given up at each
 * bound, and judged where they overlap. */
#include "rig.h"

#include <errno.h>

static void test_filled(void **state)
{
	EACH_BASE(r)
	{
		fed_syn(r, 0, 0);
		fed(r, 0, 4);
		assert_string_equal(fed(r, 10, 4), "");
		assert_string_equal(fed(r, 16, 2), "");
		assert_string_equal(fed(r, 6, 2), "");
		assert_string_equal(fed(r, 4, 2), "4567");
		assert_string_equal(fed(r, 8, 2), "89abcd");
		assert_string_equal(fed(r, 10, 4), "");
		assert_string_equal(fed(r, 14, 2), "efgh");
		assert_null(r->flow.stream);
		assert_int_equal(count(r, SL_C_STREAM_HELD), 3);
		assert_int_equal(count(r, SL_C_STREAM_MISSING), 0);
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 0);
	}
}

/* The segment that fills the hole overlaps both rims, or reaches beyond what is held. */
static void test_filled_over_the_rims(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 4);
		fed(r, 10, 6);
		assert_string_equal(fed(r, 2, 10), "456789abcdef");
		fed(r, 18, 2);
		fed(r, 21, 2);
		assert_string_equal(fed(r, 15, 12), "ghijklmnopq");
		assert_string_equal(fed(r, 27, 1), "r");
		assert_int_equal(count(r, SL_C_STREAM_CONFLICT), 0);
	}
}

static void test_large_segments(void **state)
{
	static uint8_t big[65535];
	struct rig *r = rig_new(7);
	struct sl_piece out;
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	memset(big, 'x', sizeof(big));
	fed_syn(r, 0, 0);
	p.payload = big;
	p.payload_len = sizeof(big);
	p.tcp_seq = r->base + 1;
	sl_stream_push(r->s, &p);
	assert_false(sl_stream_next(r->s, &out));
	p.payload_len = 1;
	p.tcp_seq = r->base;
	sl_stream_push(r->s, &p);
	assert_true(sl_stream_next(r->s, &out));
	assert_int_equal(out.bytes.len, 1);
	assert_true(sl_stream_next(r->s, &out));
	assert_int_equal(out.bytes.len, sizeof(big)); /* one piece, as it came */
	assert_memory_equal(out.bytes.p, big, sizeof(big));
	assert_false(sl_stream_next(r->s, &out));
	rig_free(r);
}

static void test_acknowledged(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 4);
		fed(r, 10, 2);
		fed(r, 14, 2);
		assert_string_equal(acked(r, 4), "");
		assert_string_equal(acked(r, 9), ""); /* 9 may still be sent again */
		assert_string_equal(acked(r, 10), "<6>ab");
		assert_string_equal(acked(r, 12), "");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 6);
		assert_int_equal(count(r, SL_C_STREAM_HOLE_ACKED), 1);
		/* With the answer in the same packet: what it answers comes first. */
		assert_string_equal(sent(r, SL_TO_CLIENT, ACK, 0, "yes", 3, 16), "<2>ef|yes");
		assert_null(r->flow.stream);
		/* An acknowledgement without its flag says nothing. */
		fed(r, 20, 2);
		assert_string_equal(sent(r, SL_TO_CLIENT, 0, 3, NULL, 0, 22), "");
	}
}

/* What comes into a hole that was given up is still given, behind a gap of unknown size. */
static void test_late(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 4);
		fed(r, 10, 4);
		assert_string_equal(acked(r, 14), "<6>abcd");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 6);
		assert_string_equal(fed(r, 4, 2), "<0>45");
		assert_string_equal(fed(r, 4, 2), "");
		assert_string_equal(fed(r, 5, 5), "<0>6789");
		assert_string_equal(fed(r, 4, 6), "");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 0);
		assert_string_equal(fed(r, 14, 2), "ef");
		assert_int_equal(count(r, SL_C_STREAM_MISSING), 6);
		assert_int_equal(count(r, SL_C_STREAM_LATE), 2);
	}
}

static void test_late_beyond_the_hole(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 4);
		fed(r, 10, 2);
		acked(r, 12);
		assert_string_equal(fed(r, 4, 12), "cdef");
		assert_string_equal(fed(r, 16, 1), "g");
	}
}

static void test_end(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 2);
		fed(r, 4, 2);
		fed(r, 8, 1);
		sent(r, SL_TO_CLIENT, SYN, 0, NULL, 0, 0);
		sent(r, SL_TO_CLIENT, 0, 1, "later", 5, 0);
		assert_string_equal(ended(r), "<2>45<2>8|<1>later");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 4);
		assert_int_equal(r->flow.missing[SL_TO_CLIENT], 1);
		assert_int_equal(count(r, SL_C_STREAM_HOLE_END), 3);
		assert_null(r->flow.stream);
		assert_int_equal(sl_stream_bytes(r->s), 0);
		assert_string_equal(ended(r), "");
	}
}

static void test_reset(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 2);
		fed(r, 4, 2);
		/* Out of the window: nobody takes it. */
		assert_string_equal(sent(r, SL_TO_SERVER, RST, 900000, NULL, 0, 0), "");
		assert_string_equal(sent(r, SL_TO_SERVER, RST, 1, NULL, 0, 0), "");
		assert_string_equal(sent(r, SL_TO_SERVER, RST, 6, NULL, 0, 0), "<2>45");
		assert_null(r->flow.stream);
	}
}

/* A FIN before its turn is no reason: what is missing may come. */
static void test_fin_early(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 2);
		assert_string_equal(sent(r, SL_TO_SERVER, FIN, 4, "45", 2, 0), "");
		assert_string_equal(fed(r, 2, 2), "2345");
	}
}

/* A packet captured short: its hole is known never to be filled. */
static void test_cut(void **state)
{
	struct rig *r = rig_new(50);
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4 | SL_PKT_CUT, .flow = &r->flow };
	p.payload = text;
	p.payload_len = 4;
	p.tcp_seq = r->base;
	sl_stream_push(r->s, &p);
	assert_string_equal(taken(r), "0123");
	assert_string_equal(fed(r, 10, 2), "<6>ab");
	assert_int_equal(count(r, SL_C_STREAM_HOLE_CUT), 1);
	assert_string_equal(fed(r, 14, 2), "");
	rig_free(r);
}

static void test_bound_segments(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1 << 20;
	o.max_segments = 3;
	for (unsigned b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		struct rig *r = rig_with(bases[b], &o);
		fed(r, 0, 2);
		fed(r, 4, 1);
		fed(r, 6, 1);
		fed(r, 8, 1);
		assert_string_equal(fed(r, 10, 1), "<2>4");
		assert_string_equal(fed(r, 3, 1), "<0>3"); /* late */
		assert_int_equal(count(r, SL_C_STREAM_HOLE_BOUND), 1);
		/* One that comes before all that is held is not kept at the bound, but given. */
		fed_syn(r, 0, 0);
		assert_string_equal(fed(r, 5, 1), "56");
		fed(r, 12, 1);
		assert_string_equal(fed(r, 7, 1), "78");
		rig_free(r);
		r = rig_with(bases[b], &o);
		fed(r, 0, 2);
		fed(r, 6, 1);
		fed(r, 8, 1);
		fed(r, 10, 1);
		assert_string_equal(fed(r, 4, 1), "<2>4");
		assert_string_equal(fed(r, 5, 1), "56");
		rig_free(r);
	}
}

static const char *back(struct rig *r, uint8_t flags, int at, uint32_t len)
{
	return sent(r, SL_TO_CLIENT, flags, at, text + at % 60, len, 0);
}

/* As many segments as may be: one goes at the begin, one comes at the end, until the list has gone
 * over its block several times. The other direction's lie behind it. */
static void test_most_segments(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	struct sl_counters c = { 0 };
	struct sl_stream *s;
	o.memory_bytes = o.max_bytes = 16 << 20;
	o.max_segments = 65536;
	while (sl_stream_new(&s, &o, &c) != 0)
		o.max_segments /= 2;
	sl_stream_free(s);
	struct rig *r = rig_with(UINT32_MAX - 999, &o);
	fed_syn(r, 0, 0);
	int most = 2 * (int)o.max_segments - 100, at = 0;
	for (int odd = 1; odd < most; odd += 2)
		assert_string_equal(fed(r, odd, 1), "");
	back(r, SYN, 0, 0);
	for (; at < 4 * most; at += 2) {
		char two[] = { (char)text[at % 60], (char)text[(at + 1) % 60], 0 };
		assert_string_equal(fed(r, at, 1), two);
		assert_string_equal(fed(r, most + at + 1, 1), "");
		if (at / 2 < 2000)
			assert_string_equal(back(r, 0, at + 1, 1), "");
	}
	for (int i = 0; i < 4000; i += 2) {
		char two[] = { '|', (char)text[i % 60], (char)text[(i + 1) % 60], 0 };
		assert_string_equal(back(r, 0, i, 1), two);
	}
	assert_int_equal(count(r, SL_C_STREAM_MISSING), 0);
	rig_free(r);
}

static void test_bound_bytes(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1 << 20;
	o.max_bytes = 256; /* two of the smallest blocks */
	struct rig *r = rig_with(9, &o);
	fed(r, 0, 1);
	fed(r, 2, 1);
	fed(r, 4, 1);
	assert_string_equal(fed(r, 6, 1), "<1>2");
	assert_string_equal(fed(r, 5, 1), "<1>456");
	assert_int_equal(count(r, SL_C_STREAM_HOLE_BOUND), 2);
	assert_int_equal(r->flow.missing[SL_TO_SERVER], 2);
	rig_free(r);
}

/* One flow takes all memory: others pass as they would without reassembly, and say so. */
static void test_memory(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1; /* one block of 128 KiB */
	struct rig *r = rig_with(9, &o), other = { .s = r->s, .base = 5 };
	fed(r, 0, 1);
	unsigned n = 0;
	while (count(r, SL_C_STREAM_HOLE_MEMORY) == 0 && n < 2000)
		fed(r, 2 + 2 * (int)(n++ % 2000), 1);
	assert_in_range(n, 500, 1023);
	assert_in_range(sl_stream_bytes(r->s), 100 << 10, 128 << 10);
	while (r->flow.stream != NULL && sl_stream_bytes(r->s) < 128 << 10)
		fed(r, 2 + 2 * (int)n++, 1);
	fed(&other, 0, 1);
	assert_string_equal(fed(&other, 5, 1), "<4>5");
	assert_null(other.flow.stream);
	ended(r);
	assert_string_equal(fed(&other, 8, 1), "");
	ended(&other);
	rig_free(r);
}

/* Blocks of the smallest size that came back serve a large segment. */
static void test_memory_of_another_size(void **state)
{
	static const uint8_t large[20000];
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1;
	struct rig *r = rig_with(9, &o);
	for (unsigned round = 0; round < 3; round++) {
		for (int i = 0; i < 900; i++)
			fed(r, 2 + 2 * i, 1);
		ended(r);
		assert_int_equal(sl_stream_bytes(r->s), 0);
		r->flow = (struct sl_flow){ .src.v4_be = 0 };
		fed(r, 0, 1);
		sent(r, SL_TO_SERVER, 0, 10, large, sizeof(large), 0);
		assert_int_equal(count(r, SL_C_STREAM_HOLE_MEMORY), 0);
		assert_true(sl_stream_bytes(r->s) > sizeof(large));
		assert_non_null(r->flow.stream);
		struct sl_piece p;
		sl_stream_end(r->s, &r->flow);
		while (sl_stream_next(r->s, &p))
			;
		r->flow = (struct sl_flow){ .src.v4_be = 0 };
	}
	rig_free(r);
}

/* Two segments that overlap and differ, then what stands before both. */
static const char *two(enum sl_overlap overlap, int old_at, const char *old, int new_at,
	const char *newer, bool filled_in_order)
{
	static char line[4096];
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1 << 20;
	o.overlap = overlap;
	struct rig *r = rig_with(UINT32_MAX - 4, &o);
	fed_syn(r, 0, 0);
	sent(r, SL_TO_SERVER, 0, old_at, old, (uint32_t)strlen(old), 0);
	snprintf(line, sizeof(line), "%s",
		sent(r, SL_TO_SERVER, 0, new_at, newer, (uint32_t)strlen(newer), 0));
	if (!filled_in_order)
		snprintf(line, sizeof(line), "%s", sent(r, SL_TO_SERVER, 0, 0, "_", 1, 0));
	assert_int_equal(count(r, SL_C_STREAM_CONFLICT), 1);
	rig_free(r);
	return line;
}

static void test_overlap(void **state)
{
	static const struct {
		int old_at;
		const char *old;
		int new_at;
		const char *newer;
		const char *want[4]; /* FIRST, LAST, BSD, LINUX */
	} rows[] = {
		/* the newer begins behind, and reaches further */
		{ 1, "aaaa", 3, "bbbb", { "_aaaabb", "_aabbbb", "_aaaabb", "_aaaabb" } },
		/* the newer begins before, and ends inside */
		{ 3, "aaaa", 1, "bbbb", { "_bbaaaa", "_bbbbaa", "_bbbbaa", "_bbbbaa" } },
		/* the newer lies inside */
		{ 1, "aaaaaa", 3, "bb", { "_aaaaaa", "_aabbaa", "_aaaaaa", "_aaaaaa" } },
		/* the newer covers the older on both sides */
		{ 3, "aa", 1, "bbbbbb", { "_bbaabb", "_bbbbbb", "_bbbbbb", "_bbbbbb" } },
		/* both begin together: the newer is longer, as long, shorter */
		{ 1, "aa", 1, "bbbb", { "_aabb", "_bbbb", "_aabb", "_bbbb" } },
		{ 1, "aa", 1, "bb", { "_aa", "_bb", "_aa", "_aa" } },
		{ 1, "aaaa", 1, "bb", { "_aaaa", "_bbaa", "_aaaa", "_aaaa" } },
	};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned p = 0; p < 4; p++)
			assert_string_equal(two((enum sl_overlap)p, rows[i].old_at, rows[i].old,
						    rows[i].new_at, rows[i].newer, false),
				rows[i].want[p]);
}

/* The newer is in order already: given at once, but for what an older one wins. */
static void test_overlap_in_order(void **state)
{
	static const char *const covers[] = { "bbaabb", "bbbbbb", "bbbbbb", "bbbbbb" };
	static const char *const ends_inside[] = { "bbaaaa", "bbbbaa", "bbbbaa", "bbbbaa" };
	for (unsigned p = 0; p < 4; p++) {
		enum sl_overlap o = (enum sl_overlap)p;
		assert_string_equal(two(o, 2, "aa", 0, "bbbbbb", true), covers[p]);
		assert_string_equal(two(o, 2, "aaaa", 0, "bbbb", true), ends_inside[p]);
	}
}

/* Which began first is remembered of segments that are there in part only. */
static void test_overlap_of_three(void **state)
{
	struct rig *r = rig_new(3);
	fed_syn(r, 0, 0);
	sent(r, SL_TO_SERVER, 0, 4, "aaaaaa", 6, 0); /* 4-10 */
	sent(r, SL_TO_SERVER, 0, 2, "bbbb", 4, 0); /* 2-6, takes 4-6 */
	sent(r, SL_TO_SERVER, 0, 5, "cccccccc", 8, 0); /* 5-13: begins behind both */
	assert_string_equal(sent(r, SL_TO_SERVER, 0, 0, "__", 2, 0), "__bbbbaaaaccc");
	assert_int_equal(count(r, SL_C_STREAM_CONFLICT), 3);
	rig_free(r);
}

static void test_options(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	struct sl_counters c;
	struct sl_stream *s = NULL;
	o.max_segments = 0;
	assert_int_equal(sl_stream_new(&s, &o, &c), -EINVAL);
	o.max_segments = 8193;
	assert_int_equal(sl_stream_new(&s, &o, &c), -EINVAL);
	o.max_segments = 1;
	o.memory_bytes = 0;
	assert_int_equal(sl_stream_new(&s, &o, &c), -EINVAL);
	assert_null(s);
	sl_stream_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filled),
		cmocka_unit_test(test_filled_over_the_rims),
		cmocka_unit_test(test_large_segments),
		cmocka_unit_test(test_acknowledged),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_beyond_the_hole),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_fin_early),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bound_segments),
		cmocka_unit_test(test_most_segments),
		cmocka_unit_test(test_bound_bytes),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_of_another_size),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_overlap_in_order),
		cmocka_unit_test(test_overlap_of_three),
		cmocka_unit_test(test_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
