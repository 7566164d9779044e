/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_reader.c - STIX 2.0 and 2.1: a bundle, a TAXII envelope, an array or lines of objects.
 * Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stix.h"

#define OBJECT_BYTES ((size_t)32 << 20) /* a report may name a hundred thousand objects */
#define TRIALS_MAX 32

static void tell_context(struct stix *s, const struct sl_json *o, const char *type)
{
	struct sl_finding f = { .line = o->line,
		.id = sl_json_get_text(o, "id"),
		.verdict = SL_CONTEXT,
		.code = "NO_INDICATOR",
		.part = type,
		.reason = "This object explains, and is nothing to look for." };
	if (s->r->o->tell_all)
		reading_tell(s->r, &f);
	else
		reading_count(s->r, SL_CONTEXT);
}

static int object(void *arg, const struct sl_json *o)
{
	struct stix *s = arg;
	const char *type = sl_json_get_text(o, "type"), *spec = sl_json_get_text(o, "spec_version");
	bool used = false;
	if (spec != NULL)
		s->spec_20 = strcmp(spec, "2.0") == 0;
	if (type != NULL && strcmp(type, "indicator") == 0)
		return s->stop = stix_indicator(s, o);
	if (type != NULL && strcmp(type, "identity") == 0)
		s->stop = stix_identity(s, o);
	else if (type != NULL && strcmp(type, "marking-definition") == 0)
		s->stop = stix_marking(s, o);
	else if (type != NULL && source_arms_observables(s->r))
		s->stop = stix_observed(s, o, &used);
	if (s->stop == 0 && !used)
		tell_context(s, o, type);
	return s->stop;
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
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (trial(paths[i], head, len))
			return paths[i];
	return NULL;
}

bool stix_recognise(const char *head, size_t len, bool whole)
{
	return path_of(head, len) != NULL;
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
		rc = reading_json(r, in, buf, &s.stop);
	const char *spec = in != NULL ? sl_json_in_top(in, "spec_version") : NULL;
	if (s.spec_20 || (spec != NULL && strcmp(spec, "2.0") == 0))
		r->set->sources[r->source].format = "stix2.0";
	int resolved = stix_resolve(&s);
	sl_json_in_free(in);
	free(s.marked);
	free(s.defs);
	free(buf);
	return rc < 0 ? rc : resolved;
}
