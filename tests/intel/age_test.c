/* SPDX-License-Identifier: BSD-3-Clause */
/* age_test.c - when an entry is from, in the words of each format, and what its source's max_age
 * makes of it. */
#include <errno.h>
#include <stdio.h>

#include <sightline/clock.h>
#include <sightline/intel.h>
#include <sightline/lists.h>
#include <sightline/policy.h>

#include "spelled.h"
#include "test.h"

struct aged {
	struct sl_intel *set;
	const struct sl_indicator *ind;
	size_t count, findings;
	enum sl_intel_verdict verdict;
	char code[32], reason[256];
};

static void said(void *arg, const struct sl_finding *f)
{
	struct aged *a = arg;
	a->findings++;
	a->verdict = f->verdict;
	snprintf(a->code, sizeof(a->code), "%s", f->code);
	snprintf(a->reason, sizeof(a->reason), "%s", f->reason);
}

/* policy: a line of `sources`, or NULL. Now is 2026-06-01. */
static void read_by(struct aged *a, const char *text, const char *policy, enum sl_validity validity)
{
	struct sl_intel_options o = { .validity = validity, .finding = said, .arg = a };
	struct sl_policy *p = NULL;
	struct sl_lists *lists;
	char err[512];
	memset(a, 0, sizeof(*a));
	assert_true(sl_time_parse("2026-06-01", 10, &o.now_ns));
	assert_int_equal(sl_intel_new(&a->set), 0);
	assert_int_equal(sl_lists_new(&lists), 0);
	if (policy != NULL) {
		assert_int_equal(sl_policy_new(&p), 0);
		assert_int_equal(sl_policy_source(p, policy, err, sizeof(err)), 0);
	}
	o.policy = p;
	o.lists = lists;
	assert_int_equal(sl_intel_read_bytes(a->set, "f", text, strlen(text), &o), 0);
	a->ind = spelled_out(a->set, &a->count);
	sl_policy_free(p);
	sl_lists_free(lists);
}

static void from(const char *text, const char *day)
{
	struct aged a;
	char got[SL_TIME_TEXT] = "";
	read_by(&a, text, NULL, SL_VALID_PACKET);
	assert_true(a.count > 0);
	if (a.ind[0].reported_ns != 0) {
		sl_time_text(a.ind[0].reported_ns, got);
		got[10] = '\0';
	}
	assert_string_equal(got, day);
	sl_intel_free(a.set);
}

static void tables(void **state)
{
	from("value,first_seen,last_seen\n192.0.2.1,2024-01-02,2025-03-04\n", "2025-03-04");
	from("value,first_seen,last_seen\n192.0.2.1,2024-01-02,\n", "2024-01-02");
	from("value,first_seen,last_seen\n192.0.2.1,2024-01-02,2023-01-01\n", "2024-01-02");
	from("value,Observed_Date\n192.0.2.1,20240102\n", "2024-01-02");
	from("value,Observed_Date\n192.0.2.1,\n", "");
	from("value,observed_date\n192.0.2.1,last week\n", "");
	from("value,valid_from,created\n192.0.2.1,2024-01-02,2025-01-02\n", "2024-01-02");
	from("value,created\n192.0.2.1,2025-01-02T03:04:05Z\n", "2025-01-02");
	from("value,valid_from,last_seen\n192.0.2.1,2024-01-02,2025-06-07\n", "2025-06-07");
	/* As abuse.ch writes them. */
	from("# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"last_seen_utc\"\n"
	     "\"2025-01-02 03:04:05\",\"7\",\"192.0.2.1\",\"ip\",\"\"\n",
		"2025-01-02");
	from("# Firstseen,DstIP,DstPort\n2024-05-06 07:08:09,192.0.2.1,443\n", "2024-05-06");
	from("# id,dateadded,url,url_status,last_online\n"
	     "1,2024-05-06 07:08:09,http://a.example/x,online,2024-06-07 00:00:00\n",
		"2024-06-07");
	from("# Listingdate,SHA1,Listingreason\n2023-04-05 00:00:00,"
	     "da39a3ee5e6b4b0d3255bfef95601890afd80700,C2\n",
		"2023-04-05");
}

