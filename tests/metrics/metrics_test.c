/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics_test.c - what is told is read back as it was, over the port as well; what is no answer is
 * refused, whole or cut anywhere. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <sightline/metrics.h>

#define NASTY "a\"b\\c\nd}e, worker=\"9"

static void fill(void *arg, sl_metric_fn put, void *to)
{
	char name[128], key[256];
	uint64_t *asked = arg;
	if (asked != NULL)
		++*asked;
	put(to, "sl_b_total{reason=\"x\"}", "of b", 1);
	put(to, "sl_a", "of a", UINT64_C(18446744073709551615));
	put(to, "sl_b_total{reason=\"y\"}", "of b", 2);
	put(to, "sl_b", "not of b_total", 3);
	sl_metrics_escape(NASTY, name, sizeof(name));
	snprintf(key, sizeof(key), "sl_feed{feed=\"%s\",worker=\"3\"}", name);
	put(to, key, "of feeds", 4);
}

static void text_is_grouped(void **state)
{
	char *text;
	size_t len;
	assert_int_equal(sl_metrics_text(fill, NULL, &text, &len), 0);
	assert_string_equal(text,
		"# HELP sl_a of a\n# TYPE sl_a gauge\nsl_a 18446744073709551615\n"
		"# HELP sl_b not of b_total\n# TYPE sl_b gauge\nsl_b 3\n"
		"# HELP sl_b_total of b\n# TYPE sl_b_total counter\n"
		"sl_b_total{reason=\"x\"} 1\nsl_b_total{reason=\"y\"} 2\n"
		"# HELP sl_feed of feeds\n# TYPE sl_feed gauge\n"
		"sl_feed{feed=\"a\\\"b\\\\c\\nd}e, worker=\\\"9\",worker=\"3\"} 4\n");
	assert_int_equal(len, strlen(text));
	free(text);
}

static void check_read(const struct sl_metrics *m)
{
	size_t n;
	double v;
	char label[64];
	const struct sl_metric *s = sl_metrics_all(m, &n);
	assert_int_equal(n, 5);
	assert_int_equal(sl_metrics_unreadable(m), 0);
	assert_true(sl_metrics_get(m, "sl_b_total{reason=\"y\"}", &v) && v == 2);
	assert_false(sl_metrics_get(m, "sl_b_total", &v));
	assert_true(sl_metric_is(&s[1], "sl_b") && !sl_metric_is(&s[2], "sl_b"));
	assert_true(sl_metric_label(&s[4], "feed", label, sizeof(label)));
	assert_string_equal(label, NASTY);
	assert_true(sl_metric_label(&s[4], "worker", label, sizeof(label)));
	assert_string_equal(label, "3");
	assert_false(sl_metric_label(&s[4], "wor", label, sizeof(label)));
	assert_false(sl_metric_label(&s[4], "feed", label, 5)); /* too small */
	assert_false(sl_metric_label(&s[0], "feed", label, sizeof(label)));
}

static void text_is_read_back(void **state)
{
	char *text;
	size_t len;
	struct sl_metrics *m;
	assert_int_equal(sl_metrics_text(fill, NULL, &text, &len), 0);
	assert_int_equal(sl_metrics_parse(&m, text, len), 0);
	check_read(m);
	sl_metrics_free(m);
	free(text);
}

static void lines_are_judged(void **state)
{
	static const struct {
		const char *line;
		bool good;
	} rows[] = {
		{ "a 1", true },
		{ "a\t1 1700000000000", true },
		{ "a{} 1.5e3", true },
		{ "a{x=\"}\"} 1\r", true },
		{ "a +Inf", true },
		{ "a NaN", false },
		{ "a", false },
		{ "a ", false },
		{ " 1", false },
		{ "a{x=\"1\" 1", false },
		{ "a{x=\"1\\\"} 1", false },
		{ "a}1 1", false },
		{ "a{x=\"1\"}1", false },
		{ "a 1x", false },
		{ "a 0000000000000000000000000000000000000000000000000000000000000000000001",
			false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_metrics *m;
		size_t n;
		assert_int_equal(sl_metrics_parse(&m, rows[i].line, strlen(rows[i].line)), 0);
		(void)sl_metrics_all(m, &n);
		if (n != rows[i].good || sl_metrics_unreadable(m) == rows[i].good)
			fail_msg("%s", rows[i].line);
		sl_metrics_free(m);
	}
	struct sl_metrics *m;
	size_t n;
	assert_int_equal(sl_metrics_parse(&m, "a\0b 1\nc 2", 9), 0);
	(void)sl_metrics_all(m, &n);
	assert_int_equal(n, 1);
	sl_metrics_free(m);
}

static void samples_are_bounded(void **state)
{
	static char text[65537 * 4];
	struct sl_metrics *m;
	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "a 1\n", 4);
	assert_int_equal(sl_metrics_parse(&m, text, sizeof(text)), -E2BIG);
	assert_int_equal(sl_metrics_parse(&m, text, sizeof(text) - 4), 0);
	sl_metrics_free(m);
}

