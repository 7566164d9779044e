/* SPDX-License-Identifier: BSD-3-Clause */
/* generations_disk.c - what the folder of generations says of itself: a text, a line for each set,
 * replaced as a whole; and what may go. Who makes a generation, alone. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations.h"

#define LIST "generations"
#define HEAD "sightline-generations 2 held "
#define HEAD_1 "sightline-generations 1 held "
#define LINE_MAX_BYTES 256

void generation_set(uint64_t number, char out[GENERATION_NAME])
{
	snprintf(out, GENERATION_NAME, "set-%" PRIu64, number);
}

int generations_enlist(struct sl_generations *g, const struct snapshot *s)
{
	if (g->sets == g->room) {
		size_t room = g->room * 2 + 8;
		struct snapshot *more = realloc(g->set, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		g->set = more;
		g->room = room;
	}
	g->set[g->sets++] = *s;
	return 0;
}

/* ---- what there is ---- */

/* NUMBER IDENTITY TEXT TIME LINES BYTES BACK_TO . */
static bool line_read(const char *line, struct snapshot *out)
{
	char id[SL_SET_HEX], text[SL_SET_HEX];
	int end = 0;
	*out = (struct snapshot){ 0 };
	return sscanf(line,
		       "%" SCNu64 " %64[0-9a-f] %64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64
		       " %" SCNu64 " .%n",
		       &out->head.number, id, text, &out->head.time_s, &out->head.lines,
		       &out->head.bytes, &out->head.back_to, &end) == 7 &&
	       end > 0 && out->head.number > 0 && disk_unhex(id, out->head.id) &&
	       disk_unhex(text, out->sha256);
}

/* Of the layout before, in which each generation was a set. */
static bool line_read_1(const char *line, struct snapshot *out)
{
	char id[SL_SET_HEX];
	int end = 0;
	*out = (struct snapshot){ 0 };
	if (sscanf(line,
		    "%" SCNu64 " %64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " .%n",
		    &out->head.number, id, &out->head.time_s, &out->head.lines, &out->head.bytes,
		    &out->head.back_to, &end) != 6 ||
		end == 0 || out->head.number == 0 || !disk_unhex(id, out->sha256))
		return false;
	memcpy(out->head.id, out->sha256, sizeof(out->head.id));
	return true;
}

static bool there(const struct sl_generations *g, const struct snapshot *s)
{
	char name[GENERATION_NAME];
	generation_set(s->head.number, name);
	return faccessat(g->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int lines_read(struct sl_generations *g, char *text)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);
	bool first = line != NULL && strncmp(line, HEAD_1, sizeof(HEAD_1) - 1) == 0;
	if (line == NULL || (!first && strncmp(line, HEAD, sizeof(HEAD) - 1) != 0))
		return -EBADMSG;
	g->held = strcmp(line + sizeof(HEAD) - 1, "1") == 0;
	bool last = true;
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		struct snapshot s;
		uint64_t before = g->sets > 0 ? g->set[g->sets - 1].head.number : 0;
		bool good = first ? line_read_1(line, &s) : line_read(line, &s);
		if (!good || s.head.number <= before)
			return -EBADMSG;
		last = there(g, &s);
		int rc = last ? generations_enlist(g, &s) : 0;
		if (rc < 0)
			return rc;
	}
	return last ? 0 : -EBADMSG; /* the set that changes go on from has to be there */
}

static int history(struct sl_generations *g)
{
	struct step *known = calloc(g->sets, sizeof(*known));
	if (known == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < g->sets; i++)
		known[i] = (struct step){ .head = g->set[i].head };
	int rc = history_read(&g->history, g->folder, known, g->sets);
	free(known);
	const struct snapshot *base = generation_base(g);
	for (size_t i = g->history.count; rc == 0 && i-- > 0;) {
		const struct step *s = &g->history.all[i];
		g->since += s->head.number > base->head.number ? s->change.len : 0;
		g->stale |= s->files;
	}
	return rc;
}

int generations_read(struct sl_generations *g)
{
	struct sl_set_text t;
	int rc = sl_set_map(g->folder, LIST, &t);
	g->history = (struct history){ .folder = g->folder, .journal = { .fd = -1 } };
	disk_sweep(g->folder);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	char *text = t.len < (1u << 20) ? strndup(t.p != NULL ? t.p : "", t.len) : NULL;
	rc = text == NULL ? -EBADMSG : lines_read(g, text);
	free(text);
	sl_set_unmap(&t);
	return rc == 0 && g->sets > 0 ? history(g) : rc;
}

int generations_write(const struct sl_generations *g, bool held)
{
	struct disk_file d;
	int rc = disk_begin(&d, g->folder, LIST);
	if (rc < 0)
		return rc;
	fprintf(d.f, HEAD "%d\n", held);
	for (size_t i = 0; i < g->sets; i++) {
		const struct journal_head *h = &g->set[i].head;
		char id[SL_SET_HEX], text[SL_SET_HEX];
		sl_hex(h->id, SL_DIGEST_MAX, id);
		sl_hex(g->set[i].sha256, SL_DIGEST_MAX, text);
		fprintf(d.f,
			"%" PRIu64 " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " .\n",
			h->number, id, text, h->time_s, h->lines, h->bytes, h->back_to);
	}
	return disk_keep(&d);
}

