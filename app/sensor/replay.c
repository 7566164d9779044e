/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.c - capture files as the sensor's source: what of the configuration is theirs, and what is
 * said of a replay while it runs and at its end. Control thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sightline/log.h>

#include "sensor.h"

#define FRESH_BITS_LEAST 8

int replay_pace(const struct sl_config *c, struct sl_pace *out, char *err, size_t cap)
{
	const char *text = sl_config_text(c, "speed");
	if (sl_pace_parse(text, out))
		return 0;
	snprintf(err, cap,
		"--speed: '%s' is no pace: give max, original, or a rate such as 10gbit or 5mpps",
		text);
	return -EINVAL;
}

uint8_t replay_fresh_bits(const struct sl_config *c)
{
	size_t n;
	uint8_t bits = SL_FRESH_BITS;
	const char *const *net = sl_config_list(c, "home_net", &n);
	for (size_t i = 0; i < n; i++) {
		union sl_addr a;
		uint8_t version, len;
		if (!sl_prefix_parse(net[i], strlen(net[i]), &a, &version, &len) || version != 4)
			continue;
		if (32 - len < bits)
			bits = (uint8_t)(32 - len);
	}
	return bits > FRESH_BITS_LEAST ? bits : FRESH_BITS_LEAST;
}

int replay_open(
	struct sl_source **out, const struct sl_config *c, unsigned workers, char *err, size_t cap)
{
	size_t n;
	struct sl_replay_options o = { .paths = sl_config_list(c, "replay", &n),
		.queues = workers,
		.loop = (uint32_t)sl_config_u64(c, "loop"),
		.fresh_bits = replay_fresh_bits(c),
		.memory_bytes = sl_config_u64(c, "replay_memory") };
	o.path_count = (unsigned)n;
	int rc = replay_pace(c, &o.pace, err, cap);
	if (workers == 0) {
		o.queues = o.loop = 1;
		o.pace.unit = SL_PACE_MAX;
	}
	return rc == 0 ? sl_replay_open(out, &o, err, cap) : rc;
}

void replay_show(struct sl_source *s, uint64_t started_ns, uint64_t sightings, bool last)
{
	struct sl_replay_progress p;
	sl_replay_progress(s, &p);
	double sec = (double)(sl_clock_mono_ns() - started_ns) / 1e9;
	char share[16] = "", missed[48] = "";
	if (p.bytes_total > 0)
		snprintf(share, sizeof(share), "%3.0f %%  ",
			100.0 * (double)p.bytes_read / (double)p.bytes_total);
	if (p.missed > 0)
		snprintf(missed, sizeof(missed), "  %" PRIu64 " missed", p.missed);
	fprintf(stderr, "\r%s%" PRIu64 " packets  %.2f Mpps%s  %" PRIu64 " sightings %s", share,
		p.packets, sec > 0 ? (double)p.packets / sec / 1e6 : 0.0, missed, sightings,
		last ? "\n" : "");
}

bool replay_damage(struct sl_source *s)
{
	unsigned n;
	bool good = true;
	const struct sl_replay_result *r = sl_replay_results(s, &n);
	for (unsigned i = 0; i < n; i++) {
		if (r[i].error == 0)
			continue;
		sl_error("%s: at byte %" PRIu64 ": %s", r[i].path, r[i].offset, r[i].what);
		good = false;
	}
	return good;
}

static double mega_a_second(uint64_t n, uint64_t ns)
{
	return ns > 0 ? (double)n * 1e3 / (double)ns : 0;
}

/* What a packet costs, and of that what the source alone takes: both of the same worker threads on
 * the same bytes. */
static void tell_full_speed(const struct sl_replay_sums *r, const struct sl_counters *sum)
{
	uint64_t packets = sum->c[SL_C_RX_PACKETS];
	char added[128] = "";
	double ns = packets > 0 ? (double)r->queues_ns / (double)packets : 0;
	double own = r->rehearsed > 0 ? (double)r->rehearsed_ns / (double)r->rehearsed : 0;
	if (own > 0)
		snprintf(added, sizeof(added),
			"; %.1f ns a packet on its worker, %.1f ns added to the %.1f ns of "
			"receiving and "
			"releasing alone",
			ns, ns - own, own);
	sl_info("at full speed, none missed: %" PRIu64 " packets in %.3f s, %.3f Mpps, %.3f "
		"Gbit/s%s",
		packets, (double)r->longest_ns / 1e9, mega_a_second(packets, r->longest_ns),
		mega_a_second(sum->c[SL_C_RX_BYTES] * 8, r->longest_ns) / 1e3, added);
}

static void tell_paced(
	const struct sl_replay_sums *r, const char *pace, const struct sl_counters *sum)
{
	uint64_t packets = sum->c[SL_C_RX_PACKETS];
	sl_info("paced, %s: %" PRIu64 " packets sent, %" PRIu64 " received in %.3f s, %" PRIu64
		" missed; received %.3f Mpps, %.3f Gbit/s with %d bytes between frames",
		pace, r->sent, packets, (double)r->longest_ns / 1e9, r->missed,
		mega_a_second(packets, r->longest_ns),
		mega_a_second(r->wire_bytes * 8, r->longest_ns) / 1e3, SL_PACE_GAP);
}

static void tell_stages(const struct sl_counters *sum)
{
	static const char *const name[STAGE_COUNT] = { "rx", "decode", "flow", "parse", "match",
		"end", "release" };
	uint64_t packets = sum->c[SL_C_TIMED_PACKETS], all = 0;
	char text[256] = "";
	size_t at = 0;
	for (unsigned i = 0; packets > 0 && i < STAGE_COUNT; i++) {
		uint64_t cycles = sum->c[SL_C_STAGE_RX + i];
		all += cycles;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "  %s %.1f", name[i],
			(double)cycles / (double)packets);
	}
	if (packets > 0)
		sl_info("cycles a packet, of %" PRIu64 " timed: %.1f =%s", packets,
			(double)all / (double)packets, text);
}

/* What was shed, in the order of the levels. */
static void tell_shed(const struct sl_counters *sum)
{
	char text[512] = "";
	size_t at = 0;
	for (unsigned i = 0; i < SL_SHED_LEVEL_COUNT - 1; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s%s in %" PRIu64 " packets of %" PRIu64 " flows", i > 0 ? ", " : "",
			sl_shed_name((enum sl_shed_level)(i + 1)),
			sum->c[SL_C_SHED_PACKETS_BODIES + i], sum->c[SL_C_SHED_FLOWS_BODIES + i]);
	if (sum->c[SL_C_SHED_ENTRIES_BODIES] > 0)
		sl_info("overload: shed %s; headers of all were matched", text);
}

void replay_report(struct sl_source *s, const struct sl_config *c, const struct sl_counters *sum)
{
	struct sl_replay_sums r;
	const char *pace = sl_config_text(c, "speed");
	bool paced = strcmp(pace, "max") != 0;
	sl_replay_sums(s, &r);
	if (paced)
		tell_paced(&r, pace, sum);
	else
		tell_full_speed(&r, sum);
	tell_shed(sum);
	tell_stages(sum);
	if (paced || sl_config_u64(c, "loop") > 1)
		sl_info("the capture lay in %" PRIu64 " MiB of memory, %" PRIu64
			" MiB of it on huge pages%s",
			r.mapped_bytes >> 20, r.huge_bytes >> 20,
			r.huge_bytes < r.mapped_bytes && !sl_config_flag(c, "no_huge")
				? ": there were no more; reserve some, such as by sysctl "
				  "vm.nr_hugepages=256"
				: "");
}
