/* SPDX-License-Identifier: BSD-3-Clause */
/* status.c - `sightline status`: what sensors are doing, from their metrics ports, as a table that
 * refreshes. What a port says is a stranger's word: bounded, and made harmless for a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/config.h>
#include <sightline/json.h>
#include <sightline/log.h>
#include <sightline/metrics.h>
#include <sightline/shed.h>

#include "tool.h"

#define PATIENCE_MS 3000
#define DROPS_SHOWN 6
#define FEEDS_SHOWN 12
#define NAME_MAX_BYTES 512

static const struct sl_opt opts[] = {
	{ .flag = "once",
		.kind = SL_OPT_FLAG,
		.help = "one table, with rates since each sensor's start, and the end" },
	{ .flag = "json",
		.kind = SL_OPT_FLAG,
		.help = "one JSON object a line for each sensor instead of a table" },
	{ .flag = "interval",
		.kind = SL_OPT_DURATION,
		.arg = "T",
		.def = "2s",
		.min = 1e8,
		.max = 36e11,
		.help = "time between two tables, and of what their rates are" },
};

static const struct sl_program program = {
	.name = "sightline status",
	.usage = "[OPTIONS] [[ADDRESS:]PORT]...",
	.about = "Shows what sensors are doing, read from their metrics ports (--metrics of the "
		 "sensor); port " DEFAULT_METRICS " on loopback where none is given. Exit status 1 "
		 "where a sensor could not be asked.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};

/* One sensor: what it said last, and before. */
struct watched {
	const char *where;
	struct sl_metrics *now, *before; /* NULL: not asked yet, or it didn't answer */
	uint64_t now_ns, before_ns;
	char err[512];
};

static double value(const struct sl_metrics *m, const char *key)
{
	double v = 0;
	return m != NULL && sl_metrics_get(m, key, &v) && isfinite(v) ? v : 0;
}

static double now_of(const struct watched *w, const char *key)
{
	return value(w->now, key);
}

/* What came since the last table; since the start where this is the first, or where the sensor was
 * started again meanwhile. */
static double grown(const struct watched *w, const char *key)
{
	double d = value(w->now, key) - value(w->before, key);
	return d >= 0 ? d : value(w->now, key);
}

static double seconds(const struct watched *w)
{
	double s = w->before != NULL ? (double)(w->now_ns - w->before_ns) / 1e9
				     : (double)sl_clock_wall_ns() / 1e9 -
					       now_of(w, "sightline_start_seconds");
	return s > 0.001 ? s : 0.001;
}

static double rate(const struct watched *w, const char *key)
{
	return grown(w, key) / seconds(w);
}

/* Of all samples of a metric. */
static double sum_of(const struct watched *w, const char *name, bool of_growth)
{
	size_t n;
	double sum = 0;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	for (size_t i = 0; i < n; i++)
		if (sl_metric_is(&s[i], name))
			sum += of_growth ? grown(w, s[i].key) : value(w->now, s[i].key);
	return sum;
}

/* Share of its rounds in which a worker found packets; -1: it made none. */
static double load_of(const struct watched *w, const char *worker)
{
	char busy[128], idle[128];
	snprintf(busy, sizeof(busy), "sightline_worker_bursts_total{worker=\"%s\",state=\"busy\"}",
		worker);
	snprintf(idle, sizeof(idle), "sightline_worker_bursts_total{worker=\"%s\",state=\"idle\"}",
		worker);
	double b = grown(w, busy), all = b + grown(w, idle);
	return all > 0 ? 100 * b / all : -1;
}

/* What a worker leaves undone now, "" where it is nothing. */
static const char *shed_level_of(const struct watched *w, const char *worker)
{
	char key[128];
	snprintf(key, sizeof(key), "sightline_worker_shed_level{worker=\"%s\"}", worker);
	double level = now_of(w, key);
	return level >= 1 && level < SL_SHED_LEVEL_COUNT ? sl_shed_name((enum sl_shed_level)level)
							 : "";
}

/* ---- As JSON ---- */

static void json_workers(struct sl_json_out *o, const struct watched *w)
{
	size_t n;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	sl_json_array(o, "workers");
	for (size_t i = 0; i < n; i++) {
		char worker[16];
		if (!sl_metric_is(&s[i], "sightline_worker_packets_total") ||
			!sl_metric_label(&s[i], "worker", worker, sizeof(worker)))
			continue;
		double load = load_of(w, worker);
		sl_json_object(o, NULL);
		sl_json_str(o, "worker", worker);
		sl_json_str(o, "shed_level", shed_level_of(w, worker));
		sl_json_double(o, "packets_per_second", rate(w, s[i].key));
		if (load >= 0)
			sl_json_double(o, "busy_percent", load);
		sl_json_object_end(o);
	}
	sl_json_array_end(o);
}

