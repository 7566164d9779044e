/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_test.c - the inside of a mail, carried by SMTP: parts, codings, odd headers, bounds. */
#include "lines.h"

static void expect_mail(const char *mail, const char *want)
{
	const struct turn turns[] = { { SL_TO_SERVER, "DATA\r\n" }, { SL_TO_SERVER, mail },
		{ SL_TO_SERVER, "\r\n.\r\n" } };
	expect_turns("smtp", turns, COUNT(turns), want);
}

static void test_parts(void **s)
{
	(void)s;
	expect_mail("Content-Type: multipart/mixed; charset=x;\r\n\tboundary=\"b 1\"\r\n\r\n"
		    "http://preamble.example/\r\n--b 1\r\n"
		    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
		    "http://a.example/1\r\n--bx http://a.example/2\r\n--b  \r\n"
		    "Content-Type: text/html\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n"
		    "<a href=3D'http://a.exa=\r\nmple/?x=3D1&amp;y'>=C3\r\n--b--\r\n"
		    "http://epilogue.example/\r\n--b 1\r\nContent-Type: text/plain\r\n"
		    "Content-Transfer-Encoding: base64\r\nSubject: a part's\r\n\r\n"
		    "aHR0cHM6Ly9iLmV4Y\r\nW1wbGUveA==\r\n--b 1\r\n"
		    "Content-Type: application/zip\r\n\r\nhttp://no.example/\r\n--b 1\r\n"
		    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n"
		    "ftp://c.example/f\r\n--b 1--\r\n",
		"email.url 1 http://a.example/1\n"
		"email.url 1 http://a.example/2\n"
		"email.url 1 http://a.example/?x=1&y\n"
		"email.url 1 https://b.example/x\n"
		"email.subject 1 inner\n"
		"email.url 1 ftp://c.example/f\n"
		"close 1 \n");
}

static void test_headers(void **s)
{
	(void)s;
	expect_mail(
		"FROM : A@x.example\nTo: undisclosed-recipients:;\nCc: <b@x.example\n"
		"Bcc: \"a\\\"<no@x.example>\" c@x.example, nobody\n"
		"Subject: =?gb2312?B?xOO6ww==?= a\n =?utf-8?q?b_=3d?=\n\t=?us-ascii?Q?c?= =?x\n"
		"Message-Id: bare\nno colon\n\nhthttp://x.example/a) hxxp://n http:// https://y",
		"email.from 1 a@x.example\n"
		"email.to 1 b@x.example\n"
		"email.to 1 c@x.example\n"
		"email.subject 1 =?gb2312?B?xOO6ww==?= a b =c =?x\n"
		"email.message_id 1 bare\n"
		"email.url 1 http://x.example/a\n"
		"email.url 1 https://y/\n"
		"close 1 \n");
}

/* More addresses than a batch holds, and a field longer than there is room for. */
static void test_bounds(void **s)
{
	(void)s;
	struct feed *f = feed_new("smtp", 3);
	text(f, SL_TO_SERVER, "DATA\r\nTo: ");
	for (unsigned i = 0; i < 1000; i++)
		text(f, SL_TO_SERVER, "a@b,");
	text(f, SL_TO_SERVER, "\r\n\r\n");
	for (unsigned i = 0; i < 400; i++)
		text(f, SL_TO_SERVER, "http://x/\r\n");
	text(f, SL_TO_SERVER, ".\r\n");
	unsigned to = 0, urls = 0;
	for (const char *p = f->log; (p = strstr(p, "email.")) != NULL; p++) {
		to += strncmp(p, "email.to 1 a@b\n", 15) == 0;
		urls += strncmp(p, "email.url 1 http://x/\n", 22) == 0;
	}
	assert_int_equal(to, (2560 - 4) / 4);
	assert_int_equal(urls, 256);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
