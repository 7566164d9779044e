/* SPDX-License-Identifier: BSD-3-Clause */
/* input.h - what an input and its decoders share; private to lib/compress. */
#ifndef COMPRESS_INPUT_H
#define COMPRESS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>
#include <zstd.h>

#include <sightline/compress.h>

struct sl_input {
	/* Where the raw bytes come from: a descriptor, or the caller's memory (fd -1). */
	int fd;
	bool close_fd, may_wait;
	bool (*waiting)(void *arg);
	void *waiting_arg;
	uint8_t *raw_buf; /* owned; NULL for memory */
	const uint8_t *raw; /* not yet decoded */
	size_t raw_len;
	bool raw_end; /* no more raw bytes behind those */
	uint64_t file_offset, file_size;

	/* What they mean. */
	int (*decode)(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got);
	z_stream z;
	ZSTD_DStream *zstd;
	bool z_made, in_frame;
	struct zip_file *member; /* owned: of an archive */
	uint64_t *budget; /* of its archive: bytes that may still be unpacked */

	/* What was decoded, for those who look ahead. */
	uint8_t *ahead; /* owned, SL_INPUT_PEEK bytes, once somebody peeked */
	size_t ahead_at, ahead_len;
	uint64_t offset;
	int error; /* told once the bytes before it are given out; stays */
};

/* More raw bytes into in->raw; raw_end where there are none. 0, -errno of read(2). */
int input_fill(struct sl_input *in);

/* An input without a source of raw bytes; its decoder makes them. */
struct sl_input *input_new(void);
/* Gives back what the archive opened. */
void member_close(struct sl_input *in);

/* Decoders: up to cap bytes (cap > 0) of the stream; *got 0 with 0 is its end. On damage, -EBADMSG
 * with what was decoded before it in *got. */
int gzip_start(struct sl_input *in);
int zstd_start(struct sl_input *in);
void decoders_free(struct sl_input *in);

#endif
