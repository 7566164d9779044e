/* SPDX-License-Identifier: BSD-3-Clause */
/* observed_test.c - what a pattern means over observed data, beyond OASIS's cases
 * (tests/system/patterns.py): references, lists, several objects, times that are spans, bounds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/pattern.h>

#include "test.h"

enum { NO, YES, ERROR, WORK };

struct asked {
	const struct sl_pattern *p;
	int answer;
};

static int ask(void *arg, const struct sl_json *list)
{
	const struct sl_json *root[64];
	struct asked *a = arg;
	struct sl_pattern_error err;
	size_t n = 0;
	bool holds;
	for (const struct sl_json *j = list->child; j != NULL; j = j->next)
		root[n++] = j;
	int rc = sl_pattern_holds(a->p, root, n, &holds, &err);
	assert_int_equal(rc != 0, err.reason[0] != '\0');
	a->answer = rc == -E2BIG ? WORK : rc == -EBADMSG ? ERROR : holds;
	return 0;
}

/* data: a list of JSON; ' stands for ". */
static int answer(const char *pattern, const char *data)
{
	static char text[1 << 20];
	static const struct sl_json_limits usual;
	struct asked a = { .answer = -1 };
	struct sl_pattern_error err;
	struct sl_pattern *p;
	struct sl_json_in *in;
	size_t len = strlen(data);
	assert_true(len < sizeof(text));
	for (size_t i = 0; i < len; i++)
		text[i] = data[i] == '\'' ? '"' : data[i];
	assert_int_equal(sl_pattern_parse(&p, pattern, strlen(pattern), SL_PATTERN_21, &err), 0);
	a.p = p;
	assert_int_equal(sl_json_in_new(&in, "", &usual, ask, &a), 0);
	assert_int_equal(sl_json_in_feed(in, text, len), 0);
	assert_int_equal(sl_json_in_end(in), 0);
	sl_json_in_free(in);
	sl_pattern_free(p);
	return a.answer;
}

#define SEEN(first, last, number, objects)                                                         \
	"{'type':'observed-data','first_observed':'2024-01-01T00:00:" first                        \
	"Z','last_observed':'2024-01-01T00:00:" last "Z','number_observed':" number                \
	",'objects':{" objects "}}"
#define A "'0':{'type':'x','a':1}"
#define B "'0':{'type':'x','b':1}"
#define AB "'0':{'type':'x','a':1,'b':1}"

static const char traffic[] = "[" SEEN("00", "00", "1",
	"'0':{'type':'ipv4-addr','value':'192.0.2.1'},'1':{'type':'ipv4-addr','value':"
	"'192.0.2.2','resolves_to_refs':['3']},'2':{'type':'network-traffic','src_ref':'0',"
	"'dst_ref':'1','dst_port':443,'protocols':['ipv4','tcp']},'3':{'type':'mac-addr',"
	"'value':'00:00:5e:00:53:01'},'4':{'type':'file','hashes':{'MD5':'aa','SHA-1':'bb'},"
	"'size':5,'content_ref':'9','loop_ref':'4'},'5':{'type':'file','size':7}") "]";

static const char bundle[] =
	"[{'type':'bundle','objects':[{'type':'ipv4-addr','id':'ipv4-addr--1','value':'192.0.2.7'},"
	"{'type':'network-traffic','id':'n--1','src_ref':'ipv4-addr--1'},"
	"{'type':'observed-data','first_observed':'2024-01-01T00:00:00Z',"
	"'last_observed':'2024-01-01T00:00:00Z','number_observed':1,'object_refs':['n--1']}]}]";

