/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_test.c - messages of SMB 1 and 2: framing, shares, users, chains, pipes, holes; and real
 * sessions in pieces of any size. */
#include "smb_session.h"

/* ---- SMB 1 ---- */

struct head1 {
	uint8_t command;
	bool reply, unicode;
	uint16_t tree, mid;
	uint32_t status;
};

static void head1(struct head1 h)
{
	m.message = m.len;
	made_bytes(&m, "\xffSMB", 4);
	made_le(&m, h.command, 1);
	made_le(&m, h.status, 4);
	made_le(&m, h.reply ? 0x80 : 0, 1);
	made_le(&m, h.unicode ? 0x8000 : 0, 2);
	made_zero(&m, 12);
	made_le(&m, h.tree, 2);
	made_le(&m, 7, 2);
	made_le(&m, 0, 2);
	made_le(&m, h.mid, 2);
}

/* Words from 16-bit numbers, then bytes. */
static void part1(const uint16_t *words, size_t n, const void *p, size_t len)
{
	made_le(&m, n, 1);
	for (size_t i = 0; i < n; i++)
		made_le(&m, words[i], 2);
	made_le(&m, len, 2);
	made_bytes(&m, p, len);
}
#define W(...) (const uint16_t[]){ __VA_ARGS__ }, sizeof((const uint16_t[]){ __VA_ARGS__ }) / 2
#define B(text) text, sizeof(text) - 1
#define HEAD(...) head1((struct head1){ __VA_ARGS__ })

static void test_old_commands(void **s)
{
	(void)s;
	session_begin();
	ASK({
		HEAD(.command = 0x70, .mid = 1);
		part1(NULL, 0, B("\4\\\\h\\s\0\4\0\4A:"));
	});
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \n");
	ASK({
		HEAD(.command = 0x06, .mid = 2);
		part1(W(0), B("\4\\a\xe4.txt"));
	});
	expect("smb.file 2 \\\\a\\xe4.txt\nclose 2 \n");
	ASK({
		HEAD(.command = 0x07, .mid = 3);
		part1(W(0), B("\4\\from\0\4\\to"));
	});
	expect("smb.file 3 \\\\from\nsmb.file 3 \\\\to\nclose 3 \n");
	ASK({
		HEAD(.command = 0x03, .mid = 4);
		part1(W(0, 0, 0), B("\4\\new"));
	});
	ANSWER({
		HEAD(.command = 0x03, .reply = true, .mid = 4);
		part1(W(33), B(""));
	});
	ASK({
		HEAD(.command = 0x0b, .mid = 5);
		part1(W(33, 3, 0, 0, 0), B("\1\3\0abc"));
	});
	ASK({
		HEAD(.command = 0x2c, .mid = 6);
		part1(W(33, 2, 3, 0, 0, 0), B("\0de"));
	});
	ANSWER({
		HEAD(.command = 0x2c, .reply = true, .mid = 6);
		part1(W(2), B(""));
	});
	expect("smb.file 4 \\\\new\n");
	expect_file(4, "new", "abcde", 5);
	expect("close 4 \n");
	session_check();
}

/* Opened, read to its end and closed by the old commands. */
static void test_old_read(void **s)
{
	(void)s;
	session_begin();
	ASK({
		HEAD(.command = 0x02, .mid = 1);
		part1(W(0, 0), B("\4\\d\\f"));
	});
	ANSWER({
		HEAD(.command = 0x02, .reply = true, .mid = 1);
		part1(W(5, 0, 0, 0, 6, 0, 0), B(""));
	});
	for (unsigned i = 0; i < 2; i++) {
		ASK({
			HEAD(.command = 0x0a, .mid = (uint16_t)(2 + i));
			part1(W(5, 3, (uint16_t)(3 * i), 0, 0), B(""));
		});
		ANSWER({
			HEAD(.command = 0x0a, .reply = true, .mid = (uint16_t)(2 + i));
			part1(W(3, 0, 0, 0, 0), i ? "\1\3\0def" : "\1\3\0abc", 6);
		});
	}
	expect("smb.file 1 \\\\d\\\\f\n");
	expect_file(1, "f", "abcdef", 6);
	expect("close 1 \n");
	session_check();
}

