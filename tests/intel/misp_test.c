/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_test.c - MISP: what each kind of attribute and object becomes, in every wrapper that MISP
 * writes, and what an event says of all that is in it. */
#include <sightline/detection.h>

#include "reading.h"
#include "reference.h"

#define EVENT_BEGIN                                                                                \
	"{\"Event\":{\"info\":\"Autumn\",\"Orgc\":{\"name\":\"Example Cert\"},"                    \
	"\"threat_level_id\":\"2\",\"distribution\":\"3\","                                        \
	"\"Tag\":[{\"name\":\"tlp:green\"},{\"name\":\"kind:bot\"}],"

/* One attribute: each thing that it became, and what was said. */
static void attributes(void **state)
{
	static const struct {
		const char *type, *value, *want, *said;
	} rows[] = {
		{ "ip-dst", "192.0.2.1", "192.0.2.1 exact;", "" },
		{ "ip-src", "192.0.2.0/24", "192.0.2.0/24 exact;", "" },
		{ "ip-dst|port", "192.0.2.1|443", "192.0.2.1:443 exact;", "" },
		{ "ip-src|port", "2001:db8::1|80", "2001:db8::1:80 exact;", "" },
		{ "ip-dst|port", "192.0.2.1:443", "192.0.2.1:443 exact;", "" },
		{ "ip-dst|port", "192.0.2.0/24|443", "192.0.2.0/24 exact leaf;tree;", "" },
		{ "ip-dst|port", "192.0.2.1", "", "1 BAD_VALUE\n" },
		{ "ip-dst|port", "192.0.2.1|99999", "", "1 BAD_VALUE\n" },
		{ "hostname|port", "evil.example|8080", "evil.example:8080 exact;", "" },
		{ "hostname", "www.evil[.]example", "www.evil.example exact;", "" },
		{ "domain", "evil.example", "evil.example suffix;", "" },
		{ "domain|ip", "evil.example|192.0.2.1",
			"evil.example suffix;192.0.2.1 exact quiet;"
			"evil.example suffix leaf;192.0.2.1 exact leaf;tree;",
			"1 QUIET_PART\n" },
		{ "domain|ip", "evil.example", "", "1 BAD_VALUE\n" },
		{ "url", "hxxp://evil.example/a", "http://evil.example/a exact;", "" },
		{ "uri", "/gate.php?id=1", "/gate.php?id=1 exact;", "" },
		{ "md5", "0123456789abcdef0123456789abcdef",
			"0123456789abcdef0123456789abcdef exact;", "" },
		{ "filename|md5", "a|b.exe|0123456789ABCDEF0123456789abcdef",
			"0123456789abcdef0123456789abcdef exact;", "" },
		{ "malware-sample", "b.exe|0123456789abcdef0123456789abcdef",
			"0123456789abcdef0123456789abcdef exact;", "" },
		{ "filename|ssdeep", "b.exe|3:a:b", "", "1 NOT_EVALUABLE\n" },
		{ "email-src", "who@evil.example", "who@evil.example exact;who@evil.example exact;",
			"" },
		{ "email-subject", "Your invoice", "Your invoice exact;", "" },
		{ "ja3-fingerprint-md5", "0123456789abcdef0123456789abcdef",
			"0123456789abcdef0123456789abcdef exact;", "" },
		{ "x509-fingerprint-sha1", "0123456789abcdef0123456789abcdef01234567",
			"0123456789abcdef0123456789abcdef01234567 exact;", "" },
		{ "mac-address", "00-11-22-33-44-55", "00:11:22:33:44:55 exact;", "" },
		{ "port", "443", "", "1 LONE_PORT\n" },
		{ "http-method", "POST", "", "1 TRUE_OF_MOST\n" },
		{ "mime-type", "application/zip", "", "1 TRUE_OF_MOST\n" },
		{ "snort", "alert tcp any any -> any any (sid:1;)", "", "1 RULE_KEPT\n" },
		{ "yara", "rule a { condition: true }", "", "1 PATTERN_TYPE\n" },
		{ "pattern-in-traffic", "abc", "", "1 PATTERN_TYPE\n" },
		{ "AS", "64496", "", "1 NOT_EVALUABLE\n" },
		{ "comment", "text", "", "" },
		{ "no-such", "text", "", "1 UNKNOWN_TYPE\n" },
		{ "stix2-pattern", "[ipv4-addr:value = '192.0.2.1']", "192.0.2.1 exact;", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024], got[1024] = "";
		struct read r;
		snprintf(text, sizeof(text),
			EVENT_BEGIN "\"Attribute\":[{\"type\":\"%s\",\"to_ids\":true,"
				    "\"uuid\":\"u-1\",\"value\":\"%s\"}]}}",
			rows[i].type, rows[i].value);
		read_text(&r, text);
		for (size_t n = 0; n < r.count; n++) {
			const struct sl_indicator *x = &r.ind[n];
			size_t used = strlen(got);
			bool tree = x->match == SL_MATCH_TREE;
			char port[8] = "";
			if (x->port != 0)
				snprintf(port, sizeof(port), ":%u", x->port);
			snprintf(got + used, sizeof(got) - used, "%s%s%s%s%s%s;",
				tree ? "tree" : x->value, port, tree ? "" : " ",
				tree ? "" : sl_match_text(x->match), x->quiet ? " quiet" : "",
				!tree && x->detection != 0 ? " leaf" : "");
			assert_string_equal(x->source, "Example Cert");
			assert_string_equal(x->name, "Autumn");
			assert_string_equal(x->severity, "medium");
			assert_string_equal(x->labels, "kind:bot");
			assert_int_equal(x->tlp, SL_TLP_GREEN);
			assert_int_equal(x->below, SL_BELOW_NO);
		}
		if (strcmp(got, rows[i].want) != 0 || strcmp(r.said, rows[i].said) != 0)
			fail_msg("%s %s: got %s and %s", rows[i].type, rows[i].value, got, r.said);
		assert_string_equal(r.source->format, "misp");
		read_free(&r);
	}
}

