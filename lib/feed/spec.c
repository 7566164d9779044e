/* SPDX-License-Identifier: BSD-3-Clause */
/* spec.c - a source as the configuration writes it. At start. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/config.h>

#include "feeds.h"

/* The first whose beginning fits. */
const struct feed_kind feed_kinds[] = {
	{ .begins = "http://", .look = http_look },
	{ .begins = "https://", .look = http_look },
	{ .begins = "taxii+", .missing = "TAXII servers are not asked yet" },
	{ .begins = "misp+", .missing = "MISP servers are not asked yet" },
	{ .begins = NULL, .watched = true, .look = file_look },
};

static int wrong(char *err, size_t len, const char *spec, const char *what)
{
	snprintf(err, len, "sources: \"%.128s\": %s", spec, what);
	return -EINVAL;
}

static bool ratio(const char *text, double least, double *out)
{
	char *end;
	errno = 0;
	double v = strtod(text, &end);
	if (errno != 0 || end == text || *end != '\0' || !(v >= least && v <= 1e9))
		return false;
	*out = v;
	return true;
}

static bool duration(const char *text, uint64_t *out)
{
	return sl_config_duration(text, out) && *out >= 1000000;
}

static bool key_set(struct sl_feed_options *o, const char *key, const char *value)
{
	if (strcmp(key, "interval") == 0)
		return duration(value, &o->interval_ns);
	if (strcmp(key, "timeout") == 0)
		return duration(value, &o->timeout_ns);
	if (strcmp(key, "stale") == 0)
		return duration(value, &o->stale_ns);
	if (strcmp(key, "max_size") == 0)
		return sl_config_size(value, &o->max_bytes) && o->max_bytes > 0 &&
		       o->max_bytes <= SL_SET_FILE_BYTES_MAX;
	if (strcmp(key, "min_ratio") == 0)
		return ratio(value, 0, &o->min_ratio) && o->min_ratio <= 1;
	if (strcmp(key, "max_growth") == 0)
		return ratio(value, 1, &o->max_growth);
	return false;
}

static int keys(struct feed *f, char *text, const char *spec, char *err, size_t len)
{
	char *rest = NULL;
	for (char *w = strtok_r(text, " \t", &rest); w != NULL; w = strtok_r(NULL, " \t", &rest)) {
		char *eq = strchr(w, '=');
		if (eq != NULL)
			*eq = '\0';
		if (eq == NULL || !key_set(&f->o, w, eq + 1))
			return wrong(err, len, spec,
				"behind the location stand interval=, timeout=, stale= (such as "
				"5m), max_size= (up to 2GiB), min_ratio= (0 to 1) or max_growth= "
				"(from 1)");
	}
	return 0;
}

static int kind_set(struct feed *f, const char *spec, char *err, size_t len)
{
	const struct feed_kind *k = feed_kinds;
	while (k->begins != NULL && strncasecmp(f->location, k->begins, strlen(k->begins)) != 0)
		k++;
	f->kind = k;
	if (k->missing != NULL)
		return wrong(err, len, spec, k->missing);
	if (k->begins == NULL && strstr(f->location, "://") != NULL)
		return wrong(err, len, spec, "a location is a path, or a URL of http or https");
	return 0;
}

int feed_spec(
	struct feed *f, const char *spec, const struct sl_feed_options *o, char *err, size_t len)
{
	const char *eq = strchr(spec, '=');
	size_t n = eq != NULL ? (size_t)(eq - spec) : 0, at = n + 1;
	f->o = *o;
	if (n == 0 || n > SL_SET_NAME_MAX)
		return wrong(
			err, len, spec, "a source is NAME=LOCATION; a name has 1 to 64 letters");
	memcpy(f->name, spec, n);
	f->name[n] = '\0';
	char clean[SL_SET_NAME_MAX + 1];
	sl_set_name(f->name, clean);
	if (strcmp(clean, f->name) != 0)
		return wrong(err, len, spec,
			"a name is of letters, digits, '.', '_' and '-', and begins with no dot");
	at += strspn(spec + at, " \t");
	size_t to = strcspn(spec + at, " \t");
	if (to == 0 || to >= sizeof(f->location))
		return wrong(
			err, len, spec, "a location, of 2047 bytes at most, stands behind '='");
	memcpy(f->location, spec + at, to);
	f->location[to] = '\0';
	char *more = strdup(spec + at + to);
	if (more == NULL)
		return -ENOMEM;
	int rc = keys(f, more, spec, err, len);
	free(more);
	return rc < 0 ? rc : kind_set(f, spec, err, len);
}
