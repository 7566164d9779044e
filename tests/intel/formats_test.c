/* SPDX-License-Identifier: BSD-3-Clause */
/* formats_test.c - the text formats of block lists, of Zeek and Suricata, and of abuse.ch, and zip
 * archives of them: what each of the samples in tests/data/formats becomes. */
#include <errno.h>

#include "reading.h"

#define DIGEST32 "00112233445566778899aabbccddeeff"
#define DIGEST40 DIGEST32 "00112233"
#define DIGEST64 DIGEST32 DIGEST32

struct said {
	char text[4096];
};

static void said(void *arg, const struct sl_finding *f)
{
	struct said *s = arg;
	size_t used = strlen(s->text);
	snprintf(s->text + used, sizeof(s->text) - used, "%llu %s;", (unsigned long long)f->line,
		f->code);
}

static void listed(const struct sl_intel *set, char *out, size_t cap)
{
	size_t n;
	const struct sl_indicator *ind = spelled_out(set, &n);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(out);
		char port[8] = "";
		if (ind[i].port != 0)
			snprintf(port, sizeof(port), ":%u", ind[i].port);
		snprintf(out + used, cap - used, "%s%s%s%s%s;", ind[i].value, port,
			ind[i].match == SL_MATCH_SUFFIX ? " suffix"
			: ind[i].below == SL_BELOW_MARKED && ind[i].type == SL_TYPE_DOMAIN
				? " marked"
				: "",
			ind[i].where != SL_WHERE_NONE ? " at " : "",
			ind[i].where != SL_WHERE_NONE ? sl_wheres[ind[i].where].name : "");
	}
}

static void samples(void **state)
{
	static const struct {
		const char *file, *format, *want, *said;
	} rows[] = {
		{ "hosts.txt", "hosts", "gate.evil.example;c2.evil.example;drop.evil.example;",
			"8 NOT_BLOCKED;" },
		{ "adblock.txt", "adblock",
			"evil.example suffix;ads.evil.example suffix;192.0.2.66;",
			"7 PAGE_RULE;8 EXCEPTION;9 PAGE_RULE;10 PATTERN_NOT_SUPPORTED;"
			"11 RULE_NOT_SUPPORTED;" },
		{ "policy.rpz", "rpz",
			"evil.example;evil.example suffix;drop.example;walled.example;192.0.2.66;"
			"2001:db8::1;",
			"12 EXCEPTION;15 EXCEPTION;16 NOT_EVALUABLE;" },
		{ "domains.lst", "dataset", "evil.example;c2.evil.example;", "" },
		{ "urls-rep.lst", "dataset", "http://evil.example/gate.php;", "" },
		{ "reputation.list", "iprep", "192.0.2.66;192.0.2.0/24;2001:db8::66;",
			"4 NO_SCORE;" },
		{ "categories.txt", "", "", "0 CATEGORIES;" },
		{ "urlhaus.csv", "csv",
			"http://192.0.2.66:8080/bin.sh;https://evil.example/a,b.exe;", "" },
		{ "feodo.csv", "csv", "192.0.2.66:443;198.51.100.7:8080;", "" },
		{ "feodo.json", "abuse.ch", "192.0.2.66:443;", "" },
		{ "sslbl.csv", "csv", DIGEST40 " at tls.cert_sha1;", "" },
		{ "ja3_fingerprints.csv", "csv", DIGEST32 " at ja3.hash;", "" },
		{ "threatfox.csv", "csv",
			"192.0.2.66:4321;evil.example marked;"
			"https://evil.example/api;" DIGEST64 " at file.sha256;",
			"" },
		{ "threatfox.json", "abuse.ch", "192.0.2.66:4321;", "" },
		{ "bazaar.csv", "csv",
			DIGEST64 " at file.sha256;" DIGEST32 " at file.md5;" DIGEST40
				 " at file.sha1;",
			"" },
		{ "zeek.intel", "csv",
			"evil.example;192.0.2.66;192.0.2.0/24;//evil.example/gate;Evil Agent/1.0;"
			"who@evil.example;" DIGEST32
			" at file.md5;invoice.exe at file.name;" DIGEST40 " at tls.cert_sha1;",
			"8 NOT_EVALUABLE;12 NOT_EVALUABLE;" },
		{ "feeds.zip", "zip",
			"192.0.2.66;198.51.100.7;"
			"http://192.0.2.66:8080/bin.sh;https://evil.example/a,b.exe;",
			"0 NO_INTEL;" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct said s = { "" };
		struct sl_intel_options o = { .finding = said, .arg = &s, .taken_as_said = true };
		struct sl_intel *set;
		char path[512], got[4096];
		size_t n;
		snprintf(path, sizeof(path), "%s/%s", SAMPLES, rows[i].file);
		assert_int_equal(sl_intel_new(&set), 0);
		assert_int_equal(sl_intel_read(set, path, &o), 0);
		listed(set, got, sizeof(got));
		const struct sl_intel_source *src = sl_intel_sources(set, &n);
		if (strcmp(got, rows[i].want) != 0 || strcmp(s.text, rows[i].said) != 0 ||
			strcmp(src[0].format, rows[i].format) != 0)
			fail_msg("%s: %s: %s and %s", rows[i].file, src[0].format, got, s.text);
		sl_intel_free(set);
	}
}

/* A reputation list is labelled by the names of its categories, where they lie beside it. */
static void categories(void **state)
{
	static const char list[] = "192.0.2.66,1,127\n198.51.100.7,9,1\n";
	struct sl_intel_options o = { .taken_as_said = true };
	struct sl_intel *set;
	size_t n;
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read(set, SAMPLES "/reputation.list", &o), 0);
	const struct sl_indicator *ind = spelled_out(set, &n);
	assert_int_equal(n, 3);
	assert_string_equal(ind[0].labels, "BadHosts");
	assert_string_equal(ind[0].name, "Known bad hosts");
	assert_string_equal(ind[1].labels, "Scanners");
	sl_intel_free(set);
	/* nothing lies beside what is in memory */
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(
		sl_intel_read_bytes(set, SAMPLES "/x.list", list, sizeof(list) - 1, &o), 0);
	ind = spelled_out(set, &n);
	assert_int_equal(n, 2);
	assert_string_equal(ind[0].labels, "iprep-category-1");
	assert_string_equal(ind[1].labels, "iprep-category-9");
	sl_intel_free(set);
}

