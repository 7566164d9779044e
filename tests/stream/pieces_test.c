/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces_test.c - what a parser is fed of a TCP direction or a datagram. */
#include "test.h"

#include <stdio.h>

#include <sightline/stream.h>

enum { SYN = 2, ACK = 16 };

struct rig {
	struct sl_flow flow;
	struct sl_counters c;
	uint32_t base;
};

static const uint8_t text[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* Feeds text[at, at + len), whose sequence number is base + at. */
static unsigned feed(struct rig *r, uint8_t flags, int at, uint32_t len, struct sl_piece out[2])
{
	struct sl_packet p = { .version = 4, .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	p.tcp_flags = flags;
	p.tcp_seq = r->base + (uint32_t)at - (flags & SYN ? 1 : 0);
	p.payload = text + (at > 0 ? at : 0);
	p.payload_len = len;
	p.ts_ns = 5;
	return sl_stream_pieces(&p, out, &r->c);
}

/* The pieces as text: bytes as they are, a gap as <n>. */
static const char *fed(struct rig *r, int at, uint32_t len)
{
	static char line[128];
	struct sl_piece out[SL_STREAM_PIECES];
	unsigned n = feed(r, ACK, at, len, out);
	size_t used = 0;
	line[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(out[i].dir, SL_TO_SERVER);
		assert_int_equal(out[i].ts_ns, 5);
		assert_false(out[i].datagram);
		if (out[i].kind == SL_PIECE_GAP)
			used += (size_t)snprintf(line + used, sizeof(line) - used, "<%u>",
				(unsigned)out[i].gap_bytes);
		else
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%.*s",
				(int)out[i].bytes.len, (const char *)out[i].bytes.p);
	}
	return line;
}

/* Every case runs across the point where sequence numbers wrap, and away from it. */
static const uint32_t bases[] = { 1000, 0, UINT32_MAX, UINT32_MAX - 12, INT32_MAX - 4 };
#define EACH_BASE(r)                                                                               \
	for (unsigned b_ = 0; b_ < sizeof(bases) / sizeof(bases[0]); b_++)                         \
		for (struct rig r = { .base = bases[b_] }, *once_ = &r; once_; once_ = NULL)

static void test_in_order(void **state)
{
	EACH_BASE(r)
	{
		struct sl_piece out[2];
		assert_int_equal(feed(&r, SYN, 0, 0, out), 0);
		assert_string_equal(fed(&r, 0, 10), "0123456789");
		assert_string_equal(fed(&r, 10, 0), "");
		assert_string_equal(fed(&r, 10, 6), "abcdef");
		assert_string_equal(fed(&r, 16, 1), "g");
		assert_int_equal(r.c.c[SL_C_STREAM_MISSING], 0);
	}
}

static void test_repeated(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 10);
		assert_string_equal(fed(&r, 0, 10), "");
		assert_string_equal(fed(&r, 3, 4), "");
		assert_int_equal(r.c.c[SL_C_STREAM_REPEATED], 14);
		assert_string_equal(fed(&r, 5, 10), "abcde");
		assert_int_equal(r.c.c[SL_C_STREAM_REPEATED], 19);
		assert_string_equal(fed(&r, 15, 1), "f");
	}
}

static void test_keep_alive(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 10);
		assert_string_equal(fed(&r, 9, 1), "");
		assert_string_equal(fed(&r, 9, 0), "");
		assert_string_equal(fed(&r, 10, 2), "ab");
	}
}

static void test_hole(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 4);
		assert_string_equal(fed(&r, 10, 4), "<6>abcd");
		assert_int_equal(r.flow.missing[SL_TO_SERVER], 6);
		/* Late, in two parts: each is given, behind a gap of unknown size. */
		assert_string_equal(fed(&r, 4, 2), "<0>45");
		assert_string_equal(fed(&r, 4, 2), "");
		assert_string_equal(fed(&r, 5, 5), "<0>6789");
		assert_string_equal(fed(&r, 4, 6), "");
		assert_int_equal(r.flow.missing[SL_TO_SERVER], 0);
		assert_string_equal(fed(&r, 14, 2), "ef");
		assert_int_equal(r.c.c[SL_C_STREAM_MISSING], 6);
		assert_int_equal(r.c.c[SL_C_STREAM_LATE], 2);
	}
}

