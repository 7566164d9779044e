/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_test.c - HTTP/2: what requests and responses say, how frames and blocks may be cut, and
 * what hostile or missing ones cost. */
#include "http2_made.h"
#include "pieces.h"

#define GET 2 /* static table */
#define SLASH 4
#define HTTP 6
#define OK200 8
#define NEWEST 62

static void frame_of(
	struct made *to, uint8_t type, uint8_t flags, uint32_t stream, const struct made *block)
{
	put_frame(to, type, flags, stream, block->p, block->len);
}

static void get_block(struct made *k, const char *authority)
{
	k->len = 0;
	put_index(k, GET);
	put_index(k, SLASH);
	put_index(k, HTTP);
	put_field(k, 0x40, ":authority", authority);
}

static void begin(struct made *m)
{
	m->len = 0;
	put_text(m, PREFACE);
	put_frame(m, SETTINGS, 0, 0, "\0\1\0\1\0\0", 6);
}

#define SAY_GET(n, host)                                                                           \
	"http2.authority " #n " " host "\nhttp.method " #n " GET\nhttp.uri " #n                    \
	" /\nhttp.host " #n " " host "\nhttp.url " #n " http://" host "/\n"

static struct made c, s, k;

static void expect_two(const char *want)
{
	struct cut_step step[] = { { SL_TO_SERVER, c.p, c.len }, { SL_TO_CLIENT, s.p, s.len } };
	expect_stream("http2", step, s.len ? 2 : 1, SL_MORE, want);
}

static void test_request_and_response(void **state)
{
	(void)state;
	begin(&c);
	k.len = 0;
	put_field(&k, 0x40, ":method", "POST");
	put_field(&k, 0, ":scheme", "https");
	put_field(&k, 0, ":path", "/a/../up?q");
	put_field(&k, 0, ":authority", "U:P@Evil.Example:8443");
	put_field(&k, 0, "user-agent", "ua");
	put_field(&k, 0x40, "cookie", "a=b");
	put_field(&k, 0, "referer", "http://R.example/");
	put_field(&k, 0, "cookie", "c=d");
	put_field(&k, 0, "x-forwarded-for", "192.0.2.1, 192.0.2.2");
	put_field(&k, 0, "content-disposition", "attachment; x=\"a;b\"; filename=\"../q.bin\"");
	frame_of(&c, HEADERS, END_HEADERS, 1, &k);
	put_frame(&c, DATA, 0, 1, "ab", 2);
	put_frame(&c, DATA, PADDED | END_STREAM, 1, "\3c\0\0\0", 5);
	s.len = 0;
	put_frame(&s, SETTINGS, 0, 0, NULL, 0);
	k.len = 0;
	put_index(&k, OK200);
	put_field(&k, 0, "server", "srv");
	frame_of(&s, HEADERS, END_HEADERS, 1, &k);
	put_frame(&s, DATA, 0, 1, "hello", 5);
	k.len = 0;
	put_field(&k, 0, "server", "a trailer says nothing");
	frame_of(&s, HEADERS, END_HEADERS | END_STREAM, 1, &k);
	expect_two("http2.authority 1 u:p@evil.example:8443\nhttp.method 1 POST\n"
		   "http.uri 1 /a/../up?q\nhttp.host 1 evil.example\n"
		   "http.url 1 https://U:P@evil.example:8443/up?q\nhttp.user_agent 1 ua\n"
		   "http.referer 1 http://r.example/\nhttp.cookie 1 a=b; c=d\n"
		   "http.xff 1 192.0.2.1\nhttp.xff 1 192.0.2.2\nfile.name 1 q.bin\n"
		   "file.type 1 text/plain\nfile.size 1 3\n"
		   "file.md5 1 900150983cd24fb0d6963f7d28e17f72\n"
		   "file.sha1 1 a9993e364706816aba3e25717850c26c9cd0d89d\n"
		   "file.sha256 1 "
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
		   "http.server 1 srv\nfile.name 1 up\nfile.type 1 text/plain\nfile.size 1 5\n"
		   "file.md5 1 5d41402abc4b2a76b9719d911017c592\n"
		   "file.sha1 1 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\n"
		   "file.sha256 1 "
		   "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nclose 1 \n");
}

