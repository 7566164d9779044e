/* SPDX-License-Identifier: BSD-3-Clause */
/* trees_build.c - detections to tests: leaves that ask the same of the same places share one.
 * Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "trees.h"

/* ---- Which leaves ask the same ---- */

static int constant_order(const struct sl_constant *a, const struct sl_constant *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->text == NULL || b->text == NULL) {
		if (a->integer != b->integer)
			return a->integer < b->integer ? -1 : 1;
		return a->number < b->number ? -1 : a->number > b->number;
	}
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

static int leaf_order(const struct sl_leaf *a, const struct sl_leaf *b)
{
	int d = memcmp(a->wheres, b->wheres, sizeof(a->wheres));
	if (d != 0)
		return d;
	uint32_t x = (uint32_t)a->test << 2 | (uint32_t)a->negated << 1 | a->caseless;
	uint32_t y = (uint32_t)b->test << 2 | (uint32_t)b->negated << 1 | b->caseless;
	if (x != y)
		return x < y ? -1 : 1;
	if (a->constants != b->constants)
		return a->constants < b->constants ? -1 : 1;
	for (size_t i = 0; d == 0 && i < a->constants; i++)
		d = constant_order(&a->constant[i], &b->constant[i]);
	return d;
}

static const struct sl_leaf *leaf_at(const struct trees *t, const struct leaf_ref *r)
{
	return &t->detection[r->detection].leaf[r->leaf];
}

static int ref_order(const void *pa, const void *pb, void *arg)
{
	const struct leaf_ref *a = pa, *b = pb;
	int d = leaf_order(leaf_at(arg, a), leaf_at(arg, b));
	if (d != 0)
		return d;
	if (a->detection != b->detection)
		return a->detection < b->detection ? -1 : 1;
	return a->leaf < b->leaf ? -1 : a->leaf > b->leaf;
}

static bool whole_number(const struct operand *o, int64_t *out)
{
	char digits[24], *end;
	if (o->text == NULL || o->len == 0 || o->len >= sizeof(digits) - 1)
		return false;
	memcpy(digits, o->text, o->len);
	digits[o->len] = '\0';
	errno = 0;
	*out = strtoll(digits, &end, 10);
	return *end == '\0' && errno == 0;
}

static void operand_make(struct operand *o, const struct sl_constant *c, uint8_t test)
{
	*o = (struct operand){ .text = c->text, .len = c->len };
	switch (c->kind) {
	case SL_CONSTANT_INTEGER:
	case SL_CONSTANT_BOOLEAN:
		o->number = o->whole = true;
		o->integer = c->integer;
		o->text = NULL;
		break;
	case SL_CONSTANT_FLOAT:
		o->number = true;
		o->real = c->number;
		o->text = NULL;
		break;
	default: /* a number in quotes is one where it is compared by size */
		if (test >= SL_TEST_LESS && test <= SL_TEST_GREATER_EQUAL)
			o->number = o->whole = whole_number(o, &o->integer);
		break;
	}
	if (o->text != NULL && !sl_prefix_parse(o->text, o->len, &o->addr, &o->version, &o->bits)) {
		o->version = 0;
		if (sl_addr_parse(o->text, o->len, &o->addr, &o->version))
			o->bits = o->version == 4 ? 32 : 128;
	}
	if (o->whole)
		o->real = (double)o->integer;
}

static int test_make(struct trees *t, struct test *x, const struct leaf_ref *ref, size_t refs)
{
	const struct sl_leaf *l = leaf_at(t, ref);
	struct operand *o = sl_arena_take(t->arena, (l->constants + 1) * sizeof(*o));
	struct leaf_ref *kept = sl_arena_take(t->arena, refs * sizeof(*kept));
	if (o == NULL || kept == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < l->constants; i++)
		operand_make(&o[i], &l->constant[i], l->test);
	memcpy(kept, ref, refs * sizeof(*kept));
	*x = (struct test){ .leaf = l,
		.operand = o,
		.operands = (uint32_t)l->constants,
		.ref = kept,
		.refs = (uint32_t)refs };
	return 0;
}

