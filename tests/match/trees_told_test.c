/* SPDX-License-Identifier: BSD-3-Clause */
/* trees_told_test.c - whose hits count in a detection, what a change of intelligence tells again,
 * and the bounds. */
#include <stdio.h>

#include "garden.h"
#include "spelled.h"

/* ---- Whose hits count ---- */

static void test_own_addresses_are_leaves(void **state)
{
	struct sl_nets *home;
	assert_int_equal(sl_nets_new(&home), 0);
	assert_int_equal(sl_nets_add(home, "10.0.0.0/8", 10), 0);
	struct sl_match_options o = { .validity = SL_VALID_PACKET, .home = home };
	struct garden g = garden();
	planted_listed(g.p, SL_TYPE_IPV4, SL_WHERE_IP_SRC, "10.1.1.1");
	planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_all(g.p);
	made_add(g.in, SL_TYPE_IPV4, "10.1.1.1", SL_MATCH_EXACT);
	planted_done(g.p, SL_SCOPE_MESSAGE, "tree");
	g.rs = made_ruleset(g.in, &o);
	g.r = rig_new(g.rs, 16);
	assert_int_equal(sl_ruleset_indicators(g.rs), 2); /* leaves are none */
	rig_say(g.r, SL_WHERE_IP_SRC, "10.1.1.1", 0);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1);
	assert_int_equal(g.r->plain_n, 0);
	assert_int_equal(counted(&g, SL_C_HITS_ALLOWED), 1);
	cleared(&g);
	sl_nets_free(home);
}

static void test_the_allow_list_undoes_leaves(void **state)
{
	struct sl_intel *allow = made_new();
	made_add(allow, SL_TYPE_DOMAIN, "c2.example", SL_MATCH_SUFFIX);
	struct sl_match_options o = { .validity = SL_VALID_PACKET, .allow = allow };
	static const char *const like[] = { "%c2.example" };
	for (unsigned kind = 0; kind < 2; kind++) {
		struct garden g = garden();
		if (kind == 0)
			planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "c2.example");
		else
			planted_value(g.p, HOST, SL_TEST_LIKE, false, like, 1);
		planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
		planted_all(g.p);
		planted_done(g.p, SL_SCOPE_MESSAGE, "tree");
		g.rs = made_ruleset(g.in, &o);
		g.r = rig_new(g.rs, 16);
		rig_say(g.r, HOST, "c2.example", 1);
		rig_say(g.r, URI, "/gate", 1);
		rig_run(g.r);
		assert_int_equal(g.r->n, 0);
		cleared(&g);
	}
	sl_intel_free(allow);
}

static void test_benign_entries_of_a_source(void **state)
{
	struct sl_intel *in = made_new();
	made_add(in, SL_TYPE_DOMAIN, "a.example", SL_MATCH_EXACT)->source = "one";
	made_add(in, SL_TYPE_DOMAIN, "a.example", SL_MATCH_EXACT)->source = "two";
	struct sl_indicator *benign = made_add(in, SL_TYPE_DOMAIN, "example", SL_MATCH_SUFFIX);
	benign->source = "one";
	benign->allow = true;
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	struct rig *r = rig_new(rs, 16);
	assert_int_equal(sl_ruleset_indicators(rs), 2);
	rig_say(r, HOST, "a.example", 1);
	rig_say(r, HOST, "b.example", 2);
	rig_run(r);
	assert_int_equal(r->plain_n, 1);
	assert_string_equal(spelled(rs, r->plain[0].indicator)->source, "two");
	rig_free(r);
	sl_ruleset_free(rs);
}

static void test_benign_entries_undo_leaves(void **state)
{
	for (unsigned same = 0; same < 2; same++) {
		struct garden g = garden();
		planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "a.example");
		planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
		planted_all(g.p);
		struct sl_indicator *benign =
			made_add(g.in, SL_TYPE_DOMAIN, "a.example", SL_MATCH_EXACT);
		benign->allow = true;
		benign->source = same ? "test" : "other";
		grown(&g, SL_SCOPE_MESSAGE);
		assert_int_equal(sl_ruleset_indicators(g.rs), 1);
		rig_say(g.r, HOST, "a.example", 1);
		rig_say(g.r, URI, "/gate", 1);
		rig_run(g.r);
		assert_int_equal(g.r->n, !same);
		assert_int_equal(g.r->plain_n, 0);
		cleared(&g);
	}
}

