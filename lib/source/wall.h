/* SPDX-License-Identifier: BSD-3-Clause */
/* wall.h - a counter as a wall clock: the time-stamp counter, so that no system call is made, or
 * the clock of a card, so that its time stamps have a meaning. It is put right against the clock of
 * the system by the control thread. Private to lib/source. */
#ifndef SOURCE_WALL_H
#define SOURCE_WALL_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

/* Reads a counter; -errno: it can't be. */
typedef int (*wall_read_fn)(void *arg, uint64_t *ticks);

/* Control writes, any thread reads; an odd seq: it is being written. */
struct wall {
	alignas(64) _Atomic uint32_t seq;
	_Atomic uint64_t tsc, ns; /* the same instant */
	_Atomic uint64_t rate; /* ns in 2^32 ticks */
	wall_read_fn read; /* control */
	void *arg;
};

/* NULL: the time-stamp counter, which can be read always. -errno: what read says, or -EIO of a
 * counter that stands still. */
int wall_init(struct wall *w, wall_read_fn read, void *arg);
/* Control, now and then. */
void wall_discipline(struct wall *w);
/* Any thread. */
uint64_t wall_at(const struct wall *w, uint64_t tsc);
uint64_t wall_now(const struct wall *w);

#endif
