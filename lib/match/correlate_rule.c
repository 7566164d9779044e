/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_rule.c - a detection as the search wants it: a tree of slots to be filled with events,
 * and how long and how many of them are worth keeping. Publisher's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "correlator.h"
#include "ruleset.h"

#define HOUR_NS (UINT64_C(3600) * 1000000000)
#define DAY_NS (24 * HOUR_NS)
#define LINGER_NS (UINT64_C(600) * 1000000000) /* at least */
#define EVENTS_MAX 64
#define OPS_MAX 4096 /* that the compiler makes at most */

/* ---- From operations to nodes ---- */

struct making {
	const struct sl_detection *d;
	struct node node[NODES_MAX];
	uint16_t nodes;
	bool bad;
};

static uint16_t node_add(struct making *m, struct node n)
{
	if (m->nodes == NODES_MAX) {
		m->bad = true;
		return 0;
	}
	m->node[m->nodes] = n;
	return m->nodes++;
}

static bool plain_slot(const struct node *n)
{
	return n->kind == NODE_SLOT && n->times == 1;
}

static uint16_t either(struct making *m, uint16_t a, uint16_t b)
{
	if (!plain_slot(&m->node[a]) || !plain_slot(&m->node[b]))
		return node_add(m, (struct node){ .kind = NODE_OR, .a = a, .b = b });
	m->node[a].mask |= m->node[b].mask;
	return a;
}

static uint16_t repeated(struct making *m, uint16_t a, uint64_t times)
{
	struct node *n = &m->node[a];
	if (times <= 1)
		return a;
	if (times > SL_JOINS_MAX || (n->kind == NODE_SLOT && n->times * times > SL_JOINS_MAX)) {
		m->bad = true;
		return a;
	}
	if (n->kind != NODE_SLOT)
		return node_add(
			m, (struct node){ .kind = NODE_REPEATS, .a = a, .times = (uint32_t)times });
	n->times *= (uint32_t)times;
	return a;
}

/* `at`: the node of each earlier operation, NODE_NONE once something uses it. */
static uint16_t operand(struct making *m, uint16_t *at, uint16_t i, uint16_t of)
{
	if (of >= i || at[of] == NODE_NONE) {
		m->bad = true;
		return 0;
	}
	uint16_t node = at[of];
	at[of] = NODE_NONE;
	return node;
}

static uint16_t node_of(struct making *m, uint16_t *at, uint16_t i)
{
	const struct sl_op *op = &m->d->op[i];
	uint16_t a, b;
	switch (op->op) {
	case SL_OP_EXPRESSION:
		m->bad |= op->a >= m->d->expressions || op->a >= SL_EXPRESSIONS_MAX;
		return node_add(m, (struct node){ .kind = NODE_SLOT,
					   .mask = (uint16_t)(1u << (op->a & 15)),
					   .times = 1 });
	case SL_OP_AND:
	case SL_OP_OR:
	case SL_OP_FOLLOWED:
		a = operand(m, at, i, op->a);
		b = operand(m, at, i, op->b);
		if (op->op == SL_OP_OR)
			return m->bad ? 0 : either(m, a, b);
		return node_add(
			m, (struct node){ .kind = op->op == SL_OP_AND ? NODE_AND : NODE_FOLLOWED,
				   .a = a,
				   .b = b });
	case SL_OP_WITHIN:
		a = operand(m, at, i, op->a);
		return node_add(m, (struct node){ .kind = NODE_WITHIN, .a = a, .to = op->number });
	case SL_OP_REPEATS:
		a = operand(m, at, i, op->a);
		return m->bad ? 0 : repeated(m, a, op->number);
	case SL_OP_START_STOP:
		a = operand(m, at, i, op->a);
		return node_add(m, (struct node){ .kind = NODE_BETWEEN,
					   .a = a,
					   .from = op->number,
					   .to = op->number2 });
	default:
		m->bad = true;
		return 0;
	}
}

static uint16_t nodes_make(struct making *m)
{
	uint16_t at[OPS_MAX], root = 0;
	if (m->d->ops == 0 || m->d->ops > OPS_MAX)
		m->bad = true;
	for (uint16_t i = 0; i < m->d->ops && !m->bad; i++)
		root = at[i] = node_of(m, at, i);
	return root;
}

/* ---- What follows from the nodes ---- */

/* The longest time between two events of a binding, and no event: UINT64_MAX. */
static uint64_t span_of(const struct node *all, uint16_t i)
{
	const struct node *n = &all[i];
	uint64_t a, b;
	switch ((enum node_kind)n->kind) {
	case NODE_SLOT:
		return n->times == 1 ? 0 : UINT64_MAX;
	case NODE_OR:
		a = span_of(all, n->a);
		b = span_of(all, n->b);
		return a > b ? a : b;
	case NODE_WITHIN:
		a = span_of(all, n->a);
		return a < n->to ? a : n->to;
	case NODE_BETWEEN:
		a = span_of(all, n->a);
		b = n->to > n->from ? n->to - n->from : 0;
		return a < b ? a : b;
	default:
		return UINT64_MAX;
	}
}

