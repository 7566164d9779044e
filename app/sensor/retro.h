/* SPDX-License-Identifier: BSD-3-Clause */
/* retro.h - the past of new indicators, on its way from control to the publisher. Private to
 * app/sensor. */
#ifndef SENSOR_RETRO_H
#define SENSOR_RETRO_H

#include <pthread.h>

#include <sightline/past.h>
#include <sightline/sighting.h>

#define RETRO_INDICATORS SL_HITS_PER_OBS /* that list one value; more are not named */

struct retro_value {
	uint16_t count;
	uint32_t indicator[RETRO_INDICATORS];
	struct sl_past_answer past;
};

struct retro {
	struct retro *next;
	const struct sl_ruleset *rs; /* that the numbers belong to */
	uint32_t hours; /* that are remembered */
	size_t n, cap;
	struct retro_value *value;
};
void retro_free(struct retro *r);

struct retro_queue {
	pthread_mutex_t lock;
	struct retro *newest;
};
void retro_queue_init(struct retro_queue *q);
void retro_queue_fini(struct retro_queue *q);
/* Control. Takes r. */
void retro_put(struct retro_queue *q, struct retro *r);
/* Publisher, before it lets a ruleset retire: tells what there is. Returns how many sightings could
 * not be made. */
uint64_t retro_tell(struct retro_queue *q, struct sl_sightings *s);

#endif
