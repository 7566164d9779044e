/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces_test.c - what a parser is fed of a TCP direction that comes in order, or of a datagram. */
#include "rig.h"

static void test_in_order(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed_syn(r, 0, 0), "");
		assert_string_equal(fed(r, 0, 10), "0123456789");
		assert_string_equal(fed(r, 10, 0), "");
		assert_string_equal(fed(r, 10, 6), "abcdef");
		assert_string_equal(fed(r, 16, 1), "g");
		assert_int_equal(count(r, SL_C_STREAM_MISSING), 0);
		assert_null(r->flow.stream);
		assert_int_equal(sl_stream_bytes(r->s), 0);
	}
}

static void test_in_order_is_not_copied(void **state)
{
	struct rig *r = rig_new(1);
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	struct sl_piece out;
	p.payload = text;
	p.payload_len = 5;
	p.ts_ns = 7;
	sl_stream_push(r->s, &p);
	assert_true(sl_stream_next(r->s, &out));
	assert_ptr_equal(out.bytes.p, text);
	assert_int_equal(out.ts_ns, 7);
	assert_false(sl_stream_next(r->s, &out));
	assert_false(sl_stream_next(r->s, &out));
	rig_free(r);
}

/* The sender's FIN counts when every byte before it was given, whenever it came. */
static void test_finished(void **state)
{
	EACH_BASE(r)
	{
		fed_syn(r, 0, 0);
		fed(r, 0, 10);
		assert_false(sl_stream_finished(&r->flow, SL_TO_SERVER));
		sent(r, SL_TO_SERVER, FIN, 20, text + 20, 5, 0);
		assert_false(sl_stream_finished(&r->flow, SL_TO_SERVER));
		assert_string_equal(fed(r, 10, 10), "abcdefghijklmno");
		assert_true(sl_stream_finished(&r->flow, SL_TO_SERVER));
		assert_false(sl_stream_finished(&r->flow, SL_TO_CLIENT));
		sent(r, SL_TO_CLIENT, FIN | ACK, 0, NULL, 0, 25);
		assert_false(sl_stream_finished(&r->flow, SL_TO_CLIENT)); /* its begin is unknown */
		fed(r, 25, 1);
		assert_false(sl_stream_finished(&r->flow, SL_TO_SERVER));
	}
}

/* What was captured in part may have ended anywhere. */
static void test_cut_packets(void **state)
{
	struct rig *r = rig_new(100);
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	struct sl_piece out;
	p.payload = text;
	p.payload_len = 5;
	p.tcp_flags = FIN;
	p.flags |= SL_PKT_CUT;
	sl_stream_push(r->s, &p);
	assert_true(sl_stream_next(r->s, &out));
	assert_false(sl_stream_finished(&r->flow, SL_TO_SERVER));
	assert_false(out.cut);
	assert_false(sl_stream_next(r->s, &out));
	p.proto = 17;
	sl_stream_push(r->s, &p);
	assert_true(sl_stream_next(r->s, &out));
	assert_true(out.cut && out.datagram);
	rig_free(r);
}

static void test_repeated(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 10);
		assert_string_equal(fed(r, 0, 10), "");
		assert_string_equal(fed(r, 3, 4), "");
		assert_int_equal(count(r, SL_C_STREAM_REPEATED), 14);
		assert_string_equal(fed(r, 5, 10), "abcde");
		assert_int_equal(count(r, SL_C_STREAM_REPEATED), 19);
		assert_string_equal(fed(r, 15, 1), "f");
	}
}

static void test_keep_alive(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 10);
		assert_string_equal(fed(r, 9, 1), "");
		assert_string_equal(fed(r, 9, 0), "");
		assert_string_equal(fed(r, 10, 2), "ab");
	}
}

static void test_mid_stream(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed(r, 9, 0), ""); /* a keep-alive doesn't say where it is */
		assert_string_equal(fed(r, 10, 5), "abcde");
		assert_string_equal(fed(r, 15, 5), "fghij");
	}
}

