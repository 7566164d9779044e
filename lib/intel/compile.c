/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.c - a branch of a tree becomes a detection: expressions and operations over its leaves
 * (see detection.h). Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

#define HOUR_NS (UINT64_C(3600) * 1000000000)
#define DAY_NS (24 * HOUR_NS)

static uint16_t op_add(struct compile *c, struct sl_op op)
{
	if (c->ops == OPS_MAX)
		return compile_failed(
			c, "TOO_COMPLEX", "The tree has more parts than are evaluated.");
	c->op[c->ops] = op;
	return (uint16_t)c->ops++;
}

static uint16_t inside(struct compile *c, const struct twig *w, bool under_not)
{
	if (w->kind == SL_NODE_TEST) {
		uint16_t leaf = leaf_make(c, w, under_not);
		return op_add(c, (struct sl_op){ .op = SL_OP_LEAF, .a = leaf });
	}
	if (w->kind == SL_NODE_OBSERVATION)
		return inside(c, w->child, under_not);
	if (w->kind == SL_NODE_NOT) {
		uint16_t a = inside(c, w->child, true);
		return op_add(c, (struct sl_op){ .op = SL_OP_NOT, .a = a });
	}
	bool first = true;
	uint16_t a = 0;
	for (const struct twig *k = w->child; k != NULL; k = k->next) {
		uint16_t b = inside(c, k, under_not);
		a = first ? b
			  : op_add(c, (struct sl_op){ .op = twig_is_or(w) ? SL_OP_OR : SL_OP_AND,
					      .a = a,
					      .b = b });
		first = false;
	}
	return first ? compile_failed(c, "NOT_EVALUABLE", "Nothing in it can be seen.") : a;
}

static struct sl_op *ops_keep(struct compile *c, size_t from)
{
	size_t n = c->ops - from;
	struct sl_op *kept = sl_arena_take(c->a, (n + 1) * sizeof(*kept));
	if (kept == NULL) {
		c->rc = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		kept[i] = c->op[from + i];
		if (kept[i].op == SL_OP_LEAF || kept[i].op == SL_OP_EXPRESSION)
			continue;
		bool two = kept[i].op == SL_OP_AND || kept[i].op == SL_OP_OR ||
			   kept[i].op == SL_OP_FOLLOWED;
		kept[i].a = (uint16_t)(kept[i].a - from);
		kept[i].b = (uint16_t)(two ? kept[i].b - from : 0);
	}
	c->ops = from;
	return kept;
}

static bool has_not(const struct twig *w)
{
	if (w->kind == SL_NODE_NOT)
		return true;
	for (const struct twig *k = w->child; k != NULL; k = k->next)
		if (has_not(k))
			return true;
	return false;
}

static bool grows(const struct sl_leaf *l)
{
	return l->kind == SL_LEAF_FLOW && l->field >= SL_FIELD_PROTOCOLS &&
	       l->field != SL_FIELD_START && l->field != SL_FIELD_VLAN;
}

/* What stands in one [ ], or in a composition that one message or flow can satisfy. */
static uint16_t expression(struct compile *c, const struct twig *w)
{
	if (c->expressions == SL_EXPRESSIONS_MAX)
		return compile_failed(
			c, "TOO_COMPLEX", "More than 16 observations are not joined.");
	size_t from = c->ops, first = c->leaves;
	bool message = families_of(w) != 0, own = w->kind == SL_NODE_OBSERVATION;
	if (own && !message && !c->failed)
		return compile_failed(c, "NEVER_TOGETHER",
			"No message says all of this; write [ ] around each and AND between.");
	(void)inside(c, w, false);
	struct sl_expression *e = &c->expression[c->expressions];
	*e = (struct sl_expression){ .ops = (uint16_t)(c->ops - from),
		.scope = message ? SL_SCOPE_MESSAGE : SL_SCOPE_FLOW,
		.at_close = has_not(w),
		.flow_only = true };
	for (size_t i = first; i < c->leaves; i++) {
		e->flow_only &=
			c->leaf[i].kind == SL_LEAF_FLOW || c->leaf[i].kind == SL_LEAF_UNSEEN;
		e->flow_numbers |= grows(&c->leaf[i]);
	}
	e->op = ops_keep(c, from);
	return (uint16_t)c->expressions++;
}

static uint64_t instant_ns(const struct sl_instant *t)
{
	if (t->seconds < 0)
		return 0;
	if (t->seconds > INT64_C(18446744072))
		return UINT64_MAX;
	return (uint64_t)t->seconds * UINT64_C(1000000000) + t->nanoseconds;
}

static uint64_t window_ns(const struct sl_node *within)
{
	return within->seconds < 1e9 ? (uint64_t)(within->seconds * 1e9)
				     : UINT64_C(1000000000) * 1000000000;
}

static uint16_t across(struct compile *c, const struct twig *w);

