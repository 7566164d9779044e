/* SPDX-License-Identifier: BSD-3-Clause */
/* pgsql_test.c - PostgreSQL: logins of real clients, what servers report, TLS from either end. */
#include "hex_steps.h"

/* arkime postgres-good.pcap and postgres-no-sslrequest.pcap */
static const char asks_tls[] = "0000000804d2162f", asks_gss[] = "0000000804d21630",
		  cancel[] = "0000001004d2162e0000123411223344", no[] = "4e", yes[] = "53",
		  login[] =
			  "00000050000300007573657200636f6f6c757365720064617461626173650064626462"
			  "64626462006170706c69636174696f6e5f6e616d6500706741646d696e20494949202d20"
			  "42726f777365720000",
		  other[] =
			  "0000005b000300007573657200757365720064617461626173650064626462006"
			  "36c69656e745f656e636f64696e6700554e49434f444500446174655374796c65004953"
			  "4f0054696d655a6f6e650055532f506163696669630000",
		  reports[] =
			  "520000000800000000530000001c636c69656e745f656e636f64696e6700554e49434f"
			  "4445005300000017446174655374796c650049534f2c204d445900530000001469735f"
			  "737570657275736572006f6e0053000000197365727665725f76657273696f6e00372e"
			  "342e3500530000001f73657373696f6e5f617574686f72697a6174696f6e0074657374"
			  "004b0000000c000076312384f72d5a0000000549";

static void test_login(void **s)
{
	static const struct hex_step after_no[] = { { SL_TO_SERVER, asks_gss },
		{ SL_TO_CLIENT, no }, { SL_TO_SERVER, asks_tls }, { SL_TO_CLIENT, no },
		{ SL_TO_SERVER, login } };
	static const struct hex_step both[] = { { SL_TO_SERVER, other },
		{ SL_TO_CLIENT, reports } };
	/* Answers that are seen behind what the client did with them. */
	static const struct hex_step late[] = { { SL_TO_SERVER, asks_gss },
		{ SL_TO_SERVER, asks_tls }, { SL_TO_SERVER, other }, { SL_TO_CLIENT, "4e4e" },
		{ SL_TO_CLIENT, reports } };
	static const struct hex_step alone[] = { { SL_TO_SERVER, cancel } };
	(void)s;
	expect_hex("pgsql", after_no, COUNT(after_no), SL_DONE,
		"pgsql.user 1 cooluser\npgsql.database 1 dbdbdbdb\n"
		"pgsql.application_name 1 pgAdmin III - Browser\nclose 1 \n");
	expect_hex("pgsql", both, COUNT(both), SL_DONE,
		"pgsql.user 1 user\npgsql.database 1 dbdb\nclose 1 \n"
		"pgsql.server_version 2 7.4.5\nclose 2 \n");
	expect_hex("pgsql", late, COUNT(late), SL_DONE,
		"pgsql.user 1 user\npgsql.database 1 dbdb\nclose 1 \n"
		"pgsql.server_version 2 7.4.5\nclose 2 \n");
	expect_hex("pgsql", alone, COUNT(alone), SL_DONE, "");
}

/* TLS begins behind the server's yes; or where the client, or the server, is seen to speak it. */
static void test_tls(void **s)
{
	static const struct hex_step answered[] = { { SL_TO_SERVER, asks_tls },
		{ SL_TO_CLIENT, yes } };
	static const struct hex_step client[] = { { SL_TO_SERVER, asks_tls },
		{ SL_TO_SERVER, "16" } };
	static const struct hex_step late[] = { { SL_TO_SERVER, asks_tls },
		{ SL_TO_CLIENT, "16" } };
	static const struct hex_step gss[] = { { SL_TO_SERVER, asks_gss }, { SL_TO_CLIENT, "47" } };
	(void)s;
	expect_hex("pgsql", answered, COUNT(answered), SL_NOT_MINE, "");
	expect_hex("pgsql", client, COUNT(client), SL_NOT_MINE, "");
	expect_hex("pgsql", late, COUNT(late), SL_NOT_MINE, "");
	expect_hex("pgsql", gss, COUNT(gss), SL_DONE, "");
	struct feed *f = feed_new("pgsql", 0);
	struct sl_piece p = { .bytes = sl_span("\0\0\0\10\4\xd2\x16/\x16\3", 10) };
	bool progress;
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 2);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

static void test_bad(void **s)
{
	static const struct hex_step huge[] = { { SL_TO_SERVER, asks_tls }, { SL_TO_CLIENT, no },
		{ SL_TO_SERVER, "00100000" } };
	static const struct hex_step unended[] = { { SL_TO_SERVER, "00000012"
								   "00030000"
								   "75736572"
								   "00"
								   "626f62"
								   "00"
								   "61" } };
	struct feed *f = feed_new("pgsql", 0);
	uint8_t b[256];
	size_t len = from_hex(login, b, sizeof(b));
	(void)s;
	expect_hex("pgsql", huge, COUNT(huge), SL_BAD, "");
	expect_hex("pgsql", unended, COUNT(unended), SL_DONE, "pgsql.user 1 bob\nclose 1 \n");
	(void)feed_guarded(f, SL_TO_SERVER, b, len - 20);
	assert_int_equal(feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 20), SL_DONE);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
	/* What the end cuts is counted. */
	f = feed_new("pgsql", 0);
	(void)feed_guarded(f, SL_TO_SERVER, b, 3);
	(void)feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0);
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	(void)s;
	expect_probe("pgsql", SL_TO_SERVER, asks_tls);
	expect_probe("pgsql", SL_TO_SERVER, asks_gss);
	expect_probe("pgsql", SL_TO_SERVER, cancel);
	expect_probe("pgsql", SL_TO_SERVER, login);
	expect_no_probe("pgsql", SL_TO_SERVER, asks_tls, 3, 9, false);
	expect_no_probe("pgsql", SL_TO_SERVER, cancel, 3, 9, false);
	expect_no_probe("pgsql", SL_TO_SERVER, login, 5, 2, false); /* version */
	expect_no_probe("pgsql", SL_TO_SERVER, login, 7, 10, false);
	expect_no_probe("pgsql", SL_TO_SERVER, login, 1, 1, false); /* length */
	expect_no_probe("pgsql", SL_TO_SERVER, login, 2, 0x28, false);
	expect_no_probe("pgsql", SL_TO_SERVER, login, 9, ' ', false); /* name */
	expect_no_probe("pgsql", SL_TO_SERVER, login, 8, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