/* Codings and names are read as HTTP/1's are; a method may be any bytes. */
static void test_like_http1(void **state)
{
	(void)state;
	begin(&c);
	k.len = 0;
	put_field(&k, 0, ":method", "G\xffT");
	put_field(&k, 0, ":scheme", "http");
	put_field(&k, 0, ":path", "/x/a%20b.exe?q");
	put_field(&k, 0, ":authority", "h");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 1, &k);
	s.len = 0;
	put_frame(&s, SETTINGS, 0, 0, NULL, 0);
	k.len = 0;
	put_index(&k, OK200);
	put_field(&k, 0, "content-encoding", "utf-8");
	frame_of(&s, HEADERS, END_HEADERS, 1, &k);
	put_frame(&s, DATA, END_STREAM, 1, "hello", 5);
	expect_two("http2.authority 1 h\nhttp.method 1 G\\xffT\nhttp.uri 1 /x/a%20b.exe?q\n"
		   "http.host 1 h\nhttp.url 1 http://h/x/a%20b.exe?q\n"
		   "file.name 1 a b.exe\nfile.type 1 text/plain\nfile.size 1 5\n"
		   "file.md5 1 5d41402abc4b2a76b9719d911017c592\n"
		   "file.sha1 1 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\n"
		   "file.sha256 1 "
		   "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nclose 1 \n");
}

/* A block in frames with padding and priority; frames that say nothing around it; the table goes
 * on from block to block. */
static void test_frames(void **state)
{
	(void)state;
	uint8_t text[64];
	begin(&c);
	s.len = 0;
	get_block(&k, "a.example");
	put_frame(&c, UNKNOWN, 0xff, 7, "????", 4);
	put_frame(&c, PRIORITY, 0, 3, "\0\0\0\0\1\0", 6); /* of a wrong size: its stream's error */
	memcpy(text, "\2\0\0\0\0\20", 6);
	memcpy(text + 6, k.p, 5);
	memset(text + 11, 0, 2);
	put_frame(&c, HEADERS, PADDED | WITH_PRIORITY | END_STREAM, 1, text, 13);
	put_frame(&c, CONTINUATION, 0, 1, k.p + 5, k.len - 5);
	put_frame(&c, CONTINUATION, END_HEADERS, 1, NULL, 0);
	put_frame(&c, PING, 0, 0, "12345678", 8);
	k.len = 0;
	put_index(&k, GET);
	put_index(&k, SLASH);
	put_index(&k, HTTP);
	put_index(&k, NEWEST);
	put_field(&k, 0, "host", "other.example");
	put_field(&k, 0, "Host", "no.header");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 3, &k);
	put_frame(&c, RST_STREAM, 0, 3, "\0\0\0\1", 4);
	expect_two(SAY_GET(1, "a.example") "http2.authority 2 a.example\nhttp.method 2 GET\n"
					   "http.uri 2 /\nhttp.host 2 other.example\n"
					   "http.host 2 a.example\nhttp.url 2 http://a.example/\n"
					   "close 2 \nclose 1 \n");
}

static void test_promise_and_interim(void **state)
{
	(void)state;
	uint8_t text[256];
	c.len = s.len = 0;
	put_frame(&s, SETTINGS, 0, 0, NULL, 0);
	get_block(&k, "push.example");
	memcpy(text, "\0\0\0\2", 4);
	memcpy(text + 4, k.p, k.len);
	put_frame(&s, PUSH_PROMISE, END_HEADERS, 1, text, 4 + k.len);
	k.len = 0;
	put_field(&k, 0, ":status", "103");
	frame_of(&s, HEADERS, END_HEADERS, 2, &k);
	k.len = 0;
	put_field(&k, 0, ":status", "206");
	put_field(&k, 0, "server", "x");
	frame_of(&s, HEADERS, END_HEADERS, 2, &k);
	put_frame(&s, DATA, END_STREAM, 2, "part", 4);
	struct cut_step step = { SL_TO_CLIENT, s.p, s.len };
	expect_stream("http2", &step, 1, SL_MORE,
		SAY_GET(1, "push.example") "http.server 1 x\nclose 1 \n");
}