static void json_feeds(struct sl_json_out *o, const struct watched *w)
{
	size_t n;
	double now_s = (double)sl_clock_wall_ns() / 1e9;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	sl_json_array(o, "feeds");
	for (size_t i = 0; i < n; i++) {
		char feed[NAME_MAX_BYTES];
		if (!sl_metric_is(&s[i], "sightline_feed_changed_seconds") ||
			!sl_metric_label(&s[i], "feed", feed, sizeof(feed)))
			continue;
		sl_json_object(o, NULL);
		sl_json_str(o, "feed", feed);
		sl_json_double(o, "age_seconds", now_s - s[i].value);
		sl_json_object_end(o);
	}
	sl_json_array_end(o);
}

static void json_counts(struct sl_json_out *o, const struct watched *w)
{
	static const struct {
		const char *key, *metric;
	} counts[] = {
		{ "packets", "sightline_rx_packets_total" },
		{ "flows", "sightline_flows" },
		{ "armed", "sightline_indicators{verdict=\"armed\"}" },
		{ "quiet", "sightline_indicators{verdict=\"quiet\"}" },
		{ "generation", "sightline_intel_generation" },
		{ "sightings", "sightline_sightings_total" },
		{ "published", "sightline_published_sightings_total" },
		{ "acknowledged", "sightline_collector_acked_sightings_total" },
		{ "lost", "sightline_collector_lost_sightings_total" },
	};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		sl_json_double(o, counts[i].key, now_of(w, counts[i].metric));
	sl_json_double(o, "missed", sum_of(w, "sightline_missed_packets_total", false));
	sl_json_double(o, "missed_by_card",
		sum_of(w, "sightline_port_device_missed_packets_total", false));
	sl_json_double(o, "shed", sum_of(w, "sightline_shed_packets_total", false));
	sl_json_double(o, "bypassed", now_of(w, "sightline_bypassed_packets_total"));
	sl_json_double(o, "dropped", sum_of(w, "sightline_drop_packets_total", false));
	sl_json_double(o, "packets_per_second", rate(w, "sightline_rx_packets_total"));
	sl_json_double(o, "bits_per_second", 8 * rate(w, "sightline_rx_bytes_total"));
}

static int show_json(struct sl_json_out *o, const struct watched *w)
{
	const char *line;
	size_t len;
	sl_json_object(o, NULL);
	sl_json_str(o, "port", w->where);
	if (w->now == NULL) {
		sl_json_str(o, "error", w->err);
	} else {
		sl_json_double(o, "seconds", seconds(w));
		json_counts(o, w);
		json_workers(o, w);
		json_feeds(o, w);
	}
	sl_json_object_end(o);
	int rc = sl_json_line(o, &line, &len);
	if (rc == 0)
		fwrite(line, 1, len, stdout);
	return rc;
}

/* ---- For people ---- */

static void put_span(double s)
{
	if (s < 0)
		fputs("ahead of time", stdout);
	else if (s < 120)
		printf("%.0f s", s);
	else if (s < 7200)
		printf("%.0f min", s / 60);
	else if (s < 2 * 86400)
		printf("%.1f h", s / 3600);
	else
		printf("%.1f d", s / 86400);
}

static void put_head(const struct watched *w)
{
	size_t n;
	char name[NAME_MAX_BYTES] = "sensor", version[NAME_MAX_BYTES] = "";
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	for (size_t i = 0; i < n; i++) {
		if (!sl_metric_is(&s[i], "sightline_build_info"))
			continue;
		(void)sl_metric_label(&s[i], "sensor", name, sizeof(name));
		(void)sl_metric_label(&s[i], "version", version, sizeof(version));
	}
	put_safe(stdout, name);
	fputs("  at ", stdout);
	put_safe(stdout, w->where);
	version[strcspn(version, " ")] = '\0';
	fputs("  ", stdout);
	put_safe(stdout, version);
	fputs("  up ", stdout);
	put_span((double)sl_clock_wall_ns() / 1e9 - now_of(w, "sightline_start_seconds"));
	fputs(w->before == NULL ? "  (rates since then)\n" : "\n", stdout);
}

