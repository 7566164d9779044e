/* SPDX-License-Identifier: BSD-3-Clause */
/* enip_test.c - EtherNet/IP: commands, CIP services and identities, in pieces of any size and in
 * datagrams. */
#include "probed.h"

#define ZERO4 "\0\0\0\0"
/* Command, length, and what a header has behind them: session, status, context, options. */
#define HEAD(command, length) command length ZERO4 ZERO4 ZERO4 ZERO4 ZERO4
/* arkime: arkime_synthetic.pcap, sessions and contexts left out */
#define REGISTER HEAD("\x65\0", "\4\0") "\1\0\0\0"
#define LIST HEAD("\x63\0", "\0\0")
#define IDENTITY                                                                                   \
	HEAD("\x63\0", "\x3a\0")                                                                   \
	"\1\0\x0c\0\x34\0\1\0\0\2\xaf\x12\x0a\x28\2\x0a\0\0\0\0\0\0\0\0\5\0\x0e\0\x2a\0\1\2\0\0"   \
	"\xbe\xba\xfe\xca\x12Synthetic-PLC-Test\3"
#define CLOSE_ANSWER HEAD("\x6f\0", "\x14\0") ZERO4 "\x0a\0\2\0\0\0\0\0\xb2\0\4\0\xce\0\0\0"
#define CONNECTED                                                                                  \
	HEAD("\x70\0", "\x1e\0")                                                                   \
	ZERO4 "\0\0\2\0\xa1\0\4\0\1\0\0\x80\xb1\0\x0a\0\1\0\x0e\3\x20\1\x24\1\x30\7"

static void test_stream(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(REGISTER CONNECTED) },
		{ SL_TO_CLIENT, BYTES(CLOSE_ANSWER IDENTITY) },
	};
	(void)s;
	expect_stream("enip", step, 2, SL_MORE,
		"enip.command 1 101\nclose 1 \n"
		"enip.command 2 112\nenip.cip_service 2 14\nclose 2 \n"
		"enip.command 3 111\nenip.cip_service 3 78\nclose 3 \n"
		"enip.command 4 99\nenip.product_name 4 Synthetic-PLC-Test\nclose 4 \n");
}

static void test_datagrams(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(LIST) },
		{ SL_TO_CLIENT, BYTES(IDENTITY) },
	};
	(void)s;
	expect_log("enip", step, 2,
		"enip.command 1 99\nclose 1 \n"
		"enip.command 2 99\nenip.product_name 2 Synthetic-PLC-Test\nclose 2 \n");
}

/* Items that say more than there is, none, and one of a type that has no name. */
static void test_items(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		const char *want;
		unsigned part;
	} rows[] = {
		{ BYTES(HEAD("\x6f\0", "\x0c\0") ZERO4 "\0\0\2\0\0\0\xff\0"),
			"enip.command 1 111\nclose 1 \n", 1 },
		{ BYTES(HEAD("\x6f\0", "\x08\0") ZERO4 "\0\0\0\0"),
			"enip.command 1 111\nclose 1 \n", 0 },
		{ BYTES(HEAD("\x6f\0", "\x0f\0") ZERO4 "\0\0\1\0\xb2\0\xff\0\x52\2\x20"),
			"enip.command 1 111\nenip.cip_service 1 82\nclose 1 \n", 0 },
		{ BYTES(HEAD("\x70\0", "\x0e\0") ZERO4 "\0\0\1\0\xb1\0\2\0\1\0"),
			"enip.command 1 112\nclose 1 \n", 0 },
		{ BYTES(HEAD("\x63\0", "\x08\0") "\1\0\x0c\0\x02\0\1\0"),
			"enip.command 1 99\nclose 1 \n", 1 },
		{ BYTES(HEAD("\x70\0", "\0\0")), "enip.command 1 112\nclose 1 \n", 0 },
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed *f = feed_new("enip", 0);
		f->stream = true;
		(void)feed_guarded(f, SL_TO_SERVER, rows[i].p, rows[i].len);
		assert_string_equal(f->log, rows[i].want);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], rows[i].part);
		feed_free(f);
		cut_everywhere("enip", SL_TO_SERVER, rows[i].p, rows[i].len);
	}
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		bool home, away; /* on its port, on another */
	} rows[] = {
		{ BYTES(REGISTER), true, true }, { BYTES(IDENTITY), true, true },
		{ BYTES(REGISTER "\x63"), true, false }, { BYTES(CONNECTED CONNECTED), true, true },
		{ BYTES(HEAD("\0\0", "\0\0")), true, false },
		{ BYTES(LIST), true, false }, /* nothing but zeros */
		{ BYTES(HEAD("\x65\0", "\4\0") "\2\0\0\0"), true, false },
		{ BYTES(HEAD("\x6f\0", "\x0a\0") "\1\0\0\0\0\0\0\0\0\0"), true, false },
		{ BYTES(HEAD("\x65\0", "\5\0") "\1\0\0\0"), false, false },
		{ BYTES(HEAD("\x67\0", "\0\0")), false, false },
		{ BYTES(HEAD("\x65\1", "\0\0")), false, false },
		{ BYTES("\x63\0\0\0" ZERO4 "\0\1\0\0" ZERO4 ZERO4 ZERO4), false,
			false }, /* status */
		{ BYTES("\x63\0\0\0" ZERO4 ZERO4 ZERO4 ZERO4 "\0\0\0\1"), false,
			false }, /* options */
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *home = probed(rows[i].p, rows[i].len, BEGIN, 44818);
		const char *away = probed(rows[i].p, rows[i].len, BEGIN, 4444);
		assert_int_equal(strcmp(home, "enip") == 0, rows[i].home);
		assert_int_equal(strcmp(away, "enip") == 0, rows[i].away);
	}
	assert_string_equal(probed(BYTES(LIST), SL_OVER_UDP, 4444), "enip");
	assert_string_equal(probed(BYTES(LIST), SL_OVER_TCP, 44818), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