static const struct {
	const char *pattern, *data;
	int answer;
} cases[] = {
	{ "[network-traffic:dst_ref.value = '192.0.2.2']", traffic, YES },
	{ "[network-traffic:src_ref.value = '192.0.2.2']", traffic, NO },
	{ "[network-traffic:dst_ref.resolves_to_refs[*].value LIKE '00:00:%']", traffic, YES },
	{ "[network-traffic:dst_ref.resolves_to_refs[0].value LIKE '00_00:%']", traffic, YES },
	{ "[network-traffic:dst_ref.resolves_to_refs[1].value LIKE '%']", traffic, NO },
	{ "[network-traffic:dst_ref = '1']", traffic, YES },
	{ "[network-traffic:dst_ref.value ISSUBSET '192.0.2.0/24']", traffic, YES },
	{ "[network-traffic:dst_ref.value ISSUBSET '2001:db8::/32']", traffic, NO },
	{ "[network-traffic:protocols[*] = 'tcp']", traffic, YES },
	{ "[network-traffic:protocols[1] = 'tcp']", traffic, YES },
	{ "[network-traffic:protocols[-1] = 'tcp']", traffic, NO },
	{ "[network-traffic:protocols[2] != 'tcp']", traffic, NO },
	{ "[network-traffic:src_port != 80]", traffic, NO },
	{ "[network-traffic:src_port NOT IN (80)]", traffic, NO },
	{ "[EXISTS network-traffic:dst_port]", traffic, YES },
	{ "[NOT EXISTS network-traffic:dst_port]", traffic, NO },
	{ "[NOT EXISTS network-traffic:src_port]", traffic, YES },
	{ "[file:hashes[*] = 'bb']", traffic, YES },
	{ "[file:hashes.'SHA-1' = 'bb' AND file:size = 5]", traffic, YES },
	{ "[file:hashes.'SHA-1' = 'bb' AND file:size = 7]", traffic, NO },
	{ "[file:content_ref.size = 5]", traffic, NO },
	{ "[file:loop_ref.loop_ref.loop_ref.size = 5]", traffic, YES },
	{ "[file:size = '5']", traffic, NO },
	{ "[file:size = 7 AND network-traffic:dst_port = 443]", traffic, YES },
	{ "[(file:size = 5 OR network-traffic:dst_port = 1) AND (file:size = 7 OR "
	  "network-traffic:dst_port = 1)]",
		traffic, NO },
	{ "[(file:size = 5 OR network-traffic:dst_port = 1) AND (file:size = 7 OR "
	  "network-traffic:dst_port = 443)]",
		traffic, YES },
	{ "[file:size = 5 OR file:size = t'2024-01-01T00:00:00Z']", traffic, YES },
	{ "[file:size = 5 OR file:hashes.MD5 = t'2024-01-01T00:00:00Z']", traffic, ERROR },
	{ "[file:hashes.MD5 MATCHES '(']", traffic, ERROR },
	{ "[file:hashes.MD5 MATCHES '^a{2}$']", traffic, YES },
	{ "[network-traffic:src_ref.value = '192.0.2.7']", bundle, YES },
	{ "[ipv4-addr:value = '192.0.2.7']", bundle, NO },
	{ "[x:a = 1] AND [x:a = 1]", "[" SEEN("00", "00", "1", A) "]", NO },
	{ "[x:a = 1] AND [x:b = 1]", "[" SEEN("00", "00", "1", AB) "]", NO },
	{ "[x:a = 1] AND [x:b = 1]", "[" SEEN("00", "00", "1", AB) "," SEEN("00", "00", "1", A) "]",
		YES },
	{ "[x:a = 1] REPEATS 3 TIMES", "[" SEEN("00", "00", "3", A) "]", YES },
	{ "[x:a = 1] REPEATS 4 TIMES", "[" SEEN("00", "00", "3", A) "]", NO },
	{ "[x:a = 1] REPEATS 999999999 TIMES", "[" SEEN("00", "00", "999999999", A) "]", YES },
	{ "[x:a = 1] FOLLOWEDBY [x:b = 1]",
		"[" SEEN("01", "01", "1", A) "," SEEN("01", "01", "1", B) "]", YES },
	{ "[x:a = 1] FOLLOWEDBY [x:b = 1]",
		"[" SEEN("02", "02", "1", A) "," SEEN("01", "01", "1", B) "]", NO },
	{ "[x:a = 1] FOLLOWEDBY [x:b = 1]",
		"[" SEEN("01", "09", "1", A) "," SEEN("01", "01", "1", B) "]", YES },
	/* The first that serves is needed by the other. */
	{ "[x:a = 1] FOLLOWEDBY [x:b = 1]",
		"[" SEEN("01", "01", "1", AB) "," SEEN("01", "01", "1", A) "]", YES },
	{ "([x:a = 1] FOLLOWEDBY [x:b = 1]) WITHIN 5 SECONDS",
		"[" SEEN("01", "01", "1", A) "," SEEN("06", "06", "1", B) "]", NO },
	{ "([x:a = 1] FOLLOWEDBY [x:b = 1]) WITHIN 5.000000001 SECONDS",
		"[" SEEN("01", "01", "1", A) "," SEEN("06", "06", "1", B) "]", YES },
	{ "([x:a = 1] FOLLOWEDBY [x:b = 1]) WITHIN 5 SECONDS",
		"[" SEEN("01", "03", "1", A) "," SEEN("06", "06", "1", B) "]", YES },
	{ "([x:a = 1] WITHIN 1 SECONDS) FOLLOWEDBY [x:b = 1]",
		"[" SEEN("01", "30", "1", A) "," SEEN("06", "06", "1", B) "]", YES },
	{ "([x:a = 1] AND [x:b = 1]) WITHIN 2 SECONDS",
		"[" SEEN("01", "01", "1", A) "," SEEN("05", "05", "1", A) "," SEEN(
			"06", "06", "1", B) "]",
		YES },
	{ "([x:a = 1] FOLLOWEDBY [x:b = 1]) REPEATS 2 TIMES",
		"[" SEEN("01", "01", "2", A) "," SEEN("02", "02", "2", B) "]", YES },
	{ "([x:a = 1] FOLLOWEDBY [x:b = 1]) REPEATS 2 TIMES",
		"[" SEEN("01", "01", "2", A) "," SEEN("02", "02", "1", B) "]", NO },
	{ "[x:a = 1] START t'2024-01-01T00:00:02Z' STOP t'2024-01-01T00:00:03Z'",
		"[" SEEN("01", "09", "1", A) "]", YES },
	{ "[x:a = 1] START t'2024-01-01T00:00:02Z' STOP t'2024-01-01T00:00:03Z'",
		"[" SEEN("03", "03", "1", A) "]", NO },
	{ "[x:a = 1]", "[" SEEN("03", "02", "1", A) "]", ERROR },
	{ "[x:a = 1]", "[" SEEN("03", "03", "0", A) "]", ERROR },
	{ "[x:a = 1]", "[7]", ERROR },
	{ "[x:a = 1]", "[{'type':'observed-data','objects':{}}]", ERROR },
	{ "[x:a = 1]", "[]", NO },
	{ "[x:a = 1]", "[{'type':'x','a':1}]", NO },
};

