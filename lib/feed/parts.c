/* SPDX-License-Identifier: BSD-3-Clause */
/* parts.c - what all sources have, piece by piece as sorted lines, and how their union changes when
 * pieces do: at the cost of those, not of all. One thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feeds.h"

struct part *part_find(const struct feed *f, uint64_t key)
{
	for (size_t i = 0; i < f->parts; i++)
		if (f->part[i].key == key)
			return &f->part[i];
	return NULL;
}

void part_fini(struct part *p)
{
	if (p->mapped)
		sl_set_unmap(&p->set);
	else
		free((void *)(uintptr_t)p->set.p);
	p->set = (struct sl_set_text){ NULL, 0 };
}

void feed_forget(struct feed *f)
{
	while (f->parts > 0)
		part_fini(&f->part[--f->parts]);
	free(f->part);
	f->part = NULL;
}

void union_handed(struct union_of *u, uint64_t generation)
{
	while (u->changes > 0)
		free((void *)(uintptr_t)u->change[--u->changes].p);
	u->bytes = 0;
	u->handed = generation;
}

void union_fini(struct union_of *u)
{
	union_handed(u, 0);
	free(u->change);
	u->change = NULL;
}

/* Of all sources but one part. */
static int others(
	const struct union_of *u, const struct part *but, struct sl_set_text **out, size_t *n)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < u->count; i++)
		count += u->feed[i].has ? u->feed[i].parts : 0;
	struct sl_set_text *all = calloc(count + 1, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < u->count; i++)
		for (size_t k = 0; u->feed[i].has && k < u->feed[i].parts; k++)
			if (&u->feed[i].part[k] != but)
				all[at++] = u->feed[i].part[k].set;
	*out = all;
	*n = at;
	return 0;
}

int union_sets(const struct union_of *u, struct sl_set_text **out, size_t *n)
{
	return others(u, NULL, out, n);
}

static int change_keep(struct union_of *u, char *text, size_t len)
{
	if (u->changes == u->room) {
		size_t room = u->room * 2 + 8;
		struct sl_set_text *more = realloc(u->change, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		u->change = more;
		u->room = room;
	}
	u->change[u->changes++] = (struct sl_set_text){ text, len };
	u->bytes += len;
	return 0;
}

/* What the union becomes where the part's lines are others. What can't be told here is when all are
 * added. */
static void change_of(struct union_of *u, const struct part *p, struct sl_set_text next)
{
	struct sl_set_text *beside = NULL;
	size_t n = 0, len = 0, before = p->set.len;
	char *text = NULL;
	/* Many lines are compared faster all at once. */
	bool large = (next.len > before ? next.len - before : before - next.len) >
		     SL_SET_CHANGE_BYTES_MAX / 4;
	if (u->handed == 0)
		return;
	FILE *out = large || others(u, p, &beside, &n) < 0 ? NULL : open_memstream(&text, &len);
	int rc = out == NULL ? -ENOMEM : sl_set_change_beside(p->set, next, beside, n, out);
	if (out != NULL && fclose(out) != 0)
		rc = -ENOMEM;
	free(beside);
	bool fits = rc == 0 && u->bytes + len <= SL_SET_CHANGE_BYTES_MAX;
	bool keeps = fits && len > 0 && change_keep(u, text, len) == 0;
	if (!keeps)
		free(text);
	if (!keeps && (!fits || len > 0))
		union_handed(u, 0);
}

static bool same_text(struct sl_set_text a, struct sl_set_text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Files stand first in a set. */
static size_t files_of(struct sl_set_text t)
{
	size_t n = 0;
	for (const char *p = t.p, *end = p + t.len; p < end && *p == '#'; n++)
		p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
	return n;
}

/* Those of others, and of the pieces that stay or come. */
static size_t files_with(const struct union_of *u, const struct feed *f, const struct pieces *p,
	const struct sl_set_text *set)
{
	size_t n = 0;
	for (size_t i = 0; i < u->count; i++)
		for (size_t k = 0; &u->feed[i] != f && u->feed[i].has && k < u->feed[i].parts; k++)
			n += files_of(u->feed[i].part[k].set);
	for (size_t i = 0; i < p->count; i++)
		n += files_of(p->piece[i].same ? part_find(f, p->piece[i].key)->set : set[i]);
	return n;
}

/* The parts that no piece has leave. */
static bool leave(struct union_of *u, struct feed *f, const struct pieces *p)
{
	bool any = false;
	for (size_t i = f->parts; i-- > 0;) {
		bool stays = false;
		for (size_t k = 0; k < p->count && !stays; k++)
			stays = p->piece[k].key == f->part[i].key;
		if (stays)
			continue;
		change_of(u, &f->part[i], (struct sl_set_text){ NULL, 0 });
		any |= f->part[i].set.len > 0;
		part_fini(&f->part[i]);
		f->part[i] = f->part[--f->parts];
	}
	return any;
}

/* There is room for it. */
static bool come(struct union_of *u, struct feed *f, const struct piece *p, struct sl_set_text set)
{
	struct part *at = part_find(f, p->key);
	if (at == NULL) {
		at = &f->part[f->parts++];
		*at = (struct part){ .key = p->key };
	}
	bool same = same_text(at->set, set);
	at->state = p->state;
	at->usable = p->usable;
	at->bytes = p->len;
	if (same) {
		free((void *)(uintptr_t)set.p);
		return false;
	}
	change_of(u, at, set);
	part_fini(at);
	at->set = set;
	at->mapped = at->kept = false;
	return true;
}

static int room_for(struct feed *f, const struct pieces *p)
{
	struct part *more = realloc(f->part, (f->parts + p->count + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	f->part = more;
	return 0;
}

int union_take(struct union_of *u, struct feed *f, struct pieces *p, struct sl_generations *g)
{
	struct sl_set_text *set = calloc(p->count + 1, sizeof(*set));
	int rc = set == NULL ? -ENOMEM : room_for(f, p);
	for (size_t i = 0; rc == 0 && i < p->count; i++)
		if (!p->piece[i].same)
			rc = piece_set(&p->piece[i], g, &set[i]);
	if (rc == 0 && files_with(u, f, p, set) > SL_SET_FILES_MAX)
		rc = -E2BIG;
	if (rc < 0) {
		for (size_t i = 0; set != NULL && i < p->count; i++)
			free((void *)(uintptr_t)set[i].p);
		free(set);
		return rc;
	}
	bool changed = !f->has;
	f->has = true;
	for (size_t i = 0; i < p->count; i++)
		if (!p->piece[i].same)
			changed |= come(u, f, &p->piece[i], set[i]);
	changed |= leave(u, f, p);
	free(set);
	return changed ? 0 : 1;
}
