/* SPDX-License-Identifier: BSD-3-Clause */
/* rdp_test.c - how RDP connections begin: cookies, names, TLS, and what is no RDP. */
#include "hex_steps.h"

/* zeek rdp/rdp-x509.pcap, frames 6, 7 and 11 */
static const char request[] = "0300002f2ae00000000000436f6f6b69653a206d737473686173683d4a4f484e"
			      "2d504320200d0a0100080000000000";
static const char no_tls[] = "030000130ed000001234000200080000000000";
static const char settings[] = "030001be02f0807f658201b20401010401010101ff3019020122020102020100"
			       "0201010201000201010202ffff02010230190201010201010201010201010201"
			       "0002010102020420020102301c0202ffff0202fc170202ffff02010102010002"
			       "01010202ffff02010204820151000500147c00018148000800100001c0004475"
			       "6361813a01c0ea00040008008007380401ca03aa09040000802500004a004f00"
			       "48004e002d00500043002d004c004100500054004f0050000000000004000000"
			       "000000000c000000000000000000000000000000000000000000000000000000"
			       "0000000000000000000000000000000000000000000000000000000000000000"
			       "000000000000000001ca01000000000010000f00ad0733006300350037003100"
			       "6500640030002d0033003400310035002d0034003700340062002d0061006500"
			       "390034002d003700340065003100350031006200000007000000000000000000"
			       "000000000000000000000000000004c00c00150000000000000002c00c001b00"
			       "00000000000003c0380004000000726470647200000000008080726470736e64"
			       "0000000000c0636c6970726472000000a0c0647264796e766300000080c0";
/* zeek rdp/rdp-proprietary-encryption.pcap, frame 4 */
static const char request_domain[] =
	"0300002f2ae00000000000436f6f6b69653a206d737473686173683d46544243"
	"4f5c4137300d0a0100080001000000";
/* zeek rdp/rdp-no-cookie-mstshash.pcap, frames 7, 9 and 11 */
static const char request_bare[] = "030000130ee00000000000010008000b000000";
static const char tls[] = "030000130ed00000123400021f080008000000";
static const char hello[] = "160303008e0100008a030367b4ac55e203e3879630e7d66974024e01872f2bff"
			    "a34b65c070b61a385929c700002ac02cc02bc030c02f009f009ec024c023c028"
			    "c027c00ac009c014c013009d009c003d003c0035002f000a01000037000a0008"
			    "0006001d00170018000b00020100000d00140012040105010201040305030203"
			    "0202060106030023000000170000ff01000100";
/* Made up: a token; a request and an answer of old; a refusal. */
static const char token[] = "0300003732e00000000000436f6f6b69653a206d7374733d3336343032303532"
			    "32382e31353632392e303030300d0a0100080003000000";
static const char old_request[] = "0300000b06e00000000000";
static const char old_answer[] = "0300000b06d00000123400";
static const char refused[] = "030000130ed000001234000300080002000000";

#define EXPECT(t, last, want) expect_hex("rdp", t, COUNT(t), last, want)

static void test_plain(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, request }, { SL_TO_CLIENT, no_tls },
		{ SL_TO_SERVER, settings } };
	static const struct hex_step both[] = { { SL_TO_SERVER, request_domain },
		{ SL_TO_CLIENT, refused } };
	static const struct hex_step old[] = { { SL_TO_SERVER, old_request },
		{ SL_TO_CLIENT, old_answer } };
	(void)s;
	EXPECT(t, SL_DONE,
		"rdp.cookie 1 JOHN-PC\nclose 1 \nrdp.client_name 2 JOHN-PC-LAPTOP\nclose 2 \n");
	EXPECT(both, SL_DONE, "rdp.cookie 1 FTBCO\\\\A70\nclose 1 \n");
	EXPECT(old, SL_DONE, "close 1 \n");
}

static void test_tls(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, token }, { SL_TO_CLIENT, tls } };
	static const struct hex_step one[] = { { SL_TO_SERVER, request_bare },
		{ SL_TO_SERVER, hello } };
	uint8_t bytes[256];
	bool progress;
	(void)s;
	EXPECT(t, SL_NOT_MINE, "rdp.routing_token 1 msts=3640205228.15629.0000\nclose 1 \n");
	EXPECT(one, SL_NOT_MINE, "close 1 \n");
	/* What follows the answer in the same piece is TLS'. */
	struct feed *f = feed_new("rdp", 0);
	size_t n = from_hex(tls, bytes, sizeof(bytes));
	memcpy(bytes + n, "\x16\3", 2);
	struct sl_piece p = { .bytes = sl_span(bytes, n + 2), .dir = SL_TO_CLIENT };
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 2);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

static void test_bad(void **s)
{
	static const struct hex_step text[] = { { SL_TO_SERVER, request },
		{ SL_TO_SERVER, "474554202f" } };
	static const struct hex_step head[] = { { SL_TO_SERVER, "0300000bffe0000000000000" } };
	/* What a head in pieces turns out to be, only its last byte tells. */
	static const struct hex_step length[] = { { SL_TO_SERVER, request },
		{ SL_TO_SERVER, "0300000016" } };
	/* A length of core data that is not there, and none. */
	static const struct hex_step core[] = { { SL_TO_SERVER,
		"0300001702f0807f65820571044475636104"
		"01c0ffff00" } };
	static const struct hex_step zero[] = { { SL_TO_SERVER,
		"0300001702f0807f65820571044475636104"
		"02c0000000" } };
	(void)s;
	EXPECT(text, SL_MORE, "rdp.cookie 1 JOHN-PC\nclose 1 \n");
	EXPECT(head, SL_BAD, "");
	EXPECT(length, SL_MORE, "rdp.cookie 1 JOHN-PC\nclose 1 \n");
	EXPECT(core, SL_DONE, "close 1 \n");
	EXPECT(zero, SL_DONE, "close 1 \n");
}

/* Behind a gap what a connection begins with is still found. */
static void test_gap(void **s)
{
	uint8_t bytes[1024];
	struct feed *f = feed_new("rdp", 0);
	(void)s;
	(void)feed_guarded(f, SL_TO_SERVER, bytes, from_hex(token, bytes, sizeof(bytes)));
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\3\0\1\1lost", 8), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x16\3\1", 3), SL_MORE);
	assert_int_equal(
		feed_guarded(f, SL_TO_SERVER, bytes, from_hex(request, bytes, sizeof(bytes))),
		SL_MORE);
	assert_string_equal(f->log, "rdp.routing_token 1 msts=3640205228.15629.0000\nclose 1 \n"
				    "rdp.cookie 2 JOHN-PC\nclose 2 \n");
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(request, SL_OVER_TCP, 4444), "rdp");
	assert_string_equal(probed_hex(token, SL_OVER_TCP, 4444), "rdp");
	assert_string_equal(probed_hex(tls, SL_OVER_TCP, 4444), "rdp");
	assert_string_equal(probed_hex(old_request, SL_OVER_TCP, 3389), "rdp");
	assert_string_not_equal(probed_hex(old_request, SL_OVER_TCP, 4444), "rdp");
	assert_string_equal(probed_hex("0300002f2ae000000000", SL_OVER_TCP, 4444), "more");
	/* arkime s7comm_synthetic.pcap */
	assert_string_not_equal(
		probed_hex("0300001611e00000000100c0010ac1020100c2020102", SL_OVER_TCP, 3389),
		"rdp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
