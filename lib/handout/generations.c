/* SPDX-License-Identifier: BSD-3-Clause */
/* generations.c - what the collector has handed out: each set on disk, with what makes it of the
 * one before. One thread makes a generation at a time; any thread reads meanwhile, as a file is
 * never changed once it has its name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>

#include "generations.h"

int sl_generations_open(
	struct sl_generations **out, const char *dir, unsigned keep, char *err, size_t err_len)
{
	struct sl_generations *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return -ENOMEM;
	g->keep = keep > 0 ? keep : 1;
	pthread_mutex_init(&g->writer, NULL);
	pthread_mutex_init(&g->lock, NULL);
	g->files = -1;
	g->folder = disk_folder(dir);
	int rc = g->folder < 0 ? g->folder : 0;
	if (rc == 0) {
		g->files = disk_below(g->folder, "files");
		rc = g->files < 0 ? g->files : 0;
	}
	if (rc == 0)
		rc = generations_read(g);
	if (rc < 0) {
		snprintf(err, err_len, "%s: %s", dir,
			rc == -EBUSY	 ? "another collector hands out from it"
			: rc == -EBADMSG ? "what it says of its generations can't be read; move "
					   "it away to begin anew"
					 : strerror(-rc));
		sl_generations_close(g);
		return rc;
	}
	generations_prune(g, false); /* of files, feeds may have some that no set names yet */
	*out = g;
	return 0;
}

void sl_generations_close(struct sl_generations *g)
{
	if (g == NULL)
		return;
	if (g->files >= 0)
		close(g->files);
	if (g->folder >= 0)
		close(g->folder);
	pthread_mutex_destroy(&g->lock);
	pthread_mutex_destroy(&g->writer);
	free(g->all);
	free(g);
}

int sl_generations_file(
	struct sl_generations *g, const void *p, size_t len, char sha256[SL_SET_HEX])
{
	uint8_t digest[SL_DIGEST_MAX];
	int rc = sl_digest_of(SL_SHA256, p, len, digest);
	if (rc < 0)
		return rc;
	sl_hex(digest, SL_DIGEST_MAX, sha256);
	if (faccessat(g->files, sha256, F_OK, 0) == 0)
		return 0;
	return disk_write(g->files, sha256, p, len);
}

bool sl_generations_newest(struct sl_generations *g, struct sl_generation *out)
{
	pthread_mutex_lock(&g->lock);
	bool any = g->count > 0;
	if (any)
		*out = g->all[g->count - 1];
	pthread_mutex_unlock(&g->lock);
	return any;
}

bool sl_generations_held(struct sl_generations *g)
{
	pthread_mutex_lock(&g->lock);
	bool held = g->held;
	pthread_mutex_unlock(&g->lock);
	return held;
}

/* ---- making one ---- */

