/* SPDX-License-Identifier: BSD-3-Clause */
/* seen.c - what was read, as it was when it was read. Control threads. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sightline/clock.h>
#include <sightline/image.h>
#include <sightline/seen.h>

#include "reading.h"

#define SEEN_MAX 65536
#define DEPTH_MAX 32 /* no reader goes deeper */
#define COARSE_NS (2 * SL_SECOND)

/* Without padding, so that it can be compared and written as it is. */
struct state {
	uint64_t there, device, inode, size, kind;
	int64_t modified_s, modified_ns, changed_s, changed_ns;
};

struct one {
	const char *path;
	struct state state;
};

struct sl_seen {
	struct sl_arena *arena;
	struct one *one;
	size_t n, cap, folders;
};

int sl_seen_new(struct sl_seen **out)
{
	struct sl_seen *s = calloc(1, sizeof(*s));
	int rc = s != NULL ? sl_arena_new(&s->arena) : -ENOMEM;
	if (rc < 0)
		free(s);
	else
		*out = s;
	return rc;
}

void sl_seen_free(struct sl_seen *s)
{
	if (s == NULL)
		return;
	sl_arena_free(s->arena);
	free(s->one);
	free(s);
}

static int add(struct sl_seen *s, const char *path, const struct state *state)
{
	if (s->n == SEEN_MAX)
		return -E2BIG;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct one *more = realloc(s->one, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->one = more;
		s->cap = cap;
	}
	struct one one = { sl_arena_text(s->arena, path, strlen(path)), *state };
	if (one.path == NULL)
		return -ENOMEM;
	s->one[s->n++] = one;
	return 0;
}

int sl_seen_note(struct sl_seen *s, const char *path)
{
	struct stat st;
	struct state at = { .there = 0 };
	if (stat(path, &st) == 0)
		at = (struct state){ .there = 1,
			.device = st.st_dev,
			.inode = st.st_ino,
			.size = (uint64_t)st.st_size,
			.kind = st.st_mode,
			.modified_s = st.st_mtim.tv_sec,
			.modified_ns = st.st_mtim.tv_nsec,
			.changed_s = st.st_ctim.tv_sec,
			.changed_ns = st.st_ctim.tv_nsec };
	return add(s, path, &at);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int folder_note(
	struct sl_seen *s, const char *path, int (*which)(const struct dirent *d), unsigned depth);

static int member_note(struct sl_seen *s, const char *folder, const char *name,
	int (*which)(const struct dirent *d), unsigned depth)
{
	char path[PATH_MAX];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (len >= (int)sizeof(path)) /* then it isn't read either */
		return 0;
	bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!is_folder)
		return sl_seen_note(s, path);
	return which == visible ? folder_note(s, path, which, depth + 1) : 0;
}

/* Links are followed, as some readers do; so that they may lead round and round, folders are
 * counted. */
static int folder_note(
	struct sl_seen *s, const char *path, int (*which)(const struct dirent *d), unsigned depth)
{
	struct dirent **names;
	if (depth == DEPTH_MAX || ++s->folders > SEEN_MAX)
		return depth == DEPTH_MAX ? 0 : -E2BIG;
	int n = scandir(path, &names, which, NULL), rc = 0;
	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : 0; /* the reader will say so */
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = member_note(s, path, names[i]->d_name, which, depth);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The order in which a folder gives its files is nobody's promise. */
static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct one *)a)->path, ((const struct one *)b)->path);
}

int sl_seen_tree(struct sl_seen *s, const char *path)
{
	struct stat st;
	char folder[PATH_MAX];
	size_t first = s->n;
	bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	const char *slash = strrchr(path, '/');
	int len = slash == NULL || slash == path ? 1 : (int)(slash - path);
	snprintf(folder, sizeof(folder), "%.*s", len, slash != NULL ? path : ".");
	int rc = is_folder ? 0 : sl_seen_note(s, path);
	if (rc == 0)
		rc = is_folder ? folder_note(s, path, visible, 0)
			       : folder_note(s, folder, categories_named, 0);
	if (s->n > first)
		qsort(s->one + first, s->n - first, sizeof(*s->one), by_path);
	return rc;
}

bool sl_seen_same(const struct sl_seen *a, const struct sl_seen *b, const char **path)
{
	size_t n = a->n < b->n ? a->n : b->n;
	for (size_t i = 0; i < n; i++) {
		const struct one *x = &a->one[i], *y = &b->one[i];
		*path = x->path;
		if (strcmp(x->path, y->path) != 0 ||
			memcmp(&x->state, &y->state, sizeof(x->state)) != 0)
			return false;
	}
	if (a->n != b->n)
		*path = a->n > n ? a->one[n].path : b->one[n].path;
	return a->n == b->n;
}

bool sl_seen_unsure(const struct sl_seen *s, const char **path)
{
	uint64_t now_ns = sl_clock_wall_ns();
	for (size_t i = 0; i < s->n; i++) {
		const struct state *k = &s->one[i].state;
		uint64_t at_ns = (uint64_t)k->modified_s * SL_SECOND + (uint64_t)k->modified_ns;
		*path = s->one[i].path;
		if (k->there && (!S_ISREG((mode_t)k->kind) || at_ns + COARSE_NS > now_ns))
			return true;
	}
	return false;
}

void sl_seen_save(const struct sl_seen *s, struct sl_image_out *o)
{
	sl_image_put_u64(o, s->n);
	for (size_t i = 0; i < s->n; i++) {
		sl_image_put_text(o, s->one[i].path);
		sl_image_put(o, &s->one[i].state, sizeof(s->one[i].state));
	}
}

int sl_seen_load(struct sl_seen **out, struct sl_image_in *in)
{
	struct sl_seen *s;
	int rc = sl_seen_new(&s);
	if (rc < 0)
		return rc;
	uint64_t n = sl_image_take_count(in, SEEN_MAX, sizeof(struct state));
	for (uint64_t i = 0; i < n && rc == 0; i++) {
		char path[PATH_MAX];
		struct state state;
		sl_image_take_text(in, path, sizeof(path));
		sl_image_take(in, &state, sizeof(state));
		rc = sl_image_bad(in) ? -EBADMSG : add(s, path, &state);
	}
	if (rc == 0 && sl_image_bad(in))
		rc = -EBADMSG;
	if (rc < 0)
		sl_seen_free(s);
	else
		*out = s;
	return rc;
}
