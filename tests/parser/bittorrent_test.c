/* SPDX-License-Identifier: BSD-3-Clause */
/* bittorrent_test.c - BitTorrent: handshakes over TCP and uTP, the DHT, trackers over UDP. */
#include "hex_steps.h"

/* arkime bt-tcp.pcap; bt-udp.pcap */
static const char
	handshake[] = "13426974546f7272656e742070726f746f636f6c0000000000100005aaaaaaaaaaaaaaaaaaaa"
		      "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	find_node[] = "64313a6164323a696432303a5a68d3ec069f47fef50e79ddf086ac4d2e5e2622363a74617267"
		      "657432303a5a794bf8d902c9446cfa18f9a0ca82abe44400c865313a71393a66696e645f6e6f"
		      "6465313a74343a76fd8227313a76343a555473f2313a79313a7165",
	nodes[] = "64313a7264323a696432303a70cad05c851b3f38f1c6cf3c6cc7fe128d512540323a6970343a"
		  "40ec803e353a6e6f6465733230383a70cadaa455608c5d11c1eeb84e8b58cbb81fa36943be67"
		  "65b73070cada6f30024ebebdb6279cdaab557c526e9170b46bd12bdbbc70cadc9b67c3923a99"
		  "b8d6aa41768482f0c5e8b02ea6c2b71ae170cafb7cfa9431671e14415ec727155951ba179578"
		  "3c88544c0270cafb7cf1f96643db36aefa7840265e6b209cd532048854f50970cafb7c2d0138"
		  "67db6f6b38695dbf39c6a6993d42bc48d4d0ab70cafb7c0c1796e211c6f322b8b3b241024041"
		  "2db8044854397b70caed1ccd09cba97ccd8afa0998493a5023ad305692dc1858ba65313a7434"
		  "3a79696e2d313a76343a5554765f313a79313a7265",
	odd_order[] = "64313a71393a66696e645f6e6f6465313a7264323a696432303a490185250d558c60740521d2"
		      "2f6fae2e3f048f5b323a6970343a40ec802a373a6e6f64657300763230383a4901824481ae4f"
		      "1e405146fcb3884f64b5bcded64fba7e43db234901080645816245420a7880925960a43e0ccb"
		      "c55f3e01671ec94900cfa454689197e242f3c30e137d0e50ad0e270100ebe351864900d9b33a"
		      "ab40ac86f9212aa1c6bf6652a27632b51a0d767e8a490073f566c44268838ec49b346de5e452"
		      "7adfc878c36b2905fd490df2b47ea74342b521fc0dad5750b152abf88eb6582a5468af493c65"
		      "018f4c494a0353f41fe293afecbfd24dbc40ec802a96c24940b0fb99dd33b9e39962d976ee01"
		      "4c6f8c50d75403a22ff0e865313a74343acdc65548313a79313a7265";
/* Made: get_peers as BEP 5 has it; a tracker's connection and announcement (BEP 15); a handshake in
 * uTP behind an extension (BEP 29). */
static const char
	get_peers[] = "64313a6164323a696432303a6969696969696969696969696969696969696969393a696e666f"
		      "5f6861736832303a000102030405060708090a0b0c0d0e0f1011121365313a71393a6765745f"
		      "7065657273313a74323a6161313a79313a7165",
	connects[] = "000004172710198000000000"
		     "01020304",
	announces[] = "1111111111111111000000017472616e000102030405060708090a0b0c0d0e0f101112137070"
		      "7070707070707070707070707070707070700000000000000000000000000000000000000000"
		      "00000000000000000000000000000000000000000000",
	utp[] = "010201010101010101010101010101010101010100040000000013426974546f7272656e7420"
		"70726f746f636f6c0000000000000000000102030405060708090a0b0c0d0e0f101112137070"
		"707070707070707070707070707070707070";
#define HASH "000102030405060708090a0b0c0d0e0f10111213"

