/* SPDX-License-Identifier: BSD-3-Clause */
/* observed.c - observed data read for a pattern, and the pattern's truth over it. STIX 2.0 keeps
 * the objects inside of the observed-data, 2.1 beside it in the bundle. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"
#include "words.h"

/* What is read at once; the arrays of one reading are made for these. */
struct reading {
	struct truth *t;
	size_t names_room;
	size_t observed_room;
};

bool truth_fail(struct truth *t, int rc, size_t at, const char *reason)
{
	if (t->rc == 0) {
		t->rc = rc;
		t->err->at = at;
		snprintf(t->err->reason, sizeof(t->err->reason), "%s", reason);
	}
	return false;
}

bool truth_spend(struct truth *t, uint64_t work)
{
	if (t->rc == 0 && work > WORK_MAX - t->work)
		return truth_fail(t, -E2BIG, 0, "The pattern takes too much work on this data.");
	t->work += t->rc == 0 ? work : 0;
	return t->rc == 0;
}

void *truth_take(struct truth *t, size_t n, size_t each)
{
	if (n > WORK_MAX / each || !truth_spend(t, n * each))
		return truth_fail(t, -E2BIG, 0, "The pattern takes too much work on this data."),
		       NULL;
	void *p = sl_arena_take(t->arena, n ? n * each : 1);
	if (p == NULL)
		truth_fail(t, -ENOMEM, 0, "There is no memory for it.");
	return p;
}

/* ---- References ---- */

static int named_order(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int cmp = strcmp(x->id, y->id);
	return cmp != 0 ? cmp : (x->group > y->group) - (x->group < y->group);
}

