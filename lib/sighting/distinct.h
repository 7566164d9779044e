/* SPDX-License-Identifier: BSD-3-Clause */
/* distinct.h - how many different values were seen: exact up to DISTINCT_EXACT, estimated above.
 * Bounded memory, one owner. */
#ifndef SL_SIGHTING_DISTINCT_H
#define SL_SIGHTING_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTINCT_EXACT 1024

struct distinct {
	uint64_t *slots; /* open addressing, 0 is free; NULL once estimating or empty */
	uint32_t cap, used;
	uint8_t *registers; /* HyperLogLog, once estimating */
};

/* Adds a 64-bit hash of a value. True: it is certainly new (always right while exact, never true
 * while estimating). Without memory it counts nothing and gives false. */
bool distinct_add(struct distinct *d, uint64_t hash);
uint64_t distinct_count(const struct distinct *d);
void distinct_fini(struct distinct *d);

#endif
