/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_state.c - the events that one detection has of one host, in order, within bounds.
 * Publisher's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "correlator.h"

#define SWEEP_AT_ONCE 64

/* ---- Events ---- */

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct event *event_new(
	struct states *t, struct rule *rule, const struct sl_record *r, uint64_t serial)
{
	size_t tail =
		(size_t)4 * (r->indicator_count + r->matched_count) + r->value_len + r->said_len;
	size_t bytes = sizeof(struct event) + tail;
	struct event *e = malloc(bytes);
	if (e == NULL)
		return NULL;
	e->rule = rule;
	e->serial = serial;
	e->bytes = (uint32_t)bytes;
	e->group = 0;
	e->expression = (uint8_t)r->expression;
	e->used = e->bound = false;
	memcpy(&e->r, r, sizeof(*r) + tail);
	e->due_ns = plus(r->ts_ns, rule->delay_ns);
	t->events++;
	t->bytes += bytes;
	return e;
}

/* The context is told with the observation that completes something, once: here. */
void event_strip(struct states *t, struct state *s, struct event *e)
{
	if (e->r.said_len == 0)
		return;
	uint32_t at = 0, said = e->r.said_len;
	while (s->event[at] != e)
		at++;
	e->r.said_len = 0;
	e->bytes -= said;
	t->bytes -= said;
	struct event *less = realloc(e, e->bytes);
	if (less != NULL)
		s->event[at] = less;
}

void event_free(struct states *t, struct event *e)
{
	t->events--;
	t->bytes -= e->bytes;
	free(e);
}

static int number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int flow_order(const struct sl_record_flow *a, const struct sl_record_flow *b)
{
	int d = memcmp(a->src.b, b->src.b, sizeof(a->src.b));
	d = d ? d : memcmp(a->dst.b, b->dst.b, sizeof(a->dst.b));
	d = d ? d : number_order(a->sport, b->sport);
	d = d ? d : number_order(a->dport, b->dport);
	d = d ? d : number_order(a->proto, b->proto);
	return d ? d : number_order(a->first_ns, b->first_ns);
}

static int value_order(const struct sl_record *a, const struct sl_record *b)
{
	struct sl_span x = sl_record_value(a), y = sl_record_value(b);
	int d = number_order(x.len, y.len);
	return d || x.len == 0 ? d : memcmp(x.p, y.p, x.len);
}

int event_order(const struct event *a, const struct event *b)
{
	int d = number_order(a->r.ts_ns, b->r.ts_ns);
	d = d ? d : flow_order(&a->r.flow, &b->r.flow);
	d = d ? d : number_order(a->r.message, b->r.message);
	d = d ? d : number_order(a->expression, b->expression);
	d = d ? d : number_order(a->r.where, b->r.where);
	d = d ? d : value_order(&a->r, &b->r);
	return d ? d : number_order(a->serial, b->serial);
}

bool event_same_observation(const struct event *a, const struct event *b)
{
	return a->r.flow.id == b->r.flow.id && a->r.message == b->r.message;
}

/* ---- The table of states ---- */

int states_begin(struct states *t, uint32_t max, struct sl_counters *counters)
{
	*t = (struct states){ .cap = max, .counters = counters, .mask = 1023 };
	while (t->mask < max)
		t->mask = t->mask * 2 + 1;
	t->buckets = calloc(t->mask + 1, sizeof(struct state *));
	t->all = calloc(max, sizeof(struct state *));
	if (t->buckets == NULL || t->all == NULL)
		return -ENOMEM;
	return sl_hash_key_draw(&t->key) < 0 ? -EIO : 0;
}

void states_end(struct states *t)
{
	while (t->oldest != NULL)
		state_free(t, t->oldest);
	free(t->buckets);
	free(t->all);
}

static void list_out(struct states *t, struct state *s)
{
	if (s->older != NULL)
		s->older->newer = s->newer;
	else
		t->oldest = s->newer;
	if (s->newer != NULL)
		s->newer->older = s->older;
	else
		t->newest = s->older;
}

static void list_in(struct states *t, struct state *s)
{
	s->newer = NULL;
	s->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = s;
	t->newest = s;
}

/* Its own memory, which stays when its events go. */
static size_t state_bytes(const struct state *s)
{
	return sizeof(*s) + s->cap * sizeof(struct event *);
}

void state_free(struct states *t, struct state *s)
{
	struct state **at = &t->buckets[s->hash & t->mask];
	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	list_out(t, s);
	t->all[s->at] = t->all[--t->count];
	t->all[s->at]->at = s->at;
	for (uint32_t i = 0; i < s->n; i++)
		event_free(t, s->event[i]);
	t->bytes -= state_bytes(s);
	s->rule->states--;
	free(s->event);
	free(s);
}

static uint64_t lingering(const struct rule *r)
{
	return plus(r->horizon_ns, r->linger_ns);
}

static bool too_old(const struct state *s, uint64_t now_ns)
{
	uint64_t keep_ns = plus(lingering(s->rule), s->rule->delay_ns);
	return s->newest_ns < now_ns && now_ns - s->newest_ns > keep_ns;
}

void states_sweep(struct states *t, uint64_t now_ns)
{
	for (unsigned i = 0; i < SWEEP_AT_ONCE && t->count > 0; i++) {
		t->sweep = t->sweep + 1 < t->count ? t->sweep + 1 : 0;
		if (too_old(t->all[t->sweep], now_ns))
			state_free(t, t->all[t->sweep]);
	}
}

