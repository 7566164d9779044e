/* SPDX-License-Identifier: BSD-3-Clause */
/* feed.h - the collector's sources of intel: files and folders, watched, and HTTP(S) servers, asked
 * now and then. What a source says is read aside as a sensor would read it, and is taken whole or
 * not at all: what is unreadable, empty, shrank or grew absurdly is refused, and what it said
 * before stays. The one door to libcurl. One thread runs it. */
#ifndef SIGHTLINE_FEED_H
#define SIGHTLINE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/handout.h>

/* What holds for a source that says nothing else. */
struct sl_feed_options {
	uint64_t interval_ns; /* between two looks at a server; files are watched, and looked at as
				 often besides */
	uint64_t timeout_ns; /* of one request, from begin to end */
	uint64_t stale_ns; /* not confirmed for longer: an alarm */
	uint64_t max_bytes; /* of what a source says, packed or not */
	double min_ratio; /* of the indicators that it had: fewer are refused */
	double max_growth; /* likewise: more are refused, where there are growth_floor more as
			      well */
	uint64_t growth_floor;
	uint64_t backoff_ns; /* after the first failure; doubles up to the interval or an hour */
};

enum sl_feed_event {
	SL_FEED_TAKEN, /* it says something new */
	SL_FEED_FAILED, /* it can't be reached or read; tried again */
	SL_FEED_REFUSED, /* it says what isn't taken */
	SL_FEED_STALE,
	SL_FEED_GOOD, /* no longer stale, failing or refused */
	SL_FEED_HANDED, /* a generation: what all sources say now */
	SL_FEED_HELD, /* it would be, but an older set is held */
	SL_FEED_BROKEN, /* it could not be written */
};
/* text: a sentence for the operator; feed: "" where it is of all. */
typedef void (*sl_feed_fn)(void *arg, enum sl_feed_event e, const char *feed, const char *text);

/* What is told of one source. */
struct sl_feed_state {
	const char *name;
	uint64_t indicators; /* of what is handed out of it */
	uint64_t confirmed_s; /* when it was last confirmed, of 1970; 0: never */
	bool stale;
	uint64_t taken, same, failed, refused; /* looks, by how they ended */
};

struct sl_feeds;
/* Whether each spec can be used:
 *   NAME=LOCATION [KEY=VALUE]...
 * NAME of letters, digits, '.', '_' and '-'; LOCATION a path, or a URL of http or https; KEY one of
 * interval, timeout, stale, max_size, min_ratio, max_growth. -EINVAL: err says what is wrong. */
int sl_feeds_check(
	const char *const *specs, size_t n, const struct sl_feed_options *o, char *err, size_t len);
/* dir: where each source's last good word is kept. generations is borrowed. What was kept is handed
 * out at the first run. 0; -EINVAL as above; -errno, err says it. */
int sl_feeds_open(struct sl_feeds **out, const char *const *specs, size_t n,
	const struct sl_feed_options *o, const char *dir, struct sl_generations *generations,
	sl_feed_fn fn, void *arg, char *err, size_t len);
void sl_feeds_close(struct sl_feeds *f);
/* Waits until a source is due or was changed, at most timeout_ms; asks it; hands out what is new.
 * 1: there is a new generation; 0; -errno, told already. */
int sl_feeds_run(struct sl_feeds *f, int timeout_ms);
/* Any thread: ends a wait, and what all sources say is handed out anew where it is another set, as
 * after sl_generations_resume. Async-signal-safe. */
void sl_feeds_wake(struct sl_feeds *f);
/* Ends a request that is under way as well, for good. Any thread. */
void sl_feeds_stop(struct sl_feeds *f);
/* Any thread. */
void sl_feeds_each(
	struct sl_feeds *f, void (*fn)(void *arg, const struct sl_feed_state *s), void *arg);

#endif
