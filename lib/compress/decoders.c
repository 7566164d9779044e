/* SPDX-License-Identifier: BSD-3-Clause */
/* decoders.c - gzip (RFC 1952, members one after another) by zlib, and Zstandard (RFC 8878, frames
 * one after another) by libzstd. Control threads. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "input.h"

/* What may stand behind the last member: nothing, or the zeros that pad a tape's block. */
static int gzip_after_member(struct sl_input *in)
{
	while (in->raw_len < 2 && !in->raw_end) {
		int rc = input_fill(in);
		if (rc < 0)
			return rc;
	}
	if (in->raw_len >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b)
		return inflateReset(&in->z) == Z_OK ? 0 : -EBADMSG;
	in->in_frame = false;
	for (;;) {
		for (; in->raw_len > 0; in->raw++, in->raw_len--)
			if (in->raw[0] != 0)
				return -EBADMSG;
		if (in->raw_end)
			return 0;
		int rc = input_fill(in);
		if (rc < 0)
			return rc;
	}
}

/* One step of inflate over what is there. */
static int gzip_step(struct sl_input *in)
{
	in->z.next_in = (z_const Bytef *)(uintptr_t)in->raw;
	in->z.avail_in = in->raw_len < UINT_MAX ? (uInt)in->raw_len : UINT_MAX;
	uInt before = in->z.avail_in;
	int z = inflate(&in->z, Z_NO_FLUSH);
	in->raw += before - in->z.avail_in;
	in->raw_len -= before - in->z.avail_in;
	if (z == Z_STREAM_END)
		return gzip_after_member(in);
	if (z == Z_MEM_ERROR)
		return -ENOMEM;
	/* Z_BUF_ERROR: no room or no input, which the caller sees for itself. */
	return z == Z_OK || z == Z_BUF_ERROR ? 0 : -EBADMSG;
}

static int gzip_decode(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	in->z.next_out = buf;
	in->z.avail_out = cap < UINT_MAX ? (uInt)cap : UINT_MAX;
	uInt room = in->z.avail_out;
	int rc = 0;
	while (rc == 0 && in->in_frame && in->z.avail_out == room) {
		if (in->raw_len == 0 && !in->raw_end) {
			rc = input_fill(in);
			if (rc < 0)
				break;
		}
		bool ended = in->raw_len == 0 && in->raw_end;
		rc = gzip_step(in);
		if (rc == 0 && ended && in->in_frame && in->z.avail_out == room)
			rc = -EBADMSG; /* ends inside a member */
	}
	*got = room - in->z.avail_out;
	return rc;
}

int gzip_start(struct sl_input *in)
{
	if (inflateInit2(&in->z, 15 + 16) != Z_OK) /* 32 KiB window, gzip wrapper only */
		return -ENOMEM;
	in->z_made = true;
	in->in_frame = true;
	in->decode = gzip_decode;
	return 0;
}

static int zstd_decode(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	ZSTD_outBuffer o = { buf, cap, 0 };
	int rc = 0;
	while (rc == 0 && o.pos == 0) {
		if (in->raw_len == 0 && !in->raw_end)
			rc = input_fill(in);
		bool ended = in->raw_len == 0 && in->raw_end;
		if (rc < 0 || (ended && !in->in_frame))
			break;
		ZSTD_inBuffer i = { in->raw, in->raw_len, 0 };
		size_t left = ZSTD_decompressStream(in->zstd, &o, &i);
		if (ZSTD_isError(left)) {
			rc = -EBADMSG;
			break;
		}
		in->raw += i.pos;
		in->raw_len -= i.pos;
		in->in_frame = left != 0;
		if (ended && o.pos == 0 && in->in_frame)
			rc = -EBADMSG; /* ends inside a frame */
	}
	*got = o.pos;
	return rc;
}

int zstd_start(struct sl_input *in)
{
	/* The library's own bound on the window (128 MiB) stays: a frame may not ask for more. */
	in->zstd = ZSTD_createDStream();
	if (in->zstd == NULL)
		return -ENOMEM;
	in->decode = zstd_decode;
	return 0;
}

void decoders_free(struct sl_input *in)
{
	if (in->z_made)
		inflateEnd(&in->z);
	ZSTD_freeDStream(in->zstd);
}
