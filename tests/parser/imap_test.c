/* SPDX-License-Identifier: BSD-3-Clause */
/* imap_test.c - IMAP: which literals are mails, and where TLS begins. */
#include "lines.h"

static void test_session(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "* OK ready\r\n" },
		{ SL_TO_SERVER, "a LOGIN {3}\r\nFoo {3}\r\nbar\r\nb FETCH 1:2 (BODY[])\r\n" },
		{ SL_TO_CLIENT, "a OK\r\n* 1 FETCH (FLAGS () BODY[]<0> {35}\r\n"
				"From: a@example.com\r\n\r\n* 2 FETCH\r\n)\r\n"
				"* 2 FETCH (BODY[TEXT] {6}\r\n{9}\r\n\n BODY[HEADER.FIELDS "
				"(SUBJECT)] {16}\r\nSubject: two\r\n\r\n)\r\n"
				"* LIST () \"/\" {5}\r\ninbox\r\n* 3 FETCH (RFC822.SIZE 5)\r\n" },
		{ SL_TO_SERVER, "c APPEND x (\\Seen) {18+}\r\nSubject: three\r\n\r\n\r\n" },
	};
	expect_turns("imap", turns, COUNT(turns),
		"email.from 1 a@example.com\nemail.from_domain 1 example.com\nclose 1 \n"
		"close 2 \nemail.subject 3 two\nclose 3 \n"
		"email.subject 4 three\nclose 4 \n");
}

/* Bodies whose header is not there: a text, and one whose first lines give its boundary. */
static void test_bodies(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "* OK ready\r\n" },
		{ SL_TO_CLIENT,
			"* 1 FETCH (BODY[1.2] {39}\r\n"
			"http://a.example/1\r\n--\r\nhttp://b.ex/ \r\n"
			" BODY[1.MIME] {19}\r\nhttp://a.example/2\n"
			" RFC822.TEXT {20}\r\nhttp://a.example/3\r\n"
			" BODY[TEXT]<0> {123}\r\npreamble\r\n-- \r\n--x-y--\r\n--B 1\r\n--B1\r\n"
			"Content-Transfer-Encoding: base64\r\n\r\n"
			"aHR0cDovL2E\r\nuZXhhbXBsZS80\r\n\r\n--B1\r\n\r\nx\r\n--B1--\r\n"
			" BODY[2.HEADER] {14}\r\nSubject: u\r\n\r\n)\r\n" },
	};
	expect_turns("imap", turns, COUNT(turns),
		"email.url 1 http://a.example/1\nemail.url 1 http://b.ex/\nclose 1 \n"
		"email.url 2 http://a.example/3\nclose 2 \n"
		"email.url 3 http://a.example/4\nclose 3 \n"
		"email.subject 4 u\nclose 4 \n");
}

/* The slices behind the first have no header: what looks like one is text. */
static void test_slices(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "* OK ready\r\n* 1 FETCH (BODY[]<0> {14}\r\nSubject: one\r\n)\r\n"
				"* 1 FETCH (BODY[]<14> {34}\r\n\r\nSubject: no\r\n"
				"http://a.example/\r\n)\r\n"
				"* 1 FETCH (BODY[HEADER]<7> {15}\r\nject: one\r\nTo: )\r\n" },
	};
	expect_turns("imap", turns, COUNT(turns),
		"email.subject 1 one\nclose 1 \nemail.url 2 http://a.example/\nclose 2 \n");
}

/* An answer may tell anything before the mail, however long: its end says that a mail comes. */
static void test_long_line(void **s)
{
	(void)s;
	for (size_t n = 0; n<3000; n += n> 880 && n < 1100 ? 1 : 97) {
		char line[4096];
		snprintf(line, sizeof(line),
			"* 1 FETCH (ENVELOPE \"%0*u\" BODY[] {12}\r\nSubject: s\r\n)\r\n"
			"* 2 FETCH (RFC822 {12}\r\nSubject: t\r\n)\r\n",
			(int)n + 1, 0);
		for (unsigned size = 0; size < 3; size++) {
			static const size_t sizes[] = { 4096, 1, 7 };
			const struct turn turn = { SL_TO_CLIENT, line };
			struct feed *f = feed_new("imap", 0);
			feed_turns(f, &turn, 1, sizes[size]);
			assert_string_equal(f->log,
				"email.subject 1 s\nclose 1 \nemail.subject 2 t\nclose 2 \n");
			feed_free(f);
		}
	}
}

static void test_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("imap", 0);
	text(f, SL_TO_CLIENT, "* 1 FETCH (RFC822 {30}\r\nSubject: s\r\nTo: x");
	feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 11);
	text(f, SL_TO_CLIENT, "\r\n)\r\n* 2 FETCH (RFC822 {99}\r\nSubject: t\r\n");
	feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 100);
	text(f, SL_TO_CLIENT,
		"x FETCH (RFC822 {3}\r\n)\r\n* 2 FETCH (RFC822 {14}\r\n"
		"Subject: u\r\n\r\n)\r\n");
	assert_string_equal(f->log, "email.subject 1 s\nclose 1 \nemail.subject 2 t\nclose 2 \n"
				    "email.subject 3 u\nclose 3 \n");
	feed_free(f);
}

static void test_tls(void **s)
{
	(void)s;
	struct feed *f = feed_new("imap", 0);
	text(f, SL_TO_CLIENT, "* OK\r\n");
	text(f, SL_TO_SERVER, "a1 STARTTLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, "a2 OK\r\na1 NO\r\n"), SL_MORE);
	text(f, SL_TO_SERVER, "a3 starttls\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, "a3 OK go\r\n"), SL_NOT_MINE);
	feed_free(f);
	assert_int_equal(probe("imap", "* OK x\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("imap", "A1 LOGIN a b\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("imap", "A1 LOG"), SL_PROBE_MORE);
	assert_int_equal(probe("imap", "GET / HTTP/1.1\r\n"), SL_PROBE_NO);
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
