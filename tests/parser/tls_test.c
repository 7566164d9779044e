/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_test.c - handshakes of TLS: what both ends say, whole, in pieces of any size, in records of
 * any size, with holes, and lying about their lengths. */
#include "cut.h"
#include "handshakes.h"

/* maltrail, sensor/tests/corpus/tls_sni.pcap (MIT) */
static const char hello_hex[] =
	"16030300480100004403031111111111111111111111111111111111111111111111111111111111111111"
	"000002130101000019000000150013000010746c732d6576696c2e6578616d706c65";
#define HELLO_SAID                                                                                 \
	"ja3.hash 1 1e7c622032b0cb79401b0f7be3793a1a\n"                                            \
	"ja4.hash 1 t12d010100_0f2cb44170f4_000000000000\n"

#define JA3_12 "6e7b5ba6256d9d5a2d7b24a048d06cb1"
#define JA4_12 "t12d0308h2_d2d16fa5f279_e7e480e5a997"
#define JA3S_12 "e195432758194ce2d482396b82e0d48e"
#define JA3_13 "304734bb1c086c3453b387400cf83f11"
#define JA4_13 "t13d1812h2_85036bcba153_d41ae481755e"
#define JA3S_13 "15af977ce25de452b96affa2addb1036"
#define MANY_SHA1 "0081fa87e8e7b4b9b39f9362864a7ed602c05620"

#define LEAF_SAID                                                                                  \
	"tls.cert_sha1 1 03a844192d4bab4f188df9accd03ef0c05ea32c1\n"                               \
	"tls.cert_sha256 1 10d419271be758eae176a3971c3de9ccf6cc2f8be94ff5918ded951d8ab470cc\n"     \
	"tls.cert_subject 1 C=GB, O=Sightline \\\\ Test, OU=Zo\\xeb, 1.3.6.1.4.1.99999.1=x, "      \
	"CN=www.sightline.example, emailAddress=ops@sightline.example\n"                           \
	"tls.cert_issuer 1 C=GB, O=Sightline Test, Ltd, CN=\xd0\xa2\xd0\xb5\xd1\x81\xd1\x82 "      \
	"Root\n"                                                                                   \
	"tls.cert_serial 1 80aabbccddeeff01\n"                                                     \
	"tls.cert_san 1 www.sightline.example\n"                                                   \
	"tls.cert_san 1 *.sightline.example\n"                                                     \
	"tls.cert_san 1 sightline.example\n"
#define ROOT_SAID                                                                                  \
	"tls.cert_sha1 1 9ef52dd93f19c0fd98d9ab6e50d20830196e993f\n"                               \
	"tls.cert_sha256 1 7213365f06854cfcd0945b47391209b3932dcf860781b6fcba725c384c81e9da\n"     \
	"tls.cert_subject 1 C=GB, O=Sightline Test, Ltd, CN=\xd0\xa2\xd0\xb5\xd1\x81\xd1\x82 "     \
	"Root\n"                                                                                   \
	"tls.cert_issuer 1 C=GB, O=Sightline Test, Ltd, CN=\xd0\xa2\xd0\xb5\xd1\x81\xd1\x82 "      \
	"Root\n"                                                                                   \
	"tls.cert_serial 1 f1e2\n"

static uint8_t hello[256];
static size_t hello_len;

#define FLIGHTS 6
struct flight {
	size_t len;
	uint8_t p[2048];
};
static struct flight tls12[FLIGHTS], tls13[FLIGHTS];

static int setup(void **s)
{
	(void)s;
	hello_len = from_hex(hello_hex, hello, sizeof(hello));
	for (unsigned i = 0; i < FLIGHTS; i++) {
		tls12[i].len = from_hex(tls12_flight[i], tls12[i].p, sizeof(tls12[i].p));
		tls13[i].len = from_hex(tls13_flight[i], tls13[i].p, sizeof(tls13[i].p));
	}
	return 0;
}

static void end_both(struct feed *f)
{
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
}

