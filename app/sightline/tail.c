/* SPDX-License-Identifier: BSD-3-Clause */
/* tail.c - `sightline tail`: sightings as they come, as lines for people or as JSON.
 * What is shown was said by strangers: nothing of it may steer a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/config.h>
#include <sightline/log.h>
#include <sightline/subscribe.h>

#include "tool.h"

#define TICK_MS 250 /* a signal between look and wait is seen so late at most */
#define LEAVES_SHOWN 4 /* of a tree, on one line */
#define ASKED_SHOWN 3 /* of those that asked for a name, likewise */
#define DEFAULT_URL "tcp://127.0.0.1:7611"

static const struct sl_opt opts[] = {
	{ .flag = "json", .kind = SL_OPT_FLAG, .help = "one JSON object a line" },
	{ .flag = "type",
		.kind = SL_OPT_TEXT,
		.arg = "TYPE",
		.help = "only observables of this type, such as domain-name" },
	{ .flag = "source",
		.kind = SL_OPT_TEXT,
		.arg = "NAME",
		.help = "only what an indicator of this source satisfied" },
	{ .flag = "sensor", .kind = SL_OPT_TEXT, .arg = "NAME", .help = "only of this sensor" },
	{ .flag = "value",
		.kind = SL_OPT_TEXT,
		.arg = "TEXT",
		.help = "only values that contain this text" },
	{ .flag = "count",
		.kind = SL_OPT_U64,
		.arg = "N",
		.def = "0",
		.min = 0,
		.max = 1e15,
		.help = "end after N lines; 0: never" },
};

