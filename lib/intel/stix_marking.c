/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_marking.c - who made an object, and who may see it. An object's creator and markings may
 * come behind it: what they are is looked up when the file ends. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stix.h"

#define REFS_MAX ((size_t)1 << 24)
#define DEFINED_NEAR 64

static const char *kept(struct stix *s, const char *text)
{
	return sl_arena_intern(s->r->set->arena, text, strlen(text));
}

static void *room(void *items, size_t count, size_t *cap, size_t bytes)
{
	if (count < *cap)
		return items;
	size_t more = *cap ? *cap * 2 : 64;
	void *p = more <= REFS_MAX ? realloc(items, more * bytes) : NULL;
	if (p != NULL)
		*cap = more;
	return p;
}

static int define(struct stix *s, struct definition d)
{
	void *p = room(s->defs, s->def_count, &s->def_cap, sizeof(*s->defs));
	if (p == NULL)
		return -ENOMEM;
	s->defs = p;
	if (d.id == NULL)
		return -ENOMEM;
	s->defs[s->def_count++] = d;
	return 0;
}

static int marked_add(struct stix *s, size_t indicator, const char *id)
{
	void *p = room(s->marked, s->marked_count, &s->marked_cap, sizeof(*s->marked));
	if (p == NULL)
		return -ENOMEM;
	s->marked = p;
	if (id == NULL)
		return -ENOMEM;
	s->marked[s->marked_count++] = (struct marked){ indicator, id };
	return 0;
}

int stix_identity(struct stix *s, const struct sl_json *o)
{
	const char *id = sl_json_get_text(o, "id"), *name = sl_json_get_text(o, "name");
	if (id == NULL || name == NULL)
		return 0;
	return define(s, (struct definition){ .id = kept(s, id), .name = kept(s, name) });
}

/* "definition": {"tlp": "amber"}, the 2.1 extension's "tlp_2_0", or a statement. */
int stix_marking(struct stix *s, const struct sl_json *o)
{
	const char *id = sl_json_get_text(o, "id"), *type = sl_json_get_text(o, "definition_type");
	if (id == NULL)
		return 0;
	struct definition d = { .id = kept(s, id) };
	d.statement = type != NULL && strcmp(type, "statement") == 0;
	const char *tlp = sl_json_get_text(sl_json_get(o, "definition"), "tlp");
	const struct sl_json *ext = sl_json_get(o, "extensions");
	for (const struct sl_json *m = ext != NULL ? ext->child : NULL; m != NULL; m = m->next)
		if (sl_json_get_text(m, "tlp_2_0") != NULL)
			tlp = sl_json_get_text(m, "tlp_2_0");
	if (tlp != NULL)
		d.tlp = tlp_of_text(tlp);
	return define(s, d);
}

static bool defined_before(const struct stix *s, const char *id, enum sl_tlp *tlp)
{
	for (size_t i = 0; i < s->def_count && i < DEFINED_NEAR; i++) {
		if (s->defs[i].id != id || (s->defs[i].tlp == SL_TLP_NONE && !s->defs[i].statement))
			continue;
		*tlp = s->defs[i].tlp;
		return true;
	}
	return false;
}

/* The fixed ids are known at once; the others wait for the end of the file. */
static int one_read(
	struct stix *s, const struct sl_json *ref, struct draft *d, struct markings *out)
{
	enum sl_tlp tlp =
		ref->kind == SL_JSON_STRING ? tlp_of_marking(ref->text) : SL_TLP_AMBER_STRICT;
	if (tlp == SL_TLP_NONE && defined_before(s, kept(s, ref->text), &tlp)) {
		/* the common case: nothing has to wait */
	} else if (tlp == SL_TLP_NONE && out->count < MARKINGS_MAX) {
		out->unknown[out->count] = kept(s, ref->text);
		if (out->unknown[out->count++] == NULL)
			return -ENOMEM;
	} else if (tlp == SL_TLP_NONE) {
		tlp = SL_TLP_AMBER_STRICT;
	}
	if (tlp > d->tlp)
		d->tlp = tlp;
	return 0;
}

