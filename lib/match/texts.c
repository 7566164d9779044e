/* SPDX-License-Identifier: BSD-3-Clause */
/* texts.c - the table of listed texts that are neither address nor name, and the stems that lead
 * to listed prefixes. Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "set.h"

static int stem_order(const void *pa, const void *pb)
{
	const struct stem *a = pa, *b = pb;
	return a->state < b->state ? -1 : a->state > b->state;
}

static bool listed_as(const struct set *s, uint32_t listing, enum sl_match_kind match)
{
	if (!(listing & LISTING_MANY))
		return set_kind(s, set_entry(s, listing))->match == match;
	const uint32_t *m = &s->members[listing & ~LISTING_MANY];
	for (uint32_t i = 1; i <= *m; i++) {
		if (set_kind(s, set_entry(s, m[i]))->match == match)
			return true;
	}
	return false;
}

/* The stems on the way to one prefix; the root of its type stands apart. Returns their number. */
static size_t stems_of(
	struct texts *t, const struct set *s, const struct sl_entry *i, struct stem *out)
{
	uint8_t type = set_kind(s, i)->type;
	uint64_t state = text_start(s, type);
	struct stem *at = &t->root[type];
	size_t n = 0;
	for (uint32_t from = 0;; from += 16) {
		if (i->value_len - from < 16) {
			at->ends |= (uint16_t)(1u << (i->value_len - from));
			return n;
		}
		at->more = 1;
		state = text_block(s, state, (const uint8_t *)i->value + from);
		at = &out[n++];
		*at = (struct stem){ .state = state };
	}
}

static size_t stems_join(struct stem *v, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		if (out > 0 && v[out - 1].state == v[i].state) {
			v[out - 1].ends |= v[i].ends;
			v[out - 1].more |= v[i].more;
		} else {
			v[out++] = v[i];
		}
	}
	return out;
}

static int stems_lay(struct texts *t, const struct stem *v, size_t n)
{
	int rc = tags_init(&t->stem_tags, n);
	if (rc < 0 || n == 0)
		return rc;
	t->stem = sl_mem_map(n * sizeof(*v));
	if (t->stem == NULL)
		return -ENOMEM;
	t->stem_bytes = n * sizeof(*v);
	memcpy(t->stem, v, n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		tags_add(&t->stem_tags, v[i].state, (uint32_t)v[i].state, (uint32_t)i);
	return 0;
}

static int stems_build(struct texts *t, const struct set *s, const struct listed *v, size_t n)
{
	size_t room = 0, used = 0;
	for (size_t i = 0; i < n; i++) {
		if (listed_as(s, v[i].listing, SL_MATCH_PREFIX))
			room += set_entry(s, v[i].ind)->value_len / 16;
	}
	struct stem *stem = malloc((room + 1) * sizeof(*stem));
	if (stem == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (listed_as(s, v[i].listing, SL_MATCH_PREFIX))
			used += stems_of(t, s, set_entry(s, v[i].ind), stem + used);
	}
	qsort(stem, used, sizeof(*stem), stem_order);
	int rc = stems_lay(t, stem, stems_join(stem, used));
	free(stem);
	return rc;
}

static bool schemeless(const struct set *s, const struct sl_entry *i)
{
	return set_kind(s, i)->type == SL_TYPE_URL && i->value_len >= 2 &&
	       memcmp(i->value, "//", 2) == 0;
}

int texts_build(struct texts *t, const struct set *s, const struct listed *v, size_t n)
{
	*t = (struct texts){ .schemeless = false };
	int rc = tags_init(&t->tags, n);
	(void)tags_init(&t->stem_tags, 0);
	if (rc < 0 || n == 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		tags_add(&t->tags, v[i].hash, (uint32_t)v[i].hash, v[i].listing);
		t->schemeless |= schemeless(s, set_entry(s, v[i].ind));
	}
	rc = stems_build(t, s, v, n);
	if (rc < 0)
		texts_fini(t);
	return rc;
}

void texts_fini(struct texts *t)
{
	tags_fini(&t->tags);
	tags_fini(&t->stem_tags);
	sl_mem_unmap(t->stem, t->stem_bytes);
	t->stem = NULL;
	t->stem_bytes = 0;
	memset(t->root, 0, sizeof(t->root));
}
