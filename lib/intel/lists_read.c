/* SPDX-License-Identifier: BSD-3-Clause */
/* lists_read.c - lists of what is ordinary on their way in: MISP warninglists, whose entries come
 * before what says how they are compared, and plain lists whose role the configuration names.
 * Streaming, bounded. Control threads. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lists.h"
#include "reading.h"

#define FILE_BYTES_MAX ((size_t)256 << 20)
#define FOLDER_DEPTH_MAX 8

/* ---- MISP ---- */

/* Entries one behind the other, each with a zero, until the list is known. */
struct held {
	char *text;
	size_t used, cap;
	bool other; /* an entry that is no text: no warninglist */
	uint8_t kinds;
	int rc;
};

static int hold(void *arg, const struct sl_json *v)
{
	struct held *h = arg;
	if (v->kind != SL_JSON_STRING) {
		h->other = true;
		return 1;
	}
	if (h->used + v->len + 1 > h->cap) {
		size_t cap = h->cap ? h->cap * 2 : (size_t)64 << 10;
		while (cap < h->used + v->len + 1)
			cap *= 2;
		char *more = cap <= FILE_BYTES_MAX ? realloc(h->text, cap) : NULL;
		if (more == NULL)
			return h->rc = cap <= FILE_BYTES_MAX ? -ENOMEM : -E2BIG;
		h->text = more;
		h->cap = cap;
	}
	memcpy(h->text + h->used, v->text, v->len + 1);
	h->used += v->len + 1;
	return 0;
}

static int attribute(void *arg, const struct sl_json *v)
{
	struct held *h = arg;
	if (v->kind == SL_JSON_STRING)
		h->kinds |= list_kinds(v->text);
	return 0;
}

struct taken {
	struct sl_lists *lists;
	enum sl_role role;
	const char *name;
	char said[160];
};

/* What the file says of itself, once it is read to its end. */
static int held_use(struct taken *t, const struct held *h, const struct sl_json_in *in)
{
	const char *title = sl_json_in_top(in, "name"), *about = sl_json_in_top(in, "description");
	struct list like = { .title = title != NULL ? title : t->name, .kinds = h->kinds };
	uint16_t list;
	if (h->other || (title == NULL && about == NULL) ||
		!list_match_of(sl_json_in_top(in, "type"), &like.match))
		return -EINVAL;
	like.role = (uint8_t)(t->role != SL_ROLE_NONE ? t->role : list_role(title, about));
	if (h->kinds == 0)
		like.kinds = 0xff;
	snprintf(t->said, sizeof(t->said), "%.100s: %s", like.title,
		sl_role_word((enum sl_role)like.role));
	if (like.role == SL_ROLE_NONE)
		return 0;
	int rc = list_new(t->lists, &like, &list);
	for (size_t at = 0; rc == 0 && at < h->used; at += strlen(h->text + at) + 1)
		rc = list_entry(t->lists, list, h->text + at, strlen(h->text + at));
	return rc;
}

/* Both of its arrays are read in one pass. */
static int warninglist(struct taken *t, struct sl_input *input)
{
	static const struct sl_json_limits limits = { LINE_MAX_BYTES, 8 };
	struct sl_json_in *entries = NULL, *attributes = NULL;
	struct held h = { 0 };
	size_t got = 0;
	char *buf = malloc(PEEK_BYTES);
	int rc = buf != NULL ? 0 : -ENOMEM;
	if (rc == 0)
		rc = sl_json_in_new(&entries, "list/*", &limits, hold, &h);
	if (rc == 0)
		rc = sl_json_in_new(&attributes, "matching_attributes/*", &limits, attribute, &h);
	while (rc == 0 && (rc = sl_input_read(input, buf, PEEK_BYTES, &got)) == 0 && got > 0) {
		rc = sl_json_in_feed(entries, buf, got);
		if (rc == 0)
			rc = sl_json_in_feed(attributes, buf, got);
	}
	if (rc == 0)
		rc = sl_json_in_end(entries);
	if (rc == 0)
		rc = held_use(t, &h, entries);
	else if (h.rc < 0 || rc > 0)
		rc = h.rc < 0 ? h.rc : -EINVAL;
	else if (rc == -EBADMSG)
		rc = -EINVAL;
	sl_json_in_free(entries);
	sl_json_in_free(attributes);
	free(h.text);
	free(buf);
	return rc;
}

/* ---- Plain ---- */

/* Names of these are lists of zones: what is below one is meant. */
static bool zones(enum sl_role role)
{
	return role == SL_ROLE_POPULAR || role == SL_ROLE_DYNAMIC_DNS || role == SL_ROLE_CDN ||
	       role == SL_ROLE_SHORTENER || role == SL_ROLE_SINKHOLE;
}

