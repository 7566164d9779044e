/* SPDX-License-Identifier: BSD-3-Clause */
/* forgotten.c - see forgotten.h. Publisher's thread. */
#include <errno.h>
#include <stdlib.h>

#include "forgotten.h"

#define SLOTS 65536u /* 3 MiB, touched as it fills */

struct forgotten_one {
	uint64_t hash; /* of the key, 0: nobody */
	uint64_t window_ns, count, first_ns, last_ns;
	uint32_t revision;
	uint8_t outcome;
};

int forgotten_init(struct forgotten *f)
{
	*f = (struct forgotten){ .slot = calloc(SLOTS, sizeof(*f->slot)) };
	return f->slot != NULL ? 0 : -ENOMEM;
}

void forgotten_fini(struct forgotten *f)
{
	free(f->slot);
	f->slot = NULL;
}

static struct forgotten_one *slot_of(struct forgotten *f, const struct entry *e)
{
	return &f->slot[e->hash % SLOTS];
}

void forgotten_put(struct forgotten *f, const struct entry *e)
{
	struct forgotten_one *s = slot_of(f, e);
	if (s->hash != 0 && s->hash != e->hash) {
		f->window_ns = s->window_ns > f->window_ns ? s->window_ns : f->window_ns;
		f->revision = s->revision > f->revision ? s->revision : f->revision;
	}
	*s = (struct forgotten_one){ .hash = e->hash,
		.window_ns = e->key.window_ns,
		.count = e->m.count,
		.first_ns = e->m.first_seen,
		.last_ns = e->m.last_seen,
		.revision = e->m.revision,
		.outcome = e->outcome };
}

void forgotten_back(struct forgotten *f, struct entry *e)
{
	struct forgotten_one *s = slot_of(f, e);
	if (s->hash != e->hash || e->hash == 0) {
		if (e->key.window_ns <= f->window_ns)
			e->m.revision = f->revision;
		return;
	}
	e->m.revision = s->revision;
	e->m.count += s->count;
	if (s->first_ns < e->m.first_seen)
		e->m.first_seen = s->first_ns;
	if (s->last_ns > e->m.last_seen)
		e->m.last_seen = s->last_ns;
	if (s->outcome > e->outcome) {
		e->outcome = s->outcome;
		e->m.outcome = (char *)sl_outcome_text(s->outcome);
	}
	s->hash = 0;
}