/* What should be a list and is none marks the object with something that isn't understood. */
static bool is_odd(const struct sl_json *list)
{
	return list != NULL && list->kind != SL_JSON_ARRAY && list->kind != SL_JSON_NULL;
}

/* A marking of a part is one of the whole: parts are not told apart when it is passed on. */
int stix_markings_read(
	struct stix *s, const struct sl_json *o, struct draft *d, struct markings *out)
{
	const struct sl_json *refs = sl_json_get(o, "object_marking_refs");
	const struct sl_json *parts = sl_json_get(o, "granular_markings");
	int rc = 0;
	out->count = 0;
	if (is_odd(refs) || is_odd(parts))
		d->tlp = SL_TLP_AMBER_STRICT;
	if (refs != NULL && refs->kind == SL_JSON_ARRAY)
		for (const struct sl_json *m = refs->child; rc == 0 && m != NULL; m = m->next)
			rc = one_read(s, m, d, out);
	if (parts == NULL || parts->kind != SL_JSON_ARRAY)
		return rc;
	for (const struct sl_json *m = parts->child; rc == 0 && m != NULL; m = m->next) {
		const struct sl_json *ref = sl_json_get(m, "marking_ref");
		if (ref == NULL) /* of its language */
			continue;
		rc = one_read(s, ref, d, out);
		d->note_code = "GRANULAR_MARKING";
		d->note = "A marking of a part is taken as one of the whole.";
	}
	return rc;
}

static int tlp_raise(struct sl_intel *set, size_t at, enum sl_tlp tlp)
{
	struct sl_indicator i;
	sl_book_get(&set->book, at, &i);
	if (i.tlp >= tlp)
		return 0;
	i.tlp = (uint8_t)tlp;
	return sl_book_put(&set->book, at, &i);
}

/* More of them than are remembered: what isn't understood is kept close. */
int stix_markings_wait(struct stix *s, size_t first, const struct markings *m)
{
	int rc = 0;
	for (size_t at = first; at < s->r->set->book.count; at++)
		for (size_t i = 0; rc == 0 && i < m->count; i++) {
			if (s->marked_count < REFS_MAX)
				rc = marked_add(s, at, m->unknown[i]);
			else
				rc = tlp_raise(s->r->set, at, SL_TLP_AMBER_STRICT);
		}
	return rc;
}

/* ---- the end of the file ---- */

static int by_id(const void *a, const void *b)
{
	const struct definition *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct definition *defined(const struct stix *s, const char *id)
{
	struct definition want = { .id = id };
	return s->def_count ? bsearch(&want, s->defs, s->def_count, sizeof(want), by_id) : NULL;
}

/* A creator that the file doesn't name is the file. */
static int sources_resolve(struct stix *s)
{
	struct sl_book *book = &s->r->set->book;
	int rc = 0;
	for (size_t i = s->r->first; i < book->count && rc == 0; i++) {
		struct sl_indicator ind;
		sl_book_get(book, i, &ind);
		if (ind.source == s->r->name)
			continue;
		const struct definition *d = defined(s, ind.source);
		ind.source = d != NULL && d->name != NULL ? d->name : s->r->name;
		rc = sl_book_put(book, i, &ind);
	}
	return rc;
}

static int markings_resolve(struct stix *s)
{
	int rc = 0;
	for (size_t i = 0; i < s->marked_count && rc == 0; i++) {
		const struct definition *d = defined(s, s->marked[i].id);
		enum sl_tlp tlp = d != NULL && d->tlp != SL_TLP_NONE ? d->tlp
				  : d != NULL && d->statement	     ? SL_TLP_NONE
								     : SL_TLP_AMBER_STRICT;
		rc = tlp_raise(s->r->set, s->marked[i].indicator, tlp);
	}
	return rc;
}

int stix_resolve(struct stix *s)
{
	if (s->def_count)
		qsort(s->defs, s->def_count, sizeof(*s->defs), by_id);
	int rc = sources_resolve(s);
	return rc < 0 ? rc : markings_resolve(s);
}