static int tests_make(struct trees *t, struct leaf_ref *ref, size_t n)
{
	qsort_r(ref, n, sizeof(*ref), ref_order, t);
	t->test = sl_arena_take(t->arena, (n + 1) * sizeof(*t->test));
	if (t->test == NULL)
		return -ENOMEM;
	int rc = 0;
	for (size_t i = 0, same; i < n && rc == 0; i += same) {
		for (same = 1; i + same < n &&
			       leaf_order(leaf_at(t, &ref[i]), leaf_at(t, &ref[i + same])) == 0;)
			same++;
		rc = test_make(t, &t->test[t->tests++], &ref[i], same);
	}
	return rc;
}

/* ---- By place ---- */

static bool same_places(const struct test *a, const struct test *b)
{
	return memcmp(a->leaf->wheres, b->leaf->wheres, sizeof(a->leaf->wheres)) == 0;
}

/* The tests stand in order of their places: each run of patterns is a group. */
static int groups_make(struct trees *t)
{
	t->group = sl_arena_take(t->arena, (t->tests + 1) * sizeof(*t->group));
	if (t->group == NULL)
		return -ENOMEM;
	for (size_t i = 0, n; i < t->tests; i += n) {
		size_t patterns = 0;
		for (n = 0; i + n < t->tests && same_places(&t->test[i], &t->test[i + n]); n++)
			patterns += pattern_test(t->test[i + n].leaf->test);
		if (patterns == 0)
			continue;
		struct group *g = &t->group[t->groups++];
		g->searched = sl_arena_take(t->arena, patterns * sizeof(struct test *));
		g->negated = sl_arena_take(t->arena, patterns * sizeof(struct test *));
		g->chars = sl_arena_take(t->arena, patterns * sizeof(struct test *));
		g->slow = sl_arena_take(t->arena, patterns * sizeof(struct test *));
		if (g->searched == NULL || g->negated == NULL || g->slow == NULL ||
			g->chars == NULL)
			return -ENOMEM;
		for (size_t k = i; k < i + n; k++)
			if (pattern_test(t->test[k].leaf->test))
				g->searched[g->searched_count++] = &t->test[k];
	}
	return 0;
}

static bool there(const struct test *x, unsigned w)
{
	return x->leaf->wheres[w / 64] >> (w % 64) & 1;
}

static int place_make(struct trees *t, unsigned w)
{
	struct place *p = &t->place[w];
	for (size_t i = 0; i < t->tests; i++)
		p->direct_count += there(&t->test[i], w) && !pattern_test(t->test[i].leaf->test);
	for (size_t i = 0; i < t->groups; i++)
		p->group_count += there(t->group[i].searched[0], w);
	if (p->direct_count + p->group_count == 0)
		return 0;
	t->tested[w / 64] |= UINT64_C(1) << (w % 64);
	p->direct = sl_arena_take(t->arena, (p->direct_count + 1) * sizeof(struct test *));
	p->group = sl_arena_take(t->arena, (p->group_count + 1) * sizeof(struct group *));
	if (p->direct == NULL || p->group == NULL)
		return -ENOMEM;
	p->direct_count = p->group_count = 0;
	for (size_t i = 0; i < t->tests; i++)
		if (there(&t->test[i], w) && !pattern_test(t->test[i].leaf->test))
			p->direct[p->direct_count++] = &t->test[i];
	for (size_t i = 0; i < t->groups; i++)
		if (there(t->group[i].searched[0], w))
			p->group[p->group_count++] = &t->group[i];
	return 0;
}

/* ---- Leaves over the flow ---- */

