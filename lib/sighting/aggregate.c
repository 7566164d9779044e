/* SPDX-License-Identifier: BSD-3-Clause */
/* aggregate.c - which hits are one sighting, and when it is sent.
 * Publisher's thread. The window of a hit follows from its own packet's time, never from when it
 * came here: neither the number of workers nor their order changes what is counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/sighting.h>

#include "entry.h"
#include "forgotten.h"
#include "heap.h"
#include "matched.h"

#define MAX_OPEN 100000

struct sl_sightings {
	struct sl_sightings_options o;
	struct indicators indicators;
	struct entry_scope scope;
	struct sl_hash_key key;
	struct entry **buckets;
	size_t mask, count;
	uint64_t bytes; /* of all, as last weighed */
	struct entry *oldest, *newest; /* by creation */
	struct entry *closed_first, *closed_last; /* of those whose window is over */
	struct entry *unsettled; /* the first of which a slower worker may still tell what was
				    before it; NULL: none */
	struct heap heap; /* by due_ns, then by creation */
	struct forgotten forgotten;
	uint64_t serial, seq, clock_ns;
};

int sl_sightings_new(struct sl_sightings **out, const struct sl_sightings_options *o)
{
	static const struct sl_hash_key plain = { 0x73696768746c696e, 0x6520626f6f74206b };
	if (o->window_ns == 0 || o->emit == NULL)
		return -EINVAL;
	struct sl_sightings *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->o = *o;
	if (s->o.max_open == 0)
		s->o.max_open = MAX_OPEN;
	int rc = sl_hash_key_draw(&s->key);
	rc = rc ? rc : indicators_init(&s->indicators, s->key);
	rc = rc ? rc : forgotten_init(&s->forgotten);
	s->mask = 1023;
	s->buckets = calloc(s->mask + 1, sizeof(struct entry *));
	if (rc < 0 || s->buckets == NULL) {
		sl_sightings_free(s);
		return rc ? rc : -ENOMEM;
	}
	uint64_t boot = sl_hash_bytes(plain, o->boot, strlen(o->boot));
	s->scope = (struct entry_scope){ &s->o, &s->indicators, { boot, ~boot } };
	*out = s;
	return 0;
}

/* ---- the table ---- */

static uint64_t key_hash(const struct sl_sightings *s, const struct entry_key *k)
{
	uint64_t h = sl_hash_bytes(s->key, k->listed.p, k->listed.len);
	h = sl_hash_u128(s->key, h ^ k->src.q[0], k->src.q[1]);
	h = sl_hash_u128(s->key, h ^ k->dst.q[0], k->dst.q[1]);
	return sl_hash_u128(s->key, h ^ k->window_ns,
		(uint64_t)k->where << 16 | (uint64_t)k->type << 8 | k->version);
}

static struct entry *find(const struct sl_sightings *s, const struct entry_key *k)
{
	uint64_t h = key_hash(s, k);
	struct entry *e = s->buckets[h & s->mask];
	while (e != NULL && !(e->hash == h && entry_key_equal(&e->key, k)))
		e = e->chain;
	return e;
}

static void grow(struct sl_sightings *s)
{
	size_t mask = s->mask * 2 + 1;
	struct entry **buckets = calloc(mask + 1, sizeof(struct entry *));
	if (buckets == NULL)
		return;
	free(s->buckets);
	s->buckets = buckets;
	s->mask = mask;
	for (struct entry *e = s->oldest; e != NULL; e = e->newer) {
		e->chain = buckets[e->hash & mask];
		buckets[e->hash & mask] = e;
	}
}

static void link_in(struct sl_sightings *s, struct entry *e)
{
	if (s->count++ > s->mask)
		grow(s);
	e->hash = key_hash(s, &e->key);
	e->serial = ++s->serial;
	e->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = e;
	s->newest = e;
	if (s->unsettled == NULL)
		s->unsettled = e;
	e->chain = s->buckets[e->hash & s->mask];
	s->buckets[e->hash & s->mask] = e;
}

static void closed_in(struct sl_sightings *s, struct entry *e)
{
	if (e->closed)
		return;
	e->closed = true;
	e->closed_older = s->closed_last;
	*(s->closed_last ? &s->closed_last->closed_newer : &s->closed_first) = e;
	s->closed_last = e;
}

