/* SPDX-License-Identifier: BSD-3-Clause */
/* pop3_test.c - POP3: which answers are mails, and where TLS begins. */
#include "lines.h"

static void test_session(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "+OK ready\r\n" },
		{ SL_TO_SERVER, "USER a\r\nPASS b\r\nLIST\r\nLIST 1\r\n" },
		{ SL_TO_CLIENT, "+OK\r\n+OK in\r\n+OK 2 messages (320 octets)\r\n1 120\r\n"
				"2 200\r\n.\r\n+OK 1 120\r\n" },
		{ SL_TO_SERVER, "RETR 1\r\nRETR 3\r\nTOP 2 0\r\n" },
		{ SL_TO_CLIENT, "+OK 120 octets\r\nFrom: a@example.com\r\nSubject: one\r\n\r\n"
				"+OK http://x.example\r\n..\r\n.\r\n-ERR none\r\n"
				"+OK\r\nFrom: b@example.com\r\n\r\n.\r\n" },
		{ SL_TO_SERVER, "QUIT\r\n" },
		{ SL_TO_CLIENT, "+OK bye\r\n" },
	};
	expect_turns("pop3", turns, COUNT(turns),
		"email.from 1 a@example.com\nemail.from_domain 1 example.com\nemail.subject 1 one\n"
		"email.url 1 http://x.example/\nclose 1 \n"
		"email.from 2 b@example.com\nemail.from_domain 2 example.com\nclose 2 \n");
}

/* What the client answers to a challenge is no command: the reply to RETR is still the mail's. */
static void test_challenges(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "+OK ready\r\n" },
		{ SL_TO_SERVER, "AUTH LOGIN\r\n" },
		{ SL_TO_CLIENT, "+ VXNlcm5hbWU6\r\n" },
		{ SL_TO_SERVER, "dXNlcg==\r\n" },
		{ SL_TO_CLIENT, "+\r\n" },
		{ SL_TO_SERVER, "cGFzcw==\r\n" },
		{ SL_TO_CLIENT, "+OK in\r\n" },
		{ SL_TO_SERVER, "RETR 1\r\n" },
		{ SL_TO_CLIENT, "+OK\r\nSubject: one\r\n\r\n.\r\n" },
	};
	expect_turns("pop3", turns, COUNT(turns), "email.subject 1 one\nclose 1 \n");
}

static void test_one_side(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "+OK 2 messages (320 octets)\r\n+OK 120 octets\r\n"
				"Subject: one\r\n\r\n.\r\n" },
	};
	expect_turns("pop3", turns, COUNT(turns), "email.subject 1 one\nclose 1 \n");
}

static void test_tls_and_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("pop3", 0);
	text(f, SL_TO_CLIENT, "+OK\r\n");
	text(f, SL_TO_SERVER, "STLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, "+OK go\r\n"), SL_NOT_MINE);
	feed_free(f);
	f = feed_new("pop3", 0);
	text(f, SL_TO_SERVER, "RETR 1\r\n");
	text(f, SL_TO_CLIENT, "+OK\r\nSubject: s\r\nTo: x@");
	feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 5);
	text(f, SL_TO_CLIENT, "From: no@example.com\r\n.\r\n+OK\r\n");
	assert_string_equal(f->log, "email.subject 1 s\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	assert_int_equal(probe("pop3", "+OK x\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("pop3", "USER x\r\n"), SL_PROBE_NO);
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_tls_and_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
