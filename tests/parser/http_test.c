/* SPDX-License-Identifier: BSD-3-Clause */
/* http_test.c - requests of HTTP/1: what is said of them, what comes between them, and full
 * batches. */
#include "pieces.h"

/* In pieces of any size. */
static void expect(const char *in, const char *want)
{
	struct cut_step step = { SL_TO_SERVER, in, strlen(in) };
	expect_stream("http", &step, 1, SL_MORE, want);
}

static void expect_both(const char *request, const char *response, const char *want)
{
	struct cut_step step[] = { { SL_TO_SERVER, request, strlen(request) },
		{ SL_TO_CLIENT, response, strlen(response) } };
	expect_stream("http", step, 2, SL_MORE, want);
}

/* In these two pieces: where a head is looked for at the start of a piece. */
static void expect_two(const char *first, const char *second, const char *want)
{
	for (unsigned room = 0; room < 8; room++) {
		struct feed *f = feed_new("http", room);
		(void)feed_guarded(f, SL_TO_SERVER, first, strlen(first));
		(void)feed_guarded(f, SL_TO_SERVER, second, strlen(second));
		feed_ends(f);
		assert_string_equal(f->log, want);
		feed_free(f);
	}
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
	/* but belongs to the value before it */
	expect("GET / HTTP/1.1\r\nHost:\r\n\th.example\r\nUser-Agent: a\r\n b\n  c\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\nhttp.host 1 h.example\n"
		"http.url 1 http://h.example/\nhttp.user_agent 1 a b  c\nclose 1 \n");
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
		"http.method 1 GET\nhttp.uri 1 HTTP://Evil.Example/x\nhttp.target_host 1 "
		"evil.example\n"
		"http.host 1 front.example\nhttp.url 1 http://evil.example/x\nclose 1 \n");
	expect("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nUser-Agent: x\r\nUser-Agent: y\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\nhttp.host 1 a\nhttp.host 1 b\n"
		"http.url 1 http://b/\nhttp.user_agent 1 x\nhttp.user_agent 1 y\nclose 1 \n");
	expect("GET /x?u=http://other/ HTTP/1.1\r\nHost: [2001:DB8::1]:81\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /x?u=http://other/\nhttp.host 1 2001:db8::1\n"
		"http.url 1 http://[2001:db8::1]:81/x?u=http://other/\nclose 1 \n");
}

static void test_fields(void **s)
{
	(void)s;
	expect("GET / HTTP/1.1\r\nreferer: HTTP://R.example/%7ea\r\nCookie: a=B; c=d\r\n"
	       "X-Forwarded-For: 192.0.2.1, unknown,\"[2001:db8::1]:80\" , 198.51.100.2:99\r\n"
	       "X-Forwarded-For: 2001:DB8::2,,a.example,1.2.3\r\n\r\n",
		"http.method 1 GET\nhttp.uri 1 /\nhttp.referer 1 http://r.example/~a\n"
		"http.cookie 1 a=B; c=d\nhttp.xff 1 192.0.2.1\nhttp.xff 1 2001:db8::1\n"
		"http.xff 1 198.51.100.2\nhttp.xff 1 2001:db8::2\nclose 1 \n");
}

#define GET1 "GET /1 HTTP/1.1\r\n\r\n"
#define SAY1 "http.method 1 GET\nhttp.uri 1 /1\n"
#define GET2 "GET /2 HTTP/1.1\r\n\r\n"
#define SAY2 "http.method 2 GET\nhttp.uri 2 /2\n"
#define GET3 "GET /3 HTTP/1.1\r\n\r\n"
#define SAY3 "http.method 3 GET\nhttp.uri 3 /3\n"
#define POST1 "http.method 1 POST\nhttp.uri 1 /1\n"
#define CLOSE1 "close 1 \n"
#define CLOSE2 "close 2 \n"
#define CLOSE3 "close 3 \n"

