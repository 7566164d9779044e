/* SPDX-License-Identifier: BSD-3-Clause */
/* trees_model_test.c - random detections on random messages against a model that sees everything at
 * once: for each message, with what its flow says by itself, the leaves that hold and the tree over
 * them in three values. */
#include <stdio.h>

#include "planted.h"

enum { ROUNDS = 400, DETECTIONS = 5, MESSAGES = 6, SAID = 40, NAMES = 6 };

static const enum sl_where places[] = { SL_WHERE_HTTP_HOST, SL_WHERE_TLS_SNI, SL_WHERE_IP_DST };

struct said {
	enum sl_where where;
	unsigned name;
	uint32_t message;
};

/* What a leaf asks, for the model. */
struct asked {
	enum sl_where where;
	unsigned name;
	enum { LISTED, UNEQUAL, ENDS, THERE } what;
};

struct world {
	struct planted *p[DETECTIONS];
	struct asked asked[DETECTIONS][PLANTED_LEAVES];
	struct said said[SAID];
	uint64_t seed;
};

static unsigned draw(struct world *w, unsigned n)
{
	return (unsigned)(made_random(&w->seed) % n);
}

static const char *text_of(enum sl_where where, unsigned name)
{
	static const char *const names[] = { "a.one", "b.one", "c.one", "a.two", "b.two", "c.two" };
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1",
		"198.51.100.2", "198.51.100.3" };
	return where == SL_WHERE_IP_DST ? addrs[name] : names[name];
}

static uint16_t grow_leaf(struct world *w, unsigned d)
{
	struct asked a = { places[draw(w, 3)], draw(w, NAMES), draw(w, 4) };
	const char *text = text_of(a.where, a.name);
	struct planted *p = w->p[d];
	uint16_t leaf;
	if (a.what == LISTED)
		leaf = planted_listed(p, a.where == SL_WHERE_IP_DST ? SL_TYPE_IPV4 : SL_TYPE_DOMAIN,
			a.where, text);
	else if (a.what == UNEQUAL)
		leaf = planted_value(p, a.where, SL_TEST_UNEQUAL, false, &text, 1);
	else if (a.what == ENDS)
		leaf = planted_value(p, a.where, SL_TEST_ENDS, false,
			(const char *const[]){ a.where == SL_WHERE_IP_DST ? ".1" : ".one" }, 1);
	else
		leaf = planted_value(p, a.where, SL_TEST_EXISTS, false, NULL, 0);
	w->asked[d][leaf] = a;
	return leaf;
}

static void grow(struct world *w, struct sl_intel *in, unsigned d, enum sl_scope scope)
{
	w->p[d] = planted_new(in);
	unsigned leaves = 1 + draw(w, 4);
	uint16_t last = 0;
	for (unsigned i = 0; i < leaves; i++) {
		uint16_t leaf = grow_leaf(w, d);
		uint16_t op = planted_op(w->p[d], SL_OP_LEAF, leaf, 0);
		if (draw(w, 4) == 0) {
			/* whether there is anything to compare */
			uint16_t there = planted_value(
				w->p[d], w->asked[d][leaf].where, SL_TEST_EXISTS, false, NULL, 0);
			w->asked[d][there] = (struct asked){ w->asked[d][leaf].where, 0, THERE };
			w->p[d]->leaf[leaf].present = there;
			op = planted_op(w->p[d], SL_OP_NOT, op, 0);
		}
		last = i == 0 ? op
			      : planted_op(w->p[d], draw(w, 2) ? SL_OP_AND : SL_OP_OR, last, op);
	}
	planted_done(w->p[d], scope, "tree");
}

/* ---- The model ---- */

static bool asks(const struct asked *a, const struct said *s)
{
	const char *said = text_of(s->where, s->name), *text = text_of(a->where, a->name);
	const char *end = a->where == SL_WHERE_IP_DST ? ".1" : ".one";
	if (a->where != s->where)
		return false;
	switch (a->what) {
	case LISTED:
		return strcmp(said, text) == 0;
	case UNEQUAL:
		return strcmp(said, text) != 0;
	case ENDS:
		return strlen(said) > strlen(end) &&
		       strcmp(said + strlen(said) - strlen(end), end) == 0;
	default:
		return true;
	}
}

