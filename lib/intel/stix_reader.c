/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_reader.c - STIX 2.0 and 2.1: a bundle, a TAXII envelope, an array or lines of objects.
 * Control threads. An object's creator and markings may come behind it: what they are is looked up
 * when the file ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

#define OBJECT_BYTES ((size_t)4 << 20)
#define LABELS_BYTES 1024
#define REFS_MAX ((size_t)1 << 20)
#define MARKINGS_MAX 64
#define TRIALS_MAX 32

/* An id that the file defines: an identity's name, a marking's meaning. */
struct definition {
	const char *id; /* interned: compared by address */
	const char *name;
	enum sl_tlp tlp;
	bool statement;
};

/* An indicator that carries a marking whose id isn't a fixed one. */
struct marked {
	size_t indicator;
	const char *id;
};

struct stix {
	struct reading *r;
	struct definition *defs;
	size_t def_count, def_cap;
	struct marked *marked;
	size_t marked_count, marked_cap;
	int stop;
};

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
	if (p == NULL || d.id == NULL)
		return -ENOMEM;
	s->defs = p;
	s->defs[s->def_count++] = d;
	return 0;
}

static int marked_add(struct stix *s, size_t indicator, const char *id)
{
	void *p = room(s->marked, s->marked_count, &s->marked_cap, sizeof(*s->marked));
	if (p == NULL || id == NULL)
		return -ENOMEM;
	s->marked = p;
	s->marked[s->marked_count++] = (struct marked){ indicator, id };
	return 0;
}

static int identity(struct stix *s, const struct sl_json *o)
{
	const char *id = sl_json_get_text(o, "id"), *name = sl_json_get_text(o, "name");
	if (id == NULL || name == NULL)
		return 0;
	return define(s, (struct definition){ .id = kept(s, id), .name = kept(s, name) });
}

/* "definition": {"tlp": "amber"}, the 2.1 extension's "tlp_2_0", or a statement. */
static int marking(struct stix *s, const struct sl_json *o)
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

static void refuse(struct stix *s, const struct sl_json *o, const char *code, const char *reason,
	const char *part)
{
	reading_refuse(s->r, o->line, sl_json_get_text(o, "id"), code, reason, part);
}

static const char *pattern_of(struct stix *s, const struct sl_json *o)
{
	const char *pattern = sl_json_get_text(o, "pattern"),
		   *type = sl_json_get_text(o, "pattern_type");
	const struct sl_json *revoked = sl_json_get(o, "revoked");
	if (revoked != NULL && revoked->kind == SL_JSON_BOOL && revoked->boolean) {
		refuse(s, o, "REVOKED", "Its author took it back.", "");
		return NULL;
	}
	if (type != NULL && strcmp(type, "stix") != 0) {
		refuse(s, o, "PATTERN_TYPE", "Only patterns of pattern_type stix are read.", type);
		return NULL;
	}
	if (pattern == NULL)
		refuse(s, o, "INCOMPLETE", "The indicator has no pattern.", "");
	return pattern;
}

/* The fixed ids are known at once; the others wait for the end of the file. */
static int markings(struct stix *s, const struct sl_json *o, struct draft *d, const char **unknown,
	size_t *count)
{
	const struct sl_json *refs = sl_json_get(o, "object_marking_refs");
	*count = 0;
	if (refs == NULL || refs->kind != SL_JSON_ARRAY)
		return 0;
	for (const struct sl_json *m = refs->child; m != NULL; m = m->next) {
		enum sl_tlp tlp =
			m->kind == SL_JSON_STRING ? tlp_of_marking(m->text) : SL_TLP_AMBER_STRICT;
		if (tlp == SL_TLP_NONE && *count < MARKINGS_MAX) {
			unknown[*count] = kept(s, m->text);
			if (unknown[(*count)++] == NULL)
				return -ENOMEM;
		} else if (tlp == SL_TLP_NONE) {
			tlp = SL_TLP_AMBER_STRICT;
		}
		if (tlp > d->tlp)
			d->tlp = tlp;
	}
	return 0;
}

static void draft_fill(const struct sl_json *o, struct draft *d, char *labels)
{
	const struct sl_json *c = sl_json_get(o, "confidence");
	const struct sl_json *types = sl_json_get(o, "indicator_types");
	d->id = sl_json_get_text(o, "id");
	d->name = sl_json_get_text(o, "name");
	d->source = sl_json_get_text(o, "created_by_ref");
	d->valid_from = sl_json_get_text(o, "valid_from");
	d->valid_until = sl_json_get_text(o, "valid_until");
	bool number =
		c != NULL && c->kind == SL_JSON_NUMBER && c->integer >= 0 && c->integer <= 100;
	d->confidence = number ? (uint8_t)c->integer : SL_CONFIDENCE_NONE;
	labels_join(sl_json_get(o, "labels"), labels, LABELS_BYTES);
	if (labels[0] == '\0')
		labels_join(types, labels, LABELS_BYTES);
	d->labels = labels;
}

static int indicator(struct stix *s, const struct sl_json *o)
{
	char labels[LABELS_BYTES];
	const char *unknown[MARKINGS_MAX];
	size_t unknowns = 0;
	struct draft d = { .line = o->line, .below = SL_BELOW_MARKED };
	const char *pattern = pattern_of(s, o);
	if (pattern == NULL)
		return 0;
	draft_fill(o, &d, labels);
	int rc = markings(s, o, &d, unknown, &unknowns);
	size_t before = s->r->set->count;
	if (rc == 0)
		rc = pattern_add(s->r, &d, pattern, sl_json_get(o, "pattern")->len);
	for (size_t at = before; at < s->r->set->count; at++)
		for (size_t i = 0; rc == 0 && i < unknowns; i++)
			rc = marked_add(s, at, unknown[i]);
	return rc;
}

