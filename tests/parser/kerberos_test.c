/* SPDX-License-Identifier: BSD-3-Clause */
/* kerberos_test.c - clients, services and realms of Kerberos over UDP and TCP, and what is no
 * Kerberos. */
#include "hex_steps.h"

/* zeek krb/kinit.pcap, frames 1 and 2 */
static const char as_req[] = "6a81af3081aca103020105a20302010aa30e300c300aa10402020095a2020400"
			     "a4818f30818ca00703050000000010a1233021a003020101a11a30181b167661"
			     "6c69645f636c69656e745f7072696e636970616ca20b1b09564c4144472e4e45"
			     "54a31e301ca003020102a11530131b066b72627467741b09564c4144472e4e45"
			     "54a511180f32303135303131393232353435395aa70602047805a1eba8143012"
			     "02011202011102011002011702011902011a";
static const char as_rep[] = "6b8202e4308202e0a003020105a10302010ba23930373035a103020113a22e04"
			     "2c302a3028a003020112a1211b1f564c4144472e4e455476616c69645f636c69"
			     "656e745f7072696e636970616ca30b1b09564c4144472e4e4554a4233021a003"
			     "020101a11a30181b1676616c69645f636c69656e745f7072696e636970616ca5"
			     "82014c6182014830820144a003020105a10b1b09564c4144472e4e4554a21e30"
			     "1ca003020102a11530131b066b72627467741b09564c4144472e4e4554a38201"
			     "0e3082010aa003020112a103020101a281fd0481fa26667361d36058bc249e02"
			     "eb4ed72c44f0fc0143a21430e9b70de84a8e341f19ef4a908bb57023d29c792d"
			     "15a719f74d036ea40fed6975e45f7ead1d02886e0924edd3b97e885951f8866a"
			     "2d236d19de29860b5c263cd4ed1908e7ea8e8a0cb67175dc8593a3c16cea9803"
			     "80ebd5f03f0d4b3e0c4abf546a59d903e32b8e5ffc7b766afd30f7f9998d25cf"
			     "7b1ebee03afc8e854a296f373a5e9447a34bf37a8c7c26bb466ef79ecfb0db9b"
			     "9ec7afd3116c67c06e1b9a43059d67a520e466bea5511a8e96ae535c45cecc9c"
			     "ffd28d004fd7f0dad4b6502ab379bf6f52f729cd379d86a59d2404c175335674"
			     "fdb800e817a074b83f962136f709d1a682011530820111a003020112a2820108"
			     "04820104c0e9bc01959d9e9f9fee59934fb4f12d57fb1890bb0d86a8d3c3c88f"
			     "fa8a953abd0a0a0c1e3cf36762e8af14c64fca04254c932ba04326cbc9e7e013"
			     "63b6eea0bfc1145d032b04dc1322994fbbcef460186f53960819a0d37f0507e4"
			     "9a36a44b8a655dc7022c6bab760741247681ba833f07aa0a8589615b892bbef7"
			     "e564265a9c87ee3d61efe4181f70950f3d4ba226b37335c1ef54789bc8f38247"
			     "92a6a98ab6c245afe8adec16102cd5b6f5c484fcf5b23113b306f82ff77359f5"
			     "542e4f75cff22a32b63c1d6059e3d888694c41072128402e7d7de9203b90d3e0"
			     "d2eb2602aac9d3cde662610d7c2ddf88f3d3b9e453d4d704bc9670175953152d"
			     "f9c89bfd003cc143";
