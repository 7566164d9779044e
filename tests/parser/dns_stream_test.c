/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_stream_test.c - DNS over TCP in pieces of any size, and the services that share its format:
 * multicast DNS, LLMNR, NetBIOS names. */
#include "dns_made.h"
#include "pieces.h"

struct frames {
	size_t len;
	uint8_t b[40000];
};

static void put_frame(struct frames *f, const struct msg *m)
{
	f->b[f->len++] = (uint8_t)(m->len >> 8);
	f->b[f->len++] = (uint8_t)m->len;
	memcpy(f->b + f->len, m->b, m->len);
	f->len += m->len;
}

static void test_stream(void **s)
{
	(void)s;
	struct frames q = { .len = 0 }, r = { .len = 0 };
	struct msg one = message(1, 0x0100, 1, 0), two = message(2, 0x0100, 1, 0);
	struct msg none = { .len = 0 }, odd = { .len = 3 };
	put_question(&one, "one.example", 1);
	put_question(&two, "two.example", 1);
	put_frame(&q, &one);
	put_frame(&q, &none);
	put_frame(&q, &odd);
	put_frame(&q, &two);
	one = message(1, 0x8180, 1, 1);
	two = message(2, 0x8180, 1, 1);
	put_question(&one, "one.example", 1);
	put_record(&one, "one.example", 1, "\1\2\3\4", 4);
	put_question(&two, "two.example", 1);
	put_record(&two, "two.example", 5, "\1x\xc0\x10", 4);
	put_frame(&r, &two);
	put_frame(&r, &one);
	struct cut_step step[] = { { SL_TO_SERVER, q.b, q.len }, { SL_TO_CLIENT, r.b, r.len } };
	expect_stream("dns", step, 2, SL_MORE,
		"dns.query 1 attempted one.example\n"
		"dns.query 2 attempted two.example\n"
		"dns.query 2 answered repeat two.example\n"
		"dns.answer.name 2 answered x.example\n"
		"close 2 answered \n"
		"dns.query 1 answered repeat one.example\n"
		"dns.answer.ip 1 answered 1.2.3.4\n"
		"close 1 answered \n");
}

/* One that is cut is read as far as it is there; one that is too long up to the bound. */
static void test_stream_cut(void **s)
{
	(void)s;
	struct frames q = { .len = 0 };
	struct msg one = message(1, 0x8180, 1, 2), two = message(2, 0x0100, 1, 0);
	put_question(&one, "one.example", 1);
	put_record(&one, "one.example", 1, "\1\2\3\4", 4);
	put_record(&one, "one.example", 1, "\5\6\7\10", 4);
	put_question(&two, "two.example", 1);
	put_frame(&q, &one);
	struct feed *f = feed_new("dns", 1);
	f->stream = true;
	feed_bytes(f, SL_TO_CLIENT, q.b, q.len - 5);
	assert_string_equal(f->log, "");
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_CLIENT, 5), SL_MORE);
	static const char want[] = "dns.query 1 answered one.example\n"
				   "dns.answer.ip 1 answered 1.2.3.4\nclose 1 answered \n";
	assert_string_equal(f->log, want);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	/* lost: until a piece begins with a message */
	feed_bytes(f, SL_TO_CLIENT, q.b + 1, q.len - 1);
	assert_string_equal(f->log, want);
	q.len = 0;
	put_frame(&q, &two);
	feed_bytes(f, SL_TO_CLIENT, q.b, q.len);
	assert_non_null(strstr(f->log, "dns.query 2 attempted two.example\n"));
	feed_free(f);
}

