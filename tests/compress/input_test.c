/* SPDX-License-Identifier: BSD-3-Clause */
/* input_test.c - plain, gzip and zstd streams, whole, joined, cut at every length, and from pipes.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include <sightline/compress.h>

#include "test.h"

#define TEXT_BYTES 300000

static uint8_t text[TEXT_BYTES], out[2 * TEXT_BYTES + 64], packed[2 * TEXT_BYTES];

/* Neither all the same nor incompressible. */
static void text_make(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof(text); i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (uint8_t) "sightline"[(x >> 24) % 9];
	}
}

static size_t gzip_of(const void *p, size_t len, uint8_t *to, size_t room)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t zstd_of(const void *p, size_t len, uint8_t *to, size_t room)
{
	size_t n = ZSTD_compress(to, room, p, len, 3);
	assert_false(ZSTD_isError(n));
	return n;
}

typedef size_t packer(const void *p, size_t len, uint8_t *to, size_t room);

/* Reads in steps; how much there was, and how it ended. */
static size_t read_all(struct sl_input *in, size_t step, int *rc)
{
	size_t len = 0, got = 1;
	*rc = 0;
	while (got > 0 && *rc == 0) {
		size_t room = sizeof(out) - len;
		*rc = sl_input_read(in, out + len, room < step ? room : step, &got);
		len += got;
	}
	assert_int_equal(sl_input_offset(in), len);
	size_t again;
	assert_int_equal(sl_input_read(in, out, 1, &again), *rc); /* it stays so */
	assert_int_equal(again, 0);
	return len;
}

static size_t decode(const uint8_t *p, size_t len, size_t step, int *rc)
{
	struct guarded g = guarded_new(p, len);
	struct sl_input *in;
	assert_int_equal(sl_input_open_bytes(&in, g.p, g.len), 0);
	size_t n = read_all(in, step, rc);
	sl_input_close(in);
	guarded_free(&g);
	return n;
}

static void test_plain(void **state)
{
	int rc;
	assert_int_equal(decode(text, sizeof(text), 1000, &rc), sizeof(text));
	assert_int_equal(rc, 0);
	assert_memory_equal(out, text, sizeof(text));
	for (size_t len = 0; len < 8; len++)
		assert_int_equal(decode((const uint8_t *)"\x1f\x8b\x07zzzzz", len, 3, &rc), len);
	assert_int_equal(rc, 0);
}

static void joined(packer *pack)
{
	static const size_t steps[] = { 1, 7, 4096, sizeof(out) };
	size_t half = TEXT_BYTES / 2;
	size_t n = pack(text, half, packed, sizeof(packed));
	n += pack(text, 0, packed + n, sizeof(packed) - n); /* an empty one in between */
	n += pack(text + half, half, packed + n, sizeof(packed) - n);
	for (size_t i = 0; i < 4; i++) {
		int rc;
		assert_int_equal(decode(packed, n, steps[i], &rc), TEXT_BYTES);
		assert_int_equal(rc, 0);
		assert_memory_equal(out, text, TEXT_BYTES);
	}
}

static void test_joined(void **state)
{
	joined(gzip_of);
	joined(zstd_of);
}

/* What is decoded before the cut is a beginning of the text, and the cut is told. */
static void cut(packer *pack)
{
	size_t n = pack(text, 2000, packed, sizeof(packed));
	for (size_t len = 4; len < n; len++) {
		int rc;
		size_t got = decode(packed, len, 512, &rc);
		assert_int_equal(rc, -EBADMSG);
		assert_true(got <= 2000);
		/* read_all's last call wrote nothing over it */
		assert_memory_equal(out, text, got);
	}
}

static void test_cut(void **state)
{
	cut(gzip_of);
	cut(zstd_of);
}

static void flipped(packer *pack)
{
	size_t n = pack(text, TEXT_BYTES, packed, sizeof(packed));
	packed[n / 2] ^= 0x55;
	int rc;
	size_t got = decode(packed, n, 4096, &rc);
	assert_int_equal(rc, -EBADMSG);
	/* gzip notices late; but what came well before the damage is right. */
	assert_true(got >= TEXT_BYTES / 4);
	assert_memory_equal(out, text, TEXT_BYTES / 4);
}

