/* SPDX-License-Identifier: BSD-3-Clause */
/* lint_test.c - each row of the verdict table: what a value, a pattern or a tree is worth, by
 * itself, by the built-in lists, and by the operator's word. */
#include <stdio.h>
#include <string.h>

#include <sightline/addr.h>
#include <sightline/clock.h>
#include <sightline/intel.h>
#include <sightline/lists.h>
#include <sightline/policy.h>

#include "spelled.h"
#include "test.h"

#define SAID 16

struct verdicts {
	struct sl_intel *set;
	size_t n;
	enum sl_intel_verdict verdict[SAID];
	char code[SAID][32], suggestion[SAID][512], reason[SAID][512];
};

static struct sl_lists *lists;
static struct sl_policy *policy;
static struct sl_nets *home;

static void said(void *arg, const struct sl_finding *f)
{
	struct verdicts *v = arg;
	assert_true(v->n < SAID);
	v->verdict[v->n] = f->verdict;
	snprintf(v->code[v->n], sizeof(v->code[0]), "%s", f->code);
	snprintf(v->reason[v->n], sizeof(v->reason[0]), "%s", f->reason);
	snprintf(v->suggestion[v->n++], sizeof(v->suggestion[0]), "%s", f->suggestion);
}

static void judged(struct verdicts *v, const char *name, const char *text)
{
	struct sl_intel_options o = { .validity = SL_VALID_PACKET,
		.lists = lists,
		.policy = policy,
		.home = home,
		.finding = said,
		.arg = v,
		.propose = true };
	assert_true(sl_time_parse("2026-06-01", 10, &o.now_ns));
	memset(v, 0, sizeof(*v));
	assert_int_equal(sl_intel_new(&v->set), 0);
	assert_int_equal(sl_intel_read_bytes(v->set, name, text, strlen(text), &o), 0);
}

static void pattern(struct verdicts *v, const char *text)
{
	char bundle[2048];
	int n = snprintf(bundle, sizeof(bundle),
		"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\","
		"\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"pattern\":\"%s\"}]}",
		text);
	assert_true(n > 0 && (size_t)n < sizeof(bundle));
	judged(v, "a.json", bundle);
}

static int make(void **state)
{
	assert_int_equal(sl_lists_new(&lists), 0);
	assert_int_equal(sl_nets_new(&home), 0);
	return sl_nets_add(home, "5.6.0.0/16", 10);
}

static int clean(void **state)
{
	sl_lists_free(lists);
	sl_nets_free(home);
	return 0;
}

struct row {
	const char *text;
	enum sl_intel_verdict verdict;
	const char *code; /* "": nothing is said */
};

static void rows_hold(const struct row *row, size_t n, bool patterns)
{
	for (size_t i = 0; i < n; i++) {
		struct verdicts v;
		if (patterns)
			pattern(&v, row[i].text);
		else
			judged(&v, "list.txt", row[i].text);
		const char *code = v.n > 0 ? v.code[0] : "";
		if (strcmp(code, row[i].code) != 0 || (v.n > 0 && v.verdict[0] != row[i].verdict))
			fail_msg("%s: %s, not %s", row[i].text, code, row[i].code);
		size_t count;
		const struct sl_indicator *ind = spelled_out(v.set, &count);
		assert_int_equal(
			count > 0, row[i].verdict == SL_ARMED || row[i].verdict == SL_QUIET);
		for (size_t k = 0; k < count && row[i].verdict == SL_QUIET; k++)
			assert_true(ind[k].quiet && ind[k].quiet_reason[0] != '\0');
		sl_intel_free(v.set);
	}
}

