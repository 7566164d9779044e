/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.h - what a sensor saw in the last hours, so that indicators can be asked what they would
 * have done (past.h), and one that is new whether it is late. Each worker feeds a memory of its
 * own; they are asked together, while packets flow.
 *
 * What is kept of an address, name, URL, mail address, hash or user agent is a keyed 64-bit hash:
 * the hours in which it was seen, how often, the first and the last host, and an estimate of how
 * many. Not kept: own addresses, networks, beginnings, and names as text. */
#ifndef SIGHTLINE_MEMORY_H
#define SIGHTLINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/hash.h>
#include <sightline/observable.h>
#include <sightline/past.h>

#define SL_MEMORY_HOURS_MAX 168
#define SL_MEMORY_LEAST ((size_t)1 << 16) /* bytes */
/* A name's labels up to which a zone can be asked about: of a longer name what is above is kept by
 * its last labels. */
#define SL_MEMORY_LABELS 6

struct sl_memory;
struct sl_memory_options {
	size_t bytes; /* at least SL_MEMORY_LEAST; some 470,000 values in 64 MiB */
	unsigned hours; /* that are kept: 1 to SL_MEMORY_HOURS_MAX */
	const struct sl_nets *home; /* own networks, borrowed; NULL: none */
	struct sl_hash_key key; /* the same for all that are asked together */
	struct sl_counters *counters; /* its worker's */
};
/* -EINVAL, -ENOMEM. Control thread. */
int sl_memory_new(struct sl_memory **out, const struct sl_memory_options *o);
void sl_memory_free(struct sl_memory *m); /* NULL is allowed */

/* ---- Worker, on its own memory ---- */

/* Adds the wheres that are cheap to find: addresses, names, URLs, mail addresses. User agents, and
 * what has to be computed (fingerprints, hashes of files and certificates), are kept where somebody
 * else wants them; nobody can tell afterwards from when on that was. */
void sl_memory_want(uint64_t *want);
/* All observables of the batch, once, before it is emptied. When it is full, the oldest hours make
 * room (counted MEMORY_GONE); where all around is of this hour, the new value is left out (counted
 * MEMORY_LEFT_OUT). */
void sl_memory_take(struct sl_memory *m, const struct sl_batch *b);
/* Forgets all. */
void sl_memory_clear(struct sl_memory *m);

/* ---- Any thread, while workers go on ---- */

/* The memories of all workers. Borrowed. */
struct sl_memories {
	struct sl_memory *const *of;
	unsigned count;
};
/* As sl_witness.ask. count: observations, in each place that says the value, exact as long as none
 * of its hours is gone; what goes with an hour is taken off in proportion. hosts: estimated (some
 * 15 %). at_most: i is narrowed to a place or port, which are not kept apart. A value is compared
 * by all 64 bits of its hash. */
bool sl_memories_ask(
	const struct sl_memories *m, const struct sl_indicator *i, struct sl_past_answer *out);
void sl_memories_sum(const struct sl_memories *m, struct sl_past_sum *out);

/* Of the configuration. */
#define SL_MEMORY_OPTS                                                                             \
	{ .key = "memory.size",                                                                    \
		.kind = SL_OPT_SIZE,                                                               \
		.def = "64MiB",                                                                    \
		.min = 0,                                                                          \
		.max = 1e12,                                                                       \
		.help = "memory of a worker for what it saw in the last hours, as keyed hashes, "  \
			"by "                                                                      \
			"which indicators that come later are judged and told where they are "     \
			"late; "                                                                   \
			"at the bound the oldest hours go first, counted; 0: nothing of it is "    \
			"kept" },                                                                  \
	{                                                                                          \
		.key = "memory.hours", .kind = SL_OPT_U64, .def = "24", .min = 1,                  \
		.max = SL_MEMORY_HOURS_MAX, .help = "hours that it goes back"                      \
	}

#endif
