/* SPDX-License-Identifier: BSD-3-Clause */
/* lists_test.c - what is known to be ordinary: MISP's five ways to compare, plain lists, roles told
 * from titles, files cut anywhere, and warninglists among the feeds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/intel.h>
#include <sightline/lists.h>

#include "spelled.h"
#include "test.h"

#define LIST(name, type, attributes, entries)                                                      \
	"{\"description\":\"d\",\"list\":[" entries "],\"matching_attributes\":[" attributes       \
	"],\"name\":\"" name "\",\"type\":\"" type "\",\"version\":1}"

static struct sl_lists *read_one(const char *text)
{
	struct sl_lists *l;
	assert_int_equal(sl_lists_new(&l), 0);
	assert_int_equal(sl_lists_read_bytes(l, "a.json", SL_ROLE_NONE, text, strlen(text)), 0);
	return l;
}

static bool at(
	const struct sl_lists *l, enum sl_listed_kind kind, const char *value, enum sl_role role)
{
	struct sl_listed out;
	sl_lists_ask(l, kind, value, strlen(value), &out);
	return out.at >> role & 1;
}

static bool above(const struct sl_lists *l, const char *name, enum sl_role role)
{
	struct sl_listed out;
	sl_lists_ask(l, SL_LISTED_NAME, name, strlen(name), &out);
	return out.above >> role & 1;
}

static bool addr(const struct sl_lists *l, const char *text, enum sl_role role)
{
	struct sl_listed out;
	union sl_addr a;
	uint8_t version, bits;
	if (sl_addr_parse(text, strlen(text), &a, &version))
		bits = version == 4 ? 32 : 128;
	else
		assert_true(sl_prefix_parse(text, strlen(text), &a, &version, &bits));
	sl_lists_ask_addr(l, &a, version, bits, &out);
	return out.at >> role & 1;
}

static void cidr(void **state)
{
	struct sl_lists *l = read_one(LIST("List of sinkholes", "cidr", "\"ip-src\"",
		"\"45.1.0.0/16\",\"46.1.1.1\",\"2A00:1::/32\",\"rubbish\",\"\""));
	assert_true(addr(l, "45.1.255.1", SL_ROLE_SINKHOLE));
	assert_true(addr(l, "45.1.4.0/24", SL_ROLE_SINKHOLE));
	assert_false(addr(l, "45.0.0.0/15", SL_ROLE_SINKHOLE));
	assert_false(addr(l, "45.2.0.1", SL_ROLE_SINKHOLE));
	assert_true(addr(l, "46.1.1.1", SL_ROLE_SINKHOLE));
	assert_true(addr(l, "2a00:1:2::3", SL_ROLE_SINKHOLE));
	assert_false(addr(l, "2a00:2::", SL_ROLE_SINKHOLE));
	sl_lists_free(l);
}

static void hostname(void **state)
{
	struct sl_lists *l = read_one(LIST("Top 1000 of somebody", "hostname",
		"\"domain\",\"hostname\"", "\"Popular.Example\",\"b\\u00fccher.example\""));
	assert_true(at(l, SL_LISTED_NAME, "popular.example", SL_ROLE_POPULAR));
	assert_true(above(l, "a.b.popular.example", SL_ROLE_POPULAR));
	assert_false(above(l, "popular.example", SL_ROLE_POPULAR));
	assert_false(at(l, SL_LISTED_NAME, "unpopular.example", SL_ROLE_POPULAR));
	assert_false(above(l, "unpopular.example", SL_ROLE_POPULAR));
	assert_true(at(l, SL_LISTED_NAME, "xn--bcher-kva.example", SL_ROLE_POPULAR));
	assert_false(at(l, SL_LISTED_URL, "popular.example", SL_ROLE_POPULAR));
	sl_lists_free(l);
}

static void string(void **state)
{
	struct sl_lists *l = read_one(LIST("CRL and OCSP", "string", "\"domain\",\"md5\"",
		"\"crl.example\",\".zone.example\",\"ABCDEF0123456789abcdef0123456789\""));
	assert_true(at(l, SL_LISTED_NAME, "crl.example", SL_ROLE_CERT_STATUS));
	assert_false(above(l, "a.crl.example", SL_ROLE_CERT_STATUS));
	assert_true(above(l, "a.zone.example", SL_ROLE_CERT_STATUS));
	assert_true(at(l, SL_LISTED_HASH, "abcdef0123456789abcdef0123456789", SL_ROLE_CERT_STATUS));
	assert_false(at(l, SL_LISTED_EMAIL, "crl.example", SL_ROLE_CERT_STATUS));
	sl_lists_free(l);
}

static void substring(void **state)
{
	struct sl_lists *l = read_one(LIST("Sandboxes", "substring", "\"domain\",\"url\"",
		"\"san\",\"Analyze.example\",\"ab\",\"analyze.exercise\""));
	assert_true(at(l, SL_LISTED_NAME, "xsanx.org", SL_ROLE_GENERIC));
	assert_true(at(l, SL_LISTED_NAME, "www.analyze.example", SL_ROLE_GENERIC));
	assert_true(at(l, SL_LISTED_URL, "http://analyze.example/x", SL_ROLE_GENERIC));
	assert_false(at(l, SL_LISTED_NAME, "analyze.exampl", SL_ROLE_GENERIC));
	assert_false(at(l, SL_LISTED_NAME, "xabx.org", SL_ROLE_GENERIC));
	assert_false(at(l, SL_LISTED_EMAIL, "a@analyze.example", SL_ROLE_GENERIC));
	sl_lists_free(l);
}

static void regex(void **state)
{
	struct sl_lists *l = read_one(LIST("Contacts", "regex", "\"email-src\"",
		"\"/^(noc|abuse)\\\\@.*\\\\..*$/i\",\"(broken\",\"/^x@y\\\\.z$/\""));
	assert_true(at(l, SL_LISTED_EMAIL, "abuse@evil.example", SL_ROLE_GENERIC));
	assert_true(at(l, SL_LISTED_EMAIL, "NOC@evil.example", SL_ROLE_GENERIC));
	assert_true(at(l, SL_LISTED_EMAIL, "x@y.z", SL_ROLE_GENERIC));
	assert_false(at(l, SL_LISTED_EMAIL, "X@y.z", SL_ROLE_GENERIC));
	assert_false(at(l, SL_LISTED_EMAIL, "evil@evil.example", SL_ROLE_GENERIC));
	sl_lists_free(l);
}

static void plain(void **state)
{
	static const char text[] = "# ours\npopular.example\n45.1.1.0/24\n"
				   "61d50e7771aee7f2f4b89a7200b4d45e,\"AcroCEF\"\n";
	struct sl_lists *l;
	assert_int_equal(sl_lists_new(&l), 0);
	assert_int_equal(
		sl_lists_read_bytes(l, "ours.txt", SL_ROLE_POPULAR, text, sizeof(text) - 1), 0);
	assert_true(at(l, SL_LISTED_NAME, "popular.example", SL_ROLE_POPULAR));
	assert_true(above(l, "a.popular.example", SL_ROLE_POPULAR));
	assert_true(addr(l, "45.1.1.9", SL_ROLE_POPULAR));
	assert_true(at(l, SL_LISTED_CLIENT, "61d50e7771aee7f2f4b89a7200b4d45e", SL_ROLE_POPULAR));
	assert_int_equal(
		sl_lists_read_bytes(l, "ours.txt", SL_ROLE_NONE, text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(sl_lists_read(l, "nothing=/x", NULL, NULL), -EINVAL);
	assert_int_equal(sl_lists_read(l, "popular=/nowhere", NULL, NULL), -ENOENT);
	sl_lists_free(l);
}

static void no_list(void **state)
{
	static const char *const texts[] = { "", "{", "{}", "[]", "{\"list\":[\"a\"]}",
		"{\"list\":[1],\"name\":\"n\",\"type\":\"string\"}",
		"{\"list\":[\"a\"],\"name\":\"n\",\"type\":\"other\"}",
		"{\"name\":\"n\",\"type\":\"string\",\"list\":[\"a\"]", "evil.example\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_lists *l;
		assert_int_equal(sl_lists_new(&l), 0);
		size_t before = sl_lists_count(l);
		assert_int_equal(
			sl_lists_read_bytes(l, "a.json", SL_ROLE_NONE, texts[i], strlen(texts[i])),
			-EINVAL);
		assert_int_equal(sl_lists_count(l), before);
		sl_lists_free(l);
	}
}

static void marked(void **state)
{
	struct sl_lists *l = read_one(
		"\xef\xbb\xbf" LIST("Top 10 sites", "hostname", "\"domain\"", "\"a.example\""));
	assert_true(at(l, SL_LISTED_NAME, "a.example", SL_ROLE_POPULAR));
	sl_lists_free(l);
}

/* Where memory ends at the text's end, and the text ends anywhere. */
static void cuts(void **state)
{
	static const char text[] = LIST("Sandboxes", "substring", "\"domain\"", "\"san\",\"b\"");
	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		struct guarded g = guarded_new(text, cut);
		struct sl_lists *l;
		assert_int_equal(sl_lists_new(&l), 0);
		assert_int_equal(sl_lists_read_bytes(l, "a", SL_ROLE_NONE, g.p, cut), -EINVAL);
		sl_lists_free(l);
		guarded_free(&g);
	}
}

