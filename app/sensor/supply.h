/* SPDX-License-Identifier: BSD-3-Clause */
/* supply.h - intel that a collector hands out: asked for on a thread of its own, armed by control.
 */
#ifndef SENSOR_SUPPLY_H
#define SENSOR_SUPPLY_H

#include "sensor.h"

struct supply;
/* *out NULL: the configuration wants none. Reads the last good set. 0; -errno, and err. */
int supply_open(struct supply **out, const struct sl_config *c, char *err, size_t err_len);
void supply_close(struct supply *s); /* NULL is allowed, here and below; ends its thread */
/* What is in force of it, for the armory's start; NULL: nothing. */
const struct armory_paths *supply_paths(const struct supply *s);
/* Control, once the publisher runs: what changed since those paths were written is in force too.
 * -errno: what is in force is older than what was. */
int supply_catch_up(struct supply *s, struct armory *a);
/* From now on asks, on a thread of its own that inherits the caller's cores and signal mask. */
int supply_start(struct supply *s);
/* What the control thread gets when a set waits, so that it waits for no tick. */
#define SUPPLY_SIGNAL SIGUSR1
/* Control: whether a set waits to be armed. */
bool supply_waits(struct supply *s);
/* Control, while it waits: arms it, or says why not. True: a reload pays, so much has changed. */
bool supply_arm(struct supply *s, struct armory *a);
/* Control, often: armory_step, and a reload where one is wanted; once that was good, a set that was
 * refused may be, too. True: it can't begin yet. */
bool supply_reload(struct supply *s, struct armory *a, bool wanted);
const struct sl_counters *supply_counters(const struct supply *s); /* NULL where s is */
/* The generation in force, and whether the collector answers; any thread. */
void supply_state(const struct supply *s, uint64_t *generation, bool *connected);

#endif