static uint64_t joins_of(const struct node *all, uint16_t i)
{
	const struct node *n = &all[i];
	uint64_t a, b;
	switch ((enum node_kind)n->kind) {
	case NODE_SLOT:
		return n->times;
	case NODE_AND:
	case NODE_FOLLOWED:
		return joins_of(all, n->a) + joins_of(all, n->b);
	case NODE_OR:
		a = joins_of(all, n->a);
		b = joins_of(all, n->b);
		return a > b ? a : b;
	case NODE_REPEATS:
		a = joins_of(all, n->a);
		return a > SL_JOINS_MAX ? a : a * n->times;
	default:
		return joins_of(all, n->a);
	}
}

/* Sets parents and how many events each expression needs; gives the levels below. */
static uint16_t settle(struct rule *r, uint16_t i, uint16_t parent, uint64_t times)
{
	struct node *n = &r->node[i];
	uint16_t a = 0, b = 0;
	n->parent = parent;
	if (n->kind == NODE_SLOT) {
		uint64_t need = 2 * times * n->times;
		for (unsigned e = 0; e < SL_EXPRESSIONS_MAX; e++)
			if ((n->mask >> e & 1) && need > r->events_max[e])
				r->events_max[e] = (uint32_t)need;
		return 1;
	}
	times *= n->kind == NODE_REPEATS ? n->times : 1;
	a = settle(r, n->a, i, times);
	if (n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_FOLLOWED)
		b = settle(r, n->b, i, times);
	return (uint16_t)(1 + (a > b ? a : b));
}

/* An expression that is decided when its message or flow ends comes late by a flow's silence. */
static bool comes_late(const struct sl_detection *d)
{
	for (unsigned i = 0; i < d->expressions; i++) {
		const struct sl_expression *e = &d->expression[i];
		if (e->at_close || e->flow_numbers || e->flow_only)
			return true;
	}
	return false;
}

static void rule_fill(struct rule *r, struct making *m, const struct sl_correlator_options *o)
{
	const struct sl_detection *d = m->d;
	r->same_allowed = d->same_allowed;
	r->linger_ns = o->late_ns > LINGER_NS ? o->late_ns : LINGER_NS;
	r->delay_ns = o->slack_ns + (comes_late(d) ? o->late_ns : 0);
	for (unsigned e = 0; e < SL_EXPRESSIONS_MAX; e++)
		r->events_max[e] = o->max_events ? o->max_events : EVENTS_MAX;
	r->idle = m->bad || joins_of(m->node, r->root) > SL_JOINS_MAX;
	if (r->idle)
		return;
	memcpy(r->node, m->node, m->nodes * sizeof(m->node[0]));
	for (uint16_t i = 0; i < r->nodes; i++)
		r->node[i].parent = NODE_NONE; /* stays with what was merged into another */
	r->joins = (uint32_t)joins_of(r->node, r->root);
	r->horizon_ns = span_of(r->node, r->root);
	r->depth = settle(r, r->root, r->root, 1);
}

static struct rule *rule_new(const struct sl_ruleset *rs, uint32_t number, uint64_t identity,
	const struct sl_correlator_options *o)
{
	struct making m;
	m.d = sl_ruleset_detection(rs, number);
	m.nodes = 0;
	m.bad = false;
	uint16_t root = nodes_make(&m);
	if (!m.bad && span_of(m.node, root) == UINT64_MAX)
		root = node_add(&m, (struct node){ .kind = NODE_WITHIN,
					    .a = root,
					    .to = m.d->same_allowed ? HOUR_NS : DAY_NS });
	struct rule *r = calloc(1, sizeof(*r) + m.nodes * sizeof(m.node[0]));
	if (r == NULL)
		return NULL;
	r->rs = rs;
	r->detection = m.d;
	r->number = number;
	r->identity = identity;
	r->nodes = m.nodes;
	r->root = root;
	rule_fill(r, &m, o);
	return r;
}

/* ---- The table ---- */

int rules_init(struct rules *t)
{
	*t = (struct rules){ .mask = 255 };
	t->by_number = calloc(t->mask + 1, sizeof(struct rule *));
	t->by_identity = calloc(t->mask + 1, sizeof(struct rule *));
	if (t->by_number == NULL || t->by_identity == NULL)
		return -ENOMEM;
	return sl_hash_key_draw(&t->key) < 0 ? -EIO : 0;
}

static struct rule **number_slot(
	const struct rules *t, const struct sl_ruleset *rs, uint32_t number)
{
	return &t->by_number[sl_hash_u128(t->key, (uint64_t)(uintptr_t)rs, number) & t->mask];
}

static void unlink_number(struct rules *t, struct rule *r)
{
	struct rule **at = number_slot(t, r->rs, r->number);
	while (*at != r)
		at = &(*at)->by_number;
	*at = r->by_number;
}

