/* SPDX-License-Identifier: BSD-3-Clause */
/* irc_test.c - IRC: nicknames, users, channels, the server's name, STARTTLS; what is no IRC. */
#include "pieces.h"

/* suricata-verify's irc. */
static void test_bot(void **s)
{
	static const struct cut_step t[] = { C("PASS l0m3za\r\n"),
		C("NICK damn-0262937047\r\nUSER ghmfeirsfnw 0 0 :damn-0262937047\r\n"),
		S(":hunt3d.devilz.net NOTICE AUTH :*** Looking up your hostname...\r\n"),
		S(":hunt3d.devilz.net 001 damn-0262937047 :Welcome\r\n"
		  ":hunt3d.devilz.net 422 damn-0262937047 :MOTD File is missing\r\n"),
		C("JOIN #sl0w3r l03dx\r\n"),
		S(":damn-0262937047!ghmfeirsfn@h-68.example JOIN :#sl0w3r\r\n"),
		C("PRIVMSG #S03 :[DOWNLOAD]: Downloaded 28.6 KB\nPRIVMSG bob :hi\r\n") };
	(void)s;
	expect_stream("irc", t, COUNT(t), SL_MORE,
		"irc.nick 1 damn-0262937047\nclose 1 \nirc.user 2 ghmfeirsfnw\nclose 2 \n"
		"close 3 \nirc.host 4 hunt3d.devilz.net\nclose 4 \nirc.channel 5 #sl0w3r\nclose 5 "
		"\n"
		"irc.channel 6 #sl0w3r\nclose 6 \nirc.channel 7 #s03\nclose 7 \nclose 8 \n");
}

static void test_lines(void **s)
{
	static const struct cut_step t[] = {
		C("@a=b;c :x NICK :n\r\n\r\n:\r\n@\r\nJOIN #a,b,&c,,#\r\n"),
		S("PING :x\r\n:x!y@z PRIVMSG #d,#e :1\r\nNICK\r\n")
	};
	(void)s;
	expect_stream("irc", t, COUNT(t), SL_MORE,
		"irc.nick 1 n\nclose 1 \nirc.channel 2 #a\nirc.channel 2 &c\nclose 2 \n"
		"irc.channel 3 #d\nirc.channel 3 #e\nclose 3 \nclose 4 \n");
}

/* zeek's tls/irc-starttls. */
static void test_starttls(void **s)
{
	static const struct cut_step t[] = { C("STARTTLS\r\n"),
		S(":irc.joulunet.org 670  :STARTTLS successful, go ahead with TLS handshake\r\n") };
	struct feed *f = feed_new("irc", 0);
	struct sl_piece p = { .bytes = sl_span(":a 670 b :c\n\x16\3", 14), .dir = SL_TO_CLIENT };
	bool progress;
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "NICK a\r\n", 8), SL_MORE);
	expect_stream("irc", t, COUNT(t), SL_NOT_MINE, "irc.host 1 irc.joulunet.org\nclose 1 \n");
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 2);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

/* Who spoke as a client does not grant it, nor does anybody before there is one. */
static void test_no_grant(void **s)
{
	static const struct cut_step t[] = { C(":a 670 b :c\r\n"), C("NICK a\r\n"),
		C(":a 670 b :c\r\nJOIN #x\r\n"), S(":a.example 691 a :no\r\n") };
	(void)s;
	expect_stream("irc", t, COUNT(t), SL_MORE,
		"irc.host 1 a\nclose 1 \nirc.nick 2 a\nclose 2 \nirc.channel 3 #x\nclose 3 \n");
}

/* Servers take a bare CR for a line's end. */
static void test_bare_cr(void **s)
{
	static const struct cut_step t[] = { C("NICK a\rUSER u 0 0 :x\r\rJOIN #y\r\nJOIN #z\n") };
	struct sl_piece p = { .bytes = sl_span_str("NICK a\rUSER"), .dir = SL_TO_SERVER };
	bool more;
	(void)s;
	expect_stream("irc", t, 1, SL_MORE,
		"irc.nick 1 a\nclose 1 \nirc.user 2 u\nclose 2 \nirc.channel 3 #y\nclose 3 \n"
		"irc.channel 4 #z\nclose 4 \n");
	assert_string_equal(
		sl_parser_probe(&p, SL_OVER_TCP_BEGIN, 40000, 4444, &more)->name, "irc");
}

/* A line costs no more than its bytes, whatever is said to follow: those can't be read here. */
static void test_line_alone(void **s)
{
	static const char *const lines[] = { "NICK a\rU", "NICK a\nU" };
	struct feed *f = feed_new("irc", 0);
	(void)s;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct guarded g = guarded_new(lines[i], strlen(lines[i]));
		struct sl_piece p = { .bytes = sl_span(g.p, g.len + 65536) };
		assert_int_equal(f->parser->probe(&p, 0, 0), SL_PROBE_YES);
		guarded_free(&g);
	}
	feed_free(f);
}

static void test_bounds(void **s)
{
	struct feed *f = feed_new("irc", 0);
	static char line[3000] = "NICK n\r\nJOIN #";
	(void)s;
	memset(line + 14, 'a', sizeof(line) - 15);
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, line, sizeof(line)), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "JOIN ", 5), SL_MORE);
	f->log_len = 0;
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 3);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "#x\r\nJOIN #y\r\n", 13), SL_MORE);
	assert_string_equal(f->log, "irc.channel 3 #y\nclose 3 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "QUIT", 4), SL_MORE);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 3);
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		bool yes, more;
	} rows[] = { { "NICK a\r\n", true, false }, { "NICK a", false, true },
		{ "NICK a b\r\n", false, false }, { "NICK a/b\r\n", false, false },
		{ "USER a b c :d\r\n", true, false }, { "USER a b c d\r\n", false, false },
		{ "PASS x\r\n", false, true }, { "PASS x\r\nNICK a\r\n", true, false },
		{ "PASS x\r\nSYST\r\n", false, false }, { "USER a\nNICK a\n", true, false },
		{ "USER a\nPASS a\n", false, false }, { "CAP LS 302\r\n", true, false },
		{ ":a.example 001 b :c\r\n", true, false },
		{ ":a.example NOTICE * :c\r\n", true, false },
		{ ":a!b@c PRIVMSG #d :e\r\n", true, false },
		{ ":a PRIVMSG #d :e\r\n", false, false }, { ": 001 b\r\n", false, false },
		{ ":a 1 b\r\n", false, false }, { "PRIVMSG #a :b\r\n", true, false },
		{ "JOIN a\r\n", false, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sl_piece p = { .bytes = sl_span_str(rows[i].p) };
		bool more;
		const struct sl_parser *got =
			sl_parser_probe(&p, SL_OVER_TCP | SL_OVER_TCP_BEGIN, 40000, 4444, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "irc") == 0, rows[i].yes);
		assert_true(more || !rows[i].more);
		got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 4444, &more);
		assert_false(got != NULL && strcmp(got->name, "irc") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bot),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_no_grant),
		cmocka_unit_test(test_bare_cr),
		cmocka_unit_test(test_line_alone),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
