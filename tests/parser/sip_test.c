/* SPDX-License-Identifier: BSD-3-Clause */
/* sip_test.c - SIP: requests and responses over UDP and TCP, forms of addresses, bodies, gaps. */
#include "pieces.h"

/* As in zeek's sip/wireshark. */
static const char request[] =
	"REGISTER sip:sip.cybercity.dk SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.168.1.2;branch=z9hG4bKnp151248737-46ea715e192.168.1.2;rport\r\n"
	"From: <sip:voi18063@sip.cybercity.dk>;tag=903df0a\r\n"
	"To: <sip:voi18063@sip.cybercity.dk>\r\n"
	"Contact: <sip:voi18063@192.168.1.2:5060;line=9c7d2dbd8822013c>;expires=1200,\r\n"
	" \"a, b\" <sip:x@[2001:db8::1]:5060>\r\n"
	"User-Agent: Nero SIPPS IP Phone Version 2.0.51.16\r\n"
	"Content-Length: 4\r\n\r\nBODY";
static const char request_log[] =
	"sip.uri 1 sip:sip.cybercity.dk\nsip.host 1 sip.cybercity.dk\nsip.host 1 192.168.1.2\n"
	"sip.from 1 sip:voi18063@sip.cybercity.dk\nsip.to 1 sip:voi18063@sip.cybercity.dk\n"
	"sip.host 1 2001:db8::1\n"
	"sip.user_agent 1 Nero SIPPS IP Phone Version 2.0.51.16\nclose 1 \n";
/* Compact forms, a body of none. */
static const char response[] =
	"\r\nSIP/2.0 200 OK\r\nv:SIP/2.0/TCP Pc33.Atlanta.Example:5060 , SIP / 2.0 / TCP "
	"b.example\r\n"
	"f: \"A \\\" <x>\" <SIP:Alice;day=1@Atlanta.Example;transport=tcp?x=y>;tag=1\r\n"
	"t: sips:bob@biloxi.example;tag=2\r\nm: *\r\nl: 0\r\n\r\n";
static const char response_log[] = "sip.host 2 pc33.atlanta.example\nsip.host 2 b.example\n"
				   "sip.from 2 sip:alice;day=1@atlanta.example\n"
				   "sip.host 2 atlanta.example\nsip.to 2 sips:bob@biloxi.example\n"
				   "sip.host 2 biloxi.example\nclose 2 \n";

static void test_stream(void **s)
{
	static const struct cut_step t[] = { { SL_TO_SERVER, request, sizeof(request) - 1 },
		{ SL_TO_CLIENT, response, sizeof(response) - 1 } };
	char want[2048];
	(void)s;
	snprintf(want, sizeof(want), "%s%s", request_log, response_log);
	expect_stream("sip", t, COUNT(t), SL_MORE, want);
}

static void test_datagrams(void **s)
{
	static const struct cut_step t[] = { { SL_TO_SERVER, request, sizeof(request) - 1 },
		{ SL_TO_CLIENT, response, sizeof(response) - 1 }, { SL_TO_CLIENT, "\r\n\r\n", 4 },
		{ SL_TO_CLIENT, "any text\n", 9 } };
	char want[2048];
	(void)s;
	snprintf(want, sizeof(want), "%s%s", request_log, response_log);
	expect_log("sip", t, COUNT(t), want);
}

static void expect_one(const char *in, unsigned part, const char *want)
{
	struct feed *f = feed_new("sip", 0);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, in, strlen(in)), SL_MORE);
	assert_string_equal(f->log, want);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], part);
	feed_free(f);
}

static void test_odd(void **s)
{
	(void)s;
	expect_one("SIP/2.0 200 OK\r\nFrom: \\\"a\\\" <sip:b@c.example>\r\n\r\n", 0,
		"sip.from 1 sip:b@c.example\nsip.host 1 c.example\nclose 1 \n");
	expect_one("SIP/2.0 200 OK\r\nFrom: \"a <sip:b@c.example>\r\nTo:\r\nVia:\r\nX\r\n\r\n", 0,
		"sip.from 1 sip:b@c.example\nsip.host 1 c.example\nclose 1 \n");
	expect_one("BYE tel:+1-201-555-0123 SIP/2.0\r\nContact:,,<\r\nVia: ,SIP/2.0/UDP\r\nTo", 1,
		"sip.uri 1 tel:+1-201-555-0123\nclose 1 \n");
	expect_one("BYE sip:a@b", 1, "");
	expect_one("any text\n", 1, "");
	expect_one("\r\n\r\n", 0, "");
}

/* What keeps a NAT open is no message, and none that is cut. */
static void test_keepalives(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		unsigned part;
	} rows[] = { { "\0\0\0\0", 4, 0 }, { "\0", 1, 0 },
		{ "\0\1\0\0\x21\x12\xa4\x42twelve bytes", 20, 0 },
		{ "\1\1\0\4\x21\x12\xa4\x42twelve bytesmore", 24, 0 },
		{ "\0\1\0\0\x21\x12\xa4\x42twelve byte", 19, 1 },
		{ "\0\1\0\0\x21\x12\xa4\x43twelve bytes", 20, 1 },
		{ "\2\1\0\0\x21\x12\xa4\x42twelve bytes", 20, 1 }, { "\0\0\0\1", 4, 1 },
		{ "\0\0\0\0\0", 5, 1 } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct feed *f = feed_new("sip", 0);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, rows[i].p, rows[i].len), SL_MORE);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], rows[i].part);
		feed_free(f);
	}
}

static enum sl_verdict stream(struct feed *f, const char *in)
{
	return feed_guarded(f, SL_TO_SERVER, in, strlen(in));
}