/* The late segment overlaps both rims of the hole. */
static void test_hole_overlap(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 4);
		fed(&r, 10, 6);
		assert_string_equal(fed(&r, 2, 10), "<0>456789");
		assert_int_equal(r.flow.missing[SL_TO_SERVER], 0);
	}
}

/* From the hole to beyond what was expected: the run goes on. */
static void test_hole_and_beyond(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 4);
		fed(&r, 10, 2);
		assert_string_equal(fed(&r, 4, 12), "cdef");
		assert_string_equal(fed(&r, 16, 1), "g");
	}
}

static void test_mid_stream(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed(&r, 9, 0), ""); /* a keep-alive doesn't say where it is */
		assert_string_equal(fed(&r, 10, 5), "abcde");
		assert_string_equal(fed(&r, 15, 5), "fghij");
	}
}

static void test_syn_data(void **state)
{
	EACH_BASE(r)
	{
		struct sl_piece out[2];
		assert_int_equal(feed(&r, SYN, 0, 5, out), 1);
		assert_int_equal(out[0].bytes.len, 5);
		assert_int_equal(r.c.c[SL_C_STREAM_SYN_DATA], 1);
		assert_int_equal(feed(&r, SYN, 0, 5, out), 0);
		assert_string_equal(fed(&r, 5, 5), "56789");
	}
}

/* Another SYN of an attempt that nothing answered: its number counts. */
static void test_syn_again(void **state)
{
	EACH_BASE(r)
	{
		struct sl_piece out[2];
		feed(&r, SYN, 20, 0, out);
		feed(&r, SYN, 0, 0, out);
		assert_string_equal(fed(&r, 0, 3), "012");
		/* The SYN itself comes late: nothing changes. */
		feed(&r, SYN, 0, 0, out);
		assert_string_equal(fed(&r, 3, 3), "345");
	}
}

static void test_resync(void **state)
{
	EACH_BASE(r)
	{
		fed(&r, 0, 4);
		r.base += UINT32_C(0x50000000);
		assert_string_equal(fed(&r, 4, 4), "<0>4567");
		assert_int_equal(r.c.c[SL_C_STREAM_RESYNC], 1);
		assert_string_equal(fed(&r, 8, 2), "89");
		r.base -= UINT32_C(0x50000000);
		assert_string_equal(fed(&r, 10, 2), "<0>ab");
		assert_int_equal(r.flow.missing[SL_TO_SERVER], 0);
	}
}

/* The directions know nothing of each other. */
static void test_directions(void **state)
{
	struct rig r = { .base = 0 };
	struct sl_piece out[2];
	fed(&r, 0, 4);
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r.flow };
	p.dir = SL_TO_CLIENT;
	p.tcp_seq = 77777;
	p.payload = text;
	p.payload_len = 3;
	assert_int_equal(sl_stream_pieces(&p, out, &r.c), 1);
	assert_int_equal(out[0].dir, SL_TO_CLIENT);
	assert_string_equal(fed(&r, 4, 1), "4");
}

static void test_datagram(void **state)
{
	struct rig r = { .base = 0 };
	struct sl_piece out[2];
	struct sl_packet p = { .proto = 17, .flags = SL_PKT_L4, .flow = &r.flow };
	p.payload = text;
	p.payload_len = 7;
	assert_int_equal(sl_stream_pieces(&p, out, &r.c), 1);
	assert_true(out[0].datagram);
	assert_int_equal(out[0].bytes.len, 7);
	p.payload_len = 0;
	assert_int_equal(sl_stream_pieces(&p, out, &r.c), 0);
	p.payload_len = 7;
	p.flags = 0;
	assert_int_equal(sl_stream_pieces(&p, out, &r.c), 0);
	p.flags = SL_PKT_L4;
	p.flow = NULL;
	assert_int_equal(sl_stream_pieces(&p, out, &r.c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_hole_overlap),
		cmocka_unit_test(test_hole_and_beyond),
		cmocka_unit_test(test_mid_stream),
		cmocka_unit_test(test_syn_data),
		cmocka_unit_test(test_syn_again),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_datagram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