/* Every sample at every length: what is cut in the middle of a file is said, never a fault. */
static void cut(void **state)
{
	static const char *const files[] = { "hosts.txt", "adblock.txt", "policy.rpz",
		"domains.lst", "reputation.list", "categories.txt", "urlhaus.csv", "feodo.json",
		"threatfox.csv", "threatfox.json", "bazaar.csv", "zeek.intel", "feeds.zip" };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		static char text[16384];
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", SAMPLES, files[i]);
		FILE *f = fopen(path, "rb");
		assert_non_null(f);
		size_t len = fread(text, 1, sizeof(text), f);
		fclose(f);
		assert_true(len > 0 && len < sizeof(text));
		for (size_t n = 0; n <= len; n++) {
			struct guarded g = guarded_new(text, n);
			struct sl_intel_options o = { 0 };
			struct sl_intel *set;
			assert_int_equal(sl_intel_new(&set), 0);
			int rc = sl_intel_read_bytes(set, "cut", g.p, n, &o);
			assert_true(rc == 0 || rc == -EBADMSG);
			sl_intel_free(set);
			guarded_free(&g);
		}
	}
}

/* Texts that look like one of the formats and are not, or are another. */
/* A parenthesis that nothing closes is told, and the lines after it are read, each by itself, at
 * whatever distance the next one is; one that is closed is one record. */
static void open_parenthesis(void **state)
{
	char *text = malloc(100000);
	for (unsigned more = 0; more <= 600; more += 200) {
		size_t len = (size_t)sprintf(text, "$ORIGIN rpz.example.\n"
						   "@ IN SOA a. b. ( 1\n 2 3 4\n 5 )\n"
						   "a.example CNAME .\n"
						   "b.example TXT ( open\n"
						   "c.example CNAME .\n"
						   "d.example TXT ( x\n"
						   " 2 )\n");
		for (unsigned i = 0; i < more; i++)
			len += (size_t)sprintf(text + len, "n%u.example CNAME .\n", i);
		struct read r;
		read_bytes(&r, text, len, SL_VALID_PACKET);
		assert_string_equal(r.source->format, "rpz");
		assert_string_equal(r.said, "6 UNBALANCED\n8 UNBALANCED\n");
		assert_int_equal(r.count, 4 + more);
		read_free(&r);
	}
	free(text);
}

