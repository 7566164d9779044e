/* SPDX-License-Identifier: BSD-3-Clause */
/* native_test.c - our own lines: every key, every kind of bad line. */
#include "reading.h"

static void full(void **state)
{
	static const char text[] =
		"{\"id\":\"i1\",\"type\":\"domain-name\",\"value\":\"Evil.Example\",\"match\":"
		"\"suffix\","
		"\"source\":\"feed\",\"name\":\"n\",\"tlp\":\"amber+strict\",\"confidence\":80,"
		"\"severity\":\"high\",\"valid_from\":\"2026-01-01T00:00:00Z\","
		"\"valid_until\":\"2027-01-01T00:00:00Z\",\"labels\":[\"a\",\"b\"],\"test\":true}\n"
		"{\"pattern\":\"[ipv4-addr:value = '192.0.2.0/24']\"}\n"
		"{\"type\":\"url\",\"value\":\"hxxp://evil[.]example/a\",\"match\":\"prefix\"}\n"
		"{\"where\":\"dns.query\",\"value\":\"only.example\"}\n"
		"{\"type\":\"ipv6-addr\",\"where\":\"dns.answer.ip\",\"value\":\"2001:db8::1\"}\n"
		"{\"type\":\"user-agent\",\"value\":\"Evil[.]Agent\"}\n"
		"{\"type\":\"mac-addr\",\"value\":\"AA-BB-CC-00-11-22\"}\n";
	struct read r;
	read_text(&r, text);
	assert_string_equal(r.source->format, "native");
	assert_string_equal(r.source->name, "test.txt");
	assert_string_equal(r.said, "");
	assert_int_equal(r.count, 7);
	const struct sl_indicator *i = &r.ind[0];
	assert_string_equal(i->id, "i1");
	assert_string_equal(i->value, "evil.example");
	assert_int_equal(i->match, SL_MATCH_SUFFIX);
	assert_string_equal(i->source, "feed");
	assert_string_equal(i->name, "n");
	assert_int_equal(i->tlp, SL_TLP_AMBER_STRICT);
	assert_int_equal(i->confidence, 80);
	assert_string_equal(i->severity, "high");
	assert_string_equal(i->labels, "a,b");
	assert_true(i->test);
	assert_false(i->quiet);
	assert_int_equal(r.ind[1].prefix_len, 24);
	assert_string_equal(r.ind[1].id, "192.0.2.0/24");
	assert_int_equal(r.ind[2].match, SL_MATCH_PREFIX);
	assert_int_equal(r.ind[3].where, SL_WHERE_DNS_QUERY);
	assert_int_equal(r.ind[3].type, SL_TYPE_DOMAIN);
	assert_int_equal(r.ind[4].where, SL_WHERE_DNS_ANSWER_IP);
	assert_int_equal(r.ind[4].type, SL_TYPE_IPV6);
	assert_string_equal(r.ind[5].value, "Evil[.]Agent");
	assert_string_equal(r.ind[6].value, "aa:bb:cc:00:11:22");
	read_free(&r);
	read_at_every_cut(text);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *code;
	} rows[] = {
		{ "{\"type\":\"ipv4-addr\",\"value\":\"1.2.3\"}", "BAD_ADDRESS" },
		{ "{\"type\":\"ipv4-addr\",\"value\":\"\"}", "EMPTY" },
		{ "{\"type\":\"domain-name\",\"value\":\"a..b\"}", "BAD_DOMAIN" },
		{ "{\"type\":\"domain-name\",\"value\":\"192.0.2.1\"}", "BAD_DOMAIN" },
		{ "{\"type\":\"domain-name\",\"value\":\"com\",\"match\":\"suffix\"}", "TOO_WIDE" },
		{ "{\"type\":\"domain-name\",\"value\":\"a.b\\u0000c\"}", "BAD_VALUE" },
		{ "{\"type\":\"url\",\"value\":\"http://\"}", "BAD_URL" },
		{ "{\"type\":\"url\",\"value\":\"http://a b/\"}", "BAD_URL" },
		{ "{\"type\":\"url\",\"value\":\"http://a.b/\",\"match\":\"suffix\"}",
			"BAD_MATCH" },
		{ "{\"type\":\"url\",\"value\":\"http://a.b/\",\"match\":\"glob\"}", "BAD_MATCH" },
		{ "{\"type\":\"file\",\"value\":\"123\"}", "BAD_HASH" },
		{ "{\"type\":\"windows-registry-key\",\"value\":\"x\"}", "UNKNOWN_TYPE" },
		{ "{\"type\":\"email-addr\",\"value\":\"nobody\"}", "BAD_EMAIL" },
		{ "{\"type\":\"mac-addr\",\"value\":\"aa:bb\"}", "BAD_MAC" },
		{ "{\"type\":\"network-traffic\",\"value\":\"x\"}", "BARE_TRAFFIC" },
		{ "{\"type\":\"network-traffic\",\"where\":\"ja3.hash\",\"value\":\"x\"}",
			"BAD_HASH" },
		{ "{\"type\":\"software\",\"where\":\"ssh.hassh\",\"value\":\"x\"}", "BAD_HASH" },
		{ "{\"where\":\"tls.cert_serial\",\"value\":\"0G\"}", "BAD_VALUE" },
		{ "{\"where\":\"no.such\",\"value\":\"x\"}", "NOT_EVALUABLE" },
		{ "{\"type\":\"url\",\"where\":\"dns.query\",\"value\":\"http://a.b/\"}",
			"UNKNOWN_TYPE" },
		{ "{\"type\":\"hostname\",\"value\":\"a.b\"}", "UNKNOWN_TYPE" },
		{ "{\"value\":\"a.b\"}", "INCOMPLETE" },
		{ "{}", "INCOMPLETE" },
		{ "[]", "NOT_AN_OBJECT" },
		{ "17", "NOT_AN_OBJECT" },
		{ "{\"type\":\"url\"", "BAD_JSON" },
		{ "}", "BAD_JSON" },
		{ "what", "BAD_JSON" },
		{ "{\"type\":\"url\",\"value\":17}", "BAD_KEY" },
		{ "{\"type\":\"domain-name\",\"value\":\"a.b\",\"confidence\":101}", "BAD_KEY" },
		{ "{\"type\":\"domain-name\",\"value\":\"a.b\",\"test\":1}", "BAD_KEY" },
		{ "{\"type\":\"domain-name\",\"value\":\"a.b\",\"valid_from\":\"x\"}", "BAD_TIME" },
		{ "{\"pattern\":\"[domain-name:value = 'a.b'\"}", "PATTERN_SYNTAX" },
		{ "{\"pattern\":\"[domain-name:value = 'a.b' AND process:name = 'c']\"}",
			"NOT_EVALUABLE" },
		{ "{\"pattern\":\"[process:name = 'x']\"}", "NOT_EVALUABLE" },
		{ "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
			"BAD_JSON" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024], said[64];
		static const char good[] =
			"{\"type\":\"domain-name\",\"value\":\"good.example\"}\n";
		snprintf(text, sizeof(text), "%s%s\n%s", good, rows[i].line, good);
		snprintf(said, sizeof(said), "2 %s\n", rows[i].code);
		struct read r;
		read_text(&r, text);
		if (r.count != 2 || strcmp(r.said, said) != 0)
			fail_msg("%s: %zu, %s", rows[i].line, r.count, r.said);
		assert_int_equal(r.source->count[SL_REFUSED], 1);
		read_free(&r);
		read_at_every_cut(text);
	}
}

