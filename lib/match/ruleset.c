/* SPDX-License-Identifier: BSD-3-Clause */
/* ruleset.c - making a ruleset from whole feeds, and asking about it. Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/image.h>
#include <sightline/mem.h>

#include "ruleset.h"

/* ---- The allow-list, copied, as its intel is only lent ---- */

static int allow_copy(struct base *b, const struct sl_book *from)
{
	int rc = sl_arena_new(&b->allowed_arena);
	if (rc == 0)
		rc = sl_book_init(&b->allowed, b->allowed_arena);
	for (size_t i = 0; i < from->count && rc == 0; i++) {
		struct sl_indicator one;
		sl_book_get(from, i, &one);
		if (one.detection != 0) /* what is allowed is a value, never part of a tree */
			continue;
		one.id = one.source = one.name = one.severity = "";
		one.labels = one.quiet_reason = one.part = "";
		one.allow = false;
		one.value = sl_arena_text(b->allowed_arena, one.value, one.value_len);
		rc = one.value != NULL ? sl_book_add(&b->allowed, &one) : -ENOMEM;
	}
	sl_book_close(&b->allowed);
	return rc;
}

/* ---- Life ---- */

static size_t whole_count(const struct set *s)
{
	size_t whole = 0;
	for (size_t n = 0; n < s->count; n++) {
		const struct sl_entry *e = set_entry(s, (uint32_t)n);
		const struct sl_kind *k = set_kind(s, e);
		whole += !k->allow && (e->detection == 0 || k->match == SL_MATCH_TREE);
	}
	return whole;
}

/* Keys of tables and of identities; an image has its own. */
struct keys {
	struct sl_hash_key table, identity;
};

static int layer_fill(struct base *b, struct sl_image_in *image, struct keys drawn,
	const struct sl_ruleset *previous)
{
	const struct sl_book *book = sl_intel_book(b->intel);
	const struct sl_hash_key *identity = &b->identity_key;
	b->identity_key = previous != NULL ? previous->base->identity_key : drawn.identity;
	if (image == NULL)
		return layer_build(
			&b->layer, book, drawn.table, *identity, previous, b->generation);
	bool same = memcmp(identity, &drawn.identity, sizeof(*identity)) == 0;
	int rc = layer_load(&b->layer, book, drawn.table, image);
	return rc < 0 ? rc
		      : layer_births(&b->layer, same ? NULL : identity, previous, b->generation);
}

static int fill(struct base *b, const struct sl_match_options *o, const struct sl_ruleset *previous)
{
	struct keys keys;
	int rc = sl_hash_key_draw(&keys.table);
	if (rc == 0)
		rc = sl_hash_key_draw(&keys.identity);
	if (rc == 0 && o->image != NULL)
		sl_image_take(o->image, &keys, sizeof(keys));
	if (rc == 0)
		rc = set_build(&b->allow, NULL, keys.table);
	if (rc == 0)
		rc = layer_fill(b, o->image, keys, previous);
	if (rc == 0)
		rc = trees_build(&b->trees, b->intel, o->workers);
	if (rc == 0)
		rc = carry_build(b, previous != NULL ? previous->base : NULL);
	if (rc < 0)
		return rc;
	b->whole = whole_count(&b->layer.set);
	if (o->allow == NULL)
		return 0;
	rc = allow_copy(b, sl_intel_book(o->allow));
	rc = rc < 0 ? rc : set_build(&b->allow, &b->allowed, keys.table);
	reach_add(&b->allow_reach, &b->allow);
	return rc;
}

static void base_free(struct base *b)
{
	carry_fini(b);
	trees_fini(&b->trees);
	layer_fini(&b->layer);
	set_fini(&b->allow);
	sl_book_fini(&b->allowed);
	sl_arena_free(b->allowed_arena);
	sl_intel_free(b->intel);
	free(b);
}

static struct base *base_new(struct sl_intel *intel, const struct sl_match_options *o,
	const struct sl_ruleset *previous, uint32_t generation, int *rc)
{
	struct base *b = calloc(1, sizeof(*b));
	if (b == NULL) {
		sl_intel_free(intel);
		*rc = -ENOMEM;
		return NULL;
	}
	b->layer.refs = 1;
	b->layer.base = b;
	b->intel = intel;
	b->home = o->home;
	b->validity = o->validity;
	b->generation = generation;
	*rc = fill(b, o, previous);
	if (*rc == 0)
		return b;
	base_free(b);
	return NULL;
}

