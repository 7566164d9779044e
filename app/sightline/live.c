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

#include "tool.h"

#define PATIENCE_MS 3000

/* Each of them is a share: what is bad of what there was, since the sensor's start. */
static const struct share {
	const char *topic;
	const char *bad[2], *all[3]; /* sums of counters */
	double warning, wrong; /* shares from which on it is one; 0: never */
	const char *what; /* behind the share */
	const char *mend;
} shares[] = {
	{ "loss", { "sightline_missed_packets_total" },
		{ "sightline_missed_packets_total", "sightline_rx_packets_total" }, 1e-6, 1e-3,
		"of all packets were missed by the source",
		"more --workers on isolated cores; sightline status shows how busy each is" },
	{ "records", { "sightline_ring_dropped_records_total" }, { "sightline_hits_total" }, 1e-9,
		0, "of what was hit was lost between worker and publisher",
		"a larger ring in the configuration, or quieter feeds: sightline status" },
	{ "one-sided", { "sightline_tcp_flow_ends_total{sides=\"one\"}" },
		{ "sightline_tcp_flow_ends_total{sides=\"one\"}",
			"sightline_tcp_flow_ends_total{sides=\"two\"}" },
		0.02, 0.2, "of TCP connections were seen from one side alone",
		"let the mirror session bring both directions (rx and tx), and both legs of a tap "
		"reach the same sensor" },
	{ "missing bytes", { "sightline_stream_missing_bytes_total" },
		{ "sightline_rx_bytes_total", "sightline_stream_missing_bytes_total" }, 0.001, 0.02,
		"as many bytes of TCP as came in all never came, lost before the sensor",
		"look at the drops of the mirror port and of the tap's aggregator; mirror less" },
	{ "repeated bytes", { "sightline_stream_repeated_bytes_total" },
		{ "sightline_rx_bytes_total" }, 0.05, 0.3,
		"of all bytes were TCP that had come before: packets come twice",
		"mirror each packet once: one direction of each port, or one of the two ports that "
		"it crosses" },
	{ "cut packets", { "sightline_cut_packets_total" }, { "sightline_rx_packets_total" }, 1e-9,
		0.01, "of all packets came cut",
		"let the mirror and the capture keep whole frames (no truncation, snaplen 0)" },
	{ "checksums",
		{ "sightline_wrong_checksum_packets_total{layer=\"ip\"}",
			"sightline_wrong_checksum_packets_total{layer=\"l4\"}" },
		{ "sightline_rx_packets_total" }, 0.01, 0,
		"of all packets have a wrong checksum: they were mirrored before their card "
		"computed it, or are damaged",
		"tap behind the sender's card; look at the link's errors (ethtool -S)" },
	{ "decoding",
		{ "sightline_drop_packets_total{reason=\"short\"}",
			"sightline_drop_packets_total{reason=\"linktype\"}" },
		{ "sightline_rx_packets_total" }, 0.001, 0.1,
		"of all packets were shorter than their headers say, or of an unknown link",
		"look whether the mirror adds a header of its own, or cuts" },
};

static double of(const struct sl_metrics *m, const char *key)
{
	double v = 0;
	return key != NULL && sl_metrics_get(m, key, &v) && isfinite(v) && v > 0 ? v : 0;
}

static void tell_share(const struct sl_metrics *m, const struct share *s, sl_host_fn fn, void *arg)
{
	double bad = of(m, s->bad[0]) + of(m, s->bad[1]);
	double all = of(m, s->all[0]) + of(m, s->all[1]) + of(m, s->all[2]), part, there;
	char what[512];
	if (!sl_metrics_get(m, s->bad[0], &there)) /* a sensor that doesn't measure it */
		return;
	part = all > 0 ? bad / all : 0;
	enum sl_host_grade grade = s->wrong > 0 && part >= s->wrong ? SL_HOST_WRONG
				   : part >= s->warning		    ? SL_HOST_WARNING
								    : SL_HOST_OK;
	snprintf(what, sizeof(what), "%.0f (%.4g %%) %s", bad, 100 * part, s->what);
	fn(arg, &(struct sl_host_finding){
			grade, s->topic, what, grade == SL_HOST_OK ? "" : s->mend });
}

static void tell_silence(const struct sl_metrics *before, const struct sl_metrics *now,
	double seconds, sl_host_fn fn, void *arg)
{
	static const char key[] = "sightline_rx_packets_total";
	double came = of(now, key) - of(before, key);
	char what[128];
	snprintf(what, sizeof(what), "%.0f packets in %.1f s", came, seconds);
	fn(arg, &(struct sl_host_finding){ came > 0 ? SL_HOST_OK : SL_HOST_WRONG, "traffic", what,
			came > 0 ? ""
				 : "look whether the cable, the mirror session and the interface "
				   "are up (ip -s link)" });
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
		tell_silence(before, now, (double)(sl_clock_mono_ns() - began) / 1e9, fn, arg);
		for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
			tell_share(now, &shares[i], fn, arg);
		tell_armed(now, fn, arg);
	}
	sl_metrics_free(before);
	sl_metrics_free(now);
	return rc;
}