struct drop {
	const struct sl_metric *sample;
	double grown;
};

static int more_first(const void *a, const void *b)
{
	double x = ((const struct drop *)a)->grown, y = ((const struct drop *)b)->grown;
	return (x < y) - (x > y);
}

/* What is left out most, by name. */
static void put_drops(const struct watched *w)
{
	struct drop drop[64];
	size_t n, count = 0;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	for (size_t i = 0; i < n && count < 64; i++) {
		struct drop d = { &s[i], grown(w, s[i].key) };
		if (sl_metric_is(&s[i], "sightline_drop_packets_total") && d.grown > 0)
			drop[count++] = d;
	}
	double sum = sum_of(w, "sightline_drop_packets_total", true),
	       rx = grown(w, "sightline_rx_packets_total");
	printf("drops       %.1f /s missed by the source, %.1f /s by its card; %.1f /s left out by "
	       "name (%.2f %%)",
		sum_of(w, "sightline_missed_packets_total", true) / seconds(w),
		sum_of(w, "sightline_port_device_missed_packets_total", true) / seconds(w),
		sum / seconds(w), rx > 0 ? 100 * sum / rx : 0.0);
	qsort(drop, count, sizeof(drop[0]), more_first);
	for (size_t i = 0; i < count && i < DROPS_SHOWN; i++) {
		char reason[64];
		if (!sl_metric_label(drop[i].sample, "reason", reason, sizeof(reason)))
			continue;
		fputs(i == 0 ? ": " : ", ", stdout);
		put_safe(stdout, reason);
		printf(" %.1f /s", drop[i].grown / seconds(w));
	}
	putchar('\n');
}

static void put_workers(const struct watched *w)
{
	size_t n;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	for (size_t i = 0; i < n; i++) {
		char worker[16];
		if (!sl_metric_is(&s[i], "sightline_worker_packets_total") ||
			!sl_metric_label(&s[i], "worker", worker, sizeof(worker)))
			continue;
		double load = load_of(w, worker);
		const char *shed = shed_level_of(w, worker);
		fputs("worker      ", stdout);
		put_safe(stdout, worker);
		printf(": %.3f Mpps, ", rate(w, s[i].key) / 1e6);
		if (load >= 0)
			printf("%.1f %% of its bursts busy", load);
		else
			fputs("made no round", stdout);
		printf("%s%s\n", shed[0] != '\0' ? ", OVERLOADED: sheds " : "", shed);
	}
}

/* Nothing where nothing ever was. */
static void put_shed(const struct watched *w)
{
	static const char name[] = "sightline_shed_packets_total";
	size_t n;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	const char *between = "shed        packets ";
	if (sum_of(w, name, false) <= 0)
		return;
	for (size_t i = 0; i < n; i++) {
		char level[64];
		if (!sl_metric_is(&s[i], name) ||
			!sl_metric_label(&s[i], "level", level, sizeof(level)))
			continue;
		fputs(between, stdout);
		put_safe(stdout, level);
		printf(" %.1f /s", rate(w, s[i].key));
		between = ", ";
	}
	printf("; %.0f in all, headers of each were matched\n", sum_of(w, name, false));
}

static void put_feeds(const struct watched *w)
{
	size_t n, shown = 0;
	double now_s = (double)sl_clock_wall_ns() / 1e9;
	const struct sl_metric *s = sl_metrics_all(w->now, &n);
	for (size_t i = 0; i < n; i++) {
		char feed[NAME_MAX_BYTES];
		if (!sl_metric_is(&s[i], "sightline_feed_changed_seconds") ||
			!sl_metric_label(&s[i], "feed", feed, sizeof(feed)) ||
			shown++ >= FEEDS_SHOWN)
			continue;
		fputs("feed        ", stdout);
		put_safe(stdout, feed);
		fputs(": changed ", stdout);
		put_span(now_s - s[i].value);
		fputs(" ago\n", stdout);
	}
	double feeds = now_of(w, "sightline_feeds");
	if (feeds > (double)(shown < FEEDS_SHOWN ? shown : FEEDS_SHOWN))
		printf("            of %.0f feeds\n", feeds);
}

