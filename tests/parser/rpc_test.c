/* SPDX-License-Identifier: BSD-3-Clause */
/* rpc_test.c - ONC RPC: programs, names of NFS 2, 3 and 4, mounts, over UDP and in records. */
#include "hex_steps.h"

/* zeek nfs/nfs_write_bad_stable_how.pcap: GETPORT and MNT over UDP; a LOOKUP, its reply, and two
 * calls at once over TCP. */
static const char
	getport[] = "6a2602ab0000000000000002000186a000000002000000030000000000000000000000000000"
		    "0000000186a5000000030000001100000000",
	mnt[] = "1520e2900000000000000002000186a500000003000000010000000100000020000000000000"
		"000774696e6b7978310000000000000000000000000100000000000000000000000000000007"
		"2f6578706f727400",
	lookup[] = "8000009c6fde017b0000000000000002000186a3000000030000000300000001000000480000"
		   "00000000000774696e6b79783100000003e8000003e80000000b00000004000000180000001b"
		   "0000001e0000002e0000007a0000008700000088000000890000008d000003e8000000000000"
		   "00000000001c01000700020012000000000087dd7e9f58014b49b856e1c32bdf79a400000006"
		   "2e54726173680000",
	reply[] = "800000746fde017b000000010000000000000000000000000000000000000002000000010000"
		  "0002000001ff0000000200000000000000000000000000001000000000000000100000000000"
		  "00000000ed32de735c9f8b3f00000000001200026a2941a617150e866a2942e039f089ef6a29"
		  "42e039f089ef",
	two[] = "800000a072de017b0000000000000002000186a3000000030000000300000001000000480000"
		"00000000000774696e6b79783100000003e8000003e80000000b00000004000000180000001b"
		"0000001e0000002e0000007a0000008700000088000000890000008d000003e8000000000000"
		"00000000001c01000700020012000000000087dd7e9f58014b49b856e1c32bdf79a40000000b"
		"6175746f72756e2e696e66008000009073de017b0000000000000002000186a3000000030000"
		"00010000000100000048000000000000000774696e6b79783100000003e8000003e80000000b"
		"00000004000000180000001b0000001e0000002e0000007a0000008700000088000000890000"
		"008d000003e800000000000000000000001c01000700020012000000000087dd7e9f58014b49"
		"b856e1c32bdf79a4";
/* Made by RFC 8881 and 7530: a compound of SEQUENCE, PUTROOTFH, LOOKUP, PUTFH, GETATTR, GETFH,
 * OPEN, ACCESS, REMOVE; one of PUTFH, SAVEFH, RENAME, CREATE, OPEN, LINK and a WRITE, behind which
 * nothing is read; RENAME of version 2, LINK of version 3. */
static const char
	v4[] = "000000070000000000000002000186a300000004000000010000000000000000000000000000"
	       "0000000000037461670000000001000000090000003501010101010101010101010101010101"
	       "01010101010101010101010101010101000000180000000f0000000365746300000000160000"
	       "000668616e646c650000000000090000000200000001000000020000000a0000001200000001"
	       "00000002000000000202020202020202000000056f776e657200000000000001000000000000"
	       "0001000000020000000461747472000000000000000670617373776400000000000300000001"
	       "0000001c00000004676f6e65",
	v4_names[] = "000000070000000000000002000186a300000004000000010000000000000000000000000000"
		     "0000000000000000000000000008000000160000000168000000000000200000001d00000003"
		     "6f6c6400000000036e6577000000000600000005000000067461726765740000000000046c69"
		     "6e6b000000000000000000000012000000010000000200000000020202020202020200000001"
		     "6f00000000000000000000020303030303030303030303030303030300000003637572000000"
		     "000b000000046861726400000026000000056e65766572000000",
	rename2[] = "000000070000000000000002000186a3000000020000000b0000000000000000000000000000"
		    "0000010101010101010101010101010101010101010101010101010101010101010100000001"
		    "6100000002020202020202020202020202020202020202020202020202020202020202020000"
		    "000162000000",
	link3[] = "000000070000000000000002000186a3000000030000000f0000000000000000000000000000"
		  "0000000000016600000000000003646972000000000163000000";

static void datagrams(const char *const *hex, size_t n, const char *want)
{
	for (unsigned room = 0; room < 12; room++) {
		struct feed *f = feed_new("rpc", room);
		for (size_t i = 0; i < n; i++) {
			uint8_t b[1024];
			size_t len = from_hex(hex[i], b, sizeof(b));
			assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
			if (room == 0)
				cut_everywhere("rpc", SL_TO_SERVER, b, len);
		}
		assert_string_equal(f->log, want);
		feed_free(f);
	}
}