/* An object's attributes: "relation type value to_ids" and what the trees are. */
static void objects(void **state)
{
	static const struct {
		const char *name, *attributes, *want, *said;
	} rows[] = {
		{ "network-connection",
			"ip-dst|ip-dst|192.0.2.1|1,dst-port|port|443|0,layer4-protocol|text|TCP|0",
			"[network-traffic:dst_ref.value = '192.0.2.1' AND "
			"network-traffic:dst_port = 443 AND network-traffic:protocols = 'tcp'];",
			"" },
		{ "network-connection", "ip-dst|ip-dst|192.0.2.1|0,dst-port|port|443|0", "", "" },
		{ "ip-port", "ip|ip-dst|192.0.2.1|1,dst-port|port|443|0,dst-port|port|80|0",
			"[ipv4-addr:value = '192.0.2.1' AND (network-traffic:dst_port = 443 OR "
			"network-traffic:dst_port = 80)];",
			"" },
		{ "domain-ip", "domain|domain|evil.example|1,ip|ip-dst|192.0.2.1|1",
			"evil.example;192.0.2.1;"
			"[domain-name:value = '*.evil.example' AND ipv4-addr:value = '192.0.2.1'];",
			"1 QUIET_PART\n" },
		{ "domain-ip", "hostname|hostname|www.evil.example|1", "www.evil.example;", "" },
		{ "file",
			"filename|filename|a.exe|1,md5|md5|0123456789abcdef0123456789abcdef|1,"
			"size-in-bytes|size-in-bytes|12|0",
			"0123456789abcdef0123456789abcdef;", "" },
		{ "file", "filename|filename|a.exe|1,size-in-bytes|size-in-bytes|12|1",
			"[file:name = 'a.exe' AND file:size = '12'];", "" },
		{ "pe-section", "md5|md5|0123456789abcdef0123456789abcdef|1", "",
			"1 PARTIAL_FILE\n" },
		{ "url", "url|url|http://evil.example/a|1,domain|domain|evil.example|1",
			"http://evil.example/a;", "" },
		{ "http-request",
			"method|http-method|POST|0,uri|uri|/gate|1,host|hostname|a.example|1",
			"[network-traffic:extensions.'http-request-ext'.request_method = 'POST' "
			"AND network-traffic:extensions.'http-request-ext'.request_value = '/gate' "
			"AND network-traffic:extensions.'http-request-ext'.request_header.Host = "
			"'a.example'];",
			"" },
		{ "no-such-template", "x|domain|evil.example|1,y|comment|text|1", "evil.example;",
			"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096], list[2048] = "", got[2048] = "", part[512], *save, *at = part;
		struct read r;
		snprintf(part, sizeof(part), "%s", rows[i].attributes);
		for (char *a; (a = strtok_r(at, ",", &save)) != NULL; at = NULL) {
			char relation[64], type[64], value[128], ids[4];
			size_t used = strlen(list);
			assert_int_equal(sscanf(a, "%63[^|]|%63[^|]|%127[^|]|%3s", relation, type,
						 value, ids),
				4);
			snprintf(list + used, sizeof(list) - used,
				"%s{\"object_relation\":\"%s\",\"type\":\"%s\",\"value\":\"%s\","
				"\"to_ids\":%s}",
				used ? "," : "", relation, type, value,
				ids[0] == '1' ? "true" : "false");
		}
		snprintf(text, sizeof(text),
			EVENT_BEGIN "\"Object\":[{\"name\":\"%s\",\"uuid\":\"o-1\","
				    "\"Attribute\":[%s]}]}}",
			rows[i].name, list);
		read_text(&r, text);
		for (size_t n = 0; n < r.count; n++) {
			size_t used = strlen(got);
			if (r.ind[n].detection == 0 || r.ind[n].match == SL_MATCH_TREE)
				snprintf(got + used, sizeof(got) - used, "%s;", r.ind[n].value);
			assert_string_equal(r.ind[n].source, "Example Cert");
		}
		if (strcmp(got, rows[i].want) != 0 || strcmp(r.said, rows[i].said) != 0)
			fail_msg("%s %s: got %s and %s", rows[i].name, rows[i].attributes, got,
				r.said);
		read_free(&r);
	}
}

#define ONE                                                                                        \
	"{\"type\":\"domain\",\"category\":\"Network activity\",\"to_ids\":\"1\","                 \
	"\"value\":\"evil.example\"}"
#define INSIDE "\"Attribute\":[" ONE "],\"info\":\"late\",\"Orgc\":{\"name\":\"Late\"}"

/* Wherever MISP puts its events, and with what they say of their attributes behind them. */
static void wrappers(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *source;
	} rows[] = {
		{ "{\"Event\":{" INSIDE "}}", 1, "Late" },
		{ "\xef\xbb\xbf{\"Event\":{" INSIDE "}}", 1, "Late" },
		{ "{\"response\":[{\"Event\":{" INSIDE "}},{\"Event\":{" INSIDE "}}]}", 2, "Late" },
		{ "[{\"Event\":{" INSIDE "}},{\"Event\":{" INSIDE "}}]", 2, "Late" },
		{ "{\"Event\":{" INSIDE "}}\n{\"Event\":{" INSIDE "}}\n", 2, "Late" },
		{ "{\"response\":{\"Attribute\":[" ONE "]}}", 1, "test.txt" },
		{ "{\"Attribute\":[" ONE "," ONE "]}", 2, "test.txt" },
		{ "{" INSIDE "}", 1, "Late" },
		{ "[{" INSIDE "}]", 1, "Late" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		read_text(&r, rows[i].text);
		if (r.count != rows[i].count)
			fail_msg("%s: %zu", rows[i].text, r.count);
		assert_string_equal(r.ind[0].source, rows[i].source);
		assert_string_equal(r.source->format, "misp");
		read_free(&r);
	}
}

static void not_armed(void **state)
{
	static const char *const rows[] = {
		"\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":false}]",
		"\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\"}]",
		"\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true,"
		"\"deleted\":true}]",
		"\"ShadowAttribute\":[{\"type\":\"domain\",\"value\":\"a.example\","
		"\"to_ids\":true}]",
		"\"Object\":[{\"name\":\"file\",\"deleted\":1,\"Attribute\":[{\"type\":\"domain\","
		"\"value\":\"a.example\",\"to_ids\":true}]}]",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct read r;
		snprintf(text, sizeof(text), EVENT_BEGIN "%s}}", rows[i]);
		read_text(&r, text);
		assert_int_equal(r.count, 0);
		assert_int_equal(r.source->count[SL_CONTEXT], 1);
		assert_string_equal(r.said, "");
		read_free(&r);
	}
}

