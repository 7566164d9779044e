/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_file_test.c - the parts of mails that are files, in SMTP, POP3 and IMAP. */
#include "made_file.h"

static struct made want;

static void expect(const char *parser, enum sl_dir dir, const char *in)
{
	for (unsigned i = 0; i < 8 * PIECES_KINDS; i++) {
		struct feed *f = feed_new(parser, i / PIECES_KINDS);
		struct cut_step step = { dir, in, strlen(in) };
		uint32_t seed = i;
		f->stream = true;
		(void)feed_pieces(f, i % PIECES_KINDS, &seed, &step);
		feed_ends(f);
		for (char *c; (c = strstr(f->log, "close")) != NULL;)
			memmove(c, strchr(c, '\n') + 1, strlen(strchr(c, '\n')));
		assert_string_equal(f->log, want.b);
		feed_free(f);
	}
}

#define MULTI "Subject: x\r\nContent-Type: multipart/mixed;\r\n boundary=\"b b\"\r\n\r\npre\r\n"
#define MAIL(content) "MAIL FROM:<a@b>\r\nDATA\r\n" content "\r\n.\r\nQUIT\r\n"

static void test_parts(void **s)
{
	(void)s;
	want.len = 0;
	made_said(&want, 1, "", "text/plain", "text", 4);
	made_said(&want, 1, "a.exe", "text/plain", "MZ\r\n.hello world", 16);
	made_said(&want, 1, "\xc3\xa4.bin", "text/plain", "a=b\r\nc", 6);
	made_said(&want, 1, "long name.txt", "text/plain", "line\r\n\r\n.dot\r\n--b", 17);
	made_said(&want, 1, "", "image/gif", "GIF89a", 6);
	expect("smtp", SL_TO_SERVER,
		MAIL(MULTI "--b b\r\n\r\njust text\r\n--b b\r\n"
			   "Content-Transfer-Encoding: base64\r\n\r\ndGV4dA==\r\n--b b\r\n"
			   "Content-Type: application/octet-stream; name=other\r\n"
			   "Content-Transfer-Encoding: base64\r\n"
			   "Content-Disposition: attachment; filename=\"dir/a.exe\"\r\n\r\n"
			   "TVoNCi5oZW\r\nxsbyB3b3Js\r\nZA==\r\n"
			   "--b b\r\nContent-Type: text/plain; name==?utf-8?q?=C3=A4?=.bin\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n=\r\nc\r\n"
			   "--b b\r\nContent-Disposition: attachment; filename*0=\"long \";\r\n"
			   "\tfilename*1=name.txt\r\n\r\nline\r\n\r\n..dot\r\n--b\r\n"
			   "--b b\r\nContent-Type: image/gif\r\n\r\nGIF89a\r\n--b b--\r\nafter"));
}

/* Where nobody wants the bytes of files, codings are not undone, and names are told all the same,
 * of what has a byte. */
static void test_names_alone(void **s)
{
	(void)s;
	static const char said[] = "file.name 1 a.exe\nfile.name 1 \xc3\xa4.bin\n";
	want.len = 0;
	made_add(&want, said, sizeof(said) - 1);
	feed_wants = FEED_ONLY_NAMES;
	expect("smtp", SL_TO_SERVER,
		MAIL(MULTI "--b b\r\nContent-Transfer-Encoding: base64\r\n"
			   "Content-Disposition: attachment; filename=a.exe\r\n\r\n"
			   "TVoNCi5oZW\r\nxsbyB3b3Js\r\nZA==\r\n"
			   "--b b\r\nContent-Type: text/plain; name==?utf-8?q?=C3=A4?=.bin\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\nc\r\n"
			   "--b b\r\nContent-Transfer-Encoding: base64\r\n"
			   "Content-Disposition: attachment; filename=empty\r\n\r\n\r\n"
			   "--b b--\r\n"));
	feed_wants = FEED_ONLY_FILES;
}

/* A mail that is a file itself, as it is: all of it is the file. */
static void test_whole_mail(void **s)
{
	(void)s;
	want.len = 0;
	made_said(&want, 1, "x", "application/pdf", "%PDF-\r\nx\r\n", 10);
	expect("smtp", SL_TO_SERVER,
		MAIL("Content-Type: application/pdf; name=x\r\n\r\n%PDF-\r\nx"));
	expect("pop3", SL_TO_CLIENT,
		"+OK POP3\r\n+OK 9 octets\r\nContent-Type: application/pdf; name=x\r\n\r\n"
		"%PDF-\r\nx\r\n.\r\n");
	want.len = 0;
	made_said(&want, 1, "x", "application/pdf", "%PDF-\r\n", 7);
	expect("imap", SL_TO_CLIENT,
		"* OK\r\n* 1 FETCH (BODY[] {48}\r\nContent-Type: application/pdf; name=x\r\n\r\n"
		"%PDF-\r\n)\r\n");
}

/* The last boundary may be the last byte of a mail that is counted; of a slice nobody knows. */
static void test_last_line(void **s)
{
	(void)s;
#define LITERAL(slice, count)                                                                      \
	"* OK\r\n* 1 FETCH (BODY[]" slice " {" count "}\r\n"                                       \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n"                                        \
	"--b\r\nContent-Type: application/pdf; name=x\r\n\r\n%PDF-\r\n--b--)\r\n"
	want.len = 0;
	made_said(&want, 1, "x", "application/pdf", "%PDF-", 5);
	expect("imap", SL_TO_CLIENT, LITERAL("", "103"));
	want.len = 0;
	made_text(&want, "file.name 1 x\nfile.type 1 application/pdf\n");
	expect("imap", SL_TO_CLIENT, LITERAL("<0>", "103"));
}

