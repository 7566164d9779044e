/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_test.c - DNS over UDP: names and addresses, which response belongs to which query, and what
 * hostile messages must not do. */
#include "cut.h"
#include "dns_made.h"

static void test_lookup(void **s)
{
	(void)s;
	struct msg q = message(7, 0x0100, 1, 0), r = message(7, 0x8180, 1, 3);
	put_question(&q, "WWW.Evil.example", 1);
	put_question(&r, "www.evil.example", 1);
	put_record(&r, "www.evil.example", 5, "\3cdn\xc0\x15", 6);
	put_record(&r, "cdn.evil.example", 1, "\1\2\3\4", 4);
	put_record(&r, "cdn.evil.example", 28, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	struct cut_step step[] = { { SL_TO_SERVER, q.b, q.len }, { SL_TO_CLIENT, r.b, r.len } };
	expect_log("dns", step, 2,
		"dns.query 1 attempted www.evil.example\n"
		"dns.query 1 answered repeat www.evil.example\n"
		"dns.answer.name 1 answered cdn.example\n"
		"dns.answer.name 1 answered cdn.evil.example\n"
		"dns.answer.ip 1 answered 1.2.3.4\n"
		"dns.answer.ip 1 answered 2001:db8::1\n"
		"close 1 answered \n");
}

static void test_real(void **s)
{
	(void)s;
	/* zeek, testing/btest/Traces/dns-edns-ecs.pcap (BSD): weberdns.de SOA with additional
	 * records, an unknown type among them */
	uint8_t b[512];
	size_t n = from_hex("bc8d84000001000100020004087765626572646e730264650000060001c00c00060001"
			    "00000e100026036e7331c00c097765626d6173746572c00c782a82590000384000000"
			    "70800093a80000000b4c00c0002000100000e100002c029c00c0002000100000e1000"
			    "06036e7332c00cc0290001000100000e100004509a6ce6c029001c000100000e1000"
			    "102003005160120110000000000a070053c0690001000100000e100004d53d1db6000"
			    "0291000000000000000",
		b, sizeof(b));
	struct cut_step step = { SL_TO_CLIENT, b, n };
	expect_log("dns", &step, 1,
		"dns.query 1 answered weberdns.de\n"
		"dns.answer.name 1 answered ns1.weberdns.de\n"
		"dns.answer.name 1 answered ns2.weberdns.de\n"
		"dns.answer.ip 1 answered 80.154.108.230\n"
		"dns.answer.ip 1 answered 2003:51:6012:110::a07:53\n"
		"dns.answer.ip 1 answered 213.61.29.182\n"
		"close 1 answered \n");
}

static void test_messages(void **s)
{
	(void)s;
	struct msg a = message(1, 0x0100, 1, 0), b = message(2, 0x0100, 1, 0);
	struct msg no = message(2, 0x8183, 1, 0), refused = message(1, 0x8185, 1, 0),
		   other = message(9, 0x8182, 1, 0);
	put_question(&a, "a.example", 1);
	put_question(&b, "b.example", 1);
	put_question(&no, "B.example", 1);
	put_question(&refused, "a.example", 1);
	put_question(&other, "c.example", 1);
	struct cut_step step[] = { { SL_TO_SERVER, a.b, a.len }, { SL_TO_SERVER, b.b, b.len },
		{ SL_TO_SERVER, a.b, a.len }, { SL_TO_CLIENT, no.b, no.len },
		{ SL_TO_CLIENT, refused.b, refused.len }, { SL_TO_CLIENT, other.b, other.len },
		{ SL_TO_SERVER, b.b, b.len } };
	expect_log("dns", step, 7,
		"dns.query 1 attempted a.example\n"
		"dns.query 2 attempted b.example\n"
		"dns.query 1 attempted repeat a.example\n" /* asked once more */
		"dns.query 2 nxdomain repeat b.example\n"
		"close 2 nxdomain \n"
		"dns.query 1 refused repeat a.example\n"
		"close 1 refused \n"
		"dns.query 3 attempted c.example\n" /* a response that nobody asked for */
		"close 3 attempted \n"
		"dns.query 4 attempted b.example\n"
		"close 4 \n"); /* never answered: closed at the end */
}

static void test_questions(void **s)
{
	(void)s;
	struct msg m = message(1, 0x0100, 5, 0);
	put_question(&m, "one.example", 1);
	put_question(&m, "one.example", 28);
	put_question(&m, "", 2);
	put_question(&m, "a\\b\xff.example", 1);
	put_name(&m, "cut.example"); /* type and class are not there */
	struct cut_step step = { SL_TO_SERVER, m.b, m.len };
	expect_log("dns", &step, 1,
		"dns.query 1 attempted one.example\n"
		"dns.query 1 attempted a\\\\b\\xff.example\n"
		"dns.query 1 attempted cut.example\n"
		"close 1 \n");
}

/* No response can be told to belong to a query without a question: it is complete as it is. */
static void test_no_question(void **s)
{
	(void)s;
	struct msg none = message(1, 0x0100, 0, 1), cut = message(2, 0x0100, 1, 0);
	put_record(&none, "one.example", 1, "\1\2\3\4", 4);
	cut.b[cut.len++] = 9;
	struct cut_step step[] = { { SL_TO_SERVER, none.b, none.len },
		{ SL_TO_SERVER, cut.b, cut.len } };
	expect_log("dns", step, 2,
		"dns.answer.name 1 attempted one.example\n"
		"dns.answer.ip 1 attempted 1.2.3.4\nclose 1 attempted \nclose 2 attempted \n");
}

/* What a message lacks is counted, once, also when a full batch comes between. */
static void test_counted(void **s)
{
	(void)s;
	struct msg whole = message(1, 0x8180, 1, 1), cut = whole, bad = whole;
	put_question(&whole, "x.example", 65);
	cut = whole;
	put_record(&whole, "x.example", 65, "\0\1\5other\3net\0", 13);
	bad = cut;
	bad.b[bad.len++] = 0x80; /* a label of a kind that does not exist */
	for (unsigned room = 0; room < 6; room++) {
		struct feed *f = feed_new("dns", room);
		(void)feed_guarded(f, SL_TO_CLIENT, whole.b, whole.len);
		assert_non_null(strstr(f->log, "dns.answer.name 1 answered other.net"));
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
		(void)feed_guarded(f, SL_TO_CLIENT, cut.b, cut.len);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		(void)feed_guarded(f, SL_TO_CLIENT, bad.b, bad.len);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
		feed_free(f);
	}
}

static void test_table_full(void **s)
{
	(void)s;
	struct feed *f = feed_new("dns", 0);
	for (unsigned i = 0; i < 40; i++) {
		struct msg m = message(i, 0x0100, 1, 0);
		put_question(&m, "x.example", 1);
		(void)feed_guarded(f, SL_TO_SERVER, m.b, m.len);
	}
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	unsigned closes = 0, queries = 0;
	for (const char *p = f->log; (p = strstr(p, "close ")) != NULL; p++)
		closes++;
	for (const char *p = f->log; (p = strstr(p, "dns.query ")) != NULL; p++)
		queries++;
	assert_int_equal(closes, 40);
	assert_int_equal(queries, 40);
	feed_free(f);
}

static void test_pointers(void **s)
{
	(void)s;
	struct msg self = message(1, 0x0100, 1, 0), forward = self, ring = self, deep = self;
	put16(&self, 0xc00c);
	put16(&forward, 0xc00e);
	put_name(&forward, "x.example");
	memcpy(ring.b + ring.len, "\1a\xc0\x0c", 4);
	ring.len += 4;
	/* a chain of pointers, each to the one before: it ends, and so does the reader */
	deep.b[5] = 2;
	put_question(&deep, "end.example", 1);
	size_t last = 12;
	for (unsigned i = 0; i < 300; i++) {
		size_t here = deep.len;
		put16(&deep, 0xc000 | (unsigned)last);
		last = here;
	}
	struct cut_step step[] = { { SL_TO_SERVER, self.b, self.len },
		{ SL_TO_SERVER, forward.b, forward.len }, { SL_TO_SERVER, ring.b, ring.len },
		{ SL_TO_SERVER, deep.b, deep.len } };
	expect_log("dns", step, 4,
		"close 1 attempted \nclose 2 attempted \nclose 3 attempted \n"
		"dns.query 4 attempted end.example\nclose 4 \n");
}

static void test_long_name(void **s)
{
	(void)s;
	struct msg m = message(1, 0x0100, 1, 0);
	for (unsigned i = 0; i < 20; i++) {
		m.b[m.len++] = 63;
		memset(m.b + m.len, 'a', 63);
		m.len += 63;
	}
	m.b[m.len++] = 0;
	struct cut_step step = { SL_TO_SERVER, m.b, m.len };
	expect_log("dns", &step, 1, "close 1 attempted \n");
}

/* More records than a batch holds: all of them come, once. */
static void test_many_records(void **s)
{
	(void)s;
	static struct {
		uint8_t b[60000];
		size_t len;
	} big;
	struct msg m = message(1, 0x8180, 1, 2000);
	put_question(&m, "x.example", 1);
	memcpy(big.b, m.b, m.len);
	big.len = m.len;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t r[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 0, (uint8_t)(i >> 8),
			(uint8_t)i };
		memcpy(big.b + big.len, r, sizeof(r));
		big.len += sizeof(r);
	}
	for (unsigned room = 0; room < 5; room++) {
		struct feed *f = feed_new("dns", room);
		assert_int_equal(feed_guarded(f, SL_TO_CLIENT, big.b, big.len), SL_MORE);
		unsigned n = 0;
		for (const char *p = f->log; (p = strstr(p, "dns.answer.ip")) != NULL; p++)
			n++;
		assert_int_equal(n, 2000);
		assert_non_null(strstr(f->log, "10.0.7.207\nclose 1 answered"));
		feed_free(f);
	}
}

