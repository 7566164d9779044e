/* SPDX-License-Identifier: BSD-3-Clause */
/* spelled.h - a set's indicators as an array. Good until the program ends. */
#ifndef TEST_INTEL_SPELLED_H
#define TEST_INTEL_SPELLED_H

#include <stdlib.h>

#include <sightline/book.h>

static inline const struct sl_indicator *spelled_out(const struct sl_intel *in, size_t *count)
{
	static struct made {
		struct made *next;
		struct sl_indicator at[];
	} * all;
	const struct sl_book *b = sl_intel_book(in);
	struct made *m = calloc(1, sizeof(*m) + (b->count + 1) * sizeof(m->at[0]));
	if (m == NULL)
		abort();
	m->next = all;
	all = m;
	for (size_t i = 0; i < b->count; i++)
		sl_book_get(b, i, &m->at[i]);
	*count = b->count;
	return m->at;
}

#endif
