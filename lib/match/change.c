/* SPDX-License-Identifier: BSD-3-Clause */
/* change.c - a ruleset with a few indicators more or fewer, next to no cost beside the set's size:
 * what is added goes into a layer that is built anew, what is removed is a bit. Layers of about the
 * new one's size are taken into it, so that there are few and each indicator is built anew only
 * now and then (O'Neil et al. 1996, The log-structured merge-tree). Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "ruleset.h"

#define ABSORB 32 /* a layer that isn't this many times as large as what comes joins it */

/* An indicator of the layer that is made. */
struct comer {
	struct sl_indicator i; /* strings borrowed */
	uint64_t identity;
	uint32_t born;
	bool said; /* by this change */
};

struct change {
	const struct sl_ruleset *now;
	struct comer *comer;
	size_t n, room;
	uint32_t *slot; /* by identity, of what this change adds: number in comer + 1 */
	size_t mask;
	struct gone *gone[LAYERS]; /* of now's layers, changed; NULL: as they were */
	const struct sl_ruleset *older; /* what it has is as old as there; NULL */
	bool found; /* the same as what is added was there */
	uint32_t born; /* of what is added, unless it was there; 0: as it was */
	struct sl_change *sum;
};

/* ---- What is taken out ---- */

static bool is_gone(const struct change *c, unsigned layer, uint32_t number)
{
	const struct gone *g = c->gone[layer];
	return gone_has(g != NULL ? g : c->now->gone[layer], number);
}

static struct gone *gone_copy(const struct gone *from, size_t count)
{
	struct gone *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	g->refs = 1;
	g->bytes = (count / 64 + 1) * sizeof(*g->bit);
	g->bit = sl_mem_map(g->bytes);
	if (g->bit == NULL) {
		free(g);
		return NULL;
	}
	if (from != NULL) {
		memcpy(g->bit, from->bit, g->bytes);
		g->count = from->count;
	}
	return g;
}

static int take_out(struct change *c, unsigned layer, uint32_t number)
{
	struct gone **g = &c->gone[layer];
	if (*g == NULL)
		*g = gone_copy(c->now->gone[layer], c->now->layer[layer]->set.count);
	if (*g == NULL)
		return -ENOMEM;
	(*g)->bit[number / 64] |= UINT64_C(1) << (number % 64);
	(*g)->count++;
	return 0;
}

/* ---- What comes ---- */

