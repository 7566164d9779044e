/* SPDX-License-Identifier: BSD-3-Clause */
/* radius_test.c - users, addresses and stations of RADIUS, and what is no RADIUS. */
#include "hex_steps.h"

/* zeek radius/radius.pcap, frames 1 and 4 */
static const char request[] = "0105008becfe3d2fe4473ec6299095ee46aedf7704060a00000105060000c35c"
			      "3d060000000f010e4a6f686e2e4d63477569726b1e1330302d31392d30362d45"
			      "412d42382d38431f1330302d31342d32322d45392d35342d3545060600000002"
			      "0c06000005dc4f1302000011014a6f686e2e4d63477569726b501228c5beb884"
			      "2486da70db51316f9d7889";
static const char accept[] = "02060061fbba6a784c7decb314caf0f27944a37b0806fffffffe0c0600000240"
			     "060600000002121548656c6c6f2c204a6f686e2e4d63477569726b4f06030100"
			     "045012b9c4ae6213a71d32125ef7ca4e4c6360010e4a6f686e2e4d6347756972"
			     "6b";
/* tcpdump RADIUS-RFC3162.pcap, RADIUS-port1700.pcap */
static const char request_6[] = "01f0008d2afdb090418ac6365298fbbb15e0fd2e0105626f62021245e8d5daea"
				"d87e4015e0fcc0ec0f08a15f1220010db80a0b12f00000000000000001611400"
				"4020010db80a0b12f00000000000000000610c004020010db80a0b12f0610400"
				"006103006115004020010db80a0b12f00000000000000000006114008120010d"
				"b80a0b12f00000000000000001";
static const char coa[] = "2ba600197fbf02c6662b5990838a5e6e331b3ff00105626f62";
/* arkime arkime_synthetic.pcap: its second attribute is longer than the message */
static const char malformed[] = "01010038000102030405060708090a0b0c0d0e0f010874657374757365720212"
				"000102030405060708090a0b0c0d0e0f0406c0a80164050600000000";

#define EXPECT(d, want) expect_hex_log("radius", d, sizeof(d) / sizeof((d)[0]), want)

static void test_messages(void **s)
{
	static const struct hex_step d[] = { { SL_TO_SERVER, request }, { SL_TO_CLIENT, accept },
		{ SL_TO_SERVER, request_6 }, { SL_TO_SERVER, coa } };
	(void)s;
	EXPECT(d, "radius.nas_ip 1 10.0.0.1\nradius.user 1 John.McGuirk\nradius.called_station_id "
		  "1 00-19-06-EA-B8-8C\nradius.calling_station_id 1 00-14-22-E9-54-5E\nclose 1 \n"
		  "radius.framed_ip 2 255.255.255.254\nradius.user 2 John.McGuirk\nclose 2 \n"
		  "radius.user 3 bob\nradius.nas_ip 3 2001:db8:a0b:12f0::1\nclose 3 \n"
		  "radius.user 4 bob\nclose 4 \n");
}

static void test_bad(void **s)
{
	uint8_t bytes[256];
	struct feed *f = feed_new("radius", 0);
	(void)s;
	(void)feed_guarded(f, SL_TO_SERVER, bytes, from_hex(malformed, bytes, sizeof(bytes)));
	assert_string_equal(f->log, "radius.user 1 testus\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	(void)feed_guarded(f, SL_TO_SERVER, "RADIUS", 6);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(request, SL_OVER_UDP, 1812), "radius");
	assert_string_equal(probed_hex(request, SL_OVER_UDP, 4444), "radius");
	assert_string_equal(probed_hex(malformed, SL_OVER_UDP, 1812), "radius");
	assert_string_equal(probed_hex(malformed, SL_OVER_UDP, 4444), "");
	/* An answer has too little of its own, away from its port. */
	assert_string_equal(probed_hex(accept, SL_OVER_UDP, 1812), "radius");
	assert_string_equal(probed_hex(accept, SL_OVER_UDP, 4444), "");
	assert_string_equal(
		probed_hex("01f0008d2afdb090418ac6365298fbbb15e0fd2e", SL_OVER_UDP, 1812), "");
	assert_string_equal(
		probed_hex("06f000142afdb090418ac6365298fbbb15e0fd2e", SL_OVER_UDP, 1812), "");
	assert_string_equal(
		probed_hex("01f000142afdb090418ac6365298fbbb15e0fd2e", SL_OVER_UDP, 1812),
		"radius");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
