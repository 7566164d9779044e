/* SPDX-License-Identifier: BSD-3-Clause */
/* http_file_test.c - the files in bodies of HTTP/1: their ends, their names, their codings, forms
 * and ranges. */
#include "made_file.h"

#define GET(n) "GET /x/" #n "%20.exe?q=/y HTTP/1.1\r\nHost: h\r\n\r\n"

static struct made in[2], want;

static void begin(void)
{
	in[0].len = in[1].len = want.len = 0;
	want.b[0] = '\0';
}

/* Requests, then responses, in pieces of any size. */
static void expect(void)
{
	struct cut_step step[] = { { SL_TO_SERVER, in[0].b, in[0].len },
		{ SL_TO_CLIENT, in[1].b, in[1].len } };
	for (unsigned i = 0; i < 8 * PIECES_KINDS; i++) {
		struct feed *f = feed_new("http", i / PIECES_KINDS);
		uint32_t seed = i;
		f->stream = true;
		f->flow.seq[1].finished = f->flow.seq[1].known = true;
		for (unsigned n = 0; n < 2; n++)
			(void)feed_pieces(f, i % PIECES_KINDS, &seed, &step[n]);
		feed_ends(f);
		/* Closing a message is not what these tests are about. */
		for (char *c; (c = strstr(f->log, "close")) != NULL;)
			memmove(c, strchr(c, '\n') + 1, strlen(strchr(c, '\n')));
		assert_string_equal(f->log, want.b);
		assert_int_equal(sl_inflate_pool_used(f->b.inflate), 0);
		feed_free(f);
	}
}

static void respond(const char *head, const void *body, size_t len)
{
	char line[64];
	made_text(&in[1], "HTTP/1.1 200 OK\r\n");
	made_text(&in[1], head);
	made_add(&in[1], line,
		(size_t)snprintf(line, sizeof(line), "Content-Length: %zu\r\n\r\n", len));
	made_add(&in[1], body, len);
}

static void test_ends(void **s)
{
	(void)s;
	begin();
	made_text(&in[0], GET(1) GET(2) GET(3) GET(4));
	respond("", "%PDF-abc", 8);
	made_text(&in[1], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "3;x\r\nMZa\r\n2\r\nbc\r\n0\r\nT: x\r\n\r\n"
			  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
			  "HTTP/1.1 200 OK\r\n\r\n{\"to\": \"the end\"}");
	made_said(&want, 1, "1 .exe", "application/pdf", "%PDF-abc", 8);
	made_said(&want, 2, "2 .exe", "text/plain", "MZabc", 5);
	made_said(&want, 4, "4 .exe", "application/json", "{\"to\": \"the end\"}", 17);
	expect();
	/* what was asked for and what was sent are files of one message */
	begin();
	made_text(&in[0], "POST /up.php HTTP/1.1\r\nContent-Length: 4\r\n\r\n\x7f"
			  "ELF");
	respond("", "<html>", 6);
	made_said(&want, 1, "up.php", "application/x-elf",
		"\x7f"
		"ELF",
		4);
	made_said(&want, 1, "up.php", "text/html", "<html>", 6);
	expect();
}

static void test_no_end(void **s)
{
	(void)s;
	begin();
	made_text(&in[0], GET(1));
	made_text(&in[1], "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nGIF89a");
	made_text(&want, "file.name 1 1 .exe\nfile.type 1 image/gif\n");
	expect();
	/* a stream that nobody closed */
	struct feed *f = feed_new("http", 0);
	const char *open = "HTTP/1.1 200 OK\r\n\r\nGIF89a";
	feed_bytes(f, SL_TO_CLIENT, open, strlen(open));
	feed_ends(f);
	assert_non_null(strstr(f->log, "file.type 1 image/gif\nclose"));
	assert_int_equal(f->counters.c[SL_C_FILES_UNENDED], 1);
	feed_free(f);
	/* a gap, at the end of which the body goes on */
	f = feed_new("http", 0);
	const char *rest = "abcHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
	const char *part = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nGIF89a";
	feed_bytes(f, SL_TO_CLIENT, part, strlen(part));
	feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 3);
	feed_bytes(f, SL_TO_CLIENT, rest, strlen(rest));
	feed_ends(f);
	assert_non_null(strstr(f->log, "file.type 1 image/gif\nclose 1"));
	assert_non_null(strstr(f->log, "file.size 2 1\n"));
	assert_int_equal(f->counters.c[SL_C_FILES_GAP], 1);
	assert_int_equal(f->counters.c[SL_C_FILES], 1);
	feed_free(f);
}

