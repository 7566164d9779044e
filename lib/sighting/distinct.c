/* SPDX-License-Identifier: BSD-3-Clause */
/* distinct.c - a small set of hashes that turns into an estimate when it grows. */
#include <stdlib.h>

#include <sightline/hyperloglog.h>

#include "distinct.h"

static void to_estimate(struct distinct *d)
{
	d->registers = calloc(SL_HLL_REGISTERS, 1);
	if (d->registers == NULL)
		return;
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->slots[i])
			(void)sl_hll_add(d->registers, d->slots[i]);
	free(d->slots);
	d->slots = NULL;
	d->cap = 0;
}

/* The slot of hash, or the free one where it belongs. */
static uint64_t *find(uint64_t *slots, uint32_t cap, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (cap - 1);
	while (slots[i] != 0 && slots[i] != hash)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static bool grow(struct distinct *d)
{
	uint32_t cap = d->cap ? d->cap * 2 : 8;
	uint64_t *slots = calloc(cap, sizeof(*slots));
	if (slots == NULL)
		return false;
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->slots[i])
			*find(slots, cap, d->slots[i]) = d->slots[i];
	free(d->slots);
	d->slots = slots;
	d->cap = cap;
	return true;
}

bool distinct_add(struct distinct *d, uint64_t hash)
{
	hash += hash == 0;
	if (d->registers != NULL) {
		(void)sl_hll_add(d->registers, hash);
		return false;
	}
	if (d->cap && *find(d->slots, d->cap, hash) == hash)
		return false;
	if (d->used == DISTINCT_EXACT) {
		to_estimate(d);
		if (d->registers != NULL)
			(void)sl_hll_add(d->registers, hash);
		return false;
	}
	if ((d->used + 1) * 4 > d->cap * 3 && !grow(d))
		return false;
	*find(d->slots, d->cap, hash) = hash;
	d->used++;
	return true;
}

uint64_t distinct_count(const struct distinct *d)
{
	if (d->registers == NULL)
		return d->used;
	uint64_t n = sl_hll_count(d->registers);
	return n > DISTINCT_EXACT ? n : DISTINCT_EXACT + 1;
}

void distinct_fini(struct distinct *d)
{
	free(d->slots);
	free(d->registers);
	*d = (struct distinct){ 0 };
}
