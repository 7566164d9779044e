/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_test.c - bundles: patterns, markings, creators, and what is context. */
#include "../../lib/intel/stix.h"
#include "reading.h"
#include "reference.h"

#define ID "indicator--00000000-0000-4000-8000-000000000001"

static const char bundle[] =
	"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[\n"
	"{\"type\":\"indicator\",\"id\":\"" ID "\",\"created_by_ref\":\"identity--1\","
	"\"name\":\"n\",\"indicator_types\":[\"malicious-activity\"],\"confidence\":15,"
	"\"pattern_type\":\"stix\",\"pattern\":\"[domain-name:value = 'Evil.Example']\","
	"\"valid_from\":\"2026-01-01T00:00:00.000Z\",\"object_marking_refs\":["
	"\"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9\","
	"\"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003\"]},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--2\",\"created_by_ref\":\"identity--9\","
	"\"pattern\":\"[ipv4-addr:value='192.0.2.1']\",\"labels\":[\"x\",\"y\"],"
	"\"object_marking_refs\":[\"marking-definition--statement\"]},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--3\",\"pattern\":\"[url:value = "
	"'http://a.b/']\","
	"\"object_marking_refs\":[\"marking-definition--unknown\"]},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--4\",\"pattern\":\"[url:value = "
	"'http://a.c/']\","
	"\"object_marking_refs\":[\"marking-definition--own\"]},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--5\",\"revoked\":true,"
	"\"pattern\":\"[url:value = 'http://a.d/']\"},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--6\",\"pattern_type\":\"sigma\","
	"\"pattern\":\"title: x\"},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--7\"},\n"
	"{\"type\":\"indicator\",\"id\":\"indicator--8\",\"pattern\":\"[domain-name:value = "
	"'a..b']\"},\n"
	"{\"type\":\"malware\",\"id\":\"malware--1\",\"name\":\"m\"},\n"
	"{\"type\":\"marking-definition\",\"id\":\"marking-definition--statement\","
	"\"definition_type\":\"statement\",\"definition\":{\"statement\":\"(c)\"}},\n"
	"{\"type\":\"marking-definition\",\"id\":\"marking-definition--own\","
	"\"definition_type\":\"tlp\",\"definition\":{\"tlp\":\"red\"}},\n"
	"17,\n"
	"{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":\"The Feed\"}\n"
	"]}\n";

static void whole(void **state)
{
	struct read r;
	read_text(&r, bundle);
	assert_string_equal(r.source->format, "stix2.1");
	assert_string_equal(r.said, "6 REVOKED\n7 PATTERN_TYPE\n8 INCOMPLETE\n9 BAD_DOMAIN\n");
	assert_int_equal(r.count, 4);
	assert_string_equal(r.ind[0].id, ID);
	assert_string_equal(r.ind[0].value, "evil.example");
	assert_int_equal(r.ind[0].match, SL_MATCH_EXACT);
	assert_string_equal(r.ind[0].source, "The Feed");
	assert_string_equal(r.ind[0].labels, "malicious-activity");
	assert_int_equal(r.ind[0].confidence, 15);
	assert_int_equal(r.ind[0].tlp, SL_TLP_AMBER_STRICT);
	assert_string_equal(r.ind[1].source, "test.txt");
	assert_string_equal(r.ind[1].labels, "x,y");
	assert_int_equal(r.ind[1].tlp, SL_TLP_NONE);
	assert_int_equal(r.ind[2].tlp, SL_TLP_AMBER_STRICT);
	assert_int_equal(r.ind[3].tlp, SL_TLP_RED);
	assert_int_equal(r.source->count[SL_CONTEXT], 5);
	assert_string_equal(r.source->name, "test.txt");
	read_free(&r);
}

static void cuts(void **state)
{
	read_at_every_cut(bundle);
}

