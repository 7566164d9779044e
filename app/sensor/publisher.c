/* SPDX-License-Identifier: BSD-3-Clause */
/* publisher.c - drains the workers' rings, joins what spans flows, aggregates, and hands sightings
 * to the outputs. One thread. It never waits for a load, a compile or a grace period; it sleeps
 * only when every ring is empty. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sightline/breaker.h>
#include <sightline/bus.h>
#include <sightline/clock.h>
#include <sightline/correlate.h>
#include <sightline/hosts.h>
#include <sightline/log.h>
#include <sightline/sighting.h>

#include "output.h"
#include "retro.h"
#include "sensor.h"

#define DRAIN_AT_ONCE 4096 /* records of one ring before the next one's turn */
#define IDLE_NS 200000
#define RULESETS 4

struct inlet {
	struct sl_ring *ring;
	uint64_t clock_ns;
	uint64_t retire_at; /* once the tail is here, nothing names the retired ruleset */
	bool at_capture_end, ended;
};

struct publisher {
	pthread_t thread;
	bool started;
	struct publisher_options o;
	struct inlet *inlet;
	struct sl_correlator *correlator;
	struct sl_hosts *hosts; /* NULL: nothing is kept of them */
	struct sl_breaker *breaker; /* NULL: there is none */
	struct sl_sightings *sightings;
	struct output *output;
	struct file_store *files; /* NULL: none are kept */
	struct sl_counters counters;
	struct retro_queue retro; /* to be told */
	unsigned capture;
	/* control and publisher, under lock */
	pthread_mutex_t lock;
	const struct sl_ruleset *rulesets[RULESETS];
	const struct sl_ruleset *retiring;
	_Atomic bool retired, done;
};

static void emit_sighting(void *arg, const Sightline__V1__Sighting *m)
{
	struct publisher *p = arg;
	unsigned last =
		(unsigned)p->o.capture_count - 1; /* what comes when all are over is of it */
	output_sighting(p->output, p->o.captures[p->capture < last ? p->capture : last], m);
}

static const struct sl_ruleset *ruleset_of(struct publisher *p, uint32_t generation)
{
	const struct sl_ruleset *rs = NULL;
	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < RULESETS && rs == NULL; i++)
		if (p->rulesets[i] != NULL && sl_ruleset_generation(p->rulesets[i]) == generation)
			rs = p->rulesets[i];
	pthread_mutex_unlock(&p->lock);
	return rs;
}

void publisher_admit(struct publisher *p, const struct sl_ruleset *rs)
{
	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < RULESETS; i++) {
		if (p->rulesets[i] == NULL) {
			p->rulesets[i] = rs;
			break;
		}
	}
	pthread_mutex_unlock(&p->lock);
}

void publisher_retire(struct publisher *p, const struct sl_ruleset *rs)
{
	pthread_mutex_lock(&p->lock);
	p->retiring = rs;
	atomic_store(&p->retired, false);
	for (unsigned i = 0; i < p->o.worker_count; i++)
		p->inlet[i].retire_at = sl_ring_head(p->inlet[i].ring);
	pthread_mutex_unlock(&p->lock);
}

bool publisher_retired(struct publisher *p)
{
	return atomic_load(&p->retired);
}

/* The set that is left once the retiring one is gone: the newest. Under lock. */
static const struct sl_ruleset *successor(const struct publisher *p)
{
	const struct sl_ruleset *newest = NULL;
	for (unsigned i = 0; i < RULESETS; i++) {
		const struct sl_ruleset *rs = p->rulesets[i];
		if (rs != NULL && rs != p->retiring &&
			(newest == NULL ||
				sl_ruleset_generation(rs) > sl_ruleset_generation(newest)))
			newest = rs;
	}
	return newest;
}

/* The retiring set, once no record names it any more. */
static const struct sl_ruleset *passed(struct publisher *p, const struct sl_ruleset **next)
{
	pthread_mutex_lock(&p->lock);
	bool all = p->retiring != NULL;
	for (unsigned i = 0; all && i < p->o.worker_count; i++)
		all = sl_ring_tail(p->inlet[i].ring) >= p->inlet[i].retire_at;
	*next = all ? successor(p) : NULL;
	const struct sl_ruleset *old = all ? p->retiring : NULL;
	pthread_mutex_unlock(&p->lock);
	return old;
}

