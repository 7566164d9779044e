/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.c - a branch of a tree becomes a detection: leaves, expressions, operations (see
 * detection.h). Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#define OPS_MAX 4096
#define HOUR_NS (UINT64_C(3600) * 1000000000)
#define DAY_NS (24 * HOUR_NS)

struct compile {
	struct tree *t;
	struct sl_arena *a; /* the set's */
	struct fault *why;
	struct sl_leaf leaf[SL_LEAVES_MAX];
	size_t leaves;
	struct sl_expression expression[SL_EXPRESSIONS_MAX];
	size_t expressions;
	struct sl_op op[OPS_MAX]; /* of the run that is being made */
	size_t ops;
	uint32_t detection; /* 1 + its number */
	const struct sl_indicator *whole;
	bool within; /* a qualifier says how far its parts may lie apart */
	bool failed;
	int rc;
};

/* ---- Scope ---- */

#define FAMILIES_ALL 0xffffu
/* What may be spoken on one flow together, one inside the other. */
#define FAMILIES_TCP (FAMILY_HTTP | FAMILY_TLS | FAMILY_SSH | FAMILY_MAIL | FAMILY_FTP | FAMILY_SMB)

static unsigned families_of(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST) {
		unsigned f = w->row->kind == PATH_VALUE ? wheres_families(w->wheres) : FAMILIES_ALL;
		return f & FAMILY_FLOW ? FAMILIES_ALL : f;
	}
	bool any = w->kind == SL_NODE_OR || w->kind == SL_NODE_ANY || w->kind == SL_NODE_EITHER;
	unsigned out = any ? 0 : FAMILIES_ALL;
	for (const struct twig *c = w->child; c != NULL; c = c->next)
		out = any ? out | families_of(c) : out & families_of(c);
	return out;
}

/* Whether each part has a family that can be on the same flow as one of every other's. */
static bool one_flow(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST)
		return true;
	for (const struct twig *c = w->child; c != NULL; c = c->next)
		if (!(families_of(c) & FAMILIES_TCP) || !one_flow(c))
			return false;
	return true;
}

static bool loose(const struct twig *w)
{
	return w->kind == SL_NODE_ALL || w->kind == SL_NODE_ANY || w->kind == SL_NODE_NOT ||
	       w->kind == SL_NODE_TEST;
}

enum sl_scope branch_scope(const struct twig *w)
{
	if (w->kind == SL_NODE_OBSERVATION || w->kind == SL_NODE_AND || w->kind == SL_NODE_OR)
		return SL_SCOPE_MESSAGE;
	if (!loose(w))
		return SL_SCOPE_HOST;
	return families_of(w) ? SL_SCOPE_MESSAGE : one_flow(w) ? SL_SCOPE_FLOW : SL_SCOPE_HOST;
}

const char *scope_text(enum sl_scope s)
{
	return s == SL_SCOPE_MESSAGE ? "message" : s == SL_SCOPE_FLOW ? "flow" : "host";
}

/* ---- Leaves ---- */

static uint16_t failed(struct compile *c, const char *code, const char *reason)
{
	if (!c->failed)
		*c->why = (struct fault){ code, reason, NULL, SL_REFUSED };
	c->failed = true;
	return 0;
}

static const char *leaf_text(struct compile *c, const struct twig *w)
{
	static _Thread_local char text[8192];
	struct sl_node n = *w->node;
	n.next = NULL;
	size_t len = sl_pattern_text(&n, true, text, sizeof(text));
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	/* without the brackets */
	const char *kept = sl_arena_text(c->a, text + 1, len > 2 ? len - 2 : 0);
	if (kept == NULL)
		c->rc = -ENOMEM;
	return kept;
}

static bool lower_form(const struct twig *w)
{
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++) {
		uint8_t form = sl_wheres[i].form;
		if ((w->wheres[i / 64] >> (i % 64) & 1) && form != SL_FORM_NAME &&
			form != SL_FORM_LOWER && form != SL_FORM_HEX)
			return false;
	}
	return true;
}

