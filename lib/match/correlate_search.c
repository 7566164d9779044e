/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_search.c - whether the events of a state, with a new one among them, satisfy a rule.
 * Publisher's thread.
 *
 * Two steps. First the times alone: for each node the intervals [first, last] that bindings of it
 * can have, of which only those are kept that hold no other, since a shorter one is never worse for
 * WITHIN or FOLLOWEDBY. That is linear in events and nodes, and says no to nearly everything that
 * is not complete; it leaves out only that observations must differ. Then a search with that
 * condition: the new event is put into each slot that it may fill, and the others are tried from
 * the latest back. Its steps are counted and bounded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "correlator.h"

/* What the events inside a node have in common so far. */
struct scope {
	struct scope *up;
	uint64_t min, max; /* of those bound; none: UINT64_MAX and 0 */
	uint64_t window; /* max < min + window; UINT64_MAX: any */
	uint64_t from, to; /* [from, to) */
	const struct scope *before, *after; /* all of it is at or before, or after, all of that */
};

struct undo {
	struct scope *scope;
	uint64_t min, max;
};

/* What is left to do: a node, then the next. */
struct task {
	const struct task *next;
	struct scope *scope;
	uint16_t node;
	bool pinned; /* the new event is to be in it */
	uint32_t left; /* REPEATS and slots: copies still to come */
};

struct interval {
	uint64_t min, max;
};
/* Sorted by both ends. */
struct intervals {
	struct interval *at;
	size_t n;
};

struct search {
	const struct rule *rule;
	const struct state *s;
	struct event *last;
	uint32_t work;
	bool gave_up;
	bool path[NODES_MAX]; /* nodes above the slot that holds the new event, and it */
	struct event **bound;
	size_t bounds, bound_cap;
	struct undo *undo;
	size_t undos, undo_cap;
	struct interval *interval;
	size_t intervals, interval_cap;
};

int search_new(struct search **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? -ENOMEM : 0;
}

void search_free(struct search *x)
{
	if (x == NULL)
		return;
	free(x->bound);
	free(x->undo);
	free(x->interval);
	free(x);
}

static int room(void *list, size_t *cap, size_t need, size_t each)
{
	if (*cap >= need)
		return 0;
	void *more = realloc(*(void **)list, need * each);
	if (more == NULL)
		return -ENOMEM;
	*(void **)list = more;
	*cap = need;
	return 0;
}

/* ---- Times alone ---- */

static struct intervals intervals_begin(const struct search *x)
{
	return (struct intervals){ x->interval + x->intervals, 0 };
}

/* In order of their ends, larger beginnings first; keeps those that hold no other. */
static void interval_add(struct search *x, struct intervals *to, uint64_t min, uint64_t max)
{
	if (to->n > 0 && to->at[to->n - 1].min >= min)
		return;
	if (to->n > 0 && to->at[to->n - 1].max == max) {
		to->at[to->n - 1].min = min;
		return;
	}
	to->at[to->n++] = (struct interval){ min, max };
	x->intervals++;
}

static bool fits(const struct node *n, const struct event *e)
{
	return !e->used && (n->mask >> e->expression & 1);
}

static struct intervals slot_intervals(struct search *x, const struct node *n)
{
	struct intervals out = intervals_begin(x);
	const struct state *s = x->s;
	uint32_t first = 0, held = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (!fits(n, s->event[i]) || ++held < n->times)
			continue;
		while (!fits(n, s->event[first]))
			first++;
		interval_add(x, &out, s->event[first++]->r.ts_ns, s->event[i]->r.ts_ns);
	}
	return out;
}

/* For each end that a pair can have, the latest of both that is over by then. */
static struct intervals both_intervals(struct search *x, struct intervals a, struct intervals b)
{
	struct intervals out = intervals_begin(x);
	for (size_t i = 0, k = 0; i < a.n || k < b.n;) {
		bool left = k == b.n || (i < a.n && a.at[i].max <= b.at[k].max);
		uint64_t end = left ? a.at[i++].max : b.at[k++].max;
		if (i == 0 || k == 0)
			continue;
		uint64_t p = a.at[i - 1].min, q = b.at[k - 1].min;
		interval_add(x, &out, p < q ? p : q, end);
	}
	return out;
}

static struct intervals either_intervals(struct search *x, struct intervals a, struct intervals b)
{
	struct intervals out = intervals_begin(x);
	for (size_t i = 0, k = 0; i < a.n || k < b.n;) {
		bool left = k == b.n || (i < a.n && a.at[i].max <= b.at[k].max);
		struct interval v = left ? a.at[i++] : b.at[k++];
		interval_add(x, &out, v.min, v.max);
	}
	return out;
}

