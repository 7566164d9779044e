/* SPDX-License-Identifier: BSD-3-Clause */
/* compress.h - a file, or standard input, read as the bytes that were compressed into it. The one
 * door to zlib and libzstd for files. Recognised from the content: gzip, zstd, or plain. Control
 * threads. */
#ifndef SIGHTLINE_COMPRESS_H
#define SIGHTLINE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_input;
/* path "-" is standard input. 0; -errno of open(2); -EISDIR. */
int sl_input_open(struct sl_input **out, const char *path);
/* From memory, borrowed; for tests and fuzzing. */
int sl_input_open_bytes(struct sl_input **out, const void *p, size_t len);
void sl_input_close(struct sl_input *in);
/* Up to cap bytes; *got 0 at the end. -EBADMSG: the compressed stream is damaged or ends early
 * (what was read before is good); -errno of read(2). */
int sl_input_read(struct sl_input *in, void *buf, size_t cap, size_t *got);
#define SL_INPUT_PEEK ((size_t)64 << 10)
/* The same bytes will be read again: looks at up to cap (SL_INPUT_PEEK at most) of them. Fewer only
 * where the stream ends or is damaged there. */
int sl_input_peek(struct sl_input *in, void *buf, size_t cap, size_t *got);
/* fn(arg) is called when a read finds nothing in a pipe, so that what was read until then can be
 * passed on, and then again and again (50 times a second) until there is something. False: the read
 * gives up, -ECANCELED. */
void sl_input_while_waiting(struct sl_input *in, bool (*fn)(void *arg), void *arg);
/* Bytes given out so far, and bytes taken from the file and its size (0: not known). */
uint64_t sl_input_offset(const struct sl_input *in);
uint64_t sl_input_file_offset(const struct sl_input *in);
uint64_t sl_input_file_size(const struct sl_input *in);

/* ---- Archives: zip, of members that are read one at a time ---- */

/* Whether these first bytes are a zip archive's. */
bool sl_archive_is(const void *p, size_t len);
struct sl_archive;
/* 0; -EBADMSG: damaged; -EFBIG: it lists more than 10,000 members or its directory is larger than
 * 16 MiB; -errno of open(2). All members together give out 100 times the archive's bytes at most
 * (or 64 MiB, where that is more). */
int sl_archive_open(struct sl_archive **out, const char *path);
/* From memory, borrowed. */
int sl_archive_open_bytes(struct sl_archive **out, const void *p, size_t len);
void sl_archive_close(struct sl_archive *a);
size_t sl_archive_count(const struct sl_archive *a);
/* NULL: a folder, or an entry that can't be read. Good as long as the archive. */
const char *sl_archive_name(const struct sl_archive *a, size_t n);
/* A member as an input, which is closed before the archive is. What is compressed inside of it is
 * not unpacked again. -EACCES: encrypted; -ENOTSUP: a method that is not read; -EBADMSG. Its reads
 * end with -EFBIG where the archive's bytes are used up. */
int sl_archive_member(struct sl_archive *a, size_t n, struct sl_input **out);

#endif
