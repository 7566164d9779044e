/* SPDX-License-Identifier: BSD-3-Clause */
/* tds_test.c - TDS: logins to SQL Server and Sybase, NTLM users, TLS in packets. */
#include "hex_steps.h"
#include "handshakes.h"

/* arkime tds7.pcap; tds5.pcap; ntlm_synthetic.pcap */
static const char
	prelogin[] = "1201003400000000000015000601001b000102001c000c0300280004ff080001550000004d53"
		     "53514c53657276657200d8030000",
	reply[] = "0401002500000100000015000601001b000102001c000103001d0000ff080007f700000200",
	login7[] = "100100ea00000100e2000000010000710000000000000007b006000000000000e00300000000"
		   "00000908000056000b006c0008007c00040084002000c4000b0000000000da000400e2000000"
		   "e2000000000c294c849200000000e20000004c00490056002d005600580050002d0030003000"
		   "37007400650073007400750073006500720023a553a592a5e2a54d006900630072006f007300"
		   "6f0066007400200044006100740061002000410063006300650073007300200043006f006d00"
		   "70006f006e0065006e00740073003200310037002e00370037002e0033002e00320035004f00"
		   "440042004300",
	login5[] = "0200020000000100000000000000000000000000000000000000000000000000000000000000"
		   "00555345525f5f5f55534552000000000000000000000000000000000000000b50415353574f"
		   "5244484552450000000000000000000000000000000000000c31323334353637380000000000"
		   "0000000000000000000000000000000000080301060a09010000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000006161616164622d5858582e"
		   "7878782e7878782e636f6d000000000000000016000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "0000000000000000000000000000000000000000000000000000000000000000000000000000"
		   "00000000000000000000050100004d4552414e542d5444530a05010000000d11000000000000"
		   "000000000000000000000000000000000000",
	negotiate[] = "1001009b00000100930000000400007400100000000000076400000000000000e00300000000"
		      "0000090400005e0000005e0000005e0000005e0000005e0000005e0000005e0000005e000000"
		      "5e0000000000000000005e0035005e0000005e000000000000004e544c4d5353500001000000"
		      "070200020600060028000000070007002e0000000a00614a0000000f544453444f4d54445348"
		      "4f5354",
	authenticate[] =
		"110100c2000001004e544c4d5353500003000000180018005800000018001800700000000c00"
		"0c008800000008000800940000000e000e009c00000010001000aa000000050200020a00614a"
		"0000000f000000000000000000000000000000004c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c"
		"4c4c4c4c4c4c4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e5400440053004400"
		"4f004d006d006f006e00610054004400530048004f00530054004b4b4b4b4b4b4b4b4b4b4b4b"
		"4b4b4b4b",
	batch[] = "0101001400000100730065007300650073006500"; /* made */

static const char login7_says[] =
	"tds.hostname 1 liv-vxp-007\ntds.user 1 testuser\n"
	"tds.app 1 Microsoft Data Access Components\ntds.server 1 217.77.3.25\nclose 1 \n";

static void test_login(void **s)
{
	static const struct hex_step seven[] = { { SL_TO_SERVER, prelogin },
		{ SL_TO_CLIENT, reply }, { SL_TO_SERVER, login7 }, { SL_TO_SERVER, batch } };
	static const struct hex_step five[] = { { SL_TO_SERVER, login5 }, { SL_TO_SERVER, batch } };
	static const struct hex_step sspi[] = { { SL_TO_SERVER, negotiate },
		{ SL_TO_SERVER, authenticate } };
	(void)s;
	expect_hex("tds", seven, COUNT(seven), SL_DONE, login7_says);
	expect_hex("tds", five, COUNT(five), SL_DONE,
		"tds.user 1 USER___USER\ntds.server 1 aaaadb-XXX.xxx.xxx.com\nclose 1 \n");
	expect_hex("tds", sspi, COUNT(sspi), SL_MORE,
		"close 1 \nntlm.user 2 TDSDOM\\\\mona\nclose 2 \n");
}

/* A login in two packets is one; its texts are found wherever it is cut. */
static void test_packets(void **s)
{
	uint8_t whole[512], b[600];
	size_t len = from_hex(login7, whole, sizeof(whole));
	(void)s;
	for (size_t at = 9; at < len; at += 13) {
		memcpy(b, whole, at);
		memcpy(b + at, whole, 8);
		memcpy(b + at + 8, whole + at, len - at);
		b[1] = 0;
		b[2] = (uint8_t)(at >> 8);
		b[3] = (uint8_t)at;
		b[at + 2] = (uint8_t)((len - at + 8) >> 8);
		b[at + 3] = (uint8_t)(len - at + 8);
		struct feed *f = feed_new("tds", 0);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len + 8), SL_MORE);
		assert_string_equal(f->log, login7_says);
		feed_free(f);
	}
}

/* ---- TLS ---- */

/* A flight in pre-login packets, the first of which says that more follow. */
static size_t wrap(const char *hex, uint8_t *out)
{
	uint8_t b[4096];
	size_t len = from_hex(hex, b, sizeof(b)), cut = len / 3, n = 0;
	for (unsigned i = 0; i < 2; i++) {
		size_t from = i == 0 ? 0 : cut, have = i == 0 ? cut : len - cut;
		uint8_t head[] = { 18, (uint8_t)i, (uint8_t)((have + 8) >> 8), (uint8_t)(have + 8),
			0, 0, 0, 0 };
		memcpy(out + n, head, 8);
		memcpy(out + n + 8, b + from, have);
		n += have + 8;
	}
	return n;
}

