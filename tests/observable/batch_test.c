/* SPDX-License-Identifier: BSD-3-Clause */
/* batch_test.c - the vocabulary, batches that fill up, values as text, and said blocks. */
#include <sightline/observable.h>

#include "test.h"

static struct sl_batch b;
static struct sl_flow flow;
static struct sl_counters counters;

static int setup(void **s)
{
	(void)s;
	memset(&b, 0, sizeof(b));
	memset(&flow, 0, sizeof(flow));
	memset(&counters, 0, sizeof(counters));
	b.flow = &flow;
	b.counters = &counters;
	b.ts_ns = 7;
	sl_batch_want_all(&b);
	return 0;
}

static void test_vocabulary(void **s)
{
	(void)s;
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++) {
		const struct sl_where_row *row = &sl_wheres[i];
		assert_int_equal(sl_where_find(row->name, strlen(row->name)), i);
		assert_in_range(row->type, 1, SL_TYPE_COUNT - 1);
		assert_true(row->description[0] != '\0');
	}
	for (unsigned i = 1; i < SL_TYPE_COUNT; i++)
		assert_int_equal(sl_type_find(sl_type_text(i), strlen(sl_type_text(i))), i);
	assert_int_equal(sl_where_find("dns.quer", 8), SL_WHERE_NONE);
	assert_int_equal(sl_where_find("", 0), SL_WHERE_NONE);
	assert_int_equal(sl_type_find("", 0), SL_TYPE_NONE);
	assert_string_equal(sl_type_text(SL_TYPE_COUNT), "");
}

static void test_add(void **s)
{
	(void)s;
	union sl_addr a = { .b = { 0x20, 1, 0xd, 0xb8 } };
	b.flags = SL_OBS_REPEAT;
	b.outcome = SL_OUTCOME_ANSWERED;
	assert_true(
		sl_batch_add(&b, SL_WHERE_DNS_QUERY, SL_TO_CLIENT, 3, sl_span_str("x.example")));
	assert_true(sl_batch_add_addr(&b, SL_WHERE_DNS_ANSWER_IP, SL_TO_CLIENT, 3, &a, 6));
	assert_true(sl_batch_add_addr(&b, SL_WHERE_DNS_ANSWER_IP, SL_TO_CLIENT, 3, &a, 4));
	assert_true(sl_batch_add(&b, SL_WHERE_DNS_QUERY, SL_TO_CLIENT, 3, sl_span("", 0)));
	assert_true(sl_batch_close(&b, SL_TO_CLIENT, 3));
	assert_int_equal(b.n, 4);
	const struct sl_observable *o = &b.obs[0];
	assert_true(o->flow == &flow && o->ts_ns == 7 && o->message == 3);
	assert_int_equal(o->type, SL_TYPE_DOMAIN);
	assert_int_equal(o->flags, SL_OBS_REPEAT);
	assert_int_equal(o->outcome, SL_OUTCOME_ANSWERED);
	assert_int_equal(o->dir, SL_TO_CLIENT);
	assert_memory_equal(o->value, "x.example", 9);
	assert_int_equal(b.obs[1].type, SL_TYPE_IPV6);
	assert_int_equal(b.obs[1].len, 16);
	assert_int_equal(b.obs[2].type, SL_TYPE_IPV4);
	assert_int_equal(b.obs[2].len, 4);
	assert_true(b.obs[3].flags & SL_OBS_CLOSE);
	assert_int_equal(sl_batch_next_message(&b), 1);
	assert_int_equal(sl_batch_next_message(&b), 2);
}

static void test_unwanted(void **s)
{
	(void)s;
	bool ok = false;
	memset(b.want, 0, sizeof(b.want));
	assert_true(sl_batch_add(&b, SL_WHERE_TLS_SNI, SL_TO_SERVER, 1, sl_span_str("x")));
	assert_true(sl_batch_add_raw(&b, SL_WHERE_TLS_SNI, SL_TO_SERVER, 1, sl_span_str("x"), &ok));
	assert_true(ok);
	assert_int_equal(b.n, 0);
}

static void test_full(void **s)
{
	(void)s;
	for (unsigned i = 0; i < SL_BATCH_MAX; i++)
		assert_true(sl_batch_add(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span_str("/")));
	assert_false(sl_batch_add(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span_str("/")));
	assert_false(sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span_str("/"), NULL));
	assert_false(sl_batch_close(&b, 0, 1));
	assert_int_equal(b.n, SL_BATCH_MAX);
	sl_batch_empty(&b);
	assert_true(sl_batch_add(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span_str("/")));
}

