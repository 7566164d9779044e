/* SPDX-License-Identifier: BSD-3-Clause */
/* armory.c - the indicators in force: who replaces them, and what is told of them. Control thread
 * only; workers see nothing of it but a pointer that changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/log.h>

#include "armory.h"

uint64_t armory_judged_at(const struct armory *a)
{
	bool now = a->packet_time_ns == 0 || reader_validity(a->config) == SL_VALID_NOW;
	return now ? sl_clock_wall_ns() : a->packet_time_ns;
}

void armory_counts_change(struct armory *a, const struct armory_counts *c, struct armory_feed *feed)
{
	feeds_handed(feed, a->handed);
	feeds_follow(a->feed, feed);
	a->looked_ns = feed != NULL ? 0 : a->looked_ns;
	pthread_mutex_lock(&a->lock);
	struct armory_feed *old = feed != NULL || a->feed == NULL ? a->feed : NULL;
	a->counts = *c;
	a->counts.generation = a->generation;
	a->counts.loaded_s = sl_clock_wall_ns() / SL_SECOND;
	if (feed != NULL)
		a->feed = feed;
	pthread_mutex_unlock(&a->lock);
	feeds_free(old);
}

void armory_tell_counts(const struct armory_counts *c)
{
	sl_info("indicators: %" PRIu64 " armed, %" PRIu64 " quiet, %" PRIu64 " refused, %" PRIu64
		" not valid at packet time",
		c->armed, c->quiet, c->refused, c->not_valid);
}

int armory_new(struct armory **out, const struct sl_config *c, struct nursery *nursery,
	const struct armory_needs *needs)
{
	struct armory *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->config = c;
	a->workers = needs->workers;
	a->packet_time_ns = needs->packet_time_ns;
	a->handed = needs->handed;
	a->reader = (struct reader){ .config = c, .counters = &a->counters };
	pthread_mutex_init(&a->lock, NULL);
	int rc = reader_home(&a->reader, &a->home);
	if (rc == 0)
		rc = cache_new(&a->cache, c, &a->counters);
	if (rc == 0)
		rc = build_new(&a->build, a, nursery);
	if (rc < 0 && !a->reader.said)
		sl_error("indicators: %s", strerror(-rc));
	if (rc == 0)
		rc = build_first(a->build, needs->must_arm);
	if (rc < 0) {
		armory_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void armory_free(struct armory *a)
{
	if (a == NULL)
		return;
	build_free(a->build);
	sl_ruleset_free(a->leaving);
	sl_ruleset_free(a->current);
	armory_judging_forget(a);
	armory_past_free(a);
	cache_free(a->cache);
	sl_nets_free(a->home);
	feeds_free(a->feed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

const struct sl_nets *armory_home(const struct armory *a)
{
	return a->home;
}

int armory_start(struct armory *a, struct publisher *p)
{
	a->publisher = p;
	publisher_admit(p, a->current);
	(void)sl_ruleset_publish(a->current); /* the first: there is no old one */
	return 0;
}

void armory_swap(struct armory *a, struct sl_ruleset *next)
{
	publisher_admit(a->publisher, next);
	a->leaving = sl_ruleset_publish(next);
	a->current = next;
	a->generation++;
	armory_retro(a);
	publisher_retire(a->publisher, a->leaving);
}

bool armory_settle(struct armory *a)
{
	if (a->leaving == NULL)
		return true;
	if (!publisher_retired(a->publisher))
		return false;
	sl_ruleset_free(a->leaving);
	a->leaving = NULL;
	return true;
}

void armory_counts(struct armory *a, struct armory_counts *out)
{
	pthread_mutex_lock(&a->lock);
	*out = a->counts;
	pthread_mutex_unlock(&a->lock);
}

void armory_feeds(struct armory *a, void (*fn)(void *arg, const struct armory_feed *f), void *arg)
{
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; a->feed != NULL && i < FEEDS_TOLD && a->feed[i].path != NULL; i++)
		if (!a->feed[i].handed)
			fn(arg, &a->feed[i]);
	pthread_mutex_unlock(&a->lock);
}

const struct sl_counters *armory_counters(const struct armory *a)
{
	return &a->counters;
}
