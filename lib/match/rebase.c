/* SPDX-License-Identifier: BSD-3-Clause */
/* rebase.c - a ruleset that was built while the one in force changed: the same changes on top of
 * it. What changed is read off the two rulesets that the changes lie between, which share all that
 * stayed. Control threads. */
#include <stdlib.h>

#include <sightline/mem.h>

#include "ruleset.h"

bool ruleset_same(const struct sl_ruleset *rs, const struct sl_kind *k, const struct sl_entry *e,
	uint64_t identity, uint32_t *number)
{
	for (unsigned l = 0; l < rs->layers; l++) {
		const struct set *s = &rs->layer[l]->set;
		uint32_t listing = set_find(s, k, e), n;
		if (listing == LISTING_NONE)
			continue;
		const uint32_t *m = listing_members(s, &listing, &n);
		for (uint32_t j = 0; j < n; j++) {
			if (rs->layer[l]->identity[m[j]] != identity ||
				gone_has(rs->gone[l], m[j]) || set_entry(s, m[j])->detection != 0)
				continue;
			*number = (uint32_t)l << LAYER_SHIFT | m[j];
			return true;
		}
	}
	return false;
}

/* What one of two rulesets has, and the other lacks or has otherwise. */
struct difference {
	const struct sl_ruleset *has, *other;
	bool otherwise; /* wanted, too */
	struct sl_book *book;
};

static bool says_the_same(const struct sl_indicator *a, const struct sl_indicator *b)
{
	return a->quiet == b->quiet && a->allow == b->allow && a->test == b->test &&
	       a->tlp == b->tlp && a->confidence == b->confidence && a->below == b->below &&
	       a->impact == b->impact && a->valid_from_ns == b->valid_from_ns &&
	       a->valid_until_ns == b->valid_until_ns && a->reported_ns == b->reported_ns &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->severity, b->severity) == 0 &&
	       strcmp(a->labels, b->labels) == 0 && strcmp(a->quiet_reason, b->quiet_reason) == 0 &&
	       strcmp(a->part, b->part) == 0;
}

static int one(struct difference *d, const struct layer *l, uint32_t number)
{
	const struct sl_entry *e = set_entry(&l->set, number);
	struct sl_indicator i, there;
	uint32_t at;
	if (e->detection != 0)
		return 0;
	sl_book_get(l->set.book, number, &i);
	if (ruleset_same(d->other, set_kind(&l->set, e), e, l->identity[number], &at)) {
		sl_ruleset_indicator(d->other, at, &there);
		if (!d->otherwise || says_the_same(&i, &there))
			return 0;
	}
	return sl_book_add(d->book, &i);
}

/* Of a layer that both have, only what one of them took out differs. */
static int in_both(struct difference *d, unsigned of, const struct gone *more)
{
	const struct layer *l = d->has->layer[of];
	const struct gone *g = d->has->gone[of];
	for (size_t w = 0; more != NULL && w * sizeof(*more->bit) < more->bytes; w++) {
		uint64_t bits = more->bit[w] & ~(g != NULL ? g->bit[w] : 0);
		for (; bits != 0; bits &= bits - 1) {
			int rc = one(d, l, (uint32_t)(w * 64 + (unsigned)__builtin_ctzll(bits)));
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int alone(struct difference *d, unsigned of)
{
	const struct layer *l = d->has->layer[of];
	for (uint32_t n = 0; n < l->set.count; n++) {
		int rc = gone_has(d->has->gone[of], n) ? 0 : one(d, l, n);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int differences(struct difference *d)
{
	int rc = 0;
	for (unsigned l = 0; l < d->has->layers && rc == 0; l++) {
		unsigned k = 0;
		while (k < d->other->layers && d->other->layer[k] != d->has->layer[l])
			k++;
		rc = k < d->other->layers ? in_both(d, l, d->other->gone[k]) : alone(d, l);
	}
	return rc;
}

static int book_new(struct sl_book *b, struct sl_arena *arena, struct difference *d)
{
	int rc = sl_book_init(b, arena);
	d->book = b;
	rc = rc < 0 ? rc : differences(d);
	sl_book_close(b);
	return rc;
}

int sl_ruleset_rebase(struct sl_ruleset **out, const struct sl_ruleset *next,
	const struct sl_ruleset *from, const struct sl_ruleset *to, uint32_t generation,
	struct sl_change *sum)
{
	struct sl_book more = { 0 }, fewer = { 0 };
	struct sl_arena *arena;
	struct difference came = { .has = to, .other = from, .otherwise = true },
			  went = { .has = from, .other = to };
	int rc = sl_arena_new(&arena);
	if (rc < 0)
		return rc;
	rc = book_new(&more, arena, &came);
	if (rc == 0)
		rc = book_new(&fewer, arena, &went);
	if (rc == 0)
		rc = ruleset_change(out, next, &more, &fewer, to, generation, sum);
	sl_book_fini(&more);
	sl_book_fini(&fewer);
	sl_arena_free(arena);
	return rc;
}

struct sl_ruleset *sl_ruleset_share(const struct sl_ruleset *rs)
{
	struct sl_ruleset *s = malloc(sizeof(*s));
	if (s == NULL)
		return NULL;
	*s = *rs;
	for (unsigned l = 0; l < LAYERS; l++) {
		if (s->layer[l] != NULL)
			atomic_fetch_add(&s->layer[l]->refs, 1);
		if (s->gone[l] != NULL)
			atomic_fetch_add(&s->gone[l]->refs, 1);
	}
	return s;
}

void sl_ruleset_renumber(struct sl_ruleset *rs, uint32_t generation)
{
	uint32_t was = rs->generation;
	for (unsigned k = 0; k < rs->layers; k++) {
		struct layer *l = rs->layer[k];
		for (size_t i = 0; i < l->set.count; i++)
			l->born[i] = l->born[i] == was ? generation : l->born[i];
		l->newest = l->newest == was ? generation : l->newest;
	}
	rs->layer[0]->base->generation = generation;
	rs->generation = generation;
}
