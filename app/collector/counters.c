/* SPDX-License-Identifier: BSD-3-Clause */
/* counters.c - the collector's counters: as one JSON object, or for the metrics port, on whose
 * thread they are read while others write them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/json.h>

#include "collector.h"

void counters_each(void *view, sl_metric_fn put, void *to)
{
#define X(id, metric) metric,
	static const char *const metrics[] = { COLLECTOR_COUNTERS(X) };
#undef X
	const struct counters_view *v = view;
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		put(to, metrics[i], "what sensors delivered",
			__atomic_load_n(&v->r->count[i], __ATOMIC_RELAXED));
	if (v->handout != NULL)
		handout_each(v->handout, put, to);
}

static void put_json(void *to, const char *key, const char *help, uint64_t value)
{
	(void)help;
	sl_json_u64(to, key, value);
}

static void write_all(struct counters_view *v, struct sl_json_out *o)
{
	sl_json_object(o, NULL);
	counters_each(v, put_json, o);
	sl_json_u64(o, "sightline_store_sightings", sl_store_count(v->r->store));
	sl_json_object_end(o);
}

static int put(const char *path, const char *text, size_t len)
{
	if (strcmp(path, "-") == 0)
		return fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0 ? 0 : -errno;
	FILE *f = fopen(path, "w");
	if (f == NULL)
		return -errno;
	int rc = fwrite(text, 1, len, f) == len ? 0 : -errno;
	return fclose(f) != 0 && rc == 0 ? -errno : rc;
}

int counters_write(struct counters_view *v, const char *path)
{
	struct sl_json_out *o;
	const char *text;
	size_t len;
	int rc = sl_json_out_new(&o);
	if (rc < 0)
		return rc;
	write_all(v, o);
	rc = sl_json_line(o, &text, &len);
	if (rc == 0)
		rc = put(path, text, len);
	sl_json_out_free(o);
	return rc;
}