/* Lines count where their end is there, even if the head is cut; what follows is waited for. */
static void test_cut_head(void **s)
{
	(void)s;
	expect("GET /1 HTTP/1.1\r\nHost: h\r\nUser-Agent: cu",
		SAY1 "http.host 1 h\nhttp.url 1 http://h/1\n" CLOSE1);
	expect_two("GET /1 HTTP/1.1\r\nHost: h\r\nUser-Agent: cu", "t\r\n\r\n",
		SAY1 "http.host 1 h\nhttp.url 1 http://h/1\nhttp.user_agent 1 cut\n" CLOSE1);
	expect("GET /no-end-of-line", "");
	struct feed *f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, GET2 "GET / HTTP/1.1\r\nHost", strlen(GET2) + 20);
	feed_ends(f);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	/* without room to hold it, its lines count as they came */
	f = feed_new("http", 0);
	struct sl_parser_pool *pool = f->b.pool;
	f->b.pool = NULL;
	feed_bytes(f, SL_TO_SERVER, "GET /1 HTTP/1.1\r\nHost: h\r\nUs", 29);
	feed_bytes(f, SL_TO_SERVER, GET2, strlen(GET2));
	f->b.pool = pool;
	assert_string_equal(
		f->log, SAY1 "http.host 1 h\nhttp.url 1 http://h/1\n" CLOSE1 SAY2 CLOSE2);
	assert_true(f->counters.c[SL_C_PARSER_POOL] > 0);
	feed_free(f);
}

static void test_bodies(void **s)
{
	(void)s;
	/* a body that looks like a request */
	expect("POST /1 HTTP/1.1\r\nContent-Length: 19\r\n\r\nGET /0 HTTP/1.1\r\n\r\n" GET2,
		POST1 SAY2 CLOSE1 CLOSE2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 000000000000000000000002\r\n\r\nab" GET2,
		POST1 SAY2 CLOSE1 CLOSE2);
	/* lengths that are none hide nothing */
	expect("POST /1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n" GET2, POST1 SAY2 CLOSE1 CLOSE2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n" GET2,
		POST1 SAY2 CLOSE1 CLOSE2);
	expect("POST /1 HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" GET2,
		POST1 SAY2 CLOSE1 CLOSE2);
	expect_two("POST /1 HTTP/1.1\r\nContent-Length: x\r\n\r\n\xff\xfe", GET2,
		POST1 CLOSE1 SAY2 CLOSE2);
}

static void test_chunks(void **s)
{
	(void)s;
#define CHUNKED "POST /1 HTTP/1.1\r\nTransfer-Encoding: gzip,\r\n Chunked\r\n\r\n"
	expect(CHUNKED "13;x=y\r\nGET /0 HTTP/1.1\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n" GET2,
		POST1 SAY2 CLOSE1 CLOSE2);
	expect(CHUNKED "000A \nabcdefghij\n00\n\n" GET2, POST1 SAY2 CLOSE1 CLOSE2);
	expect_two(CHUNKED "no size", GET2, POST1 CLOSE1 SAY2 CLOSE2);
	expect_two(CHUNKED "3\r\nabcd\r\n0\r\n\r\n", GET2, POST1 CLOSE1 SAY2 CLOSE2);
	expect_two(CHUNKED "11111111111111111\r\n", GET2, POST1 CLOSE1 SAY2 CLOSE2);
	expect(CHUNKED "ffffffff\r\nab" GET2, POST1 CLOSE1);
}

static void test_gap(void **s)
{
	(void)s;
	static const char post[] = "POST /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nab";
	struct feed *f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, post, strlen(post));
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 6), SL_MORE);
	feed_bytes(f, SL_TO_SERVER, "ij" GET2, 2 + strlen(GET2));
	assert_string_equal(f->log, POST1 SAY2);
	/* within no body: lost, until something begins like a request */
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1);
	feed_bytes(f, SL_TO_SERVER, "ost: x\r\n\r\n" GET2, 10 + strlen(GET2));
	assert_string_equal(f->log, POST1 SAY2 CLOSE1 CLOSE2);
	feed_bytes(f, SL_TO_SERVER, GET2, strlen(GET2));
	assert_non_null(strstr(f->log, "http.uri 3 /2\nclose 3"));
	/* within a head: what was whole of it counts */
	feed_bytes(f, SL_TO_SERVER, "GET /4 HTTP/1.1\r\nHost: h\r\nUser", 31);
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 9);
	assert_non_null(strstr(f->log, "http.host 4 h\nhttp.url 4 http://h/4\nclose 4"));
	feed_free(f);
}

