/* SPDX-License-Identifier: BSD-3-Clause */
/* dcerpc_test.c - binds over TCP in pieces of any size, requests over UDP, and what is no DCE/RPC.
 */
#include "pieces.h"

#define LSA_LITTLE "\x78\x57\x34\x12\x34\x12\xcd\xab\xef\x00\x01\x23\x45\x67\x89\xab"
#define LSA_BIG "\x12\x34\x57\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\x89\xab"
#define LSA "12345778-1234-abcd-ef00-0123456789ab"
#define OTHER_LITTLE "\1\0\0\0\2\0\3\0\4\5\6\7\x08\x09\x0a\x0b"
#define OTHER "00000001-0002-0003-0405-060708090a0b"

static uint8_t b[4096];
static size_t len;

static void put(const void *p, size_t n)
{
	memcpy(b + len, p, n);
	len += n;
}

static void put16(unsigned v, bool little)
{
	b[len++] = (uint8_t)(little ? v : v >> 8);
	b[len++] = (uint8_t)(little ? v >> 8 : v);
}

/* A PDU with so many bytes of body and of authentication to follow. */
static void header(uint8_t ptype, bool little, size_t body, size_t auth)
{
	put((uint8_t[]){ 5, 0, ptype, 3, little ? 0x10 : 0, 0, 0, 0 }, 8);
	put16((unsigned)(16 + body + (auth ? auth + 8 : 0)), little);
	put16((unsigned)auth, little);
	put("\1\0\0\0", 4);
}

static void context(const void *uuid, uint8_t transfers)
{
	static const uint8_t zero[20];
	put((uint8_t[]){ 0, 0, transfers, 0 }, 4);
	put(uuid, 16);
	put(zero, 4);
	for (; transfers > 0; transfers--)
		put(zero, 20);
}

static void bind(uint8_t ptype, bool little, size_t auth)
{
	header(ptype, little, 12 + 24 + 40 + 24 + 20 + 24 + 20, auth);
	put("\xd0\x16\xd0\x16\0\0\0\0\3\0\0\0", 12);
	context(little ? LSA_LITTLE : LSA_BIG, 2);
	context(little ? LSA_LITTLE : LSA_BIG, 1);
	context(OTHER_LITTLE, 1);
}

static void test_binds(void **s)
{
	(void)s;
	len = 0;
	bind(11, true, 0);
	header(0, true, 300, 0);
	memset(b + len, 5, 300);
	len += 300;
	bind(14, false, 0);
	struct cut_step step = { SL_TO_SERVER, b, len };
	expect_stream("dcerpc", &step, 1, SL_MORE,
		"dcerpc.interface 1 " LSA "\ndcerpc.interface 1 " OTHER "\nclose 1 \n"
		"dcerpc.interface 2 " LSA
		"\ndcerpc.interface 2 01000000-0200-0300-0405-060708090a0b\n"
		"close 2 \n");
}

static void test_user(void **s)
{
	(void)s;
	static const uint8_t ntlm[68] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0,
		3, [28] = 2, [32] = 64, [36] = 2, [40] = 66, [64] = 'D', 'O', 'm', 'e' };
	len = 0;
	header(16, true, 4, sizeof(ntlm));
	put("    ", 4);
	put("\x0a\5\0\0\0\0\0\0", 8);
	put(ntlm, sizeof(ntlm));
	struct cut_step step = { SL_TO_SERVER, b, len };
	expect_stream("dcerpc", &step, 1, SL_MORE, "ntlm.user 1 DO\\\\me\nclose 1 \n");
}

static void expect_bad(unsigned at, uint8_t value)
{
	len = 0;
	bind(11, true, 0);
	b[at] = value;
	struct feed *f = feed_new("dcerpc", 0);
	f->stream = true;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_BAD);
	assert_string_equal(f->log, "");
	feed_free(f);
}

static void test_bad(void **s)
{
	(void)s;
	expect_bad(0, 4);
	expect_bad(1, 2);
	expect_bad(2, 20);
	expect_bad(4, 0x22);
	expect_bad(5, 4);
	expect_bad(10, 0xff); /* more authentication than there is */
	/* More contexts than are there: what is there counts, and that they are cut, once. */
	len = 0;
	bind(11, true, 0);
	b[24] = 200;
	struct cut_step step = { SL_TO_SERVER, b, len };
	expect_stream("dcerpc", &step, 1, SL_MORE,
		"dcerpc.interface 1 " LSA "\ndcerpc.interface 1 " OTHER "\nclose 1 \n");
	for (unsigned room = 0; room < 4; room++) {
		struct feed *f = feed_new("dcerpc", room);
		f->stream = true;
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		feed_free(f);
	}
}

/* Of a PDU longer than any client's the begin is read. */
static void test_long(void **s)
{
	(void)s;
	len = 0;
	bind(11, true, 0);
	size_t first = len;
	b[8] = 0x00;
	b[9] = 0x50; /* 20480 */
	struct feed *f = feed_new("dcerpc", 0);
	f->stream = true;
	static uint8_t zero[20480];
	(void)feed_guarded(f, SL_TO_SERVER, b, first);
	(void)feed_guarded(f, SL_TO_SERVER, zero, sizeof(zero) - first);
	len = 0;
	bind(14, true, 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
	assert_string_equal(f->log,
		"dcerpc.interface 1 " LSA "\ndcerpc.interface 1 " OTHER "\nclose 1 \n"
		"dcerpc.interface 2 " LSA "\ndcerpc.interface 2 " OTHER "\nclose 2 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_ends(f);
	feed_free(f);
}

static void test_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("dcerpc", 0);
	f->stream = true;
	len = 0;
	header(0, true, 500, 0);
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 500), SL_MORE);
	len = 0;
	bind(11, true, 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, 50), SL_MORE);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 100), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, b, len), SL_MORE);
	assert_string_equal(
		f->log, "dcerpc.interface 1 " LSA "\ndcerpc.interface 1 " OTHER "\nclose 1 \n");
	feed_ends(f);
	feed_free(f);
}

/* Each interface once, as long as it stays the same. */
static void test_datagrams(void **s)
{
	(void)s;
	uint8_t d[100] = { 4, 0, 0, 0, 0x10 };
	memcpy(d + 24, LSA_LITTLE, 16);
	d[74] = 20;
	const struct cut_step step[] = { { SL_TO_SERVER, d, 100 }, { SL_TO_SERVER, d, 100 } };
	expect_log("dcerpc", step, 2, "dcerpc.interface 1 " LSA "\nclose 1 \n");
	d[74] = 21; /* more than there is */
	expect_log("dcerpc", step, 1, "");
	d[74] = 20;
	d[1] = 2; /* an answer */
	expect_log("dcerpc", step, 1, "");
}

static void test_probe(void **s)
{
	(void)s;
	bool more;
	len = 0;
	bind(11, true, 0);
	for (size_t n = 1; n <= len; n++) {
		struct sl_piece p = { .bytes = sl_span(b, n) };
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 135, &more);
		assert_string_equal(got	   ? got->name
				    : more ? "more"
					   : "",
			n < 16 ? "more" : "dcerpc");
	}
	struct sl_piece p = { .bytes = sl_span_str("\5\1\2 and so on, which is SOCKS") };
	assert_null(sl_parser_probe(&p, SL_OVER_TCP | SL_OVER_TCP_BEGIN, 40000, 1080, &more));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binds),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
