/* SPDX-License-Identifier: BSD-3-Clause */
/* tool.h - the subcommands of `sightline`. Each takes its own command line and gives the exit
 * status. */
#ifndef TOOL_H
#define TOOL_H

enum { EXIT_DONE, EXIT_FAILED, EXIT_UNUSABLE };

int tail_main(int argc, char **argv);
int intel_main(int argc, char **argv);

#endif
