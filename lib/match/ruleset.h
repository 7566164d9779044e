/* SPDX-License-Identifier: BSD-3-Clause */
/* ruleset.h - what stands behind struct sl_ruleset: a base, which is built from whole feeds and
 * never changes, and small layers above it with what came since. A change makes a new ruleset that
 * shares all but what it changes; what is published never changes.
 *
 * A value is listed in one of them alone (the leaves of trees apart, which only a base has): where
 * a change adds to a value that is listed already, the indicators of that value move with it. So
 * the hits of a value stand together, whatever came when. */
#ifndef SL_MATCH_RULESET_H
#define SL_MATCH_RULESET_H

#include <stdatomic.h>

#include "carry.h"
#include "seek.h"
#include "set.h"
#include "trees.h"

#define LAYERS 4 /* a base and what came since, oldest first */

/* The number of an indicator in a ruleset: its layer, and its number there. */
#define LAYER_SHIFT 28
static_assert(INDICATORS_MAX == 1u << LAYER_SHIFT, "a layer's numbers fit below its own");
static_assert((uint64_t)LAYERS << LAYER_SHIFT <= LISTING_MANY, "no number looks like a list");

struct layer {
	_Atomic uint32_t refs; /* by rulesets */
	struct set set;
	uint32_t newest; /* no indicator of it is born later */
	uint32_t *born; /* by indicator: the generation that it first appeared in */
	uint64_t *identity; /* by indicator: keyed hash of source, id and what it says */
	uint64_t want[WHERE_WORDS];
	/* -- of a base -- */
	struct base *base; /* that this is the layer of */
	/* -- of one above it -- */
	struct sl_book book;
	struct sl_arena *arena; /* its strings */
};

struct base {
	struct layer layer;
	uint32_t generation; /* its first */
	struct set allow;
	struct trees trees;
	const struct sl_nets *home;
	enum sl_validity validity;
	struct carry carry[CARRIES]; /* the base before, and those before it */
	struct sl_hash_key identity_key; /* the same in every set of a line */
	struct sl_intel *intel; /* owns the armed indicators */
	struct sl_book allowed; /* copies, with their values in the arena */
	struct sl_arena *allowed_arena;
	size_t whole; /* indicators but for leaves and allow-list entries */
	struct reach allow_reach;
};

/* Which indicators of a layer were taken out since it was built. */
struct gone {
	_Atomic uint32_t refs;
	size_t count; /* how many */
	size_t bytes; /* of bit */
	uint64_t *bit;
};

struct sl_ruleset {
	const struct base *base;
	unsigned layers;
	struct layer *layer[LAYERS]; /* the first is the base's */
	struct gone *gone[LAYERS]; /* NULL: nothing of it */
	struct reach reach; /* of all layers */
	uint32_t generation;
	size_t whole;
	uint64_t want[WHERE_WORDS];
};

/* lookup.c: whether the allow-list has anything that this observable satisfies. Worker. */
bool ruleset_allows(const struct sl_ruleset *rs, const struct sl_observable *o);
/* lookup.c: whether one of these hits says that what its source lists here is benign. Worker. */
bool hit_undone(
	const struct sl_ruleset *rs, const struct sl_hit *hit, uint32_t n, const char *source);

static inline const struct layer *layer_of(const struct sl_ruleset *rs, uint32_t number)
{
	return rs->layer[number >> LAYER_SHIFT];
}

static inline const struct sl_kind *ruleset_kind(const struct sl_ruleset *rs, uint32_t number)
{
	const struct set *s = &layer_of(rs, number)->set;
	return set_kind(s, set_entry(s, number & (INDICATORS_MAX - 1)));
}

static inline bool gone_has(const struct gone *g, uint32_t number)
{
	return g != NULL && (g->bit[number / 64] >> (number % 64) & 1);
}

/* ---- Control thread ---- */

/* ruleset.c: the last ruleset that holds it frees it; NULL is allowed. */
void layer_drop(struct layer *l);
void gone_drop(struct gone *g);

/* change.c: as sl_ruleset_change; what `older` (NULL: nothing) has is as old as there. */
int ruleset_change(struct sl_ruleset **out, const struct sl_ruleset *now,
	const struct sl_book *more, const struct sl_book *fewer, const struct sl_ruleset *older,
	uint32_t generation, struct sl_change *sum);
/* rebase.c: the number of the indicator of this identity, no leaf; false: there is none. k and e
 * say its value. */
bool ruleset_same(const struct sl_ruleset *rs, const struct sl_kind *k, const struct sl_entry *e,
	uint64_t identity, uint32_t *number);

/* ---- layer.c ---- */

/* Tables, births and identities of a book; every one is born in `generation` unless `before` has it
 * (NULL: none). 0, or as set_build. */
int layer_build(struct layer *l, const struct sl_book *book, struct sl_hash_key key,
	struct sl_hash_key identity_key, const struct sl_ruleset *before, uint32_t generation);
/* Its tables and identities from an image; the births are to follow. 0, or as set_load. */
int layer_load(struct layer *l, const struct sl_book *book, struct sl_hash_key key,
	struct sl_image_in *image);
/* As layer_build does; identity_key NULL: the identities are there. 0 or -ENOMEM. */
int layer_births(struct layer *l, const struct sl_hash_key *identity_key,
	const struct sl_ruleset *before, uint32_t generation);
void layer_fini(struct layer *l);
size_t layer_bytes(const struct layer *l);
uint64_t identity_of(struct sl_hash_key key, const struct sl_kind *k, const struct sl_entry *e);
/* What the layers of a ruleset say together. */
void ruleset_join(struct sl_ruleset *rs);

#endif
