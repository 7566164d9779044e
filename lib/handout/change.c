/* SPDX-License-Identifier: BSD-3-Clause */
/* change.c - changes of sets: one after another as one, back again, taken apart. Their cost is that
 * of their own lines, whatever the size of the set. Any thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

/* A line of a change, with its mark. */
struct step {
	struct line l; /* without it */
	size_t order; /* of the changes */
	char mark;
};

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	int c = line_compare(&x->l, &y->l);
	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

bool change_line(struct line *l, bool *add)
{
	if (l->len < 2 || (l->p[0] != '+' && l->p[0] != '-'))
		return false;
	*add = l->p[0] == '+';
	l->p++;
	l->len--;
	return true;
}

int sl_set_change_check(struct sl_set_text change, struct sl_set_sum *sum)
{
	struct sl_set_sum s = { 0 };
	struct line last = { NULL, 0 };
	struct walk w;
	if (change.len > 0 && change.p[change.len - 1] != '\n')
		return -EBADMSG;
	for (walk_begin(&w, change); w.at.p != NULL; walk_next(&w)) {
		char sha256[SL_SET_HEX], name[SL_SET_NAME_MAX + 1];
		struct line l = w.at;
		bool add;
		if (!change_line(&l, &add) || l.len >= SL_SET_LINE_MAX ||
			(last.p != NULL && line_compare(&last, &l) >= 0))
			return -EBADMSG;
		bool native = l.p[0] == '{';
		if (!native && !line_file(&l, sha256, name))
			return -EBADMSG;
		last = l;
		s.files += !native;
		s.more += add;
		s.fewer += !add;
		s.bytes_more += add ? l.len + 1 : 0;
		s.bytes_fewer += add ? 0 : l.len + 1;
	}
	*sum = s;
	return 0;
}

/* ---- one of many ---- */

static int steps_of(const struct sl_set_text *changes, size_t n, struct step **out, size_t *count)
{
	struct step *all = NULL;
	size_t have = 0, cap = 0;
	for (size_t i = 0; i < n; i++) {
		struct walk w;
		for (walk_begin(&w, changes[i]); w.at.p != NULL; walk_next(&w)) {
			struct step s = { w.at, i, w.at.len > 0 ? w.at.p[0] : '\0' };
			bool add;
			if (have == cap) {
				cap = cap > 0 ? cap * 2 : 256;
				struct step *more = realloc(all, cap * sizeof(*all));
				if (more == NULL) {
					free(all);
					return -ENOMEM;
				}
				all = more;
			}
			if (!change_line(&s.l, &add)) {
				free(all);
				return -EBADMSG;
			}
			all[have++] = s;
		}
	}
	*out = all;
	*count = have;
	return 0;
}

/* What happened to one line comes and goes by turns; an odd number of turns is as the last of them.
 * 0: nothing in all; -EBADMSG: it came where it was, or left where it wasn't. */
static int turns(const struct step *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (s[i].mark == s[i - 1].mark)
			return -EBADMSG;
	return n % 2 != 0 ? s[n - 1].mark : 0;
}

static char other(char mark)
{
	return mark == '+' ? '-' : '+';
}

int sl_set_compose(
	const struct sl_set_text *changes, size_t n, bool back, char **out, size_t *out_len)
{
	struct step *s;
	size_t count, bytes = 1, at = 0;
	int rc = steps_of(changes, n, &s, &count);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		bytes += changes[i].len + 1;
	char *text = malloc(bytes);
	if (text == NULL) {
		free(s);
		return -ENOMEM;
	}
	if (n > 1 && count > 0)
		qsort(s, count, sizeof(*s), compare_steps);
	for (size_t i = 0, next; i < count && rc >= 0; i = next) {
		for (next = i + 1; next < count && line_compare(&s[i].l, &s[next].l) == 0; next++)
			;
		rc = turns(&s[i], next - i);
		if (rc <= 0)
			continue;
		text[at++] = back ? other((char)rc) : (char)rc;
		memcpy(text + at, s[i].l.p, s[i].l.len);
		at += s[i].l.len;
		text[at++] = '\n';
	}
	free(s);
	if (rc < 0) {
		free(text);
		return rc;
	}
	*out = text;
	*out_len = at;
	return 0;
}

int sl_set_change_split(
	struct sl_set_text change, char **add, size_t *add_len, char **remove, size_t *remove_len)
{
	char *text[2] = { malloc(change.len + 1), malloc(change.len + 1) };
	size_t len[2] = { 0, 0 };
	struct walk w;
	if (text[0] == NULL || text[1] == NULL) {
		free(text[0]);
		free(text[1]);
		return -ENOMEM;
	}
	for (walk_begin(&w, change); w.at.p != NULL; walk_next(&w)) {
		struct line l = w.at;
		bool more;
		if (!change_line(&l, &more) || l.p[0] == '#')
			continue;
		memcpy(text[more] + len[more], l.p, l.len);
		len[more] += l.len;
		text[more][len[more]++] = '\n';
	}
	*remove = text[0];
	*remove_len = len[0];
	*add = text[1];
	*add_len = len[1];
	return 0;
}

int sl_set_change_files(struct sl_set_text change, sl_set_file_change_fn fn, void *arg)
{
	struct walk w;
	int rc = 0;
	/* Files stand before all others. */
	for (walk_begin(&w, change); rc == 0 && w.at.p != NULL; walk_next(&w)) {
		char sha256[SL_SET_HEX], name[SL_SET_NAME_MAX + 1];
		struct line l = w.at;
		bool add;
		if (!change_line(&l, &add) || l.p[0] != '#')
			break;
		rc = line_file(&l, sha256, name) ? fn(arg, add, sha256, name) : -EBADMSG;
	}
	return rc;
}

/* ---- the change of a part ---- */

bool sl_set_has(struct sl_set_text a, const char *p, size_t len)
{
	const struct line wanted = { p, len };
	const char *from = a.p, *to = a.p != NULL ? a.p + a.len : NULL;
	while (from < to) {
		const char *mid = from + (to - from) / 2;
		const char *nl = mid > from ? memrchr(from, '\n', (size_t)(mid - from)) : NULL;
		const char *begin = nl != NULL ? nl + 1 : from;
		const char *end = memchr(mid, '\n', (size_t)(to - mid));
		end = end != NULL ? end : to;
		const struct line at = { begin, (size_t)(end - begin) };
		int c = line_compare(&wanted, &at);
		if (c == 0)
			return true;
		if (c < 0)
			to = begin;
		else
			from = end < to ? end + 1 : to;
	}
	return false;
}

static bool in_any(const struct sl_set_text *sets, size_t n, const struct line *l)
{
	for (size_t i = 0; i < n; i++)
		if (sl_set_has(sets[i], l->p, l->len))
			return true;
	return false;
}

int sl_set_change_beside(struct sl_set_text a, struct sl_set_text b,
	const struct sl_set_text *others, size_t n, FILE *out)
{
	struct walk old, new;
	walk_begin(&old, a);
	walk_begin(&new, b);
	while (old.at.p != NULL || new.at.p != NULL) {
		int c = walk_order(&old, &new);
		const struct line *l = c < 0 ? &old.at : &new.at;
		if (c != 0 && !in_any(others, n, l)) {
			putc_unlocked(c < 0 ? '-' : '+', out);
			line_put(out, l);
		}
		if (c <= 0)
			walk_next(&old);
		if (c >= 0)
			walk_next(&new);
	}
	return ferror(out) ? -EIO : 0;
}