int sl_ruleset_build(struct sl_ruleset **out, struct sl_intel *intel,
	const struct sl_match_options *o, const struct sl_ruleset *previous, uint32_t generation)
{
	int rc;
	struct base *b = base_new(intel, o, previous, generation, &rc);
	if (b == NULL)
		return rc;
	struct sl_ruleset *rs = calloc(1, sizeof(*rs));
	if (rs == NULL) {
		base_free(b);
		return -ENOMEM;
	}
	rs->base = b;
	rs->layer[0] = &b->layer;
	rs->layers = 1;
	rs->generation = generation;
	rs->whole = b->whole;
	ruleset_join(rs);
	*out = rs;
	return 0;
}

void layer_drop(struct layer *l)
{
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	if (l->base != NULL) {
		base_free(l->base);
		return;
	}
	layer_fini(l);
	free(l);
}

void gone_drop(struct gone *g)
{
	if (g == NULL || atomic_fetch_sub(&g->refs, 1) > 1)
		return;
	sl_mem_unmap(g->bit, g->bytes);
	free(g);
}

void sl_ruleset_free(struct sl_ruleset *rs)
{
	if (rs == NULL)
		return;
	for (unsigned i = 0; i < LAYERS; i++) {
		layer_drop(rs->layer[i]);
		gone_drop(rs->gone[i]);
	}
	free(rs);
}

uint32_t sl_ruleset_generation(const struct sl_ruleset *rs)
{
	return rs->generation;
}

size_t sl_ruleset_indicators(const struct sl_ruleset *rs)
{
	return rs->whole;
}

void sl_ruleset_save(const struct sl_ruleset *rs, struct sl_image_out *o)
{
	const struct layer *l = &rs->base->layer;
	const struct keys keys = { l->set.key, rs->base->identity_key };
	sl_intel_save(rs->base->intel, o);
	sl_image_put(o, &keys, sizeof(keys));
	set_save(&l->set, o);
	sl_image_put(o, l->identity, l->set.count * sizeof(*l->identity));
}

size_t sl_ruleset_bytes(const struct sl_ruleset *rs)
{
	const struct base *b = rs->base;
	size_t bytes = sizeof(*rs) + sizeof(*b) + set_bytes(&b->allow) + trees_bytes(&b->trees) +
		       carry_bytes(b) + sl_book_bytes(&b->allowed) + sl_intel_bytes(b->intel);
	for (unsigned i = 0; i < rs->layers; i++)
		bytes += layer_bytes(rs->layer[i]) + (rs->gone[i] ? rs->gone[i]->bytes : 0);
	return bytes;
}

void sl_ruleset_want(const struct sl_ruleset *rs, uint64_t want[(SL_WHERE_COUNT + 63) / 64])
{
	memcpy(want, rs->want, sizeof(rs->want));
}

void sl_ruleset_indicator(const struct sl_ruleset *rs, uint32_t number, struct sl_indicator *out)
{
	sl_book_get(layer_of(rs, number)->set.book, number & (INDICATORS_MAX - 1), out);
}

uint32_t sl_ruleset_born(const struct sl_ruleset *rs, uint32_t number)
{
	return layer_of(rs, number)->born[number & (INDICATORS_MAX - 1)];
}

bool sl_ruleset_newborn(const struct sl_ruleset *rs, uint32_t *number)
{
	uint32_t at = *number & (INDICATORS_MAX - 1);
	for (unsigned n = *number >> LAYER_SHIFT; n < rs->layers; n++, at = 0) {
		const struct layer *l = rs->layer[n];
		for (; l->newest == rs->generation && at < l->set.count; at++) {
			const struct sl_kind *k = set_kind(&l->set, set_entry(&l->set, at));
			bool part = set_entry(&l->set, at)->detection != 0 || k->allow;
			if (l->born[at] != rs->generation || part || gone_has(rs->gone[n], at))
				continue;
			*number = n << LAYER_SHIFT | at;
			return true;
		}
	}
	return false;
}

const struct sl_detection *sl_ruleset_detection(const struct sl_ruleset *rs, uint32_t number)
{
	const struct trees *t = &rs->base->trees;
	return number < t->detections ? &t->detection[number] : NULL;
}

size_t sl_ruleset_detections(const struct sl_ruleset *rs)
{
	return rs->base->trees.detections;
}
