/* SPDX-License-Identifier: BSD-3-Clause */
/* input.c - a file or memory as the bytes that were compressed into it. Control threads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"

#define RAW_BYTES ((size_t)128 << 10)
#define MAGIC_BYTES ((size_t)4)
#define WAIT_MS 20

/* Something may have nothing for us now: whoever reads is asked whether to wait for it. */
static int wait_for_bytes(struct sl_input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	int ready = poll(&p, 1, 0);
	while (ready == 0 || (ready < 0 && errno == EINTR)) {
		if (!in->waiting(in->waiting_arg))
			return -ECANCELED;
		ready = poll(&p, 1, WAIT_MS);
	}
	return 0; /* an error is the read's to tell */
}

static int read_some(struct sl_input *in, void *buf, size_t cap, size_t *got)
{
	int rc = in->may_wait && in->waiting != NULL ? wait_for_bytes(in) : 0;
	if (rc < 0)
		return rc;
	ssize_t n;
	do
		n = read(in->fd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*got = (size_t)n;
	in->file_offset += (size_t)n;
	if (n == 0)
		in->raw_end = true;
	return 0;
}

int input_fill(struct sl_input *in)
{
	if (in->raw_end || in->fd < 0) {
		in->raw_end = true;
		return 0;
	}
	if (in->raw_len > 0)
		memmove(in->raw_buf, in->raw, in->raw_len);
	in->raw = in->raw_buf;
	size_t n = 0;
	int rc = read_some(in, in->raw_buf + in->raw_len, RAW_BYTES - in->raw_len, &n);
	in->raw_len += n;
	return rc;
}

static int plain_decode(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	*got = 0;
	if (in->raw_len == 0 && !in->raw_end) {
		if (in->fd >= 0 && cap >= RAW_BYTES / 2)
			return read_some(in, buf, cap, got); /* no copy for large reads */
		int rc = input_fill(in);
		if (rc < 0)
			return rc;
	}
	size_t n = in->raw_len < cap ? in->raw_len : cap;
	if (n > 0)
		memcpy(buf, in->raw, n);
	in->raw += n;
	in->raw_len -= n;
	*got = n;
	return 0;
}

/* RFC 1952 2.3.1: ID1, ID2 and the only method there is. */
static bool is_gzip(const uint8_t *p, size_t len)
{
	return len >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

/* RFC 8878 3.1.1 and 3.1.2: a frame, or a skippable frame. */
static bool is_zstd(const uint8_t *p, size_t len)
{
	if (len < 4)
		return false;
	bool frame = p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd;
	bool skippable = (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18;
	return frame || skippable;
}

/* First call: find out what the content is, then become its decoder. */
static int detect(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	*got = 0;
	while (in->raw_len < MAGIC_BYTES && !in->raw_end) {
		int rc = input_fill(in);
		if (rc < 0)
			return rc;
	}
	int rc = 0;
	in->decode = plain_decode;
	if (is_gzip(in->raw, in->raw_len))
		rc = gzip_start(in);
	else if (is_zstd(in->raw, in->raw_len))
		rc = zstd_start(in);
	return rc < 0 ? rc : in->decode(in, buf, cap, got);
}

struct sl_input *input_new(void)
{
	struct sl_input *in = calloc(1, sizeof(*in));
	if (in != NULL) {
		in->fd = -1;
		in->decode = detect;
	}
	return in;
}

static int input_use_fd(struct sl_input *in)
{
	struct stat st;
	if (fstat(in->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	in->may_wait = !S_ISREG(st.st_mode);
	in->file_size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	in->raw_buf = malloc(RAW_BYTES);
	if (in->raw_buf == NULL)
		return -ENOMEM;
	in->raw = in->raw_buf;
	return 0;
}

int sl_input_open(struct sl_input **out, const char *path)
{
	struct sl_input *in = input_new();
	if (in == NULL)
		return -ENOMEM;
	in->fd = STDIN_FILENO;
	if (strcmp(path, "-") != 0) {
		in->fd = open(path, O_RDONLY | O_CLOEXEC);
		in->close_fd = true;
	}
	int rc = in->fd < 0 ? -errno : input_use_fd(in);
	if (rc < 0) {
		sl_input_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

int sl_input_open_bytes(struct sl_input **out, const void *p, size_t len)
{
	struct sl_input *in = input_new();
	if (in == NULL)
		return -ENOMEM;
	in->raw = p;
	in->raw_len = len;
	in->file_offset = in->file_size = len;
	*out = in;
	return 0;
}

void sl_input_close(struct sl_input *in)
{
	if (in == NULL)
		return;
	decoders_free(in);
	member_close(in);
	if (in->close_fd && in->fd >= 0)
		close(in->fd);
	free(in->raw_buf);
	free(in->ahead);
	free(in);
}

void sl_input_while_waiting(struct sl_input *in, bool (*fn)(void *arg), void *arg)
{
	in->waiting = fn;
	in->waiting_arg = arg;
}

/* Bytes now, their error at the next call. */
static int decode_some(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	*got = 0;
	if (in->error < 0)
		return in->error;
	int rc = in->decode(in, buf, cap, got);
	if (rc < 0)
		in->error = rc;
	return *got > 0 ? 0 : rc;
}

int sl_input_read(struct sl_input *in, void *buf, size_t cap, size_t *got)
{
	*got = 0;
	if (cap == 0)
		return 0;
	int rc = 0;
	size_t n = in->ahead_len - in->ahead_at;
	if (n > 0) {
		n = n < cap ? n : cap;
		memcpy(buf, in->ahead + in->ahead_at, n);
		in->ahead_at += n;
		*got = n;
	} else {
		rc = decode_some(in, buf, cap, got);
	}
	in->offset += *got;
	return rc;
}

int sl_input_peek(struct sl_input *in, void *buf, size_t cap, size_t *got)
{
	*got = 0;
	cap = cap < SL_INPUT_PEEK ? cap : SL_INPUT_PEEK;
	if (in->ahead == NULL)
		in->ahead = malloc(SL_INPUT_PEEK);
	if (in->ahead == NULL)
		return -ENOMEM;
	in->ahead_len -= in->ahead_at;
	memmove(in->ahead, in->ahead + in->ahead_at, in->ahead_len);
	in->ahead_at = 0;
	int rc = 0;
	size_t n = 1;
	while (in->ahead_len < cap && n > 0 && rc == 0) {
		rc = decode_some(in, in->ahead + in->ahead_len, SL_INPUT_PEEK - in->ahead_len, &n);
		in->ahead_len += n;
	}
	*got = in->ahead_len < cap ? in->ahead_len : cap;
	if (*got > 0)
		memcpy(buf, in->ahead, *got);
	return *got > 0 ? 0 : rc;
}

uint64_t sl_input_offset(const struct sl_input *in)
{
	return in->offset;
}

uint64_t sl_input_file_offset(const struct sl_input *in)
{
	return in->file_offset;
}

uint64_t sl_input_file_size(const struct sl_input *in)
{
	return in->file_size;
}