/* In message m, or for the flow in any. */
static bool leaf_holds(const struct world *w, unsigned d, uint16_t leaf, int64_t m, bool own)
{
	for (unsigned i = 0; i < SAID; i++) {
		const struct said *s = &w->said[i];
		bool in = m < 0 || s->message == m || (!own && s->message == 0);
		if (in && asks(&w->asked[d][leaf], s))
			return true;
	}
	return false;
}

/* -1: no; 0: unknown; 1: yes. */
static int model(const struct world *w, unsigned d, int64_t m)
{
	const struct planted *p = w->p[d];
	int v[2 * PLANTED_LEAVES];
	unsigned n = p->expression[0].ops;
	for (unsigned i = 0; i < n; i++) {
		const struct sl_op *op = &p->op[0][i];
		uint16_t there = op->op == SL_OP_LEAF ? p->leaf[op->a].present : SL_LEAF_NONE;
		if (op->op == SL_OP_LEAF)
			v[i] = leaf_holds(w, d, op->a, m, false)			     ? 1
			       : there != SL_LEAF_NONE && !leaf_holds(w, d, there, m, false) ? 0
											     : -1;
		else if (op->op == SL_OP_NOT)
			v[i] = -v[op->a];
		else if (op->op == SL_OP_AND)
			v[i] = v[op->a] < v[op->b] ? v[op->a] : v[op->b];
		else
			v[i] = v[op->a] > v[op->b] ? v[op->a] : v[op->b];
	}
	return v[n - 1];
}

/* A message about which no leaf says anything is no observation of it. */
static bool touched(const struct world *w, unsigned d, int64_t m)
{
	for (uint16_t l = 0; l < w->p[d]->d.leaves; l++)
		if (leaf_holds(w, d, l, m, true))
			return true;
	return false;
}

/* ---- Both ---- */

static void say_all(struct world *w, struct rig *r)
{
	for (unsigned i = 0; i < SAID; i++) {
		struct said *s = &w->said[i];
		*s = (struct said){ places[draw(w, 3)], draw(w, NAMES), 1 + draw(w, MESSAGES) };
		if (s->where == SL_WHERE_IP_DST)
			s->message = 0;
		/* what a flow says by itself may be known to all only from its begin */
		if (s->message == 0 && i > 5)
			*s = w->said[0];
		rig_say(r, s->where, text_of(s->where, s->name), s->message);
		if (draw(w, 5) == 0)
			rig_run(r);
	}
	rig_run(r);
	for (uint32_t m = 1; m <= MESSAGES; m += 2) /* the rest stay open to the flow's end */
		rig_close(r, m);
	rig_end(r);
}

static void compare(const struct world *w, const struct rig *r, enum sl_scope scope)
{
	for (unsigned d = 0; d < DETECTIONS; d++) {
		for (int64_t m = 0; m <= MESSAGES; m++) {
			bool flow = scope == SL_SCOPE_FLOW;
			if (flow && m > 0)
				break;
			bool want = touched(w, d, flow ? -1 : m) && model(w, d, flow ? -1 : m) > 0;
			unsigned told = 0;
			for (size_t i = 0; i < r->n; i++)
				told += r->told[i].indicator == w->p[d]->d.indicator &&
					r->told[i].message == m;
			if (told != want)
				fail_msg("seed %llu, detection %u, message %d: told %u times",
					(unsigned long long)w->seed, d, (int)m, told);
		}
	}
}

static void test_model(void **state)
{
	size_t told = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum sl_scope scope = round % 2 ? SL_SCOPE_FLOW : SL_SCOPE_MESSAGE;
		struct world w = { .seed = round };
		struct sl_intel *in = made_new();
		for (unsigned d = 0; d < DETECTIONS; d++)
			grow(&w, in, d, scope);
		struct sl_ruleset *rs = made_ruleset(in, NULL);
		struct rig *r = rig_new(rs, 1024);
		say_all(&w, r);
		compare(&w, r, scope);
		told += r->n;
		rig_free(r);
		sl_ruleset_free(rs);
		for (unsigned d = 0; d < DETECTIONS; d++)
			free(w.p[d]);
	}
	assert_true(told > ROUNDS); /* it is about something */
	assert_true(told < ROUNDS * DETECTIONS * MESSAGES / 2);
	assert_int_equal(made_live(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
