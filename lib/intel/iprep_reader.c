/* SPDX-License-Identifier: BSD-3-Clause */
/* iprep_reader.c - Suricata's reputation lists, "address,category,score", with the names of the
 * categories from the file beside them. Control threads. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "reading.h"

#define CATEGORIES 60
#define CATEGORY_BYTES ((size_t)64 << 10) /* of the file that names them */

struct tally {
	size_t lines, values;
};

struct reputation {
	const char *address;
	size_t len;
	unsigned long category, score;
};

/* Scores are 0 to 127. */
static bool number_at(const char **at, const char *end, unsigned long most, unsigned long *out)
{
	unsigned long v = 0;
	const char *begin = *at;
	while (*at < end && **at >= '0' && **at <= '9' && v <= most)
		v = v * 10 + (unsigned long)(*(*at)++ - '0');
	*out = v;
	return *at > begin && v <= most;
}

static bool reputation_read(const char *line, size_t len, struct reputation *out)
{
	const char *end = line + len, *comma = memchr(line, ',', len);
	if (comma == NULL)
		return false;
	const char *at = comma + 1;
	enum shape s = shape_of(line, (size_t)(comma - line));
	*out = (struct reputation){ .address = line, .len = (size_t)(comma - line) };
	if ((s != SHAPE_ADDR && s != SHAPE_PREFIX) ||
		!number_at(&at, end, CATEGORIES, &out->category) || out->category == 0 ||
		at == end || *at++ != ',' || !number_at(&at, end, 127, &out->score))
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end;
}

static void reputation_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct reputation rep;
	if (len == 0 || line[0] == '#')
		return;
	t->lines++;
	t->values += reputation_read(line, len, &rep);
}

bool iprep_recognise(const char *head, size_t len, bool whole)
{
	struct tally t = { 0 };
	head_lines(head, len, whole, reputation_line, &t);
	return t.values > 0 && t.values * 10 >= t.lines * 9;
}

static int iprep_line(struct reading *r, uint64_t number, const char *line, size_t len)
{
	struct reputation rep;
	char numbered[32];
	if (len == 0 || line[0] == '#')
		return 0;
	if (!reputation_read(line, len, &rep)) {
		reading_refuse(r, number, "", "BAD_VALUE",
			"A line of iprep is an address, a category (1 to 60) and a score (0 to "
			"127).",
			"");
		return 0;
	}
	const struct category *c = &r->categories->at[rep.category];
	snprintf(numbered, sizeof(numbered), "iprep-category-%lu", rep.category);
	struct draft d = { .line = number,
		.type = "ipv4-addr",
		.value = rep.address,
		.value_len = rep.len,
		.name = c->about,
		.labels = c->name[0] != '\0' ? c->name : numbered,
		.confidence = (uint8_t)(rep.score * 100 / 127) };
	if (rep.score > 0)
		return draft_add(r, &d);
	struct sl_finding f = { .line = number,
		.verdict = SL_CONTEXT,
		.code = "NO_SCORE",
		.reason = "A score of 0 says that nothing is known against it." };
	reading_tell(r, &f);
	return 0;
}

/* ---- Categories ---- */

/* "1,BadHosts,Known bad hosts" */
bool category_line(const char *p, size_t len, struct category_text *out)
{
	const char *at = p, *end = p + len;
	if (!number_at(&at, end, CATEGORIES, &out->number) || out->number == 0 || at == end ||
		*at++ != ',')
		return false;
	const char *comma = memchr(at, ',', (size_t)(end - at));
	if (comma == NULL || comma == at || shape_of(at, (size_t)(comma - at)) != SHAPE_NONE)
		return false;
	for (const char *c = at; c < comma; c++)
		if (!((*c | 32) >= 'a' && (*c | 32) <= 'z') && *c != '-' && *c != '_' &&
			!(c > at && *c >= '0' && *c <= '9'))
			return false;
	*out = (struct category_text){ out->number, at, (size_t)(comma - at), comma + 1,
		(size_t)(end - comma - 1) };
	return out->about_len > 0 && memchr(out->about, ',', out->about_len) == NULL &&
	       shape_of(out->about, out->about_len) == SHAPE_NONE;
}

static void category_keep(void *arg, const char *line, size_t len)
{
	struct categories *all = arg;
	struct category_text t;
	if (!category_line(line, len, &t))
		return;
	struct category *c = &all->at[t.number];
	snprintf(
		c->name, sizeof(c->name), "%.*s", (int)(t.name_len < 63 ? t.name_len : 63), t.name);
	snprintf(c->about, sizeof(c->about), "%.*s", (int)(t.about_len < 255 ? t.about_len : 255),
		t.about);
}

/* One that can't be read names nothing: when it is read for itself, why is told. */
static bool categories_file(const char *path, struct categories *out)
{
	struct stat st;
	struct sl_input *in;
	size_t got = 0;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || sl_input_open(&in, path) < 0)
		return false;
	char *head = malloc(CATEGORY_BYTES);
	bool named = head != NULL && sl_input_peek(in, head, CATEGORY_BYTES, &got) == 0 &&
		     categories_are(head, got, got < CATEGORY_BYTES);
	if (named)
		head_lines(head, got, got < CATEGORY_BYTES, category_keep, out);
	free(head);
	sl_input_close(in);
	return named;
}

int categories_named(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcasestr(d->d_name, "categor") != NULL;
}

/* The first file in the list's folder, by name, that is one of categories and says so. */
static void categories_beside(const char *path, struct categories *out)
{
	struct dirent **names;
	const char *slash = strrchr(path, '/');
	int folder_len = slash != NULL ? (int)(slash - path) + 1 : 0;
	char folder[PATH_MAX], file[PATH_MAX];
	bool found = false;
	if (snprintf(folder, sizeof(folder), "%.*s", folder_len, path) >= (int)sizeof(folder))
		return;
	int n = scandir(slash != NULL ? folder : ".", &names, categories_named, alphasort);
	for (int i = 0; i < n; i++) {
		int len = snprintf(file, sizeof(file), "%s%s", folder, names[i]->d_name);
		found = found || (len < (int)sizeof(file) && categories_file(file, out));
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int iprep_read(struct reading *r)
{
	struct categories *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	if (r->on_disk)
		categories_beside(r->path, c);
	r->categories = c;
	int rc = lines_each(r, iprep_line);
	r->categories = NULL;
	free(c);
	return rc;
}
