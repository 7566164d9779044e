/* SPDX-License-Identifier: BSD-3-Clause */
/* members.c - a list (IN) whose members are worth different things becomes an OR: of the list of
 * the sound ones, and of each that is not, so that a bad one takes no other along. Control threads.
 */
#include "tree.h"

#define TOLD_EACH 256 /* bad members that are told one by one; the others in one piece */

enum heap { HEAP_ARMED, HEAP_ARMED_NAMES, HEAP_QUIET, HEAP_BAD, HEAP_COUNT };

struct heaps {
	struct sl_constant *at[HEAP_COUNT];
	size_t n[HEAP_COUNT];
};

static enum heap heap_of(struct tree *t, const struct twig *list, const struct sl_constant *c)
{
	struct sl_node one = *list->node;
	struct twig w = { .kind = SL_NODE_TEST, .node = &one };
	one.constant = c;
	one.constants = 1;
	twig_judge(t, &w);
	if (w.worth == WORTH_ARMED)
		return w.name ? HEAP_ARMED_NAMES : HEAP_ARMED;
	return w.worth == WORTH_QUIET ? HEAP_QUIET : HEAP_BAD;
}

/* A list with some of the members, judged; NULL: no memory, or too many. */
static struct twig *list_of(
	struct tree *t, const struct twig *list, const struct sl_constant *c, size_t n)
{
	struct sl_node *node = sl_arena_take(t->arena, sizeof(*node));
	struct twig *w = node != NULL ? twig_new(t, SL_NODE_TEST, node) : NULL;
	if (w == NULL) {
		t->no_memory |= node == NULL;
		return NULL;
	}
	*node = *list->node;
	node->child = node->next = NULL;
	node->constant = c;
	node->constants = n;
	twig_judge(t, w);
	return w;
}

static bool sorted(struct tree *t, const struct twig *list, struct heaps *h)
{
	const struct sl_node *n = list->node;
	for (unsigned i = 0; i < HEAP_COUNT; i++) {
		h->at[i] = sl_arena_take(t->arena, n->constants * sizeof(*h->at[i]));
		if (h->at[i] == NULL) {
			t->no_memory = true;
			return false;
		}
	}
	for (size_t i = 0; i < n->constants; i++) {
		enum heap heap = heap_of(t, list, &n->constant[i]);
		h->at[heap][h->n[heap]++] = n->constant[i];
	}
	return true;
}

struct twig *members_apart(struct tree *t, const struct twig *list)
{
	struct heaps h = { 0 };
	struct twig * or = twig_new(t, SL_NODE_OR, list->node);
	if (or == NULL || !sorted(t, list, &h))
		return NULL;
	struct twig **at = & or->child;
	for (unsigned heap = 0; heap < HEAP_COUNT; heap++) {
		bool each = heap >= HEAP_QUIET && h.n[heap] <= TOLD_EACH;
		for (size_t i = 0; i < h.n[heap];) {
			size_t some = each ? 1 : h.n[heap] - i;
			*at = list_of(t, list, h.at[heap] + i, some);
			if (*at == NULL)
				return NULL;
			at = &(*at)->next;
			i += some;
		}
	}
	return or->child->next != NULL ? or : or->child;
}