/* What was read before the damage is used, and resolved as far as it is known. */
static void damaged(void **state)
{
	const char *at = strstr(bundle, "\"indicator--4\"");
	struct read r;
	read_bytes(&r, bundle, (size_t)(at - bundle), SL_VALID_PACKET);
	assert_string_equal(r.said, "5 BAD_JSON\n");
	assert_int_equal(r.count, 3);
	assert_string_equal(r.ind[0].source, "test.txt");
	assert_int_equal(r.ind[1].tlp, SL_TLP_AMBER_STRICT);
	read_free(&r);
}

static void one_voice(void **state)
{
	struct read r;
	read_text(&r, "[{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":\"The Feed\"},"
		      "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"created_by_ref\":"
		      "\"identity--1\","
		      "\"pattern\":\"[domain-name:value = 'a.example']\"}]");
	assert_int_equal(r.count, 1);
	assert_string_equal(r.source->name, "The Feed");
	read_free(&r);
}

static void shapes(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[url:value='http://"
		"a.b/']\"}",
		"{\"type\":\"identity\",\"id\":\"identity--1\"}\n"
		"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[url:value='http://"
		"a.b/']\"}",
		"\xef\xbb\xbf[{\"type\":\"indicator\",\"id\":\"indicator--1\","
		"\"pattern\":\"[url:value='http://a.b/']\"}]",
		"{\"type\":\"observed-data\",\"id\":\"observed-data--1\",\"objects\":{\"0\":{}}}\n"
		"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[url:value='http://"
		"a.b/']\"}",
		"{\"more\":false,\"objects\":[{\"type\":\"indicator\",\"id\":\"indicator--1\","
		"\"pattern\":\"[url:value='http://a.b/']\"}]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct read r;
		read_text(&r, texts[i]);
		if (r.count != 1 || strcmp(r.source->format, "stix2.1") != 0)
			fail_msg("row %zu: %zu %s %s", i, r.count, r.source->format, r.said);
		read_free(&r);
		read_at_every_cut(texts[i]);
	}
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *value, *code;
	} rows[] = {
		{ "[ domain-name:value='a.example' ]", "a.example", "" },
		{ "[domain-name:value == 'a.example']", "a.example", "" },
		{ "[ipv6-addr:value = '2001:DB8::1']", "2001:db8::1", "" },
		{ "[mac-addr:value = 'AA:BB:CC:DD:EE:FF']", "aa:bb:cc:dd:ee:ff", "" },
		{ "[url:value = 'http://a.example/\\\\'\\\\\\\\']", "http://a.example/'\\\\", "" },
		{ "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x "
		  "y']",
			"x y", "" },
		{ "[file:hashes.MD5 = '0123456789abcdef0123456789abcdef']",
			"0123456789abcdef0123456789abcdef", "" },
		{ "[file:hashes.'SHA-256' = 'd41d8cd98f00b204e9800998ecf8427e']", NULL,
			"BAD_HASH" },
		{ "[x509-certificate:hashes.sha1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709']",
			"da39a3ee5e6b4b0d3255bfef95601890afd80709", "" },
		{ "[x509-certificate:hashes.'SHA-256' = "
		  "'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709']",
			NULL, "BAD_HASH" },
		{ "[network-traffic:extensions.'tls-ext'.ja3 = 'D41D8CD98F00B204E9800998ECF8427E']",
			"d41d8cd98f00b204e9800998ecf8427e", "" },
		{ "[network-traffic:extensions.'x'.ja3s = 'd41d8cd98f00b204e9800998ecf8427e0']",
			NULL, "BAD_HASH" },
		{ "[network-traffic:extensions.'tls-ext'.ja4 = "
		  "'t13d1516h2_8daaf6152771_e5627efa2ab1']",
			"t13d1516h2_8daaf6152771_e5627efa2ab1", "" },
		{ "[email-addr:value = 'A@b.example']", "a@b.example", "" },
		{ "[software:name = 'x']", "x", "" },
		{ "[windows-registry-key:key = 'x']", NULL, "NOT_EVALUABLE" },
		{ "[domain-name:value != 'a.example']", NULL, "NEGATIVE_ONLY" },
		{ "[(domain-name:value = 'a.example')]", "a.example", "" },
		{ "[network-traffic:dst_port = 80]", NULL, "LONE_PORT" },
		{ "[file:name = b'eA==']", "x", "" },
		{ "", NULL, "PATTERN_SYNTAX" },
		{ "domain-name:value = 'a'", NULL, "PATTERN_SYNTAX" },
		{ "[domain-name:value = 'a", NULL, "PATTERN_SYNTAX" },
		{ "[domain-name:value = 'a]", NULL, "PATTERN_SYNTAX" },
		{ "[[domain-name:value = 'a']]", NULL, "PATTERN_SYNTAX" },
		{ "[domain-name:value = \\\"a\\\"]", NULL, "PATTERN_SYNTAX" },
		{ "[foo]", NULL, "PATTERN_SYNTAX" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024], said[64];
		snprintf(text, sizeof(text),
			"{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"id\":\"" ID
			"\",\"pattern\":\"%s\"}]}",
			rows[i].pattern);
		snprintf(said, sizeof(said), rows[i].code[0] ? "1 %s\n" : "%s", rows[i].code);
		struct read r;
		read_text(&r, text);
		if (strcmp(r.said, said) != 0 || r.count != (rows[i].value != NULL))
			fail_msg("%s: %zu %s", rows[i].pattern, r.count, r.said);
		if (rows[i].value != NULL)
			assert_string_equal(r.ind[0].value, rows[i].value);
		read_free(&r);
		read_at_every_cut(text);
	}
}

