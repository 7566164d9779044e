/* SPDX-License-Identifier: BSD-3-Clause */
/* image_test.c - what is put into a file comes out of it, and nothing else does: cut at every
 * place, with every byte changed, of another owner's making. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/image.h>

#include "test.h"

static char folder_name[64];

static int folder_begin(void)
{
	strcpy(folder_name, "/tmp/sightline-image-XXXXXX");
	assert_non_null(mkdtemp(folder_name));
	int fd = open(folder_name, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

static void folder_end(int fd)
{
	(void)unlinkat(fd, "x", 0);
	(void)unlinkat(fd, "x.new", 0);
	close(fd);
	assert_int_equal(rmdir(folder_name), 0);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* A number, a text, `bytes` bytes. */
static void put(struct sl_image_out *o, size_t bytes)
{
	sl_image_put_u64(o, bytes);
	sl_image_put_text(o, "text");
	for (size_t i = 0; i < bytes; i++) {
		uint8_t b = byte_at(i);
		sl_image_put(o, &b, 1);
	}
	assert_int_equal(sl_image_put_bytes(o), bytes + 16);
}

static int written(int folder, size_t bytes)
{
	struct sl_image_out *o;
	int rc = sl_image_create(&o, folder, "x");
	if (rc < 0)
		return rc;
	put(o, bytes);
	return sl_image_commit(o);
}

/* Whether all of it comes out; what does is right. */
static bool taken(struct sl_image_in *in)
{
	char text[8];
	uint64_t n = sl_image_take_count(in, UINT64_MAX, 1);
	sl_image_take_text(in, text, sizeof(text));
	for (size_t i = 0; i < n && !sl_image_bad(in); i++) {
		uint8_t b;
		sl_image_take(in, &b, 1);
		assert_true(sl_image_bad(in) || b == byte_at(i));
	}
	bool all = sl_image_ended(in);
	assert_true(!all || strcmp(text, "text") == 0);
	sl_image_close(in);
	return all;
}