static void link_number(struct rules *t, struct rule *r)
{
	struct rule **at = number_slot(t, r->rs, r->number);
	r->by_number = *at;
	*at = r;
}

void rules_bury(struct rules *t)
{
	for (struct rule **at = &t->dead, *r; (r = *at) != NULL;) {
		if (r->states > 0 || r->waiting > 0) {
			at = &r->by_number;
			continue;
		}
		*at = r->by_number;
		free(r);
	}
}

void rules_fini(struct rules *t)
{
	for (size_t i = 0; t->by_identity != NULL && i <= t->mask; i++) {
		for (struct rule *r = t->by_identity[i], *next; r != NULL; r = next) {
			next = r->by_identity;
			free(r);
		}
	}
	rules_bury(t);
	free(t->by_number);
	free(t->by_identity);
	*t = (struct rules){ 0 };
}

static void grow(struct rules *t)
{
	struct rules more = *t;
	more.mask = t->mask * 2 + 1;
	more.by_number = calloc(more.mask + 1, sizeof(struct rule *));
	more.by_identity = calloc(more.mask + 1, sizeof(struct rule *));
	if (more.by_number == NULL || more.by_identity == NULL) {
		free(more.by_number);
		free(more.by_identity);
		return;
	}
	for (size_t i = 0; i <= t->mask; i++) {
		for (struct rule *r = t->by_identity[i], *next; r != NULL; r = next) {
			next = r->by_identity;
			r->by_identity = more.by_identity[r->identity & more.mask];
			more.by_identity[r->identity & more.mask] = r;
			link_number(&more, r);
		}
	}
	free(t->by_number);
	free(t->by_identity);
	t->by_number = more.by_number;
	t->by_identity = more.by_identity;
	t->mask = more.mask;
}

static struct rule *find_identity(const struct rules *t, uint64_t identity,
	const struct sl_ruleset *rs, const struct sl_detection *d)
{
	struct rule *r = t->by_identity[identity & t->mask];
	while (r != NULL && !(r->identity == identity &&
				    detection_same(r->rs->base, r->detection, rs->base, d)))
		r = r->by_identity;
	return r;
}

static void rebind(struct rules *t, struct rule *r, const struct sl_ruleset *rs, uint32_t number)
{
	unlink_number(t, r);
	r->rs = rs;
	r->number = number;
	r->detection = sl_ruleset_detection(rs, number);
	link_number(t, r);
}

struct rule *rules_get(struct rules *t, const struct sl_ruleset *rs, uint32_t number,
	const struct sl_correlator_options *o)
{
	struct rule *r = *number_slot(t, rs, number);
	while (r != NULL && !(r->rs == rs && r->number == number))
		r = r->by_number;
	if (r != NULL)
		return r;
	/* A set follows another: what stays goes on under its number in the newer one. */
	const struct sl_detection *d = sl_ruleset_detection(rs, number);
	uint64_t identity = detection_hash(t->key, rs->base, d);
	r = find_identity(t, identity, rs, d);
	if (r != NULL && sl_ruleset_generation(rs) > sl_ruleset_generation(r->rs))
		rebind(t, r, rs, number);
	if (r != NULL)
		return r;
	r = rule_new(rs, number, identity, o);
	if (r == NULL)
		return NULL;
	if (t->count++ > t->mask)
		grow(t);
	r->by_identity = t->by_identity[identity & t->mask];
	t->by_identity[identity & t->mask] = r;
	link_number(t, r);
	return r;
}

static void kill(struct rules *t, struct rule *r, struct rule **at)
{
	*at = r->by_identity;
	unlink_number(t, r);
	t->count--;
	r->dead = true;
	r->by_number = t->dead;
	t->dead = r;
}

/* Sets of one base number their detections alike. */
static void retire_alike(
	struct rules *t, const struct sl_ruleset *old, const struct sl_ruleset *next)
{
	for (size_t i = 0; i <= t->mask; i++)
		for (struct rule *r = t->by_identity[i]; r != NULL; r = r->by_identity)
			if (r->rs == old)
				rebind(t, r, next, r->number);
}

void rules_retire(struct rules *t, const struct sl_ruleset *old, const struct sl_ruleset *next)
{
	if (next != NULL && next->base == old->base) {
		retire_alike(t, old, next);
		return;
	}
	size_t n = next != NULL ? sl_ruleset_detections(next) : 0;
	for (uint32_t i = 0; t->count > 0 && i < n; i++) {
		const struct sl_detection *d = sl_ruleset_detection(next, i);
		struct rule *r = find_identity(t, detection_hash(t->key, next->base, d), next, d);
		if (r != NULL && r->rs == old)
			rebind(t, r, next, i);
	}
	for (size_t i = 0; i <= t->mask; i++) {
		struct rule **at = &t->by_identity[i];
		while (*at != NULL) {
			if ((*at)->rs == old)
				kill(t, *at, at);
			else
				at = &(*at)->by_identity;
		}
	}
}
