/* SPDX-License-Identifier: BSD-3-Clause */
/* disk.h - private to lib/handout: files that are there whole or not at all. A folder is an open
 * descriptor. -errno. */
#ifndef SL_HANDOUT_DISK_H
#define SL_HANDOUT_DISK_H

#include <stdio.h>

#include <sightline/handout.h>

/* Opens a folder, made where it isn't there, and locks it for this process. -EBUSY: another has
 * it. */
int disk_folder(const char *path);
/* A folder below another, made where it isn't there. */
int disk_below(int folder, const char *name);

/* A file on its way: its name is there once disk_keep returns 0, and then durable. disk_name is for
 * what is proven by its hash whenever it is read: it may be lost with the power. */
struct disk_file {
	FILE *f;
	int folder;
	char name[128], part[136];
};
int disk_begin(struct disk_file *d, int folder, const char *name);
int disk_keep(struct disk_file *d);
int disk_name(struct disk_file *d);
int disk_sync(int folder, const char *name); /* makes a file durable that has its name */
void disk_drop(struct disk_file *d); /* NULL f: nothing is on its way */
int disk_write(int folder, const char *name, const void *p, size_t len);

/* Calls fn for every file of a folder but those on their way; they may be removed meanwhile. */
void disk_each(int folder, void (*fn)(void *arg, const char *name), void *arg);
/* At the start: removes what was left on its way. */
void disk_sweep(int folder);
/* Whether 64 lower-case hex digits; as bytes. */
bool disk_unhex(const char *text, uint8_t out[SL_DIGEST_MAX]);

#endif
