/* SPDX-License-Identifier: BSD-3-Clause */
/* journal.c - records of changes in a file: see journal.h. One thread writes; any thread reads what
 * is written. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "journal.h"

#define HEAD_MAX 256
#define SUM "sum "

void journal_name(uint64_t of, char out[JOURNAL_NAME])
{
	snprintf(out, JOURNAL_NAME, "journal-%" PRIu64, of);
}

int journal_begin(struct journal *j, int folder, uint64_t of, uint64_t size)
{
	char name[JOURNAL_NAME];
	journal_name(of, name);
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	int rc = fd < 0 || ftruncate(fd, (off_t)size) < 0 || fsync(folder) < 0 ? -errno : 0;
	if (rc < 0 && fd >= 0)
		close(fd);
	if (rc < 0)
		return rc;
	journal_end(j);
	*j = (struct journal){ fd, size };
	return 0;
}

void journal_end(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

void journal_chain(
	const uint8_t before[SL_DIGEST_MAX], struct sl_set_text change, uint8_t out[SL_DIGEST_MAX])
{
	struct sl_digest_state d;
	sl_digest_begin(&d, SL_SHA256);
	sl_digest_add(&d, before, SL_DIGEST_MAX);
	if (change.len > 0)
		sl_digest_add(&d, change.p, change.len);
	sl_digest_end(&d, out);
}

/* ---- writing ---- */

static int write_at(int fd, const char *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int journal_add(
	struct journal *j, const struct journal_head *h, struct sl_set_text change, uint64_t *at)
{
	char hex[SL_SET_HEX];
	uint8_t digest[SL_DIGEST_MAX];
	char *record = malloc(HEAD_MAX + change.len + JOURNAL_SUM_LEN + 1);
	if (record == NULL)
		return -ENOMEM;
	sl_hex(h->id, SL_DIGEST_MAX, hex);
	size_t head = (size_t)snprintf(record, HEAD_MAX,
		"delta %" PRIu64 " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n",
		h->number, hex, h->time_s, h->lines, h->bytes, h->back_to, change.len);
	if (change.len > 0)
		memcpy(record + head, change.p, change.len);
	size_t len = head + change.len;
	int rc = sl_digest_of(SL_SHA256, record, len, digest);
	sl_hex(digest, SL_DIGEST_MAX, hex);
	len += (size_t)snprintf(record + len, JOURNAL_SUM_LEN + 1, SUM "%s\n", hex);
	if (rc == 0)
		rc = write_at(j->fd, record, len, j->size);
	free(record);
	if (rc < 0) {
		(void)!ftruncate(j->fd, (off_t)j->size);
		return rc;
	}
	*at = j->size + head;
	j->size += len;
	return 0;
}

int journal_sync(const struct journal *j)
{
	return fdatasync(j->fd) < 0 ? -errno : 0;
}

/* ---- reading ---- */

static bool head_read(const char *p, size_t len, struct journal_head *h, size_t *size)
{
	char text[HEAD_MAX], hex[SL_SET_HEX];
	uint64_t bytes;
	int end = 0;
	if (len >= sizeof(text))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	if (sscanf(text,
		    "delta %" SCNu64 " %64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		    " %" SCNu64 "%n",
		    &h->number, hex, &h->time_s, &h->lines, &h->bytes, &h->back_to, &bytes,
		    &end) != 7 ||
		(size_t)end != len || h->number == 0 || bytes > SL_SET_CHANGE_BYTES_MAX ||
		!disk_unhex(hex, h->id))
		return false;
	*size = bytes;
	return true;
}

/* The record that begins at p; how many bytes it has; 0: none is whole there. */
static size_t record_read(const char *p, size_t len, struct journal_record *out)
{
	uint8_t digest[SL_DIGEST_MAX];
	char sum[JOURNAL_SUM_LEN + 1], hex[SL_SET_HEX];
	size_t size;
	const char *nl = memchr(p, '\n', len < HEAD_MAX ? len : HEAD_MAX);
	if (nl == NULL || !head_read(p, (size_t)(nl - p), &out->head, &size))
		return 0;
	size_t head = (size_t)(nl - p) + 1;
	if (len - head < size || len - head - size < JOURNAL_SUM_LEN ||
		sl_digest_of(SL_SHA256, p, head + size, digest) < 0)
		return 0;
	sl_hex(digest, SL_DIGEST_MAX, hex);
	snprintf(sum, sizeof(sum), SUM "%s\n", hex);
	out->change = (struct sl_set_text){ p + head, size };
	out->at = head;
	return memcmp(p + head + size, sum, JOURNAL_SUM_LEN) == 0 &&
			       sl_set_change_check(out->change, &out->sum) == 0
		       ? head + size + JOURNAL_SUM_LEN
		       : 0;
}

uint64_t journal_read(struct sl_set_text t, journal_fn fn, void *arg)
{
	uint64_t good = 0;
	while (good < t.len) {
		struct journal_record r;
		size_t n = record_read(t.p + good, t.len - good, &r);
		if (n == 0)
			break;
		r.at += good;
		if (fn(arg, &r) != 0)
			break;
		good += n;
	}
	return good;
}
