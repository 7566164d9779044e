/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_file_test.c - what is read and written over SMB 2: in order and out of it, whole and partial,
 * within bounds. */
#include "smb_session.h"

static uint8_t body[40000];

static int setup(void **s)
{
	(void)s;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

/* A share with files as tree 1, one with pipes as tree 2, and a file as message 3. */
static void open_file(uint64_t end)
{
	session_begin();
	ASK(tree_connect2(&m, 1, "\\\\h\\s"));
	ANSWER(tree_connected2(&m, 1, 1, 1));
	ASK(tree_connect2(&m, 2, "\\\\h\\IPC$"));
	ANSWER(tree_connected2(&m, 2, 2, 2));
	ASK(create2(&m, 3, 1, "d\\a.bin"));
	ANSWER(created2(&m, 3, 0, 77, end, 0x20));
	expect("smb.share 1 \\\\\\\\h\\\\s\nclose 1 \nsmb.share 2 \\\\\\\\h\\\\IPC$\nclose 2 \n"
	       "smb.file 3 d\\\\a.bin\n");
}

static void close_file(void)
{
	ASK(close2(&m, 99, 77));
	ANSWER(closed2(&m, 99));
	expect("close 3 \n");
}

static void test_read(void **s)
{
	(void)s;
	open_file(300);
	ASK(read2(&m, 4, 77, 0, 200));
	ANSWER(did_read2(&m, 4, 0x103, "", 0)); /* pending */
	ANSWER(did_read2(&m, 4, 0, body, 200));
	ASK(read2(&m, 5, 77, 200, 200));
	ANSWER(did_read2(&m, 5, 0, body + 200, 100));
	expect_file(3, "a.bin", body, 300);
	close_file();
	session_check();
}

/* Answers in another order, one part twice. */
static void test_read_out_of_order(void **s)
{
	(void)s;
	open_file(400);
	for (unsigned i = 0; i < 4; i++)
		ASK(read2(&m, 4 + i, 77, 100 * i, 100));
	ANSWER(did_read2(&m, 7, 0, body + 300, 100));
	ANSWER(did_read2(&m, 5, 0, body + 100, 100));
	ASK(read2(&m, 9, 77, 100, 100));
	ANSWER(did_read2(&m, 9, 0, body + 100, 100));
	ANSWER(did_read2(&m, 4, 0, body, 100));
	ANSWER(did_read2(&m, 6, 0, body + 200, 100));
	expect_file(3, "a.bin", body, 400);
	close_file();
	session_check();
}

/* What was read from the begin on is hashed at the close, as it is all that the client had of the
 * file; what was read of its middle is a part. */
static void test_read_partly(void **s)
{
	(void)s;
	open_file(400);
	ASK(read2(&m, 4, 77, 0, 100));
	ANSWER(did_read2(&m, 4, 0, body, 100));
	expect_file(3, "a.bin", body, 100);
	close_file();
	session_check();
	open_file(400);
	ASK(read2(&m, 4, 77, 100, 100));
	ANSWER(did_read2(&m, 4, 0, body, 100));
	expect("file.name 3 a.bin\n");
	close_file();
	session_check();
	open_file(400); /* and so is what was never closed */
	ASK(read2(&m, 4, 77, 0, 100));
	ANSWER(did_read2(&m, 4, 0, body, 100));
	expect("file.name 3 a.bin\nclose 3 \n");
	session_check();
}

/* It grew while it was read: the answer at its end says so. */
static void test_read_to_the_end(void **s)
{
	(void)s;
	open_file(50);
	ASK(read2(&m, 4, 77, 0, 100));
	ANSWER(did_read2(&m, 4, 0, body, 100));
	ASK(read2(&m, 5, 77, 100, 100));
	ANSWER(did_read2(&m, 5, 0xc0000011, "", 0));
	expect_file(3, "a.bin", body, 100);
	close_file();
	session_check();
}

static void test_write(void **s)
{
	(void)s;
	open_file(0);
	ASK(set_end2(&m, 4, 77, 300));
	ASK(write2(&m, 5, 77, 0, body, 200));
	ANSWER(wrote2(&m, 5, 0));
	ASK(write2(&m, 6, 77, 200, body + 200, 100));
	ANSWER(wrote2(&m, 6, 0));
	expect_file(3, "a.bin", body, 300);
	close_file();
	session_check();
}

/* The last byte first, as some clients claim room. */
static void test_write_last_byte_first(void **s)
{
	(void)s;
	open_file(0);
	ASK(write2(&m, 5, 77, 299, "", 1));
	ASK(write2(&m, 6, 77, 0, body, 300));
	expect_file(3, "a.bin", body, 300);
	close_file();
	session_check();
}

/* Written again from its begin, it is what was written last; else nobody knows. */
static void test_write_again(void **s)
{
	(void)s;
	open_file(0);
	ASK(write2(&m, 5, 77, 0, "?", 1));
	ASK(write2(&m, 6, 77, 0, body, 100));
	expect_file(3, "a.bin", body, 100);
	close_file();
	session_check();
	open_file(0);
	ASK(write2(&m, 5, 77, 0, body, 100));
	ASK(write2(&m, 6, 77, 0, "?", 1));
	expect("file.name 3 a.bin\nfile.type 3 text/plain\n");
	close_file();
	session_check();
	open_file(0);
	ASK(write2(&m, 5, 77, 0, body, 100));
	ASK(write2(&m, 6, 77, 50, body, 100));
	expect("file.name 3 a.bin\n");
	close_file();
	session_check();
}

static void partial_write(uint64_t end, uint32_t status, uint64_t set_end, bool closed)
{
	open_file(end);
	ASK(write2(&m, 5, 77, 0, body, 100));
	ANSWER(wrote2(&m, 5, status));
	if (set_end)
		ASK(set_end2(&m, 6, 77, set_end));
	expect("file.name 3 a.bin\n");
	if (closed)
		close_file();
	else
		expect("close 3 \n");
	session_check();
}

static void test_write_partly(void **s)
{
	(void)s;
	partial_write(101, 0, 0, true); /* the begin of a longer file */
	partial_write(0, 0xc000007f, 0, true); /* no room */
	partial_write(0, 0, 101, true);
	partial_write(0, 0, 99, true);
	partial_write(0, 0, 0, false); /* never closed */
}

static void test_refused_and_folder(void **s)
{
	(void)s;
	open_file(0);
	close_file();
	ASK(create2(&m, 4, 1, "gone"));
	ANSWER(created2(&m, 4, 0xc0000034, 0, 0, 0));
	expect("smb.file 4 gone\nclose 4 \n");
	ASK(create2(&m, 5, 1, "folder"));
	ANSWER(created2(&m, 5, 0, 78, 0, 0x10));
	expect("smb.file 5 folder\nclose 5 \n");
	ASK(create2(&m, 6, 1, ""));
	ASK(rename2(&m, 7, 78, "new"));
	expect("smb.file 6 new\nclose 6 \n");
	session_check();
}

/* Open, read and close in one frame each way; the file is that of the request before. */
static void test_compound(void **s)
{
	(void)s;
	session_begin();
	ASK({
		create2(&m, 1, 9, "x");
		made_next2(&m);
		read2(&m, 2, SAME, 0, 100);
		made_next2(&m);
		close2(&m, 3, SAME);
	});
	ANSWER({
		created2(&m, 1, 0, 5, 30, 0);
		made_next2(&m);
		did_read2(&m, 2, 0, body, 30);
		made_next2(&m);
		closed2(&m, 3);
	});
	expect("smb.file 1 x\n");
	expect_file(1, "x", body, 30);
	expect("close 1 \n");
	session_check();
}

/* What was open before anything was seen has no name. */
static void test_middle(void **s)
{
	(void)s;
	session_begin();
	ASK(write2(&m, 2, 5, 0, body, 40));
	ANSWER(wrote2(&m, 2, 0));
	ASK(close2(&m, 3, 5));
	ANSWER(closed2(&m, 3));
	expect_file(1, "", body, 40);
	expect("close 1 \n");
	session_check();
}

/* The answer that closes says where the file ended, and that it was longer. */
static void test_middle_partly(void **s)
{
	(void)s;
	session_begin();
	ASK(write2(&m, 2, 5, 0, body, 40));
	ASK(close2(&m, 3, 5));
	ANSWER({
		closed2(&m, 3);
		m.b[m.message + 64 + 2] = 1;
		m.b[m.message + 64 + 48] = 41;
	});
	expect("close 1 \n");
	session_check();
	session_begin();
	ASK(read2(&m, 2, 5, 0, 100));
	ANSWER(did_read2(&m, 2, 0, body, 40));
	ASK(close2(&m, 3, 5));
	ANSWER({
		closed2(&m, 3);
		m.b[m.message + 64 + 2] = 1;
		m.b[m.message + 64 + 48] = 40;
	});
	expect_file(1, "", body, 40);
	expect("close 1 \n");
	session_check();
}

/* Payload that lies outside its message. */
static void test_lies(void **s)
{
	(void)s;
	open_file(0);
	ASK({
		write2(&m, 5, 77, 0, body, 100);
		m.b[m.message + 64 + 4] = 101;
	});
	expect("file.name 3 a.bin\n");
	close_file();
	session_check();
	open_file(0);
	ASK({
		write2(&m, 5, 77, 0, body, 100);
		m.b[m.message + 64 + 2] = 8;
	});
	close_file();
	session_check();
}

/* A hole in a payload makes its file partial and nothing else. */
static void test_gap(void **s)
{
	(void)s;
	open_file(0);
	expect("file.name 3 a.bin\n");
	struct feed *f = feed_new("smb", 0);
	ASK(write2(&m, 5, 77, 0, body, 1000));
	for (size_t i = 0; i + 1 < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	const uint8_t *p = step[steps - 1].p;
	(void)feed_guarded(f, SL_TO_SERVER, p, 300);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 500);
	(void)feed_guarded(f, SL_TO_SERVER, p + 800, step[steps - 1].len - 800);
	size_t n = steps;
	close_file();
	for (; n < steps; n++)
		(void)feed_guarded(f, step[n].dir, step[n].p, step[n].len);
	assert_string_equal(f->log, want);
	feed_free(f);
}

/* The session but for one step, which is a hole. */
static void without_step(size_t hole)
{
	struct feed *f = feed_new("smb", 0);
	for (size_t i = 0; i < steps; i++)
		if (i == hole)
			(void)feed_mark(f, SL_PIECE_GAP, step[i].dir, step[i].len);
		else
			(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	feed_ends(f);
	assert_string_equal(f->log, want);
	feed_free(f);
}

/* A hole between messages may have held more of any file that was open, unless its end is known. */
static void test_gap_between(void **s)
{
	(void)s;
	open_file(0);
	ASK(write2(&m, 5, 77, 0, body, 100));
	ASK(write2(&m, 6, 77, 100, body + 100, 100));
	expect("file.name 3 a.bin\n");
	close_file();
	without_step(steps - 3);
	open_file(400);
	ASK(read2(&m, 5, 77, 0, 100));
	ANSWER(did_read2(&m, 5, 0, body, 100));
	ASK(read2(&m, 6, 77, 100, 100));
	ANSWER(did_read2(&m, 6, 0, body + 100, 100));
	expect("file.name 3 a.bin\n");
	close_file();
	without_step(steps - 3);
	open_file(200);
	ASK(close2(&m, 4, 12));
	ASK(read2(&m, 5, 77, 0, 200));
	ANSWER(did_read2(&m, 5, 0, body, 200));
	expect_file(3, "a.bin", body, 200);
	close_file();
	without_step(steps - 5);
}

/* Other bytes than a message of SMB end a direction, and what it would have said. */
static void test_bad_between(void **s)
{
	(void)s;
	open_file(400);
	ASK(read2(&m, 5, 77, 0, 100));
	ANSWER(did_read2(&m, 5, 0, body, 100));
	expect("file.name 3 a.bin\nclose 3 \n");
	struct feed *f = feed_new("smb", 0);
	for (size_t i = 0; i < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	assert_int_equal(feed_guarded(f, SL_TO_CLIENT, "HTTP", 4), SL_BAD);
	size_t n = steps;
	ASK(close2(&m, 99, 77));
	(void)feed_guarded(f, step[n].dir, step[n].p, step[n].len);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_string_equal(f->log, want);
	feed_free(f);
}

/* More out of order than is held. */
static void test_held_bound(void **s)
{
	(void)s;
	open_file(0);
	for (unsigned i = 0; i < 300; i++)
		ASK(write2(&m, 5 + i, 77, 2 * i + 2, body, 1));
	ASK(write2(&m, 400, 77, 0, body, 2));
	expect("file.name 3 a.bin\n");
	close_file();
	struct feed *f = session_run();
	assert_int_equal(f->counters.c[SL_C_SMB_HELD_LOST], 1);
	feed_free(f);
	static uint8_t zero[40000];
	open_file(0);
	for (unsigned i = 0; i < 5; i++)
		ASK(write2(&m, 5 + i, 77, (5 - i) * 40000, zero, 40000));
	ASK(write2(&m, 10, 77, 0, zero, 40000));
	static uint8_t all[6 * 40000];
	expect_file(3, "a.bin", all, sizeof(all));
	close_file();
	f = session_run();
	assert_int_equal(f->counters.c[SL_C_SMB_HELD_LOST], 0);
	feed_free(f);
}

/* One file more than the table has: the one unused longest gives way. */
static void test_opens_bound(void **s)
{
	(void)s;
	session_begin();
	for (unsigned i = 0; i < 65; i++) {
		if (i == 64)
			expect("file.name 1 f\nfile.type 1 text/plain\nclose 1 \n");
		ASK(create2(&m, 2 * i, 1, "f"));
		ANSWER(created2(&m, 2 * i, 0, i + 1, 0, 0));
		ASK(write2(&m, 2 * i + 1, i + 1, 0, "abc", 3));
		ANSWER(wrote2(&m, 2 * i + 1, 0));
	}
	/* Names are told before room is made. */
	char first[1 << 12] = "";
	for (unsigned i = 0; i < 65; i++)
		snprintf(first + strlen(first), sizeof(first) - strlen(first), "smb.file %u f\n",
			i + 1);
	strcat(first, want);
	strcpy(want, first);
	for (unsigned i = 1; i < 65; i++)
		expect("file.name %u f\nfile.type %u text/plain\nclose %u \n", i + 1, i + 1, i + 1);
	struct feed *f = feed_new("smb", 0);
	for (size_t i = 0; i < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	feed_ends(f);
	assert_int_equal(f->counters.c[SL_C_SMB_OPENS_LOST], 1);
	assert_non_null(strstr(f->log, "smb.file 65 f\nfile.name 1 f\n"
				       "file.type 1 text/plain\nclose 1 \n"));
	feed_free(f);
}

/* More questions than are kept: the oldest answer is not understood. */
static void test_asked_bound(void **s)
{
	(void)s;
	open_file(100);
	ASK(read2(&m, 4, 77, 0, 30));
	ANSWER(did_read2(&m, 4, 0, body, 30));
	ASK(read2(&m, 5, 77, 30, 30));
	for (unsigned i = 0; i < 64; i++)
		ASK(read2(&m, 10 + i, 78, 0, 30));
	ANSWER(did_read2(&m, 5, 0, body + 30, 30));
	expect("file.name 3 a.bin\n");
	ASK(close2(&m, 99, 77));
	ANSWER(closed2(&m, 99));
	expect("close 3 \nclose 4 \n");
	feed_free(session_run());
	open_file(65);
	for (unsigned i = 0; i < 65; i++)
		ASK(read2(&m, 4 + i, 77, i, 1));
	for (unsigned i = 0; i < 65; i++)
		ANSWER(did_read2(&m, 4 + i, 0, body + i, 1));
	expect("file.name 3 a.bin\n");
	close_file();
	struct feed *f = session_run();
	assert_int_equal(f->counters.c[SL_C_SMB_ASKED_LOST], 1);
	feed_free(f);
}

struct kept {
	unsigned begun, ended, whole;
};

static void kept_bytes(void *arg, const struct sl_flow *f, uint32_t message, uint64_t file,
	uint64_t offset, struct sl_span bytes)
{
	((struct kept *)arg)->begun += offset == 0;
}

static void kept_end(
	void *arg, uint64_t file, bool whole, const uint8_t sha256[32], const char *type)
{
	struct kept *k = arg;
	k->ended++;
	k->whole += whole;
}

/* Who keeps the bytes hears the end of each file, also of one that was written anew. */
static void test_sink(void **s)
{
	(void)s;
	struct kept k = { .begun = 0 };
	const struct sl_file_sink sink = { .bytes = kept_bytes, .end = kept_end, .arg = &k };
	open_file(0);
	ASK(write2(&m, 5, 77, 0, "?", 1));
	ASK(write2(&m, 6, 77, 0, body, 100));
	ASK(write2(&m, 7, 77, 0, body, 100));
	close_file();
	struct feed *f = feed_new("smb", 0);
	f->b.sink = &sink;
	for (size_t i = 0; i < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	feed_ends(f);
	assert_int_equal(k.begun, 3);
	assert_int_equal(k.ended, 3);
	assert_int_equal(k.whole, 1);
	feed_free(f);
}

/* Nobody wants files: names and shares are told all the same. */
static void test_unwanted(void **s)
{
	(void)s;
	open_file(0);
	ASK(write2(&m, 5, 77, 0, body, 100));
	close_file();
	struct feed *f = feed_new("smb", 0);
	memset(f->b.want, 0, sizeof(f->b.want));
	f->b.want[SL_WHERE_SMB_FILE / 64] |= 1ull << (SL_WHERE_SMB_FILE % 64);
	for (size_t i = 0; i < steps; i++)
		(void)feed_guarded(f, step[i].dir, step[i].p, step[i].len);
	feed_ends(f);
	assert_string_equal(f->log, "close 1 \nclose 2 \nsmb.file 3 d\\\\a.bin\nclose 3 \n");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_out_of_order),
		cmocka_unit_test(test_read_partly),
		cmocka_unit_test(test_read_to_the_end),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_last_byte_first),
		cmocka_unit_test(test_write_again),
		cmocka_unit_test(test_write_partly),
		cmocka_unit_test(test_refused_and_folder),
		cmocka_unit_test(test_compound),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_middle_partly),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_between),
		cmocka_unit_test(test_bad_between),
		cmocka_unit_test(test_held_bound),
		cmocka_unit_test(test_opens_bound),
		cmocka_unit_test(test_asked_bound),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_unwanted),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