static void test_gap(void **s)
{
	struct feed *f = feed_new("sip", 0);
	(void)s;
	f->stream = true;
	assert_int_equal(stream(f, "SIP/2.0 200 OK\r\nContent-Length: 9\r\n\r\nab"), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 7);
	assert_int_equal(stream(f, "BYE sip:a@b.example SIP/2.0\r\nX: "), SL_MORE);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 7);
	assert_int_equal(stream(f, "x\r\n\r\n"), SL_MORE);
	assert_int_equal(stream(f, "BYE sip:c@d.example SIP/2.0\r\n\r\n"), SL_MORE);
	assert_string_equal(f->log, "close 1 \nsip.uri 2 sip:c@d.example\nsip.host 2 d.example\n"
				    "close 2 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	/* What is none ends its piece; a direction of which nothing is SIP is given up. */
	assert_int_equal(
		stream(f, "GET / HTTP/1.1\r\n\r\nBYE sip:c@d.example SIP/2.0\r\n\r\n"), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	enum sl_verdict v = SL_MORE;
	for (unsigned n = 0; n < 100 && v == SL_MORE; n++)
		v = stream(f, "BYE sip:c@d.example SIP/3.0\r\n\r\n");
	assert_int_equal(v, SL_BAD);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
	assert_int_equal(f->b.n, 0);
	feed_free(f);
}

/* A method that nobody has heard of is one. */
static void test_method(void **s)
{
	static const struct cut_step t[] = { C("INVITE sip:a@b.example SIP/2.0\r\n\r\n"),
		C("X-evil! sip:c SIP/2.0\r\n\r\nSIP/2.0 600 Busy\r\n\r\nBYE sip:d "
		  "SIP/2.0\r\n\r\n") };
	struct feed *f = feed_new("sip", 0);
	(void)s;
	expect_stream("sip", t, 2, SL_MORE,
		"sip.uri 1 sip:a@b.example\nsip.host 1 b.example\nclose 1 \n"
		"sip.uri 2 sip:c\nsip.host 2 c\nclose 2 \nclose 3 \n"
		"sip.uri 4 sip:d\nsip.host 4 d\nclose 4 \n");
	f->stream = true;
	assert_int_equal(stream(f, "BYE sip:a SIP/2.0\r\n"), SL_MORE);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* Hosts of a message are bounded, and what lies behind is counted. */
static void test_hosts(void **s)
{
	char in[4096] = "BYE sip:h0 SIP/2.0\r\n";
	struct feed *f = feed_new("sip", 0);
	const char *at = f->log;
	unsigned hosts = 0;
	(void)s;
	for (unsigned i = 0; i < 100; i++)
		snprintf(in + strlen(in), sizeof(in) - strlen(in), "Via: SIP/2.0/UDP h%u\r\n", i);
	snprintf(in + strlen(in), sizeof(in) - strlen(in), "To: sip:last\r\n\r\n");
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, in, strlen(in)), SL_MORE);
	for (; (at = strstr(at, "sip.host")) != NULL; at++)
		hosts++;
	assert_int_equal(hosts, 32);
	assert_non_null(strstr(f->log, "sip.to 1 sip:last\nclose 1 "));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* A head that there is no memory for costs itself, and not the direction. */
static void test_no_memory(void **s)
{
	struct feed *f = feed_new("sip", 0);
	struct sl_parser_pool *pool = f->b.pool;
	(void)s;
	f->stream = true;
	f->b.pool = NULL;
	assert_int_equal(stream(f, "BYE sip:a@b.example SIP/2.0\r\nX: "), SL_MORE);
	f->b.pool = pool;
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_int_equal(stream(f, "x\r\n\r\n"), SL_MORE);
	assert_int_equal(stream(f, "BYE sip:c@d.example SIP/2.0\r\n\r\n"), SL_MORE);
	assert_string_equal(f->log, "sip.uri 1 sip:c@d.example\nsip.host 1 d.example\nclose 1 \n");
	feed_free(f);
}

/* A head that doesn't end. */
static void test_long(void **s)
{
	static char line[1025];
	struct feed *f = feed_new("sip", 0);
	enum sl_verdict v = SL_MORE;
	unsigned n = 0;
	(void)s;
	f->stream = true;
	memset(line, 'a', sizeof(line) - 1);
	assert_int_equal(stream(f, "BYE sip:a@b.example SIP/2.0\r\n"), SL_MORE);
	for (; v == SL_MORE && f->counters.c[SL_C_MESSAGES_PART] == 0 && n < 100; n++)
		v = stream(f, line);
	assert_int_equal(v, SL_MORE);
	assert_in_range(n, 15, 17);
	assert_int_equal(stream(f, "BYE sip:c@d.example SIP/2.0\r\n\r\n"), SL_MORE);
	assert_non_null(strstr(f->log, "sip:c@d.example"));
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		bool yes, more;
	} rows[] = { { "SIP/2.0 200 OK\r\n", true, false }, { "SIP/2", false, true },
		{ "OPTIONS sip:a SIP/2.0\r\n", true, false }, { "INVITE sip:a SIP", false, true },
		{ "\r\n\r\nACK sip:a SIP/2.0\r\n", true, false },
		{ "OPTIONS / HTTP/1.1\r\n", false, false },
		{ "HELLO sip:a SIP/2.0\r\n", false, false }, { "", false, false },
		{ "\r\n", false, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sl_piece p = { .bytes = sl_span_str(rows[i].p) };
		bool more;
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 4444, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "sip") == 0, rows[i].yes);
		assert_true(more || !rows[i].more);
		p.datagram = true;
		got = sl_parser_probe(&p, SL_OVER_UDP, 40000, 4444, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "sip") == 0, rows[i].yes);
		assert_false(more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_keepalives),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_method),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