static void closed_out(struct sl_sightings *s, const struct entry *e)
{
	if (!e->closed)
		return;
	struct entry *older = e->closed_older, *newer = e->closed_newer;
	*(older ? &older->closed_newer : &s->closed_first) = newer;
	*(newer ? &newer->closed_older : &s->closed_last) = older;
}

static void forget(struct sl_sightings *s, struct entry *e)
{
	forgotten_put(&s->forgotten, e);
	closed_out(s, e);
	struct entry **at = &s->buckets[e->hash & s->mask];
	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	if (s->unsettled == e)
		s->unsettled = e->newer;
	*(e->older ? &e->older->newer : &s->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &s->newest) = e->older;
	s->count--;
	s->bytes -= e->weight;
	heap_remove(&s->heap, e);
	entry_free(e, &s->scope);
}

void sl_sightings_free(struct sl_sightings *s)
{
	if (s == NULL)
		return;
	while (s->forgotten.slot != NULL && s->oldest != NULL)
		forget(s, s->oldest);
	heap_fini(&s->heap);
	forgotten_fini(&s->forgotten);
	free(s->buckets);
	indicators_fini(&s->indicators);
	free(s);
}

/* ---- messages ---- */

static void emit(struct sl_sightings *s, struct entry *e)
{
	e->m.revision++;
	/* Quiet sightings never reach the stream, so that they take no number on it. */
	e->m.seq = e->m.quiet ? 0 : ++s->seq;
	e->changed = false;
	sl_count(s->o.counters, SL_C_SIGHTING_MESSAGES, 1);
	s->o.emit(s->o.arg, &e->m);
}

static uint64_t later(uint64_t ns, uint64_t by_ns)
{
	return ns > UINT64_MAX - by_ns ? UINT64_MAX : ns + by_ns;
}

/* A window that is over is looked at again one window's length of the clock later. */
static void schedule_late(struct sl_sightings *s, struct entry *e)
{
	uint64_t due_ns = later(s->clock_ns, s->o.window_ns);
	if (due_ns < e->due_ns)
		heap_move(&s->heap, e, due_ns);
}

/* The one that was closed first makes room, or else the oldest. */
static void evict(struct sl_sightings *s)
{
	struct entry *e = s->closed_first != NULL ? s->closed_first : s->oldest;
	sl_count(s->o.counters, SL_C_SIGHTING_EVICTED, !e->closed);
	if (e->changed)
		emit(s, e);
	forget(s, e);
}

/* The last one may be as large as it likes. */
static void weigh(struct sl_sightings *s, struct entry *e)
{
	s->bytes -= e->weight;
	s->bytes += entry_weigh(e);
	while (s->o.memory > 0 && s->bytes > s->o.memory && s->count > 1)
		evict(s);
}

static int open_new(struct sl_sightings *s, const struct entry_key *k, const struct sl_record *r,
	const struct sl_ruleset *rs, const struct leaves *leaves)
{
	struct entry *e = NULL;
	if (s->count >= s->o.max_open)
		evict(s);
	int rc = heap_reserve(&s->heap);
	rc = rc ? rc : entry_new(&e, &s->scope, k, r, rs);
	if (rc != 0)
		return rc;
	matched_add(e, leaves);
	link_in(s, e);
	forgotten_back(&s->forgotten, e);
	uint64_t end_ns = later(k->window_ns, s->o.window_ns);
	heap_add(&s->heap, e, end_ns > s->clock_ns ? end_ns : later(s->clock_ns, s->o.window_ns));
	sl_count(s->o.counters, SL_C_SIGHTINGS, 1);
	emit(s, e);
	weigh(s, e);
	return 0;
}

/* The sighting that a hit belongs to, or NULL. A response on the other side of a window's edge
 * belongs to the question that was counted before it. */
static struct entry *find_for(struct sl_sightings *s, struct entry_key k, const struct sl_record *r)
{
	struct entry *e = find(s, &k);
	if (!(r->flags & SL_OBS_REPEAT) || k.window_ns < s->o.window_ns ||
		(e != NULL && entry_has(e, r)))
		return e;
	k.window_ns -= s->o.window_ns;
	struct entry *b = find(s, &k);
	return b != NULL && entry_has(b, r) ? b : e;
}

