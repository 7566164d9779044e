/* SPDX-License-Identifier: BSD-3-Clause */
/* telnet_test.c - Telnet: negotiated terminal and user, answers to prompts, bounds. */
#include "pieces.h"

static void test_negotiated(void **s)
{
	static const struct cut_step t[] = { S("\xff\xfd\x18\xff\xfd\x20\xff\xfd\x27"),
		C("\xff\xfb\x18\xff\xfc\x20"), S("\xff\xfa\x18\1\xff\xf0"),
		C("\xff\xfa\x18\0XTERM-256\xff\xff\xff\xf0"),
		C("\xff\xfa\x27\0\0DISPLAY\1host:0\0USER\1alice\3X\1y\xff\xf0"),
		C("\xff\xfa\x27\2\3USER\1bob\xff\xf0\xff\xfa\x27\0\xff\xf0") };
	(void)s;
	expect_stream("telnet", t, COUNT(t), SL_MORE,
		"telnet.terminal 1 xterm-256\\xff\nclose 1 \ntelnet.user 2 alice\nclose 2 \n"
		"telnet.user 3 bob\nclose 3 \n");
}

static void test_prompt(void **s)
{
	static const struct cut_step t[] = { S("\xff\xfb\1Welcome\r\nbox Login: "), C("rooo"),
		S("rooo"), C("\x7ft\r\0"), S("\r\nPassword: "), C("secret\r\n"),
		S("\r\nLast login: Mon\r\n$ "), C("id\r\nlogin:\r\n"), S("Username:"), C("\r\n"),
		S("username: "), C("\xff\xf1 admin\n") };
	(void)s;
	expect_stream("telnet", t, COUNT(t), SL_MORE,
		"telnet.user 1 root\nclose 1 \ntelnet.user 2 admin\nclose 2 \n");
}

static void test_bounds(void **s)
{
	static char sub[400] = "\xff\xfa\x18";
	static char line[100];
	struct feed *f = feed_new("telnet", 0);
	(void)s;
	memset(sub + 4, 'a', sizeof(sub) - 6);
	memcpy(sub + sizeof(sub) - 2, "\xff\xf0", 2);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, sub, sizeof(sub)), SL_MORE);
	assert_int_equal(f->log_len, strlen("telnet.terminal 1 \nclose 1 \n") + 254);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	f->log_len = 0;
	memset(line, 'b', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, "login:", 6), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, line, sizeof(line)), SL_MORE);
	assert_int_equal(f->log_len, strlen("telnet.user 2 \nclose 2 \n") + 64);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, "login:", 6), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 3);
	f->log_len = 0;
	f->log[0] = '\0';
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, line, sizeof(line)), SL_MORE);
	assert_string_equal(f->log, "");
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		bool yes, more;
	} rows[] = { { "\xff\xfd\x18", 3, true, false }, { "\xff\xfd", 2, false, true },
		{ "\xff\xfd\x18\xff\xfb\x01", 6, true, false },
		{ "\xff\xfd\x18\xff\xfa\x18", 6, true, false },
		{ "\xff\xfd\x18login", 8, true, false }, { "\xff\xfa\x18", 3, false, false },
		{ "\xff\xd8\xff\xe0", 4, false, false }, { "\xff\xfd\x40", 3, false, false },
		{ "\xff\xfd\x18\xff\xd8", 5, false, false }, { "login: ", 7, false, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sl_piece p = { .bytes = sl_span(rows[i].p, rows[i].len) };
		bool more;
		const struct sl_parser *got =
			sl_parser_probe(&p, SL_OVER_TCP | SL_OVER_TCP_BEGIN, 40000, 4444, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "telnet") == 0, rows[i].yes);
		assert_true(more || !rows[i].more);
		assert_null(sl_parser_probe(&p, SL_OVER_TCP, 40000, 4444, &more));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_negotiated),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
