/* SPDX-License-Identifier: BSD-3-Clause */
/* tap.c - the shares of what a tap loses, and its silence. Control threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sightline/tap.h>

#define PORTS_MAX 64
#define NAME_MAX_BYTES 128

/* Each of them is a share: what is bad of what there was; or, of nothing else that is counted, any
 * that is bad. */
static const struct share {
	const char *topic;
	const char *bad[4], *all[3]; /* sums of counters */
	double warning, wrong; /* shares from which on it is one; 0: never */
	const char *what; /* behind the share */
	const char *mend;
	const char *less; /* counter that `all` is without; NULL: none */
} shares[] = {
	{ "loss", { "sightline_missed_packets_total" },
		{ "sightline_missed_packets_total", "sightline_rx_packets_total" }, 1e-6, 1e-3,
		"of all packets were missed by the source",
		"more --workers on isolated cores; sightline status shows how busy each is", NULL },
	{ "card loss", { "sightline_port_device_missed_packets_total" },
		{ "sightline_port_device_missed_packets_total", "sightline_rx_packets_total" },
		1e-6, 1e-3, "of all packets were lost by the card, before the kernel had them",
		"larger rings of the card (ethtool -G IFACE rx N), more of its queues (ethtool -L)",
		NULL },
	{ "shedding",
		{ "sightline_shed_packets_total{level=\"bodies\"}",
			"sightline_shed_packets_total{level=\"elephants\"}",
			"sightline_shed_packets_total{level=\"streams\"}",
			"sightline_shed_packets_total{level=\"names\"}" },
		{ "sightline_rx_packets_total" }, 1e-9, 0.01,
		"of all packets were not looked at as deeply as they should be, for overload",
		"more --workers on isolated cores, or exclude what needs no look; sightline status "
		"shows what is shed now",
		NULL },
	{ "spread", { "sightline_port_hash_wrong_packets_total" },
		{ "sightline_port_hash_checked_packets_total" }, 1e-9, 0,
		"of the packets compared had another hash, or came on another queue, than the "
		"card's own key says: the dispatcher deals packets out",
		"newer firmware or driver of the card; until then the dispatcher needs a core",
		NULL },
	{ "split flows", { "sightline_split_flows_total" }, { "sightline_flows_total" }, 1e-9, 0.01,
		"of flows were in the hands of two workers: their packets came to both",
		"where there are tunnels, port_spread: inner; else leave 5-tuples out "
		"(port_spread: outer), and let sightline-sensor say at its start what spreads "
		"packets",
		NULL },
	{ "records", { "sightline_ring_dropped_records_total" }, { NULL }, 0, 0,
		"records of what workers saw were lost, as their ring to the publisher was full",
		"a larger ring in the configuration, or quieter feeds: sightline status", NULL },
	{ "one-sided", { "sightline_tcp_flow_ends_total{sides=\"one\"}" },
		{ "sightline_tcp_flow_ends_total{sides=\"one\"}",
			"sightline_tcp_flow_ends_total{sides=\"two\"}" },
		0.02, 0.2, "of TCP connections were seen from one side alone",
		"let the mirror session bring both directions (rx and tx), and both legs of a tap "
		"reach the same sensor",
		NULL },
	{ "missing bytes", { "sightline_stream_missing_bytes_total" },
		{ "sightline_rx_bytes_total", "sightline_stream_missing_bytes_total" }, 0.001, 0.02,
		"as many bytes of TCP as came in all never came, lost before the sensor",
		"look at the drops of the mirror port and of the tap's aggregator; mirror less",
		"sightline_bypassed_bytes_total" },
	{ "repeated bytes", { "sightline_stream_repeated_bytes_total" },
		{ "sightline_rx_bytes_total" }, 0.05, 0.3,
		"of all bytes were TCP that had come before: packets come twice",
		"mirror each packet once: one direction of each port, or one of the two ports that "
		"it crosses",
		"sightline_bypassed_bytes_total" },
	{ "duplicates", { "sightline_duplicate_packets_total" },
		{ "sightline_duplicate_looked_packets_total" }, 0.02, 0.2,
		"of the packets that were looked at are copies of one shortly before",
		"mirror each packet once; until then duplicates: {policy: drop} in the "
		"configuration",
		NULL },
	{ "cut packets", { "sightline_cut_packets_total" }, { "sightline_rx_packets_total" }, 1e-9,
		0.01, "of all packets came cut",
		"let the mirror and the capture keep whole frames (no truncation, snaplen 0)",
		NULL },
	{ "checksums",
		{ "sightline_wrong_checksum_packets_total{layer=\"ip\"}",
			"sightline_wrong_checksum_packets_total{layer=\"l4\"}" },
		{ "sightline_rx_packets_total" }, 0.01, 0,
		"of all packets have a wrong checksum: they were mirrored before their card "
		"computed it, or are damaged",
		"tap behind the sender's card; look at the link's errors (ethtool -S)", NULL },
	{ "decoding",
		{ "sightline_drop_packets_total{reason=\"short\"}",
			"sightline_drop_packets_total{reason=\"linktype\"}" },
		{ "sightline_rx_packets_total" }, 0.001, 0.1,
		"of all packets were shorter than their headers say, or of an unknown link",
		"look whether the mirror adds a header of its own, or cuts", NULL },
};