/* A value that very many trees have in common is a leaf of each of them. */
static void test_a_value_of_many_trees(void **state)
{
	enum { TREES = 400 };
	char name[TREES][24];
	struct planted *p[TREES];
	struct sl_intel *in = made_new();
	for (unsigned i = 0; i < TREES; i++) {
		snprintf(name[i], sizeof(name[i]), "n%u.example", i);
		p[i] = planted_new(in);
		planted_listed(p[i], SL_TYPE_IPV4, SL_WHERE_IP_DST, "192.0.2.1");
		planted_listed(p[i], SL_TYPE_DOMAIN, HOST, name[i]);
		planted_all(p[i]);
		planted_done(p[i], SL_SCOPE_MESSAGE, "tree");
	}
	made_add(in, SL_TYPE_IPV4, "192.0.2.1", SL_MATCH_EXACT);
	struct sl_ruleset *rs = made_ruleset(in, NULL);
	struct rig *r = rig_new(rs, 1024);
	rig_say(r, SL_WHERE_IP_DST, "192.0.2.1", 0);
	for (unsigned i = 0; i < 200; i++)
		rig_say(r, HOST, name[2 * i], 1);
	rig_run(r);
	assert_int_equal(r->plain_n, 1);
	assert_int_equal(r->n, 200);
	assert_int_equal(r->m->counters.c[SL_C_TREE_STATES_EVICTED], 88); /* of 600 states, 512 */
	rig_end(r);
	rig_free(r);
	sl_ruleset_free(rs);
	for (unsigned i = 0; i < TREES; i++)
		free(p[i]);
}

/* A name under so many listed ones that the deeper of them have no room as sightings. */
static void test_leaves_and_benign_entries_are_never_cut(void **state)
{
	enum { LEVELS = 80 };
	char name[LEVELS * 2 + 8];
	for (unsigned same = 0; same < 2; same++) {
		struct garden g = garden();
		for (unsigned i = 0; i < LEVELS; i++) {
			for (unsigned k = 0; k < i; k++)
				memcpy(name + 2 * k, "a.", 2);
			memcpy(name + 2 * i, "example", 8);
			made_add(g.in, SL_TYPE_DOMAIN, name, SL_MATCH_SUFFIX)->source = "cut";
		}
		planted_listed(g.p, SL_TYPE_DOMAIN, HOST, name);
		planted_listed(g.p, SL_TYPE_DOMAIN, HOST, name);
		planted_all(g.p);
		for (unsigned i = 0; i < 100; i++) {
			struct sl_indicator *benign =
				made_add(g.in, SL_TYPE_DOMAIN, name, SL_MATCH_EXACT);
			benign->allow = true;
			benign->source = i < 99 ? "cut" : same ? "test" : "other";
		}
		grown(&g, SL_SCOPE_MESSAGE);
		rig_say(g.r, HOST, name, 1);
		rig_run(g.r);
		assert_int_equal(g.r->plain_n, 0);
		assert_int_equal(g.r->n, !same);
		cleared(&g);
	}
}

static void test_names_below_a_listed_one(void **state)
{
	static const uint8_t how[] = { SL_MATCH_COUNT, SL_MATCH_BELOW, SL_MATCH_SUFFIX };
	for (uint8_t below = SL_BELOW_NO; below <= SL_BELOW_YES; below++) {
		struct sl_intel *in = made_new();
		made_add(in, SL_TYPE_DOMAIN, "bad.example", SL_MATCH_EXACT)->below = below;
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		struct rig *r = rig_new(rs, 16);
		rig_say(r, HOST, "www.bad.example", 1);
		rig_run(r);
		assert_int_equal(r->plain_n, below != SL_BELOW_NO);
		if (r->plain_n > 0)
			assert_int_equal(r->plain[0].match, how[below]);
		rig_say(r, HOST, "bad.example", 1);
		rig_say(r, HOST, "notbad.example", 1);
		rig_run(r);
		assert_int_equal(r->plain_n, 1 + (below != SL_BELOW_NO));
		assert_int_equal(r->plain[r->plain_n - 1].match, SL_MATCH_EXACT);
		rig_free(r);
		sl_ruleset_free(rs);
	}
}

static void test_validity_is_the_trees(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_MESSAGE);
	cleared(&g);
	g = garden();
	planted_value(g.p, HOST, SL_TEST_EXISTS, false, NULL, 0);
	planted_all(g.p);
	struct sl_indicator *i = planted_done(g.p, SL_SCOPE_MESSAGE, "tree");
	i->valid_from_ns = 100;
	i->valid_until_ns = 200;
	g.rs = made_ruleset(g.in, NULL);
	g.r = rig_new(g.rs, 16);
	for (uint64_t ts = 50; ts < 300; ts += 50) {
		g.r->m->b.ts_ns = ts;
		rig_say(g.r, HOST, "a.example", (uint32_t)ts);
	}
	rig_run(g.r);
	assert_int_equal(g.r->n, 2); /* 100 and 150 */
	cleared(&g);
}

/* ---- A change of intelligence ---- */