/* zeek krb/auth.pcap, frame 1: made with a ticket */
static const char tgs_req[] = "6c82029d30820299a103020105a20302010ca3820226308202223082021ea103"
			      "020101a2820215048202116e82020d30820209a003020105a10302010ea20703"
			      "050000000000a38201396182013530820131a003020105a10b1b09564c414447"
			      "2e4e4554a21e301ca003020102a11530131b066b72627467741b09564c414447"
			      "2e4e4554a381fc3081f9a003020112a103020101a281ec0481e9c6e97a72c5b7"
			      "332c2db413797e959d2fd64eec88b25f6dbbecb9b0f43385897380ae90fc1535"
			      "2b4d40d4e2697297b6295cfc2034f8da31301e1302a3d45a5e76396bc1f658d9"
			      "4cfe6c001f2428096582b075ee74892e998523795d82426c5524169fa0c41e6a"
			      "9c8252b86756b453a398aea7ed6e12bb99437c55dddb5342bbcf455c8508f3ef"
			      "c5480ff8169a069cec85885a225e1ae9fecd77ac22ec4c05a62ada29860c8331"
			      "a2d5c92ebec5acaf41fe075accaf2001a5f17ff20b22f2f80812890e7c20346e"
			      "45f6da06c84ea846718c08ad3aa474333d7976393431c8c66dbb88d893bc626b"
			      "1d40efa481b63081b3a003020112a281ab0481a8bdf5c939be474af5ca53c9ed"
			      "fadcac3805641eb97c73529402b0028fcfd8a18bcc8a2978b5642678c0e45f35"
			      "e1a56e690ea3a5c28bebe271d1d958f2c72aa4452127b6ce05c013b29164b587"
			      "ee0297a22ba8c22eae281e85dd7b98f30cf38e6620bc8336cbbbdb981444568c"
			      "c3d4196e20acf59a6fb76c61f0872bd4605b58324ec3c8cf69b1a9b20f4afee3"
			      "d09f153cebaf112202b15eb4e8ebd144b54eccbbfa957e3094bada32a4633061"
			      "a00703050060000000a20b1b09564c4144472e4e4554a31e301ca003020101a1"
			      "1530131b066b72627467741b09564c4144472e4e4554a511180f313937303031"
			      "30313030303030305aa706020469eb0f4da80e300c0201120201110201100201"
			      "17";
/* arkime krb5-tcp.pcap */
static const char as_req_tcp[] = "0000010d6a82010930820105a103020105a20302010aa31530133011a1040202"
				 "0080a20904073005a0030101ffa481e13081dea00703050040810010a1193017"
				 "a003020101a110300e1b0c787878787878787878787824a21f1b1d7878787878"
				 "7878787878787878782e7878787878782e7878782e434f4da3323030a0030201"
				 "02a12930271b066b72627467741b1d78787878787878787878787878782e7878"
				 "787878782e7878782e434f4da511180f32303337303931333032343830355aa6"
				 "11180f32303337303931333032343830355aa706020434eb6deba81630140201"
				 "120201170202ff7b0201800201180202ff79a91d301b3019a003020114a11204"
				 "1078787878787878787878782020202020";
/* Made up: an error; several tickets; a request to a service. */
static const char error_reply[] = "7e819230818fa003020105a10302011ea411180f323031353031303932323534"
				  "35395aa503020101a603020119a70e1b0c4556494c2e4558414d504c45a81430"
				  "12a003020101a10b30091b076d616c6c6f7279a90b1b09422e4558414d504c45"
				  "aa21301fa003020101a11830161b04636966731b0e686f73742e622e6578616d"
				  "706c65ab101b0e4e45454445445f50524541555448";
static const char credentials[] = "7661305fa003020105a103020116a253305161253023a003020105a1031b0141"
				  "a20e300ca003020101a10530031b0178a3073005a00302011261283026a00302"
				  "0105a1031b0143a211300fa003020101a10830061b01791b017aa3073005a003"
				  "020112";
static const char ap_req[] = "6e3b3039a003020105a10302010ea32d612b3029a003020105a1031b0141a214"
			     "3012a003020101a10b30091b04687474701b0177a3073005a003020112";

#define EXPECT(t, last, want) expect_hex("kerberos", t, COUNT(t), last, want)

static void test_udp(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, as_req }, { SL_TO_CLIENT, as_rep },
		{ SL_TO_SERVER, tgs_req } };
	static const struct hex_step made[] = { { SL_TO_CLIENT, error_reply },
		{ SL_TO_SERVER, credentials }, { SL_TO_SERVER, ap_req },
		{ SL_TO_SERVER, "474554202f" } };
	(void)s;
	expect_hex_log("kerberos", t, 3,
		"krb5.cname 1 valid_client_principal\nkrb5.realm 1 vladg.net\nkrb5.sname 1 "
		"krbtgt/VLADG.NET\nclose 1 \n"
		"krb5.realm 2 vladg.net\nkrb5.cname 2 valid_client_principal\nkrb5.realm 2 "
		"vladg.net\nkrb5.sname 2 krbtgt/VLADG.NET\nclose 2 \n"
		"krb5.realm 3 vladg.net\nkrb5.sname 3 krbtgt/VLADG.NET\nkrb5.realm 3 "
		"vladg.net\nkrb5.sname 3 krbtgt/VLADG.NET\nclose 3 \n");
	expect_hex_log("kerberos", made, 4,
		"krb5.realm 1 evil.example\nkrb5.cname 1 mallory\nkrb5.realm 1 "
		"b.example\nkrb5.sname 1 cifs/host.b.example\nclose 1 \n"
		"krb5.realm 2 a\nkrb5.sname 2 x\nkrb5.realm 2 c\nkrb5.sname 2 y/z\nclose 2 \n"
		"krb5.realm 3 a\nkrb5.sname 3 http/w\nclose 3 \n");
}

