/* SPDX-License-Identifier: BSD-3-Clause */
/* mysql_test.c - MySQL: greetings and logins of real servers and clients, commands, TLS. */
#include "hex_steps.h"

/* arkime mysql-allow.pcap */
static const char greeting[] =
	"5b0000000a352e352e33352d307562756e7475302e31322e30342e3200980000005d"
	"4521723c75583800fff70802000f8015000000000000000000004f6632632174494d"
	"29226e27006d7973716c5f6e61746976655f70617373776f726400",
		  login[] =
			  "5200000105a60f0000000001210000000000000000000000000000000000000000000000"
			  "757365723130001455ee72f0c6694cbb3a104eb97f8ee32a6a91f8b16d7973716c5f6e61"
			  "746976655f70617373776f726400";
/* arkime mysql-tls.pcap, and its ClientHello's begin */
static const char asks_tls[] =
	"200000018faa3a00ffffff00210000000000000000000000000000000000000000000000";
/* zeek mysql/many-query-attrs.pcap */
static const char with_database[] =
	"da0000018da6ff1900000001ff0000000000000000000000000000000000000000000000726f6f74002066fc81"
	"d837157dafc9084a1268ff3810a259e9ed0cfd54b1b526706443cd17f66d7973716c0063616368696e675f7368"
	"61325f70617373776f72640077045f70696406333936363531095f706c6174666f726d067838365f3634035f6f"
	"73054c696e75780c5f636c69656e745f6e616d65086c69626d7973716c076f735f75736572076177656c7a656c"
	"0f5f636c69656e745f76657273696f6e06382e302e33370c70726f6772616d5f6e616d65056d7973716c";
/* Commands: a query, a change of the database, a change of the user; an answer within an exchange.
 */
static const char query[] = "0900000003"
			    "73656c65637420"
			    "31",
		  use[] = "0600000002"
			  "6f74686572",
		  change[] = "1000000011"
			     "626f6200"
			     "03aabbcc"
			     "626f62646200"
			     "00",
		  answer[] = "050000020262616464";

static void test_login(void **s)
{
	static const struct hex_step plain[] = { { SL_TO_CLIENT, greeting },
		{ SL_TO_SERVER, login } };
	static const struct hex_step database[] = { { SL_TO_SERVER, with_database },
		{ SL_TO_SERVER, query }, { SL_TO_SERVER, use }, { SL_TO_SERVER, answer },
		{ SL_TO_SERVER, change } };
	(void)s;
	expect_hex("mysql", plain, COUNT(plain), SL_MORE,
		"mysql.version 1 5.5.35-0ubuntu0.12.04.2\nclose 1 \nmysql.user 2 user10\n"
		"close 2 \n");
	expect_hex("mysql", database, COUNT(database), SL_MORE,
		"mysql.user 1 root\nmysql.database 1 mysql\nclose 1 \n"
		"mysql.database 2 other\nclose 2 \n"
		"mysql.user 3 bob\nmysql.database 3 bobdb\nclose 3 \n");
}

/* Authentication data with lengths of every size, none, and the login of before 2003. */
static void test_old(void **s)
{
	static const struct {
		const char *hex, *want;
	} row[] = {
		{ "2800000109a20f00"
		  "00000001"
		  "21"
		  "0000000000000000000000000000000000000000000000"
		  "6100"
		  "00"
		  "64"
		  "6200"
		  "0000",
			"mysql.user 1 a\nmysql.database 1 db\nclose 1 \n" },
		{ "0d000001"
		  "0820"
		  "000001"
		  "626f6200"
		  "7077"
		  "00"
		  "64",
			"mysql.user 1 bob\nmysql.database 1 d\nclose 1 \n" },
		{ "27000001"
		  "08a22000"
		  "00000001"
		  "21"
		  "0000000000000000000000000000000000000000000000"
		  "6100"
		  "fc0200"
		  "aabb",
			"mysql.user 1 a\nclose 1 \n" },
	};
	(void)s;
	for (size_t i = 0; i < COUNT(row); i++) {
		uint8_t b[256];
		size_t len = from_hex(row[i].hex, b, sizeof(b));
		struct feed *f = feed_new("mysql", 0);
		(void)feed_guarded(f, SL_TO_SERVER, b, len);
		feed_ends(f);
		assert_string_equal(f->log, row[i].want);
		feed_free(f);
	}
}

static void test_tls(void **s)
{
	static const struct hex_step t[] = { { SL_TO_CLIENT, greeting },
		{ SL_TO_SERVER, asks_tls } };
	uint8_t b[64];
	size_t len = from_hex(asks_tls, b, sizeof(b));
	b[len] = 0x16;
	struct sl_piece p = { .bytes = sl_span(b, len + 1) };
	struct feed *f = feed_new("mysql", 0);
	bool progress;
	(void)s;
	expect_hex("mysql", t, COUNT(t), SL_NOT_MINE,
		"mysql.version 1 5.5.35-0ubuntu0.12.04.2\nclose 1 \n");
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 1);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

/* After a login with compression nothing can be read. */
static void test_ends(void **s)
{
	static const struct hex_step compress[] = { { SL_TO_SERVER,
		"23000001"
		"25a60f00"
		"00000001"
		"21"
		"0000000000000000000000000000000000000000000000"
		"6100"
		"00" } };
	static const struct hex_step refused[] = { { SL_TO_CLIENT, "0c000000ff6a04"
								   "486f737420277827"
								   "20" } };
	(void)s;
	expect_hex("mysql", compress, 1, SL_DONE, "mysql.user 1 a\nclose 1 \n");
	expect_hex("mysql", refused, 1, SL_DONE, "");
}

/* A hole in a query costs that; one that its length does not tell costs the rest. */
static void test_gap(void **s)
{
	uint8_t b[512];
	size_t len = from_hex(with_database, b, sizeof(b));
	struct feed *f = feed_new("mysql", 0);
	(void)s;
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	f->log_len = 0;
	len = from_hex(query, b, sizeof(b));
	(void)feed_guarded(f, SL_TO_SERVER, b, 6);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, len - 6), SL_MORE);
	len = from_hex(use, b, sizeof(b));
	(void)feed_guarded(f, SL_TO_SERVER, b, len);
	assert_string_equal(f->log, "mysql.database 2 other\nclose 2 \n");
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 100), SL_DONE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	/* What the end cuts is counted. */
	f = feed_new("mysql", 0);
	len = from_hex(with_database, b, sizeof(b));
	(void)feed_guarded(f, SL_TO_SERVER, b, len - 1);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	expect_probe("mysql", SL_TO_CLIENT, greeting);
	expect_probe("mysql", SL_TO_SERVER, login);
	expect_probe("mysql", SL_TO_SERVER, asks_tls);
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 4, 9, false); /* protocol */
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 1, 5, false); /* too long */
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 0, 20, false); /* too short */
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 8, 7, false); /* version */
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 6, 0, false);
	expect_no_probe("mysql", SL_TO_CLIENT, greeting, 41, 1, false); /* the zero */
	expect_no_probe("mysql", SL_TO_SERVER, login, 3, 2, false); /* number */
	expect_no_probe("mysql", SL_TO_SERVER, login, 0, 20, false);
	expect_no_probe("mysql", SL_TO_SERVER, login, 5, 0xa4, false); /* capabilities */
	expect_no_probe("mysql", SL_TO_SERVER, login, 20, 1, false); /* the zeros */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