/* ---- what may go ---- */

/* The base, the one before it (of which somebody may be taking chunks), and what is needed to go
 * back to where no change leads to. */
static bool wanted(const struct sl_generations *g, size_t i)
{
	const struct history *h = &g->history;
	uint64_t newest = history_last(h)->head.number;
	if (i + 2 >= g->sets)
		return true;
	for (size_t k = h->count; k-- > 0 && newest - h->all[k].head.number < g->keep;)
		if (generation_from(g, h->all[k].head.number) == &g->set[i])
			return true;
	return false;
}

static void forget(struct sl_generations *g)
{
	size_t n = 0;
	for (size_t i = 0, all = g->sets; i < all; i++) {
		if (!wanted(g, i))
			g->set[i].head.number = 0;
		n += g->set[i].head.number != 0;
	}
	for (size_t i = 0, to = 0; i < g->sets; i++)
		if (g->set[i].head.number != 0)
			g->set[to++] = g->set[i];
	g->sets = n;
	uint64_t newest = history_last(&g->history)->head.number;
	uint64_t names = (uint64_t)g->keep * NAMES_OF_SET;
	uint64_t first = newest > names ? newest - names : 0;
	history_forget(&g->history, g->set[0].head.number < first ? g->set[0].head.number : first);
}

static void drop_stranger(void *arg, const char *name)
{
	const struct sl_generations *g = arg;
	uint64_t number;
	bool set = sscanf(name, "set-%" SCNu64, &number) == 1;
	if (!set && strncmp(name, "delta-", 6) != 0)
		return;
	bool named = g->fold != NULL && set && number == g->fold_to;
	for (size_t i = 0; set && i < g->sets; i++)
		named |= g->set[i].head.number == number;
	if (!named)
		unlinkat(g->folder, name, 0);
}

struct named {
	char (*sha256)[SL_SET_HEX];
	size_t count, cap;
};

static int name_file(void *arg, const char sha256[SL_SET_HEX], const char *name)
{
	struct named *n = arg;
	(void)name;
	if (n->count == n->cap) {
		size_t cap = n->cap > 0 ? n->cap * 2 : 64;
		char(*more)[SL_SET_HEX] = realloc(n->sha256, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		n->sha256 = more;
		n->cap = cap;
	}
	memcpy(n->sha256[n->count++], sha256, SL_SET_HEX);
	return 0;
}

struct drop {
	const struct sl_generations *g;
	const struct named *named;
};

static void drop_file(void *arg, const char *name)
{
	const struct drop *d = arg;
	for (size_t i = 0; i < d->named->count; i++)
		if (strcmp(d->named->sha256[i], name) == 0)
			return;
	unlinkat(d->g->files, name, 0);
}

static int name_change(void *arg, bool add, const char sha256[SL_SET_HEX], const char *name)
{
	(void)add;
	return name_file(arg, sha256, name);
}

static int name_set(const struct sl_generations *g, const struct snapshot *s, struct named *n)
{
	char name[GENERATION_NAME];
	struct sl_set_text t;
	generation_set(s->head.number, name);
	int rc = sl_set_map(g->folder, name, &t);
	if (rc < 0)
		return rc;
	rc = sl_set_files(t, name_file, n);
	sl_set_unmap(&t);
	return rc;
}

static int name_step(const struct sl_generations *g, const struct step *s, struct named *n)
{
	char *change;
	size_t len;
	if (!s->files)
		return 0;
	int rc = history_change(
		&g->history, s->head.number - 1, s->head.number, false, &change, &len);
	if (rc < 0)
		return rc;
	rc = sl_set_change_files((struct sl_set_text){ change, len }, name_change, n);
	free(change);
	return rc;
}

/* Files that a set or a change still names stay; where one can't be read, all. */
static void prune_files(struct sl_generations *g)
{
	struct named n = { 0 };
	int rc = 0;
	for (size_t i = 0; i < g->sets && rc == 0; i++)
		rc = name_set(g, &g->set[i], &n);
	for (size_t i = 0; i < g->history.count && rc == 0; i++)
		rc = name_step(g, &g->history.all[i], &n);
	struct drop d = { g, &n };
	if (rc == 0)
		disk_each(g->files, drop_file, &d);
	free(n.sha256);
}

void generations_prune(struct sl_generations *g, bool files)
{
	if (g->sets > 0) {
		pthread_mutex_lock(&g->lock);
		forget(g);
		pthread_mutex_unlock(&g->lock);
		history_sweep(&g->history);
	}
	disk_each(g->folder, drop_stranger, g);
	if (!files)
		return;
	prune_files(g);
	g->stale = false;
	for (size_t i = 0; i < g->history.count; i++)
		g->stale |= g->history.all[i].files;
}
