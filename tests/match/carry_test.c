/* SPDX-License-Identifier: BSD-3-Clause */
/* carry_test.c - what holds of a detection so far, over changes of intelligence: it goes on where
 * the newer set has the same detection, under whatever number, and is counted where it has not. */
#include <stdio.h>

#include "garden.h"
#include "spelled.h"

#define SETS_MAX 12

/* Sets that follow each other, and a worker with one flow. */
struct line {
	struct sl_ruleset *rs[SETS_MAX];
	struct planted *p[SETS_MAX][8];
	unsigned sets, trees; /* trees of the set in the making */
	struct sl_intel *in;
	struct rig *r;
};

static void set_begin(struct line *l)
{
	l->in = made_new();
	l->trees = 0;
}

static struct planted *tree_begin(struct line *l)
{
	return l->p[l->sets][l->trees++] = planted_new(l->in);
}

/* [host = NAME AND uri = URI] */
static void tree(
	struct line *l, const char *id, enum sl_scope scope, const char *host, const char *uri)
{
	struct planted *p = tree_begin(l);
	planted_listed(p, SL_TYPE_DOMAIN, HOST, host);
	planted_listed(p, SL_TYPE_ARTIFACT, URI, uri);
	planted_all(p);
	planted_done(p, scope, id);
}

static void set_done(struct line *l)
{
	struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	const struct sl_ruleset *before = l->sets > 0 ? l->rs[l->sets - 1] : NULL;
	assert_int_equal(sl_ruleset_build(&l->rs[l->sets], l->in, &o, before, l->sets + 1), 0);
	l->sets++;
	if (l->r == NULL)
		l->r = rig_new(l->rs[0], 1024);
}

/* The newest set is in force: the flow meets it. */
static void meet(struct line *l)
{
	l->r->rs = l->rs[l->sets - 1];
	sl_trees_carry(l->r->trees, l->r->rs, &l->r->m->flow);
	l->r->m->flow.generation = l->sets;
}

static void say(struct line *l, enum sl_where w, const char *text, uint32_t message)
{
	rig_say(l->r, w, text, message);
	rig_run(l->r);
}

static uint64_t forgotten(const struct line *l)
{
	return l->r->m->counters.c[SL_C_TREE_STATES_FORGOTTEN];
}

static void line_free(struct line *l)
{
	rig_end(l->r);
	rig_free(l->r);
	for (unsigned i = 0; i < l->sets; i++) {
		sl_ruleset_free(l->rs[i]);
		for (unsigned k = 0; k < 8; k++)
			free(l->p[i][k]);
	}
}

static void test_half_true(void **state)
{
	struct line l = { 0 };
	set_begin(&l);
	tree(&l, "goes", SL_SCOPE_MESSAGE, "a.example", "/a");
	tree(&l, "stays", SL_SCOPE_MESSAGE, "b.example", "/b");
	tree(&l, "changes", SL_SCOPE_MESSAGE, "c.example", "/c");
	tree(&l, "flow", SL_SCOPE_FLOW, "d.example", "/d");
	set_done(&l);
	say(&l, HOST, "a.example", 1);
	say(&l, HOST, "b.example", 1);
	say(&l, HOST, "c.example", 1);
	say(&l, HOST, "d.example", 1);
	set_begin(&l);
	tree(&l, "new", SL_SCOPE_MESSAGE, "e.example", "/e");
	tree(&l, "flow", SL_SCOPE_FLOW, "d.example", "/d");
	tree(&l, "changes", SL_SCOPE_FLOW, "c.example", "/c");
	tree(&l, "new too", SL_SCOPE_MESSAGE, "a.example", "/a");
	tree(&l, "stays", SL_SCOPE_MESSAGE, "b.example", "/b");
	set_done(&l);
	meet(&l);
	assert_int_equal(forgotten(&l), 2);
	say(&l, URI, "/a", 1);
	say(&l, URI, "/b", 2); /* of another message */
	say(&l, URI, "/c", 1);
	assert_int_equal(l.r->n, 0);
	say(&l, URI, "/b", 1);
	say(&l, URI, "/d", 3);
	assert_int_equal(l.r->n, 2);
	assert_string_equal(spelled(l.rs[1], l.r->told[0].indicator)->id, "stays");
	assert_string_equal(spelled(l.rs[1], l.r->told[1].indicator)->id, "flow");
	assert_int_equal(l.r->told[0].matched_count, 2);
	line_free(&l);
}

