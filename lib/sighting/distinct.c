/* SPDX-License-Identifier: BSD-3-Clause */
/* distinct.c - a small set of hashes that turns into HyperLogLog (Flajolet, Fusy, Gandouet,
 * Meunier 2007) when it grows. 1024 registers: a standard error of 3.3 %; below 2560 values linear
 * counting over the registers is the better estimate, as the paper says. 64-bit hashes need no
 * correction for large numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "distinct.h"

#define REGISTER_BITS 10
#define REGISTERS (1u << REGISTER_BITS)

static void estimate_add(uint8_t *registers, uint64_t hash)
{
	uint64_t rest = hash << REGISTER_BITS | 1u << (REGISTER_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &registers[hash >> (64 - REGISTER_BITS)];
	if (rank > *r)
		*r = rank;
}

static void to_estimate(struct distinct *d)
{
	d->registers = calloc(REGISTERS, 1);
	if (d->registers == NULL)
		return;
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->slots[i])
			estimate_add(d->registers, d->slots[i]);
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
		estimate_add(d->registers, hash);
		return false;
	}
	if (d->cap && *find(d->slots, d->cap, hash) == hash)
		return false;
	if (d->used == DISTINCT_EXACT) {
		to_estimate(d);
		if (d->registers != NULL)
			estimate_add(d->registers, hash);
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
	double sum = 0;
	unsigned zero = 0;
	for (unsigned i = 0; i < REGISTERS; i++) {
		sum += ldexp(1.0, -d->registers[i]);
		zero += d->registers[i] == 0;
	}
	double m = REGISTERS;
	double e = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (e <= 2.5 * m && zero)
		e = m * log(m / zero);
	uint64_t n = (uint64_t)(e + 0.5);
	return n > DISTINCT_EXACT ? n : DISTINCT_EXACT + 1;
}

void distinct_fini(struct distinct *d)
{
	free(d->slots);
	free(d->registers);
	*d = (struct distinct){ 0 };
}
