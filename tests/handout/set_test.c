/* SPDX-License-Identifier: BSD-3-Clause */
/* set_test.c - sets as texts: what is one, what makes one of another, and that a wrong change makes
 * none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"

#include <sightline/handout.h>

static struct sl_set_text text(const char *s)
{
	return (struct sl_set_text){ s, strlen(s) };
}

/* What fn writes; rc its answer. */
static char *made(int (*fn)(struct sl_set_text, struct sl_set_text, FILE *), const char *a,
	const char *b, int *rc)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	*rc = fn(text(a), text(b), f);
	fclose(f);
	return out;
}

static void test_sort(void **state)
{
	static const char in[] = "{b}\n  {a} \r\n\n{b}\n{ab}\n{a}";
	char *out;
	size_t len;
	(void)state;
	assert_int_equal(sl_set_sort(in, sizeof(in) - 1, &out, &len), 0);
	assert_int_equal(len, 13);
	assert_memory_equal(out, "{ab}\n{a}\n{b}\n", len);
	free(out);
	assert_int_equal(sl_set_sort(NULL, 0, &out, &len), 0);
	assert_int_equal(len, 0);
	free(out);
	char *line = malloc(SL_SET_LINE_MAX);
	memset(line, 'x', SL_SET_LINE_MAX);
	assert_int_equal(sl_set_sort(line, SL_SET_LINE_MAX, &out, &len), -E2BIG);
	assert_int_equal(sl_set_sort(line, SL_SET_LINE_MAX - 1, &out, &len), 0);
	free(out);
	free(line);
}

static void test_union(void **state)
{
	(void)state;
	const struct sl_set_text sets[] = { text("{a}\n{c}\n"), text(""), text("{b}\n{c}\n{d}\n") };
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	assert_int_equal(sl_set_union(sets, 3, f), 0);
	assert_int_equal(sl_set_union(sets, 0, f), 0);
	fclose(f);
	assert_string_equal(out, "{a}\n{b}\n{c}\n{d}\n");
	free(out);
}

static void test_change_and_back(void **state)
{
	static const char *const sets[] = { "", "{a}\n", "{a}\n{b}\n{c}\n", "{b}\n",
		"{aa}\n{b}\n{d}\n" };
	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			int rc;
			char *change = made(sl_set_change, sets[i], sets[k], &rc);
			assert_int_equal(rc, 0);
			assert_int_equal(i == k, change[0] == '\0');
			char *back = made(sl_set_apply, sets[i], change, &rc);
			assert_int_equal(rc, 0);
			assert_string_equal(back, sets[k]);
			free(change);
			free(back);
		}
}

static void test_wrong_changes(void **state)
{
	static const char *const wrong[] = { "+{a}\n", "-{b}\n", "{b}\n", "+{c}\n+{b}\n",
		"+{b}\n+{b}\n", "-{a}\n+{a}\n", "+\n", "*{b}\n", "\n" };
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc;
		free(made(sl_set_apply, "{a}\n{d}\n", wrong[i], &rc));
		assert_int_equal(rc, -EBADMSG);
	}
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int take_file(void *arg, const char sha256[SL_SET_HEX], const char *name)
{
	(void)arg;
	assert_string_equal(sha256, HEX);
	assert_string_equal(name, "a.txt");
	return 0;
}

static void test_check(void **state)
{
	uint64_t lines;
	(void)state;
	assert_int_equal(
		sl_set_check(text("#file " HEX " a.txt\n{}\n"), &lines, take_file, NULL), 0);
	assert_int_equal(lines, 2);
	assert_int_equal(sl_set_check((struct sl_set_text){ NULL, 0 }, &lines, NULL, NULL), 0);
	assert_int_equal(lines, 0);
	static const char *const wrong[] = { "{a}", "{b}\n{a}\n", "{a}\n{a}\n", "x\n", "\n",
		"#file " HEX " \n", "#file " HEX " a/b\n", "#file " HEX " .a\n", "#file " HEX "\n",
		"#file 0" HEX " a\n",
		"#file g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef a\n",
		"# a remark\n" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(sl_set_check(text(wrong[i]), NULL, NULL, NULL), -EBADMSG);
	/* Cut at every length, before an unmapped page. */
	static const char whole[] = "#file " HEX " a.txt\n{\"a\":1}\n";
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct guarded g = guarded_new(whole, n);
		(void)sl_set_check((struct sl_set_text){ (char *)g.p, n }, NULL, NULL, NULL);
		guarded_free(&g);
	}
}

static void test_names(void **state)
{
	char name[SL_SET_NAME_MAX + 1];
	(void)state;
	sl_set_name("/a/b c.txt", name);
	assert_string_equal(name, "b_c.txt");
	sl_set_name("/a/..", name);
	assert_string_equal(name, "_.");
	sl_set_name("/", name);
	assert_string_equal(name, "_");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sort),
		cmocka_unit_test(test_union), cmocka_unit_test(test_change_and_back),
		cmocka_unit_test(test_wrong_changes), cmocka_unit_test(test_check),
		cmocka_unit_test(test_names) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
