/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate.c - see correlate.h: what waits for its time, and what becomes of it then.
 * Publisher's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "correlator.h"

#define STATES_MAX 65536
#define MEMORY ((size_t)128 << 20)
#define WORK_MAX 200000

struct sl_correlator {
	struct sl_correlator_options o;
	struct rules rules;
	struct states states;
	struct search *search;
	struct event **heap; /* waiting, by due time and order */
	size_t waiting, heap_cap;
	uint64_t serial, clock_ns;
	struct sl_joined joined[SL_JOINED_MAX];
	size_t joins;
};

/* Tests and fuzzing make rooms small; nothing below works without one state. */
static void defaults(struct sl_correlator_options *o)
{
	o->max_states = o->max_states ? o->max_states : STATES_MAX;
	o->memory = o->memory ? o->memory : MEMORY;
	o->max_work = o->max_work ? o->max_work : WORK_MAX;
}

int sl_correlator_new(struct sl_correlator **out, const struct sl_correlator_options *o)
{
	if (o->counters == NULL || o->tell == NULL)
		return -EINVAL;
	struct sl_correlator *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->o = *o;
	defaults(&c->o);
	int rc = rules_init(&c->rules);
	rc = rc ? rc : states_begin(&c->states, c->o.max_states, o->counters);
	rc = rc ? rc : search_new(&c->search);
	if (rc < 0) {
		sl_correlator_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* ---- What waits ---- */

static bool before(const struct event *a, const struct event *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : event_order(a, b) < 0;
}

static int heap_add(struct sl_correlator *c, struct event *e)
{
	if (c->waiting == c->heap_cap) {
		size_t cap = c->heap_cap ? c->heap_cap * 2 : 1024;
		struct event **more = realloc(c->heap, cap * sizeof(struct event *));
		if (more == NULL)
			return -ENOMEM;
		c->heap = more;
		c->heap_cap = cap;
	}
	size_t at = c->waiting++;
	for (; at > 0 && before(e, c->heap[(at - 1) / 2]); at = (at - 1) / 2)
		c->heap[at] = c->heap[(at - 1) / 2];
	c->heap[at] = e;
	return 0;
}

static struct event *heap_pop(struct sl_correlator *c)
{
	struct event *first = c->heap[0], *e = c->heap[--c->waiting];
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < c->waiting; at = child) {
		if (child + 1 < c->waiting && before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!before(c->heap[child], e))
			break;
		c->heap[at] = c->heap[child];
	}
	c->heap[at] = e;
	first->rule->waiting--;
	return first;
}

/* ---- What is told ---- */

static void tell(struct sl_correlator *c, const struct state *s, struct event *last)
{
	const struct rule *rule = s->rule;
	c->joins = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->event[i]->bound)
			c->joins = sl_joined_add(
				c->joined, c->joins, &s->event[i]->r, rule->detection);
	struct sl_record *r = &last->r;
	r->kind = SL_REC_HIT;
	r->match = SL_MATCH_TREE;
	r->generation = sl_ruleset_generation(rule->rs);
	memcpy(r->tail, &rule->detection->indicator, sizeof(uint32_t));
	sl_count(c->o.counters, SL_C_CORRELATOR_TRUE, 1);
	c->o.tell(c->o.arg, r, rule->rs, c->joined, c->joins);
}

/* What was joined is used up, with all that the same observations satisfied. */
static void use_up(struct state *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct event *e = s->event[i];
		if (!e->bound)
			continue;
		e->bound = false;
		e->used = true;
		for (uint32_t k = 0; k < s->n; k++)
			s->event[k]->used |= s->event[k]->group == e->group;
	}
}

/* ---- Evaluation ---- */

static void host_of(
	const struct sl_correlator *c, const struct sl_record_flow *f, union sl_addr *host)
{
	bool responder = c->o.home != NULL && !sl_nets_has(c->o.home, &f->src, f->version) &&
			 sl_nets_has(c->o.home, &f->dst, f->version);
	*host = responder ? f->dst : f->src;
}

