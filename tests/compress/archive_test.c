/* SPDX-License-Identifier: BSD-3-Clause */
/* archive_test.c - zip archives: their members, what may not be read, and what they may cost. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include <sightline/compress.h>

#include "test.h"

#define UNPACKED ((size_t)80 << 20)

/* An archive that is written by hand (APPNOTE 4.3). */
struct made {
	uint8_t bytes[256 << 10], directory[4096];
	size_t len, directory_len;
	unsigned members;
};

static void put(uint8_t *to, size_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[(*at)++] = (uint8_t)(v >> 8 * i);
}

/* What the local header and the directory's have in common, from "version needed" on. */
static void common(
	uint8_t *to, size_t *at, unsigned flags, unsigned method, const uint32_t n[3], size_t name)
{
	put(to, at, 20, 2);
	put(to, at, flags, 2);
	put(to, at, method, 2);
	put(to, at, 0, 4);
	for (unsigned i = 0; i < 3; i++)
		put(to, at, n[i], 4); /* CRC-32, packed, unpacked */
	put(to, at, name, 2);
	put(to, at, 0, 2);
}

static void member_add(struct made *m, const char *name, const uint8_t *packed, size_t packed_len,
	uint32_t crc, size_t len, unsigned flags, unsigned method)
{
	uint32_t n[3] = { crc, (uint32_t)packed_len, (uint32_t)len };
	size_t begin = m->len, name_len = strlen(name);
	put(m->bytes, &m->len, 0x04034b50, 4);
	common(m->bytes, &m->len, flags, method, n, name_len);
	memcpy(m->bytes + m->len, name, name_len);
	m->len += name_len;
	memcpy(m->bytes + m->len, packed, packed_len);
	m->len += packed_len;
	put(m->directory, &m->directory_len, 0x02014b50, 4);
	put(m->directory, &m->directory_len, 20, 2);
	common(m->directory, &m->directory_len, flags, method, n, name_len);
	put(m->directory, &m->directory_len, 0, 2 + 2 + 2);
	put(m->directory, &m->directory_len, 0, 4);
	put(m->directory, &m->directory_len, begin, 4);
	memcpy(m->directory + m->directory_len, name, name_len);
	m->directory_len += name_len;
	m->members++;
}

static void text_add(
	struct made *m, const char *name, const char *text, unsigned flags, unsigned method)
{
	size_t len = strlen(text);
	uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)text, (uInt)len);
	member_add(m, name, (const uint8_t *)text, len, crc, len, flags, method);
}

static void close_made(struct made *m, unsigned members, uint32_t directory)
{
	size_t at = m->len;
	memcpy(m->bytes + m->len, m->directory, m->directory_len);
	m->len += m->directory_len;
	put(m->bytes, &m->len, 0x06054b50, 4);
	put(m->bytes, &m->len, 0, 4);
	put(m->bytes, &m->len, members, 2);
	put(m->bytes, &m->len, members, 2);
	put(m->bytes, &m->len, directory, 4);
	put(m->bytes, &m->len, at, 4);
	put(m->bytes, &m->len, 0, 2);
}

static struct made *made_new(void)
{
	struct made *m = calloc(1, sizeof(*m));
	assert_non_null(m);
	return m;
}

static void two_made(struct made *m)
{
	text_add(m, "folder/", "", 0, 0);
	text_add(m, "folder/a.txt", "192.0.2.1\n", 0, 0);
	text_add(m, "locked.txt", "0123456789abcdef", 1, 0);
	text_add(m, "odd.txt", "x", 0, 97);
	close_made(m, m->members, (uint32_t)m->directory_len);
}

static int read_member(struct sl_archive *a, size_t n, char *out, size_t cap, size_t *got)
{
	struct sl_input *in;
	int rc = sl_archive_member(a, n, &in);
	if (rc < 0)
		return rc;
	rc = sl_input_read(in, out, cap, got);
	sl_input_close(in);
	return rc;
}

static void members_of(struct sl_archive *a)
{
	char out[64];
	size_t got = 0;
	assert_int_equal(sl_archive_count(a), 4);
	assert_null(sl_archive_name(a, 0));
	assert_string_equal(sl_archive_name(a, 1), "folder/a.txt");
	assert_int_equal(read_member(a, 1, out, sizeof(out), &got), 0);
	assert_int_equal(got, 10);
	assert_memory_equal(out, "192.0.2.1\n", 10);
	assert_int_equal(read_member(a, 2, out, sizeof(out), &got), -EACCES);
	assert_int_equal(read_member(a, 3, out, sizeof(out), &got), -ENOTSUP);
}

static void members(void **state)
{
	struct made *m = made_new();
	struct sl_archive *a;
	two_made(m);
	assert_true(sl_archive_is(m->bytes, m->len));
	assert_int_equal(sl_archive_open_bytes(&a, m->bytes, m->len), 0);
	members_of(a);
	sl_archive_close(a);
	char path[] = "/tmp/sightline-archive-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, m->bytes, m->len), (ssize_t)m->len);
	close(fd);
	assert_int_equal(sl_archive_open(&a, path), 0);
	members_of(a);
	sl_archive_close(a);
	unlink(path);
	assert_int_equal(sl_archive_open(&a, path), -ENOENT);
	free(m);
}

static void cut(void **state)
{
	struct made *m = made_new();
	two_made(m);
	for (size_t n = 0; n < m->len; n++) {
		struct guarded g = guarded_new(m->bytes, n);
		struct sl_archive *a;
		assert_int_equal(sl_archive_open_bytes(&a, g.p, n), -EBADMSG);
		guarded_free(&g);
	}
	free(m);
}

/* 80 MiB of zeros in 80 KiB. */
static void bomb(void **state)
{
	struct made *m = made_new();
	uint8_t *zeros = calloc(1, UNPACKED), *packed = malloc(200 << 10);
	z_stream z = { 0 };
	assert_non_null(zeros);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = zeros;
	z.avail_in = UNPACKED;
	z.next_out = packed;
	z.avail_out = 200 << 10;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	member_add(m, "zeros", packed, z.total_out, (uint32_t)crc32(0, zeros, UNPACKED), UNPACKED,
		0, 8);
	deflateEnd(&z);
	close_made(m, 1, (uint32_t)m->directory_len);
	struct sl_archive *a;
	struct sl_input *in;
	size_t got = 1, total = 0;
	int rc = 0;
	assert_int_equal(sl_archive_open_bytes(&a, m->bytes, m->len), 0);
	assert_int_equal(sl_archive_member(a, 0, &in), 0);
	while (rc == 0 && got > 0) {
		rc = sl_input_read(in, zeros, 1 << 20, &got);
		total += got;
	}
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(total, 64 << 20);
	sl_input_close(in);
	/* nor by opening it again */
	assert_int_equal(sl_archive_member(a, 0, &in), 0);
	assert_int_equal(sl_input_read(in, zeros, 1 << 20, &got), -EFBIG);
	sl_input_close(in);
	sl_archive_close(a);
	free(packed);
	free(zeros);
	free(m);
}

static void directory_too_large(void **state)
{
	static const struct {
		unsigned members;
		uint32_t directory;
	} rows[] = { { 10001, 100 }, { 1, (16 << 20) + 1 }, { 0xffff, 0xffffffff } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made *m = made_new();
		struct sl_archive *a;
		text_add(m, "a", "b", 0, 0);
		close_made(m, rows[i].members, rows[i].directory);
		assert_int_equal(sl_archive_open_bytes(&a, m->bytes, m->len), -EFBIG);
		free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(cut),
		cmocka_unit_test(bomb),
		cmocka_unit_test(directory_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
