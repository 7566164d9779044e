/* SPDX-License-Identifier: BSD-3-Clause */
/* vnc_test.c - versions and names of VNC through each security that can be followed, and what is no
 * VNC. */
#include "hex_steps.h"

#define VERSION_8 "524642203030332e3030380a"
#define VERSION_7 "524642203030332e3030370a"
#define VERSION_3 "524642203030332e3030330a"
#define SIXTEEN "a589e690ef37b29993b950eb332c0a9d"
/* Made up: 1024 * 768, and the name "desk" */
#define INIT                                                                                       \
	"0400030020180001"                                                                         \
	"00ff00ff00ff100800000000"                                                                 \
	"00000004"                                                                                 \
	"6465736b"

/* zeek rfb/vncmac.pcap: one session with Apple's own security */
static const char apple_greeting[] = "524642203030332e3838390a";
static const char apple_client_greeting[] = "524642203030332e3838390a";
static const char apple_types[] = "021e23";
static const char apple_choice[] = "1e";
static const char apple_parameters[] =
	"00020080ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e08"
	"8a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6d"
	"f25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6"
	"f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffff"
	"ffffffff0f1106405025fbbf7e99473bc761d3fc34b7a0ea28e7d2e1b3951377"
	"986bf5d3e6a2466df8aaa9a1b75ba728c41fd45960412876d9a23422c0df80bc"
	"b6e8e8afb5cc09018218b1390451115e9cb55ed707e3986bc4399117bbe573af"
	"3f2a1400c53e0bfb270ffa0d13a46524dbe2ffcd3ed5d37eadddbbd64a15890c"
	"ced01798";
static const char apple_credentials[] =
	"4e06aa7fc01ac3515b102446b5ca905e26faa1f441c72b1f30869f91310a1e66"
	"bc0ec6c2946181623675f2b0ed10e65c8a1b37a2157e6e7befacd522d9fbd09e"
	"597c7ce4b8f8e922cb9e804337dbab7b12f832c3d33c6a5bcdbef0fae5bdf494"
	"58266d6968a8af3f2d4ac84448aaa43b02d3afc25d87e42537939d7a62e55c75"
	"58e28927ad06d9298ccf874835854dd505ac0d8eaf88e07a7f6cf8c66135b712"
	"96b8d16eea26811b2649038abafccc86910ed986d24b9523c15f4756f1d71ebb"
	"ecc4c43e7aa69575345a19374ecb3dc795a3510fa718c6eb15947a2b7a815039"
	"bdfb492952d47236c4125152c1d25436bfc8103aeacfb01d709c480f30e582cd";
static const char apple_result[] = "00000000";
static const char apple_client_init[] = "c1";
static const char apple_server_init[] =
	"078004382018000100ff00ff00ff10080000000000000021000000000002bffe"
	"e703e000000000000000000000004d61634d696e6920535344";

#define EXPECT(t, last, want) expect_hex("vnc", t, COUNT(t), last, want)

static void test_none(void **s)
{
	static const struct hex_step t[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_8 }, { SL_TO_CLIENT, "020102" }, { SL_TO_SERVER, "01" },
		{ SL_TO_CLIENT, "00000000" }, { SL_TO_SERVER, "01" }, { SL_TO_CLIENT, INIT } };
	static const struct hex_step seven[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_7 }, { SL_TO_CLIENT, "0101" }, { SL_TO_SERVER, "01" },
		{ SL_TO_SERVER, "01" }, { SL_TO_CLIENT, INIT } };
	(void)s;
	EXPECT(t, SL_DONE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.008\nclose 2 \nvnc.name 3 "
		"desk\nclose 3 \n");
	EXPECT(seven, SL_DONE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.007\nclose 2 \nvnc.name 3 "
		"desk\nclose 3 \n");
}

