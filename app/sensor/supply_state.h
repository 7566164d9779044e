/* SPDX-License-Identifier: BSD-3-Clause */
/* supply_state.h - what the asking thread and the control thread have between them. */
#ifndef SENSOR_SUPPLY_STATE_H
#define SENSOR_SUPPLY_STATE_H

#include <pthread.h>

#include <sightline/bus.h>
#include <sightline/handout.h>

#include "sensor.h"

/* The asking thread says WAITS, the control thread what became of it; the disk is the first one's,
 * as it may take long. */
enum verdict { NOTHING, WAITS, TAKEN, REFUSED };

struct supply {
	struct sl_taker *taker;
	struct sl_bus *bus;
	struct sl_asker *asker;
	double min_ratio;
	struct sl_taken taken; /* what waits */
	struct armory_paths paths; /* in force, but for what changed since */
	char **path; /* of them */
	bool late; /* something did */
	bool again; /* what was refused may be armed now */
	bool whole; /* what waits has to be read as a whole */
	bool reloads; /* all is read again, not for its sake */
	bool building; /* what waits is being read; until that ends, the paths before it: */
	struct armory_paths had;
	char **had_path;
	pthread_mutex_t lock;
	pthread_cond_t settled; /* what waited does no more */
	pthread_t thread, control; /* control: who is told that a set waits */
	bool runs;
	_Atomic bool stop;
	_Atomic unsigned verdict; /* enum verdict: whose the taker is */
	_Atomic bool answers;
	_Atomic uint64_t generation;
	/* The asking thread's. */
	bool asked;
	uint64_t heard_ns, next_ns; /* the last answer, or the start; the next question */
	unsigned refused; /* in a row */
	bool said_away;
	struct sl_counters counters; /* each counter has one writer of the two */
};

void supply_paths_free(char **path, size_t n);
/* The taker's own paths are good until it is asked again. */
char **supply_paths_copy(const struct sl_taken *t);

#endif
