/* SPDX-License-Identifier: BSD-3-Clause */
/* socks_test.c - SOCKS 4, 4a and 5, in pieces of any size, up to where another protocol begins. */
#include "pieces.h"

/* Plays turns in pieces of `size` bytes until one is not SL_MORE. */
static enum sl_verdict play(struct feed *f, const struct cut_step *t, size_t turns, size_t size)
{
	enum sl_verdict v = SL_MORE;
	for (size_t i = 0; i < turns && v == SL_MORE; i++)
		for (size_t at = 0; at < t[i].len && v == SL_MORE; at += size) {
			size_t n = size < t[i].len - at ? size : t[i].len - at;
			v = feed_guarded(f, t[i].dir, (const uint8_t *)t[i].p + at, n);
		}
	return v;
}

static void expect(const struct cut_step *t, size_t turns, enum sl_verdict last, const char *want)
{
	static const size_t size[] = { 1000, 1, 3 };
	for (unsigned i = 0; i < 3; i++)
		for (unsigned room = 0; room < 4; room++) {
			struct feed *f = feed_new("socks", room);
			f->stream = true;
			assert_int_equal(play(f, t, turns, size[i]), last);
			assert_string_equal(f->log, want);
			feed_free(f);
		}
	for (size_t i = 0; i < turns; i++)
		cut_everywhere("socks", t[i].dir, t[i].p, t[i].len);
}
#define EXPECT(t, last, want) expect(t, COUNT(t), last, want)

static void test_5(void **s)
{
	static const struct cut_step name[] = { C("\5\1\0"), S("\5\0"),
		C("\5\1\0\3\x0c"
		  "evil.example\1\xbb"),
		S("\5\0\0\1\0\0\0\0\0\0") };
	static const struct cut_step user[] = { C("\5\2\0\2"), S("\5\2"), C("\1\5alice\3pwd"),
		S("\1\0"), C("\5\1\0\1\x0a\0\0\1\0\x50"), S("\5\0\0\3\1h\0\0") };
	static const struct cut_step six[] = { C("\5\1\0"), S("\5\0"),
		C("\5\3\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"),
		S("\5\0\0\1\0\0\0\0\0\0") };
	(void)s;
	EXPECT(name, SL_NOT_MINE, "socks.host 1 evil.example\nclose 1 \n");
	EXPECT(user, SL_NOT_MINE, "socks.user 1 alice\nsocks.ip 1 10.0.0.1\nclose 1 \n");
	EXPECT(six, SL_DONE, "socks.ip 1 2001:db8::1\nclose 1 \n"); /* UDP follows elsewhere */
}

static void test_4(void **s)
{
	static const struct cut_step plain[] = { C("\4\1\0\x50\x0a\0\0\1"
						   "bob\0"),
		S("\0\x5a\0\0\0\0\0\0") };
	static const struct cut_step name[] = { C("\4\1\0\x50\0\0\0\1\0"
						  "evil.example\0"),
		S("\0\x5a\0\0\0\0\0\0") };
	(void)s;
	EXPECT(plain, SL_NOT_MINE, "socks.user 1 bob\nsocks.ip 1 10.0.0.1\nclose 1 \n");
	EXPECT(name, SL_NOT_MINE, "socks.host 1 evil.example\nclose 1 \n");
}

/* The server isn't seen: what the client sends next ends it. */
static void test_one_sided(void **s)
{
	static const struct cut_step t[] = { C("\5\2\0\2"), C("\1\1a\1b"), C("\5\1\0\3\1h\0\x50") };
	struct feed *f = feed_new("socks", 0);
	struct sl_piece p = { .bytes = sl_span("GET / HTTP/1.0\r\n", 16) };
	(void)s;
	assert_int_equal(play(f, t, 3, 100), SL_MORE);
	assert_int_equal(feed_piece(f, p), SL_NOT_MINE);
	assert_string_equal(f->log, "socks.user 1 a\nsocks.host 1 h\nclose 1 \n");
	feed_free(f);
}

/* What follows the server's answer in the same piece isn't consumed. */
static void test_rest(void **s)
{
	static const struct cut_step t[] = { C("\4\1\0\x50\x0a\0\0\1\0") };
	struct feed *f = feed_new("socks", 0);
	struct sl_piece p = { .bytes = sl_span("\0\x5a\0\0\0\0\0\0SSH-2.0", 15),
		.dir = SL_TO_CLIENT };
	bool progress;
	(void)s;
	assert_int_equal(play(f, t, 1, 100), SL_MORE);
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 7);
	feed_free(f);
}

static void test_bad(void **s)
{
	static const struct cut_step kind[] = { C("\5\1\0"), S("\5\0"), C("\5\1\0\7\1\1\1\1\1\1") };
	static const struct cut_step odd[] = { C("\5\1\0"), S("\5\0"), C("\7\1\0\1\1\1\1\1\1\1") };
	static const struct cut_step server[] = { C("\5\1\0"), S("HTTP/1.1 400\r\n") };
	(void)s;
	EXPECT(kind, SL_BAD, "");
	EXPECT(odd, SL_BAD, "");
	EXPECT(server, SL_BAD, "");
	struct feed *f = feed_new("socks", 0);
	char user[600] = "\4\1\0\x50\x0a\0\0\1";
	memset(user + 8, 'a', sizeof(user) - 8);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, user, sizeof(user)), SL_BAD);
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool yes;
	} rows[] = { { "\5\1\0", 3, true }, { "\5\2\0\2", 4, true }, { "\5\1\0x", 4, false },
		{ "\5\0", 2, false }, { "\5\1\x20", 3, false }, { "\5\x20", 2, false },
		{ "\4\1\0\x50\x0a\0\0\1a\0", 10, true }, { "\4\3\0\x50\x0a\0\0\1\0", 9, false },
		{ "\4\1\0\x50\x0a\0\0\1a\0z", 11, false }, { "\6\1\0", 3, false } };
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_piece p = { .bytes = sl_span(rows[i].bytes, rows[i].len) };
		bool more;
		const struct sl_parser *got =
			sl_parser_probe(&p, SL_OVER_TCP | SL_OVER_TCP_BEGIN, 40000, 1080, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "socks") == 0, rows[i].yes);
		assert_null(sl_parser_probe(&p, SL_OVER_TCP, 40000, 1080, &more));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_5),
		cmocka_unit_test(test_4),
		cmocka_unit_test(test_one_sided),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