static void test_tcp(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, as_req_tcp },
		{ SL_TO_CLIENT, "000000957e819230818fa003020105a10302011ea411180f323031353031303932"
				"32353435395aa503020101a603020119a70e1b0c4556494c2e4558414d504c45a8"
				"143012a003020101a10b30091b076d616c6c6f7279a90b1b09422e4558414d504c"
				"45aa21301fa003020101a11830161b04636966731b0e686f73742e622e6578616d"
				"706c65ab101b0e4e45454445445f50524541555448" },
		{ SL_TO_CLIENT, "ffffffff" } };
	(void)s;
	EXPECT(t, SL_MORE,
		"krb5.cname 1 xxxxxxxxxxx$\nkrb5.realm 1 xxxxxxxxxxxxxx.xxxxxx.xxx.com\nkrb5.sname "
		"1 krbtgt/xxxxxxxxxxxxxx.xxxxxx.xxx.COM\nclose 1 \n"
		"krb5.realm 2 evil.example\nkrb5.cname 2 mallory\nkrb5.realm 2 "
		"b.example\nkrb5.sname 2 cifs/host.b.example\nclose 2 \n");
}

static void test_bad(void **s)
{
	/* Lengths that lie, inside and outside; nothing behind the type. */
	static const struct hex_step t[] = { { SL_TO_SERVER,
		"000000127e143012a003020105a10302011ea7847fffffffff" } };
	static const struct hex_step endless[] = { { SL_TO_SERVER,
		"00ffffff6a83fffffa3083fffff5a103020105" } };
	(void)s;
	EXPECT(t, SL_MORE, "close 1 \n");
	EXPECT(endless, SL_MORE, "");
}

struct made {
	size_t len;
	uint8_t b[2048];
};

static void before(struct made *m, const void *p, size_t len)
{
	memmove(m->b + len, m->b, m->len);
	memcpy(m->b, p, len);
	m->len += len;
}

static void within(struct made *m, uint8_t tag)
{
	uint8_t head[] = { tag, 0x82, (uint8_t)(m->len >> 8), (uint8_t)m->len };
	before(m, head, sizeof(head));
}

/* A name longer than is kept is no name, as its begin may be another's; it is counted. */
static void test_long_name(void **s)
{
	struct made m = { .len = 1100 };
	struct feed *f = feed_new("kerberos", 0);
	(void)s;
	memset(m.b, 'x', m.len);
	within(&m, 0x1b);
	within(&m, 0x30);
	within(&m, 0xa1);
	before(&m, "\xa0\3\2\1\1", 5);
	within(&m, 0x30);
	within(&m, 0xa8);
	before(&m, "\xa0\3\2\1\5\xa1\3\2\1\x1e", 10);
	within(&m, 0x30);
	within(&m, 0x7e);
	assert_int_equal(feed_full(f, SL_TO_SERVER, m.b, m.len), SL_MORE);
	assert_string_equal(f->log, "close 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* Behind a gap a message is found again, and nothing that only looks like its begin. */
static void test_lost(void **s)
{
	uint8_t b[1024];
	size_t len = from_hex(as_req_tcp, b, sizeof(b));
	struct feed *f = feed_new("kerberos", 0);
	(void)s;
	f->stream = true;
	(void)feed_guarded(f, SL_TO_SERVER, b, 20);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\0\0\xff\0\x6a\x82\1\2\3", 9), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "any text", 8), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, 9), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b + 9, len - 9), SL_MORE);
	assert_non_null(strstr(f->log, "krb5.cname 1 xxxxxxxxxxx$\n"));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(as_req, SL_OVER_UDP, 4444), "kerberos");
	assert_string_equal(probed_hex(error_reply, SL_OVER_UDP, 4444), "kerberos");
	assert_string_equal(probed_hex(as_req_tcp, SL_OVER_TCP, 4444), "kerberos");
	assert_string_equal(probed_hex("0000010d6a82", SL_OVER_TCP, 88), "more");
	assert_string_equal(probed_hex("0000010d41", SL_OVER_TCP, 88), "");
	assert_string_equal(probed_hex("474554206b65790d0a", SL_OVER_TCP, 88), "");
	/* zeek krb/error-preauth-padata.pcap: an error without its version */
	assert_string_equal(
		probed_hex("7e143012a603020119ac0b30093007a103020102a200", SL_OVER_UDP, 88), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
