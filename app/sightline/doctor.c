/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor.c - `sightline doctor`: what of this machine a sensor would want otherwise, and the
 * command that mends it. Links nothing that it examines: of DPDK and Hyperscan it asks the sensor
 * itself. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/config.h>
#include <sightline/host.h>
#include <sightline/json.h>
#include <sightline/log.h>

#include "tool.h"

static const struct sl_opt opts[] = {
	{ .flag = "json", .kind = SL_OPT_FLAG, .help = "one JSON object a line" },
	{ .flag = "live",
		.kind = SL_OPT_FLAG,
		.help = "examine what a running sensor and the tap before it lose instead, read "
			"from its metrics port: the operand, or " DEFAULT_METRICS " on loopback" },
	{ .flag = "for",
		.kind = SL_OPT_DURATION,
		.arg = "T",
		.def = "5s",
		.min = 1e6,
		.max = 36e11,
		.help = "with --live: how long to look whether packets come" },
	{ .flag = "sensor",
		.kind = SL_OPT_TEXT,
		.arg = "FILE",
		.help = "the sensor that is asked for its versions; default: the one beside this "
			"program, else the one in PATH" },
	{ .flag = "sysroot",
		.kind = SL_OPT_TEXT,
		.arg = "DIR",
		.help = "examine the proc, sys and etc that were copied into this folder instead "
			"of this machine's; what only system calls can tell is left out" },
};

static const struct sl_program program = {
	.name = "sightline doctor",
	.usage = "[OPTIONS] [--live [[ADDRESS:]PORT]]",
	.about = "Looks over this machine as a host for a sensor. Each line is ok, a warning (a "
		 "sensor runs, worse than it could) or wrong (what a sensor on a card needs is "
		 "missing), with the command that mends it. Changes nothing. Exit status 0: all "
		 "ok; 1: something to mend.",
	.opts = opts,
	.count = sizeof(opts) / sizeof(opts[0]),
};

struct teller {
	struct sl_json_out *json; /* NULL: for people */
	unsigned count[SL_HOST_WRONG + 1];
};

static void tell_json(struct sl_json_out *o, const struct sl_host_finding *f)
{
	const char *line;
	size_t len;
	sl_json_object(o, NULL);
	sl_json_str(o, "topic", f->topic);
	sl_json_str(o, "grade", sl_host_grade_text(f->grade));
	sl_json_str(o, "what", f->what);
	sl_json_str(o, "mend", f->mend);
	sl_json_object_end(o);
	if (sl_json_line(o, &line, &len) == 0)
		fwrite(line, 1, len, stdout);
}

static void tell_finding(void *arg, const struct sl_host_finding *f)
{
	struct teller *t = arg;
	t->count[f->grade]++;
	if (t->json != NULL) {
		tell_json(t->json, f);
		return;
	}
	printf("%-8s %-15s ", sl_host_grade_text(f->grade), f->topic);
	put_safe(stdout, f->what);
	putchar('\n');
	if (f->mend[0] == '\0')
		return;
	printf("%24s mend: ", "");
	put_safe(stdout, f->mend);
	putchar('\n');
}

/* ---- Versions ---- */

/* The sensor beside this program, as it is installed or in a build folder; else its bare name. */
static const char *find_sensor(char out[PATH_MAX])
{
	static const char *const places[] = { "sightline-sensor", "../sensor/sightline-sensor" };
	char self[PATH_MAX / 2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		const char *folder = dirname(self);
		for (size_t i = 0; i < 2; i++) {
			snprintf(out, PATH_MAX, "%s/%s", folder, places[i]);
			if (access(out, X_OK) == 0)
				return out;
		}
	}
	return "sightline-sensor";
}