/* A session and a tree in one message; the second's place is an offset from the header. */
static void test_chain(void **s)
{
	(void)s;
	session_begin();
	ASK({
		HEAD(.command = 0x73, .unicode = true, .mid = 1);
		size_t words = m.len + 1;
		part1(W(0x75, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0), B("pwdU\0s\0\0\0D\0\0\0"));
		size_t next = m.len - m.message;
		m.b[words + 2] = (uint8_t)next;
		part1(W(0xff, 0, 0, 1), B("\0\\\0\\\0h\0\\\0s\0\0\0?????"));
	});
	ANSWER({
		HEAD(.command = 0x73, .reply = true, .unicode = true, .tree = 4, .mid = 1);
		size_t words = m.len + 1;
		part1(W(0x75, 0, 0), B(""));
		m.b[words + 2] = (uint8_t)(m.len - m.message);
		part1(W(0xff, 0, 0), B("IPC\0"));
	});
	expect("ntlm.user 1 D\\\\Us\nclose 1 \nsmb.share 2 \\\\\\\\h\\\\s\nclose 2 \n");
	session_check();
	/* A chain that leads back to itself ends. */
	session_begin();
	ASK({
		HEAD(.command = 0x75, .mid = 1);
		part1(W(0x75, 32, 0, 0), B("\\\\h\\s"));
	});
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \n");
	session_check();
}

/* Commands that lie in each other: a few bytes each, the rest of the message the text of all. */
static void nested_chain(unsigned links)
{
	for (unsigned i = 0; i < links; i++) {
		size_t next = m.len + 8 - m.message;
		const uint8_t command[] = { 2, 0xa2, 0, (uint8_t)next, (uint8_t)(next >> 8), 255,
			255, 'x' };
		made_bytes(&m, command, sizeof(command));
	}
}

static void test_chain_bound(void **s)
{
	(void)s;
	session_begin();
	ASK({
		HEAD(.command = 0xa2, .mid = 1);
		nested_chain(400);
	});
	for (unsigned i = 0; i < 16; i++)
		expect("smb.file %u x\002\\xa2\n", i + 1);
	for (unsigned i = 0; i < 16; i++)
		expect("close %u \n", i + 1);
	struct feed *f = session_run();
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

#define BIND                                                                                       \
	"\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\1\0"                   \
	"\x78\x57\x34\x12\x34\x12\xcd\xab\xef\x00\x01\x23\x45\x67\x89\xab\0\0\0\0"                 \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BOUND "dcerpc.interface %u 12345778-1234-abcd-ef00-0123456789ab\n"

static void test_transact_pipe(void **s)
{
	(void)s;
	session_begin();
	ASK({
		HEAD(.command = 0x25, .mid = 1);
		part1(W(0, 72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 72, 32 + 1 + 32 + 2 + 7, 2, 0x26, 9),
			B("\\PIPE\\\0" BIND));
	});
	expect(BOUND "close 1 \n", 1);
	session_check();
}

/* ---- SMB 2 ---- */

/* Where the tree is not known a bind tells a pipe from a file. */
static void test_pipes(void **s)
{
	(void)s;
	session_begin();
	ASK(tree_connect2(&m, 1, "\\\\h\\IPC$"));
	ANSWER(tree_connected2(&m, 1, 5, 2));
	expect("smb.share 1 \\\\\\\\h\\\\IPC$\nclose 1 \n");
	for (unsigned i = 0; i < 2; i++) {
		ASK(create2(&m, 2 + 10 * i, i ? 6 : 5, "lsarpc"));
		ANSWER(created2(&m, 2 + 10 * i, 0, 70 + i, 0, 0));
		ASK(write2(&m, 3 + 10 * i, 70 + i, 0, BIND, 72));
		ANSWER(wrote2(&m, 3 + 10 * i, 0));
		ASK(close2(&m, 4 + 10 * i, 70 + i));
		ANSWER(closed2(&m, 4 + 10 * i));
		expect("smb.file %u lsarpc\n" BOUND "close %u \n", 2 + i, 2 + i, 2 + i);
	}
	session_check();
}

static void test_user(void **s)
{
	(void)s;
	static const uint8_t ntlm[68] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0,
		3, [28] = 2, [32] = 64, [36] = 2, [40] = 66, [64] = 'D', 'O', 'm', 'e' };
	session_begin();
	ASK({
		made_head2(&m, (struct head2){ .command = 1, .id = 2 });
		made_le(&m, 25, 2);
		made_zero(&m, 10);
		made_le(&m, 88, 2);
		made_le(&m, sizeof(ntlm), 2);
		made_zero(&m, 8);
		made_bytes(&m, ntlm, sizeof(ntlm));
	});
	expect("ntlm.user 1 DO\\\\me\nclose 1 \n");
	session_check();
}