static bool probes(const struct msg *m, uint16_t sport, uint16_t dport)
{
	struct sl_piece p = { .bytes = sl_span(m->b, m->len), .datagram = true };
	bool more;
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, sport, dport, &more);
	return got != NULL && strcmp(got->name, "dns") == 0;
}

static void test_probe(void **s)
{
	(void)s;
	struct msg q = message(1, 0x0100, 1, 0), odd = message(1, 0x0100, 1, 0), r;
	put_question(&q, "x.example", 1);
	assert_true(probes(&q, 40000, 53));
	assert_true(probes(&q, 53, 40000));
	assert_true(probes(&q, 5353, 53));
	assert_true(probes(&q, 40000, 4444));
	assert_false(probes(&q, 5353, 5353));
	assert_false(probes(&q, 40000, 5355));
	assert_false(probes(&q, 137, 137));
	put_question(&odd, "x y.example", 1);
	assert_false(probes(&odd, 40000, 4444));
	assert_true(probes(&odd, 40000, 53));
	q.b[q.len++] = 0; /* something behind the question */
	assert_false(probes(&q, 40000, 4444));
	r = message(1, 0x8180, 1, 9); /* more records than fit */
	put_question(&r, "x.example", 1);
	assert_false(probes(&r, 4444, 40000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_no_question),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_many_records),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
