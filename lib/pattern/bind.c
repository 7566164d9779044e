/* SPDX-License-Identifier: BSD-3-Clause */
/* bind.c - whether different observations can be found for all of a tree: its goals one after the
 * other, going back where a choice leads nowhere. What is chosen is the side of an OR, where a
 * window opens, and which observations stand before a FOLLOWEDBY; all others are found at once by a
 * flow (supply.c). Two bounds that cost little cut off most of what leads nowhere; the rest ends at
 * the cap on work. An observation that lasted took place at one moment of its span, the earliest
 * that serves. Control threads. */
#include <errno.h>
#include <string.h>

#include "truth.h"
#include "words.h"

#define NEVER UINT32_MAX
#define CHOICES_MAX 2000 /* choices that hang on each other: C's stack */

/* What stands before a FOLLOWEDBY: when the last of it took place. */
struct order {
	uint32_t latest;
	struct order *outer;
};

/* Something that is still to be found, and what comes behind it. */
struct goal {
	const struct part *part; /* FOLLOWED under way: the next of its children */
	bool under_way;
	uint32_t low, high; /* when it may take place */
	size_t from; /* LEAF: the first observation that may serve; WITHIN, and REPEATS of one:
			where the window may open */
	uint64_t times; /* LEAF, REPEATS: how often yet */
	struct order *order; /* what it is a part of, or NULL */
	const struct order *before; /* FOLLOWED under way: what was found last */
	struct goal *again; /* WITHIN that repeats: the others, whose windows open no sooner */
	const struct goal *next;
};

struct bind {
	struct truth *t;
	struct plan plan;
	struct demand *demand; /* what the flow has to find */
	size_t demands, room;
	uint32_t *used; /* by observation */
	uint64_t supply; /* observations in all */
	unsigned choices;
};

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- Demands ---- */

static bool demand(
	struct bind *s, const struct part *leaf, uint32_t low, uint32_t high, uint64_t times)
{
	if (s->demands == s->room) {
		size_t more = s->room ? s->room * 2 : 16;
		struct demand *wider = truth_take(s->t, more, sizeof(*wider));
		if (wider == NULL)
			return false;
		if (s->demands)
			memcpy(wider, s->demand, s->demands * sizeof(*wider));
		s->demand = wider;
		s->room = more;
	}
	struct demand *last = s->demands ? &s->demand[s->demands - 1] : NULL;
	if (last != NULL && last->eligible == leaf->eligible && last->low == low &&
		last->high == high && last->times <= UINT64_MAX - times) {
		last->times += times;
		return true;
	}
	s->demand[s->demands++] = (struct demand){ leaf->eligible, low, high, times };
	return true;
}

/* ---- Bounds ---- */

static uint32_t earliest(struct bind *s, const struct part *p, uint32_t low, uint32_t high);

static uint32_t earliest_leaf(struct bind *s, const struct part *p, uint32_t low, uint32_t high)
{
	uint64_t found = 0;
	if (!truth_spend(s->t, s->t->observations))
		return NEVER;
	for (size_t i = 0; i < s->t->observations; i++) {
		const struct observation *o = &s->t->seen[i];
		if (!supply_fits(o, p->eligible[i], low, high))
			continue;
		found += o->times - s->used[i];
		if (found >= p->times)
			return later(low, o->begin);
	}
	return NEVER;
}

static uint32_t earliest_window(struct bind *s, const struct part *p, uint32_t low, uint32_t high)
{
	uint32_t best = NEVER;
	for (uint32_t open = low; open < sooner(high, s->plan.times); open++) {
		if (!p->opens[open] && open != low)
			continue;
		uint32_t end = plan_window_end(&s->plan, open, p->window_ns);
		best = sooner(best, earliest(s, p->child, open, sooner(high, end)));
		if (best != NEVER || !truth_spend(s->t, 8))
			break;
	}
	return best;
}

/* When all of it can have taken place at the soonest, were every observation there for each part;
 * NEVER where not even then. */
static uint32_t earliest(struct bind *s, const struct part *p, uint32_t low, uint32_t high)
{
	uint32_t at = p->kind == PART_EITHER ? NEVER : low;
	switch (p->kind) {
	case PART_LEAF:
		return earliest_leaf(s, p, low, high);
	case PART_WITHIN:
		return earliest_window(s, p, low, high);
	case PART_BETWEEN:
		return earliest(s, p->child, later(low, p->low), sooner(high, p->high));
	default:
		break;
	}
	for (const struct part *c = p->child; c != NULL; c = c->next) {
		bool chain = p->kind == PART_FOLLOWED && at != NEVER;
		uint32_t one = earliest(s, c, chain ? at : low, high);
		at = p->kind == PART_EITHER ? sooner(at, one) : later(at, one);
	}
	return at;
}

