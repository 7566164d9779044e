/* SPDX-License-Identifier: BSD-3-Clause */
/* supply.c - whether there are observations enough, each serving one demand only: a flow from
 * observations (number_observed each) to demands, by shortest augmenting paths (Edmonds and Karp,
 * 1972). Control threads. */
#include <errno.h>
#include <string.h>

#include "truth.h"

#define NOBODY UINT32_MAX

struct supply {
	struct truth *t;
	const struct demand *demand;
	size_t demands, n;
	uint32_t root; /* the demand that lacks one */
	uint32_t *free; /* by observation: how often it is still there */
	uint32_t *given; /* by demand, by observation */
	uint32_t *reached; /* by observation: the demand from which it was, or NOBODY */
	uint32_t *through; /* by demand: the observation from which it was, or NOBODY */
	uint32_t *queue;
};

bool supply_fits(const struct observation *o, bool eligible, uint32_t low, uint32_t high)
{
	uint32_t at = o->begin > low ? o->begin : low;
	return eligible && at <= o->end && at < high;
}

static bool fits(const struct supply *s, size_t d, size_t i)
{
	const struct demand *m = &s->demand[d];
	return supply_fits(&s->t->seen[i], m->eligible[i], m->low, m->high);
}

/* What is free goes first; what lacks is *left. */
static void give_free(struct supply *s, size_t d, uint64_t *left)
{
	for (size_t i = 0; i<s->n && * left> 0; i++) {
		if (s->free[i] == 0 || !fits(s, d, i))
			continue;
		uint32_t take = s->free[i] < *left ? s->free[i] : (uint32_t)*left;
		s->free[i] -= take;
		s->given[d * s->n + i] += take;
		*left -= take;
	}
}

/* One observation goes from its demand to the next, back to the one that lacks it. */
static void shift(struct supply *s, size_t i)
{
	s->free[i]--;
	for (;;) {
		uint32_t d = s->reached[i];
		s->given[d * s->n + i]++;
		if (s->through[d] == NOBODY)
			return;
		i = s->through[d];
		s->given[d * s->n + i]--;
	}
}

static bool visit(struct supply *s, uint32_t d, size_t *tail)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->reached[i] != NOBODY || !fits(s, d, i))
			continue;
		s->reached[i] = d;
		if (s->free[i] > 0) {
			shift(s, i);
			return true;
		}
		if (!truth_spend(s->t, s->demands))
			return false;
		for (uint32_t e = 0; e < s->demands; e++) {
			if (s->given[e * s->n + i] == 0 || s->through[e] != NOBODY || e == s->root)
				continue;
			s->through[e] = (uint32_t)i;
			s->queue[(*tail)++] = e;
		}
	}
	return false;
}

static bool augment(struct supply *s, uint32_t d)
{
	size_t head = 0, tail = 0;
	memset(s->reached, 0xff, s->n * sizeof(*s->reached));
	memset(s->through, 0xff, s->demands * sizeof(*s->through));
	s->queue[tail++] = s->root = d;
	while (head < tail) {
		uint32_t at = s->queue[head++];
		if (!truth_spend(s->t, s->n + s->demands))
			return false;
		if (visit(s, at, &tail))
			return true;
	}
	return false;
}

/* One piece of memory that is used again for the next flow. */
static bool supply_room(struct supply *s)
{
	struct truth *t = s->t;
	if (s->demands > WORK_MAX / (s->n + 2))
		return truth_spend(t, UINT64_MAX);
	size_t words = s->n * (2 + s->demands) + 2 * s->demands;
	if (!truth_spend(t, words))
		return false;
	if (!scratch_room(&t->supply, words * sizeof(uint32_t)))
		return truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	s->free = (uint32_t *)(void *)t->supply.p;
	s->reached = s->free + s->n;
	s->given = s->reached + s->n;
	s->through = s->given + s->n * s->demands;
	s->queue = s->through + s->demands;
	memset(s->given, 0, s->n * s->demands * sizeof(*s->given));
	return true;
}

bool supply_suffices(
	struct truth *t, const struct demand *demand, size_t demands, const uint32_t *used)
{
	struct supply s = { .t = t, .demand = demand, .demands = demands, .n = t->observations };
	if (demands == 0)
		return true;
	if (!supply_room(&s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		s.free[i] = t->seen[i].times - used[i];
	for (uint32_t d = 0; d < demands; d++) {
		uint64_t left = demand[d].times;
		if (!truth_spend(t, s.n))
			return false;
		give_free(&s, d, &left);
		for (; left > 0; left--)
			if (!augment(&s, d))
				return false;
	}
	return true;
}
