/* SPDX-License-Identifier: BSD-3-Clause */
/* keep.c - a source's last good word on disk, so that a collector that starts while a server is
 * away still hands it out: a file of lines that say what there is, and one for each part, which is
 * written when that part changes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/io.h>

#include "feeds.h"

#define HEAD "sightline-feed 2"
#define NAME_BYTES (SL_SET_NAME_MAX + 32)

/* A '+' is in no source's name. */
static void part_name(const struct feed *f, uint64_t key, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s+%016" PRIx64, f->name, key);
}

bool keep_is_of(const struct feed *f, const char *name)
{
	size_t n = strlen(f->name);
	return strncmp(name, f->name, n) == 0 && (name[n] == '\0' || name[n] == '+');
}

/* ---- writing ---- */

static int file_keep(int folder, const char *name, FILE *out, const char *part)
{
	bool good = fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
	int rc = good ? 0 : errno != 0 ? -errno : -EIO;
	fclose(out);
	if (rc == 0 && (renameat(folder, part, folder, name) < 0 || fsync(folder) < 0))
		rc = -errno;
	if (rc < 0)
		unlinkat(folder, part, 0);
	return rc;
}

static FILE *file_begin(int folder, const char *name, char part[NAME_BYTES + 8])
{
	snprintf(part, NAME_BYTES + 8, "%s.part", name);
	int fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out == NULL && fd >= 0)
		close(fd);
	return out;
}

/* From then on its bytes are the disk's, not the heap's. */
static int part_write(const struct feed *f, struct part *p, int folder)
{
	char name[NAME_BYTES], part[NAME_BYTES + 8];
	struct sl_set_text map;
	part_name(f, p->key, name);
	FILE *out = file_begin(folder, name, part);
	if (out == NULL)
		return -errno;
	if (p->set.len > 0)
		fwrite(p->set.p, 1, p->set.len, out);
	int rc = file_keep(folder, name, out, part);
	if (rc < 0)
		return rc;
	p->kept = true;
	if (sl_set_map(folder, name, &map) == 0) {
		part_fini(p);
		p->set = map;
		p->mapped = true;
	}
	return 0;
}

static int head_write(const struct feed *f, int folder)
{
	char part[NAME_BYTES + 8];
	FILE *out = file_begin(folder, f->name, part);
	if (out == NULL)
		return -errno;
	fprintf(out, HEAD "\n%s\n%s\n%s\n%" PRIu64 "\n", f->location, f->known.etag,
		f->known.modified, f->st.confirmed_s);
	for (size_t i = 0; i < f->parts; i++)
		fprintf(out, "%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %zu\n",
			f->part[i].key, f->part[i].state, f->part[i].usable, f->part[i].bytes,
			f->part[i].set.len);
	return file_keep(folder, f->name, out, part);
}

struct sweep {
	const struct feed *f;
	int folder;
};

static void sweep(void *arg, const char *name)
{
	const struct sweep *s = arg;
	char same[NAME_BYTES];
	bool known = !keep_is_of(s->f, name) || strcmp(name, s->f->name) == 0;
	for (size_t i = 0; i < s->f->parts && !known; i++) {
		part_name(s->f, s->f->part[i].key, same);
		known = strcmp(name, same) == 0;
	}
	if (!known)
		unlinkat(s->folder, name, 0);
}

int keep_write(struct feed *f, int folder)
{
	struct sweep s = { f, folder };
	int rc = 0;
	for (size_t i = 0; i < f->parts && rc == 0; i++)
		if (!f->part[i].kept)
			rc = part_write(f, &f->part[i], folder);
	if (rc == 0)
		rc = head_write(f, folder);
	if (rc == 0)
		(void)sl_io_each(folder, sweep, &s);
	f->unkept = rc < 0;
	return rc;
}

/* ---- reading ---- */

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
		sscanf(line, "%" SCNu64, &f->st.confirmed_s) != 1)
		return -EBADMSG;
	/* Under this name is another source now: what it says is compared with nothing. */
	return same ? 0 : -ENOENT;
}

static int part_read(struct feed *f, const char *line, int folder)
{
	char name[NAME_BYTES];
	size_t len;
	struct part p = { .mapped = true, .kept = true };
	if (f->parts == SL_SET_FILES_MAX ||
		sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNu64 " %" SCNu64 " %zu", &p.key,
			&p.state, &p.usable, &p.bytes, &len) != 5)
		return -EBADMSG;
	part_name(f, p.key, name);
	int rc = sl_set_map(folder, name, &p.set);
	if (rc < 0)
		return rc;
	if (p.set.len != len || sl_set_check(p.set, NULL, NULL, NULL) < 0) {
		part_fini(&p);
		return -EBADMSG;
	}
	f->part[f->parts++] = p;
	f->st.indicators += p.usable;
	return 0;
}

static int parts_read(struct feed *f, const char *p, const char *end, int folder)
{
	char line[256];
	int rc = 0;
	f->part = calloc(SL_SET_FILES_MAX, sizeof(*f->part));
	if (f->part == NULL)
		return -ENOMEM;
	while (rc == 0 && line_take(&p, end, line, sizeof(line)))
		rc = part_read(f, line, folder);
	return rc == 0 && p < end ? -EBADMSG : rc;
}

int keep_read(struct feed *f, int folder)
{
	struct sl_set_text t;
	int rc = sl_set_map(folder, f->name, &t);
	if (rc < 0)
		return rc;
	const char *p = t.p, *end = t.p != NULL ? t.p + t.len : NULL;
	rc = t.p == NULL ? -EBADMSG : head_read(f, &p, end);
	if (rc == 0)
		rc = parts_read(f, p, end, folder);
	f->has = rc == 0;
	if (rc < 0) {
		feed_forget(f);
		f->known = (struct validators){ 0 };
		f->st.indicators = f->st.confirmed_s = 0;
	}
	sl_set_unmap(&t);
	return rc;
}
