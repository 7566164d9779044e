/* SPDX-License-Identifier: BSD-3-Clause */
/* rows.c - rows that grow up to a bound, found by their hash. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

static uint64_t hash_of(const struct rows *r, uint32_t row)
{
	uint64_t h;
	memcpy(&h, r->at + row * r->each, sizeof(h));
	return h;
}

static uint32_t *slot_of(const struct rows *r, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (r->slots - 1);
	while (r->slot[at] != 0 && hash_of(r, r->slot[at] - 1) != hash)
		at = (at + 1) & (r->slots - 1);
	return &r->slot[at];
}

static int rows_grow(struct rows *r)
{
	uint32_t cap = r->cap != 0 ? r->cap * 2 : 1024, slots = cap * 2;
	char *at = realloc(r->at, cap * r->each);
	if (at == NULL)
		return -ENOMEM;
	r->at = at;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	if (slot == NULL)
		return -ENOMEM;
	free(r->slot);
	r->slot = slot;
	r->slots = slots;
	r->cap = cap;
	for (uint32_t i = 0; i < r->count; i++)
		*slot_of(r, hash_of(r, i)) = i + 1;
	return 0;
}

uint32_t rows_find(const struct rows *r, uint64_t hash)
{
	return r->slots != 0 ? *slot_of(r, hash) : 0;
}

int64_t rows_get(struct rows *r, uint64_t hash, bool *made)
{
	uint32_t known = rows_find(r, hash);
	*made = false;
	if (known != 0 || r->count == r->most)
		return known;
	if (r->count == r->cap) {
		int rc = rows_grow(r);
		if (rc < 0)
			return rc;
	}
	char *row = r->at + r->count * r->each;
	memset(row, 0, r->each);
	memcpy(row, &hash, sizeof(hash));
	*made = true;
	return *slot_of(r, hash) = ++r->count;
}

void rows_free(struct rows *r)
{
	free(r->at);
	free(r->slot);
}