static void answers_are_judged(void **state)
{
	static const char good[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\na 1\n";
	static const char *const bad[] = { "", "HTTP/1.1 200", "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\n\r\na 1\n", "HTTP/1.1 2000\r\n\r\n", "a 1\n" };
	struct sl_metrics *m;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_metrics_answer(&m, bad[i], strlen(bad[i])), -EPROTO);
	/* Against an unmapped page, cut anywhere: until the head is whole it is none. */
	for (size_t len = 0; len < sizeof(good); len++) {
		struct guarded g = guarded_new(good, len);
		int rc = sl_metrics_answer(&m, (const char *)g.p, len);
		assert_int_equal(rc, len < sizeof(good) - 1 - 4 ? -EPROTO : 0);
		if (rc == 0)
			sl_metrics_free(m);
		guarded_free(&g);
	}
}

static void addresses_are_judged(void **state)
{
	static const char *const good[] = { "0", "7690", "127.0.0.1:7690", "0.0.0.0:65535",
		"[::1]:7690" };
	static const char *const bad[] = { "", "x", ":7690", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:7690x", "127.0.0.1:-1", "1.2.3:5", "::1:7690", "[::1]", "[::1:7690",
		"host:7690", "127.0.0.1:000001", "[]:1" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!sl_metrics_where(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sl_metrics_where(bad[i]))
			fail_msg("%s", bad[i]);
}

static void port_answers(void **state)
{
	struct sl_metrics_port *p, *second;
	struct sl_metrics *m;
	char at[SL_METRICS_AT], err[256];
	uint64_t asked = 0;
	assert_int_equal(sl_metrics_open(&p, "0", at, err, sizeof(err)), 0);
	assert_int_equal(strncmp(at, "http://127.0.0.1:", 17), 0);
	char where[SL_METRICS_AT];
	snprintf(where, sizeof(where), "%.*s", (int)strcspn(at + 7, "/"), at + 7);
	assert_int_equal(sl_metrics_open(&second, where, at, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, "end the program"));
	assert_int_equal(sl_metrics_serve(p, fill, &asked), 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(
			sl_metrics_fetch(&m, i == 2 ? at : where, 60000, err, sizeof(err)), 0);
		assert_int_equal(asked, i);
		check_read(m);
		sl_metrics_free(m);
	}
	sl_metrics_close(p);
	assert_int_equal(sl_metrics_fetch(&m, where, 60000, err, sizeof(err)), -ECONNREFUSED);
	assert_non_null(strstr(err, "--metrics"));
	assert_int_equal(sl_metrics_fetch(&m, "nowhere", 60000, err, sizeof(err)), -EINVAL);
}

static int reply(void *arg, const char *body, size_t len, char **text, size_t *text_len)
{
	if (len > 0 && body[0] == '!')
		return -EINVAL;
	*text_len = len + 1;
	*text = malloc(*text_len);
	(*text)[0] = '>';
	memcpy(*text + 1, body, len);
	return 0;
}

static void posts_are_answered(void **state)
{
	static char body[SL_METRICS_BODY + 1];
	struct sl_metrics_port *p;
	char at[SL_METRICS_AT], err[256], *text;
	size_t len;
	memset(body, 'x', sizeof(body));
	assert_int_equal(sl_metrics_open(&p, "0", at, err, sizeof(err)), 0);
	sl_metrics_posts(p, "/echo", reply, NULL);
	assert_int_equal(sl_metrics_serve(p, fill, NULL), 0);
	for (size_t n = 0; n <= SL_METRICS_BODY; n = n * 3 + 1) {
		assert_int_equal(
			sl_metrics_post(at, "/echo", body, n, 60000, &text, &len, err, sizeof(err)),
			0);
		assert_int_equal(len, n + 1);
		assert_int_equal(text[0], '>');
		assert_memory_equal(text + 1, body, n);
		free(text);
	}
	assert_int_equal(sl_metrics_post(at, "/echo", body, SL_METRICS_BODY, 60000, &text, &len,
				 err, sizeof(err)),
		0);
	assert_int_equal(len, SL_METRICS_BODY + 1);
	free(text);
	assert_int_equal(sl_metrics_post(at, "/echo", "!", 1, 60000, &text, &len, err, sizeof(err)),
		-EPROTO);
	assert_int_equal(
		sl_metrics_post(at, "/other", "a", 1, 60000, &text, &len, err, sizeof(err)),
		-EPROTO);
	sl_metrics_close(p);
}

/* What a port that isn't one of ours says, and one that says nothing. */
static void a_silent_port_is_given_up(void **state)
{
	struct sl_metrics_port *p;
	struct sl_metrics *m;
	char at[SL_METRICS_AT], err[256];
	assert_int_equal(sl_metrics_open(&p, "0", at, err, sizeof(err)), 0); /* doesn't serve */
	assert_int_equal(sl_metrics_fetch(&m, at, 50, err, sizeof(err)), -ETIMEDOUT);
	sl_metrics_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_grouped),
		cmocka_unit_test(text_is_read_back),
		cmocka_unit_test(lines_are_judged),
		cmocka_unit_test(samples_are_bounded),
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(addresses_are_judged),
		cmocka_unit_test(port_answers),
		cmocka_unit_test(posts_are_answered),
		cmocka_unit_test(a_silent_port_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