static void closeness(void **state)
{
	static const struct {
		const char *event, *attribute;
		enum sl_tlp tlp;
	} rows[] = {
		{ "tlp:amber", "tlp:green", SL_TLP_AMBER }, { "tlp:clear", "tlp:red", SL_TLP_RED },
		{ "x", "tlp:amber+strict", SL_TLP_AMBER_STRICT },
		{ "tlp:mauve", "x", SL_TLP_AMBER_STRICT },
		{ "x", "y", SL_TLP_AMBER }, /* the distribution's */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct read r;
		snprintf(text, sizeof(text),
			"{\"Event\":{\"info\":\"x\",\"distribution\":1,\"Tag\":[{\"name\":\"%s\"}],"
			"\"Attribute\":[{\"Tag\":[{\"name\":\"%s\"}],\"type\":\"domain\","
			"\"value\":\"a.example\",\"to_ids\":true}]}}",
			rows[i].event, rows[i].attribute);
		read_text(&r, text);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.ind[0].tlp, rows[i].tlp);
		read_free(&r);
	}
}

static void manifest(void **state)
{
	struct read r;
	read_text(&r, "{\"5bbe59a6-2e48-4da3-9e01-01550a016219\":{\"info\":\"x\","
		      "\"Orgc\":{\"name\":\"y\"},\"timestamp\":\"1\"}}");
	assert_string_equal(r.said, "0 MANIFEST\n");
	assert_int_equal(r.source->count[SL_CONTEXT], 1);
	read_free(&r);
}