/* A direction met in its middle, whose first packets come in reverse: all is given, once. */
static void test_mid_stream_begins_late(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed(r, 20, 5), "klmno");
		assert_string_equal(fed(r, 5, 5), "<0>56789");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 10);
		assert_string_equal(fed(r, 10, 10), "<0>abcdefghij");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 0);
		assert_string_equal(fed(r, 5, 5), "");
		assert_string_equal(fed_syn(r, 0, 0), "");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 5);
		assert_string_equal(fed(r, 0, 5), "<0>01234");
		assert_string_equal(fed(r, 25, 1), "p");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 0);
		assert_int_equal(count(r, SL_C_STREAM_RESYNC), 0);
	}
}

static void test_syn_data(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed_syn(r, 0, 5), "01234");
		assert_int_equal(count(r, SL_C_STREAM_SYN_DATA), 1);
		assert_string_equal(fed_syn(r, 0, 5), "");
		assert_string_equal(fed(r, 5, 5), "56789");
	}
}

/* Another SYN of an attempt that nothing answered: its number counts. */
static void test_syn_again(void **state)
{
	EACH_BASE(r)
	{
		fed_syn(r, 20, 0);
		fed_syn(r, 0, 0);
		assert_string_equal(fed(r, 0, 3), "012");
		/* The SYN itself comes late: nothing changes. */
		fed_syn(r, 0, 0);
		assert_string_equal(fed(r, 3, 3), "345");
		/* With other numbers after data, and data held: what is held first, then a new run.
		 */
		assert_string_equal(fed(r, 8, 2), "");
		r->base += 100000;
		assert_string_equal(fed_syn(r, 0, 2), "<2>89<0>01");
		assert_string_equal(fed(r, 2, 2), "23");
	}
}

static void test_resync(void **state)
{
	EACH_BASE(r)
	{
		fed(r, 0, 4);
		fed(r, 6, 2);
		r->base += UINT32_C(0x50000000);
		assert_string_equal(fed(r, 4, 4), "<2>67<0>4567");
		assert_int_equal(count(r, SL_C_STREAM_RESYNC), 1);
		assert_string_equal(fed(r, 8, 2), "89");
		r->base -= UINT32_C(0x50000000);
		assert_string_equal(fed(r, 10, 2), "<0>ab");
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 2);
	}
}

/* The directions know nothing of each other's numbers. */
static void test_directions(void **state)
{
	struct rig *r = rig_new(0);
	fed(r, 0, 4);
	assert_string_equal(sent(r, SL_TO_CLIENT, 0, 77777, "abc", 3, 0), "|abc");
	assert_string_equal(fed(r, 4, 1), "4");
	rig_free(r);
}

static void test_fin_carries_bytes(void **state)
{
	EACH_BASE(r)
	{
		assert_string_equal(fed(r, 0, 2), "01");
		assert_string_equal(sent(r, SL_TO_SERVER, FIN, 2, "cd", 2, 0), "cd");
		assert_string_equal(sent(r, SL_TO_SERVER, FIN, 2, "cd", 2, 0), "");
	}
}

static void test_datagram(void **state)
{
	struct rig *r = rig_new(0);
	struct sl_piece out;
	struct sl_packet p = { .proto = 17, .flags = SL_PKT_L4, .flow = &r->flow };
	p.payload = text;
	p.payload_len = 7;
	sl_stream_push(r->s, &p);
	assert_true(sl_stream_next(r->s, &out));
	assert_true(out.datagram);
	assert_int_equal(out.bytes.len, 7);
	assert_false(sl_stream_next(r->s, &out));
	p.payload_len = 0;
	sl_stream_push(r->s, &p);
	assert_false(sl_stream_next(r->s, &out));
	p.payload_len = 7;
	p.flags = 0;
	sl_stream_push(r->s, &p);
	assert_false(sl_stream_next(r->s, &out));
	p.flags = SL_PKT_L4;
	p.flow = NULL;
	sl_stream_push(r->s, &p);
	assert_false(sl_stream_next(r->s, &out));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_in_order_is_not_copied),
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_cut_packets),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_mid_stream),
		cmocka_unit_test(test_mid_stream_begins_late),
		cmocka_unit_test(test_syn_data),
		cmocka_unit_test(test_syn_again),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_fin_carries_bytes),
		cmocka_unit_test(test_datagram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
