/* SPDX-License-Identifier: BSD-3-Clause */
/* bucket.c - from a hash to the few records that may carry it. Worker; its memory is mapped at
 * start. The hash is keyed, so that nobody outside can fill one chain. */
#include <errno.h>
#include <emmintrin.h>

#include <sightline/mem.h>

#include "table.h"

#include <sightline/hot.h>

/* Four flows to a bucket of eight on average: two in a hundred buckets then need a chain. */
int buckets_init(struct buckets *bs, uint32_t flows)
{
	uint32_t n = 1;
	while (n < flows / 4)
		n <<= 1;
	uint32_t total = n + flows / 8 + 8;
	struct bucket *b = sl_mem_map((size_t)total * sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	*bs = (struct buckets){ .b = b, .mask = n - 1, .total = total, .fresh = n };
	return 0;
}

void buckets_fini(struct buckets *bs)
{
	if (bs->b)
		sl_mem_unmap(bs->b, buckets_bytes(bs));
}

size_t buckets_bytes(const struct buckets *bs)
{
	return (size_t)bs->total * sizeof(*bs->b);
}

unsigned bucket_match(const struct bucket *b, uint16_t tag)
{
	__m128i tags = _mm_load_si128((const __m128i *)b->tag);
	__m128i same = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));
	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
}

static uint32_t chain_take(struct buckets *bs)
{
	uint32_t n = bs->spare;
	if (n) {
		bs->spare = bs->b[n].more;
		bs->b[n].more = 0;
		return n;
	}
	return bs->fresh < bs->total ? bs->fresh++ : 0;
}

bool buckets_put(struct buckets *bs, uint64_t hash, uint32_t index)
{
	struct bucket *b = &bs->b[hash & bs->mask];
	unsigned free_slots;
	while ((free_slots = bucket_match(b, 0)) == 0) {
		if (b->more == 0) {
			uint32_t n = chain_take(bs);
			if (n == 0)
				return false;
			b->more = n;
		}
		b = &bs->b[b->more];
	}
	unsigned slot = (unsigned)__builtin_ctz(free_slots);
	b->tag[slot] = hash_tag(hash);
	b->index[slot] = index;
	return true;
}

static bool bucket_clear(struct bucket *b, uint32_t index)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (b->tag[i] && b->index[i] == index) {
			b->tag[i] = 0;
			return true;
		}
	}
	return false;
}

void buckets_remove(struct buckets *bs, uint32_t hash_low, uint32_t index)
{
	struct bucket *before = NULL, *b = &bs->b[hash_low & bs->mask];
	while (!bucket_clear(b, index)) {
		if (b->more == 0)
			return;
		before = b;
		b = &bs->b[b->more];
	}
	if (before && bucket_match(b, 0) == 0xff) {
		uint32_t n = before->more;
		before->more = b->more;
		b->more = bs->spare;
		bs->spare = n;
	}
}