static uint16_t joined(struct compile *c, const struct twig *w)
{
	uint16_t op = w->kind == SL_NODE_FOLLOWED			    ? SL_OP_FOLLOWED
		      : w->kind == SL_NODE_EITHER || w->kind == SL_NODE_ANY ? SL_OP_OR
									    : SL_OP_AND;
	bool first = true;
	uint16_t a = 0;
	for (const struct twig *k = w->child; k != NULL; k = k->next) {
		uint16_t b = across(c, k);
		a = first ? b : op_add(c, (struct sl_op){ .op = op, .a = a, .b = b });
		first = false;
	}
	return a;
}

/* Operations between observations. */
static uint16_t across(struct compile *c, const struct twig *w)
{
	uint16_t a;
	const struct sl_node *n = w->node;
	switch (w->kind) {
	case SL_NODE_WITHIN:
		a = across(c, w->child);
		if (window_ns(n) > c->window)
			c->window = window_ns(n);
		return op_add(
			c, (struct sl_op){ .op = SL_OP_WITHIN, .a = a, .number = window_ns(n) });
	case SL_NODE_REPEATS:
		a = across(c, w->child);
		return op_add(c, (struct sl_op){ .op = SL_OP_REPEATS, .a = a, .number = n->times });
	case SL_NODE_START_STOP:
		a = across(c, w->child);
		return op_add(c, (struct sl_op){ .op = SL_OP_START_STOP,
					 .a = a,
					 .number = instant_ns(&n->start),
					 .number2 = instant_ns(&n->stop) });
	case SL_NODE_NOT:
		return compile_failed(c, "NOT_EVALUABLE",
			"That something was not seen on a host for an hour can't be known.");
	case SL_NODE_BOTH:
	case SL_NODE_EITHER:
	case SL_NODE_FOLLOWED:
		return joined(c, w);
	default:
		if ((w->kind == SL_NODE_ALL || w->kind == SL_NODE_ANY) &&
			branch_scope(w) == SL_SCOPE_HOST)
			return joined(c, w);
		return op_add(c, (struct sl_op){ .op = SL_OP_EXPRESSION, .a = expression(c, w) });
	}
}

/* ---- Whole ---- */

