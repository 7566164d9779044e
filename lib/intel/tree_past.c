/* SPDX-License-Identifier: BSD-3-Clause */
/* tree_past.c - what a network saw of a tree, by its values: an AND was true as often as its rarest
 * part at most, an OR as often as its parts together. Control threads. */
#include "lint.h"
#include "tree.h"

static bool asked(struct tree *t, const struct draft *d, struct sl_past_answer *out)
{
	static _Thread_local struct value_text text;
	struct sl_indicator i = { .below = d->below };
	struct fault why;
	if (!value_read(d, &i, &text, &why))
		return false;
	i.value = text.text;
	const struct sl_witness *past = t->r->o->past;
	return past->ask(past->arg, &i, out);
}

static void add(struct sl_past_answer *sum, const struct sl_past_answer *one)
{
	sum->count += one->count;
	sum->hosts += one->hosts;
}

static bool test_past(struct tree *t, const struct twig *w, struct sl_past_answer *out)
{
	static _Thread_local struct draft_hold hold;
	if (!twig_listed(w) || w->negative)
		return false;
	for (size_t i = 0; i < w->node->constants; i++) {
		struct sl_past_answer one;
		struct draft d;
		if (!twig_draft(t, w, &w->node->constant[i], &hold, &d) || !asked(t, &d, &one))
			return false;
		add(out, &one);
	}
	return true;
}

bool twig_past(struct tree *t, const struct twig *w, struct sl_past_answer *out)
{
	*out = (struct sl_past_answer){ .at_most = true };
	if (w->kind == SL_NODE_TEST)
		return test_past(t, w, out);
	if (w->kind == SL_NODE_NOT)
		return false;
	bool any = false, all = true, least = !twig_is_or(w);
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		struct sl_past_answer one;
		if (!twig_past(t, c, &one)) {
			all = false;
			continue;
		}
		if (!least)
			add(out, &one);
		else if (!any || one.count < out->count)
			*out = one;
		any = true;
	}
	return least ? any : all;
}
