/* SPDX-License-Identifier: BSD-3-Clause */
/* modbus_test.c - Modbus messages in pieces of any size, behind gaps and what is none; and what a
 * piece has to look like on any port. */
#include "probed.h"

/* zeek: modbus/modbus-and-non-modbus-p502.pcap, modbus/fuzz-72.pcap */
#define READ_COILS "\0\1\0\0\0\6\x0a\1\0\0\0\1"
#define COILS "\0\1\0\0\0\4\x0a\1\1\0"
#define REFUSED "\0\0\0\0\0\3\1\xa0\1"
/* arkime: arkime_synthetic.pcap */
#define REGISTERS "\0\1\0\0\0\x17\1\3\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void test_messages(void **s)
{
	static const struct cut_step step[] = {
		{ SL_TO_SERVER, BYTES(READ_COILS) },
		{ SL_TO_CLIENT, BYTES(COILS REGISTERS) },
		{ SL_TO_CLIENT, BYTES(REFUSED) },
	};
	(void)s;
	expect_stream("modbus", step, 3, SL_MORE,
		"modbus.unit 1 10\nmodbus.function 1 1\nclose 1 \n"
		"modbus.unit 2 10\nmodbus.function 2 1\nclose 2 \n"
		"modbus.unit 3 1\nmodbus.function 3 3\nclose 3 \n"
		"modbus.unit 4 1\nmodbus.function 4 32\nclose 4 \n");
}

static void bytes(struct feed *f, const char *p, size_t len)
{
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, p, len), SL_MORE);
}

/* A gap inside of what is passed over costs nothing; behind any other a message begins a piece. */
static void test_gaps(void **s)
{
	struct feed *f = feed_new("modbus", 0);
	(void)s;
	bytes(f, BYTES("\0\1\0\0\0\x17\1\3\x14\0"));
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 18);
	bytes(f, BYTES("\0" READ_COILS));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	bytes(f, BYTES("\1" READ_COILS));
	bytes(f, BYTES(REFUSED "\0\1\0\0"));
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	assert_string_equal(f->log, "modbus.unit 1 1\nmodbus.function 1 3\nclose 1 \n"
				    "modbus.unit 2 10\nmodbus.function 2 1\nclose 2 \n"
				    "modbus.unit 3 1\nmodbus.function 3 32\nclose 3 \n");
	feed_free(f);
}

/* What is none ends its piece; a direction of which nothing is Modbus is given up. */
static void test_none(void **s)
{
	static const struct {
		const char *p;
		size_t len;
	} rows[] = {
		{ BYTES("\0\1\1\0\0\6\x0a\1\0\0\0\1") },
		{ BYTES("\0\1\0\1\0\6\x0a\1\0\0\0\1") },
		{ BYTES("\0\1\0\0\1\6\x0a\1\0\0\0\1") },
		{ BYTES("\0\1\0\0\0\1\x0a\1\0\0\0\1") },
		{ BYTES("\0\1\0\0\0\xff\x0a\1\0\0\0\1") },
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed *f = feed_new("modbus", 0);
		enum sl_verdict v = SL_MORE;
		bytes(f, rows[i].p, rows[i].len);
		bytes(f, BYTES(REFUSED));
		for (unsigned n = 0; n < 100 && v == SL_MORE; n++)
			v = feed_guarded(f, SL_TO_SERVER, rows[i].p, rows[i].len);
		assert_int_equal(v, SL_BAD);
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 2);
		assert_string_equal(f->log, "modbus.unit 1 1\nmodbus.function 1 32\nclose 1 \n");
		feed_free(f);
	}
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		size_t len;
		bool home, away; /* on port 502, on another */
	} rows[] = {
		{ BYTES(READ_COILS), true, true },
		{ BYTES(READ_COILS READ_COILS), true, true },
		{ BYTES(COILS), true, true },
		{ BYTES(REFUSED), true, true },
		{ BYTES(REGISTERS), true, true },
		{ BYTES("\0\0\0\0\0\5\0\x2b\x0e\1\0"), true, true },
		{ BYTES("\0\0\0\0\0\x0b\1\x10\0\0\0\2\4aaaa"), true, true },
		{ BYTES("\0\0\0\0\0\x0d\1\x17\0\0\0\1\0\0\0\1\2aa"), true, true },
		{ BYTES(READ_COILS "\0"), true, false }, /* does not end with a message */
		{ BYTES("\0\1\0\0\0\x17\1\3\x14\0\0"), true, false },
		{ BYTES("\0\1\0\0\0\6\x0a\x41\0\0\0\1"), true, false }, /* of a vendor's own */
		{ BYTES("\0\1\0\0\0\5\x0a\5\0\0\0"), true, false },
		{ BYTES("\0\1\0\0\0\6\x0a\x10\0\0\0"), true, false },
		{ BYTES("\0\1\0\0\1\6\x0a\1\0\0\0\1"), false, false },
		{ BYTES("\3\0\0\x0b\6\xe0\0\0\0\0\0"), false, false },
		{ BYTES("\x0a\0\0\0\x0a"), false, false },
	};
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *home = probed(rows[i].p, rows[i].len, BEGIN, 502);
		const char *away = probed(rows[i].p, rows[i].len, BEGIN, 4444);
		assert_int_equal(strcmp(home, "modbus") == 0, rows[i].home);
		assert_int_equal(strcmp(away, "modbus") == 0, rows[i].away);
		assert_string_not_equal(probed(rows[i].p, rows[i].len, SL_OVER_TCP, 502), "modbus");
	}
	assert_string_equal(probed(READ_COILS, 7, BEGIN, 4444), "more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