static void test_stream_long(void **s)
{
	(void)s;
	static struct frames q;
	struct msg two = message(2, 0x0100, 1, 0);
	put_question(&two, "two.example", 1);
	put_frame(&q, &two);
	q.b[0] = 39000 >> 8;
	q.b[1] = 39000 & 255;
	q.len = 39002;
	put_frame(&q, &two);
	for (unsigned kind = 1; kind < PIECES_KINDS; kind++) {
		struct feed *f = feed_new("dns", kind);
		uint32_t seed = 1;
		struct cut_step step = { SL_TO_SERVER, q.b, q.len };
		f->stream = true;
		assert_int_equal(feed_pieces(f, kind, &seed, &step), SL_MORE);
		assert_string_equal(f->log, "dns.query 1 attempted two.example\n"
					    "dns.query 1 attempted repeat two.example\n");
		/* a hole inside what is skipped loses nothing, a greater one does */
		feed_bytes(f, SL_TO_SERVER, q.b, 39000);
		feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 2);
		feed_bytes(f, SL_TO_SERVER, q.b + 39002, q.len - 39002);
		assert_int_equal(f->flow.message, 1);
		feed_free(f);
	}
	/* nothing to hold it in */
	struct feed *f = feed_new("dns", 0);
	struct sl_parser_pool *pool = f->b.pool;
	f->stream = true;
	f->b.pool = NULL;
	feed_bytes(f, SL_TO_SERVER, q.b, 100);
	feed_bytes(f, SL_TO_SERVER, q.b + 39002, q.len - 39002);
	assert_string_equal(f->log, "dns.query 1 attempted two.example\n");
	f->b.pool = pool;
	feed_free(f);
}

/* What is read of a long message does not depend on how it was cut. */
static void test_stream_bound(void **s)
{
	(void)s;
	static struct frames q;
	static uint8_t padding[32700];
	struct msg two = message(2, 0x8180, 1, 3), late = { .len = 0 };
	put_question(&two, "two.example", 1);
	put_record(&two, "a.example", 1, "\1\2\3\4", 4);
	put_question(&two, "", 16);
	put16(&two, 0);
	put16(&two, 0);
	put16(&two, sizeof(padding));
	put_record(&late, "b.example", 1, "\1\2\3\4", 4);
	q.len = 2;
	memcpy(q.b + q.len, two.b, two.len);
	memset(q.b + q.len + two.len, 0, sizeof(padding));
	q.len += two.len + sizeof(padding);
	memcpy(q.b + q.len, late.b, late.len);
	q.len += late.len;
	q.b[0] = (uint8_t)((q.len - 2) >> 8);
	q.b[1] = (uint8_t)(q.len - 2);
	for (unsigned kind = 0; kind < PIECES_KINDS; kind++) {
		struct feed *f = feed_new("dns", kind);
		uint32_t seed = 1;
		struct cut_step step = { SL_TO_CLIENT, q.b, q.len };
		f->stream = true;
		assert_int_equal(feed_pieces(f, kind, &seed, &step), SL_MORE);
		assert_string_equal(f->log,
			"dns.query 1 answered two.example\ndns.answer.name 1 answered a.example\n"
			"dns.answer.ip 1 answered 1.2.3.4\nclose 1 answered \n");
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		feed_free(f);
	}
}

/* ---- The services that share the format ---- */

static void test_services(void **s)
{
	(void)s;
	struct msg m = message(0, 0, 2, 0), r = message(0, 0x8400, 0, 1);
	put_question(&m, "_IPP._tcp.local", 12);
	put_question(&m, "printer.local", 1);
	put_record(&r, "printer.local", 1, "\1\2\3\4", 4);
	struct cut_step mdns[] = { { SL_TO_SERVER, m.b, m.len }, { SL_TO_SERVER, r.b, r.len } };
	expect_log("mdns", mdns, 2,
		"mdns.query 1 attempted _ipp._tcp.local\nmdns.query 1 attempted printer.local\n"
		"close 2 answered \nclose 1 \n");
	m = message(9, 0, 1, 0);
	put_question(&m, "WPAD", 1);
	r = message(9, 0x8000, 1, 1);
	put_question(&r, "WPAD", 1);
	put_record(&r, "WPAD", 1, "\1\2\3\4", 4);
	struct cut_step llmnr[] = { { SL_TO_SERVER, m.b, m.len }, { SL_TO_CLIENT, r.b, r.len } };
	expect_log("llmnr", llmnr, 2,
		"llmnr.query 1 attempted wpad\nllmnr.query 1 answered repeat wpad\n"
		"close 1 answered \n");
	struct frames q = { .len = 0 }, a = { .len = 0 };
	put_frame(&q, &m);
	put_frame(&a, &r);
	struct cut_step stream[] = { { SL_TO_SERVER, q.b, q.len }, { SL_TO_CLIENT, a.b, a.len } };
	expect_stream("llmnr", stream, 2, SL_MORE,
		"llmnr.query 1 attempted wpad\nllmnr.query 1 answered repeat wpad\n"
		"close 1 answered \n");
}