/* ---- Frames ---- */

static void raw(enum sl_dir dir, const void *p, size_t len)
{
	size_t from = m.len;
	made_bytes(&m, p, len);
	session_add(dir, from);
}

static void test_frames(void **s)
{
	(void)s;
	session_begin();
	raw(SL_TO_SERVER,
		B("\x81\0\0\x44\x20"
		  "CACACACACACACACACACACACACACACACA\0 CACACACACACACACACACACACACACACACA\0"));
	raw(SL_TO_CLIENT, B("\x82\0\0\0"));
	raw(SL_TO_SERVER, B("\x85\0\0\0\0\0\0\0\0\0\0\3abc"));
	ASK(made_bytes(&m, "\xfdSMB and more that nobody can read", 35));
	ASK(made_bytes(&m, "\xfcSMB and more that is packed", 29));
	ASK(tree_connect2(&m, 1, "\\\\h\\s"));
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \n");
	session_check();
	struct feed *f = session_run();
	assert_int_equal(f->counters.c[SL_C_SMB_ENCRYPTED], 1);
	assert_int_equal(f->counters.c[SL_C_SMB_COMPRESSED], 1);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	f = feed_new("smb", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, B("\x86\0\0\0")), SL_BAD);
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0), SL_DONE);
	feed_free(f);
}

/* A path longer than any can be, and a message longer than is gathered. */
static void test_long(void **s)
{
	(void)s;
	session_begin();
	ASK({
		tree_connect2(&m, 1, "");
		m.b[m.message + 64 + 6] = m.b[m.message + 64 + 7] = 0xf0;
		memset(m.b + m.len, 'a', 100000);
		m.len += 100000;
	});
	ASK(tree_connect2(&m, 2, "\\\\h\\s"));
	struct feed *f = feed_new("smb", 0);
	for (size_t i = 0; i < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	assert_non_null(strstr(f->log, "smb.share 1 truncated "));
	assert_non_null(strstr(f->log, "smb.share 2 \\\\\\\\h\\\\s\nclose 2 \n"));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_ends(f);
	feed_free(f);
}

static void expect_after_gap(size_t from, size_t bytes, uint64_t told)
{
	struct feed *f = feed_new("smb", 0);
	(void)feed_guarded(f, SL_TO_SERVER, m.b, from);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, told), SL_MORE);
	(void)feed_guarded(f, SL_TO_SERVER, m.b + from + bytes, m.len - from - bytes);
	if (told == 0 || from + bytes > step[0].len) {
		/* Only where a piece begins with a frame. */
		assert_string_equal(f->log, "");
		(void)feed_guarded(f, SL_TO_SERVER, step[1].p, step[1].len);
	}
	assert_string_equal(f->log, want);
	feed_ends(f);
	feed_free(f);
}

