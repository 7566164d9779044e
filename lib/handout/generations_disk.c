/* SPDX-License-Identifier: BSD-3-Clause */
/* generations_disk.c - what the folder of generations says of itself: a text, a line for each,
 * replaced as a whole; and what may go. Who makes a generation, alone. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generations.h"

#define LIST "generations"
#define HEAD "sightline-generations 1 held "
#define LINE_MAX_BYTES 256

void generation_set(uint64_t number, char out[GENERATION_NAME])
{
	snprintf(out, GENERATION_NAME, "set-%" PRIu64, number);
}

void generation_delta(uint64_t number, char out[GENERATION_NAME])
{
	snprintf(out, GENERATION_NAME, "delta-%" PRIu64, number);
}

struct sl_generation *generation_find(const struct sl_generations *g, uint64_t number)
{
	for (size_t i = g->count; i-- > 0;)
		if (g->all[i].number == number)
			return &g->all[i];
	return NULL;
}

static bool there(const struct sl_generations *g, const char *name)
{
	struct stat st;
	return fstatat(g->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool line_read(const struct sl_generations *g, const char *line, struct sl_generation *out)
{
	char hex[SL_SET_HEX], name[GENERATION_NAME];
	int end = 0;
	*out = (struct sl_generation){ 0 };
	if (sscanf(line,
		    "%" SCNu64 " %64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " .%n",
		    &out->number, hex, &out->time_s, &out->lines, &out->bytes, &out->back_to,
		    &end) != 6 ||
		end == 0 || out->number == 0 || !disk_unhex(hex, out->sha256))
		return false;
	generation_set(out->number, name);
	out->kept = there(g, name);
	generation_delta(out->number, name);
	out->delta = there(g, name);
	return true;
}

static int lines_read(struct sl_generations *g, char *text)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);
	if (line == NULL || strncmp(line, HEAD, sizeof(HEAD) - 1) != 0)
		return -EBADMSG;
	g->held = strcmp(line + sizeof(HEAD) - 1, "1") == 0;
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		struct sl_generation one;
		uint64_t last = g->count > 0 ? g->all[g->count - 1].number : 0;
		if (!line_read(g, line, &one) || one.number <= last)
			return -EBADMSG;
		struct sl_generation *more = realloc(g->all, (g->count + 1) * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		g->all = more;
		g->all[g->count++] = one;
	}
	/* The set that is handed out has to be there. */
	return g->count > 0 && !g->all[g->count - 1].kept ? -EBADMSG : 0;
}

int generations_read(struct sl_generations *g)
{
	struct sl_set_text t;
	int rc = sl_set_map(g->folder, LIST, &t);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	char *text = t.len < (1u << 20) ? strndup(t.p != NULL ? t.p : "", t.len) : NULL;
	rc = text == NULL ? -EBADMSG : lines_read(g, text);
	free(text);
	sl_set_unmap(&t);
	return rc;
}

int generations_write(
	const struct sl_generations *g, const struct sl_generation *all, size_t count, bool held)
{
	struct disk_file d;
	int rc = disk_begin(&d, g->folder, LIST);
	if (rc < 0)
		return rc;
	fprintf(d.f, HEAD "%d\n", held);
	for (size_t i = 0; i < count; i++) {
		char hex[SL_SET_HEX];
		sl_hex(all[i].sha256, SL_DIGEST_MAX, hex);
		fprintf(d.f, "%" PRIu64 " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " .\n",
			all[i].number, hex, all[i].time_s, all[i].lines, all[i].bytes,
			all[i].back_to);
	}
	return disk_keep(&d);
}

/* ---- what may go ---- */

static void drop_stranger(void *arg, const char *name)
{
	const struct sl_generations *g = arg;
	uint64_t number;
	bool set = sscanf(name, "set-%" SCNu64, &number) == 1;
	bool delta = !set && sscanf(name, "delta-%" SCNu64, &number) == 1;
	if (!set && !delta)
		return;
	const struct sl_generation *one = generation_find(g, number);
	if (one == NULL || (set ? !one->kept : !one->delta))
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

static void prune_files(struct sl_generations *g)
{
	struct named n = { 0 };
	int rc = 0;
	for (size_t i = 0; i < g->count && rc == 0; i++) {
		char name[GENERATION_NAME];
		struct sl_set_text t;
		if (!g->all[i].kept)
			continue;
		generation_set(g->all[i].number, name);
		rc = sl_set_map(g->folder, name, &t);
		if (rc < 0)
			break;
		rc = sl_set_check(t, NULL, name_file, &n);
		sl_set_unmap(&t);
	}
	/* Where one can't be read, nothing goes that it may name. */
	struct drop d = { g, &n };
	if (rc == 0)
		disk_each(g->files, drop_file, &d);
	free(n.sha256);
}

void generations_prune(struct sl_generations *g, bool files)
{
	disk_each(g->folder, drop_stranger, g);
	if (files)
		prune_files(g);
}
