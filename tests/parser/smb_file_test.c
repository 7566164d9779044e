/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_file_test.c - what is read and written over SMB 2: in order and out of it, whole and partial.
 */
#include "smb_file.h"

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
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_unwanted),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
