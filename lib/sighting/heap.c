/* SPDX-License-Identifier: BSD-3-Clause */
/* heap.c - see heap.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "entry.h"
#include "heap.h"

int heap_reserve(struct heap *h)
{
	if (h->n < h->cap)
		return 0;
	size_t cap = h->cap ? h->cap * 2 : 1024;
	struct entry **e = realloc(h->e, cap * sizeof(struct entry *));
	if (e == NULL)
		return -ENOMEM;
	h->e = e;
	h->cap = cap;
	return 0;
}

static bool before(const struct entry *a, const struct entry *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->serial < b->serial);
}

static void place(struct heap *h, size_t at, struct entry *e)
{
	h->e[at] = e;
	e->heap_at = at;
}

static void settle(struct heap *h, size_t at)
{
	struct entry *e = h->e[at];
	for (; at > 0 && before(e, h->e[(at - 1) / 2]); at = (at - 1) / 2)
		place(h, at, h->e[(at - 1) / 2]);
	for (size_t child; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && before(h->e[child + 1], h->e[child]))
			child++;
		if (!before(h->e[child], e))
			break;
		place(h, at, h->e[child]);
	}
	place(h, at, e);
}

void heap_add(struct heap *h, struct entry *e, uint64_t due_ns)
{
	e->due_ns = due_ns;
	h->e[h->n++] = e;
	settle(h, h->n - 1);
}

void heap_move(struct heap *h, struct entry *e, uint64_t due_ns)
{
	e->due_ns = due_ns;
	settle(h, e->heap_at);
}

void heap_remove(struct heap *h, struct entry *e)
{
	size_t at = e->heap_at;
	struct entry *last = h->e[--h->n];
	if (last == e)
		return;
	place(h, at, last);
	settle(h, at);
}

struct entry *heap_first(const struct heap *h)
{
	return h->n ? h->e[0] : NULL;
}

void heap_fini(struct heap *h)
{
	free(h->e);
	*h = (struct heap){ 0 };
}