static struct intervals followed_intervals(struct search *x, struct intervals a, struct intervals b)
{
	struct intervals out = intervals_begin(x);
	for (size_t i = 0, k = 0; k < b.n; k++) {
		while (i < a.n && a.at[i].max <= b.at[k].min)
			i++;
		if (i > 0)
			interval_add(x, &out, a.at[i - 1].min, b.at[k].max);
	}
	return out;
}

static struct intervals within_intervals(struct search *x, const struct node *n, struct intervals a)
{
	struct intervals out = intervals_begin(x);
	for (size_t i = 0; i < a.n; i++)
		if (n->kind == NODE_WITHIN ? a.at[i].max - a.at[i].min < n->to
					   : a.at[i].min >= n->from && a.at[i].max < n->to)
			interval_add(x, &out, a.at[i].min, a.at[i].max);
	return out;
}

static struct intervals intervals_of(struct search *x, uint16_t i)
{
	const struct node *n = &x->rule->node[i];
	struct intervals a = { NULL, 0 }, b = { NULL, 0 };
	if (n->kind == NODE_SLOT)
		return slot_intervals(x, n);
	a = intervals_of(x, n->a);
	if (n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_FOLLOWED)
		b = intervals_of(x, n->b);
	switch ((enum node_kind)n->kind) {
	case NODE_AND:
		return both_intervals(x, a, b);
	case NODE_OR:
		return either_intervals(x, a, b);
	case NODE_FOLLOWED:
		return followed_intervals(x, a, b);
	case NODE_REPEATS:
		return a;
	default:
		return within_intervals(x, n, a);
	}
}

/* ---- Binding ---- */

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool in_scopes(const struct scope *c, uint64_t ts)
{
	for (; c != NULL; c = c->up) {
		if (ts < c->from || (ts >= c->to && c->to != UINT64_MAX))
			return false;
		if (c->min != UINT64_MAX && c->window != UINT64_MAX &&
			(apart(ts, c->min) >= c->window || apart(ts, c->max) >= c->window))
			return false;
		if (c->before != NULL && ts > c->before->min)
			return false;
		if (c->after != NULL && ts < c->after->max)
			return false;
	}
	return true;
}

static bool taken(const struct search *x, const struct event *e)
{
	if (e->bound)
		return true;
	for (size_t i = 0; !x->rule->same_allowed && i < x->bounds; i++)
		if (x->bound[i]->group == e->group)
			return true;
	return false;
}

static void bind(struct search *x, struct scope *c, struct event *e)
{
	e->bound = true;
	x->bound[x->bounds++] = e;
	for (; c != NULL; c = c->up) {
		x->undo[x->undos++] = (struct undo){ c, c->min, c->max };
		c->min = e->r.ts_ns < c->min ? e->r.ts_ns : c->min;
		c->max = e->r.ts_ns > c->max ? e->r.ts_ns : c->max;
	}
}

static void unbind(struct search *x, size_t undos)
{
	x->bound[--x->bounds]->bound = false;
	while (x->undos > undos) {
		const struct undo *u = &x->undo[--x->undos];
		u->scope->min = u->min;
		u->scope->max = u->max;
	}
}

/* ---- The search ---- */

static bool run(struct search *x, const struct task *t);

static bool spent(struct search *x)
{
	if (x->work == 0)
		x->gave_up = true;
	else
		x->work--;
	return x->gave_up;
}

/* Puts e, and then what is left, or takes it out again. */
static bool put(struct search *x, const struct task *t, struct event *e, uint32_t from);

/* A slot is filled from the latest event back; copies in falling order, as one order is enough. */
static bool fill(struct search *x, const struct task *t, uint32_t from)
{
	const struct node *n = &x->rule->node[t->node];
	for (uint32_t i = from; i-- > 0 && !x->gave_up;) {
		struct event *e = x->s->event[i];
		if (spent(x))
			return false;
		if (fits(n, e) && in_scopes(t->scope, e->r.ts_ns) && !taken(x, e) &&
			put(x, t, e, i))
			return true;
	}
	return false;
}

static bool put(struct search *x, const struct task *t, struct event *e, uint32_t from)
{
	size_t undos = x->undos;
	struct task rest = *t;
	rest.left--;
	rest.pinned = false;
	bind(x, t->scope, e);
	if (rest.left > 0 ? fill(x, &rest, from) : run(x, t->next))
		return true;
	unbind(x, undos);
	return false;
}

static bool slot(struct search *x, const struct task *t)
{
	struct task own = *t;
	own.left = x->rule->node[t->node].times;
	if (!t->pinned)
		return fill(x, &own, x->s->n);
	return in_scopes(t->scope, x->last->r.ts_ns) && !taken(x, x->last) &&
	       put(x, &own, x->last, x->s->n);
}

