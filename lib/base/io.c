/* SPDX-License-Identifier: BSD-3-Clause */
/* io.c - files and folders. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sightline/io.h>

ssize_t sl_io_read(int fd, void *to, size_t max)
{
	size_t at = 0;
	while (at < max) {
		ssize_t n = read(fd, (char *)to + at, max - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

int sl_io_write(int fd, const void *p, size_t len)
{
	size_t at = 0;
	while (at < len) {
		ssize_t n = write(fd, (const char *)p + at, len - at);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int sl_io_each(int folder, void (*fn)(void *arg, const char *name), void *arg)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		int rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fn(arg, e->d_name);
	closedir(dir);
	return 0;
}
