/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_test.c - the server name of a ClientHello, whole, cut, in several records, and lying about
 * its lengths. */
#include "cut.h"

/* maltrail, sensor/tests/corpus/tls_sni.pcap (MIT) */
static const char hello_hex[] =
	"16030300480100004403031111111111111111111111111111111111111111111111111111111111111111"
	"000002130101000019000000150013000010746c732d6576696c2e6578616d706c65";

static uint8_t hello[256];
static size_t hello_len;

static int setup(void **s)
{
	(void)s;
	hello_len = from_hex(hello_hex, hello, sizeof(hello));
	return 0;
}

static void test_sni(void **s)
{
	(void)s;
	struct cut_step step = { SL_TO_SERVER, hello, hello_len };
	expect_log("tls", &step, 1, "tls.sni 1 tls-evil.example\nclose 1 \n");
	struct feed *f = feed_new("tls", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, hello, hello_len), SL_DONE);
	assert_int_equal(f->flow.message, 1);
	feed_free(f);
}

/* The name counts as soon as its extension is whole. */
static void test_cut(void **s)
{
	(void)s;
	uint8_t longer[300];
	memcpy(longer, hello, hello_len);
	memset(longer + hello_len, 0, 20);
	longer[4] += 100; /* record, handshake and extensions go on in the next segment */
	longer[8] += 100;
	longer[51] += 100;
	for (size_t n = 0; n <= hello_len + 3; n++) {
		struct feed *f = feed_new("tls", 0);
		(void)feed_guarded(f, SL_TO_SERVER, longer, n);
		assert_int_equal(strstr(f->log, "tls-evil.example") != NULL, n >= hello_len);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], f->flow.message);
		feed_free(f);
	}
}

static void test_records(void **s)
{
	(void)s;
	/* the handshake in records of seven bytes */
	uint8_t split[512];
	size_t n = 0, body = hello_len - 5;
	for (size_t at = 0; at < body; at += 7) {
		size_t m = body - at < 7 ? body - at : 7;
		memcpy(split + n, (uint8_t[]){ 22, 3, 1, 0, (uint8_t)m }, 5);
		memcpy(split + n + 5, hello + 5 + at, m);
		n += 5 + m;
	}
	struct cut_step step = { SL_TO_SERVER, split, n };
	expect_log("tls", &step, 1, "tls.sni 1 tls-evil.example\nclose 1 \n");
}

static void test_names(void **s)
{
	(void)s;
	uint8_t b[512];
	/* two names of type 0 and one of another type, in capitals and with a final dot */
	static const uint8_t list[] = { 0, 14, 0, 0, 2, 'A', '.', 1, 0, 1, 'x', 0, 0, 2, 0xff,
		'B' };
	size_t fixed = 5 + 4 + 2 + 32 + 1 + 2 + 2 + 2;
	memcpy(b, hello, fixed);
	memcpy(b + fixed, (uint8_t[]){ 0, 4 + sizeof(list), 0, 0, 0, sizeof(list) }, 6);
	memcpy(b + fixed + 6, list, sizeof(list));
	size_t n = fixed + 6 + sizeof(list);
	b[4] = (uint8_t)(n - 5);
	b[8] = (uint8_t)(n - 9);
	struct cut_step step = { SL_TO_SERVER, b, n };
	expect_log("tls", &step, 1, "tls.sni 1 a\ntls.sni 1 \\xffb\nclose 1 \n");
}

static void test_long_name(void **s)
{
	(void)s;
	static uint8_t b[40000];
	size_t fixed = 5 + 4 + 2 + 32 + 1 + 2 + 2 + 2, name = 30000;
	memcpy(b, hello, fixed);
	memset(b + fixed, 'a', name + 16);
	unsigned len = (unsigned)name;
	uint8_t head[] = { (uint8_t)((len + 9) >> 8), (uint8_t)(len + 9), 0, 0,
		(uint8_t)((len + 5) >> 8), (uint8_t)(len + 5), (uint8_t)((len + 3) >> 8),
		(uint8_t)(len + 3), 0, (uint8_t)(len >> 8), (uint8_t)len };
	memcpy(b + fixed, head, sizeof(head));
	b[3] = 0x76; /* one record of 30278 bytes, beyond what TLS allows but what a liar sends */
	b[7] = 0x76;
	for (unsigned room = 0; room < 4; room++) {
		struct feed *f = feed_new("tls", room);
		(void)feed_guarded(f, SL_TO_SERVER, b, fixed + sizeof(head) + name);
		assert_non_null(strstr(f->log, "tls.sni 1 truncated aaaa"));
		assert_int_equal(f->counters.c[SL_C_OBSERVABLES_CUT], 1);
		feed_free(f);
	}
}

static void test_others(void **s)
{
	(void)s;
	struct feed *f = feed_new("tls", 0);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5), SL_MORE);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "\x17\3\3\0\1x", 6), SL_DONE);
	assert_int_equal(feed_bytes(f, SL_TO_CLIENT, "220 hello\r\n", 11), SL_BAD);
	assert_string_equal(f->log, "");
	assert_int_equal(f->flow.message, 0);
	feed_free(f);
}

static const struct sl_parser *probe(const void *b, size_t n, bool *more)
{
	struct sl_piece p = { .bytes = sl_span(b, n) };
	return sl_parser_probe(&p, SL_OVER_TCP, 40000, 8443, more);
}

static void test_probe(void **s)
{
	(void)s;
	bool more;
	assert_string_equal(probe(hello, hello_len, &more)->name, "tls");
	for (size_t n = 1; n < 6; n++) {
		assert_null(probe(hello, n, &more));
		assert_true(more);
	}
	assert_string_equal(probe("\x16\3\3\0\x40\2", 6, &more)->name, "tls"); /* ServerHello */
	assert_null(probe("\x16\3\3\0\x40\4", 6, &more));
	assert_null(probe("\x16\3\3\xff\x40\1", 6, &more));
	assert_null(probe("\x16\4\3\0\x40\1", 6, &more));
	assert_false(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
