/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.c - inotify: something changed near a source. What, the source's own look tells, so that an
 * event too many costs a look, and one that is missed costs the time until the next. */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "feeds.h"

#define CHANGES                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |   \
		IN_MOVE_SELF)
#define FOLDERS_MAX 4096

#define NAMED ((uint32_t)0x10000) /* paths of which are known; more are "some" */

struct watch {
	int fd;
	char **path; /* by watch descriptor; NULL: none */
	size_t room;
};

int watch_new(struct watch **out)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		int rc = -errno;
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	for (size_t i = 0; i < w->room; i++)
		free(w->path[i]);
	free(w->path);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

/* Descriptors are small numbers, and one path keeps its own. */
static void watch_one(struct watch *w, const char *path)
{
	int wd = inotify_add_watch(w->fd, path, CHANGES);
	if (wd < 0 || (uint32_t)wd >= NAMED)
		return;
	size_t at = (size_t)wd;
	if (at >= w->room) {
		size_t room = at * 2 + 16;
		char **more = realloc(w->path, room * sizeof(*more));
		if (more == NULL)
			return;
		memset(more + w->room, 0, (room - w->room) * sizeof(*more));
		w->path = more;
		w->room = room;
	}
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (w->path[at] == NULL)
		w->path[at] = strndup(path, len);
	else if (strncmp(w->path[at], path, len) != 0 || w->path[at][len] != '\0')
		w->path[at][0] = '\0'; /* sources write it in two ways */
}

/* The folder that a file lies in, as a file is often replaced by another of its name. */
static void watch_parent(struct watch *w, const char *path)
{
	char folder[LOCATION_MAX];
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	watch_one(w, folder);
}

void watch_add(struct watch *w, const char *location)
{
	char path[LOCATION_MAX];
	snprintf(path, sizeof(path), "%s", location);
	char *const paths[] = { path, NULL };
	watch_parent(w, location);
	FTS *t = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
	FTSENT *e;
	for (unsigned n = 0; t != NULL && n < FOLDERS_MAX && (e = fts_read(t)) != NULL;) {
		if (e->fts_info != FTS_D)
			continue;
		n++;
		watch_one(w, e->fts_path);
	}
	if (t != NULL)
		fts_close(t);
}

/* A path as a look at the location writes it. */
static void tell(struct watch *w, const struct inotify_event *e, watch_fn fn, void *arg)
{
	char path[LOCATION_MAX + NAME_MAX + 2];
	enum watch_change what = e->mask & IN_MOVED_TO	    ? WATCH_NAMED
				 : e->mask & IN_CLOSE_WRITE ? WATCH_CLOSED
							    : WATCH_BEGUN;
	const char *folder = e->wd >= 0 && (size_t)e->wd < w->room ? w->path[e->wd] : NULL;
	if ((e->mask & IN_IGNORED) != 0 && folder != NULL) {
		free(w->path[e->wd]);
		w->path[e->wd] = NULL;
		return;
	}
	if (folder == NULL || folder[0] == '\0' || e->len == 0 || (e->mask & IN_ISDIR) != 0) {
		fn(arg, NULL, WATCH_BEGUN);
		return;
	}
	bool slash = strcmp(folder, "/") == 0;
	bool here = strcmp(folder, ".") == 0;
	snprintf(path, sizeof(path), "%s%s%s", here ? "" : folder, here || slash ? "" : "/",
		e->name);
	fn(arg, path, what);
}

void watch_take(struct watch *w, watch_fn fn, void *arg)
{
	char events[16384] __attribute__((aligned(8)));
	ssize_t n;
	while ((n = read(w->fd, events, sizeof(events))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(events + at);
			tell(w, e, fn, arg);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
}
