/* SPDX-License-Identifier: BSD-3-Clause */
/* live.c - what a sensor on ports needs beside a replay: opening them, the plan, the line that says
 * it sees everything from now on, and the watch over links, devices and workers. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <sightline/digest.h>
#include <sightline/log.h>
#include <sightline/watchdog.h>

#include "sensor.h"

#define LOOK_NS (SL_SECOND / 10)
#define WELL_NS (10 * SL_SECOND)

struct live {
	struct sl_source *src; /* borrowed */
	unsigned worker_count;
	uint64_t looked_ns, stalls;
	struct sl_watchdog *dog;
	struct alarms *alarms;
	unsigned shed_said; /* highest level that was said since all was well */
	uint64_t shed_ns; /* a worker was last at a level */
	char *captures; /* names of all ports, as sightings say where they are from */
	const char **names; /* by port: the same */
	bool gone;
};

int live_input(const struct sl_config *c, char *err, size_t err_len)
{
	size_t captures, ports;
	const char *said = NULL;
	(void)sl_config_list(c, "replay", &captures);
	(void)sl_config_list(c, "port", &ports);
	if (captures > 0 && ports > 0)
		said = "--replay and --port: packets come from capture files or from ports; name "
		       "one of both";
	else if (captures == 0 && ports == 0 && !sl_config_test(c))
		said = "nothing to read: name a capture file with --replay FILE, or a port with "
		       "--port DEV";
	else if (ports > 0 && sl_config_u64(c, "loop") > 1)
		said = "--loop: only capture files can be read again; leave it out with --port";
	if (said == NULL)
		return 0;
	snprintf(err, err_len, "%s", said);
	return -EINVAL;
}

static void say(void *arg, const char *text)
{
	(void)arg;
	sl_info("%s", text);
}

static char *join(const char *const *devs, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i > 0 ? " " : "", devs[i]);
	fclose(f);
	return text;
}

static int check_idle(struct live *l, const struct sl_config *c, char *err, size_t err_len)
{
	const char *dev = sl_ports_unwaitable(l->src);
	if (settings_idle(c) != IDLE_INTERRUPT || dev == NULL)
		return 0;
	snprintf(err, err_len, "port %s: its device can't be waited for; use --idle pause, or auto",
		dev);
	l->src->ops->close(l->src);
	return -ENOTSUP;
}

static enum sl_spread spread_of(const char *word)
{
	return strcmp(word, "inner") == 0   ? SL_SPREAD_INNER
	       : strcmp(word, "tuple") == 0 ? SL_SPREAD_TUPLE
					    : SL_SPREAD_OUTER;
}

int live_open(struct live **out, struct sl_source **src, const struct sl_config *c,
	unsigned workers, char *err, size_t err_len)
{
	size_t n;
	const char *const *devs = sl_config_list(c, "port", &n);
	struct sl_ports_options o = { .devs = devs,
		.dev_count = (unsigned)n,
		.queues = workers,
		.fewer = sl_config_u64(c, "workers") == 0,
		.spread = spread_of(sl_config_text(c, "port_spread")),
		.ring_bytes = sl_config_u64(c, "port_ring"),
		.fresh_bits = replay_fresh_bits(c) };
	struct live *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->worker_count = workers;
	l->captures = join(devs, n);
	l->names = calloc(n, sizeof(*l->names));
	int rc = l->captures == NULL || l->names == NULL ? -ENOMEM : 0;
	if (rc == 0)
		rc = alarms_new(&l->alarms);
	if (rc == 0)
		rc = sl_watchdog_new(&l->dog, workers + 1, sl_config_u64(c, "watchdog"), LOOK_NS);
	for (size_t i = 0; rc == 0 && i < n; i++)
		l->names[i] = l->captures;
	if (rc == 0)
		rc = sl_ports_open(&l->src, &o, err, err_len);
	if (rc == 0)
		rc = check_idle(l, c, err, err_len);
	if (rc < 0) {
		live_free(l);
		return rc;
	}
	l->worker_count = sl_ports_workers(l->src);
	sl_ports_plan(l->src, say, NULL);
	*src = l->src;
	*out = l;
	return 0;
}

void live_free(struct live *l)
{
	if (l == NULL)
		return;
	sl_watchdog_free(l->dog);
	alarms_free(l->alarms);
	free(l->names);
	free(l->captures);
	free(l);
}