/* Feeds in pieces of `size` bytes, of up to 40 by turns where 0. */
static enum sl_verdict feed_cut(
	struct feed *f, enum sl_dir dir, const void *p, size_t len, size_t size)
{
	enum sl_verdict v = SL_MORE;
	uint32_t turn = 12345;
	for (size_t at = 0; at < len && v == SL_MORE;) {
		turn = turn * 1664525 + 1013904223;
		size_t n = size ? size : 1 + (turn >> 16) % 40;
		n = n < len - at ? n : len - at;
		v = feed_guarded(f, dir, (const uint8_t *)p + at, n);
		at += n;
	}
	return v;
}

/* Bytes that a pool still gives, largest units first: what was given back and what is fresh. */
static size_t bytes_left(struct sl_parser_pool *p)
{
	size_t n = 0;
	for (uint16_t size = 32768; size >= 64; size /= 2)
		while (sl_parser_pool_take(p, size) != NULL)
			n += size;
	return n;
}

/* Every buffer was given back. */
static void expect_no_buffer_held(struct feed *f)
{
	struct sl_parser_pool *fresh;
	assert_int_equal(sl_parser_pool_new(&fresh, FEED_POOL), 0);
	assert_int_equal(bytes_left(f->b.pool), bytes_left(fresh));
	sl_parser_pool_free(fresh);
}

static void expect_flights(const struct flight *flight, const char *want, bool first_two)
{
	static const size_t size[] = { 100000, 1, 7, 0, 500 };
	for (unsigned i = 0; i < 5; i++)
		for (unsigned room = 0; room < 5; room++) {
			struct feed *f = feed_new("tls", room);
			enum sl_verdict v[2] = { SL_MORE, SL_MORE };
			for (unsigned k = 0; k < FLIGHTS; k++)
				if (v[k % 2] == SL_MORE)
					v[k % 2] = feed_cut(
						f, k % 2, flight[k].p, flight[k].len, size[i]);
			assert_int_equal(v[0], SL_DONE);
			assert_int_equal(v[1], SL_DONE);
			assert_string_equal(f->log, want);
			assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
			expect_no_buffer_held(f);
			feed_free(f);
		}
	for (unsigned k = 0; k < (first_two ? 2 : 3); k++)
		cut_everywhere("tls", k % 2, flight[k].p, flight[k].len);
}

/* Both certificates of the server, the client's own, and nothing of what is encrypted. */
static void test_tls12(void **s)
{
	(void)s;
	expect_flights(tls12,
		"tls.sni 1 www.sightline.example\n"
		"tls.alpn 1 h2\ntls.alpn 1 http/1.1\n"
		"ja3.hash 1 " JA3_12 "\n"
		"ja4.hash 1 " JA4_12 "\n"
		"ja3s.hash 1 " JA3S_12 "\n"
		"tls.alpn 1 h2\n" LEAF_SAID ROOT_SAID LEAF_SAID ROOT_SAID "close 1 \n",
		false);
}

static void test_tls13(void **s)
{
	(void)s;
	expect_flights(tls13,
		"tls.sni 1 www.sightline.example\n"
		"tls.alpn 1 h2\ntls.alpn 1 http/1.1\n"
		"ja3.hash 1 " JA3_13 "\n"
		"ja4.hash 1 " JA4_13 "\n"
		"ja3s.hash 1 " JA3S_13 "\n"
		"close 1 \n",
		true);
}

static void expect_client(const uint8_t *p, size_t len, const char *want, uint64_t part)
{
	for (unsigned room = 0; room < 6; room++) {
		struct feed *f = feed_new("tls", room);
		(void)feed_guarded(f, SL_TO_SERVER, p, len);
		end_both(f);
		assert_string_equal(f->log, want);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
		feed_free(f);
	}
}

static void test_sni(void **s)
{
	(void)s;
	expect_client(hello, hello_len, "tls.sni 1 tls-evil.example\n" HELLO_SAID "close 1 \n", 0);
	cut_everywhere("tls", SL_TO_SERVER, hello, hello_len);
}

