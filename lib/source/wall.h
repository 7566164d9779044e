/* SPDX-License-Identifier: BSD-3-Clause */
/* wall.h - the wall clock without a system call: the time-stamp counter, put right against the
 * clock of the system by the control thread. Private to lib/source. */
#ifndef SOURCE_WALL_H
#define SOURCE_WALL_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

/* Control writes, any thread reads; an odd seq: it is being written. */
struct wall {
	alignas(64) _Atomic uint32_t seq;
	_Atomic uint64_t tsc, ns; /* the same instant */
	_Atomic uint64_t rate; /* ns in 2^32 ticks */
};

void wall_init(struct wall *w);
/* Control, now and then. */
void wall_discipline(struct wall *w);
/* Any thread. */
uint64_t wall_at(const struct wall *w, uint64_t tsc);
uint64_t wall_now(const struct wall *w);

#endif
