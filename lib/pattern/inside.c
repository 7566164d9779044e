/* SPDX-License-Identifier: BSD-3-Clause */
/* inside.c - the tree inside [ ] over each observation. AND over one type of object holds on one
 * object (STIX 2.1 9.6); over different types, which 9.5 forbids and producers write, on the
 * observation. So: is there a choice of one object for each type on which the tree is true?
 * Control threads. */
#include <errno.h>
#include <string.h>

#include "truth.h"

#define ANY_OBJECT SIZE_MAX

struct inner {
	enum sl_node_kind kind;
	unsigned type; /* TEST */
	uint64_t types; /* of it and all below */
	struct leaf leaf; /* TEST */
	bool *yes; /* TEST: by object of the observation in hand */
	struct inner *child, *next;
};

struct inside {
	struct truth *t;
	const char *type[TYPES_MAX];
	unsigned types;
	size_t widest; /* objects of the largest observation */
	const struct observation *in;
	uint8_t *type_of; /* by object; TYPES_MAX: of none of them */
	size_t chosen[TYPES_MAX];
};

/* ---- The tree made ready ---- */

static bool type_number(struct inside *s, const char *name, size_t at, unsigned *out)
{
	for (*out = 0; *out < s->types; (*out)++)
		if (strcmp(s->type[*out], name) == 0)
			return true;
	if (s->types == TYPES_MAX)
		return truth_fail(s->t, -E2BIG, at, "Too many types of objects stand in one [ ].");
	s->type[s->types++] = name;
	return true;
}

static struct inner *ready(struct inside *s, const struct sl_node *n);

static bool ready_children(struct inside *s, struct inner *r, const struct sl_node *n)
{
	struct inner **at = &r->child;
	if (n->kind != SL_NODE_AND && n->kind != SL_NODE_OR)
		return truth_fail(s->t, -EBADMSG, n->at, "A composition here names no scope.");
	for (const struct sl_node *c = n->child; c != NULL; c = c->next) {
		*at = ready(s, c);
		if (*at == NULL)
			return false;
		r->types |= (*at)->types;
		at = &(*at)->next;
	}
	return true;
}

static struct inner *ready(struct inside *s, const struct sl_node *n)
{
	struct inner *r = truth_take(s->t, 1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->kind = n->kind;
	if (n->kind != SL_NODE_TEST)
		return ready_children(s, r, n) ? r : NULL;
	r->yes = truth_take(s->t, s->widest, sizeof(*r->yes));
	if (r->yes == NULL || !type_number(s, n->path.object, n->at, &r->type))
		return NULL;
	r->types = (uint64_t)1 << r->type;
	r->leaf.n = n;
	r->leaf.older = s->t->leaves;
	s->t->leaves = &r->leaf;
	return r;
}

/* ---- One observation ---- */

/* Every test is made on every object: one that can't be made is an error, whatever stands beside
 * it. */
static void test_all(struct inside *s, struct inner *r)
{
	for (struct inner *c = r->child; c != NULL; c = c->next)
		test_all(s, c);
	if (r->kind != SL_NODE_TEST || !truth_spend(s->t, s->in->objects))
		return;
	for (size_t i = 0; i < s->in->objects && s->t->rc == 0; i++)
		r->yes[i] = s->type_of[i] == r->type &&
			    leaf_holds(s->t, &r->leaf, s->in, s->in->object[i]);
}

static bool test_passed(const struct inside *s, const struct inner *r)
{
	if (s->chosen[r->type] != ANY_OBJECT)
		return r->yes[s->chosen[r->type]];
	return memchr(r->yes, true, s->in->objects) != NULL;
}

static bool holds(struct inside *s, const struct inner *r);

/* A type that stands below two of its children, and is not chosen yet. */
static bool shared_type(const struct inside *s, const struct inner *r, unsigned *out)
{
	uint64_t once = 0, twice = 0;
	for (const struct inner *c = r->child; c != NULL; c = c->next) {
		twice |= once & c->types;
		once |= c->types;
	}
	for (*out = 0; *out < s->types; (*out)++)
		if (twice >> *out & 1 && s->chosen[*out] == ANY_OBJECT)
			return true;
	return false;
}

static bool all_hold(struct inside *s, const struct inner *r)
{
	unsigned type;
	bool found = false;
	if (!shared_type(s, r, &type)) {
		for (const struct inner *c = r->child; c != NULL; c = c->next)
			if (!holds(s, c))
				return false;
		return true;
	}
	for (size_t i = 0; i < s->in->objects && !found && truth_spend(s->t, 1); i++) {
		if (s->type_of[i] != type)
			continue;
		s->chosen[type] = i;
		found = all_hold(s, r);
	}
	s->chosen[type] = ANY_OBJECT;
	return found;
}

static bool holds(struct inside *s, const struct inner *r)
{
	if (!truth_spend(s->t, 1 + (r->kind == SL_NODE_TEST ? s->in->objects / 16 : 0)))
		return false;
	if (r->kind == SL_NODE_TEST)
		return test_passed(s, r);
	if (r->kind == SL_NODE_AND)
		return all_hold(s, r);
	for (const struct inner *c = r->child; c != NULL; c = c->next)
		if (holds(s, c))
			return true;
	return false;
}

static bool observation_holds(struct inside *s, struct inner *r, const struct observation *in)
{
	s->in = in;
	for (size_t i = 0; i < in->objects; i++) {
		const char *name = sl_json_get_text(in->object[i], "type");
		unsigned n = 0;
		if (!truth_spend(s->t, s->types + in->object[i]->count))
			return false;
		while (name != NULL && n < s->types && strcmp(s->type[n], name) != 0)
			n++;
		s->type_of[i] = name != NULL && n < s->types ? (uint8_t)n : TYPES_MAX;
	}
	for (unsigned i = 0; i < TYPES_MAX; i++)
		s->chosen[i] = ANY_OBJECT;
	test_all(s, r);
	return in->objects > 0 && s->t->rc == 0 && holds(s, r);
}

bool *inside_holds(struct truth *t, const struct sl_node *observation)
{
	struct inside *s = truth_take(t, 1, sizeof(*s));
	bool *out = truth_take(t, t->observations, sizeof(*out));
	if (s == NULL || out == NULL)
		return NULL;
	s->t = t;
	for (size_t i = 0; i < t->observations; i++)
		if (t->seen[i].objects > s->widest)
			s->widest = t->seen[i].objects;
	s->type_of = truth_take(t, s->widest, sizeof(*s->type_of));
	struct inner *r = s->type_of != NULL && observation->child != NULL
				  ? ready(s, observation->child)
				  : NULL;
	for (size_t i = 0; r != NULL && t->rc == 0 && i < t->observations; i++)
		out[i] = observation_holds(s, r, &t->seen[i]);
	return t->rc == 0 ? out : NULL;
}
