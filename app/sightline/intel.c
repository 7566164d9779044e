/* SPDX-License-Identifier: BSD-3-Clause */
/* intel.c - `sightline intel check`: the same reading as a sensor's. */
#include <stdio.h>
#include <string.h>

#include <sightline/config.h>
#include <sightline/intel.h>
#include <sightline/log.h>

#include "tool.h"

static const struct sl_opt opts[] = {
	{ .flag = "json", .kind = SL_OPT_FLAG, .help = "one JSON object a line, for every entry" },
};

static const struct sl_program program = {
	.name = "sightline intel check",
	.usage = "[--json] PATH...",
	.about = "Says of each indicator what the sensor would do with it, and why: armed, quiet, "
		 "refused, or context (no indicator). Exit status 0: all armed; 1: some not; 2: a "
		 "file could not be read.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};

static int check(const struct sl_config *c)
{
	size_t n;
	char *const *paths = sl_config_operands(c, &n);
	if (n == 0) {
		sl_error("nothing to check: sightline intel check PATH...");
		return EXIT_UNUSABLE;
	}
	int status =
		sl_intel_check((const char *const *)paths, n, sl_config_flag(c, "json"), stdout);
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		status = EXIT_FAILED;
	return status;
}

int intel_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "paths") == 0) {
		sl_intel_paths(stdout, argc > 2 && strcmp(argv[2], "--roff") == 0);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		bool help =
			argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
		if (help)
			puts("Usage: sightline intel check [--json] PATH...\n"
			     "       sightline intel paths   what of a STIX pattern is seen");
		else if (argc < 2)
			sl_error("what about it? sightline intel check PATH...");
		else
			sl_error("intel %s is not built yet", argv[1]);
		return help ? EXIT_DONE : EXIT_UNUSABLE;
	}
	struct sl_config *c = NULL;
	char err[512];
	int rc = sl_config_load(&c, &program, argc - 1, argv + 1, err, sizeof(err));
	if (rc < 0)
		sl_error("%s", err);
	int status = rc < 0 ? EXIT_UNUSABLE : rc > 0 ? EXIT_DONE : check(c);
	sl_config_free(c);
	return status;
}
