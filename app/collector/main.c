/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - sightline-collector: the steps of its start, undone in reverse, and its loop. */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/log.h>
#include <sightline/privilege.h>

#include "collector.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_UNUSABLE };

#define TICK_MS 250

struct collector {
	struct sl_config *config;
	struct sl_bus *bus;
	struct receiver r;
	struct handout *handout; /* NULL: no sources */
	struct sl_metrics_port *metrics; /* NULL: none */
	struct counters_view view;
	const char *store_path;
	char listen_at[256], publish_at[256];
	char err[768];
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int step_signals(struct collector *c)
{
	(void)c;
	/* No SA_RESTART: a signal ends the wait. */
	struct sigaction end = { .sa_handler = on_signal };
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return 0;
}

#define ROOT_FOLDER "/var/lib/sightline"

/* First of all: nothing of what comes takes a privilege. */
static int step_confine(struct collector *c)
{
	int rc = sl_privilege_drop(sl_config_text(c->config, "user"),
		geteuid() == 0 && sl_config_text(c->config, "user") == NULL
			? SL_CAPABILITY(CAP_DAC_OVERRIDE)
			: 0,
		c->err, sizeof(c->err));
	if (rc < 0 || sl_config_flag(c->config, "no_seccomp"))
		return rc;
	rc = sl_privilege_filter(false);
	if (rc < 0)
		snprintf(c->err, sizeof(c->err),
			"the filter of system calls is refused by this kernel: %s; "
			"--no-seccomp runs without",
			strerror(-rc));
	return rc;
}

static const char *store_path(const struct sl_config *config)
{
	const char *path = sl_config_text(config, "store");
	if (path != NULL)
		return path;
	return geteuid() == 0 ? ROOT_FOLDER "/sightline.db" : "sightline.db";
}

static int step_store(struct collector *c)
{
	char why[512];
	if (strncmp(c->store_path, ROOT_FOLDER "/", sizeof(ROOT_FOLDER)) == 0)
		(void)mkdir(ROOT_FOLDER, 0750); /* opening the file tells if that didn't do */
	int rc = sl_store_open(&c->r.store, c->store_path, why, sizeof(why));
	if (rc == -EPROTO || rc == -EBADF)
		snprintf(c->err, sizeof(c->err),
			"%s; it is left as it is: name another with --store", why);
	else if (rc < 0)
		snprintf(c->err, sizeof(c->err),
			"%s; name a file in a folder that this user may write with --store", why);
	return rc;
}

static int step_bus(struct collector *c)
{
	return sl_bus_new(&c->bus);
}

static void say_address(struct collector *c, int rc, const char *option, const char *url)
{
	const char *what = rc == -EACCES   ? "without keys only loopback addresses are used; give "
					     "tcp://127.0.0.1:PORT or ipc:///PATH"
			   : rc == -EINVAL ? "no address; give tcp://127.0.0.1:PORT or ipc:///PATH"
			   : rc == -EADDRINUSE
				   ? "another program has this address; end it or give another"
				   : strerror(-rc);
	snprintf(c->err, sizeof(c->err), "--%s %s: %s", option, url, what);
}

static int step_listen(struct collector *c)
{
	const char *url = sl_config_text(c->config, "listen");
	int rc = sl_intake_open(&c->r.intake, c->bus, url, c->listen_at, sizeof(c->listen_at));
	if (rc < 0)
		say_address(c, rc, "listen", url);
	return rc;
}

static int step_publish(struct collector *c)
{
	const char *url = sl_config_text(c->config, "publish");
	int rc =
		sl_stream_out_open(&c->r.stream, c->bus, url, c->publish_at, sizeof(c->publish_at));
	if (rc < 0)
		say_address(c, rc, "publish", url);
	return rc;
}

static int step_handout(struct collector *c)
{
	return handout_open(&c->handout, c->config, c->bus, c->err, sizeof(c->err));
}

static int step_metrics(struct collector *c)
{
	const char *where = sl_config_text(c->config, "metrics");
	char at[SL_METRICS_AT];
	c->view = (struct counters_view){ .r = &c->r, .handout = c->handout };
	if (where == NULL)
		return 0;
	int rc = sl_metrics_open(&c->metrics, where, at, c->err, sizeof(c->err));
	if (rc == 0)
		sl_info("counters are at %s", at);
	return rc;
}

/* Signals are the main thread's: they end its wait. */
static int step_threads(struct collector *c)
{
	sigset_t all, had;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &had);
	int rc = c->handout != NULL ? handout_start(c->handout) : 0;
	if (rc == 0 && c->metrics != NULL)
		rc = sl_metrics_serve(c->metrics, counters_each, &c->view);
	pthread_sigmask(SIG_SETMASK, &had, NULL);
	return rc;
}