static void objects(void **state)
{
	from("{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.1\",\"last_seen\":\"2024-01-02\"}\n",
		"2024-01-02");
	from("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\","
	     "\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"modified\":"
	     "\"2025-02-03T00:00:00Z\",\"created\":\"2024-02-03T00:00:00Z\","
	     "\"pattern\":\"[ipv4-addr:value = '192.0.2.1']\"}]}",
		"2025-02-03");
	from("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\","
	     "\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"valid_from\":"
	     "\"2023-02-03T00:00:00Z\",\"created\":\"2024-02-03T00:00:00Z\","
	     "\"pattern\":\"[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = "
	     "'a.example']\"}"
	     "]}",
		"2023-02-03");
	from("{\"Event\":{\"uuid\":\"e\",\"info\":\"i\",\"Attribute\":[{\"uuid\":\"a\",\"type\":"
	     "\"ip-dst\",\"to_ids\":true,\"value\":\"192.0.2.1\",\"timestamp\":\"1700000000\"}]}}",
		"2023-11-14");
	from("{\"Event\":{\"uuid\":\"e\",\"info\":\"i\",\"Attribute\":[{\"uuid\":\"a\",\"type\":"
	     "\"ip-dst\",\"to_ids\":true,\"value\":\"192.0.2.1\",\"timestamp\":\"1700000000\","
	     "\"first_seen\":\"2020-01-02T00:00:00.000000+00:00\"}]}}",
		"2020-01-02");
	from("[{\"id\":\"1\",\"ioc\":\"192.0.2.1\",\"ioc_type\":\"ip\",\"first_seen\":"
	     "\"2024-01-02 03:04:05 UTC\",\"last_seen\":null}]",
		"2024-01-02");
	from("<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"i\" "
	     "last-modified=\"2014-05-06T07:08:09\"><definition><Indicator operator=\"OR\" "
	     "id=\"o\"><IndicatorItem id=\"a\" condition=\"is\"><Context document=\"PortItem\" "
	     "search=\"PortItem/remoteIP\" type=\"mir\"/><Content type=\"IP\">192.0.2.1</Content>"
	     "</IndicatorItem></Indicator></definition></ioc>",
		"2014-05-06");
}

static void aged(const char *text, const char *policy, enum sl_intel_verdict v, const char *code)
{
	struct aged a;
	read_by(&a, text, policy, SL_VALID_PACKET);
	assert_string_equal(a.code, code);
	if (code[0] != '\0')
		assert_int_equal(a.verdict, v);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.ind[0].quiet, v == SL_QUIET);
	sl_intel_free(a.set);
}

#define OLD "value,last_seen\n45.45.45.45,2025-05-31\n" /* a year and a day */
#define NEW "value,last_seen\n45.45.45.45,2025-06-01\n"

static void max_age(void **state)
{
	struct aged a;
	aged(OLD, NULL, SL_ARMED, "");
	aged(OLD, "f max_age=1y", SL_QUIET, "AGED");
	aged(NEW, "f max_age=1y", SL_ARMED, "");
	aged(OLD, "f max_age=ipv4-addr:1y", SL_QUIET, "AGED");
	aged(OLD, "f max_age=domain-name:1d,ipv4-addr:53w", SL_ARMED, "");
	aged(OLD, "f max_age=1d,ipv4-addr:none", SL_ARMED, "");
	aged(OLD, "f max_age=48h", SL_QUIET, "AGED");
	aged(OLD, "other max_age=1d", SL_ARMED, "");
	aged(OLD, "f max_age=1y armed=AGED", SL_ARMED, "AGED");
	/* How long it is good for is said: that holds. */
	aged("value,last_seen,valid_until\n45.45.45.45,2025-01-01,2026-12-31\n", "f max_age=1y",
		SL_ARMED, "");
	aged("value\n45.45.45.45\n", "f max_age=1y", SL_ARMED, "UNDATED");
	/* The file's date stands in for what entries don't say. */
	aged("value\n45.45.45.45\n", "f max_age=1y published=2016-12-29", SL_QUIET, "AGED");
	aged(NEW, "f max_age=1y published=2016-12-29", SL_ARMED, "");
	/* Old captures meet today's intel: nothing ages. */
	read_by(&a, OLD, "f max_age=1y", SL_VALID_IGNORE);
	assert_int_equal(a.findings, 0);
	sl_intel_free(a.set);
}