static void test_netbios(void **s)
{
	(void)s;
	static const struct {
		const char *name, *want;
	} row[] = {
		{ "EGFCEFEEFAEDEACACACACACACACACACA", "nbns.query 1 attempted fredpc@\n" },
		{ "FHEPFCELEHFCEPFFFACACACACACACABL", "nbns.query 1 attempted workgroup\n" },
		{ "FHEPFCELEHFCEPFFFACACACACACACABL.Scope.example",
			"nbns.query 1 attempted workgroup.scope.example\n" },
		{ "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nbns.query 1 attempted *\n" },
		{ "FHEPFCELEHFCEPFFFACACACACACACAB", "" }, /* a letter short */
		{ "FHEPFCELEHFCEPFFFACACACACACACAZZ", "" },
		{ "CACACACACACACACACACACACACACACACA", "" }, /* nothing but blanks */
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct msg m = message(3, 0x0110, 1, 0);
		char want[128];
		put_question(&m, row[i].name, 32);
		snprintf(want, sizeof(want), "%sclose 1 \n", row[i].want);
		struct cut_step step = { SL_TO_SERVER, m.b, m.len };
		expect_log("nbns", &step, 1, want);
	}
}

/* A name that a sender gives its own address (0.0.0.0 in these tests) is the host's. */
static void test_hosts(void **s)
{
	(void)s;
	static const char own[] = "\0\0\0\0", other[] = "\1\2\3\4";
	static const struct {
		const char *name, *address;
		unsigned flags, type;
		const char *want;
	} row[] = {
		{ "Printer.local", own, 0x8400, 1, "mdns.host 1 answered printer.local\n" },
		{ "printer.local", other, 0x8400, 1, "" },
		{ "printer.local", own, 0x8400, 16, "" },
		{ "printer.local", own, 0x8400, 28, "" }, /* too short for its type */
		{ "", own, 0x8400, 1, "" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct msg m = message(0, row[i].flags, 0, 1);
		char want[128];
		put_record(&m, row[i].name, row[i].type, row[i].address, 4);
		snprintf(want, sizeof(want), "%sclose 1 answered \n", row[i].want);
		struct cut_step step = { SL_TO_SERVER, m.b, m.len };
		expect_log("mdns", &step, 1, want);
	}
	struct msg probe = message(0, 0, 1, 1); /* what it would like to be called */
	put_question(&probe, "printer.local", 255);
	put_record(&probe, "printer.local", 1, own, 4);
	struct cut_step step = { SL_TO_SERVER, probe.b, probe.len };
	expect_log("mdns", &step, 1, "mdns.query 1 attempted printer.local\nclose 1 \n");
}

static void test_netbios_hosts(void **s)
{
	(void)s;
	static const char own[] = "\0\0\0\0\0\0", other[] = "\0\0\1\2\3\4",
			  group[] = "\x80\0\0\0\0";
	static const struct {
		const char *name, *data;
		unsigned flags, len;
		const char *want;
	} row[] = {
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", own, 0x2910, 6,
			"nbns.host 1 attempted workgroup\n" },
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", own, 0x8500, 6,
			"nbns.host 1 answered workgroup\n" },
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", own, 0x8506, 6, "" }, /* refused */
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", other, 0x2910, 6, "" },
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", group, 0x2910, 6, "" },
		{ "FHEPFCELEHFCEPFFFACACACACACACACA", own, 0x2910, 6, "" }, /* a service */
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", own, 0x3010, 6, "" }, /* given up */
		{ "FHEPFCELEHFCEPFFFACACACACACACAAA", own, 0x2910, 5, "" },
		{ "FHEPFCELEHFCEPFFFACACACACACACAA", own, 0x2910, 6, "" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct msg m = message(3, row[i].flags, 0, 1);
		struct feed *f = feed_new("nbns", 0);
		put_record(&m, row[i].name, 32, row[i].data, row[i].len);
		struct cut_step step = { SL_TO_SERVER, m.b, m.len };
		(void)feed_guarded(f, step.dir, step.p, step.len);
		assert_int_equal(strncmp(f->log, row[i].want, strlen(row[i].want)), 0);
		assert_true(row[i].want[0] != '\0' || strstr(f->log, "nbns.host") == NULL);
		feed_free(f);
		cut_everywhere("nbns", SL_TO_SERVER, m.b, m.len);
	}
}

