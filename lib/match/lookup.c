/* SPDX-License-Identifier: BSD-3-Clause */
/* lookup.c - a batch of observables against the ruleset: hash all, prefetch all, compare those that
 * the filters let through. Worker. */
#include "ruleset.h"

#include <sightline/hot.h>

#define GROUP 32 /* lines on their way at once; more than the CPU's miss buffers brings nothing */

bool ruleset_allows(const struct sl_ruleset *rs, const struct sl_observable *o)
{
	const struct base *b = rs->base;
	struct sl_hit hit[SL_HITS_PER_OBS];
	struct maybe m;
	struct seek k;
	if (b->allow.count == 0)
		return false;
	seek_begin(&k, &b->allow, &b->allow_reach, o);
	if (!seek_maybe(&k, &b->allow, &m))
		return false;
	struct take t = {
		.set = &b->allow, .seek = &k, .maybe = &m, .validity = b->validity, .hit = hit
	};
	if (k.version != 0)
		seek_address(&t);
	seek_text(&t);
	return t.n > 0;
}

static const char *source_of(const struct sl_ruleset *rs, uint32_t number)
{
	return ruleset_kind(rs, number)->source;
}

bool hit_undone(
	const struct sl_ruleset *rs, const struct sl_hit *hit, uint32_t n, const char *source)
{
	for (uint32_t i = 0; i < n; i++)
		if (hit[i].undone && strcmp(source_of(rs, hit[i].indicator), source) == 0)
			return true;
	return false;
}

/* Takes out what an entry of the same source says is benign. The entry itself stays, among the
 * leaves: it undoes those of its source as well. */
static uint32_t undo_by_source(
	const struct sl_ruleset *rs, struct sl_hit *hit, uint32_t n, bool *undone)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < n; i++) {
		bool benign =
			!hit[i].leaf && hit_undone(rs, hit, n, source_of(rs, hit[i].indicator));
		*undone |= benign;
		if (!benign)
			hit[left++] = hit[i];
	}
	return left;
}

/* Those on values that stand alone first, then those on leaves; returns the number of the first. */
static uint32_t leaves_last(struct sl_hit *hit, uint32_t n)
{
	struct sl_hit leaf[SL_HITS_PER_OBS];
	uint32_t plain = 0, leaves = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (hit[i].leaf)
			leaf[leaves++] = hit[i];
		else
			hit[plain++] = hit[i];
	}
	if (leaves > 0)
		memcpy(hit + plain, leaf, leaves * sizeof(*leaf));
	return plain;
}

/* Own addresses are evidence only beside other: the hits on leaves stay. */
static bool undo_home(struct take *t)
{
	uint32_t plain = leaves_last(t->hit, t->n);
	memmove(t->hit, t->hit + plain, (t->n - plain) * sizeof(*t->hit));
	t->n -= plain;
	t->cut = 0;
	return plain > 0;
}

/* What is allowed is no evidence: hits on leaves stay, as doubts. */
static void undo_allowed(struct take *t)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		t->hit[left] = t->hit[i];
		t->hit[left].doubt = true;
		left += t->hit[i].leaf && !t->hit[i].undone;
	}
	t->n = left;
	t->cut = 0;
}

/* One observable on its way through the layers. */
struct asked {
	struct seek seek;
	struct maybe maybe[LAYERS];
	unsigned layers; /* a bit each: maybe in it */
};

static void aim(struct take *t, const struct sl_ruleset *rs, const struct asked *a, unsigned layer)
{
	const struct layer *l = rs->layer[layer];
	t->set = &l->set;
	t->maybe = &a->maybe[layer];
	t->layer = layer << LAYER_SHIFT;
	t->gone = rs->gone[layer] != NULL ? rs->gone[layer]->bit : NULL;
	if (t->born != NULL)
		t->born = l->born;
}

/* All hits of one observable; returns their number. */
static uint32_t resolve(const struct sl_ruleset *rs, const struct asked *a, uint16_t obs,
	struct sl_hit *hit, struct sl_counters *counters)
{
	const struct seek *k = &a->seek;
	bool again = (k->obs->flags & SL_OBS_AGAIN) && k->obs->flow != NULL, undone = false;
	struct take t = { .seek = k,
		.validity = rs->base->validity,
		.born = again ? rs->layer[0]->born : NULL,
		.newer_than = again ? k->obs->flow->generation : 0,
		.hit = hit,
		.obs = obs };
	for (unsigned left = k->version != 0 ? a->layers : 0; left != 0; left &= left - 1) {
		aim(&t, rs, a, (unsigned)__builtin_ctz(left));
		seek_address(&t);
	}
	if (t.n > 0 && rs->base->home != NULL && sl_nets_has(rs->base->home, &k->addr, k->version))
		undone = undo_home(&t);
	for (unsigned left = a->layers; left != 0; left &= left - 1) {
		aim(&t, rs, a, (unsigned)__builtin_ctz(left));
		seek_text(&t);
	}
	if (t.leaf_cut && k->obs->flow != NULL)
		k->obs->flow->unsure = true;
	if (t.undone)
		t.n = undo_by_source(rs, t.hit, t.n, &undone);
	if (t.n > 0 && ruleset_allows(rs, k->obs)) {
		undo_allowed(&t);
		undone = true;
	}
	if (t.n > 0 && leaves_last(t.hit, t.n) > 0)
		sl_count(counters, SL_C_HITS, 1);
	else if (undone)
		sl_count(counters, SL_C_HITS_ALLOWED, 1);
	if (t.cut > 0)
		sl_count(counters, SL_C_HITS_CUT, t.cut);
	return t.n;
}

