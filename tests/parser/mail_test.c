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
		"email.from 1 a@x.example\nemail.from_domain 1 x.example\n"
		"email.to 1 b@x.example\nemail.to_domain 1 x.example\n"
		"email.to 1 c@x.example\nemail.to_domain 1 x.example\n"
		"email.subject 1 =?gb2312?B?xOO6ww==?= a b =c =?x\n"
		"email.message_id 1 bare\n"
		"email.url 1 http://x.example/a\n"
		"email.url 1 https://y/\n"
		"close 1 \n");
}

static void test_charsets(void **s)
{
	(void)s;
	expect_mail("Subject: =?ISO-8859-15?Q?=A4=E9?= =?windows-1252*de?q?=80=93=81?=\n"
		    " =?koi8-r?B?8NLJ18XU?= =?iso-8859-1?q?=80=FC?= =?cp1251?q?=C0?=\n\n",
		"email.subject 1 \xe2\x82\xac\xc3\xa9\xe2\x82\xac\xe2\x80\x9c\xc2\x81"
		"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\xc2\x80\xc3\xbc\xd0\x90\n"
		"close 1 \n");
}

/* A word that is not read stands as it was, and is counted once. */
static void test_raw_word(void **s)
{
	(void)s;
	struct feed *f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, "DATA\r\nSubject: =?x?Q?=C0?= =?x?q?=C1?=\r\n");
	text(f, SL_TO_SERVER, "Subject: =?utf-8?x?=C0?=\r\n\r\n");
	assert_int_equal(f->counters.c[SL_C_MAIL_RAW_WORDS], 1);
	assert_string_equal(f->log, "email.subject 1 =?x?Q?=C0?= =?x?q?=C1?=\n"
				    "email.subject 1 =?utf-8?x?=C0?=\n");
	feed_free(f);
}

static void test_domains(void **s)
{
	(void)s;
	expect_mail("From: <a@[192.0.2.7]>, \"b@no.example\"@X.example., <c@[IPv6:2001:db8::1]>, "
		    "d@\n\n",
		"email.from 1 a@[192.0.2.7]\nemail.from_domain 1 192.0.2.7\n"
		"email.from 1 \"b@no.example\"@x.example.\nemail.from_domain 1 x.example\n"
		"email.from 1 c@[ipv6:2001:db8::1]\nemail.from_domain 1 2001:db8::1\n"
		"email.from 1 d@\nclose 1 \n");
}

/* Mails one beside the other are no deeper than the first; those within each other are bounded. */
static void test_digest(void **s)
{
	(void)s;
#define ONE(n) "\r\nContent-Type: message/rfc822\r\n\r\nSubject: " n "\r\n\r\nx\r\n--d"
	expect_mail("Content-Type: multipart/digest; boundary=d\r\n\r\n--d" ONE("1") ONE("2")
			    ONE("3") ONE("4") ONE("5") ONE("6") "--\r\n",
		"email.subject 1 1\nemail.subject 1 2\nemail.subject 1 3\nemail.subject 1 4\n"
		"email.subject 1 5\nemail.subject 1 6\nclose 1 \n");
	struct feed *f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, "DATA\r\n");
	for (unsigned i = 0; i < 6; i++)
		text(f, SL_TO_SERVER, "Subject: s\r\nContent-Type: message/rfc822\r\n\r\n");
	text(f, SL_TO_SERVER, ".\r\n");
	assert_string_equal(f->log,
		"email.subject 1 s\nemail.subject 1 s\nemail.subject 1 s\nemail.subject 1 s\n"
		"email.subject 1 s\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
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

/* Half an address is none. */
static void test_cut_address(void **s)
{
	(void)s;
	struct feed *f = feed_new("smtp", 0);
	text(f, SL_TO_SERVER, "DATA\r\nTo: ");
	for (unsigned i = 0; i < 1000; i++)
		text(f, SL_TO_SERVER, "<a@ex.example>, ");
	text(f, SL_TO_SERVER, "\r\n\r\n.\r\n");
	assert_non_null(strstr(f->log, "email.to_domain 1 ex.example\nclose 1 \n"));
	feed_free(f);
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_raw_word),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_cut_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
