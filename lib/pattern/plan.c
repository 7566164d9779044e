/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c - the tree between observations made ready to be bound: which observations each [ ] is
 * true of, and all times as ranks, so that binding compares numbers. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"
#include "words.h"

/* ---- Times ---- */

static int time_order(const void *a, const void *b)
{
	return instant_order(a, b);
}

static int begin_order(const void *a, const void *b)
{
	const struct observation *x = a, *y = b;
	int cmp = instant_order(&x->first, &y->first);
	return cmp != 0 ? cmp : instant_order(&x->last, &y->last);
}

static uint32_t rank_of(const struct plan *p, const struct sl_instant *when)
{
	uint32_t low = 0, high = p->times;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (instant_order(&p->time[middle], when) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Nanoseconds between two; the most that can be told is some 584 years. */
static uint64_t elapsed(const struct sl_instant *from, const struct sl_instant *to)
{
	int64_t seconds = to->seconds - from->seconds;
	if (seconds > 18000000000)
		return UINT64_MAX - 1;
	return (uint64_t)seconds * 1000000000 + to->nanoseconds - from->nanoseconds;
}

uint32_t plan_window_end(const struct plan *p, uint32_t open, uint64_t window_ns)
{
	uint32_t low = open, high = p->times;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (sl_within(0, elapsed(&p->time[open], &p->time[middle]), window_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t count_bounds(const struct sl_node *n)
{
	size_t found = n->kind == SL_NODE_START_STOP ? 2 : 0;
	for (const struct sl_node *c = n->child; c != NULL; c = c->next)
		found += count_bounds(c);
	return found;
}

static void add_bounds(const struct sl_node *n, struct sl_instant **at)
{
	if (n->kind == SL_NODE_START_STOP) {
		*(*at)++ = n->start;
		*(*at)++ = n->stop;
	}
	for (const struct sl_node *c = n->child; c != NULL; c = c->next)
		add_bounds(c, at);
}

static bool rank_all(struct truth *t, const struct sl_node *root, struct plan *p)
{
	size_t all = 2 * t->observations + count_bounds(root), kept = 0;
	struct sl_instant *time = truth_take(t, all, sizeof(*time)), *at = time;
	if (time == NULL)
		return false;
	for (size_t i = 0; i < t->observations; i++) {
		*at++ = t->seen[i].first;
		*at++ = t->seen[i].last;
	}
	add_bounds(root, &at);
	if (all)
		qsort(time, all, sizeof(*time), time_order);
	for (size_t i = 0; i < all; i++)
		if (kept == 0 || instant_order(&time[kept - 1], &time[i]) != 0)
			time[kept++] = time[i];
	p->time = time;
	p->times = (uint32_t)kept;
	if (t->observations)
		qsort(t->seen, t->observations, sizeof(*t->seen), begin_order);
	for (size_t i = 0; i < t->observations; i++) {
		t->seen[i].begin = rank_of(p, &t->seen[i].first);
		t->seen[i].end = rank_of(p, &t->seen[i].last);
	}
	return true;
}

/* ---- Parts ---- */

struct making {
	struct truth *t;
	struct plan *plan;
};

static struct part *part(struct making *m, const struct sl_node *n);

static bool children(struct making *m, struct part *out, const struct sl_node *n)
{
	struct part **at = &out->child;
	for (const struct sl_node *c = n->child; c != NULL; c = c->next) {
		*at = part(m, c);
		if (*at == NULL)
			return false;
		at = &(*at)->next;
	}
	return out->child != NULL ||
	       truth_fail(m->t, -EBADMSG, n->at, "A composition has nothing in it.");
}

/* Where the first in a window may take place: when something in it begins, or ends; all others have
 * one of these beside them that serves as well, or better. */
static void mark_opens(struct making *m, const struct part *below, bool *opens)
{
	for (; below != NULL; below = below->next) {
		mark_opens(m, below->child, opens);
		if (below->kind == PART_BETWEEN)
			opens[below->low] = true;
		if (below->kind != PART_LEAF || !truth_spend(m->t, m->t->observations))
			continue;
		for (size_t i = 0; i < m->t->observations; i++) {
			opens[m->t->seen[i].begin] |= below->eligible[i];
			opens[m->t->seen[i].end] |= below->eligible[i];
		}
	}
}

static bool within(struct making *m, struct part *out, const struct sl_node *n)
{
	double ns = n->seconds * 1e9;
	out->window_ns = ns >= 1.8e19 ? UINT64_MAX : ns < 1 ? 1 : (uint64_t)(ns + 0.5);
	out->opens = truth_take(m->t, (size_t)m->plan->times + 1, sizeof(*out->opens));
	if (out->opens == NULL)
		return false;
	mark_opens(m, out->child, out->opens);
	return m->t->rc == 0;
}

/* One of several that are true of single observations: true of any of theirs. */
static void either_joined(struct making *m, struct part *out)
{
	for (const struct part *c = out->child; c != NULL; c = c->next)
		if (c->kind != PART_LEAF || c->times != 1)
			return;
	bool *all = out->child->eligible;
	for (const struct part *c = out->child->next; c != NULL; c = c->next)
		for (size_t i = 0; i < m->t->observations; i++)
			all[i] |= c->eligible[i];
	*out = (struct part){ .kind = PART_LEAF, .eligible = all, .times = 1 };
}

static void repeated(struct part *out, uint64_t times)
{
	struct part *child = out->child;
	out->times = times;
	if (child->kind != PART_LEAF)
		return;
	*out = *child;
	if (__builtin_mul_overflow(child->times, times, &out->times))
		out->times = UINT64_MAX;
}

static const struct {
	enum sl_node_kind node;
	enum part_kind part;
} kinds[] = {
	{ SL_NODE_OBSERVATION, PART_LEAF },
	{ SL_NODE_BOTH, PART_ALL },
	{ SL_NODE_EITHER, PART_EITHER },
	{ SL_NODE_FOLLOWED, PART_FOLLOWED },
	{ SL_NODE_WITHIN, PART_WITHIN },
	{ SL_NODE_REPEATS, PART_REPEATS },
	{ SL_NODE_START_STOP, PART_BETWEEN },
};

static bool part_fill(struct making *m, struct part *out, const struct sl_node *n)
{
	if (out->kind == PART_LEAF) {
		out->times = 1;
		out->eligible = inside_holds(m->t, n);
		return out->eligible != NULL;
	}
	if (!children(m, out, n))
		return false;
	if (out->kind == PART_WITHIN)
		return within(m, out, n);
	if (out->kind == PART_EITHER)
		either_joined(m, out);
	if (out->kind == PART_REPEATS)
		repeated(out, n->times);
	if (out->kind == PART_BETWEEN) {
		out->low = rank_of(m->plan, &n->start);
		out->high = rank_of(m->plan, &n->stop);
	}
	return true;
}

static struct part *part(struct making *m, const struct sl_node *n)
{
	struct part *out = truth_take(m->t, 1, sizeof(*out));
	size_t i = 0;
	while (i < sizeof(kinds) / sizeof(kinds[0]) && kinds[i].node != n->kind)
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		truth_fail(m->t, -EBADMSG, n->at, "A composition names no scope.");
	if (out == NULL || m->t->rc != 0)
		return NULL;
	out->kind = kinds[i].part;
	return part_fill(m, out, n) ? out : NULL;
}

bool plan_make(struct truth *t, const struct sl_node *root, struct plan *out)
{
	struct making m = { t, out };
	if (!rank_all(t, root, out))
		return false;
	out->root = part(&m, root);
	return out->root != NULL;
}
