/* SPDX-License-Identifier: BSD-3-Clause */
/* tftp_test.c - TFTP: requests, the flow of the answer, blocks in any order, options, ends. */
#include "announced.h"

static const char request[] = "\0\1dir/fw.bin\0OCTET\0blksize\0"
			      "1024\0";
static const char hello[] =
	"file.name 1 fw.bin\nfile.type 1 text/plain\nfile.size 1 5\n"
	"file.md5 1 5d41402abc4b2a76b9719d911017c592\n"
	"file.sha1 1 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\n"
	"file.sha256 1 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"
	"close 1 \n";
static const char part[] = "file.name 1 fw.bin\nclose 1 \n";
static const char part_text[] = "file.name 1 fw.bin\nfile.type 1 text/plain\nclose 1 \n";

static enum sl_verdict datagram(struct feed *f, enum sl_dir dir, const void *p, size_t len)
{
	return feed_guarded(f, dir, p, len);
}

static void block(struct feed *f, enum sl_dir dir, uint16_t number, const void *p, size_t len)
{
	static uint8_t b[4 + 65536];
	b[0] = 0;
	b[1] = 3;
	b[2] = (uint8_t)(number >> 8);
	b[3] = (uint8_t)number;
	memcpy(b + 4, p, len);
	(void)datagram(f, dir, b, 4 + len);
}

static struct feed *answer_new(unsigned room)
{
	struct feed *f = feed_new("tftp", 0);
	announced_ends(f, 17);
	assert_int_equal(datagram(f, SL_TO_SERVER, request, sizeof(request) - 1), SL_MORE);
	assert_string_equal(f->log, "tftp.file 1 dir/fw.bin\nclose 1 \n");
	struct feed *d = announced_flow(f, true, 2000, 40000, room);
	assert_non_null(d);
	feed_free(f);
	return d;
}

static void test_request(void **s)
{
	(void)s;
	static const struct {
		const char *p;
		size_t len;
		enum sl_probe want;
	} row[] = {
		{ "\0\1a\0octet", 10, SL_PROBE_YES },
		{ "\0\2a\0NetASCII", 13, SL_PROBE_YES },
		{ "\0\2a\0mail", 9, SL_PROBE_YES },
		{ "\0\1a\0octet", 9, SL_PROBE_NO },
		{ "\0\1\0octet", 9, SL_PROBE_NO },
		{ "\0\1a\nb\0octet", 12, SL_PROBE_NO },
		{ "\0\1a\0octett", 11, SL_PROBE_NO },
		{ "\0\3a\0octet", 10, SL_PROBE_NO },
		{ "\1\1a\0octet", 10, SL_PROBE_NO },
		{ "\0\1", 2, SL_PROBE_NO },
		{ "", 0, SL_PROBE_NO },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct guarded g = guarded_new(row[i].p, row[i].len);
		struct sl_piece p = { .bytes = sl_span(g.p, g.len), .datagram = true };
		bool more;
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, 4444, &more);
		assert_int_equal(
			got != NULL && strcmp(got->name, "tftp") == 0, row[i].want == SL_PROBE_YES);
		guarded_free(&g);
	}
	cut_everywhere("tftp", SL_TO_SERVER, request, sizeof(request) - 1);
}

static void test_small(void **s)
{
	(void)s;
	for (unsigned room = 0; room < 8; room++) {
		struct feed *d = answer_new(room);
		block(d, SL_TO_SERVER, 1, "hello", 5);
		assert_string_equal(d->log, hello);
		block(d, SL_TO_SERVER, 1, "hello", 5);
		announced_end(d, SL_TO_SERVER, false);
		announced_end(d, SL_TO_CLIENT, false);
		assert_string_equal(d->log, hello);
		feed_free(d);
	}
}

/* The requester sends; the server answers from its port, and grants nothing. */
static void test_write(void **s)
{
	(void)s;
	struct feed *d = answer_new(0);
	datagram(d, SL_TO_SERVER, "\0\4\0\0", 4);
	block(d, SL_TO_CLIENT, 1, "hello", 5);
	assert_string_equal(d->log, hello);
	feed_free(d);
}

/* A server that answers from the port that was asked: one flow, one file after another. */
static void test_one_flow(void **s)
{
	(void)s;
	static const char again[] = "\0\2b\0octet\0";
	struct feed *f = feed_new("tftp", 0);
	announced_ends(f, 17);
	datagram(f, SL_TO_SERVER, request, sizeof(request) - 1);
	block(f, SL_TO_CLIENT, 1, "hello", 5);
	f->log_len = 0;
	datagram(f, SL_TO_SERVER, again, sizeof(again) - 1);
	block(f, SL_TO_SERVER, 1, "hello", 5);
	assert_non_null(strstr(f->log, "tftp.file 3 b\nclose 3 \nfile.name 4 b\n"
				       "file.type 4 text/plain\nfile.size 4 5\n"));
	feed_free(f);
}

static void blocks(struct feed *d, const uint16_t *number, size_t n, size_t bytes)
{
	static uint8_t zero[65536];
	for (size_t i = 0; i < n; i++)
		block(d, SL_TO_SERVER, number[i], zero, bytes);
}

