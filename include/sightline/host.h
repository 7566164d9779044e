/* SPDX-License-Identifier: BSD-3-Clause */
/* host.h - what this machine offers to a sensor, and what is wrong with it: read from procfs and
 * sysfs and the kernel's own answers, judged, each with the command that mends it. Changes nothing.
 * Control threads. */
#ifndef SIGHTLINE_HOST_H
#define SIGHTLINE_HOST_H

#include <stdbool.h>
#include <stdint.h>

enum sl_host_grade {
	SL_HOST_OK,
	SL_HOST_WARNING, /* a sensor runs, worse than it could */
	SL_HOST_WRONG, /* what a sensor on a card needs is missing */
};

/* Texts are good during the call alone. */
struct sl_host_finding {
	enum sl_host_grade grade;
	const char *topic; /* "huge pages"; several findings may have one topic */
	const char *what; /* one sentence */
	const char
		*mend; /* the command, or what to do where no command can; empty: nothing to do */
};
typedef void (*sl_host_fn)(void *arg, const struct sl_host_finding *f);

/* Tells everything, in a fixed order. root: a folder that holds a recorded proc, sys and etc, or ""
 * for the machine itself; what only system calls can tell (the clock, firmware) is left out of a
 * recording. */
void sl_host_look(const char *root, sl_host_fn fn, void *arg);

const char *sl_host_grade_text(enum sl_host_grade grade); /* "ok", "warning", "wrong" */

#endif
