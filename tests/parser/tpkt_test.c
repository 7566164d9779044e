/* SPDX-License-Identifier: BSD-3-Clause */
/* tpkt_test.c - messages out of a stream's pieces (frame.h), with ISO transport over TCP as their
 * kind (tpkt.h). */
#include "../../lib/parser/tpkt.h"
#include "cut.h"

#define MAX 32

static const struct frame_kind kind = { .size = tpkt_size, .max = MAX };

/* Reads all of a piece, which lies against an unmapped page, and writes sizes to the log. */
static enum frame_found read_piece(
	struct frame *f, struct sl_batch *b, struct sl_span in, char *log, size_t cap)
{
	struct guarded g = guarded_new(in.p, in.len);
	struct sl_span piece = sl_span(g.p, g.len), found, again;
	enum frame_found said;
	size_t at = 0;
	while ((said = frame_next(f, &kind, b, piece, &at, &found)) == FRAME_IS) {
		size_t n = strlen(log);
		snprintf(log + n, cap - n, "%zu%s:%02x ", found.len,
			frame_is_cut(f, found) ? "+" : "", found.p[found.len - 1]);
		assert_int_equal(frame_next(f, &kind, b, piece, &at, &again), FRAME_IS);
		assert_true(sl_span_eq(found, again));
		frame_done(f, b, found, &at);
	}
	assert_true(said == FRAME_BAD || at == in.len);
	guarded_free(&g);
	return said;
}

static void expect(const char *bytes, size_t len, enum frame_found last, const char *want)
{
	for (size_t size = 1; size <= len; size++) {
		struct feed *f = feed_new("http", 0);
		struct frame frame = { .left = 0 };
		enum frame_found said = FRAME_MORE;
		char log[256] = "";
		for (size_t at = 0; at < len && said == FRAME_MORE; at += size)
			said = read_piece(&frame, &f->b,
				sl_span(bytes + at, size < len - at ? size : len - at), log,
				sizeof(log));
		assert_int_equal(said, last);
		assert_string_equal(log, want);
		frame_end(&frame, &f->b);
		assert_null(frame.unit.p);
		feed_free(f);
	}
}
#define EXPECT(bytes, last, want) expect(bytes, sizeof(bytes) - 1, last, want)

static void test_frames(void **s)
{
	(void)s;
	EXPECT("\3\0\0\7\2\xf0\x80\3\0\0\x9\2\xf0\x80xy", FRAME_MORE, "7:80 9:79 ");
	EXPECT("\3\0\0\7\2\xf0\x80\3\0\0", FRAME_MORE, "7:80 ");
	/* Longer than is read, and what follows it. */
	EXPECT("\3\0\0\x28\2\xf0\x80"
	       "abcdefghijklmnopqrstuvwxyz0123456\3\0\0\7\2\xf0\x81",
		FRAME_MORE, "32+:79 7:81 ");
	EXPECT("\3\0\0\7\2\xf0\x80GET /", FRAME_BAD, "7:80 ");
	EXPECT("\3\0\0\6\2\xf0", FRAME_BAD, "");
}

static void test_gap(void **s)
{
	(void)s;
	static const char begin[] = "\3\0\0\x0a\2\xf0", end[] = "z\3\0\0\7\2\xf0\x80",
			  odd[] = "nothing", fresh[] = "\3\0\0\7\2\xf0\x82";
	struct feed *f = feed_new("http", 0);
	struct frame frame = { .left = 0 };
	char log[64] = "";
	(void)read_piece(&frame, &f->b, sl_span(begin, sizeof(begin) - 1), log, sizeof(log));
	frame_gap(&frame, &f->b, 3); /* inside the message */
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	(void)read_piece(&frame, &f->b, sl_span(end, sizeof(end) - 1), log, sizeof(log));
	frame_gap(&frame, &f->b, 0); /* anywhere */
	assert_int_equal(read_piece(&frame, &f->b, sl_span_str(odd), log, sizeof(log)), FRAME_MORE);
	(void)read_piece(&frame, &f->b, sl_span(fresh, sizeof(fresh) - 1), log, sizeof(log));
	assert_string_equal(log, "7:80 7:82 ");
	frame_end(&frame, &f->b);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* A message that there is no memory for is passed over, and counted; the next is found. */
static void test_no_memory(void **s)
{
	(void)s;
	static const char begin[] = "\3\0\0\x0a\2\xf0", end[] = "\x80xyz\3\0\0\7\2\xf0\x81";
	struct feed *f = feed_new("http", 0);
	struct frame frame = { .left = 0 };
	struct sl_parser_pool *pool = f->b.pool;
	char log[64] = "";
	f->b.pool = NULL;
	assert_int_equal(
		read_piece(&frame, &f->b, sl_span(begin, sizeof(begin) - 1), log, sizeof(log)),
		FRAME_MORE);
	f->b.pool = pool;
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_int_equal(f->counters.c[SL_C_PARSER_POOL], 1);
	(void)read_piece(&frame, &f->b, sl_span(end, sizeof(end) - 1), log, sizeof(log));
	assert_string_equal(log, "7:81 ");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* A gap inside of what is passed over leaves the place known. */
static void test_passed_over(void **s)
{
	(void)s;
	static const char begin[] = "\3\0\0\x28\2\xf0\x80"
				    "abcdefghijklmnopqrstuvwxyz";
	struct feed *f = feed_new("http", 0);
	struct frame frame = { .left = 0 };
	char log[64] = "";
	(void)read_piece(&frame, &f->b, sl_span(begin, sizeof(begin) - 1), log, sizeof(log));
	frame_gap(&frame, &f->b, 7);
	assert_int_equal(frame.place.lost, 0);
	assert_int_equal(
		read_piece(&frame, &f->b, sl_span_str("GET"), log, sizeof(log)), FRAME_BAD);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
	feed_free(f);
}

static void test_cotp(void **s)
{
	(void)s;
	/* arkime s7comm_synthetic.pcap: a connection request with its parameters */
	static const char request[] = "\3\0\0\x16\x11\xe0\0\0\0\x1\0\xc0\1\xa\xc1\2\1\0\xc2\2\1\2";
	struct cotp c;
	for (size_t n = 0; n < sizeof(request) - 1; n++) {
		struct guarded g = guarded_new(request, n);
		assert_int_not_equal(cotp_probe(sl_span(g.p, n), COTP_CR, &c), SL_PROBE_YES);
		assert_false(cotp_read(sl_span(g.p, n), &c));
		guarded_free(&g);
	}
	struct sl_span in = sl_span(request, sizeof(request) - 1);
	assert_int_equal(cotp_probe(in, COTP_CC, &c), SL_PROBE_NO);
	assert_int_equal(cotp_probe(in, COTP_CR, &c), SL_PROBE_YES);
	assert_int_equal(c.type, COTP_CR);
	assert_int_equal(c.data.len, 0);
	assert_true(sl_span_eq(cotp_option(&c, COTP_CALLED), sl_span("\1\2", 2)));
	assert_int_equal(cotp_option(&c, 0xc3).len, 0);
	assert_true(cotp_read(sl_span("\3\0\0\x9\2\xf0\x80xy", 9), &c));
	assert_true(c.type == COTP_DT && c.last);
	assert_true(sl_span_eq(c.data, sl_span_str("xy")));
	assert_false(cotp_read(sl_span("\3\0\0\x9\x9\xf0\x80xy", 9), &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_passed_over),
		cmocka_unit_test(test_cotp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
