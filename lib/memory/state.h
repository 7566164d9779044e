/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - how a memory lies in memory, and how a value becomes its key. Private to lib/memory.
 *
 * A table of sets of eight: a value lies in one of two sets, which its hash chooses, so that they
 * fill up evenly. Beside each slot stands the hour in which it was seen last, by which the oldest
 * gives way. One writer, the worker; readers copy a slot and look whether it changed meanwhile. */
#ifndef SL_MEMORY_STATE_H
#define SL_MEMORY_STATE_H

#include <stdalign.h>

#include <sightline/addr.h>
#include <sightline/clock.h>
#include <sightline/memory.h>

#define WAYS 8
#define HOUR_NS (3600 * SL_SECOND)
#define HOUR_WORDS 3
#define SKETCH 48 /* registers of four bits */
#define SKETCH_WORDS (SKETCH / 16)
#define RANK_MAX 15
#define NETWORK 1024 /* registers, for all own hosts */
#define PLACE_NONE 255
static_assert(SL_MEMORY_HOURS_MAX <= 64 * HOUR_WORDS, "a bit for each hour");

/* In order, so that a value's sequence is seen before and behind what it guards. */
#define GET(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define PUT(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELEASE)

/* What is known of a value; two cache lines, of which one changes at each observation. */
struct value {
	alignas(64) uint64_t hours[HOUR_WORDS]; /* bit n: seen n hours before `hour` */
	uint64_t places; /* bits of sl_memory.place in which it stood */
	union sl_addr last; /* the host that said it last */
	uint32_t count;
	uint32_t token; /* of the observation that was counted last */
	uint32_t hour; /* the latest in which it was seen: of 1970, from 1 */
	uint16_t sequence; /* odd: it is being changed */
	uint8_t first_version, last_version; /* of the hosts; 0: none */
	alignas(64) union sl_addr first; /* the host that said it first */
	/* Its hosts in this span of hours and in the one before. */
	uint64_t now[SKETCH_WORDS], before[SKETCH_WORDS];
};
static_assert(sizeof(struct value) == 128, "two cache lines");

struct sl_memory {
	/* -- control sets, then read only -- */
	struct sl_hash_key key;
	const struct sl_nets *home;
	struct sl_counters *counters;
	uint32_t hours, sets;
	void *block;
	size_t bytes;
	struct value *value;
	uint64_t *tag; /* hashes; 0: free */
	uint16_t *age; /* low bits of value.hour; the worker's alone */
	uint8_t place[SL_WHERE_COUNT]; /* bit of a where among those of its type; PLACE_NONE: it is
					  not kept */
	uint8_t literal[SL_WHERE_COUNT]; /* the same where a host's name is an address */
	uint64_t places[SL_TYPE_COUNT]; /* bits of all places of a type; of both kinds of addresses
					   in that of the first */
	/* -- worker writes, any thread reads -- */
	alignas(64) uint64_t observables;
	uint64_t left_out;
	uint32_t newest, oldest; /* hours that were seen; 0: nothing was */
	uint32_t gone; /* the latest hour of which something was forgotten or left out */
	uint8_t network[2][NETWORK]; /* hosts of this span of hours, and of the one before */
	/* -- worker only -- */
	uint32_t span; /* of network[0] */
};

/* What a text or address is asked as. */
enum ask { ASK_AT, ASK_ANY };

static inline uint64_t memory_addr(
	const struct sl_memory *m, const union sl_addr *a, uint8_t version)
{
	return sl_hash_u128(m->key, a->q[0], a->q[1] ^ ((uint64_t)version << 56 | 1));
}

/* Never 0. */
static inline uint64_t memory_key(
	const struct sl_memory *m, enum sl_type type, enum ask ask, uint64_t value)
{
	uint64_t h = sl_hash_u128(m->key, value, (uint64_t)ask << 8 | type);
	return h + (h == 0);
}

static inline uint64_t memory_text(
	const struct sl_memory *m, enum sl_type type, enum ask ask, const void *text, size_t len)
{
	return memory_key(m, type, ask, sl_hash_bytes(m->key, text, len));
}

/* The first slots of the two sets of a hash. */
static inline size_t memory_set(const struct sl_memory *m, uint64_t hash, unsigned which)
{
	uint32_t half = which == 0 ? (uint32_t)hash : (uint32_t)(hash >> 32);
	return (size_t)((uint64_t)half * m->sets >> 32) * WAYS;
}

/* Shifts the hours on by `by`, and leaves those that are kept. Returns how many of them are left;
 * *had: how many there were. */
static inline unsigned hours_shift(
	uint64_t h[HOUR_WORDS], uint32_t by, uint32_t keep, unsigned *had)
{
	unsigned left = 0;
	*had = 0;
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		*had += (unsigned)__builtin_popcountll(h[i]);
	for (unsigned i = HOUR_WORDS; i-- > 0;) {
		unsigned from = by / 64, bits = by % 64;
		uint64_t low = i >= from ? h[i - from] << bits : 0;
		uint64_t carry = bits > 0 && i > from ? h[i - from - 1] >> (64 - bits) : 0;
		uint64_t most = keep >= 64 * (i + 1) ? UINT64_MAX
				: keep <= 64 * i     ? 0
						     : (UINT64_C(1) << (keep - 64 * i)) - 1;
		h[i] = (low | carry) & most;
		left += (unsigned)__builtin_popcountll(h[i]);
	}
	return left;
}

#endif
