/* SPDX-License-Identifier: BSD-3-Clause */
/* waiting.c - see waiting.h. */
#include <errno.h>

#include <sightline/mem.h>

#include "waiting.h"

int waiting_init(struct waiting *w, uint32_t cap)
{
	*w = (struct waiting){ .f = sl_mem_map(cap * sizeof(*w->f)), .cap = cap };
	return w->f == NULL ? -ENOMEM : 0;
}

void waiting_fini(struct waiting *w)
{
	if (w->f != NULL)
		sl_mem_unmap(w->f, w->cap * sizeof(*w->f));
	*w = (struct waiting){ .f = NULL };
}

bool waiting_full(const struct waiting *w)
{
	return w->n == w->cap;
}

static bool before(const struct firing *a, const struct firing *b)
{
	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns;
	return a->name != b->name ? a->name < b->name : a->host < b->host;
}

void waiting_add(struct waiting *w, struct firing f)
{
	uint32_t at = w->n++;
	for (; at > 0 && before(&f, &w->f[(at - 1) / 2]); at = (at - 1) / 2)
		w->f[at] = w->f[(at - 1) / 2];
	w->f[at] = f;
}

const struct firing *waiting_first(const struct waiting *w)
{
	return w->n > 0 ? &w->f[0] : NULL;
}

struct firing waiting_pop(struct waiting *w)
{
	struct firing first = w->f[0], last = w->f[--w->n];
	uint32_t at = 0;
	for (uint32_t child; (child = 2 * at + 1) < w->n; at = child) {
		if (child + 1 < w->n && before(&w->f[child + 1], &w->f[child]))
			child++;
		if (!before(&w->f[child], &last))
			break;
		w->f[at] = w->f[child];
	}
	w->f[at] = last;
	return first;
}
