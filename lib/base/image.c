/* SPDX-License-Identifier: BSD-3-Clause */
/* image.c - bytes in blocks, each verified before it is used. Control threads. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/hash.h>
#include <sightline/image.h>
#include <sightline/io.h>

#define BLOCK ((size_t)1 << 20)

/* What a file begins with. */
struct mark {
	char magic[8];
	uint32_t layout, order;
};
static const struct mark mark = { "SLIMAGE", SL_IMAGE_LAYOUT, 0x01020304 };

/* What a block begins with; the last one says so. */
struct head {
	uint64_t check;
	uint32_t number;
	uint32_t bytes; /* behind it; LAST beside them */
};
#define LAST 0x80000000u
#define ROOM (BLOCK - sizeof(struct head))

struct block {
	struct head head;
	uint8_t bytes[ROOM];
};

static uint64_t check_of(const struct block *b, size_t bytes)
{
	const struct sl_hash_key key = { 0x2d358dccaa6c78a5, 0x8bb84b93962eacc9 };
	uint64_t of = (uint64_t)b->head.number << 32 | b->head.bytes;
	return sl_hash_u128(key, sl_hash_bytes(key, b->bytes, bytes), of);
}

/* ---- Writing ---- */

struct sl_image_out {
	int folder, fd; /* folder -1: the file has no name */
	int error;
	size_t used;
	uint64_t bytes;
	char name[64], part[72];
	struct block block;
};

