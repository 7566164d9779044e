/* SPDX-License-Identifier: BSD-3-Clause */
/* smtp_test.c - SMTP: greetings, envelopes, mails, replies, and where TLS begins. */
#include "lines.h"

#define HELO "EHLO Client.Example.\r\n"
#define ENVELOPE "MAIL FROM:<A@Example.com> SIZE=1\r\nRCPT TO:<b@example.org>\r\n"
#define ENVELOPE_LOG                                                                               \
	"smtp.mail_from 1 a@example.com\nsmtp.mail_from_domain 1 example.com\nsmtp.rcpt_to 1 "     \
	"b@example.org\nsmtp.rcpt_to_domain 1 example.org\n"

static void test_envelope(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "220 mx.example ESMTP\r\n" },
		{ SL_TO_SERVER, HELO },
		{ SL_TO_CLIENT, "250-mx.example\r\n250 PIPELINING\r\n" },
		{ SL_TO_SERVER, ENVELOPE "DATA\r\n" },
		{ SL_TO_CLIENT, "250 ok\r\n250 ok\r\n354 go\r\n" },
		{ SL_TO_SERVER, "From: \"x, y\" <A@example.com>\r\nTo: b@example.org,\r\n"
				" (c@no.example) Group: C <c@Example.org>, \"d e\"@f.example;\r\n"
				"Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?= =?iso-8859-1?B?/A==?= x\r\n"
				"Message-ID: <1@x>\r\n\r\n"
				"..see http://Evil.example/a. (https://b.example/c)\r\n.\r\n" },
		{ SL_TO_CLIENT, "250 taken\r\n" },
		{ SL_TO_SERVER, "MAIL FROM:<>\r\nRCPT TO:<@r.example:z@example.org>\r\nQUIT\r\n" },
	};
	expect_turns("smtp", turns, COUNT(turns),
		"smtp.helo 1 client.example\n" ENVELOPE_LOG
		"email.from 1 a@example.com\nemail.from_domain 1 example.com\n"
		"email.to 1 b@example.org\nemail.to_domain 1 example.org\n"
		"email.to 1 c@example.org\nemail.to_domain 1 example.org\n"
		"email.to 1 \"d e\"@f.example\nemail.to_domain 1 f.example\n"
		"email.subject 1 gr\xc3\xbc\xc3\x9f"
		"e\xc3\xbc x\n"
		"email.message_id 1 1@x\n"
		"email.url 1 http://evil.example/a\n"
		"email.url 1 https://b.example/c\n"
		"close 1 \n"
		"smtp.rcpt_to 2 z@example.org\nsmtp.rcpt_to_domain 2 example.org\n"
		"close 2 \n");
}

static void test_refused(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "220 mx ESMTP\r\n" },
		{ SL_TO_SERVER, "HELO [192.0.2.1]\r\n" },
		{ SL_TO_CLIENT, "250 hello\r\n" },
		{ SL_TO_SERVER, ENVELOPE "DATA\r\n" },
		{ SL_TO_CLIENT, "250 ok\r\n550-no\r\n550 no\r\n503 no\r\n" },
		{ SL_TO_SERVER, "MAIL FROM:c@example.com\r\n" },
		{ SL_TO_CLIENT, "250 ok\r\n" },
		{ SL_TO_SERVER, "RSET\r\n" },
	};
	expect_turns("smtp", turns, COUNT(turns),
		"smtp.helo 1 192.0.2.1\n" ENVELOPE_LOG
		"smtp.rcpt_to 1 refused repeat b@example.org\nsmtp.rcpt_to_domain 1 refused repeat "
		"example.org\n"
		"close 1 \n"
		"smtp.mail_from 2 c@example.com\nsmtp.mail_from_domain 2 example.com\n"
		"close 2 \n");
}

/* A client that does not wait is at its next envelope when the answer to the first one comes. */
static void test_refused_late(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "220 mx ESMTP\r\n" },
		{ SL_TO_SERVER, "MAIL FROM:<a@h>\r\nRCPT TO:<b@h>\r\nRSET\r\nMAIL FROM:<c@h>\r\n" },
		{ SL_TO_CLIENT, "250 ok\r\n550 no\r\n250 ok\r\n550 no\r\n" },
	};
	expect_turns("smtp", turns, COUNT(turns),
		"smtp.mail_from 1 a@h\nsmtp.mail_from_domain 1 h\n"
		"smtp.rcpt_to 1 b@h\nsmtp.rcpt_to_domain 1 h\nclose 1 \n"
		"smtp.mail_from 2 c@h\nsmtp.mail_from_domain 2 h\n"
		"smtp.rcpt_to 1 refused repeat b@h\nsmtp.rcpt_to_domain 1 refused repeat h\n"
		"smtp.mail_from 2 refused repeat c@h\n"
		"smtp.mail_from_domain 2 refused repeat h\nclose 2 \n");
}