/* ---- Versions ---- */

#define IND(id, by, modified, more, value)                                                         \
	"{\"type\":\"indicator\",\"id\":\"indicator--" id "\",\"created_by_ref\":\"identity--" by  \
	"\",\"modified\":\"2026-01-0" modified "T00:00:00Z\"," more                                \
	"\"pattern\":\"[domain-name:value = '" value ".example']\"}\n"
#define OFF "\"revoked\":true,"

static void versions(void **state)
{
	static const struct {
		const char *text, *values; /* what is left, in order */
		uint64_t armed, refused, context;
	} rows[] = {
		{ IND("1", "a", "1", "", "old") IND("1", "a", "2", "", "new"), "new", 1, 0, 1 },
		{ IND("1", "a", "2", "", "new") IND("1", "a", "1", "", "old"), "new", 1, 0, 1 },
		{ IND("1", "a", "1", "", "x") IND("1", "a", "1", "", "x"), "x", 1, 0, 1 },
		{ IND("1", "a", "1", "", "x") IND("1", "b", "2", "", "y"), "x y", 2, 0, 0 },
		{ IND("1", "a", "1", "", "x") IND("1", "a", "2", OFF, "x"), "", 0, 1, 1 },
		{ IND("1", "a", "2", OFF, "x") IND("1", "a", "1", "", "x"), "", 0, 1, 1 },
		{ IND("1", "a", "1", "", "x") IND("1", "a", "1", OFF, "x"), "", 0, 1, 1 },
		{ IND("1", "a", "2", OFF, "x") IND("1", "a", "3", "", "y"), "y", 1, 0, 1 },
		{ IND("1", "a", "1", "", "x") IND("1", "b", "2", OFF, "x"), "x", 1, 1, 0 },
		{ IND("1", "a", "3", "", "x") IND("2", "a", "1", "", "y")
				IND("1", "a", "2", OFF, "x"),
			"x y", 2, 0, 1 },
		{ IND("1", "a", "1", "", "x' AND domain-name:value = 'z") IND("2", "a", "1", "",
			  "y' AND domain-name:value = 'w") IND("1", "a", "2", "", "n"),
			"y w - n", 2, 0, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		char values[256] = "";
		read_text(&r, rows[i].text);
		for (size_t k = 0; k < r.count; k++) {
			size_t used = strlen(values), len = strcspn(r.ind[k].value, ".");
			bool tree = r.ind[k].match == SL_MATCH_TREE;
			snprintf(values + used, sizeof(values) - used, "%s%.*s", used ? " " : "",
				tree ? 1 : (int)len, tree ? "-" : r.ind[k].value);
			assert_true(r.ind[k].match < SL_MATCH_COUNT);
		}
		if (strcmp(values, rows[i].values) != 0 ||
			r.source->count[SL_ARMED] != rows[i].armed ||
			r.source->count[SL_REFUSED] != rows[i].refused ||
			r.source->count[SL_CONTEXT] != rows[i].context)
			fail_msg("row %zu: '%s' %s", i, values, r.said);
		assert_int_equal(sl_intel_wholes(r.set), rows[i].armed);
		if (reference_wrong(r.set) != NULL)
			fail_msg("row %zu: %s", i, reference_wrong(r.set));
		read_free(&r);
	}
}

/* Across files of a folder, and never across creators or folders: a file without a creator is its
 * own, and whom a feed says that it is from proves nothing. */
static void versions_of_files(void **state)
{
	static const char nobody[] = "{\"type\":\"indicator\",\"id\":\"indicator--1\","
				     "\"modified\":\"2026-01-01T00:00:00Z\",\"pattern\":"
				     "\"[domain-name:value = 'mine.example']\"}";
	static const char revoking[] = "{\"type\":\"indicator\",\"id\":\"indicator--1\","
				       "\"modified\":\"2026-01-02T00:00:00Z\",\"revoked\":true}";
	static const char newer[] = IND("1", "a", "1", "", "old"),
			  older[] = IND("1", "a", "2", "", "new"),
			  liar[] = IND("1", "a", "3", OFF, "new");
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *set;
	size_t count;
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read_bytes(set, "a", nobody, sizeof(nobody) - 1, &o), 0);
	assert_int_equal(sl_intel_read_bytes(set, "b", revoking, sizeof(revoking) - 1, &o), 0);
	assert_int_equal(sl_intel_read_bytes(set, "c", older, sizeof(older) - 1, &o), 0);
	assert_int_equal(sl_intel_read_bytes(set, "d", newer, sizeof(newer) - 1, &o), 0);
	assert_int_equal(sl_intel_read_bytes(set, "other/c", liar, sizeof(liar) - 1, &o), 0);
	const struct sl_indicator *i = spelled_out(set, &count);
	assert_int_equal(count, 2);
	assert_string_equal(i[0].value, "mine.example");
	assert_string_equal(i[1].value, "new.example");
	sl_intel_free(set);
}

