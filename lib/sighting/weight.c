/* SPDX-License-Identifier: BSD-3-Clause */
/* weight.c - the memory of an entry, as the allocator has it. Publisher's thread. */
#include <malloc.h>

#include "entry.h"

#define BLOCK_BYTES sizeof(size_t) /* beside what a block holds */

static size_t block(const void *p)
{
	return p == NULL || p == protobuf_c_empty_string
		       ? 0
		       : malloc_usable_size((void *)(uintptr_t)p) + BLOCK_BYTES;
}

static size_t weight_of(const struct entry *e)
{
	const Sightline__V1__Sighting *m = &e->m;
	size_t n = block(e) + block(e->key.listed.p) + block(e->member) + block(e->around) +
		   block(e->recent) + block(e->distinct.slots) + block(e->distinct.registers) +
		   block(e->observable.value) + block(m->indicators) + block(m->context) +
		   block(m->matched) + block(m->quiet_reason);
	for (size_t i = 0; i < m->n_context; i++)
		n += block(m->context[i]) + block(m->context[i]->value);
	for (size_t i = 0; i < m->n_matched; i++)
		n += block(m->matched[i]) + block(m->matched[i]->leaf) +
		     block(m->matched[i]->observable->value);
	for (size_t i = 0; i < m->n_examples; i++)
		n += block(e->examples[i]);
	return n;
}

size_t entry_weigh(struct entry *e)
{
	size_t parts = e->m.n_indicators + e->m.n_matched + e->m.n_examples + e->m.n_context +
		       e->recent_room + e->distinct.cap + (e->distinct.registers != NULL) +
		       (e->around != NULL) + 1;
	if (parts != e->parts)
		e->weight = weight_of(e);
	e->parts = parts;
	return e->weight;
}
