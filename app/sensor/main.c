/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - sightline-sensor: the steps of its start, undone in reverse, and the loop of its control
 * thread. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/digest.h>
#include <sightline/log.h>
#include <sightline/mem.h>

#include "builder.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_UNUSABLE };

#define TICK_NS 100000000

struct sensor {
	struct sl_config *config;
	const char *const *captures;
	size_t capture_count, port_count;
	struct live *live; /* NULL: a replay */
	bool emit_observables, emit_sightings, emit_flows;
	unsigned workers;
	struct sl_source *source;
	char boot[2 * SL_DIGEST_MAX + 1];
	struct nursery *nursery;
	struct supply *supply; /* NULL: no intel from a collector */
	struct armory *armory;
	struct publisher *publisher;
	struct sl_overlap_nets *overlap;
	struct sl_exclusions *exclude; /* NULL: none */
	struct sl_stream_share *stream_share;
	struct sl_flow_homes *homes; /* NULL: one worker alone */
	struct worker **worker;
	struct sl_metrics_port *metrics; /* NULL: none */
	struct stats_view view;
	bool stopped, failed;
	uint64_t started_ns;
	char err[512];
};

/* Signals are taken by the control thread's loop alone; every thread made later inherits the mask.
 */
static sigset_t ending_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

static sigset_t wanted_signals(void)
{
	sigset_t set = ending_signals();
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SUPPLY_SIGNAL);
	return set;
}

static struct sl_source *_Atomic running; /* what a signal ends; NULL: nothing has begun */
static volatile sig_atomic_t asked; /* to end */

/* Async-signal-safe: called by the loop, and by the signal itself where the control thread is at
 * something that may take long. */
static void on_end(int number)
{
	static const char twice[] = "sightline-sensor: warning: asked twice to end: what was not "
				    "written yet is lost\n";
	struct sl_source *src = atomic_load(&running);
	if (src == NULL)
		_exit(EXIT_DONE);
	if (asked) {
		ssize_t n = write(STDERR_FILENO, twice, sizeof(twice) - 1);
		(void)n;
		_exit(EXIT_FAILED);
	}
	asked = 1;
	src->ops->stop(src);
}

/* Around what may wait for others (a pipe, a large feed, workers that wait for whoever reads their
 * output): meanwhile the signals that end are taken where they strike. */
