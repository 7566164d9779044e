/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - a source that is a file, or a folder with all below it. Whether a file changed is told
 * from its name, size and times: one that didn't is not read. What is being written is read once it
 * is whole, and stays as it was until then. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/io.h>

#include "feeds.h"

#define FOLDERS_DEEP 16
#define FNV_PRIME 0x100000001b3u
#define FNV_BASIS 0xcbf29ce484222325u
#define STILL_NS (SL_SECOND / 10) /* not written for so long, it is whole */

/* FNV-1a: tells two states of one's own disk apart, nothing more. */
static uint64_t mix(uint64_t h, const void *p, size_t len)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * FNV_PRIME;
	return h;
}

static uint64_t mix_stat(uint64_t h, const char *path, const struct stat *st)
{
	const uint64_t said[] = { (uint64_t)st->st_dev, (uint64_t)st->st_ino, (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec };
	h = mix(h, path, strlen(path));
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		h = (h ^ said[i]) * FNV_PRIME;
	return h;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return mix_stat(0, "", a) == mix_stat(0, "", b);
}

static enum look failed(struct feed *f, const char *path, int error)
{
	snprintf(f->said, sizeof(f->said), "%.200s: %s", path, strerror(error));
	return LOOK_FAILED;
}

static enum look too_large(struct feed *f, const char *path)
{
	snprintf(f->said, sizeof(f->said), "%.200s: larger than max_size in all", path);
	return LOOK_FAILED;
}

uint64_t file_key(const char *path)
{
	return mix(FNV_BASIS, path, strlen(path));
}

static enum look file_take(struct feed *f, const char *path, struct piece *one, const char *name,
	struct pieces *out, uint64_t *room)
{
	struct stat before, after;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &before) < 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return failed(f, path, error);
	}
	uint64_t size = (uint64_t)before.st_size;
	enum look look = LOOK_NEW;
	ssize_t n = 0;
	one->len = size;
	one->state = mix_stat(FNV_BASIS, path, &before);
	if (!S_ISREG(before.st_mode))
		look = failed(f, path, EINVAL);
	else if (size > *room)
		look = too_large(f, path);
	else if ((one->p = malloc(size + 1)) == NULL)
		look = failed(f, path, ENOMEM);
	else if ((n = sl_io_read(fd, one->p, size)) < 0)
		look = failed(f, path, (int)-n);
	else if ((uint64_t)n < size || fstat(fd, &after) < 0 || !same_stat(&before, &after))
		look = LOOK_LATER;
	close(fd);
	if (look != LOOK_NEW) {
		free(one->p);
		one->p = NULL;
		return look;
	}
	*room -= size;
	int rc = pieces_add(out, one, name);
	return rc < 0 ? failed(f, path, rc == -E2BIG ? EMFILE : ENOMEM) : LOOK_NEW;
}

/* ---- a folder ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Calls fn for each regular file in order of name. LOOK_NEW: for all of them. */
static enum look each(
	struct feed *f, enum look (*fn)(struct feed *f, const FTSENT *e, void *arg), void *arg)
{
	char *const paths[] = { f->location, NULL };
	FTS *t = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
	enum look look = t == NULL ? failed(f, f->location, errno) : LOOK_NEW;
	FTSENT *e;
	while (look == LOOK_NEW && (e = fts_read(t)) != NULL) {
		bool hidden = e->fts_level > 0 && e->fts_name[0] == '.';
		if (e->fts_info == FTS_D && (hidden || e->fts_level > FOLDERS_DEEP))
			fts_set(t, e, FTS_SKIP);
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			look = failed(f, e->fts_path, e->fts_errno);
		else if (e->fts_info == FTS_F && !hidden)
			look = fn(f, e, arg);
	}
	if (t != NULL)
		fts_close(t);
	return look;
}

struct taking {
	struct pieces *out;
	uint64_t room, now_ns;
	size_t fresh; /* pieces that are not as they were */
};

static bool told_whole(const struct feed *f, uint64_t key)
{
	for (unsigned i = 0; i < f->told_count; i++)
		if (f->told[i] == key)
			return true;
	return false;
}

/* Written a moment ago, and nobody said that it is whole. What a start finds is taken as it is. */
static bool moving(const struct feed *f, uint64_t key, const struct stat *st, uint64_t now_ns)
{
	uint64_t at = (uint64_t)st->st_mtim.tv_sec * SL_SECOND + (uint64_t)st->st_mtim.tv_nsec;
	return f->has && !told_whole(f, key) && at <= now_ns && now_ns - at < STILL_NS;
}

static enum look take(struct feed *f, const FTSENT *e, void *arg)
{
	struct taking *t = arg;
	/* A source that is a file is called as the configuration calls it. */
	const char *name = e->fts_level == 0 ? f->name : e->fts_name;
	struct piece one = { .key = file_key(e->fts_path) };
	const struct part *had = part_find(f, one.key);
	bool same = had != NULL && had->state == mix_stat(FNV_BASIS, e->fts_path, e->fts_statp);
	bool later = !same && moving(f, one.key, e->fts_statp, t->now_ns);
	if (!same && !later) {
		enum look look = file_take(f, e->fts_path, &one, name, t->out, &t->room);
		t->fresh += look == LOOK_NEW;
		if (look != LOOK_LATER || !f->has)
			return look;
		later = true;
	}
	f->again |= later;
	if (had == NULL)
		return LOOK_NEW;
	one = (struct piece){ .key = one.key, .same = true, .len = had->bytes };
	if (had->bytes > t->room)
		return too_large(f, e->fts_path);
	t->room -= had->bytes;
	int rc = pieces_add(t->out, &one, name);
	return rc < 0 ? failed(f, e->fts_path, rc == -E2BIG ? EMFILE : ENOMEM) : LOOK_NEW;
}

enum look file_look(struct feed *f, struct pieces *out)
{
	struct taking t = { .out = out, .room = f->o.max_bytes, .now_ns = sl_clock_wall_ns() };
	f->again = false;
	f->pending = (struct validators){ 0 };
	enum look look = each(f, take, &t);
	f->told_count = 0;
	if (look != LOOK_NEW || t.fresh > 0 || !f->has || out->count < f->parts)
		return look;
	return f->again ? LOOK_LATER : LOOK_SAME;
}