/* A counter by its key, or of all labels together by its name; *there: there is one. */
static double counted(const struct sl_metrics *m, const char *key, bool *there)
{
	size_t n;
	const struct sl_metric *s = sl_metrics_all(m, &n);
	double sum = 0;
	*there = false;
	for (size_t i = 0; i < n; i++) {
		bool is = strcmp(s[i].key, key) == 0 || sl_metric_is(&s[i], key);
		*there |= is;
		if (is && isfinite(s[i].value))
			sum += s[i].value;
	}
	return sum;
}

static double since(const struct sl_metrics *before, const struct sl_metrics *now, const char *key)
{
	bool there;
	if (key == NULL)
		return 0;
	double v = counted(now, key, &there);
	if (before != NULL)
		v -= counted(before, key, &there);
	return v > 0 ? v : 0;
}

static enum sl_host_grade grade_of(const struct share *s, double bad, double part)
{
	if (s->all[0] == NULL)
		return bad > 0 ? SL_HOST_WARNING : SL_HOST_OK;
	if (s->wrong > 0 && part >= s->wrong)
		return SL_HOST_WRONG;
	return part >= s->warning ? SL_HOST_WARNING : SL_HOST_OK;
}

static void tell_share(const struct sl_metrics *before, const struct sl_metrics *now,
	const struct share *s, sl_host_fn fn, void *arg)
{
	double bad = 0, all = 0;
	bool measured;
	char what[512];
	(void)counted(now, s->bad[0], &measured);
	if (!measured) /* by this sensor */
		return;
	for (size_t i = 0; i < sizeof(s->bad) / sizeof(s->bad[0]); i++)
		bad += since(before, now, s->bad[i]);
	for (size_t i = 0; i < sizeof(s->all) / sizeof(s->all[0]); i++)
		all += since(before, now, s->all[i]);
	all -= since(before, now, s->less);
	double part = all > 0 ? bad / all : 0;
	bool few = before != NULL && s->all[0] != NULL && all < SL_TAP_LEAST;
	enum sl_host_grade grade = few ? SL_HOST_OK : grade_of(s, bad, part);
	if (s->all[0] == NULL)
		snprintf(what, sizeof(what), "%.0f %s", bad, s->what);
	else
		snprintf(what, sizeof(what), "%.0f (%.4g %%) %s", bad, 100 * part, s->what);
	fn(arg, &(struct sl_host_finding){
			grade, s->topic, what, grade == SL_HOST_OK ? "" : s->mend });
}

void sl_tap_shares(
	const struct sl_metrics *before, const struct sl_metrics *now, sl_host_fn fn, void *arg)
{
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		tell_share(before, now, &shares[i], fn, arg);
}

/* ---- Silence ---- */

struct port {
	char name[NAME_MAX_BYTES];
	double came;
	bool down;
};

static struct port *port_of(struct port *p, unsigned *n, const struct sl_metric *m)
{
	char name[NAME_MAX_BYTES];
	if (!sl_metric_label(m, "port", name, sizeof(name)))
		return NULL;
	for (unsigned i = 0; i < *n; i++)
		if (strcmp(p[i].name, name) == 0)
			return &p[i];
	if (*n == PORTS_MAX)
		return NULL;
	memcpy(p[*n].name, name, sizeof(name));
	return &p[(*n)++];
}

static void tell_port(const struct port *p, double seconds, sl_host_fn fn, void *arg)
{
	char topic[NAME_MAX_BYTES + 8], what[128];
	bool good = p->came > 0 && !p->down;
	snprintf(topic, sizeof(topic), "port %.*s", NAME_MAX_BYTES - 1, p->name);
	snprintf(what, sizeof(what), "%.0f packets in %.1f s%s", p->came, seconds,
		p->down ? "; its link is down" : "");
	fn(arg, &(struct sl_host_finding){ good ? SL_HOST_OK : SL_HOST_WRONG, topic, what,
			good ? ""
			     : "look whether its cable, its mirror session and the interface are "
			       "up (ip -s link)" });
}

static void tell_ports(const struct sl_metrics *before, const struct sl_metrics *now,
	double seconds, sl_host_fn fn, void *arg)
{
	static const char packets[] = "sightline_port_packets_total";
	struct port port[PORTS_MAX] = { 0 };
	unsigned ports = 0;
	size_t n;
	const struct sl_metric *m = sl_metrics_all(now, &n);
	for (size_t i = 0; i < n; i++) {
		bool link = sl_metric_is(&m[i], "sightline_port_link_up");
		if (!link && !sl_metric_is(&m[i], packets))
			continue;
		struct port *p = port_of(port, &ports, &m[i]);
		if (p != NULL && link)
			p->down = m[i].value == 0;
		else if (p != NULL)
			p->came += since(before, now, m[i].key);
	}
	for (unsigned i = 0; i < ports; i++)
		tell_port(&port[i], seconds, fn, arg);
}

void sl_tap_silence(const struct sl_metrics *before, const struct sl_metrics *now, double seconds,
	sl_host_fn fn, void *arg)
{
	double came = since(before, now, "sightline_rx_packets_total");
	char what[128];
	snprintf(what, sizeof(what), "%.0f packets in %.1f s", came, seconds);
	fn(arg, &(struct sl_host_finding){ came > 0 ? SL_HOST_OK : SL_HOST_WRONG, "traffic", what,
			came > 0 ? ""
				 : "look whether the cable, the mirror session and the interface "
				   "are up (ip -s link)" });
	tell_ports(before, now, seconds, fn, arg);
}
