/* SPDX-License-Identifier: BSD-3-Clause */
/* layer.c - one layer of a ruleset: its tables, and which of its indicators there were before.
 * Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/image.h>
#include <sightline/mem.h>

#include "ruleset.h"

/* ---- Identity: which indicator of the set before is this one ---- */

uint64_t identity_of(struct sl_hash_key key, const struct sl_kind *k, const struct sl_entry *e)
{
	uint64_t h = sl_hash_bytes(key, k->source, strlen(k->source));
	h = sl_hash_fold(h ^ key.k1, sl_hash_bytes(key, e->id, strlen(e->id)));
	h = sl_hash_fold(h ^ key.k1, sl_hash_bytes(key, e->value, e->value_len));
	return sl_hash_u128(key, h,
		(uint64_t)k->where << 32 | (uint64_t)e->port << 16 | (uint64_t)k->type << 8 |
			k->match);
}

/* A throw-away table from identity to number in the set before; slots hold number + 1. */
struct before {
	const struct sl_ruleset *rs;
	uint32_t *slot;
	size_t mask;
};

static uint64_t identity_at(const struct sl_ruleset *rs, uint32_t number)
{
	return layer_of(rs, number)->identity[number & (INDICATORS_MAX - 1)];
}

static int before_init(struct before *b, const struct sl_ruleset *rs)
{
	size_t slots = 64, all = 0;
	for (unsigned l = 0; l < rs->layers; l++)
		all += rs->layer[l]->set.count;
	while (slots < all * 2)
		slots *= 2;
	*b = (struct before){ rs, calloc(slots, sizeof(*b->slot)), slots - 1 };
	if (b->slot == NULL)
		return -ENOMEM;
	for (uint32_t l = 0; l < rs->layers; l++) {
		for (uint32_t i = 0; i < rs->layer[l]->set.count; i++) {
			uint32_t number = l << LAYER_SHIFT | i;
			uint64_t identity = identity_at(rs, number);
			if (gone_has(rs->gone[l], i))
				continue;
			size_t at = identity & b->mask;
			while (b->slot[at] != 0 && identity_at(rs, b->slot[at] - 1) != identity)
				at = (at + 1) & b->mask;
			b->slot[at] = number + 1;
		}
	}
	return 0;
}

static uint32_t before_born(const struct before *b, uint64_t identity, uint32_t otherwise)
{
	if (b->rs == NULL)
		return otherwise;
	for (size_t at = identity & b->mask; b->slot[at] != 0; at = (at + 1) & b->mask) {
		uint32_t number = b->slot[at] - 1;
		if (identity_at(b->rs, number) == identity)
			return layer_of(b->rs, number)->born[number & (INDICATORS_MAX - 1)];
	}
	return otherwise;
}

int layer_births(struct layer *l, const struct sl_hash_key *identity_key,
	const struct sl_ruleset *before, uint32_t generation)
{
	size_t n = l->set.count;
	struct before b = { NULL, NULL, 0 };
	int rc = before != NULL ? before_init(&b, before) : 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct sl_entry *e = set_entry(&l->set, (uint32_t)i);
		if (identity_key != NULL)
			l->identity[i] = identity_of(*identity_key, set_kind(&l->set, e), e);
		l->born[i] = before_born(&b, l->identity[i], generation);
		l->newest = l->born[i] > l->newest ? l->born[i] : l->newest;
	}
	free(b.slot);
	return rc;
}

/* ---- What is wanted ---- */

static bool looked_for_in(const struct sl_kind *i, enum sl_where w)
{
	if (i->where != SL_WHERE_NONE)
		return i->where == w;
	if (i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6)
		return sl_wheres[w].form == SL_FORM_ADDR || sl_where_is_host(w);
	return sl_wheres[w].type == i->type;
}

static void want_find(struct layer *l)
{
	bool seen[SL_TYPE_COUNT] = { false };
	for (size_t n = 0; n < l->set.count; n++) {
		const struct sl_kind *i = set_kind(&l->set, set_entry(&l->set, (uint32_t)n));
		if (i->match == SL_MATCH_TREE)
			continue;
		if (i->where == SL_WHERE_NONE && seen[i->type])
			continue;
		if (i->where == SL_WHERE_NONE)
			seen[i->type] = true;
		for (unsigned w = SL_WHERE_NONE + 1; w < SL_WHERE_COUNT; w++) {
			if (looked_for_in(i, (enum sl_where)w))
				l->want[w / 64] |= 1ull << (w % 64);
		}
	}
}

/* ---- Life ---- */

/* Of a set that is there. */
static int lay(struct layer *l)
{
	l->born = sl_mem_map((l->set.count + 1) * sizeof(*l->born));
	l->identity = sl_mem_map((l->set.count + 1) * sizeof(*l->identity));
	if (l->born == NULL || l->identity == NULL)
		return -ENOMEM;
	want_find(l);
	return 0;
}

int layer_build(struct layer *l, const struct sl_book *book, struct sl_hash_key key,
	struct sl_hash_key identity_key, const struct sl_ruleset *before, uint32_t generation)
{
	int rc = set_build(&l->set, book, key);
	if (rc == 0)
		rc = lay(l);
	return rc == 0 ? layer_births(l, &identity_key, before, generation) : rc;
}

int layer_load(struct layer *l, const struct sl_book *book, struct sl_hash_key key,
	struct sl_image_in *image)
{
	int rc = set_load(&l->set, book, key, image);
	if (rc == 0)
		rc = lay(l);
	if (rc < 0)
		return rc;
	sl_image_take(image, l->identity, l->set.count * sizeof(*l->identity));
	return sl_image_bad(image) ? -EBADMSG : 0;
}

void layer_fini(struct layer *l)
{
	sl_mem_unmap(l->born, (l->set.count + 1) * sizeof(*l->born));
	sl_mem_unmap(l->identity, (l->set.count + 1) * sizeof(*l->identity));
	set_fini(&l->set);
	if (l->arena != NULL)
		sl_book_fini(&l->book);
	sl_arena_free(l->arena);
}

size_t layer_bytes(const struct layer *l)
{
	size_t own = l->arena != NULL ? sl_book_bytes(&l->book) + sl_arena_bytes(l->arena) : 0;
	return own + set_bytes(&l->set) +
	       (l->set.count + 1) * (sizeof(*l->born) + sizeof(*l->identity));
}

void ruleset_join(struct sl_ruleset *rs)
{
	rs->reach = (struct reach){ 0 };
	for (unsigned w = 0; w < WHERE_WORDS; w++)
		rs->want[w] = rs->base->trees.tested[w];
	for (unsigned l = 0; l < rs->layers; l++) {
		reach_add(&rs->reach, &rs->layer[l]->set);
		for (unsigned w = 0; w < WHERE_WORDS; w++)
			rs->want[w] |= rs->layer[l]->want[w];
	}
}