static int take(struct sl_sightings *s, const struct sl_record *r, const struct sl_ruleset *rs,
	const struct leaves *leaves)
{
	struct entry_key k;
	entry_key_of(&k, r, rs, s->o.window_ns);
	struct entry *e = find_for(s, k, r);
	if (e == NULL)
		return open_new(s, &k, r, rs, leaves);
	matched_add(e, leaves);
	/* The first match that may be told is told at once. */
	if (entry_add(e, &s->scope, r, rs))
		emit(s, e);
	else if (e->changed && e->closed)
		schedule_late(s, e);
	weigh(s, e);
	return 0;
}

/* The detection that a record is of, or NULL. */
static const struct sl_detection *detection_of(
	const struct sl_record *r, const struct sl_ruleset *rs)
{
	struct sl_indicator i;
	sl_ruleset_indicator(rs, sl_record_indicators(r)[0], &i);
	bool tree = r->match == SL_MATCH_TREE && i.detection > 0;
	return tree ? sl_ruleset_detection(rs, i.detection - 1) : NULL;
}

static bool is_hit(const struct sl_record *r)
{
	return r->indicator_count > 0 && r->where < SL_WHERE_COUNT && r->match < SL_MATCH_COUNT;
}

int sl_sightings_hit(struct sl_sightings *s, const struct sl_record *r, const struct sl_ruleset *rs)
{
	if (!is_hit(r))
		return -EINVAL;
	struct sl_joined joined[SL_JOINED_MAX];
	const struct sl_detection *d = detection_of(r, rs);
	size_t n = d != NULL ? sl_joined_add(joined, 0, r, d) : 0;
	return take(s, r, rs, &(struct leaves){ d, joined, n });
}

int sl_sightings_joined(struct sl_sightings *s, const struct sl_record *r,
	const struct sl_ruleset *rs, const struct sl_joined *joined, size_t n)
{
	if (!is_hit(r))
		return -EINVAL;
	const struct sl_detection *d = detection_of(r, rs);
	return take(s, r, rs, &(struct leaves){ d, joined, d != NULL ? n : 0 });
}

int sl_sightings_retro(struct sl_sightings *s, const struct sl_ruleset *rs,
	const uint32_t *indicators, uint16_t count, const struct sl_past_answer *past,
	uint32_t hours)
{
	struct entry *e;
	int rc = retro_new(&e, &s->scope, rs, indicators, count, past, hours);
	if (rc < 0)
		return rc;
	sl_count(s->o.counters, SL_C_SIGHTINGS, 1);
	sl_count(s->o.counters, SL_C_RETRO, 1);
	emit(s, e);
	entry_free(e, &s->scope);
	return 0;
}

/* Everything before now_ns has been told: what is known of the hosts of a sighting from then is
 * final. It was told with the sighting but for what a slower worker saw. */
static void settle(struct sl_sightings *s, uint64_t now_ns)
{
	for (struct entry *e; (e = s->unsettled) != NULL && e->question.ts_ns < now_ns;) {
		s->unsettled = e->newer;
		if (entry_look_around(e, &s->scope))
			emit(s, e);
	}
}

static void close_one(struct sl_sightings *s, struct entry *e)
{
	uint64_t end_ns = later(e->key.window_ns, s->o.window_ns);
	uint64_t forget_ns = s->o.horizon_ns ? later(end_ns, s->o.horizon_ns) : UINT64_MAX;
	if (e->changed)
		emit(s, e);
	closed_in(s, e);
	if (forget_ns <= s->clock_ns)
		forget(s, e);
	else
		heap_move(&s->heap, e, forget_ns);
}

void sl_sightings_clock(struct sl_sightings *s, uint64_t now_ns)
{
	if (now_ns <= s->clock_ns)
		return;
	s->clock_ns = now_ns;
	settle(s, now_ns);
	struct entry *e;
	while ((e = heap_first(&s->heap)) != NULL && e->due_ns <= now_ns && e->due_ns < UINT64_MAX)
		close_one(s, e);
}

void sl_sightings_flush(struct sl_sightings *s)
{
	settle(s, UINT64_MAX);
	for (struct entry *e = s->oldest; e != NULL; e = e->newer) {
		if (e->changed)
			emit(s, e);
		closed_in(s, e);
	}
	s->clock_ns = 0;
}
