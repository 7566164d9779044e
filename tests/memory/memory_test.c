/* SPDX-License-Identifier: BSD-3-Clause */
/* memory_test.c - what the memory of the past says: counts, hosts, hours, and what it forgets. */
#include <errno.h>

#include "seen.h"

static struct sl_past_sum sum_of(const struct seen *s)
{
	struct sl_past_sum sum;
	sl_memories_sum(&s->all, &sum);
	return sum;
}

static void options(void **state)
{
	struct sl_memory_options o = { .bytes = SL_MEMORY_LEAST, .hours = 24 };
	struct sl_memory *m;
	assert_int_equal(sl_memory_new(&m, &o), 0);
	sl_memory_free(m);
	o.bytes--;
	assert_int_equal(sl_memory_new(&m, &o), -EINVAL);
	o = (struct sl_memory_options){ .bytes = SL_MEMORY_LEAST, .hours = 0 };
	assert_int_equal(sl_memory_new(&m, &o), -EINVAL);
	o.hours = SL_MEMORY_HOURS_MAX + 1;
	assert_int_equal(sl_memory_new(&m, &o), -EINVAL);
	sl_memory_free(NULL);
}

/* A where's bit stands for no other of its type. */
static void places(void **state)
{
	unsigned of_type[SL_TYPE_COUNT] = { 0 };
	for (unsigned w = 0; w < SL_WHERE_COUNT; w++) {
		of_type[sl_wheres[w].type]++;
		of_type[SL_TYPE_IPV4] += sl_where_is_host((enum sl_where)w);
	}
	for (unsigned t = SL_TYPE_NONE + 1; t < SL_TYPE_COUNT; t++)
		if (t != SL_TYPE_ARTIFACT) /* of which nothing is kept */
			assert_true(of_type[t] <= 64);
}

static void addresses(void **state)
{
	struct seen *s = seen_new();
	struct sl_past_answer a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 0);
	assert_int_equal(sum_of(s).hours, 0);
	connect_to(s, "10.0.0.1", "203.0.113.9");
	connect_to(s, "10.0.0.2", "203.0.113.9");
	s->ts_ns += 3 * HOUR;
	connect_to(s, "203.0.113.9", "10.0.0.3"); /* the host is the end at home */
	a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 3);
	assert_int_equal(a.hosts, 3);
	assert_false(a.at_most);
	assert_int_equal(a.first_ns, T0);
	assert_int_equal(a.last_ns, T0 + 3 * HOUR);
	is_host(&a.first_host, a.first_version, "10.0.0.1");
	is_host(&a.last_host, a.last_version, "10.0.0.3");
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.8").count, 0);
	/* In a header of a tunnel, in an answer, as a Host. */
	flow(s, "10.0.0.4", "198.51.100.1");
	says(s, SL_WHERE_DNS_ANSWER_IP, "203.0.113.9");
	says(s, SL_WHERE_HTTP_HOST, "203.0.113.9");
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.9").count, 5);
	connect_to(s, "fd00::1", "2001:db8::9");
	a = ask(s, SL_TYPE_IPV4, "2001:db8::9");
	assert_int_equal(a.count, 1);
	is_host(&a.last_host, a.last_version, "fd00::1");
	struct sl_past_sum sum = sum_of(s);
	assert_int_equal(sum.hours, 4);
	assert_int_equal(sum.first_ns, T0);
	assert_int_equal(sum.last_ns, T0 + 4 * HOUR - 1);
	assert_int_equal(sum.hosts, 5);
	assert_int_equal(sum.left_out, 0);
	seen_free(s);
}

