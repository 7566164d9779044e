/* SPDX-License-Identifier: BSD-3-Clause */
/* archive.c - zip archives by libzip: the members one at a time, as inputs. Control threads. What
 * an archive may cost is bounded before libzip sees its directory, and while a member is unpacked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

#include "input.h"

#define MEMBERS_MAX 10000
#define DIRECTORY_BYTES ((uint64_t)16 << 20)
#define UNPACKED_LEAST ((uint64_t)64 << 20)
#define UNPACKED_TIMES 100
/* APPNOTE 4.3.16: the end record, behind which a comment of 64 KiB may stand. */
#define END_BYTES 22
#define TAIL_BYTES (END_BYTES + 65535)

struct sl_archive {
	zip_t *zip;
	uint64_t budget;
	size_t count;
};

bool sl_archive_is(const void *p, size_t len)
{
	return len >= 4 && (memcmp(p, "PK\3\4", 4) == 0 || memcmp(p, "PK\5\6", 4) == 0);
}

static uint32_t le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;
	for (unsigned i = bytes; i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

/* What the end record says of the directory. Zip64, which lists more than is read anyway, has all
 * ones there. */
static int end_judged(const uint8_t *tail, size_t len)
{
	for (size_t at = len < END_BYTES ? 0 : len - END_BYTES + 1; at > 0; at--) {
		const uint8_t *end = tail + at - 1;
		if (memcmp(end, "PK\5\6", 4) != 0)
			continue;
		bool large = le(end + 10, 2) > MEMBERS_MAX || le(end + 12, 4) > DIRECTORY_BYTES;
		return large ? -EFBIG : 0;
	}
	return -EBADMSG;
}

static int source_open(struct sl_archive **out, zip_source_t *source, uint64_t bytes)
{
	struct sl_archive *a = calloc(1, sizeof(*a));
	zip_error_t e;
	if (a == NULL) {
		zip_source_free(source);
		return -ENOMEM;
	}
	zip_error_init(&e);
	a->zip = zip_open_from_source(source, ZIP_RDONLY, &e);
	bool memory = zip_error_code_zip(&e) == ZIP_ER_MEMORY;
	zip_error_fini(&e);
	if (a->zip == NULL) {
		zip_source_free(source);
		free(a);
		return memory ? -ENOMEM : -EBADMSG;
	}
	zip_int64_t n = zip_get_num_entries(a->zip, 0);
	a->count = n < 0 ? 0 : n > MEMBERS_MAX ? MEMBERS_MAX : (size_t)n;
	a->budget =
		bytes > UNPACKED_LEAST / UNPACKED_TIMES ? bytes * UNPACKED_TIMES : UNPACKED_LEAST;
	*out = a;
	return 0;
}

static int file_judged(int fd, uint64_t *bytes)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	uint8_t *tail = malloc(TAIL_BYTES);
	if (tail == NULL)
		return -ENOMEM;
	*bytes = (uint64_t)st.st_size;
	size_t want = *bytes < TAIL_BYTES ? (size_t)*bytes : TAIL_BYTES;
	ssize_t got = pread(fd, tail, want, (off_t)(*bytes - want));
	int rc = got < 0 ? -errno : end_judged(tail, (size_t)got);
	free(tail);
	return rc;
}

int sl_archive_open(struct sl_archive **out, const char *path)
{
	uint64_t bytes = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = file_judged(fd, &bytes);
	FILE *f = rc == 0 ? fdopen(fd, "rb") : NULL;
	if (f == NULL) {
		close(fd);
		return rc < 0 ? rc : -ENOMEM;
	}
	zip_source_t *source = zip_source_filep_create(f, 0, -1, NULL);
	if (source == NULL) {
		fclose(f);
		return -ENOMEM;
	}
	return source_open(out, source, bytes);
}

int sl_archive_open_bytes(struct sl_archive **out, const void *p, size_t len)
{
	int rc = end_judged(len > TAIL_BYTES ? (const uint8_t *)p + len - TAIL_BYTES : p,
		len > TAIL_BYTES ? TAIL_BYTES : len);
	if (rc < 0)
		return rc;
	zip_source_t *source = zip_source_buffer_create(p, len, 0, NULL);
	return source != NULL ? source_open(out, source, len) : -ENOMEM;
}

void sl_archive_close(struct sl_archive *a)
{
	if (a == NULL)
		return;
	zip_discard(a->zip);
	free(a);
}

size_t sl_archive_count(const struct sl_archive *a)
{
	return a->count;
}

const char *sl_archive_name(const struct sl_archive *a, size_t n)
{
	const char *name = zip_get_name(a->zip, n, 0);
	size_t len = name != NULL ? strlen(name) : 0;
	return len > 0 && name[len - 1] != '/' ? name : NULL;
}

static int member_decode(struct sl_input *in, uint8_t *buf, size_t cap, size_t *got)
{
	*got = 0;
	if (*in->budget == 0)
		return -EFBIG;
	zip_int64_t n = zip_fread(in->member, buf, cap < *in->budget ? cap : *in->budget);
	if (n < 0)
		return -EBADMSG;
	*in->budget -= (uint64_t)n;
	*got = (size_t)n;
	return 0;
}

int sl_archive_member(struct sl_archive *a, size_t n, struct sl_input **out)
{
	zip_stat_t st;
	if (zip_stat_index(a->zip, n, 0, &st) < 0)
		return -EBADMSG;
	if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
		return -EACCES;
	if ((st.valid & ZIP_STAT_COMP_METHOD) &&
		!zip_compression_method_supported((zip_int32_t)st.comp_method, 0))
		return -ENOTSUP;
	struct sl_input *in = input_new();
	if (in == NULL)
		return -ENOMEM;
	in->member = zip_fopen_index(a->zip, n, 0);
	if (in->member == NULL) {
		sl_input_close(in);
		return -EBADMSG;
	}
	in->budget = &a->budget;
	in->decode = member_decode;
	*out = in;
	return 0;
}

void member_close(struct sl_input *in)
{
	if (in->member != NULL)
		zip_fclose(in->member);
}
