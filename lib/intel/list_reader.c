/* SPDX-License-Identifier: BSD-3-Clause */
/* list_reader.c - plain lists: one value a line, comments, blank lines. Control threads. */
#include <string.h>

#include "reading.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* '#' and ';' begin a comment at the line's begin or behind a blank, "//" as well. */
static bool comment_at(const char *line, size_t i, size_t len)
{
	bool first = i == 0 || is_blank(line[i - 1]);
	if (!first)
		return false;
	if (line[i] == '#' || line[i] == ';')
		return true;
	return line[i] == '/' && i + 1 < len && line[i + 1] == '/' &&
	       (i > 0 || len < 3 || is_blank(line[2]) || shape_of(line, len) == SHAPE_NONE);
}

static void trim(const char **p, size_t *len)
{
	while (*len > 0 && is_blank((*p)[0])) {
		(*p)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*p)[*len - 1]))
		(*len)--;
}

static size_t word(const char *p, size_t len)
{
	size_t n = 0;
	while (n < len && !is_blank(p[n]))
		n++;
	return n;
}

/* "0.0.0.0 evil.example", as hosts files block names. */
static bool hosts_address(const char *p, size_t len)
{
	static const char *const rows[] = { "0.0.0.0", "127.0.0.1", "::", "::1" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i]) == len && memcmp(rows[i], p, len) == 0)
			return true;
	return false;
}

size_t list_value(const char *line, size_t len, const char **value)
{
	trim(&line, &len);
	for (size_t i = 0; i < len; i++)
		if (comment_at(line, i, len)) {
			len = i;
			break;
		}
	trim(&line, &len);
	*value = line;
	size_t n = word(line, len);
	if (n == len)
		return len;
	const char *rest = line + n;
	size_t left = len - n;
	trim(&rest, &left);
	if (hosts_address(line, n) && word(rest, left) == left) {
		*value = rest;
		return left;
	}
	/* "1.2.3.4   10": how many lists had it. */
	for (size_t i = 0; i < left; i++)
		if ((rest[i] < '0' || rest[i] > '9') && !is_blank(rest[i]))
			return len;
	return n;
}

struct tally {
	size_t values, lines;
};

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	const char *value;
	char plain[SL_VALUE_MAX];
	bool changed;
	len = list_value(line, len, &value);
	if (len == 0)
		return;
	t->lines++;
	len = len < sizeof(plain) ? sl_refang(value, len, plain, sizeof(plain), &changed) : 0;
	t->values += shape_of(plain, len) != SHAPE_NONE;
}

bool list_recognise(const char *head, size_t len, bool whole)
{
	struct tally t = { 0 };
	head_lines(head, len, whole, tally_line, &t);
	return t.values > 0 && t.values * 2 >= t.lines;
}

static int line_read(struct reading *r, uint64_t number, const char *line, size_t len)
{
	struct draft d = {
		.line = number, .below = SL_BELOW_MARKED, .confidence = SL_CONFIDENCE_NONE
	};
	d.value_len = list_value(line, len, &d.value);
	d.type = type_by_path(r->path, d.value, d.value_len);
	return d.value_len > 0 ? draft_add(r, &d) : 0;
}

int list_read(struct reading *r)
{
	return lines_each(r, line_read);
}
