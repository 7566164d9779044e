/* SPDX-License-Identifier: BSD-3-Clause */
/* end.c - how flows leave the table: timeout, close, eviction, flush; and how their records come
 * back. Worker. Every call does a bounded amount of work. */
#include "table.h"

#include <sightline/clock.h>
#include <sightline/prefetch.h>

#include <sightline/hot.h>

enum { SWEEP_LOOK = 32, FLUSH_AT_ONCE = SL_BURST, EVICT_CANDIDATES = 4, EVICT_LOOK = 16 };

/* One-sided traffic of more packets than a scan or an attempt is worth keeping. */
#define UNANSWERED_PACKETS 8

void list_append(struct sl_flow_table *t, struct list *l, struct sl_flow *f)
{
	f->prev = l->tail;
	f->next = NIL;
	if (l->tail == NIL)
		l->head = f->index;
	else
		t->flows[l->tail].next = f->index;
	l->tail = f->index;
}

void list_remove(struct sl_flow_table *t, struct list *l, struct sl_flow *f)
{
	if (f->prev == NIL)
		l->head = f->next;
	else
		t->flows[f->prev].next = f->next;
	if (f->next == NIL)
		l->tail = f->prev;
	else
		t->flows[f->next].prev = f->prev;
}

struct sl_flow *list_shift(struct sl_flow_table *t, struct list *l)
{
	if (l->head == NIL)
		return NULL;
	struct sl_flow *f = &t->flows[l->head];
	list_remove(t, l, f);
	return f;
}

/* The record used last is the next to be used again: its lines are the warmest. */
void vacant_push(struct sl_flow_table *t, struct sl_flow *f)
{
	f->next = t->vacant;
	t->vacant = f->index;
}

struct sl_flow *vacant_pop(struct sl_flow_table *t)
{
	if (t->vacant == NIL)
		return NULL;
	struct sl_flow *f = &t->flows[t->vacant];
	t->vacant = f->next;
	return f;
}

void flow_end(struct sl_flow_table *t, struct sl_flow *f, enum sl_flow_end why)
{
	static const uint8_t counter[] = {
		[SL_END_TIMEOUT] = SL_C_FLOWS_TIMEOUT,
		[SL_END_CLOSED] = SL_C_FLOWS_CLOSED,
		[SL_END_EVICTED] = SL_C_FLOWS_EVICTED,
		[SL_END_FLUSH] = SL_C_FLOWS_FLUSHED,
	};
	f->end = (uint8_t)why;
	sl_count(t->counters, counter[why], 1);
	if (t->homes != NULL)
		homes_prefetch(t->homes, f->hash);
	buckets_remove(&t->buckets, f->hash, f->index);
	list_remove(t, &t->open[f->rank], f);
	list_append(t, &t->ended, f);
	__atomic_store_n(&t->open_count, t->open_count - 1, __ATOMIC_RELAXED);
}

enum sl_flow_end flow_end_of(const struct sl_flow *f, enum sl_flow_end otherwise)
{
	return f->tcp_state == ST_TCP_CLOSED ? SL_END_CLOSED : otherwise;
}

static enum rank rank_of(const struct sl_flow *f)
{
	if (f->hit || f->parser != NULL)
		return RANK_VALUED;
	if (f->tcp_state == ST_TCP_CLOSED)
		return RANK_CLOSED;
	bool many = f->packets[0] + f->packets[1] > UNANSWERED_PACKETS;
	if (f->tcp_state == ST_TCP_SYN || f->tcp_state == ST_TCP_SYNACK ||
		(!many && (f->packets[0] == 0 || f->packets[1] == 0)))
		return RANK_UNANSWERED;
	return RANK_ORDINARY;
}

void flow_rank(struct sl_flow_table *t, struct sl_flow *f)
{
	list_remove(t, &t->open[f->rank], f);
	f->rank = rank_of(f) & 15;
	list_append(t, &t->open[f->rank], f);
}

/* The flow of this rank to be put out, or NULL. Of those nobody waits for it is the one that is
 * longest on the list; of the others the most silent of a few. What is looked at and stays goes to
 * the end, so that no flow in use stands in the way twice. */
