/* SPDX-License-Identifier: BSD-3-Clause */
/* lookup.c - a batch of observables against the ruleset: hash all, prefetch all, compare those that
 * the filters let through. Worker. */
#include "ruleset.h"
#include "seek.h"

#include <sightline/hot.h>

#define GROUP 32 /* lines on their way at once; more than the CPU's miss buffers brings nothing */

bool ruleset_allows(const struct sl_ruleset *rs, const struct sl_observable *o)
{
	struct sl_hit hit[SL_HITS_PER_OBS];
	struct seek k;
	if (rs->allow.count == 0)
		return false;
	seek_begin(&k, &rs->allow, o);
	if (!seek_maybe(&k, &rs->allow))
		return false;
	struct take t = { .set = &rs->allow, .seek = &k, .validity = rs->validity, .hit = hit };
	if (k.version != 0)
		seek_address(&t);
	seek_text(&t);
	return t.n > 0;
}

static const char *source_of(const struct set *s, uint32_t number)
{
	return set_kind(s, set_entry(s, number))->source;
}

bool hit_undone(const struct set *s, const struct sl_hit *hit, uint32_t n, const char *source)
{
	for (uint32_t i = 0; i < n; i++)
		if (hit[i].undone && strcmp(source_of(s, hit[i].indicator), source) == 0)
			return true;
	return false;
}

/* Takes out what an entry of the same source says is benign. The entry itself stays, among the
 * leaves: it undoes those of its source as well. */
static uint32_t undo_by_source(const struct set *s, struct sl_hit *hit, uint32_t n, bool *undone)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < n; i++) {
		bool benign = !hit[i].leaf && hit_undone(s, hit, n, source_of(s, hit[i].indicator));
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

/* All hits of one observable; returns their number. */
static uint32_t resolve(const struct sl_ruleset *rs, const struct seek *k, uint16_t obs,
	struct sl_hit *hit, struct sl_counters *counters)
{
	bool again = (k->obs->flags & SL_OBS_AGAIN) && k->obs->flow != NULL, undone = false;
	struct take t = { .set = &rs->armed,
		.seek = k,
		.validity = rs->validity,
		.born = again ? rs->born : NULL,
		.newer_than = again ? k->obs->flow->generation : 0,
		.hit = hit,
		.obs = obs };
	if (k->version != 0)
		seek_address(&t);
	if (t.n > 0 && rs->home != NULL && sl_nets_has(rs->home, &k->addr, k->version))
		undone = undo_home(&t);
	seek_text(&t);
	if (t.undone)
		t.n = undo_by_source(&rs->armed, t.hit, t.n, &undone);
	if (t.n > 0 && ruleset_allows(rs, k->obs)) {
		t.n = 0;
		t.cut = 0;
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

uint32_t sl_match(const struct sl_ruleset *rs, const struct sl_batch *b, uint16_t *from,
	struct sl_hit *hit, uint32_t max, struct sl_counters *counters)
{
	struct seek k[GROUP];
	bool maybe[GROUP];
	uint32_t hits = 0, looked = 0;
	while (*from < b->n) {
		uint16_t first = *from;
		uint16_t n = b->n - first < GROUP ? (uint16_t)(b->n - first) : GROUP;
		for (uint16_t i = 0; i < n; i++)
			seek_begin(&k[i], &rs->armed, &b->obs[first + i]);
		for (uint16_t i = 0; i < n; i++)
			maybe[i] = seek_maybe(&k[i], &rs->armed);
		for (uint16_t i = 0; i < n; i++) {
			if (maybe[i] && max - hits < SL_HITS_PER_OBS)
				goto out;
			if (maybe[i])
				hits += resolve(
					rs, &k[i], (uint16_t)(first + i), hit + hits, counters);
			looked += !(b->obs[first + i].flags & SL_OBS_CLOSE);
			++*from;
		}
	}
out:
	if (looked > 0)
		sl_count(counters, SL_C_OBSERVABLES, looked);
	return hits;
}
