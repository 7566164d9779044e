/* SPDX-License-Identifier: BSD-3-Clause */
/* tags.h - the one hash table under all look-ups: cache lines of 15 tags and a head, an index
 * beside each tag, and a blocked bloom filter of 16 bits for each entry in front, so that the usual
 * miss costs one line.
 *
 * Built by one control thread, then published, and read by any number of workers: it never changes
 * any more. Keys are hashed by the caller with the set's secret key, so that nobody who writes
 * feeds or packets can fill one line. A tag is the key itself (IPv4) or 32 bits of the hash; then
 * the caller compares keys. */
#ifndef SL_MATCH_TAGS_H
#define SL_MATCH_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/prefetch.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define TAGS_LINE 15 /* tags in a line of 64 bytes; the 16th word is its head */
#define TAGS_SPILLED 0x80000000u /* head: an entry that belongs here lies in a line behind it */

struct tags {
	uint32_t *line; /* 16 words each; one mapping holds lines, bloom and index */
	uint64_t *bloom; /* one word tells of a key, by four bits */
	uint32_t *index; /* TAGS_LINE for each line */
	uint32_t lines, words;
	size_t bytes;
};

/* Room for n entries; 0 is allowed, and nothing is found then. 0 or -ENOMEM. */
int tags_init(struct tags *t, size_t n);
void tags_fini(struct tags *t);
/* Of a table with so many lines and words: the bytes of its block, which sl_mem_map gave; and the
 * table in it. */
size_t tags_size(const struct tags *t);
void tags_lay(struct tags *t, void *block);
void tags_add(struct tags *t, uint64_t hash, uint32_t tag, uint32_t index);

static inline uint32_t tags_scale(uint64_t hash, uint32_t n)
{
	return (uint32_t)((hash >> 32) * n >> 32);
}

static inline uint64_t tags_bits(uint64_t hash)
{
	return 1ull << (hash & 63) | 1ull << (hash >> 6 & 63) | 1ull << (hash >> 12 & 63) |
	       1ull << (hash >> 18 & 63);
}

static inline void tags_prefetch_bloom(const struct tags *t, uint64_t hash)
{
	sl_prefetch(&t->bloom[tags_scale(hash, t->words)]);
}

static inline bool tags_maybe(const struct tags *t, uint64_t hash)
{
	uint64_t bits = tags_bits(hash);
	return (t->bloom[tags_scale(hash, t->words)] & bits) == bits;
}

static inline void tags_prefetch_line(const struct tags *t, uint64_t hash)
{
	sl_prefetch(&t->line[(size_t)tags_scale(hash, t->lines) * 16]);
}

/* Which of a line's tags are equal to `tag`. */
static inline uint32_t tags_equal(const uint32_t *line, uint32_t tag)
{
#ifdef __AVX2__
	__m256i want = _mm256_set1_epi32((int)tag);
	__m256i low = _mm256_load_si256((const __m256i *)line);
	__m256i high = _mm256_load_si256((const __m256i *)(line + 8));
	uint32_t a =
		(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(low, want)));
	uint32_t b =
		(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(high, want)));
	return a | b << 8;
#else
	uint32_t m = 0;
	for (unsigned i = 0; i < TAGS_LINE; i++)
		m |= (uint32_t)(line[i] == tag) << i;
	return m;
#endif
}

/* A search: every entry with this tag in the lines where `hash` may lie. Only after tags_maybe. */
struct tags_search {
	const struct tags *t;
	uint32_t line, tag, equal;
};

static inline void tags_search_line(struct tags_search *s)
{
	const uint32_t *line = &s->t->line[(size_t)s->line * 16];
	s->equal = tags_equal(line, s->tag) & ((1u << (line[TAGS_LINE] & 15)) - 1);
}

static inline struct tags_search tags_search(const struct tags *t, uint64_t hash, uint32_t tag)
{
	struct tags_search s = { t, tags_scale(hash, t->lines), tag, 0 };
	tags_search_line(&s);
	return s;
}

static inline bool tags_next(struct tags_search *s, uint32_t *index)
{
	while (s->equal == 0) {
		if (!(s->t->line[(size_t)s->line * 16 + TAGS_LINE] & TAGS_SPILLED))
			return false;
		s->line = s->line + 1 == s->t->lines ? 0 : s->line + 1;
		tags_search_line(s);
	}
	unsigned at = (unsigned)__builtin_ctz(s->equal);
	s->equal &= s->equal - 1;
	*index = s->t->index[(size_t)s->line * TAGS_LINE + at];
	return true;
}

#endif
