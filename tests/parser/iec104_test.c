/* SPDX-License-Identifier: BSD-3-Clause */
/* iec104_test.c - IEC 60870-5-104: data, acknowledgements and control in pieces of any size. The
 * captures at hand hold none: messages are made as the standard has them. */
#include "probed.h"

#define START_ACT "\x68\x04\x07\0\0\0"
#define START_CON "\x68\x04\x0b\0\0\0"
#define ACKNOWLEDGE "\x68\x04\x01\0\x02\0"
/* General interrogation of station 300, and its answer: a measured value, cause 20. */
#define INTERROGATION "\x68\x0e\0\0\0\0\x64\x01\x06\0\x2c\x01\0\0\0\x14"
#define VALUE "\x68\x12\x02\0\x02\0\x0d\x01\x14\0\x2c\x01\x01\0\0\0\0\x80\x3f\0"
#define NEGATIVE "\x68\x0e\x04\0\x02\0\x2d\x01\x47\0\x05\0\x10\0\0\1"

static void test_messages(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(START_ACT) },
		{ SL_TO_CLIENT, BYTES(START_CON) },
		{ SL_TO_SERVER, BYTES(INTERROGATION ACKNOWLEDGE) },
		{ SL_TO_CLIENT, BYTES(VALUE NEGATIVE) },
	};
	(void)s;
	expect_stream("iec104", step, 4, SL_MORE,
		"iec104.type 1 100\niec104.cause 1 6\niec104.address 1 300\nclose 1 \n"
		"iec104.type 2 13\niec104.cause 2 20\niec104.address 2 300\nclose 2 \n"
		"iec104.type 3 45\niec104.cause 3 7\niec104.address 3 5\nclose 3 \n");
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		bool home, away; /* on its port, on another */
	} rows[] = {
		{ BYTES(START_ACT), true, true },
		{ BYTES(START_ACT INTERROGATION), true, true },
		{ BYTES(ACKNOWLEDGE), true, true },
		{ BYTES(INTERROGATION "\x68"), true, false },
		{ BYTES("\x68\x0e\0\0\0\0\x84\x01\x06\0\x2c\x01\0\0\0\x14"), true, false },
		{ BYTES("\x68\x0e\0\0\0\0\x64\x01\0\0\x2c\x01\0\0\0\x14"), true, false },
		{ BYTES("\x68\x04\x0f\0\0\0"), false, false }, /* two of them at once */
		{ BYTES("\x68\x04\x03\0\0\0"), false, false }, /* none of them */
		{ BYTES("\x68\x04\x07\0\1\0"), false, false },
		{ BYTES("\x68\x05\x07\0\0\0\0"), false, false },
		{ BYTES("\x68\x04\x05\0\x02\0"), false, false },
		{ BYTES("\x68\x09\0\0\0\0\x64\x01\x06\0\x2c"), false,
			false }, /* too short for data */
		{ BYTES("\x68\x03\0\0\0"), false, false },
		{ BYTES("\x68\xfe\0\0\0\0"), false, false },
		{ BYTES("\x68\x0e\0\0\1\0\x64\x01\x06\0"), false, false },
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *home = probed(rows[i].p, rows[i].len, BEGIN, 2404);
		const char *away = probed(rows[i].p, rows[i].len, BEGIN, 4444);
		assert_int_equal(strcmp(home, "iec104") == 0, rows[i].home);
		assert_int_equal(strcmp(away, "iec104") == 0, rows[i].away);
	}
	assert_string_equal(probed(START_ACT, 4, BEGIN, 4444), "more");
	assert_string_equal(probed(BYTES(START_ACT), SL_OVER_TCP, 2404), "");
}

/* What is malformed ends its piece and is counted; a later one is read. */
static void test_malformed(void **s)
{
	struct feed *f = feed_new("iec104", 0);
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, BYTES("\x68\x04\x0f\0\0\0" VALUE)), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, BYTES(NEGATIVE)), SL_MORE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_string_equal(
		f->log, "iec104.type 1 45\niec104.cause 1 7\niec104.address 1 5\nclose 1 \n");
	feed_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
