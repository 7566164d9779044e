/* SPDX-License-Identifier: BSD-3-Clause */
/* known_reader.c - files that lie beside feeds and look like lists, but are none: they are named,
 * so that nobody takes a cache of fingerprints for hashes of files. Control threads. */
#include <string.h>

#include "reading.h"

struct tally {
	size_t lines, cache, categories;
};

/* MISP's hashes.csv: the MD5 of an attribute's value, and its event's UUID. */
static bool cache_line(const char *p, size_t len)
{
	return len == 32 + 1 + 36 && shape_of(p, 32) == SHAPE_HASH && p[32] == ',' &&
	       p[41] == '-' && p[46] == '-' && p[51] == '-' && p[56] == '-';
}

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct category_text category;
	if (len == 0 || line[0] == '#')
		return;
	t->lines++;
	t->cache += cache_line(line, len);
	t->categories += category_line(line, len, &category);
}

static void tallied(const char *head, size_t len, bool whole, struct tally *t)
{
	*t = (struct tally){ 0 };
	head_lines(head, len, whole, tally_line, t);
}

bool categories_are(const char *head, size_t len, bool whole)
{
	struct tally t;
	tallied(head, len, whole, &t);
	return t.lines > 0 && t.categories == t.lines && t.lines <= 60;
}

bool known_recognise(const char *head, size_t len, bool whole)
{
	struct tally t;
	tallied(head, len, whole, &t);
	return (t.lines > 0 && t.cache == t.lines) || categories_are(head, len, whole);
}

int known_read(struct reading *r)
{
	char head[4096];
	size_t got = 0;
	struct tally t;
	int rc = sl_input_peek(r->in, head, sizeof(head), &got);
	if (rc < 0)
		return rc;
	tallied(head, got, got < sizeof(head), &t);
	bool cache = t.cache > 0;
	struct sl_finding f = { .verdict = SL_CONTEXT,
		.code = cache ? "HASH_CACHE" : "CATEGORIES",
		.reason = cache ? "A MISP feed's cache: fingerprints of its values, not hashes of "
				  "files."
				: "The names of an iprep list's categories, which label the list "
				  "in this folder." };
	reading_tell(r, &f);
	return 0;
}