/* "more": undecided. */
static const char *probe_at(const struct msg *m, bool datagram, uint16_t port)
{
	bool more;
	struct sl_piece p = { .bytes = sl_span(m->b, m->len), .datagram = datagram };
	const struct sl_parser *got =
		sl_parser_probe(&p, datagram ? SL_OVER_UDP : SL_OVER_TCP, 40000, port, &more);
	return got ? got->name : more ? "more" : "";
}

/* What DNS itself says of a stream's begin on its own port. */
static enum sl_probe dns_says(const struct msg *m)
{
	struct sl_piece p = { .bytes = sl_span(m->b, m->len) };
	for (unsigned i = 0; i < sl_parser_count; i++)
		if (strcmp(sl_parsers[i]->name, "dns") == 0)
			return sl_parsers[i]->probe(&p, 40000, 53);
	return SL_PROBE_YES;
}

static void test_probe_services(void **s)
{
	(void)s;
	struct msg m = message(1, 0x0100, 1, 0), framed = { .len = 2 };
	put_question(&m, "a.example", 1);
	assert_string_equal(probe_at(&m, true, 53), "dns");
	assert_string_equal(probe_at(&m, true, 4444), "dns");
	assert_string_equal(probe_at(&m, true, 5353), "mdns");
	assert_string_equal(probe_at(&m, true, 5355), "llmnr");
	assert_string_equal(probe_at(&m, true, 137), "nbns");
	memcpy(framed.b + 2, m.b, m.len);
	framed.b[0] = 0;
	framed.b[1] = (uint8_t)m.len;
	framed.len += m.len;
	assert_string_equal(probe_at(&framed, false, 53), "dns");
	assert_string_equal(probe_at(&framed, false, 4444), "dns");
	assert_string_equal(probe_at(&framed, false, 5355), "llmnr");
	for (framed.len--; framed.len > 0; framed.len--) {
		assert_string_equal(
			probe_at(&framed, false, 53), framed.len < 2 + 12 ? "more" : "dns");
		assert_string_equal(probe_at(&framed, false, 4444), "more");
	}
	framed.len = 2;
	framed.b[0] = 6; /* longer than is waited for on another's port */
	assert_string_equal(probe_at(&framed, false, 4444), "");
	framed.b[0] = 0;
	framed.b[1] = 5;
	assert_int_equal(dns_says(&framed), SL_PROBE_NO); /* no header fits in */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_cut),
		cmocka_unit_test(test_stream_long),
		cmocka_unit_test(test_stream_bound),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_netbios),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_netbios_hosts),
		cmocka_unit_test(test_probe_services),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