/* Whether NAME.new is still this file. */
static bool still_new(int fd, int folder, const char *part)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && fstatat(folder, part, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The lock is of the file that has the name, not of one that was renamed away meanwhile. */
static int lock_mine(const struct sl_image_out *o)
{
	if (flock(o->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return still_new(o->fd, o->folder, o->part) ? 0 : -EBUSY;
}

int sl_image_create(struct sl_image_out **out, int folder, const char *name)
{
	struct sl_image_out *o = malloc(sizeof(*o));
	if (o == NULL)
		return -ENOMEM;
	*o = (struct sl_image_out){ .folder = folder };
	int n = snprintf(o->name, sizeof(o->name), "%s", name);
	snprintf(o->part, sizeof(o->part), "%s.new", name);
	int rc = n < (int)sizeof(o->name) ? 0 : -ENAMETOOLONG;
	o->fd = rc == 0 ? openat(folder, o->part, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600)
			: -1;
	if (rc == 0)
		rc = o->fd < 0 ? -errno : lock_mine(o);
	if (rc == 0 && ftruncate(o->fd, 0) < 0)
		rc = -EIO;
	if (rc == 0)
		rc = sl_io_write(o->fd, &mark, sizeof(mark));
	if (rc < 0) {
		if (o->fd >= 0)
			close(o->fd);
		free(o);
		return rc;
	}
	*out = o;
	return 0;
}

int sl_image_create_unnamed(struct sl_image_out **out)
{
	struct sl_image_out *o = malloc(sizeof(*o));
	if (o == NULL)
		return -ENOMEM;
	*o = (struct sl_image_out){ .folder = -1 };
	o->fd = memfd_create("image", MFD_CLOEXEC);
	int rc = o->fd < 0 ? -errno : sl_io_write(o->fd, &mark, sizeof(mark));
	if (rc < 0) {
		if (o->fd >= 0)
			close(o->fd);
		free(o);
		return rc;
	}
	*out = o;
	return 0;
}

static void flush(struct sl_image_out *o, bool last)
{
	o->block.head.bytes = (uint32_t)o->used | (last ? LAST : 0);
	o->block.head.check = check_of(&o->block, o->used);
	if (o->error == 0)
		o->error = sl_io_write(o->fd, &o->block, sizeof(o->block.head) + o->used);
	o->block.head.number++;
	o->used = 0;
}

void sl_image_put(struct sl_image_out *o, const void *p, size_t bytes)
{
	const uint8_t *from = p;
	o->bytes += bytes;
	while (bytes > 0 && o->error == 0) {
		if (o->used == ROOM)
			flush(o, false);
		size_t n = bytes < ROOM - o->used ? bytes : ROOM - o->used;
		memcpy(o->block.bytes + o->used, from, n);
		o->used += n;
		from += n;
		bytes -= n;
	}
}

void sl_image_put_u32(struct sl_image_out *o, uint32_t v)
{
	sl_image_put(o, &v, sizeof(v));
}

void sl_image_put_u64(struct sl_image_out *o, uint64_t v)
{
	sl_image_put(o, &v, sizeof(v));
}

void sl_image_put_text(struct sl_image_out *o, const char *text)
{
	size_t len = strlen(text);
	sl_image_put_u32(o, (uint32_t)len);
	sl_image_put(o, text, len);
}

void sl_image_fail(struct sl_image_out *o, int error)
{
	if (o->error == 0)
		o->error = error;
}

uint64_t sl_image_put_bytes(const struct sl_image_out *o)
{
	return o->bytes;
}

void sl_image_abandon(struct sl_image_out *o)
{
	if (o == NULL)
		return;
	if (o->folder >= 0)
		(void)unlinkat(o->folder, o->part, 0);
	close(o->fd);
	free(o);
}

int sl_image_finish(struct sl_image_out *o)
{
	if (o->error == 0)
		flush(o, true);
	int rc = o->error;
	if (rc == 0 && o->folder >= 0 && fsync(o->fd) < 0)
		rc = -errno;
	if (rc < 0) {
		sl_image_abandon(o);
		return rc;
	}
	int fd = o->fd;
	free(o);
	return fd;
}

int sl_image_place(int fd, int folder, const char *name)
{
	char part[72];
	snprintf(part, sizeof(part), "%s.new", name);
	if (!still_new(fd, folder, part))
		return -ESTALE;
	if (renameat(folder, part, folder, name) < 0)
		return -errno;
	(void)fsync(folder); /* where it fails, the file of before is back after a crash */
	return 0;
}

void sl_image_remove(int fd, int folder, const char *name)
{
	char part[72];
	snprintf(part, sizeof(part), "%s.new", name);
	if (still_new(fd, folder, part))
		(void)unlinkat(folder, part, 0);
}

int sl_image_commit(struct sl_image_out *o)
{
	char name[sizeof(o->name)];
	int folder = o->folder;
	memcpy(name, o->name, sizeof(name));
	int fd = sl_image_finish(o);
	if (fd < 0)
		return fd;
	int rc = sl_image_place(fd, folder, name);
	if (rc < 0)
		sl_image_remove(fd, folder, name);
	close(fd);
	return rc;
}

/* ---- Reading ---- */

struct sl_image_in {
	int fd; /* -1: memory */
	const uint8_t *p; /* of memory, what is left */
	uint64_t left; /* of the file, or of memory */
	bool bare, bad, last;
	uint32_t number; /* of the next block */
	size_t at, used; /* in the block */
	struct block block;
};

/* Exactly so many bytes. */
static bool fetch(struct sl_image_in *in, void *p, size_t bytes)
{
	if (bytes > in->left)
		return false;
	in->left -= bytes;
	if (in->fd < 0) {
		memcpy(p, in->p, bytes);
		in->p += bytes;
		return true;
	}
	return sl_io_read(in->fd, p, bytes) == (ssize_t)bytes;
}

/* No file, or one that this program can't have written. */
static int begin(struct sl_image_in *in)
{
	struct mark m;
	if (!fetch(in, &m, sizeof(m)) || memcmp(&m, &mark, sizeof(m)) != 0)
		return -EPROTO;
	return 0;
}

static int file_open(struct sl_image_in *in, int folder, const char *name)
{
	struct stat st;
	in->fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in->fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(in->fd, &st) < 0)
		return -errno;
	bool owned = st.st_uid == 0 || st.st_uid == geteuid();
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || !owned ||
		(st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	in->left = (uint64_t)st.st_size;
	(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return begin(in);
}

static struct sl_image_in *in_new(void)
{
	struct sl_image_in *in = malloc(sizeof(*in));
	if (in != NULL) {
		memset(in, 0, offsetof(struct sl_image_in, block));
		in->fd = -1;
	}
	return in;
}

int sl_image_open(struct sl_image_in **out, int folder, const char *name)
{
	struct sl_image_in *in = in_new();
	if (in == NULL)
		return -ENOMEM;
	int rc = file_open(in, folder, name);
	if (rc < 0) {
		sl_image_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

static int fd_open(struct sl_image_in *in, int fd)
{
	struct stat st;
	in->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	in->left = (uint64_t)st.st_size;
	return lseek(in->fd, 0, SEEK_SET) < 0 ? -errno : begin(in);
}

int sl_image_open_fd(struct sl_image_in **out, int fd)
{
	struct sl_image_in *in = in_new();
	if (in == NULL)
		return -ENOMEM;
	int rc = fd_open(in, fd);
	if (rc < 0) {
		sl_image_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

int sl_image_open_bytes(struct sl_image_in **out, const void *p, size_t len, bool bare)
{
	struct sl_image_in *in = in_new();
	if (in == NULL)
		return -ENOMEM;
	in->p = p;
	in->left = len;
	in->bare = bare;
	int rc = bare ? 0 : begin(in);
	if (rc < 0) {
		sl_image_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

static bool block_take(struct sl_image_in *in)
{
	struct head *h = &in->block.head;
	if (in->last || !fetch(in, h, sizeof(*h)) || h->number != in->number)
		return false;
	size_t bytes = h->bytes & ~LAST;
	in->last = h->bytes & LAST;
	if (bytes > ROOM || (!in->last && bytes != ROOM) || !fetch(in, in->block.bytes, bytes) ||
		check_of(&in->block, bytes) != h->check)
		return false;
	in->number++;
	in->at = 0;
	in->used = bytes;
	return true;
}

static bool take(struct sl_image_in *in, uint8_t *to, size_t bytes)
{
	if (in->bare)
		return fetch(in, to, bytes);
	while (bytes > 0) {
		if (in->at == in->used && !block_take(in))
			return false;
		size_t n = bytes < in->used - in->at ? bytes : in->used - in->at;
		memcpy(to, in->block.bytes + in->at, n);
		in->at += n;
		to += n;
		bytes -= n;
	}
	return true;
}

void sl_image_take(struct sl_image_in *in, void *p, size_t bytes)
{
	if (bytes == 0)
		return;
	if (!in->bad && take(in, p, bytes))
		return;
	in->bad = true;
	memset(p, 0, bytes);
}

int sl_image_fd(const struct sl_image_in *in)
{
	int fd = fcntl(in->fd, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 ? fd : -errno;
}

uint32_t sl_image_take_u32(struct sl_image_in *in)
{
	uint32_t v;
	sl_image_take(in, &v, sizeof(v));
	return v;
}

uint64_t sl_image_take_u64(struct sl_image_in *in)
{
	uint64_t v;
	sl_image_take(in, &v, sizeof(v));
	return v;
}

uint64_t sl_image_take_count(struct sl_image_in *in, uint64_t most, size_t each)
{
	uint64_t n = sl_image_take_u64(in);
	if (!in->bad && n <= most && n <= (in->left + in->used - in->at) / each)
		return n;
	in->bad = true;
	return 0;
}

void sl_image_take_text(struct sl_image_in *in, char *out, size_t cap)
{
	uint32_t len = sl_image_take_u32(in);
	if (len >= cap)
		in->bad = true;
	len = in->bad ? 0 : len;
	sl_image_take(in, out, len);
	out[len] = '\0';
}

bool sl_image_bad(const struct sl_image_in *in)
{
	return in->bad;
}

void sl_image_spoil(struct sl_image_in *in)
{
	in->bad = true;
}

bool sl_image_ended(struct sl_image_in *in)
{
	if (!in->bad && !in->bare && !in->last && in->at == in->used && !block_take(in))
		in->bad = true;
	return !in->bad && in->left == 0 && in->at == in->used && (in->bare || in->last);
}

void sl_image_close(struct sl_image_in *in)
{
	if (in == NULL)
		return;
	if (in->fd >= 0)
		close(in->fd);
	free(in);
}
