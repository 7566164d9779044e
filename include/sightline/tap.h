/* SPDX-License-Identifier: BSD-3-Clause */
/* tap.h - what the tap before a sensor loses, judged by the sensor's counters: once for who asks,
 * or again and again by the sensor itself. Control threads. */
#ifndef SIGHTLINE_TAP_H
#define SIGHTLINE_TAP_H

#include <sightline/host.h>
#include <sightline/metrics.h>

/* Of fewer packets, bytes or connections between two looks nothing is judged. */
#define SL_TAP_LEAST 100

/* What is bad, mostly of what there was: lost, one-sided, missing, twice, cut, damaged. Between two
 * looks, or since the sensor's start, where `before` is NULL. What the sensor doesn't measure is
 * left out.
 */
void sl_tap_shares(
	const struct sl_metrics *before, const struct sl_metrics *now, sl_host_fn fn, void *arg);
/* Whether packets came between two looks, in all and on each port; the topic of a port has its
 * name. */
void sl_tap_silence(const struct sl_metrics *before, const struct sl_metrics *now, double seconds,
	sl_host_fn fn, void *arg);

#endif
