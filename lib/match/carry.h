/* SPDX-License-Identifier: BSD-3-Clause */
/* carry.h - detections over changes of intelligence: the same one in two sets, and the number that
 * it had in an earlier set. Built by a control thread, then read only. */
#ifndef SL_MATCH_CARRY_H
#define SL_MATCH_CARRY_H

#include <sightline/hash.h>
#include <sightline/match.h>

/* Equal for detections that are the same. Any thread, as is the next. */
uint64_t detection_hash(
	struct sl_hash_key key, const struct sl_ruleset *rs, const struct sl_detection *d);
/* The same source, id and pattern, taken apart in the same way. */
bool detection_same(const struct sl_ruleset *rs_a, const struct sl_detection *a,
	const struct sl_ruleset *rs_b, const struct sl_detection *b);

/* A flow meets a set with its next packet; by then several may have come since it began. What an
 * older flow than this many sets knows is forgotten. */
#define CARRIES 8
#define CARRY_NONE UINT32_MAX

struct carry {
	uint32_t generation; /* of the earlier set */
	uint32_t *to; /* by its number there; NULL: no such set */
	size_t n;
};

/* Fills rs->carry, and the births of detections that `previous` (may be NULL) does not have. 0 or
 * -ENOMEM. */
int carry_build(struct sl_ruleset *rs, const struct sl_ruleset *previous);
void carry_fini(struct sl_ruleset *rs);
size_t carry_bytes(const struct sl_ruleset *rs);
/* The number in rs of a detection that had `number` in the set of an earlier generation;
 * CARRY_NONE: rs doesn't have it. Worker. */
uint32_t carry_to(const struct sl_ruleset *rs, uint32_t generation, uint32_t number);

#endif
