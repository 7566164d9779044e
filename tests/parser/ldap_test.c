/* SPDX-License-Identifier: BSD-3-Clause */
/* ldap_test.c - names, filters and referrals of LDAP in pieces of any size, signed tokens, and
 * where TLS begins. */
#include "hex_steps.h"

/* PcapPlusPlus ldap.pcapng, frames 5, 6, 7, 13, 11 and 16 */
static const char bind_simple[] = "30740201026050020103043b636e3d41646d696e6973747261746f722c636e3d"
				  "55736572732c64633d636c6f7564736861726b2d612c64633d6578616d706c65"
				  "2c64633d636f6d800e636c6f7564736861726b31323321a01d301b0419312e33"
				  "2e362e312e342e312e34322e322e32372e382e352e31";
static const char bind_done[] = "3084000000100201026184000000070a010004000400";
static const char search[] = "3081c50201066379041244433d6d61747269782c44433d6c6f63616c0a01020a"
			     "0103020100020100010100a939811c322e31362e3834302e312e313133373330"
			     "2e332e332e322e34362e3182106465706172746d656e744e756d62657283073e"
			     "3d4e34373109301904012a04146e74736563757269747964657363726970746f"
			     "72a045301f0416312e322e3834302e3131333535362e312e342e383031040530"
			     "0302010730220416312e322e3834302e3131333535362e312e342e3331390408"
			     "3006020201f40400";
static const char modify_dn[] = "3081860201126c81800437636e3d622e736d6974682c6f753d6c646170332d74"
				"75746f7269616c2c64633d64656d6f312c64633d667265656970612c64633d6f"
				"7267040a636e3d622e736d6974680101ff80366f753d6d6f7665642c206f753d"
				"6c646170332d7475746f7269616c2c64633d64656d6f312c64633d6672656569"
				"70612c64633d6f7267";
static const char rename_failed[] =
	"303802010f6d330a0120042c6f753d6c646170332d7475746f7269616c2c6463"
	"3d64656d6f312c64633d667265656970612c64633d6f72670400";
static const char delete_one[] = "30450201164a40636e3d622e736d6974682c6f753d6d6f7665642c6f753d6c64"
				 "6170332d7475746f7269616c2c64633d64656d6f312c64633d66726565697061"
				 "2c64633d6f7267";
/* arkime ldap-ssl.pcap, frames 4 and 6 */
static const char start_tls[] = "301d02010177188016312e332e362e312e342e312e313436362e3230303337";
static const char tls_granted[] = "300c02010178070a010004000400";
/* zeek ldap/missing_ldap_logs.pcapng, frame 11: signed, the checksum before the messages */
static const char signed_entry[] =
	"000000cc050405ff000c000c0000000035d435116caea0fbcbb85066aca8b0a8"
	"30840000009402010564840000008b045a434e3d456e726f6c6c6d656e742053"
	"657276696365732c434e3d5075626c6963204b65792053657276696365732c43"
	"4e3d53657276696365732c434e3d436f6e66696775726174696f6e2c44433d44"
	"4d432c44433d6c6f63616c308400000029308400000023040b6f626a65637443"
	"6c6173733184000000100403746f700409636f6e7461696e6572308400000010"
	"0201056584000000070a010004000400";

/* PcapPlusPlus ldap.pcapng, a bind with a Kerberos ticket; the token cut and the lengths set for it
 */
static const char bind_ticket[] =
	"3081fd0201036081f70201030400a381ef040a4753532d53504e45474f0481e0"
	"6082051a06062b0601050502a082050e3082050aa024302206092a864882f712"
	"01020206092a864886f712010202060a2b06010401823702020aa28204e00482"
	"04dc608204d806092a864886f71201020201006e8204c7308204c3a003020105"
	"a10302010ea20703050020000000a38203e0618203dc308203d8a003020105a1"
	"151b1357324b332e564d4e4554312e564d2e42415345a22f302da003020102a1"
	"2630241b046c6461701b1c77326b332d3130312e77326b332e766d6e6574312e"
	"766d2e62617365a382038730820383a003020117a103020107a2820375048203";

#define EXPECT(t, last, want) expect_hex("ldap", t, COUNT(t), last, want)

