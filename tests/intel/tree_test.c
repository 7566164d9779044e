/* SPDX-License-Identifier: BSD-3-Clause */
/* tree_test.c - what becomes of an indicator that is a tree: which branches are armed, with which
 * code the others are refused, the scope, and that what was compiled is true of what it ought to
 * be, and of nothing beside it, by the reference evaluator. */
#include <stdlib.h>

#include "spelled.h"
#include "../../lib/intel/reading.h"
#include "reference.h"
#include "test.h"

struct told {
	char codes[1024]; /* blank between them */
	uint64_t armed, quiet, refused, context;
	char scopes[64]; /* of the detections */
};

static void tell(void *arg, const struct sl_finding *f)
{
	struct told *t = arg;
	size_t used = strlen(t->codes);
	snprintf(t->codes + used, sizeof(t->codes) - used, "%s%s", used ? " " : "", f->code);
	assert_true(f->code[0] != '\0');
	assert_true(f->reason[0] != '\0');
	assert_true(f->part[0] != '\0' || strcmp(f->code, "PARTS") == 0 ||
		    strcmp(f->code, "TOO_COMPLEX") == 0);
}

struct tried {
	struct sl_intel *set;
	struct sl_intel_options o;
	struct reading r;
	struct told told;
};

static void tried_open(struct tried *t)
{
	memset(t, 0, sizeof(*t));
	t->o = (struct sl_intel_options){
		.taken_as_said = true, .validity = SL_VALID_IGNORE, .finding = tell, .arg = &t->told
	};
	assert_int_equal(sl_intel_new(&t->set), 0);
	t->r = (struct reading){ .set = t->set, .o = &t->o, .path = "t", .name = "t" };
	assert_int_equal(set_source_open(t->set, "t", &t->r.source), 0);
}

static void tried_tell(struct tried *t)
{
	static const char *const names[] = { [SL_SCOPE_MESSAGE] = "message",
		[SL_SCOPE_FLOW] = "flow",
		[SL_SCOPE_HOST_PAIR] = "pair",
		[SL_SCOPE_HOST] = "host" };
	size_t n, sources;
	const struct sl_detection *d = sl_intel_detections(t->set, &n);
	const struct sl_intel_source *s = sl_intel_sources(t->set, &sources);
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(t->told.scopes);
		snprintf(t->told.scopes + used, sizeof(t->told.scopes) - used, "%s%s",
			used ? " " : "", names[d[i].scope]);
	}
	t->told.armed = s->count[SL_ARMED];
	t->told.quiet = s->count[SL_QUIET];
	t->told.refused = s->count[SL_REFUSED];
	t->told.context = s->count[SL_CONTEXT];
	const char *wrong = reference_wrong(t->set);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(sl_intel_wholes(t->set), t->told.armed + t->told.quiet);
}

static void try_pattern(struct tried *t, const char *pattern)
{
	struct draft meta = { .id = "indicator--1",
		.line = 7,
		.confidence = SL_CONFIDENCE_NONE,
		.below = SL_BELOW_MARKED };
	tried_open(t);
	assert_int_equal(pattern_add(&t->r, &meta, pattern, strlen(pattern)), 0);
	tried_tell(t);
}

struct row {
	const char *pattern, *codes, *scopes, *hit, *miss;
};

/* Every row is tried as a whole; '|' parts several sights. */
static void row_try(const struct row *row)
{
	struct tried t;
	try_pattern(&t, row->pattern);
	if (strcmp(t.told.codes, row->codes) != 0 || strcmp(t.told.scopes, row->scopes) != 0)
		fail_msg("%s\n  told '%s', scopes '%s'", row->pattern, t.told.codes, t.told.scopes);
	if (t.told.armed + t.told.quiet + t.told.refused + t.told.context != 1)
		fail_msg("%s is not one indicator", row->pattern);
	for (int hit = 0; hit < 2; hit++) {
		char text[512], *at = text, *one;
		snprintf(text, sizeof(text), "%s", hit ? row->hit : row->miss);
		while ((one = strsep(&at, "|")) != NULL)
			if (one[0] != '\0' && reference_hit(t.set, one) != hit)
				fail_msg("%s\n  is %strue of %s", row->pattern, hit ? "not " : "",
					one);
	}
	sl_intel_free(t.set);
}