static int detection_keep(struct compile *c, struct sl_detection *d)
{
	struct sl_intel *set = c->t->r->set;
	struct sl_leaf *leaf = sl_arena_take(c->a, (c->leaves + 1) * sizeof(*leaf));
	struct sl_expression *e = sl_arena_take(c->a, (c->expressions + 1) * sizeof(*e));
	if (set->detection_count == set->detection_cap) {
		size_t cap = set->detection_cap ? set->detection_cap * 2 : 64;
		struct sl_detection *more = realloc(set->detections, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		set->detections = more;
		set->detection_cap = cap;
	}
	if (leaf == NULL || e == NULL)
		return -ENOMEM;
	memcpy(leaf, c->leaf, c->leaves * sizeof(*leaf));
	memcpy(e, c->expression, c->expressions * sizeof(*e));
	d->leaf = leaf;
	d->leaves = (uint16_t)c->leaves;
	d->expression = e;
	d->expressions = (uint8_t)c->expressions;
	set->detections[set->detection_count++] = *d;
	return 0;
}

/* How many observations the correlator would have to join at most. */
static uint64_t joins(const struct compile *c)
{
	static _Thread_local uint64_t n[OPS_MAX];
	for (size_t i = 0; i < c->ops; i++) {
		const struct sl_op *op = &c->op[i];
		if (op->op == SL_OP_EXPRESSION)
			n[i] = 1;
		else if (op->op == SL_OP_REPEATS)
			n[i] = n[op->a] *
			       (op->number <= SL_JOINS_MAX ? op->number : SL_JOINS_MAX + 1);
		else if (op->op == SL_OP_AND || op->op == SL_OP_FOLLOWED)
			n[i] = n[op->a] + n[op->b];
		else if (op->op == SL_OP_OR)
			n[i] = n[op->a] > n[op->b] ? n[op->a] : n[op->b];
		else
			n[i] = n[op->a];
		if (n[i] > SL_JOINS_MAX)
			return n[i];
	}
	return c->ops > 0 ? n[c->ops - 1] : 0;
}

/* How many nodes the correlator makes of the operations: an OR of two observations, or one that is
 * repeated, stays a slot. */
static size_t nodes(const struct compile *c)
{
	enum { OTHER, ONCE, TIMES };
	static _Thread_local uint8_t slot[OPS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < c->ops; i++) {
		const struct sl_op *op = &c->op[i];
		bool repeats = op->op == SL_OP_REPEATS, same = repeats && op->number <= 1;
		slot[i] = OTHER;
		if (op->op == SL_OP_EXPRESSION ||
			(op->op == SL_OP_OR && slot[op->a] == ONCE && slot[op->b] == ONCE))
			slot[i] = ONCE;
		else if (repeats && (same || slot[op->a] != OTHER))
			slot[i] = same ? slot[op->a] : TIMES;
		n += op->op == SL_OP_EXPRESSION || (slot[i] == OTHER && !same);
	}
	return n;
}

/* The type of an indicator that is a tree: that of the first value in it, listed or asked for; of
 * one that asks for the flow's numbers only, traffic. */
static enum sl_type first_type(const struct compile *c, size_t first)
{
	const struct sl_intel *set = c->t->r->set;
	if (set->book.count > first)
		return (enum sl_type)sl_book_kind(&set->book, &set->book.entry[first])->type;
	for (size_t l = 0; l < c->leaves; l++)
		for (unsigned w = 1; c->leaf[l].kind == SL_LEAF_VALUE && w < SL_WHERE_COUNT; w++)
			if (c->leaf[l].wheres[w / 64] >> (w % 64) & 1)
				return sl_wheres[w].type;
	return SL_TYPE_TRAFFIC;
}

static int whole_add(struct compile *c, const struct twig *branch, struct sl_indicator *whole)
{
	struct sl_intel *set = c->t->r->set;
	size_t first = set->book.count;
	struct sl_detection d = { 0 };
	d.scope = (uint8_t)branch_scope(branch);
	d.same_allowed = twig_is_loose(branch);
	uint16_t root = across(c, branch);
	bool several = c->expressions > 1 || d.scope == SL_SCOPE_HOST;
	if (several && branch->kind != SL_NODE_WITHIN && !c->failed) {
		uint64_t window = d.same_allowed ? HOUR_NS : DAY_NS;
		(void)op_add(c, (struct sl_op){ .op = SL_OP_WITHIN,
					.a = root,
					.number = window > c->window ? window : c->window });
	}
	if (joins(c) > SL_JOINS_MAX)
		compile_failed(c, "TOO_COMPLEX", "More than 1,024 observations are not joined.");
	if (several && nodes(c) > SL_NODES_MAX)
		compile_failed(c, "TOO_COMPLEX", "More than 256 operations are not joined.");
	if (c->failed || c->rc < 0) {
		set->book.count = first;
		return c->rc;
	}
	d.scope = several ? SL_SCOPE_HOST : c->expression[0].scope;
	d.ops = (uint16_t)(several ? c->ops : 0);
	d.op = several ? ops_keep(c, 0) : NULL;
	d.indicator = (uint32_t)set->book.count;
	whole->type = (uint8_t)first_type(c, first);
	whole->detection = c->detection;
	int rc = sl_book_add(&set->book, whole);
	if (rc == 0)
		rc = detection_keep(c, &d);
	if (rc < 0)
		set->book.count = first;
	return rc;
}

static void tell_armed(
	struct compile *c, const struct twig *branch, const struct sl_indicator *whole)
{
	struct reading *r = c->t->r;
	const char *code = whole->quiet && c->t->code[0] == '\0' ? "QUIET" : c->t->code;
	if (!r->o->tell_all && !whole->quiet && code[0] == '\0') {
		reading_count(r, SL_ARMED);
		return;
	}
	struct sl_finding f = { .line = c->t->meta->line,
		.id = whole->id,
		.verdict = whole->quiet ? SL_QUIET : SL_ARMED,
		.code = code,
		.reason = whole->quiet ? whole->quiet_reason : c->t->reason,
		.part = whole->value,
		.suggestion = tree_mended(c->t),
		.scope = scope_text(branch_scope(branch)),
		.past = c->t->asked ? &c->t->past : NULL };
	reading_tell(r, &f);
}

/* The indicator that the branch is, all but its leaves. As branch_compile answers. */
static int whole_draft(struct tree *t, const struct twig *branch, const char *part,
	const char *quiet, struct sl_indicator *whole, struct fault *why)
{
	static _Thread_local char text[65536];
	struct sl_intel *set = t->r->set;
	int rc;
	if (reading_full(t->r))
		return -E2BIG;
	if (part == NULL)
		sl_pattern_text(
			branch->node, branch_scope(branch) != SL_SCOPE_HOST, text, sizeof(text));
	if (!draft_detection(t->r, t->meta, part != NULL ? part : text, whole, why, &rc))
		return 1;
	if (part != NULL)
		whole->part = whole->value;
	const char *reason = quiet != NULL ? quiet : "";
	whole->quiet = quiet != NULL;
	whole->quiet_reason = sl_arena_intern(set->arena, reason, strlen(reason));
	return rc < 0 ? rc : whole->quiet_reason == NULL ? -ENOMEM : 0;
}

int branch_compile(struct tree *t, const struct twig *branch, const char *part, const char *quiet,
	struct fault *why)
{
	static _Thread_local struct compile c;
	struct sl_intel *set = t->r->set;
	struct sl_indicator whole;
	int rc = whole_draft(t, branch, part, quiet, &whole, why);
	if (rc != 0)
		return rc;
	c.t = t;
	c.a = set->arena;
	c.why = why;
	c.whole = &whole;
	c.detection = (uint32_t)set->detection_count + 1;
	c.leaves = c.expressions = c.ops = 0;
	c.window = 0;
	c.failed = false;
	c.rc = 0;
	rc = whole_add(&c, branch, &whole);
	if (rc < 0)
		return rc;
	if (c.failed)
		return 1;
	tell_armed(&c, branch, &whole);
	return 0;
}
