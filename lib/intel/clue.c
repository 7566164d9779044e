/* SPDX-License-Identifier: BSD-3-Clause */
/* clue.c - the small trees of a file: making them, knowing them by id, and the queue of indicators
 * that wait for what they refer to. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clue.h"

#define KEPT_BYTES ((size_t)256 << 20)
#define PASSING_BYTES ((size_t)32 << 20)
#define WAITING_MAX 50000

struct clue_id {
	const char *id;
	struct clue *clue;
};

int clues_init(struct clues *k, struct reading *r)
{
	*k = (struct clues){ .r = r };
	k->last = &k->first;
	int rc = sl_hash_key_draw(&k->key);
	return rc < 0 ? rc : sl_arena_new(&k->kept);
}

void clues_fini(struct clues *k)
{
	sl_arena_free(k->kept);
	sl_arena_free(k->passing);
	free(k->ids);
}

static void *take(struct clues *k, size_t bytes)
{
	void *p = sl_arena_take(k->passing != NULL ? k->passing : k->kept, bytes);
	k->no_memory |= p == NULL;
	return p;
}

const char *clues_text(struct clues *k, const char *text, size_t len)
{
	if (text == NULL)
		return NULL;
	char *p = take(k, len + 1);
	if (p != NULL && len > 0)
		memcpy(p, text, len);
	return p;
}

struct clue *clue_new(struct clues *k, enum clue_kind kind, uint64_t line)
{
	struct clue *c = take(k, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->kind = kind;
	c->line = line;
	return c;
}

struct clue *clue_test(struct clues *k, const char *path, enum sl_test test, const char *text,
	size_t len, uint64_t line)
{
	struct clue *c = clue_new(k, CLUE_TEST, line);
	if (c == NULL)
		return NULL;
	c->path = path;
	c->test = test;
	c->text = clues_text(k, text, len);
	c->len = len;
	return c->text != NULL ? c : NULL;
}

struct clue *clue_reference(struct clues *k, const char *id, uint64_t line)
{
	struct clue *c = clue_new(k, CLUE_REFERENCE, line);
	if (c == NULL)
		return NULL;
	c->text = clues_text(k, id, strlen(id));
	c->len = strlen(id);
	return c->text != NULL ? c : NULL;
}

void clue_append(struct clue *group, struct clue *child)
{
	if (group == NULL || child == NULL)
		return;
	*(group->last != NULL ? &group->last->next : &group->child) = child;
	group->last = child;
}

struct clue *clue_negated(struct clues *k, struct clue *c)
{
	struct clue *n = c != NULL ? clue_new(k, CLUE_NOT, c->line) : NULL;
	clue_append(n, c);
	return n;
}

struct clue *clue_whole(struct clue *group)
{
	if (group == NULL || group->child == NULL)
		return NULL;
	if (group->kind != CLUE_NOT && group->child->next == NULL)
		return group->child;
	return group;
}

/* ---- By id ---- */

static struct clue_id *slot(const struct clues *k, const char *id)
{
	size_t at = (size_t)sl_hash_bytes(k->key, id, strlen(id)) & (k->id_room - 1);
	while (k->ids[at].id != NULL && strcmp(k->ids[at].id, id) != 0)
		at = (at + 1) & (k->id_room - 1);
	return &k->ids[at];
}

static bool ids_grow(struct clues *k)
{
	if (k->id_room > 0 && k->id_count < k->id_room / 2)
		return true;
	struct clue_id *old = k->ids;
	size_t room = k->id_room;
	k->id_room = room > 0 ? room * 2 : 256;
	k->ids = calloc(k->id_room, sizeof(*k->ids));
	if (k->ids == NULL) {
		k->ids = old;
		k->id_room = room;
		k->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < room; i++)
		if (old[i].id != NULL)
			*slot(k, old[i].id) = old[i];
	free(old);
	return true;
}

/* NULL: there is no room for more. */
static struct clue_id *row(struct clues *k, const char *id)
{
	if (k->id_room > 0) {
		struct clue_id *known = slot(k, id);
		if (known->id != NULL)
			return known;
	}
	if (k->passing != NULL || !ids_grow(k))
		return NULL;
	struct clue_id *new = slot(k, id);
	new->id = clues_text(k, id, strlen(id));
	if (new->id == NULL)
		return NULL;
	k->id_count++;
	return new;
}

