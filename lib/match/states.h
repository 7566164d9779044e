/* SPDX-License-Identifier: BSD-3-Clause */
/* states.h - which leaves of which detections hold so far, by flow and message. One pool a worker,
 * memory decided at start; a flow's states are a list through the pool. */
#ifndef SL_MATCH_STATES_H
#define SL_MATCH_STATES_H

#include <sightline/trees.h>

#define STATE_LEAVES 11
/* What a state says of a leaf, beside its number. */
#define LEAF_HOLDS 0x8000
#define LEAF_DOUBT 0x4000 /* not known to hold, and not known not to */
#define LEAF_NUMBER 0x3fff
#define STATES_OF_FLOW 512 /* at most; then its oldest makes room */

/* One cache line. A detection that has more true leaves of a message has another state for them. */
struct state {
	uint32_t next; /* in the flow's list, newest first; or of the unused; 0: none */
	uint32_t detection;
	uint32_t message; /* 0: the flow by itself */
	uint16_t fired; /* expressions that were told, a bit each */
	uint8_t n : 6;
	uint8_t under_not : 1; /* without it a NOT would be mistaken */
	uint8_t partial : 1; /* of its message only what the flow keeps was said */
	uint8_t told_at; /* message 0: the flow's end whose being said at its begin completed what
			    was told */
	uint32_t held; /* how many the list has from here on */
	struct sl_matched leaf[STATE_LEAVES]; /* numbers with LEAF_ bits */
};

struct states {
	struct state *at; /* number 0 is nobody's */
	uint32_t count, fresh, unused;
	struct sl_counters *counters;
};

int states_init(struct states *s, uint32_t count, struct sl_counters *counters);
void states_fini(struct states *s);

/* ---- Worker ---- */

static inline struct state *state_at(const struct states *s, uint32_t number)
{
	return number != 0 ? &s->at[number] : NULL;
}
/* A new one at the head of the flow's list; where there is none left, or the flow has its share,
 * the flow's own oldest, emptied: what a NOT may miss then makes the flow unsure. NULL: denied,
 * counted. */
struct state *state_take(struct states *s, struct sl_flow *f, uint32_t detection, uint32_t message);
/* Gives back those of a flow for which `which` says so; NULL: all. */
void states_give(struct states *s, struct sl_flow *f,
	bool (*which)(const struct state *st, const void *arg), const void *arg);
/* A flow's states under the numbers that their detections have in rs; gives back, counted, those
 * that it doesn't have. */
void states_carry(struct states *s, struct sl_flow *f, const struct sl_ruleset *rs);

#endif
