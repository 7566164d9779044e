/* SPDX-License-Identifier: BSD-3-Clause */
/* io.h - files and folders as they are mostly read and written: whole, whatever signal comes.
 * Any thread but a worker. */
#ifndef SIGHTLINE_IO_H
#define SIGHTLINE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Up to `max` bytes, fewer only where the file ends. How many; -errno. */
ssize_t sl_io_read(int fd, void *to, size_t max);
/* All of them. 0; -errno. */
int sl_io_write(int fd, const void *p, size_t len);
/* Every name in an open folder but "." and ".."; fn may remove what it is told. 0; -errno. */
int sl_io_each(int folder, void (*fn)(void *arg, const char *name), void *arg);

#endif