#define MD5 "0123456789abcdef0123456789abcdef"
#define HOST "198.51.100.7"
#define TRAFFIC "network-traffic:"

static const struct row rows[] = {
	/* one value */
	{ "[domain-name:value = 'evil.example']", "", "",
		"1:dns.query=evil.example|1:tls.sni=evil.example",
		"1:dns.query=vil.example|1:dns.query=notevil.example" },
	{ "[domain-name:value = 'evil.example']", "", "", "1:dns.query=a.evil.example", "" },
	{ "[domain-name:value IN ('evil.example', 'bad.example')]", "", "",
		"1:dns.query=bad.example", "1:dns.query=a.evil.example" },
	{ "[domain-name:value NOT != 'evil.example']", "", "", "1:dns.query=evil.example",
		"1:dns.query=other.example" },
	{ "[ipv4-addr:value = '198.51.100.0/24']", "", "", "0:ip.src=" HOST,
		"0:ip.src=198.51.101.7" },
	{ "[ipv4-addr:value ISSUBSET '198.51.100.0/24']", "", "", "0:ip.dst=" HOST, "" },
	{ "[ipv4-addr:value ISSUPERSET '198.51.100.7/32']", "", "", "0:ip.dst=" HOST,
		"0:ip.dst=198.51.100.8" },
	{ "[ipv4-addr:value ISSUPERSET '198.51.100.0/24']", "NOT_EVALUABLE", "", "", "" },
	{ "[domain-name:value ISSUBSET 'evil.example']", "BAD_VALUE", "", "", "" },
	{ "[domain-name:value = '198.51.100.7']", "TYPE_MENDED", "", "0:ip.src=" HOST, "" },
	{ "[file:hashes.md5 = '" MD5 "']", "", "", "1:file.md5=" MD5, "" },
	{ "[file:hashes.'M_D-5' = h'" MD5 "']", "", "", "1:file.md5=" MD5, "" },
	{ "[file:hashes.'SHA1' = '" MD5 "']", "BAD_HASH", "", "", "" },
	{ "[file:hashes.SSDEEP = '3:abc:def']", "NOT_EVALUABLE", "", "", "" },
	{ "[file:name = b'eA==']", "", "", "1:file.name=x", "1:file.name=eA==" },
	{ "[file:size = 1234]", "TRUE_OF_MOST", "", "", "" },
	{ "[network-traffic:extensions.'tls-ext'.ja3 = '" MD5 "']", "", "", "1:ja3.hash=" MD5, "" },
	{ TRAFFIC "dst_port = 53]", "PATTERN_SYNTAX", "", "", "" },
	{ "[" TRAFFIC "dst_port = 53]", "LONE_PORT", "", "", "" },
	{ "[" TRAFFIC "dst_port = 'abc']", "BAD_VALUE", "", "", "" },
	{ "[" TRAFFIC "dst_port = 70000]", "BAD_VALUE", "", "", "" },
	{ "[" TRAFFIC "protocols[*] = 'tcp']", "TRUE_OF_MOST", "", "", "" },
	{ "[ipv4-addr:value = '10.1.2.3']", "PRIVATE_ADDRESS", "", "", "" },
	{ "[windows-registry-key:key = 'x']", "NOT_EVALUABLE", "", "", "" },
	{ "[x_own:thing = 'x']", "CONTEXT", "", "", "" },
	{ "[domain-name:value LIKE '%']", "MATCHES_ALL", "", "", "" },
	{ "[domain-name:value LIKE '%.evil.example']", "", "message", "1:dns.query=a.evil.example",
		"1:dns.query=evil.example" },
	{ "[domain-name:value MATCHES '^ev.l\\\\.']", "", "message", "1:http.host=evil.example",
		"1:http.host=a.evil.example" },
	{ "[EXISTS domain-name:value]", "TRUE_OF_MOST", "", "", "" },
	/* negatives */
	{ "[domain-name:value != 'good.example']", "NEGATIVE_ONLY", "", "", "" },
	{ "[domain-name:value NOT = 'good.example']", "NEGATIVE_ONLY", "", "", "" },
	{ "[domain-name:value NOT IN ('a.example', 'b.example')]", "NEGATIVE_ONLY", "", "", "" },
	{ "[ipv4-addr:value = '" HOST "' AND domain-name:value != 'good.example']", "", "message",
		"0:ip.dst=" HOST " 1:dns.query=other.example",
		"0:ip.dst=" HOST " 1:dns.query=good.example|0:ip.dst=" HOST },
	{ "[ipv4-addr:value != '198.51.100.0/24' AND domain-name:value = 'evil.example']", "",
		"message", "0:ip.dst=192.0.2.1 1:dns.query=evil.example",
		"0:ip.dst=" HOST " 1:dns.query=evil.example" },
	{ "[" TRAFFIC "dst_port != 443 AND domain-name:value = 'evil.example']", "", "message",
		"0:dst_port=8443 1:tls.sni=evil.example", "0:dst_port=443 1:tls.sni=evil.example" },
	/* AND: one observation */
	{ "[domain-name:value = 'evil.example' AND ipv4-addr:value = '" HOST "']", "", "message",
		"1:dns.query=evil.example 1:dns.answer.ip=" HOST "|0:ip.dst=" HOST
		" 2:http.host=evil.example",
		"1:dns.query=evil.example 2:dns.answer.ip=" HOST },
	{ "[" TRAFFIC "dst_ref.value = '" HOST "' AND " TRAFFIC "dst_port = 6633]", "", "",
		"0:ip.dst=" HOST " 0:dst_port=6633", "0:ip.dst=" HOST " 0:dst_port=80" },
	{ "[" TRAFFIC "dst_ref.value = '" HOST "' AND " TRAFFIC "dst_port = '6633']", "", "",
		"0:ip.dst=" HOST " 0:dst_port=6633", "0:ip.src=" HOST " 0:dst_port=6633" },
	{ "[" TRAFFIC "src_ref.value = '" HOST "' AND " TRAFFIC "dst_port = 6633]", "", "message",
		"0:ip.src=" HOST " 0:dst_port=6633", "0:ip.dst=" HOST " 0:dst_port=6633" },
	{ "[" TRAFFIC "dst_ref.value = 'evil.example' AND " TRAFFIC "dst_port = 6633]", "",
		"message",
		"0:dst_port=6633 1:tls.sni=evil.example|0:dst_port=6633 1:http.host=evil.example",
		"0:dst_port=80 1:tls.sni=evil.example" },
	{ "[" TRAFFIC "src_ref.value = 'evil.example']", "NOT_EVALUABLE", "", "", "" },
	{ "[" TRAFFIC "dst_ref.value = '10.0.0.1' AND " TRAFFIC "dst_port = 53]", "PRIVATE_ADDRESS",
		"", "", "" },
	{ "[" TRAFFIC "dst_ref.value = '" HOST "' AND " TRAFFIC "protocols[*] = 'TCP' AND " TRAFFIC
	  "dst_port = 443]",
		"", "message", "0:ip.dst=" HOST " 0:dst_port=443 0:protocol=TCP",
		"0:ip.dst=" HOST " 0:dst_port=443" },
	{ "[file:hashes.MD5 = '" MD5 "' AND file:size = '12']", "", "message",
		"1:file.md5=" MD5 " 1:file.size=12", "1:file.md5=" MD5 " 2:file.size=12" },
	{ "[file:size > '1000' AND file:name = 'x.exe']", "", "message",
		"1:file.size=1001 1:file.name=x.exe", "1:file.size=1000 1:file.name=x.exe" },
	{ "[domain-name:value = 'evil.example' AND file:parent_directory_ref.path = 'C:']",
		"NOT_EVALUABLE", "", "", "" },
	{ "[domain-name:value = 'evil.example' AND x_opencti:score = 80]", "", "",
		"1:dns.query=evil.example", "" },
	{ "[(domain-name:value = 'evil.example' OR x_opencti:score = 80) AND " TRAFFIC
	  "dst_port = 4433]",
		"", "message", "0:dst_port=4433 1:tls.sni=evil.example", "0:dst_port=4433" },
	{ "[ssh:x = 1 AND network-traffic:extensions.'tls-ext'.ja3 = '" MD5
	  "' AND email-message:subject = 'x']",
		"NOT_EVALUABLE", "", "", "" },
	{ "[network-traffic:extensions.'tls-ext'.ja3 = '" MD5 "' AND email-message:subject = 'x']",
		"NEVER_TOGETHER", "", "", "" },
	/* two addresses and an odd port name one conversation */
	{ "[" TRAFFIC "src_ref.value = '10.0.0.5' AND " TRAFFIC
	  "dst_ref.value = '10.0.0.6' AND " TRAFFIC "src_port = 6633 AND " TRAFFIC "dst_port = 53]",
		"", "message", "0:ip.src=10.0.0.5 0:ip.dst=10.0.0.6 0:src_port=6633 0:dst_port=53",
		"0:ip.src=10.0.0.5 0:ip.dst=10.0.0.6 0:src_port=6634 0:dst_port=53|"
		"0:ip.src=10.0.0.5 0:ip.dst=10.0.0.7 0:src_port=6633 0:dst_port=53" },
	{ "[" TRAFFIC "src_ref.value = '10.0.0.5' AND " TRAFFIC
	  "dst_ref.value = '10.0.0.6' AND " TRAFFIC "dst_port = 53]",
		"PRIVATE_ADDRESS", "", "", "" },
	/* OR: each its own */
	{ "[domain-name:value = 'evil.example' OR ipv4-addr:value = '10.0.0.1']",
		"PRIVATE_ADDRESS PARTS", "", "1:dns.query=evil.example", "0:ip.dst=10.0.0.1" },
	{ "[domain-name:value = 'evil.example'] OR [" TRAFFIC "dst_port = 53]", "LONE_PORT PARTS",
		"", "1:dns.query=evil.example", "0:dst_port=53" },
	{ "[ipv4-addr:value IN ('" HOST "', '10.0.0.1', 'nonsense')]",
		"PRIVATE_ADDRESS BAD_ADDRESS PARTS", "", "0:ip.dst=" HOST, "0:ip.dst=10.0.0.1" },
	{ "[ipv4-addr:value IN ('" HOST "', '10.0.0.1') AND " TRAFFIC "dst_port = 4433]",
		"PRIVATE_ADDRESS PARTS", "message", "0:ip.dst=" HOST " 0:dst_port=4433",
		"0:ip.dst=10.0.0.1 0:dst_port=4433" },
	{ "[ipv4-addr:value IN ('192.0.2.1', '10.0.0.1') AND domain-name:value = 'evil.example']",
		"", "message", "0:ip.dst=10.0.0.1 1:dns.query=evil.example", "0:ip.dst=192.0.2.1" },
	{ "[(domain-name:value = 'evil.example' OR " TRAFFIC "dst_port = 53) AND " TRAFFIC
	  "protocols[*] = 'udp']",
		"LONE_PORT PARTS", "message", "0:protocol=udp 1:dns.query=evil.example",
		"0:protocol=udp 0:dst_port=53" },
	{ "[(process:name = 'x' OR domain-name:value = 'evil.example') AND ipv4-addr:value = '" HOST
	  "']",
		"NOT_EVALUABLE PARTS", "message", "0:ip.dst=" HOST " 1:dns.query=evil.example",
		"0:ip.dst=" HOST },
	{ "[" TRAFFIC "dst_ref.value IN ('evil.example', '" HOST "') AND " TRAFFIC
	  "dst_port = 4433]",
		"", "message",
		"0:ip.dst=" HOST " 0:dst_port=4433|0:dst_port=4433 1:tls.sni=evil.example",
		"0:ip.dst=" HOST },
	/* between observations */
	{ "[domain-name:value = 'evil.example'] AND [ipv4-addr:value = '" HOST "']", "", "host",
		"1:dns.query=evil.example 2:ip.dst=" HOST,
		"1:dns.query=evil.example 1:dns.answer.ip=" HOST },
	{ "[domain-name:value = 'evil.example'] FOLLOWEDBY [ipv4-addr:value = '" HOST
	  "'] WITHIN 60 SECONDS",
		"", "host", "1:dns.query=evil.example 2:ip.dst=" HOST,
		"2:dns.query=evil.example 1:ip.dst=" HOST },
	{ "[domain-name:value = 'evil.example'] REPEATS 3 TIMES", "", "host",
		"1:dns.query=evil.example 2:dns.query=evil.example 3:dns.query=evil.example",
		"1:dns.query=evil.example 2:dns.query=evil.example" },
	{ "([domain-name:value = 'evil.example'] OR [" TRAFFIC "dst_port = 53]) WITHIN 5 SECONDS",
		"LONE_PORT PARTS", "host", "1:dns.query=evil.example", "0:dst_port=53" },
	{ "[domain-name:value = 'evil.example' OR " TRAFFIC "dst_port = 53] AND [" TRAFFIC
	  "dst_port = 80]",
		"LONE_PORT PARTS", "host", "1:dns.query=evil.example 2:http.host=a 0:dst_port=80",
		"1:dst_port=53 2:dst_port=80" },
	{ "[domain-name:value = 'evil.example'] AND [process:name = 'x']", "NOT_EVALUABLE", "", "",
		"" },
	{ "[domain-name:value = 'evil.example'] START t'2026-01-01T00:00:00Z' STOP "
	  "t'2026-02-01T00:00:00Z'",
		"", "host", "1:dns.query=evil.example", "" },
	{ "[" TRAFFIC "start > '2026-01-01T00:00:00Z' AND domain-name:value = 'evil.example']", "",
		"message", "", "1:dns.query=evil.example" },
};