#define OK(fields, body) "HTTP/1.1 200 OK\r\n" fields "\r\n" body
#define SERVER(n) "Server: s" #n "\r\n"

static void test_responses(void **s)
{
	(void)s;
	expect_both(GET1 GET2, OK(SERVER(1) "Content-Length: 4\r\n", "HTTP") OK(SERVER(2), ""),
		SAY1 SAY2 "http.server 1 s1\n" CLOSE1 "http.server 2 s2\n" CLOSE2);
	/* an interim response is not the answer */
	expect_both(GET1 GET2,
		"HTTP/1.1 100 Continue\r\n\r\n" OK(SERVER(1) "Transfer-Encoding: chunked\r\n",
			"5\r\nHTTP/\r\n0\r\nX: y\r\n\r\n")
			OK(SERVER(2) "Content-Length: 0\r\n", ""),
		SAY1 SAY2 "http.server 1 s1\n" CLOSE1 "http.server 2 s2\n" CLOSE2);
	/* responses without a body, whatever their length says */
	expect_both("HEAD /1 HTTP/1.1\r\n\r\n" GET2 GET3,
		OK(SERVER(1) "Content-Length: 99\r\n", "") "HTTP/1.1 304 No\r\n" SERVER(
			2) "Content-Length: 9\r\n\r\n"
			   "HTTP/1.1 204 No\r\n" SERVER(3) "\r\n",
		"http.method 1 HEAD\nhttp.uri 1 /1\n" SAY2 SAY3 "http.server 1 s1\n" CLOSE1
		"http.server 2 s2\n" CLOSE2 "http.server 3 s3\n" CLOSE3);
	/* one that goes on until the end hides what looks like another */
	expect_both(GET1, OK(SERVER(1), OK(SERVER(2), "")), SAY1 "http.server 1 s1\n" CLOSE1);
	/* one whose request was not seen */
	expect_both("", OK(SERVER(1) "Content-Length: 0\r\n", ""), "http.server 1 s1\n" CLOSE1);
}

/* More requests than wait for a response: from there on each is a message of its own. */
static void test_unpaired(void **s)
{
	(void)s;
	struct feed *f = feed_new("http", 0);
	for (unsigned i = 0; i < 40; i++)
		feed_bytes(f, SL_TO_SERVER, GET1, strlen(GET1));
	feed_bytes(f, SL_TO_CLIENT, OK(SERVER(1), ""), strlen(OK(SERVER(1), "")));
	assert_non_null(strstr(f->log, "http.server 41 s1\nclose 41"));
	unsigned closes = 0;
	for (const char *p = f->log; (p = strstr(p, "close")) != NULL; p++)
		closes++;
	assert_int_equal(closes, 41);
	/* what follows is lost, and closes nothing that there is not */
	feed_bytes(f, SL_TO_SERVER, GET1, strlen(GET1));
	feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 1);
	feed_ends(f);
	assert_null(strstr(f->log, "close 0"));
	feed_free(f);
}