/* zeek rfb/vnc-mac-to-linux.pcap: the client wants 3.3 */
static void test_password(void **s)
{
	static const struct hex_step t[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_3 }, { SL_TO_CLIENT, "00000002" SIXTEEN },
		{ SL_TO_SERVER, SIXTEEN }, { SL_TO_CLIENT, "00000000" }, { SL_TO_SERVER, "01" },
		{ SL_TO_CLIENT, INIT } };
	static const struct hex_step wrong[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_8 }, { SL_TO_CLIENT, "0102" }, { SL_TO_SERVER, "02" },
		{ SL_TO_CLIENT, SIXTEEN }, { SL_TO_SERVER, SIXTEEN },
		{ SL_TO_CLIENT, "00000001" } };
	(void)s;
	EXPECT(t, SL_DONE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.003\nclose 2 \nvnc.name 3 "
		"desk\nclose 3 \n");
	EXPECT(wrong, SL_DONE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.008\nclose 2 \n");
}

static void test_apple(void **s)
{
	static const struct hex_step t[] = { { SL_TO_CLIENT, apple_greeting },
		{ SL_TO_SERVER, apple_client_greeting }, { SL_TO_CLIENT, apple_types },
		{ SL_TO_SERVER, apple_choice }, { SL_TO_CLIENT, apple_parameters },
		{ SL_TO_SERVER, apple_credentials }, { SL_TO_CLIENT, apple_result },
		{ SL_TO_SERVER, apple_client_init }, { SL_TO_CLIENT, apple_server_init } };
	(void)s;
	EXPECT(t, SL_DONE,
		"vnc.version 1 003.889\nclose 1 \nvnc.version 2 003.889\nclose 2 \nvnc.name 3 "
		"MacMini SSD\nclose 3 \n");
}

static void test_tls(void **s)
{
	static const struct hex_step t[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_8 }, { SL_TO_CLIENT, "0112" }, { SL_TO_SERVER, "12" } };
	(void)s;
	EXPECT(t, SL_NOT_MINE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.008\nclose 2 \n");
}

/* What can't be followed: another security, a refusal, one side alone. */
static void test_left(void **s)
{
	static const struct hex_step other[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, VERSION_8 }, { SL_TO_CLIENT, "0110" }, { SL_TO_SERVER, "10" } };
	static const struct hex_step refused[] = { { SL_TO_CLIENT, VERSION_8 "0000000004" } };
	static const struct hex_step one[] = { { SL_TO_CLIENT, VERSION_8 "010100000000" } };
	static const struct hex_step odd[] = { { SL_TO_CLIENT, VERSION_3 "0000ff02" } };
	static const struct hex_step text[] = { { SL_TO_CLIENT, VERSION_8 },
		{ SL_TO_SERVER, "474554202f20" } };
	(void)s;
	EXPECT(other, SL_DONE,
		"vnc.version 1 003.008\nclose 1 \nvnc.version 2 003.008\nclose 2 \n");
	EXPECT(refused, SL_DONE, "vnc.version 1 003.008\nclose 1 \n");
	EXPECT(one, SL_DONE, "vnc.version 1 003.008\nclose 1 \n");
	EXPECT(odd, SL_DONE, "vnc.version 1 003.003\nclose 1 \n");
	EXPECT(text, SL_BAD, "vnc.version 1 003.008\nclose 1 \n");
}

/* A hole, a step that the end cuts, and one that there is no memory for are counted. */
static void test_cut(void **s)
{
	(void)s;
	for (unsigned how = 0; how < 3; how++) {
		struct feed *f = feed_new("vnc", 0);
		struct sl_parser_pool *pool = f->b.pool;
		(void)feed_guarded(f, SL_TO_CLIENT, "RFB 003.008\n", 12);
		f->b.pool = how == 2 ? NULL : pool;
		enum sl_verdict v = how > 0 ? feed_guarded(f, SL_TO_CLIENT, "\2", 1) : SL_DONE;
		assert_int_equal(v, how == 1 ? SL_MORE : SL_DONE);
		f->b.pool = pool;
		if (how < 2)
			v = feed_mark(f, how > 0 ? SL_PIECE_END : SL_PIECE_GAP, SL_TO_CLIENT, 0);
		assert_int_equal(v, SL_DONE);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		feed_free(f);
	}
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(VERSION_8, SL_OVER_TCP, 4444), "vnc");
	assert_string_equal(probed_hex("524642203030", SL_OVER_TCP, 5900), "more");
	assert_string_not_equal(probed_hex("524642203030332e3030380d", SL_OVER_TCP, 5900), "vnc");
	assert_string_not_equal(probed_hex("52464220303033003030380a", SL_OVER_TCP, 5900), "vnc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_apple),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