static void count_codes(void *arg, const struct sl_finding *f)
{
	unsigned *many = arg;
	*many += strcmp(f->code, "TOO_MANY") == 0;
}

/* A feed of nothing but revocations is bounded as one of indicators is. */
static void endless_revocations(void **state)
{
	unsigned many = 0;
	struct sl_intel_options o = {
		.validity = SL_VALID_IGNORE, .max_entries = 4, .finding = count_codes, .arg = &many
	};
	struct sl_intel *set;
	char *text = malloc(400000);
	size_t len = 0;
	for (unsigned i = 0; i < 4000; i++)
		len += (size_t)sprintf(text + len,
			"{\"type\":\"indicator\",\"id\":\"indicator--%u\",\"revoked\":true}\n", i);
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read_bytes(set, "a", text, len, &o), 0);
	assert_int_equal(many, 1);
	sl_intel_free(set);
	free(text);
}

/* ---- What stands beside the pattern ---- */

static const struct sl_indicator *beside(struct read *r, const char *more)
{
	char text[2048];
	snprintf(text, sizeof(text),
		"{\"type\":\"bundle\",\"spec_version\":\"2.0\",\"objects\":[{\"type\":"
		"\"indicator\",\"id\":\"indicator--1\",%s,\"pattern\":\"[domain-name:value = "
		"'a.example']\"}]}",
		more);
	read_text(r, text);
	assert_string_equal(r->source->format, "stix2.0");
	return r->count == 1 ? r->ind : NULL;
}

