/* SPDX-License-Identifier: BSD-3-Clause */
/* ruleset.h - what stands behind struct sl_ruleset. */
#ifndef SL_MATCH_RULESET_H
#define SL_MATCH_RULESET_H

#include "carry.h"
#include "set.h"
#include "trees.h"

struct sl_ruleset {
	struct set armed, allow;
	struct trees trees;
	size_t whole; /* indicators but for leaves and allow-list entries */
	const struct sl_nets *home;
	enum sl_validity validity;
	uint32_t generation;
	struct carry carry[CARRIES]; /* the set before, and those before it */
	uint32_t *born; /* by indicator: the generation that it first appeared in */
	uint64_t *identity; /* by indicator: keyed hash of source, id and what it says */
	struct sl_hash_key identity_key; /* the same in every set of a line */
	uint64_t want[(SL_WHERE_COUNT + 63) / 64];
	struct sl_intel *intel; /* owns the armed indicators */
	struct sl_book allowed; /* copies, with their values in the arena */
	struct sl_arena *allowed_arena;
};

/* lookup.c: whether the allow-list has anything that this observable satisfies. Worker. */
bool ruleset_allows(const struct sl_ruleset *rs, const struct sl_observable *o);

#endif