/* What can't be told: own addresses, networks, beginnings, what is not kept. */
static void untold(void **state)
{
	struct seen *s = seen_new();
	struct sl_past_answer a;
	struct sl_indicator i = indicator(SL_TYPE_IPV4, "10.0.0.1");
	connect_to(s, "10.0.0.1", "203.0.113.9");
	assert_int_equal(s->counters.c[SL_C_MEMORY_VALUES], 1);
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_IPV4, "203.0.113.9");
	i.prefix_len = 24;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_URL, "http://a.example/");
	i.match = SL_MATCH_PREFIX;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_ARTIFACT, "GET");
	i.where = SL_WHERE_HTTP_METHOD;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_CERT, "CN=a.example");
	i.where = SL_WHERE_TLS_CERT_SUBJECT;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_DOMAIN, "example");
	i.match = SL_MATCH_SUFFIX;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	i = indicator(SL_TYPE_DOMAIN, "1.2.3.4.5.6.7");
	i.match = SL_MATCH_SUFFIX;
	assert_false(sl_memories_ask(&s->all, &i, &a));
	seen_free(s);
}

static void names(void **state)
{
	struct seen *s = seen_new();
	flow(s, "10.0.0.1", "10.0.0.53");
	says(s, SL_WHERE_DNS_QUERY, "www.a.example");
	says(s, SL_WHERE_DNS_QUERY, "a.example");
	says(s, SL_WHERE_DNS_QUERY, "nota.example");
	says(s, SL_WHERE_DNS_QUERY, "8.7.6.5.4.3.2.a.example");
	says(s, SL_WHERE_TLS_SNI, "www.a.example");
	assert_int_equal(ask(s, SL_TYPE_DOMAIN, "www.a.example").count, 2);
	assert_int_equal(ask(s, SL_TYPE_DOMAIN, "a.example").count, 1);
	assert_int_equal(ask(s, SL_TYPE_DOMAIN, "example").count, 0);
	assert_int_equal(ask_zone(s, "a.example").count, 4);
	assert_int_equal(ask_zone(s, "www.a.example").count, 2);
	assert_int_equal(ask_zone(s, "5.4.3.2.a.example").count, 1);
	assert_int_equal(ask_zone(s, "b.example").count, 0);
	struct sl_indicator i = indicator(SL_TYPE_DOMAIN, "a.example");
	i.below = SL_BELOW_MARKED;
	assert_int_equal(asked(&s->all, &i).count, 4);
	seen_free(s);
}

/* One place asked about: nothing where it was never said there, the most where it was said
 * elsewhere as well. */
static void narrowed(void **state)
{
	struct seen *s = seen_new();
	flow(s, "10.0.0.1", "10.0.0.53");
	says(s, SL_WHERE_DNS_QUERY, "a.example");
	struct sl_indicator i = indicator(SL_TYPE_DOMAIN, "a.example");
	i.where = SL_WHERE_TLS_SNI;
	assert_int_equal(asked(&s->all, &i).count, 0);
	i.where = SL_WHERE_DNS_QUERY;
	assert_int_equal(asked(&s->all, &i).count, 1);
	assert_false(asked(&s->all, &i).at_most);
	says(s, SL_WHERE_TLS_SNI, "a.example");
	assert_int_equal(asked(&s->all, &i).count, 2);
	assert_true(asked(&s->all, &i).at_most);
	i.where = SL_WHERE_NONE;
	assert_false(asked(&s->all, &i).at_most);
	i.port = 443;
	assert_true(asked(&s->all, &i).at_most);
	seen_free(s);
}

