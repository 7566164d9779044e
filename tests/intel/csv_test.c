/* SPDX-License-Identifier: BSD-3-Clause */
/* csv_test.c - tables with and without a header. */
#include <sightline/policy.h>

#include "reading.h"

static void header(void **state)
{
	static const char text[] =
		"\xef\xbb\xbfType,Value,Description,Source,Confidence,TLP,Valid From,Valid "
		"Until,Tags,id\n"
		"domain,evil[.]example,\"a \"\"name\"\", quoted\",feed,80,AMBER+STRICT,2026-01-01,"
		"2027-01-01T00:00:00Z,\"x,y\",id-1\n"
		"ip,192.0.2.1,,,,,,,,\n"
		",,,,,,,,,\n"
		"URL,hxxps://evil.example/a,\"two\nlines\",feed,,,,,,\n"
		"sha256,00,,,,,,,,\n"
		"domain,,,,,,,,,id-2\n"
		"what,x.example,,,,,,,,\n"
		"comment,some text,,,,,,,,\n"
		"regkey,HKLM,,,,,,,,\n"
		"domain,y.example,,,,,gestern,,,\n"
		"domain,z.example,,,,,2026-01-02,2026-01-01,,\n"
		"domain,old.example,,,,,,2025-01-01,,\n"
		"User Agent,Mozilla/4.0 [en],,,101,pink,,,,\n";
	struct read r;
	read_text(&r, text);
	assert_string_equal(r.source->format, "csv");
	assert_string_equal(r.said,
		"7 BAD_HASH\n8 EMPTY\n9 UNKNOWN_TYPE\n10 CONTEXT\n11 NOT_EVALUABLE\n12 BAD_TIME\n"
		"13 CONTRADICTORY\n14 EXPIRED\n");
	assert_int_equal(r.count, 5);
	assert_string_equal(r.ind[0].value, "evil.example");
	assert_string_equal(r.ind[0].id, "id-1");
	assert_string_equal(r.ind[0].name, "a \"name\", quoted");
	assert_string_equal(r.ind[0].source, "feed");
	assert_string_equal(r.ind[0].labels, "x,y");
	assert_int_equal(r.ind[0].confidence, 80);
	assert_int_equal(r.ind[0].tlp, SL_TLP_AMBER_STRICT);
	assert_true(r.ind[0].valid_from_ns < r.ind[0].valid_until_ns);
	assert_string_equal(r.ind[1].source, "test.txt");
	assert_string_equal(r.ind[2].name, "two\nlines");
	assert_ptr_equal(r.ind[2].source, r.ind[0].source);
	assert_int_equal(r.ind[4].type, SL_TYPE_USER_AGENT);
	assert_string_equal(r.ind[4].value, "Mozilla/4.0 [en]");
	assert_int_equal(r.ind[4].confidence, SL_CONFIDENCE_NONE);
	assert_int_equal(r.ind[4].tlp, SL_TLP_AMBER_STRICT);
	assert_int_equal(r.source->count[SL_CONTEXT], 1);
	assert_int_equal(r.source->count[SL_NOT_VALID], 1);
	read_free(&r);
	read_at_every_cut(text);
}

static void validity(void **state)
{
	static const char text[] = "ioc;valid_from;valid_until\n"
				   "old.example;;2026-01-01\n"
				   "now.example;2026-01-01;\n"
				   "new.example;2026-12-01;\n";
	struct read r;
	read_bytes(&r, text, strlen(text), SL_VALID_NOW);
	assert_string_equal(r.said, "2 EXPIRED\n4 NOT_YET_VALID\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.ind[0].value, "now.example");
	assert_int_equal(r.source->count[SL_NOT_VALID], 2);
	read_free(&r);
	read_bytes(&r, text, strlen(text), SL_VALID_PACKET);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.source->count[SL_ARMED], 3);
	assert_int_equal(r.source->count[SL_NOT_VALID], 2);
	read_free(&r);
	read_bytes(&r, text, strlen(text), SL_VALID_IGNORE);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.source->count[SL_NOT_VALID], 0);
	assert_string_equal(r.said, "");
	read_free(&r);
}