/* Runs `path --version`, its first line into out. 0, or -errno. */
static int ask_version(const char *path, char *out, size_t cap)
{
	int pipe_fd[2], status = 0;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_t todo;
	posix_spawn_file_actions_init(&todo);
	posix_spawn_file_actions_adddup2(&todo, pipe_fd[1], STDOUT_FILENO);
	char version[] = "--version";
	char *const argv[] = { (char *)(uintptr_t)path, version, NULL };
	pid_t child;
	int rc = -posix_spawnp(&child, path, &todo, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&todo);
	close(pipe_fd[1]);
	size_t n = 0;
	for (ssize_t got = 1; rc == 0 && got > 0 && n<cap - 1; n += got> 0 ? (size_t)got : 0)
		got = read(pipe_fd[0], out + n, cap - 1 - n);
	close(pipe_fd[0]);
	if (rc < 0)
		return rc;
	waitpid(child, &status, 0);
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return status == 0 && n > 0 ? 0 : -EIO;
}

static void tell_versions(struct teller *t, const char *sensor)
{
	char path[PATH_MAX], said[512], what[PATH_MAX + 1024];
	struct sl_host_finding f = { SL_HOST_OK, "versions", what, "" };
	if (sensor == NULL)
		sensor = find_sensor(path);
	int rc = ask_version(sensor, said, sizeof(said));
	const char *version = rc == 0 ? strchr(said, ' ') : NULL;
	if (version == NULL) {
		f.grade = SL_HOST_WARNING;
		f.mend = "install it, or name it with --sensor FILE";
		snprintf(what, sizeof(what), "%s does not tell its version%s%s", sensor,
			rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
	} else if (strcmp(version + 1, sl_version_text()) != 0) {
		f.grade = SL_HOST_WARNING;
		f.mend = "install all programs from one build";
		snprintf(what, sizeof(what), "%s is of another build than this program: %s, not %s",
			sensor, version + 1, sl_version_text());
	} else {
		snprintf(what, sizeof(what), "%s", said);
	}
	tell_finding(t, &f);
}

/* This machine, or the recorded one. */
static int look_at_host(const struct sl_config *c, struct teller *t)
{
	const char *root = sl_config_text(c, "sysroot");
	if (root != NULL && access(root, R_OK | X_OK) < 0) {
		sl_error("--sysroot %s: %s; name a folder that holds proc, sys and etc", root,
			strerror(errno));
		return EXIT_UNUSABLE;
	}
	sl_host_look(root != NULL ? root : "", tell_finding, t);
	if (root == NULL || sl_config_given(c, "sensor"))
		tell_versions(t, sl_config_text(c, "sensor"));
	return EXIT_DONE;
}

static int look(const struct sl_config *c, struct teller *t)
{
	size_t n;
	bool live = sl_config_flag(c, "live");
	char *const *operand = sl_config_operands(c, &n);
	if (n > live) {
		sl_error("unexpected argument '%s': see sightline doctor --help", operand[live]);
		return EXIT_UNUSABLE;
	}
	if (!live)
		return look_at_host(c, t);
	return live_look(n > 0 ? operand[0] : DEFAULT_METRICS, sl_config_u64(c, "for"),
		       tell_finding, t) == 0
		       ? EXIT_DONE
		       : EXIT_UNUSABLE;
}

static int examine(const struct sl_config *c)
{
	struct teller t = { NULL, { 0 } };
	if (sl_config_flag(c, "json") && sl_json_out_new(&t.json) < 0) {
		sl_error("no memory");
		return EXIT_FAILED;
	}
	int status = look(c, &t);
	if (t.json == NULL && status == EXIT_DONE)
		printf("%u ok, %u warnings, %u wrong\n", t.count[SL_HOST_OK],
			t.count[SL_HOST_WARNING], t.count[SL_HOST_WRONG]);
	sl_json_out_free(t.json);
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		status = EXIT_FAILED;
	if (status != EXIT_DONE)
		return status;
	return t.count[SL_HOST_WARNING] + t.count[SL_HOST_WRONG] == 0 ? EXIT_DONE : EXIT_FAILED;
}

int doctor_main(int argc, char **argv)
{
	return tool_run(&program, argc, argv, examine);
}
