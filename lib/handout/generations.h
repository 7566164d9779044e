/* SPDX-License-Identifier: BSD-3-Clause */
/* generations.h - private to lib/handout: what the files about generations share. */
#ifndef SL_HANDOUT_GENERATIONS_H
#define SL_HANDOUT_GENERATIONS_H

#include <pthread.h>

#include "disk.h"

#define DELTAS_OF_SET 10 /* deltas that stay for each set that does */

struct sl_generations {
	int folder, files;
	unsigned keep;
	pthread_mutex_t writer; /* held by who makes a generation; taken first */
	/* under lock: who makes one writes, everybody reads */
	pthread_mutex_t lock;
	struct sl_generation *all; /* the oldest first */
	size_t count;
	bool held;
};

#define GENERATION_NAME 32
void generation_set(uint64_t number, char out[GENERATION_NAME]);
void generation_delta(uint64_t number, char out[GENERATION_NAME]);
/* NULL: not known. Under lock. */
struct sl_generation *generation_find(const struct sl_generations *g, uint64_t number);

/* generations_disk.c: what a folder says of itself, under the writer's lock or at the start. */
int generations_read(struct sl_generations *g);
int generations_write(
	const struct sl_generations *g, const struct sl_generation *all, size_t count, bool held);
/* Removes what no generation names; the list is whole. */
void generations_prune(struct sl_generations *g, bool files);

#endif