/* The list with one more, from which is gone what is no longer kept. */
static int list_with(const struct sl_generations *g, const struct sl_generation *one,
	struct sl_generation **out, size_t *count)
{
	struct sl_generation *all = calloc(g->count + 1, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	size_t n = 0, names = (size_t)g->keep * DELTAS_OF_SET;
	size_t from = g->count + 1 > names ? g->count + 1 - names : 0;
	for (size_t i = from; i < g->count; i++) {
		all[n] = g->all[i];
		all[n].kept &= g->count + 1 - i <= g->keep;
		n++;
	}
	all[n++] = *one;
	*out = all;
	*count = n;
	return 0;
}

/* Writes the change that made the generation, where that is less work to take than the set. */
static int delta_make(struct sl_generations *g, const struct sl_generation *last,
	struct sl_generation *one, struct sl_set_text now)
{
	char name[GENERATION_NAME];
	struct sl_set_text before;
	struct disk_file d;
	generation_set(last->number, name);
	int rc = sl_set_map(g->folder, name, &before);
	if (rc < 0)
		return rc;
	generation_delta(one->number, name);
	rc = disk_begin(&d, g->folder, name);
	if (rc == 0) {
		rc = sl_set_change(before, now, d.f);
		off_t size = ftello(d.f);
		bool small = (uint64_t)size <= SL_SET_CHANGE_BYTES_MAX &&
			     (uint64_t)size <= now.len / 2 + SL_SET_CHUNK;
		if (rc == 0 && small)
			rc = disk_keep(&d);
		else
			disk_drop(&d);
		one->delta = rc == 0 && small;
	}
	sl_set_unmap(&before);
	return rc;
}

static int enlist(struct sl_generations *g, const struct sl_generation *one, bool held, bool files)
{
	struct sl_generation *all = NULL, *old;
	size_t count;
	int rc = list_with(g, one, &all, &count);
	if (rc == 0)
		rc = generations_write(g, all, count, held);
	if (rc < 0) {
		free(all);
		return rc;
	}
	pthread_mutex_lock(&g->lock);
	old = g->all;
	g->all = all;
	g->count = count;
	g->held = held;
	pthread_mutex_unlock(&g->lock);
	free(old);
	generations_prune(g, files);
	return 0;
}

/* The set lies on the disk under the next number. */
static int generation_make(struct sl_generations *g, struct sl_generation *one, bool held)
{
	const struct sl_generation *last = g->count > 0 ? &g->all[g->count - 1] : NULL;
	struct sl_set_text now;
	char name[GENERATION_NAME];
	generation_set(one->number, name);
	int rc = sl_set_map(g->folder, name, &now);
	if (rc < 0)
		return rc;
	one->bytes = now.len;
	one->time_s = sl_clock_wall_ns() / SL_SECOND;
	one->kept = true;
	rc = now.len > SL_SET_BYTES_MAX ? -EFBIG : sl_set_check(now, &one->lines, NULL, NULL);
	if (rc == 0)
		rc = sl_digest_of(SL_SHA256, now.p, now.len, one->sha256);
	bool same = rc == 0 && last != NULL &&
		    memcmp(last->sha256, one->sha256, sizeof(one->sha256)) == 0;
	if (rc == 0 && last != NULL && !same)
		rc = delta_make(g, last, one, now);
	sl_set_unmap(&now);
	if (rc == 0 && !same)
		return enlist(g, one, held, one->back_to == 0);
	unlinkat(g->folder, name, 0);
	return rc < 0 ? rc : 1;
}

static int make(
	struct sl_generations *g, const struct sl_set_text *sets, size_t n, uint64_t back_to)
{
	struct sl_generation one = { .number = g->count > 0 ? g->all[g->count - 1].number + 1 : 1,
		.back_to = back_to };
	char name[GENERATION_NAME];
	struct disk_file d;
	generation_set(one.number, name);
	int rc = disk_begin(&d, g->folder, name);
	if (rc < 0)
		return rc;
	rc = sl_set_union(sets, n, d.f);
	if (rc < 0)
		disk_drop(&d);
	else
		rc = disk_keep(&d);
	return rc < 0 ? rc : generation_make(g, &one, back_to != 0);
}

int sl_generations_add(struct sl_generations *g, const struct sl_set_text *sets, size_t n)
{
	pthread_mutex_lock(&g->writer);
	int rc = g->held ? -EAGAIN : make(g, sets, n, 0);
	pthread_mutex_unlock(&g->writer);
	return rc;
}

/* The newest before the one handed out whose set differs from it, or the one that is named. */
static const struct sl_generation *back_find(const struct sl_generations *g, uint64_t to)
{
	const struct sl_generation *last = g->count > 0 ? &g->all[g->count - 1] : NULL;
	if (to != 0 || last == NULL)
		return generation_find(g, to);
	/* Going back again goes further back than where the set first stood; what was gone back
	 * from may have been handed out again since. */
	uint64_t below = last->number;
	for (const struct sl_generation *o = last;
		o != NULL && o->back_to != 0 && o->back_to < below;
		o = generation_find(g, o->back_to))
		below = o->back_to;
	for (size_t i = g->count; i-- > 0;)
		if (g->all[i].number < below &&
			memcmp(g->all[i].sha256, last->sha256, sizeof(last->sha256)) != 0)
			return &g->all[i];
	return NULL;
}

static int hold(struct sl_generations *g, bool held)
{
	int rc = g->held == held ? 0 : generations_write(g, g->all, g->count, held);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&g->lock);
	g->held = held;
	pthread_mutex_unlock(&g->lock);
	return 0;
}

int sl_generations_back(struct sl_generations *g, uint64_t to)
{
	struct sl_set_text t;
	char name[GENERATION_NAME];
	pthread_mutex_lock(&g->writer);
	const struct sl_generation *old = back_find(g, to);
	int rc = old == NULL || !old->kept ? -ENOENT : 0;
	if (rc == 0) {
		uint64_t number = old->number;
		generation_set(number, name);
		rc = sl_set_map(g->folder, name, &t);
		if (rc == 0) {
			rc = make(g, &t, 1, number);
			sl_set_unmap(&t);
		}
		if (rc == 1) /* it is handed out already: what is asked for is that it stays */
			rc = hold(g, true);
	}
	pthread_mutex_unlock(&g->writer);
	return rc;
}

int sl_generations_resume(struct sl_generations *g)
{
	pthread_mutex_lock(&g->writer);
	int rc = hold(g, false);
	pthread_mutex_unlock(&g->writer);
	return rc;
}
