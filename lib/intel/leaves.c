/* SPDX-License-Identifier: BSD-3-Clause */
/* leaves.c - a test of a tree becomes a leaf of a detection: a listed value stands in the tables, a
 * number of the flow and any other test stand in the leaf itself. Control threads. */
#include <errno.h>
#include <string.h>

#include "compile.h"

uint16_t compile_failed(struct compile *c, const char *code, const char *reason)
{
	if (!c->failed)
		*c->why = (struct fault){ code, reason, NULL, SL_REFUSED };
	c->failed = true;
	return 0;
}

static const char *leaf_text(struct compile *c, const struct twig *w)
{
	static _Thread_local char text[8192];
	struct sl_node n = *w->node;
	n.next = NULL;
	size_t len = sl_pattern_text(&n, true, text, sizeof(text));
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	/* without the brackets */
	const char *kept = sl_arena_text(c->a, text + 1, len > 2 ? len - 2 : 0);
	if (kept == NULL)
		c->rc = -ENOMEM;
	return kept;
}

static bool lower_form(const struct twig *w)
{
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++) {
		uint8_t form = sl_wheres[i].form;
		if ((w->wheres[i / 64] >> (i % 64) & 1) && form != SL_FORM_NAME &&
			form != SL_FORM_LOWER && form != SL_FORM_HEX)
			return false;
	}
	return true;
}

/* One listed value: an indicator of its own in the tables, which names its leaf. */
static void listed(struct compile *c, const struct twig *w, uint16_t number,
	const struct sl_constant *constant, const char *where)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	struct sl_indicator i = *c->whole;
	struct draft d;
	struct fault why;
	i.match = i.type = 0;
	i.where = SL_WHERE_NONE;
	if (!twig_draft(c->t, w, constant, &hold, &d))
		return;
	if (where != NULL)
		d.where = where;
	if (!value_read(&d, &i, &text, &why))
		return; /* one of a list: the others stand for it */
	i.value = sl_arena_text(c->a, text.text, i.value_len);
	i.leaf = number;
	i.detection = c->detection;
	i.below = d.below;
	if (c->rc == 0)
		c->rc = i.value != NULL ? sl_book_add(&c->t->r->set->book, &i) : -ENOMEM;
}

static void table_leaf(struct compile *c, const struct twig *w, struct sl_leaf *l, uint16_t number)
{
	l->kind = SL_LEAF_TABLE;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	for (size_t i = 0; i < w->node->constants; i++) {
		bool one = w->row->wheres == NULL || strchr(w->row->wheres, ' ') == NULL;
		if (one && !w->name) {
			listed(c, w, number, &w->node->constant[i], NULL);
			continue;
		}
		for (unsigned at = 1; at < SL_WHERE_COUNT; at++)
			if (w->wheres[at / 64] >> (at % 64) & 1)
				listed(c, w, number, &w->node->constant[i], sl_wheres[at].name);
	}
}

/* A constant as values at the place look: in their normal form where it is one. */
static struct sl_constant normal(
	struct compile *c, const struct twig *w, const struct sl_constant *in)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	struct sl_constant out = *in;
	struct sl_indicator i = { 0 };
	struct draft d;
	struct fault why;
	bool pattern = w->node->test == SL_TEST_LIKE || w->node->test == SL_TEST_MATCHES ||
		       w->node->test >= SL_TEST_CONTAINS;
	bool text_of_value = in->kind == SL_CONSTANT_TEXT || in->kind == SL_CONSTANT_HEX ||
			     in->kind == SL_CONSTANT_BASE64;
	if (w->row->kind == PATH_VALUE && !pattern && text_of_value &&
		twig_draft(c->t, w, in, &hold, &d) && value_read(&d, &i, &text, &why)) {
		out.kind = SL_CONSTANT_TEXT;
		out.text = sl_arena_text(c->a, text.text, i.value_len);
		out.len = i.value_len;
	} else if (in->text != NULL) {
		out.text = sl_arena_text(c->a, in->text, in->len);
	}
	if (in->text != NULL && out.text == NULL)
		c->rc = -ENOMEM;
	return out;
}

/* `=` with a prefix length asks for the network; of a list that is the members' own affair. */
static void network_test(const struct twig *w, struct sl_leaf *l)
{
	bool equal = l->test == SL_TEST_EQUAL || l->test == SL_TEST_UNEQUAL;
	if (l->kind != SL_LEAF_VALUE || !equal || l->constants != 1 || w->name ||
		strcmp(w->row->type, "ipv4-addr") != 0 || l->constant->text == NULL ||
		memchr(l->constant->text, '/', l->constant->len) == NULL)
		return;
	l->negated = w->negative;
	l->test = SL_TEST_SUBSET;
}

static void tested_leaf(struct compile *c, const struct twig *w, struct sl_leaf *l)
{
	struct sl_constant *list = sl_arena_take(c->a, (w->node->constants + 1) * sizeof(*list));
	if (list == NULL) {
		c->rc = -ENOMEM;
		return;
	}
	l->kind = w->row->kind == PATH_FIELD ? SL_LEAF_FLOW : SL_LEAF_VALUE;
	l->field = (uint8_t)w->row->field;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	for (size_t i = 0; i < w->node->constants; i++) {
		struct sl_constant one = w->node->constant[i];
		if (l->kind == SL_LEAF_FLOW)
			constant_for_field(w->row->field, &one);
		list[i] = normal(c, w, &one);
	}
	l->constant = list;
	l->constants = w->node->constants;
	network_test(w, l);
	l->caseless = l->kind == SL_LEAF_VALUE && lower_form(w);
}

static struct sl_leaf *leaf_new(struct compile *c, const struct twig *w, uint16_t *number)
{
	if (c->leaves == SL_LEAVES_MAX) {
		compile_failed(
			c, "TOO_COMPLEX", "An AND with more than 256 tests is not evaluated.");
		return NULL;
	}
	*number = (uint16_t)c->leaves;
	struct sl_leaf *l = &c->leaf[c->leaves++];
	*l = (struct sl_leaf){ .test = (uint8_t)w->node->test,
		.negated = w->node->negated,
		.present = SL_LEAF_NONE,
		.expression = (uint8_t)c->expressions };
	l->text = leaf_text(c, w);
	return l;
}

/* Under NOT, what can't be seen is unknown: a second leaf tells whether there is anything. */
static void present_leaf(struct compile *c, const struct twig *w, struct sl_leaf *of)
{
	uint16_t number;
	struct sl_leaf *l = w->row->kind == PATH_VALUE ? leaf_new(c, w, &number) : NULL;
	if (l == NULL)
		return;
	l->kind = SL_LEAF_VALUE;
	l->test = SL_TEST_EXISTS;
	l->negated = false;
	memcpy(l->wheres, w->wheres, sizeof(l->wheres));
	of->present = number;
}

uint16_t leaf_make(struct compile *c, const struct twig *w, bool under_not)
{
	uint16_t number;
	struct sl_leaf *l = leaf_new(c, w, &number);
	if (l == NULL)
		return 0;
	if (w->row->kind == PATH_UNSEEN || w->worth == WORTH_NEVER)
		l->kind = SL_LEAF_UNSEEN;
	else if (twig_listed(w))
		table_leaf(c, w, l, number);
	else
		tested_leaf(c, w, l);
	if (under_not && l->kind != SL_LEAF_UNSEEN)
		present_leaf(c, w, l);
	return number;
}
