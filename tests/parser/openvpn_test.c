/* SPDX-License-Identifier: BSD-3-Clause */
/* openvpn_test.c - what both ends of OpenVPN 2.6.14 begin with, for each protection of its control
 * channel, made for this test over a loopback; and what only looks like it. */
#include "hex_steps.h"

static const struct {
	uint64_t time_s;
	const char *hex;
} begin[] = {
	/* nothing, client */ { 1795404356, "3892a629918d3f017f0000000000" },
	/* nothing, server */
	{ 1795404356, "408d297507305d6814010000000092a629918d3f017f00000000" },
	/* tls-auth, SHA-1, client */
	{ 1795404356, "38a8929fc47deaec2fa5a261754e823c6a1d7fa1436b7807d52a4ab503000000026b03b24200"
		      "00000000" },
	/* tls-auth, SHA-1, server */
	{ 1795404356, "4016a2bd761144f1adde915750cdbd68b9b7be54f5447a50d8d0da6a16000000016b03b24401"
		      "00000000a8929fc47deaec2f00000000" },
	/* tls-auth, SHA-512, client */
	{ 1795404357, "3850437cc8d539fd80db4fd45a5c6cdc4b9804160b505a1527107439c26f7a8283b29f5ae863"
		      "44b70b431e520e3f226aa4f586507d60d52df8e8ff6dab823d36542c87d3a94b43ef6c000000"
		      "026b03b2420000000000" },
	/* tls-auth, SHA-512, server */
	{ 1795404357, "404c69e7872b66e5578836c688d9f2d6c4759f04d53218fc2c287283d9edbdad830beb7fa43b"
		      "654aea639053c640b9e122b46a9877ba62e452ae89c134139d03cf90bbcb96ccbd7d35000000"
		      "016b03b245010000000050437cc8d539fd8000000000" },
	/* tls-crypt, client */
	{ 1795404356, "385bb5afa602684934000000026b03b242004a8e89572f1875fea39675d29aa7ca010aba53d7"
		      "14dc6918a1523e9dafeb66dca7e6a87b" },
	/* tls-crypt, server */
	{ 1795404356, "40089be200597228d3000000016b03b2445945ae83138540507a328277be9837a6ef930526f8"
		      "6a42bea2de5d87b237ea5ad9bf2d3913136fe5abcb456251f393ec51" },
	/* tls-crypt-v2, client */
	{ 1795404357, "50b78c2d06010141f30f0000026b03b243fc3fbeda970d136e5e1d73aa2b9e9a446e0260a9da"
		      "1a2356057b46e5814e5ff7d0f0a80f8f2c701364078e7796b6b9a96b2d97841aac0adcc21765"
		      "ae729f405dfd064269681dfcb1f67f9a5a00c2b45e6d5d36843d48dc882157901405f9214358"
		      "08f606d1885982004d21c9e69c8a3422153d105bb9ca2ef5dd6418d3f1aae5c40626aa21218b"
		      "03cda28ee1853c4f00adb66f5b8fda3dae39e2f69f97f801bdccc0a270f6267050e8655b81e8"
		      "e81477436666e73b71971843983cebdfeaa02e1e5198eb39169b7d6f93bb3693e286dba99f07"
		      "b2e23f156d69f5ae7e77dd7aa470697ef4deb07b5def1b11e60f59d0ce00885eb3943c63ffce"
		      "c28194e79a7e078a6425f9585cc69402452493ea0e789234bb35c78ec526eb3f72e761b12b18"
		      "0feb6690334c92afd0e1727ca446d0e4083f8625abbc72d487f99e2ebd8b094971dcd017e22d"
		      "8eb57f197d68df8be9012b" },
	/* tls-crypt-v2, server */
	{ 1795404357, "40fd89228ac4e8a1e00f0000016b03b2438b949cd50deecf2e7e0b2de9ea5b552e7d0fef9efb"
		      "ffc5d9030f57d51d4b7bf956089eecc5c9647b43961c2e00e8672c66" },
};
static const char tcp_client[] = "000e38febfc4a4869dd2af0000000000",
		  tcp_server[] = "001a4049f59fc2a133faf90100000000febfc4a4869dd2af00000000";