static void filter(struct asked *a, const struct sl_ruleset *rs, unsigned from, unsigned to)
{
	for (unsigned l = from; l < to; l++)
		if (seek_maybe(&a->seek, &rs->layer[l]->set, &a->maybe[l]))
			a->layers |= 1u << l;
}

/* A base's trees ask every leaf anew of a flow that is older, whatever the age of the leaf: a tree
 * may be new though all of its leaves are old, and what was known of it forgotten. */
static bool trees_are_newer(const struct base *b, const struct sl_flow *f)
{
	return b->trees.detections > 0 && b->generation > f->generation;
}

/* What the filters of the layers say. What is asked again is a matter of those that have something
 * newer; if they may, of all, as what undoes and what is known may lie anywhere. */
static void filters(struct asked *a, const struct sl_ruleset *rs)
{
	const struct sl_observable *o = a->seek.obs;
	unsigned first = 0;
	a->layers = 0;
	if ((o->flags & SL_OBS_AGAIN) && o->flow != NULL && !trees_are_newer(rs->base, o->flow))
		while (first < rs->layers && rs->layer[first]->newest <= o->flow->generation)
			first++;
	filter(a, rs, first, rs->layers);
	if (a->layers != 0)
		filter(a, rs, 0, first);
}

/* ---- A batch ---- */

/* What most observables are: most of them the filters alone say no to, with nothing made ready. */
static bool is_v4(const struct sl_observable *o)
{
	return o->type == SL_TYPE_IPV4 && o->len == 4 && o->part == SL_PART_WHOLE &&
	       !(o->flags & (SL_OBS_CLOSE | SL_OBS_AGAIN));
}

static void fetch_v4(const struct sl_ruleset *rs, uint64_t hash, uint32_t v4_be)
{
	for (unsigned l = 0; l < rs->layers; l++) {
		const struct set *s = &rs->layer[l]->set;
		tags_prefetch_bloom(&s->host4, hash);
		if (s->prefix4.lengths > 0)
			sl_prefetch(&s->prefix4.filter[be32toh(v4_be) >> 16]);
	}
}

static bool maybe_v4(const struct sl_ruleset *rs, uint64_t hash, uint32_t v4_be)
{
	bool maybe = false;
	for (unsigned l = 0; l < rs->layers; l++) {
		const struct set *s = &rs->layer[l]->set;
		maybe |= tags_maybe(&s->host4, hash);
		if (s->prefix4.lengths > 0)
			maybe |= s->prefix4.filter[be32toh(v4_be) >> 16] != 0;
	}
	return maybe;
}

/* Which observables of a batch, from one on, have to be looked at well. All words that say so are
 * on their way at once. */
struct brief {
	uint64_t hash[SL_BATCH_MAX];
	uint16_t left[SL_BATCH_MAX]; /* in order */
	unsigned count;
};

static uint32_t v4_of(const struct sl_observable *o)
{
	uint32_t v4_be;
	memcpy(&v4_be, o->value, 4);
	return v4_be;
}

static void look_briefly(
	const struct sl_ruleset *rs, const struct sl_batch *b, unsigned from, struct brief *f)
{
	const struct set *key = &rs->layer[0]->set;
	for (unsigned i = from; i < b->n; i++) {
		const struct sl_observable *o = &b->obs[i];
		if (!is_v4(o))
			continue;
		f->hash[i] = host4_hash(key, v4_of(o));
		fetch_v4(rs, f->hash[i], v4_of(o));
	}
	f->count = 0;
	for (unsigned i = from; i < b->n; i++) {
		const struct sl_observable *o = &b->obs[i];
		f->left[f->count] = (uint16_t)i;
		f->count += !is_v4(o) || maybe_v4(rs, f->hash[i], v4_of(o));
	}
}

static void look_well(const struct sl_ruleset *rs, const struct sl_batch *b, struct asked *a,
	const uint16_t *which, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		seek_begin(&a[i].seek, &rs->layer[0]->set, &rs->reach, &b->obs[which[i]]);
		for (unsigned l = 0; l < rs->layers; l++)
			seek_fetch(&a[i].seek, &rs->layer[l]->set);
	}
	for (unsigned i = 0; i < n; i++)
		filters(&a[i], rs);
}

/* Observables that were looked up, of obs[from..to). */
static uint32_t count_looked(const struct sl_batch *b, unsigned from, unsigned to)
{
	uint32_t count = 0;
	for (unsigned i = from; i < to; i++)
		count += !(b->obs[i].flags & SL_OBS_CLOSE);
	return count;
}

uint32_t sl_match(const struct sl_ruleset *rs, const struct sl_batch *b, uint16_t *from,
	struct sl_hit *hit, uint32_t max, struct sl_counters *counters)
{
	struct asked a[GROUP];
	struct brief f;
	uint32_t hits = 0;
	uint16_t end = b->n;
	look_briefly(rs, b, *from, &f);
	for (unsigned at = 0; at < f.count && end == b->n; at += GROUP) {
		unsigned n = f.count - at < GROUP ? f.count - at : GROUP;
		look_well(rs, b, a, f.left + at, n);
		for (unsigned i = 0; i < n; i++) {
			if (a[i].layers == 0)
				continue;
			if (max - hits < SL_HITS_PER_OBS) {
				end = f.left[at + i];
				break;
			}
			hits += resolve(rs, &a[i], f.left[at + i], hit + hits, counters);
		}
	}
	uint32_t looked = count_looked(b, *from, end);
	*from = end;
	if (looked > 0)
		sl_count(counters, SL_C_OBSERVABLES, looked);
	return hits;
}
