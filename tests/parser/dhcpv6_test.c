/* SPDX-License-Identifier: BSD-3-Clause */
/* dhcpv6_test.c - DHCP for IPv6: clients, names, addresses, what relays wrapped. */
#include "cut.h"

struct made {
	size_t len;
	uint8_t b[2048];
};

static struct made made(const char *hex)
{
	struct made m;
	m.len = from_hex(hex, m.b, sizeof(m.b));
	return m;
}

static void expect(const char *hex, const char *want)
{
	struct made m = made(hex);
	struct cut_step step = { SL_TO_SERVER, m.b, m.len };
	expect_log("dhcpv6", &step, 1, want);
}

static void expect_part(const char *hex, unsigned part, const char *want)
{
	struct made m = made(hex);
	struct feed *f = feed_new("dhcpv6", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, m.b, m.len), SL_MORE);
	assert_string_equal(f->log, want);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

/* suricata-verify's smb2-ntlmssp-negotiateflags; tcpdump's dhcpv6-ia-na and dhcpv6-domain-list. */
static void test_real(void **s)
{
	(void)s;
	expect("01ca8e450008000200000001000e0001000118659849b888e3ab83790003000c0700505600000000000"
	       "000000027000500035343560010000e0000013700084d53465420352e3000060008001800170011002"
	       "7",
		"dhcp.client_mac 1 b8:88:e3:ab:83:79\ndhcp.client_fqdn 1 scv\n"
		"dhcp.vendor_class 1 MSFT 5.0\nclose 1 \n");
	expect("032ffdd10001000a000300010001020304050002000e000100011846488c00112233445500060004001"
	       "700180008000200000003002802030405"
	       "00000e1000001518000500182a0000010001020038e6b22ec440acdf00001c2000001d4c",
		"dhcp.client_mac 1 00:01:02:03:04:05\n"
		"dhcp.requested_ip 1 2a00:1:1:200:38e6:b22e:c440:acdf\nclose 1 \n");
	expect("072ffdd1000300280203040500000e1000001518000500182a0000010001020038e6b22ec440acdf000"
	       "0119400001c200001000a000300010001020304050002000e000100011846488c001122334455",
		"dhcp.client_mac 1 00:01:02:03:04:05\n"
		"dhcp.assigned_ip 1 2a00:1:1:200:38e6:b22e:c440:acdf\nclose 1 \n");
	expect("07aa56ce0001000e0001000118f00b3f000c2938f3680002000e0001000118ef951b000c299ba153001"
	       "80031076578616d706c6503636f6d000573616c6573076578616d706c6503636f6d0003656e6707657"
	       "8616d706c6503636f6d00",
		"dhcp.client_mac 1 00:0c:29:38:f3:68\ndhcp.domain 1 example.com\n"
		"dhcp.domain 1 sales.example.com\ndhcp.domain 1 eng.example.com\nclose 1 \n");
}

/* An advertisement is no address yet, one that lives no second is none any more. */
static void test_address(void **s)
{
	(void)s;
	expect_part("02000001000400200000000100050018"
		    "20010db8000000000000000000000001"
		    "0000000100000001",
		0, "close 1 \n");
	expect_part("070000010004001c0000000100050018"
		    "20010db8000000000000000000000001"
		    "0000000100000001",
		1, "close 1 \n");
	expect_part("07000001000400200000000100050018"
		    "20010db8000000000000000000000001"
		    "0000000100000001",
		0, "dhcp.assigned_ip 1 2001:db8::1\nclose 1 \n");
	expect_part("07000001000400200000000100050018"
		    "20010db8000000000000000000000001"
		    "0000000000000000",
		0, "close 1 \n");
}

#define RELAY                                                                                      \
	"0c00"                                                                                     \
	"20010db8000000000000000000000001"                                                         \
	"fe800000000000000000000000000001"

static void test_relay(void **s)
{
	(void)s;
	expect(RELAY "0012000161"
		     "0009000e"
		     "0100000100270006000470632d31",
		"dhcp.client_fqdn 1 pc-1\nclose 1 \n");
	expect(RELAY "00090034" RELAY "0009000e"
		     "0100000100270006000470632d31",
		"dhcp.client_fqdn 1 pc-1\nclose 1 \n");
	expect_part(RELAY "0012000161", 1, "close 1 \n");
	/* Without a message in it, another option's value is none. */
	expect_part(RELAY "0012000e"
			  "0100000100270006000470632d31",
		1, "close 1 \n");
	expect_part(RELAY "00090002"
			  "0100",
		1, "close 1 \n");
}

static void test_malformed(void **s)
{
	(void)s;
	expect_part("01000001002700060009616263", 1, "close 1 \n");
	expect_part("010000010027000400c00c00", 1, "close 1 \n");
	expect_part("01000001001000090000013700096d7366", 1, "close 1 \n");
	expect_part("010000010001000a00030006000102030405", 0, "close 1 \n");
	expect_part("010000010001000a00020001000102030405", 0, "close 1 \n");
	expect_part("0000000100270005000470632d31", 1, "");
}

static void expect_many(unsigned names, unsigned said, unsigned part)
{
	struct made m = made("010000010027000100");
	struct feed *f = feed_new("dhcpv6", 5);
	const char *at = f->log;
	unsigned n = 0;
	m.b[6] = (uint8_t)((1 + 3 * names) >> 8);
	m.b[7] = (uint8_t)(1 + 3 * names);
	for (unsigned i = 0; i < names; i++, m.len += 3)
		memcpy(m.b + m.len, "\1a", 3);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, m.b, m.len), SL_MORE);
	for (; (at = strstr(at, "client_fqdn")) != NULL; at++)
		n++;
	assert_int_equal(n, said);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

/* What a message says is bounded, and what lies behind is counted. */
static void test_many(void **s)
{
	(void)s;
	expect_many(128, 128, 0);
	expect_many(129, 128, 1);
	expect_many(272, 128, 1);
}

/* What is no name is counted once, also where the batch had no room for it at first. */
static void test_counted_once(void **s)
{
	struct made m = made("010000010027000400c00c00");
	struct feed *f = feed_new("dhcpv6", 0);
	(void)s;
	assert_int_equal(feed_full(f, SL_TO_SERVER, m.b, m.len), SL_MORE);
	assert_string_equal(f->log, "close 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static bool is_dhcpv6(const char *hex, uint16_t port)
{
	bool more;
	struct made m = made(hex);
	struct sl_piece p = { .bytes = sl_span(m.b, m.len), .datagram = true };
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, port, &more);
	return got != NULL && strcmp(got->name, "dhcpv6") == 0;
}

static void test_probe(void **s)
{
	(void)s;
	assert_true(is_dhcpv6("0100000100080002", 547));
	assert_true(is_dhcpv6("0100000100080002", 546));
	assert_true(is_dhcpv6(RELAY "00090002", 547));
	assert_false(is_dhcpv6(RELAY "0009", 547));
	assert_false(is_dhcpv6("0100000100080002", 545));
	assert_false(is_dhcpv6("01000001000800", 547));
	assert_false(is_dhcpv6("0100000101080002", 547));
	assert_false(is_dhcpv6("1800000100080002", 547));
	assert_false(is_dhcpv6("0000000100080002", 547));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_counted_once),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