/* Everything that the client says is there without the server's side. */
static void test_one_side(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_SERVER, ENVELOPE "DATA\r\nSubject: s\r\n\r\n\r\n.\r\n" },
		{ SL_TO_SERVER, "BDAT 14\r\nSubject: t\r\n\r\nBDAT 18 LAST\r\n"
				"http://h.example/x" },
		{ SL_TO_SERVER, "NOOP\r\n" },
	};
	expect_turns("smtp", turns, COUNT(turns),
		ENVELOPE_LOG "email.subject 1 s\nclose 1 \n"
			     "email.subject 2 t\nemail.url 2 http://h.example/x\nclose 2 \n");
}

static void test_starttls(void **s)
{
	(void)s;
	static const char go[] = "220 go\r\n", no[] = "454 no\r\n";
	struct feed *f = feed_new("smtp", 0);
	text(f, SL_TO_CLIENT, "220 mx ESMTP\r\n");
	text(f, SL_TO_SERVER, HELO);
	text(f, SL_TO_CLIENT, "250-mx\r\n250 STARTTLS\r\n");
	text(f, SL_TO_SERVER, "STARTTLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, no), SL_MORE);
	text(f, SL_TO_SERVER, "STARTTLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, go), SL_NOT_MINE);
	assert_string_equal(f->log, "smtp.helo 1 client.example\nclose 1 \n");
	feed_free(f);
	f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, "EHLO x\r\nSTARTTLS\r\n");
	assert_int_equal(text(f, SL_TO_SERVER, "\x16\x03\x01"), SL_NOT_MINE);
	feed_free(f);
}

static void test_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, ENVELOPE "DATA\r\nSubject: s\r\nTo: cut@");
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 10);
	text(f, SL_TO_SERVER, "Message-ID: <no>\r\nhttp://no.example/\r\n.\r\n");
	text(f, SL_TO_SERVER, "MAIL FR");
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 10);
	text(f, SL_TO_SERVER, "RCPT TO:<no@example.org>\r\nRCPT TO:<c@example.org>\r\n");
	assert_string_equal(f->log,
		ENVELOPE_LOG "email.subject 1 s\nclose 1 \n"
			     "smtp.rcpt_to 2 c@example.org\nsmtp.rcpt_to_domain 2 example.org\n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	/* the end of a mail was missed: the server's answer tells */
	f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, ENVELOPE "DATA\r\n");
	text(f, SL_TO_CLIENT, "250 a\r\n250 b\r\n354 c\r\n");
	text(f, SL_TO_SERVER, "\r\nx\r\n");
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5);
	text(f, SL_TO_CLIENT, "250 taken\r\n");
	text(f, SL_TO_SERVER, "MAIL FROM:<c@example.com>\r\n");
	assert_non_null(strstr(f->log,
		"close 1 \nsmtp.mail_from 2 c@example.com\nsmtp.mail_from_domain 2 example.com\n"));
	feed_free(f);
}

static void test_long_line(void **s)
{
	(void)s;
	struct feed *f = feed_new("smtp", 0);
	char long_line[3000];
	memset(long_line, 'x', sizeof(long_line));
	text(f, SL_TO_SERVER, "EHLO x\r\nRCPT TO:<");
	feed_bytes(f, SL_TO_SERVER, long_line, sizeof(long_line));
	text(f, SL_TO_SERVER, "@h>\r\nRCPT TO:<b@h>\r\n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_string_equal(f->log, "smtp.helo 1 x\nsmtp.rcpt_to 1 b@h\nsmtp.rcpt_to_domain 1 h\n");
	feed_free(f);
}

/* Wherever a line is cut, it is as long. */
static void test_long_line_cut(void **s)
{
	(void)s;
	char line[1024 + 16];
	size_t len = (size_t)snprintf(line, sizeof(line), "RCPT TO:<%01015uxyz>\r\n", 0u);
	for (size_t at = 1; at < len; at++) {
		struct feed *f = feed_new("smtp", 0);
		text(f, SL_TO_SERVER, "EHLO x\r\n");
		feed_bytes(f, SL_TO_SERVER, line, at);
		feed_bytes(f, SL_TO_SERVER, line + at, len - at);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		feed_free(f);
	}
}

static void test_probe(void **s)
{
	(void)s;
	assert_int_equal(probe("smtp", "220 mx.example ESMTP x\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("smtp", "ehlo x\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("smtp", "22"), SL_PROBE_MORE);
	assert_int_equal(probe("smtp", "EH"), SL_PROBE_MORE);
	assert_int_equal(probe("smtp", "220 mx.example FTP\r\n"), SL_PROBE_NO);
	assert_int_equal(probe("smtp", "GET / HTTP/1.1\r\n"), SL_PROBE_NO);
	assert_int_equal(probe("ftp", "220 mx.example FTP\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("ftp", "220 mx.example ESMTP\r\n"), SL_PROBE_NO);
	assert_int_equal(probe("ftp", "USER x\r\n"), SL_PROBE_YES);
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_late),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_long_line_cut),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
