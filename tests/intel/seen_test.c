/* SPDX-License-Identifier: BSD-3-Clause */
/* seen_test.c - every change of what was read is seen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/image.h>
#include <sightline/seen.h>

#include "test.h"

static char folder[64], path[96];

static const char *at(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct sl_seen *now(const char *what)
{
	struct sl_seen *s;
	assert_int_equal(sl_seen_new(&s), 0);
	assert_int_equal(sl_seen_tree(s, what), 0);
	return s;
}

/* Whether `what` is as it was; *was is what it is now. */
static bool same(struct sl_seen **was, const char *what)
{
	const char *differs;
	struct sl_seen *is = now(what);
	bool all = sl_seen_same(*was, is, &differs);
	sl_seen_free(*was);
	*was = is;
	return all;
}

static void test_changes(void **state)
{
	(void)state;
	char inner[96];
	strcpy(folder, "/tmp/sightline-seen-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(at("in"), 0700), 0);
	strcpy(inner, at("in"));
	put("a", "one");
	put("in/b", "two");
	struct sl_seen *s = now(folder), *f = now(inner);
	assert_true(same(&s, folder));
	put("in/b", "Two"); /* same size; its time of change tells */
	assert_false(same(&s, folder));
	assert_false(same(&f, inner));
	put("in/c", "three");
	assert_false(same(&s, folder));
	snprintf(inner, sizeof(inner), "%s/in/d", folder);
	assert_int_equal(rename(at("in/c"), inner), 0);
	assert_false(same(&s, folder));
	assert_int_equal(unlink(inner), 0);
	assert_false(same(&s, folder));
	put(".hidden", "no reader looks at it");
	assert_true(same(&s, folder));
	sl_seen_free(s);
	sl_seen_free(f);

	strcpy(inner, at("a"));
	s = now(inner);
	put("other", "nobody reads it with a");
	assert_true(same(&s, inner));
	put("categories.txt", "1,CnC,beside a list");
	assert_false(same(&s, inner));
	assert_int_equal(mkdir(at("old categories"), 0700), 0);
	assert_true(same(&s, inner)); /* a folder is no file of categories */
	assert_int_equal(rmdir(at("old categories")), 0);
	const char *which;
	assert_true(sl_seen_unsure(s, &which)); /* written just now */
	assert_int_equal(unlink(inner), 0);
	assert_false(same(&s, inner));
	assert_true(same(&s, inner)); /* and it is still not there */
	sl_seen_free(s);
	s = now("/dev/null");
	assert_true(sl_seen_unsure(s, &which));
	assert_string_equal(which, "/dev/null");
	sl_seen_free(s);
	assert_int_equal(unlink(at("other")), 0);
	assert_int_equal(unlink(at("categories.txt")), 0);
	assert_int_equal(unlink(at(".hidden")), 0);
	assert_int_equal(unlink(at("in/b")), 0);
	assert_int_equal(rmdir(at("in")), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* The files beside a list that lies directly below /. */
static void test_below_root(void **state)
{
	(void)state;
	int how;
	strcpy(folder, "/tmp/sightline-seen-XXXXXX");
	assert_non_null(mkdtemp(folder));
	put("list", "192.0.2.1,1,2");
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (chroot(folder) != 0)
			_exit(errno == EPERM ? 77 : 1);
		strcpy(folder, "");
		struct sl_seen *s = now("/list");
		put("categories.txt", "1,CnC,beside a list");
		bool told = !same(&s, "/list");
		sl_seen_free(s);
		_exit(told ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	(void)unlink(at("categories.txt"));
	assert_int_equal(unlink(at("list")), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_true(WIFEXITED(how));
	if (WEXITSTATUS(how) == 77)
		skip(); /* only root may move / */
	assert_int_equal(WEXITSTATUS(how), 0);
}

/* Links that lead back: it ends. */
static void test_round_and_round(void **state)
{
	(void)state;
	struct sl_seen *s;
	strcpy(folder, "/tmp/sightline-seen-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(symlink(".", at("x")), 0);
	assert_int_equal(symlink(".", at("y")), 0);
	assert_int_equal(sl_seen_new(&s), 0);
	assert_int_equal(sl_seen_tree(s, folder), -E2BIG);
	sl_seen_free(s);
	assert_int_equal(unlink(at("x")), 0);
	assert_int_equal(unlink(at("y")), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_from_an_image(void **state)
{
	(void)state;
	const uint8_t said[] = { 1, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 'a' };
	struct sl_image_in *in;
	struct sl_seen *s;
	for (size_t len = 0; len <= sizeof(said); len++) {
		assert_int_equal(sl_image_open_bytes(&in, said, len, true), 0);
		assert_int_equal(sl_seen_load(&s, in), -EBADMSG);
		sl_image_close(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_below_root),
		cmocka_unit_test(test_round_and_round),
		cmocka_unit_test(test_from_an_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