/* Of a line of a table (fingerprint, software) the first cell is the entry. */
static int plain(struct taken *t, struct sl_input *input)
{
	struct list names = { t->name, (uint8_t)t->role,
		zones(t->role) ? LIST_HOSTNAME : LIST_STRING, 1 << SL_LISTED_NAME };
	struct list rest = { t->name, (uint8_t)t->role, LIST_STRING,
		(uint8_t) ~(1u << SL_LISTED_NAME) };
	uint16_t named, other;
	struct lines l;
	const char *line, *value;
	size_t len;
	bool cut;
	int rc = list_new(t->lists, &names, &named);
	if (rc == 0)
		rc = list_new(t->lists, &rest, &other);
	if (rc < 0 || (rc = lines_init(&l, input)) < 0)
		return rc;
	while (rc == 0 && (rc = lines_next(&l, &line, &len, &cut)) == 0 && line != NULL) {
		len = cut ? 0 : list_value(line, len, &value);
		const char *comma = len > 0 ? memchr(value, ',', len) : NULL;
		len = comma != NULL ? (size_t)(comma - value) : len;
		if (len == 0)
			continue;
		bool name = value[0] == '.' || shape_of(value, len) == SHAPE_DOMAIN;
		rc = list_entry(t->lists, name ? named : other, value, len);
	}
	lines_fini(&l);
	snprintf(t->said, sizeof(t->said), "a list: %s", sl_role_word(t->role));
	return rc;
}

static int input_take(struct taken *t, struct sl_input *in)
{
	char head[512];
	size_t got = 0, i = 0;
	int rc = sl_input_peek(in, head, sizeof(head), &got);
	while (i < got && strchr("\xef\xbb\xbf \t\r\n", head[i]) != NULL && head[i] != '\0')
		i++;
	if (rc < 0)
		return rc;
	if (i < got && head[i] == '{')
		return warninglist(t, in);
	return t->role != SL_ROLE_NONE ? plain(t, in) : -EINVAL;
}

/* ---- Paths ---- */

struct walk {
	struct sl_lists *lists;
	enum sl_role role;
	sl_lists_fn tell;
	void *arg;
};

static int file_take(const struct walk *w, const char *path, bool in_folder)
{
	const char *slash = strrchr(path, '/');
	struct taken t = { w->lists, w->role, slash != NULL ? slash + 1 : path, "" };
	struct sl_input *in;
	int rc = sl_input_open(&in, path);
	if (rc == 0) {
		rc = input_take(&t, in);
		sl_input_close(in);
	}
	if (rc == -EINVAL)
		snprintf(t.said, sizeof(t.said), "no list of what is ordinary: passed over");
	else if (rc < 0)
		snprintf(t.said, sizeof(t.said), "%s",
			rc == -E2BIG ? "larger than is read" : strerror(-rc));
	if (w->tell != NULL)
		w->tell(w->arg, path, t.said);
	return rc == -EINVAL && in_folder ? 0 : rc;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int path_take(const struct walk *w, const char *path, unsigned depth)
{
	struct stat st;
	struct dirent **names;
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return S_ISREG(st.st_mode) || depth == 0 ? file_take(w, path, depth > 0) : 0;
	int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &names, visible, by_name) : -1;
	if (n < 0)
		return depth < FOLDER_DEPTH_MAX ? -errno : -ELOOP;
	int rc = 0;
	for (int i = 0; i < n; i++) {
		char member[PATH_MAX];
		int len = snprintf(member, sizeof(member), "%s/%s", path, names[i]->d_name);
		int one =
			len < (int)sizeof(member) ? path_take(w, member, depth + 1) : -ENAMETOOLONG;
		rc = rc == 0 ? one : rc;
		free(names[i]);
	}
	free(names);
	return rc;
}

int sl_lists_read(struct sl_lists *l, const char *spec, sl_lists_fn tell, void *arg)
{
	struct walk w = { .lists = l, .tell = tell, .arg = arg };
	const char *eq = strchr(spec, '=');
	if (eq == NULL || memchr(spec, '/', (size_t)(eq - spec)) != NULL)
		return path_take(&w, spec, 0);
	for (unsigned r = 1; r < SL_ROLE_COUNT; r++)
		if (strncmp(spec, sl_role_word(r), (size_t)(eq - spec)) == 0 &&
			sl_role_word(r)[eq - spec] == '\0')
			w.role = (enum sl_role)r;
	return w.role != SL_ROLE_NONE ? path_take(&w, eq + 1, 0) : -EINVAL;
}

int sl_lists_read_bytes(
	struct sl_lists *l, const char *name, enum sl_role role, const void *p, size_t len)
{
	struct taken t = { l, role, name, "" };
	struct sl_input *in;
	int rc = sl_input_open_bytes(&in, p, len);
	if (rc < 0)
		return rc;
	rc = input_take(&t, in);
	sl_input_close(in);
	return rc;
}

/* ---- In a folder of intelligence ---- */

struct trial {
	unsigned texts, others;
};

static int trial_entry(void *arg, const struct sl_json *v)
{
	struct trial *t = arg;
	*(v->kind == SL_JSON_STRING ? &t->texts : &t->others) += 1;
	return 0;
}

/* An object with a `list` of texts that says what it is. */
bool warninglist_recognise(const char *head, size_t len, bool whole)
{
	static const struct sl_json_limits limits = { LINE_MAX_BYTES, 8 };
	struct trial t = { 0 };
	struct sl_json_in *in;
	if (sl_json_in_new(&in, "list/*", &limits, trial_entry, &t) < 0)
		return false;
	sl_json_in_feed(in, head, len);
	bool named =
		sl_json_in_top(in, "name") != NULL || sl_json_in_top(in, "description") != NULL;
	sl_json_in_free(in);
	return named && t.texts > 0 && t.others == 0;
}

int warninglist_read(struct reading *r)
{
	struct sl_finding f = { .verdict = SL_CONTEXT,
		.code = "WARNINGLIST",
		.reason = "This lists what is ordinary, and is nothing to look for; name it in "
			  "`warninglists` to have indicators judged by it." };
	reading_tell(r, &f);
	return 0;
}
