/* SPDX-License-Identifier: BSD-3-Clause */
/* generations.h - private to lib/handout: what the files about generations share. */
#ifndef SL_HANDOUT_GENERATIONS_H
#define SL_HANDOUT_GENERATIONS_H

#include <pthread.h>

#include "disk.h"
#include "history.h"

#define NAMES_OF_SET 10 /* generations that are named for each that can be gone back to */

struct sl_generations {
	int folder, files;
	unsigned keep;
	/* Who makes a generation; taken first. */
	pthread_mutex_t writer;
	struct fold *fold; /* NULL: none is under way */
	uint64_t fold_to; /* the generation that it makes a snapshot of */
	uint64_t fold_at; /* bytes of changes, from which on the next is made */
	bool damaged; /* the snapshot and the changes don't fit */
	bool stale; /* files are there that may be named no more */
	/* under lock: who makes one writes, everybody reads */
	pthread_mutex_t lock;
	struct history history; /* but its journal, which is the writer's */
	struct snapshot *set; /* the oldest first; changes go on from the last */
	size_t sets, room;
	uint64_t since; /* bytes of changes behind it */
	bool held;
};

#define GENERATION_NAME 32
void generation_set(uint64_t number, char out[GENERATION_NAME]);
/* NULL: nothing is handed out yet. Under lock, as the others are. */
const struct snapshot *generation_base(const struct sl_generations *g);
/* The newest snapshot from which changes lead to the generation, or back to it; NULL: it can't be
 * had any more. */
const struct snapshot *generation_from(const struct sl_generations *g, uint64_t number);
/* A step as others see it. */
void generation_tell(
	const struct sl_generations *g, const struct step *s, struct sl_generation *out);

/* generations_disk.c: what a folder says of itself, under the writer's lock or at the start. */
int generations_read(struct sl_generations *g);
int generations_write(const struct sl_generations *g, bool held);
/* Another set on the disk. -ENOMEM. */
int generations_enlist(struct sl_generations *g, const struct snapshot *s);
/* Removes what is named no more; `files`: those that sets name, too. */
void generations_prune(struct sl_generations *g, bool files);

/* generations_fold.c: under the writer's lock. A snapshot that is made beside: takes what is ready,
 * begins one where there are many changes. */
void generations_fold(struct sl_generations *g);
/* What is handed out, as a file of its own name; or the base itself. */
int generations_present(struct sl_generations *g, struct sl_set_text *out);

#endif