static void texts(void **state)
{
	static const char sha[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct seen *s = seen_new();
	flow(s, "10.0.0.1", "203.0.113.9");
	says(s, SL_WHERE_HTTP_URL, "http://a.example/x?y");
	says(s, SL_WHERE_HTTP_USER_AGENT, "Evil/1.0");
	says(s, SL_WHERE_FILE_SHA256, sha);
	says(s, SL_WHERE_EMAIL_FROM, "a@a.example");
	says(s, SL_WHERE_JA3, "0123456789abcdef0123456789abcdef");
	assert_int_equal(ask(s, SL_TYPE_URL, "http://a.example/x?y").count, 1);
	assert_int_equal(ask(s, SL_TYPE_URL, "//a.example/x?y").count, 1);
	assert_int_equal(ask(s, SL_TYPE_URL, "http://a.example/x").count, 0);
	assert_int_equal(ask(s, SL_TYPE_USER_AGENT, "Evil/1.0").count, 1);
	assert_int_equal(ask(s, SL_TYPE_FILE, sha).count, 1);
	assert_int_equal(ask(s, SL_TYPE_EMAIL, "a@a.example").count, 1);
	assert_int_equal(ask(s, SL_TYPE_TRAFFIC, "0123456789abcdef0123456789abcdef").count, 1);
	/* The same text of another type is another value. */
	assert_int_equal(ask(s, SL_TYPE_FILE, "Evil/1.0").count, 0);
	seen_free(s);
}

/* An observation counts once for each place, however often it says the value. */
static void once(void **state)
{
	struct seen *s = seen_new();
	flow(s, "10.0.0.1", "10.0.0.53");
	s->message = 1;
	add(s, SL_WHERE_DNS_QUERY, "a.example");
	add(s, SL_WHERE_DNS_ANSWER_NAME, "a.example");
	add(s, SL_WHERE_DNS_ANSWER_NAME, "a.example");
	take(s);
	add(s, SL_WHERE_DNS_ANSWER_NAME, "www.a.example");
	s->batch.flags = SL_OBS_REPEAT;
	add(s, SL_WHERE_DNS_QUERY, "a.example");
	s->batch.flags = SL_OBS_SILENT | SL_OBS_AGAIN;
	add(s, SL_WHERE_DNS_QUERY, "a.example");
	take(s);
	assert_int_equal(ask(s, SL_TYPE_DOMAIN, "a.example").count, 2);
	assert_int_equal(ask_zone(s, "a.example").count, 2);
	s->batch.flags = 0;
	s->message = 2;
	add(s, SL_WHERE_DNS_QUERY, "a.example");
	take(s);
	assert_int_equal(ask(s, SL_TYPE_DOMAIN, "a.example").count, 3);
	seen_free(s);
}

/* Hours go, one after the other, and take their share of the count along. */
static void hours(void **state)
{
	struct seen *s = seen_with((size_t)1 << 20, 4);
	for (unsigned hour = 0; hour < 4; hour++, s->ts_ns += HOUR)
		for (unsigned i = 0; i < 10; i++)
			connect_to(s, "10.0.0.1", "203.0.113.9");
	struct sl_past_answer a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 40);
	connect_to(s, "10.0.0.2", "203.0.113.10"); /* time goes on */
	a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 30);
	assert_int_equal(a.first_ns, T0 + HOUR);
	assert_int_equal(a.last_ns, T0 + 3 * HOUR);
	assert_int_equal(sum_of(s).hours, 4);
	connect_to(s, "10.0.0.2", "203.0.113.9");
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.9").count, 31);
	s->ts_ns += 2 * HOUR; /* the first two of those are gone */
	connect_to(s, "10.0.0.2", "203.0.113.10");
	a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.first_ns, T0 + 3 * HOUR);
	assert_int_equal(a.count, 15); /* half of 31: how it was spread is not known */
	s->ts_ns += 4 * HOUR;
	connect_to(s, "10.0.0.2", "203.0.113.10");
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.9").count, 0);
	connect_to(s, "10.0.0.7", "203.0.113.9"); /* begins anew */
	a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 1);
	assert_int_equal(a.hosts, 1);
	is_host(&a.first_host, a.first_version, "10.0.0.7");
	/* What is older than all that is kept is left out; what is a little late is not. */
	s->ts_ns -= 4 * HOUR;
	connect_to(s, "10.0.0.7", "203.0.113.11");
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.11").count, 0);
	s->ts_ns += HOUR;
	connect_to(s, "10.0.0.7", "203.0.113.9");
	a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
	assert_int_equal(a.count, 2);
	assert_int_equal(a.last_ns - a.first_ns, 3 * HOUR);
	seen_free(s);
}

