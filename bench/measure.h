/* SPDX-License-Identifier: BSD-3-Clause */
/* measure.h - what benches share: random numbers that are the same in each run, the processor time
 * of this thread, and the rate of the time-stamp counter. */
#ifndef SL_BENCH_MEASURE_H
#define SL_BENCH_MEASURE_H

#include <stdint.h>
#include <stdlib.h>
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

/* Nanoseconds of one tick of the time-stamp counter; takes 50 ms the first time. */
static inline double tick_ns(void)
{
	static double one;
	struct timespec a, b;
	if (one > 0)
		return one;
	clock_gettime(CLOCK_MONOTONIC, &a);
	uint64_t t = __builtin_ia32_rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1000000000L + (b.tv_nsec - a.tv_nsec) < 50000000L);
	t = __builtin_ia32_rdtsc() - t;
	one = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)t;
	return one;
}

static inline int lap_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The mean of n laps in ticks, as nanoseconds, without the longest hundredth: those in which
 * somebody else had the core. Sorts them. */
static inline double laps_ns(int64_t *lap, size_t n)
{
	size_t kept = n - n / 100;
	double sum = 0;
	qsort(lap, n, sizeof(*lap), lap_order);
	for (size_t i = 0; i < kept; i++)
		sum += (double)lap[i];
	return sum / (double)kept * tick_ns();
}

#endif