static void test_ticket(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, bind_ticket } };
	(void)s;
	EXPECT(t, SL_MORE,
		"krb5.realm 1 w2k3.vmnet1.vm.base\n"
		"krb5.sname 1 ldap/w2k3-101.w2k3.vmnet1.vm.base\nclose 1 \n");
}

static void test_names(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, bind_simple },
		{ SL_TO_CLIENT, bind_done }, { SL_TO_SERVER, search }, { SL_TO_SERVER, modify_dn },
		{ SL_TO_CLIENT, rename_failed }, { SL_TO_SERVER, delete_one } };
	(void)s;
	EXPECT(t, SL_MORE,
		"ldap.dn 1 cn=Administrator,cn=Users,dc=cloudshark-a,dc=example,dc=com\nclose 1 \n"
		"close 2 \n"
		"ldap.dn 3 DC=matrix,DC=local\n"
		"ldap.filter 3 "
		"(departmentNumber:2.16.840.1.113730.3.3.2.46.1:=>=N471\\\\09)\nclose 3 \n"
		"ldap.dn 4 cn=b.smith,ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\n"
		"ldap.dn 4 cn=b.smith\n"
		"ldap.dn 4 ou=moved, ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\nclose 4 \n"
		"ldap.dn 5 ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\nclose 5 \n"
		"ldap.dn 6 cn=b.smith,ou=moved,ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\n"
		"close 6 \n");
}

#define DN                                                                                         \
	"CN=Enrollment Services,CN=Public Key "                                                    \
	"Services,CN=Services,CN=Configuration,DC=DMC,DC=local"

static void test_signed(void **s)
{
	/* The same with the checksum behind; NTLM's signature; sealed tokens of both. */
	static const struct hex_step rotated[] = { { SL_TO_CLIENT, signed_entry } };
	static const struct hex_step behind[] = {
		{ SL_TO_CLIENT, "00000029050405ff000c00000000000000000003300b0201024a06636e3d"
				"612c62000102030405060708090a0b" },
		{ SL_TO_CLIENT, "30050201034200" }
	};
	static const struct hex_step ntlm[] = {
		{ SL_TO_CLIENT, "0000001d01000000112233445566778800000003300b0201024a06636e3d"
				"612c62" },
		{ SL_TO_CLIENT, "0000001d01000000112233445566778800000003300b0201034a06636e3d"
				"612c62" }
	};
	static const struct hex_step sealed[] = {
		{ SL_TO_CLIENT, "0000001d050407ff001c001c0000000000000000300b0201024a06636e3d"
				"612c62" },
		{ SL_TO_CLIENT, "0000001b0100000011223344556677880000000430997365616c65642e2e"
				"2e" }
	};
	(void)s;
	EXPECT(rotated, SL_MORE, "ldap.dn 1 " DN "\nclose 1 \nclose 2 \n");
	EXPECT(behind, SL_MORE, "ldap.dn 1 cn=a,b\nclose 1 \nclose 2 \n");
	EXPECT(ntlm, SL_MORE, "ldap.dn 1 cn=a,b\nclose 1 \nldap.dn 2 cn=a,b\nclose 2 \n");
	EXPECT(sealed, SL_MORE, "");
}

static void test_start_tls(void **s)
{
	static const struct hex_step both[] = { { SL_TO_SERVER, start_tls },
		{ SL_TO_CLIENT, tls_granted } };
	static const struct hex_step one[] = { { SL_TO_SERVER, start_tls },
		{ SL_TO_SERVER, "16030000700100006c0303" } };
	static const struct hex_step refused[] = { { SL_TO_SERVER, start_tls },
		{ SL_TO_CLIENT, "300c02010178070a010104000400" },
		{ SL_TO_SERVER, "30050201034200" } };
	(void)s;
	EXPECT(both, SL_NOT_MINE, "close 1 \nclose 2 \n");
	EXPECT(one, SL_NOT_MINE, "close 1 \n");
	EXPECT(refused, SL_MORE, "close 1 \nclose 2 \nclose 3 \n");
	uint8_t bytes[64];
	struct feed *f = feed_new("ldap", 0);
	f->stream = true;
	bool progress;
	(void)feed_bytes(f, SL_TO_SERVER, bytes, from_hex(start_tls, bytes, sizeof(bytes)));
	size_t n = from_hex("300c02010178070a0100040004001603", bytes, sizeof(bytes));
	struct sl_piece p = { .bytes = sl_span(bytes, n), .dir = SL_TO_CLIENT };
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 2);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