static void values(void **state)
{
	static const struct row rows[] = {
		{ "5.6.7.8\n", SL_REFUSED, "OWN_ADDRESS" },
		{ "10.1.2.3\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "192.168.1.1:443\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "172.31.255.255\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "172.32.0.1\n", SL_ARMED, "" },
		{ "100.127.0.1\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "fe80::1\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "::1\n", SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "224.0.0.251\n", SL_REFUSED, "RESERVED_ADDRESS" },
		{ "ff02::fb\n", SL_REFUSED, "RESERVED_ADDRESS" },
		{ "255.255.255.255\n", SL_REFUSED, "RESERVED_ADDRESS" },
		{ "198.51.100.66\n", SL_ARMED, "DOCUMENTATION_ADDRESS" },
		{ "45.0.0.0/15\n", SL_REFUSED, "TOO_WIDE" },
		{ "45.1.0.0/16\n", SL_ARMED, "" },
		{ "2a00::/31\n", SL_REFUSED, "TOO_WIDE" },
		{ "2a00::/32\n", SL_ARMED, "" },
		{ "co.uk\n", SL_REFUSED, "PUBLIC_SUFFIX" },
		{ "github.io\n", SL_REFUSED, "PUBLIC_SUFFIX" },
		{ "evil.co.uk\n", SL_ARMED, "" },
		{ "d41d8cd98f00b204e9800998ecf8427e\n", SL_REFUSED, "EMPTY_FILE_HASH" },
		{ "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709\n", SL_REFUSED, "EMPTY_FILE_HASH" },
		{ "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n", SL_REFUSED,
			"EMPTY_FILE_HASH" },
		{ "8.8.8.8\n", SL_QUIET, "PUBLIC_RESOLVER" },
		{ "2001:4860:4860::8888\n", SL_QUIET, "PUBLIC_RESOLVER" },
		{ "google.com\n", SL_QUIET, "POPULAR_NAME" },
		{ "comet.yahoo.com\n", SL_QUIET, "BELOW_POPULAR" },
		{ "notyahoo.com\n", SL_ARMED, "" },
		{ "code.jquery.com\n", SL_QUIET, "CDN_HOST" },
		{ "bit.ly\n", SL_QUIET, "SHORTENER" },
		{ "ocsp.digicert.com\n", SL_QUIET, "CRL_OCSP" },
		{ "time.windows.com\n", SL_QUIET, "ORDINARY_SERVICE" },
		{ "duckdns.org\n", SL_REFUSED, "PUBLIC_SUFFIX" },
		{ "evil.duckdns.org\n", SL_ARMED, "BELOW_DYNAMIC_DNS" },
		{ "evil.github.io\n", SL_ARMED, "BELOW_PRIVATE_SUFFIX" },
		{ "http://10.0.0.1/x\n", SL_QUIET, "URL_PRIVATE_HOST" },
		{ "http://printer.local/x\n", SL_QUIET, "URL_PRIVATE_HOST" },
		{ "http://[fe80::1]:8080/x\n", SL_QUIET, "URL_PRIVATE_HOST" },
		{ "http://google.com/\n", SL_QUIET, "POPULAR_NAME" },
		{ "http://google.com/evil\n", SL_ARMED, "" },
		{ "http://bit.ly/x\n", SL_ARMED, "" },
		{ "http://evil.example/\n", SL_ARMED, "" },
		{ "dns.google\n", SL_ARMED, "DOH_SERVER" },
	};
	rows_hold(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void patterns(void **state)
{
	static const struct row rows[] = {
		{ "[network-traffic:dst_port = 53]", SL_REFUSED, "LONE_PORT" },
		{ "[network-traffic:extensions.'tls-ext'.ja3 = "
		  "'83e04bc58d402f9633983cbf22724b02']",
			SL_QUIET, "ORDINARY_CLIENT" },
		{ "[url:value MATCHES '.*']", SL_REFUSED, "MATCHES_ALL" },
		{ "[url:value MATCHES 'a?']", SL_REFUSED, "MATCHES_ALL" },
		{ "[url:value MATCHES '[a-z]']", SL_REFUSED, "MATCHES_ALL" },
		{ "[url:value LIKE '%']", SL_REFUSED, "MATCHES_ALL" },
		{ "[domain-name:value LIKE '_%']", SL_REFUSED, "MATCHES_ALL" },
		{ "[url:value MATCHES '(']", SL_REFUSED, "BAD_EXPRESSION" },
		{ "[url:value MATCHES 'evil[0-9]+']", SL_ARMED, "" },
		{ "[network-traffic:dst_port = 53 AND network-traffic:dst_port = 54 AND "
		  "network-traffic:dst_ref.value = '45.1.1.1']",
			SL_REFUSED, "CONTRADICTORY" },
		{ "[file:hashes.MD5 = '0cc175b9c0f1b6a831c399e269772661' AND file:hashes.MD5 = "
		  "'92eb5ffee6ae2fec3ad71c777531578f']",
			SL_REFUSED, "CONTRADICTORY" },
		{ "[network-traffic:src_ref.value = '10.0.0.5' AND network-traffic:dst_ref.value "
		  "= '45.1.1.1']",
			SL_ARMED, "" },
		{ "[network-traffic:src_ref.value = '10.0.0.5' AND network-traffic:dst_ref.value "
		  "= '8.8.8.8']",
			SL_QUIET, "PUBLIC_RESOLVER" },
		{ "[network-traffic:src_ref.value = '10.0.0.5' AND network-traffic:dst_ref.value "
		  "= '8.8.8.8' AND network-traffic:dst_port = 6633]",
			SL_ARMED, "" },
		{ "[network-traffic:src_ref.value = '10.0.0.5' AND network-traffic:dst_port = "
		  "6633]",
			SL_REFUSED, "PRIVATE_ADDRESS" },
		{ "[domain-name:value LIKE '%evil.example%']", SL_ARMED, "WHOLE_NAME" },
		{ "[domain-name:value = 'evil.example' AND url:value = 'http://evil.example/x']",
			SL_ARMED, "MIXED_AND" },
		{ "[ipv4-addr:value = '45.1.1.0/24']", SL_ARMED, "PREFIX_IS_SUBSET" },
		{ "[network-traffic:dst_port = '80' AND network-traffic:dst_ref.value = "
		  "'45.1.1.1']",
			SL_ARMED, "QUOTED_INTEGER" },
		{ "[file:hashes.md5 = '0cc175b9c0f1b6a831c399e269772661']", SL_ARMED,
			"KEY_SPELLING" },
	};
	rows_hold(rows, sizeof(rows) / sizeof(rows[0]), true);
}

/* A URL over https shows its host only. */
static void hosts_of_urls(void **state)
{
	struct verdicts v;
	size_t count;
	judged(&v, "list.txt", "https://evil.example/x\n");
	const struct sl_indicator *i = spelled_out(v.set, &count);
	assert_int_equal(count, 2);
	assert_false(i[0].quiet);
	assert_string_equal(i[1].value, "evil.example");
	assert_string_equal(i[1].part, "URL_HOST_ONLY");
	assert_true(i[1].quiet && i[1].type == SL_TYPE_DOMAIN);
	sl_intel_free(v.set);
	judged(&v, "list.txt", "https://t.co/x\n");
	spelled_out(v.set, &count);
	assert_int_equal(count, 1);
	assert_string_equal(v.code[0], "URL_HOST_ONLY");
	assert_int_equal(v.verdict[0], SL_REFUSED);
	sl_intel_free(v.set);
	judged(&v, "list.txt", "https://45.1.1.1/x\nhttps://evil.example/\n");
	spelled_out(v.set, &count);
	assert_int_equal(count, 2);
	sl_intel_free(v.set);
}

/* Its pattern in a bundle again: armed, without a word. */
static void accepted(const char *suggestion)
{
	struct verdicts v;
	size_t sources;
	pattern(&v, suggestion);
	const struct sl_intel_source *s = sl_intel_sources(v.set, &sources);
	assert_int_equal(s->count[SL_QUIET] + s->count[SL_REFUSED], 0);
	assert_true(s->count[SL_ARMED] > 0);
	sl_intel_free(v.set);
}

static void suggestions(void **state)
{
	static const char *const texts[] = {
		"[ipv4-addr:value = '10.0.0.5'] OR [network-traffic:dst_port = 53] OR "
		"[ipv4-addr:value = '8.8.8.8'] OR [network-traffic:src_port = 6633]",
		"[ipv4-addr:value = '10.0.0.5' OR network-traffic:dst_port = '53' OR "
		"ipv4-addr:value = '8.8.8.8' OR network-traffic:src_port = 6633]",
		"[ipv4-addr:value = '10.0.0.5' OR network-traffic:dst_port = 53 OR "
		"ipv4-addr:value = '45.1.1.1']",
		"[domain-name:value = 'com' OR domain-name:value = 'evil.example']",
		"[ipv4-addr:value = '8.8.8.8' OR ipv4-addr:value = '1.1.1.1' OR "
		"ipv4-addr:value = '10.9.9.9' OR network-traffic:dst_port = 6633]",
		"[url:value MATCHES '.*'] OR ([domain-name:value = 'evil.example'] FOLLOWEDBY "
		"[file:name = 'evil.exe'] WITHIN 60 SECONDS)",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verdicts v;
		size_t given = 0;
		pattern(&v, texts[i]);
		for (size_t k = 0; k < v.n; k++) {
			if (v.verdict[k] == SL_REFUSED) {
				if (v.suggestion[k][0] == '\0')
					fail_msg("%s: no suggestion", texts[i]);
				accepted(v.suggestion[k]);
				given++;
			}
		}
		if (given == 0)
			fail_msg("%s: nothing was refused", texts[i]);
		sl_intel_free(v.set);
	}
}

/* What is read otherwise than it is written is given as it should be written. */
static void repairs(void **state)
{
	static const struct {
		const char *text, *code, *mended;
	} rows[] = {
		{ "[ipv4-addr:value = '45.1.0.0/24']", "PREFIX_IS_SUBSET",
			"[ipv4-addr:value ISSUBSET '45.1.0.0/24']" },
		{ "[network-traffic:dst_ref.value = '45.1.1.1' AND network-traffic:dst_port = "
		  "'4444']",
			"QUOTED_INTEGER",
			"[network-traffic:dst_ref.value = '45.1.1.1' AND "
			"network-traffic:dst_port = 4444]" },
		{ "[file:hashes.md5 = '0123456789abcdef0123456789abcdef']", "KEY_SPELLING",
			"[file:hashes.MD5 = '0123456789abcdef0123456789abcdef']" },
		{ "[file:hashes.sha1 = '0123456789abcdef0123456789abcdef01234567']", "KEY_SPELLING",
			"[file:hashes.'SHA-1' = '0123456789abcdef0123456789abcdef01234567']" },
		{ "[domain-name:value LIKE '%evil.example%']", "WHOLE_NAME",
			"[domain-name:value = 'evil.example']" },
		{ "[ipv4-addr:value = '45.1.1.1' AND network-traffic:dst_port = 4444]", "MIXED_AND",
			"[(network-traffic:src_ref.value = '45.1.1.1' OR "
			"network-traffic:dst_ref.value = '45.1.1.1') AND "
			"network-traffic:dst_port = 4444]" },
		{ "[domain-name:value = 'evil.example' AND network-traffic:dst_port = '4444']",
			"MIXED_AND",
			"[network-traffic:dst_ref.value = 'evil.example' AND "
			"network-traffic:dst_port = 4444]" },
		{ "[domain-name:value = 'evil.example' AND ipv4-addr:value = '45.1.1.0/24'] OR "
		  "[url:value = 'http://evil.example/a']",
			"MIXED_AND",
			"[domain-name:value = 'evil.example' AND "
			"domain-name:resolves_to_refs[*].value ISSUBSET '45.1.1.0/24'] OR "
			"[url:value = 'http://evil.example/a']" },
		/* What no object of STIX says together. */
		{ "[domain-name:value = 'evil.example' AND network-traffic:dst_port = 53]",
			"MIXED_AND", "" },
		{ "[file:name = 'a.exe' AND url:value = 'http://evil.example/a']", "MIXED_AND",
			"" },
		{ "[ipv4-addr:value = '45.1.1.1' AND ipv6-addr:value = '2a00::1']", "MIXED_AND",
			"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct verdicts v;
		size_t noted = SAID, given = 0;
		pattern(&v, rows[i].text);
		for (size_t k = 0; k < v.n; k++) {
			if (noted == SAID && strcmp(v.code[k], rows[i].code) == 0)
				noted = k;
			given += v.suggestion[k][0] != '\0';
		}
		if (noted == SAID || given != (rows[i].mended[0] != '\0') ||
			(given > 0 && strcmp(v.suggestion[noted], rows[i].mended) != 0))
			fail_msg("%s: %s %s", rows[i].text, v.n > 0 ? v.code[0] : "nothing",
				v.suggestion[0]);
		if (given > 0)
			accepted(rows[i].mended);
		sl_intel_free(v.set);
	}
	/* and so is what is left of an OR */
	struct verdicts v;
	pattern(&v, "[domain-name:value = 'com'] OR [ipv4-addr:value = '45.1.0.0/24']");
	bool mended = false;
	for (size_t k = 0; k < v.n; k++)
		mended |= v.verdict[k] == SL_REFUSED &&
			  strcmp(v.suggestion[k], "[ipv4-addr:value ISSUBSET '45.1.0.0/24']") == 0;
	assert_true(mended);
	sl_intel_free(v.set);
}

static void classic(void **state)
{
	struct verdicts v;
	pattern(&v, "[ipv4-addr:value = '10.0.0.5'] OR [network-traffic:dst_port = 53] OR "
		    "[ipv4-addr:value = '8.8.8.8'] OR [network-traffic:src_port = 6633]");
	assert_true(v.n >= 4); /* and one for the indicator as a whole */
	assert_string_equal(v.code[0], "PRIVATE_ADDRESS");
	assert_string_equal(v.code[1], "LONE_PORT");
	assert_string_equal(v.code[2], "PUBLIC_RESOLVER");
	assert_string_equal(v.code[3], "LONE_PORT");
	assert_non_null(strstr(v.reason[0], "says OR where it means AND"));
	assert_string_equal(v.suggestion[0],
		"[network-traffic:src_ref.value = '10.0.0.5' AND network-traffic:dst_ref.value = "
		"'8.8.8.8' AND (network-traffic:src_port = 6633 AND network-traffic:dst_port = 53 "
		"OR network-traffic:src_port = 53 AND network-traffic:dst_port = 6633)]");
	sl_intel_free(v.set);
}

/* What nothing sound can be made of has no suggestion. */
static void no_suggestion(void **state)
{
	static const char *const texts[] = { "[network-traffic:dst_port = 53]",
		"[ipv4-addr:value = '10.0.0.5'] OR [domain-name:value = 'com']",
		"[ipv4-addr:value = '10.0.0.5' OR network-traffic:dst_port = 53]" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verdicts v;
		pattern(&v, texts[i]);
		assert_true(v.n > 0);
		assert_string_equal(v.suggestion[0], "");
		sl_intel_free(v.set);
	}
}

/* ---- The operator's word ---- */

static void says(const char *source, const char *override, const char *text,
	enum sl_intel_verdict verdict, const char *code)
{
	struct verdicts v;
	char err[256] = "";
	assert_int_equal(sl_policy_new(&policy), 0);
	if (source != NULL)
		assert_int_equal(sl_policy_source(policy, source, err, sizeof(err)), 0);
	if (override != NULL)
		assert_int_equal(sl_policy_override(policy, override, err, sizeof(err)), 0);
	judged(&v, "feeds/partner.txt", text);
	size_t sources;
	const struct sl_intel_source *s = sl_intel_sources(v.set, &sources);
	assert_int_equal(s->count[verdict], 1);
	assert_string_equal(v.n > 0 ? v.code[0] : "", code);
	sl_intel_free(v.set);
	sl_policy_free(policy);
	policy = NULL;
}

static void policies(void **state)
{
	says("partner.txt quiet=DOCUMENTATION_ADDRESS", NULL, "192.0.2.1\n", SL_QUIET,
		"DOCUMENTATION_ADDRESS");
	says("*/partner* armed=PUBLIC_RESOLVER,POPULAR_NAME", NULL, "8.8.8.8\n", SL_ARMED,
		"PUBLIC_RESOLVER");
	says("\"par*\" refused=SHORTENER", NULL, "bit.ly\n", SL_REFUSED, "SHORTENER");
	says("other armed=PUBLIC_RESOLVER", NULL, "8.8.8.8\n", SL_QUIET, "PUBLIC_RESOLVER");
	says("partner.txt quiet", NULL, "evil.example\n", SL_QUIET, "SOURCE_QUIET");
	says("partner.txt probation", NULL, "evil.example\n", SL_ARMED, "PROBATION");
	says(NULL, "evil.example refused ours, says Anna", "evil.example\n", SL_REFUSED,
		"OVERRIDDEN");
	const char *native = "{\"id\":\"x-1\",\"type\":\"ipv4-addr\",\"value\":\"8.8.8.8\","
			     "\"confidence\":30}\n";
	says(NULL, "x-1 armed seen in a case", native, SL_ARMED, "OVERRIDDEN");
	says(NULL, "x-2 armed seen in a case", native, SL_QUIET, "PUBLIC_RESOLVER");
	says("* armed=PUBLIC_RESOLVER confidence=50", NULL, native, SL_QUIET, "LOW_CONFIDENCE");
	says("* armed=PUBLIC_RESOLVER confidence=20", NULL, native, SL_ARMED, "PUBLIC_RESOLVER");
}

static void policy_settings(void **state)
{
	struct sl_source_policy s;
	char err[256];
	assert_int_equal(sl_policy_new(&policy), 0);
	assert_int_equal(
		sl_policy_source(policy, "a* below=yes url=prefix arm_observables url_host=no", err,
			sizeof(err)),
		0);
	assert_int_equal(sl_policy_source(policy, "ab below=no probation", err, sizeof(err)), 0);
	sl_policy_of(policy, "ab", NULL, &s);
	assert_true(s.arm_observables && s.url_prefix && s.probation && !s.url_host);
	assert_int_equal(s.below, SL_BELOW_NO);
	sl_policy_of(policy, "ac", NULL, &s);
	assert_true(!s.probation && s.below == SL_BELOW_YES);
	sl_policy_of(NULL, "ac", NULL, &s);
	assert_true(s.url_host && s.below == SL_POLICY_BELOW_DEFAULT);
	static const char *const bad[] = { "", "a below=maybe", "a confidence=101",
		"a armed=", "a word", "a url=no" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_policy_source(policy, bad[i], err, sizeof(err)), -22);
	assert_int_equal(sl_policy_override(policy, "id", err, sizeof(err)), -22);
	assert_int_equal(sl_policy_override(policy, "id loud", err, sizeof(err)), -22);
	sl_policy_free(policy);
	policy = NULL;
}

/* A source's labels, prefixes and names below. */
static void policy_on_values(void **state)
{
	struct verdicts v;
	size_t count;
	char err[256];
	assert_int_equal(sl_policy_new(&policy), 0);
	assert_int_equal(
		sl_policy_source(policy, "* probation url=prefix below=yes", err, sizeof(err)), 0);
	judged(&v, "list.txt", "evil.example.org\nhttp://evil.example/a\ncom.example\n");
	const struct sl_indicator *i = spelled_out(v.set, &count);
	assert_int_equal(count, 3);
	assert_string_equal(i[0].labels, "probation");
	assert_int_equal(i[0].below, SL_BELOW_YES);
	assert_int_equal(i[1].match, SL_MATCH_PREFIX);
	sl_intel_free(v.set);
	sl_policy_free(policy);
	policy = NULL;
}

/* Every code that is said stands in the list of codes, once. */
static void codes(void **state)
{
	size_t n;
	const struct sl_intel_code *c = sl_intel_codes(&n);
	assert_true(n > 60);
	for (size_t i = 0; i < n; i++) {
		assert_true(c[i].meaning[0] != '\0');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(c[i].code, c[k].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(patterns),
		cmocka_unit_test(hosts_of_urls),
		cmocka_unit_test(suggestions),
		cmocka_unit_test(repairs),
		cmocka_unit_test(classic),
		cmocka_unit_test(no_suggestion),
		cmocka_unit_test(policies),
		cmocka_unit_test(policy_settings),
		cmocka_unit_test(policy_on_values),
		cmocka_unit_test(codes),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
