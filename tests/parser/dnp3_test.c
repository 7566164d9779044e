/* SPDX-License-Identifier: BSD-3-Clause */
/* dnp3_test.c - link frames of DNP3 in pieces of any size and in datagrams. */
#include "probed.h"

/* zeek: dnp3/dnp3_del_measure.pcap, dnp3_en_spon.pcap, dnp3_udp_en_spon.pcap */
#define READ "\x05\x64\x08\xc4\x02\x00\x03\x00\x36\xac\xe3\xc4\x17\x4b\x5a"
#define ENABLE                                                                                     \
	"\x05\x64\x11\xc4\x02\x00\x03\x00\xcc\xfb\xea\xcb\x14\x3c\x02\x06\x3c\x03\x06\x3c\x04\x06" \
	"\x30\xb2"
#define ANSWER                                                                                     \
	"\x05\x64\x10\x44\x03\x00\x02\x00\xf9\x46\xd8\xc4\x81\x00\x00\x34\x02\x07\x01\x01\x00\x87" \
	"\xdd"
#define LINK_STATUS "\x05\x64\x05\x49\x64\x00\x01\x00\x7e\x5f"

static void test_stream(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(READ ENABLE) },
		{ SL_TO_CLIENT, BYTES(ANSWER LINK_STATUS) },
	};
	(void)s;
	expect_stream("dnp3", step, 2, SL_MORE,
		"dnp3.source 1 3\ndnp3.destination 1 2\ndnp3.function 1 23\nclose 1 \n"
		"dnp3.source 2 3\ndnp3.destination 2 2\ndnp3.function 2 20\nclose 2 \n"
		"dnp3.source 3 2\ndnp3.destination 3 3\ndnp3.function 3 129\nclose 3 \n"
		"dnp3.source 4 1\ndnp3.destination 4 100\nclose 4 \n");
}

static void test_datagrams(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER,
			BYTES(READ LINK_STATUS "\x05\x64\x08\xc4\x02\x00\x03\x00\x36\xac") },
		{ SL_TO_CLIENT, BYTES("\x05\x64\x08\xc4\x02\x01\x03\x00\x36\xac\xe3\xc4\x17\x4b") },
		{ SL_TO_CLIENT, BYTES(LINK_STATUS) },
	};
	(void)s;
	expect_log("dnp3", step, 3,
		"dnp3.source 1 3\ndnp3.destination 1 2\ndnp3.function 1 23\nclose 1 \n"
		"dnp3.source 2 1\ndnp3.destination 2 100\nclose 2 \n"
		"dnp3.source 3 1\ndnp3.destination 3 100\nclose 3 \n");
	struct feed *f = feed_new("dnp3", 0);
	for (unsigned i = 0; i < 3; i++)
		(void)feed_bytes(f, step[i].dir, step[i].p, step[i].len);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	feed_free(f);
}

/* A datagram that was captured to where its function stands, and one that was not. */
static void test_captured_short(void **s)
{
	struct feed *f = feed_new("dnp3", 0);
	(void)s;
	for (size_t n = 13; n >= 12; n--)
		(void)feed_piece(
			f, (struct sl_piece){
				   .bytes = sl_span(READ, n), .datagram = true, .cut = true });
	assert_string_equal(f->log,
		"dnp3.source 1 3\ndnp3.destination 1 2\ndnp3.function 1 23\nclose 1 \n"
		"dnp3.source 2 3\ndnp3.destination 2 2\nclose 2 \n");
	assert_true(f->counters.c[SL_C_MESSAGES_PART] > 0);
	feed_free(f);
}

/* A later segment of a message has no function. */
static void test_segment(void **s)
{
	struct cut_step step = { SL_TO_SERVER,
		BYTES("\x05\x64\x08\xc4\x02\x00\x03\x00\x36\xac\x83\xc4\x17\x4b\x5a") };
	(void)s;
	expect_stream(
		"dnp3", &step, 1, SL_MORE, "dnp3.source 1 3\ndnp3.destination 1 2\nclose 1 \n");
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed(BYTES(READ), SL_OVER_TCP, 4444), "dnp3");
	assert_string_equal(probed(BYTES(READ), SL_OVER_UDP, 4444), "dnp3");
	assert_string_equal(probed(BYTES(LINK_STATUS), SL_OVER_TCP, 4444), "dnp3");
	assert_string_equal(probed(READ, 9, BEGIN, 4444), "more");
	assert_string_equal(
		probed(BYTES("\x05\x64\x08\xc4\x02\x00\x03\x00\x36\xad\xe3"), BEGIN, 20000), "");
	assert_string_equal(
		probed(BYTES("\x05\x64\x04\xc4\x02\x00\x03\x00\x36\xac\xe3"), BEGIN, 20000), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_captured_short),
		cmocka_unit_test(test_segment),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