static void forms(void **state)
{
	static const struct {
		const char *text, *value, *name;
		size_t count;
	} rows[] = {
		{ "evil.example,malware,(static)\n6.6.6.6:8443,malware,(static)\n", "evil.example",
			"malware", 2 },
		{ "Host,evil.example\nMD5,d41d8cd98f00b204e9800998ecf8427e\n", "evil.example", "",
			2 },
		{ "Domain,Seen\nevil.example,\"May 1st, 2015\"\n", "evil.example", "", 1 },
		{ "Name\tIndicator\nx y\tevil.example\n", "evil.example", "x y", 1 },
		{ "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"
		  "evil.example\tIntel::DOMAIN\tme\tbad\n",
			"evil.example", "bad", 1 },
		{ "#fields\tindicator\tindicator_type\n192.0.2.1\tIntel::ADDR\n", "192.0.2.1", "",
			1 },
		{ "indicator,data,note\ndomain,evil.example,x\n", "evil.example", "x", 1 },
		{ "value\nevil.example\n", "evil.example", "", 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		read_text(&r, rows[i].text);
		if (r.count != rows[i].count || strcmp(r.ind->value, rows[i].value) != 0)
			fail_msg("row %zu: %zu %s", i, r.count, r.said);
		assert_string_equal(r.ind->name, rows[i].name);
		assert_string_equal(r.source->format, "csv");
		read_free(&r);
		read_at_every_cut(rows[i].text);
	}
}

/* A quote that never ends costs its line, and is told. */
static void open_quote(void **state)
{
	char *text = malloc(400000);
	size_t len = (size_t)sprintf(text, "value,name\na.example,\"never ends\n");
	for (unsigned i = 0; i < 2000; i++)
		len += (size_t)sprintf(text + len, "n%u.example,x\n", i);
	struct read r;
	read_bytes(&r, text, len, SL_VALID_PACKET);
	assert_string_equal(r.said, "2 LINE_TOO_LONG\n");
	assert_int_equal(r.count, 2000);
	read_free(&r);
	/* Nor is the end of the table the end of the quote. */
	text[len / 4] = '\0';
	read_bytes(&r, text, strrchr(text, '\n') + 1 - text, SL_VALID_PACKET);
	assert_string_equal(r.said, "2 LINE_TOO_LONG\n");
	assert_true(r.count > 450);
	read_free(&r);
	free(text);
}

/* Lines of which each leaves a quote open, read by itself or after another, and what follows them:
 * as many are told as there are, and the time does not grow with their square. */
static void open_quotes(void **state)
{
	enum { LINES = 20000 };
	char *text = malloc(LINES * 16 + 64);
	size_t len = (size_t)sprintf(text, "value,name,more\na.example,\"b \"\"c\nd\",e\n");
	for (unsigned i = 0; i < LINES; i++)
		len += (size_t)sprintf(text + len, "x\",\"y\n");
	len += (size_t)sprintf(text + len, "last.example,x,y\n");
	struct read r;
	read_bytes(&r, text, len, SL_VALID_PACKET);
	assert_int_equal(r.count, 2);
	assert_memory_equal(r.said, "4 LINE_TOO_LONG\n5 LINE_TOO_LONG\n", 32);
	assert_int_equal(r.source->count[SL_REFUSED], LINES);
	read_free(&r);
	free(text);
}

/* A line that is too long within a quote, and the lines around it. */
static void long_lines(void **state)
{
	size_t room = 200000;
	char *text = malloc(room);
	size_t len = (size_t)sprintf(text, "value,name\na.example,x\nb.example,\"open\n");
	memset(text + len, 'z', 100000);
	len += 100000;
	len += (size_t)snprintf(text + len, room - len, "\nc.example,x\nd.example,\"y\nz\"\n");
	struct read r;
	read_bytes(&r, text, len, SL_VALID_PACKET);
	assert_string_equal(r.said, "4 LINE_TOO_LONG\n3 LINE_TOO_LONG\n");
	assert_int_equal(r.count, 3);
	read_free(&r);
	free(text);
}

static void to_ids(void **state)
{
	struct read r;
	read_text(&r, "uuid,type,value,to_ids\nu1,ip-dst,192.0.2.1,1\nu2,domain,google.com,0\n"
		      "u3,domain,google.com,False\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.said, "3 NOT_FOR_DETECTION\n4 NOT_FOR_DETECTION\n");
	assert_int_equal(r.source->count[SL_CONTEXT], 2);
	read_free(&r);
}

/* A port beside a value is never dropped: it is joined, or what is wrong with it is told. */
static void ports(void **state)
{
	struct read r;
	read_text(&r, "ip,port\n192.0.2.1,443\n2001:db8[:]:1,8443\n192.0.2.2,N/A\n192.0.2.3,80-90\n"
		      "192[.]0.2.4,70000\n192[.]0.2.0/24,4444\n");
	assert_string_equal(r.said, "5 BAD_VALUE\n6 BAD_VALUE\n");
	assert_int_equal(sl_intel_wholes(r.set), 4);
	assert_int_equal(r.ind[0].port, 443);
	assert_int_equal(r.ind[1].port, 8443);
	assert_int_equal(r.ind[2].port, 0);
	assert_int_equal(r.ind[r.count - 1].match, SL_MATCH_TREE);
	read_free(&r);
}

/* A pattern stands for the value where there is none. */
static void pattern_column(void **state)
{
	struct read r;
	read_text(&r,
		"id,value,pattern\n"
		"1,a.example,\n"
		"2,,\"[domain-name:value = 'b.example' AND network-traffic:dst_port = 4433]\"\n"
		"3,,[domain-name:value = 'c.example']\n"
		"4,,[nonsense\n");
	assert_string_equal(r.said, "5 PATTERN_SYNTAX\n");
	assert_int_equal(sl_intel_wholes(r.set), 3);
	assert_int_equal(r.count, 4);
	assert_string_equal(r.ind[2].id, "2");
	assert_int_equal(r.ind[2].match, SL_MATCH_TREE);
	assert_string_equal(r.ind[3].value, "c.example");
	read_free(&r);
	read_text(&r, "name,pattern\nx,[domain-name:value = 'c.example']\n");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.ind[0].name, "x");
	read_free(&r);
}

/* A table whose header is none that is known, or that has none, described by the operator. */
static void described(void **state)
{
	static const struct {
		const char *header, *text, *value, *name;
		size_t count;
		unsigned port;
		uint64_t context;
	} rows[] = {
		{ "-,ip,port,name", "7,192.0.2.1,443,bot\n# x\n8,192.0.2.2,,\n", "192.0.2.1", "bot",
			2, 443, 0 },
		{ "-,ip,port,name", "No,Adresse,Anschluss,Was\n7,192.0.2.1,443,bot\n", "192.0.2.1",
			"bot", 1, 443, 1 },
		{ "name;url", "bot;http://evil.example/a,b\n", "http://evil.example/a,b", "bot", 1,
			0, 0 },
		{ "name\\tvalue\\ttype", "Was\tWert\tArt\nbot\tevil.example\tdomain\n",
			"evil.example", "bot", 1, 0, 1 },
		{ "name,user-agent", "bot,Evil\n", "Evil", "bot", 1, 0, 0 },
		/* a value that is none, of a type that is known: refused, as in any row */
		{ "type,value", "ip,rubbish\nip,192.0.2.1\n", "192.0.2.1", "", 1, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_intel_options o = { 0 };
		struct sl_policy *policy;
		struct sl_intel *set;
		char line[256], err[256];
		size_t n, sources;
		snprintf(line, sizeof(line), "\"my*.csv\" csv_header=%s", rows[i].header);
		assert_int_equal(sl_policy_new(&policy), 0);
		assert_int_equal(sl_policy_source(policy, line, err, sizeof(err)), 0);
		o.policy = policy;
		assert_int_equal(sl_intel_new(&set), 0);
		assert_int_equal(sl_intel_read_bytes(
					 set, "my own.csv", rows[i].text, strlen(rows[i].text), &o),
			0);
		const struct sl_indicator *ind = spelled_out(set, &n);
		assert_int_equal(n, rows[i].count);
		assert_string_equal(ind[0].value, rows[i].value);
		assert_string_equal(ind[0].name, rows[i].name);
		assert_int_equal(ind[0].port, rows[i].port);
		assert_int_equal(
			sl_intel_sources(set, &sources)->count[SL_CONTEXT], rows[i].context);
		sl_intel_free(set);
		sl_policy_free(policy);
	}
}

/* What the configuration says is wrong is told with what to say instead. */
static void described_badly(void **state)
{
	static const struct {
		const char *header, *told;
	} rows[] = {
		{ "what,ip", "\"what\" is no column" },
		{ "ip,domain", "\"domain\" is said by another column" },
		{ "ip,name,comment", "\"comment\" is said by another" },
		{ "name,-", "no column has the values" },
		{ "-", "no column has the values" },
		{ "", "no column has the values" },
		{ "value,registry-path", "\"registry-path\" is no column" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_policy *policy;
		char line[256], err[320];
		snprintf(line, sizeof(line), "a.csv csv_header=%s", rows[i].header);
		assert_int_equal(sl_policy_new(&policy), 0);
		assert_int_equal(sl_policy_source(policy, line, err, sizeof(err)), -22);
		if (strstr(err, rows[i].told) == NULL)
			fail_msg("%s: %s", line, err);
		sl_policy_free(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_column),
		cmocka_unit_test(header),
		cmocka_unit_test(described),
		cmocka_unit_test(described_badly),
		cmocka_unit_test(validity),
		cmocka_unit_test(forms),
		cmocka_unit_test(open_quote),
		cmocka_unit_test(open_quotes),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(to_ids),
		cmocka_unit_test(ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