/* Of an event whose end is missing, what was read is used and known by its creator. */
static void cut_short(void **state)
{
	struct read r;
	read_text(&r, EVENT_BEGIN "\"Attribute\":[" ONE ",{\"type\":");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.ind[0].source, "Example Cert");
	assert_string_equal(r.said, "1 BAD_JSON\n");
	read_free(&r);
	read_at_every_cut(EVENT_BEGIN
		"\"Attribute\":[" ONE "],\"Object\":[{\"name\":\"ip-port\",\"Attribute\":["
		"{\"object_relation\":\"ip\",\"type\":\"ip-dst\",\"value\":\"192.0.2.1\","
		"\"to_ids\":true},{\"object_relation\":\"dst-port\",\"type\":\"port\","
		"\"value\":\"443\"}]}]}}");
}

#define EVENT(org, uuid, time, more, value)                                                        \
	"{\"Event\":{\"info\":\"x\",\"Orgc\":{\"name\":\"" org                                     \
	"\"},\"Attribute\":[{\"type\":\"hostname\","                                               \
	"\"uuid\":\"" uuid "\",\"timestamp\":\"" time "\",\"to_ids\":true" more                    \
	",\"value\":\"" value "\"}]}}\n"

/* The newest version counts in any order, and a deletion takes back: for its creator alone. */
static void versions(void **state)
{
	struct read r;
	read_text(&r, EVENT("a", "u1", "100", "", "old.example")
			      EVENT("a", "u1", "200", "", "new.example"));
	assert_int_equal(r.count, 1);
	assert_string_equal(r.ind[0].value, "new.example");
	read_free(&r);
	read_text(&r, EVENT("a", "u1", "200", "", "new.example")
			      EVENT("a", "u1", "100", "", "old.example"));
	assert_int_equal(r.count, 1);
	assert_string_equal(r.ind[0].value, "new.example");
	read_free(&r);
	read_text(&r, EVENT("a", "u1", "100", "", "old.example")
			      EVENT("a", "u1", "200", ",\"deleted\":true", "old.example"));
	assert_int_equal(r.count, 0);
	read_free(&r);
	read_text(&r, EVENT("a", "u1", "100", "", "old.example")
			      EVENT("b", "u1", "200", ",\"deleted\":true", "old.example"));
	assert_int_equal(r.count, 1);
	read_free(&r);
}

/* One object of an event: its attributes as JSON. */
#define OBJECT(org, name, time, more, members)                                                     \
	"{\"Event\":{\"info\":\"x\",\"Orgc\":{\"name\":\"" org "\"},\"Object\":[{\"name\":\"" name \
	"\",\"uuid\":\"o1\",\"timestamp\":\"" time "\"" more ",\"Attribute\":[" members "]}]}}\n"
#define MEMBER(uuid, relation, type, value)                                                        \
	"{\"uuid\":\"" uuid "\",\"object_relation\":\"" relation "\",\"type\":\"" type             \
	"\",\"to_ids\":true,\"value\":\"" value "\"}"
#define REQUEST_OF(host)                                                                           \
	MEMBER("m1", "host", "hostname", host) "," MEMBER("m2", "uri", "uri", "/gate")
#define FILE_OF(name) MEMBER("m3", "filename", "filename", name)
#define HASH "d41d8cd98f00b204e9800998ecf8427f"