static void test_urls(void **s)
{
	/* A reference, a referral in a result, and the code base of a Java object. */
	static const struct hex_step t[] = {
		{ SL_TO_CLIENT, "3019020101731404126c6461703a2f2f612e6578616d706c652f64" },
		{ SL_TO_CLIENT, "302502010265200a010a04000400a31704156c6461703a2f2f622e657861"
				"6d706c652f64633d78" },
		{ SL_TO_CLIENT, "303d0201036438040161303330090402636e31030401783026040c4a6176"
				"61436f64654261736531160414687474703a2f2f6576696c2e6578616d70"
				"6c652f" }
	};
	(void)s;
	EXPECT(t, SL_MORE,
		"ldap.url 1 ldap://a.example/d\nclose 1 \n"
		"ldap.url 2 ldap://b.example/dc=x\nclose 2 \n"
		"ldap.dn 3 a\nldap.url 3 http://evil.example/\nclose 3 \n");
}

static void test_bad(void **s)
{
	static const struct hex_step text[] = { { SL_TO_SERVER, "30050201034200474554202f" } };
	static const struct hex_step tag[] = { { SL_TO_SERVER, "30080201036b030401ff" } };
	static const struct hex_step id[] = { { SL_TO_SERVER, "3003ff0103" },
		{ SL_TO_SERVER, "30050201034200" } };
	(void)s;
	EXPECT(text, SL_MORE, "close 1 \n");
	EXPECT(tag, SL_MORE, "close 1 \n");
	EXPECT(id, SL_MORE, "close 1 \n");
}

/* Deeper than is read, and a filter of each kind. */
static void test_filter(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER,
		"3055020101635004000a01000a0100020100020100010100a03da2068704"
		"6e616d65a108a506040161040135a40f0402636e300980016181012a8201"
		"62a40c0402736e3006810163810164a30a04017a04052829005c61" } };
	static const struct hex_step deep[] = { { SL_TO_SERVER,
		"3069020101636404000a01000a0100020100020100010100a051a04fa04d"
		"a04ba049a047a045a043a041a03fa03da03ba039a037a035a033a031a02f"
		"a02da02ba029a027a025a023a021a01fa01da01ba019a017a015a013a011"
		"a00fa00da00ba009a007a005a003870161" } };
	(void)s;
	EXPECT(t, SL_MORE,
		"ldap.filter 1 "
		"(&(!(name=*))(|(a>=5))(cn=a*\\\\2a*b)(sn=*c*d*)(z=\\\\28\\\\29\\\\00\\\\5ca))\n"
		"close 1 \n");
	EXPECT(deep, SL_MORE,
		"ldap.filter 1 (&(&(&(&(&(&(&(&(&(&(&(&(&(&(&())))))))))))))))\nclose 1 \n");
}

/* A datagram is a message (CLDAP), or an entry and what ends its search. */
static void test_datagram(void **s)
{
	uint8_t bytes[1024];
	size_t n = from_hex(search, bytes, sizeof(bytes));
	struct cut_step step = { SL_TO_SERVER, bytes, n };
	(void)s;
	expect_log("ldap", &step, 1,
		"ldap.dn 1 DC=matrix,DC=local\n"
		"ldap.filter 1 "
		"(departmentNumber:2.16.840.1.113730.3.3.2.46.1:=>=N471\\\\09)\nclose 1 "
		"\n");
	n += from_hex(delete_one, bytes + n, sizeof(bytes) - n);
	step.len = n;
	expect_log("ldap", &step, 1,
		"ldap.dn 1 DC=matrix,DC=local\n"
		"ldap.filter 1 "
		"(departmentNumber:2.16.840.1.113730.3.3.2.46.1:=>=N471\\\\09)\nclose 1 "
		"\n"
		"ldap.dn 2 cn=b.smith,ou=moved,ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\n"
		"close 2 \n");
	struct feed *f = feed_new("ldap", 0);
	(void)feed_guarded(f, SL_TO_SERVER, bytes, 100);
	(void)feed_guarded(f, SL_TO_SERVER, "GET", 3);
	assert_string_equal(f->log, "ldap.dn 1 DC=matrix,DC=local\nclose 1 \n");
	feed_free(f);
}

