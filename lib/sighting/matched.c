/* SPDX-License-Identifier: BSD-3-Clause */
/* matched.c - see matched.h. Publisher's thread. */
#include <stdlib.h>
#include <string.h>

#include "matched.h"
#include "text.h"

/* Longer ones are cut, so that a sighting stays far below SL_WIRE_MESSAGE_MAX. */
#define LEAF_MAX 1024
#define VALUE_MAX 4096

struct one {
	Sightline__V1__Matched m;
	Sightline__V1__Observable o;
};

static void one_free(struct one *x)
{
	free(x->m.leaf);
	free(x->o.value);
	free(x);
}

static struct one *one_new(const struct sl_joined *j, const char *leaf)
{
	struct one *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return NULL;
	sightline__v1__matched__init(&x->m);
	sightline__v1__observable__init(&x->o);
	x->m.observable = &x->o;
	x->m.leaf = text_new(sl_span_str(leaf), LEAF_MAX);
	x->o.type = (char *)sl_type_text(j->type);
	x->o.where = (char *)sl_wheres[j->where].name;
	x->o.value = entry_value_new(j->where, j->value, VALUE_MAX);
	if (x->m.leaf == NULL || x->o.value == NULL) {
		one_free(x);
		return NULL;
	}
	return x;
}

static bool named(const Sightline__V1__Sighting *m, const struct one *x)
{
	for (size_t i = 0; i < m->n_matched; i++)
		if (strcmp(m->matched[i]->leaf, x->m.leaf) == 0 &&
			strcmp(m->matched[i]->observable->where, x->o.where) == 0)
			return true;
	return false;
}

void matched_add(struct entry *e, const struct leaves *l)
{
	Sightline__V1__Sighting *m = &e->m;
	for (size_t i = 0; i < l->n && m->n_matched < SL_JOINED_MAX; i++) {
		if (l->joined[i].leaf >= l->detection->leaves)
			continue;
		struct one *x = one_new(&l->joined[i], l->detection->leaf[l->joined[i].leaf].text);
		Sightline__V1__Matched **list = NULL;
		if (x != NULL && !named(m, x))
			list = realloc(m->matched, (m->n_matched + 1) * sizeof(*list));
		if (list == NULL) {
			if (x != NULL)
				one_free(x);
			continue;
		}
		m->matched = list;
		m->matched[m->n_matched++] = &x->m;
		e->changed = true;
	}
}

void matched_free(Sightline__V1__Sighting *m)
{
	for (size_t i = 0; i < m->n_matched; i++)
		one_free((struct one *)(void *)m->matched[i]); /* m is its first member */
	free(m->matched);
}
