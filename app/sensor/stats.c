/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - what is told of the counters: all, as one JSON object or for the metrics port, and some
 * in lines for a reader. Control and metrics thread; reads what others write, with relaxed loads.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sightline/json.h>
#include <sightline/log.h>
#include <sightline/mem.h>

#include "sensor.h"

void stats_sum(const struct stats_view *v, struct sl_counters *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < v->worker_count; i++)
		sl_counters_add(out, &v->workers[i]->counters);
	sl_counters_add(out, publisher_counters(v->publisher));
	sl_counters_add(out, armory_counters(v->armory));
	if (v->supply != NULL)
		sl_counters_add(out, supply_counters(v->supply));
}

/* Where samples go. */
struct sink {
	sl_metric_fn put;
	void *to;
};

static void put(const struct sink *k, const char *help, uint64_t value, const char *key, ...)
	__attribute__((format(printf, 4, 5)));

static void put(const struct sink *k, const char *help, uint64_t value, const char *key, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, key);
	vsnprintf(text, sizeof(text), key, ap);
	va_end(ap);
	k->put(k->to, text, help, value);
}

static void put_counters(const struct stats_view *v, const struct sink *k)
{
	struct sl_counters sum;
	stats_sum(v, &sum);
	for (unsigned i = 0; i < SL_C_COUNT; i++)
		put(k, sl_counter_help((enum sl_counter)i), sum.c[i], "%s",
			sl_counter_metric((enum sl_counter)i));
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		put(k, "packets left out by name", sum.drop[i],
			"sightline_drop_packets_total{reason=\"%s\"}",
			sl_drop_label((enum sl_drop)i));
	/* Segments are used as they come. */
	put(k, "packets kept beyond their burst", 0, "sightline_held_packets");
}

static void put_replay(const struct stats_view *v, const struct sink *k)
{
	struct sl_replay_sums r;
	sl_replay_sums(v->replay, &r);
	put(k, "packets that the source lost", r.missed, "sightline_missed_packets_total");
	put(k, "packets of a replay's captures, in all passes", r.sent,
		"sightline_replay_sent_packets_total");
	put(k, "from a replay's first packet to its end, the slowest worker", r.longest_ns,
		"sightline_replay_longest_nanoseconds_total");
	put(k, "the same, of all workers together", r.queues_ns,
		"sightline_replay_queues_nanoseconds_total");
	put(k, "packets that were received and released alone before a replay", r.rehearsed,
		"sightline_replay_rehearsed_packets_total");
	put(k, "how long that took, all workers together", r.rehearsed_ns,
		"sightline_replay_rehearsed_nanoseconds_total");
	put(k, "when a paced capture's first packet fell due, since 1970", r.begun_ns,
		"sightline_replay_begun_nanoseconds");
	put(k, "memory of a replay's packets", r.mapped_bytes, "sightline_replay_memory_bytes");
	put(k, "of that, on huge pages", r.huge_bytes, "sightline_replay_huge_page_bytes");
}

static void put_alarm(void *arg, const char *topic, bool bad)
{
	char name[512];
	sl_metrics_escape(topic, name, sizeof(name));
	put(arg, "1: the tap loses more than it should", bad, "sightline_tap_alarm{topic=\"%s\"}",
		name);
}

static void put_ports(const struct stats_view *v, const struct sink *k)
{
	sl_ports_counters(v->ports, k->put, k->to);
	put(k, "workers, or the dispatcher, that stood still, and ended the sensor",
		live_stalls(v->live), "sightline_worker_stalls_total");
	put(k, "how long the watchdog itself was late: the machine stood still",
		live_late_ns(v->live), "sightline_watchdog_late_nanoseconds_total");
	alarms_each(live_alarms(v->live), put_alarm, (void *)(uintptr_t)k);
}

