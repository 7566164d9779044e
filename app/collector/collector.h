/* SPDX-License-Identifier: BSD-3-Clause */
/* collector.h - what the files of the collector share. One thread receives; where there are sources
 * of intel, one asks them and one hands out what they say. */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#include <sightline/bus.h>
#include <sightline/config.h>
#include <sightline/feed.h>
#include <sightline/handout.h>
#include <sightline/metrics.h>
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

/* ---- handout.c: intel from sources to sensors ---- */

/* name, metric, help */
#define HANDOUT_COUNTERS(X)                                                                        \
	X(QUESTIONS, "sightline_intel_questions_total", "what sensors asked")                      \
	X(SNAPSHOTS, "sightline_intel_handed_total{what=\"snapshot\"}", "sets that were begun")    \
	X(DELTAS, "sightline_intel_handed_total{what=\"delta\"}", "changes that were begun")       \
	X(FILES, "sightline_intel_handed_total{what=\"file\"}", "files that were begun")           \
	X(BYTES, "sightline_intel_handed_bytes_total", "bytes of all of them")                     \
	X(UNREADABLE, "sightline_intel_unreadable_questions_total", "messages that are none")      \
	X(ROLLBACKS, "sightline_intel_rollbacks_total", "older sets that were handed out again")
#define X(id, metric, help) HAND_##id,
enum handout_count { HANDOUT_COUNTERS(X) HAND_COUNT };
#undef X

struct handout;
/* The options' defaults for a source. */
void handout_options(const struct sl_config *c, struct sl_feed_options *out);
/* *out NULL: the configuration names no source. 0; -errno, and err. */
int handout_open(struct handout **out, const struct sl_config *c, struct sl_bus *b, char *err,
	size_t err_len);
/* Begins its two threads. */
int handout_start(struct handout *h);
/* Ends them; NULL is allowed. */
void handout_close(struct handout *h);
const char *handout_at(const struct handout *h); /* the endpoint */
/* Every sample of it; any thread. */
void handout_each(struct handout *h, sl_metric_fn put, void *to);

/* ---- counters.c ---- */

struct counters_view {
	const struct receiver *r;
	struct handout *handout; /* NULL: there is none */
};
/* Every sample; a sl_metrics_fill over a counters_view. */
void counters_each(void *view, sl_metric_fn put, void *to);
/* Every counter as one JSON object; path '-' is stdout. 0, -errno. */
int counters_write(struct counters_view *v, const char *path);

#endif
