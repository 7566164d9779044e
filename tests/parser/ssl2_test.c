/* SPDX-License-Identifier: BSD-3-Clause */
/* ssl2_test.c - the certificate in a handshake of SSL 2.0, in pieces of any size. */
#include "cut.h"

/* A server's hello with `len` bytes for a certificate. */
static size_t hello(uint8_t *to, const void *cert, size_t len)
{
	size_t n = 11 + len + 3 + 16;
	uint8_t head[] = { (uint8_t)(0x80 | n >> 8), (uint8_t)n, 4, 0, 1, 0, 2, (uint8_t)(len >> 8),
		(uint8_t)len, 0, 3, 0, 16 };
	memset(to, 0xaa, n + 2);
	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), cert, len);
	return n + 2;
}

static const char want[] = "tls.cert_sha1 1 a9993e364706816aba3e25717850c26c9cd0d89d\n"
			   "tls.cert_sha256 1 "
			   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
			   "close 1 \n";

static void test_hello(void **s)
{
	uint8_t b[128];
	size_t len = hello(b, "abc", 3);
	(void)s;
	for (unsigned room = 0; room < 4; room++)
		for (size_t size = 1; size <= len; size++) {
			struct feed *f = feed_new("ssl2", room);
			enum sl_verdict v = SL_MORE;
			f->stream = true;
			for (size_t at = 0; at < len && v == SL_MORE; at += size)
				v = feed_guarded(
					f, SL_TO_CLIENT, b + at, size < len - at ? size : len - at);
			assert_int_equal(v, SL_DONE);
			assert_string_equal(f->log, want);
			feed_free(f);
		}
	cut_everywhere("ssl2", SL_TO_CLIENT, (const char *)b, len);
}

static void test_lies(void **s)
{
	static const uint8_t longer[] = { 0x80, 13, 4, 0, 1, 0, 2, 0xff, 0xff, 0, 0, 0, 0, 1, 2 };
	static const uint8_t shorter[] = { 0x80, 3, 4, 0, 1 };
	(void)s;
	struct feed *f = feed_new("ssl2", 0);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, longer, sizeof(longer)), SL_DONE);
	assert_string_equal(f->log, "");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	f = feed_new("ssl2", 0);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, shorter, sizeof(shorter)), SL_BAD);
	feed_free(f);
}

static void test_probe(void **s)
{
	static const uint8_t client[] = { 0x80, 0x2e, 1, 0, 2, 0, 21 },
			     tls[] = { 0x80, 0x2e, 1, 3, 1 };
	bool more;
	(void)s;
	struct sl_piece p = { .bytes = sl_span(client, sizeof(client)) };
	assert_string_equal(sl_parser_probe(&p, SL_OVER_TCP, 1, 443, &more)->name, "ssl2");
	p.bytes = sl_span(tls, sizeof(tls));
	assert_null(sl_parser_probe(&p, SL_OVER_TCP, 1, 443, &more));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hello),
		cmocka_unit_test(test_lies), cmocka_unit_test(test_probe) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
