/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate.h - detections that span flows: the observations that workers tell of (records
 * EXPRESSION) are joined by host and packet time as the operators between a pattern's [ ] say.
 * STIX 2.1 part 9, sections 9.5.1 (qualifiers) and 9.5.2 (observation operators). One thread: the
 * publisher's. Memory is bounded; it is allocated here, never on a worker.
 *
 * Host. Observations are joined that belong to one host: the end of their flow that is in HOME_NET,
 * else the initiator. Of a flow between two own hosts it is the initiator alone: a resolver or a
 * proxy is the other end of what all its clients do, and their observations have nothing to do with
 * each other.
 *
 * Order. Expressions come from several workers, in any order between them. They wait until every
 * worker's clock is past their packet time and are then taken in order of packet time, flow,
 * message and expression: what comes of it doesn't depend on the number of workers. Where an
 * expression is known only at the end of its flow (a NOT, a number that grows), all of its
 * detection's wait for as long as a flow may be silent before it ends.
 *
 * Operators. An observation is a message with its flow, or (message 0) a flow by itself; AND,
 * FOLLOWEDBY and REPEATS join different ones, but for AND where the detection says same_allowed.
 * FOLLOWEDBY: every observation on its right is at or after every one on its left. WITHIN: the
 * latest is before the earliest + window. START STOP: [start, stop). What no WITHIN bounds has 24
 * hours, or one where same_allowed.
 *
 * Count. It is true once for each set of different observations: those that were joined are used
 * up, also for the detection's other expressions. n observations satisfy REPEATS k n / k times. */
#ifndef SIGHTLINE_CORRELATE_H
#define SIGHTLINE_CORRELATE_H

#include <sightline/addr.h>
#include <sightline/counter.h>
#include <sightline/match.h>
#include <sightline/record.h>

/* A leaf that was true of one of the joined observations. */
struct sl_joined {
	uint16_t leaf; /* of the detection */
	uint16_t where; /* SL_WHERE_NONE: of the flow itself */
	uint8_t type; /* enum sl_type */
	struct sl_span value; /* empty: the worker doesn't say which value of several it was */
};
#define SL_JOINED_MAX 64 /* more are left out */

/* Adds the leaves of one record of a tree (HIT or EXPRESSION) to the n in the list, each with each
 * value once; the values are the record's. Returns how many there are now. */
size_t sl_joined_add(struct sl_joined list[SL_JOINED_MAX], size_t n, const struct sl_record *r,
	const struct sl_detection *d);

struct sl_correlator_options {
	const struct sl_nets *home;
	uint32_t max_states; /* (detection, host) remembered; 0: 65,536 */
	uint32_t max_events; /* observations kept of one (detection, host, expression), at least
				twice those that REPEATS needs; 0: 64 */
	size_t memory; /* bytes of all hosts and observations kept and waiting; 0: 128 MiB. At each
			  bound what is oldest goes first, counted */
	uint64_t slack_ns; /* packet time that a worker's packets may run backwards */
	uint64_t late_ns; /* longest silence after which a flow ends */
	uint32_t max_work; /* steps of one search; 0: 200,000. A search that takes more is given
			      up, counted */
	struct sl_counters *counters;
	/* A detection became true. hit: SL_REC_HIT of the observation that completed it (match
	 * TREE, indicator and generation those of rs); good during the call. */
	void (*tell)(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
		const struct sl_joined *joined, size_t n);
	void *arg;
};

struct sl_correlator;
/* 0, -ENOMEM, -EIO (no random bits for the hash). */
int sl_correlator_new(struct sl_correlator **out, const struct sl_correlator_options *o);
void sl_correlator_free(struct sl_correlator *c);
/* One SL_REC_EXPRESSION, copied; rs is the set of its generation and stays until it is retired.
 * 0; -EINVAL: no such record, or no detection of scope HOST; -ENOMEM: it is lost. */
int sl_correlator_take(
	struct sl_correlator *c, const struct sl_record *r, const struct sl_ruleset *rs);
/* No worker will tell of a packet before now_ns any more (but for the slack). */
void sl_correlator_clock(struct sl_correlator *c, uint64_t now_ns);
/* What waits is taken, everything is forgotten: end of a capture. */
void sl_correlator_flush(struct sl_correlator *c);
/* `old` is about to be freed. What belongs to a detection that `next` (NULL: none) has, too (same
 * source, id, pattern and structure), goes on as next's; the rest is forgotten. */
void sl_correlator_retire(
	struct sl_correlator *c, const struct sl_ruleset *old, const struct sl_ruleset *next);
/* (detection, host) pairs and observations held now, for tests and status. */
size_t sl_correlator_states(const struct sl_correlator *c);
size_t sl_correlator_events(const struct sl_correlator *c);

#endif
