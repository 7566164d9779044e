/* SPDX-License-Identifier: BSD-3-Clause */
/* cache.h - the compiled indicators on disk. Private to app/sensor/armory*.c. Control thread. */
#ifndef SENSOR_CACHE_H
#define SENSOR_CACHE_H

#include "sensor.h"

struct cache;
/* What is told of a reading of all files, so that it is told again where they are not read. */
struct cache_sum {
	uint64_t made_ns; /* the time that it was judged by */
	uint64_t from_ns, until_ns; /* in which its verdicts hold: sl_intel_holds */
	uint64_t not_valid, out_of_time; /* indicators; and sl_intel_out_of_time at that moment */
	uint64_t feed_bad;
};
/* *out NULL: none is wanted, or can be had. 0, -ENOMEM, -ENAMETOOLONG. */
int cache_new(struct cache **out, const struct sl_config *config, struct sl_counters *counters);
void cache_free(struct cache *c); /* NULL is allowed */
/* The image of what a reading would come to now, behind its head: the intel, the tables. NULL:
 * there is none, as is said. The caller closes it. */
struct sl_image_in *cache_open(struct cache *c, const struct armory_paths *handed,
	enum sl_validity validity, uint64_t now_ns);
/* It came out whole, with so many entries out of time now: what was said when its files were read
 * is said again. Of the indicators that are not valid as many more or fewer are told as of the
 * book's entries. */
const struct cache_sum *cache_used(struct cache *c, uint64_t out_of_time);
/* It didn't. */
void cache_damaged(struct cache *c);
/* Says it, and has it said again when the same comes from the cache; c NULL: only says it. */
__attribute__((format(printf, 3, 4))) void cache_say(
	struct cache *c, bool warning, const char *fmt, ...);
/* Writes what was made of files that were read after cache_open; says so, or why not. */
void cache_keep(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	const struct cache_sum *sum, const struct sl_ruleset *rs);

#endif
