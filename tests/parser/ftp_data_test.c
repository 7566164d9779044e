/* SPDX-License-Identifier: BSD-3-Clause */
/* ftp_data_test.c - FTP's data connections: which the control connection announces, with what name,
 * and what is told of the file. */
#include "announced.h"

#define HELLO                                                                                      \
	"file.type 1 text/plain\n"                                                                 \
	"file.size 1 5\n"                                                                          \
	"file.md5 1 5d41402abc4b2a76b9719d911017c592\n"                                            \
	"file.sha1 1 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\n"                                   \
	"file.sha256 1 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"

static struct feed *control_new(void)
{
	struct feed *f = feed_new("ftp", 0);
	announced_ends(f, 6);
	text(f, SL_TO_CLIENT, "220 FTP\r\n");
	return f;
}

/* What a data connection that carries "hello" tells, or "none" where it was not announced. */
static const char *told(struct feed *f, bool active, uint16_t sport, uint16_t dport)
{
	static char log[sizeof(f->log)];
	struct feed *d = announced_flow(f, active, sport, dport, 0);
	if (d == NULL)
		return "none";
	if (text(d, SL_TO_CLIENT, "hel") == SL_MORE) {
		text(d, SL_TO_CLIENT, "lo");
		announced_end(d, SL_TO_SERVER, true);
		announced_end(d, SL_TO_CLIENT, true);
	}
	memcpy(log, d->log, d->log_len + 1);
	feed_free(d);
	return log;
}

static void test_ports(void **s)
{
	(void)s;
	static const struct {
		const char *command, *reply;
		bool active;
		uint16_t port;
	} row[] = {
		{ "PASV\r\n", "227 Entering Passive Mode (192,0,2,2,7,208).\r\n", false, 2000 },
		{ "PASV\r\n", "227 =192,0,2,2,7,208\r\n", false, 2000 },
		{ "PASV\r\n", "227 at 10,0,0,9,7,208\r\n", false, 2000 },
		{ "EPSV\r\n", "229 Extended (|||2000|)\r\n", false, 2000 },
		{ "epsv 1\r\n", "229 Extended (!!!65535!)\r\n", false, 65535 },
		{ "PORT 192,0,2,1,11,184\r\n", "200 ok\r\n", true, 3000 },
		{ "EPRT |1|192.0.2.1|3000|\r\n", "200 ok\r\n", true, 3000 },
		{ "EPRT !2!2001:db8::1!3000!\r\n", "200 ok\r\n", true, 3000 },
		{ "", "", true, 40000 }, /* the client's own */
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct feed *f = control_new();
		text(f, SL_TO_SERVER, row[i].command);
		text(f, SL_TO_CLIENT, row[i].reply);
		text(f, SL_TO_SERVER, "RETR /a\\b/c.exe\r\n");
		assert_string_equal(told(f, row[i].active, 20, row[i].port),
			"file.name 1 c.exe\n" HELLO "close 1 \n");
		assert_string_equal(told(f, row[i].active, 20, row[i].port), "none");
		feed_free(f);
	}
}

static void test_no_ports(void **s)
{
	(void)s;
	static const char *const bad[] = { "227 (192,0,2,2,7)\r\n", "227 (192,0,2,2,7,256)\r\n",
		"227 1922,0,2,2,7,208\r\n", "227 192,0,2,2,0,0\r\n", "229 (|||70000|)\r\n",
		"229 |||2000|\r\n", "229 (|||2000)\r\n", "229 (|||20x0|)\r\n", "502 no\r\n" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct feed *f = control_new();
		text(f, SL_TO_SERVER, "PASV\r\n");
		text(f, SL_TO_CLIENT, bad[i]);
		text(f, SL_TO_SERVER, "RETR a\r\n");
		assert_string_equal(told(f, false, 20, 2000), "none");
		feed_free(f);
	}
	static const char *const command[] = { "EPRT |1|2001:db8::1|3000|\r\n",
		"EPRT |2|192.0.2.1|3000|\r\n", "EPRT |1|192.0.2.1|3000\r\n", "EPRT\r\n",
		"EPRT |1|192.0.2.1|0|\r\n", "PORT 192,0,2,1,11\r\n", "PORT\r\n" };
	for (size_t i = 0; i < COUNT(command); i++) {
		struct feed *f = control_new();
		text(f, SL_TO_SERVER, command[i]);
		text(f, SL_TO_SERVER, "RETR a\r\n");
		assert_string_equal(told(f, true, 20, 3000), "none");
		feed_free(f);
	}
}

