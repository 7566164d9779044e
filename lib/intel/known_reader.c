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

/* iprep's categories: "1,BadHosts,Known bad hosts". */
static bool category_line(const char *p, size_t len)
{
	size_t n = 0;
	while (n < len && n < 3 && p[n] >= '0' && p[n] <= '9')
		n++;
	const char *second = n > 0 && n < 3 && n < len && p[n] == ',' ? p + n + 1 : NULL;
	if (second == NULL)
		return false;
	const char *comma = memchr(second, ',', len - n - 1);
	if (comma == NULL || comma == second ||
		shape_of(second, (size_t)(comma - second)) != SHAPE_NONE)
		return false;
	for (const char *c = second; c < comma; c++)
		if (!((*c | 32) >= 'a' && (*c | 32) <= 'z') && *c != '-' && *c != '_' &&
			!(c > second && *c >= '0' && *c <= '9'))
			return false;
	size_t rest = len - (size_t)(comma + 1 - p);
	return rest > 0 && memchr(comma + 1, ',', rest) == NULL &&
	       shape_of(comma + 1, rest) == SHAPE_NONE;
}

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	if (len == 0 || line[0] == '#')
		return;
	t->lines++;
	t->cache += cache_line(line, len);
	t->categories += category_line(line, len);
}

static void tallied(const char *head, size_t len, bool whole, struct tally *t)
{
	*t = (struct tally){ 0 };
	head_lines(head, len, whole, tally_line, t);
}

bool known_recognise(const char *head, size_t len, bool whole)
{
	struct tally t;
	tallied(head, len, whole, &t);
	return t.lines > 0 && (t.cache == t.lines || (t.categories == t.lines && t.lines <= 60));
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
				: "The categories of an iprep list; the list is beside it." };
	reading_tell(r, &f);
	return 0;
}
