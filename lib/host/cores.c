/* SPDX-License-Identifier: BSD-3-Clause */
/* cores.c - processors: what they can do, where they are, who else uses them, how fast they run,
 * and the clock. */
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include <sightline/config.h>

/* ---- What they can do ---- */

static bool take_flags(void *arg, const char *line)
{
	char *flags = arg;
	if (strncmp(line, "flags", 5) != 0)
		return true;
	snprintf(flags, 8192, "%s", strchr(line, ':') != NULL ? strchr(line, ':') + 1 : "");
	return false;
}

/* Names of those that are missing, with blanks between. */
static void missing_of(const char *flags, const char *const *need, char *out, size_t cap)
{
	out[0] = '\0';
	for (; *need != NULL; need++)
		if (!look_word(flags, *need))
			snprintf(out + strlen(out), cap - strlen(out), "%s%s", out[0] ? " " : "",
				*need);
}

static void tell_build(const struct look *l, const char *flags)
{
	/* The x86-64 psABI's level v3; abm is what the kernel calls LZCNT. */
	static const char *const v3[] = { "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm",
		"movbe", NULL };
	char missing[128];
	if (strstr(sl_version_text(), "x86-64-v3") == NULL)
		return;
	missing_of(flags, v3, missing, sizeof(missing));
	if (missing[0] != '\0')
		tell(l, SL_HOST_WRONG, "cpu",
			"meson setup build -Dc_args=-march=x86-64-v2 (or give the guest its "
			"host's CPU model)",
			"these programs are built for x86-64-v3, and the CPU lacks: %s", missing);
}

static void tell_tsc(const struct look *l, const char *flags)
{
	char source[LOOK_NAME];
	if (!look_text(l, source, sizeof(source),
		    "/sys/devices/system/clocksource/clocksource0/current_clocksource"))
		return;
	bool steady = look_word(flags, "constant_tsc") && look_word(flags, "nonstop_tsc");
	if (strcmp(source, "tsc") == 0)
		tell(l, SL_HOST_OK, "cpu", "", "the kernel keeps time by the time-stamp counter%s",
			steady ? ", which is steady" : "");
	else
		tell(l, SL_HOST_WARNING, "cpu",
			steady ? "echo tsc > "
				 "/sys/devices/system/clocksource/clocksource0/current_clocksource"
			       : "use another machine, or another CPU model for this guest: its "
				 "counter isn't steady",
			"the kernel keeps time by %s, not by the time-stamp counter: each reading "
			"is slow",
			source);
}

void look_cpu(const struct look *l)
{
	static const char *const need[] = { "ssse3", "sse4_2", NULL };
	static const char *const wide[] = { "avx512f", "avx512bw", "avx512vl", NULL };
	char flags[8192] = "", missing[64];
	look_lines(l, "/proc/cpuinfo", take_flags, flags);
	missing_of(flags, need, missing, sizeof(missing));
	if (missing[0] != '\0') {
		tell(l, SL_HOST_WRONG, "cpu",
			"use another machine, or give the guest its host's CPU model",
			"the CPU lacks %s: Hyperscan needs SSSE3, DPDK SSE4.2", missing);
		return;
	}
	tell_build(l, flags);
	missing_of(flags, wide, missing, sizeof(missing));
	bool avx2 = look_word(flags, "avx2");
	tell(l, avx2 ? SL_HOST_OK : SL_HOST_WARNING, "cpu",
		avx2 ? "" : "use another machine, or give the guest its host's CPU model",
		"SSSE3 and SSE4.2, which Hyperscan and DPDK need; %s; %s",
		avx2 ? "AVX2" : "no AVX2, without which patterns are searched at half the speed",
		missing[0] != '\0' ? "no AVX-512, which nothing needs"
		: look_word(flags, "avx512_vbmi") || look_word(flags, "avx512vbmi")
			? "AVX-512 with VBMI"
			: "AVX-512");
	tell_tsc(l, flags);
}

/* ---- Where they are ---- */

