/* SPDX-License-Identifier: BSD-3-Clause */
/* ssh_test.c - identification and key exchange lists of both ends, whole, in pieces of any size,
 * and lying about their lengths. */
#include "cut.h"
#include "handshakes.h"

#define CLIENT_SAID "ssh.software 1 OpenSSH_9.2p1\nssh.hassh 1 472b5de333ad665af5cbf10ff892c4df\n"
#define SERVER_SAID                                                                                \
	"ssh.software 1 OpenSSH_9.2p1\nssh.hasshserver 1 4a74db1f062c20ff2ed927ed09276ca9\n"

static uint8_t client[2048], server[2048];
static size_t client_len, server_len;

static int setup(void **s)
{
	(void)s;
	client_len = from_hex(ssh_client, client, sizeof(client));
	server_len = from_hex(ssh_server, server, sizeof(server));
	return 0;
}

static enum sl_verdict feed_cut(
	struct feed *f, enum sl_dir dir, const uint8_t *p, size_t len, size_t size)
{
	enum sl_verdict v = SL_MORE;
	uint32_t turn = 4711;
	for (size_t at = 0; at < len && v == SL_MORE;) {
		turn = turn * 1664525 + 1013904223;
		size_t n = size ? size : 1 + (turn >> 16) % 40;
		n = n < len - at ? n : len - at;
		v = feed_guarded(f, dir, p + at, n);
		at += n;
	}
	return v;
}

static void test_both_ends(void **s)
{
	(void)s;
	static const size_t size[] = { 100000, 1, 7, 0, 500 };
	for (unsigned i = 0; i < 5; i++)
		for (unsigned room = 0; room < 5; room++) {
			struct feed *f = feed_new("ssh", room);
			assert_int_equal(
				feed_cut(f, SL_TO_CLIENT, server, server_len, size[i]), SL_DONE);
			assert_int_equal(
				feed_cut(f, SL_TO_SERVER, client, client_len, size[i]), SL_DONE);
			assert_string_equal(f->log, SERVER_SAID CLIENT_SAID "close 1 \n");
			feed_free(f);
		}
	cut_everywhere("ssh", SL_TO_SERVER, client, client_len);
	cut_everywhere("ssh", SL_TO_CLIENT, server, server_len);
}

static void expect(const void *p, size_t len, enum sl_verdict want, const char *log)
{
	struct feed *f = feed_new("ssh", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, p, len), want);
	assert_string_equal(f->log, log);
	feed_free(f);
}

#define TEXT(t) t, sizeof(t) - 1

static void test_identification(void **s)
{
	(void)s;
	expect(TEXT("SSH-2.0-x\n"), SL_MORE, "ssh.software 1 x\n");
	expect(TEXT("SSH-1.99-a-b c\r\n"), SL_MORE, "ssh.software 1 a-b\n");
	expect(TEXT("SSH-1.5-old\r\n"), SL_DONE, "ssh.software 1 old\n");
	expect(TEXT("SSH-2.0-\xff\r\n"), SL_MORE, "ssh.software 1 \\xff\n");
	expect(TEXT("SSH-2.0\r\n"), SL_MORE, "");
	expect(TEXT("SSH-2.0-cut"), SL_MORE, "");
	expect(TEXT("SSH-2.0-x\r\n\0\0\0\1xxxx"), SL_BAD, "ssh.software 1 x\n");
	expect(TEXT("SSH-2.0-x\r\n\0\1\0\0xxxx"), SL_BAD, "ssh.software 1 x\n");
	expect(TEXT("SSH-2.0-x\r\n\0\0\0\2\0\x1e"), SL_BAD, "ssh.software 1 x\n");
	expect(TEXT("SSH-2.0-x\r\n\0\0\0\2\0\2\0\0\0\2\0\2"), SL_MORE, "ssh.software 1 x\n");
	expect(TEXT("SSH-2.0-x\r\n\0\0\0\4\0\x14\0\0"), SL_BAD, "ssh.software 1 x\n");
}

/* Lines without end, one long or many short. */
static void test_lines(void **s)
{
	(void)s;
	static uint8_t b[20000];
	memset(b, 'a', sizeof(b));
	expect(b, sizeof(b), SL_BAD, "");
	memset(b, '\n', sizeof(b));
	expect(b, sizeof(b), SL_BAD, "");
}

/* A packet of more than RFC 4253 6.1 asks implementations to take. */
static void test_long_packet(void **s)
{
	(void)s;
	static uint8_t b[65536];
	size_t n = 0;
	memcpy(b, "SSH-2.0-x\n", 10);
	n = 10;
	memcpy(b + n, (uint8_t[]){ 0, 0, 0xa0, 0, 4, 20 }, 6);
	n += 6 + 16;
	memcpy(b + n, (uint8_t[]){ 0, 0, 0x9f, 0 }, 4);
	memset(b + n + 4, 'k', 0x9f00);
	n = 10 + 4 + 0xa000;
	struct feed *f = feed_new("ssh", 1);
	assert_int_equal(feed_cut(f, SL_TO_CLIENT, b, n, 1460), SL_DONE);
	assert_non_null(strstr(f->log, "ssh.hasshserver 1 "));
	feed_free(f);
}

/* After a hole what begins a piece is read. */
static void test_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("ssh", 0);
	size_t line = (size_t)((const uint8_t *)memchr(client, '\n', client_len) - client) + 1;
	(void)feed_guarded(f, SL_TO_SERVER, client, line + 100);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, client + line, client_len - line), SL_DONE);
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0), SL_DONE);
	assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	static const struct {
		const char *in, *want;
		bool more;
	} row[] = { { "SSH-2.0-x", "ssh", false }, { "SSH", "", true }, { "S", "", true },
		{ "SSL-\n", "", false }, { "ssh-2.0-x\n", "", false } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sl_piece p = { .bytes = sl_span_str(row[i].in) };
		bool more;
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 2222, &more);
		assert_string_equal(got ? got->name : "", row[i].want);
		assert_int_equal(more, row[i].more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_identification),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_packet),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