/* What cannot be done without, whatever is chosen. */
static bool demand_all(
	struct bind *s, const struct part *p, uint32_t low, uint32_t high, uint64_t times)
{
	if (p->kind == PART_EITHER)
		return true;
	if (p->kind == PART_BETWEEN) {
		low = later(low, p->low);
		high = sooner(high, p->high);
	}
	if (__builtin_mul_overflow(times, p->times ? p->times : 1, &times))
		times = UINT64_MAX;
	if (p->kind == PART_LEAF)
		return demand(s, p, low, high, times);
	for (const struct part *c = p->child; c != NULL; c = c->next)
		if (!demand_all(s, c, low, high, times))
			return false;
	return true;
}

/* Whether p, and what follows it among its siblings, may be there beside what is found and demanded
 * already: false is certain, true is not. */
static bool plausible(struct bind *s, const struct part *p, uint32_t low, uint32_t high)
{
	size_t mark = s->demands;
	uint64_t times = mark ? s->demand[mark - 1].times : 0;
	uint32_t at = low;
	bool good = true;
	for (; p != NULL && good; p = p->next) {
		at = earliest(s, p, at, high);
		good = at != NEVER && demand_all(s, p, low, high, 1);
	}
	good = good && supply_suffices(s->t, s->demand, s->demands, s->used);
	s->demands = mark;
	if (mark)
		s->demand[mark - 1].times = times;
	return good;
}

/* ---- Goals ---- */

static bool solve(struct bind *s, const struct goal *g);

static struct goal *goal(
	struct bind *s, const struct goal *like, const struct part *part, const struct goal *next)
{
	struct goal *g = truth_take(s->t, 1, sizeof(*g));
	if (g == NULL)
		return NULL;
	*g = *like;
	g->part = part;
	g->under_way = false;
	g->times = part != NULL ? part->times : 0;
	g->from = 0;
	g->before = NULL;
	g->again = NULL;
	g->next = next;
	return g;
}

/* An observation that stands before others: each that can, the soonest first. */
static bool choose(struct bind *s, const struct goal *g)
{
	uint32_t kept[DEPTH_MAX + 1];
	struct goal *again = NULL;
	if (g->times > s->supply)
		return false;
	if (g->times > 1) {
		again = goal(s, g, g->part, g->next);
		if (again == NULL)
			return false;
		again->times = g->times - 1;
	}
	for (size_t i = g->from; i < s->t->observations && truth_spend(s->t, 1); i++) {
		const struct observation *o = &s->t->seen[i];
		size_t depth = 0;
		if (s->used[i] == o->times ||
			!supply_fits(o, g->part->eligible[i], g->low, g->high))
			continue;
		for (struct order *r = g->order; r != NULL; r = r->outer) {
			if (depth > DEPTH_MAX)
				return truth_spend(s->t, UINT64_MAX);
			kept[depth++] = r->latest;
			r->latest = later(r->latest, later(g->low, o->begin));
		}
		s->used[i]++;
		if (again != NULL)
			again->from = i;
		bool found = solve(s, again != NULL ? again : g->next);
		s->used[i]--;
		depth = 0;
		for (struct order *r = g->order; r != NULL; r = r->outer)
			r->latest = kept[depth++];
		if (found)
			return true;
	}
	return false;
}

static bool choose_side(struct bind *s, const struct goal *g)
{
	for (const struct part *c = g->part->child; c != NULL; c = c->next) {
		struct goal *side = goal(s, g, c, g->next);
		if (side == NULL)
			return false;
		if (solve(s, side))
			return true;
	}
	return false;
}

static bool choose_window(struct bind *s, const struct goal *g)
{
	const struct part *p = g->part;
	for (uint32_t open = later(g->low, (uint32_t)g->from);
		open < sooner(g->high, s->plan.times); open++) {
		if (!truth_spend(s->t, 1))
			return false;
		if (!p->opens[open] && open != g->low)
			continue;
		uint32_t end = sooner(g->high, plan_window_end(&s->plan, open, p->window_ns));
		if (!plausible(s, p->child, open, end))
			continue;
		struct goal *in = goal(s, g, p->child, g->next);
		if (in == NULL)
			return false;
		in->low = open;
		in->high = end;
		if (g->again != NULL)
			g->again->from = open;
		if (solve(s, in))
			return true;
	}
	return false;
}

