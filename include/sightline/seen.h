/* SPDX-License-Identifier: BSD-3-Clause */
/* seen.h - files and folders as they are at a moment: what was made from them holds as long as they
 * are the same. By path, device, inode, size and both times: the time of change can't be set back
 * by who writes a file. Control threads. */
#ifndef SIGHTLINE_SEEN_H
#define SIGHTLINE_SEEN_H

#include <stdbool.h>

struct sl_seen;
struct sl_image_in;
struct sl_image_out;
int sl_seen_new(struct sl_seen **out);
void sl_seen_free(struct sl_seen *s); /* NULL is allowed */
/* Takes down one path, also that there is nothing there. 0 or -ENOMEM. */
int sl_seen_note(struct sl_seen *s, const char *path);
/* A path that sl_intel_read or sl_lists_read is given: the file, and those beside it that its
 * reader looks at; or all that they read of a folder. 0, -ENOMEM, or -E2BIG: more than 65,536. */
int sl_seen_tree(struct sl_seen *s, const char *path);
/* Whether both are the same; else *path is one that differs, good as long as both. */
bool sl_seen_same(const struct sl_seen *a, const struct sl_seen *b, const char **path);
/* Whether a file could change without being seen to: what is no file, or was written less than two
 * seconds before now, as a file's time may be that coarse. */
bool sl_seen_unsure(const struct sl_seen *s, const char **path);
void sl_seen_save(const struct sl_seen *s, struct sl_image_out *o);
/* 0, -ENOMEM, -EBADMSG. */
int sl_seen_load(struct sl_seen **out, struct sl_image_in *in);

#endif
