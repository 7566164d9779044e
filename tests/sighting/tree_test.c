/* SPDX-License-Identifier: BSD-3-Clause */
/* tree_test.c - sightings of indicators that are trees: what they name, and what they count. */
#include "test.h"

#include <sightline/clock.h>

#include "records.h"
#include "match/spelled.h"

#define MINUTE (60 * SL_SECOND)
#define T0 (1769850000 * SL_SECOND)

static const char lines[] =
	"{\"id\":\"i-one\",\"source\":\"feed\",\"pattern\":\"[domain-name:value = 'a.example' AND "
	"network-traffic:dst_port = 53]\"}\n"
	"{\"id\":\"i-two\",\"source\":\"feed\",\"pattern\":\"[domain-name:value = 'a.example'] "
	"FOLLOWEDBY [domain-name:value = 'b.example']\"}\n"
	"{\"id\":\"i-either\",\"source\":\"feed\",\"pattern\":\"[domain-name:value = 'c.example'] "
	"OR "
	"[domain-name:value = 'd.example' AND network-traffic:dst_port = 53]\"}\n";

struct fixture {
	struct sl_ruleset *rs;
	struct sl_counters counters;
	struct sl_sightings *s;
	Sightline__V1__Sighting *told[16]; /* as a reader of the wire has them */
	size_t n;
};

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct fixture *f = arg;
	static uint8_t packed[65536];
	assert_true(f->n < 16);
	assert_true(sl_wire_sighting_whole(m));
	size_t len = sightline__v1__sighting__pack(m, packed);
	f->told[f->n] = sl_wire_sighting(packed, len);
	assert_non_null(f->told[f->n++]);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->rs = rules(lines, 1);
	struct sl_sightings_options o = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = MINUTE,
		.counters = &f->counters,
		.emit = take,
		.arg = f };
	assert_int_equal(sl_sightings_new(&f->s, &o), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->n; i++)
		sightline__v1__sighting__free_unpacked(f->told[i], NULL);
	sl_sightings_free(f->s);
	sl_ruleset_free(f->rs);
	free(f);
	return 0;
}

static const struct sl_detection *detection(const struct fixture *f, const char *id)
{
	for (uint32_t i = 0; i < sl_ruleset_detections(f->rs); i++) {
		const struct sl_detection *d = sl_ruleset_detection(f->rs, i);
		if (strcmp(spelled(f->rs, d->indicator)->id, id) == 0)
			return d;
	}
	fail_msg("no detection %s", id);
	return NULL;
}

/* The leaf whose text begins so. */
static uint16_t leaf(const struct sl_detection *d, const char *text)
{
	for (uint16_t i = 0; i < d->leaves; i++)
		if (strncmp(d->leaf[i].text, text, strlen(text)) == 0)
			return i;
	fail_msg("no leaf %s", text);
	return 0;
}

static struct sl_record *tree(struct made_record *x, const struct sl_detection *d, uint64_t ts_ns,
	const char *value, uint32_t message, const struct sl_matched *m, uint16_t n)
{
	struct sl_record *r =
		record_name(x, ts_ns, SL_WHERE_DNS_QUERY, value, message, &d->indicator, 1);
	size_t len = strlen(value);
	if (n > 0)
		memcpy(r->tail + 4, m, n * sizeof(*m));
	memcpy(r->tail + 4 + n * sizeof(*m), value, len);
	r->match = SL_MATCH_TREE;
	r->matched_count = n;
	return r;
}

static void one_hit(struct fixture *f, uint64_t ts_ns, uint32_t message)
{
	struct made_record x;
	const struct sl_detection *d = detection(f, "i-one");
	struct sl_matched m[] = { { leaf(d, "domain-name"), SL_WHERE_DNS_QUERY },
		{ leaf(d, "network-traffic"), SL_WHERE_NONE } };
	assert_int_equal(
		sl_sightings_hit(f->s, tree(&x, d, ts_ns, "a.example", message, m, 2), f->rs), 0);
}