static void test_connect(void **state)
{
	(void)state;
	begin(&c);
	s.len = 0;
	k.len = 0;
	put_field(&k, 0, ":method", "CONNECT");
	put_field(&k, 0, ":authority", "t.example:443");
	frame_of(&c, HEADERS, END_HEADERS, 1, &k);
	put_frame(&c, DATA, END_STREAM, 1, "tunnel", 6);
	expect_two("http2.authority 1 t.example:443\nhttp.method 1 CONNECT\n"
		   "http.uri 1 t.example:443\nhttp.host 1 t.example\nclose 1 \n");
}

/* ---- What a connection must not do: the direction ends, what was kept is said ---- */

static void expect_bad(const char *want)
{
	struct cut_step step = { SL_TO_SERVER, c.p, c.len };
	for (unsigned kind = 0; kind < PIECES_KINDS; kind++) {
		struct feed *f = feed_new("http2", kind);
		uint32_t seed = 1;
		assert_int_equal(feed_pieces(f, kind, &seed, &step), SL_BAD);
		(void)feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0);
		assert_string_equal(f->log, want);
		feed_free(f);
	}
	cut_everywhere("http2", SL_TO_SERVER, c.p, c.len);
}

static void test_errors(void **state)
{
	(void)state;
	begin(&c);
	put_frame(&c, DATA, PADDED, 1, "\2a", 2);
	expect_bad("");
	begin(&c);
	put_frame(&c, HEADERS, 0, 0, "x", 1);
	expect_bad("");
	begin(&c);
	put_frame(&c, CONTINUATION, 0, 1, "x", 1);
	expect_bad("");
	begin(&c);
	put_frame(&c, HEADERS, WITH_PRIORITY, 1, "abcd", 4);
	expect_bad("");
	begin(&c);
	put_frame(&c, PING, 0, 0, "1", 1);
	expect_bad("");
	begin(&c);
	get_block(&k, "a.example");
	frame_of(&c, HEADERS, 0, 1, &k);
	put_frame(&c, PING, 0, 0, "12345678", 8);
	expect_bad(SAY_GET(1, "a.example") "close 1 \n");
}

/* ---- What is missing ---- */

static uint64_t counted(const struct feed *f, enum sl_counter id)
{
	return f->counters.c[id];
}

/* After a gap a new table finds what was put into it since, and nothing else. */
static void test_gap(void **state)
{
	(void)state;
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	get_block(&k, "a.example");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 1, &k);
	(void)feed_guarded(f, SL_TO_SERVER, c.p, c.len);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 100);
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_GAP), 1);
	(void)feed_guarded(f, SL_TO_SERVER, "no frame begins with this", 25);
	c.len = 0;
	get_block(&k, "b.example");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 3, &k);
	k.len = 0;
	put_index(&k, GET);
	put_index(&k, NEWEST);
	put_index(&k, NEWEST + 1); /* a.example, which the new table never saw */
	put_field(&k, 0, "user-agent", "not read");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 5, &k);
	(void)feed_guarded(f, SL_TO_SERVER, c.p, c.len);
	feed_ends(f);
	assert_string_equal(f->log, SAY_GET(1, "a.example") SAY_GET(2,
					    "b.example") "http2.authority 3 b.example\nhttp.method "
							 "3 GET\nhttp.host 3 b.example\n"
							 "http.url 3 http://b.example/\nclose 1 "
							 "\nclose 2 \nclose 3 \n");
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_UNKNOWN), 1);
	assert_int_equal(counted(f, SL_C_HTTP2_LOST), 1);
	feed_free(f);
}