/* One listed value: an indicator of its own in the tables, which names its leaf. */
static void listed(struct compile *c, const struct twig *w, uint16_t number,
	const struct sl_constant *constant, const char *where)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	struct sl_indicator i = *c->whole;
	struct draft d;
	struct fault why;
	i.match = i.type = 0;
	i.where = SL_WHERE_NONE;
	if (!twig_draft(c->t, w, constant, &hold, &d))
		return;
	if (where != NULL)
		d.where = where;
	if (!value_read(&d, &i, &text, &why))
		return; /* one of a list: the others stand for it */
	i.value = sl_arena_text(c->a, text.text, i.value_len);
	i.leaf = number;
	i.detection = c->detection;
	i.below = d.below;
	if (c->rc == 0)
		c->rc = i.value != NULL ? set_add(c->t->r->set, &i) : -ENOMEM;
}

static void table_leaf(struct compile *c, const struct twig *w, struct sl_leaf *l, uint16_t number)
{
	l->kind = SL_LEAF_TABLE;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	for (size_t i = 0; i < w->node->constants; i++) {
		bool one = w->row->wheres == NULL || strchr(w->row->wheres, ' ') == NULL;
		if (one && !w->name) {
			listed(c, w, number, &w->node->constant[i], NULL);
			continue;
		}
		for (unsigned at = 1; at < SL_WHERE_COUNT; at++)
			if (w->wheres[at / 64] >> (at % 64) & 1)
				listed(c, w, number, &w->node->constant[i], sl_wheres[at].name);
	}
}

/* A constant as values at the place look: in their normal form where it is one. */
static struct sl_constant normal(
	struct compile *c, const struct twig *w, const struct sl_constant *in)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	struct sl_constant out = *in;
	struct sl_indicator i = { 0 };
	struct draft d;
	struct fault why;
	bool pattern = w->node->test == SL_TEST_LIKE || w->node->test == SL_TEST_MATCHES ||
		       w->node->test >= SL_TEST_CONTAINS;
	if (!pattern && in->kind == SL_CONSTANT_TEXT && twig_draft(c->t, w, in, &hold, &d) &&
		value_read(&d, &i, &text, &why)) {
		out.text = sl_arena_text(c->a, text.text, i.value_len);
		out.len = i.value_len;
	} else if (in->text != NULL) {
		out.text = sl_arena_text(c->a, in->text, in->len);
	}
	if (in->text != NULL && out.text == NULL)
		c->rc = -ENOMEM;
	return out;
}

/* A port in quotes is a number. */
static void unquote(struct sl_constant *c)
{
	char *end;
	if (c->kind != SL_CONSTANT_TEXT || c->len == 0 || c->len > 18)
		return;
	long long v = strtoll(c->text, &end, 10);
	if (*end != '\0')
		return;
	c->kind = SL_CONSTANT_INTEGER;
	c->integer = v;
	c->number = (double)v;
}

static void tested_leaf(struct compile *c, const struct twig *w, struct sl_leaf *l)
{
	struct sl_constant *list = sl_arena_take(c->a, (w->node->constants + 1) * sizeof(*list));
	if (list == NULL) {
		c->rc = -ENOMEM;
		return;
	}
	l->kind = w->row->kind == PATH_FIELD ? SL_LEAF_FLOW : SL_LEAF_VALUE;
	l->field = (uint8_t)w->row->field;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	for (size_t i = 0; i < w->node->constants; i++) {
		list[i] = normal(c, w, &w->node->constant[i]);
		if (l->kind == SL_LEAF_FLOW && l->field != SL_FIELD_PROTOCOLS)
			unquote(&list[i]);
	}
	l->constant = list;
	l->constants = w->node->constants;
	l->caseless = l->kind == SL_LEAF_VALUE && lower_form(w);
}

