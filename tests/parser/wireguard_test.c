/* SPDX-License-Identifier: BSD-3-Clause */
/* wireguard_test.c - WireGuard's handshake, and what only looks like it. */
#include "hex_steps.h"

/* PcapPlusPlus WireGuard.pcap */
static const char
	initiation[] =
		"01000000d837d0305fcec7c8e5c8e2e3f7989eef60c228d82329d602b6b1e2bb9d068f89cf9d"
		"4d4532780f6d27264f7b98701fdc27a4ec00aeb6becdbef2332f1b4084cadb93823935c012ae"
		"255e7b25eff13940c321fa6bd66a2a87b061db1430173e937f569349de2856dc5f2616763eee"
		"afc0533b01dd965e7ec76976e28f683d671200000000000000000000000000000000",
	response[] = "0200000006f47dabd837d030b18d5550bd4042a37a46823ac08db1ec66839bc0ca2d64bc15cd"
		     "80232b66232faec24af8918de1060ff5c98e865d5f35f272214c5260110dc4c61e32cdd85421"
		     "00000000000000000000000000000000";

static enum sl_probe asked(const uint8_t *b, size_t len)
{
	return probe_bytes("wireguard", SL_TO_SERVER, b, len, true, 51820);
}

static void test_probe(void **s)
{
	static const char *const hex[] = { initiation, response };
	uint8_t b[256] = { 0 };
	(void)s;
	for (size_t i = 0; i < COUNT(hex); i++) {
		size_t len = from_hex(hex[i], b, sizeof(b));
		assert_int_equal(asked(b, len), SL_PROBE_YES);
		assert_int_equal(asked(b, len - 1), SL_PROBE_NO);
		assert_int_equal(asked(b, len + 1), SL_PROBE_NO);
		b[len - 1] = 1; /* under load: mac2, which is random */
		assert_int_equal(asked(b, len), SL_PROBE_NO);
		for (size_t n = len - 16; n < len; n++)
			b[n] = (uint8_t)(17 * n);
		assert_int_equal(asked(b, len), SL_PROBE_YES);
		memset(b + 40, 0, 4);
		assert_int_equal(asked(b, len), SL_PROBE_NO);
		cut_everywhere("wireguard", SL_TO_SERVER, b, len);
		for (size_t at = 0; at < 4; at++)
			expect_no_probe("wireguard", SL_TO_SERVER, hex[i], at, 7, true);
	}
}

static void test_feed(void **s)
{
	uint8_t b[256];
	size_t len = from_hex(initiation, b, sizeof(b));
	struct feed *f = feed_new("wireguard", 0);
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_DONE);
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
