/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_test.c - bundles: patterns, markings, creators, and what is context. */
#include "reading.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(cuts),
		cmocka_unit_test(damaged),
		cmocka_unit_test(one_voice),
		cmocka_unit_test(shapes),
		cmocka_unit_test(patterns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