static enum sl_probe asked(const uint8_t *b, size_t len, uint64_t time_s, bool datagram)
{
	struct guarded g = guarded_new(b, len);
	struct sl_piece p = {
		.bytes = sl_span(g.p, g.len), .ts_ns = time_s * 1000000000, .datagram = datagram
	};
	enum sl_probe said = SL_PROBE_NO;
	for (unsigned i = 0; i < sl_parser_count; i++)
		if (strcmp(sl_parsers[i]->name, "openvpn") == 0)
			said = sl_parsers[i]->probe(&p, 40000, 1194);
	guarded_free(&g);
	return said;
}

/* Whatever is cut off or put behind, it is none. */
static void test_datagram(void **s)
{
	uint8_t b[1024] = { 0 };
	(void)s;
	for (size_t i = 0; i < COUNT(begin); i++) {
		size_t len = from_hex(begin[i].hex, b, sizeof(b));
		assert_int_equal(asked(b, len, begin[i].time_s, true), SL_PROBE_YES);
		for (size_t n = 0; n < len; n++)
			assert_int_equal(asked(b, n, begin[i].time_s, true), SL_PROBE_NO);
		assert_int_equal(asked(b, len + 1, begin[i].time_s, true), SL_PROBE_NO);
		b[0] |= 1; /* a key that is not the first */
		assert_int_equal(asked(b, len, begin[i].time_s, true), SL_PROBE_NO);
		b[0] = 0x20; /* control data */
		assert_int_equal(asked(b, len, begin[i].time_s, true), SL_PROBE_NO);
	}
}

/* What is encrypted says the time in clear; what is not doesn't need it. */
static void test_time(void **s)
{
	uint8_t b[1024];
	unsigned times = 0;
	(void)s;
	for (size_t i = 0; i < COUNT(begin); i++) {
		size_t len = from_hex(begin[i].hex, b, sizeof(b));
		times += asked(b, len, begin[i].time_s + 100000, true) == SL_PROBE_NO;
		assert_int_equal(asked(b, len, begin[i].time_s - 80000, true), SL_PROBE_YES);
	}
	assert_int_equal(times, 4);
}

static void test_fields(void **s)
{
	(void)s;
	static const struct {
		uint8_t row, at;
	} field[] = { { 0, 9 }, { 0, 13 }, { 1, 9 }, { 1, 13 }, { 1, 25 } };
	uint8_t b[1024];
	for (size_t i = 0; i < COUNT(field); i++) {
		size_t len = from_hex(begin[field[i].row].hex, b, sizeof(b));
		b[field[i].at] ^= 0x40;
		assert_int_equal(asked(b, len, begin[field[i].row].time_s, true), SL_PROBE_NO);
		memset(b + 1, 0, 8); /* no session */
		assert_int_equal(asked(b, len, begin[field[i].row].time_s, true), SL_PROBE_NO);
	}
}

static void test_stream(void **s)
{
	static const char *const hex[] = { tcp_client, tcp_server };
	uint8_t b[64] = { 0 };
	struct feed *f = feed_new("openvpn", 0);
	(void)s;
	for (size_t i = 0; i < COUNT(hex); i++) {
		expect_probe("openvpn", SL_TO_SERVER, hex[i]);
		expect_no_probe("openvpn", SL_TO_SERVER, hex[i], 1, 9, false);
		expect_no_probe("openvpn", SL_TO_SERVER, hex[i], 2, 0x20, false);
		size_t len = from_hex(hex[i], b, sizeof(b));
		assert_int_equal(asked(b, len + 1, 0, false), SL_PROBE_NO);
		cut_everywhere("openvpn", SL_TO_SERVER, b, len);
	}
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, 28), SL_DONE);
	assert_string_equal(f->log, "");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