static void test_leaves(void **state)
{
	struct fixture *f = *state;
	one_hit(f, T0, 1);
	const Sightline__V1__Sighting *s = f->told[0];
	assert_string_equal(s->match, "tree");
	assert_string_equal(s->observable->value, "a.example");
	assert_string_equal(s->indicators[0]->id, "i-one");
	assert_string_equal(s->indicators[0]->part, "");
	assert_int_equal(s->n_matched, 2);
	assert_string_equal(s->matched[0]->leaf, "domain-name:value = 'a.example'");
	assert_string_equal(s->matched[0]->observable->type, "domain-name");
	assert_string_equal(s->matched[0]->observable->where, "dns.query");
	assert_string_equal(s->matched[0]->observable->value, "a.example");
	assert_string_equal(s->matched[1]->leaf, "network-traffic:dst_port = 53");
	assert_string_equal(s->matched[1]->observable->type, "network-traffic");
	assert_string_equal(s->matched[1]->observable->where, "");
	/* Two more messages, one of them told twice; the leaves stay. */
	one_hit(f, T0 + 1, 2);
	one_hit(f, T0 + 2, 3);
	one_hit(f, T0 + 3, 3);
	sl_sightings_flush(f->s);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->told[1]->count, 3);
	assert_int_equal(f->told[1]->n_matched, 2);
	assert_string_equal(f->told[1]->id, f->told[0]->id);
}

static void test_joined(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	const struct sl_detection *d = detection(f, "i-two");
	uint16_t a = leaf(d, "domain-name:value = 'a"), b = leaf(d, "domain-name:value = 'b");
	struct sl_matched m = { b, SL_WHERE_DNS_QUERY };
	struct sl_joined joined[] = {
		{ a, SL_WHERE_DNS_QUERY, SL_TYPE_DOMAIN, sl_span_str("a.example") },
		{ b, SL_WHERE_DNS_QUERY, SL_TYPE_DOMAIN, sl_span_str("b.example") },
	};
	struct sl_record *r = tree(&x, d, T0, "b.example", 7, &m, 1);
	assert_int_equal(sl_sightings_joined(f->s, r, f->rs, joined, 2), 0);
	assert_int_equal(f->told[0]->n_matched, 2);
	assert_string_equal(f->told[0]->matched[0]->observable->value, "a.example");
	assert_string_equal(f->told[0]->matched[1]->observable->value, "b.example");
	/* A leaf that was not true before is news. */
	joined[0].where = SL_WHERE_TLS_SNI;
	r = tree(&x, d, T0 + 1, "b.example", 8, &m, 1);
	assert_int_equal(sl_sightings_joined(f->s, r, f->rs, joined, 2), 0);
	sl_sightings_flush(f->s);
	assert_int_equal(f->told[1]->n_matched, 3);
	assert_int_equal(f->told[1]->count, 2);
}

/* A branch of an OR says which part of the indicator it is. */
static void test_part(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	const struct sl_detection *d = detection(f, "i-either");
	struct sl_matched m = { leaf(d, "domain-name"), SL_WHERE_DNS_QUERY };
	assert_int_equal(sl_sightings_hit(f->s, tree(&x, d, T0, "d.example", 1, &m, 1), f->rs), 0);
	assert_string_equal(f->told[0]->indicators[0]->part,
		"[domain-name:value = 'd.example' AND network-traffic:dst_port = 53]");
}

/* What a flow's end decides has no value, and is of the traffic. */
static void test_without_value(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	const struct sl_detection *d = detection(f, "i-one");
	for (uint64_t flow = 1; flow <= 2; flow++) {
		struct sl_record *r = tree(&x, d, T0, "", 0, NULL, 0);
		r->where = SL_WHERE_NONE;
		r->type = SL_TYPE_NONE;
		r->flow.id = flow;
		assert_int_equal(sl_sightings_hit(f->s, r, f->rs), 0);
	}
	sl_sightings_flush(f->s);
	assert_string_equal(f->told[0]->observable->type, "network-traffic");
	assert_string_equal(f->told[0]->observable->where, "");
	assert_int_equal(f->told[0]->n_examples, 0);
	assert_int_equal(f->told[1]->count, 2);
}

static void test_quiet(void **state)
{
	struct fixture *f = *state;
	const struct sl_detection *d = detection(f, "i-one");
	quieten(d->indicator, "a popular name");
	one_hit(f, T0, 1);
	assert_true(f->told[0]->quiet);
	assert_int_equal(f->told[0]->seq, 0);
	assert_string_equal(f->told[0]->quiet_reason, "a popular name");
	assert_int_equal(f->told[0]->n_matched, 2);
}

/* Numbers that no compiler wrote are passed over. */
static void test_odd_leaves(void **state)
{
	struct fixture *f = *state;
	struct made_record x;
	const struct sl_detection *d = detection(f, "i-one");
	struct sl_matched m[] = { { 999, SL_WHERE_DNS_QUERY }, { 0, SL_WHERE_COUNT } };
	assert_int_equal(sl_sightings_hit(f->s, tree(&x, d, T0, "a.example", 1, m, 2), f->rs), 0);
	assert_int_equal(f->told[0]->n_matched, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_leaves), T(test_joined), T(test_part),
		T(test_without_value), T(test_quiet), T(test_odd_leaves) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