/* The client does not wait for replies; each connection has its own name. */
static void test_at_once(void **s)
{
	(void)s;
	struct feed *f = control_new();
	text(f, SL_TO_SERVER, "PASV\r\nRETR one\r\n");
	assert_string_equal(told(f, false, 9, 2000), "none");
	text(f, SL_TO_CLIENT, "227 (192,0,2,2,7,208)\r\n150 go\r\n226 done\r\n");
	assert_string_equal(told(f, false, 9, 2000), "file.name 1 one\n" HELLO "close 1 \n");
	text(f, SL_TO_SERVER, "PORT 192,0,2,1,11,184\r\nSTOR two\r\n");
	text(f, SL_TO_SERVER, "PORT 192,0,2,1,11,185\r\nAPPE three\r\n");
	assert_string_equal(told(f, true, 20, 3001), "file.name 1 three\n" HELLO "close 1 \n");
	assert_string_equal(told(f, true, 20, 3000), "file.name 1 two\n" HELLO "close 1 \n");
	feed_free(f);
}

static void test_unique(void **s)
{
	(void)s;
	struct feed *f = control_new();
	text(f, SL_TO_SERVER, "EPSV\r\n");
	text(f, SL_TO_CLIENT, "229 (|||2000|)\r\n");
	text(f, SL_TO_SERVER, "STOU\r\n");
	text(f, SL_TO_CLIENT, "150 FILE: x/new.1\r\n");
	assert_string_equal(told(f, false, 9, 2000), "file.name 1 new.1\n" HELLO "close 1 \n");
	text(f, SL_TO_SERVER, "RETR a\r\n");
	text(f, SL_TO_CLIENT, "150 FILE: b\r\n");
	assert_string_equal(told(f, false, 9, 2000), "file.name 1 a\n" HELLO "close 1 \n");
	feed_free(f);
}

/* No file, or no whole one. */
static void test_not_whole(void **s)
{
	(void)s;
	static const struct {
		const char *command, *reply, *want;
	} row[] = {
		{ "LIST\r\n", "", "" },
		{ "NLST x\r\n", "", "" },
		{ "MLSD\r\n", "", "" },
		{ "REST 5\r\nRETR a\r\n", "350 ok\r\n", "file.name 1 a\nclose 1 \n" },
		{ "REST 0\r\nRETR a\r\n", "350 ok\r\n", "file.name 1 a\n" HELLO "close 1 \n" },
		{ "REST 5\r\nLIST\r\nRETR a\r\n", "", "file.name 1 a\n" HELLO "close 1 \n" },
		{ "MODE S\r\n", "200 ok\r\n", "file.name 1 a\n" HELLO "close 1 \n" },
		{ "MODE Z\r\n", "504 no\r\n", "file.name 1 a\n" HELLO "close 1 \n" },
		{ "MODE B\r\n", "200 ok\r\n", "file.name 1 a\nclose 1 \n" },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct feed *f = control_new();
		text(f, SL_TO_SERVER, "EPSV\r\n");
		text(f, SL_TO_CLIENT, "229 (|||2000|)\r\n");
		text(f, SL_TO_SERVER, row[i].command);
		text(f, SL_TO_CLIENT, row[i].reply);
		if (strncmp(row[i].command, "MODE", 4) == 0)
			text(f, SL_TO_SERVER, "RETR a\r\n");
		assert_string_equal(told(f, false, 9, 2000), row[i].want);
		feed_free(f);
	}
}

static struct feed *data_new(unsigned room)
{
	struct feed *f = control_new();
	text(f, SL_TO_SERVER, "RETR a\r\n");
	struct feed *d = announced_flow(f, true, 20, 40000, room);
	assert_non_null(d);
	feed_free(f);
	return d;
}

