/* SPDX-License-Identifier: BSD-3-Clause */
/* known.h - what a flow's states say of the leaves of a detection: they hold, they are in doubt, or
 * nothing was said. Worker. */
#ifndef SL_MATCH_KNOWN_H
#define SL_MATCH_KNOWN_H

#include "states.h"
#include "trees.h"

/* Of one asking. */
struct known {
	uint64_t holds[SL_LEAVES_MAX / 64], doubt[SL_LEAVES_MAX / 64];
	uint16_t where[SL_LEAVES_MAX]; /* of those that hold */
	uint16_t fired; /* expressions that were told of the message */
	bool complete; /* what isn't there won't come */
	bool unsure; /* what is there may be missing */
};
/* From the states of a message and of the flow by itself, or of the whole flow. */
void known_gather(struct known *k, const struct states *s, const struct sl_flow *f,
	uint32_t detection, uint32_t message, bool whole_flow);

static inline bool known_holds(const struct known *k, uint16_t leaf)
{
	return k->holds[leaf / 64] >> (leaf % 64) & 1;
}
/* Whether a leaf that doesn't hold is known not to. Nothing is known of one that the allow-list
 * undid, whose search gave up, that was not kept, or whose place had no value, or one that was cut
 * before it could be told, or may have had one that the flow didn't keep. */
bool known_not(const struct known *k, const struct sl_detection *d, uint16_t leaf);

/* A leaf that something is said of. */
struct saying {
	struct leaf_ref ref;
	uint32_t message;
	bool under_not; /* without it a NOT would be mistaken */
	bool again; /* by what the flow keeps of its messages */
	uint16_t told; /* again: expressions that were told, if nothing is known of the message */
};
/* Where it is written: as it was, or newly, saying nothing; NULL: there is no room. *told_at: that
 * of its detection's states. */
struct sl_matched *known_place(
	struct states *s, struct sl_flow *f, const struct saying *about, uint8_t *told_at);

#endif
