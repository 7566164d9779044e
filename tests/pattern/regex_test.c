/* SPDX-License-Identifier: BSD-3-Clause */
/* regex_test.c - expressions and what is spelled as one; and that no search is without its bound.
 */
#include "test.h"

#include <errno.h>

#include <sightline/regex.h>

static struct sl_regex_room *room;

static int search(enum sl_test test, const char *text, unsigned flags, const char *value)
{
	struct sl_regex *re = NULL;
	struct sl_pattern_error err;
	size_t len = strlen(value);
	int rc = sl_regex_of_test(&re, test, text, strlen(text), flags, &err);
	if (rc < 0)
		return rc;
	struct guarded g = guarded_new(value, len);
	rc = sl_regex_search(re, room, g.p, len);
	guarded_free(&g);
	sl_regex_free(re);
	return rc;
}

static void test_like(void **state)
{
	static const struct {
		const char *like, *value;
		int found;
	} rows[] = {
		{ "evil%", "evil.example", 1 },
		{ "evil%", "devil.example", 0 },
		{ "%evil%", "devil.example", 1 },
		{ "e_il", "evil", 1 },
		{ "e_il", "evvil", 0 },
		{ "e_il", "e\xc3\xa9il", 1 },
		{ "e__il", "e\xc3\xa9il", 0 },
		{ "a.c", "abc", 0 },
		{ "a.c", "a.c", 1 },
		{ "(a|b)[c]", "(a|b)[c]", 1 },
		{ "%", "", 1 },
		{ "evil%", "EVIL", 0 },
		{ "one%two", "one\n\ntwo", 1 },
		{ "a", "a\n", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			search(SL_TEST_LIKE, rows[i].like, 0, rows[i].value), rows[i].found);
	assert_int_equal(search(SL_TEST_LIKE, "evil%", SL_REGEX_CASELESS, "EVIL"), 1);
}

static void test_plain_texts(void **state)
{
	assert_int_equal(search(SL_TEST_CONTAINS, ".exe?", 0, "a.exe?b"), 1);
	assert_int_equal(search(SL_TEST_CONTAINS, ".exe", 0, "a_exe"), 0);
	assert_int_equal(search(SL_TEST_STARTS, "/x", 0, "/xyz"), 1);
	assert_int_equal(search(SL_TEST_STARTS, "/x", 0, "a/xyz"), 0);
	assert_int_equal(search(SL_TEST_ENDS, ".php", 0, "a.php"), 1);
	assert_int_equal(search(SL_TEST_ENDS, ".php", 0, "a.php?x"), 0);
	assert_int_equal(search(SL_TEST_EQUAL, "a", 0, "a"), -EINVAL);
}

static void test_matches(void **state)
{
	assert_int_equal(search(SL_TEST_MATCHES, "v[0-9]+", 0, "a v12 b"), 1);
	assert_int_equal(search(SL_TEST_MATCHES, "^v[0-9]+$", 0, "a v12 b"), 0);
	assert_int_equal(search(SL_TEST_MATCHES, "(a+)b\\1", 0, "xaabaay"), 1);
	assert_int_equal(search(SL_TEST_MATCHES, "(?<!x)evil", 0, "xevil"), 0);
	assert_int_equal(search(SL_TEST_MATCHES, "^.$", 0, "\xc3\xa9"), 1);
	assert_int_equal(search(SL_TEST_MATCHES, "^.$", SL_REGEX_BYTES, "\xc3\xa9"), 0);
	assert_int_equal(search(SL_TEST_MATCHES, "b", 0, "\xff b"), 1);
	assert_int_equal(search(SL_TEST_MATCHES, "a.b", 0, "a\nb"), 0);
	assert_int_equal(search(SL_TEST_MATCHES, "a.b", SL_REGEX_DOTALL, "a\nb"), 1);
	assert_int_equal(search(SL_TEST_MATCHES, "(", 0, "a"), -EBADMSG);
	assert_int_equal(search(SL_TEST_MATCHES, "a\\C", 0, "ab"), -EBADMSG);
	assert_int_equal(search(SL_TEST_MATCHES, "\xff", 0, "a"), -EBADMSG);
}

static void test_a_search_has_bounds(void **state)
{
	char value[8192];
	struct sl_regex *re;
	struct sl_pattern_error err;
	static const char *const hungry[] = { "(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)(.*)x",
		"((a?){0,60}){0,60}b", "(?:a|(?R)){1,50}b" };
	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = '!';
	for (size_t i = 0; i < sizeof(hungry) / sizeof(hungry[0]); i++) {
		if (sl_regex_new(&re, hungry[i], strlen(hungry[i]), 0, &err) < 0)
			continue;
		int rc = sl_regex_search(re, room, value, sizeof(value));
		assert_true(rc == 0 || rc == -E2BIG);
		/* and the room is good for the next one */
		assert_int_equal(search(SL_TEST_MATCHES, "(a+)b", 0, "aab"), 1);
		sl_regex_free(re);
	}
	assert_int_equal(
		search(SL_TEST_MATCHES, "(a+)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"),
		-E2BIG);
}

static void test_shortest(void **state)
{
	struct sl_regex *re;
	struct sl_pattern_error err;
	assert_int_equal(sl_regex_new(&re, "ab?c", 4, 0, &err), 0);
	assert_int_equal(sl_regex_shortest(re), 2);
	assert_true(sl_regex_bytes(re) > 0);
	sl_regex_free(re);
	char *wide = malloc(20000);
	memset(wide, 'a', 20000);
	assert_int_equal(sl_regex_new(&re, wide, 20000, 0, &err), -EBADMSG);
	assert_true(err.reason[0] != '\0');
	free(wide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like),
		cmocka_unit_test(test_plain_texts),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_a_search_has_bounds),
		cmocka_unit_test(test_shortest),
	};
	if (sl_regex_room_new(&room) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	sl_regex_room_free(room);
	return failed;
}