/* What the flow says of its own end counts, and so does what is missing of it. */
static void test_ends(void **s)
{
	(void)s;
	static const char unseen[] = "file.name 1 a\nclose 1 \n";
	static const char part[] = "file.name 1 a\nfile.type 1 text/plain\nclose 1 \n";
	static const char whole[] = "file.name 1 a\n" HELLO "close 1 \n";
	enum { FIN, NO_FIN, GAP, GAP_FIRST, GAP_OTHER, MIDDLE, OTHER_WAY, CASES };
	for (unsigned i = 0; i < CASES * 8; i++) {
		unsigned kind = i % CASES;
		struct feed *d = data_new(i / CASES);
		d->flow.seq[SL_TO_CLIENT].middle = kind == MIDDLE;
		if (kind == GAP_FIRST)
			feed_mark(d, SL_PIECE_GAP, SL_TO_CLIENT, 3);
		text(d, SL_TO_CLIENT, "hell");
		if (kind == GAP || kind == GAP_OTHER)
			feed_mark(d, SL_PIECE_GAP, kind == GAP ? SL_TO_CLIENT : SL_TO_SERVER, 3);
		if (kind == OTHER_WAY)
			text(d, SL_TO_SERVER, "x");
		text(d, SL_TO_CLIENT, "o");
		announced_end(d, SL_TO_SERVER, kind != FIN);
		announced_end(d, SL_TO_CLIENT, kind != NO_FIN);
		bool first = kind != GAP_FIRST && kind != MIDDLE;
		assert_string_equal(d->log, kind == FIN || kind == GAP_OTHER || kind == OTHER_WAY
						    ? whole
					    : first ? part
						    : unseen);
		feed_free(d);
	}
}

/* What TLS protects is not announced, as it can't be read. */
static void test_tls(void **s)
{
	(void)s;
	struct feed *f = control_new();
	text(f, SL_TO_SERVER, "AUTH TLS\r\n");
	assert_int_equal(text(f, SL_TO_CLIENT, "234 go\r\n"), SL_NOT_MINE);
	assert_int_equal(sl_expect_count(f->b.expect), 0);
	feed_free(f);
}

/* A session that is met in its middle. */
static void test_middle(void **s)
{
	(void)s;
	static const char passive[] = "227 Entering Passive Mode (192,0,2,2,7,208)\r\n";
	assert_int_equal(probe("ftp", passive), SL_PROBE_YES);
	assert_int_equal(probe("ftp", "EPSV\r\n"), SL_PROBE_YES);
	assert_int_equal(probe("ftp", "227 Ent"), SL_PROBE_MORE);
	assert_int_equal(probe("ftp", "227 items"), SL_PROBE_NO);
	struct feed *f = feed_new("ftp", 0);
	announced_ends(f, 6);
	text(f, SL_TO_CLIENT, passive);
	text(f, SL_TO_SERVER, "RETR a\r\n");
	assert_string_equal(told(f, false, 9, 2000), "file.name 1 a\n" HELLO "close 1 \n");
	feed_free(f);
}

/* A hole may have held another port. */
static void test_gap(void **s)
{
	(void)s;
	struct feed *f = control_new();
	text(f, SL_TO_SERVER, "EPSV\r\n");
	feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 5);
	text(f, SL_TO_CLIENT, "0|)\r\n");
	text(f, SL_TO_SERVER, "PORT 192,0,2,1,11,184\r\nRETR a\r\n");
	assert_string_equal(told(f, true, 20, 3000), "file.name 1 a\n" HELLO "close 1 \n");
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 5);
	text(f, SL_TO_SERVER, "\r\nRETR b\r\n");
	assert_string_equal(told(f, true, 20, 3000), "none");
	feed_free(f);
}

/* The client's bytes come from the flow's responder where its begin was missed. */
static void test_reversed(void **s)
{
	(void)s;
	struct feed *f = feed_new("ftp", 0);
	announced_ends(f, 6);
	text(f, SL_TO_SERVER, "220 FTP\r\n");
	text(f, SL_TO_CLIENT, "EPSV\r\n");
	text(f, SL_TO_SERVER, "229 (|||2000|)\r\n");
	text(f, SL_TO_CLIENT, "RETR a\r\n");
	assert_string_equal(told(f, true, 9, 2000), "file.name 1 a\n" HELLO "close 1 \n");
	text(f, SL_TO_CLIENT, "PORT 192,0,2,2,11,184\r\nRETR a\r\n");
	assert_string_equal(told(f, false, 20, 3000), "file.name 1 a\n" HELLO "close 1 \n");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_no_ports),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_not_whole),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_reversed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
