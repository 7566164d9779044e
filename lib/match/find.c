/* SPDX-License-Identifier: BSD-3-Clause */
/* find.c - one value in the tables of a set. */
#include "seek.h"

#include <sightline/hot.h>

const struct name_node *name_find(
	const struct set *s, uint64_t hash, const uint8_t *text, size_t len)
{
	struct tags_search at = tags_search(&s->names.tags, hash, (uint32_t)hash);
	uint32_t place;
	while (tags_next(&at, &place)) {
		const void *p = s->names.node + (size_t)place * 4;
		const struct name_node *n = p;
		if (n->len == len && memcmp(n->text, text, len) == 0)
			return n;
	}
	return NULL;
}

uint32_t set_find(const struct set *s, const struct sl_kind *k, const struct sl_entry *e)
{
	const struct tags *tags[TABLE_COUNT] = { [HOST4] = &s->host4,
		[HOST6] = &s->host6,
		[PREFIX4] = &s->prefix4.tags,
		[PREFIX6] = &s->prefix6.tags,
		[NAME] = &s->names.tags,
		[TEXT] = &s->texts.tags };
	enum table table;
	uint64_t hash;
	uint32_t listing;
	if (!value_hash(s, k, e, &table, &hash) || !tags_maybe(tags[table], hash))
		return LISTING_NONE;
	if (table == NAME) {
		const struct name_node *n =
			name_find(s, hash, (const uint8_t *)e->value, e->value_len);
		return n != NULL ? n->listing : LISTING_NONE;
	}
	struct tags_search at =
		tags_search(tags[table], hash, table == HOST4 ? e->v4_be : (uint32_t)hash);
	while (tags_next(&at, &listing)) {
		const struct sl_entry *first = listing_first(s, listing);
		if (value_order(set_kind(s, first), first, k, e) == 0)
			return listing;
	}
	return LISTING_NONE;
}