/* The same comes out as of TLS alone; records behind it end it. */
static void test_tls(void **s)
{
	static uint8_t b[COUNT(tls12_flight)][4200];
	static const uint8_t record[] = { 23, 3, 3, 0, 4, 1, 2, 3, 4 };
	struct feed *want = feed_new("tls", 0);
	struct hex_step begin[] = { { SL_TO_SERVER, prelogin }, { SL_TO_CLIENT, reply } };
	struct hex_steps *h = hex_steps_new(begin, 2);
	struct cut_step step[COUNT(tls12_flight) + 4] = { h->step[0], h->step[1] };
	size_t steps = 2;
	(void)s;
	for (size_t i = 0; i < COUNT(tls12_flight); i++) {
		uint8_t plain[4096];
		size_t len = from_hex(tls12_flight[i], plain, sizeof(plain));
		(void)feed_guarded(want, i & 1, plain, len);
		step[steps++] = (struct cut_step){ i & 1, b[i], wrap(tls12_flight[i], b[i]) };
	}
	feed_ends(want);
	assert_true(strstr(want->log, "tls.sni") != NULL &&
		    strstr(want->log, "tls.cert_sha256") != NULL);
	step[steps++] = (struct cut_step){ SL_TO_CLIENT, record, sizeof(record) };
	step[steps++] = (struct cut_step){ SL_TO_SERVER, record, sizeof(record) };
	expect_stream("tds", step, steps, SL_DONE, want->log);
	free(h);
	feed_free(want);
}

/* What a packet of the handshake tells is told with it, though the batch had no room at first. */
static void test_told(void **s)
{
	static uint8_t b[4200];
	struct feed *want = feed_new("tls", 0), *f = feed_new("tds", 0);
	(void)s;
	for (size_t i = 0; i < COUNT(tls12_flight); i++) {
		size_t len = from_hex(tls12_flight[i], b, sizeof(b));
		(void)feed_guarded(want, i & 1, b, len);
		(void)feed_full(f, i & 1, b, wrap(tls12_flight[i], b));
		assert_string_equal(f->log, want->log);
	}
	assert_non_null(strstr(f->log, "close"));
	feed_free(f);
	feed_free(want);
}

/* Everything that was taken from the pool is given back, wherever a connection ends. */
static void test_pool(void **s)
{
	static uint8_t b[4200];
	size_t len = wrap(tls12_flight[1], b);
	(void)s;
	for (size_t n = 0; n < len; n += 301) {
		struct feed *f = feed_new("tds", 0);
		for (unsigned i = 0; i < 1000; i++) {
			memset(f->state, 0, f->parser->state_bytes);
			(void)feed_guarded(f, SL_TO_SERVER, "\x12\1\0\x09\0\0\0\0\x16", 9);
			(void)feed_guarded(f, SL_TO_CLIENT, b, n);
			feed_ends(f);
		}
		assert_int_equal(f->counters.c[SL_C_PARSER_POOL], 0);
		feed_free(f);
	}
}

/* A hole in a packet of the handshake costs what lies in it; one that no length tells, the rest. */
static void test_gap(void **s)
{
	uint8_t b[4200];
	size_t len = wrap(tls12_flight[0], b);
	static char want[sizeof(((struct feed *)0)->log)];
	(void)s;
	for (unsigned room = 0; room < 12; room++) {
		struct feed *f = feed_new("tds", room);
		(void)feed_guarded(f, SL_TO_SERVER, b, len - 9);
		assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 9), SL_MORE);
		assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 9), SL_DONE);
		feed_ends(f);
		assert_non_null(strstr(f->log, "tls.sni"));
		assert_string_equal(f->log, room > 0 ? want : f->log);
		snprintf(want, sizeof(want), "%s", f->log);
		feed_free(f);
	}
}

/* What the end cuts is counted. */
static void test_end(void **s)
{
	uint8_t b[512];
	size_t len = from_hex(login7, b, sizeof(b));
	struct feed *f = feed_new("tds", 0);
	(void)s;
	(void)feed_guarded(f, SL_TO_SERVER, b, len - 1);
	feed_ends(f);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_bad(void **s)
{
	static const struct hex_step shorter[] = { { SL_TO_SERVER, "1001000700000100" } };
	uint8_t b[512];
	size_t len = from_hex(login7, b, sizeof(b));
	struct feed *f = feed_new("tds", 1);
	(void)s;
	expect_hex("tds", shorter, 1, SL_BAD, "");
	b[8 + 40] = b[8 + 41] = 0xff; /* the user lies outside */
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	assert_string_equal(f->log,
		"tds.hostname 1 liv-vxp-007\ntds.app 1 Microsoft Data Access Components\n"
		"tds.server 1 217.77.3.25\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	expect_probe("tds", SL_TO_SERVER, prelogin);
	expect_probe("tds", SL_TO_SERVER, login7);
	expect_probe("tds", SL_TO_SERVER, login5);
	expect_probe("tds", SL_TO_SERVER, negotiate);
	expect_no_probe("tds", SL_TO_SERVER, prelogin, 0, 17, false); /* type */
	expect_no_probe("tds", SL_TO_SERVER, prelogin, 7, 1, false); /* window */
	expect_no_probe("tds", SL_TO_SERVER, prelogin, 8, 1, false); /* first option */
	expect_no_probe("tds", SL_TO_SERVER, prelogin, 10, 0x16, false); /* its place */
	expect_no_probe("tds", SL_TO_SERVER, prelogin, 28, 0, false); /* the options' end */
	expect_no_probe("tds", SL_TO_SERVER, login7, 15, 0x60, false); /* version */
	expect_no_probe("tds", SL_TO_SERVER, login7, 44, 0x50, false);
	expect_no_probe("tds", SL_TO_SERVER, login5, 8 + 61, 31, false);
	expect_no_probe("tds", SL_TO_SERVER, login5, 8 + 458, 7, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