static void put_sightings(const struct watched *w)
{
	printf("sightings   %.0f, %.1f /s; %.0f published; collector: %.0f of %.0f acknowledged, "
	       "%.0f lost\n",
		now_of(w, "sightline_sightings_total"), rate(w, "sightline_sightings_total"),
		now_of(w, "sightline_published_sightings_total"),
		now_of(w, "sightline_collector_acked_sightings_total"),
		now_of(w, "sightline_collector_sent_sightings_total"),
		now_of(w, "sightline_collector_lost_sightings_total"));
}

static void show_table(const struct watched *w)
{
	if (w->now == NULL) {
		put_safe(stdout, w->err);
		putchar('\n');
		return;
	}
	put_head(w);
	printf("packets     %.3f Mpps, %.3f Gbit/s; %.0f in all, in %.0f open flows\n",
		rate(w, "sightline_rx_packets_total") / 1e6,
		8 * rate(w, "sightline_rx_bytes_total") / 1e9,
		now_of(w, "sightline_rx_packets_total"), now_of(w, "sightline_flows"));
	put_drops(w);
	put_shed(w);
	put_workers(w);
	printf("indicators  %.0f armed, %.0f quiet, %.0f refused; generation %.0f, in force for ",
		now_of(w, "sightline_indicators{verdict=\"armed\"}"),
		now_of(w, "sightline_indicators{verdict=\"quiet\"}"),
		now_of(w, "sightline_indicators{verdict=\"refused\"}"),
		now_of(w, "sightline_intel_generation"));
	put_span((double)sl_clock_wall_ns() / 1e9 - now_of(w, "sightline_intel_loaded_seconds"));
	putchar('\n');
	put_feeds(w);
	put_sightings(w);
	if (sl_metrics_unreadable(w->now) > 0)
		printf("            %" PRIu64 " lines of its answer could not be read\n",
			sl_metrics_unreadable(w->now));
}

/* ---- Round and round ---- */

/* False: it didn't answer. */
static bool ask(struct watched *w)
{
	struct sl_metrics *m = NULL;
	int rc = sl_metrics_fetch(&m, w->where, PATIENCE_MS, w->err, sizeof(w->err));
	sl_metrics_free(w->before);
	w->before = rc == 0 ? w->now : NULL;
	w->before_ns = w->now_ns;
	if (rc < 0)
		sl_metrics_free(w->now);
	w->now = m;
	w->now_ns = sl_clock_mono_ns();
	return rc == 0;
}

static bool show(struct watched *w, size_t n, struct sl_json_out *o, bool clear)
{
	bool good = true;
	for (size_t i = 0; i < n; i++)
		good &= ask(&w[i]);
	if (clear && o == NULL)
		fputs("\033[H\033[J", stdout);
	for (size_t i = 0; i < n; i++) {
		if (o != NULL) {
			(void)show_json(o, &w[i]);
			continue;
		}
		if (i > 0 || !clear)
			putchar('\n');
		show_table(&w[i]);
	}
	return good;
}

static void rest(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / SL_SECOND), (long)(ns % SL_SECOND) };
	(void)nanosleep(&t, NULL); /* a signal ends it */
}

static int watch(const struct sl_config *c, struct watched *w, size_t n, struct sl_json_out *o)
{
	bool once = sl_config_flag(c, "once"), good;
	for (;;) {
		good = show(w, n, o, !once && isatty(STDOUT_FILENO));
		if (fflush(stdout) != 0)
			return EXIT_FAILED;
		if (once || tool_ended())
			break;
		rest(sl_config_u64(c, "interval"));
		if (tool_ended())
			break;
	}
	return good || !once ? EXIT_DONE : EXIT_FAILED;
}

static int status(const struct sl_config *c)
{
	static char port[] = DEFAULT_METRICS;
	static char *const default_port[] = { port };
	size_t n;
	char *const *where = sl_config_operands(c, &n);
	tool_catch_end();
	if (n == 0) {
		where = default_port;
		n = 1;
	}
	struct sl_json_out *o = NULL;
	struct watched *w = calloc(n, sizeof(*w));
	int result = EXIT_FAILED;
	if (w != NULL && (!sl_config_flag(c, "json") || sl_json_out_new(&o) == 0)) {
		for (size_t i = 0; i < n; i++)
			w[i].where = where[i];
		result = watch(c, w, n, o);
	}
	for (size_t i = 0; w != NULL && i < n; i++) {
		sl_metrics_free(w[i].now);
		sl_metrics_free(w[i].before);
	}
	sl_json_out_free(o);
	free(w);
	return result;
}

int status_main(int argc, char **argv)
{
	return tool_run(&program, argc, argv, status);
}