/* A hello that is cut has no fingerprint; its name counts if its extension is whole. */
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
		struct feed *f = feed_new("tls", n % 3);
		(void)feed_guarded(f, SL_TO_SERVER, longer, n);
		assert_string_equal(f->log, "");
		if (n & 1)
			(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 9);
		end_both(f);
		assert_int_equal(strstr(f->log, "tls-evil.example") != NULL, n >= hello_len);
		assert_null(strstr(f->log, "ja3"));
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], n > 9);
		expect_no_buffer_held(f);
		feed_free(f);
	}
}

/* The same in records of one to nine bytes. */
static void test_records(void **s)
{
	(void)s;
	for (size_t size = 1; size < 10; size++) {
		uint8_t split[1024];
		size_t n = 0, body = hello_len - 5;
		for (size_t at = 0; at < body; at += size) {
			size_t m = body - at < size ? body - at : size;
			memcpy(split + n, (uint8_t[]){ 22, 3, 1, 0, (uint8_t)m }, 5);
			memcpy(split + n + 5, hello + 5 + at, m);
			n += 5 + m;
		}
		expect_client(split, n, "tls.sni 1 tls-evil.example\n" HELLO_SAID "close 1 \n", 0);
	}
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
	expect_client(b, n, "tls.sni 1 a\ntls.sni 1 \\xffb\n" HELLO_SAID "close 1 \n", 0);
}

static void test_long_name(void **s)
{
	(void)s;
	static uint8_t b[20000];
	size_t fixed = 5 + 4 + 2 + 32 + 1 + 2 + 2 + 2;
	unsigned name = 12000, all = (unsigned)fixed + name + 11 - 5;
	memcpy(b, hello, fixed);
	memset(b + fixed, 'a', name + 16);
	uint8_t head[] = { (uint8_t)((name + 9) >> 8), (uint8_t)(name + 9), 0, 0,
		(uint8_t)((name + 5) >> 8), (uint8_t)(name + 5), (uint8_t)((name + 3) >> 8),
		(uint8_t)(name + 3), 0, (uint8_t)(name >> 8), (uint8_t)name };
	memcpy(b + fixed, head, sizeof(head));
	b[3] = (uint8_t)(all >> 8);
	b[4] = (uint8_t)all;
	b[7] = (uint8_t)((all - 4) >> 8);
	b[8] = (uint8_t)(all - 4);
	for (unsigned room = 0; room < 4; room++) {
		struct feed *f = feed_new("tls", room);
		(void)feed_cut(f, SL_TO_SERVER, b, fixed + sizeof(head) + name, 1460);
		assert_non_null(strstr(f->log, "tls.sni 1 truncated aaaa"));
		assert_non_null(strstr(f->log, HELLO_SAID));
		assert_int_equal(f->counters.c[SL_C_OBSERVABLES_CUT], 1);
		feed_free(f);
	}
}

/* A certificate with ten thousand names: all of it is hashed, what is kept of it is read, and how
 * the batch is emptied or the bytes are cut changes nothing. */
static size_t many_names(uint8_t *b)
{
	static const char name[] = "name.example"; /* 14 bytes with its head */
	size_t names = 10000 * 14, n = 0;
#define PUT(...)                                                                                   \
	do {                                                                                       \
		const uint8_t put[] = { __VA_ARGS__ };                                             \
		memcpy(b + n, put, sizeof(put));                                                   \
		n += sizeof(put);                                                                  \
	} while (0)
#define LEN(l) 0x83, (uint8_t)((l) >> 16), (uint8_t)((l) >> 8), (uint8_t)(l)
	PUT(0x30, LEN(names + 48), 0x30, LEN(names + 43));
	PUT(0x02, 1, 5, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0); /* serial ... key: 13 */
	PUT(0xa3, LEN(names + 25), 0x30, LEN(names + 20), 0x30, LEN(names + 15));
	PUT(0x06, 3, 0x55, 0x1d, 0x11, 0x04, LEN(names + 5), 0x30, LEN(names));
	for (unsigned i = 0; i < 10000; i++) {
		PUT(0x82, sizeof(name) - 1);
		memcpy(b + n, name, sizeof(name) - 1);
		n += sizeof(name) - 1;
	}
	return n;
}

