/* SPDX-License-Identifier: BSD-3-Clause */
/* read.c - a path becomes files, a file's first bytes tell its format, the format's reader does the
 * rest. Control threads. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reading.h"

#define FOLDER_DEPTH_MAX 32

/* Tried in this order: the stricter first. */
const struct format formats[] = {
	{ "stix2.1", stix_recognise, stix_read },
	{ "native", native_recognise, native_read },
	{ "warninglist", warninglist_recognise, warninglist_read },
	{ "csv", csv_recognise, csv_read },
	{ "list", list_recognise, list_read },
	{ NULL, NULL, NULL },
};

/* What begins a JSON or XML text is no list and no table, whatever its lines look like. */
static bool document(const char *head, size_t len)
{
	size_t i = 0;
	while (i < len && head[i] != '\0' && strchr("\xef\xbb\xbf \t\r\n", head[i]) != NULL)
		i++;
	return i < len &&
	       (head[i] == '{' || head[i] == '<' ||
		       (head[i] == '[' && i + 1 < len && strchr("{\"\r\n ", head[i + 1])));
}

static const struct format *recognise(const char *head, size_t len)
{
	bool whole = len < PEEK_BYTES;
	bool plain = !document(head, len);
	if (memchr(head, '\0', len) != NULL)
		return NULL;
	for (const struct format *f = formats; f->name != NULL; f++) {
		bool table = f->read == csv_read || f->read == list_read;
		if ((plain || !table) && f->recognise(head, len, whole))
			return f;
	}
	return NULL;
}

static void tell_none(struct reading *r, bool empty)
{
	struct sl_finding f = {
		.verdict = r->in_folder ? SL_CONTEXT : SL_REFUSED,
		.code = empty ? "EMPTY_FILE" : "NO_INTEL",
		.reason = empty ? "The file is empty."
				: "No intelligence was recognised in this file.",
	};
	reading_tell(r, &f);
}

/* What the reader could not finish; what it read before is used. */
static int judged(struct reading *r, int rc)
{
	struct sl_finding f = { .verdict = SL_REFUSED };
	if (rc == -EBADMSG) {
		f.code = "DAMAGED";
		f.reason = "The compressed file is damaged or ends early; what was read is used.";
	} else if (rc == -E2BIG) {
		f.code = "TOO_MANY";
		f.reason = "More indicators than are allowed; the rest is not read.";
	} else if (rc < 0) {
		f.code = "UNREADABLE";
		f.reason = strerror(-rc);
	} else {
		return 0;
	}
	reading_tell(r, &f);
	return rc == -E2BIG ? 0 : rc;
}

/* A file that speaks with one voice is known by it. */
static void source_name(struct reading *r)
{
	const struct sl_intel *set = r->set;
	if (set->count == r->first)
		return;
	const char *one = set->items[r->first].source;
	for (size_t i = r->first; i < set->count; i++)
		if (set->items[i].source != one)
			return;
	set->sources[r->source].name = one;
}

static int input_read(struct reading *r)
{
	struct sl_intel *set = r->set;
	size_t got = 0;
	char *head = malloc(PEEK_BYTES);
	if (head == NULL)
		return -ENOMEM;
	int rc = sl_input_peek(r->in, head, PEEK_BYTES, &got);
	const struct format *f = rc < 0 && got == 0 ? NULL : recognise(head, got);
	free(head);
	if (f == NULL && rc == 0)
		tell_none(r, got == 0);
	if (f == NULL)
		return judged(r, rc);
	set->sources[r->source].format = f->name;
	rc = f->read(r);
	source_name(r);
	return judged(r, rc);
}

static int reading_open(struct reading *r, struct sl_intel *set, const char *path,
	const struct sl_intel_options *o, bool in_folder)
{
	*r = (struct reading){ .set = set, .o = o, .first = set->count, .in_folder = in_folder };
	int rc = set_source_open(set, path, &r->source);
	if (rc < 0)
		return rc;
	r->path = set->sources[r->source].path;
	r->name = set->sources[r->source].name;
	return 0;
}

static int file_read(
	struct sl_intel *set, const char *path, const struct sl_intel_options *o, bool in_folder)
{
	struct reading r;
	int rc = reading_open(&r, set, path, o, in_folder);
	if (rc < 0)
		return rc;
	rc = sl_input_open(&r.in, path);
	if (rc < 0)
		return judged(&r, rc);
	rc = input_read(&r);
	sl_input_close(r.in);
	return rc;
}

int sl_intel_read_bytes(struct sl_intel *set, const char *name, const void *p, size_t len,
	const struct sl_intel_options *o)
{
	struct reading r;
	int rc = reading_open(&r, set, name, o, false);
	if (rc < 0)
		return rc;
	rc = sl_input_open_bytes(&r.in, p, len);
	if (rc < 0)
		return judged(&r, rc);
	rc = input_read(&r);
	sl_input_close(r.in);
	int closed = set_close_ranks(set);
	return rc < 0 ? rc : closed;
}

/* ---- folders ---- */

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* By bytes, so that the order is the same in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int folder_read(
	struct sl_intel *set, const char *path, const struct sl_intel_options *o, unsigned depth);

/* A link to a folder is not followed, so that there are no loops. */
static int member_read(
	struct sl_intel *set, const char *path, const struct sl_intel_options *o, unsigned depth)
{
	struct stat link, st;
	if (lstat(path, &link) < 0 || stat(path, &st) < 0)
		return file_read(set, path, o, true); /* which says what is wrong with it */
	if (S_ISDIR(st.st_mode))
		return S_ISLNK(link.st_mode) ? 0 : folder_read(set, path, o, depth + 1);
	return S_ISREG(st.st_mode) ? file_read(set, path, o, true) : 0;
}

static int folder_told(
	struct sl_intel *set, const char *path, const struct sl_intel_options *o, int rc)
{
	struct reading r;
	int opened = reading_open(&r, set, path, o, true);
	return opened < 0 ? opened : judged(&r, rc);
}

static int folder_read(
	struct sl_intel *set, const char *path, const struct sl_intel_options *o, unsigned depth)
{
	struct dirent **names;
	int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &names, visible, by_name) : -1;
	if (n < 0)
		return folder_told(set, path, o, depth < FOLDER_DEPTH_MAX ? -errno : -ELOOP);
	int rc = 0;
	for (int i = 0; i < n; i++) {
		char member[PATH_MAX];
		int len = snprintf(member, sizeof(member), "%s%s%s", path,
			path[0] != '\0' && path[strlen(path) - 1] == '/' ? "" : "/",
			names[i]->d_name);
		int one = len < (int)sizeof(member) ? member_read(set, member, o, depth)
						    : -ENAMETOOLONG;
		if (rc == 0)
			rc = one;
		free(names[i]);
	}
	free(names);
	return rc;
}

int sl_intel_read(struct sl_intel *set, const char *path, const struct sl_intel_options *o)
{
	struct stat st;
	bool folder = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	int rc = folder ? folder_read(set, path, o, 0) : file_read(set, path, o, false);
	int closed = set_close_ranks(set);
	return rc < 0 ? rc : closed;
}