static void said_beside(void **state)
{
	struct read r;
	const struct sl_indicator *i =
		beside(&r, "\"indicator_types\":[\"benign\"],\"name\":\"own\"");
	assert_true(i->allow);
	assert_string_equal(i->name, "own");
	assert_string_equal(r.said, "1 BENIGN\n");
	read_free(&r);
	i = beside(&r, "\"labels\":[\"benign\",\"malicious-activity\"]");
	assert_false(i->allow);
	read_free(&r);
	i = beside(&r, "\"labels\":[\"x\"],\"kill_chain_phases\":[{\"kill_chain_name\":\"kc\","
		       "\"phase_name\":\"c2\"}],\"external_references\":[{\"url\":\"https://r/\"},"
		       "{\"source_name\":\"cve\",\"external_id\":\"CVE-2026-1\"}]");
	assert_string_equal(i->labels, "x,kc:c2");
	assert_string_equal(i->name, "CVE-2026-1");
	read_free(&r);
	i = beside(&r, "\"granular_markings\":[{\"lang\":\"de\"},{\"selectors\":[\"name\"],"
		       "\"marking_ref\":\"marking-definition--5e57c739-391a-4eb3-b6be-"
		       "7d15ca92d5ed\"}]");
	assert_int_equal(i->tlp, SL_TLP_RED);
	assert_string_equal(r.said, "1 GRANULAR_MARKING\n");
	read_free(&r);
	assert_null(beside(&r, "\"pattern_type\":\"suricata\""));
	assert_string_equal(r.said, "1 RULE_KEPT\n");
	assert_int_equal(r.source->count[SL_CONTEXT], 1);
	assert_int_equal(r.source->rules, 1);
	size_t rules;
	const struct sl_intel_rule *rule = sl_intel_rules(r.set, &rules);
	assert_int_equal(rules, 1);
	assert_string_equal(rule->id, "indicator--1");
	assert_string_equal(rule->text, "[domain-name:value = 'a.example']");
	read_free(&r);
	assert_null(beside(&r, "\"pattern_type\":\"yara\""));
	assert_string_equal(r.said, "1 PATTERN_TYPE\n");
	assert_int_equal(r.source->count[SL_REFUSED], 1);
	read_free(&r);
	assert_non_null(beside(&r, "\"pattern_type\":\"STIX\""));
	read_free(&r);
}

/* ---- Observables, as if their source armed them ---- */

static int observed_object(void *arg, const struct sl_json *o)
{
	bool used;
	return stix_observed(arg, o, &used);
}