static void test_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = answer(cases[i].pattern, cases[i].data);
		if (got != cases[i].answer)
			print_error("%s\n%s\n", cases[i].pattern, cases[i].data);
		assert_int_equal(got, cases[i].answer);
	}
}

/* Patterns that a search without bounds would never come back from. */
static void test_bounded(void **state)
{
	static char data[1 << 16], pattern[1 << 15];
	(void)state;
	size_t at = (size_t)snprintf(data, sizeof(data), "[");
	for (unsigned i = 0; i < 40; i++)
		at += (size_t)snprintf(data + at, sizeof(data) - at, "%s%s", i ? "," : "",
			SEEN("01", "30", "1",
				AB ",'1':{'type':'y','y_refs':['1','1','1','1','1','1','1','1']}"));
	snprintf(data + at, sizeof(data) - at, "]");
	at = 0;
	for (unsigned i = 0; i < 41; i++)
		at += (size_t)snprintf(
			pattern + at, sizeof(pattern) - at, "%s[x:a = 1]", i ? " AND " : "");
	assert_int_equal(answer(pattern, data), NO);
	pattern[at - strlen(" AND [x:a = 1]")] = '\0';
	assert_int_equal(answer(pattern, data), YES);
	assert_int_equal(answer("([x:a = 1] FOLLOWEDBY [x:b = 1]) REPEATS 20 TIMES", data), YES);
	assert_int_equal(answer("([x:a = 1] FOLLOWEDBY [x:b = 1]) REPEATS 21 TIMES", data), NO);
	assert_int_equal(answer("[x:a = 1] REPEATS 41 TIMES WITHIN 9 SECONDS", data), NO);
	assert_int_equal(answer("[x:a = 1] REPEATS 39 TIMES FOLLOWEDBY [x:b = 1]", data), YES);
	assert_int_equal(answer("[x:a = 1] REPEATS 9 TIMES FOLLOWEDBY [x:c = 1]", data), NO);
	assert_int_equal(
		answer("([x:a = 1] FOLLOWEDBY [x:b = 1]) WITHIN 2 SECONDS REPEATS 20 TIMES", data),
		YES);
	assert_int_equal(
		answer("([x:a = 1] FOLLOWEDBY [x:b = 1]) WITHIN 2 SECONDS REPEATS 21 TIMES", data),
		NO);
	at = (size_t)snprintf(pattern, sizeof(pattern), "[y:y_refs[*]");
	for (unsigned i = 0; i < 30; i++)
		at += (size_t)snprintf(pattern + at, sizeof(pattern) - at, ".y_refs[*]");
	snprintf(pattern + at, sizeof(pattern) - at, " = 'z']");
	assert_int_equal(answer(pattern, data), WORK);
}

static void test_no_scope(void **state)
{
	struct sl_pattern *p;
	struct sl_pattern_error err;
	bool holds;
	(void)state;
	assert_int_equal(sl_pattern_new(&p), 0);
	assert_int_equal(sl_pattern_holds(p, NULL, 0, &holds, &err), -EBADMSG);
	struct sl_node *all = sl_pattern_group(p, SL_NODE_ALL);
	sl_pattern_append(all, sl_pattern_equal(p, "x:a", "1", 1));
	sl_pattern_root_set(p, all);
	assert_int_equal(sl_pattern_holds(p, NULL, 0, &holds, &err), -EBADMSG);
	sl_pattern_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_bounded), cmocka_unit_test(test_no_scope) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
