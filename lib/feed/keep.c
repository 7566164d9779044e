/* SPDX-License-Identifier: BSD-3-Clause */
/* keep.c - a source's last good word on disk, so that a collector that starts while a server is
 * away still hands it out: one file, a head of lines and the set behind it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>

#include "feeds.h"

#define HEAD "sightline-feed 1"

int keep_write(const struct feed *f, int folder)
{
	char part[SL_SET_NAME_MAX + 8];
	snprintf(part, sizeof(part), "%s.part", f->name);
	int fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out == NULL) {
		int rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	fprintf(out, HEAD "\n%s\n%s\n%s\n%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", f->location,
		f->known.etag, f->known.modified, f->known.files, f->st.indicators,
		f->st.confirmed_s);
	fwrite(f->set, 1, f->set_len, out);
	bool good = fflush(out) == 0 && !ferror(out) && fsync(fd) == 0;
	int rc = good ? 0 : errno != 0 ? -errno : -EIO;
	fclose(out);
	if (rc == 0 && (renameat(folder, part, folder, f->name) < 0 || fsync(folder) < 0))
		rc = -errno;
	if (rc < 0)
		unlinkat(folder, part, 0);
	return rc;
}

/* A line without its newline, cut at cap. False: there is none. */
static bool line_take(const char **p, const char *end, char *out, size_t cap)
{
	const char *nl = *p < end ? memchr(*p, '\n', (size_t)(end - *p)) : NULL;
	if (nl == NULL || (size_t)(nl - *p) >= cap)
		return false;
	memcpy(out, *p, (size_t)(nl - *p));
	out[nl - *p] = '\0';
	*p = nl + 1;
	return true;
}

static int head_read(struct feed *f, const char **p, const char *end)
{
	char line[LOCATION_MAX];
	if (!line_take(p, end, line, sizeof(line)) || strcmp(line, HEAD) != 0 ||
		!line_take(p, end, line, sizeof(line)))
		return -EBADMSG;
	bool same = strcmp(line, f->location) == 0;
	if (!line_take(p, end, f->known.etag, sizeof(f->known.etag)) ||
		!line_take(p, end, f->known.modified, sizeof(f->known.modified)) ||
		!line_take(p, end, line, sizeof(line)) ||
		sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &f->known.files, &f->st.indicators,
			&f->st.confirmed_s) != 3)
		return -EBADMSG;
	/* Under this name is another source now: what it says is compared with nothing. */
	return same ? 0 : -ENOENT;
}

int keep_read(struct feed *f, int folder)
{
	struct sl_set_text t;
	int rc = sl_set_map(folder, f->name, &t);
	if (rc < 0)
		return rc;
	const char *p = t.p, *end = t.p != NULL ? t.p + t.len : NULL;
	rc = t.p == NULL ? -EBADMSG : head_read(f, &p, end);
	struct sl_set_text set = { p, rc == 0 ? (size_t)(end - p) : 0 };
	if (rc == 0)
		rc = sl_set_check(set, NULL, NULL, NULL);
	char *copy = rc == 0 ? malloc(set.len + 1) : NULL;
	if (copy != NULL) {
		memcpy(copy, set.p, set.len);
		f->set = copy;
		f->set_len = set.len;
		f->has = true;
	} else {
		f->known = (struct validators){ 0 };
		f->st.indicators = f->st.confirmed_s = 0;
		rc = rc == 0 ? -ENOMEM : rc;
	}
	sl_set_unmap(&t);
	return rc;
}
