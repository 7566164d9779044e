/* SPDX-License-Identifier: BSD-3-Clause */
/* bacnet_test.c - BACnet/IP: services of every kind of message, and devices. */
#include "probed.h"

/* arkime: bacnet-stack-services.pcap */
#define WHO_IS "\x81\x0a\0\x10\1\x20\xff\xff\0\xff\x10\x08\x09\x3d\x19\x3d"
#define I_AM                                                                                       \
	"\x81\x0b\0\x1c\1\x28\xff\xff\0\0\x0d\1\x3d\xfe\x10\0\xc4\2\0\0\x3d\x22\1\xe0\x91\0\x21"   \
	"\x2a"
#define I_HAVE "\x81\x0a\0\x20\1\x08\0\x0d\1\x3d\x10\1\xc4\2\0\0\x3d\xc4\2\0\0\x3d\x75\x08\0SYNERGY"
#define READ_PROPERTY "\x81\x0a\0\x16\1\x24\0\x0d\1\x3d\xff\0\3\1\x0c\x0c\2\0\0\x3d\x19\x57"
#define ERROR_REPLY "\x81\x0a\0\x11\1\x08\0\x0d\1\x3d\x50\1\x0c\x91\2\x91\x20"
#define SIMPLE_ACK "\x81\x0a\0\x0d\1\x08\0\x0d\1\x3d\x20\1\x11"
#define REJECT "\x81\x0a\0\x0e\1\x20\0\x0d\1\x3d\xff\x60\x3a\x09"
#define NETWORK "\x81\x0a\0\x07\1\x80\0"

static void expect(const char *p, size_t len, const char *want, unsigned part)
{
	struct cut_step step = { SL_TO_SERVER, p, len };
	expect_log("bacnet", &step, 1, want);
	struct feed *f = feed_new("bacnet", 0);
	(void)feed_bytes(f, SL_TO_SERVER, p, len);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

static void test_services(void **s)
{
	(void)s;
	expect(BYTES(WHO_IS), "bacnet.unconfirmed_service 1 8\nclose 1 \n", 0);
	expect(BYTES(I_AM), "bacnet.unconfirmed_service 1 0\nbacnet.device 1 61\nclose 1 \n", 0);
	expect(BYTES(I_HAVE), "bacnet.unconfirmed_service 1 1\nbacnet.device 1 61\nclose 1 \n", 0);
	expect(BYTES(READ_PROPERTY), "bacnet.service 1 12\nclose 1 \n", 0);
	expect(BYTES(ERROR_REPLY), "bacnet.service 1 12\nclose 1 \n", 0);
	expect(BYTES(SIMPLE_ACK), "bacnet.service 1 17\nclose 1 \n", 0);
	expect(BYTES("\x81\x0a\0\x0c\1\4\x38\1\0\4\x0e\1"), "bacnet.service 1 14\nclose 1 \n", 0);
	expect(BYTES("\x81\x0a\0\x0c\1\4\x08\2\1\0\4\x0f"), "bacnet.service 1 15\nclose 1 \n", 0);
	expect(BYTES("\x81\4\0\x10\x0a\0\0\1\xba\xc0\1\0\x10\x08\0\0"),
		"bacnet.unconfirmed_service 1 8\nclose 1 \n", 0);
	expect(BYTES(REJECT), "", 0);
	expect(BYTES(NETWORK), "", 0);
	expect(BYTES("\x81\0\0\6\0\0"), "", 0);
}

static void test_malformed(void **s)
{
	(void)s;
	expect(BYTES("\x81\x0a\0\x0b\x10\7\x2c\2\0\0\x3d"), "", 1); /* of another version */
	expect(BYTES("\x81\x0a\0\x08\1\x20\0\0"), "", 1);
	expect(BYTES("\x81\x0a\0\x0a\1\x20\0\0\xff\1"), "", 1);
	expect(BYTES("\x81\x0a\0\x20\1\0\x10\x08"), "", 1); /* longer than the datagram */
	expect(BYTES("\x81\x0a\0\6\1\0\x10\x08"), "", 2); /* shorter, and what is left is none */
	expect(BYTES("\x81\x0a\0\x0d\1\0\x10\0\xc4\0\0\0\1"),
		"bacnet.unconfirmed_service 1 0\nclose 1 \n", 1); /* no device */
	expect(BYTES("\x82\x0a\0\x08\1\0\x10\x08"), "", 1);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed(BYTES(WHO_IS), SL_OVER_UDP, 4444), "bacnet");
	assert_string_equal(probed(BYTES("\x81\0\0\6\0\0"), SL_OVER_UDP, 47808), "bacnet");
	assert_string_equal(probed(BYTES("\x81\0\0\6\0\0"), SL_OVER_UDP, 4444), "");
	assert_string_equal(probed(BYTES("\x81\x0a\0\7\2\x80\0"), SL_OVER_UDP, 4444), "");
	assert_string_equal(probed(BYTES(NETWORK "\0"), SL_OVER_UDP, 47808), "");
	assert_string_equal(probed(BYTES("\x81\x0d\0\7\1\x80\0"), SL_OVER_UDP, 47808), "");
	assert_string_equal(probed(BYTES("\x81\4\0\6\0\0"), SL_OVER_UDP, 4444), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
