/* SPDX-License-Identifier: BSD-3-Clause */
/* forgotten.h - what has to be known of a sighting that gave way, so that one of the same id goes
 * on from there: its revision, which a reader compares, and what it counted. Memory decided at
 * start; one that gives way here, too, leaves its revision to all of its time. One owner. */
#ifndef SL_SIGHTING_FORGOTTEN_H
#define SL_SIGHTING_FORGOTTEN_H

#include "entry.h"

struct forgotten {
	struct forgotten_one *slot;
	uint64_t window_ns; /* the latest that one which is not in a slot was of */
	uint32_t revision; /* the highest of those */
};

int forgotten_init(struct forgotten *f); /* 0, -ENOMEM */
void forgotten_fini(struct forgotten *f);
/* Before the entry is freed; its hash is its key's. */
void forgotten_put(struct forgotten *f, const struct entry *e);
/* Before a new one is told. */
void forgotten_back(struct forgotten *f, struct entry *e);

#endif