static void table(void **state)
{
	assert_true(sizeof(rows) / sizeof(rows[0]) >= 60);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_try(&rows[i]);
}

/* ---- Compositions that name no scope ---- */

/* "&(a b)", "|(a b)", "!(a)"; a leaf is PATH=VALUE without blanks. */
static struct sl_node *loose(struct sl_pattern *p, const char **at)
{
	enum sl_node_kind kind = **at == '&'   ? SL_NODE_ALL
				 : **at == '|' ? SL_NODE_ANY
					       : SL_NODE_NOT;
	if (strchr("&|!", **at) == NULL) {
		char path[128];
		size_t n = strcspn(*at, "="), len = strcspn(*at + n + 1, " )");
		snprintf(path, sizeof(path), "%.*s", (int)n, *at);
		struct sl_node *leaf = sl_pattern_equal(p, path, *at + n + 1, len);
		assert_non_null(leaf);
		*at += n + 1 + len;
		return leaf;
	}
	struct sl_node *group = sl_pattern_group(p, kind);
	for (*at += 2; **at != ')'; *at += **at == ' ')
		sl_pattern_append(group, loose(p, at));
	++*at;
	return group;
}

static const struct row loose_rows[] = {
	{ "domain-name:value=evil.example", "", "", "1:dns.query=evil.example", "" },
	{ "&(domain-name:value=evil.example ipv4-addr:value=198.51.100.7)", "", "message",
		"1:dns.query=evil.example 1:dns.answer.ip=" HOST,
		"1:dns.query=evil.example 2:dns.answer.ip=" HOST },
	{ "&(network-traffic:extensions.'tls-ext'.ja3=" MD5 " file:hashes.MD5=" MD5 ")", "", "flow",
		"1:ja3.hash=" MD5 " 2:file.md5=" MD5, "1:ja3.hash=" MD5 },
	{ "&(domain-name:resolves_to_refs.value=198.51.100.7 file:hashes.MD5=" MD5 ")", "", "host",
		"1:dns.answer.ip=" HOST " 2:file.md5=" MD5, "2:file.md5=" MD5 },
	{ "|(domain-name:value=evil.example network-traffic:x_port=53)", "LONE_PORT PARTS", "",
		"1:dns.query=evil.example", "0:dst_port=53" },
	{ "&(ipv4-addr:value=198.51.100.7 network-traffic:x_port=4433)", "", "message",
		"0:ip.src=" HOST " 0:dst_port=4433|0:ip.src=" HOST " 0:src_port=4433",
		"0:ip.src=" HOST },
	{ "!(domain-name:value=evil.example)", "NEGATIVE_ONLY", "", "", "" },
	{ "!(!(domain-name:value=evil.example))", "NEGATIVE_ONLY", "", "", "" },
	{ "&(ipv4-addr:value=198.51.100.7 !(domain-name:value=good.example))", "", "message",
		"0:ip.dst=" HOST " 1:dns.query=bad.example",
		"0:ip.dst=" HOST " 1:dns.query=good.example|0:ip.dst=" HOST },
	{ "&(ipv4-addr:value=198.51.100.7 !(process:name=x))", "NOT_EVALUABLE", "", "", "" },
	{ "&(domain-name:value=evil.example |(process:name=x network-traffic:x_port=53))",
		"NOT_EVALUABLE PARTS", "message", "0:dst_port=53 1:dns.query=evil.example",
		"1:dns.query=evil.example" },
	{ "&(&(ipv4-addr:value=10.0.0.5 network-traffic:x_port=53) &(ipv4-addr:value=10.0.0.6 "
	  "network-traffic:x_port=6633))",
		"", "message", "0:ip.src=10.0.0.5 0:ip.dst=10.0.0.6 0:src_port=6633 0:dst_port=53",
		"0:ip.src=10.0.0.5 0:ip.dst=10.0.0.6 0:src_port=6634 0:dst_port=53" },
	{ "&()", "EMPTY", "", "", "" },
};

