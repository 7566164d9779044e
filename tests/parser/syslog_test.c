/* SPDX-License-Identifier: BSD-3-Clause */
/* syslog_test.c - syslog: host and program in both forms, and what has neither. */
#include "cut.h"

static void expect(const char *in, const char *want)
{
	struct cut_step step = { SL_TO_SERVER, in, strlen(in) };
	expect_log("syslog", &step, 1, want);
}

/* RFC 5424 6.5, RFC 3164 5.4, and what senders make of it. */
static void test_forms(void **s)
{
	(void)s;
	expect("<34>1 2003-10-11T22:14:15.003Z MyMachine.example.com. su - ID47 - BOM'su root'",
		"syslog.hostname 1 mymachine.example.com\nsyslog.app 1 su\nclose 1 \n");
	expect("<165>1 - - evntslog - ID47 [exampleSDID@32473 iut=\"3\"]",
		"syslog.app 1 evntslog\nclose 1 \n");
	expect("<165>1 - 192.0.2.1 - - -", "syslog.hostname 1 192.0.2.1\nclose 1 \n");
	expect("<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
		"syslog.hostname 1 mymachine\nsyslog.app 1 su\nclose 1 \n");
	expect("<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
		"syslog.hostname 1 10.0.0.99\nclose 1 \n");
	expect("<30>Oct 12 12:49:06 dhcpd[77]: DHCPACK on 10.0.0.1",
		"syslog.app 1 dhcpd\nclose 1 \n");
	expect("<30>Oct 12 12:49:06 cron: x", "syslog.app 1 cron\nclose 1 \n");
	expect("<187>45: *Mar  1 18:48:50.483: %SYS-5-CONFIG_I: x", "close 1 \n");
	expect("<13>2013-09-12T19:16:34.457849+04:00 localhost rsyslog: test message 23",
		"syslog.hostname 1 localhost\nsyslog.app 1 rsyslog\nclose 1 \n");
	expect("<30>Oct 12 12:49:06 ", "close 1 \n");
	expect("no priority", ""); /* no message: counted */
}

static bool is_syslog(const char *in, uint16_t port)
{
	bool more;
	struct sl_piece p = { .bytes = sl_span_str(in), .datagram = true };
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, port, &more);
	return got != NULL && strcmp(got->name, "syslog") == 0;
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		bool own, other;
	} rows[] = { { "<34>x", true, false }, { "<34>Oct 11 22:14:15 h t: x", true, true },
		{ "<0>1 - h a", true, true }, { "<191>1 2003-10-11T22:14:15Z h a", true, true },
		{ "<191>2 2003-10-11T22:14:15Z h a", true, false }, { "<192>x", false, false },
		{ "<>x", false, false }, { "<1234>x", false, false }, { "<34", false, false },
		{ "34>x", false, false }, { "", false, false }, { "<a>x", false, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(is_syslog(rows[i].p, 514), rows[i].own);
		assert_int_equal(is_syslog(rows[i].p, 4444), rows[i].other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