void clues_define(struct clues *k, const char *id, struct clue *c)
{
	/* What is built now is gone at the next flush. */
	if (id == NULL || id[0] == '\0' || k->passing != NULL)
		return;
	struct clue_id *known = row(k, id);
	if (known != NULL)
		known->clue = c != NULL ? c : clue_new(k, CLUE_ALL, 0);
}

const struct clue *clues_find(const struct clues *k, const char *id)
{
	return k->id_room > 0 ? slot(k, id)->clue : NULL;
}

/* ---- The queue ---- */

/* The kept memory is full: what comes now is kept until the queue is added, and no longer. */
static int pass_on(struct clues *k)
{
	int rc = clues_flush(k);
	if (rc == 0 && k->passing != NULL) {
		sl_arena_free(k->passing);
		k->passing = NULL;
		return sl_arena_new(&k->passing);
	}
	if (rc < 0 || k->full)
		return rc;
	k->full = true;
	struct sl_finding f = {
		.verdict = SL_CONTEXT,
		.code = "TOO_LARGE",
		.reason =
			"More observables than are kept: references to those behind are not found."
	};
	reading_tell(k->r, &f);
	return sl_arena_new(&k->passing);
}

static bool memory_full(const struct clues *k)
{
	return k->passing != NULL ? sl_arena_bytes(k->passing) > PASSING_BYTES
				  : sl_arena_bytes(k->kept) > KEPT_BYTES;
}

int clues_trim(struct clues *k)
{
	if (k->no_memory)
		return -ENOMEM;
	return memory_full(k) ? pass_on(k) : 0;
}

static const char *text(struct clues *k, const char *t)
{
	return t != NULL ? clues_text(k, t, strlen(t)) : NULL;
}

int clues_wait(struct clues *k, const struct draft *meta, struct clue *root, uint64_t written_ns)
{
	struct waiting *w = take(k, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	w->meta = *meta;
	w->meta.id = text(k, meta->id);
	w->meta.name = text(k, meta->name);
	w->meta.source = text(k, meta->source);
	w->meta.severity = text(k, meta->severity);
	w->meta.labels = text(k, meta->labels);
	w->meta.valid_from = text(k, meta->valid_from);
	w->meta.valid_until = text(k, meta->valid_until);
	w->meta.written = text(k, meta->written);
	w->root = root;
	w->written_ns = written_ns;
	*k->last = w;
	k->last = &w->next;
	int rc = clues_trim(k);
	if (rc < 0 || k->first == NULL)
		return rc;
	return ++k->waiting >= WAITING_MAX ? clues_flush(k) : 0;
}

static void tell_older(struct clues *k, const struct draft *d, enum version_order order)
{
	struct sl_finding f = { .line = d->line,
		.id = d->id,
		.verdict = SL_CONTEXT,
		.code = order == VERSION_SAME ? "DUPLICATE" : "OLDER_VERSION",
		.reason = order == VERSION_SAME ? "The same version of it was read before."
						: "A newer version of it was read." };
	reading_tell(k->r, &f);
}

/* Within one source and id, the version that was written last counts. */
static int waiting_add(struct clues *k, const struct waiting *w)
{
	struct version v = { .line = w->meta.line, .modified_ns = w->written_ns };
	const char *source = w->meta.source != NULL ? w->meta.source : k->r->path;
	version_name(k->r, &v, source, w->meta.id != NULL ? w->meta.id : "");
	enum version_order order = version_begin(k->r, &v);
	if (order != VERSION_COUNTS) {
		tell_older(k, &w->meta, order);
		return 0;
	}
	int rc = clue_add(k, &w->meta, w->root), kept = version_end(k->r, &v);
	return rc < 0 ? rc : kept;
}

int clues_flush(struct clues *k)
{
	int rc = k->no_memory ? -ENOMEM : 0;
	for (struct waiting *w = k->first; rc == 0 && w != NULL; w = w->next)
		rc = waiting_add(k, w);
	k->first = NULL;
	k->last = &k->first;
	k->waiting = 0;
	return rc;
}