static size_t as_message(const uint8_t *cert, size_t len, uint8_t *out)
{
	static uint8_t message[1 << 18];
	size_t m = 0, n = 0;
	uint8_t head[] = { 11, (uint8_t)((len + 6) >> 16), (uint8_t)((len + 6) >> 8),
		(uint8_t)(len + 6), (uint8_t)((len + 3) >> 16), (uint8_t)((len + 3) >> 8),
		(uint8_t)(len + 3), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
	memcpy(message, head, sizeof(head));
	memcpy(message + sizeof(head), cert, len);
	for (m = 0; m < len + sizeof(head);) {
		size_t part = len + sizeof(head) - m < 16000 ? len + sizeof(head) - m : 16000;
		memcpy(out + n, (uint8_t[]){ 22, 3, 3, (uint8_t)(part >> 8), (uint8_t)part }, 5);
		memcpy(out + n + 5, message + m, part);
		n += 5 + part;
		m += part;
	}
	return n;
}

static void test_many_names(void **s)
{
	(void)s;
	static uint8_t cert[1 << 18], b[1 << 18];
	static const size_t size[] = { 100000, 1460, 313 };
	size_t len = many_names(cert), n = as_message(cert, len, b);
	for (unsigned i = 0; i < 3; i++) {
		struct feed *f = feed_new("tls", i);
		(void)feed_cut(f, SL_TO_CLIENT, b, n, size[i]);
		end_both(f);
		assert_non_null(strstr(f->log, "tls.cert_sha1 1 " MANY_SHA1 "\n"));
		unsigned names = 0;
		for (const char *p = f->log; (p = strstr(p, "tls.cert_san 1 name.example")); p++)
			names++;
		assert_int_equal(names, (32768 - 53) / 14);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		expect_no_buffer_held(f);
		feed_free(f);
	}
}

/* Certificates whose insides were changed: every byte, one at a time. */
static void test_damaged(void **s)
{
	(void)s;
	for (size_t at = 130; at < tls12[1].len; at++)
		for (unsigned v = 0; v < 3; v++) {
			uint8_t b[2048];
			memcpy(b, tls12[1].p, tls12[1].len);
			b[at] = v == 0 ? 0xff : v == 1 ? 0 : (uint8_t)(b[at] + 1);
			struct feed *f = feed_new("tls", 0);
			(void)feed_cut(f, SL_TO_CLIENT, b, tls12[1].len, v ? 100000 : 97);
			end_both(f);
			expect_no_buffer_held(f);
			feed_free(f);
		}
}

/* A hole inside one certificate costs the chain; one elsewhere costs what is begun. What begins a
 * later piece is found. */
static void test_gaps(void **s)
{
	(void)s;
	struct feed *f = feed_new("tls", 0);
	(void)feed_guarded(f, SL_TO_CLIENT, tls12[1].p, 300);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 100), SL_MORE);
	assert_int_equal(
		feed_guarded(f, SL_TO_CLIENT, tls12[1].p + 400, tls12[1].len - 400), SL_MORE);
	assert_null(strstr(f->log, "cert"));
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, tls12[3].p, tls12[3].len), SL_DONE);
	(void)feed_guarded(f, SL_TO_SERVER, tls12[0].p, 100);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "what is this", 12), SL_MORE);
	(void)feed_guarded(f, SL_TO_SERVER, tls12[2].p, tls12[2].len);
	assert_non_null(strstr(f->log, LEAF_SAID ROOT_SAID "close 1"));
	expect_no_buffer_held(f);
	feed_free(f);
}

