/* SPDX-License-Identifier: BSD-3-Clause */
/* watchdog.h - which of several threads stands still, by a count that each moves on. One thread
 * looks; it makes no system call and reads no clock of its own.
 *
 * Only time in which the watchdog itself was awake counts: where it comes late to its own look, the
 * machine stood still (a guest that was paused, a host without cores to give) and nobody else could
 * have moved either. */
#ifndef SIGHTLINE_WATCHDOG_H
#define SIGHTLINE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct sl_watchdog;

/* Looks are to be look_ns apart; whoever does not move for stall_ns, which is more, stands still.
 * -ENOMEM. */
int sl_watchdog_new(
	struct sl_watchdog **out, unsigned threads, uint64_t stall_ns, uint64_t look_ns);
void sl_watchdog_free(struct sl_watchdog *w);
/* It is now_ns, by a clock that does not run backwards; every thread's count is looked at next. */
void sl_watchdog_look(struct sl_watchdog *w, uint64_t now_ns);
/* How long thread i has stood still, where that is stall_ns or more; otherwise 0. */
uint64_t sl_watchdog_stalled(struct sl_watchdog *w, unsigned i, uint64_t count);
/* By how much the watchdog itself was late, all looks together. */
uint64_t sl_watchdog_late_ns(const struct sl_watchdog *w);

#endif
