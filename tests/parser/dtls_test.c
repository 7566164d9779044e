/* SPDX-License-Identifier: BSD-3-Clause */
/* dtls_test.c - handshakes over datagrams: whole, in fragments of any order, repeated, with a
 * cookie exchange, and lying about their lengths. */
#include "cut.h"
#include "dtls_made.h"
#include "handshakes.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, VERIFY = 3, CERTIFICATE = 11 };

static uint8_t client[512], cookie[512], server[512], certs[2048];
static struct sl_span client_hello, cookie_hello, server_hello, certificate;

#define CLIENT_SAID                                                                                \
	"tls.sni 1 www.sightline.example\n"                                                        \
	"tls.alpn 1 h2\ntls.alpn 1 http/1.1\n"                                                     \
	"dtls.ja3 1 " JA3 "\n"                                                                     \
	"ja4.hash 1 dd2d0308h2_d2d16fa5f279_e7e480e5a997\n"
/* MD5 of the text that the TLS test's fingerprints are of, with 65277 as version */
#define JA3 "e5b2d9038424dd00fa0758a91015262c"
#define JA3S "eff0655f7bb8bb065a13f7242867ed33"
#define SERVER_SAID "dtls.ja3s 1 " JA3S "\ntls.alpn 1 h2\n"

/* The body of the first message of a flight's record that begins at `at`, as DTLS has it. */
static struct sl_span message_of(unsigned flight, size_t at, uint8_t *out, size_t cap)
{
	static uint8_t bytes[4096];
	(void)from_hex(tls12_flight[flight], bytes, sizeof(bytes));
	size_t len = (size_t)bytes[at + 7] << 8 | bytes[at + 8];
	assert_true(len <= cap);
	memcpy(out, bytes + at + 9, len);
	return sl_span(out, len);
}

static int setup(void **s)
{
	uint8_t plain[512];
	(void)s;
	struct sl_span c = message_of(0, 0, plain, sizeof(plain));
	size_t random_end = 2 + 32 + 1;
	for (unsigned with = 0; with < 2; with++) {
		uint8_t *out = with ? cookie : client;
		size_t n = random_end + 1, extra = with ? 4 : 0;
		memcpy(out, c.p, random_end);
		out[0] = 0xfe;
		out[1] = 0xfd;
		out[random_end] = (uint8_t)extra;
		memset(out + n, 0xcc, extra);
		memcpy(out + n + extra, c.p + random_end, c.len - random_end);
		*(with ? &cookie_hello : &client_hello) = sl_span(out, c.len + 1 + extra);
	}
	server_hello = message_of(1, 0, server, sizeof(server));
	server[0] = 0xfe;
	server[1] = 0xfd;
	certificate = message_of(1, 5 + 0x4a, certs, sizeof(certs));
	return 0;
}

static void feed_part(
	struct feed *f, uint8_t type, uint16_t seq, struct sl_span body, size_t from, size_t to)
{
	struct made_dtls d = { .version = 0xfefd, .type = type, .seq = seq };
	uint8_t out[2048];
	size_t n = made_fragment(&d, body, from, to, out);
	feed_guarded(f, type == CLIENT_HELLO ? SL_TO_SERVER : SL_TO_CLIENT, out, n);
}

static void feed_all(struct feed *f, uint8_t type, uint16_t seq, struct sl_span body)
{
	feed_part(f, type, seq, body, 0, body.len);
}

static void end_both(struct feed *f)
{
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0), SL_DONE);
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0), SL_DONE);
}

/* What comes out of a whole handshake, with the batch full at every place. */
static char *whole(unsigned room)
{
	struct feed *f = feed_new("dtls", room);
	feed_all(f, CLIENT_HELLO, 0, client_hello);
	feed_all(f, SERVER_HELLO, 0, server_hello);
	feed_all(f, CERTIFICATE, 1, certificate);
	end_both(f);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
	char *log = strdup(f->log);
	feed_free(f);
	return log;
}

static void test_whole(void **s)
{
	(void)s;
	char *all = whole(0);
	assert_int_equal(strncmp(all, CLIENT_SAID SERVER_SAID, strlen(CLIENT_SAID SERVER_SAID)), 0);
	assert_non_null(strstr(all, "tls.cert_sha1 1 03a844192d4bab4f188df9accd03ef0c05ea32c1\n"));
	assert_non_null(strstr(all, "tls.cert_sha1 1 9ef52dd93f19c0fd98d9ab6e50d20830196e993f\n"));
	assert_non_null(strstr(all, "tls.cert_serial 1 f1e2\nclose 1 \n"));
	for (unsigned room = 1; room < 9; room++) {
		char *few = whole(room);
		assert_string_equal(few, all);
		free(few);
	}
	free(all);
}