/* What was told is not told again because the set changed. */
static void test_told_once(void **state)
{
	struct line l = { 0 };
	for (unsigned i = 0; i < 3; i++) {
		set_begin(&l);
		for (unsigned k = 0; k < i; k++)
			tree(&l, "other", SL_SCOPE_MESSAGE, "a.example", "/a");
		tree(&l, "told", SL_SCOPE_FLOW, "b.example", "/b");
		set_done(&l);
		meet(&l);
		say(&l, HOST, "b.example", 1 + i);
		say(&l, URI, "/b", 10 + i);
		assert_int_equal(l.r->n, 1);
	}
	assert_int_equal(forgotten(&l), 0);
	line_free(&l);
}

/* A flow that is silent while sets come and go meets the last one of them. */
static void test_over_several_sets(void **state)
{
	for (unsigned sets = 2; sets <= SETS_MAX; sets++) {
		struct line l = { 0 };
		for (unsigned i = 0; i < sets; i++) {
			set_begin(&l);
			for (unsigned k = 0; k < i % 3; k++)
				tree(&l, "other", SL_SCOPE_MESSAGE, "a.example", "/a");
			tree(&l, "stays", SL_SCOPE_MESSAGE, "b.example", "/b");
			if (i != 1) /* gone for a while: what comes then is another */
				tree(&l, "leaves", SL_SCOPE_MESSAGE, "c.example", "/c");
			set_done(&l);
			if (i > 0)
				continue;
			say(&l, HOST, "b.example", 1);
			say(&l, HOST, "c.example", 1);
		}
		meet(&l);
		say(&l, URI, "/c", 1);
		say(&l, URI, "/b", 1);
		assert_int_equal(l.r->n, sets <= 9);
		assert_int_equal(forgotten(&l), sets <= 9 ? 1 : 2);
		line_free(&l);
	}
}

/* Detections that are the same in every way keep what each has. */
static void test_twins(void **state)
{
	struct line l = { 0 };
	for (unsigned i = 0; i < 2; i++) {
		set_begin(&l);
		for (unsigned k = 0; k < 3; k++)
			tree(&l, "twin", SL_SCOPE_MESSAGE, "b.example", "/b");
		set_done(&l);
		if (i == 0)
			say(&l, HOST, "b.example", 1);
	}
	meet(&l);
	assert_int_equal(forgotten(&l), 0);
	say(&l, URI, "/b", 1);
	assert_int_equal(l.r->n, 3);
	line_free(&l);
}

/* What waits for the end is decided under the set in force, for a flow that had no packet since the
 * change as well; what is newer than its last packet is not asked about it. */
static void test_ends(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct line l = { 0 };
		for (unsigned set = 0; set < 2; set++) {
			set_begin(&l);
			if (set == 1) {
				struct planted *p = tree_begin(&l);
				planted_number(p, SL_FIELD_SRC_PACKETS, SL_TEST_GREATER, 0);
				planted_all(p);
				planted_done(p, SL_SCOPE_FLOW, "new");
			}
			struct planted *p = tree_begin(&l);
			planted_listed(p, SL_TYPE_DOMAIN, HOST, "b.example");
			planted_number(p, SL_FIELD_SRC_PACKETS, SL_TEST_GREATER, 3);
			planted_all(p);
			planted_done(p, SL_SCOPE_MESSAGE, "old");
			set_done(&l);
			if (set == 0)
				say(&l, HOST, "b.example", 1);
		}
		l.r->m->flow.packets[0] = 4;
		if (i == 0) {
			meet(&l);
		} else {
			sl_trees_carry(l.r->trees, l.rs[1], &l.r->m->flow);
			l.r->rs = l.rs[1];
		}
		rig_end(l.r);
		assert_int_equal(l.r->n, i == 0 ? 2 : 1);
		assert_string_equal(spelled(l.rs[1], l.r->told[0].indicator)->id, "old");
		line_free(&l);
	}
}

/* [uri = URI AND NOT host = HOST], under a NOT that knows unknown. */
static void tree_not(struct line *l, const char *id, const char *host, const char *uri)
{
	struct planted *p = tree_begin(l);
	uint16_t x = planted_listed(p, SL_TYPE_DOMAIN, HOST, host);
	uint16_t y = planted_listed(p, SL_TYPE_ARTIFACT, URI, uri);
	p->leaf[x].present = planted_value(p, HOST, SL_TEST_EXISTS, false, NULL, 0);
	uint16_t a = planted_op(p, SL_OP_LEAF, y, 0);
	uint16_t b = planted_op(p, SL_OP_NOT, planted_op(p, SL_OP_LEAF, x, 0), 0);
	planted_op(p, SL_OP_AND, a, b);
	planted_done(p, SL_SCOPE_MESSAGE, id);
}

