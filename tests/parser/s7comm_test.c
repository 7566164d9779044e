/* SPDX-License-Identifier: BSD-3-Clause */
/* s7comm_test.c - S7comm behind what connects, in pieces of any size; S7comm-plus recognised. */
#include "probed.h"

/* arkime: s7comm_synthetic.pcap */
#define CONNECT "\3\0\0\x16\x11\xe0\0\0\0\1\0\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2"
#define CONNECTED "\3\0\0\x16\x11\xd0\0\1\0\1\0\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2"
#define SETUP "\3\0\0\x17\2\xf0\x80\x32\1\0\0\0\1\0\6\0\0\xf0\0\1\xe0\1\xe0"
#define SETUP_ANSWER "\3\0\0\x19\2\xf0\x80\x32\3\0\0\0\1\0\6\0\0\0\0\xf0\0\0\x08\1\xe0"
#define ACK "\3\0\0\x14\2\xf0\x80\x32\2\0\0\1\2\0\0\0\0\0\0\5"
#define USER_DATA "\3\0\0\x1d\2\xf0\x80\x32\7\0\0\0\2\0\x08\0\4\0\1\x12\4\x11\x44\1\0\x0a\0\0\0"
#define PLUS "\3\0\0\x15\2\xf0\x80\x72\3\0\x0a\4\xaa\xbb\xcc\xdd\x31\0\0\0\0"
/* zeek: rdp/rdp-no-cookie-mstshash.pcap, its request */
#define RDP "\3\0\0\x0b\6\xe0\0\0\0\0\0"

static void test_messages(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(CONNECT) },
		{ SL_TO_CLIENT, BYTES(CONNECTED) },
		{ SL_TO_SERVER, BYTES(SETUP USER_DATA) },
		{ SL_TO_CLIENT, BYTES(SETUP_ANSWER ACK) },
	};
	(void)s;
	expect_stream("s7comm", step, 4, SL_MORE,
		"s7.rosctr 1 1\ns7.function 1 240\nclose 1 \n"
		"s7.rosctr 2 7\ns7.group 2 4\nclose 2 \n"
		"s7.rosctr 3 3\ns7.function 3 240\nclose 3 \n"
		"s7.rosctr 4 2\nclose 4 \n");
}

static void test_plus(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(CONNECT PLUS) },
		{ SL_TO_CLIENT, BYTES(CONNECTED PLUS) },
	};
	(void)s;
	expect_stream("s7comm_plus", step, 2, SL_MORE, "");
}

static void test_malformed(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		const char *want;
		unsigned part;
	} rows[] = {
		{ BYTES("\3\0\0\x09\2\xf0\x80\x32\1"), "", 1 },
		{ BYTES("\3\0\0\x07\x20\xf0\x80"), "", 1 }, /* longer than its packet */
		{ BYTES("\3\0\0\x11\2\xf0\x80\x32\1\0\0\0\1\0\6\0\0"), "s7.rosctr 1 1\nclose 1 \n",
			1 },
		{ BYTES("\3\0\0\x13\2\xf0\x80\x32\7\0\0\0\1\0\6\0\0\0\1"),
			"s7.rosctr 1 7\nclose 1 \n", 1 },
		{ BYTES("\3\0\0\x09\2\xf0\x80\x41\1"), "", 0 }, /* a later part */
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed *f = feed_new("s7comm", 0);
		(void)feed_guarded(f, SL_TO_SERVER, rows[i].p, rows[i].len);
		assert_string_equal(f->log, rows[i].want);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], rows[i].part);
		feed_free(f);
		cut_everywhere("s7comm", SL_TO_SERVER, rows[i].p, rows[i].len);
	}
}

static void test_probe(void **s)
{
	(void)s;
	assert_string_equal(probed(BYTES(CONNECT), BEGIN, 4444), "more");
	assert_string_equal(probed(BYTES(CONNECT SETUP), BEGIN, 4444), "s7comm");
	assert_string_equal(probed(BYTES(CONNECTED SETUP_ANSWER), BEGIN, 4444), "s7comm");
	assert_string_equal(probed(BYTES(SETUP), BEGIN, 4444), "s7comm");
	assert_string_equal(probed(BYTES("\3\0\0\x08\2\xf0\x80\x32" SETUP), BEGIN, 4444), "s7comm");
	assert_string_not_equal(probed(BYTES("\3\0\0\x09\2\xf0\x80\x32\4"), BEGIN, 102), "s7comm");
	assert_string_equal(probed(BYTES(CONNECT PLUS), BEGIN, 4444), "s7comm_plus");
	assert_string_equal(
		probed(BYTES(CONNECT "\3\0\0\x09\2\xf0\x80\x0d\1"), BEGIN, 102), ""); /* MMS */
	assert_string_not_equal(probed(BYTES(RDP), BEGIN, 102), "s7comm");
	assert_string_equal(probed(BYTES(SETUP), SL_OVER_TCP, 102), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_plus),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
