/* SPDX-License-Identifier: BSD-3-Clause */
/* json_test.c - what is written, what is read, what is refused, at every cut. */
#include <errno.h>
#include <stdio.h>

#include <sightline/json.h>

#include "test.h"

struct seen {
	unsigned count;
	char text[512]; /* keys and texts, joined */
	uint64_t line;
	int64_t integer;
	int stop;
};

static void show(struct seen *s, const struct sl_json *j)
{
	size_t used = strlen(s->text), left = sizeof(s->text) - used;
	if (j->key != NULL)
		used += (size_t)snprintf(s->text + used, left, "%s:", j->key);
	left = sizeof(s->text) - used;
	if (j->kind == SL_JSON_STRING || j->kind == SL_JSON_NUMBER)
		snprintf(s->text + used, left, "%s,", j->text);
	else if (j->kind == SL_JSON_BOOL)
		snprintf(s->text + used, left, "%s,", j->boolean ? "true" : "false");
	else if (j->kind == SL_JSON_NULL)
		snprintf(s->text + used, left, "null,");
	for (const struct sl_json *m = j->child; m != NULL; m = m->next)
		show(s, m);
}

static int keep(void *arg, const struct sl_json *j)
{
	struct seen *s = arg;
	s->count++;
	s->line = j->line;
	if (j->kind == SL_JSON_NUMBER)
		s->integer = j->integer;
	show(s, j);
	return s->stop;
}

static int read_cut(const char *path, const char *text, size_t cut, struct seen *s)
{
	struct sl_json_limits limits = { 4096, 8 };
	struct sl_json_in *in;
	size_t len = strlen(text);
	assert_int_equal(sl_json_in_new(&in, path, &limits, keep, s), 0);
	struct guarded a = guarded_new(text, cut), b = guarded_new(text + cut, len - cut);
	int rc = sl_json_in_feed(in, a.p, cut);
	if (rc == 0)
		rc = sl_json_in_feed(in, b.p, len - cut);
	if (rc == 0)
		rc = sl_json_in_end(in);
	guarded_free(&a);
	guarded_free(&b);
	sl_json_in_free(in);
	return rc;
}

