/* SPDX-License-Identifier: BSD-3-Clause */
/* intel.c - `sightline intel check`: the same reading and judging as a sensor's. Stands alone: a
 * sharing community runs it on what is about to be published. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/config.h>
#include <sightline/intel.h>
#include <sightline/lists.h>
#include <sightline/log.h>
#include <sightline/past.h>
#include <sightline/policy.h>

#include "inquiry.h"
#include "tool.h"

static const struct sl_opt opts[] = {
	{ .flag = "json", .kind = SL_OPT_FLAG, .help = "one JSON object a line, for every entry" },
	{ .flag = "report",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "write what was found as Markdown that can be sent to the feed's author: "
			"each finding with its reason and, where one can be given, the pattern to "
			"use instead" },
	{ .flag = "codes",
		.kind = SL_OPT_FLAG,
		.help = "print every code, its verdict and what it is for" },
	{ .key = "home_net",
		.flag = "home-net",
		.kind = SL_OPT_LIST,
		.comma = true,
		.arg = "CIDR,...",
		.def = SL_HOME_NET_DEFAULT,
		.help = "own networks: an indicator of an address in them is refused" },
	{ .flag = "against",
		.kind = SL_OPT_LIST,
		.arg = "CAPTURE|URL",
		.help = "say what each indicator would have done in this capture (which "
			"sightline-sensor reads), with these observables (JSON lines of its "
			"--emit observables), or at a running sensor on this host, by the URL "
			"of its --metrics (alone): how often, on how many own hosts, and whether "
			"ordinary names led to an address; repeatable" },
	SL_IMPACT_OPTS,
	SL_JUDGING_OPTS,
};

static const struct sl_program program = {
	.name = "sightline intel check",
	.usage = "[--json] [--report FILE] [--against CAPTURE]... [--warninglists PATH]... "
		 "PATH...",
	.about = "Says of each indicator what the sensor would do with it, and why: armed, quiet, "
		 "refused, or context (no indicator). The configuration may be a sensor's. Exit "
		 "status 0: all armed; 1: some not; 2: a file could not be read.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
	.shares_file = true,
};

static void tell_list(void *arg, const char *file, const char *said)
{
	(void)arg;
	sl_info("%s: %s", file, said);
}

/* out NULL: nothing is told, by which a witness learns what it is asked. */
static int judged(const struct sl_config *c, const struct sl_judging *by,
	const struct sl_witness *past, FILE *out)
{
	size_t n;
	char *const *paths = sl_config_operands(c, &n);
	const char *report = out != NULL ? sl_config_text(c, "report") : NULL;
	struct sl_intel_check_options how = { .json = sl_config_flag(c, "json"),
		.lists = by->lists,
		.policy = by->policy,
		.home = by->home,
		.past = past,
		.impact_hosts = (unsigned)sl_config_u64(c, "impact_hosts"),
		.impact_percent = (unsigned)sl_config_u64(c, "impact_percent") };
	if (report != NULL && (how.report = fopen(report, "we")) == NULL) {
		sl_error("%s: %s", report, strerror(errno));
		return EXIT_UNUSABLE;
	}
	FILE *to = out != NULL ? out : fopen("/dev/null", "we");
	if (to == NULL) {
		sl_error("/dev/null: %s", strerror(errno));
		return EXIT_UNUSABLE;
	}
	int status = sl_intel_check_by((const char *const *)paths, n, &how, to);
	if (out == NULL)
		fclose(to);
	if (how.report != NULL && fclose(how.report) != 0) {
		sl_error("%s: %s", report, strerror(errno));
		status = EXIT_UNUSABLE;
	}
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		status = EXIT_FAILED;
	return status;
}

/* Against what a sensor remembers: the paths are read twice, for the questions and with the
 * answers. */
static int against_sensor(const struct sl_config *c, const struct sl_judging *by, const char *where)
{
	char err[512];
	struct inquiry *q;
	int status = EXIT_UNUSABLE;
	if (inquiry_new(&q, where) < 0) {
		sl_error("no memory for what --against names");
		return status;
	}
	struct sl_witness witness = inquiry_witness(q);
	(void)judged(c, by, &witness, NULL);
	if (inquiry_ask(q, err, sizeof(err)) < 0)
		sl_error("--against %s", err);
	else
		status = judged(c, by, &witness, stdout);
	if (inquiry_unasked(q) > 0)
		sl_warn("--against %s: %llu values were too many to be asked about", where,
			(unsigned long long)inquiry_unasked(q));
	inquiry_free(q);
	return status;
}

static int against_files(const struct sl_config *c, const struct sl_judging *by)
{
	struct sl_past *past = NULL;
	int status = against_read(c, by->home, &past);
	struct sl_witness witness = sl_past_witness(past);
	if (status == EXIT_DONE)
		status = judged(c, by, past != NULL ? &witness : NULL, stdout);
	sl_past_free(past);
	return status;
}

static int check(const struct sl_config *c)
{
	size_t n;
	char err[512];
	struct sl_judging by;
	(void)sl_config_operands(c, &n);
	if (sl_config_flag(c, "codes")) {
		sl_intel_codes_print(stdout, false);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	if (n == 0) {
		sl_error("nothing to check: sightline intel check PATH...");
		return EXIT_UNUSABLE;
	}
	if (sl_judging_open(&by, c, tell_list, NULL, err, sizeof(err)) < 0) {
		sl_error("%s", err);
		return EXIT_UNUSABLE;
	}
	const char *const *against = sl_config_list(c, "against", &n);
	int status = n == 1 && strncmp(against[0], "http://", 7) == 0
			     ? against_sensor(c, &by, against[0])
			     : against_files(c, &by);
	sl_judging_close(&by);
	return status;
}

int intel_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "paths") == 0) {
		sl_intel_paths(stdout, argc > 2 && strcmp(argv[2], "--roff") == 0);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	int status = argc > 1 ? generations_main(argc - 1, argv + 1) : -1;
	if (status >= 0)
		return status;
	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		bool help =
			argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
		if (help)
			puts("Usage: sightline intel check [--json] PATH...\n"
			     "       sightline intel paths   what of a STIX pattern is seen\n"
			     "       sightline intel generations [URL]   what a collector hands "
			     "out\n"
			     "       sightline intel rollback [--to GENERATION] [URL]\n"
			     "       sightline intel resume [URL]");
		else if (argc < 2)
			sl_error("what about it? sightline intel check PATH...");
		else
			sl_error("intel %s is not built yet", argv[1]);
		return help ? EXIT_DONE : EXIT_UNUSABLE;
	}
	return tool_run(&program, argc - 1, argv + 1, check);
}
