/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - a source that is a file, or a folder with all below it. Whether anything changed is told
 * from names, sizes and times; what changes while it is read is read again later. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/io.h>

#include "feeds.h"

#define FOLDERS_DEEP 16
#define FNV_PRIME 0x100000001b3u

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

static enum look file_take(
	struct feed *f, const char *path, const char *name, struct pieces *out, uint64_t *room)
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
	char *bytes = NULL;
	ssize_t n = 0;
	if (!S_ISREG(before.st_mode))
		look = failed(f, path, EINVAL);
	else if (size > *room)
		look = too_large(f, path);
	else if ((bytes = malloc(size + 1)) == NULL)
		look = failed(f, path, ENOMEM);
	else if ((n = sl_io_read(fd, bytes, size)) < 0)
		look = failed(f, path, (int)-n);
	else if ((uint64_t)n < size || fstat(fd, &after) < 0 || !same_stat(&before, &after))
		look = LOOK_LATER;
	close(fd);
	if (look != LOOK_NEW) {
		free(bytes);
		return look;
	}
	*room -= size;
	int rc = pieces_add(out, name, bytes, size);
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

static enum look sum(struct feed *f, const FTSENT *e, void *arg)
{
	uint64_t *h = arg;
	(void)f;
	*h = mix_stat(*h, e->fts_path, e->fts_statp);
	return LOOK_NEW;
}

struct taking {
	struct pieces *out;
	uint64_t room;
};

static enum look take(struct feed *f, const FTSENT *e, void *arg)
{
	struct taking *t = arg;
	/* A source that is a file is called as the configuration calls it. */
	return file_take(
		f, e->fts_path, e->fts_level == 0 ? f->name : e->fts_name, t->out, &t->room);
}

enum look file_look(struct feed *f, struct pieces *out)
{
	uint64_t before = 0xcbf29ce484222325u, after = before;
	struct taking t = { out, f->o.max_bytes };
	enum look look = each(f, sum, &before);
	if (look == LOOK_NEW && f->has && before == f->known.files)
		return LOOK_SAME;
	if (look == LOOK_NEW)
		look = each(f, take, &t);
	if (look == LOOK_NEW)
		look = each(f, sum, &after);
	if (look == LOOK_NEW && before != after)
		look = LOOK_LATER;
	f->pending = (struct validators){ .files = before };
	return look;
}
