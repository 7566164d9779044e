/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds.c - the files that indicators come from, one by one: whether what came of one may take the
 * place of what was there, and whether it was brought up to date. Control thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sightline/clock.h>
#include <sightline/log.h>

#include "armory.h"

#define LOOK_NS (10 * SL_SECOND)

/* When the file last changed; of what stands in an archive, the archive. 0: nobody knows. */
static uint64_t changed_s(const char *path)
{
	char at[4096];
	struct stat st;
	size_t len = strlen(path);
	if (len >= sizeof(at))
		return 0;
	memcpy(at, path, len + 1);
	while (stat(at, &st) < 0) {
		char *slash = strrchr(at, '/');
		if (errno != ENOTDIR || slash == NULL || slash == at)
			return 0;
		*slash = '\0';
	}
	return st.st_mtime > 0 ? (uint64_t)st.st_mtime : 0;
}

struct armory_feed *feeds_of(const struct sl_intel *in, const struct sl_policy *policy)
{
	size_t n;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	struct armory_feed *f = calloc(n + 1, sizeof(*f));
	for (size_t i = 0; f != NULL && i < n; i++) {
		struct sl_source_policy says;
		sl_policy_of(policy, s[i].name, s[i].path, &says);
		f[i].path = strdup(s[i].path);
		f[i].armed = s[i].count[SL_ARMED];
		f[i].quiet = s[i].count[SL_QUIET];
		f[i].changed_s = changed_s(s[i].path);
		f[i].stale_after_s = says.stale_after_ns / SL_SECOND;
		if (f[i].path == NULL) {
			feeds_free(f);
			return NULL;
		}
	}
	return f;
}

void feeds_free(struct armory_feed *f)
{
	for (size_t i = 0; f != NULL && f[i].path != NULL; i++)
		free(f[i].path);
	free(f);
}

static size_t count(const struct armory_feed *f)
{
	size_t n = 0;
	while (f != NULL && f[n].path != NULL)
		n++;
	return n;
}

/* The one of this path, from `from` on and round; they mostly stand in the same order. NULL: there
 * is none. */
static const struct armory_feed *find(
	const struct armory_feed *all, size_t n, size_t from, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		const struct armory_feed *f = &all[(from + i) % n];
		if (strcmp(f->path, path) == 0)
			return f;
	}
	return NULL;
}

static bool sound(const struct sl_config *c, const struct armory_feed *before,
	const struct armory_feed *f, char why[FEEDS_WHY])
{
	uint64_t had = before->armed + before->quiet, has = f->armed + f->quiet;
	double least = sl_config_double(c, "reload_min_ratio");
	double most = sl_config_double(c, "reload_max_ratio");
	uint64_t more = sl_config_u64(c, "reload_max_more");
	if (has == 0 && had > 0 && least > 0)
		snprintf(why, FEEDS_WHY,
			"%s has no indicator, where it had %" PRIu64
			"; mend the feed, or take it away",
			f->path, had);
	else if ((double)has < least * (double)had)
		snprintf(why, FEEDS_WHY,
			"%s: %" PRIu64 " of %" PRIu64
			" indicators would be left, less than --reload-min-ratio %g; mend the feed",
			f->path, has, had, least);
	else if (most > 0 && had > 0 && (double)has > most * (double)had && has - had > more)
		snprintf(why, FEEDS_WHY,
			"%s grew from %" PRIu64 " to %" PRIu64
			" indicators, more than reload_max_ratio %g and reload_max_more %" PRIu64
			" allow; mend the feed, or begin with it anew",
			f->path, had, has, most, more);
	return why[0] == '\0';
}

bool feeds_sound(const struct sl_config *c, const struct armory_feed *had,
	const struct armory_feed *next, char why[FEEDS_WHY])
{
	size_t n = count(had);
	for (size_t i = 0; next != NULL && next[i].path != NULL; i++) {
		const struct armory_feed *before = find(had, n, i, next[i].path);
		if (before != NULL && !before->handed && !sound(c, before, &next[i], why))
			return false;
	}
	return true;
}

/* ---- Whether they are brought up to date ---- */

void feeds_handed(struct armory_feed *f, const struct armory_paths *handed)
{
	for (; f != NULL && handed != NULL && f->path != NULL; f++)
		for (size_t i = 0; i < handed->count && !f->handed; i++)
			f->handed = strcmp(f->path, handed->path[i]) == 0;
}

void feeds_follow(const struct armory_feed *had, struct armory_feed *next)
{
	size_t n = count(had);
	for (size_t i = 0; next != NULL && next[i].path != NULL; i++) {
		const struct armory_feed *before = find(had, n, i, next[i].path);
		next[i].stale = before != NULL && before->stale;
	}
}

static void look(struct armory *a, struct armory_feed *f, uint64_t now_s)
{
	uint64_t changed = changed_s(f->path);
	bool stale = changed + f->stale_after_s < now_s, was = f->stale;
	pthread_mutex_lock(&a->lock);
	f->stale = stale;
	pthread_mutex_unlock(&a->lock);
	if (stale == was)
		return;
	char text[SL_TIME_TEXT];
	sl_time_text(changed * SL_SECOND, text);
	if (stale)
		sl_warn("feed %s is stale: its file last changed at %s, longer ago than its "
			"stale_after; look at what brings it",
			f->path, changed > 0 ? text : "no time that is known");
	else
		sl_info("feed %s is good again: its file changed at %s", f->path, text);
}

void armory_look(struct armory *a)
{
	uint64_t now_ns = sl_clock_mono_ns(), now_s = sl_clock_wall_ns() / SL_SECOND;
	if (a->looked_ns != 0 && now_ns - a->looked_ns < LOOK_NS)
		return;
	a->looked_ns = now_ns;
	for (size_t i = 0; a->feed != NULL && a->feed[i].path != NULL; i++)
		if (a->feed[i].stale_after_s > 0 && !a->feed[i].handed)
			look(a, &a->feed[i], now_s);
}
