/* SPDX-License-Identifier: BSD-3-Clause */
/* http_test.c - requests of HTTP/1: what is said of them, what comes between them, and full
 * batches. */
#include "cut.h"

static void expect(const char *in, const char *want)
{
	struct cut_step step = { SL_TO_SERVER, in, strlen(in) };
	expect_log("http", &step, 1, want);
}

static void expect_two(const char *first, const char *second, const char *want)
{
	struct cut_step step[] = { { SL_TO_SERVER, first, strlen(first) },
		{ SL_TO_SERVER, second, strlen(second) } };
	expect_log("http", step, 2, want);
}

static void test_request(void **s)
{
	(void)s;
	expect("GET /a/../b%7e?q=%2f HTTP/1.1\r\nHost: Evil.Example:8080\r\n"
	       "User-Agent:  Mozilla/5.0 (X)  \r\nAccept: */*\r\n\r\n",
		"http.method 1 GET\n"
		"http.uri 1 /a/../b%7e?q=%2f\n"
		"http.host 1 evil.example\n"
		"http.url 1 http://evil.example:8080/b~?q=%2F\n"
		"http.user_agent 1 Mozilla/5.0 (X)\n"
		"close 1 \n");
}

static void test_odd_heads(void **s)
{
	(void)s;
	/* lines that end in LF alone, a blank before the colon, capitals, empty lines first */
	expect("\r\n\nBREW / HTTP/1.0\nhOST : a.example.:80\n\n",
		"http.method 1 BREW\nhttp.uri 1 /\nhttp.host 1 a.example\n"
		"http.url 1 http://a.example/\nclose 1 \n");
	/* no Host, no URL */
	expect("GET /x HTTP/1.1\r\n\r\n", "http.method 1 GET\nhttp.uri 1 /x\nclose 1 \n");
	/* HTTP/0.9 */
	expect("GET /x\r\n", "http.method 1 GET\nhttp.uri 1 /x\nclose 1 \n");
	/* a target with blanks: all of it is the URI, its first word the URL */
	expect("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /a b\nhttp.host 1 h\nhttp.url 1 http://h/a\n"
		"close 1 \n");
	expect("GET /\xff\\ HTTP/1.1\r\nHost: h\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\\xff\\\\\nhttp.host 1 h\n"
		"http.url 1 http://h/\\xff\\\\\nclose 1 \n");
	/* a folded line is no header of its own */
	expect("GET / HTTP/1.1\r\nX: y\r\n Host: no\r\nHost: h\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\nhttp.host 1 h\nhttp.url 1 http://h/\nclose 1 \n");
}

static void test_targets(void **s)
{
	(void)s;
	expect("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"http.method 1 OPTIONS\nhttp.uri 1 *\nhttp.host 1 h\nclose 1 \n");
	expect("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"http.method 1 CONNECT\nhttp.uri 1 evil.example:443\nhttp.host 1 evil.example\n"
		"close 1 \n");
	expect("GET HTTP://Evil.Example/x HTTP/1.1\r\nHost: front.example\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 HTTP://Evil.Example/x\nhttp.host 1 evil.example\n"
		"http.host 1 front.example\nhttp.url 1 http://evil.example/x\nclose 1 \n");
	expect("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nUser-Agent: x\r\nUser-Agent: y\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\nhttp.host 1 a\nhttp.host 1 b\n"
		"http.url 1 http://b/\nhttp.user_agent 1 x\nhttp.user_agent 1 y\nclose 1 \n");
	expect("GET /x?u=http://other/ HTTP/1.1\r\nHost: [2001:DB8::1]:81\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /x?u=http://other/\nhttp.host 1 2001:db8::1\n"
		"http.url 1 http://[2001:db8::1]:81/x?u=http://other/\nclose 1 \n");
}

#define GET2 "GET /2 HTTP/1.1\r\n\r\n"
#define LOG2 "http.method 2 GET\nhttp.uri 2 /2\nclose 2 \n"
#define POST1 "http.method 1 POST\nhttp.uri 1 /1\nclose 1 \n"

/* Lines count where their end is there, even if the head is cut; what follows is waited for. */
static void test_cut_head(void **s)
{
	(void)s;
	expect_two("GET /1 HTTP/1.1\r\nHost: h\r\nUser-Agent: cu", "t\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /1\nhttp.host 1 h\nhttp.url 1 http://h/1\nclose 1 "
		"\n");
	expect_two("GET /1 HTTP/1.1\r\nHost: cu", "GET /2 HTTP/1.1\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /1\nclose 1 \n"
		"http.method 2 GET\nhttp.uri 2 /2\nclose 2 \n");
	expect("GET /no-end-of-line", "");
	struct feed *f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, GET2 "GET / HTTP/1.1\r\nHost", strlen(GET2) + 20);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_bodies(void **s)
{
	(void)s;
	/* a body that looks like a request, within a segment and over two */
	expect("POST /1 HTTP/1.1\r\nContent-Length: 19\r\n\r\nGET /0 HTTP/1.1\r\n\r\n" GET2,
		POST1 LOG2);
	expect_two("POST /1 HTTP/1.1\r\nContent-Length: 21\r\n\r\nab",
		"GET /0 HTTP/1.1\r\n\r\n" GET2, POST1 LOG2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 000000000000000000000002\r\n\r\nab" GET2,
		POST1 LOG2);
	/* lengths that are none hide nothing */
	expect("POST /1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n" GET2, POST1 LOG2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n" GET2, POST1 LOG2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" GET2,
		POST1 LOG2);
	expect_two("POST /1 HTTP/1.1\r\nContent-Length: x\r\n\r\nbody", GET2, POST1 LOG2);
}

static void test_chunks(void **s)
{
	(void)s;
#define CHUNKED "POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	expect(CHUNKED "13;x=y\r\nGET /0 HTTP/1.1\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n" GET2,
		POST1 LOG2);
	expect_two(CHUNKED "A\r\nabc", "defghij\r\n0\r\n\r\n" GET2, POST1 LOG2);
	expect_two(CHUNKED "no size", GET2, POST1 LOG2);
	expect_two(CHUNKED "ffffffff\r\nab", GET2, POST1);
}