static void test_long(void **s)
{
	(void)s;
	static char text[SL_VALUE_MAX + 9];
	memset(text, 'a', sizeof(text));
	struct sl_span longer = sl_span(text, sizeof(text));
	for (unsigned i = 0; i < SL_BATCH_TEXT / SL_VALUE_MAX; i++) {
		if (i & 1)
			assert_true(sl_batch_add(&b, SL_WHERE_HTTP_URI, 0, 1, longer));
		else
			assert_true(sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, longer, NULL));
		assert_int_equal(b.obs[i].len, SL_VALUE_MAX);
		assert_int_equal(b.obs[i].part, SL_PART_TRUNCATED);
	}
	assert_int_equal(counters.c[SL_C_OBSERVABLES_CUT], SL_BATCH_TEXT / SL_VALUE_MAX);
	assert_false(sl_batch_add(&b, SL_WHERE_HTTP_URI, 0, 1, longer));
	assert_false(sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span_str("x"), NULL));
	sl_batch_empty(&b);
	/* exactly the bound is whole; and a value that only this batch has no room for is not cut
	 */
	assert_true(
		sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span(text, SL_VALUE_MAX), NULL));
	assert_int_equal(b.obs[0].part, SL_PART_WHOLE);
	b.used = SL_BATCH_TEXT - 10;
	assert_false(sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span(text, 11), NULL));
	assert_true(sl_batch_add_raw(&b, SL_WHERE_HTTP_URI, 0, 1, sl_span(text, 10), NULL));
	assert_int_equal(b.obs[1].part, SL_PART_WHOLE);
}

static void test_raw(void **s)
{
	(void)s;
	bool ok = true;
	assert_true(sl_batch_add_raw(&b, SL_WHERE_HTTP_URL, 0, 1, sl_span_str("no url"), &ok));
	assert_false(ok);
	assert_int_equal(b.n, 0);
	assert_true(sl_batch_add_raw(&b, SL_WHERE_HTTP_URL, 0, 1, sl_span_str("HTTP://A"), &ok));
	assert_true(ok);
	assert_memory_equal(b.obs[0].value, "http://a/", 9);
	assert_int_equal(b.obs[0].type, SL_TYPE_URL);
}

static void test_text(void **s)
{
	(void)s;
	char out[SL_VALUE_MAX + 1];
	static const uint8_t bytes[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	assert_int_equal(sl_value_text(SL_WHERE_IP_SRC, sl_span(bytes, 4), out), 11);
	assert_string_equal(out, "32.1.13.184");
	sl_value_text(SL_WHERE_DNS_ANSWER_IP, sl_span(bytes, 16), out);
	assert_string_equal(out, "2001:db8::1");
	sl_value_text(SL_WHERE_MAC_SRC, sl_span(bytes, 6), out);
	assert_string_equal(out, "20:01:0d:b8:00:00");
	assert_int_equal(sl_value_text(SL_WHERE_TLS_SNI, sl_span_str("x"), out), 1);
	assert_string_equal(out, "x");
}

static void test_said(void **s)
{
	(void)s;
	struct sl_said said = { .used = 0 };
	struct sl_said_entry e;
	uint16_t at = 0;
	char text[SL_SAID_BYTES];
	memset(text, 'x', sizeof(text));
	assert_false(sl_said_next(&said, &at, &e));
	assert_true(sl_said_put(&said, SL_WHERE_TLS_SNI, 1, sl_span_str("old.example")));
	assert_true(sl_said_put(&said, SL_WHERE_HTTP_HOST, 2, sl_span_str("host.example")));
	assert_true(sl_said_put(&said, SL_WHERE_TLS_SNI, 3, sl_span_str("new")));
	/* no room: what was there stays */
	assert_false(sl_said_put(&said, SL_WHERE_HTTP_HOST, 9, sl_span(text, sizeof(text))));
	assert_false(sl_said_put(&said, SL_WHERE_HTTP_URL, 9, sl_span(text, 450)));
	assert_true(sl_said_next(&said, &at, &e));
	assert_int_equal(e.where, SL_WHERE_HTTP_HOST);
	assert_int_equal(e.message, 2);
	assert_true(sl_span_eq(e.value, sl_span_str("host.example")));
	assert_true(sl_said_next(&said, &at, &e));
	assert_int_equal(e.where, SL_WHERE_TLS_SNI);
	assert_true(sl_span_eq(e.value, sl_span_str("new")));
	assert_false(sl_said_next(&said, &at, &e));
	/* a full block, to the byte */
	said.used = 0;
	assert_false(sl_said_put(&said, SL_WHERE_HTTP_URL, 1, sl_span(text, SL_SAID_BYTES - 7)));
	assert_true(sl_said_put(&said, SL_WHERE_HTTP_URL, 1, sl_span(text, SL_SAID_BYTES - 8)));
	assert_true(sl_said_put(&said, SL_WHERE_HTTP_URL, 2, sl_span_str("short")));
	at = 0;
	assert_true(sl_said_next(&said, &at, &e));
	assert_int_equal(e.message, 2);
	assert_false(sl_said_next(&said, &at, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_vocabulary, setup),
		cmocka_unit_test_setup(test_add, setup),
		cmocka_unit_test_setup(test_unwanted, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_long, setup),
		cmocka_unit_test_setup(test_raw, setup),
		cmocka_unit_test_setup(test_text, setup),
		cmocka_unit_test_setup(test_said, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
