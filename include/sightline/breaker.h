/* SPDX-License-Identifier: BSD-3-Clause */
/* breaker.h - the circuit breaker: an indicator that fires on too many own hosts is made quiet, or
 * told as an outbreak. One thread: the publisher's. Memory is bounded.
 *
 * The bound. Own hosts are counted on which the indicator fired within a period of packet time (a
 * grid of half periods; the running half and the one before). It is met by at least `hosts` of them
 * that are also more than `percent` of all own hosts met by then (hosts.h). The host of a sighting
 * is its end in HOME_NET, between two own hosts the initiator. A value or a tree alike. What its
 * feed or its policy made quiet isn't counted, nor is a canary, nor what somebody judged real.
 *
 * Which of the two. An indicator whose value was looked for for `watch` and fired on nobody, and
 * whose first own host was seen within a period before it met the bound, is of something that is
 * new to this network and spreads: an outbreak. It stays loud, and its sightings say so. All others
 * (most of all, what fires on many hosts as soon as it is armed) are of what is ordinary here: they
 * are made quiet. Their sightings are counted and stored as before.
 *
 * When. Sightings after the one that met the bound are quiet, for `quiet`; then the indicator is
 * loud again and counted anew, and it is told that it is tried. Firings are taken in order of
 * packet time once every worker's clock is past them, so that the moment doesn't depend on the
 * number of workers; what was told between that moment and then is revised.
 *
 * An indicator is known by source, id and value: a reload changes nothing of what is known here. */
#ifndef SIGHTLINE_BREAKER_H
#define SIGHTLINE_BREAKER_H

#include <sightline/addr.h>
#include <sightline/counter.h>
#include <sightline/hosts.h>
#include <sightline/intel.h>
#include <sightline/record.h>

#define SL_BREAKER_TEXT 96

enum sl_breaker_what {
	SL_BREAKER_LOUD, /* nothing is said against it */
	SL_BREAKER_QUIET,
	SL_BREAKER_OUTBREAK,
	SL_BREAKER_TRIED, /* event: its quiet time is over */
};

/* What happened to an indicator. */
struct sl_breaker_event {
	enum sl_breaker_what what;
	uint64_t ts_ns; /* packet time of it */
	uint64_t first_ns; /* the first own host that it fired on */
	uint64_t hosts, own; /* that it fired on within the period, and all; estimated above 96 */
	const char *source, *id, *value; /* cut to SL_BREAKER_TEXT - 1 bytes; good during the call
					  */
};

struct sl_breaker_options {
	const char *boot; /* as of sl_sightings_options: estimates follow from it */
	unsigned hosts, percent;
	uint64_t period_ns, watch_ns, quiet_ns;
	size_t memory; /* bytes, of indicators that fired, about 2.5 KiB each; at the bound what
			  fired least lately is forgotten, counted. It is mapped at start */
	const struct sl_nets *home; /* borrowed, as is known */
	const struct sl_hosts *known;
	struct sl_counters *counters;
	/* What happened, in order of packet time. */
	void (*tell)(void *arg, const struct sl_breaker_event *e);
	void *arg;
};

struct sl_breaker;
/* 0, -EINVAL, -ENOMEM. */
int sl_breaker_new(struct sl_breaker **out, const struct sl_breaker_options *o);
void sl_breaker_free(struct sl_breaker *b); /* NULL is allowed, here and below: nothing is quiet */

/* `r` opened a sighting of indicator i, which is in force since generation `born`. Its name here,
 * for sl_breaker_says; 0: nothing will ever be said of it. */
uint64_t sl_breaker_take(struct sl_breaker *b, const struct sl_indicator *i, uint32_t born,
	const struct sl_record *r);
/* What holds for a sighting of it that began at ts_ns: LOUD, QUIET, OUTBREAK; *why then, but for
 * LOUD. Final once the clock is past ts_ns, as far as its 8 latest quiet times go back. */
enum sl_breaker_what sl_breaker_says(
	const struct sl_breaker *b, uint64_t name, uint64_t ts_ns, struct sl_breaker_event *why);
/* "fired on 20 of 37 own hosts within 1 h, and nobody judged it real". */
void sl_breaker_text(
	const struct sl_breaker *b, const struct sl_breaker_event *e, char *out, size_t cap);
/* Everything before now_ns was told; the newest generation in force. */
void sl_breaker_clock(struct sl_breaker *b, uint64_t now_ns, uint32_t generation);
/* Takes all that waits: before the end of a capture. */
void sl_breaker_flush(struct sl_breaker *b);
/* Everything is forgotten: end of a capture. */
void sl_breaker_forget(struct sl_breaker *b);
/* Somebody judged i real: it is loud from now on, whatever it fires on. Nobody calls it as long as
 * no verdicts come back to a sensor. */
void sl_breaker_real(struct sl_breaker *b, const struct sl_indicator *i);

/* Rows of the option table of a program that has one. */
#define SL_BREAKER_OPTS                                                                            \
	{ .key = "breaker.hosts",                                                                  \
		.kind = SL_OPT_U64,                                                                \
		.def = "20",                                                                       \
		.min = 0,                                                                          \
		.max = 1e9,                                                                        \
		.help = "an indicator that fires on so many own hosts, and on more than "          \
			"breaker.percent of them, is made quiet, unless it is an outbreak; 0: "    \
			"none ever is" },                                                          \
		{ .key = "breaker.percent",                                                        \
			.kind = SL_OPT_U64,                                                        \
			.def = "10",                                                               \
			.min = 0,                                                                  \
			.max = 100,                                                                \
			.help = "share of the own hosts that were seen" },                         \
		{ .key = "breaker.period",                                                         \
			.kind = SL_OPT_DURATION,                                                   \
			.def = "1h",                                                               \
			.min = 1e9,                                                                \
			.max = 6048e11,                                                            \
			.help = "packet time within which it fires on them" },                     \
		{ .key = "breaker.watch",                                                          \
			.kind = SL_OPT_DURATION,                                                   \
			.def = "24h",                                                              \
			.min = 1e9,                                                                \
			.max = 31536e12,                                                           \
			.help = "what was looked for so long and never seen before it fires on "   \
				"so many "                                                         \
				"is an outbreak: it stays loud" },                                 \
		{ .key = "breaker.quiet",                                                          \
			.kind = SL_OPT_DURATION,                                                   \
			.def = "24h",                                                              \
			.min = 1e9,                                                                \
			.max = 31536e12,                                                           \
			.help = "how long it is quiet before it is tried again" },                 \
	{                                                                                          \
		.key = "breaker.memory", .kind = SL_OPT_SIZE, .def = "16MiB", .min = 65536,        \
		.max = 1e12,                                                                       \
		.help = "memory for indicators that fired, 2.5 KiB each; at the bound what fired " \
			"least lately is forgotten, counted"                                       \
	}

#endif