static void test_gap(void **s)
{
	(void)s;
	session_begin();
	ASK(tree_connect2(&m, 1, "\\\\h\\lost"));
	ASK(tree_connect2(&m, 2, "\\\\h\\s"));
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \n");
	for (size_t from = 4; from < step[0].len; from++) {
		expect_after_gap(from, 1, 1);
		expect_after_gap(from, step[0].len - from, step[0].len - from);
		if (from + 1 < step[0].len)
			expect_after_gap(from, 1, 0);
		expect_after_gap(from, step[0].len - from + 1, step[0].len - from + 1);
	}
}

static void test_probe(void **s)
{
	(void)s;
	static const struct {
		const char *in;
		size_t len;
		const char *want;
	} row[] = {
		{ B("\0\0\0\x40\xffSMB"), "smb" },
		{ B("\0\0\0\x40\xfeSMB\x40"), "smb" },
		{ B("\0\1\0\x40\xfdSMB"), "smb" },
		{ B("\0\0\0\x40\xff"), "more" },
		{ B("\0"), "more" },
		{ B("\x81\0\0\x44\x20"), "smb" },
		{ B("\x81\0\0\x44"), "more" },
		{ B("\0\0\0\x40\xfbSMB"), "" },
		{ B("\0\0\0\x40\xffSMb"), "" },
		{ B("\x81\0\0\x45\x20"), "" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sl_piece p = { .bytes = sl_span(row[i].in, row[i].len) };
		for (unsigned k = 0; k < sl_parser_count; k++) {
			if (strcmp(sl_parsers[k]->name, "smb") != 0)
				continue;
			enum sl_probe said = sl_parsers[k]->probe(&p, 40000, 445);
			assert_string_equal(said == SL_PROBE_YES    ? "smb"
					    : said == SL_PROBE_MORE ? "more"
								    : "",
				row[i].want);
		}
	}
}

/* ---- Real sessions ---- */

static size_t session_read(const char *name, unsigned n, uint8_t *out, size_t cap)
{
	char path[512];
	snprintf(path, sizeof(path), CORPUS "/%s/%s-%02u", name, name, n);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return 0;
	size_t len = fread(out, 1, cap, f);
	fclose(f);
	return len;
}

static void feed_session(struct feed *f, struct sl_span in, unsigned kind)
{
	struct sl_rd r = sl_rd(sl_span_from(in, 1));
	uint32_t seed = 7;
	f->stream = true;
	while (sl_rd_left(&r) >= 3) {
		struct cut_step one = { .dir = sl_rd8(&r) & 1 };
		struct sl_span turn = sl_rd_take(&r, sl_rd16(&r));
		one.p = turn.p;
		one.len = turn.len;
		if (feed_pieces(f, kind, &seed, &one) != SL_MORE)
			break;
	}
	feed_ends(f);
}

static void test_sessions(void **s)
{
	(void)s;
	static const char *const names[] = { "smb", "dcerpc" };
	static uint8_t in[1 << 15];
	for (unsigned i = 0; i < 2; i++) {
		unsigned said = 0;
		size_t len;
		for (unsigned n = 0; (len = session_read(names[i], n, in, sizeof(in))) > 0; n++) {
			struct feed *whole = feed_new(names[i], 0);
			feed_session(whole, sl_span(in, len), PIECES_WHOLE);
			said += whole->log_len > 0;
			for (unsigned kind = PIECES_ONE; kind < PIECES_KINDS; kind++) {
				struct feed *f = feed_new(names[i], kind);
				feed_session(f, sl_span(in, len), kind);
				assert_string_equal(f->log, whole->log);
				feed_free(f);
			}
			feed_free(whole);
		}
		assert_true(said >= 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_commands),
		cmocka_unit_test(test_old_read),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_bound),
		cmocka_unit_test(test_transact_pipe),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
