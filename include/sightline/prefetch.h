/* SPDX-License-Identifier: BSD-3-Clause */
/* prefetch.h - asks for a cache line that will be read or written soon. Any thread. */
#ifndef SIGHTLINE_PREFETCH_H
#define SIGHTLINE_PREFETCH_H

/* Any address will do, also one that is not mapped. Not __builtin_prefetch: gcc 12 takes a function
 * that does nothing else for one without any effect, and leaves its calls out. */
static inline void sl_prefetch(const void *p)
{
	__asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)p));
}

#endif