static void tolerated(void **state)
{
	struct read r;
	read_text(&r, "{\"type\":\"domain-name\",\"value\":\"a.example\",\"sevrity\":\"high\"}\n"
		      "\n# a comment\n"
		      "{\"type\":\"domain-name\",\"value\":\"b.example\",\"tlp\":\"mauve\"}\r\n"
		      "{\"type\":\"domain-name\",\"value\":\"a.example\"}");
	assert_string_equal(r.said, "1 UNKNOWN_KEY\n");
	assert_int_equal(r.count, 3); /* a value that comes twice is kept twice */
	assert_int_equal(r.ind[1].tlp, SL_TLP_AMBER_STRICT);
	assert_int_equal(r.source->count[SL_CONTEXT], 1);
	read_free(&r);
}

static void long_value(void **state)
{
	static char text[20000], path[9001];
	memset(path, 'x', sizeof(path) - 1);
	int len = snprintf(text, sizeof(text),
		"{\"type\":\"domain-name\",\"value\":\"a.example\"}\n"
		"{\"type\":\"url\",\"value\":\"http://a.example/%s\"}\n",
		path);
	struct read r;
	read_bytes(&r, text, (size_t)len, SL_VALID_PACKET);
	assert_string_equal(r.said, "2 VALUE_TOO_LONG\n");
	read_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full),
		cmocka_unit_test(refused),
		cmocka_unit_test(tolerated),
		cmocka_unit_test(long_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
