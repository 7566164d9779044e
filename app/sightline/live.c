/* SPDX-License-Identifier: BSD-3-Clause */
/* live.c - `sightline doctor --live`: what the tap and the sensor on it lose, from two looks at the
 * sensor's metrics port. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sightline/clock.h>
#include <sightline/log.h>
#include <sightline/metrics.h>
#include <sightline/tap.h>

#include "tool.h"

#define PATIENCE_MS 3000

static double of(const struct sl_metrics *m, const char *key)
{
	double v = 0;
	return key != NULL && sl_metrics_get(m, key, &v) && isfinite(v) && v > 0 ? v : 0;
}

static void tell_armed(const struct sl_metrics *m, sl_host_fn fn, void *arg)
{
	double armed = of(m, "sightline_indicators{verdict=\"armed\"}");
	char what[64];
	snprintf(what, sizeof(what), "%.0f indicators armed", armed);
	fn(arg, &(struct sl_host_finding){ armed > 0 ? SL_HOST_OK : SL_HOST_WRONG, "intel", what,
			armed > 0 ? "" : "name feeds with --intel" });
}

static void rest(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / SL_SECOND), (long)(ns % SL_SECOND) };
	(void)nanosleep(&t, NULL);
}

int live_look(const char *where, uint64_t for_ns, sl_host_fn fn, void *arg)
{
	struct sl_metrics *before = NULL, *now = NULL;
	char err[512];
	uint64_t began = sl_clock_mono_ns();
	int rc = sl_metrics_fetch(&before, where, PATIENCE_MS, err, sizeof(err));
	if (rc == 0) {
		rest(for_ns);
		rc = sl_metrics_fetch(&now, where, PATIENCE_MS, err, sizeof(err));
	}
	if (rc < 0) {
		sl_error("%s", err);
	} else {
		sl_tap_silence(before, now, (double)(sl_clock_mono_ns() - began) / 1e9, fn, arg);
		sl_tap_shares(NULL, now, fn, arg);
		tell_armed(now, fn, arg);
	}
	sl_metrics_free(before);
	sl_metrics_free(now);
	return rc;
}