/* The nearest: of this group, else of STIX 2.1 any that has this id. */
const struct sl_json *observed_named(
	struct truth *t, const struct observation *in, const char *id, size_t len)
{
	struct named key = { .id = id, .group = in->group };
	size_t low = 0, high = t->names;
	if (strlen(id) != len || !truth_spend(t, 32))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (named_order(&t->named[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->names && named_order(&t->named[low], &key) == 0)
		return t->named[low].object;
	if (in->shared && low < t->names && strcmp(t->named[low].id, id) == 0 &&
		t->named[low].shared)
		return t->named[low].object;
	if (in->shared && low > 0 && strcmp(t->named[low - 1].id, id) == 0 &&
		t->named[low - 1].shared)
		return t->named[low - 1].object;
	return NULL;
}

static bool name_add(
	struct truth *t, const char *id, uint32_t group, bool shared, const struct sl_json *object)
{
	t->named[t->names++] = (struct named){ id, group, shared, object };
	return true;
}

/* ---- Observations ---- */

static bool is_observed(const struct sl_json *j)
{
	const struct sl_json *objects = sl_json_get(j, "objects"),
			     *refs = sl_json_get(j, "object_refs");
	bool inside = objects != NULL && objects->kind == SL_JSON_OBJECT;
	const char *type = sl_json_get_text(j, "type");
	return inside || (refs != NULL && refs->kind == SL_JSON_ARRAY && type != NULL &&
				 strcmp(type, "observed-data") == 0);
}

static bool when(struct truth *t, const struct sl_json *j, const char *key, struct sl_instant *out)
{
	const struct sl_json *text = sl_json_get(j, key);
	if (text != NULL && text->kind == SL_JSON_STRING &&
		sl_instant_read(text->text, text->len, out))
		return true;
	return truth_fail(
		t, -EBADMSG, 0, "Observed data has no first_observed and last_observed times.");
}

static bool times(struct truth *t, const struct sl_json *j, uint32_t *out)
{
	const struct sl_json *n = sl_json_get(j, "number_observed");
	if (n == NULL || n->kind != SL_JSON_NUMBER || !n->is_integer || n->integer < 1 ||
		n->integer > 999999999)
		return truth_fail(
			t, -EBADMSG, 0, "Observed data has no number_observed of 1 to 999999999.");
	*out = (uint32_t)n->integer;
	return true;
}

/* Of STIX 2.0: its members. */
static bool objects_inside(struct truth *t, struct observation *o, const struct sl_json *all)
{
	const struct sl_json **list = truth_take(t, all->count, sizeof(struct sl_json *));
	if (list == NULL)
		return false;
	o->object = list;
	for (const struct sl_json *c = all->child; c != NULL; c = c->next) {
		name_add(t, c->key, o->group, false, c);
		if (c->kind == SL_JSON_OBJECT)
			list[o->objects++] = c;
	}
	return true;
}

/* Of STIX 2.1: those that it refers to, once the names are in order. */
static bool objects_referred(struct truth *t, struct observation *o, const struct sl_json *refs)
{
	const struct sl_json **list = truth_take(t, refs->count, sizeof(struct sl_json *));
	if (list == NULL)
		return false;
	o->object = list;
	for (const struct sl_json *c = refs->child; c != NULL; c = c->next) {
		const struct sl_json *object =
			c->kind == SL_JSON_STRING ? observed_named(t, o, c->text, c->len) : NULL;
		if (object != NULL)
			list[o->objects++] = object;
	}
	return true;
}

/* ---- Roots: observed data, a bundle, or objects of one ---- */

/* f for each object that is there, with the group that it belongs to. */
static bool each(struct truth *t, const struct sl_json *const *root, size_t n,
	bool (*f)(struct reading *r, const struct sl_json *j, uint32_t group), struct reading *r)
{
	for (size_t i = 0; i < n; i++) {
		const struct sl_json *all = sl_json_get(root[i], "objects");
		if (root[i] == NULL || root[i]->kind != SL_JSON_OBJECT)
			return truth_fail(t, -EBADMSG, 0, "Observed data is no object.");
		if (!truth_spend(t, 1 + root[i]->count))
			return false;
		/* What stands beside each other without a bundle is of one. */
		if (all == NULL || all->kind != SL_JSON_ARRAY) {
			if (!f(r, root[i], 0))
				return false;
			continue;
		}
		for (const struct sl_json *j = all->child; j != NULL; j = j->next)
			if (j->kind == SL_JSON_OBJECT && !f(r, j, (uint32_t)i + 1))
				return false;
	}
	return true;
}

static bool count(struct reading *r, const struct sl_json *j, uint32_t group)
{
	const struct sl_json *objects = sl_json_get(j, "objects");
	(void)group;
	r->names_room++;
	if (is_observed(j))
		r->observed_room++;
	if (objects != NULL && objects->kind == SL_JSON_OBJECT)
		r->names_room += objects->count;
	return truth_spend(r->t, 4 * (1 + j->count));
}

static bool read_one(struct reading *r, const struct sl_json *j, uint32_t group)
{
	struct truth *t = r->t;
	const struct sl_json *id = sl_json_get(j, "id"), *refs = sl_json_get(j, "object_refs");
	if (!is_observed(j)) {
		if (id != NULL && id->kind == SL_JSON_STRING && strlen(id->text) == id->len)
			name_add(t, id->text, group, true, j);
		return true;
	}
	struct observation *o = &t->seen[t->observations];
	o->shared = refs != NULL && refs->kind == SL_JSON_ARRAY;
	o->group = o->shared ? group : UINT32_MAX - (uint32_t)t->observations;
	if (!when(t, j, "first_observed", &o->first) || !when(t, j, "last_observed", &o->last) ||
		!times(t, j, &o->times))
		return false;
	if (instant_order(&o->last, &o->first) < 0)
		return truth_fail(t, -EBADMSG, 0, "last_observed is before first_observed.");
	t->observations++;
	return o->shared || objects_inside(t, o, sl_json_get(j, "objects"));
}

/* In the order in which read_one met them. */
static bool refer_one(struct reading *r, const struct sl_json *j, uint32_t group)
{
	(void)group;
	if (!is_observed(j))
		return true;
	struct observation *o = &r->t->seen[r->observed_room++];
	return !o->shared || objects_referred(r->t, o, sl_json_get(j, "object_refs"));
}

static bool read_all(struct truth *t, const struct sl_json *const *root, size_t n)
{
	struct reading r = { .t = t };
	if (!each(t, root, n, count, &r))
		return false;
	t->seen = truth_take(t, r.observed_room, sizeof(*t->seen));
	t->named = truth_take(t, r.names_room, sizeof(*t->named));
	if (t->seen == NULL || t->named == NULL || !each(t, root, n, read_one, &r))
		return false;
	if (t->names)
		qsort(t->named, t->names, sizeof(*t->named), named_order);
	r.observed_room = 0;
	return each(t, root, n, refer_one, &r);
}

/* ---- Truth ---- */

static void truth_end(struct truth *t)
{
	for (struct leaf *l = t->leaves; l != NULL; l = l->older) {
		sl_regex_free(l->of_text);
		sl_regex_free(l->of_bytes);
	}
	sl_regex_room_free(t->room);
	free(t->value.p);
	free(t->constant.p);
	free(t->supply.p);
	sl_arena_free(t->arena);
}

int sl_pattern_holds(const struct sl_pattern *p, const struct sl_json *const *observed, size_t n,
	bool *holds, struct sl_pattern_error *err)
{
	struct truth t = { .err = err };
	*err = (struct sl_pattern_error){ .at = 0 };
	if (p->root == NULL) {
		truth_fail(&t, -EBADMSG, 0, "The pattern has no root.");
		return t.rc;
	}
	int rc = sl_arena_new(&t.arena);
	if (rc < 0)
		return rc;
	bool found = read_all(&t, observed, n) && bind_holds(&t, p->root);
	if (t.rc == 0)
		*holds = found;
	truth_end(&t);
	return t.rc;
}
