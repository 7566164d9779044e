/* SPDX-License-Identifier: BSD-3-Clause */
/* tor_test.c - the handshake of a relay, Tor 0.4.9.11, made for this test over a loopback with
 * TLS 1.2; and certificates that only look like its own. */
#include "hex_steps.h"

static const char
	hello[] = "16030100b7010000b30303c73b792e0d850c9bc53fb07eab5eb4a50af2411601cb42d68c988b"
		  "267253cedf000038c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067"
		  "c00ac0140039c009c0130033009d009c003d003c0035002f00ff01000052000b000403000102"
		  "000a000c000a001d0017001e00190018002300000016000000170000000d002a002804030503"
		  "0603080708080809080a080b080408050806040105010601030303010302040205020602",
	relay[] = "160303003d0200003903036bd59ead2432029b33b066c4df8e9be5abb9871f49a6a7e1444f57"
		  "4e4752440100c030000011ff01000100000b0004030001020017000016030302560b00025200"
		  "024f00024c30820248308201b1a003020102020900a1b918ac71d77dc6300d06092a864886f7"
		  "0d01010b050030273125302306035504030c1c7777772e6f6533776b666362686a6863363467"
		  "6a683737732e636f6d301e170d3236313032343030303030305a170d32373032313532333539"
		  "35395a3021311f301d06035504030c167777772e6864353577626375326b3435366b2e6e6574"
		  "30820122300d06092a864886f70d01010105000382010f003082010a0282010100fafe8aef72"
		  "a3ef26077c6732de2c4508b86c1cfcb09273ceace1e05e6db2efe62369c3bf1706f83feb9ba1"
		  "0e7400beb2fde206849e463e1df74be4b56b2a75115f1bc4d1964dbdb13d54179ca4d0070a9f"
		  "75c0086653f3a87f8d7e741d29eee462d14f86419c9ce5a754d7e63556d3ee7121d9e5163847"
		  "81bbebb93a535f52ba815672a972ef34869b7ddad47ea4e0ded5d9861d4863c4073335bf6e20"
		  "4a51669fa0878e3b08c8b432d8c9c28cd7d8fc7fd03fcf42924bba49fbecad519bae31632dc4"
		  "95feb1bd763f07433da47222547384983198db0ded990dfb46e9ac546fa0b6601d1189403308"
		  "9ea91f83b62943816e12c6f31e7e6ee2dbc0eee0d750db0203010001300d06092a864886f70d"
		  "01010b0500038181002d060cd4cc3ad56861d0941d4cede7b89de09986de0ab45da26af28d77"
		  "a1bba78dd0adb320aec5b530f21d5c4a450ce149607aa7c036c5584ecd382798bd63224108e9"
		  "c155c75746f8e8a9914e1f1d9b2c9043535b7e93378746e07ca69d7ee5db4d6d176ddd8dd9f9"
		  "7982ce2d682e041d459632c1b67efdb8c9a451eabcaf1a160303014d0c00014903001741045b"
		  "aa72a99ccfbd04ef634d02f0571cbe9bef12997c5fac142ea448e8d58ab8aa0ddd0a63646450"
		  "9d2f57516ce24eb5208f101971ebcf88da30885a4ed535d4c3080401007148507974719d9939"
		  "95a376c435011090beaef8811122c5e4b814eb3d0dd3d2855d8aa7005e3427295804955a676a"
		  "adb35cc9bd85f8561d0ffc0bb58b4fda2009c61607f1354f475808af8e6edaed380d35cbe5a9"
		  "5d42f12b5a40abd987aaa62bbbbe54d864356e9471e4c139dc62baa76c684284f566e104a21f"
		  "3e84775fdad9f041fed07bb4f42f941edf60139ecd035d6c817eeb89d2ab9dc719e59f93b44c"
		  "b632f42f6ea9a1e05f351b4eeb7a371c04e05bb6f1d4a51d3b0df07511d864543a7f90fa5004"
		  "58a3202aec4263fbe0613394f9a3671f612e8e07d864d9d3672b558e8c64af4ed1d4a4101e16"
		  "776acd54e61ef4b9016cf48ae7e144870e7d6616030300040e000000",
	client_ends[] =
		"1603030046100000424104b213ac4b618492708dd702517d5fc9594f3b1402fee3a7c038d9b9"
		"6208227d98e7581cb1078bbc45cc1af64841d5076b416630c0a0d533d843ab4e1d8fe7071c14"
		"03030001011603030028040dfe1e110550c5b0a1457b69939711d415ebafb46bb0ae683a402c"
		"966b41f2976aa6d9bac81e19",
	relay_ends[] =
		"1403030001011603030028dbf9208bc2c2937c2f90a5702df653eca041a501f94b031258bba7"
		"b6c33903836f63136a57e5e1bb";

static const char says[] = "CN=www.hd55wbcu2k456k.net\n"
			   "tls.cert_issuer 1 CN=www.oe3wkfcbhjhc64gjh77s.com\n";

static void test_relay(void **s)
{
	static const char *const hex[] = { hello, relay, client_ends, relay_ends };
	uint8_t b[2048];
	(void)s;
	for (unsigned room = 0; room < 8; room++) {
		struct feed *f = feed_new("tls", room);
		enum sl_verdict v = SL_MORE;
		for (unsigned i = 0; i < COUNT(hex); i++) {
			size_t len = from_hex(hex[i], b, sizeof(b));
			v = feed_guarded(f, i & 1, b, len);
		}
		assert_int_equal(v, SL_NOT_MINE);
		assert_string_equal(f->b.next->name, "tor");
		assert_non_null(strstr(f->log, says));
		assert_memory_equal(f->log + f->log_len - 9, "close 1 \n", 9);
		feed_free(f);
	}
}

/* One character that base32 doesn't have, another ending, another begin: any certificate. */
static void test_others(void **s)
{
	static const struct {
		const char *from, *to;
	} row[] = { { "hd55wbcu2k456k", "hd55wbcu2k4561" },
		{ "oe3wkfcbhjhc64gjh77s", "oe3wkfcbhjhc64gjh77-" }, { ".net", ".org" },
		{ ".com", ".net" }, { "www.", "ftp." } };
	uint8_t b[2048];
	(void)s;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct feed *f = feed_new("tls", 0);
		size_t len = from_hex(hello, b, sizeof(b));
		(void)feed_guarded(f, SL_TO_SERVER, b, len);
		len = from_hex(relay, b, sizeof(b));
		uint8_t *at = memmem(b, len, row[i].from, strlen(row[i].from));
		assert_non_null(at);
		memcpy(at, row[i].to, strlen(row[i].to));
		(void)feed_guarded(f, SL_TO_CLIENT, b, len);
		len = from_hex(relay_ends, b, sizeof(b));
		assert_int_equal(feed_guarded(f, SL_TO_CLIENT, b, len), SL_DONE);
		feed_free(f);
	}
}

static void test_feed(void **s)
{
	struct feed *f = feed_new("tor", 0);
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "\x17\3\3", 3), SL_DONE);
	assert_int_equal(probe_bytes("tor", SL_TO_SERVER, "\x16\3\3", 3, false, 9001), SL_PROBE_NO);
	assert_string_equal(f->log, "");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
