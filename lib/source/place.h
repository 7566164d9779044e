/* SPDX-License-Identifier: BSD-3-Clause */
/* place.h - which cores workers and control have: a pure function of what the process was given and
 * what sysfs says of ports and nodes. Private to lib/source. */
#ifndef SOURCE_PLACE_H
#define SOURCE_PLACE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct place {
	cpu_set_t allowed; /* what the process was given */
	cpu_set_t control; /* what no worker has to itself; all of it where nothing is left */
	bool spare; /* control is a part of allowed */
	int node; /* of the ports; -1: they are of none */
	const char *port; /* the first that names it; borrowed */
	unsigned core[CPU_SETSIZE]; /* in the order in which workers take them */
	unsigned count, near; /* of core; and of those the first ones, on the node */
};

/* The node of each port, which has to be one: -EXDEV and err otherwise. `root` stands before /sys.
 * Cores of the node come first; where there is no node, or it has none of `allowed`, all do. */
int place_look(struct place *p, const char *root, const cpu_set_t *allowed, const char *const *port,
	unsigned ports, char *err, size_t err_len);
/* Workers where none was asked for: one for each core of the node, less one for control. */
unsigned place_workers(const struct place *p);
/* What is left for control. */
void place_share(struct place *p, unsigned workers);
/* Which worker has which core, and why. */
void place_plan(const struct place *p, unsigned workers, FILE *f);

#endif