static void expect_size(struct feed *d, const char *want)
{
	const char *at = strstr(d->log, "file.size 1 ");
	assert_int_equal(at != NULL, want != NULL);
	if (want != NULL)
		assert_memory_equal(at + 12, want, strlen(want));
	feed_free(d);
}

static void test_order(void **s)
{
	(void)s;
	static const uint16_t twice[] = { 1, 1, 2, 2, 1, 3 }, soon[] = { 1, 3, 2, 3 },
			      lost[] = { 1, 3, 4 }, late[] = { 2, 3 };
	struct feed *d = answer_new(0);
	blocks(d, twice, COUNT(twice), 512);
	block(d, SL_TO_SERVER, 4, "", 0);
	expect_size(d, "1536\n");
	d = answer_new(0);
	blocks(d, soon, COUNT(soon), 512);
	block(d, SL_TO_SERVER, 4, "abc", 3);
	expect_size(d, "1539\n");
	d = answer_new(0);
	blocks(d, lost, COUNT(lost), 512);
	block(d, SL_TO_SERVER, 5, "abc", 3);
	announced_end(d, SL_TO_SERVER, false);
	assert_string_equal(d->log, part);
	expect_size(d, NULL);
	d = answer_new(0);
	blocks(d, late, COUNT(late), 512);
	announced_end(d, SL_TO_SERVER, false);
	assert_string_equal(d->log, "");
	feed_free(d);
}

static void test_options(void **s)
{
	(void)s;
	static const char granted[] = "\0\6blksize\0"
				      "1024\0windowsize\0"
				      "4\0";
	static const char odd[] = "\0\6blksize\0"
				  "7\0blksize\0"
				  "70000\0blksize\0x\0blksize";
	static const uint16_t one[] = { 1 };
	struct feed *d = answer_new(0);
	datagram(d, SL_TO_SERVER, granted, sizeof(granted) - 1);
	blocks(d, one, 1, 1024);
	block(d, SL_TO_SERVER, 2, "abc", 3);
	expect_size(d, "1027\n");
	d = answer_new(0);
	datagram(d, SL_TO_SERVER, odd, sizeof(odd) - 1);
	blocks(d, one, 1, 511);
	expect_size(d, "511\n");
	d = answer_new(0); /* what was granted was not seen */
	blocks(d, one, 1, 1400);
	block(d, SL_TO_SERVER, 2, "abc", 3);
	expect_size(d, "1403\n");
	cut_everywhere("tftp", SL_TO_SERVER, granted, sizeof(granted) - 1);
}

/* Block numbers begin again at 0, or at 1; not at 1 where a window may repeat it. */
static void test_wrap(void **s)
{
	(void)s;
	static const char window[] = "\0\6blksize\0"
				     "8\0windowsize\0"
				     "4\0";
	static const char lockstep[] = "\0\6blksize\0"
				       "8\0";
	for (unsigned i = 0; i < 4; i++) {
		struct feed *d = answer_new(0);
		uint16_t from = i & 1;
		if (i & 2)
			datagram(d, SL_TO_SERVER, window, sizeof(window) - 1);
		else
			datagram(d, SL_TO_SERVER, lockstep, sizeof(lockstep) - 1);
		for (uint32_t n = 1; n <= UINT16_MAX; n++)
			block(d, SL_TO_SERVER, (uint16_t)n, "01234567", 8);
		block(d, SL_TO_SERVER, from, "01234567", 8);
		block(d, SL_TO_SERVER, (uint16_t)(from + 1), "abc", 3);
		expect_size(d, i == 3 ? NULL : "524291\n");
	}
}

/* How much a block had that was captured in part, nobody can say. */
static void test_cut(void **s)
{
	(void)s;
	struct feed *d = answer_new(0);
	(void)feed_piece(d, (struct sl_piece){ .dir = SL_TO_SERVER,
				    .bytes = sl_span("\0\3\0\1hello", 9),
				    .datagram = true,
				    .cut = true });
	assert_string_equal(d->log, part_text);
	feed_free(d);
}

static void test_breaks(void **s)
{
	(void)s;
	static const uint16_t one[] = { 1 };
	struct feed *d = answer_new(0);
	blocks(d, one, 1, 512);
	datagram(d, SL_TO_CLIENT, "\0\5\0\0x\0", 6);
	assert_string_equal(d->log, part);
	block(d, SL_TO_SERVER, 2, "abc", 3);
	assert_string_equal(d->log, part);
	feed_free(d);
	d = answer_new(0);
	assert_int_equal(datagram(d, SL_TO_SERVER, "\0\7ab", 4), SL_NOT_MINE);
	feed_free(d);
	d = answer_new(0);
	assert_int_equal(datagram(d, SL_TO_SERVER, "\0\3\0", 3), SL_MORE);
	blocks(d, one, 1, 512);
	assert_int_equal(datagram(d, SL_TO_SERVER, "\0", 1), SL_MORE);
	announced_end(d, SL_TO_SERVER, false);
	announced_end(d, SL_TO_CLIENT, false);
	assert_string_equal(d->log, part);
	feed_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_one_flow),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_breaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
