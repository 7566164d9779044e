/* SPDX-License-Identifier: BSD-3-Clause */
/* xmpp_test.c - XMPP: the ends of streams, STARTTLS, tags in any pieces. */
#include "pieces.h"

/* zeek's tls/xmpp-starttls, and a header whose values hide a bracket. */
static void test_starttls(void **s)
{
	static const struct cut_step t[] = {
		C("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		  "xmlns='jabber:client' to='jabber.ccc.de' version='1.0'>"),
		S("<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='3449578488' "
		  "from='jabber.ccc.de' version='1.0' xml:lang='en'>"),
		S("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
		  "</starttls></stream:features>"),
		C("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
		S("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
	};
	(void)s;
	expect_stream("xmpp", t, COUNT(t), SL_NOT_MINE,
		"xmpp.to 1 jabber.ccc.de\nclose 1 \nxmpp.from 2 jabber.ccc.de\nclose 2 \n");
}

static void test_next(void **s)
{
	struct feed *f = feed_new("xmpp", 0);
	struct sl_piece p = { .bytes = sl_span("<proceed/>\x16\3\1", 13), .dir = SL_TO_CLIENT };
	bool progress;
	(void)s;
	/* Who begins the stream does not grant it, nor does anybody before there is one. */
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "<proceed/>", 10), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "<stream:stream><proceed/>", 25), SL_MORE);
	assert_int_equal(feed_call(f, &p, 0, &progress), SL_NOT_MINE);
	assert_int_equal(p.bytes.len, 3);
	assert_string_equal(f->b.next->name, "tls");
	feed_free(f);
}

static void test_tags(void **s)
{
	static const struct cut_step t[] = {
		C("<?xml version='1.0'?>\n<stream:stream id='a>b' tofu='no'\n to = \"A.Example\" "
		  "from='u@b.example'>"),
		C("<message to='x'><body>1 > 2</body></message><stream:streams to='y'>"
		  "</stream:stream><stream:stream to='"),
		C("c.example'>")
	};
	(void)s;
	expect_stream("xmpp", t, COUNT(t), SL_MORE,
		"xmpp.to 1 a.example\nxmpp.from 1 u@b.example\nclose 1 \n"
		"xmpp.to 2 c.example\nclose 2 \n");
}

static void test_odd(void **s)
{
	static const char odd[] = "<stream:stream to><stream:stream to=><stream:stream ='x' to='a'>"
				  "<><stream:stream to='never ends>";
	struct feed *f = feed_new("xmpp", 0);
	char pad[1100];
	(void)s;
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, odd, sizeof(odd) - 1), SL_MORE);
	assert_string_equal(f->log, "close 1 \nclose 2 \nxmpp.to 3 a\nclose 3 \n");
	(void)feed_mark(f, SL_PIECE_GAP, SL_TO_SERVER, 0);
	f->log_len = 0;
	memset(pad, ' ', sizeof(pad));
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "<stream:stream to='b' ", 22), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, pad, sizeof(pad)), SL_MORE);
	assert_int_equal(feed_guarded(f, SL_TO_SERVER, "from='c'>", 9), SL_MORE);
	assert_string_equal(f->log, "xmpp.to 4 b\nclose 4 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_probe(void **s)
{
	static const struct {
		const char *p;
		bool yes, more;
	} rows[] = { { "<stream:stream to='a'>", true, false }, { "<stream:", false, true },
		{ "<?xml version='1.0'?> <stream:stream ", true, false },
		{ "<?xml version='1.0'?>", false, true }, { "<?xml version", false, true },
		{ "<?xml version='1.0'?><soap>", false, false }, { "<html>", false, false } };
	(void)s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sl_piece p = { .bytes = sl_span_str(rows[i].p) };
		bool more;
		const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_TCP, 40000, 4444, &more);
		assert_int_equal(got != NULL && strcmp(got->name, "xmpp") == 0, rows[i].yes);
		assert_true(more || !rows[i].more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
