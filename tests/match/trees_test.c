/* SPDX-License-Identifier: BSD-3-Clause */
/* trees_test.c - detections on made observables: scopes, three values, numbers that grow. */
#include <sightline/parser.h>

#include "garden.h"

static void test_a_message_and_no_two(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_MESSAGE);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_say(g.r, URI, "/gate", 2);
	rig_run(g.r);
	assert_int_equal(g.r->n, 0);
	rig_say(g.r, URI, "/gate", 1); /* in another batch */
	rig_run(g.r);
	assert_int_equal(g.r->n, 1);
	assert_int_equal(g.r->told[0].message, 1);
	assert_int_equal(g.r->told[0].matched_count, 2);
	assert_int_equal(g.r->told[0].matched[0].where, HOST);
	assert_int_equal(g.r->told[0].matched[1].where, URI);
	assert_int_equal(g.r->told[0].where, URI); /* what completed it */
	rig_say(g.r, URI, "/gate", 1);
	rig_say(g.r, HOST, "c2.example", 2);
	rig_say(g.r, HOST, "c2.example", 2);
	rig_run(g.r);
	assert_int_equal(g.r->n, 2); /* each message once */
	assert_int_equal(g.r->told[1].message, 2);
	assert_int_equal(g.r->plain_n, 0); /* a leaf is no sighting */
	cleared(&g);
}

/* A flow's ends are said again when its outcome is known: told once more, of the end that completed
 * it, and never of what a message completed. */
static void test_an_outcome_is_told_once_more(void **state)
{
	for (unsigned with_host = 0; with_host < 2; with_host++) {
		struct garden g = garden();
		planted_listed(g.p, SL_TYPE_IPV4, SL_WHERE_IP_SRC, "192.0.2.1");
		planted_listed(g.p, SL_TYPE_IPV4, SL_WHERE_IP_DST, "192.0.2.2");
		if (with_host)
			planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
		planted_all(g.p);
		grown(&g, SL_SCOPE_FLOW);
		g.r->m->flow.first_ns = g.r->m->b.ts_ns = 1000;
		rig_say(g.r, SL_WHERE_IP_SRC, "192.0.2.1", 0);
		rig_say(g.r, SL_WHERE_IP_DST, "192.0.2.2", 0);
		rig_say(g.r, HOST, "c2.example", 1);
		rig_run(g.r);
		assert_int_equal(g.r->n, 1);
		assert_int_equal(g.r->told[0].where, with_host ? HOST : SL_WHERE_IP_DST);
		g.r->m->b.flags = SL_OBS_REPEAT | SL_OBS_SILENT;
		rig_say(g.r, SL_WHERE_IP_SRC, "192.0.2.1", 0);
		rig_say(g.r, SL_WHERE_IP_DST, "192.0.2.2", 0);
		rig_run(g.r);
		assert_int_equal(g.r->n, with_host ? 1 : 2);
		if (!with_host) {
			assert_true(g.r->told[1].repeat);
			assert_int_equal(g.r->told[1].where, SL_WHERE_IP_DST);
		}
		cleared(&g);
	}
}

static void test_a_closed_message_leaves_nothing(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_MESSAGE);
	for (uint32_t i = 1; i < 5000; i++) {
		rig_say(g.r, HOST, "c2.example", i);
		rig_close(g.r, i);
		rig_run(g.r);
	}
	assert_int_equal(g.r->m->flow.trees, 0);
	assert_int_equal(counted(&g, SL_C_TREE_STATES_EVICTED), 0);
	cleared(&g);
}

static void test_a_flow_unites_its_messages(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_FLOW);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_close(g.r, 1);
	rig_say(g.r, URI, "/gate", 2);
	rig_close(g.r, 2);
	rig_say(g.r, HOST, "c2.example", 3);
	rig_say(g.r, URI, "/gate", 3);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1); /* once for the flow */
	assert_int_equal(g.r->told[0].message, 0);
	rig_end(g.r);
	rig_say(g.r, URI, "/gate", 1); /* another flow */
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	cleared(&g);
}

static void test_addresses_hold_for_all_messages(void **state)
{
	struct garden g = garden();
	planted_listed(g.p, SL_TYPE_IPV4, SL_WHERE_IP_DST, "192.0.2.1");
	planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_number(g.p, SL_FIELD_DST_PORT, SL_TEST_EQUAL, 8080);
	planted_all(g.p);
	grown(&g, SL_SCOPE_MESSAGE);
	g.r->m->flow.proto = 6;
	g.r->m->flow.dport = 8080;
	rig_say(g.r, SL_WHERE_IP_DST, "192.0.2.1", 0);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_say(g.r, HOST, "c2.example", 2);
	rig_run(g.r);
	assert_int_equal(g.r->n, 2);
	assert_int_equal(g.r->told[0].matched_count, 3);
	assert_int_equal(g.r->told[0].matched[2].where, SL_WHERE_NONE); /* of the flow itself */
	rig_end(g.r);
	rig_say(g.r, HOST, "c2.example", 3);
	rig_say(g.r, SL_WHERE_IP_SRC, "192.0.2.1", 0);
	rig_run(g.r);
	assert_int_equal(g.r->n, 2);
	rig_say(g.r, SL_WHERE_IP_DST, "192.0.2.1", 0); /* as late as it may come */
	rig_end(g.r);
	assert_int_equal(g.r->n, 3);
	g.r->m->flow.dport = 80;
	rig_say(g.r, SL_WHERE_IP_DST, "192.0.2.1", 0);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_end(g.r);
	assert_int_equal(g.r->n, 3);
	cleared(&g);
}