static void observed(void **state)
{
	static const struct {
		const char *text;
		size_t values;
		uint64_t armed;
	} rows[] = {
		{ "{\"type\":\"domain-name\",\"id\":\"domain-name--1\",\"value\":\"a.example\"}", 1,
			1 },
		{ "{\"type\":\"file\",\"id\":\"file--1\",\"name\":\"x\",\"hashes\":{\"MD5\":"
		  "\"0123456789abcdef0123456789abcdef\",\"SHA-1\":"
		  "\"0123456789abcdef0123456789abcdef01234567\"}}",
			2, 1 },
		{ "{\"type\":\"file\",\"id\":\"file--1\",\"name\":\"x\"}", 0, 0 },
		{ "{\"type\":\"malware\",\"id\":\"malware--1\",\"value\":\"a.example\"}", 0, 0 },
		{ "{\"type\":\"observed-data\",\"id\":\"observed-data--1\",\"objects\":{\"0\":{"
		  "\"type\":\"ipv4-addr\",\"value\":\"198.51.100.7\"},\"1\":{\"type\":\"url\","
		  "\"value\":\"http://a.example/\"},\"2\":{\"type\":\"process\"},\"3\":7}}",
			2, 1 },
		{ "{\"type\":\"observed-data\",\"id\":\"observed-data--1\",\"object_refs\":[\"x\"]"
		  "}",
			0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
		struct reading r = { .o = &o, .path = "t", .name = "t" };
		struct stix s = { .r = &r };
		struct sl_json_limits limits = { 0, 0 };
		struct sl_json_in *in;
		assert_int_equal(sl_intel_new(&r.set), 0);
		assert_int_equal(set_source_open(r.set, "t", &r.source), 0);
		assert_int_equal(sl_json_in_new(&in, "", &limits, observed_object, &s), 0);
		assert_int_equal(sl_json_in_feed(in, rows[i].text, strlen(rows[i].text)), 0);
		assert_int_equal(sl_json_in_end(in), 0);
		if (r.set->book.count != rows[i].values ||
			r.set->sources[0].count[SL_ARMED] != rows[i].armed)
			fail_msg("row %zu: %zu values", i, r.set->book.count);
		sl_json_in_free(in);
		sl_intel_free(r.set);
	}
}

#define SAID "14 PRIVATE_ADDRESS\n14 LONE_PORT\n"

/* The classic: one analyst's hurried indicator, and the same thought through. */
static void classic(void **state)
{
	static const struct {
		const char *file;
		const char *said, *hit, *miss; /* said: how it begins */
	} rows[] = {
		{ "four-ored.json", SAID, "", "0:dst_port=53" },
		{ "five-ored.json", SAID, "0:ip.dst=198.51.100.77",
			"0:ip.src=10.20.30.40 0:ip.dst=192.0.2.99 0:dst_port=53 0:src_port=6633" },
		{ "nested-and.json", "",
			"0:ip.src=10.20.30.40 0:ip.dst=8.8.8.8 0:src_port=6633 0:dst_port=53",
			"0:ip.src=10.20.30.40 0:ip.dst=8.8.8.8 0:src_port=6634 0:dst_port=53|"
			"0:ip.src=10.20.30.41 0:ip.dst=8.8.8.8 0:src_port=6633 0:dst_port=53|"
			"0:ip.src=10.20.30.40 0:ip.dst=8.8.4.4 0:src_port=6633 0:dst_port=53|"
			"0:ip.src=10.20.30.40 0:ip.dst=8.8.8.8 0:src_port=6633 0:dst_port=80" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r = { 0 };
		struct sl_intel_options o = {
			.validity = SL_VALID_IGNORE, .finding = read_said, .arg = &r
		};
		char path[512], miss[512], *at = miss, *one;
		size_t sources;
		snprintf(path, sizeof(path), "%s/data/classic/%s", TESTS, rows[i].file);
		snprintf(miss, sizeof(miss), "%s", rows[i].miss);
		assert_int_equal(sl_intel_new(&r.set), 0);
		assert_int_equal(sl_intel_read(r.set, path, &o), 0);
		const struct sl_intel_source *s = sl_intel_sources(r.set, &sources);
		/* whether 8.8.8.8 is quiet is for the lists to say */
		if (s->count[SL_ARMED] + s->count[SL_QUIET] != 1 ||
			strncmp(r.said, rows[i].said, strlen(rows[i].said)) != 0 ||
			(rows[i].said[0] == '\0' && r.said[0] != '\0'))
			fail_msg("%s: %s", rows[i].file, r.said);
		if (rows[i].hit[0] != '\0')
			assert_true(reference_hit(r.set, rows[i].hit));
		while ((one = strsep(&at, "|")) != NULL)
			assert_false(reference_hit(r.set, one));
		read_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(cuts),
		cmocka_unit_test(damaged),
		cmocka_unit_test(one_voice),
		cmocka_unit_test(shapes),
		cmocka_unit_test(patterns),
		cmocka_unit_test(versions),
		cmocka_unit_test(versions_of_files),
		cmocka_unit_test(endless_revocations),
		cmocka_unit_test(said_beside),
		cmocka_unit_test(observed),
		cmocka_unit_test(classic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
