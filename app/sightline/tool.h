/* SPDX-License-Identifier: BSD-3-Clause */
/* tool.h - the subcommands of `sightline`. Each takes its own command line and gives the exit
 * status. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stdio.h>

#include <sightline/host.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_UNUSABLE };

struct sl_config;
struct sl_program;
struct sl_nets;
struct sl_past;
/* against.c: what --against names, read. *out NULL: nothing is named. An exit status; what is wrong
 * was said. */
int against_read(const struct sl_config *c, const struct sl_nets *home, struct sl_past **out);

/* main.c: the command line of a subcommand read, and the subcommand run; its exit status, or that
 * of an unusable command line, which was said. */
int tool_run(
	const struct sl_program *p, int argc, char **argv, int (*run)(const struct sl_config *));
/* From now on SIGINT and SIGTERM end nothing: tool_ended says that one came. */
void tool_catch_end(void);
bool tool_ended(void);

int tail_main(int argc, char **argv);
int intel_main(int argc, char **argv);
/* generations.c: subcommands of `intel`, by argv[0]; -1: it is none of them. */
int generations_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int status_main(int argc, char **argv);

#define DEFAULT_METRICS "7690" /* where a sensor's counters are looked for */
/* live.c: asks a metrics port twice, for_ns apart, and judges what it lost. -errno, said. */
int live_look(const char *where, uint64_t for_ns, sl_host_fn fn, void *arg);

/* Control characters (C0, DEL, and C1 as UTF-8 writes them) and what is no UTF-8 as \xNN; the rest
 * as it is: nothing of it may steer a terminal. */
void put_safe(FILE *to, const char *text);

#endif