/* A second hello after a request for it is read, although a ChangeCipherSpec stands before it. */
static void test_retry(void **s)
{
	(void)s;
	struct feed *f = feed_new("tls", 0);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, hello, hello_len), SL_MORE);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "\x14\3\3\0\1\1", 6), SL_MORE);
	assert_int_equal(feed_cut(f, SL_TO_SERVER, hello, hello_len, 3), SL_MORE);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "\x16\3\3\0\x05\1\0\0\2y", 10), SL_DONE);
	assert_string_equal(f->log, "tls.sni 1 tls-evil.example\n" HELLO_SAID
				    "tls.sni 1 tls-evil.example\n" HELLO_SAID);
	feed_free(f);
}

/* Without memory to gather in, what lies together is still read, and the rest is counted. */
static void test_no_memory(void **s)
{
	(void)s;
	struct feed *f = feed_new("tls", 0);
	struct sl_parser_pool *pool = f->b.pool;
	f->b.pool = NULL;
	(void)feed_guarded(f, SL_TO_SERVER, tls12[0].p, tls12[0].len);
	(void)feed_cut(f, SL_TO_CLIENT, tls12[1].p, tls12[1].len, 200);
	end_both(f);
	assert_non_null(strstr(f->log, "ja3.hash"));
	assert_non_null(strstr(f->log, "ja3s.hash"));
	assert_null(strstr(f->log, "cert"));
	assert_int_equal(f->counters.c[SL_C_PARSER_POOL], 2);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	f->b.pool = pool;
	feed_free(f);
}

static void test_others(void **s)
{
	(void)s;
	struct feed *f = feed_new("tls", 0);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5), SL_MORE);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, "\x17\3\3\0\1x", 6), SL_DONE);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(feed_bytes(f, SL_TO_CLIENT, "220 hello\r\n", 11), SL_MORE);
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

/* A hello in the form of SSL 2.0 is passed over, and records follow it. */
static void test_old_hello(void **s)
{
	(void)s;
	uint8_t b[512] = { 0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16 };
	size_t n = 2 + 9 + 6 + 16;
	bool more;
	assert_string_equal(probe(b, n, &more)->name, "tls");
	for (size_t k = 1; k < 11; k++) {
		assert_null(probe(b, k, &more));
		assert_true(more);
	}
	memcpy(b + n, hello, hello_len);
	expect_client(b, n + hello_len, "tls.sni 1 tls-evil.example\n" HELLO_SAID "close 1 \n", 0);
	cut_everywhere("tls", SL_TO_SERVER, b, n);
	b[10] = 15;
	assert_null(probe(b, n, &more));
	assert_false(more);
}

/* An encrypted ClientHello is told by its suite and configuration; an inner hello is none. */
static void test_ech(void **s)
{
	static const uint8_t ech[] = { 0xfe, 0x0d, 0, 10, 0, 0, 1, 0, 2, 0x2a, 0, 0, 0, 0 };
	(void)s;
	for (uint8_t inner = 0; inner < 2; inner++) {
		uint8_t with[512];
		size_t n = hello_len + sizeof(ech);
		memcpy(with, hello, hello_len);
		memcpy(with + hello_len, ech, sizeof(ech));
		with[hello_len + 4] = inner;
		with[4] = (uint8_t)(with[4] + sizeof(ech)); /* record, message, extensions */
		with[8] = (uint8_t)(with[8] + sizeof(ech));
		with[hello_len - 26] = (uint8_t)(with[hello_len - 26] + sizeof(ech));
		struct feed *f = feed_new("tls", 1);
		feed_guarded(f, SL_TO_SERVER, with, n);
		assert_non_null(strstr(f->log, "tls.sni 1 tls-evil.example\n"));
		assert_int_equal(strstr(f->log, "tls.ech 1 0001-0002-2a\n") != NULL, !inner);
		assert_int_equal(strstr(f->log, "tls.ech") != NULL, !inner);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
		feed_free(f);
	}
	cut_everywhere("tls", SL_TO_SERVER, hello, hello_len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ech),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_old_hello),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
