/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp_test.c - FTP's control connection: users, files, replies, and where TLS begins. */
#include "lines.h"

static void test_session(void **s)
{
	(void)s;
	static const struct turn turns[] = {
		{ SL_TO_CLIENT, "220-Welcome\r\n220 FTP ready\r\n" },
		{ SL_TO_SERVER, "USER anna smith\r\n" },
		{ SL_TO_CLIENT, "331 password\r\n" },
		{ SL_TO_SERVER, "PASS secret\r\nPASV\r\nretr a b.exe\r\nSTOR /up/c.zip\r\n" },
		{ SL_TO_CLIENT, "230-in\r\n 550 not a reply\r\n230 in\r\n227 (1,2,3,4,5,6)\r\n"
				"550 none\r\n150 go\r\n226 done\r\n" },
		{ SL_TO_SERVER, "RETR\r\nQUIT\r\n" },
	};
	expect_turns("ftp", turns, COUNT(turns),
		"ftp.user 1 anna smith\nclose 1 \n"
		"ftp.file 2 a b.exe\nclose 2 \n"
		"ftp.file 3 /up/c.zip\nclose 3 \n"
		"ftp.file 2 refused repeat a b.exe\n");
}

static void test_tls(void **s)
{
	(void)s;
	struct feed *f = feed_new("ftp", 0);
	text(f, SL_TO_CLIENT, "220 FTP\r\n");
	text(f, SL_TO_SERVER, "AUTH SSL\r\nAUTH TLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, "504 no\r\n"), SL_MORE);
	assert_int_equal(text(f, SL_TO_CLIENT, "234 go\r\n"), SL_NOT_MINE);
	feed_free(f);
}

/* Replies to commands that were missed are not taken for those of others. */
static void test_gap(void **s)
{
	(void)s;
	struct feed *f = feed_new("ftp", 0);
	text(f, SL_TO_SERVER, "USER a\r\nUSER");
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 3);
	text(f, SL_TO_SERVER, " b\r\nRETR c\r\n");
	assert_string_equal(f->log, "ftp.user 1 a\nclose 1 \nftp.file 2 c\nclose 2 \n");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