/* A week, every hour of it and beyond. */
static void week(void **state)
{
	struct seen *s = seen_with((size_t)1 << 20, 168);
	for (unsigned hour = 0; hour < 500; hour++, s->ts_ns += HOUR) {
		connect_to(s, "10.0.0.1", "203.0.113.9");
		struct sl_past_answer a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
		assert_int_equal(a.count, hour < 168 ? hour + 1 : 168);
		assert_int_equal(a.last_ns, s->ts_ns);
		assert_int_equal(s->ts_ns - a.first_ns, (hour < 168 ? hour : 167) * HOUR);
	}
	seen_free(s);
}

static void value_seen(struct seen *s, unsigned number)
{
	char text[24];
	snprintf(text, sizeof(text), "203.%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
	connect_to(s, "10.0.0.1", text);
}

static unsigned remembered(const struct seen *s, unsigned from, unsigned n)
{
	unsigned found = 0;
	char text[24];
	for (unsigned i = from; i < from + n; i++) {
		snprintf(text, sizeof(text), "203.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		found += ask(s, SL_TYPE_IPV4, text).count > 0;
	}
	return found;
}

/* Full: the oldest hours give way, and it says how many it still covers. */
static void full(void **state)
{
	struct seen *s = seen_with(SL_MEMORY_LEAST, 24);
	unsigned slots = SL_MEMORY_LEAST / 1104 * 8, each = slots / 4; /* an hour a quarter */
	for (unsigned hour = 0; hour < 3; hour++, s->ts_ns += HOUR)
		for (unsigned i = 0; i < each; i++)
			value_seen(s, hour * each + i);
	assert_int_equal(remembered(s, 0, 3 * each), 3 * each); /* no set is full before the rest */
	assert_int_equal(sum_of(s).hours, 3);
	for (unsigned hour = 3; hour < 6; hour++, s->ts_ns += HOUR)
		for (unsigned i = 0; i < each; i++)
			value_seen(s, hour * each + i);
	assert_int_equal(remembered(s, 4 * each, 2 * each), 2 * each);
	assert_true(remembered(s, 0, each) < each / 4);
	unsigned held = remembered(s, 0, 6 * each);
	assert_true(held > slots * 9 / 10);
	assert_int_equal(s->counters.c[SL_C_MEMORY_GONE], 6 * each - held);
	assert_int_equal(s->counters.c[SL_C_MEMORY_VALUES], 6 * each);
	assert_int_equal(s->counters.c[SL_C_MEMORY_LEFT_OUT], 0);
	assert_in_range(sum_of(s).hours, 2, 3);
	/* All of this hour: what is new is left out. */
	for (unsigned i = 0; i < 2 * slots; i++)
		value_seen(s, 100000 + i);
	assert_true(remembered(s, 100000, 2 * slots) <= slots);
	assert_true(s->counters.c[SL_C_MEMORY_LEFT_OUT] >= slots);
	assert_int_equal(sum_of(s).left_out, s->counters.c[SL_C_MEMORY_LEFT_OUT]);
	assert_int_equal(sum_of(s).hours, 1);
	sl_memory_clear(s->m);
	assert_int_equal(remembered(s, 100000, 2 * slots), 0);
	assert_int_equal(sum_of(s).hours, 0);
	assert_int_equal(sum_of(s).hosts, 0);
	seen_free(s);
}

/* Hosts are estimated; what a value is said on by all is nearly all. */
static void hosts(void **state)
{
	static const unsigned counts[] = { 1, 5, 20, 60, 200, 3000, 40000 };
	for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		struct seen *s = seen_new();
		char src[24];
		for (unsigned i = 0; i < 2 * counts[n]; i++) { /* each twice */
			unsigned host = i % counts[n];
			snprintf(src, sizeof(src), "10.%u.%u.%u", host >> 16, host >> 8 & 255,
				host & 255);
			connect_to(s, src, "203.0.113.9");
		}
		struct sl_past_answer a = ask(s, SL_TYPE_IPV4, "203.0.113.9");
		assert_int_equal(a.count, 2 * counts[n]);
		assert_in_range(a.hosts, counts[n] - counts[n] * 45 / 100,
			counts[n] + counts[n] * 45 / 100);
		assert_in_range(
			sum_of(s).hosts, counts[n] - counts[n] / 8, counts[n] + counts[n] / 8);
		seen_free(s);
	}
}

/* Hosts of hours that are gone are no longer told of, though the value is still seen. */
static void hosts_go(void **state)
{
	struct seen *s = seen_with((size_t)1 << 20, 4);
	char src[24];
	for (unsigned i = 0; i < 50; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i);
		connect_to(s, src, "203.0.113.9");
	}
	assert_true(ask(s, SL_TYPE_IPV4, "203.0.113.9").hosts > 25);
	assert_true(sum_of(s).hosts > 40);
	for (unsigned hour = 0; hour < 9; hour++) {
		s->ts_ns += HOUR;
		connect_to(s, "10.0.0.1", "203.0.113.9");
	}
	assert_int_equal(ask(s, SL_TYPE_IPV4, "203.0.113.9").hosts, 1);
	assert_int_equal(sum_of(s).hosts, 1);
	seen_free(s);
}

