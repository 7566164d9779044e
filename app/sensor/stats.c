/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - every counter as one JSON object. Control thread; reads what others write, with relaxed
 * loads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/json.h>
#include <sightline/mem.h>

#include "sensor.h"

void stats_sum(const struct stats_view *v, struct sl_counters *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < v->worker_count; i++)
		sl_counters_add(out, &v->workers[i]->counters);
	sl_counters_add(out, publisher_counters(v->publisher));
	sl_counters_add(out, armory_counters(v->armory));
}

static void parser_lines(const struct stats_view *v, struct sl_json_out *o)
{
	static const char *const what[] = { "flows", "messages", "malformed" };
	for (unsigned p = 0; p < sl_parser_count; p++) {
		uint64_t sum[3] = { 0, 0, 0 };
		for (unsigned i = 0; i < v->worker_count; i++) {
			const struct sl_parser_counters *c = &v->workers[i]->parsers[p];
			sum[0] += __atomic_load_n(&c->flows, __ATOMIC_RELAXED);
			sum[1] += __atomic_load_n(&c->messages, __ATOMIC_RELAXED);
			sum[2] += __atomic_load_n(&c->bad, __ATOMIC_RELAXED);
		}
		for (unsigned k = 0; k < 3; k++) {
			char key[128];
			snprintf(key, sizeof(key), "sightline_parser_%s_total{parser=\"%s\"}",
				what[k], sl_parsers[p]->name);
			sl_json_u64(o, key, sum[k]);
		}
	}
}

static void write_all(const struct stats_view *v, struct sl_json_out *o)
{
	struct sl_counters sum;
	struct armory_counts arms;
	uint64_t flows = 0;
	stats_sum(v, &sum);
	armory_counts(v->armory, &arms);
	sl_json_object(o, NULL);
	for (unsigned i = 0; i < SL_C_COUNT; i++)
		sl_json_u64(o, sl_counter_metric((enum sl_counter)i), sum.c[i]);
	for (unsigned i = 0; i < SL_DROP_COUNT; i++) {
		char key[128];
		snprintf(key, sizeof(key), "sightline_drop_packets_total{reason=\"%s\"}",
			sl_drop_label((enum sl_drop)i));
		sl_json_u64(o, key, sum.drop[i]);
	}
	sl_json_u64(
		o, "sightline_held_packets", 0); /* none is held: segments are used as they come */
	sl_json_u64(o, "sightline_missed_packets_total", 0); /* a replay waits instead of missing */
	parser_lines(v, o);
	for (unsigned i = 0; i < v->worker_count; i++)
		flows += sl_flow_count(v->workers[i]->flows);
	sl_json_u64(o, "sightline_flows", flows);
	sl_json_u64(o, "sightline_indicators{verdict=\"armed\"}", arms.armed);
	sl_json_u64(o, "sightline_indicators{verdict=\"quiet\"}", arms.quiet);
	sl_json_u64(o, "sightline_indicators{verdict=\"refused\"}", arms.refused);
	sl_json_u64(o, "sightline_indicators{verdict=\"not_valid\"}", arms.not_valid);
	sl_json_u64(o, "sightline_mapped_bytes", sl_mem_mapped_bytes());
	sl_json_u64(o, "sightline_huge_page_bytes", sl_mem_huge_bytes());
	sl_json_object_end(o);
}

int stats_write(const struct stats_view *v, const char *path)
{
	struct sl_json_out *o;
	int rc = sl_json_out_new(&o);
	if (rc < 0)
		return rc;
	const char *text;
	size_t len;
	write_all(v, o);
	rc = sl_json_line(o, &text, &len);
	FILE *f = rc < 0 ? NULL : strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	if (rc == 0 && (f == NULL || fwrite(text, 1, len, f) != len || fflush(f) != 0))
		rc = -errno;
	if (f != NULL && f != stdout && fclose(f) != 0 && rc == 0)
		rc = -errno;
	sl_json_out_free(o);
	return rc;
}