const char *const *live_captures(const struct live *l)
{
	return l->names;
}

int live_boot(char out[2 * SL_DIGEST_MAX + 1])
{
	uint8_t random[SL_DIGEST_MAX];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	sl_hex(random, sizeof(random), out);
	return 0;
}

void live_ready(const struct live *l, const struct sl_config *c, struct armory *a)
{
	size_t ports;
	struct armory_counts n;
	(void)sl_config_list(c, "port", &ports);
	armory_counts(a, &n);
	fprintf(stderr, "ready: %zu ports, %u workers, %llu indicators armed\n", ports,
		l->worker_count, (unsigned long long)n.armed);
}

static void look_at(struct live *l, unsigned slot, uint64_t beats, const char *who)
{
	uint64_t still_ns = sl_watchdog_stalled(l->dog, slot, beats);
	if (still_ns == 0)
		return;
	sl_error("%s has stood still for %.1f s (watchdog): the sensor ends, so that a service "
		 "manager can start it again",
		who, (double)still_ns / 1e9);
	l->stalls++;
}

/* The loop of a worker, and of the dispatcher, goes round many times a second, whatever comes: one
 * that stands still is lost, and with it every packet of its queue. One that has ended is not
 * waited for. */
static bool stalled(struct live *l, struct worker *const *w, uint64_t now_ns)
{
	uint64_t rounds;
	sl_watchdog_look(l->dog, now_ns);
	for (unsigned i = 0; i < l->worker_count; i++) {
		char who[32];
		snprintf(who, sizeof(who), "worker %u", i);
		if (!atomic_load_explicit(&w[i]->ended, memory_order_relaxed))
			look_at(l, i, atomic_load_explicit(&w[i]->beats, memory_order_relaxed),
				who);
	}
	if (sl_ports_dispatcher(l->src, &rounds))
		look_at(l, l->worker_count, rounds, "the dispatcher");
	return l->stalls > 0;
}

/* Overload is said when it begins, when it becomes worse than was said, and when it is over: not
 * more often, however the level moves. */
static void say_shedding(struct live *l, struct worker *const *w, uint64_t now_ns)
{
	unsigned worst = 0, who = 0;
	for (unsigned i = 0; i < l->worker_count; i++) {
		unsigned level = atomic_load_explicit(&w[i]->shed_level, memory_order_relaxed);
		who = level > worst ? i : who;
		worst = level > worst ? level : worst;
	}
	if (worst > 0)
		l->shed_ns = now_ns;
	if (worst > l->shed_said) {
		l->shed_said = worst;
		sl_warn("overload: worker %u sheds %s (level %u of %u), counted by "
			"sightline_shed_packets_total; headers are matched all the same. More "
			"--workers, or exclude what needs no look",
			who, sl_shed_name((enum sl_shed_level)worst), worst,
			SL_SHED_LEVEL_COUNT - 1);
	}
	if (l->shed_said > 0 && now_ns - l->shed_ns >= WELL_NS) {
		l->shed_said = 0;
		sl_info("the overload is over: nothing was shed for %u s",
			(unsigned)(WELL_NS / SL_SECOND));
	}
}

enum live_state live_watch(struct live *l, struct stats_view *v)
{
	char err[256];
	uint64_t now = sl_clock_mono_ns();
	if (now - l->looked_ns < LOOK_NS)
		return l->gone ? LIVE_GONE : LIVE_GOOD;
	l->looked_ns = now;
	if (sl_ports_look(l->src, say, NULL, err, sizeof(err)) < 0 && !l->gone) {
		l->gone = true;
		sl_error("%s", err);
	}
	alarms_look(l->alarms, v, now);
	say_shedding(l, v->workers, now);
	if (stalled(l, v->workers, now))
		return LIVE_STALLED;
	return l->gone ? LIVE_GONE : LIVE_GOOD;
}

uint64_t live_stalls(const struct live *l)
{
	return l->stalls;
}

const struct alarms *live_alarms(const struct live *l)
{
	return l->alarms;
}

uint64_t live_late_ns(const struct live *l)
{
	return sl_watchdog_late_ns(l->dog);
}

void live_end(struct live *l)
{
	char err[256];
	(void)sl_ports_look(l->src, say, NULL, err, sizeof(err));
}
