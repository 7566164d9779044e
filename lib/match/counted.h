/* SPDX-License-Identifier: BSD-3-Clause */
/* counted.h - how many different hosts there were within a period: in the running half period of a
 * grid of time and in the one before. Exact up to COUNTED_EXACT in a half, estimated above, in a
 * fixed 2 KiB. Pure functions over the caller's memory, zeroed at first. */
#ifndef SL_MATCH_COUNTED_H
#define SL_MATCH_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include <sightline/hyperloglog.h>

#define COUNTED_SLOTS 128
#define COUNTED_EXACT 96

struct half {
	uint64_t number; /* of the grid, from 1; 0: empty */
	uint32_t n; /* while exact */
	bool estimated;
	union {
		uint64_t slot[COUNTED_SLOTS]; /* open addressing; 0: free */
		uint8_t registers[SL_HLL_REGISTERS];
	};
};

struct counted {
	struct half half[2]; /* by the last bit of their numbers */
};

/* A host, as a keyed hash of 64 bits that isn't 0, in a half period. True: it is new there (also
 * where an estimate grew). What is older than the two latest halves is left out. */
bool counted_add(struct counted *c, uint64_t number, uint64_t host);
/* In half period `number` and the one before. */
uint64_t counted_hosts(const struct counted *c, uint64_t number);

#endif
