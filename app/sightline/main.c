/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - sightline, the operator's tool: finds the subcommand. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sightline/config.h>
#include <sightline/log.h>

#include "tool.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* NULL: not built yet */
	const char *help;
} commands[] = {
	{ "tail", tail_main, "show sightings as they come" },
	{ "intel", intel_main,
		"check PATH...: what a sensor would do with indicators; generations, rollback, "
		"resume: of a collector" },
	{ "verdict", NULL, "say of a sighting whether it was real" },
	{ "doctor", doctor_main, "look over this machine as a host for a sensor" },
	{ "keygen", NULL, "make keys for links between machines" },
	{ "status", status_main, "what sensors are doing, as a table that refreshes" },
	{ "maintain", NULL, "look after the store" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

void tool_catch_end(void)
{
	struct sigaction end = { .sa_handler = on_end };
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
}

bool tool_ended(void)
{
	return ended != 0;
}

int tool_run(
	const struct sl_program *p, int argc, char **argv, int (*run)(const struct sl_config *))
{
	struct sl_config *c = NULL;
	char err[512];
	int rc = sl_config_load(&c, p, argc, argv, err, sizeof(err));
	if (rc < 0)
		sl_error("%s", err);
	int status = rc < 0 ? EXIT_UNUSABLE : rc > 0 ? EXIT_DONE : run(c);
	sl_config_free(c);
	return status;
}

static void help(FILE *to)
{
	fputs("Usage: sightline COMMAND [OPTIONS]\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s%s%s\n", commands[i].name, commands[i].help,
			commands[i].run ? "" : " (not built yet)");
	fputs("\n  sightline COMMAND --help   options of a command\n"
	      "  sightline --version        what was built, and how\n",
		to);
}

int main(int argc, char **argv)
{
	sl_log_init("sightline", SL_LOG_INFO);
	const char *word = argc > 1 ? argv[1] : NULL;
	if (word == NULL) {
		help(stderr);
		return EXIT_UNUSABLE;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help(stdout);
		return EXIT_DONE;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		printf("sightline %s\n", sl_version_text());
		return EXIT_DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(word, commands[i].name) != 0)
			continue;
		if (commands[i].run != NULL)
			return commands[i].run(argc - 1, argv + 1);
		sl_error("%s is not built yet", word);
		return EXIT_UNUSABLE;
	}
	sl_error("no command '%s': see sightline --help", word);
	return EXIT_UNUSABLE;
}