/* Fragments forwards, backwards, each twice. */
static void test_fragments(void **s)
{
	static const size_t size[] = { 20, 50, 77, 400 };
	char *all = whole(0);
	(void)s;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned way = 0; way < 3; way++) {
			struct feed *f = feed_new("dtls", 1 + i);
			feed_all(f, CLIENT_HELLO, 0, client_hello);
			feed_all(f, SERVER_HELLO, 0, server_hello);
			size_t n = (certificate.len + size[i] - 1) / size[i];
			for (size_t k = 0; k < n; k++) {
				size_t at = (way == 1 ? n - 1 - k : k) * size[i];
				for (unsigned twice = 0; twice < 1 + (way == 2); twice++)
					feed_part(f, CERTIFICATE, 1, certificate, at, at + size[i]);
			}
			end_both(f);
			assert_string_equal(f->log, all);
			feed_free(f);
		}
	free(all);
}

/* A hello, the server's demand, the hello with a cookie; both are of one message. A retransmission
 * of either says nothing. */
static void test_cookie(void **s)
{
	struct feed *f = feed_new("dtls", 0);
	(void)s;
	feed_all(f, CLIENT_HELLO, 0, client_hello);
	feed_all(f, CLIENT_HELLO, 0, client_hello);
	feed_all(f, VERIFY, 0, sl_span("\xfe\xff\x04\xcc\xcc\xcc\xcc", 7));
	feed_all(f, CLIENT_HELLO, 1, cookie_hello);
	feed_all(f, CLIENT_HELLO, 1, cookie_hello);
	feed_all(f, SERVER_HELLO, 1, server_hello);
	end_both(f);
	assert_string_equal(f->log, CLIENT_SAID CLIENT_SAID SERVER_SAID "close 1 \n");
	feed_free(f);
}

/* Both ends encrypt: the message is complete; a hello after that is of another. */
static void test_again(void **s)
{
	static const uint8_t change[] = { 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1 };
	static const uint8_t sealed[] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 1 };
	(void)s;
	for (unsigned room = 0; room < 4; room++) {
		struct feed *f = feed_new("dtls", room);
		feed_all(f, CLIENT_HELLO, 0, client_hello);
		feed_guarded(f, SL_TO_SERVER, change, sizeof(change));
		assert_string_equal(f->log, CLIENT_SAID);
		assert_int_equal(feed_guarded(f, SL_TO_CLIENT, sealed, sizeof(sealed)), SL_REST);
		assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
		feed_all(f, CLIENT_HELLO, 0, client_hello);
		assert_non_null(strstr(f->log, "close 1 \ntls.sni 2 www.sightline.example\n"));
		end_both(f);
		feed_free(f);
	}
}

static void test_half(void **s)
{
	struct feed *f = feed_new("dtls", 0);
	(void)s;
	feed_part(f, CLIENT_HELLO, 0, client_hello, 0, 90);
	end_both(f);
	assert_string_equal(f->log, "tls.sni 1 www.sightline.example\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* Fragments that contradict their message, and more messages at a time than are held. */
static void test_lies(void **s)
{
	struct feed *f = feed_new("dtls", 0);
	uint8_t out[2048];
	struct made_dtls d = { .version = 0xfefd, .type = CERTIFICATE };
	(void)s;
	size_t n = made_fragment(&d, certificate, 0, 100, out);
	out[22] = 0xff; /* its own length */
	feed_guarded(f, SL_TO_CLIENT, out, n);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	n = made_fragment(&d, certificate, 0, 100, out);
	out[14] = 0xff; /* the message's */
	feed_guarded(f, SL_TO_CLIENT, out, n);
	for (uint16_t seq = 0; seq < 5; seq++)
		feed_part(f, CERTIFICATE, seq, certificate, 10, 20);
	assert_true(f->counters.c[SL_C_MESSAGES_PART] > 3);
	end_both(f);
	assert_string_equal(f->log, "");
	feed_free(f);
}

static void test_cut(void **s)
{
	struct made_dtls d = { .version = 0xfefd, .type = CLIENT_HELLO };
	uint8_t out[2048];
	(void)s;
	cut_everywhere("dtls", SL_TO_SERVER, out,
		made_fragment(&d, client_hello, 0, client_hello.len, out));
	d.type = CERTIFICATE;
	cut_everywhere(
		"dtls", SL_TO_CLIENT, out, made_fragment(&d, certificate, 0, certificate.len, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_half),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
