/* SPDX-License-Identifier: BSD-3-Clause */
/* collector.h - what the files of the collector share. One thread runs all of it. */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#include <sightline/bus.h>
#include <sightline/config.h>
#include <sightline/store.h>

extern const struct sl_program collector_program;

/* name, metric */
#define COLLECTOR_COUNTERS(X)                                                                      \
	X(BATCHES, "sightline_received_batches_total")                                             \
	X(RECEIVED, "sightline_received_sightings_total")                                          \
	X(STORED, "sightline_stored_sightings_total") /* new or raised */                          \
	X(REPEATED, "sightline_repeated_sightings_total") /* this revision or a later was there */ \
	X(UNUSABLE, "sightline_unusable_sightings_total")                                          \
	X(UNREADABLE, "sightline_unreadable_messages_total")                                       \
	X(REFUSED, "sightline_refused_batches_total") /* the store could not take them */          \
	X(PUBLISHED, "sightline_published_sightings_total")

#define X(id, metric) COUNT_##id,
enum collector_count { COLLECTOR_COUNTERS(X) COUNT_COUNT };
#undef X

struct receiver {
	struct sl_intake *intake;
	struct sl_stream_out *stream;
	struct sl_store *store;
	uint64_t count[COUNT_COUNT];
	int failed; /* what the store said last; told once, until it works again */
};

/* Waits at most timeout_ms, then stores, acknowledges and publishes what has come. */
void receiver_run(struct receiver *r, int timeout_ms);
/* Every counter as one JSON object; path '-' is stdout. 0, -errno. */
int counters_write(const struct receiver *r, const char *path);

#endif