static void put_parsers(const struct stats_view *v, const struct sink *k)
{
	static const char *const what[] = { "flows", "messages", "malformed" };
	static const char *const help[] = { "flows that a parser took", "messages that it read",
		"flows in which it found what its protocol hasn't" };
	for (unsigned p = 0; p < sl_parser_count; p++) {
		uint64_t sum[3] = { 0, 0, 0 };
		for (unsigned i = 0; i < v->worker_count; i++) {
			const struct sl_parser_counters *c = &v->workers[i]->parsers[p];
			sum[0] += __atomic_load_n(&c->flows, __ATOMIC_RELAXED);
			sum[1] += __atomic_load_n(&c->messages, __ATOMIC_RELAXED);
			sum[2] += __atomic_load_n(&c->bad, __ATOMIC_RELAXED);
		}
		for (unsigned n = 0; n < 3; n++)
			put(k, help[n], sum[n], "sightline_parser_%s_total{parser=\"%s\"}", what[n],
				sl_parsers[p]->name);
	}
}

static void put_workers(const struct stats_view *v, const struct sink *k)
{
	uint64_t flows = 0;
	for (unsigned i = 0; i < v->worker_count; i++) {
		static const struct {
			enum sl_counter id;
			const char *key, *help;
		} each[] = {
			{ SL_C_RX_PACKETS, "sightline_worker_packets_total{worker=\"%u\"}",
				"packets taken by a worker" },
			{ SL_C_BURSTS_BUSY,
				"sightline_worker_bursts_total{worker=\"%u\",state=\"busy\"}",
				"rounds of a worker, with and without packets" },
			{ SL_C_BURSTS_IDLE,
				"sightline_worker_bursts_total{worker=\"%u\",state=\"idle\"}",
				"rounds of a worker, with and without packets" },
		};
		const struct worker *w = v->workers[i];
		for (unsigned n = 0; n < sizeof(each) / sizeof(each[0]); n++) {
			char key[128];
			snprintf(key, sizeof(key), each[n].key, i);
			k->put(k->to, key, each[n].help,
				__atomic_load_n(&w->counters.c[each[n].id], __ATOMIC_RELAXED));
		}
		put(k,
			"what a worker leaves undone: 0 nothing, 1 bodies, 2 elephants, 3 streams, "
			"4 names",
			atomic_load_explicit(&w->shed_level, memory_order_relaxed),
			"sightline_worker_shed_level{worker=\"%u\"}", i);
		flows += sl_flow_count(w->flows);
	}
	put(k, "flows open now", flows, "sightline_flows");
}

static void put_feed(void *arg, const struct armory_feed *f)
{
	const struct sink *k = arg;
	char name[512];
	sl_metrics_escape(f->path, name, sizeof(name));
	put(k, "indicators of a feed", f->armed,
		"sightline_feed_indicators{feed=\"%s\",verdict=\"armed\"}", name);
	put(k, "indicators of a feed", f->quiet,
		"sightline_feed_indicators{feed=\"%s\",verdict=\"quiet\"}", name);
	if (f->changed_s > 0)
		put(k, "when the feed's file last changed, seconds since 1970", f->changed_s,
			"sightline_feed_changed_seconds{feed=\"%s\"}", name);
	if (f->stale_after_s > 0)
		put(k, "1: the feed's file did not change for longer than its stale_after",
			f->stale, "sightline_feed_stale{feed=\"%s\"}", name);
}

static void put_memory(const struct stats_view *v, const struct sink *k)
{
	struct sl_past_sum sum;
	sl_memories_sum(armory_memories(v->armory), &sum);
	put(k, "hours that the memory of the past covers, up to now", sum.hours,
		"sightline_memory_hours");
	put(k, "own hosts that were seen in them, estimated", sum.hosts, "sightline_memory_hosts");
}

static void put_intel(const struct stats_view *v, struct sink *k)
{
	static const char help[] = "indicators by what is done with them";
	struct armory_counts c;
	armory_counts(v->armory, &c);
	put(k, help, c.armed, "sightline_indicators{verdict=\"armed\"}");
	put(k, help, c.quiet, "sightline_indicators{verdict=\"quiet\"}");
	put(k, help, c.refused, "sightline_indicators{verdict=\"refused\"}");
	put(k, help, c.not_valid, "sightline_indicators{verdict=\"not_valid\"}");
	put(k, "which set of indicators is in force", c.generation, "sightline_intel_generation");
	put(k, "since when it is, seconds since 1970", c.loaded_s,
		"sightline_intel_loaded_seconds");
	put(k, "1: indicators are being read and compiled", c.building, "sightline_intel_building");
	put(k, "1: the last reload was refused, or its process was lost", c.failed,
		"sightline_intel_reload_failed");
	put(k, "feeds, of which the sensor's own of the first 256 are told of", c.feeds,
		"sightline_feeds");
	armory_feeds(v->armory, put_feed, k);
}

