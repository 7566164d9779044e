/* SPDX-License-Identifier: BSD-3-Clause */
/* limits_test.c - urgent bytes, policies by receiver, the depth that is read, and what workers may
 * hold together. */
#include <string.h>

#include "rig.h"

enum { URG = 32 };

/* text[at, at + len) with an urgent pointer. */
static const char *urged(struct rig *r, int at, uint32_t len, uint16_t pointer)
{
	struct sl_packet p = { .version = 4, .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	struct guarded g = guarded_new(text + at, len);
	p.tcp_flags = URG;
	p.tcp_urgent = pointer;
	p.tcp_seq = r->base + (uint32_t)at;
	p.payload = g.p;
	p.payload_len = len;
	sl_stream_push(r->s, &p);
	const char *line = taken(r);
	guarded_free(&g);
	return line;
}

static void test_urgent_in_order(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(urged(r, 0, 10, 4), "012456789");
		assert_string_equal(urged(r, 10, 4, 4), "abc");
		assert_string_equal(urged(r, 14, 4, 1), "fgh");
		assert_string_equal(urged(r, 18, 4, 0), "jkl"); /* read as 1 */
		assert_string_equal(urged(r, 22, 1, 1), "");
		assert_string_equal(urged(r, 23, 4, 5), "nopq"); /* beyond the segment */
		assert_string_equal(fed(r, 27, 2), "rs");
		assert_int_equal(count(r, SL_C_STREAM_URGENT), 5);
		assert_int_equal(count(r, SL_C_STREAM_MISSING), 0);
	}
}

static void test_urgent_before_its_turn(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 1);
		assert_string_equal(urged(r, 5, 3, 1), "");
		assert_string_equal(urged(r, 3, 2, 2), "");
		assert_string_equal(urged(r, 8, 3, 2), "");
		assert_string_equal(fed(r, 1, 2), "12367"
						  "8a");
		assert_int_equal(count(r, SL_C_STREAM_URGENT), 3);
		assert_string_equal(fed(r, 11, 1), "b");
	}
}

/* A hole that was given up is filled late, by a segment in three parts. */
static void test_urgent_late(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 1);
		fed(r, 10, 2);
		assert_string_equal(acked(r, 12), "<9>ab");
		assert_string_equal(urged(r, 2, 5, 3), "<0>23<0>56");
		assert_string_equal(fed(r, 12, 1), "c");
	}
}

/* Nothing is left but what is out of band; the end gives no piece for it, and no memory is lost. */
static void test_urgent_at_the_end(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 1);
		urged(r, 3, 1, 1);
		assert_string_equal(ended(r), "<2>");
		assert_null(r->flow.stream);
	}
}

static void conflict(struct rig *r)
{
	fed(r, 0, 1);
	sent(r, SL_TO_SERVER, 0, 4, "old!", 4, 0);
	sent(r, SL_TO_SERVER, 0, 2, "NEW1", 4, 0); /* begins before */
	sent(r, SL_TO_SERVER, 0, 4, "same+", 5, 0); /* begins with it, and is longer */
}

static void test_policy_of_receiver(void **state)
{
	static const struct {
		const char *net, *want;
	} row[] = { { "10.0.0.0/8=first", "1NEold!+" }, { "10.0.0.0/8=last", "1NEsame+" },
		{ "10.0.0.0/8=bsd", "1NEW1d!+" }, { "10.0.0.0/8=linux", "1NEW1me+" },
		{ "10.0.0.0/8=windows", "1NEold!+" }, { "192.0.2.0/24=last", "1NEW1me+" } };
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sl_stream_options o = sl_stream_defaults;
		struct sl_overlap_nets *nets;
		assert_int_equal(sl_overlap_nets_new(&nets), 0);
		assert_int_equal(sl_overlap_nets_add(nets, row[i].net, strlen(row[i].net)), 0);
		o.nets = nets;
		struct rig *r = rig_with(7, &o);
		r->flow.version = 4;
		memcpy(r->flow.dst.b, (uint8_t[]){ 10, 1, 2, 3 }, 4);
		memcpy(r->flow.src.b, (uint8_t[]){ 192, 0, 2, 1 }, 4);
		conflict(r);
		assert_string_equal(fed(r, 1, 1), row[i].want);
		assert_true(count(r, SL_C_STREAM_CONFLICT) > 0);
		rig_free(r);
		sl_overlap_nets_free(nets);
	}
}

static void test_depth(void **state)
{
	struct sl_stream_options o = sl_stream_defaults;
	o.depth_bytes = 10;
	struct rig *r = rig_with(UINT32_MAX - 4, &o);
	assert_string_equal(fed(r, 0, 6), "012345");
	assert_string_equal(fed(r, 6, 6), "6789ab"); /* the segment that reaches it is whole */
	assert_string_equal(fed(r, 12, 6), "<0>");
	assert_string_equal(fed(r, 18, 6), "");
	assert_string_equal(fed(r, 30, 6), "");
	assert_null(r->flow.stream);
	assert_int_equal(count(r, SL_C_STREAM_BEYOND), 18);
	assert_int_equal(count(r, SL_C_STREAM_DEEP), 1);
	assert_string_equal(sent(r, SL_TO_CLIENT, 0, 0, "the other", 9, 0), "|the other");
	rig_free(r);
}

/* Workers that fill up what they have in common, each with room of its own left. */
static void test_share(void **state)
{
	enum { BLOCK = 128 << 10, SEG = 32000 };
	static uint8_t bytes[SEG];
	struct sl_stream_options o = sl_stream_defaults;
	assert_int_equal(sl_stream_share_new(&o.share, 3 * BLOCK), 0);
	struct rig *a = rig_with(1, &o), *b = rig_with(1, &o);
	fed(a, 0, 1);
	fed(b, 0, 1);
	for (int i = 1; i <= 8; i++)
		assert_string_equal(sent(a, SL_TO_SERVER, 0, i * 40000, bytes, SEG, 0), "");
	assert_true(sl_stream_share_used(o.share) == 3 * BLOCK);
	assert_int_equal(count(a, SL_C_STREAM_HOLE_MEMORY), 0);
	struct sl_packet p = { .version = 4, .proto = 6, .flags = SL_PKT_L4, .flow = &b->flow };
	struct sl_piece piece;
	p.tcp_seq = 1 + 40000;
	p.payload = bytes;
	p.payload_len = SEG;
	sl_stream_push(b->s, &p);
	while (sl_stream_next(b->s, &piece))
		;
	assert_int_equal(count(b, SL_C_STREAM_HOLE_MEMORY), 1);
	assert_int_equal(sl_stream_bytes(b->s), 0);
	sl_stream_end(a->s, &a->flow);
	while (sl_stream_next(a->s, &piece))
		;
	assert_int_equal(sl_stream_share_used(o.share), 0);
	p.tcp_seq = 1 + 2 * 40000;
	sl_stream_push(b->s, &p);
	assert_false(sl_stream_next(b->s, &piece));
	assert_true(sl_stream_bytes(b->s) > 0);
	rig_free(a);
	rig_free(b);
	assert_int_equal(sl_stream_share_used(o.share), 0);
	sl_stream_share_free(o.share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urgent_in_order),
		cmocka_unit_test(test_urgent_before_its_turn),
		cmocka_unit_test(test_urgent_late),
		cmocka_unit_test(test_urgent_at_the_end),
		cmocka_unit_test(test_policy_of_receiver),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
