/* SPDX-License-Identifier: BSD-3-Clause */
/* feed_test.c - from a feed's text to hits, through the real readers and normal forms: what a feed
 * writes and what a packet says must meet in the same form. */
#include <stdio.h>

#include <sightline/match.h>

#include "test.h"
#include "spelled.h"

static const char feed[] =
	"{\"id\":\"i1\",\"type\":\"ipv4-addr\",\"value\":\"192.0.2.0/24\",\"source\":\"one\"}\n"
	"{\"id\":\"i2\",\"type\":\"ipv4-addr\",\"value\":\"192.0.2.7\",\"source\":\"one\"}\n"
	"{\"id\":\"i3\",\"type\":\"ipv4-addr\",\"value\":\"192.0.2.7\",\"source\":\"two\"}\n"
	"{\"id\":\"i4\",\"type\":\"ipv6-addr\",\"value\":\"2001:DB8:0::7\"}\n"
	"{\"id\":\"i5\",\"type\":\"domain-name\",\"value\":\"Evil.Example.\",\"match\":\"suffix\"}"
	"\n"
	"{\"id\":\"i6\",\"type\":\"domain-name\",\"value\":\"b\\u00fccher.example\"}\n"
	"{\"id\":\"i7\",\"type\":\"url\",\"value\":\"hxxp://Evil[.]example:80/a/../b\"}\n"
	"{\"id\":\"i8\",\"type\":\"url\",\"value\":\"http://evil.example/dir/"
	"\",\"match\":\"prefix\"}\n";

static struct sl_batch batch;
static struct sl_flow flow;
static struct sl_counters counters;
static struct sl_hit hit[1024];

static struct sl_ruleset *feed_build(void)
{
	const struct sl_intel_options io = { .validity = SL_VALID_IGNORE };
	const struct sl_match_options mo = { .validity = SL_VALID_IGNORE };
	struct sl_intel *in;
	struct sl_ruleset *rs;
	assert_int_equal(sl_intel_new(&in), 0);
	assert_int_equal(sl_intel_read_bytes(in, "feed", feed, sizeof(feed) - 1, &io), 0);
	assert_int_equal(sl_ruleset_build(&rs, in, &mo, NULL, 1), 0);
	assert_int_equal(sl_ruleset_indicators(rs), 8);
	assert_true(sl_ruleset_bytes(rs) > 8 * sizeof(struct sl_indicator));
	return rs;
}

/* Hits' ids in the order of the hits, joined with a blank. */
static void hits_are(const struct sl_ruleset *rs, const char *want)
{
	char got[256] = "";
	uint16_t from = 0;
	uint32_t n = sl_match(rs, &batch, &from, hit, 1024, &counters);
	for (uint32_t i = 0; i < n; i++) {
		strcat(got, i ? " " : "");
		strcat(got, spelled(rs, hit[i].indicator)->id);
	}
	assert_string_equal(got, want);
}

static void says(enum sl_where w, const char *raw)
{
	bool ok;
	sl_batch_empty(&batch);
	assert_true(sl_batch_add_raw(&batch, w, SL_TO_SERVER, 1, sl_span_str(raw), &ok));
	assert_true(ok);
}

static void says_addr(enum sl_where w, const char *text)
{
	union sl_addr a;
	uint8_t version;
	sl_batch_empty(&batch);
	assert_true(sl_addr_parse(text, strlen(text), &a, &version));
	assert_true(sl_batch_add_addr(&batch, w, SL_TO_SERVER, 0, &a, version));
}

static void says_host(const char *header)
{
	uint8_t name[64];
	size_t n = sl_norm_host(sl_span_str(header), name, sizeof(name));
	sl_batch_empty(&batch);
	assert_true(sl_batch_add(&batch, SL_WHERE_HTTP_HOST, SL_TO_SERVER, 1, sl_span(name, n)));
}

static void test_feed(void **state)
{
	(void)state;
	struct sl_ruleset *rs = feed_build();
	batch.flow = &flow;
	batch.counters = &counters;
	sl_ruleset_want(rs, batch.want);
	says_addr(SL_WHERE_IP_DST, "192.0.2.7");
	hits_are(rs, "i1 i2 i3");
	says_addr(SL_WHERE_DNS_ANSWER_IP, "192.0.2.8");
	hits_are(rs, "i1");
	says_addr(SL_WHERE_IP_SRC, "2001:db8::7");
	hits_are(rs, "i4");
	says_addr(SL_WHERE_IP_SRC, "2001:db8::8");
	hits_are(rs, "");
	says(SL_WHERE_DNS_QUERY, "WWW.EVIL.EXAMPLE.");
	hits_are(rs, "i5");
	says(SL_WHERE_TLS_SNI, "xn--bcher-kva.example");
	hits_are(rs, "i6");
	says_host("192.0.2.7:8080");
	hits_are(rs, "i1 i2 i3");
	says_host("[2001:db8::7]:80");
	hits_are(rs, "i4");
	says(SL_WHERE_HTTP_URL, "HTTP://evil.example/%62");
	hits_are(rs, "i7");
	says(SL_WHERE_HTTP_URL, "http://evil.example/dir/x?y=z");
	hits_are(rs, "i8");
	sl_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
