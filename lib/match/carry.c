/* SPDX-License-Identifier: BSD-3-Clause */
/* carry.c - which detection of one set is that of another, so that what holds of it so far goes on
 * when intelligence changes. */
#include <errno.h>
#include <stdlib.h>

#include "carry.h"
#include "ruleset.h"

/* ---- Identity ---- */

uint64_t detection_hash(
	struct sl_hash_key key, const struct base *base, const struct sl_detection *d)
{
	struct sl_indicator i;
	sl_book_get(base->layer.set.book, d->indicator, &i);
	uint64_t h = sl_hash_bytes(key, i.value, i.value_len);
	h = sl_hash_u128(key, h, sl_hash_bytes(key, i.id, strlen(i.id)));
	for (uint16_t l = 0; l < d->leaves; l++) /* the parts of a pattern differ in these */
		h = sl_hash_u128(
			key, h, sl_hash_bytes(key, d->leaf[l].text, strlen(d->leaf[l].text)));
	return sl_hash_u128(key, h, sl_hash_bytes(key, i.source, strlen(i.source)));
}

static bool same_ops(const struct sl_op *a, const struct sl_op *b, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (a[i].op != b[i].op || a[i].a != b[i].a || a[i].b != b[i].b ||
			a[i].number != b[i].number || a[i].number2 != b[i].number2)
			return false;
	return true;
}

static bool same_expression(const struct sl_expression *a, const struct sl_expression *b)
{
	return a->ops == b->ops && a->scope == b->scope && a->at_close == b->at_close &&
	       a->flow_numbers == b->flow_numbers && a->flow_only == b->flow_only &&
	       same_ops(a->op, b->op, a->ops);
}

static bool same_leaf(const struct sl_leaf *a, const struct sl_leaf *b)
{
	return a->kind == b->kind && a->test == b->test && a->negated == b->negated &&
	       a->field == b->field && a->expression == b->expression && a->present == b->present &&
	       strcmp(a->text, b->text) == 0 &&
	       memcmp(a->wheres, b->wheres, sizeof(a->wheres)) == 0;
}

static bool same_structure(const struct sl_detection *a, const struct sl_detection *b)
{
	if (a->ops != b->ops || a->leaves != b->leaves || a->expressions != b->expressions ||
		a->scope != b->scope || a->same_allowed != b->same_allowed ||
		!same_ops(a->op, b->op, a->ops))
		return false;
	for (uint16_t i = 0; i < a->expressions; i++)
		if (!same_expression(&a->expression[i], &b->expression[i]))
			return false;
	for (uint16_t i = 0; i < a->leaves; i++)
		if (!same_leaf(&a->leaf[i], &b->leaf[i]))
			return false;
	return true;
}

bool detection_same(const struct base *base_a, const struct sl_detection *a,
	const struct base *base_b, const struct sl_detection *b)
{
	struct sl_indicator i, k;
	sl_book_get(base_a->layer.set.book, a->indicator, &i);
	sl_book_get(base_b->layer.set.book, b->indicator, &k);
	return i.value_len == k.value_len && memcmp(i.value, k.value, i.value_len) == 0 &&
	       strcmp(i.id, k.id) == 0 && strcmp(i.source, k.source) == 0 && same_structure(a, b);
}

/* ---- From one set to the next ---- */

/* A throw-away table of the newer set's detections; slots hold number + 1. */
struct found {
	const struct base *b;
	uint32_t *slot;
	size_t mask;
	struct sl_hash_key key;
};

static int found_init(struct found *f, const struct base *b)
{
	size_t slots = 64;
	while (slots < b->trees.detections * 2)
		slots *= 2;
	*f = (struct found){ b, calloc(slots, sizeof(*f->slot)), slots - 1, b->identity_key };
	if (f->slot == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->trees.detections; i++) {
		size_t at = detection_hash(f->key, b, &b->trees.detection[i]) & f->mask;
		while (f->slot[at] != 0)
			at = (at + 1) & f->mask;
		f->slot[at] = (uint32_t)i + 1;
	}
	return 0;
}

/* Of detections that are the same in every way each goes on as another one. */
static uint32_t found_take(
	struct found *f, const struct base *b, const struct sl_detection *d, uint8_t *taken)
{
	for (size_t at = detection_hash(f->key, b, d) & f->mask; f->slot[at] != 0;
		at = (at + 1) & f->mask) {
		uint32_t number = f->slot[at] - 1;
		if (taken[number] || !detection_same(b, d, f->b, &f->b->trees.detection[number]))
			continue;
		taken[number] = 1;
		return number;
	}
	return CARRY_NONE;
}

static uint32_t *list_new(struct carry *c, uint32_t generation, size_t n)
{
	c->to = malloc((n + 1) * sizeof(*c->to));
	if (c->to == NULL)
		return NULL;
	c->generation = generation;
	c->n = n;
	return c->to;
}

static int step(struct base *b, const struct base *previous, uint8_t *taken)
{
	struct found f;
	size_t n = previous->trees.detections;
	uint32_t *to = list_new(&b->carry[0], previous->generation, n);
	if (to == NULL || found_init(&f, b) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		to[i] = found_take(&f, previous, &previous->trees.detection[i], taken);
	free(f.slot);
	return 0;
}

/* Sets before the previous one, by way of it. */
static int steps_before(struct base *b, const struct base *previous)
{
	for (unsigned k = 0; k + 1 < CARRIES && previous->carry[k].to != NULL; k++) {
		const struct carry *from = &previous->carry[k];
		uint32_t *to = list_new(&b->carry[k + 1], from->generation, from->n);
		if (to == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < from->n; i++)
			to[i] = from->to[i] != CARRY_NONE ? b->carry[0].to[from->to[i]]
							  : CARRY_NONE;
	}
	return 0;
}

int carry_build(struct base *b, const struct base *previous)
{
	if (previous == NULL)
		return 0;
	uint8_t *taken = calloc(b->trees.detections + 1, 1);
	int rc = taken == NULL ? -ENOMEM : step(b, previous, taken);
	rc = rc ? rc : steps_before(b, previous);
	/* What was taken apart in another way is another detection. */
	for (size_t i = 0; rc == 0 && i < b->trees.detections; i++) {
		if (taken[i])
			continue;
		b->layer.born[b->trees.detection[i].indicator] = b->generation;
		b->layer.newest = b->generation;
	}
	free(taken);
	return rc;
}

void carry_fini(struct base *b)
{
	for (unsigned i = 0; i < CARRIES; i++)
		free(b->carry[i].to);
}

size_t carry_bytes(const struct base *b)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < CARRIES; i++)
		bytes += b->carry[i].n * sizeof(*b->carry[i].to);
	return bytes;
}

#include <sightline/hot.h>

uint32_t carry_to(const struct base *b, uint32_t generation, uint32_t number)
{
	for (unsigned i = 0; i < CARRIES; i++) {
		const struct carry *c = &b->carry[i];
		if (c->to != NULL && c->generation <= generation)
			return number < c->n ? c->to[number] : CARRY_NONE;
	}
	return CARRY_NONE;
}
