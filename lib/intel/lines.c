/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.c - text line by line, in one buffer of fixed size. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

#define BUF_BYTES (2 * LINE_MAX_BYTES)

int lines_init(struct lines *l, struct sl_input *in)
{
	*l = (struct lines){ .in = in };
	l->buf = malloc(BUF_BYTES);
	return l->buf != NULL ? 0 : -ENOMEM;
}

void lines_fini(struct lines *l)
{
	free(l->buf);
}

static int fill(struct lines *l)
{
	memmove(l->buf, l->buf + l->from, l->upto - l->from);
	l->upto -= l->from;
	l->from = 0;
	size_t got = 0;
	int rc = sl_input_read(l->in, l->buf + l->upto, BUF_BYTES - l->upto, &got);
	l->upto += rc < 0 ? 0 : got;
	l->ended = rc < 0 || got == 0;
	return rc;
}

/* The rest of a line that is longer than the buffer's half. */
static int skip_line(struct lines *l)
{
	for (;;) {
		char *nl = memchr(l->buf + l->from, '\n', l->upto - l->from);
		l->from = nl != NULL ? (size_t)(nl - l->buf) + 1 : l->upto;
		if (nl != NULL || l->ended)
			return 0;
		int rc = fill(l);
		if (rc < 0)
			return rc;
	}
}

static size_t trimmed(const char *p, size_t len)
{
	while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == '\n'))
		len--;
	return len;
}

int lines_next(struct lines *l, const char **line, size_t *len, bool *cut)
{
	char *nl;
	*line = NULL;
	*cut = false;
	while ((nl = memchr(l->buf + l->from, '\n', l->upto - l->from)) == NULL && !l->ended &&
		l->upto - l->from <= LINE_MAX_BYTES) {
		int rc = fill(l);
		if (rc < 0)
			return rc;
	}
	if (l->from == l->upto)
		return 0;
	l->number++;
	char *at = l->buf + l->from;
	size_t n = nl != NULL ? (size_t)(nl - at) : l->upto - l->from;
	if (n > LINE_MAX_BYTES) {
		/* Nothing of it is used, so what is handed out may lie under what is read next. */
		*cut = true;
		*line = "";
		*len = 0;
		return skip_line(l);
	}
	l->from += n + (nl != NULL);
	if (l->number == 1 && n >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
		at += 3;
		n -= 3;
	}
	*line = at;
	*len = trimmed(at, n);
	return 0;
}

int lines_each(struct reading *r,
	int (*each)(struct reading *r, uint64_t number, const char *line, size_t len))
{
	struct lines l;
	const char *line;
	size_t len;
	bool cut;
	int rc = lines_init(&l, r->in);
	while (rc == 0 && (rc = lines_next(&l, &line, &len, &cut)) == 0 && line != NULL) {
		if (cut)
			reading_refuse(r, l.number, "", "LINE_TOO_LONG",
				"The line is longer than 64 KiB.", "");
		else
			rc = each(r, l.number, line, len);
	}
	lines_fini(&l);
	return rc;
}

void head_lines(const char *head, size_t len, bool whole,
	void (*each)(void *arg, const char *line, size_t len), void *arg)
{
	if (len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
		head += 3;
		len -= 3;
	}
	while (len > 0) {
		const char *nl = memchr(head, '\n', len);
		if (nl == NULL && !whole)
			return;
		size_t n = nl != NULL ? (size_t)(nl - head) : len;
		each(arg, head, trimmed(head, n));
		n += nl != NULL;
		head += n;
		len -= n;
	}
}
