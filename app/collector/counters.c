/* SPDX-License-Identifier: BSD-3-Clause */
/* counters.c - the collector's counters as one JSON object. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/json.h>

#include "collector.h"

static void write_all(const struct receiver *r, struct sl_json_out *o)
{
#define X(id, metric) metric,
	static const char *const metrics[] = { COLLECTOR_COUNTERS(X) };
#undef X
	sl_json_object(o, NULL);
	for (unsigned i = 0; i < COUNT_COUNT; i++)
		sl_json_u64(o, metrics[i], r->count[i]);
	sl_json_u64(o, "sightline_store_sightings", sl_store_count(r->store));
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

int counters_write(const struct receiver *r, const char *path)
{
	struct sl_json_out *o;
	const char *text;
	size_t len;
	int rc = sl_json_out_new(&o);
	if (rc < 0)
		return rc;
	write_all(r, o);
	rc = sl_json_line(o, &text, &len);
	if (rc == 0)
		rc = put(path, text, len);
	sl_json_out_free(o);
	return rc;
}
