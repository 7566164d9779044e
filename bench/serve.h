/* SPDX-License-Identifier: BSD-3-Clause */
/* serve.h - what a bench program and the driver (bench/row.py) say to each other: lines. The
 * program prints facts about itself ("NAME VALUE"), then "ready". To each "pair" it answers "pair
 * OURS BASELINE", what each costs for one unit, measured one after the other; to "count" it
 * answers "count UNITS" and has run our side once in bench_measured, where callgrind counts. */
#ifndef SL_BENCH_SERVE_H
#define SL_BENCH_SERVE_H

#include <stdint.h>

/* Runs a side once; what one unit of it cost. */
typedef double (*bench_side)(void *arg);

struct bench {
	bench_side ours, baseline; /* baseline NULL: there is none; 1 is said for it */
	void *arg;
	uint64_t units; /* of a run */
};

/* Until the driver closes its end. What main returns. */
int bench_serve(const struct bench *b);

#endif
