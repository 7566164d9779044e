/* SPDX-License-Identifier: BSD-3-Clause */
/* disk.c - files that are there whole or not at all: written aside, synced, renamed, and the folder
 * synced. Any thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/io.h>

#include "disk.h"

#define PART ".part"

int disk_folder(const char *path)
{
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return -errno;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	int rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return rc;
}

int disk_below(int folder, const char *name)
{
	if (mkdirat(folder, name, 0750) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int disk_begin(struct disk_file *d, int folder, const char *name)
{
	d->f = NULL;
	d->folder = folder;
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->part, sizeof(d->part), "%s" PART, d->name);
	int fd = openat(
		folder, d->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	d->f = fdopen(fd, "w");
	if (d->f != NULL)
		return 0;
	close(fd);
	return -ENOMEM;
}

void disk_drop(struct disk_file *d)
{
	if (d->f == NULL)
		return;
	fclose(d->f);
	d->f = NULL;
	unlinkat(d->folder, d->part, 0);
}

int disk_name(struct disk_file *d)
{
	errno = 0;
	bool good = fflush(d->f) == 0 && !ferror(d->f);
	int rc = good ? 0 : errno != 0 ? -errno : -EIO;
	if (rc < 0) {
		disk_drop(d);
		return rc;
	}
	fclose(d->f);
	d->f = NULL;
	return renameat(d->folder, d->part, d->folder, d->name) < 0 ? -errno : 0;
}

int disk_keep(struct disk_file *d)
{
	if (fflush(d->f) == 0 && fsync(fileno(d->f)) < 0) {
		int rc = -errno;
		disk_drop(d);
		return rc;
	}
	int rc = disk_name(d);
	return rc < 0 ? rc : fsync(d->folder) < 0 ? -errno : 0;
}

int disk_sync(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int disk_write(int folder, const char *name, const void *p, size_t len)
{
	struct disk_file d;
	int rc = disk_begin(&d, folder, name);
	if (rc < 0)
		return rc;
	if (len > 0)
		fwrite(p, 1, len, d.f); /* an error is disk_keep's to see */
	return disk_keep(&d);
}

struct each {
	int folder;
	void (*fn)(void *arg, const char *name);
	void *arg;
};

static bool on_its_way(const char *name)
{
	size_t n = strlen(name), p = sizeof(PART) - 1;
	return n > p && strcmp(name + n - p, PART) == 0;
}

static void each_of(void *arg, const char *name)
{
	const struct each *e = arg;
	if (name[0] != '.' && !on_its_way(name))
		e->fn(e->arg, name);
}

void disk_each(int folder, void (*fn)(void *arg, const char *name), void *arg)
{
	struct each e = { folder, fn, arg };
	(void)sl_io_each(folder, each_of, &e);
}

static void sweep(void *arg, const char *name)
{
	if (on_its_way(name))
		unlinkat(*(int *)arg, name, 0);
}

void disk_sweep(int folder)
{
	(void)sl_io_each(folder, sweep, &folder);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool disk_unhex(const char *text, uint8_t out[SL_DIGEST_MAX])
{
	for (size_t i = 0; i < SL_DIGEST_MAX; i++) {
		int high = digit(text[2 * i]);
		int low = high < 0 ? -1 : digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * SL_DIGEST_MAX] == '\0';
}

int sl_set_map(int folder, const char *name, struct sl_set_text *out)
{
	struct stat st;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int rc = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : 0;
	void *p = NULL;
	if (rc == 0 && st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		rc = p == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	if (rc == 0)
		*out = (struct sl_set_text){ p, (size_t)st.st_size };
	return rc;
}

void sl_set_unmap(struct sl_set_text *t)
{
	if (t->p != NULL)
		munmap((void *)(uintptr_t)t->p, t->len);
	*t = (struct sl_set_text){ NULL, 0 };
}