/* Objects have versions as well, whatever became of them; what is taken back takes its attributes
 * along. */
static void versions_of_objects(void **state)
{
	static const struct {
		const char *one, *two;
		size_t wholes;
		const char *first; /* of what is left */
	} rows[] = {
		{ OBJECT("a", "http-request", "100", "", REQUEST_OF("old.example")),
			OBJECT("a", "http-request", "200", "", REQUEST_OF("new.example")), 1,
			"new.example" },
		{ OBJECT("a", "http-request", "100", "", REQUEST_OF("old.example")),
			OBJECT("a", "http-request", "200", ",\"deleted\":true", ""), 0, NULL },
		{ OBJECT("a", "http-request", "100", "", REQUEST_OF("old.example")),
			OBJECT("b", "http-request", "200", ",\"deleted\":true", ""), 1,
			"old.example" },
		/* a hash came to what was a name with a size */
		{ OBJECT("a", "file", "100", "", FILE_OF("a.exe")),
			OBJECT("a", "file", "200", "",
				FILE_OF("a.exe") "," MEMBER("m4", "md5", "md5", HASH)),
			1, HASH },
		/* the object's attributes stand for themselves, and go with it */
		{ OBJECT("a", "file", "100", "", MEMBER("m4", "md5", "md5", HASH)),
			OBJECT("a", "file", "200", ",\"deleted\":true",
				MEMBER("m4", "md5", "md5", HASH)),
			0, NULL },
		/* one was changed without its object */
		{ OBJECT("a", "http-request", "100", "", REQUEST_OF("old.example")),
			OBJECT("a", "http-request", "100", "",
				"{\"object_relation\":\"host\",\"type\":\"hostname\",\"to_ids\":1,"
				"\"timestamp\":\"150\",\"value\":\"new.example\"}," MEMBER(
					"m2", "uri", "uri", "/gate")),
			1, "new.example" },
		/* a name and its addresses: the pair is the object's, the other name its own */
		{ OBJECT("a", "domain-ip", "100", "",
			  MEMBER("m5", "domain", "domain", "old.example") "," MEMBER("m6", "ip",
				  "ip-dst",
				  "192.0.2.1") "," MEMBER("m7", "ip", "ip-dst", "192.0.2.2")),
			OBJECT("a", "domain-ip", "200", "",
				MEMBER("m5", "domain", "domain", "new.example")),
			1, "new.example" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned order = 0; order < 2; order++) {
			char text[2048];
			struct read r;
			snprintf(text, sizeof(text), "%s%s", order ? rows[i].two : rows[i].one,
				order ? rows[i].one : rows[i].two);
			read_text(&r, text);
			uint64_t told = r.source->count[SL_ARMED] + r.source->count[SL_QUIET];
			if (sl_intel_wholes(r.set) != rows[i].wholes || told != rows[i].wholes ||
				(rows[i].first != NULL &&
					strcmp(r.ind[0].value, rows[i].first) != 0))
				fail_msg("row %zu, order %u: %zu %s", i, order,
					sl_intel_wholes(r.set), r.count > 0 ? r.ind[0].value : "");
			assert_int_equal(r.count == 0, rows[i].wholes == 0);
			assert_null(reference_wrong(r.set));
			read_free(&r);
		}
}

/* A port that is none is not left out of the AND: the whole is refused. */
static void bad_port(void **state)
{
	struct read r;
	read_text(&r, OBJECT("a", "network-connection", "1", "",
			      MEMBER("m1", "ip-dst", "ip-dst", "192.0.2.1") "," MEMBER(
				      "m2", "dst-port", "port", "80-90")));
	assert_int_equal(r.count, 0);
	assert_int_equal(r.source->count[SL_REFUSED], 1);
	read_free(&r);
	read_text(&r, OBJECT("a", "network-connection", "1", "",
			      MEMBER("m1", "ip-dst", "ip-dst", "192.0.2.1") "," MEMBER(
				      "m2", "dst-port", "port", "0")));
	assert_int_equal(r.count, 1);
	assert_int_equal(r.ind[0].port, 0);
	read_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),
		cmocka_unit_test(objects),
		cmocka_unit_test(wrappers),
		cmocka_unit_test(not_armed),
		cmocka_unit_test(closeness),
		cmocka_unit_test(manifest),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(versions),
		cmocka_unit_test(versions_of_objects),
		cmocka_unit_test(bad_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
