/* SPDX-License-Identifier: BSD-3-Clause */
/* snmp_test.c - communities and users of SNMP 1, 2c and 3, and what is no SNMP. */
#include "hex_steps.h"

/* arkime snmpv3_synthetic.pcap, frames 1, 4, and those of ports 40001 and 40002 */
static const char version_3[] = "305b02010330100204000000010202100004010402010304253029040b80001f"
				"8880123456789abc020100020100040a61646d696e5f7573657204000400301d"
				"04000400a017020101020100020100300d06092b060102010101000500";
static const char version_2c[] = "3025020101040770726976617465a217020101020102020100300d06092b0601"
				 "02010101000500";
static const char version_odd[] = "301802010204067075626c6963a00b0201010201000201003000";
static const char no_pdu[] = "301102010004067075626c696302040000002a";
/* Made up: a trap of version 1; encrypted; another security model. */
static const char trap[] = "302302010004067075626c6963a41606032b06014004c0000207020106020101"
			   "4301013000";
static const char sealed[] = "3046020103300c020101020164040103020103042b3029040380001f02010002"
			     "01000404726f6f74040c78787878787878787878787804087979797979797979"
			     "04067365616c6564";
static const char model[] = "301d020103300c0201010201640401030201040402000104067365616c6564";

#define EXPECT(d, want) expect_hex_log("snmp", d, sizeof(d) / sizeof((d)[0]), want)

static void test_messages(void **s)
{
	static const struct hex_step d[] = { { SL_TO_SERVER, version_3 },
		{ SL_TO_SERVER, version_2c }, { SL_TO_SERVER, trap }, { SL_TO_CLIENT, sealed },
		{ SL_TO_CLIENT, model } };
	(void)s;
	EXPECT(d, "snmp.user 1 admin_user\nclose 1 \n"
		  "snmp.community 2 private\nclose 2 \n"
		  "snmp.community 3 public\nsnmp.agent 3 192.0.2.7\nclose 3 \n"
		  "snmp.user 4 root\nclose 4 \nclose 5 \n");
}

static void test_bad(void **s)
{
	uint8_t bytes[64];
	struct feed *f = feed_new("snmp", 0);
	(void)s;
	assert_int_equal(
		feed_guarded(f, SL_TO_SERVER, bytes, from_hex(no_pdu, bytes, sizeof(bytes))),
		SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "3", 1), SL_MORE);
	assert_string_equal(f->log, "");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(version_3, SL_OVER_UDP, 4444), "snmp");
	assert_string_equal(probed_hex(version_2c, SL_OVER_UDP, 4444), "snmp");
	assert_string_equal(probed_hex(trap, SL_OVER_UDP, 162), "snmp");
	assert_string_equal(probed_hex(version_odd, SL_OVER_UDP, 161), "");
	assert_string_equal(probed_hex(no_pdu, SL_OVER_UDP, 161), "");
	assert_string_equal(probed_hex("302602010104067075626c6963", SL_OVER_UDP, 161), "");
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
