/* SPDX-License-Identifier: BSD-3-Clause */
/* file_store.c - files that messages carried, kept on disk under their SHA-256 as a hand-over to a
 * sandbox. Control makes it, the publisher's thread alone runs it; no worker touches a disk. A file
 * is written under a name of its own beside the others and renamed once it is whole and wanted, so
 * that who watches the folder never sees half of one. What is not kept is counted by name. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/digest.h>
#include <sightline/io.h>
#include <sightline/log.h>

#include "sensor.h"

#define OPEN_MAX_FILES 256 /* at once; each holds a descriptor */
#define PART ".part-" /* its name begins so */
#define PART_NAME 64
#define MADE_S 60 /* a file that is younger may be about to be locked */

enum policy { KEEP_MATCHED, KEEP_ALL };
enum place { VACANT, COMES, GIVEN_UP, ENDED };

struct entry {
	uint8_t place; /* enum place */
	bool matched;
	unsigned worker;
	uint32_t message;
	uint64_t file, flow, size;
	int fd; /* -1: none */
	char part[PART_NAME]; /* its name until it is whole */
	char name[2 * SL_DIGEST_MAX + 1];
};

struct file_store {
	int dir;
	enum policy policy;
	uint64_t max_size, quota, used, numbered;
	uint64_t began_ns; /* with the process' number: no other run has both */
	const char *const *types;
	size_t type_count;
	struct sl_counters *counters;
	bool told; /* that something could not be written */
	unsigned open;
	struct entry entry[OPEN_MAX_FILES];
};

bool file_store_wanted(const struct sl_config *c)
{
	return strcmp(sl_config_text(c, "file_store.policy"), "none") != 0;
}

/* What a run left half written that was killed: nobody holds its lock, which is taken right after
 * the file is made. */
static bool left_over(const struct file_store *s, const char *name, const struct stat *st)
{
	if (strncmp(name, PART, strlen(PART)) != 0 || time(NULL) < st->st_mtime + MADE_S)
		return false;
	int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool over = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (over)
		over = unlinkat(s->dir, name, 0) == 0;
	if (fd >= 0)
		close(fd);
	return over;
}

/* What the folder holds already. */
static void take_stock(void *store, const char *name)
{
	struct file_store *s = store;
	struct stat st;
	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		!left_over(s, name, &st))
		s->used += (uint64_t)st.st_size;
}

int file_store_new(struct file_store **out, const struct sl_config *c, struct sl_counters *counters,
	char *err, size_t cap)
{
	const char *path = sl_config_text(c, "file_store.dir");
	*out = NULL;
	if (!file_store_wanted(c))
		return 0;
	if (path == NULL) {
		snprintf(err, cap,
			"file_store.policy wants files kept: name a folder with "
			"file_store.dir");
		return -EINVAL;
	}
	struct file_store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = s->dir < 0 ? -errno : sl_io_each(s->dir, take_stock, s);
	if (rc < 0) {
		snprintf(err, cap, "file_store.dir %s: %s; name a folder that can be written", path,
			strerror(-rc));
		file_store_free(s);
		return rc;
	}
	s->policy = strcmp(sl_config_text(c, "file_store.policy"), "all") == 0 ? KEEP_ALL
									       : KEEP_MATCHED;
	s->max_size = sl_config_u64(c, "file_store.max_size");
	s->quota = sl_config_u64(c, "file_store.quota");
	s->types = sl_config_list(c, "file_store.types", &s->type_count);
	s->counters = counters;
	s->began_ns = sl_clock_wall_ns();
	*out = s;
	return 0;
}

/* What was written of it is gone, unless it was kept. */
static void take_away(struct file_store *s, struct entry *e)
{
	if (e->fd < 0)
		return;
	(void)unlinkat(s->dir, e->part, 0);
	close(e->fd);
	e->fd = -1;
	s->used -= e->size;
}

/* The entry is over, kept or not. */
static void forget(struct file_store *s, struct entry *e)
{
	take_away(s, e);
	*e = (struct entry){ .place = VACANT };
	s->open--;
}

/* Nothing more of the file is written; its entry waits for its end. */
static void give_up(struct file_store *s, struct entry *e, enum sl_counter why)
{
	take_away(s, e);
	e->place = GIVEN_UP;
	sl_count(s->counters, why, 1);
}

static void failed(struct file_store *s, struct entry *e)
{
	if (!s->told)
		sl_error("file_store: %s: %s; files are left out until this is mended", e->part,
			strerror(errno));
	s->told = true;
	give_up(s, e, SL_C_FILES_UNSTORED_ERROR);
}

void file_store_free(struct file_store *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < OPEN_MAX_FILES; i++)
		if (s->entry[i].place != VACANT)
			forget(s, &s->entry[i]);
	if (s->dir >= 0)
		close(s->dir);
	free(s);
}

