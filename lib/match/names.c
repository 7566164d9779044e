/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - the table of listed names and of the names above them. Control thread.
 *
 * A look-up walks from the right: the last two labels, then one more at a time, as long as what it
 * has found says that something longer is listed. So most names cost one look at the filter. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "set.h"

/* A node on its way: the last `len` bytes of an indicator's value. */
struct draft {
	uint64_t hash;
	uint32_t ind, listing;
	uint32_t len;
	uint32_t below;
};

struct drafts {
	struct draft *d;
	size_t n, room;
};

static const uint8_t *draft_text(const struct set *s, const struct draft *d)
{
	const struct sl_entry *e = set_entry(s, d->ind);
	return (const uint8_t *)e->value + e->value_len - d->len;
}

static int draft_order(const void *pa, const void *pb, void *arg)
{
	const struct draft *a = pa, *b = pb;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(draft_text(arg, a), draft_text(arg, b), a->len);
}

static int draft_add(struct drafts *all, struct draft d)
{
	if (all->n == all->room) {
		size_t room = all->room + all->room / 2 + 64;
		struct draft *more = realloc(all->d, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		all->d = more;
		all->room = room;
	}
	all->d[all->n++] = d;
	return 0;
}

/* The listed name itself, and a marker for every name above it that a look-up passes. */
static int name_drafts(
	struct drafts *all, const struct set *s, const struct listed *v, unsigned first)
{
	const struct sl_entry *i = set_entry(s, v->ind);
	const uint8_t *text = (const uint8_t *)i->value;
	int rc = draft_add(all, (struct draft){ v->hash, v->ind, v->listing, i->value_len, 0 });
	unsigned labels = 1;
	for (uint32_t at = i->value_len; at-- > 0 && rc == 0;) {
		if (text[at] != '.')
			continue;
		uint32_t len = i->value_len - at - 1;
		if (labels++ < first)
			continue;
		rc = draft_add(all, (struct draft){ name_hash(s, text + at + 1, len), v->ind,
					    LISTING_NONE, len, 1 });
	}
	return rc;
}

/* Makes one of those that stand for the same text; they are sorted. Returns the number left. */
static size_t drafts_join(const struct set *s, struct draft *d, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n; i++) {
		if (out > 0 && draft_order(&d[out - 1], &d[i], (void *)s) == 0) {
			d[out - 1].below |= d[i].below;
			if (d[i].listing != LISTING_NONE)
				d[out - 1].listing = d[i].listing;
		} else {
			d[out++] = d[i];
		}
	}
	return out;
}

static size_t node_size(const struct draft *d)
{
	return (offsetof(struct name_node, text) + d->len + 3) & ~(size_t)3;
}

static int nodes_lay(struct names *t, const struct set *s, const struct draft *d, size_t n)
{
	size_t bytes = 0, at = 0;
	for (size_t i = 0; i < n; i++)
		bytes += node_size(&d[i]);
	if (bytes / 4 > UINT32_MAX)
		return -E2BIG;
	int rc = tags_init(&t->tags, n);
	if (rc < 0)
		return rc;
	t->node = sl_mem_map(bytes);
	if (t->node == NULL)
		return -ENOMEM;
	t->node_bytes = bytes;
	for (size_t i = 0; i < n; i++) {
		struct name_node *node = (struct name_node *)(t->node + at);
		node->listing = d[i].listing;
		node->len = (uint16_t)d[i].len;
		node->below = (uint8_t)d[i].below;
		memcpy(node->text, draft_text(s, &d[i]), d[i].len);
		tags_add(&t->tags, d[i].hash, (uint32_t)d[i].hash, (uint32_t)(at / 4));
		at += node_size(&d[i]);
	}
	return 0;
}

static bool one_label(const struct sl_entry *i)
{
	return memchr(i->value, '.', i->value_len) == NULL;
}

int names_build(struct names *t, const struct set *s, const struct listed *v, size_t n)
{
	struct drafts all = { NULL, 0, 0 };
	*t = (struct names){ .first = 2 };
	int rc = tags_init(&t->tags, 0);
	if (n == 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		const struct sl_entry *ind = set_entry(s, v[i].ind);
		t->longest = ind->value_len > t->longest ? ind->value_len : t->longest;
		if (one_label(ind))
			t->first = 1;
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = name_drafts(&all, s, &v[i], t->first);
	if (rc == 0) {
		qsort_r(all.d, all.n, sizeof(*all.d), draft_order, (void *)s);
		rc = nodes_lay(t, s, all.d, drafts_join(s, all.d, all.n));
	}
	free(all.d);
	if (rc < 0)
		names_fini(t);
	return rc;
}

void names_fini(struct names *t)
{
	tags_fini(&t->tags);
	sl_mem_unmap(t->node, t->node_bytes);
	t->node = NULL;
	t->node_bytes = 0;
	t->longest = 0;
}