static void test_gap(void **s)
{
	uint8_t bytes[1024];
	struct feed *f = feed_new("ldap", 0);
	(void)s;
	f->stream = true;
	size_t n = from_hex(search, bytes, sizeof(bytes));
	(void)feed_guarded(f, SL_TO_SERVER, bytes, 50);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, n - 60);
	(void)feed_guarded(f, SL_TO_SERVER, bytes + n - 10, 10);
	n = from_hex(delete_one, bytes, sizeof(bytes));
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, bytes, n), SL_MORE);
	assert_string_equal(f->log, "ldap.dn 1 cn=b.smith,ou=moved,ou=ldap3-tutorial,dc=demo1,"
				    "dc=freeipa,dc=org\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static enum sl_verdict stream(struct feed *f, const char *hex)
{
	uint8_t bytes[1024];
	return feed_guarded(f, SL_TO_SERVER, bytes, from_hex(hex, bytes, sizeof(bytes)));
}

/* Pieces inside of a message that was lost look like the begin of one; so does text behind one. */
static void test_lost(void **s)
{
	static const char *const inside[] = { "0403666f6f", "308000000000aabb", "30820300aabbccdd",
		"0000100041414141414141414141414141414141414141414141", "30050201034210" };
	struct feed *f = feed_new("ldap", 0);
	(void)s;
	f->stream = true;
	assert_int_equal(stream(f, bind_simple), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	for (size_t i = 0; i < COUNT(inside); i++)
		assert_int_equal(stream(f, inside[i]), SL_MORE);
	assert_int_equal(stream(f, "30820005"), SL_MORE);
	assert_int_equal(stream(f, "0201034200"), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
	assert_int_equal(stream(f, delete_one), SL_MORE);
	assert_string_equal(f->log,
		"ldap.dn 1 cn=Administrator,cn=Users,dc=cloudshark-a,dc=example,dc=com\nclose 1 \n"
		"close 2 \n"
		"ldap.dn 3 cn=b.smith,ou=moved,ou=ldap3-tutorial,dc=demo1,dc=freeipa,dc=org\n"
		"close 3 \n");
	enum sl_verdict v = SL_MORE;
	for (unsigned n = 0; n < 100 && v == SL_MORE; n++)
		v = stream(f, "474554202f");
	assert_int_equal(v, SL_BAD);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* Who asks for TLS does not grant it. */
static void test_not_granted(void **s)
{
	struct feed *f = feed_new("ldap", 0);
	(void)s;
	f->stream = true;
	assert_int_equal(stream(f, start_tls), SL_MORE);
	assert_int_equal(stream(f, tls_granted), SL_MORE);
	assert_int_equal(stream(f, delete_one), SL_MORE);
	assert_non_null(strstr(f->log, "cn=b.smith"));
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed_hex(bind_simple, SL_OVER_TCP, 4444), "ldap");
	assert_string_equal(probed_hex(search, SL_OVER_UDP, 4444), "ldap");
	assert_string_equal(probed_hex("30050201034200", SL_OVER_TCP, 4444), "ldap");
	assert_string_equal(probed_hex("3074020102", SL_OVER_TCP, 4444), "more");
	/* SNMP, and sizes that do not agree. */
	assert_string_equal(probed_hex("302602010104067075626c6963a019", SL_OVER_UDP, 4444), "");
	assert_string_equal(probed_hex("30050201034210", SL_OVER_TCP, 4444), "");
	assert_string_equal(probed_hex("300702010342000000", SL_OVER_TCP, 4444), "");
	assert_string_equal(probed_hex("300c020101780704010004000400", SL_OVER_TCP, 4444), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ticket),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_start_tls),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_not_granted),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
