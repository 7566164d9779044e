/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.c - one JSON value as a tree, in blocks that are used again for the next. Control threads.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#define BLOCK_BYTES ((size_t)32 << 10)

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(8) char bytes[];
};

void tree_fini(struct tree *t)
{
	for (struct block *b = t->first, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	t->first = t->at = NULL;
}

void tree_empty(struct tree *t)
{
	t->at = t->first;
	if (t->at != NULL)
		t->at->used = 0;
	t->used = 0;
	t->depth = 0;
	t->key = NULL;
	t->root = NULL;
}

/* The next block that has room, made where there is none. A block that is too small for one large
 * text is passed over until the value is done. */
static struct block *block_with(struct tree *t, size_t bytes)
{
	struct block **link = t->at != NULL ? &t->at->next : &t->first;
	for (; *link != NULL; link = &(*link)->next) {
		(*link)->used = 0;
		if ((*link)->size >= bytes)
			return t->at = *link;
	}
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct block *b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	*link = b;
	return t->at = b;
}

static void *take(struct tree *t, size_t bytes)
{
	bytes = (bytes + 7) & ~(size_t)7;
	if (bytes > t->limit - t->used)
		return NULL;
	struct block *b = t->at;
	if (b == NULL || b->size - b->used < bytes)
		b = block_with(t, bytes);
	if (b == NULL)
		return NULL;
	void *p = b->bytes + b->used;
	b->used += bytes;
	t->used += bytes;
	return p;
}

struct sl_json *tree_add(struct tree *t, enum sl_json_kind kind)
{
	struct sl_json *n = take(t, sizeof(*n));
	if (n == NULL)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->key = t->key;
	t->key = NULL;
	if (t->depth == 0) {
		t->root = n;
		return n;
	}
	struct sl_json *up = t->open[t->depth - 1], *before = t->last[t->depth - 1];
	if (before != NULL)
		before->next = n;
	else
		up->child = n;
	t->last[t->depth - 1] = n;
	up->count++;
	return n;
}

const char *tree_text(struct tree *t, const void *p, size_t len)
{
	char *text = take(t, len + 1);
	if (text == NULL)
		return NULL;
	if (len)
		memcpy(text, p, len);
	text[len] = '\0';
	return text;
}

bool tree_open(struct tree *t, struct sl_json *node)
{
	if (t->depth == TREE_DEPTH_MAX)
		return false;
	t->open[t->depth] = node;
	t->last[t->depth++] = NULL;
	return true;
}

void tree_close(struct tree *t)
{
	t->depth--;
}

void tree_mark(const struct tree *t, struct tree_mark *m)
{
	*m = (struct tree_mark){ .at = t->at,
		.at_used = t->at != NULL ? t->at->used : 0,
		.used = t->used,
		.count = t->open[t->depth - 1]->count,
		.last = t->last[t->depth - 1] };
}

void tree_forget(struct tree *t, const struct tree_mark *m)
{
	struct sl_json *up = t->open[t->depth - 1];
	t->at = m->at;
	if (t->at != NULL)
		t->at->used = m->at_used;
	t->used = m->used;
	t->last[t->depth - 1] = m->last;
	if (m->last != NULL)
		m->last->next = NULL;
	else
		up->child = NULL;
	up->count = m->count;
}

void tree_number(struct sl_json *n)
{
	char *stop;
	errno = 0;
	long long whole = strtoll(n->text, &stop, 10);
	n->number = strtod(n->text, NULL);
	n->is_integer = *stop == '\0' && errno == 0;
	/* 2^63 is the first double that an int64_t does not hold. */
	if (n->is_integer)
		n->integer = whole;
	else if (isnan(n->number))
		n->integer = 0;
	else if (n->number >= 0x1p63)
		n->integer = INT64_MAX;
	else if (n->number < -0x1p63)
		n->integer = INT64_MIN;
	else
		n->integer = (int64_t)n->number;
}

const struct sl_json *sl_json_get(const struct sl_json *j, const char *key)
{
	const struct sl_json *found = NULL;
	if (j == NULL || j->kind != SL_JSON_OBJECT)
		return NULL;
	for (const struct sl_json *m = j->child; m != NULL; m = m->next)
		if (m->key != NULL && m->key[0] == key[0] && strcmp(m->key, key) == 0)
			found = m;
	return found;
}

const char *sl_json_get_text(const struct sl_json *j, const char *key)
{
	const struct sl_json *m = sl_json_get(j, key);
	return m != NULL && m->kind == SL_JSON_STRING ? m->text : NULL;
}