static void test_gap(void **s)
{
	(void)s;
	static const char post[] = "POST /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nab";
	struct feed *f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, post, strlen(post));
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 6), SL_MORE);
	feed_bytes(f, SL_TO_SERVER, "ij" GET2, 2 + strlen(GET2));
	assert_string_equal(f->log, POST1 LOG2);
	/* longer than the body: lost, until something begins like a request */
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1);
	feed_bytes(f, SL_TO_SERVER, "ost: x\r\n\r\n" GET2, 10 + strlen(GET2));
	assert_string_equal(f->log, POST1 LOG2);
	feed_bytes(f, SL_TO_SERVER, GET2, strlen(GET2));
	assert_non_null(strstr(f->log, "http.uri 3 /2\nclose 3"));
	feed_free(f);
}

static void test_response(void **s)
{
	(void)s;
	struct feed *f = feed_new("http", 0);
	assert_int_equal(feed_bytes(f, SL_TO_CLIENT, "HTTP/1.1 200 OK\r\n\r\n", 19), SL_DONE);
	assert_int_equal(feed_bytes(f, SL_TO_SERVER, GET2, strlen(GET2)), SL_MORE);
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0), SL_DONE);
	feed_free(f);
}

/* Five values of the greatest length don't fit one batch; and more requests than a batch holds. */
static void test_full(void **s)
{
	(void)s;
	static char big[64000], one[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	size_t n = 0;
	n += (size_t)sprintf(big, "GET /%0*d HTTP/1.1\r\nHost: %0*d.x\r\nUser-Agent: %0*d\r\n\r\n",
		20000, 1, 9000, 2, 9000, 3);
	for (unsigned room = 0; room < 6; room++) {
		struct feed *f = feed_new("http", room);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, big, n), SL_MORE);
		assert_non_null(strstr(f->log, "http.uri 1 truncated /000"));
		assert_non_null(strstr(f->log, "http.host 1 000"));
		assert_non_null(strstr(f->log, "http.url 1 truncated http://000"));
		assert_non_null(strstr(f->log, "http.user_agent 1 truncated 000"));
		assert_int_equal(f->counters.c[SL_C_OBSERVABLES_CUT], 4);
		feed_free(f);
	}
	for (n = 0; n + sizeof(one) < sizeof(big); n += sizeof(one) - 1)
		memcpy(big + n, one, sizeof(one) - 1);
	for (unsigned room = 0; room < 6; room++) {
		struct feed *f = feed_new("http", room);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, big, n), SL_MORE);
		assert_int_equal(f->flow.message, n / (sizeof(one) - 1));
		feed_free(f);
	}
}

static const char *probe(const char *in, bool *more)
{
	struct sl_piece p = { .bytes = sl_span_str(in) };
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 4444, more);
	return got ? got->name : "";
}

static void test_probe(void **s)
{
	(void)s;
	static const struct {
		const char *in, *want;
		bool more;
	} row[] = { { "GET / HTTP/1.1\r\n", "http", false }, { "HTTP/1.0 200 OK", "http", false },
		{ "BREW pot HTTP/1.1\r\n", "http", false }, { "BREW pot", "", true },
		{ "POST /a-target-that-is-not-all-here", "http", false }, { "GE", "", true },
		{ "HTTP", "", true }, { "\r\nGET / HTTP/1.1\n", "http", false },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", false },
		{ "OPTIONS sip:a SIP/2.0\r\n", "", false }, { "EHLO x\r\n", "smtp", false },
		{ "SSH-2.0-OpenSSH\r\n", "", false }, { "220 ready\r\n", "", false },
		{ "GET key\r\n", "", false }, { "GET /x\r\n", "http", false } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bool more;
		assert_string_equal(probe(row[i].in, &more), row[i].want);
		assert_int_equal(more, row[i].more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_odd_heads),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_cut_head),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