static int (*const steps[])(struct collector *) = { step_signals, step_confine, step_store,
	step_bus, step_publish, step_listen, step_handout, step_metrics, step_threads };

static void teardown(struct collector *c)
{
	sl_metrics_close(c->metrics);
	handout_close(c->handout);
	sl_intake_close(c->r.intake);
	sl_stream_out_close(c->r.stream, 1000);
	sl_bus_free(c->bus);
	sl_store_close(c->r.store);
	sl_config_free(c->config);
}

static int run(struct collector *c)
{
	fprintf(stderr, "ready: sensors deliver to %s, subscribers read from %s, store %s\n",
		c->listen_at, c->publish_at, c->store_path);
	if (c->handout != NULL)
		fprintf(stderr, "ready: sensors ask for intel at %s\n", handout_at(c->handout));
	while (!ended)
		receiver_run(&c->r, TICK_MS);
	const uint64_t *n = c->r.count;
	sl_info("%" PRIu64 " sightings received, %" PRIu64 " stored, %" PRIu64
		" known before, %" PRIu64 " published",
		n[COUNT_RECEIVED], n[COUNT_STORED], n[COUNT_REPEATED], n[COUNT_PUBLISHED]);
	const char *stats = sl_config_text(c->config, "stats");
	int rc = stats ? counters_write(&c->view, stats) : 0;
	if (rc < 0)
		sl_error("--stats %s: %s", stats, strerror(-rc));
	return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* -T: what can be checked without touching anything. */
static int check_only(struct collector *c)
{
	const char *const names[] = { "listen", "publish", "hand_out" };
	for (size_t i = 0; i < 3; i++) {
		const char *url = sl_config_text(c->config, names[i]);
		int rc = sl_bus_check(url);
		if (rc < 0) {
			say_address(c, rc, names[i], url);
			sl_error("%s", c->err);
			return EXIT_UNUSABLE;
		}
	}
	struct sl_feed_options o;
	size_t n;
	const char *const *source = sl_config_list(c->config, "sources", &n);
	handout_options(c->config, &o);
	if (sl_feeds_check(source, n, &o, c->err, sizeof(c->err)) < 0) {
		sl_error("%s", c->err);
		return EXIT_UNUSABLE;
	}
	const char *metrics = sl_config_text(c->config, "metrics");
	if (metrics != NULL && !sl_metrics_where(metrics)) {
		sl_error("metrics %s: no port; give PORT, ADDRESS:PORT or [ADDRESS]:PORT", metrics);
		return EXIT_UNUSABLE;
	}
	sl_config_print(c->config, stdout);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct collector c = { 0 };
	sl_log_init("sightline-collector", SL_LOG_INFO);
	int rc = sl_config_load(&c.config, &collector_program, argc, argv, c.err, sizeof(c.err));
	size_t operands = 0;
	if (rc == 0 && sl_config_operands(c.config, &operands) != NULL && operands > 0) {
		snprintf(c.err, sizeof(c.err), "unexpected argument '%s': see --help",
			sl_config_operands(c.config, &operands)[0]);
		rc = -EINVAL;
	}
	if (rc != 0) {
		if (rc < 0)
			sl_error("%s", c.err);
		sl_config_free(c.config);
		return rc < 0 ? EXIT_UNUSABLE : EXIT_DONE;
	}
	c.store_path = store_path(c.config);
	int status = sl_config_test(c.config) ? check_only(&c) : -1;
	for (size_t i = 0; status < 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		rc = steps[i](&c);
		if (rc == 0)
			continue;
		sl_error("%s", c.err[0] ? c.err : strerror(-rc));
		status = EXIT_UNUSABLE;
	}
	if (status < 0)
		status = run(&c);
	teardown(&c);
	return status;
}