static void test_takeover(void **s)
{
	(void)s;
#define CONNECT1 "CONNECT h:443 HTTP/1.1\r\n\r\n"
#define SAYC1 "http.method 1 CONNECT\nhttp.uri 1 h:443\nhttp.target_host 1 h\n"
	struct cut_step row[] = { { SL_TO_SERVER, CONNECT1, strlen(CONNECT1) },
		{ SL_TO_CLIENT, OK(SERVER(1), ""), strlen(OK(SERVER(1), "")) } };
	expect_stream("http", row, 2, SL_NOT_MINE, SAYC1 "http.server 1 s1\n" CLOSE1);
	static const char upgrade[] = "HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n";
	struct cut_step up[] = { { SL_TO_SERVER, GET1, strlen(GET1) },
		{ SL_TO_CLIENT, upgrade, strlen(upgrade) } };
	expect_stream("http", up, 2, SL_NOT_MINE, SAY1 CLOSE1);
	/* refused: the flow stays */
	expect_both(CONNECT1 GET2, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" OK(SERVER(2), ""),
		SAYC1 SAY2 CLOSE1 "http.server 2 s2\n" CLOSE2);
	/* what follows the head is left to the next protocol */
	struct feed *f = feed_new("http", 0);
	size_t used;
	feed_bytes(f, SL_TO_SERVER, CONNECT1, strlen(CONNECT1));
	struct sl_piece p = { .bytes = sl_span_str(OK("", "220 x")), .dir = SL_TO_CLIENT };
	sl_batch_empty(&f->b);
	assert_int_equal(f->parser->feed(f->state, &p, &f->b, &used), SL_NOT_MINE);
	assert_int_equal(p.bytes.len - used, 5);
	feed_free(f);
	/* the answer was not captured */
	f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, CONNECT1, strlen(CONNECT1));
	p = (struct sl_piece){ .bytes = sl_span("\x16\3\1", 3), .dir = SL_TO_SERVER };
	assert_int_equal(f->parser->feed(f->state, &p, &f->b, &used), SL_NOT_MINE);
	assert_int_equal(used, 0);
	feed_free(f);
	/* an upgrade whose answer was not captured */
	f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, GET1, strlen(GET1));
	p = (struct sl_piece){ .bytes = sl_span_str("PRI * HTTP/2.0\r\n\r\n"),
		.dir = SL_TO_SERVER };
	assert_int_equal(f->parser->feed(f->state, &p, &f->b, &used), SL_NOT_MINE);
	assert_int_equal(used, 0);
	feed_free(f);
}

/* A flood of headers is bounded: its first lines count, and what comes behind it is found. */
static void test_flood(void **s)
{
	(void)s;
	static char big[200000];
	size_t n = (size_t)sprintf(big, "GET /1 HTTP/1.1\r\nHost: h\r\n");
	while (n < sizeof(big) - 100)
		n += (size_t)sprintf(big + n, "X-%zu: y\r\n", n);
	n += (size_t)sprintf(big + n, "User-Agent: late\r\n\r\n" GET2);
	for (unsigned kind = 0; kind < PIECES_KINDS; kind++) {
		struct feed *f = feed_new("http", 0);
		for (size_t at = 0; at < n;) {
			size_t len = n - at;
			len = kind == PIECES_WHOLE ? len : kind == PIECES_ONE ? 1 : 1000;
			len = len < n - at ? len : n - at;
			feed_bytes(f, SL_TO_SERVER, big + at, len);
			at += len;
		}
		feed_ends(f);
		assert_string_equal(
			f->log, SAY1 "http.host 1 h\nhttp.url 1 http://h/1\n" CLOSE1 SAY2 CLOSE2);
		feed_free(f);
	}
}

/* Five values of the greatest length don't fit one batch; and more requests than a batch holds. */
static void test_full(void **s)
{
	(void)s;
	static char big[64000], one[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	size_t n = 0;
	n += (size_t)sprintf(big, "GET /%0*d HTTP/1.1\r\nHost: %0*d.x\r\nUser-Agent: %0*d\r\n\r\n",
		9000, 1, 9000, 2, 9000, 3);
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
		{ "POST /a-target-that-is-not-all-here", "", true }, { "GE", "", true },
		{ "HTTP", "", true }, { "\r\nGET / HTTP/1.1\n", "http", false },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2", false },
		{ "OPTIONS sip:a SIP/2.0\r\n", "sip", false }, { "EHLO x\r\n", "smtp", false },
		{ "SSH-2.0-OpenSSH\r\n", "ssh", false }, { "220 ready\r\n", "", false },
		{ "USER x 0 * :y\r\n", "", false }, { "GET key\r\n", "", false },
		{ "GET /x\r\n", "http", false } };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bool more;
		assert_string_equal(probe(row[i].in, &more), row[i].want);
		assert_int_equal(more, row[i].more);
	}
}

int main(void)
{
	feed_wants = FEED_WITHOUT_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_odd_heads),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_cut_head),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_unpaired),
		cmocka_unit_test(test_takeover),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
