/* SPDX-License-Identifier: BSD-3-Clause */
/* options.c - what sightline-collector can be told, as one table. Constant. */
#include "collector.h"

static const struct sl_opt opts[] = {
	{ .key = "listen",
		.flag = "listen",
		.kind = SL_OPT_TEXT,
		.arg = "URL",
		.def = "tcp://127.0.0.1:7610",
		.help = "sensors deliver their sightings here" },
	{ .key = "publish",
		.flag = "publish",
		.kind = SL_OPT_TEXT,
		.arg = "URL",
		.def = "tcp://127.0.0.1:7611",
		.help = "subscribers read the stream of sightings here" },
	{ .key = "store",
		.flag = "store",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "SQLite file that keeps every sighting; without it "
			"/var/lib/sightline/sightline.db as root, sightline.db in the current "
			"folder otherwise" },
	{ .key = "stats",
		.flag = "stats",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "at exit, every counter as one JSON object ('-' is standard output)" },
	{ .key = "user",
		.kind = SL_OPT_TEXT,
		.arg = "NAME",
		.help = "the user it becomes before it opens anything; the store must be that "
			"user's" },
	{ .key = "no_seccomp",
		.flag = "no-seccomp",
		.kind = SL_OPT_FLAG,
		.def = "false",
		.help = "allow all system calls: for debuggers and profilers" },
};

const struct sl_program collector_program = {
	.name = "sightline-collector",
	.usage = "[OPTIONS]",
	.about = "Receives sightings from sensors, stores them, and publishes them again for "
		 "subscribers. A sensor is told that a sighting has arrived only once it is on the "
		 "disk. Without keys, addresses are loopback only.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};