/* Two nodes, in two scopes; the one that holds the new event first, else the later one. */
static bool pair(
	struct search *x, const struct task *t, struct scope *scope_a, struct scope *scope_b)
{
	const struct node *n = &x->rule->node[t->node];
	bool in_a = t->pinned && x->path[n->a];
	struct task a = { .scope = scope_a, .node = n->a, .pinned = in_a };
	struct task b = { .scope = scope_b, .node = n->b, .pinned = t->pinned && !in_a };
	struct task *first = in_a ? &a : &b, *then = in_a ? &b : &a;
	first->next = then;
	then->next = t->next;
	return run(x, first);
}

static struct scope scope_in(struct scope *up)
{
	return (struct scope){
		.up = up, .min = UINT64_MAX, .window = UINT64_MAX, .to = UINT64_MAX
	};
}

static bool followed(struct search *x, const struct task *t)
{
	struct scope a = scope_in(t->scope), b = scope_in(t->scope);
	a.before = &b;
	b.after = &a;
	return pair(x, t, &a, &b);
}

static bool within(struct search *x, const struct task *t)
{
	const struct node *n = &x->rule->node[t->node];
	struct scope in = scope_in(t->scope);
	if (n->kind == NODE_WITHIN) {
		in.window = n->to;
	} else {
		in.from = n->from;
		in.to = n->to;
	}
	if (n->to == 0)
		return false;
	struct task child = *t;
	child.node = n->a;
	child.scope = &in;
	return run(x, &child);
}

static bool either(struct search *x, const struct task *t)
{
	const struct node *n = &x->rule->node[t->node];
	struct task child = *t;
	for (unsigned i = 0; i < 2; i++) {
		child.node = i == 0 ? n->a : n->b;
		if ((!t->pinned || x->path[child.node]) && run(x, &child))
			return true;
	}
	return false;
}

/* The first copy holds the new event: which one does makes no difference. */
static bool repeats(struct search *x, const struct task *t)
{
	const struct node *n = &x->rule->node[t->node];
	uint32_t left = t->left ? t->left : n->times;
	struct task rest = *t, child = *t;
	rest.left = left - 1;
	rest.pinned = false;
	child.node = n->a;
	child.left = 0;
	child.next = left > 1 ? &rest : t->next;
	return run(x, &child);
}

static bool run(struct search *x, const struct task *t)
{
	if (t == NULL)
		return true;
	if (spent(x))
		return false;
	switch ((enum node_kind)x->rule->node[t->node].kind) {
	case NODE_SLOT:
		return slot(x, t);
	case NODE_AND:
		return pair(x, t, t->scope, t->scope);
	case NODE_OR:
		return either(x, t);
	case NODE_FOLLOWED:
		return followed(x, t);
	case NODE_REPEATS:
		return repeats(x, t);
	case NODE_WITHIN:
	case NODE_BETWEEN:
		return within(x, t);
	}
	return false;
}

/* The new event in one slot, and so in all that stands above it. */
static bool pinned_in(struct search *x, uint16_t slot_node)
{
	const struct rule *r = x->rule;
	struct scope all = scope_in(NULL);
	struct task root = { .scope = &all, .node = r->root, .pinned = true };
	memset(x->path, 0, sizeof(x->path));
	for (uint16_t i = slot_node; !x->path[i]; i = r->node[i].parent)
		x->path[i] = true;
	x->bounds = x->undos = 0;
	return run(x, &root);
}

int search_run(struct search *x, const struct state *s, struct event *last, uint32_t max_work)
{
	const struct rule *r = s->rule;
	x->rule = r;
	x->s = s;
	x->last = last;
	x->work = max_work;
	x->gave_up = false;
	x->intervals = 0;
	if (room(&x->bound, &x->bound_cap, r->joins + 1, sizeof(*x->bound)) < 0 ||
		room(&x->undo, &x->undo_cap, (r->joins + 1) * ((size_t)r->depth + 1),
			sizeof(*x->undo)) < 0 ||
		room(&x->interval, &x->interval_cap, ((size_t)s->n * 2 + 1) * r->nodes,
			sizeof(*x->interval)) < 0)
		return -ENOMEM;
	if (intervals_of(x, r->root).n == 0)
		return 0;
	for (uint16_t i = 0; i < r->nodes && !x->gave_up; i++)
		if (r->node[i].kind == NODE_SLOT && (r->node[i].mask >> last->expression & 1) &&
			r->node[i].parent != NODE_NONE && pinned_in(x, i))
			return 1;
	return x->gave_up ? -E2BIG : 0;
}