static struct sl_leaf *leaf_new(struct compile *c, const struct twig *w, uint16_t *number)
{
	if (c->leaves == SL_LEAVES_MAX) {
		failed(c, "TOO_COMPLEX", "An AND with more than 256 tests is not evaluated.");
		return NULL;
	}
	*number = (uint16_t)c->leaves;
	struct sl_leaf *l = &c->leaf[c->leaves++];
	*l = (struct sl_leaf){ .test = (uint8_t)w->node->test,
		.negated = w->node->negated,
		.present = SL_LEAF_NONE,
		.expression = (uint8_t)c->expressions };
	l->text = leaf_text(c, w);
	return l;
}

/* Under NOT, what can't be seen is unknown: a second leaf tells whether there is anything. */
static void present_leaf(struct compile *c, const struct twig *w, struct sl_leaf *of)
{
	uint16_t number;
	struct sl_leaf *l = w->row->kind == PATH_VALUE ? leaf_new(c, w, &number) : NULL;
	if (l == NULL)
		return;
	l->kind = SL_LEAF_VALUE;
	l->test = SL_TEST_EXISTS;
	l->negated = false;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	of->present = number;
}

static uint16_t leaf_make(struct compile *c, const struct twig *w, bool under_not)
{
	uint16_t number;
	struct sl_leaf *l = leaf_new(c, w, &number);
	if (l == NULL)
		return 0;
	if (w->row->kind == PATH_UNSEEN || w->worth == WORTH_NEVER)
		l->kind = SL_LEAF_UNSEEN;
	else if (twig_listed(w))
		table_leaf(c, w, l, number);
	else
		tested_leaf(c, w, l);
	if (under_not && l->kind != SL_LEAF_UNSEEN)
		present_leaf(c, w, l);
	return number;
}

/* ---- Operations ---- */

static uint16_t op_add(struct compile *c, struct sl_op op)
{
	if (c->ops == OPS_MAX)
		return failed(c, "TOO_COMPLEX", "The tree has more parts than are evaluated.");
	c->op[c->ops] = op;
	return (uint16_t)c->ops++;
}

static bool skipped(const struct twig *w)
{
	return w->kind == SL_NODE_TEST && w->worth == WORTH_CONTEXT;
}