static void test_names(void **s)
{
	(void)s;
	static const struct {
		const char *field, *name;
	} rows[] = {
		{ "Content-Disposition: attachment; filename=\"a b.exe\"\r\n", "a b.exe" },
		{ "content-disposition: attachment ;filename = plain.exe ; x=y\r\n", "plain.exe" },
		{ "Content-Disposition: inline; filename=\"C:\\dir\\q\\\"x.exe\"\r\n", "q\"x.exe" },
		{ "Content-Disposition: a; filename=no; filename*=UTF-8''%e2%82%ac.exe\r\n",
			"\xe2\x82\xac.exe" },
		{ "Content-Disposition: a; filename*0=\"one\"; filename*1*=%2d; filename*2=two\r\n",
			"one-two" },
		{ "Content-Disposition: a; x=\"filename=no\"; filename=yes\r\n", "yes" },
		{ "Content-Disposition: attachment\r\n", "1 .exe" },
		{ "Content-Disposition: attachment; filename=\"../../etc/passwd\"\r\n", "passwd" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		made_text(&in[0], GET(1));
		respond(rows[i].field, "x", 1);
		made_said(&want, 1, rows[i].name, "text/plain", "x", 1);
		expect();
	}
}

static void test_codings(void **s)
{
	(void)s;
	uint8_t a[1024], b[1024], none[64];
	const char *page = "<html>page page page page page</html>";
	size_t n = made_packed(page, strlen(page), 31, a, sizeof(a));
	size_t m = made_packed(a, n, 15, b, sizeof(b));
	begin();
	made_text(&in[0], GET(1) GET(2) GET(3) GET(4) GET(5) GET(6) GET(7) GET(8));
	respond("Content-Encoding: gzip\r\n", a, n);
	respond("Content-Encoding: x-gzip, deflate\r\n", b, m);
	respond("Content-Encoding: gzip\r\n", page, strlen(page)); /* not so */
	respond("Content-Encoding: gzip\r\n", a, n - 3); /* cut */
	respond("Content-Encoding: gzip, gzip, deflate\r\n", b, m);
	respond("Content-Encoding: binary\r\n", page, strlen(page));
	respond("Content-Encoding: gzip\r\nContent-Encoding: deflate\r\n", b, m);
	respond("Content-Encoding: gzip\r\n", none, made_packed("", 0, 31, none, sizeof(none)));
	for (unsigned i = 1; i <= 3; i++)
		made_said(&want, i, (char[]){ (char)('0' + i), ' ', '.', 'e', 'x', 'e', 0 },
			"text/html", page, strlen(page));
	made_text(&want, "file.name 4 4 .exe\nfile.type 4 text/html\nfile.name 5 5 .exe\n");
	made_said(&want, 6, "6 .exe", "text/html", page, strlen(page));
	made_said(&want, 7, "7 .exe", "text/html", page, strlen(page));
	expect();
	/* as a transfer coding */
	begin();
	char size[32];
	made_text(&in[0], GET(1));
	made_text(&in[1], "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
	made_add(&in[1], size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", n));
	made_add(&in[1], a, n);
	made_text(&in[1], "\r\n0\r\n\r\n");
	made_said(&want, 1, "1 .exe", "text/html", page, strlen(page));
	expect();
}

static void test_form(void **s)
{
	(void)s;
	static const char form[] =
		"preamble\r\n--B=x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
		"a value\r\n--B=x\r\n"
		"Content-Disposition: form-data; name=f; filename=\"one.pdf\"\r\n"
		"Content-Type: x/y\r\n\r\n%PDF-\r\n--B=\r\r\n--B=x\r\n"
		"content-disposition: form-data; name=f; filename=\"two\"\r\n\r\n"
		"\r\n--B=x\r\n"
		"Content-Disposition: form-data; name=g; filename=three\r\n\r\nPK"
		"\r\n--B=x--\r\nepilogue";
	char head[256];
	begin();
	made_add(&in[0], head,
		(size_t)snprintf(head, sizeof(head),
			"POST /form HTTP/1.1\r\nContent-Type: Multipart/Form-Data; "
			"boundary=\"B=x\"\r\nContent-Length: %zu\r\n\r\n",
			sizeof(form) - 1));
	made_text(&in[0], form);
	made_said(&want, 1, "one.pdf", "application/pdf", "%PDF-\r\n--B=\r", 12);
	made_said(&want, 1, "three", "text/plain", "PK", 2);
	made_said(&want, 1, "form", "text/plain", form, sizeof(form) - 1);
	expect();
}

/* A line that is too long to be kept hides no file, but its name. */
static void test_form_long_line(void **s)
{
	(void)s;
	char form[2048], head[256];
	int n = snprintf(form, sizeof(form),
		"--B\r\nContent-Disposition: form-data; name=%0*u; filename=x\r\n\r\n%%PDF-\r\n"
		"--B\r\nX: %0*u\r\n\r\nvalue\r\n--B--\r\n",
		760, 0, 800, 0);
	begin();
	made_add(&in[0], head,
		(size_t)snprintf(head, sizeof(head),
			"POST /form HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\n"
			"Content-Length: %d\r\n\r\n",
			n));
	made_text(&in[0], form);
	made_said(&want, 1, "", "application/pdf", "%PDF-", 5);
	made_said(&want, 1, "form", "text/plain", form, (size_t)n);
	expect();
	struct feed *f = feed_new("http", 0);
	feed_bytes(f, SL_TO_SERVER, in[0].b, in[0].len);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	feed_ends(f);
	feed_free(f);
}

static void range(const char *range, const char *bytes)
{
	char line[256];
	made_add(&in[1], line,
		(size_t)snprintf(line, sizeof(line),
			"HTTP/1.1 206 P\r\nContent-Range: bytes %s\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			range, strlen(bytes), bytes));
}

static void test_ranges(void **s)
{
	(void)s;
	begin();
	made_text(&in[0], GET(1) GET(1) GET(1) GET(2) GET(2) GET(2) GET(3) GET(3));
	range("0-3/10", "abcd");
	range("4-5/10", "ef");
	range("6-9/10", "ghij");
	made_said(&want, 3, "1 .exe", "text/plain", "abcdefghij", 10);
	range("0-9/10", "0123456789"); /* all at once */
	made_said(&want, 4, "2 .exe", "text/plain", "0123456789", 10);
	range("2-3/10", "cd"); /* not the begin */
	made_text(&want, "file.name 5 2 .exe\n");
	range("0-3/10", "abcd");
	range("4-5/10", "ef"); /* of another URL */
	made_text(&want, "file.name 7 3 .exe\n");
	range("x-5/10", "ef");
	made_text(&want, "file.name 8 3 .exe\n");
	/* what waits for more at the end is told as a message of its own */
	made_text(&want, "file.name 9 2 .exe\nfile.type 9 text/plain\n");
	expect();
}

/* A range of more or fewer bytes than it says is none of the file's. */
static void test_range_lies(void **s)
{
	(void)s;
	begin();
	made_text(&in[0], GET(1) GET(1) GET(2) GET(3));
	range("0-3/10", "abcde");
	made_text(&want, "file.name 1 1 .exe\nfile.type 1 text/plain\n");
	range("4-9/10", "fghijk");
	made_text(&want, "file.name 2 1 .exe\n");
	range("0-3/4", "abc");
	made_text(&want, "file.name 3 2 .exe\nfile.type 3 text/plain\n");
	range("0-3/4", "abcd");
	made_said(&want, 4, "3 .exe", "text/plain", "abcd", 4);
	expect();
}

/* A small message that says it is a gigabyte, once and nested, costs what it may cost. */
static void test_bombs(void **s)
{
	(void)s;
	enum { ZEROS = 64 << 20 };
	static uint8_t once[1 << 18], twice[1 << 18];
	uint8_t *zeros = calloc(1, ZEROS);
	size_t n = made_packed(zeros, ZEROS, 31, once, sizeof(once));
	size_t m = made_packed(once, n, 31, twice, sizeof(twice));
	free(zeros);
	for (unsigned nested = 0; nested < 2; nested++) {
		struct feed *f = feed_new("http", 0);
		char head[128];
		int len = snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip%s\r\nContent-Length: "
			"%zu\r\n\r\n",
			nested ? ",gzip" : "", nested ? m : n);
		feed_bytes(f, SL_TO_CLIENT, head, (size_t)len);
		size_t held = sl_inflate_pool_used(f->b.inflate);
		assert_in_range(held, 1, 65536);
		for (size_t at = 0; at < (nested ? m : n); at += 1000) {
			size_t left = (nested ? m : n) - at;
			feed_bytes(f, SL_TO_CLIENT, (nested ? twice : once) + at,
				left < 1000 ? left : 1000);
			assert_in_range(sl_inflate_pool_used(f->b.inflate), 0, 262144);
		}
		assert_null(strstr(f->log, "file.md5"));
		assert_int_equal(f->counters.c[SL_C_FILES_BOMB], 1);
		assert_int_equal(sl_inflate_pool_used(f->b.inflate), 0);
		feed_free(f);
	}
}

/* Without memory a file stays a part, and nothing else suffers. */
static void test_no_memory(void **s)
{
	(void)s;
	uint8_t a[256];
	size_t n = made_packed("text", 4, 31, a, sizeof(a));
	struct feed *f = feed_new("http", 0);
	struct sl_inflate_pool *none = f->b.inflate;
	f->b.inflate = NULL;
	begin();
	respond("Content-Encoding: gzip\r\n", a, n);
	respond("", "text", 4);
	feed_bytes(f, SL_TO_CLIENT, in[1].b, in[1].len);
	assert_int_equal(f->counters.c[SL_C_FILES_NO_DECODER], 1);
	assert_non_null(strstr(f->log, "file.size 2 4"));
	f->b.inflate = none;
	feed_free(f);
	/* nobody wants anything of files: nothing is taken */
	f = feed_new("http", 0);
	memset(f->b.want, 0, sizeof(f->b.want));
	feed_bytes(f, SL_TO_CLIENT, in[1].b, in[1].len);
	assert_int_equal(f->counters.c[SL_C_FILES_NO_DECODER] + f->counters.c[SL_C_FILES], 0);
	assert_string_equal(f->log, "close 1 \nclose 2 \n");
	feed_free(f);
}

/* What a protocol says over HTTP is no file. */
static void test_messages(void **s)
{
	(void)s;
	begin();
	made_text(&in[0], GET(1) GET(2));
	respond("Content-Type: application/dns-message\r\n", "\1\2\3\4", 4);
	respond("Content-Type: Application/gRPC+proto\r\n", "\1\2\3\4", 4);
	expect();
}

int main(void)
{
	feed_wants = FEED_ONLY_FILES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_form_long_line),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_range_lies),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
