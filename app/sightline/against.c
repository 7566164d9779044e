/* SPDX-License-Identifier: BSD-3-Clause */
/* against.c - what `intel check --against` compares indicators with: observables that a sensor
 * wrote, or a capture, which a sensor is run on. Reading packets is the sensor's craft; its JSON
 * lines are all that this program needs of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/compress.h>
#include <sightline/config.h>
#include <sightline/log.h>
#include <sightline/past.h>

#include "tool.h"

#define SENSOR "sightline-sensor"

extern char **environ;

/* Observables begin with '{', and no capture does. -errno. */
static int is_observables(const char *path, bool *out)
{
	struct sl_input *in;
	char head[64];
	size_t got = 0;
	int rc = sl_input_open(&in, path);
	if (rc < 0)
		return rc;
	rc = sl_input_peek(in, head, sizeof(head), &got);
	size_t at = 0;
	while (at < got && (head[at] == ' ' || head[at] == '\n' || head[at] == '\r'))
		at++;
	*out = at < got && head[at] == '{';
	sl_input_close(in);
	return rc;
}

/* Beside this program, as installed or as built, else wherever PATH has it. */
static const char *sensor_find(char out[PATH_MAX])
{
	static const char *const places[] = { "/" SENSOR, "/../sensor/" SENSOR };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; slash != NULL && i < sizeof(places) / sizeof(places[0]); i++) {
		int len = snprintf(out, PATH_MAX, "%s%s", self, places[i]);
		if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0)
			return out;
	}
	return SENSOR;
}

struct child {
	pid_t pid;
	int lines; /* its standard output */
	int log; /* what it said, kept until it is known whether it matters */
};

static int child_start(struct child *k, const char *capture)
{
	char sensor[PATH_MAX];
	char *argv[] = { SENSOR, "--replay", (char *)(uintptr_t)capture, "--emit", "observables",
		"--allow-empty", "--workers", "1", "--no-huge", NULL };
	int ends[2];
	posix_spawn_file_actions_t acts;
	k->log = memfd_create("sensor-log", MFD_CLOEXEC);
	if (k->log < 0)
		return -errno;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		int rc = -errno;
		close(k->log);
		return rc;
	}
	int rc = posix_spawn_file_actions_init(&acts);
	if (rc == 0) {
		posix_spawn_file_actions_addopen(&acts, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&acts, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&acts, k->log, STDERR_FILENO);
		rc = posix_spawnp(&k->pid, sensor_find(sensor), &acts, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&acts);
	}
	close(ends[1]);
	k->lines = ends[0];
	if (rc != 0) {
		close(ends[0]);
		close(k->log);
	}
	return -rc;
}

static void log_pass(int log)
{
	char buf[4096];
	ssize_t n;
	lseek(log, 0, SEEK_SET);
	while ((n = read(log, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stderr);
}

/* 0: it ended well. */
static int child_end(struct child *k)
{
	int status = 0;
	close(k->lines); /* one that still writes ends by it */
	while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
		;
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!well)
		log_pass(k->log);
	close(k->log);
	return well ? 0 : -ECHILD;
}

static int capture_read(struct sl_past *p, const char *path)
{
	struct child k = { .pid = -1, .lines = -1, .log = -1 };
	char lines[32];
	uint64_t bad;
	int rc = child_start(&k, path);
	if (rc < 0) {
		sl_error("--against %s: a capture is read by " SENSOR ", which does not start "
			 "(%s); install it, or give its --emit observables",
			path, strerror(-rc));
		return EXIT_UNUSABLE;
	}
	snprintf(lines, sizeof(lines), "/proc/self/fd/%d", k.lines);
	rc = sl_past_read(p, lines, &bad);
	int ended = child_end(&k);
	if (rc == 0 && ended == 0)
		return EXIT_DONE;
	if (rc < 0)
		sl_error("--against %s: what " SENSOR " says of it can't be read: %s", path,
			strerror(-rc));
	else
		sl_error("--against %s: " SENSOR " could not read it to its end", path);
	return EXIT_UNUSABLE;
}

static bool is_pipe(const char *path)
{
	struct stat st;
	return strcmp(path, "-") == 0 ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

static int one_read(struct sl_past *p, const char *path)
{
	bool observables = false;
	uint64_t bad = 0;
	if (strstr(path, "://") != NULL) {
		sl_error(
			"--against %s: a running sensor is asked alone, by http://ADDRESS:PORT of "
			"its --metrics; give that, a capture, or what its --emit observables wrote",
			path);
		return EXIT_UNUSABLE;
	}
	int rc = -ESPIPE;
	if (!is_pipe(path))
		rc = is_observables(path, &observables);
	if (rc == 0 && !observables)
		return capture_read(p, path);
	if (rc == 0)
		rc = sl_past_read(p, path, &bad);
	if (rc < 0)
		sl_error("--against %s: %s", path,
			rc == -EBADMSG	? "damaged, or no observables"
			: rc == -ESPIPE ? "a pipe can't be looked at and then read; give a file"
					: strerror(-rc));
	else if (bad > 0)
		sl_warn("--against %s: %llu lines are no records of a sensor and were left out",
			path, (unsigned long long)bad);
	return rc < 0 ? EXIT_UNUSABLE : EXIT_DONE;
}

int against_read(const struct sl_config *c, const struct sl_nets *home, struct sl_past **out)
{
	size_t n;
	const char *const *path = sl_config_list(c, "against", &n);
	struct sl_past_options o = { .home = home };
	int status = EXIT_DONE;
	*out = NULL;
	if (n == 0)
		return EXIT_DONE;
	int rc = sl_past_new(out, &o);
	if (rc < 0) {
		sl_error("no memory for what --against names");
		return EXIT_UNUSABLE;
	}
	for (size_t i = 0; status == EXIT_DONE && i < n; i++)
		status = one_read(*out, path[i]);
	return status;
}