static uint16_t inside(struct compile *c, const struct twig *w, bool under_not)
{
	bool or = w->kind == SL_NODE_OR || w->kind == SL_NODE_ANY || w->kind == SL_NODE_EITHER;
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
		if (skipped(k))
			continue;
		uint16_t b = inside(c, k, under_not);
		a = first ? b
			  : op_add(c, (struct sl_op){
					      .op = or ? SL_OP_OR : SL_OP_AND, .a = a, .b = b });
		first = false;
	}
	return first ? failed(c, "NOT_EVALUABLE", "Nothing in it can be seen.") : a;
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
		kept[i].a = (uint16_t)(kept[i].a - from);
		kept[i].b = (uint16_t)(kept[i].b - from);
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
		return failed(c, "TOO_COMPLEX", "More than 16 observations are not joined.");
	size_t from = c->ops, first = c->leaves;
	bool message = families_of(w) != 0, own = w->kind == SL_NODE_OBSERVATION;
	if (own && !message && !c->failed)
		return failed(c, "NEVER_TOGETHER",
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

static uint16_t across(struct compile *c, const struct twig *w);

static uint16_t joined(struct compile *c, const struct twig *w)
{
	uint16_t op = w->kind == SL_NODE_FOLLOWED			    ? SL_OP_FOLLOWED
		      : w->kind == SL_NODE_EITHER || w->kind == SL_NODE_ANY ? SL_OP_OR
									    : SL_OP_AND;
	bool first = true;
	uint16_t a = 0;
	for (const struct twig *k = w->child; k != NULL; k = k->next) {
		if (skipped(k))
			continue;
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
		c->within = true;
		a = across(c, w->child);
		return op_add(c,
			(struct sl_op){ .op = SL_OP_WITHIN,
				.a = a,
				.number = n->seconds < 1e9 ? (uint64_t)(n->seconds * 1e9)
							   : UINT64_C(1000000000) * 1000000000 });
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
		return failed(c, "NOT_EVALUABLE",
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

/* The type of an indicator that is a tree: that of the first value in it. */
static enum sl_type first_type(const struct compile *c, size_t first)
{
	const struct sl_intel *set = c->t->r->set;
	return set->count > first ? (enum sl_type)set->items[first].type : SL_TYPE_NONE;
}

static int whole_add(struct compile *c, const struct twig *branch, struct sl_indicator *whole)
{
	struct sl_intel *set = c->t->r->set;
	size_t first = set->count;
	struct sl_detection d = { 0 };
	d.scope = (uint8_t)branch_scope(branch);
	d.same_allowed = loose(branch);
	uint16_t root = across(c, branch);
	bool several = c->expressions > 1 || d.scope == SL_SCOPE_HOST;
	if (several && !c->within && !c->failed)
		root = op_add(c, (struct sl_op){ .op = SL_OP_WITHIN,
					 .a = root,
					 .number = d.same_allowed ? HOUR_NS : DAY_NS });
	if (joins(c) > SL_JOINS_MAX)
		failed(c, "TOO_COMPLEX", "More than 1,024 observations are not joined.");
	if (c->failed || c->rc < 0) {
		set->count = first;
		return c->rc;
	}
	d.scope = several ? SL_SCOPE_HOST : c->expression[0].scope;
	d.ops = (uint16_t)(several ? c->ops : 0);
	d.op = several ? ops_keep(c, 0) : NULL;
	d.indicator = (uint32_t)set->count;
	whole->type = (uint8_t)first_type(c, first);
	whole->detection = c->detection;
	int rc = set_add(set, whole);
	if (rc == 0)
		rc = detection_keep(c, &d);
	if (rc < 0)
		set->count = first;
	return rc;
}

static void tell_armed(
	struct compile *c, const struct twig *branch, const struct sl_indicator *whole)
{
	struct reading *r = c->t->r;
	if (!r->o->tell_all && !whole->quiet) {
		r->set->sources[r->source].count[SL_ARMED]++;
		return;
	}
	struct sl_finding f = { .line = c->t->meta->line,
		.id = whole->id,
		.verdict = whole->quiet ? SL_QUIET : SL_ARMED,
		.code = whole->quiet ? "QUIET" : "",
		.reason = whole->quiet_reason,
		.part = whole->value,
		.scope = scope_text(branch_scope(branch)) };
	reading_tell(r, &f);
}

int branch_compile(struct tree *t, const struct twig *branch, const char *part,
	const char *quiet_reason, struct fault *why)
{
	static _Thread_local struct compile c;
	static _Thread_local char text[65536];
	struct sl_intel *set = t->r->set;
	struct sl_indicator whole;
	int rc;
	if (part == NULL)
		sl_pattern_text(
			branch->node, branch_scope(branch) != SL_SCOPE_HOST, text, sizeof(text));
	if (!draft_detection(t->r, t->meta, part != NULL ? part : text, &whole, why, &rc))
		return 1;
	if (part != NULL)
		whole.part = whole.value;
	whole.quiet = quiet_reason != NULL;
	whole.quiet_reason = quiet_reason != NULL ? sl_arena_intern(set->arena, quiet_reason,
							    strlen(quiet_reason))
						  : "";
	if (rc < 0 || whole.quiet_reason == NULL)
		return rc < 0 ? rc : -ENOMEM;
	c = (struct compile){ .t = t,
		.a = set->arena,
		.why = why,
		.whole = &whole,
		.detection = (uint32_t)set->detection_count + 1 };
	rc = whole_add(&c, branch, &whole);
	if (rc < 0)
		return rc;
	if (c.failed)
		return 1;
	tell_armed(&c, branch, &whole);
	return 0;
}
