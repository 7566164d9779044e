/* SPDX-License-Identifier: BSD-3-Clause */
/* measure.h - what benches share: random numbers that are the same in each run, and the processor
 * time of this thread. */
#ifndef SL_BENCH_MEASURE_H
#define SL_BENCH_MEASURE_H

#include <stdint.h>
#include <time.h>

static uint64_t seed = 42;

static inline uint64_t next_random(void)
{
	uint64_t x = seed += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#endif