static void evaluate(struct sl_correlator *c, struct event *e)
{
	struct rule *rule = e->rule;
	union sl_addr host;
	if (rule->idle || rule->dead) {
		sl_count(c->o.counters,
			rule->dead ? SL_C_CORRELATOR_FORGOTTEN : SL_C_CORRELATOR_DROPPED, 1);
		event_free(&c->states, e);
		return;
	}
	host_of(c, &e->r.flow, &host);
	struct state *s = state_get(&c->states, rule, &host, e->r.flow.version, c->clock_ns);
	if (s == NULL) {
		sl_count(c->o.counters, SL_C_CORRELATOR_DROPPED, 1);
		event_free(&c->states, e);
		return;
	}
	if (!state_add(&c->states, s, e))
		return;
	int rc = search_run(c->search, s, e, c->o.max_work);
	sl_count(c->o.counters, SL_C_CORRELATOR_GAVE_UP, rc < 0);
	if (rc > 0) {
		tell(c, s, e);
		use_up(s);
	}
	event_strip(&c->states, s, e);
}

/* Memory: hosts of long ago go first; where only waiting is left, the first of that is taken. */
static void bound_memory(struct sl_correlator *c)
{
	while (c->states.bytes > c->o.memory) {
		if (c->states.count > 0) {
			states_evict(&c->states, c->clock_ns);
		} else {
			sl_count(c->o.counters, SL_C_CORRELATOR_EARLY, 1);
			evaluate(c, heap_pop(c));
		}
	}
}

int sl_correlator_take(
	struct sl_correlator *c, const struct sl_record *r, const struct sl_ruleset *rs)
{
	if (r->kind != SL_REC_EXPRESSION || r->indicator_count != 1 || r->where >= SL_WHERE_COUNT)
		return -EINVAL;
	struct sl_indicator i;
	sl_ruleset_indicator(rs, sl_record_indicators(r)[0], &i);
	const struct sl_detection *d =
		i.detection > 0 ? sl_ruleset_detection(rs, i.detection - 1) : NULL;
	if (d == NULL || d->scope != SL_SCOPE_HOST || r->expression >= d->expressions ||
		r->expression >= SL_EXPRESSIONS_MAX)
		return -EINVAL;
	struct rule *rule = rules_get(&c->rules, rs, i.detection - 1, &c->o);
	struct event *e = rule ? event_new(&c->states, rule, r, ++c->serial) : NULL;
	if (e == NULL)
		return -ENOMEM;
	if (heap_add(c, e) < 0) {
		event_free(&c->states, e);
		return -ENOMEM;
	}
	rule->waiting++;
	sl_count(c->o.counters, SL_C_CORRELATOR_EVENTS, 1);
	bound_memory(c);
	return 0;
}

void sl_correlator_clock(struct sl_correlator *c, uint64_t now_ns)
{
	if (now_ns <= c->clock_ns)
		return;
	c->clock_ns = now_ns;
	/* Strict: a worker may still tell of another packet of the same time. */
	while (c->waiting > 0 && c->heap[0]->due_ns < now_ns)
		evaluate(c, heap_pop(c));
	states_sweep(&c->states, now_ns);
}

/* ---- Ends ---- */

void sl_correlator_flush(struct sl_correlator *c)
{
	while (c->waiting > 0)
		evaluate(c, heap_pop(c));
	states_forget(&c->states, false);
	rules_bury(&c->rules);
	c->clock_ns = 0;
}

void sl_correlator_retire(
	struct sl_correlator *c, const struct sl_ruleset *old, const struct sl_ruleset *next)
{
	rules_retire(&c->rules, old, next);
	states_forget(&c->states, true);
	rules_bury(&c->rules);
}

void sl_correlator_free(struct sl_correlator *c)
{
	if (c == NULL)
		return;
	while (c->waiting > 0)
		event_free(&c->states, heap_pop(c));
	states_end(&c->states);
	rules_fini(&c->rules);
	search_free(c->search);
	free(c->heap);
	free(c);
}

size_t sl_correlator_states(const struct sl_correlator *c)
{
	return c->states.count;
}

size_t sl_correlator_events(const struct sl_correlator *c)
{
	return c->states.events;
}
