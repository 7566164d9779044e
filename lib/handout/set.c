/* SPDX-License-Identifier: BSD-3-Clause */
/* set.c - sets as texts: sorted, joined, compared, changed. All but sorting streams over its input,
 * so that a set of any size takes no memory. Any thread. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

static int compare_lines(const void *a, const void *b)
{
	return line_compare(a, b);
}

static int result(FILE *out)
{
	return ferror(out) ? -EIO : 0;
}

/* ---- sorting ---- */

static bool space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trimmed(struct line l)
{
	while (l.len > 0 && space(l.p[0])) {
		l.p++;
		l.len--;
	}
	while (l.len > 0 && space(l.p[l.len - 1]))
		l.len--;
	return l;
}

static int lines_of(const char *p, size_t len, struct line **out, size_t *count)
{
	struct line *all = NULL;
	size_t n = 0, cap = 0;
	struct walk w;
	for (walk_begin(&w, (struct sl_set_text){ p, len }); w.at.p != NULL; walk_next(&w)) {
		struct line l = trimmed(w.at);
		if (l.len == 0)
			continue;
		if (l.len >= SL_SET_LINE_MAX) {
			free(all);
			return -E2BIG;
		}
		if (n == cap) {
			cap = cap > 0 ? cap * 2 : 1024;
			struct line *more = realloc(all, cap * sizeof(*all));
			if (more == NULL) {
				free(all);
				return -ENOMEM;
			}
			all = more;
		}
		all[n++] = l;
	}
	*out = all;
	*count = n;
	return 0;
}

int sl_set_sort(const char *p, size_t len, char **out, size_t *out_len)
{
	struct line *l;
	size_t n, at = 0;
	int rc = lines_of(p, len, &l, &n);
	if (rc < 0)
		return rc;
	char *text = malloc(len + 2);
	if (text == NULL) {
		free(l);
		return -ENOMEM;
	}
	if (n > 0)
		qsort(l, n, sizeof(*l), compare_lines);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && line_compare(&l[i - 1], &l[i]) == 0)
			continue;
		memcpy(text + at, l[i].p, l[i].len);
		at += l[i].len;
		text[at++] = '\n';
	}
	free(l);
	*out = text;
	*out_len = at;
	return 0;
}

/* ---- joining, comparing, changing ---- */

int sl_set_union(const struct sl_set_text *sets, size_t n, FILE *out)
{
	struct walk *w = calloc(n + 1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		walk_begin(&w[i], sets[i]);
	for (;;) {
		size_t least = 0;
		for (size_t i = 1; i < n; i++)
			if (walk_order(&w[i], &w[least]) < 0)
				least = i;
		struct line l = n > 0 ? w[least].at : (struct line){ NULL, 0 };
		if (l.p == NULL)
			break;
		line_put(out, &l);
		for (size_t i = 0; i < n; i++)
			while (w[i].at.p != NULL && line_compare(&w[i].at, &l) == 0)
				walk_next(&w[i]);
	}
	free(w);
	return result(out);
}

int sl_set_change(struct sl_set_text a, struct sl_set_text b, FILE *out)
{
	struct walk old, new;
	walk_begin(&old, a);
	walk_begin(&new, b);
	while (old.at.p != NULL || new.at.p != NULL) {
		int c = walk_order(&old, &new);
		if (c != 0) {
			putc_unlocked(c < 0 ? '-' : '+', out);
			line_put(out, c < 0 ? &old.at : &new.at);
		}
		if (c <= 0)
			walk_next(&old);
		if (c >= 0)
			walk_next(&new);
	}
	return result(out);
}

int sl_set_apply(struct sl_set_text a, struct sl_set_text change, FILE *out)
{
	struct walk old, c;
	struct line last = { NULL, 0 };
	walk_begin(&old, a);
	for (walk_begin(&c, change); c.at.p != NULL; walk_next(&c)) {
		bool add;
		struct line l = c.at;
		if (!change_line(&l, &add) || (last.p != NULL && line_compare(&last, &l) >= 0))
			return -EBADMSG;
		last = l;
		while (old.at.p != NULL && line_compare(&old.at, &l) < 0) {
			line_put(out, &old.at);
			walk_next(&old);
		}
		bool there = old.at.p != NULL && line_compare(&old.at, &l) == 0;
		if (there == add)
			return -EBADMSG;
		if (add)
			line_put(out, &l);
		else
			walk_next(&old);
	}
	for (; old.at.p != NULL; walk_next(&old))
		line_put(out, &old.at);
	return result(out);
}

/* ---- what is in one ---- */

#define FILE_MARK "#file "
#define FILE_NAME_AT (sizeof(FILE_MARK) - 1 + SL_SET_HEX) /* a blank in the place of its zero */

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

bool line_file(const struct line *l, char sha256[SL_SET_HEX], char *name)
{
	size_t mark = sizeof(FILE_MARK) - 1;
	if (l->len <= FILE_NAME_AT || l->len - FILE_NAME_AT > SL_SET_NAME_MAX ||
		memcmp(l->p, FILE_MARK, mark) != 0 || l->p[FILE_NAME_AT - 1] != ' ')
		return false;
	for (size_t i = 0; i < SL_SET_HEX - 1; i++)
		if (strchr("0123456789abcdef", l->p[mark + i]) == NULL || l->p[mark + i] == '\0')
			return false;
	for (size_t i = FILE_NAME_AT; i < l->len; i++)
		if (!name_char(l->p[i]))
			return false;
	memcpy(sha256, l->p + mark, SL_SET_HEX - 1);
	sha256[SL_SET_HEX - 1] = '\0';
	memcpy(name, l->p + FILE_NAME_AT, l->len - FILE_NAME_AT);
	name[l->len - FILE_NAME_AT] = '\0';
	return name[0] != '.';
}

int sl_set_check(struct sl_set_text a, uint64_t *lines, sl_set_file_fn fn, void *arg)
{
	struct walk w;
	struct line last = { NULL, 0 };
	uint64_t n = 0, files = 0;
	if (a.len > 0 && a.p[a.len - 1] != '\n')
		return -EBADMSG;
	for (walk_begin(&w, a); w.at.p != NULL; walk_next(&w), n++) {
		char sha256[SL_SET_HEX], name[SL_SET_NAME_MAX + 1];
		bool native = w.at.len > 0 && w.at.p[0] == '{';
		if (w.at.len >= SL_SET_LINE_MAX ||
			(last.p != NULL && line_compare(&last, &w.at) >= 0) ||
			(!native && !line_file(&w.at, sha256, name)) ||
			(!native && ++files > SL_SET_FILES_MAX))
			return -EBADMSG;
		last = w.at;
		int rc = native || fn == NULL ? 0 : fn(arg, sha256, name);
		if (rc < 0)
			return rc;
	}
	if (lines != NULL)
		*lines = n;
	return 0;
}

int sl_set_files(struct sl_set_text a, sl_set_file_fn fn, void *arg)
{
	struct walk w;
	int rc = 0;
	for (walk_begin(&w, a); rc == 0 && w.at.p != NULL && w.at.p[0] == '#'; walk_next(&w)) {
		char sha256[SL_SET_HEX], name[SL_SET_NAME_MAX + 1];
		rc = line_file(&w.at, sha256, name) ? fn(arg, sha256, name) : -EBADMSG;
	}
	return rc;
}

void sl_set_name(const char *path, char out[SL_SET_NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t n = strnlen(name, SL_SET_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		out[i] = name_char(name[i]) && (i > 0 || name[i] != '.') ? name[i] : '_';
	if (n == 0)
		out[n++] = '_';
	out[n] = '\0';
}