/* In a folder of feeds it is named and passed over. */
static void among_feeds(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf" LIST("Top 10", "hostname", "\"domain\"", "\"a.example\"");
	struct sl_intel *set;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	size_t n;
	assert_int_equal(sl_intel_new(&set), 0);
	assert_int_equal(sl_intel_read_bytes(set, "a.json", text, sizeof(text) - 1, &o), 0);
	const struct sl_intel_source *s = sl_intel_sources(set, &n);
	assert_string_equal(s->format, "warninglist");
	assert_int_equal(s->count[SL_CONTEXT], 1);
	spelled_out(set, &n);
	assert_int_equal(n, 0);
	sl_intel_free(set);
}

static void suffixes(void **state)
{
	struct sl_lists *l;
	assert_int_equal(sl_lists_new(&l), 0);
	assert_int_equal(sl_lists_suffix(l, "com"), SL_SUFFIX_ITSELF);
	assert_int_equal(sl_lists_suffix(l, "co.uk"), SL_SUFFIX_ITSELF);
	assert_int_equal(sl_lists_suffix(l, "evil.co.uk"), SL_SUFFIX_BELOW);
	assert_int_equal(sl_lists_suffix(l, "evil.github.io"), SL_SUFFIX_BELOW_PRIVATE);
	assert_int_equal(sl_lists_suffix(l, "printer"), SL_SUFFIX_NO);
	assert_int_equal(sl_lists_suffix(l, "www.evil.example"), SL_SUFFIX_BELOW);
	sl_lists_free(l);
}