static void test_what_is_newer_looks_back(void **state)
{
	struct sl_intel *in = made_new();
	struct planted *old = planted_new(in), *again = NULL, *newer = NULL;
	struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	struct sl_ruleset *first, *second;
	planted_listed(old, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_all(old);
	planted_done(old, SL_SCOPE_MESSAGE, "old");
	assert_int_equal(sl_ruleset_build(&first, in, &o, NULL, 1), 0);
	in = made_new();
	again = planted_new(in);
	planted_listed(again, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_all(again);
	planted_done(again, SL_SCOPE_MESSAGE, "old");
	newer = planted_new(in);
	planted_listed(newer, SL_TYPE_DOMAIN, HOST, "c2.example");
	planted_listed(newer, SL_TYPE_IPV4, SL_WHERE_IP_DST, "192.0.2.1");
	planted_all(newer);
	planted_done(newer, SL_SCOPE_MESSAGE, "newer");
	assert_int_equal(sl_ruleset_build(&second, in, &o, first, 2), 0);

	struct rig *r = rig_new(first, 16);
	rig_say(r, SL_WHERE_IP_DST, "192.0.2.1", 0);
	rig_say(r, HOST, "c2.example", 1);
	rig_run(r);
	assert_int_equal(r->n, 1);
	sl_trees_carry(r->trees, second, &r->m->flow);
	r->rs = second;
	r->m->b.flags = SL_OBS_AGAIN | SL_OBS_SILENT;
	rig_say(r, SL_WHERE_IP_DST, "192.0.2.1", 0);
	rig_say(r, HOST, "c2.example", 1);
	rig_run(r);
	assert_int_equal(r->n, 2); /* the older one was told before */
	assert_string_equal(spelled(second, r->told[1].indicator)->id, "newer");
	r->m->flow.generation = 2;
	r->m->b.flags = 0;
	rig_say(r, HOST, "c2.example", 1); /* both have been told of this message */
	rig_run(r);
	assert_int_equal(r->n, 2);
	rig_say(r, HOST, "c2.example", 2);
	rig_end(r);
	assert_int_equal(r->n, 4);
	rig_free(r);
	sl_ruleset_free(first);
	sl_ruleset_free(second);
	free(old);
	free(again);
	free(newer);
}

/* ---- Bounds ---- */

static void test_a_flow_keeps_so_many_messages(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_MESSAGE);
	for (uint32_t i = 1; i <= 2000; i++) {
		rig_say(g.r, HOST, "c2.example", i);
		rig_run(g.r);
	}
	assert_true(counted(&g, SL_C_TREE_STATES_EVICTED) > 0);
	rig_say(g.r, URI, "/gate", 1); /* its other half was forgotten */
	rig_say(g.r, URI, "/gate", 2000);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1);
	assert_int_equal(g.r->told[0].message, 2000);
	cleared(&g);
}

static void test_no_room_at_all(void **state)
{
	struct garden g = host_and_uri(SL_SCOPE_MESSAGE);
	struct sl_flow *other = calloc(8, sizeof(*other));
	rig_free(g.r);
	g.r = rig_new(g.rs, 4);
	for (unsigned i = 0; i < 8; i++) {
		rig_say(g.r, HOST, "c2.example", 1);
		g.r->m->b.obs[0].flow = &other[i];
		rig_run(g.r);
	}
	assert_int_equal(counted(&g, SL_C_TREE_STATES_DENIED), 4);
	for (unsigned i = 0; i < 8; i++)
		sl_trees_end(g.r->trees, g.rs, &other[i]);
	rig_say(g.r, HOST, "c2.example", 1);
	rig_say(g.r, URI, "/gate", 1);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1); /* there is room again */
	free(other);
	cleared(&g);
}

static void test_more_leaves_than_a_state_holds(void **state)
{
	enum { LEAVES = 40 };
	char name[LEAVES][24];
	struct garden g = garden();
	for (unsigned i = 0; i < LEAVES; i++) {
		snprintf(name[i], sizeof(name[i]), "n%u.example", i);
		planted_listed(g.p, SL_TYPE_DOMAIN, HOST, name[i]);
	}
	planted_all(g.p);
	grown(&g, SL_SCOPE_MESSAGE);
	for (unsigned i = 0; i < LEAVES; i++)
		rig_say(g.r, HOST, name[LEAVES - 1 - i], 1);
	rig_run(g.r);
	assert_int_equal(g.r->n, 1);
	assert_int_equal(g.r->told[0].matched_count, LEAVES);
	rig_say(g.r, HOST, name[3], 1);
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	cleared(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_addresses_are_leaves),
		cmocka_unit_test(test_the_allow_list_undoes_leaves),
		cmocka_unit_test(test_benign_entries_of_a_source),
		cmocka_unit_test(test_benign_entries_undo_leaves),
		cmocka_unit_test(test_a_value_of_many_trees),
		cmocka_unit_test(test_leaves_and_benign_entries_are_never_cut),
		cmocka_unit_test(test_names_below_a_listed_one),
		cmocka_unit_test(test_validity_is_the_trees),
		cmocka_unit_test(test_what_is_newer_looks_back),
		cmocka_unit_test(test_a_flow_keeps_so_many_messages),
		cmocka_unit_test(test_no_room_at_all),
		cmocka_unit_test(test_more_leaves_than_a_state_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
