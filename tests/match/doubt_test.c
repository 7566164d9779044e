/* SPDX-License-Identifier: BSD-3-Clause */
/* doubt_test.c - what is not known is not known under a NOT either: values that the allow-list or a
 * benign entry undoes, that were cut, that a search gave up on, and leaves that could not be kept.
 */
#include <stdio.h>

#include "garden.h"

/* [uri = /gate AND NOT x], where x is a leaf over a place that has to have a value. */
static void not_at(struct garden *g, enum sl_where w, uint16_t x)
{
	uint16_t seen = planted_value(g->p, w, SL_TEST_EXISTS, false, NULL, 0);
	uint16_t uri = planted_listed(g->p, SL_TYPE_ARTIFACT, URI, "/gate");
	g->p->leaf[x].present = seen;
	uint16_t a = planted_op(g->p, SL_OP_LEAF, uri, 0);
	uint16_t b = planted_op(g->p, SL_OP_NOT, planted_op(g->p, SL_OP_LEAF, x, 0), 0);
	planted_op(g->p, SL_OP_AND, a, b);
}

static void not_host(struct garden *g, uint16_t x)
{
	not_at(g, HOST, x);
}

static void sown(struct garden *g, const struct sl_match_options *o)
{
	planted_done(g->p, SL_SCOPE_MESSAGE, "tree");
	g->rs = made_ruleset(g->in, o);
	g->r = rig_new(g->rs, 1024);
}

static uint16_t pattern(struct garden *g, enum sl_test test, bool negated, const char *text)
{
	return planted_value(g->p, HOST, test, negated, &text, 1);
}

static size_t says(struct garden *g, const char *host, uint32_t message)
{
	size_t before = g->r->n;
	rig_say(g->r, URI, "/gate", message);
	rig_say(g->r, HOST, host, message);
	rig_close(g->r, message);
	rig_run(g->r);
	return g->r->n - before;
}

static void test_allowed_values(void **state)
{
	struct sl_intel *allow = made_new();
	made_add(allow, SL_TYPE_DOMAIN, "good.example", SL_MATCH_SUFFIX);
	struct sl_match_options o = { .validity = SL_VALID_PACKET, .allow = allow };
	for (unsigned kind = 0; kind < 3; kind++) {
		struct garden g = garden();
		not_host(&g, kind == 0	 ? planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example")
			     : kind == 1 ? pattern(&g, SL_TEST_LIKE, false, "good.%")
					 : pattern(&g, SL_TEST_MATCHES, false, "^good"));
		made_add(g.in, SL_TYPE_DOMAIN, "good.example", SL_MATCH_EXACT);
		sown(&g, &o);
		assert_int_equal(says(&g, "good.example", 1), 0);
		assert_int_equal(says(&g, "other.example", 2), 1);
		assert_int_equal(g.r->plain_n, 0);
		cleared(&g);
	}
	sl_intel_free(allow);
}