/* Asked together, the memories of several workers say what one alone would. */
static void together(void **state)
{
	struct seen *alone = seen_new(), *of[3];
	struct sl_memory *m[3];
	char src[20], dst[20];
	for (unsigned i = 0; i < 3; i++) {
		of[i] = seen_new();
		m[i] = of[i]->m;
	}
	struct sl_memories all = { m, 3 };
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(src, sizeof(src), "10.0.0.%u", i * 7 % 40);
		snprintf(dst, sizeof(dst), "203.0.113.%u", i * i % 25);
		of[i % 3]->ts_ns = alone->ts_ns = T0 + i * 20 * SL_SECOND;
		of[i % 3]->flow.id = alone->flow.id = i;
		connect_to(alone, src, dst);
		connect_to(of[i % 3], src, dst);
	}
	for (unsigned i = 0; i < 25; i++) {
		snprintf(dst, sizeof(dst), "203.0.113.%u", i);
		struct sl_indicator ind = indicator(SL_TYPE_IPV4, dst);
		struct sl_past_answer a = asked(&all, &ind), b = asked(&alone->all, &ind);
		assert_int_equal(a.count, b.count);
		assert_int_equal(a.hosts, b.hosts);
		assert_int_equal(a.first_ns, b.first_ns);
		assert_int_equal(a.last_ns, b.last_ns);
	}
	struct sl_past_sum a, b = sum_of(alone);
	sl_memories_sum(&all, &a);
	assert_int_equal(a.hosts, b.hosts);
	assert_int_equal(a.hours, b.hours);
	assert_int_equal(a.observables, b.observables);
	for (unsigned i = 0; i < 3; i++)
		seen_free(of[i]);
	seen_free(alone);
}

/* A memory that is full, and ten million values that it never saw. */
static void strangers(void **state)
{
	struct seen *s = seen_with((size_t)4 << 20, 24);
	uint64_t x = 1, found = 0;
	for (unsigned i = 0; i < 40000; i++)
		value_seen(s, i);
	for (unsigned i = 0; i < 10000000; i++) {
		struct sl_indicator in = { .type = SL_TYPE_IPV4,
			.match = SL_MATCH_EXACT,
			.version = 4,
			.prefix_len = 32 };
		struct sl_past_answer a;
		x = x * 6364136223846793005u + 1442695040888963407u;
		in.addr.v4_be = (uint32_t)(x >> 32);
		if (in.addr.b[0] != 10 && in.addr.b[0] != 203)
			found += sl_memories_ask(&s->all, &in, &a) && a.count > 0;
	}
	assert_int_equal(found, 0);
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(places),
		cmocka_unit_test(addresses),
		cmocka_unit_test(untold),
		cmocka_unit_test(names),
		cmocka_unit_test(narrowed),
		cmocka_unit_test(texts),
		cmocka_unit_test(once),
		cmocka_unit_test(hours),
		cmocka_unit_test(week),
		cmocka_unit_test(full),
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_go),
		cmocka_unit_test(together),
		cmocka_unit_test(strangers),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