/* Inside a body the place is kept, and the body is no whole file. */
static void test_gap_in_body(void **state)
{
	(void)state;
	for (unsigned room = 0; room < 8; room++) {
		struct feed *f = feed_new("http2", room);
		begin(&c);
		get_block(&k, "a.example");
		frame_of(&c, HEADERS, END_HEADERS, 1, &k);
		put_bytes(&c, "\0\0\12\0\1\0\0\0\1ab", 11); /* DATA of ten, END_STREAM */
		(void)feed_guarded(f, SL_TO_SERVER, c.p, c.len);
		(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 8);
		c.len = 0;
		k.len = 0;
		put_index(&k, GET);
		put_index(&k, SLASH);
		put_index(&k, HTTP);
		put_index(&k, NEWEST);
		frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 3, &k);
		(void)feed_guarded(f, SL_TO_SERVER, c.p, c.len);
		feed_ends(f);
		assert_string_equal(
			f->log, SAY_GET(1, "a.example") "file.type 1 text/plain\n" SAY_GET(
					2, "a.example") "close 1 \nclose 2 \n");
		assert_int_equal(counted(f, SL_C_HTTP2_LOST), 0);
		feed_free(f);
	}
}

/* Inside a block: what came before the gap is said. */
static void test_gap_in_block(void **state)
{
	(void)state;
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	get_block(&k, "a.example");
	size_t before = c.len;
	put_field(&k, 0, "user-agent", "missing");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 1, &k);
	size_t cut = before + 9 + k.len - 7;
	(void)feed_guarded(f, SL_TO_SERVER, c.p, cut);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 7);
	get_block(&k, "b.example");
	c.len = 0;
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 3, &k);
	(void)feed_guarded(f, SL_TO_SERVER, c.p, c.len);
	feed_ends(f);
	assert_string_equal(
		f->log, SAY_GET(1, "a.example") SAY_GET(2, "b.example") "close 1 \nclose 2 \n");
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_GAP), 1);
	feed_free(f);
}

/* ---- What is too much ---- */

/* A kilobyte that is referred to thousands of times, in a block of thousands of bytes. */
static void test_bomb(void **state)
{
	(void)state;
	static char value[1025];
	struct feed *f = feed_new("http2", 0);
	memset(value, 'a', sizeof(value) - 1);
	begin(&c);
	k.len = 0;
	put_index(&k, GET);
	put_field(&k, 0x40, "cookie", value);
	for (unsigned i = 0; i < 60000; i++)
		put_index(&k, NEWEST);
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 1, &k);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
	assert_int_equal(counted(f, SL_C_HTTP2_HEADERS_OVER), 1);
	assert_int_equal(counted(f, SL_C_OBSERVABLES_CUT), 1);
	feed_free(f);
}

static void test_continuations(void **state)
{
	(void)state;
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	put_frame(&c, HEADERS, 0, 1, NULL, 0);
	for (unsigned i = 0; i < 1000; i++)
		put_frame(&c, CONTINUATION, 0, 1, NULL, 0);
	get_block(&k, "a.example");
	frame_of(&c, CONTINUATION, END_HEADERS, 1, &k);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
	assert_string_equal(f->log, SAY_GET(1, "a.example"));
	assert_int_equal(counted(f, SL_C_HTTP2_CONTINUATIONS), 1);
	feed_free(f);
}

/* A length that promises more than a string may have, and a table larger than its budget. */
static void test_memory(void **state)
{
	(void)state;
	static char value[4097];
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	put_frame(&c, HEADERS, END_HEADERS, 1, "\x00\x01x\x7f\xd0\x8c\x03", 7);
	put_frame(&c, SETTINGS, 0, 0, NULL, 0);
	memset(value, 'a', sizeof(value) - 1);
	get_block(&k, "a.example");
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 3, &k);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_MEMORY), 1);
	assert_string_equal(f->log, SAY_GET(1, "a.example"));
	c.len = k.len = 0;
	put_bytes(&k, "\x3f\xe1\xff\x3f", 4); /* a table of a megabyte */
	for (unsigned i = 0; i < 16; i++)
		put_field(&k, 0x40, "x", value);
	for (size_t at = 0; at < k.len; at += 16384) {
		size_t n = k.len - at < 16384 ? k.len - at : 16384;
		put_frame(&c, at ? CONTINUATION : HEADERS,
			at + n == k.len ? END_HEADERS | (at ? 0 : END_STREAM) : 0, 5, k.p + at, n);
	}
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_MEMORY), 2);
	feed_free(f);
}

