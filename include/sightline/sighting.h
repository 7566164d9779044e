/* SPDX-License-Identifier: BSD-3-Clause */
/* sighting.h - from hits to sightings: identity, aggregation on a fixed grid of packet time,
 * revisions, and the JSON lines of observables, flows and sightings. All of it on the publisher's
 * thread. */
#ifndef SIGHTLINE_SIGHTING_H
#define SIGHTLINE_SIGHTING_H

#include <sightline/addr.h>
#include <sightline/breaker.h>
#include <sightline/correlate.h>
#include <sightline/counter.h>
#include <sightline/hosts.h>
#include <sightline/json.h>
#include <sightline/match.h>
#include <sightline/past.h>
#include <sightline/record.h>
#include <sightline/wire.h>

/* Strings and pointers are borrowed: good as long as the aggregator. */
struct sl_sightings_options {
	const char *sensor; /* its name */
	const char *boot; /* hex: of the captures in a replay, random on a port */
	uint64_t window_ns; /* grid of packet time */
	uint64_t horizon_ns; /* a closed window is remembered for so long, so that a late packet
				raises its revision; 0: until the end */
	uint32_t max_open; /* sightings remembered; at the bound the one that was closed first, or
			      else the oldest, is told, counted where its window was still open,
			      and forgotten. What comes of it later goes on with its revision and
			      count. 0: 100,000 (about 2 KiB each) */
	uint64_t memory; /* of the sightings remembered, likewise; 0: no bound but max_open */
	const struct sl_nets *home;
	const struct sl_hosts *hosts; /* what is known beyond a flow, told by the caller; NULL:
					 nothing */
	/* Asked about each indicator, told each sighting's; its clock goes before this one's. NULL:
	 * none */
	struct sl_breaker *breaker;
	struct sl_counters *counters;
	/* Called for each message (revision 1 at once, a higher one when its window closes and
	 * anything but last_seen has changed, when a quiet one turns loud, when the breaker makes a
	 * loud one quiet, or when what other
	 * workers told later of the time before it says more of its hosts); the message is the
	 * aggregator's, good during the call. `seq` counts what goes on the stream: a quiet
	 * sighting has 0. */
	void (*emit)(void *arg, const Sightline__V1__Sighting *s);
	void *arg;
};

struct sl_sightings;
int sl_sightings_new(struct sl_sightings **out, const struct sl_sightings_options *o);
void sl_sightings_free(struct sl_sightings *s);
/* One SL_REC_HIT; rs is the ruleset of its generation. 0; -EINVAL: no hit; -ENOMEM: it is lost.
 * One observation counts once, however many of its values are below the listed one. */
int sl_sightings_hit(
	struct sl_sightings *s, const struct sl_record *r, const struct sl_ruleset *rs);
/* The same of a tree whose leaves were true of several observations: `r` is the one that completed
 * it, joined[0..n) what was true of any of them. */
int sl_sightings_joined(struct sl_sightings *s, const struct sl_record *r,
	const struct sl_ruleset *rs, const struct sl_joined *joined, size_t n);
/* What the value of new indicators was seen to do before they were in force, told at once as a
 * sighting of its own (`retro`): `past` of indicators[0..count) of rs, which list one value. Its
 * times are those of hours; its flow is the first host's, to the value where that is an address of
 * the same version. 0 or -ENOMEM. */
int sl_sightings_retro(struct sl_sightings *s, const struct sl_ruleset *rs,
	const uint32_t *indicators, uint16_t count, const struct sl_past_answer *past,
	uint32_t hours);
/* No worker will report a packet before now_ns any more (but for time that runs backwards). */
void sl_sightings_clock(struct sl_sightings *s, uint64_t now_ns);
/* Closes every window, in order of creation, and sets the clock back: end of a capture, end of the
 * process. Sightings stay remembered: their identity holds no capture, so that a second capture
 * that says the same within the same window raises the count instead of giving an id away twice.
 */
void sl_sightings_flush(struct sl_sightings *s);

/* One JSON line into o (not yet taken with sl_json_line). capture NULL: left out (what a subscriber
 * reads comes from no file). */
void sl_observable_json(struct sl_json_out *o, const char *capture, const struct sl_record *r);
void sl_flow_json(struct sl_json_out *o, const char *capture, const struct sl_record *r);
void sl_sighting_json(struct sl_json_out *o, const char *capture, const Sightline__V1__Sighting *s);

#endif