/* [uri = URI OR NOT host = HOST] */
static void tree_or_not(struct line *l, const char *id, const char *host, const char *uri)
{
	tree_not(l, id, host, uri);
	l->p[l->sets][l->trees - 1]->op[0][3].op = SL_OP_OR;
}

/* What the flow keeps of a message that was complete before the change is said again: what was
 * told of it is not told again at the flow's end, and what is newer and has a NOT is not told, as
 * the message may have said more than was kept. */
static void test_a_complete_message_said_again(void **state)
{
	struct line l = { 0 };
	for (unsigned set = 0; set < 2; set++) {
		set_begin(&l);
		if (set == 1) {
			tree_not(&l, "newer", "good.example", "/b");
			tree(&l, "newer too", SL_SCOPE_MESSAGE, "b.example", "/b");
		}
		tree_not(&l, "told", "good.example", "/b");
		tree_or_not(&l, "told too", "good.example", "/b");
		set_done(&l);
		if (set == 1)
			break;
		rig_say(l.r, HOST, "b.example", 1);
		rig_say(l.r, URI, "/b", 1);
		rig_close(l.r, 1);
		rig_run(l.r);
		assert_int_equal(l.r->n, 2);
	}
	l.r->rs = l.rs[1];
	sl_trees_carry(l.r->trees, l.r->rs, &l.r->m->flow);
	l.r->m->b.flags = SL_OBS_AGAIN | SL_OBS_SILENT;
	say(&l, HOST, "b.example", 1);
	say(&l, URI, "/b", 1);
	assert_int_equal(l.r->n, 3);
	assert_string_equal(spelled(l.rs[1], l.r->told[2].indicator)->id, "newer too");
	l.r->m->b.flags = 0;
	l.r->m->flow.generation = 2;
	rig_end(l.r);
	assert_int_equal(l.r->n, 3);
	line_free(&l);
}

/* The newest set is in force, and the flow's kept value is looked up in it again. */
static void meet_again(struct line *l, const char *host, uint32_t message)
{
	l->r->rs = l->rs[l->sets - 1];
	sl_trees_carry(l->r->trees, l->r->rs, &l->r->m->flow);
	l->r->m->b.flags = SL_OBS_AGAIN | SL_OBS_SILENT;
	say(l, HOST, host, message);
	l->r->m->b.flags = 0;
	l->r->m->flow.generation = l->sets;
}

/* A tree that is taken apart in another way, of leaves that are all old, learns from what its flows
 * keep. */
static void test_a_new_tree_of_old_leaves(void **state)
{
	struct line l = { 0 };
	for (unsigned set = 0; set < 2; set++) {
		set_begin(&l);
		tree(&l, "changes", set == 0 ? SL_SCOPE_MESSAGE : SL_SCOPE_FLOW, "c.example", "/c");
		set_done(&l);
	}
	say(&l, HOST, "c.example", 1);
	meet_again(&l, "c.example", 1);
	assert_int_equal(forgotten(&l), 1);
	say(&l, URI, "/c", 2);
	assert_int_equal(l.r->n, 1);
	line_free(&l);
}

/* A flow that is silent for so long that what held of it is forgotten keeps what it says by itself:
 * a tree as old as the flow learns it again. */
static void test_a_flow_silent_for_long(void **state)
{
	struct line l = { 0 };
	while (l.sets < SETS_MAX) {
		set_begin(&l);
		tree(&l, "stays", SL_SCOPE_MESSAGE, "b.example", "/b");
		set_done(&l);
	}
	say(&l, HOST, "b.example", 0);
	meet_again(&l, "b.example", 0);
	assert_int_equal(forgotten(&l), 1);
	say(&l, URI, "/b", 1);
	assert_int_equal(l.r->n, 1);
	line_free(&l);
}

/* A set without trees is met: nothing is left. */
static void test_no_trees_any_more(void **state)
{
	struct line l = { 0 };
	set_begin(&l);
	tree(&l, "goes", SL_SCOPE_MESSAGE, "a.example", "/a");
	set_done(&l);
	say(&l, HOST, "a.example", 1);
	set_begin(&l);
	made_add(l.in, SL_TYPE_DOMAIN, "a.example", SL_MATCH_EXACT);
	set_done(&l);
	meet(&l);
	assert_int_equal(l.r->m->flow.trees, 0);
	assert_int_equal(forgotten(&l), 1);
	line_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_true),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_over_several_sets),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_a_complete_message_said_again),
		cmocka_unit_test(test_a_new_tree_of_old_leaves),
		cmocka_unit_test(test_a_flow_silent_for_long),
		cmocka_unit_test(test_no_trees_any_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