static int object(void *arg, const struct sl_json *o)
{
	struct stix *s = arg;
	const char *type = sl_json_get_text(o, "type");
	if (type != NULL && strcmp(type, "indicator") == 0)
		return s->stop = indicator(s, o);
	if (type != NULL && strcmp(type, "identity") == 0)
		s->stop = identity(s, o);
	else if (type != NULL && strcmp(type, "marking-definition") == 0)
		s->stop = marking(s, o);
	if (s->stop < 0)
		return s->stop;
	struct sl_finding f = { .line = o->line,
		.id = sl_json_get_text(o, "id"),
		.verdict = SL_CONTEXT,
		.code = "NO_INDICATOR",
		.part = type,
		.reason = "This object explains, and is nothing to look for." };
	if (s->r->o->tell_all)
		reading_tell(s->r, &f);
	else
		s->r->set->sources[s->r->source].count[SL_CONTEXT]++;
	return 0;
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
static void sources_resolve(struct stix *s)
{
	struct sl_intel *set = s->r->set;
	for (size_t i = s->r->first; i < set->count; i++) {
		struct sl_indicator *ind = &set->items[i];
		if (ind->source == s->r->name)
			continue;
		const struct definition *d = defined(s, ind->source);
		ind->source = d != NULL && d->name != NULL ? d->name : s->r->name;
	}
}

static void markings_resolve(struct stix *s)
{
	for (size_t i = 0; i < s->marked_count; i++) {
		struct sl_indicator *ind = &s->r->set->items[s->marked[i].indicator];
		const struct definition *d = defined(s, s->marked[i].id);
		enum sl_tlp tlp = d != NULL && d->tlp != SL_TLP_NONE ? d->tlp
				  : d != NULL && d->statement	     ? SL_TLP_NONE
								     : SL_TLP_AMBER_STRICT;
		if (tlp > ind->tlp)
			ind->tlp = (uint8_t)tlp;
	}
}

static void resolve(struct stix *s)
{
	if (s->def_count)
		qsort(s->defs, s->def_count, sizeof(*s->defs), by_id);
	sources_resolve(s);
	markings_resolve(s);
}

/* ---- reading ---- */

struct trial {
	unsigned tried;
	bool found;
};

/* Every STIX 2 object's id is its type, "--" and a UUID. */
static int trial_object(void *arg, const struct sl_json *o)
{
	struct trial *t = arg;
	const char *type = sl_json_get_text(o, "type"), *id = sl_json_get_text(o, "id");
	size_t n = type != NULL ? strlen(type) : 0;
	t->found = n > 0 && strcmp(type, "bundle") != 0 && id != NULL &&
		   strncmp(id, type, n) == 0 && strncmp(id + n, "--", 2) == 0;
	return t->found || ++t->tried == TRIALS_MAX;
}

static bool trial(const char *path, const char *head, size_t len)
{
	struct sl_json_limits limits = { OBJECT_BYTES, 0 };
	struct trial t = { 0 };
	struct sl_json_in *in;
	if (sl_json_in_new(&in, path, &limits, trial_object, &t) < 0)
		return false;
	sl_json_in_feed(in, head, len);
	const char *type = sl_json_in_top(in, "type");
	if (type != NULL && strcmp(type, "bundle") == 0 && strcmp(path, "objects/*") == 0)
		t.found = true;
	sl_json_in_free(in);
	return t.found;
}

/* Where the objects are: in a bundle or envelope, in an array, or one behind the other. NULL:
 * nowhere. */
static const char *path_of(const char *head, size_t len)
{
	static const char *const paths[] = { "objects/*", "*", "" };
	if (len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
		head += 3;
		len -= 3;
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (trial(paths[i], head, len))
			return paths[i];
	return NULL;
}

bool stix_recognise(const char *head, size_t len, bool whole)
{
	return path_of(head, len) != NULL;
}

static int objects_read(struct stix *s, struct sl_json_in *in, char *buf)
{
	size_t got = 0;
	bool first = true;
	int rc;
	while ((rc = sl_input_read(s->r->in, buf, PEEK_BYTES, &got)) == 0 && got > 0) {
		size_t skip = first && got >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		first = false;
		if (sl_json_in_feed(in, buf + skip, got - skip) != 0)
			break;
	}
	int json = rc == 0 ? sl_json_in_end(in) : 0;
	if (s->stop < 0 || rc < 0 || json == 0)
		return s->stop < 0 ? s->stop : rc;
	uint64_t line;
	const char *what = sl_json_in_error(in, &line);
	reading_refuse(s->r, line, "", json == -E2BIG ? "TOO_LARGE" : "BAD_JSON", what, "");
	return 0;
}

int stix_read(struct reading *r)
{
	struct stix s = { .r = r };
	struct sl_json_limits limits = { OBJECT_BYTES, 0 };
	struct sl_json_in *in = NULL;
	size_t got = 0;
	char *buf = malloc(PEEK_BYTES);
	int rc = buf != NULL ? sl_input_peek(r->in, buf, PEEK_BYTES, &got) : -ENOMEM;
	const char *path = rc == 0 ? path_of(buf, got) : NULL;
	if (path != NULL)
		rc = sl_json_in_new(&in, path, &limits, object, &s);
	if (rc == 0 && in != NULL)
		rc = objects_read(&s, in, buf);
	resolve(&s);
	sl_json_in_free(in);
	free(s.marked);
	free(s.defs);
	free(buf);
	return rc;
}