static void trees(void **state)
{
#define TREE(pattern)                                                                              \
	"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\",\"id\":"   \
	"\"indicator--1\",\"pattern_type\":\"stix\",\"valid_from\":\"2024-01-01T00:00:00Z\","      \
	"\"pattern\":\"" pattern "\"}]}"
	struct aged a;
	read_by(&a, TREE("[ipv4-addr:value = '45.45.45.45' AND domain-name:value = 'a.example']"),
		"f max_age=1y", SL_VALID_PACKET);
	assert_string_equal(a.code, "AGED");
	assert_int_equal(a.verdict, SL_QUIET);
	sl_intel_free(a.set);
	/* An age by type is of values, not of trees. */
	read_by(&a, TREE("[ipv4-addr:value = '45.45.45.45' AND domain-name:value = 'a.example']"),
		"f max_age=ipv4-addr:1y", SL_VALID_PACKET);
	assert_string_equal(a.code, "MIXED_AND");
	sl_intel_free(a.set);
	/* A branch that is one value is of its type. */
	read_by(&a, TREE("[ipv4-addr:value = '45.45.45.45' OR domain-name:value = 'a.example']"),
		"f max_age=ipv4-addr:1y", SL_VALID_PACKET);
	assert_int_equal(a.count, 2);
	assert_true(a.ind[0].quiet);
	assert_false(a.ind[1].quiet);
	sl_intel_free(a.set);
}

/* The day is told, and a cloud address without one says so. */
static void sentences(void **state)
{
	struct sl_intel_options o = { .validity = SL_VALID_PACKET, .finding = said };
	struct sl_lists *lists;
	struct aged a;
	static const char cloud[] = "value,last_seen\n45.45.45.45,\n";
	static const char list[] = "45.45.0.0/16\n";
	read_by(&a, OLD, "f max_age=1y", SL_VALID_PACKET);
	assert_non_null(strstr(a.reason, "2025-05-31"));
	sl_intel_free(a.set);
	memset(&a, 0, sizeof(a));
	o.arg = &a;
	assert_true(sl_time_parse("2026-06-01", 10, &o.now_ns));
	assert_int_equal(sl_lists_new(&lists), 0);
	assert_int_equal(sl_lists_read_bytes(lists, "cloud", SL_ROLE_CLOUD, list, strlen(list)), 0);
	o.lists = lists;
	assert_int_equal(sl_intel_new(&a.set), 0);
	assert_int_equal(sl_intel_read_bytes(a.set, "f", cloud, strlen(cloud), &o), 0);
	assert_string_equal(a.code, "CLOUD_ADDRESS");
	assert_non_null(strstr(a.reason, "does not say when"));
	assert_int_equal(sl_intel_read_bytes(a.set, "f", OLD, strlen(OLD), &o), 0);
	assert_string_equal(a.code, "OLD_CLOUD_ADDRESS");
	sl_intel_free(a.set);
	sl_lists_free(lists);
}

static void settings(void **state)
{
	static const char *const bad[] = { "max_age=", "max_age=1", "max_age=1m", "max_age=-1d",
		"max_age=x:1d", "max_age=1d,", "max_age=99999999999999999999d", "max_age=0d",
		"max_age=ipv4-addr:", "max_age=101y", "published=", "published=29.12.2016",
		"published=2016-13-01" };
	struct sl_policy *p;
	struct sl_source_policy got;
	char err[512], line[128];
	assert_int_equal(sl_policy_new(&p), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "f %s", bad[i]);
		assert_int_equal(sl_policy_source(p, line, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "max_age="));
	}
	/* What a later line says holds, for the types that it names. */
	assert_int_equal(sl_policy_source(p, "* max_age=2w", err, sizeof(err)), 0);
	assert_int_equal(sl_policy_source(p, "f max_age=url:3d", err, sizeof(err)), 0);
	sl_policy_of(p, "f", NULL, &got);
	assert_int_equal(got.max_age_ns[SL_TYPE_URL], 3 * 86400 * SL_SECOND);
	assert_int_equal(got.max_age_ns[SL_TYPE_IPV4], 14 * 86400 * SL_SECOND);
	assert_int_equal(got.max_age_ns[SL_TYPE_NONE], 14 * 86400 * SL_SECOND);
	sl_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(objects),
		cmocka_unit_test(max_age),
		cmocka_unit_test(trees),
		cmocka_unit_test(sentences),
		cmocka_unit_test(settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