static const struct goal *all_goals(struct bind *s, const struct goal *g)
{
	const struct goal *first = g->next;
	struct goal **at = NULL, *one;
	for (const struct part *c = g->part->child; c != NULL; c = c->next) {
		one = goal(s, g, c, g->next);
		if (one == NULL)
			return NULL;
		if (at == NULL)
			first = one;
		else
			*at = one;
		at = (struct goal **)(void *)&one->next;
	}
	return first;
}

/* The next child of a FOLLOWEDBY, not before what was found of it; the last is bound to no order of
 * its own. NULL: it can't be. */
static const struct goal *follow(struct bind *s, const struct goal *g)
{
	const struct part *c = g->under_way ? g->part : g->part->child;
	uint32_t low = g->before != NULL ? later(g->low, g->before->latest) : g->low;
	if (g->before != NULL && !plausible(s, c, low, g->high))
		return NULL;
	struct goal *rest = NULL, *child = goal(s, g, c, g->next);
	if (child == NULL)
		return NULL;
	child->low = low;
	if (c->next == NULL)
		return child;
	rest = goal(s, g, c->next, g->next);
	struct order *order = truth_take(s->t, 1, sizeof(*order));
	if (rest == NULL || order == NULL)
		return NULL;
	*order = (struct order){ low, g->order };
	rest->under_way = true;
	rest->before = order;
	child->order = order;
	child->next = rest;
	return child;
}

static const struct goal *repeat(struct bind *s, const struct goal *g)
{
	struct goal *again = NULL;
	if (g->times > s->supply)
		return NULL;
	if (g->times > 1) {
		again = goal(s, g, g->part, g->next);
		if (again == NULL)
			return NULL;
		again->times = g->times - 1;
	}
	struct goal *one = goal(s, g, g->part->child, again != NULL ? again : g->next);
	if (one != NULL && one->part->kind == PART_WITHIN) {
		one->from = g->from;
		one->again = again;
	}
	return one;
}

/* One that asks for no choice: what is to be found instead. NULL: it can't be. */
static const struct goal *opened(struct bind *s, const struct goal *g)
{
	struct goal *child;
	if (g->under_way || g->part->kind == PART_FOLLOWED)
		return follow(s, g);
	if (g->part->kind == PART_REPEATS)
		return repeat(s, g);
	if (g->part->kind == PART_ALL)
		return all_goals(s, g);
	child = goal(s, g, g->part->child, g->next);
	if (child == NULL)
		return NULL;
	child->low = later(g->low, g->part->low);
	child->high = sooner(g->high, g->part->high);
	return child;
}

static bool advance(struct bind *s, const struct goal *g)
{
	while (g != NULL) {
		if (!truth_spend(s->t, 1))
			return false;
		bool leaf = !g->under_way && g->part->kind == PART_LEAF;
		if (leaf && g->order != NULL)
			return choose(s, g);
		if (!g->under_way && g->part->kind == PART_EITHER)
			return choose_side(s, g);
		if (!g->under_way && g->part->kind == PART_WITHIN)
			return choose_window(s, g);
		if (leaf && !demand(s, g->part, g->low, g->high, g->times))
			return false;
		g = leaf ? g->next : opened(s, g);
		if (g == NULL && !leaf)
			return false;
	}
	return supply_suffices(s->t, s->demand, s->demands, s->used);
}

static bool solve(struct bind *s, const struct goal *g)
{
	size_t demands = s->demands;
	uint64_t times = demands ? s->demand[demands - 1].times : 0;
	if (s->choices == CHOICES_MAX)
		return truth_spend(s->t, UINT64_MAX);
	s->choices++;
	bool found = advance(s, g);
	s->choices--;
	/* What was added is gone, also what was added to the last. */
	s->demands = demands;
	if (demands)
		s->demand[demands - 1].times = times;
	return found;
}

bool bind_holds(struct truth *t, const struct sl_node *root)
{
	struct bind s = { .t = t };
	if (!plan_make(t, root, &s.plan))
		return false;
	s.used = truth_take(t, t->observations, sizeof(*s.used));
	if (s.used == NULL)
		return false;
	for (size_t i = 0; i < t->observations; i++)
		s.supply += t->seen[i].times;
	struct goal whole = { .part = s.plan.root, .high = s.plan.times };
	whole.times = s.plan.root->times;
	return plausible(&s, s.plan.root, 0, s.plan.times) && solve(&s, &whole) && t->rc == 0;
}
