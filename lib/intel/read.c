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
	{ "stix1", stix1_recognise, stix1_read },
	{ "openioc", openioc_recognise, openioc_read },
	{ "misp", misp_recognise, misp_read },
	{ "native", native_recognise, native_read },
	{ "warninglist", warninglist_recognise, warninglist_read },
	{ "abuse.ch", abuse_recognise, abuse_read },
	{ "", known_recognise, known_read },
	{ "adblock", adblock_recognise, adblock_read },
	{ "rpz", rpz_recognise, rpz_read },
	{ "hosts", hosts_recognise, hosts_read },
	{ "iprep", iprep_recognise, iprep_read },
	{ "dataset", dataset_recognise, dataset_read },
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

static const struct format *recognise(const struct reading *r, const char *head, size_t len)
{
	bool whole = len < PEEK_BYTES;
	bool plain = !document(head, len);
	if (memchr(head, '\0', len) != NULL)
		return NULL;
	bool described = plain && len > 0 && csv_described(r) != NULL;
	for (const struct format *f = formats; f->name != NULL; f++) {
		if (described && f->read != csv_read)
			continue;
		bool table = f->read == csv_read || f->read == list_read;
		if (described || ((plain || !table) && f->recognise(head, len, whole)))
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
int reading_judged(struct reading *r, int rc)
{
	struct sl_finding f = { .verdict = SL_REFUSED };
	if (rc == -EBADMSG) {
		f.code = "DAMAGED";
		f.reason = "The compressed file is damaged or ends early; what was read is used.";
	} else if (rc == -EFBIG) {
		f.code = "TOO_LARGE";
		f.reason = "The archive unpacks to far more than such a file does, or lists too "
			   "many members; what was read is used.";
	} else if (rc == -ESPIPE) {
		f.code = "UNREADABLE";
		f.reason = "An archive can't be read from a pipe; name its file.";
	} else if (rc == -EACCES && r->in_archive) {
		f.code = "ENCRYPTED";
		f.reason = "The member needs a password; unpack it and name the file.";
	} else if (rc == -ENOTSUP && r->in_archive) {
		f.code = "METHOD";
		f.reason = "The member is packed by a method that is not read; unpack it and name "
			   "the file.";
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
	if (set->book.count == r->first)
		return;
	const struct sl_book *b = &set->book;
	const char *one = sl_book_kind(b, &b->entry[r->first])->source;
	for (size_t i = r->first; i < set->book.count; i++)
		if (sl_book_kind(b, &b->entry[i])->source != one)
			return;
	set->sources[r->source].name = one;
}

static int nested(struct reading *r)
{
	struct sl_finding f = { .verdict = SL_REFUSED,
		.code = "NESTED",
		.reason = "An archive inside of an archive is not read; unpack it and name the "
			  "file." };
	reading_tell(r, &f);
	return 0;
}

int input_read(struct reading *r)
{
	struct sl_intel *set = r->set;
	size_t got = 0;
	char *head = malloc(PEEK_BYTES);
	if (head == NULL)
		return -ENOMEM;
	int rc = sl_input_peek(r->in, head, PEEK_BYTES, &got);
	r->archive = sl_archive_is(head, got);
	const struct format *f = rc < 0 && got == 0 ? NULL : recognise(r, head, got);
	free(head);
	if (r->archive)
		return r->in_archive ? nested(r) : 0;
	if (f == NULL && rc == 0)
		tell_none(r, got == 0);
	if (f == NULL)
		return reading_judged(r, rc);
	set->sources[r->source].format = f->name;
	rc = f->read(r);
	source_name(r);
	return reading_judged(r, rc);
}

int reading_open(struct reading *r, struct sl_intel *set, const char *path,
	const struct sl_intel_options *o, bool in_folder)
{
	*r = (struct reading){
		.set = set, .o = o, .first = set->book.count, .in_folder = in_folder
	};
	int rc = set_source_open(set, path, &r->source);
	if (rc < 0)
		return rc;
	r->path = set->sources[r->source].path;
	r->name = set->sources[r->source].name;
	return 0;
}

static int archive_members(struct reading *r, struct sl_archive *a, int rc)
{
	if (rc < 0)
		return reading_judged(r, rc);
	rc = archive_read(r, a, r->in_folder);
	sl_archive_close(a);
	return rc;
}

/* Its directory stands at its end, so that it has to be a file. */
static int archive_path(struct reading *r, const char *path)
{
	struct sl_archive *a = NULL;
	int rc = strcmp(path, "-") != 0 ? sl_archive_open(&a, path) : -ESPIPE;
	return archive_members(r, a, rc);
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
		return reading_judged(&r, rc);
	r.on_disk = strcmp(path, "-") != 0;
	rc = input_read(&r);
	sl_input_close(r.in);
	return r.archive ? archive_path(&r, path) : rc;
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
		return reading_judged(&r, rc);
	rc = input_read(&r);
	sl_input_close(r.in);
	if (r.archive) {
		struct sl_archive *a = NULL;
		rc = sl_archive_open_bytes(&a, p, len);
		rc = archive_members(&r, a, rc);
	}
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
	return opened < 0 ? opened : reading_judged(&r, rc);
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
