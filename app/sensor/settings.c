/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.c - what the configuration says in words, as the libraries take it. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor.h"

int settings_overlap(
	struct sl_overlap_nets **out, const struct sl_config *c, char *err, size_t err_len)
{
	size_t n;
	const char *const *text = sl_config_list(c, "overlap_policy", &n);
	int rc = sl_overlap_nets_new(out);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = sl_overlap_nets_add(*out, text[i], strlen(text[i]));
		if (rc == -EINVAL)
			snprintf(err, err_len,
				"overlap_policy: '%s' is no policy (first, last, bsd, linux, "
				"windows), no network with one such as 10.0.0.0/8=windows, or a "
				"network for the second time",
				text[i]);
	}
	return rc;
}

int settings_exclude(
	struct sl_exclusions **out, const struct sl_config *c, char *err, size_t err_len)
{
	size_t n;
	const char *const *text = sl_config_list(c, "exclude", &n);
	int rc = n > 0 ? sl_exclusions_new(out) : 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = sl_exclusions_add(*out, text[i], strlen(text[i]));
		if (rc < 0)
			snprintf(err, err_len, "exclude: '%s' %s", text[i],
				rc == -E2BIG ? "is one too many: 256 are possible"
					     : "is neither a network, port:N, port:N-M, vlan:N, "
					       "proto:N, tcp, udp, sctp, icmp nor icmpv6, nor "
					       "different ones of them joined by '+'");
	}
	return rc;
}

enum sl_copies settings_copies(const struct sl_config *c)
{
	const char *policy = sl_config_text(c, "duplicates.policy");
	return strcmp(policy, "drop") == 0    ? SL_COPIES_DROP
	       : strcmp(policy, "count") == 0 ? SL_COPIES_COUNT
					      : SL_COPIES_KEEP;
}

enum idle settings_idle(const struct sl_config *c)
{
	const char *idle = sl_config_text(c, "idle");
	return strcmp(idle, "poll") == 0	? IDLE_POLL
	       : strcmp(idle, "pause") == 0	? IDLE_PAUSE
	       : strcmp(idle, "interrupt") == 0 ? IDLE_INTERRUPT
						: IDLE_AUTO;
}

enum inspect settings_inspect(const struct sl_config *c)
{
	const char *what = sl_config_text(c, "inspect");
	return strcmp(what, "flows") == 0     ? INSPECT_FLOWS
	       : strcmp(what, "packets") == 0 ? INSPECT_PACKETS
					      : INSPECT_ALL;
}

int settings_memory(struct worker_options *o, const struct sl_config *c, const struct sl_nets *home,
	char *err, size_t err_len)
{
	struct sl_memory_options *m = &o->memory;
	*m = (struct sl_memory_options){ .bytes = sl_config_u64(c, "memory.size"),
		.hours = (unsigned)sl_config_u64(c, "memory.hours"),
		.home = home };
	if (m->bytes > 0 && m->bytes < SL_MEMORY_LEAST) {
		snprintf(err, err_len,
			"memory.size: too small; give 0 for no memory, or 64KiB at least");
		return -EINVAL;
	}
	return sl_hash_key_draw(&m->key);
}

void settings_flow(const struct sl_config *c, struct sl_flow_options *o)
{
	o->max_flows = (uint32_t)sl_config_u64(c, "flow.max");
#define X(id, name, seconds, help)                                                                 \
	o->timeout_ns[SL_FLOW_TIMEOUT_##id] = sl_config_u64(c, "flow.timeout." name);
	SL_FLOW_TIMEOUTS(X)
#undef X
}

const struct sl_nets *settings_facts_home(const struct sl_config *c, const struct sl_nets *home)
{
	return sl_config_u64(c, "hosts.memory") > 0 ? home : NULL;
}

void settings_shed(const struct sl_config *c, struct worker_options *o)
{
	o->shed = strcmp(sl_config_text(c, "shed"), "auto") == 0;
	o->elephant_bytes = sl_config_u64(c, "shed_elephant");
}

bool settings_must_arm(const struct sl_config *c)
{
	size_t intel, n;
	bool sightings = false;
	(void)sl_config_list(c, "intel", &intel);
	const char *const *emit = sl_config_list(c, "emit", &n);
	for (size_t i = 0; i < n; i++)
		sightings |= strcmp(emit[i], "sightings") == 0;
	bool only_looks = n > 0 && !sightings && intel == 0;
	bool comes = sl_config_text(c, "intel_from") != NULL; /* from a collector, maybe later */
	return !sl_config_flag(c, "allow_empty") && !only_looks && !comes;
}

int settings_metrics(const struct sl_config *c, char *err, size_t err_len)
{
	const char *metrics = sl_config_text(c, "metrics");
	if (metrics == NULL || sl_metrics_where(metrics))
		return 0;
	snprintf(err, err_len, "metrics %s: no port; give PORT, ADDRESS:PORT or [ADDRESS]:PORT",
		metrics);
	return -EINVAL;
}

uint64_t settings_longest_silence_ns(const struct sl_config *c)
{
	uint64_t longest = 0, each;
#define X(id, name, seconds, help)                                                                 \
	each = sl_config_u64(c, "flow.timeout." name);                                             \
	longest = each > longest ? each : longest;
	SL_FLOW_TIMEOUTS(X)
#undef X
	return longest;
}