static void looks_like(void **state)
{
	static const struct {
		const char *text, *format;
		size_t count;
		const char *said;
	} rows[] = {
		/* lines of which fewer than half are one value */
		{ "We saw these:\nevil.example\nand then more\nof it\n", "", 0, "0 NO_INTEL\n" },
		{ "evil.example\nsome words\n", "list", 1, "2 UNKNOWN_TYPE\n" },
		/* addresses with ports and counts are no iprep */
		{ "192.0.2.1,443,2026-01-01\n192.0.2.2,80,2026-01-01\n", "csv", 2, "" },
		/* a hosts file of a machine blocks nothing */
		{ "127.0.0.1 localhost\n192.0.2.1 host.example\n", "", 0, "0 NO_INTEL\n" },
		/* a zone that is no policy */
		{ "$TTL 300\n@ IN SOA a. b. 1 2 3 4 5\nwww CNAME web.example.\n", "", 0,
			"0 NO_INTEL\n" },
		/* MISP's cache of hashes of values */
		{ DIGEST32 ",5bbe59a6-2e48-4da3-9e01-01550a016219\n", "", 0, "0 HASH_CACHE\n" },
		{ DIGEST32 ",a.exe\n", "csv", 1, "" },
		/* one file's hashes in one cell; a pattern in a cell */
		{ "ioc,name\n" DIGEST32 ";" DIGEST64 ",x\n", "csv", 2, "" },
		{ "ioc;name\n[ipv4-addr:value = '192.0.2.1'];x\n", "csv", 1, "" },
		{ "ip,port\n2001:db8::1,80\n192.0.2.1,0\n192.0.2.2,\n", "csv", 3, "" },
		/* a byte order mark before JSON */
		{ "\xef\xbb\xbf[{\"ip_address\":\"192.0.2.1\",\"port\":443,\"last_online\":1}]",
			"abuse.ch", 1, "" },
		{ "\xef\xbb\xbf[{\"ip_address\":\"192.0.2.1\",\"last_online\":1},\n\xff",
			"abuse.ch", 1, "2 BAD_JSON\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		read_text(&r, rows[i].text);
		if (strcmp(r.source->format, rows[i].format) != 0 || r.count != rows[i].count ||
			strcmp(r.said, rows[i].said) != 0)
			fail_msg(
				"%s: %s, %zu, %s", rows[i].text, r.source->format, r.count, r.said);
		read_free(&r);
	}
}

/* A file whose name says that its hashes are fingerprints. */
static void named_ja3(void **state)
{
	static const struct {
		const char *name;
		enum sl_where where;
	} rows[] = {
		{ "feeds/ja3-bots.csv", SL_WHERE_JA3 },
		{ "ja3prints/list.csv", SL_WHERE_JA3 },
		{ "ja3s.txt", SL_WHERE_JA3S },
		{ "ja3/feeds/bots.csv", SL_WHERE_FILE_MD5 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char text[] = DIGEST32 ",Bot\n";
		struct sl_intel_options o = { 0 };
		struct sl_intel *set;
		size_t n;
		assert_int_equal(sl_intel_new(&set), 0);
		assert_int_equal(
			sl_intel_read_bytes(set, rows[i].name, text, sizeof(text) - 1, &o), 0);
		const struct sl_indicator *ind = spelled_out(set, &n);
		assert_int_equal(n, 1);
		assert_int_equal(ind[0].where, rows[i].where);
		sl_intel_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples),
		cmocka_unit_test(categories),
		cmocka_unit_test(cut),
		cmocka_unit_test(open_parenthesis),
		cmocka_unit_test(looks_like),
		cmocka_unit_test(named_ja3),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
