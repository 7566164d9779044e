/* SPDX-License-Identifier: BSD-3-Clause */
/* dhcp_test.c - DHCP: who a client says that it is, the address it gets, options in pieces. */
#include "cut.h"

#define HEAD 240

struct made {
	size_t len;
	uint8_t b[2048];
};

/* A message of Ethernet with an address to assign; `options` in hex. */
static struct made made(uint8_t op, const char *mac, const char *options)
{
	struct made m = { .b = { op, 1, 6 } };
	memcpy(m.b + 16, "\x0a\x10\x01\x04", 4);
	from_hex(mac, m.b + 28, 16);
	memcpy(m.b + 236, "\x63\x82\x53\x63", 4);
	m.len = HEAD + from_hex(options, m.b + HEAD, sizeof(m.b) - HEAD);
	return m;
}

static void expect(const struct made *m, const char *want)
{
	struct cut_step step = { SL_TO_SERVER, m->b, m->len };
	expect_log("dhcp", &step, 1, want);
}

static void expect_part(const struct made *m, unsigned part, const char *want)
{
	struct feed *f = feed_new("dhcp", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, m->b, m->len), SL_MORE);
	assert_string_equal(f->log, want);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

/* Options of suricata-verify's dhcp-eve-extended, zeek's dhcp/dhcp and of bug-2158 there. */
static void test_real(void **s)
{
	struct made m = made(1, "0011321749f0",
		"3501030c056e617331003707011c02030f060c3d07010011321749f0ff0000000000");
	(void)s;
	expect(&m, "dhcp.client_mac 1 00:11:32:17:49:f0\ndhcp.hostname 1 nas1\nclose 1 \n");
	m = made(2, "0011321749f0",
		"35010536040a100101330400000e103a04000006913b0400000bd70104ffff00001c040a10ffff0604"
		"0a1001010f07756e782e6361000c056e6173310003040a100101ff");
	expect(&m, "dhcp.client_mac 1 00:11:32:17:49:f0\ndhcp.hostname 1 nas1\n"
		   "dhcp.domain 1 unx.ca\ndhcp.assigned_ip 1 10.16.1.4\nclose 1 \n");
	m = made(1, "90b11c994929",
		"3501033604800206983204c0a8d3c20c0d62746573742e69732e636f6f6cff");
	expect(&m, "dhcp.client_mac 1 90:b1:1c:99:49:29\ndhcp.hostname 1 btest.is.cool\n"
		   "dhcp.requested_ip 1 192.168.211.194\nclose 1 \n");
	m = made(1, "000c2918f22d", "350103510c0000005055424c49432d312e3c084d53465420352e30ff");
	expect(&m, "dhcp.client_mac 1 00:0c:29:18:f2:2d\ndhcp.vendor_class 1 MSFT 5.0\n"
		   "dhcp.client_fqdn 1 public-1\nclose 1 \n");
}

/* Names in labels, with and without their final zero (RFC 4702 3.1). */
static void test_fqdn(void **s)
{
	struct made m = made(1, "", "350103510c0400000270630361626300ff");
	(void)s;
	expect_part(&m, 0, "dhcp.client_fqdn 1 pc.abc\nclose 1 \n");
	m = made(1, "", "3501035106040000027063ff");
	expect_part(&m, 0, "dhcp.client_fqdn 1 pc\nclose 1 \n");
	m = made(1, "", "3501035106040000097063ff");
	expect_part(&m, 1, "close 1 \n");
	m = made(1, "", "3501035105040000c00cff");
	expect_part(&m, 1, "close 1 \n");
	m = made(1, "", "350103510104ff");
	expect_part(&m, 0, "close 1 \n");
	m = made(1, "", "3501035100ff");
	expect_part(&m, 0, "close 1 \n");
}

/* One value in pieces, the last of them in the fields of the file and the server's name. */
static void test_pieces(void **s)
{
	struct made m = made(1, "", "3501033401030c0265760c0169ff");
	(void)s;
	memcpy(m.b + 108, "\x0c\x02l.\xff", 5);
	memcpy(m.b + 44,
		"\x0c\x07"
		"example\xff",
		10);
	expect(&m, "dhcp.hostname 1 evil.example\nclose 1 \n");
	m.b[HEAD + 5] = 1;
	expect_part(&m, 0, "dhcp.hostname 1 evil\nclose 1 \n");
}

static void test_long(void **s)
{
	struct made m = made(1, "", "");
	(void)s;
	for (unsigned i = 0; i < 5; i++) {
		m.b[m.len++] = 60;
		m.b[m.len++] = 250;
		memset(m.b + m.len, 'a', 250);
		m.len += 250;
	}
	struct feed *f = feed_new("dhcp", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, m.b, m.len), SL_MORE);
	assert_int_equal(f->log_len, strlen("dhcp.vendor_class 1 \nclose 1 \n") + 1024);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* Whose address it is: none that is offered, none of a cut reply, one of BOOTP's. */
static void test_assigned(void **s)
{
	static const struct {
		const char *options;
		unsigned part;
		bool assigned;
	} row[] = { { "350102ff", 0, false }, { "350105ff", 0, true }, { "350106ff", 0, false },
		{ "ff", 0, true }, { "", 0, true }, { "0c0561", 1, false },
		{ "3501050c0561", 1, true } };
	(void)s;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct made m = made(2, "", row[i].options);
		expect_part(&m, row[i].part,
			row[i].assigned ? "dhcp.assigned_ip 1 10.16.1.4\nclose 1 \n"
					: "close 1 \n");
		m.b[0] = 1;
		expect_part(&m, row[i].part, "close 1 \n");
	}
	struct made m = made(2, "", "350105ff");
	memset(m.b + 16, 0, 4);
	expect_part(&m, 0, "close 1 \n");
	m.len = 200;
	expect_part(&m, 1, "close 1 \n");
	m.b[0] = 7;
	expect_part(&m, 1, "");
	struct feed *f = feed_new("dhcp", 0);
	m = made(2, "", "ff");
	assert_int_equal(feed_piece(f, (struct sl_piece){ .bytes = sl_span(m.b, m.len),
					       .datagram = true,
					       .cut = true }),
		SL_MORE);
	assert_string_equal(f->log, "close 1 \n");
	feed_free(f);
}

static bool is_dhcp(const struct made *m, uint16_t port)
{
	bool more;
	struct sl_piece p = { .bytes = sl_span(m->b, m->len), .datagram = true };
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, port, &more);
	return got != NULL && strcmp(got->name, "dhcp") == 0;
}

static void test_probe(void **s)
{
	struct made m = made(1, "0011321749f0", "350101ff");
	(void)s;
	assert_true(is_dhcp(&m, 67));
	assert_true(is_dhcp(&m, 4011));
	m.b[236] = 0;
	assert_true(is_dhcp(&m, 67));
	assert_true(is_dhcp(&m, 68));
	assert_false(is_dhcp(&m, 4011));
	m.len = 44;
	assert_true(is_dhcp(&m, 67));
	m.len = 43;
	assert_false(is_dhcp(&m, 67));
	m = made(3, "", "350101ff");
	assert_false(is_dhcp(&m, 67));
	m = made(1, "", "350101ff");
	m.b[2] = 17;
	assert_false(is_dhcp(&m, 67));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_fqdn),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_assigned),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