static void paths(void **state)
{
	static const struct {
		const char *path, *text, *want;
		int rc;
		unsigned count;
		uint64_t line;
	} rows[] = {
		{ "", "", "", 0, 0, 0 },
		{ "", " \n ", "", 0, 0, 0 },
		{ "", "\xef\xbb\xbf", "", 0, 0, 0 },
		{ "", "\xef\xbb\xbf\n17", "17,", 0, 1, 2 },
		{ "",
			"\xef\xbb\xbf\xef\xbb\xbf"
			"17",
			"", -EBADMSG, 0, 0 },
		{ "", "\xef\xbb", "", -EBADMSG, 0, 0 },
		{ "",
			"\xef\xbb"
			"17",
			"", -EBADMSG, 0, 0 },
		{ "",
			"17\n\xef\xbb\xbf"
			"18",
			"17,", -EBADMSG, 1, 1 },
		{ "", "17", "17,", 0, 1, 1 },
		{ "", "17 ", "17,", 0, 1, 1 },
		{ "", "{\"a\":1}\n{\"a\":2}\n", "a:1,a:2,", 0, 2, 2 },
		{ "", "{\"a\":1} {\"b\":[true,null]}", "a:1,b:true,null,", 0, 2, 1 },
		{ "objects/*", "{\"x\":[9],\n\"objects\":[{\"a\":1},\n{\"b\":2}],\"y\":{}}",
			"a:1,b:2,", 0, 2, 3 },
		{ "objects/*", "{\"objects\":{\"a\":1}}", "", 0, 0, 0 },
		{ "+/*", "{\"x\":[1,2],\"y\":3,\"z\":[4]}", "1,2,4,", 0, 3, 1 },
		{ "objects/*", "{\"deep\":{\"objects\":[1]},\"objects\":[2]}", "2,", 0, 1, 1 },
		{ "objects/*", "[{\"objects\":[1]}]", "", 0, 0, 0 },
		{ "*", "[1,[2],3]", "1,2,3,", 0, 3, 1 },
		{ "a/b", "{\"a\":{\"c\":1,\"b\":\"t\\u00e9\"}}", "t\xc3\xa9,", 0, 1, 1 },
		{ "", "{", "", -EBADMSG, 0, 0 },
		{ "", "\"abc", "", -EBADMSG, 0, 0 },
		{ "", "tru", "", -EBADMSG, 0, 0 },
		{ "", "{\"a\":1}}", "a:1,", -EBADMSG, 1, 1 },
		{ "", "[1,2,", "", -EBADMSG, 0, 0 },
		{ "", "\"\xff\"", "", -EBADMSG, 0, 0 },
		{ "", "[[[[[[[[[[]]]]]]]]]]", "", -E2BIG, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t cut = 0; cut <= strlen(rows[i].text); cut++) {
			struct seen s = { 0 };
			int rc = read_cut(rows[i].path, rows[i].text, cut, &s);
			if (rc != rows[i].rc || strcmp(s.text, rows[i].want) != 0)
				fail_msg("row %zu cut %zu: %d '%s'", i, cut, rc, s.text);
			assert_int_equal(s.count, rows[i].count);
			if (s.count > 0)
				assert_int_equal(s.line, rows[i].line);
		}
	}
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "-99999999999999999999999", INT64_MIN },
		{ "1e400", INT64_MAX },
		{ "-1e400", INT64_MIN },
		{ "1.5", 1 },
		{ "0", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen s = { 0 };
		assert_int_equal(read_cut("", rows[i].text, 0, &s), 0);
		assert_int_equal(s.integer, rows[i].want);
	}
}

static int nothing(void *arg, const struct sl_json *j)
{
	(*(unsigned *)arg)++;
	return 0;
}