/* TOP has an end as RETR has, and as many lines of the body as the client likes. */
static void test_top(void **s)
{
	(void)s;
#define ANSWER "+OK\r\nContent-Type: application/pdf; name=x\r\n\r\n%PDF-\r\n.\r\n"
	static const char asked[] = "TOP 1 1\r\nRETR 1\r\n", answers[] = ANSWER ANSWER;
	static const struct cut_step steps[] = {
		{ SL_TO_SERVER, asked, sizeof(asked) - 1 },
		{ SL_TO_CLIENT, answers, sizeof(answers) - 1 },
	};
	want.len = 0;
	made_text(&want, "file.name 1 x\nfile.type 1 application/pdf\nclose 1 \n");
	made_said(&want, 2, "x", "application/pdf", "%PDF-\r\n", 7);
	made_text(&want, "close 2 \n");
	expect_stream("pop3", steps, 2, SL_MORE, want.b);
}

/* A dot and a CR that do not end the mail are a line's: the first is doubled, the other its own. */
static void test_dot_and_cr(void **s)
{
	(void)s;
	want.len = 0;
	made_said(&want, 1, "x", "application/pdf", "%PDF-\r\n\rx\r\n.\r\r\n", 15);
	expect("smtp", SL_TO_SERVER,
		MAIL("Content-Type: application/pdf; name=x\r\n\r\n%PDF-\r\n.\rx\r\n..\r"));
}

/* What has no end, or a hole, is no whole file. */
static void test_no_end(void **s)
{
	(void)s;
	want.len = 0;
	made_text(&want, "file.name 1 x\nfile.type 1 application/pdf\n");
	expect("imap", SL_TO_CLIENT,
		"* OK\r\n* 1 FETCH (BODY[]<0> {48}\r\nContent-Type: application/pdf; name=x\r\n\r\n"
		"%PDF-\r\n)\r\n");
	expect("smtp", SL_TO_SERVER,
		"MAIL FROM:<a@b>\r\nDATA\r\nContent-Type: application/pdf; "
		"name=x\r\n\r\n%PDF-\r\n");
	/* the last boundary is missing */
	expect("smtp", SL_TO_SERVER,
		MAIL(MULTI "--b b\r\nContent-Type: application/pdf; name=x\r\n\r\n%PDF-"));
	struct feed *f = feed_new("smtp", 0);
	const char *one = "MAIL FROM:<a@b>\r\nDATA\r\n" MULTI
			  "--b b\r\nContent-Type: application/pdf; name=x\r\n\r\n%PDF-\r\n",
		   *two = "x\r\n--b b\r\nContent-Type: application/pdf; name=y\r\n\r\n%PDF-\r\n--b "
			  "b--\r\n"
			  "\r\n.\r\n";
	feed_bytes(f, SL_TO_SERVER, one, strlen(one));
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5);
	feed_bytes(f, SL_TO_SERVER, two, strlen(two));
	feed_ends(f);
	assert_non_null(
		strstr(f->log, "file.name 1 x\nfile.type 1 application/pdf\nfile.name 1 y\n"));
	assert_int_equal(f->counters.c[SL_C_FILES_GAP], 1);
	assert_int_equal(f->counters.c[SL_C_FILES], 1);
	feed_free(f);
}

/* A message may not be encoded (RFC 2046 5.2.1): where it says so and begins with a field, it is
 * read as it lies; where it is encoded all the same, the file is what the coding hid. */
static void test_encoded_message(void **s)
{
	(void)s;
	want.len = 0;
	made_said(&want, 1, "b.pdf", "application/pdf", "%PDF-\r\nx", 8);
	made_said(&want, 1, "c.eml", "text/plain", "From: a@b\r\n\r\nhello", 18);
	made_said(&want, 1, "d.eml", "text/plain", "text", 4);
	expect("smtp", SL_TO_SERVER,
		MAIL(MULTI "--b b\r\nContent-Type: message/rfc822\r\n"
			   "Content-Transfer-Encoding: base64\r\n"
			   "Content-Disposition: attachment; filename=\"a.txt\"\r\n\r\n"
			   "Subject: inner\r\nContent-Type: application/pdf; name=b.pdf\r\n\r\n"
			   "%PDF-\r\nx\r\n"
			   "--b b\r\nContent-Type: message/rfc822; name=c.eml\r\n"
			   "Content-Transfer-Encoding: base64\r\n\r\n"
			   "RnJvbTogYUBiDQoNCmhl\r\nbGxv\r\n"
			   "--b b\r\nContent-Type: message/rfc822; name=d.eml\r\n"
			   "Content-Transfer-Encoding: base64\r\n\r\n\r\ndGV4dA==\r\n"
			   "--b b\r\nContent-Type: message/rfc822\r\n"
			   "Content-Transfer-Encoding: base64\r\n\r\n--b b--\r\n"));
}

int main(void)
{
	feed_wants = FEED_ONLY_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_names_alone),
		cmocka_unit_test(test_whole_mail),
		cmocka_unit_test(test_last_line),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_dot_and_cr),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_encoded_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