static void check_retiring(struct publisher *p)
{
	const struct sl_ruleset *next, *old = passed(p, &next);
	if (old == NULL)
		return;
	sl_correlator_retire(p->correlator, old, next);
	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < RULESETS; i++)
		if (p->rulesets[i] == old)
			p->rulesets[i] = NULL;
	p->retiring = NULL;
	atomic_store(&p->retired, true);
	pthread_mutex_unlock(&p->lock);
}

static void lost(struct publisher *p, int rc)
{
	if (rc < 0)
		sl_count(&p->counters, SL_C_SIGHTINGS_LOST, 1);
}

static void take_hit(struct publisher *p, const struct sl_record *r)
{
	const struct sl_ruleset *rs = ruleset_of(p, r->generation);
	lost(p, rs == NULL ? -ENOENT : sl_sightings_hit(p->sightings, r, rs));
}

static void take_expression(struct publisher *p, const struct sl_record *r)
{
	const struct sl_ruleset *rs = ruleset_of(p, r->generation);
	lost(p, rs == NULL ? -ENOENT : sl_correlator_take(p->correlator, r, rs));
}

static void tell_joined(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
	const struct sl_joined *joined, size_t n)
{
	struct publisher *p = arg;
	lost(p, sl_sightings_joined(p->sightings, hit, rs, joined, n));
}

static uint32_t newest_generation(struct publisher *p)
{
	uint32_t newest = 0;
	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < RULESETS; i++)
		if (p->rulesets[i] != NULL && sl_ruleset_generation(p->rulesets[i]) > newest)
			newest = sl_ruleset_generation(p->rulesets[i]);
	pthread_mutex_unlock(&p->lock);
	return newest;
}

void publisher_retro(struct publisher *p, struct retro *r)
{
	retro_put(&p->retro, r);
}

static void tell_retro(struct publisher *p)
{
	sl_count(&p->counters, SL_C_SIGHTINGS_LOST, retro_tell(&p->retro, p->sightings));
}

/* The slowest worker's clock says what may be joined, and closes windows; workers that are done
 * with the capture hold nobody up. With each mark, not with each drain: what is told between two
 * marks doesn't depend on how fast this thread is. */
static void tick(struct publisher *p)
{
	uint64_t slowest = UINT64_MAX;
	for (unsigned i = 0; i < p->o.worker_count; i++)
		if (!p->inlet[i].at_capture_end && !p->inlet[i].ended &&
			p->inlet[i].clock_ns < slowest)
			slowest = p->inlet[i].clock_ns;
	if (slowest == UINT64_MAX || slowest == 0)
		return;
	sl_correlator_clock(p->correlator, slowest);
	sl_breaker_clock(p->breaker, slowest, newest_generation(p));
	sl_sightings_clock(p->sightings, slowest);
}

static void take_record(
	struct publisher *p, struct inlet *in, const struct sl_record *r, uint32_t len)
{
	unsigned worker = (unsigned)(in - p->inlet);
	switch ((enum sl_record_kind)r->kind) {
	case SL_REC_OBSERVABLE:
		output_observable(p->output, p->o.captures[r->capture], r);
		break;
	case SL_REC_FLOW:
		output_flow(p->output, p->o.captures[r->capture], r);
		break;
	case SL_REC_HIT:
		file_store_hit(p->files, worker, r);
		take_hit(p, r);
		break;
	case SL_REC_FILE_BYTES:
		file_store_bytes(p->files, worker, (const struct sl_record_file *)(const void *)r);
		break;
	case SL_REC_FILE_END:
		file_store_end(p->files, worker, (const struct sl_record_file *)(const void *)r);
		break;
	case SL_REC_FILES:
		file_store_settle(p->files, worker);
		break;
	case SL_REC_FILES_LOST:
		file_store_lost(p->files, worker);
		break;
	case SL_REC_FACT:
		(void)sl_hosts_tell(p->hosts, (const struct sl_record_fact *)(const void *)r, len);
		break;
	case SL_REC_EXPRESSION:
		take_expression(p, r);
		break;
	case SL_REC_CLOCK:
		in->clock_ns = r->ts_ns;
		tick(p);
		break;
	case SL_REC_CAPTURE:
		file_store_settle(p->files, worker);
		in->at_capture_end = true;
		tick(p);
		break;
	case SL_REC_END:
		in->ended = true;
		tick(p);
		break;
	}
}