static void test_many_streams(void **state)
{
	(void)state;
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	for (uint32_t i = 0; i < 1000; i++) {
		get_block(&k, "a.example");
		frame_of(&c, HEADERS, END_HEADERS, 2 * i + 1, &k);
		put_frame(&c, DATA, 0, 2 * i + 1, "abc", 3);
	}
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
	assert_int_equal(counted(f, SL_C_HTTP2_STREAMS), 1000 - 64);
	feed_ends(f);
	assert_int_equal(counted(f, SL_C_PARSER_POOL), 0);
	feed_free(f);
}

/* What was taken from the pool is given back: a thousand connections in the memory of one. */
static void test_pool(void **state)
{
	(void)state;
	struct feed *f = feed_new("http2", 0);
	begin(&c);
	get_block(&k, "a.example");
	frame_of(&c, HEADERS, END_HEADERS, 1, &k);
	put_frame(&c, DATA, 0, 1, "abc", 3);
	put_frame(&c, HEADERS, 0, 3, k.p, k.len - 2);
	for (unsigned i = 0; i < 1000; i++) {
		memset(f->state, 0, f->parser->state_bytes);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, c.p, c.len), SL_MORE);
		feed_ends(f);
	}
	assert_int_equal(counted(f, SL_C_PARSER_POOL), 0);
	assert_int_equal(counted(f, SL_C_HTTP2_TABLE_MEMORY), 0);
	feed_free(f);
}

/* ---- By what it is known ---- */

static const char *probed(const void *p, size_t len)
{
	struct guarded g = guarded_new(p, len);
	struct sl_piece piece = { .bytes = sl_span(g.p, len), .dir = SL_TO_SERVER };
	bool more;
	const struct sl_parser *found = sl_parser_probe(&piece, SL_OVER_TCP, 40000, 4444, &more);
	guarded_free(&g);
	return found ? found->name : more ? "more" : "none";
}

static void test_probe(void **state)
{
	(void)state;
	for (size_t n = 1; n < 16; n++)
		assert_string_equal(probed(PREFACE, n), "more");
	assert_string_equal(probed(PREFACE, 24), "http2");
	assert_string_equal(probed("PRI * HTTP/1.1\r\n", 16), "http");
	c.len = 0;
	put_frame(&c, SETTINGS, 0, 0, "\0\3\0\0\0\144", 6);
	assert_string_equal(probed(c.p, 11), "http2");
	assert_string_equal(probed(c.p, c.len), "http2");
	put_frame(&c, SETTINGS, 1, 0, NULL, 0);
	assert_string_equal(probed(c.p, c.len), "http2");
	c.len = 0;
	put_frame(&c, SETTINGS, 0, 0, "\xff\3\0\0\0\144", 6);
	assert_string_equal(probed(c.p, c.len), "none");
	/* the middle: frames up to the last byte, headers among them */
	c.len = 0;
	get_block(&k, "a.example");
	put_frame(&c, WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
	frame_of(&c, HEADERS, END_HEADERS | END_STREAM, 9, &k);
	assert_string_equal(probed(c.p, c.len), "http2");
	assert_string_not_equal(probed(c.p, c.len - 1), "http2");
	struct cut_step step = { SL_TO_SERVER, c.p, c.len };
	expect_log("http2", &step, 1, SAY_GET(1, "a.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_request_and_response),
		cmocka_unit_test(test_like_http1), cmocka_unit_test(test_frames),
		cmocka_unit_test(test_promise_and_interim), cmocka_unit_test(test_connect),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_in_body), cmocka_unit_test(test_gap_in_block),
		cmocka_unit_test(test_bomb), cmocka_unit_test(test_continuations),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_many_streams),
		cmocka_unit_test(test_pool), cmocka_unit_test(test_probe) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