/* Each thing that could grow for ever is refused at its limit, wherever it stands. */
static void bounds(void **state)
{
	static const struct {
		const char *path, *begin, *more;
	} rows[] = {
		{ "", "\"", "aaaaaaaaaaaaaaaa" }, /* a text without an end, in the tree */
		{ "x", "\"", "aaaaaaaaaaaaaaaa" }, /* and outside of it */
		{ "x", "{\"", "kkkkkkkkkkkkkkkk" },
		{ "x", "", "1111111111111111" },
		{ "", "[", "1,1,1,1,1,1,1,1," },
		{ "x", "", "[[[[[[[[[[[[[[[[" },
		{ "", "", "{\"a\":{\"a\":{\"a\":" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_json_limits limits = { 65536, 0 };
		struct sl_json_in *in;
		unsigned count = 0;
		assert_int_equal(sl_json_in_new(&in, rows[i].path, &limits, nothing, &count), 0);
		int rc = sl_json_in_feed(in, rows[i].begin, strlen(rows[i].begin));
		for (unsigned n = 0; n < 100000 && rc == 0; n++)
			rc = sl_json_in_feed(in, rows[i].more, strlen(rows[i].more));
		assert_int_equal(rc, -E2BIG);
		uint64_t line;
		assert_true(strlen(sl_json_in_error(in, &line)) > 0);
		assert_int_equal(line, 1);
		sl_json_in_free(in);
	}
}

static void members(void **state)
{
	struct sl_json b = { .kind = SL_JSON_NUMBER, .key = "a", .text = "2" };
	struct sl_json a = { .kind = SL_JSON_STRING, .key = "a", .text = "1", .next = &b };
	struct sl_json o = { .kind = SL_JSON_OBJECT, .child = &a };
	assert_ptr_equal(sl_json_get(&o, "a"), &b);
	assert_null(sl_json_get_text(&o, "a"));
	assert_null(sl_json_get(&o, "b"));
	assert_null(sl_json_get(NULL, "a"));
	assert_null(sl_json_get(&b, "a"));
}

static void top_members(void **state)
{
	struct sl_json_limits limits = { 0, 0 };
	struct sl_json_in *in;
	unsigned count = 0;
	const char *text = "{\"type\":\"bundle\",\"n\":{\"type\":\"no\"},\"v\":2.1,\"objects\":[";
	assert_int_equal(sl_json_in_new(&in, "objects/*", &limits, nothing, &count), 0);
	assert_int_equal(sl_json_in_feed(in, text, strlen(text)), 0);
	assert_string_equal(sl_json_in_top(in, "type"), "bundle");
	assert_string_equal(sl_json_in_top(in, "v"), "2.1");
	assert_null(sl_json_in_top(in, "n"));
	sl_json_in_free(in);
}

/* One bad line of JSON lines is told with its number, and the next one is read. */
static void begins_again(void **state)
{
	struct sl_json_limits limits = { 0, 0 };
	struct sl_json_in *in;
	struct seen s = { 0 };
	uint64_t line;
	assert_int_equal(sl_json_in_new(&in, "", &limits, keep, &s), 0);
	assert_int_equal(sl_json_in_feed(in, "{\"a\":1}\n", 8), 0);
	assert_int_equal(sl_json_in_feed(in, "{\"a\":x}\n", 8), -EBADMSG);
	assert_int_equal(sl_json_in_feed(in, "{}\n", 3), -EBADMSG);
	sl_json_in_error(in, &line);
	assert_int_equal(line, 2);
	assert_int_equal(sl_json_in_again(in), 0);
	sl_json_in_line(in, 3);
	assert_int_equal(sl_json_in_feed(in, "{\"b\":\n", 6), 0);
	assert_false(sl_json_in_between(in));
	assert_int_equal(sl_json_in_feed(in, "2}\n", 3), 0);
	assert_true(sl_json_in_between(in));
	assert_string_equal(s.text, "a:1,b:2,");
	assert_int_equal(s.line, 3);
	sl_json_in_free(in);
}

static void stops(void **state)
{
	struct seen s = { .stop = -7 };
	assert_int_equal(read_cut("*", "[1,2]", 0, &s), -7);
	assert_int_equal(s.count, 1);
}

static void writes(void **state)
{
	struct sl_json_out *o;
	const char *p;
	size_t len;
	assert_int_equal(sl_json_out_new(&o), 0);
	for (unsigned again = 0; again < 2; again++) {
		sl_json_object(o, NULL);
		sl_json_str(o, "s", "a\"\n\xc3\xa9");
		sl_json_text(o, "bad", "x\xff\xed\xa0\x80y\xe2\x82", 8);
		sl_json_u64(o, "u", UINT64_MAX);
		sl_json_double(o, "d", 0.1);
		sl_json_double(o, "inf", 1e308 * 10);
		sl_json_array(o, "l");
		sl_json_bool(o, NULL, true);
		sl_json_null(o, NULL);
		sl_json_text(o, NULL, NULL, 0);
		sl_json_array_end(o);
		sl_json_object_end(o);
		assert_int_equal(sl_json_line(o, &p, &len), 0);
		static const char want[] =
			"{\"s\":\"a\\\"\\n\xc3\xa9\",\"bad\":"
			"\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			"\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd\",\"u\":18446744073709551615,"
			"\"d\":0.1,\"inf\":null,\"l\":[true,null,\"\"]}\n";
		assert_int_equal(len, sizeof(want) - 1);
		assert_memory_equal(p, want, len);
	}
	sl_json_out_free(o);
}

static void writes_no_half(void **state)
{
	struct sl_json_out *o;
	const char *p;
	size_t len;
	assert_int_equal(sl_json_out_new(&o), 0);
	assert_int_equal(sl_json_line(o, &p, &len), -EINVAL);
	sl_json_object(o, NULL);
	assert_int_equal(sl_json_line(o, &p, &len), -EINVAL);
	sl_json_object(o, NULL);
	sl_json_object_end(o);
	sl_json_object(o, NULL);
	sl_json_object_end(o);
	assert_int_equal(sl_json_line(o, &p, &len), -EINVAL);
	sl_json_u64(o, NULL, 3);
	assert_int_equal(sl_json_line(o, &p, &len), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(p, "3\n", 2);
	sl_json_out_free(o);
}

struct pieces {
	struct sl_json_in *in;
	char got[256];
};

static int piece(void *arg, const char *member, const struct sl_json *p)
{
	struct pieces *s = arg;
	size_t used = strlen(s->got);
	const char *v = p->kind == SL_JSON_OBJECT ? sl_json_get_text(p, "v") : p->text;
	const char *name = sl_json_get_text(sl_json_in_so_far(s->in), "n");
	snprintf(s->got + used, sizeof(s->got) - used, "%s:%s:%s ", member, v, name ? name : "-");
	return 0;
}

static int whole(void *arg, const struct sl_json *v)
{
	struct pieces *s = arg;
	size_t used = strlen(s->got);
	const struct sl_json *a = sl_json_get(v, "a");
	snprintf(s->got + used, sizeof(s->got) - used, "%s/%zu/%zu; ", sl_json_get_text(v, "n"),
		a != NULL ? a->count : 99, sl_json_get(v, "k")->count);
	return a != NULL && a->child != NULL; /* the pieces are forgotten */
}

static void value_in_pieces(void **state)
{
	static const char *const names[] = { "a", "b", NULL };
	static const char text[] =
		"[{\"a\":[{\"v\":\"1\"},{\"v\":\"2\"}],\"n\":\"x\",\"b\":[\"3\"],\"k\":[7,8]},"
		"{\"n\":\"y\",\"k\":[],\"d\":{\"a\":[1]},\"a\":[{\"v\":\"4\",\"a\":[5]}]}]";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct sl_json_limits limits = { 4096, 0 };
		struct pieces s = { .got = "" };
		assert_int_equal(sl_json_in_new(&s.in, "*", &limits, whole, &s), 0);
		sl_json_in_pieces(s.in, names, piece);
		assert_int_equal(sl_json_in_feed(s.in, text, cut), 0);
		assert_int_equal(sl_json_in_feed(s.in, text + cut, sizeof(text) - 1 - cut), 0);
		assert_int_equal(sl_json_in_end(s.in), 0);
		assert_null(sl_json_in_so_far(s.in));
		assert_string_equal(s.got, "a:1:- a:2:- b:3:x x/0/2; a:4:y y/0/0; ");
		sl_json_in_free(s.in);
	}
}

/* However many there are, the memory of one is enough. */
static void endless_pieces(void **state)
{
	static const char *const names[] = { "a", NULL };
	struct sl_json_limits limits = { 2048, 0 };
	struct pieces s = { .got = "" };
	assert_int_equal(sl_json_in_new(&s.in, "", &limits, whole, &s), 0);
	sl_json_in_pieces(s.in, names, piece);
	int rc = sl_json_in_feed(s.in, "{\"a\":[", 6);
	for (unsigned i = 0; i < 10000 && rc == 0; i++)
		rc = sl_json_in_feed(s.in, "{\"v\":\"12345678\"},", 17);
	assert_int_equal(rc, 0);
	sl_json_in_free(s.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(numbers),
		cmocka_unit_test(bounds),
		cmocka_unit_test(members),
		cmocka_unit_test(top_members),
		cmocka_unit_test(value_in_pieces),
		cmocka_unit_test(endless_pieces),
		cmocka_unit_test(begins_again),
		cmocka_unit_test(stops),
		cmocka_unit_test(writes),
		cmocka_unit_test(writes_no_half),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