/* Drains one ring up to the end of the capture that all others are in. */
static bool drain(struct publisher *p, struct inlet *in)
{
	bool any = false;
	for (unsigned i = 0; i < DRAIN_AT_ONCE && !in->at_capture_end && !in->ended; i++) {
		uint32_t len;
		const struct sl_record *r = sl_ring_peek(in->ring, &len);
		if (r == NULL)
			break;
		take_record(p, in, r, len);
		sl_ring_pop(in->ring);
		any = true;
	}
	return any;
}

static void flush(struct publisher *p)
{
	sl_correlator_flush(p->correlator);
	sl_breaker_flush(p->breaker);
	sl_sightings_flush(p->sightings);
}

/* Every worker is done with the capture: its sightings are closed, and the next one begins from
 * nothing. Asked to end, workers have come through different numbers of captures: who has ended
 * holds up nobody. */
static bool next_capture(struct publisher *p)
{
	bool any = false;
	for (unsigned i = 0; i < p->o.worker_count; i++) {
		if (!p->inlet[i].at_capture_end && !p->inlet[i].ended)
			return false;
		any |= p->inlet[i].at_capture_end;
	}
	if (!any)
		return false;
	flush(p);
	sl_hosts_forget(p->hosts);
	sl_breaker_forget(p->breaker);
	for (unsigned i = 0; i < p->o.worker_count; i++) {
		p->inlet[i].at_capture_end = false;
		p->inlet[i].clock_ns = 0;
	}
	p->capture++;
	return true;
}

static bool all_ended(const struct publisher *p)
{
	for (unsigned i = 0; i < p->o.worker_count; i++)
		if (!p->inlet[i].ended)
			return false;
	return true;
}

static void *run(void *arg)
{
	struct publisher *p = arg;
	while (!all_ended(p)) {
		bool any = false;
		for (unsigned i = 0; i < p->o.worker_count; i++)
			any |= drain(p, &p->inlet[i]);
		tell_retro(p); /* before the capture is over in which it came */
		any |= next_capture(p);
		check_retiring(p);
		output_run(p->output, !any);
		if (!any)
			nanosleep(&(struct timespec){ .tv_nsec = IDLE_NS }, NULL);
	}
	if (p->capture > 0)
		p->capture--; /* what is left belongs to the last one */
	tell_retro(p);
	flush(p);
	check_retiring(p);
	output_finish(p->output);
	atomic_store(&p->done, true);
	return NULL;
}

#define SLACK_NS UINT64_C(1000000000)

static void tell_breaker(void *arg, const struct sl_breaker_event *e)
{
	const struct publisher *p = arg;
	char why[160], until[SL_TIME_TEXT];
	sl_breaker_text(p->breaker, e, why, sizeof(why));
	sl_time_text(e->ts_ns + sl_config_u64(p->o.config, "breaker.quiet"), until);
	if (e->what == SL_BREAKER_OUTBREAK)
		sl_warn("outbreak: %s of %s (%s) %s", e->value, e->source, e->id, why);
	else if (e->what == SL_BREAKER_QUIET)
		sl_warn("breaker: %s of %s (%s) %s: it is quiet until %s", e->value, e->source,
			e->id, why, until);
	else
		sl_info("breaker: %s of %s (%s) is tried again: it was quiet, and is loud from "
			"now on",
			e->value, e->source, e->id);
}

static int breaker_new(struct publisher *p)
{
	const struct sl_config *c = p->o.config;
	struct sl_breaker_options o = { .boot = p->o.boot,
		.hosts = (unsigned)sl_config_u64(c, "breaker.hosts"),
		.percent = (unsigned)sl_config_u64(c, "breaker.percent"),
		.period_ns = sl_config_u64(c, "breaker.period"),
		.watch_ns = sl_config_u64(c, "breaker.watch"),
		.quiet_ns = sl_config_u64(c, "breaker.quiet"),
		.memory = sl_config_u64(c, "breaker.memory"),
		.home = p->o.home,
		.known = p->hosts,
		.counters = &p->counters,
		.tell = tell_breaker,
		.arg = p };
	if (o.hosts == 0)
		return 0;
	if (p->hosts == NULL) {
		sl_warn("no circuit breaker: hosts.memory is 0, so nobody knows how many own hosts "
			"there are; set breaker.hosts to 0 as well, or hosts.memory");
		return 0;
	}
	return sl_breaker_new(&p->breaker, &o);
}

