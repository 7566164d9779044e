/* SPDX-License-Identifier: BSD-3-Clause */
/* planted.c - see planted.h. */
#include "planted.h"

/* ---- Detections ---- */

struct planted *planted_new(struct sl_intel *in)
{
	struct planted *p = calloc(1, sizeof(*p));
	size_t before;
	assert_non_null(p);
	(void)sl_intel_detections(in, &before);
	p->in = in;
	p->number = (uint32_t)before + 1;
	p->d.leaf = p->leaf;
	p->d.expression = p->expression;
	p->d.expressions = 1;
	return p;
}

static struct sl_leaf *leaf_new(struct planted *p, enum sl_leaf_kind kind)
{
	assert_true(p->d.leaves < PLANTED_LEAVES);
	struct sl_leaf *l = &p->leaf[p->d.leaves];
	*l = (struct sl_leaf){ .kind = (uint8_t)kind,
		.present = SL_LEAF_NONE,
		.expression = (uint8_t)(p->d.expressions - 1),
		.constant = p->constant[p->d.leaves],
		.text = "" };
	return l;
}

static void at(struct sl_leaf *l, enum sl_where w)
{
	l->wheres[w / 64] |= UINT64_C(1) << (w % 64);
}

uint16_t planted_value(struct planted *p, enum sl_where w, enum sl_test test, bool negated,
	const char *const *text, size_t n)
{
	struct sl_leaf *l = leaf_new(p, SL_LEAF_VALUE);
	l->test = (uint8_t)test;
	l->negated = negated;
	l->caseless = sl_wheres[w].form == SL_FORM_NAME;
	l->constants = n;
	at(l, w);
	for (size_t i = 0; i < n; i++)
		p->constant[p->d.leaves][i] = (struct sl_constant){
			.kind = SL_CONSTANT_TEXT, .text = text[i], .len = strlen(text[i])
		};
	return p->d.leaves++;
}

uint16_t planted_listed(struct planted *p, enum sl_type type, enum sl_where w, const char *value)
{
	struct sl_leaf *l = leaf_new(p, SL_LEAF_TABLE);
	struct sl_indicator *i = made_add(p->in, type, value, SL_MATCH_EXACT);
	at(l, w);
	i->where = (uint16_t)w;
	i->leaf = p->d.leaves;
	i->detection = p->number;
	return p->d.leaves++;
}

uint16_t planted_number(
	struct planted *p, enum sl_flow_field field, enum sl_test test, int64_t value)
{
	struct sl_leaf *l = leaf_new(p, SL_LEAF_FLOW);
	struct sl_expression *e = &p->expression[p->d.expressions - 1];
	l->field = (uint8_t)field;
	l->test = (uint8_t)test;
	l->constants = 1;
	p->constant[p->d.leaves][0] = (struct sl_constant){
		.kind = SL_CONSTANT_INTEGER, .integer = value, .number = (double)value
	};
	e->flow_numbers |=
		field >= SL_FIELD_PROTOCOLS && field != SL_FIELD_START && field != SL_FIELD_VLAN;
	return p->d.leaves++;
}

uint16_t planted_protocol(struct planted *p, enum sl_test test, const char *word)
{
	uint16_t n = planted_number(p, SL_FIELD_PROTOCOLS, test, 0);
	p->constant[n][0] =
		(struct sl_constant){ .kind = SL_CONSTANT_TEXT, .text = word, .len = strlen(word) };
	return n;
}

uint16_t planted_op(struct planted *p, enum sl_step_op op, uint16_t a, uint16_t b)
{
	struct sl_expression *e = &p->expression[p->d.expressions - 1];
	assert_true(e->ops < 2 * PLANTED_LEAVES);
	p->op[p->d.expressions - 1][e->ops] = (struct sl_op){ .op = (uint16_t)op, .a = a, .b = b };
	e->at_close |= op == SL_OP_NOT;
	return e->ops++;
}

