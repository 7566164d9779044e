/* SPDX-License-Identifier: BSD-3-Clause */
/* retro.c - a queue of what new indicators did before they were in force. Control puts, the
 * publisher takes all and tells it. */
#include <stdlib.h>

#include "retro.h"

void retro_free(struct retro *r)
{
	if (r != NULL)
		free(r->value);
	free(r);
}

void retro_queue_init(struct retro_queue *q)
{
	pthread_mutex_init(&q->lock, NULL);
	q->newest = NULL;
}

static struct retro *take_all(struct retro_queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct retro *r = q->newest;
	q->newest = NULL;
	pthread_mutex_unlock(&q->lock);
	return r;
}

void retro_queue_fini(struct retro_queue *q)
{
	for (struct retro *r = take_all(q), *next; r != NULL; r = next) {
		next = r->next;
		retro_free(r);
	}
	pthread_mutex_destroy(&q->lock);
}

void retro_put(struct retro_queue *q, struct retro *r)
{
	pthread_mutex_lock(&q->lock);
	r->next = q->newest;
	q->newest = r;
	pthread_mutex_unlock(&q->lock);
}

uint64_t retro_tell(struct retro_queue *q, struct sl_sightings *s)
{
	uint64_t lost = 0;
	for (struct retro *r = take_all(q), *next; r != NULL; r = next) {
		for (size_t i = 0; i < r->n; i++) {
			const struct retro_value *v = &r->value[i];
			lost += sl_sightings_retro(
					s, r->rs, v->indicator, v->count, &v->past, r->hours) < 0;
		}
		next = r->next;
		retro_free(r);
	}
	return lost;
}
