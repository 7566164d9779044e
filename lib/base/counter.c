/* SPDX-License-Identifier: BSD-3-Clause */
/* counter.c - names of what is counted. Constant; any thread. */
#include <sightline/counter.h>

#define X(id, metric, help) { metric, help },
static const struct {
	const char *metric, *help;
} counters[] = { SL_COUNTERS(X) };
#undef X

#define X(id, label, help) { label, help },
static const struct {
	const char *label, *help;
} drops[] = { SL_DROPS(X) };
#undef X

const char *sl_counter_metric(enum sl_counter id)
{
	return counters[id].metric;
}

const char *sl_counter_help(enum sl_counter id)
{
	return counters[id].help;
}

const char *sl_drop_label(enum sl_drop id)
{
	return drops[id].label;
}

const char *sl_drop_help(enum sl_drop id)
{
	return drops[id].help;
}