static int flow_regexes(struct trees *t, size_t detection, size_t leaf)
{
	const struct sl_detection *d = &t->detection[detection];
	const struct sl_leaf *l = &d->leaf[leaf];
	struct sl_pattern_error err;
	if (t->flow_regex == NULL)
		t->flow_regex = sl_arena_take(t->arena, t->detections * sizeof(*t->flow_regex));
	if (t->flow_regex == NULL)
		return -ENOMEM;
	struct sl_regex ***all = &t->flow_regex[detection];
	if (*all == NULL)
		*all = sl_arena_take(t->arena, d->leaves * sizeof(struct sl_regex *));
	if (*all == NULL)
		return -ENOMEM;
	if (l->constants == 0 || l->constant[0].text == NULL)
		return 0;
	int rc = sl_regex_of_test(&(*all)[leaf], (enum sl_test)l->test, l->constant[0].text,
		l->constant[0].len, SL_REGEX_CASELESS, &err);
	return rc == -EBADMSG ? 0 : rc; /* then it is never true */
}

static int leaves_take(struct trees *t, struct leaf_ref *ref, size_t *n)
{
	int rc = 0;
	for (size_t d = 0; d < t->detections; d++) {
		for (size_t i = 0; rc == 0 && i < t->detection[d].leaves; i++) {
			const struct sl_leaf *l = &t->detection[d].leaf[i];
			if (l->kind == SL_LEAF_VALUE)
				ref[(*n)++] = (struct leaf_ref){ (uint32_t)d, (uint32_t)i };
			else if (l->kind == SL_LEAF_FLOW && l->field == SL_FIELD_PROTOCOLS &&
				 pattern_test(l->test))
				rc = flow_regexes(t, d, i);
		}
	}
	return rc;
}

static int flow_only_find(struct trees *t)
{
	size_t n = 0;
	for (size_t d = 0; d < t->detections; d++)
		for (unsigned e = 0; e < t->detection[d].expressions; e++)
			n += t->detection[d].expression[e].flow_only;
	t->flow_only = sl_arena_take(t->arena, (n + 1) * sizeof(*t->flow_only));
	if (t->flow_only == NULL)
		return -ENOMEM;
	for (size_t d = 0; d < t->detections; d++)
		for (unsigned e = 0; e < t->detection[d].expressions; e++)
			if (t->detection[d].expression[e].flow_only)
				t->flow_only[t->flow_only_count++] =
					(struct leaf_ref){ (uint32_t)d, e };
	return 0;
}

/* ---- Whole ---- */

static size_t leaves_count(const struct trees *t)
{
	size_t n = 0;
	for (size_t d = 0; d < t->detections; d++)
		n += t->detection[d].leaves;
	return n;
}

int trees_build(struct trees *t, const struct sl_intel *intel, unsigned workers)
{
	*t = (struct trees){ .rooms = 0 };
	t->detection = sl_intel_detections(intel, &t->detections);
	if (t->detections == 0)
		return 0;
	struct leaf_ref *ref = malloc((leaves_count(t) + 1) * sizeof(*ref));
	size_t n = 0;
	int rc = ref == NULL ? -ENOMEM : sl_arena_new(&t->arena);
	if (rc == 0)
		rc = leaves_take(t, ref, &n);
	if (rc == 0)
		rc = tests_make(t, ref, n);
	if (rc == 0)
		rc = groups_make(t);
	for (unsigned w = 1; rc == 0 && w < SL_WHERE_COUNT; w++)
		rc = place_make(t, w);
	if (rc == 0)
		rc = flow_only_find(t);
	if (rc == 0)
		rc = patterns_build(t, workers);
	free(ref);
	if (rc < 0)
		trees_fini(t);
	return rc;
}

void trees_fini(struct trees *t)
{
	patterns_fini(t);
	for (size_t d = 0; t->flow_regex != NULL && d < t->detections; d++)
		for (size_t i = 0; t->flow_regex[d] != NULL && i < t->detection[d].leaves; i++)
			sl_regex_free(t->flow_regex[d][i]);
	sl_arena_free(t->arena);
	*t = (struct trees){ .rooms = 0 };
}
