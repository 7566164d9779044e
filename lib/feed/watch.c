/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.c - inotify: something changed near a source. What, the source's own look tells, so that an
 * event too many costs a look, and one that is missed costs the time until the next. */
#include <errno.h>
#include <fts.h>
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

struct watch {
	int fd;
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
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
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
	(void)inotify_add_watch(w->fd, folder, CHANGES);
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
		(void)inotify_add_watch(w->fd, e->fts_path, CHANGES);
	}
	if (t != NULL)
		fts_close(t);
}

bool watch_take(struct watch *w)
{
	char events[16384] __attribute__((aligned(8)));
	bool any = false;
	while (read(w->fd, events, sizeof(events)) > 0)
		any = true;
	return any;
}