static void test_damage(void **state)
{
	flipped(gzip_of);
	size_t n = zstd_of(text, 2000, packed, sizeof(packed));
	memcpy(packed + n, "rubbish!", 8);
	int rc;
	assert_int_equal(decode(packed, n + 8, 4096, &rc), 2000);
	assert_int_equal(rc, -EBADMSG);
	n = gzip_of(text, 2000, packed, sizeof(packed));
	memcpy(packed + n, "rubbish!", 8);
	assert_int_equal(decode(packed, n + 8, 4096, &rc), 2000);
	assert_int_equal(rc, -EBADMSG);
	memset(packed + n, 0, 512); /* a tape's padding is none */
	assert_int_equal(decode(packed, n + 512, 4096, &rc), 2000);
	assert_int_equal(rc, 0);
}

static void test_peek(void **state)
{
	size_t n = gzip_of(text, TEXT_BYTES, packed, sizeof(packed)), got;
	struct sl_input *in;
	static uint8_t look[SL_INPUT_PEEK];
	assert_int_equal(sl_input_open_bytes(&in, packed, n), 0);
	assert_int_equal(sl_input_peek(in, look, 4, &got), 0);
	assert_int_equal(got, 4);
	assert_int_equal(sl_input_peek(in, look, 1 << 20, &got), 0);
	assert_int_equal(got, SL_INPUT_PEEK);
	assert_memory_equal(look, text, got);
	assert_int_equal(sl_input_offset(in), 0);
	assert_int_equal(sl_input_read(in, out, 10, &got), 0);
	assert_int_equal(sl_input_peek(in, look, SL_INPUT_PEEK, &got), 0);
	assert_int_equal(got, SL_INPUT_PEEK);
	assert_memory_equal(look, text + 10, got);
	int rc;
	uint64_t before = sl_input_offset(in);
	size_t len = 0;
	do {
		rc = sl_input_read(in, out + len, 999, &got);
		len += got;
	} while (rc == 0 && got > 0);
	assert_int_equal(rc, 0);
	assert_int_equal(before + len, TEXT_BYTES);
	assert_memory_equal(out, text + before, len);
	sl_input_close(in);
}

static bool count_three(void *arg)
{
	return ++*(int *)arg < 3;
}

/* A pipe whose writer is gone has an end; one that is silent is waited for as long as we say. */
static void pipe_ends(bool silent)
{
	int fd[2], waits = 0;
	char path[32];
	size_t got;
	struct sl_input *in;
	assert_int_equal(pipe(fd), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
	assert_int_equal(sl_input_open(&in, path), 0);
	close(fd[0]);
	sl_input_while_waiting(in, count_three, &waits);
	assert_int_equal(write(fd[1], "abcdefgh", 8), 8);
	assert_int_equal(sl_input_file_size(in), 0);
	assert_int_equal(sl_input_read(in, out, 5, &got), 0);
	assert_int_equal(got, 5);
	assert_int_equal(waits, 0);
	if (!silent)
		close(fd[1]);
	assert_int_equal(sl_input_read(in, out, 5, &got), 0);
	assert_int_equal(got, 3);
	assert_int_equal(sl_input_read(in, out, 5, &got), silent ? -ECANCELED : 0);
	assert_int_equal(got, 0);
	assert_int_equal(waits, silent ? 3 : 0);
	if (silent)
		close(fd[1]);
	sl_input_close(in);
}

static void test_pipe(void **state)
{
	pipe_ends(false);
	pipe_ends(true);
}

static void test_open_errors(void **state)
{
	struct sl_input *in = NULL;
	assert_int_equal(sl_input_open(&in, "/nonexistent/file"), -ENOENT);
	assert_int_equal(sl_input_open(&in, "/"), -EISDIR);
	assert_null(in);
	sl_input_close(NULL);
}

int main(void)
{
	text_make();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_open_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