static void test_tcp(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, handshake },
		{ SL_TO_CLIENT, handshake } };
	static const struct hex_step odd[] = { { SL_TO_SERVER, handshake },
		{ SL_TO_CLIENT, "0000000000000000000000000000000000000000000000000000000000000000"
				"00000000000000000000000000000000" } };
	(void)s;
	expect_hex("bittorrent", t, COUNT(t), SL_DONE,
		"bittorrent.info_hash 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nclose 1 \n"
		"bittorrent.info_hash 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nclose 2 \n");
	expect_hex("bittorrent", odd, COUNT(odd), SL_BAD,
		"bittorrent.info_hash 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nclose 1 \n");
	expect_probe("bittorrent", SL_TO_SERVER, handshake);
}

static void test_udp(void **s)
{
	static const struct {
		const char *hex[2], *want;
	} row[] = {
		{ { find_node, nodes }, "" },
		{ { odd_order, get_peers }, "bittorrent.info_hash 1 " HASH "\nclose 1 \n" },
		{ { connects, announces }, "bittorrent.info_hash 1 " HASH "\nclose 1 \n" },
		{ { utp, find_node }, "bittorrent.info_hash 1 " HASH "\nclose 1 \n" },
	};
	(void)s;
	for (size_t i = 0; i < COUNT(row); i++)
		for (unsigned room = 0; room < 4; room++) {
			struct feed *f = feed_new("bittorrent", room);
			uint8_t b[1024];
			for (unsigned n = 0; n < 2; n++) {
				size_t len = from_hex(row[i].hex[n], b, sizeof(b));
				if (n == 0)
					assert_int_equal(probe_bytes("bittorrent", SL_TO_SERVER, b,
								 len, true, 4444),
						SL_PROBE_YES);
				assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
				if (room == 0)
					cut_everywhere("bittorrent", SL_TO_SERVER, b, len);
			}
			assert_string_equal(f->log, row[i].want);
			feed_free(f);
		}
}

/* What is no message of the DHT, though it begins like one; and what no depth or length breaks. */
static void test_others(void **s)
{
	static const char *const row[] = { "d1:t2:aa1:y1:qe1", "d1:t2:aa1:y1:xe",
		"d1:y1:q4:abcdi7ee", "d1:t2:aa1:y1:q", "discovery of services",
		"d1:t99999:a1:y1:qe", "d1:t2:aa1:y1:q1:zi", "d1:xlllllllllleeeeeeeeee1:t1:a1:y1:qe",
		"d1:x:1:t2:aa1:y1:qe", "d999999999999999999:t2", "d1:ad9:info_hash3:abce1:y1:q1:ue",
		"d1:xe1:t2:aa1:y1:qe" };
	static const char deep[] = "d1:xlllllllleeeeeeee1:t1:a1:y1:qe";
	(void)s;
	for (size_t i = 0; i < COUNT(row); i++)
		assert_int_equal(
			probe_bytes("bittorrent", SL_TO_SERVER, row[i], strlen(row[i]), true, 6881),
			SL_PROBE_NO);
	assert_int_equal(probe_bytes("bittorrent", SL_TO_SERVER, deep, strlen(deep), true, 6881),
		SL_PROBE_YES);
	expect_no_probe("bittorrent", SL_TO_SERVER, connects, 7, 0x81, true);
	expect_no_probe("bittorrent", SL_TO_SERVER, connects, 11, 1, true);
	expect_no_probe("bittorrent", SL_TO_SERVER, utp, 0, 0x21, true);
	expect_no_probe("bittorrent", SL_TO_SERVER, utp, 21, 5, true);
	expect_no_probe("bittorrent", SL_TO_SERVER, handshake, 5, 'X', false);
}

static void test_gap(void **s)
{
	struct feed *f = feed_new("bittorrent", 0);
	(void)s;
	f->stream = true;
	(void)feed_guarded(f, SL_TO_SERVER,
		"\x13"
		"BitTorrent",
		11);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 9), SL_DONE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_string_equal(f->log, "");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
