/* SPDX-License-Identifier: BSD-3-Clause */
/* ruleset.c - making a ruleset and asking about it. Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "ruleset.h"

/* ---- Identity: which indicator of the set before is this one ---- */

static uint64_t identity_of(
	struct sl_hash_key key, const struct sl_kind *k, const struct sl_entry *e)
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

static int before_init(struct before *b, const struct sl_ruleset *rs)
{
	size_t slots = 64;
	while (slots < rs->armed.count * 2)
		slots *= 2;
	*b = (struct before){ rs, calloc(slots, sizeof(*b->slot)), slots - 1 };
	if (b->slot == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < rs->armed.count; i++) {
		size_t at = rs->identity[i] & b->mask;
		while (b->slot[at] != 0 && rs->identity[b->slot[at] - 1] != rs->identity[i])
			at = (at + 1) & b->mask;
		b->slot[at] = (uint32_t)i + 1;
	}
	return 0;
}

static uint32_t before_born(const struct before *b, uint64_t identity, uint32_t otherwise)
{
	for (size_t at = identity & b->mask; b->slot[at] != 0; at = (at + 1) & b->mask) {
		uint32_t number = b->slot[at] - 1;
		if (b->rs->identity[number] == identity)
			return b->rs->born[number];
	}
	return otherwise;
}

static int births(struct sl_ruleset *rs, const struct sl_ruleset *previous)
{
	size_t n = rs->armed.count;
	struct before before = { NULL, NULL, 0 };
	int rc = 0;
	rs->born = sl_mem_map((n + 1) * sizeof(*rs->born));
	rs->identity = sl_mem_map((n + 1) * sizeof(*rs->identity));
	if (rs->born == NULL || rs->identity == NULL)
		return -ENOMEM;
	if (previous != NULL) {
		rs->identity_key = previous->identity_key;
		rc = before_init(&before, previous);
	} else {
		rc = sl_hash_key_draw(&rs->identity_key);
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct sl_entry *e = set_entry(&rs->armed, (uint32_t)i);
		rs->identity[i] = identity_of(rs->identity_key, set_kind(&rs->armed, e), e);
		rs->born[i] = previous == NULL
				      ? rs->generation
				      : before_born(&before, rs->identity[i], rs->generation);
	}
	free(before.slot);
	return rc;
}

/* ---- The allow-list, copied, as its intel is only lent ---- */

static int allow_copy(struct sl_ruleset *rs, const struct sl_book *from)
{
	int rc = sl_arena_new(&rs->allowed_arena);
	if (rc == 0)
		rc = sl_book_init(&rs->allowed, rs->allowed_arena);
	for (size_t i = 0; i < from->count && rc == 0; i++) {
		struct sl_indicator one;
		sl_book_get(from, i, &one);
		if (one.detection != 0) /* what is allowed is a value, never part of a tree */
			continue;
		one.id = one.source = one.name = one.severity = "";
		one.labels = one.quiet_reason = one.part = "";
		one.allow = false;
		one.value = sl_arena_text(rs->allowed_arena, one.value, one.value_len);
		rc = one.value != NULL ? sl_book_add(&rs->allowed, &one) : -ENOMEM;
	}
	sl_book_close(&rs->allowed);
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

static void want_find(struct sl_ruleset *rs)
{
	bool seen[SL_TYPE_COUNT] = { false };
	for (size_t n = 0; n < rs->armed.count; n++) {
		const struct sl_kind *i = set_kind(&rs->armed, set_entry(&rs->armed, (uint32_t)n));
		if (i->match == SL_MATCH_TREE)
			continue;
		if (i->where == SL_WHERE_NONE && seen[i->type])
			continue;
		if (i->where == SL_WHERE_NONE)
			seen[i->type] = true;
		for (unsigned w = SL_WHERE_NONE + 1; w < SL_WHERE_COUNT; w++) {
			if (looked_for_in(i, (enum sl_where)w))
				rs->want[w / 64] |= 1ull << (w % 64);
		}
	}
	for (unsigned i = 0; i < WHERE_WORDS; i++)
		rs->want[i] |= rs->trees.tested[i];
}

static void whole_count(struct sl_ruleset *rs)
{
	for (size_t n = 0; n < rs->armed.count; n++) {
		const struct sl_entry *e = set_entry(&rs->armed, (uint32_t)n);
		const struct sl_kind *k = set_kind(&rs->armed, e);
		rs->whole += !k->allow && (e->detection == 0 || k->match == SL_MATCH_TREE);
	}
}

/* ---- Life ---- */

static int fill(
	struct sl_ruleset *rs, const struct sl_match_options *o, const struct sl_ruleset *previous)
{
	int rc = set_build(&rs->armed, sl_intel_book(rs->intel));
	if (rc == 0)
		rc = births(rs, previous);
	if (rc == 0)
		rc = trees_build(&rs->trees, rs->intel, o->workers);
	if (rc == 0)
		rc = carry_build(rs, previous);
	if (rc < 0)
		return rc;
	whole_count(rs);
	want_find(rs);
	if (o->allow == NULL)
		return 0;
	rc = allow_copy(rs, sl_intel_book(o->allow));
	return rc < 0 ? rc : set_build(&rs->allow, &rs->allowed);
}

int sl_ruleset_build(struct sl_ruleset **out, struct sl_intel *intel,
	const struct sl_match_options *o, const struct sl_ruleset *previous, uint32_t generation)
{
	struct sl_ruleset *rs = calloc(1, sizeof(*rs));
	if (rs == NULL) {
		sl_intel_free(intel);
		return -ENOMEM;
	}
	rs->intel = intel;
	rs->home = o->home;
	rs->validity = o->validity;
	rs->generation = generation;
	int rc = set_build(&rs->allow, NULL);
	if (rc == 0)
		rc = fill(rs, o, previous);
	if (rc < 0) {
		sl_ruleset_free(rs);
		return rc;
	}
	*out = rs;
	return 0;
}

void sl_ruleset_free(struct sl_ruleset *rs)
{
	if (rs == NULL)
		return;
	sl_mem_unmap(rs->born, (rs->armed.count + 1) * sizeof(*rs->born));
	sl_mem_unmap(rs->identity, (rs->armed.count + 1) * sizeof(*rs->identity));
	carry_fini(rs);
	trees_fini(&rs->trees);
	set_fini(&rs->armed);
	set_fini(&rs->allow);
	sl_book_fini(&rs->allowed);
	sl_arena_free(rs->allowed_arena);
	sl_intel_free(rs->intel);
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

size_t sl_ruleset_bytes(const struct sl_ruleset *rs)
{
	size_t each = sizeof(*rs->born) + sizeof(*rs->identity);
	return sizeof(*rs) + (rs->armed.count + 1) * each + set_bytes(&rs->armed) +
	       set_bytes(&rs->allow) + trees_bytes(&rs->trees) + carry_bytes(rs) +
	       sl_book_bytes(&rs->allowed) + sl_intel_bytes(rs->intel);
}

void sl_ruleset_want(const struct sl_ruleset *rs, uint64_t want[(SL_WHERE_COUNT + 63) / 64])
{
	memcpy(want, rs->want, sizeof(rs->want));
}

void sl_ruleset_indicator(const struct sl_ruleset *rs, uint32_t number, struct sl_indicator *out)
{
	sl_book_get(rs->armed.book, number, out);
}

const struct sl_detection *sl_ruleset_detection(const struct sl_ruleset *rs, uint32_t number)
{
	return number < rs->trees.detections ? &rs->trees.detection[number] : NULL;
}

size_t sl_ruleset_detections(const struct sl_ruleset *rs)
{
	return rs->trees.detections;
}