static int come(struct change *c, const struct sl_indicator *i, uint64_t identity, uint32_t born)
{
	if (c->n == c->room) {
		size_t room = c->room * 2 + 64;
		struct comer *more = realloc(c->comer, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		c->comer = more;
		c->room = room;
	}
	c->comer[c->n++] = (struct comer){ *i, identity, born, false };
	return 0;
}

/* What there is of a value, whatever its layer, goes through fn until it returns other than 0. */
typedef int (*lived_fn)(struct change *c, unsigned layer, uint32_t number, uint64_t identity,
	const struct sl_indicator *i);

static int each_of_value(struct change *c, const struct sl_kind *k, const struct sl_entry *e,
	uint64_t identity, const struct sl_indicator *i, lived_fn fn)
{
	for (unsigned l = 0; l < c->now->layers; l++) {
		const struct set *s = &c->now->layer[l]->set;
		uint32_t listing = set_find(s, k, e), n;
		if (listing == LISTING_NONE)
			continue;
		const uint32_t *m = listing_members(s, &listing, &n);
		for (uint32_t j = 0; j < n; j++) {
			if (set_entry(s, m[j])->detection != 0 || is_gone(c, l, m[j]))
				continue;
			int rc = fn(c, l, m[j], identity, i);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static void count_out(struct change *c, const struct sl_kind *k)
{
	if (k->quiet)
		c->sum->quiet--;
	else if (!k->allow)
		c->sum->armed--;
}

static int remove_same(struct change *c, unsigned layer, uint32_t number, uint64_t identity,
	const struct sl_indicator *i)
{
	const struct layer *l = c->now->layer[layer];
	(void)i;
	if (l->identity[number] != identity)
		return 0;
	count_out(c, set_kind(&l->set, set_entry(&l->set, number)));
	c->sum->removed++;
	return take_out(c, layer, number);
}

/* The others of a value move to where the new one will be; one that is the same gives way to it. */
static int move(struct change *c, unsigned layer, uint32_t number, uint64_t identity,
	const struct sl_indicator *i)
{
	const struct layer *l = c->now->layer[layer];
	struct sl_indicator old;
	sl_book_get(l->set.book, number, &old);
	if (l->identity[number] == identity) {
		count_out(c, set_kind(&l->set, set_entry(&l->set, number)));
		if (c->found) /* a feed says it twice */
			return take_out(c, layer, number);
		c->found = true;
		c->sum->replaced++;
		old = *i;
	}
	bool older = c->born != 0 && l->identity[number] == identity;
	int rc = come(c, &old, l->identity[number], older ? c->born : l->born[number]);
	return rc < 0 ? rc : take_out(c, layer, number);
}

/* Where the identity stands among what comes, or where it would. */
static size_t slot_of(const struct change *c, uint64_t identity)
{
	size_t at = identity & c->mask;
	while (c->slot[at] != 0 && c->comer[c->slot[at] - 1].identity != identity)
		at = (at + 1) & c->mask;
	return at;
}

static void slots_fill(struct change *c, size_t from)
{
	for (size_t n = from; n < c->n; n++)
		c->slot[slot_of(c, c->comer[n].identity)] = (uint32_t)n + 1;
}

static void count_in(struct change *c, const struct sl_kind *k)
{
	if (k->quiet)
		c->sum->quiet++;
	else if (!k->allow)
		c->sum->armed++;
}

/* Room for the slots of what one value may bring. */
static int slots_grow(struct change *c)
{
	if (c->slot != NULL && c->n * 2 < c->mask)
		return 0;
	size_t slots = 1024;
	while (slots < c->n * 4 + 4)
		slots *= 2;
	uint32_t *more = calloc(slots, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	free(c->slot);
	c->slot = more;
	c->mask = slots - 1;
	slots_fill(c, 0);
	return 0;
}

static int add(struct change *c, const struct sl_book *book, size_t number, uint32_t generation)
{
	const struct sl_entry *e = &book->entry[number];
	const struct sl_kind *k = sl_book_kind(book, e);
	uint64_t identity = identity_of(c->now->base->identity_key, k, e);
	struct sl_indicator i;
	enum table table;
	uint64_t hash;
	if (e->detection != 0 || k->match == SL_MATCH_TREE)
		return -EOPNOTSUPP;
	if (!value_hash(&c->now->layer[0]->set, k, e, &table, &hash))
		return -EINVAL;
	sl_book_get(book, number, &i);
	size_t before = c->n;
	uint32_t number_there;
	bool older = c->older != NULL && ruleset_same(c->older, k, e, identity, &number_there);
	c->born = older ? sl_ruleset_born(c->older, number_there) : 0;
	c->found = false;
	int rc = each_of_value(c, k, e, identity, &i, move);
	rc = rc < 0 ? rc : slots_grow(c);
	if (rc < 0)
		return rc;
	slots_fill(c, before);
	count_in(c, k);
	size_t at = slot_of(c, identity);
	if (c->slot[at] == 0) {
		c->sum->added++;
		rc = come(c, &i, identity, older ? c->born : generation);
		c->slot[at] = (uint32_t)c->n;
	} else if (c->slot[at] <= before) {
		/* It moved with another of its value, or this change says it twice: the later
		 * holds. */
		struct comer *there = &c->comer[c->slot[at] - 1];
		count_out(c, &(struct sl_kind){ .quiet = there->i.quiet, .allow = there->i.allow });
		c->sum->replaced += !there->said;
		there->i = i;
		there->born = older ? c->born : there->born;
	}
	if (rc == 0)
		c->comer[c->slot[at] - 1].said = true;
	return rc;
}

static int take(struct change *c, const struct sl_book *book, size_t number)
{
	const struct sl_entry *e = &book->entry[number];
	const struct sl_kind *k = sl_book_kind(book, e);
	uint32_t before = c->sum->removed;
	if (e->detection != 0 || k->match == SL_MATCH_TREE)
		return -EOPNOTSUPP;
	uint64_t identity = identity_of(c->now->base->identity_key, k, e);
	int rc = each_of_value(c, k, e, identity, NULL, remove_same);
	c->sum->absent += rc == 0 && c->sum->removed == before;
	return rc;
}

/* ---- The layer ---- */

static size_t left_of(const struct change *c, unsigned layer)
{
	const struct gone *g = c->gone[layer] != NULL ? c->gone[layer] : c->now->gone[layer];
	return c->now->layer[layer]->set.count - (g != NULL ? g->count : 0);
}

/* Takes in the layers that aren't much larger. Returns how many stay. */
static int absorb(struct change *c, unsigned *stay)
{
	unsigned top = c->now->layers;
	for (; c->n > 0 && top > 1; top--) {
		const struct layer *l = c->now->layer[top - 1];
		if (top < LAYERS && left_of(c, top - 1) >= ABSORB * c->n)
			break;
		for (uint32_t i = 0; i < l->set.count; i++) {
			struct sl_indicator one;
			if (is_gone(c, top - 1, i))
				continue;
			sl_book_get(l->set.book, i, &one);
			int rc = come(c, &one, l->identity[i], l->born[i]);
			if (rc < 0)
				return rc;
		}
	}
	*stay = top;
	return 0;
}

static const char *interned(struct sl_arena *a, const char *text)
{
	return sl_arena_intern(a, text, strlen(text));
}

static int book_add(struct layer *l, struct sl_indicator i)
{
	struct sl_arena *a = l->arena;
	i.source = interned(a, i.source);
	i.severity = interned(a, i.severity);
	i.labels = interned(a, i.labels);
	i.quiet_reason = interned(a, i.quiet_reason);
	i.part = interned(a, i.part);
	i.name = interned(a, i.name);
	i.id = sl_arena_text(a, i.id, strlen(i.id));
	i.value = sl_arena_text(a, i.value, i.value_len);
	if (i.source == NULL || i.severity == NULL || i.labels == NULL || i.quiet_reason == NULL ||
		i.part == NULL || i.name == NULL || i.id == NULL || i.value == NULL)
		return -ENOMEM;
	return sl_book_add(&l->book, &i);
}

static int layer_fill(struct layer *l, const struct change *c, uint32_t generation)
{
	const struct base *base = c->now->base;
	int rc = sl_arena_new(&l->arena);
	if (rc == 0)
		rc = sl_book_init(&l->book, l->arena);
	for (size_t n = 0; n < c->n && rc == 0; n++)
		rc = book_add(l, c->comer[n].i);
	if (rc < 0)
		return rc;
	sl_book_close(&l->book);
	rc = layer_build(l, &l->book, base->layer.set.key, base->identity_key, NULL, generation);
	l->newest = 0;
	for (size_t n = 0; n < c->n && rc == 0; n++) {
		l->born[n] = c->comer[n].born;
		l->newest = l->born[n] > l->newest ? l->born[n] : l->newest;
	}
	return rc;
}

static int layer_new(struct layer **out, const struct change *c, uint32_t generation)
{
	*out = NULL;
	if (c->n == 0)
		return 0;
	struct layer *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->refs = 1;
	int rc = layer_fill(l, c, generation);
	if (rc == 0)
		*out = l;
	else
		layer_drop(l);
	return rc;
}

static struct sl_ruleset *assemble(
	struct change *c, unsigned stay, struct layer *top, uint32_t generation)
{
	struct sl_ruleset *rs = calloc(1, sizeof(*rs));
	if (rs == NULL)
		return NULL;
	rs->base = c->now->base;
	rs->generation = generation;
	rs->whole = c->now->whole + (size_t)(c->sum->armed + c->sum->quiet);
	for (; rs->layers < stay; rs->layers++) {
		unsigned l = rs->layers;
		rs->layer[l] = c->now->layer[l];
		atomic_fetch_add(&rs->layer[l]->refs, 1);
		rs->gone[l] = c->gone[l] != NULL ? c->gone[l] : c->now->gone[l];
		if (rs->gone[l] != NULL && c->gone[l] == NULL)
			atomic_fetch_add(&rs->gone[l]->refs, 1);
		c->gone[l] = NULL;
	}
	if (top != NULL)
		rs->layer[rs->layers++] = top;
	ruleset_join(rs);
	return rs;
}

static int make(struct sl_ruleset **out, struct change *c, uint32_t generation)
{
	unsigned stay;
	struct layer *top;
	int rc = absorb(c, &stay);
	if (rc == 0)
		rc = layer_new(&top, c, generation);
	if (rc < 0)
		return rc;
	*out = assemble(c, stay, top, generation);
	if (*out == NULL)
		layer_drop(top);
	return *out != NULL ? 0 : -ENOMEM;
}

int ruleset_change(struct sl_ruleset **out, const struct sl_ruleset *now,
	const struct sl_book *more, const struct sl_book *fewer, const struct sl_ruleset *older,
	uint32_t generation, struct sl_change *sum)
{
	struct change c = { .now = now, .older = older, .sum = sum };
	int rc = 0;
	*sum = (struct sl_change){ 0 };
	for (size_t i = 0; fewer != NULL && i < fewer->count && rc == 0; i++)
		rc = take(&c, fewer, i);
	for (size_t i = 0; more != NULL && i < more->count && rc == 0; i++)
		rc = add(&c, more, i, generation);
	if (rc == 0)
		rc = make(out, &c, generation);
	for (unsigned l = 0; l < LAYERS; l++)
		gone_drop(c.gone[l]);
	free(c.slot);
	free(c.comer);
	return rc;
}

int sl_ruleset_change(struct sl_ruleset **out, const struct sl_ruleset *now,
	const struct sl_book *more, const struct sl_book *fewer, uint32_t generation,
	struct sl_change *sum)
{
	return ruleset_change(out, now, more, fewer, NULL, generation, sum);
}

size_t sl_ruleset_changed(const struct sl_ruleset *rs)
{
	size_t n = 0;
	for (unsigned l = 0; l < rs->layers; l++) {
		n += l > 0 ? rs->layer[l]->set.count : 0;
		n += rs->gone[l] != NULL ? rs->gone[l]->count : 0;
	}
	return n;
}
