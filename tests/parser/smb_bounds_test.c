/* SPDX-License-Identifier: BSD-3-Clause */
/* smb_bounds_test.c - files over SMB 2 where bytes or messages are missing, or where there is more
 * than is kept. */
#include "smb_file.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_between),
		cmocka_unit_test(test_bad_between),
		cmocka_unit_test(test_held_bound),
		cmocka_unit_test(test_opens_bound),
		cmocka_unit_test(test_asked_bound),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
