/* SPDX-License-Identifier: BSD-3-Clause */
/* homes.c - which tables have a flow: a bounded table of atomic words that all workers share, so
 * that a flow whose packets come to two of them is seen. A word is the flow's keyed hash with the
 * number of its table in the low byte; a free one is taken by compare-and-swap, and only its owner
 * frees it. Touched when a flow begins and when it has ended, never by the packets between; no
 * locks. Of two workers that begin the same flow in the same instant, while a third ends one beside
 * it, neither may see the other. */
#include <errno.h>
#include <stdatomic.h>

#include <sightline/mem.h>
#include <sightline/prefetch.h>

#include "table.h"

#define SLOTS 8
#define TABLES_MAX 254

struct homes_bucket {
	alignas(64) _Atomic uint64_t word[SLOTS]; /* 0: free */
};

struct sl_flow_homes {
	struct sl_hash_key key;
	struct homes_bucket *b;
	uint64_t mask;
};

/* Two flows to a bucket of eight at most, on average: one in thousands is full. */
int sl_flow_homes_new(struct sl_flow_homes **out, unsigned tables, uint32_t max_flows)
{
	uint64_t n = 1;
	if (tables > TABLES_MAX)
		return -EINVAL;
	while (n * 2 < (uint64_t)tables * max_flows && n <= UINT32_MAX / 2)
		n <<= 1;
	struct sl_flow_homes *h = sl_mem_map(sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	h->mask = n - 1;
	h->b = sl_mem_map(n * sizeof(*h->b));
	int rc = h->b == NULL ? -ENOMEM : sl_hash_key_draw(&h->key);
	if (rc < 0) {
		sl_flow_homes_free(h);
		return rc;
	}
	*out = h;
	return 0;
}

void sl_flow_homes_free(struct sl_flow_homes *h)
{
	if (h == NULL)
		return;
	if (h->b != NULL)
		sl_mem_unmap(h->b, (h->mask + 1) * sizeof(*h->b));
	sl_mem_unmap(h, sizeof(*h));
}

#include <sightline/hot.h>

struct sl_hash_key homes_key(const struct sl_flow_homes *h)
{
	return h->key;
}

static struct homes_bucket *bucket_of(const struct sl_flow_homes *h, uint64_t hash)
{
	return &h->b[hash & h->mask];
}

/* 0 is a free word: no table has the number 0. */
static uint64_t word_of(uint64_t hash, unsigned table)
{
	return (hash & ~UINT64_C(0xff)) | (table + 1);
}

void homes_prefetch(const struct sl_flow_homes *h, uint64_t hash)
{
	sl_prefetch(bucket_of(h, hash));
}

/* The other tables' words of the same flow differ from `mine` in the low byte alone. */
struct home homes_enter(struct sl_flow_homes *h, uint64_t hash, unsigned table)
{
	struct homes_bucket *b = bucket_of(h, hash);
	uint64_t mine = word_of(hash, table), none;
	struct home r;
	do {
		r = (struct home){ 0, false };
		for (unsigned i = 0; i < SLOTS; i++) {
			uint64_t w = atomic_load_explicit(&b->word[i], memory_order_relaxed);
			if (w == 0)
				r.slot = r.slot == 0 ? (uint8_t)(i + 1) : r.slot;
			else
				r.split |= (w ^ mine) - 1 < 0xff;
		}
		none = 0;
	} while (r.slot != 0 && !atomic_compare_exchange_strong(&b->word[r.slot - 1], &none, mine));
	return r;
}

void homes_leave(struct sl_flow_homes *h, uint32_t hash, uint8_t slot)
{
	atomic_store_explicit(&bucket_of(h, hash)->word[slot - 1], 0, memory_order_release);
}