static void put_supply(const struct stats_view *v, const struct sink *k)
{
	uint64_t generation;
	bool connected;
	supply_state(v->supply, &generation, &connected);
	put(k, "the collector's generation that is in force", generation,
		"sightline_intel_handed_generation");
	put(k, "1: the collector answers", connected, "sightline_intel_collector_answers");
}

void stats_each(void *view, sl_metric_fn fn, void *to)
{
	const struct stats_view *v = view;
	struct sink k = { fn, to };
	char sensor[512];
	put_counters(v, &k);
	if (v->live != NULL)
		put_ports(v, &k);
	else
		put_replay(v, &k);
	put_parsers(v, &k);
	put_workers(v, &k);
	put_intel(v, &k);
	if (v->supply != NULL)
		put_supply(v, &k);
	put_memory(v, &k);
	put(&k, "memory that was mapped", sl_mem_mapped_bytes(), "sightline_mapped_bytes");
	put(&k, "of that, on huge pages of the pool", sl_mem_huge_bytes(),
		"sightline_huge_page_bytes");
	sl_metrics_escape(publisher_sensor(v->publisher), sensor, sizeof(sensor));
	put(&k, "when the sensor began, seconds since 1970", v->started_s,
		"sightline_start_seconds");
	put(&k, "always 1", 1, "sightline_build_info{sensor=\"%s\",version=\"%s\"}", sensor,
		sl_version_text());
}

static void put_json(void *to, const char *key, const char *help, uint64_t value)
{
	(void)help;
	sl_json_u64(to, key, value);
}

static void write_all(const struct stats_view *v, struct sl_json_out *o)
{
	sl_json_object(o, NULL);
	stats_each((void *)(uintptr_t)v, put_json, o);
	sl_json_object_end(o);
}

int stats_write(const struct stats_view *v, const char *path)
{
	struct sl_json_out *o;
	int rc = sl_json_out_new(&o);
	if (rc < 0)
		return rc;
	const char *text;
	size_t len;
	write_all(v, o);
	rc = sl_json_line(o, &text, &len);
	FILE *f = rc < 0 ? NULL : strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	if (rc == 0 && (f == NULL || fwrite(text, 1, len, f) != len || fflush(f) != 0))
		rc = -errno;
	if (f != NULL && f != stdout && fclose(f) != 0 && rc == 0)
		rc = -errno;
	sl_json_out_free(o);
	return rc;
}

void stats_say(const struct sl_counters *c, uint64_t started_ns)
{
	double sec = (double)(sl_clock_mono_ns() - started_ns) / 1e9;
	uint64_t drops = 0;
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		drops += c->drop[i];
	sl_info("%" PRIu64 " packets, %.1f MB in %.2f s (%.2f Mpps); %" PRIu64
		" left out by name; %" PRIu64 " flows, %" PRIu64 " sightings",
		c->c[SL_C_RX_PACKETS], (double)c->c[SL_C_RX_BYTES] / 1e6, sec,
		(double)c->c[SL_C_RX_PACKETS] / sec / 1e6, drops, c->c[SL_C_FLOWS_NEW],
		c->c[SL_C_SIGHTINGS]);
}

int stats_serve(struct sl_metrics_port *p, struct stats_view *v)
{
	sl_metrics_posts(p, "/memory", armory_answer, v->armory);
	return sl_metrics_serve(p, stats_each, v);
}

bool stats_keep(const struct stats_view *v, const struct sl_config *c)
{
	const char *path = sl_config_text(c, "stats");
	int rc = path != NULL ? stats_write(v, path) : 0;
	if (rc < 0)
		sl_error("--stats %s: %s; name a file that can be written", path, strerror(-rc));
	return rc == 0;
}
