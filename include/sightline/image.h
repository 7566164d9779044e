/* SPDX-License-Identifier: BSD-3-Clause */
/* image.h - a file of what was made from others at some cost, so that it need not be made again: a
 * stream of bytes in blocks of 1 MiB, each with its number and a checksum (hash.h, a fixed key: it
 * finds what a disk or a copy damaged, and holds off nobody). Nothing of a block is handed out
 * before its checksum held; a file that is cut lacks its last block.
 *
 * It is read into memory of the reader's own, not mapped: a page of a mapped file can change or
 * vanish after it was verified, and can have to be fetched from disk by whoever touches it, which
 * may be a worker. What is read is still bytes from outside: who takes a number checks it.
 *
 * Written beside the file that is there, synced, renamed over it. Control threads. */
#ifndef SIGHTLINE_IMAGE_H
#define SIGHTLINE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of what stands in the blocks, and of the blocks: raised with every change of either. */
#define SL_IMAGE_LAYOUT 2

struct sl_image_out;
/* Begins NAME in a folder; what is written goes to NAME.new. 0; -EBUSY: another process writes it;
 * -ENOMEM; -errno. */
int sl_image_create(struct sl_image_out **out, int folder, const char *name);
/* Of a file in memory that has no name: finish it. As above. */
int sl_image_create_unnamed(struct sl_image_out **out);
/* An error is kept, and given by commit or finish. */
void sl_image_put(struct sl_image_out *o, const void *p, size_t bytes);
void sl_image_put_u32(struct sl_image_out *o, uint32_t v);
void sl_image_put_u64(struct sl_image_out *o, uint64_t v);
void sl_image_put_text(struct sl_image_out *o, const char *text);
/* What is written can't be kept, whatever follows. */
void sl_image_fail(struct sl_image_out *o, int error);
uint64_t sl_image_put_bytes(const struct sl_image_out *o);
/* The file is whole and takes the place of the one before, or what was written is removed: 0, or
 * -errno. Frees. */
int sl_image_commit(struct sl_image_out *o);
/* The file is whole and synced, but is still NAME.new, whose lock goes with the descriptor that is
 * returned: another process may look at it before it takes the place of the one before. Or -errno,
 * and what was written is removed. Frees. */
int sl_image_finish(struct sl_image_out *o);
/* Such a file takes its place: 0; -ESTALE: NAME.new is another file by now; -errno. Or it is
 * removed. The descriptor is only looked at. */
int sl_image_place(int fd, int folder, const char *name);
void sl_image_remove(int fd, int folder, const char *name);
void sl_image_abandon(struct sl_image_out *o); /* NULL is allowed */

struct sl_image_in;
/* 0; -ENOENT; -EPERM: no plain file, or one that somebody else than root or this process's user
 * owns, or that others may write; -EPROTO: no image, or of another layout or byte order; -ENOMEM;
 * -errno. */
int sl_image_open(struct sl_image_in **out, int folder, const char *name);
/* The same of a descriptor that somebody handed over, whoever owns the file; it is duplicated, and
 * read from the begin. */
int sl_image_open_fd(struct sl_image_in **out, int fd);
/* A descriptor of an image that was opened by name, for another to open; the caller's. -errno. */
int sl_image_fd(const struct sl_image_in *in);
/* The same from memory, borrowed: a file's bytes, or (bare) what stands in its blocks, for tests
 * and fuzzing. */
int sl_image_open_bytes(struct sl_image_in **out, const void *p, size_t len, bool bare);
/* Fills p; with zeros, and the image is bad from then on, where there is less, or where a block is
 * damaged. */
void sl_image_take(struct sl_image_in *in, void *p, size_t bytes);
uint32_t sl_image_take_u32(struct sl_image_in *in);
uint64_t sl_image_take_u64(struct sl_image_in *in);
/* A text of at most cap - 1 bytes; longer is bad. */
void sl_image_take_text(struct sl_image_in *in, char *out, size_t cap);
/* A number of things of `each` bytes that follow: 0 and bad where it is over `most`, or where the
 * file can't hold as many. */
uint64_t sl_image_take_count(struct sl_image_in *in, uint64_t most, size_t each);
bool sl_image_bad(const struct sl_image_in *in);
void sl_image_spoil(struct sl_image_in *in); /* what was taken makes no sense */
/* Whether everything was taken, and nothing of it was bad. */
bool sl_image_ended(struct sl_image_in *in);
void sl_image_close(struct sl_image_in *in); /* NULL is allowed */

#endif