static void test_datagram(void **s)
{
	static const char *const ports[] = { getport, getport }, *const mounts[] = { mnt },
				 *const four[] = { v4, v4_names },
				 *const old[] = { rename2, link3 };
	(void)s;
	datagrams(ports, 2, "rpc.program 1 100000\nrpc.version 1 2\nclose 1 \n");
	datagrams(mounts, 1,
		"rpc.program 1 100005\nrpc.version 1 3\nnfs.mount 1 /export\nclose 1 \n");
	datagrams(four, 2,
		"rpc.program 1 100003\nrpc.version 1 4\nnfs.file 1 etc\nnfs.file 1 passwd\n"
		"nfs.file 1 gone\nclose 1 \nnfs.file 2 old\nnfs.file 2 new\nnfs.file 2 link\n"
		"nfs.file 2 cur\nnfs.file 2 hard\nclose 2 \n");
	datagrams(old, 2,
		"rpc.program 1 100003\nrpc.version 1 2\nnfs.file 1 a\nnfs.file 1 b\nclose 1 \n"
		"rpc.program 2 100003\nrpc.version 2 3\nnfs.file 2 c\nclose 2 \n");
}

static void test_stream(void **s)
{
	static const struct hex_step t[] = { { SL_TO_SERVER, lookup }, { SL_TO_CLIENT, reply },
		{ SL_TO_SERVER, two } };
	(void)s;
	expect_hex("rpc", t, COUNT(t), SL_MORE,
		"rpc.program 1 100003\nrpc.version 1 3\nnfs.file 1 .Trash\nclose 1 \n"
		"nfs.file 2 autorun.inf\nclose 2 \n");
}

/* A call in fragments is one, wherever it is cut. */
static void test_fragments(void **s)
{
	uint8_t whole[512], b[600];
	size_t len = from_hex(lookup, whole, sizeof(whole));
	(void)s;
	for (size_t at = 5; at < len; at += 11) {
		memcpy(b, whole, at);
		memcpy(b + at, (uint8_t[]){ 0x80, 0, 0, (uint8_t)(len - at) }, 4);
		memcpy(b + at + 4, whole + at, len - at);
		b[0] = 0;
		b[3] = (uint8_t)(at - 4);
		struct feed *f = feed_new("rpc", 0);
		f->stream = true;
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len + 4), SL_MORE);
		assert_non_null(strstr(f->log, "nfs.file 1 .Trash\n"));
		feed_free(f);
	}
}

/* Behind a hole the next piece that begins with a record is where it goes on; else it is given up.
 */
static void test_gap(void **s)
{
	uint8_t b[1024];
	size_t len = from_hex(lookup, b, sizeof(b));
	struct feed *f = feed_new("rpc", 0);
	(void)s;
	f->stream = true;
	(void)feed_guarded(f, SL_TO_SERVER, b, len - 8);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 8); /* in the name */
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	assert_string_equal(f->log, "rpc.program 1 100003\nrpc.version 1 3\nclose 1 \n"
				    "nfs.file 2 .Trash\nclose 2 \n");
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b + 9, len - 9), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
	assert_non_null(strstr(f->log, "nfs.file 3 .Trash\n"));
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	/* A write of 8 MiB may lie between; behind one, it is no RPC. */
	for (unsigned i = 0; i < 8 << 10; i++)
		assert_int_equal(feed_bytes(f, SL_TO_SERVER, b + 9, len - 9),
			i < (8 << 10) - 1 ? SL_MORE : SL_BAD);
	feed_free(f);
	/* What is no record's mark loses the place, and what the end cuts is counted. */
	f = feed_new("rpc", 0);
	f->stream = true;
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "\xff\xff\xff\xff more", 9), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len - 1), SL_MORE);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_non_null(strstr(f->log, "nfs.file 1 .Trash\nclose 1 "));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	feed_free(f);
}

static void test_bad(void **s)
{
	static const struct hex_step huge[] = { { SL_TO_SERVER, "ffffffff" } };
	uint8_t b[1024];
	size_t len = from_hex(rename2, b, sizeof(b));
	struct feed *f = feed_new("rpc", 0);
	(void)s;
	expect_hex("rpc", huge, 1, SL_MORE, "");
	b[40 + 32] = 0x7f; /* the name's length */
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	assert_string_equal(f->log, "rpc.program 1 100003\nrpc.version 1 2\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	static const uint8_t at[] = { 0, 4 + 4, 4 + 11, 4 + 12, 4 + 16, 4 + 20, 4 + 28 };
	uint8_t b[1024];
	size_t len = from_hex(getport, b, sizeof(b));
	(void)s;
	expect_probe("rpc", SL_TO_SERVER, lookup);
	for (size_t i = 0; i < sizeof(at); i++)
		expect_no_probe("rpc", SL_TO_SERVER, lookup, at[i], 0x41, false);
	assert_int_equal(probe_bytes("rpc", SL_TO_SERVER, b, len, true, 4444), SL_PROBE_YES);
	assert_int_equal(probe_bytes("rpc", SL_TO_SERVER, b, 39, true, 4444), SL_PROBE_NO);
	for (size_t i = 1; i < sizeof(at); i++)
		expect_no_probe("rpc", SL_TO_SERVER, getport, (size_t)(at[i] - 4), 0x41, true);
	expect_no_probe("rpc", SL_TO_CLIENT, reply, 0, 0x80, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
