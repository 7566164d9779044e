/* SPDX-License-Identifier: BSD-3-Clause */
/* walk.c - an object path followed through one object of observed data: properties, lists,
 * dictionaries, references (STIX 2.1 9.7). Control threads. */
#include <string.h>

#include "truth.h"

struct walk {
	struct truth *t;
	struct leaf *leaf;
	const struct observation *in;
	bool present, passed;
};

/* `key`: the property whose value, or an element of whose value, stands here. */
static void step(struct walk *w, const struct sl_json *at, const char *key, size_t i);

static bool is_reference(const char *key)
{
	size_t n = strlen(key);
	return (n > 4 && strcmp(key + n - 4, "_ref") == 0) ||
	       (n > 5 && strcmp(key + n - 5, "_refs") == 0);
}

static void step_key(struct walk *w, const struct sl_json *at, const char *key, size_t i)
{
	const char *name = w->leaf->n->path.step[i].key;
	if (at->kind == SL_JSON_STRING && is_reference(key))
		at = observed_named(w->t, w->in, at->text, at->len);
	if (at == NULL || at->kind != SL_JSON_OBJECT || !truth_spend(w->t, at->count))
		return;
	at = sl_json_get(at, name);
	if (at != NULL)
		step(w, at, name, i + 1);
}

static void step_list(struct walk *w, const struct sl_json *at, const char *key, size_t i)
{
	const struct sl_step *s = &w->leaf->n->path.step[i];
	bool list = at->kind == SL_JSON_ARRAY, any = s->kind == SL_STEP_ANY;
	int64_t number = 0;
	/* [*] of a dictionary is each of its values ("file:hashes[*]"). */
	if (!list && !(any && at->kind == SL_JSON_OBJECT))
		return;
	for (const struct sl_json *j = at->child; j != NULL; j = j->next, number++) {
		if (!truth_spend(w->t, 1))
			return;
		if (any || number == s->index)
			step(w, j, list ? key : j->key, i + 1);
	}
}

static void step(struct walk *w, const struct sl_json *at, const char *key, size_t i)
{
	if (i == w->leaf->n->path.steps) {
		w->present = true;
		w->passed |= value_passes(w->t, w->leaf, at, key) != w->leaf->n->negated;
	} else if (w->leaf->n->path.step[i].kind == SL_STEP_KEY) {
		step_key(w, at, key, i);
	} else {
		step_list(w, at, key, i);
	}
}

bool leaf_holds(struct truth *t, struct leaf *leaf, const struct observation *in,
	const struct sl_json *object)
{
	struct walk w = { t, leaf, in, false, false };
	if (truth_spend(t, 1))
		step(&w, object, "", 0);
	/* Of all tests only this one is of what is absent. */
	if (leaf->n->test == SL_TEST_EXISTS)
		return w.present != leaf->n->negated;
	return w.passed;
}