/* On a port nothing comes of a window that is so long over, or next to nothing; the captures of a
 * replay may be of one time. */
static uint64_t late_ns(const struct sl_config *c)
{
	size_t ports;
	(void)sl_config_list(c, "port", &ports);
	return ports > 0 ? settings_longest_silence_ns(c) + SL_FLOW_LEAVE_NS : 0;
}

static int joiners_new(struct publisher *p)
{
	struct sl_correlator_options co = { .home = p->o.home,
		.max_states = (uint32_t)sl_config_u64(p->o.config, "correlator.max_states"),
		.memory = sl_config_u64(p->o.config, "correlator.memory"),
		.slack_ns = SLACK_NS,
		.late_ns = settings_longest_silence_ns(p->o.config) + SL_FLOW_LEAVE_NS,
		.counters = &p->counters,
		.tell = tell_joined,
		.arg = p };
	struct sl_hosts_options ho = { .home = p->o.home,
		.memory = sl_config_u64(p->o.config, "hosts.memory"),
		.counters = &p->counters };
	int rc = ho.memory > 0 ? sl_hosts_new(&p->hosts, &ho) : 0;
	rc = rc ? rc : breaker_new(p);
	struct sl_sightings_options so = { .sensor = output_sensor(p->output),
		.boot = p->o.boot,
		.window_ns = sl_config_u64(p->o.config, "sightings.window"),
		.horizon_ns = late_ns(p->o.config),
		.max_open = (uint32_t)sl_config_u64(p->o.config, "sightings.max_open"),
		.memory = sl_config_u64(p->o.config, "sightings.memory"),
		.home = p->o.home,
		.hosts = p->hosts,
		.breaker = p->breaker,
		.counters = &p->counters,
		.emit = emit_sighting,
		.arg = p };
	rc = rc ? rc : sl_correlator_new(&p->correlator, &co);
	return rc ? rc : sl_sightings_new(&p->sightings, &so);
}

int publisher_new(
	struct publisher **out, const struct publisher_options *o, char *err, size_t err_len)
{
	struct publisher *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	p->o = *o;
	pthread_mutex_init(&p->lock, NULL);
	retro_queue_init(&p->retro);
	p->inlet = calloc(o->worker_count, sizeof(*p->inlet));
	int rc = p->inlet == NULL ? -ENOMEM : output_new(&p->output, o, &p->counters, err, err_len);
	if (rc == 0)
		rc = file_store_new(&p->files, o->config, &p->counters, err, err_len);
	for (unsigned i = 0; rc == 0 && i < o->worker_count; i++)
		p->inlet[i].ring = o->workers[i]->ring;
	rc = rc ? rc : joiners_new(p);
	if (rc < 0) {
		publisher_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

int publisher_start(struct publisher *p)
{
	int rc = -pthread_create(&p->thread, NULL, run, p);
	p->started = rc == 0;
	return rc;
}

bool publisher_done(struct publisher *p)
{
	return atomic_load(&p->done);
}

bool publisher_failed(struct publisher *p)
{
	return output_failed(p->output);
}

void publisher_join(struct publisher *p)
{
	if (p->started)
		pthread_join(p->thread, NULL);
	p->started = false;
}

void publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	file_store_free(p->files);
	retro_queue_fini(&p->retro);
	sl_correlator_free(p->correlator);
	sl_sightings_free(p->sightings);
	sl_breaker_free(p->breaker);
	sl_hosts_free(p->hosts);
	output_free(p->output);
	pthread_mutex_destroy(&p->lock);
	free(p->inlet);
	free(p);
}

const struct sl_counters *publisher_counters(const struct publisher *p)
{
	return &p->counters;
}

uint64_t publisher_sightings(const struct publisher *p)
{
	return __atomic_load_n(&p->counters.c[SL_C_SIGHTINGS], __ATOMIC_RELAXED);
}

const char *publisher_sensor(const struct publisher *p)
{
	return output_sensor(p->output);
}