void states_evict(struct states *t, uint64_t now_ns)
{
	if (t->oldest == NULL)
		return;
	sl_count(t->counters, SL_C_CORRELATOR_EVICTED, !too_old(t->oldest, now_ns));
	state_free(t, t->oldest);
}

void states_forget(struct states *t, bool dead_only)
{
	for (struct state *s = t->oldest, *next; s != NULL; s = next) {
		next = s->newer;
		if (dead_only && !s->rule->dead)
			continue;
		if (dead_only)
			sl_count(t->counters, SL_C_CORRELATOR_FORGOTTEN, s->n);
		state_free(t, s);
	}
}

struct state *state_get(struct states *t, struct rule *rule, const union sl_addr *host,
	uint8_t version, uint64_t now_ns)
{
	uint64_t h = sl_hash_u128(t->key, (uint64_t)(uintptr_t)rule, version);
	h = sl_hash_u128(t->key, h ^ host->q[0], host->q[1]);
	struct state *s = t->buckets[h & t->mask];
	while (s != NULL && !(s->hash == h && s->rule == rule && s->version == version &&
				    memcmp(s->host.b, host->b, sizeof(host->b)) == 0))
		s = s->chain;
	if (s != NULL) {
		list_out(t, s);
		list_in(t, s);
		return s;
	}
	if (t->count == t->cap)
		states_evict(t, now_ns);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->rule = rule;
	s->host = *host;
	s->version = version;
	s->hash = h;
	s->chain = t->buckets[h & t->mask];
	t->buckets[h & t->mask] = s;
	s->at = t->count;
	t->all[t->count++] = s;
	list_in(t, s);
	rule->states++;
	t->bytes += state_bytes(s);
	sl_count(t->counters, SL_C_CORRELATOR_STATES, 1);
	return s;
}

/* ---- The events of one state ---- */

static void take_out(struct states *t, struct state *s, uint32_t at)
{
	event_free(t, s->event[at]);
	memmove(&s->event[at], &s->event[at + 1], (--s->n - at) * sizeof(struct event *));
}

static bool older_than(const struct event *e, uint64_t now_ns, uint64_t by_ns)
{
	return e->r.ts_ns < now_ns && now_ns - e->r.ts_ns >= by_ns;
}

/* What began a whole horizon before can't be joined any more. What was joined lingers, so that
 * nothing else of the same observation is. */
static void expire(struct states *t, struct state *s, uint64_t now_ns)
{
	uint64_t horizon_ns = s->rule->horizon_ns, linger_ns = lingering(s->rule);
	uint32_t kept = 0, i = 0;
	for (; i < s->n && older_than(s->event[i], now_ns, horizon_ns); i++) {
		struct event *e = s->event[i];
		if (e->used && !older_than(e, now_ns, linger_ns))
			s->event[kept++] = e;
		else
			event_free(t, e);
	}
	if (kept < i)
		memmove(s->event + kept, s->event + i, (s->n - i) * sizeof(struct event *));
	s->n -= i - kept;
}

/* At the bound of an expression the oldest goes, one that is used up before one that isn't. */
static void make_room(struct states *t, struct state *s, uint8_t expression)
{
	uint32_t n = 0, oldest = 0, oldest_used = UINT32_MAX;
	for (uint32_t i = s->n; i-- > 0;) {
		if (s->event[i]->expression != expression)
			continue;
		n++;
		oldest = i;
		if (s->event[i]->used)
			oldest_used = i;
	}
	if (n == 0 || n < s->rule->events_max[expression])
		return;
	sl_count(t->counters, SL_C_CORRELATOR_DROPPED, oldest_used == UINT32_MAX);
	take_out(t, s, oldest_used != UINT32_MAX ? oldest_used : oldest);
}

/* Whether the observation is news; gives it its group. */
static bool joins_group(struct state *s, struct event *e)
{
	e->group = UINT32_MAX;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct event *x = s->event[i];
		if (!event_same_observation(x, e))
			continue;
		if (x->expression == e->expression || x->used)
			return false;
		e->group = x->group;
	}
	if (e->group == UINT32_MAX)
		e->group = s->groups++;
	return true;
}

static bool room_for_one(struct states *t, struct state *s)
{
	if (s->n < s->cap)
		return true;
	uint32_t cap = s->cap ? s->cap * 2 : 4;
	struct event **more = realloc(s->event, cap * sizeof(struct event *));
	if (more == NULL)
		return false;
	s->event = more;
	t->bytes += (cap - s->cap) * sizeof(struct event *);
	s->cap = cap;
	return true;
}

bool state_add(struct states *t, struct state *s, struct event *e)
{
	if (s->newest_ns < e->r.ts_ns)
		s->newest_ns = e->r.ts_ns;
	expire(t, s, e->r.ts_ns);
	if (!joins_group(s, e)) {
		event_free(t, e);
		return false;
	}
	make_room(t, s, e->expression);
	if (!room_for_one(t, s)) {
		sl_count(t->counters, SL_C_CORRELATOR_DROPPED, 1);
		event_free(t, e);
		return false;
	}
	uint32_t at = s->n++;
	for (; at > 0 && event_order(s->event[at - 1], e) > 0; at--)
		s->event[at] = s->event[at - 1];
	s->event[at] = e;
	return true;
}