/* uri = /gate AND NOT host = good.example, as a format writes it that knows unknown. */
static void test_not_has_three_values(void **state)
{
	struct garden g = garden();
	uint16_t uri = planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
	uint16_t host = planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example");
	uint16_t seen = planted_value(g.p, HOST, SL_TEST_EXISTS, false, NULL, 0);
	g.p->leaf[host].present = seen;
	uint16_t a = planted_op(g.p, SL_OP_LEAF, uri, 0);
	uint16_t b = planted_op(g.p, SL_OP_NOT, planted_op(g.p, SL_OP_LEAF, host, 0), 0);
	planted_op(g.p, SL_OP_AND, a, b);
	grown(&g, SL_SCOPE_MESSAGE);
	rig_say(g.r, URI, "/gate", 1); /* no host was seen: unknown */
	rig_close(g.r, 1);
	rig_say(g.r, URI, "/gate", 2);
	rig_say(g.r, HOST, "good.example", 2);
	rig_close(g.r, 2);
	rig_say(g.r, URI, "/gate", 3);
	rig_say(g.r, HOST, "other.example", 3);
	rig_run(g.r);
	assert_int_equal(g.r->n, 0); /* not before it is complete */
	rig_close(g.r, 3);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1);
	assert_int_equal(g.r->told[0].message, 3);
	assert_int_equal(g.r->told[0].matched_count, 1);
	rig_say(g.r, URI, "/gate", 4); /* a message that its parser never closes */
	rig_say(g.r, HOST, "other.example", 4);
	rig_end(g.r);
	assert_int_equal(g.r->n, 2);
	assert_int_equal(g.r->told[1].message, 4);
	cleared(&g);
}

/* What can't be evaluated is never true, nor is its opposite. */
static void test_unseen_is_unknown(void **state)
{
	struct garden g = garden();
	uint16_t uri = planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
	uint16_t unseen = planted_number(g.p, SL_FIELD_DST_PORT, SL_TEST_EQUAL, 1);
	g.p->leaf[unseen].kind = SL_LEAF_UNSEEN;
	uint16_t a = planted_op(g.p, SL_OP_LEAF, uri, 0);
	uint16_t b = planted_op(g.p, SL_OP_NOT, planted_op(g.p, SL_OP_LEAF, unseen, 0), 0);
	planted_op(g.p, SL_OP_AND, a, b);
	grown(&g, SL_SCOPE_MESSAGE);
	rig_say(g.r, URI, "/gate", 1);
	rig_close(g.r, 1);
	rig_end(g.r);
	assert_int_equal(g.r->n, 0);
	cleared(&g);
}

static void test_numbers_that_grow(void **state)
{
	struct garden g = garden();
	planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_number(g.p, SL_FIELD_SRC_BYTES, SL_TEST_LESS, 1000);
	planted_all(g.p);
	grown(&g, SL_SCOPE_MESSAGE);
	struct sl_flow *f = &g.r->m->flow;
	f->bytes[0] = 10;
	rig_say(g.r, HOST, "c2.example", 1);
	rig_close(g.r, 1);
	rig_run(g.r);
	assert_int_equal(g.r->n, 0); /* it may still grow */
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_run(g.r);
	f->bytes[0] = 2000;
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	cleared(&g);
}

/* Nor is a bound believed that is passed already: how far a flow has come when a message is read
 * depends on bursts. */
static void test_a_bound_is_asked_at_the_end(void **state)
{
	struct garden g = garden();
	planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_number(g.p, SL_FIELD_SRC_BYTES, SL_TEST_GREATER, 1000);
	planted_all(g.p);
	grown(&g, SL_SCOPE_MESSAGE);
	g.r->m->flow.bytes[0] = 2000;
	rig_say(g.r, HOST, "c2.example", 1);
	rig_run(g.r);
	assert_int_equal(g.r->n, 0);
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	cleared(&g);
}

static void test_nothing_but_the_flow(void **state)
{
	static const struct sl_parser http = { .name = "http" };
	struct garden g = garden();
	planted_number(g.p, SL_FIELD_ANY_PORT, SL_TEST_EQUAL, 4444);
	planted_all(g.p);
	planted_next(g.p);
	planted_protocol(g.p, SL_TEST_EQUAL, "HTTP");
	planted_all(g.p);
	planted_next(g.p);
	planted_protocol(g.p, SL_TEST_LIKE, "ht%");
	planted_protocol(g.p, SL_TEST_UNEQUAL, "ssl");
	planted_all(g.p);
	grown(&g, SL_SCOPE_HOST);
	struct sl_flow *f = &g.r->m->flow;
	f->version = 4;
	f->proto = 6;
	f->sport = 4444;
	sl_trees_begin(g.r->trees, g.rs, f, 1, false);
	assert_int_equal(g.r->n, 1);
	f->parser = &http;
	rig_end(g.r);
	assert_int_equal(g.r->n, 3);
	assert_int_equal(g.r->told[1].expression, 1);
	assert_int_equal(g.r->told[2].expression, 2);
	f->sport = 1;
	f->parser = NULL;
	sl_trees_begin(g.r->trees, g.rs, f, 1, false);
	rig_end(g.r);
	assert_int_equal(g.r->n, 3);
	cleared(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_and_no_two),
		cmocka_unit_test(test_an_outcome_is_told_once_more),
		cmocka_unit_test(test_a_closed_message_leaves_nothing),
		cmocka_unit_test(test_a_flow_unites_its_messages),
		cmocka_unit_test(test_addresses_hold_for_all_messages),
		cmocka_unit_test(test_not_has_three_values),
		cmocka_unit_test(test_unseen_is_unknown),
		cmocka_unit_test(test_numbers_that_grow),
		cmocka_unit_test(test_a_bound_is_asked_at_the_end),
		cmocka_unit_test(test_nothing_but_the_flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