void planted_all(struct planted *p)
{
	uint16_t last = 0;
	bool first = true;
	for (uint16_t i = 0; i < p->d.leaves; i++) {
		if (p->leaf[i].expression != p->d.expressions - 1)
			continue;
		uint16_t leaf = planted_op(p, SL_OP_LEAF, i, 0);
		last = first ? leaf : planted_op(p, SL_OP_AND, last, leaf);
		first = false;
	}
}

void planted_next(struct planted *p)
{
	p->d.expressions++;
}

struct sl_indicator *planted_done(struct planted *p, enum sl_scope scope, const char *id)
{
	struct sl_indicator *i = made_add(p->in, SL_TYPE_DOMAIN, id, SL_MATCH_TREE);
	i->id = id;
	i->detection = p->number;
	p->d.indicator = (uint32_t)made_count(p->in) - 1;
	p->d.scope = (uint8_t)scope;
	for (unsigned e = 0; e < p->d.expressions; e++) {
		struct sl_expression *x = &p->expression[e];
		x->op = p->op[e];
		x->scope = scope == SL_SCOPE_HOST ? SL_SCOPE_MESSAGE : (uint8_t)scope;
		x->flow_only = true;
		for (uint16_t l = 0; l < p->d.leaves; l++)
			if (p->leaf[l].expression == e)
				x->flow_only &= p->leaf[l].kind == SL_LEAF_FLOW;
	}
	made_detect(p->in, &p->d);
	return i;
}

/* ---- A worker ---- */

static void on_truth(void *arg, const struct sl_truth *t)
{
	struct rig *r = arg;
	assert_true(t->matched_count <= SL_LEAVES_MAX);
	if (r->n == TOLD_MAX)
		return;
	struct told *to = &r->told[r->n++];
	*to = (struct told){ .indicator = t->detection->indicator,
		.message = t->obs->message,
		.expression = t->expression,
		.where = t->obs->where,
		.matched_count = t->matched_count,
		.repeat = t->repeat };
	memcpy(to->matched, t->matched, t->matched_count * sizeof(*t->matched));
}

struct rig *rig_new(const struct sl_ruleset *rs, uint32_t states)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->m = made_batch_new();
	r->rs = rs;
	struct sl_trees_options o = {
		.states = states, .counters = &r->m->counters, .tell = on_truth, .arg = r
	};
	assert_int_equal(sl_trees_new(&r->trees, &o), 0);
	r->m->flow.generation = sl_ruleset_generation(rs);
	return r;
}

void rig_free(struct rig *r)
{
	sl_trees_free(r->trees);
	free(r->m);
	free(r);
}

void rig_say(struct rig *r, enum sl_where w, const char *text, uint32_t message)
{
	struct sl_observable *o = sl_wheres[w].form == SL_FORM_ADDR ? made_addr(r->m, w, text)
								    : made_text(r->m, w, text);
	o->message = message;
	o->flags = r->m->b.flags;
	o->ts_ns = r->m->b.ts_ns;
}

void rig_close(struct rig *r, uint32_t message)
{
	struct sl_observable *o = made_obs(r->m, SL_WHERE_NONE, SL_TYPE_NONE, "", 0);
	o->message = message;
	o->flags = SL_OBS_CLOSE;
	o->ts_ns = r->m->b.ts_ns;
}

void rig_run(struct rig *r)
{
	static _Thread_local struct sl_hit hit[512];
	uint16_t at = 0;
	while (at < r->m->b.n) {
		uint16_t from = at;
		uint32_t k = 0, n = sl_match(r->rs, &r->m->b, &at, hit, 512, &r->m->counters);
		for (; from < at; from++) {
			uint32_t first = k;
			while (k < n && hit[k].obs == from)
				k++;
			for (uint32_t i = first; i < k; i++)
				if (!hit[i].leaf && r->plain_n < 512)
					r->plain[r->plain_n++] = hit[i];
			sl_trees_take(r->trees, r->rs, &r->m->b.obs[from], hit + first, k - first);
		}
	}
	sl_batch_empty(&r->m->b);
}

void rig_end(struct rig *r)
{
	rig_run(r);
	sl_trees_end(r->trees, r->rs, &r->m->flow);
	assert_int_equal(r->m->flow.trees, 0);
}
