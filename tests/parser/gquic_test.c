/* SPDX-License-Identifier: BSD-3-Clause */
/* gquic_test.c - the CHLO of Google's QUIC, under each kind of header, whole and cut. */
#include "cut.h"

#define TAGS                                                                                       \
	"CHLO\x03\0\0\0"                                                                           \
	"PAD\0\x02\0\0\0"                                                                          \
	"SNI\0\x0e\0\0\0"                                                                          \
	"UAID\x14\0\0\0"                                                                           \
	"--"                                                                                       \
	"evil.example"                                                                             \
	"Chrome"
/* flags, connection id, version, number, hash, head of a STREAM frame */
#define OLD                                                                                        \
	"\x0d"                                                                                     \
	"12345678"                                                                                 \
	"Q043"                                                                                     \
	"\x01"                                                                                     \
	"hashhashhash"                                                                             \
	"\xa0\x01\x40\x00"
#define LONG                                                                                       \
	"\xc3"                                                                                     \
	"Q046"                                                                                     \
	"\x50"                                                                                     \
	"12345678"                                                                                 \
	"\0\0\0\x01"                                                                               \
	"hashhashhash"                                                                             \
	"\xa0\x01\x40\x00"
#define SAID "gquic.sni 1 evil.example\ngquic.user_agent 1 Chrome\nclose 1 \n"

static void test_headers(void **s)
{
	static const char old[] = OLD TAGS, with_long[] = LONG TAGS;
	struct cut_step step[] = { { SL_TO_SERVER, old, sizeof(old) - 1 } };
	(void)s;
	expect_log("gquic", step, 1, SAID);
	step[0] = (struct cut_step){ SL_TO_SERVER, with_long, sizeof(with_long) - 1 };
	expect_log("gquic", step, 1, SAID);
}

/* Ends of values that go backwards or beyond, and more tags than there are. */
static void test_lies(void **s)
{
	static const char want[] = OLD TAGS;
	char bytes[sizeof(want)];
	size_t hello = sizeof(OLD) - 1;
	(void)s;
	for (unsigned i = 0; i < 3; i++) {
		static const size_t at[] = { 4, 12, 20 };
		memcpy(bytes, want, sizeof(want));
		bytes[hello + at[i]] = (char)0x7f;
		struct cut_step step = { SL_TO_SERVER, bytes, sizeof(bytes) - 1 };
		expect_log("gquic", &step, 1, "close 1 \n");
	}
}

static void test_probe(void **s)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool yes;
	} rows[] = { { OLD, sizeof(OLD) - 1, true }, { LONG, sizeof(LONG) - 1, true },
		{ "\x0c"
		  "12345678Q043",
			13, false },
		{ "\x0f"
		  "12345678Q043",
			13, false },
		{ "\x0d"
		  "12345678Q0x3",
			13, false },
		{ "\x0d"
		  "12345678Q04",
			12, false } };
	(void)s;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_piece p = { .bytes = sl_span(rows[i].bytes, rows[i].len),
			.datagram = true };
		bool more;
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, 443, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "gquic") == 0, rows[i].yes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