static const struct sl_program program = {
	.name = "sightline tail",
	.usage = "[OPTIONS] [URL]",
	.about = "Shows the sightings that a collector, or a sensor with --publish, puts on its "
		 "stream from now on. URL is " DEFAULT_URL " where none is given.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};

struct filter {
	const char *type, *source, *sensor, *value;
};

static bool from_source(const struct sl_seen *s, const char *source)
{
	for (size_t i = 0; i < s->indicator_count; i++)
		if (strcmp(s->indicators[i].source, source) == 0)
			return true;
	return false;
}

static bool wanted(const struct filter *f, const struct sl_seen *s)
{
	return (f->type == NULL || strcmp(f->type, s->type) == 0) &&
	       (f->sensor == NULL || strcmp(f->sensor, s->sensor) == 0) &&
	       (f->value == NULL || strstr(s->value, f->value) != NULL) &&
	       (f->source == NULL || from_source(s, f->source));
}

static void put_end(const char *address, uint16_t port)
{
	bool six = strchr(address, ':') != NULL;
	fputs(six && port ? "[" : "", stdout);
	put_safe(stdout, address);
	fputs(six && port ? "]" : "", stdout);
	if (port)
		printf(":%u", port);
}

/* What it is called and what it does. */
static void put_host(const struct sl_seen_host *h)
{
	if (h->name[0] == '\0' && h->role_count == 0)
		return;
	fputs(" (", stdout);
	put_safe(stdout, h->name);
	for (size_t i = 0; i < h->role_count; i++) {
		fputs(i > 0 || h->name[0] ? ", " : "", stdout);
		put_safe(stdout, h->roles[i]);
	}
	fputc(')', stdout);
}

static void put_few(const char *what, const char *const *text, size_t count)
{
	size_t n = count < ASKED_SHOWN ? count : ASKED_SHOWN;
	for (size_t i = 0; i < n; i++) {
		if (i == 0)
			printf("  %s ", what);
		else
			fputs(", ", stdout);
		put_safe(stdout, text[i]);
	}
	if (count > n)
		printf(" and %zu more", count - n);
}

static void put_indicators(const struct sl_seen *s)
{
	if (s->indicator_count == 0)
		return;
	const struct sl_seen_indicator *i = &s->indicators[0];
	fputs("  \"", stdout);
	put_safe(stdout, i->name[0] ? i->name : i->id);
	fputs("\" (", stdout);
	put_safe(stdout, i->source);
	fputc(')', stdout);
	if (s->indicator_count > 1)
		printf(" and %zu more", s->indicator_count - 1);
}

/* Which tests of a tree were true. */
static void put_matched(const struct sl_seen *s)
{
	size_t n = s->matched_count < LEAVES_SHOWN ? s->matched_count : LEAVES_SHOWN;
	for (size_t i = 0; i < n; i++) {
		fputs(i == 0 ? "  {" : "; ", stdout);
		put_safe(stdout, s->matched[i].leaf);
	}
	if (s->matched_count > n)
		printf("; %zu more", s->matched_count - n);
	fputs(n > 0 ? "}" : "", stdout);
}

/* time direction who -> whom, where value, indicators, leaves of a tree, count, outcome, names that
 * led to the address, who asked */
static void put_line(const struct sl_seen *s)
{
	char time[SL_TIME_TEXT];
	sl_time_text(s->last_seen_ns, time);
	printf("%.23sZ  %-8s  ", time, s->direction[0] ? s->direction : "-");
	put_end(s->src, s->sport);
	put_host(&s->src_host);
	fputs(" -> ", stdout);
	put_end(s->dst, s->dport);
	put_host(&s->dst_host);
	fputc(' ', stdout);
	put_safe(stdout, s->proto);
	fputs("  ", stdout);
	put_safe(stdout, s->where[0] ? s->where : s->type);
	if (s->value[0]) {
		fputc(' ', stdout);
		put_safe(stdout, s->value);
	}
	put_indicators(s);
	put_matched(s);
	printf("  x%" PRIu64, s->count);
	if (s->outcome[0]) {
		fputs("  ", stdout);
		put_safe(stdout, s->outcome);
	}
	put_few("named", s->names, s->name_count);
	put_few("asked by", s->asked_by, s->asked_by_count);
	fputs(s->test ? "  test\n" : "\n", stdout);
}

static void say_gap(const struct sl_seen *s)
{
	fprintf(stderr, "sightline: %" PRIu64 " sightings of ", s->lost);
	put_safe(stderr, s->sensor);
	fprintf(stderr, " are missing before number %" PRIu64 "\n", s->seq);
}

/* 0, or -errno; -EINTR: asked to end. */
static int await_publisher(struct sl_subscriber *sub, const char *url)
{
	bool said = false;
	while (!tool_ended()) {
		int rc = sl_subscriber_ready(sub, said ? TICK_MS : 2000);
		if (rc == 1) {
			fprintf(stderr, "subscribed to %s\n", url);
			return 0;
		}
		if (rc < 0)
			return rc;
		if (!said)
			fprintf(stderr, "nobody publishes at %s yet: waiting\n", url);
		said = true;
	}
	return -EINTR;
}

static int follow(struct sl_subscriber *sub, const struct sl_config *c, const struct filter *f)
{
	bool json = sl_config_flag(c, "json");
	uint64_t left = sl_config_u64(c, "count"), shown = 0;
	while (!tool_ended()) {
		const struct sl_seen *s;
		int rc = sl_subscriber_next(sub, TICK_MS, &s);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (s->lost)
			say_gap(s);
		if (!wanted(f, s))
			continue;
		const char *line = json ? sl_subscriber_json(sub, s) : NULL;
		if (json && line == NULL)
			return -ENOMEM;
		if (json)
			puts(line);
		else
			put_line(s);
		if (fflush(stdout) != 0)
			return -errno;
		if (++shown == left)
			return 0;
	}
	return -EINTR;
}

static int tail(const struct sl_config *c)
{
	struct filter f = { sl_config_text(c, "type"), sl_config_text(c, "source"),
		sl_config_text(c, "sensor"), sl_config_text(c, "value") };
	size_t n;
	char *const *operands = sl_config_operands(c, &n);
	const char *url = n ? operands[0] : DEFAULT_URL;
	tool_catch_end();
	if (n > 1) {
		sl_error("one URL at a time, not '%s' as well", operands[1]);
		return EXIT_UNUSABLE;
	}
	struct sl_subscriber *sub;
	int rc = sl_subscriber_open(&sub, url, "sighting/");
	if (rc < 0) {
		sl_error("%s: %s", url,
			rc == -EACCES	? "without keys only loopback addresses are used; give "
					  "tcp://127.0.0.1:PORT or ipc:///PATH"
			: rc == -EINVAL ? "no address; give tcp://127.0.0.1:PORT or ipc:///PATH"
					: strerror(-rc));
		return EXIT_UNUSABLE;
	}
	rc = await_publisher(sub, url);
	if (rc == 0)
		rc = follow(sub, c, &f);
	uint64_t unreadable = sl_subscriber_unreadable(sub);
	if (unreadable)
		sl_warn("%" PRIu64 " messages could not be read", unreadable);
	sl_subscriber_close(sub);
	if (rc < 0 && rc != -EINTR)
		sl_error("%s", strerror(-rc));
	return rc < 0 && rc != -EINTR ? EXIT_FAILED : EXIT_DONE;
}

int tail_main(int argc, char **argv)
{
	return tool_run(&program, argc, argv, tail);
}
