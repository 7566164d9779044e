/* SPDX-License-Identifier: BSD-3-Clause */
/* trees.h - detections that are trees, evaluated on a worker: what its observables make true of
 * messages and flows. One struct sl_trees a worker, its memory decided at start; a ruleset holds
 * what is compiled, and for each worker a room to search in. No allocation, no lock, no system call
 * but in new and free. */
#ifndef SIGHTLINE_TREES_H
#define SIGHTLINE_TREES_H

#include <sightline/match.h>
#include <sightline/record.h>

/* An expression that became true. */
struct sl_truth {
	const struct sl_detection *detection;
	uint16_t expression;
	uint16_t matched_count;
	bool repeat; /* told before: only what became of its flow is new */
	const struct sl_matched *matched; /* leaves that are true, good during the call */
	/* What completed it. Where a message's or flow's end did: where NONE and no value. Its
	 * message is the one that the expression is true of, 0: the flow by itself. */
	const struct sl_observable *obs;
};
typedef void (*sl_truth_fn)(void *arg, const struct sl_truth *t);

struct sl_trees_options {
	unsigned worker; /* which of the ruleset's rooms is this worker's */
	uint32_t states; /* 64 bytes each */
	struct sl_counters *counters;
	sl_truth_fn tell; /* each observation is told once for each expression */
	void *arg;
};

/* What holds so far of the open messages and flows of one worker. */
struct sl_trees;
/* 0 or -ENOMEM. */
int sl_trees_new(struct sl_trees **out, const struct sl_trees_options *o);
void sl_trees_free(struct sl_trees *t);

/* Whether the set has any tree: without one none of the calls below is needed. */
bool sl_ruleset_has_trees(const struct sl_ruleset *rs);

/* ---- Worker. rs is the set of the flow's generation, or one that it was carried to ---- */

/* One observable, also one that says only that its message is complete; hit[0..n) are its hits,
 * those on leaves count. In the batch's order. */
void sl_trees_take(struct sl_trees *t, const struct sl_ruleset *rs, const struct sl_observable *o,
	const struct sl_hit *hit, uint32_t n);
/* A flow begins, or (`again`) is asked once more after a change of intel: what is true of it before
 * it says anything. */
void sl_trees_begin(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f,
	uint64_t ts_ns, bool again);
/* A flow has ended: what was waiting for its end is decided, and its states are given back. rs
 * NULL: they are given back only. */
void sl_trees_end(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f);
/* Another set than that of the flow's generation is in force: before anything else of the flow is
 * taken under it. What holds so far of a detection that it has, too (same source, id, pattern and
 * structure), goes on; the rest is given back, counted, and all of a flow that is older than the
 * eight sets before. */
void sl_trees_carry(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f);

#endif
