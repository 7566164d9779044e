/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.h - private to lib/handout: a text of lines, walked through. */
#ifndef SL_HANDOUT_LINES_H
#define SL_HANDOUT_LINES_H

#include <string.h>

#include <sightline/handout.h>

struct line {
	const char *p;
	size_t len; /* without its newline */
};

static inline int line_compare(const struct line *a, const struct line *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n > 0 ? memcmp(a->p, b->p, n) : 0;
	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static inline void line_put(FILE *out, const struct line *l)
{
	fwrite_unlocked(l->p, 1, l->len, out);
	putc_unlocked('\n', out);
}

/* A text, line by line. */
struct walk {
	const char *p, *end;
	struct line at; /* at.p NULL: the end */
};

static inline bool walk_next(struct walk *w)
{
	if (w->p == w->end) {
		w->at = (struct line){ NULL, 0 };
		return false;
	}
	const char *nl = memchr(w->p, '\n', (size_t)(w->end - w->p));
	const char *stop = nl != NULL ? nl : w->end;
	w->at = (struct line){ w->p, (size_t)(stop - w->p) };
	w->p = nl != NULL ? nl + 1 : w->end;
	return true;
}

static inline void walk_begin(struct walk *w, struct sl_set_text t)
{
	*w = (struct walk){ .p = t.p, .end = t.p != NULL ? t.p + t.len : NULL };
	walk_next(w);
}

/* Without a line, behind every other. */
static inline int walk_order(const struct walk *a, const struct walk *b)
{
	if (a->at.p == NULL || b->at.p == NULL)
		return (a->at.p == NULL) - (b->at.p == NULL);
	return line_compare(&a->at, &b->at);
}

/* set.c: whether a line names a file; as its parts. */
bool line_file(const struct line *l, char sha256[SL_SET_HEX], char *name);
/* change.c: takes the mark off a change's line. */
bool change_line(struct line *l, bool *add);

#endif