static void loose_table(void **state)
{
	for (size_t i = 0; i < sizeof(loose_rows) / sizeof(loose_rows[0]); i++) {
		const struct row *row = &loose_rows[i];
		const char *at = row->pattern;
		struct draft meta = { .id = "i", .confidence = SL_CONFIDENCE_NONE };
		struct sl_pattern *p;
		struct tried t;
		tried_open(&t);
		assert_int_equal(sl_pattern_new(&p), 0);
		sl_pattern_root_set(p, loose(p, &at));
		assert_int_equal(composite_add(&t.r, &meta, p), 0);
		sl_pattern_free(p);
		tried_tell(&t);
		if (strcmp(t.told.codes, row->codes) != 0 ||
			strcmp(t.told.scopes, row->scopes) != 0)
			fail_msg("%s\n  told '%s', scopes '%s'", row->pattern, t.told.codes,
				t.told.scopes);
		for (int hit = 0; hit < 2; hit++) {
			char text[512], *rest = text, *one;
			snprintf(text, sizeof(text), "%s", hit ? row->hit : row->miss);
			while ((one = strsep(&rest, "|")) != NULL)
				if (one[0] != '\0' && reference_hit(t.set, one) != hit)
					fail_msg("%s\n  is %strue of %s", row->pattern,
						hit ? "not " : "", one);
		}
		sl_intel_free(t.set);
	}
}

