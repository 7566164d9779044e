/* SPDX-License-Identifier: BSD-3-Clause */
/* carry.h - detections over changes of intelligence: the same one in two sets, and the number that
 * it had in an earlier set. Built by a control thread, then read only. */
#ifndef SL_MATCH_CARRY_H
#define SL_MATCH_CARRY_H

#include <sightline/hash.h>
#include <sightline/match.h>

struct base;
/* Equal for detections that are the same. Any thread, as is the next. */
uint64_t detection_hash(
	struct sl_hash_key key, const struct base *base, const struct sl_detection *d);
/* The same source, id and pattern, taken apart in the same way. */
bool detection_same(const struct base *base_a, const struct sl_detection *a,
	const struct base *base_b, const struct sl_detection *b);

/* A flow meets a base with its next packet; by then several may have come since it began. What an
 * older flow than this many bases knows is forgotten. */
#define CARRIES 8
#define CARRY_NONE UINT32_MAX

struct carry {
	uint32_t generation; /* the first of the earlier base */
	uint32_t *to; /* by its number there; NULL: no such base */
	size_t n;
};

/* Fills b->carry, and the births of detections that `previous` (may be NULL) does not have. 0 or
 * -ENOMEM. */
int carry_build(struct base *b, const struct base *previous);
void carry_fini(struct base *b);
size_t carry_bytes(const struct base *b);
/* The number in b of a detection that had `number` in the set of an earlier generation;
 * CARRY_NONE: b doesn't have it. Worker. */
uint32_t carry_to(const struct base *b, uint32_t generation, uint32_t number);

#endif
