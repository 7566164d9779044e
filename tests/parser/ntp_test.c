/* SPDX-License-Identifier: BSD-3-Clause */
/* ntp_test.c - NTP of all modes is recognised at its port, and what is no NTP is not. */
#include "hex_steps.h"

/* zeek ntp.pcap, frames 1 and 2 */
static const char client[] = "e300080000000000000000000000000000000000000000000000000000000000"
			     "0000000000000000dbaca3e877c408ac";
static const char server[] = "240108ec000000000000004147505373dbaca3e7f6d6ae36dbaca3e877c408ac"
			     "dbaca3e8820d178fdbaca3e8820e179e";
/* tcpdump ntp-control.pcap, frame 1; ntp-mode7.pcap, frame 2 */
static const char control[] = "160200440000000000000000";
static const char private[] = "9700031c000100240050606a0000000a0000000e0000000000002866000029d3"
			      "00001595000000000000650a";
/* zeek ntp/ntp-no-extensions-mac.pcap: stratum 32 */
static const char malformed[] = "542020202020ffff2020ff20202020202020202020202020202020ff202020ff"
				"ffffffffff20202020202020ffffffffffff2020202020202020202020207fff"
				"ffff202020ffffff20";

static void test_probe(void **s)
{
	static const char *const yes[] = { client, server, control, private };
	uint8_t bytes[512];
	(void)s;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		assert_string_equal(probed_hex(yes[i], SL_OVER_UDP, 123), "ntp");
		assert_string_equal(probed_hex(yes[i], SL_OVER_UDP, 4444), "");
		cut_everywhere("ntp", SL_TO_SERVER, bytes, from_hex(yes[i], bytes, sizeof(bytes)));
	}
	assert_string_equal(probed_hex(malformed, SL_OVER_UDP, 123), "");
	assert_string_equal(probed_hex("1602004400000000000000ff", SL_OVER_UDP, 123),
		""); /* data that isn't there */
	assert_string_equal(probed_hex("1701032c", SL_OVER_UDP, 123), "");
	assert_string_equal(probed_hex("c30008000000", SL_OVER_UDP, 123), "");
	assert_string_equal(probed_hex("20000000000000000000000000000000", SL_OVER_UDP, 123), "");
}

/* Nothing of it is said. */
static void test_feed(void **s)
{
	uint8_t bytes[512];
	struct feed *f = feed_new("ntp", 0);
	(void)s;
	assert_int_equal(
		feed_guarded(f, SL_TO_SERVER, bytes, from_hex(client, bytes, sizeof(bytes))),
		SL_DONE);
	assert_string_equal(f->log, "");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