/* ---- Bounds ---- */

/* Each of the ORs could be taken apart, which together would be 2^40 parts. */
static void not_exponential(void **state)
{
	static char text[65536];
	size_t n = (size_t)snprintf(text, sizeof(text), "[" TRAFFIC "protocols[*] = 'tcp'");
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			" AND (process:name = 'x%d' OR " TRAFFIC "dst_port = %d)", i, i + 1);
	snprintf(text + n, sizeof(text) - n, "]");
	struct tried t;
	try_pattern(&t, text);
	assert_int_equal(t.told.refused, 1);
	assert_true(sl_intel_bytes(t.set) < 4u << 20);
	sl_intel_free(t.set);
}

static void many_parts(void **state)
{
	static char text[65536];
	size_t n = (size_t)snprintf(text, sizeof(text), "[" TRAFFIC "dst_port = 53");
	for (int i = 0; i < 199; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, " OR domain-name:value = 'h%d.example'", i);
	snprintf(text + n, sizeof(text) - n, "]");
	struct tried t;
	try_pattern(&t, text);
	size_t count;
	spelled_out(t.set, &count);
	assert_int_equal(count, 199);
	assert_int_equal(t.told.armed, 1);
	assert_string_equal(t.told.codes, "LONE_PORT PARTS");
	sl_intel_free(t.set);
}