static struct entry *find(struct file_store *s, unsigned worker, uint64_t file)
{
	for (unsigned i = 0; s->open > 0 && i < OPEN_MAX_FILES; i++)
		if (s->entry[i].place != VACANT && s->entry[i].worker == worker &&
			s->entry[i].file == file)
			return &s->entry[i];
	return NULL;
}

static struct entry *begin(struct file_store *s, unsigned worker, const struct sl_record_file *r)
{
	struct entry *e = NULL;
	for (unsigned i = 0; i < OPEN_MAX_FILES && e == NULL; i++)
		if (s->entry[i].place == VACANT)
			e = &s->entry[i];
	if (e == NULL)
		return NULL;
	*e = (struct entry){ .place = COMES, .worker = worker, .file = r->file };
	s->open++;
	snprintf(e->part, sizeof(e->part), PART "%" PRIx64 "-%d-%" PRIu64, s->began_ns,
		(int)getpid(), s->numbered++);
	e->fd = openat(s->dir, e->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (e->fd < 0)
		failed(s, e);
	else
		(void)flock(e->fd, LOCK_EX | LOCK_NB); /* while this run is there */
	return e;
}

void file_store_bytes(struct file_store *s, unsigned worker, const struct sl_record_file *r)
{
	if (s == NULL)
		return;
	struct entry *e = find(s, worker, r->file);
	if (e == NULL && r->offset == 0 && (e = begin(s, worker, r)) == NULL)
		sl_count(s->counters, SL_C_FILES_UNSTORED_OPEN, 1);
	if (e == NULL || e->place != COMES)
		return;
	e->flow = r->flow;
	e->message = r->message;
	if (r->offset != e->size)
		give_up(s, e, SL_C_FILES_UNSTORED_PART);
	else if (e->size + r->len > s->max_size)
		give_up(s, e, SL_C_FILES_UNSTORED_SIZE);
	else if (s->used + r->len > s->quota)
		give_up(s, e, SL_C_FILES_UNSTORED_QUOTA);
	else if (sl_io_write(e->fd, r->tail, r->len) < 0)
		failed(s, e);
	else {
		e->size += r->len;
		s->used += r->len;
	}
}

static bool type_wanted(const struct file_store *s, const char *type)
{
	bool wanted = s->type_count == 0;
	for (size_t i = 0; i < s->type_count && !wanted; i++) {
		size_t n = strlen(s->types[i]);
		bool family = n > 0 && s->types[i][n - 1] == '/';
		wanted = family ? strncmp(type, s->types[i], n) == 0
				: strcmp(type, s->types[i]) == 0;
	}
	return wanted;
}

void file_store_end(struct file_store *s, unsigned worker, const struct sl_record_file *r)
{
	struct entry *e = s != NULL ? find(s, worker, r->file) : NULL;
	if (e == NULL)
		return;
	if (e->place == COMES && !r->whole)
		give_up(s, e, SL_C_FILES_UNSTORED_PART);
	if (e->place != COMES || !type_wanted(s, r->type)) {
		forget(s, e);
		return;
	}
	sl_hex(r->sha256, SL_DIGEST_MAX, e->name);
	e->place = ENDED;
}

void file_store_hit(struct file_store *s, unsigned worker, const struct sl_record *r)
{
	if (s == NULL || r->where < SL_WHERE_FILE_NAME || r->where > SL_WHERE_FILE_SHA256)
		return;
	for (unsigned i = 0; s->open > 0 && i < OPEN_MAX_FILES; i++) {
		struct entry *e = &s->entry[i];
		if (e->place != VACANT && e->worker == worker && e->flow == r->flow.id &&
			e->message == r->message)
			e->matched = true;
	}
}

/* One of its name is the same file. */
static void keep(struct file_store *s, struct entry *e)
{
	if (faccessat(s->dir, e->name, F_OK, 0) == 0) {
		sl_count(s->counters, SL_C_FILES_KNOWN, 1);
		return;
	}
	if (renameat(s->dir, e->part, s->dir, e->name) < 0) {
		failed(s, e);
		return;
	}
	close(e->fd);
	e->fd = -1;
	sl_count(s->counters, SL_C_FILES_STORED, 1);
}

void file_store_settle(struct file_store *s, unsigned worker)
{
	for (unsigned i = 0; s != NULL && s->open > 0 && i < OPEN_MAX_FILES; i++) {
		struct entry *e = &s->entry[i];
		if (e->place != ENDED || e->worker != worker)
			continue;
		if (s->policy == KEEP_ALL || e->matched)
			keep(s, e);
		forget(s, e);
	}
}

void file_store_lost(struct file_store *s, unsigned worker)
{
	for (unsigned i = 0; s != NULL && s->open > 0 && i < OPEN_MAX_FILES; i++) {
		struct entry *e = &s->entry[i];
		if ((e->place != COMES && e->place != GIVEN_UP) || e->worker != worker)
			continue;
		if (e->place == COMES)
			give_up(s, e, SL_C_FILES_UNSTORED_PART);
		forget(s, e);
	}
}