static uint8_t *file_bytes(int folder, size_t *len)
{
	struct stat st;
	int fd = openat(folder, "x", O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	uint8_t *p = malloc(*len);
	assert_int_equal(read(fd, p, *len), (ssize_t)*len);
	close(fd);
	return p;
}

static bool bytes_taken(const uint8_t *p, size_t len)
{
	struct sl_image_in *in;
	int rc = sl_image_open_bytes(&in, p, len, false);
	assert_true(rc == 0 || rc == -EPROTO);
	return rc == 0 && taken(in);
}

/* One block, blocks that are full to the last byte, and several. */
static void test_sizes(void **state)
{
	(void)state;
	const size_t block = ((size_t)1 << 20) - 32;
	const size_t size[] = { 0, 1, block - 1, block, block + 1, 3 * block - 16, 3000000 };
	int folder = folder_begin();
	for (unsigned i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		struct sl_image_in *in;
		assert_int_equal(written(folder, size[i]), 0);
		assert_int_equal(sl_image_open(&in, folder, "x"), 0);
		assert_true(taken(in));
	}
	folder_end(folder);
}

static void test_damaged(void **state)
{
	(void)state;
	int folder = folder_begin();
	size_t len;
	assert_int_equal(written(folder, 300), 0);
	uint8_t *p = file_bytes(folder, &len);
	assert_true(bytes_taken(p, len));
	for (size_t i = 0; i < len; i++) {
		struct guarded g = guarded_new(p, i);
		assert_false(bytes_taken(g.p, i));
		guarded_free(&g);
		p[i] ^= 1u << (i % 8);
		assert_false(bytes_taken(p, len));
		p[i] ^= 1u << (i % 8);
	}
	free(p);
	folder_end(folder);
}

/* Blocks change places, one is there twice, one is missing. */
static void test_blocks_of_a_file(void **state)
{
	(void)state;
	int folder = folder_begin();
	size_t len, block = (size_t)1 << 20, mark = 16;
	assert_int_equal(written(folder, 3 * block), 0);
	uint8_t *p = file_bytes(folder, &len), *q = malloc(len + block);
	memcpy(q, p, len);
	memcpy(q + mark, p + mark + block, block);
	memcpy(q + mark + block, p + mark, block);
	assert_false(bytes_taken(q, len));
	memcpy(q, p, len);
	memmove(q + mark + block, q + mark, len - mark);
	assert_false(bytes_taken(q, len + block));
	memcpy(q, p, len);
	memmove(q + mark, q + mark + block, len - mark - block);
	assert_false(bytes_taken(q, len - block));
	memcpy(q, p, len);
	q[len] = 0;
	assert_false(bytes_taken(q, len + 1));
	free(p);
	free(q);
	folder_end(folder);
}

static void test_whose(void **state)
{
	(void)state;
	int folder = folder_begin();
	struct sl_image_in *in;
	assert_int_equal(sl_image_open(&in, folder, "x"), -ENOENT);
	assert_int_equal(written(folder, 10), 0);
	assert_int_equal(fchmodat(folder, "x", 0620, 0), 0);
	assert_int_equal(sl_image_open(&in, folder, "x"), -EPERM);
	assert_int_equal(fchmodat(folder, "x", 0600, 0), 0);
	assert_int_equal(linkat(folder, "x", folder, "y", 0), 0);
	assert_int_equal(sl_image_open(&in, folder, "x"), -EPERM);
	assert_int_equal(renameat(folder, "y", folder, "z"), 0);
	assert_int_equal(unlinkat(folder, "x", 0), 0);
	assert_int_equal(symlinkat("z", folder, "x"), 0);
	assert_int_equal(sl_image_open(&in, folder, "x"), -EPERM);
	assert_int_equal(unlinkat(folder, "x", 0), 0);
	assert_int_equal(mkfifoat(folder, "x", 0600), 0);
	assert_int_equal(sl_image_open(&in, folder, "x"), -EPERM);
	assert_int_equal(unlinkat(folder, "z", 0), 0);
	folder_end(folder);
}

/* Two write at once: one gives way, and what is there stays whole. */
static void test_two_writers(void **state)
{
	(void)state;
	int folder = folder_begin();
	struct sl_image_out *first, *second;
	struct sl_image_in *in;
	assert_int_equal(written(folder, 10), 0);
	assert_int_equal(sl_image_create(&first, folder, "x"), 0);
	assert_int_equal(sl_image_create(&second, folder, "x"), -EBUSY);
	sl_image_put_u32(first, 1);
	sl_image_fail(first, -EFBIG);
	assert_int_equal(sl_image_commit(first), -EFBIG);
	assert_int_equal(sl_image_open(&in, folder, "x"), 0);
	assert_true(taken(in));
	assert_int_equal(sl_image_create(&second, folder, "x"), 0);
	sl_image_abandon(second);
	assert_int_equal(faccessat(folder, "x.new", F_OK, 0), -1);
	folder_end(folder);
}

static bool whole(int fd)
{
	struct sl_image_in *in;
	assert_int_equal(sl_image_open_fd(&in, fd), 0);
	return taken(in);
}

/* What is finished is looked at by its descriptor, as often as one likes, and only then takes the
 * place of what is there; nobody writes beside it until its descriptor is closed. */
static void test_handed_over(void **state)
{
	(void)state;
	int folder = folder_begin();
	struct sl_image_out *o, *other;
	struct sl_image_in *in;
	assert_int_equal(sl_image_create(&o, folder, "x"), 0);
	put(o, 3 << 20);
	int fd = sl_image_finish(o);
	assert_true(fd >= 0);
	assert_int_equal(sl_image_open(&in, folder, "x"), -ENOENT);
	assert_true(whole(fd) && whole(fd));
	assert_int_equal(sl_image_create(&other, folder, "x"), -EBUSY);
	assert_int_equal(sl_image_place(fd, folder, "x"), 0);
	assert_int_equal(sl_image_place(fd, folder, "x"), -ESTALE);
	close(fd);
	assert_int_equal(sl_image_open(&in, folder, "x"), 0);
	assert_true(taken(in));
	assert_int_equal(sl_image_create(&o, folder, "x"), 0);
	fd = sl_image_finish(o);
	sl_image_remove(fd, folder, "x");
	assert_int_equal(faccessat(folder, "x.new", F_OK, 0), -1);
	close(fd);
	folder_end(folder);
}

static void test_without_a_name(void **state)
{
	(void)state;
	struct sl_image_out *o;
	assert_int_equal(sl_image_create_unnamed(&o), 0);
	put(o, 3 << 20);
	int fd = sl_image_finish(o);
	assert_true(fd >= 0 && whole(fd));
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_false(whole(fd));
	close(fd);
	assert_int_equal(sl_image_create_unnamed(&o), 0);
	sl_image_abandon(o);
	int pipes[2];
	struct sl_image_in *in;
	assert_int_equal(pipe(pipes), 0);
	assert_true(sl_image_open_fd(&in, pipes[0]) < 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* A number of things is never believed beyond what the file can hold. */
static void test_counts(void **state)
{
	(void)state;
	const uint64_t said[3] = { 2, 5, 6 };
	struct sl_image_in *in;
	assert_int_equal(sl_image_open_bytes(&in, said, sizeof(said), true), 0);
	assert_int_equal(sl_image_take_count(in, 10, 8), 2);
	assert_int_equal(sl_image_take_count(in, 4, 1), 0);
	assert_true(sl_image_bad(in));
	assert_int_equal(sl_image_take_u64(in), 0);
	sl_image_close(in);
	assert_int_equal(sl_image_open_bytes(&in, said, sizeof(said), true), 0);
	assert_int_equal(sl_image_take_count(in, 10, 9), 0);
	assert_true(sl_image_bad(in));
	assert_false(sl_image_ended(in));
	sl_image_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_blocks_of_a_file),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_two_writers),
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_without_a_name),
		cmocka_unit_test(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