static struct sl_flow *candidate(struct sl_flow_table *t, enum rank r)
{
	unsigned wanted = r >= RANK_ORDINARY ? EVICT_CANDIDATES : 1, seen = 0;
	struct sl_flow *best = NULL;
	for (unsigned i = 0; i < EVICT_LOOK && seen < wanted && t->open[r].head != NIL; i++) {
		struct sl_flow *f = &t->flows[t->open[r].head];
		if (f == best) /* once round */
			break;
		flow_rank(t, f);
		if (f->rank != r || f->burst == t->burst)
			continue;
		seen++;
		if (best == NULL || t->burst - f->burst > t->burst - best->burst)
			best = f;
	}
	return best;
}

bool flow_evict(struct sl_flow_table *t)
{
	static const uint8_t counter[RANK_COUNT] = {
		[RANK_UNANSWERED] = SL_C_EVICTED_UNANSWERED,
		[RANK_CLOSED] = SL_C_EVICTED_CLOSED,
		[RANK_ORDINARY] = SL_C_EVICTED_ORDINARY,
		[RANK_VALUED] = SL_C_EVICTED_VALUED,
	};
	for (unsigned r = 0; r < RANK_COUNT; r++) {
		struct sl_flow *f = candidate(t, (enum rank)r);
		if (f == NULL)
			continue;
		sl_count(t->counters, counter[r], 1);
		flow_end(t, f, flow_end_of(f, SL_END_EVICTED));
		return true;
	}
	return false;
}

/* The hand goes once round the records in a second of the clock at most: what it would find sooner
 * is too young to have ended. */
static bool sweep_due(struct sl_flow_table *t)
{
	if (t->sweep_hand < t->fresh)
		return true;
	if (t->fresh == 0 || t->clock_ns - t->sweep_circle_ns < SL_SECOND)
		return false;
	t->sweep_hand = 0;
	t->sweep_circle_ns = t->clock_ns;
	return true;
}

void sl_flow_sweep(struct sl_flow_table *t, uint64_t now_ns)
{
	clock_move(t, now_ns);
	if (!sweep_due(t))
		return;
	uint32_t to = t->fresh - t->sweep_hand < SWEEP_LOOK ? t->fresh : t->sweep_hand + SWEEP_LOOK;
	for (uint32_t i = t->sweep_hand; i < to; i++) {
		struct sl_flow *f = &t->flows[i];
		if (f->end == SL_END_OPEN && flow_is_silent(t, f))
			flow_end(t, f, flow_end_of(f, SL_END_TIMEOUT));
	}
	t->sweep_hand = to;
	if (to == t->fresh)
		t->swept_ns = t->sweep_circle_ns;
	for (uint32_t i = to; i < to + SWEEP_LOOK && i < t->fresh; i++)
		sl_prefetch(&t->flows[i]);
}

uint64_t sl_flow_swept(const struct sl_flow_table *t)
{
	return t->fresh > 0 ? t->swept_ns : t->clock_ns;
}

bool sl_flow_flush(struct sl_flow_table *t)
{
	for (unsigned n = 0; n < FLUSH_AT_ONCE && t->open_count > 0; t->flush_hand++) {
		struct sl_flow *f = &t->flows[t->flush_hand];
		if (f->end != SL_END_OPEN)
			continue;
		n++;
		bool silent = t->clock_ns > f->last_ns &&
			      t->clock_ns - f->last_ns > t->timeout_ns[f->tcp_state];
		flow_end(t, f, flow_end_of(f, silent ? SL_END_TIMEOUT : SL_END_FLUSH));
	}
	if (t->open_count > 0)
		return true;
	/* The next capture may be of an earlier time; nothing is left that knows of this one. */
	t->clock_ns = t->sweep_circle_ns = t->swept_ns = 0;
	t->flush_hand = 0;
	return false;
}

struct sl_flow *sl_flow_ended(struct sl_flow_table *t)
{
	struct sl_flow *f = list_shift(t, &t->ended);
	if (f)
		list_append(t, &t->taken, f);
	return f;
}

void sl_flow_reap(struct sl_flow_table *t)
{
	struct sl_flow *f;
	while ((f = list_shift(t, &t->taken)) != NULL) {
		if (f->home != 0)
			homes_leave(t->homes, f->hash, f->home);
		vacant_push(t, f);
	}
	t->burst++;
}
