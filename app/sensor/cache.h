/* SPDX-License-Identifier: BSD-3-Clause */
/* cache.h - the compiled indicators as an image: what is told of them, the intel, the tables; and
 * where it lies on disk. Private to app/sensor/armory*.c and the builder. */
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
/* Where the configuration wants none on disk, images are made, and kept nowhere. 0, -ENOMEM,
 * -ENAMETOOLONG. */
int cache_new(struct cache **out, const struct sl_config *config, struct sl_counters *counters);
void cache_free(struct cache *c); /* NULL is allowed */

/* ---- A builder's ---- */

/* The image on disk, where it is what a reading would come to now; -1: there is none, as is said.
 * damaged: so it was found to be before, and is not looked at. */
int cache_open(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	uint64_t now_ns, bool damaged);
/* Says it, and has it said again when the same comes from the cache; c NULL: only says it. */
__attribute__((format(printf, 3, 4))) void cache_say(
	struct cache *c, bool warning, const char *fmt, ...);
/* Writes what was made of files that were read after cache_open. *keep: it may take the cache's
 * place; where not, and one is wanted, says why. The descriptor; -errno. */
int cache_write(struct cache *c, const struct armory_paths *handed, enum sl_validity validity,
	const struct cache_sum *sum, const struct sl_ruleset *rs, bool *keep);

/* ---- The control thread's ---- */

/* Takes what an image begins with; the intel comes next. false: it is damaged. */
bool cache_head(struct cache *c, struct sl_image_in *in, struct cache_sum *sum);
/* The image of this head is the cache's, and in force: what was said when its files were read is
 * said again. */
void cache_used(struct cache *c);
/* It didn't come out whole. */
void cache_damaged(struct cache *c);
/* One that is to keep takes its place, as is said, or is removed. */
void cache_place(struct cache *c, int fd, bool stays);

#endif