/* An AND of more tests than a detection has leaves is refused; what stands beside it is not. */
static void too_many_leaves(void **state)
{
	static char text[65536];
	size_t n = (size_t)snprintf(text, sizeof(text),
		"[domain-name:value = 'a.example'] OR [url:value = 'http://a.example/'");
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, " AND " TRAFFIC "dst_port != %d", i + 1);
	snprintf(text + n, sizeof(text) - n, "]");
	struct tried t;
	try_pattern(&t, text);
	assert_string_equal(t.told.codes, "TOO_COMPLEX PARTS");
	assert_int_equal(t.told.armed, 1);
	sl_intel_free(t.set);
}

/* As many operations over observations as the correlator joins, and one more; those that it needs
 * no node for don't count. */
static void too_many_operations(void **state)
{
	static const struct {
		const char *more, *codes;
	} row[] = { { "", "" }, { " REPEATS 1 TIMES", "" }, { " REPEATS 3 TIMES", "" },
		{ " WITHIN 600 SECONDS", "TOO_COMPLEX" } };
	static char text[65536];
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		/* 16 observations, 15 times FOLLOWEDBY, 14 windows each, and one over all. */
		size_t n = 0;
		for (unsigned k = 0; k < 16; k++) {
			n += (size_t)snprintf(text + n, sizeof(text) - n,
				"%s[domain-name:value = 'n%u.example']%s",
				k > 0 ? " FOLLOWEDBY " : "", k, k == 7 ? row[i].more : "");
			for (unsigned w = 0; w < 14; w++)
				n += (size_t)snprintf(
					text + n, sizeof(text) - n, " WITHIN 600 SECONDS");
		}
		struct tried t;
		try_pattern(&t, text);
		if (strcmp(t.told.codes, row[i].codes) != 0)
			fail_msg("row %zu: %s", i, t.told.codes);
		sl_intel_free(t.set);
	}
}

/* As many indicators as are allowed: their leaves and parts don't count. */
static void as_many_as_allowed(void **state)
{
#define LINE                                                                                       \
	"{\"pattern\":\"[domain-name:value IN ('a.example', 'b.example') AND file:size = 5] OR "   \
	"[url:value = 'http://a.example/']\"}\n"
	static const char text[] = LINE LINE LINE;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE, .max_entries = 2 };
	struct sl_intel *set;
	size_t n;
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read_bytes(set, "t", text, sizeof(text) - 1, &o), 0);
	assert_int_equal(sl_intel_wholes(set), 2);
	assert_int_equal(sl_intel_sources(set, &n)->count[SL_REFUSED], 1); /* TOO_MANY */
	sl_intel_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(loose_table),
		cmocka_unit_test(not_exponential),
		cmocka_unit_test(many_parts),
		cmocka_unit_test(too_many_leaves),
		cmocka_unit_test(too_many_operations),
		cmocka_unit_test(as_many_as_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