static void tell(void *arg, const char *file, const char *said)
{
	size_t *n = arg;
	*n += strstr(said, "passed over") == NULL;
}

/* MISP's own, where they are at hand. */
static void real(void **state)
{
	const char *data[] = { getenv("SIGHTLINE_DATA"), "../shared/data", "../../shared/data" };
	char path[512] = "";
	for (size_t i = 0; i < 3 && access(path, R_OK) < 0; i++)
		snprintf(path, sizeof(path), "%s/intel/warninglists",
			data[i] != NULL ? data[i] : "");
	if (data[0] != NULL && strcmp(data[0], "none") == 0) {
		skip(); /* asked for; tests/run.sh tells that data is left out */
		return;
	}
	struct sl_lists *l;
	size_t used = 0;
	assert_int_equal(access(path, R_OK), 0);
	assert_int_equal(sl_lists_new(&l), 0);
	assert_int_equal(sl_lists_read(l, path, tell, &used), 0);
	assert_true(used >= 44);
	assert_true(addr(l, "3.5.140.1", SL_ROLE_CLOUD));
	assert_true(at(l, SL_LISTED_NAME, "10086.cn", SL_ROLE_POPULAR));
	assert_true(above(l, "evil.0b1t.org", SL_ROLE_DYNAMIC_DNS) ||
		    above(l, "evil.0bit.org", SL_ROLE_DYNAMIC_DNS));
	assert_true(at(l, SL_LISTED_EMAIL, "abuse@somebody.example", SL_ROLE_GENERIC));
	assert_true(addr(l, "1.0.127.132", SL_ROLE_RESOLVER));
	sl_lists_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cidr),
		cmocka_unit_test(hostname),
		cmocka_unit_test(string),
		cmocka_unit_test(substring),
		cmocka_unit_test(regex),
		cmocka_unit_test(plain),
		cmocka_unit_test(no_list),
		cmocka_unit_test(marked),
		cmocka_unit_test(cuts),
		cmocka_unit_test(among_feeds),
		cmocka_unit_test(suffixes),
		cmocka_unit_test(real),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
