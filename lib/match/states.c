/* SPDX-License-Identifier: BSD-3-Clause */
/* states.c - the pool of states. Worker, but for init and fini; states never used are never
 * touched. */
#include <errno.h>

#include <sightline/mem.h>

#include "ruleset.h"
#include "states.h"

int states_init(struct states *s, uint32_t count, struct sl_counters *counters)
{
	*s = (struct states){ .count = count, .fresh = 1, .counters = counters };
	s->at = sl_mem_map(((size_t)count + 1) * sizeof(*s->at));
	return s->at != NULL ? 0 : -ENOMEM;
}

void states_fini(struct states *s)
{
	if (s->at != NULL)
		sl_mem_unmap(s->at, ((size_t)s->count + 1) * sizeof(*s->at));
	s->at = NULL;
}

#include <sightline/hot.h>

/* Takes the last of the list off it; 0: the list is empty. */
static uint32_t oldest_take(struct states *s, struct sl_flow *f)
{
	uint32_t number = f->trees, before = 0;
	if (number == 0)
		return 0;
	for (; s->at[number].next != 0; number = s->at[number].next) {
		s->at[number].held--;
		before = number;
	}
	if (before != 0)
		s->at[before].next = 0;
	else
		f->trees = 0;
	f->unsure |= s->at[number].under_not;
	sl_count(s->counters, SL_C_TREE_STATES_EVICTED, 1);
	return number;
}

static uint32_t held(const struct states *s, const struct sl_flow *f)
{
	return f->trees != 0 ? s->at[f->trees].held : 0;
}

struct state *state_take(struct states *s, struct sl_flow *f, uint32_t detection, uint32_t message)
{
	uint32_t number = 0;
	if (held(s, f) < STATES_OF_FLOW) {
		number = s->unused;
		if (number != 0)
			s->unused = s->at[number].next;
		else if (s->fresh <= s->count)
			number = s->fresh++;
	}
	if (number == 0)
		number = oldest_take(s, f);
	if (number == 0) {
		sl_count(s->counters, SL_C_TREE_STATES_DENIED, 1);
		return NULL;
	}
	s->at[number] = (struct state){
		.next = f->trees, .detection = detection, .message = message, .held = held(s, f) + 1
	};
	f->trees = number;
	return &s->at[number];
}

void states_give(struct states *s, struct sl_flow *f,
	bool (*which)(const struct state *st, const void *arg), const void *arg)
{
	uint32_t *link = &f->trees;
	uint32_t left = 0;
	bool any = false;
	while (*link != 0) {
		uint32_t number = *link;
		struct state *st = &s->at[number];
		if (which != NULL && !which(st, arg)) {
			link = &st->next;
			left++;
			continue;
		}
		*link = st->next;
		st->next = s->unused;
		s->unused = number;
		any = true;
	}
	for (uint32_t at = f->trees, n = any ? left : 0; n > 0; at = s->at[at].next)
		s->at[at].held = n--;
}

static bool is_forgotten(const struct state *s, const void *arg)
{
	return s->detection == CARRY_NONE;
}

void states_carry(struct states *s, struct sl_flow *f, const struct sl_ruleset *rs)
{
	uint64_t forgotten = 0;
	if (f->generation >= rs->base->generation)
		return;
	for (uint32_t at = f->trees; at != 0; at = s->at[at].next) {
		struct state *st = &s->at[at];
		st->detection = carry_to(rs->base, f->generation, st->detection);
		if (st->detection != CARRY_NONE)
			continue;
		forgotten++;
		f->unsure |= st->under_not;
	}
	if (forgotten == 0)
		return;
	sl_count(s->counters, SL_C_TREE_STATES_FORGOTTEN, forgotten);
	states_give(s, f, is_forgotten, NULL);
}