void look_numa(const struct look *l)
{
	char nodes[LOOK_NAME], text[512] = "";
	cpu_set_t online;
	if (!look_text(l, nodes, sizeof(nodes), "/sys/devices/system/node/online")) {
		tell(l, SL_HOST_OK, "numa", "", "the kernel knows no nodes: one memory for all");
		return;
	}
	look_cpus(nodes, &online);
	if (CPU_COUNT(&online) == 1) {
		tell(l, SL_HOST_OK, "numa", "", "one node");
		return;
	}
	for (int i = 0; i < CPU_SETSIZE; i++) {
		char distance[256] = "?", cpus[256] = "?";
		if (!CPU_ISSET(i, &online))
			continue;
		(void)look_text(l, distance, sizeof(distance),
			"/sys/devices/system/node/node%d/distance", i);
		(void)look_text(
			l, cpus, sizeof(cpus), "/sys/devices/system/node/node%d/cpulist", i);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%snode %d: cores %s, distances %s", text[0] ? "; " : "", i,
			cpus[0] ? cpus : "none", distance);
	}
	tell(l, SL_HOST_OK, "numa", "", "%s; run one sensor for each node that has a card", text);
}

/* ---- Who else uses them ---- */

/* All but the first core and what shares it. */
static bool spare_cores(const struct look *l, cpu_set_t *spare)
{
	char online[512], siblings[256];
	cpu_set_t first;
	if (!look_text(l, online, sizeof(online), "/sys/devices/system/cpu/online"))
		return false;
	look_cpus(online, spare);
	if (!look_text(l, siblings, sizeof(siblings),
		    "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"))
		snprintf(siblings, sizeof(siblings), "0");
	look_cpus(siblings, &first);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &first))
			CPU_CLR(i, spare);
	return CPU_COUNT(spare) > 0;
}

void look_isolated(const struct look *l)
{
	char isolated[512] = "", mend[640], list[512];
	cpu_set_t spare;
	(void)look_text(l, isolated, sizeof(isolated), "/sys/devices/system/cpu/isolated");
	if (isolated[0] != '\0') {
		tell(l, SL_HOST_OK, "isolated cores", "", "%s: nothing but workers runs there",
			isolated);
		return;
	}
	if (!spare_cores(l, &spare)) {
		tell(l, SL_HOST_WARNING, "isolated cores", "use a machine with two cores or more",
			"there is one core: workers and everything else share it");
		return;
	}
	look_cpus_text(&spare, list, sizeof(list));
	snprintf(mend, sizeof(mend), "deploy/host-setup.sh --isolate %s (and reboot)", list);
	tell(l, SL_HOST_WARNING, "isolated cores", mend,
		"none: the kernel runs other work on the workers' cores, and packets are missed "
		"meanwhile");
}

/* ---- How fast they run ---- */

void look_governor(const struct look *l)
{
	char online[512], governor[LOOK_NAME], other[LOOK_NAME] = "";
	cpu_set_t cores, slow;
	if (!look_text(l, online, sizeof(online), "/sys/devices/system/cpu/online"))
		online[0] = '\0';
	look_cpus(online, &cores);
	CPU_ZERO(&slow);
	bool any = false;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &cores) ||
			!look_text(l, governor, sizeof(governor),
				"/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i))
			continue;
		any = true;
		if (strcmp(governor, "performance") == 0)
			continue;
		CPU_SET(i, &slow);
		snprintf(other, sizeof(other), "%s", governor);
	}
	if (CPU_COUNT(&slow) > 0) {
		char list[512];
		look_cpus_text(&slow, list, sizeof(list));
		tell(l, SL_HOST_WARNING, "governor", "deploy/host-setup.sh --governor",
			"%s on cores %s: a core that was idle is slow when a burst comes", other,
			list);
	} else {
		tell(l, SL_HOST_OK, "governor", "", "%s",
			any ? "performance"
			    : "the kernel doesn't set the frequency: the hypervisor or the "
			      "firmware does");
	}
}

/* ---- The clock ---- */

#define ERROR_LARGE_US 100000

void look_clock(const struct look *l)
{
	if (l->recorded)
		return;
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);
	if (state < 0 || state == TIME_ERROR || (t.status & STA_UNSYNC)) {
		bool chrony = look_there(l, "/usr/sbin/chronyd");
		tell(l, SL_HOST_WRONG, "clock",
			chrony ? "systemctl enable --now chrony" : "apt-get install chrony",
			"nothing keeps it in step: the times of two sensors, or of a sensor and a "
			"log, can't be compared");
		return;
	}
	bool large = t.maxerror > ERROR_LARGE_US;
	tell(l, large ? SL_HOST_WARNING : SL_HOST_OK, "clock",
		large ? "chronyc tracking (and name a nearer source in /etc/chrony/chrony.conf)"
		      : "",
		"kept in step, at most %.1f ms off", (double)t.maxerror / 1000);
}