static void test_benign_entries(void **state)
{
	struct garden g = garden();
	not_host(&g, planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example"));
	made_add(g.in, SL_TYPE_DOMAIN, "example", SL_MATCH_SUFFIX)->allow = true;
	sown(&g, NULL);
	assert_int_equal(says(&g, "good.example", 1), 0);
	assert_int_equal(says(&g, "other.example", 2), 1);
	cleared(&g);
}

static void test_cut_values(void **state)
{
	static const struct {
		enum sl_test test;
		bool negated;
		const char *text;
		bool told; /* the begin of a value is enough to know that it isn't so */
	} row[] = {
		{ SL_TEST_ENDS, false, "gate", false },
		{ SL_TEST_LIKE, false, "gate", false },
		{ SL_TEST_MATCHES, false, "gate$", false },
		{ SL_TEST_CONTAINS, false, "gate", false },
		{ SL_TEST_CONTAINS, true, "other", false },
		{ SL_TEST_UNEQUAL, false, "other", false },
		{ SL_TEST_STARTS, false, "other", false },
		{ SL_TEST_STARTS, false, "gate", true },
		{ SL_TEST_EQUAL, false, "other", true },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (unsigned after = 0; after < 2; after++) {
			struct garden g = garden();
			not_host(&g, pattern(&g, row[i].test, row[i].negated, row[i].text));
			sown(&g, NULL);
			rig_say(g.r, URI, "/gate", 1);
			rig_say(g.r, HOST, "other.example", 1);
			g.r->m->b.obs[1].part = SL_PART_TRUNCATED;
			if (after) /* what else is said does not make it known */
				rig_say(g.r, HOST, "third.example", 1);
			rig_close(g.r, 1);
			rig_run(g.r);
			/* Of the third some are not true by themselves. */
			bool third = after && (row[i].negated || row[i].test == SL_TEST_UNEQUAL);
			if (g.r->n != (row[i].told && !third))
				fail_msg("row %zu", i);
			cleared(&g);
		}
	}
}

/* A name that was cut may be below any listed one; another text that was cut is none that is
 * listed. */
static void test_cut_values_of_tables(void **state)
{
	struct garden g = garden();
	not_host(&g, planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example"));
	sown(&g, NULL);
	rig_say(g.r, URI, "/gate", 1);
	rig_say(g.r, HOST, "other.example", 1);
	g.r->m->b.obs[1].part = SL_PART_TRUNCATED;
	rig_close(g.r, 1);
	rig_end(g.r);
	assert_int_equal(g.r->n, 0);
	cleared(&g);
	g = garden();
	uint16_t uri = planted_listed(g.p, SL_TYPE_ARTIFACT, URI, "/gate");
	g.p->leaf[uri].present = planted_value(g.p, URI, SL_TEST_EXISTS, false, NULL, 0);
	planted_op(g.p, SL_OP_NOT, planted_op(g.p, SL_OP_LEAF, uri, 0), 0);
	sown(&g, NULL);
	rig_say(g.r, URI, "/other", 1);
	g.r->m->b.obs[0].part = SL_PART_TRUNCATED;
	rig_close(g.r, 1);
	rig_end(g.r);
	assert_int_equal(g.r->n, 1);
	cleared(&g);
}

/* More work than a search is given, which no rough form of the expression spares it. */
static void test_a_search_that_gives_up(void **state)
{
	char value[4096];
	struct garden g = garden();
	not_host(&g, pattern(&g, SL_TEST_MATCHES, false, "^(a|aa)+(?=b)(?!b)"));
	sown(&g, NULL);
	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 3] = 'b';
	value[sizeof(value) - 2] = 'c';
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(says(&g, value, 1), 0);
	assert_true(counted(&g, SL_C_SEARCHES_GIVEN_UP) > 0);
	assert_int_equal(says(&g, "other.example", 2), 1);
	cleared(&g);
}

/* A leaf that gave way to others is not one that never held. */
static void test_a_leaf_that_gave_way(void **state)
{
	for (unsigned under_not = 0; under_not < 2; under_not++) {
		struct garden g = garden();
		uint16_t host = planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example");
		not_host(&g, host);
		sown(&g, NULL);
		rig_say(g.r, HOST, under_not ? "good.example" : "other.example", 1);
		for (uint32_t i = 2; i <= 600; i++) {
			rig_say(g.r, HOST, "other.example", i);
			rig_run(g.r);
		}
		assert_true(counted(&g, SL_C_TREE_STATES_EVICTED) > 0);
		assert_int_equal(says(&g, "third.example", 1), !under_not);
		cleared(&g);
	}
}

static void test_no_room_for_a_leaf(void **state)
{
	struct garden g = garden();
	struct sl_flow *other = calloc(4, sizeof(*other));
	assert_non_null(other);
	not_host(&g, planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example"));
	planted_done(g.p, SL_SCOPE_MESSAGE, "tree");
	g.rs = made_ruleset(g.in, NULL);
	g.r = rig_new(g.rs, 4);
	for (unsigned i = 0; i < 4; i++) {
		rig_say(g.r, HOST, "good.example", 1);
		g.r->m->b.obs[0].flow = &other[i];
		rig_run(g.r);
	}
	rig_say(g.r, HOST, "good.example", 1);
	rig_run(g.r);
	assert_true(counted(&g, SL_C_TREE_STATES_DENIED) > 0);
	for (unsigned i = 0; i < 4; i++)
		sl_trees_end(g.r->trees, g.rs, &other[i]);
	assert_int_equal(says(&g, "third.example", 1), 0);
	free(other);
	cleared(&g);
}

/* An address in more listed networks with leaves than one observable can hit. */
static void test_more_listings_than_hits(void **state)
{
	enum { NETS = 66 };
	char net[NETS][24];
	struct garden g = { .in = made_new() };
	struct planted *other[NETS];
	for (unsigned i = 0; i < NETS; i++) {
		snprintf(net[i], sizeof(net[i]), "8000::/%u", i + 1);
		other[i] = planted_new(g.in);
		planted_listed(other[i], SL_TYPE_IPV6, SL_WHERE_IP_DST, net[i]);
		planted_all(other[i]);
		planted_done(other[i], SL_SCOPE_MESSAGE, "other");
	}
	g.p = planted_new(g.in);
	not_at(&g, SL_WHERE_IP_DST, planted_listed(g.p, SL_TYPE_IPV6, SL_WHERE_IP_DST, "8000::1"));
	sown(&g, NULL);
	rig_say(g.r, SL_WHERE_IP_DST, "8000::1", 0);
	assert_int_equal(says(&g, "other.example", 1), SL_HITS_PER_OBS);
	assert_int_equal(counted(&g, SL_C_HITS_CUT), NETS + 1 - SL_HITS_PER_OBS);
	cleared(&g);
	for (unsigned i = 0; i < NETS; i++)
		free(other[i]);
}

/* Of a value that very many leaves list the last ones are left out. */
static void test_more_leaves_than_are_touched(void **state)
{
	enum { TREES = 9 };
	struct planted *other[TREES];
	struct garden g = { .in = made_new() };
	for (unsigned i = 0; i < TREES; i++) {
		other[i] = planted_new(g.in);
		for (unsigned k = 0; k < 60; k++)
			planted_listed(other[i], SL_TYPE_DOMAIN, HOST, "good.example");
		planted_all(other[i]);
		planted_done(other[i], SL_SCOPE_MESSAGE, "other");
	}
	g.p = planted_new(g.in);
	not_host(&g, planted_listed(g.p, SL_TYPE_DOMAIN, HOST, "good.example"));
	sown(&g, NULL);
	assert_int_equal(says(&g, "good.example", 1), 8); /* of the others */
	assert_int_equal(counted(&g, SL_C_HITS_CUT), 29);
	cleared(&g);
	for (unsigned i = 0; i < TREES; i++)
		free(other[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed_values),
		cmocka_unit_test(test_benign_entries),
		cmocka_unit_test(test_cut_values),
		cmocka_unit_test(test_cut_values_of_tables),
		cmocka_unit_test(test_a_search_that_gives_up),
		cmocka_unit_test(test_a_leaf_that_gave_way),
		cmocka_unit_test(test_no_room_for_a_leaf),
		cmocka_unit_test(test_more_listings_than_hits),
		cmocka_unit_test(test_more_leaves_than_are_touched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
