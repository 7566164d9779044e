/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.h - what the sensor's configuration says in words. Control thread. */
#ifndef SENSOR_SETTINGS_H
#define SENSOR_SETTINGS_H

#include "sensor.h"

/* *out is the caller's, on failure too. -EINVAL and others: err names the entry and what it may be.
 */
int settings_overlap(
	struct sl_overlap_nets **out, const struct sl_config *c, char *err, size_t err_len);
int settings_exclude(
	struct sl_exclusions **out, const struct sl_config *c, char *err, size_t err_len);
enum sl_copies settings_copies(const struct sl_config *c);
/* home, or NULL where nothing is to be known of hosts beyond their flows. */
const struct sl_nets *settings_facts_home(const struct sl_config *c, const struct sl_nets *home);
/* Something has to be armed unless the answer is known to be of use without. */
bool settings_must_arm(const struct sl_config *c);
int settings_metrics(const struct sl_config *c, char *err, size_t err_len); /* as above */
enum idle settings_idle(const struct sl_config *c);
enum inspect settings_inspect(const struct sl_config *c);
/* -EINVAL, and err; -EIO: no random bits. */
int settings_memory(struct worker_options *o, const struct sl_config *c, const struct sl_nets *home,
	char *err, size_t err_len);
/* The longest that a flow may be silent. */
uint64_t settings_longest_silence_ns(const struct sl_config *c);
void settings_flow(const struct sl_config *c, struct sl_flow_options *o);
void settings_shed(const struct sl_config *c, struct worker_options *o);

#endif
