/* SPDX-License-Identifier: BSD-3-Clause */
/* armory.h - the indicators in force, and who reads, changes and replaces them. Private to
 * app/sensor/armory*.c. Control thread only; workers see nothing of it but a pointer that changes.
 */
#ifndef SENSOR_ARMORY_H
#define SENSOR_ARMORY_H

#include <pthread.h>

#include <sightline/intel.h>
#include <sightline/past.h>
#include <sightline/policy.h>

#include "builder.h"

struct build;
#define FEEDS_WHY 512

struct armory {
	const struct sl_config *config;
	const struct armory_paths *handed; /* read as well; NULL: nothing */
	unsigned workers;
	uint64_t packet_time_ns; /* of a replay; 0: indicators are judged by the wall clock */
	struct sl_nets *home;
	struct publisher *publisher;
	struct sl_ruleset *current,
		*leaving; /* in force; seen by no worker, maybe named by records */
	uint32_t generation;
	/* control writes, the metrics' thread reads, under lock */
	pthread_mutex_t lock;
	struct armory_counts counts;
	struct armory_feed *feed; /* until one without a path; NULL: none are known */
	/* -- */
	struct sl_counters counters;
	uint64_t looked_ns; /* at the feeds' files */
	struct reader reader; /* of changes */
	struct cache *cache;
	struct build *build; /* of the whole, on its way */
	struct sl_judging judging; /* by which changes are judged; kept from one to the next */
	bool judges; /* it is there */
	uint64_t change_said_ns; /* changes are told of together */
	struct sl_change changed; /* since */
	struct sl_memory **memory; /* of each worker */
	struct sl_memories memories; /* count 0: nothing is remembered */
	struct sl_witness witness; /* of them */
	struct probe *probe;
};

/* ---- armory.c ---- */

/* The time as of which indicators are judged. */
uint64_t armory_judged_at(const struct armory *a);
/* From now on next is in force; the old one is on its way out. */
void armory_swap(struct armory *a, struct sl_ruleset *next);
/* What is in force is another from now on. `feed` NULL: the feeds are as they were. */
void armory_counts_change(
	struct armory *a, const struct armory_counts *c, struct armory_feed *feed);

void armory_tell_counts(const struct armory_counts *c);

/* ---- armory_build.c ---- */

int build_new(struct build **out, struct armory *a, struct nursery *nursery);
void build_free(struct build *b); /* NULL is allowed; of a stopped armory */
/* The first set, as a->current; must_arm: something has to come of it. What went wrong is said. */
int build_first(struct build *b, bool must_arm);

/* ---- armory_load.c ---- */

/* An image on its way into force. Whoever loads it changes nothing of the armory. */
struct load {
	const struct armory *a;
	struct cache *cache; /* nobody else's meanwhile */
	const struct sl_ruleset *before; /* NULL: it is the first */
	uint32_t generation;
	bool must_arm;
	int image, allow; /* descriptors; allow -1: none */
	/* What comes of it. */
	struct sl_ruleset *made;
	struct armory_counts counts;
	struct armory_feed *feed;
	struct cache_sum sum;
	struct sl_counters counted;
	char why[FEEDS_WHY]; /* it may not be in force, where there is more to say than what is
				returned */
};
/* 0; -EBADMSG: what stands in an image is damaged; -errno, and why where it says more. */
int load_image(struct load *l);

/* ---- feeds.c ---- */

#define FEEDS_TOLD 256 /* feeds of which the metrics tell */
/* All feeds of a set; NULL: no memory, and none is known. */
struct armory_feed *feeds_of(const struct sl_intel *in, const struct sl_policy *policy);
void feeds_free(struct armory_feed *f); /* NULL is allowed */
/* Whether the feeds of `next` may follow on those of `had`; false: why says which one may not. */
bool feeds_sound(const struct sl_config *c, const struct armory_feed *had,
	const struct armory_feed *next, char why[FEEDS_WHY]);
/* Those that a collector handed out: each of its sets lies in a file of its own, and changes by the
 * line besides, so that neither the file nor its size says anything of the next. handed: NULL is
 * allowed. */
void feeds_handed(struct armory_feed *f, const struct armory_paths *handed);
/* What was said of a feed's file holds for it in the next set. */
void feeds_follow(const struct armory_feed *had, struct armory_feed *next);

/* ---- armory_change.c ---- */

/* What changes are judged by is read anew with the next one. */
void armory_judging_forget(struct armory *a);

/* ---- armory_past.c ---- */

/* Who is asked about the past; NULL: nobody. */
const struct sl_witness *armory_witness(const struct armory *a);
/* What of *rs, which is made of the book and not in force, would have fired on too many hosts is
 * quiet, or taken out; but what `before` has loud. Any one thread. 0, or as sl_ruleset_change. */
int armory_judge_past(const struct armory *a, struct sl_ruleset **rs, const struct sl_book *book,
	const struct sl_ruleset *before, struct sl_change *sum);
/* Once a new ruleset is in force: what its new indicators did before. */
void armory_retro(struct armory *a);
void armory_past_free(struct armory *a);

#endif
