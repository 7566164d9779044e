/* SPDX-License-Identifier: BSD-3-Clause */
/* ssdp_test.c - HTTP over UDP: the place of a description, and what is none. */
#include "cut.h"

static void expect(const char *in, const char *want)
{
	struct cut_step step = { SL_TO_SERVER, in, strlen(in) };
	expect_log("ssdp", &step, 1, want);
}

static void test_location(void **s)
{
	(void)s;
	expect("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: x\r\n"
	       "LOCATION: HTTP://192.0.2.1:5000/a/../d.xml\r\n\r\n",
		"ssdp.url 1 http://192.0.2.1:5000/d.xml\nclose 1 \n");
	expect("HTTP/1.1 200 OK\r\nLocation: http://a.example/1\r\nLocation: http://b.example/2\r\n"
	       "\r\n",
		"ssdp.url 1 http://a.example/1\nssdp.url 1 http://b.example/2\nclose 1 \n");
	expect("NOTIFY * HTTP/1.1\r\nLocation:\r\n http://a.example/1\r\n 2\r\n\r\n",
		"ssdp.url 1 http://a.example/1 2\nclose 1 \n");
	expect("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n", "close 1 \n");
	expect("NOTIFY * HTTP/1.1\r\nLocation: no-url\r\n\r\n", "close 1 \n");
	expect("GET / HTTP/1.1\r\nLocation: http://a.example/1\r\n\r\n", "");
	expect("\1\2\3", "");
}

static void test_datagrams(void **s)
{
	(void)s;
	static const char one[] = "NOTIFY * HTTP/1.1\r\nLocation: http://a.example/1\r\n\r\n";
	static const char cut[] = "NOTIFY * HTTP/1.1\r\nLocation: http://a.example/2\r\nX";
	struct feed *f = feed_new("ssdp", 1);
	feed_bytes(f, SL_TO_SERVER, one, strlen(one));
	feed_bytes(f, SL_TO_CLIENT, cut, strlen(cut));
	assert_string_equal(f->log, "ssdp.url 1 http://a.example/1\nclose 1 \n"
				    "ssdp.url 2 http://a.example/2\nclose 2 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static const char *probe(const char *in, uint16_t port)
{
	bool more;
	struct sl_piece p = { .bytes = sl_span_str(in), .datagram = true };
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, port, &more);
	return got ? got->name : "";
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probe("M-SEARCH * HTTP/1.1\r\n\r\n", 1900), "ssdp");
	assert_string_equal(probe("HTTP/1.1 200 OK\r\n\r\n", 1900), "ssdp");
	assert_string_equal(probe("M-SEARCH * HTTP/1.1\r\n\r\n", 1901), "");
	assert_string_equal(probe("GET / HTTP/1.1\r\n\r\n", 1900), "");
	assert_string_equal(probe("NOTIFY", 1900), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_location),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
