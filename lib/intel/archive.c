/* SPDX-License-Identifier: BSD-3-Clause */
/* archive.c - an archive of feeds: each member is read as a file of its own, which is called
 * "archive.zip/member.csv" in all that is said of it. Control threads. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "reading.h"

/* A name of an archive is only said, never used as a path. */
static int member_read(struct reading *archive, struct sl_archive *a, size_t n, const char *path)
{
	struct reading r;
	int rc = reading_open(&r, archive->set, path, archive->o, true);
	if (rc < 0)
		return rc;
	r.in_archive = true;
	rc = sl_archive_member(a, n, &r.in);
	if (rc < 0)
		return reading_judged(&r, rc);
	rc = input_read(&r);
	sl_input_close(r.in);
	return rc;
}

int archive_read(struct reading *archive, struct sl_archive *a, bool in_folder)
{
	size_t read = 0;
	int rc = 0;
	archive->set->sources[archive->source].format = "zip";
	for (size_t i = 0; i < sl_archive_count(a); i++) {
		char path[PATH_MAX];
		const char *name = sl_archive_name(a, i);
		if (name == NULL)
			continue;
		/* A name that is too long for a path is said as far as it goes. */
		int len = snprintf(path, sizeof(path), "%s/%s", archive->path, name);
		int one = len > 0 ? member_read(archive, a, i, path) : -EINVAL;
		read++;
		rc = rc == 0 ? one : rc;
		if (one == -EFBIG || one == -ENOMEM)
			break;
	}
	if (read > 0)
		return rc;
	struct sl_finding f = { .verdict = in_folder ? SL_CONTEXT : SL_REFUSED,
		.code = "EMPTY_FILE",
		.reason = "The archive has no files." };
	reading_tell(archive, &f);
	return rc;
}