static void may_wait(bool begin)
{
	sigset_t set = ending_signals();
	sigprocmask(begin ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static int step_signals(struct sensor *s)
{
	(void)s;
	sigset_t set = wanted_signals();
	struct sigaction end = { .sa_handler = on_end, .sa_flags = SA_RESTART };
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || sigaction(SIGINT, &end, NULL) < 0 ||
		sigaction(SIGTERM, &end, NULL) < 0)
		return -errno;
	return 0;
}

static int step_options(struct sensor *s)
{
	size_t n;
	char *const *operand = sl_config_operands(s->config, &n);
	if (n > 0) {
		snprintf(s->err, sizeof(s->err),
			"unexpected argument '%s': a capture file is named with --replay FILE",
			operand[0]);
		return -EINVAL;
	}
	const char *const *emit = sl_config_list(s->config, "emit", &n);
	for (size_t i = 0; i < n; i++) {
		s->emit_observables |= strcmp(emit[i], "observables") == 0;
		s->emit_sightings |= strcmp(emit[i], "sightings") == 0;
		s->emit_flows |= strcmp(emit[i], "flows") == 0;
	}
	sl_mem_use_huge(!sl_config_flag(s->config, "no_huge"));
	struct sl_pace pace;
	int rc = settings_overlap(&s->overlap, s->config, s->err, sizeof(s->err));
	if (rc == 0)
		rc = settings_exclude(&s->exclude, s->config, s->err, sizeof(s->err));
	if (rc == 0)
		rc = replay_pace(s->config, &pace, s->err, sizeof(s->err));
	if (rc < 0)
		return rc;
	s->captures = sl_config_list(s->config, "replay", &s->capture_count);
	(void)sl_config_list(s->config, "port", &s->port_count);
	return live_input(s->config, s->err, sizeof(s->err));
}

static int step_nursery(struct sensor *s)
{
	return builder_nursery(&s->nursery, s->config);
}

static int step_threads(struct sensor *s)
{
	struct sl_threads t = { .workers = (unsigned)sl_config_u64(s->config, "workers"),
		.no_huge = sl_config_flag(s->config, "no_huge"),
		.telemetry = sl_config_flag(s->config, "dpdk.telemetry"),
		.extra = sl_config_text(s->config, "dpdk.extra_args") };
	t.ports = sl_config_list(s->config, "port", &s->port_count);
	t.port_count = (unsigned)s->port_count;
	return sl_threads_start(&t, &s->workers, s->err, sizeof(s->err));
}

static int step_ports(struct sensor *s)
{
	if (s->port_count == 0)
		return 0;
	int rc = live_open(&s->live, &s->source, s->config, s->workers, s->err, sizeof(s->err));
	if (rc < 0)
		return rc;
	s->captures = live_captures(s->live);
	s->capture_count = s->port_count;
	s->workers = sl_ports_workers(s->source);
	return live_boot(s->boot);
}

static int step_captures(struct sensor *s)
{
	if (s->port_count > 0)
		return 0;
	int rc = replay_open(&s->source, s->config, s->workers, s->err, sizeof(s->err));
	uint8_t digest[SL_DIGEST_MAX];
	if (rc == 0)
		rc = sl_replay_boot_id(s->source, digest);
	if (rc == 0)
		sl_hex(digest, SL_DIGEST_MAX, s->boot);
	return rc;
}

static int step_intel(struct sensor *s)
{
	struct armory_needs n = { s->workers, 0, settings_must_arm(s->config),
		supply_paths(s->supply) };
	if (s->source != NULL && s->live == NULL)
		n.packet_time_ns = sl_replay_first_ts(s->source) | 1; /* 0: the wall clock's */
	return armory_new(&s->armory, s->config, s->nursery, &n);
}

static int step_supply(struct sensor *s)
{
	return supply_open(&s->supply, s->config, s->err, sizeof(s->err));
}

static int stream_options(struct sensor *s, struct sl_stream_options *o)
{
	o->memory_bytes = sl_config_u64(s->config, "stream.memory");
	o->max_bytes = (uint32_t)sl_config_u64(s->config, "stream.flow_memory");
	o->max_segments = (uint32_t)sl_config_u64(s->config, "stream.flow_segments");
	o->depth_bytes = sl_config_u64(s->config, "stream.depth");
	o->nets = s->overlap;
	int rc = sl_stream_share_new(
		&s->stream_share, sl_config_u64(s->config, "stream.memory_total"));
	o->share = s->stream_share;
	return rc;
}

static int step_workers(struct sensor *s)
{
	struct worker_options o = { .src = s->source,
		.flow = sl_flow_defaults,
		.stream = sl_stream_defaults,
		.parser_bytes = sl_config_u64(s->config, "parser.memory"),
		.inflate_bytes = sl_config_u64(s->config, "file.memory"),
		.ring_bytes = sl_config_u64(s->config, "ring"),
		.contexts = (uint32_t)sl_config_u64(s->config, "flow.context_max"),
		.tree_states = (uint32_t)sl_config_u64(s->config, "match.tree_states"),
		.verify_checksums = strcmp(sl_config_text(s->config, "checksums"), "verify") == 0,
		.emit_observables = s->emit_observables,
		.emit_flows = s->emit_flows,
		.facts_home = settings_facts_home(s->config, armory_home(s->armory)),
		.keep_files = file_store_wanted(s->config),
		.rehearse = s->live == NULL && sl_replay_rehearses(s->source),
		.timing = sl_config_flag(s->config, "timing"),
		.idle = settings_idle(s->config),
		.inspect = settings_inspect(s->config),
		.wait = s->live == NULL };
	settings_flow(s->config, &o.flow);
	settings_shed(s->config, &o);
	int rc = settings_memory(&o, s->config, armory_home(s->armory), s->err, sizeof(s->err));
	o.sieve = (struct sl_sieve_options){ .exclude = s->exclude,
		.copies = settings_copies(s->config),
		.window_ns = sl_config_u64(s->config, "duplicates.window") };
	o.defrag = (struct sl_defrag_options){ .overlap = s->overlap,
		.memory_bytes = sl_config_u64(s->config, "defrag.memory"),
		.max_datagrams = (uint32_t)sl_config_u64(s->config, "defrag.max"),
		.max_fragments = (uint32_t)sl_config_u64(s->config, "defrag.max_fragments"),
		.timeout_v4_ns = sl_config_u64(s->config, "defrag.timeout_v4"),
		.timeout_v6_ns = sl_config_u64(s->config, "defrag.timeout_v6") };
	rc = rc ? rc : stream_options(s, &o.stream);
	if (rc == 0 && s->workers > 1)
		rc = sl_flow_homes_new(&s->homes, s->workers, o.flow.max_flows);
	o.flow.homes = s->homes;
	s->worker = calloc(s->workers, sizeof(struct worker *));
	if (s->worker == NULL)
		rc = -ENOMEM;
	sl_parsers_prepare();
	for (o.number = 0; rc == 0 && o.number < s->workers; o.number++)
		rc = worker_new(&s->worker[o.number], &o);
	rc = rc ? rc : armory_remember(s->armory, s->worker);
	if (rc < 0 && s->err[0] == '\0')
		snprintf(s->err, sizeof(s->err),
			"no memory for %u workers: lower flow.max, flow.context_max, "
			"match.tree_states, memory.size, stream.memory, defrag.memory, "
			"parser.memory or file.memory in the configuration",
			s->workers);
	return rc;
}

static int step_publisher(struct sensor *s)
{
	struct publisher_options o = { .workers = s->worker,
		.worker_count = s->workers,
		.captures = s->captures,
		.capture_count = s->capture_count,
		.config = s->config,
		.boot = s->boot,
		.home = armory_home(s->armory),
		.emit_observables = s->emit_observables,
		.emit_sightings = s->emit_sightings,
		.emit_flows = s->emit_flows };
	return publisher_new(&s->publisher, &o, s->err, sizeof(s->err));
}

static int step_metrics(struct sensor *s)
{
	const char *where = sl_config_text(s->config, "metrics");
	char at[SL_METRICS_AT];
	if (where == NULL)
		return 0;
	int rc = sl_metrics_open(&s->metrics, where, at, s->err, sizeof(s->err));
	if (rc == 0)
		sl_info("counters are at %s", at);
	return rc;
}

/* Behind what takes privileges, before what strangers wrote is read. */
static int step_confine(struct sensor *s)
{
	return confine(s->config, s->err, sizeof(s->err));
}

static int step_run(struct sensor *s)
{
	s->started_ns = sl_clock_mono_ns();
	s->view = (struct stats_view){ .workers = s->worker,
		.worker_count = s->workers,
		.publisher = s->publisher,
		.armory = s->armory,
		.supply = s->supply,
		.replay = s->live == NULL ? s->source : NULL,
		.ports = s->live != NULL ? s->source : NULL,
		.live = s->live,
		.started_s = sl_clock_wall_ns() / SL_SECOND };
	atomic_store(&running, s->source);
	int rc = armory_start(s->armory, s->publisher);
	rc = rc ? rc : publisher_start(s->publisher);
	rc = rc ? rc : supply_catch_up(s->supply, s->armory);
	for (unsigned i = 0; rc == 0 && i < s->workers; i++)
		rc = sl_threads_launch(i, worker_run, s->worker[i]);
	if (rc == 0 && s->metrics != NULL)
		rc = stats_serve(s->metrics, &s->view);
	if (rc == 0)
		rc = s->source->ops->start(s->source);
	if (rc == 0)
		rc = supply_start(s->supply);
	if (rc == 0 && s->live != NULL)
		live_ready(s->live, s->config, s->armory);
	return rc;
}

static void stop(struct sensor *s)
{
	if (!s->stopped)
		s->source->ops->stop(s->source);
	s->stopped = true;
}

/* Ports: a device that is gone ends the sensor as a signal would; a worker that stands still can't
 * be waited for. */
static void watch(struct sensor *s)
{
	enum live_state state = live_watch(s->live, &s->view);
	if (state == LIVE_GONE) {
		s->failed = true;
		stop(s);
	}
	if (state == LIVE_STALLED) {
		(void)stats_keep(&s->view, s->config);
		_exit(EXIT_FAILED);
	}
}

/* The control thread until everything is told. */
static void control(struct sensor *s)
{
	sigset_t set = wanted_signals();
	bool terminal = isatty(STDERR_FILENO), reload = false, soon = false;
	unsigned ticks = 0;
	while (!publisher_done(s->publisher)) {
		int sig = sigtimedwait(&set, NULL,
			&(struct timespec){ .tv_nsec = soon ? TICK_NS / 100 : TICK_NS / 10 });
		reload |= sig == SIGHUP;
		if (sig == SIGINT || sig == SIGTERM)
			on_end(sig);
		if (asked || publisher_failed(s->publisher))
			stop(s);
		if (s->live != NULL)
			watch(s);
		armory_look(s->armory);
		may_wait(true);
		if (!s->stopped)
			reload = supply_reload(s->supply, s->armory, reload);
		if (armory_settle(s->armory) && !s->stopped && supply_waits(s->supply))
			reload |= supply_arm(s->supply, s->armory);
		may_wait(false);
		soon = s->stopped || supply_waits(s->supply); /* for what is on its way out */
		if (terminal && s->live == NULL && ++ticks % 20 == 0)
			replay_show(
				s->source, s->started_ns, publisher_sightings(s->publisher), false);
	}
	if (terminal && ticks >= 20)
		replay_show(s->source, s->started_ns, publisher_sightings(s->publisher), true);
}

static int run(struct sensor *s)
{
	control(s);
	for (unsigned i = 0; i < s->workers; i++)
		sl_threads_wait(i);
	publisher_join(s->publisher);
	if (s->live != NULL)
		live_end(s->live);
	bool good = !s->failed && (s->live != NULL || replay_damage(s->source)) &&
		    !publisher_failed(s->publisher);
	struct sl_counters sum;
	stats_sum(&s->view, &sum);
	stats_say(&sum, s->started_ns);
	if (s->live == NULL)
		replay_report(s->source, s->config, &sum);
	return stats_keep(&s->view, s->config) && good ? EXIT_DONE : EXIT_FAILED;
}

static void teardown(struct sensor *s)
{
	sl_metrics_close(s->metrics);
	armory_stop(s->armory);
	publisher_free(s->publisher);
	for (unsigned i = 0; s->worker != NULL && i < s->workers; i++)
		worker_free(s->worker[i]);
	free(s->worker);
	sl_flow_homes_free(s->homes);
	sl_stream_share_free(s->stream_share);
	sl_exclusions_free(s->exclude);
	sl_overlap_nets_free(s->overlap);
	supply_close(s->supply);
	armory_free(s->armory);
	nursery_free(s->nursery);
	if (s->source != NULL)
		s->source->ops->close(s->source);
	live_free(s->live);
	if (s->workers > 0)
		sl_threads_stop();
	sl_config_free(s->config);
}

/* What a step that failed means for the exit status. */
static const struct {
	int (*step)(struct sensor *s);
	int status;
	bool waits; /* and makes no threads, which would inherit its signal mask */
} steps[] = {
	{ step_signals, EXIT_FAILED, false },
	{ step_options, EXIT_UNUSABLE, false },
	{ step_nursery, EXIT_FAILED, false }, /* of one thread */
	{ step_threads, EXIT_UNUSABLE, false },
	{ step_ports, EXIT_UNUSABLE, false },
	{ step_metrics, EXIT_UNUSABLE, false },
	{ step_confine, EXIT_UNUSABLE, false },
	{ step_captures, EXIT_FAILED, true },
	{ step_supply, EXIT_UNUSABLE, true },
	{ step_intel, EXIT_UNUSABLE, true },
	{ step_workers, EXIT_UNUSABLE, false },
	{ step_publisher, EXIT_UNUSABLE, false },
	{ step_run, EXIT_FAILED, false },
};

static int take_step(struct sensor *s, size_t i)
{
	if (!steps[i].waits)
		return steps[i].step(s);
	may_wait(true);
	int rc = steps[i].step(s);
	may_wait(false);
	return rc;
}

static int check_only(struct sensor *s)
{
	struct worker_options o; /* nobody's */
	int rc = step_options(s);
	rc = rc ? rc : step_nursery(s);
	/* From here on as whom the sensor runs: what strangers wrote is read, a cache written. */
	if (rc == 0 && geteuid() == 0)
		rc = step_confine(s);
	if (rc == 0 && s->capture_count > 0) {
		s->workers = 0; /* no thread is started for a check */
		rc = replay_open(&s->source, s->config, 0, s->err, sizeof(s->err));
	}
	rc = rc ? rc : settings_metrics(s->config, s->err, sizeof(s->err));
	rc = rc ? rc : settings_memory(&o, s->config, NULL, s->err, sizeof(s->err));
	rc = rc ? rc : step_intel(s);
	if (rc < 0 && s->err[0] != '\0')
		sl_error("%s", s->err);
	if (rc == 0)
		sl_config_print(s->config, stdout);
	teardown(s);
	return rc == 0 ? EXIT_DONE : EXIT_UNUSABLE;
}

int main(int argc, char **argv)
{
	static struct sensor s;
	sl_log_init("sightline-sensor", SL_LOG_INFO);
	int rc = sl_config_load(&s.config, &sensor_program, argc, argv, s.err, sizeof(s.err));
	if (rc != 0) {
		if (rc < 0)
			sl_error("%s", s.err);
		return rc < 0 ? EXIT_UNUSABLE : EXIT_DONE;
	}
	if (sl_config_test(s.config))
		return check_only(&s);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		rc = take_step(&s, i);
		if (rc == 0)
			continue;
		if (s.err[0] != '\0')
			sl_error("%s", s.err);
		else if (steps[i].step != step_intel) /* which says it itself */
			sl_error("start failed: %s", strerror(-rc));
		/* Some threads may run and some not: nothing can be taken from under them. */
		if (steps[i].step == step_run)
			_exit(steps[i].status);
		teardown(&s);
		return steps[i].status;
	}
	int status = run(&s);
	teardown(&s);
	return status;
}
