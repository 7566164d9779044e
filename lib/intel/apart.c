/* SPDX-License-Identifier: BSD-3-Clause */
/* apart.c - what each part of a tree is worth, and the tree taken apart at its ORs, so that a
 * finding takes its own branch only. Control threads. */
#include <stdlib.h>
#include <string.h>

#include "tree.h"

bool twig_is_or(const struct twig *w)
{
	return w->kind == SL_NODE_OR || w->kind == SL_NODE_EITHER || w->kind == SL_NODE_ANY;
}

bool twig_is_and(const struct twig *w)
{
	return w->kind == SL_NODE_AND || w->kind == SL_NODE_BOTH || w->kind == SL_NODE_ALL ||
	       w->kind == SL_NODE_FOLLOWED;
}

/* ---- What a branch is worth ---- */

/* Ports that ordinary traffic uses, beside those below 1024. */
static bool ordinary_port(int64_t port)
{
	static const uint16_t known[] = { 1194, 1433, 1521, 1701, 1723, 1883, 1900, 2049, 3128,
		3268, 3306, 3389, 3478, 4500, 5060, 5061, 5222, 5353, 5355, 5432, 5671, 5672, 5900,
		5985, 5986, 6379, 8000, 8008, 8080, 8081, 8443, 8883, 8888, 9100, 9200, 9418, 11211,
		27017 };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == port)
			return true;
	return port < 1024;
}

/* Equal to a port that ordinary traffic has no use for, whichever part of it is true. */
static bool names_port(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST)
		return !w->negative && w->worth >= WORTH_WEAK && w->row->kind == PATH_FIELD &&
		       w->row->field <= SL_FIELD_ANY_PORT && twig_is_equal(w) &&
		       !ordinary_port(w->number);
	bool any = false, all = w->child != NULL;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		bool one = names_port(c);
		any |= one;
		all &= one;
	}
	return twig_is_or(w) ? all : any && twig_is_and(w);
}

static bool names_host(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST)
		return !w->negative && w->worth >= WORTH_WEAK && w->row->kind == PATH_VALUE &&
		       w->host;
	for (const struct twig *c = w->child; c != NULL; c = c->next)
		if (!names_host(c))
			return false;
	return twig_is_or(w);
}

/* Two addresses and a port that ordinary traffic has no use for name one conversation, whatever
 * each of them is worth alone. */
static bool pinned(const struct twig *w)
{
	unsigned addresses = 0, ports = 0;
	if (w->kind != SL_NODE_AND && w->kind != SL_NODE_ALL)
		return false;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		ports += names_port(c);
		addresses += names_host(c);
	}
	return addresses >= 2 && ports >= 1;
}

static enum worth worth_of_or(const struct twig *w, const struct twig **why)
{
	enum worth low = WORTH_NEVER;
	const struct twig *kid_why = w;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		enum worth each = worth_of(c, &kid_why);
		bool first = c == w->child, lower = each < low && each > WORTH_CONTEXT;
		if (first || lower || (low <= WORTH_CONTEXT && each > low)) {
			low = each;
			*why = kid_why;
		}
	}
	return low;
}

static enum worth worth_of_and(const struct twig *w, const struct twig **why)
{
	enum worth best = WORTH_CONTEXT;
	const struct twig *kid_why = w;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		enum worth each = worth_of(c, &kid_why);
		bool first = c == w->child;
		if (first || each == WORTH_NEVER || (each > best && best != WORTH_NEVER)) {
			best = each;
			*why = kid_why;
		}
		if (best == WORTH_NEVER)
			return best;
	}
	return best >= WORTH_WEAK && pinned(w) ? WORTH_ARMED : best;
}

enum worth worth_of(const struct twig *w, const struct twig **why)
{
	*why = w;
	if (w->kind == SL_NODE_TEST || w->context)
		return w->worth;
	if (twig_is_or(w))
		return worth_of_or(w, why);
	enum worth best = worth_of_and(w, why);
	if (w->kind == SL_NODE_NOT && best >= WORTH_WEAK) {
		*why = w;
		return WORTH_WEAK;
	}
	return best;
}

/* ---- Taking apart ---- */

static struct twig *copy(struct tree *t, const struct twig *from)
{
	struct twig *w = twig_new(t, from->kind, from->node);
	if (w == NULL)
		return NULL;
	*w = *from;
	w->next = w->child = NULL;
	struct twig **at = &w->child;
	for (const struct twig *c = from->child; c != NULL; c = c->next, at = &(*at)->next) {
		*at = copy(t, c);
		if (*at == NULL)
			return NULL;
	}
	return w;
}

/* The OR that a part of an AND is, or that stands in its [ ]; NULL: it is none. */
static struct twig *or_in(struct twig *part)
{
	if (part->kind == SL_NODE_OBSERVATION)
		part = part->child;
	return twig_is_or(part) ? part : NULL;
}

/* The part of an AND that is an OR with members of different worth, where the rest of the AND does
 * not carry them all: NULL, none. */
static struct twig *uneven(const struct twig *and)
{
	const struct twig *why;
	for (struct twig *c = and->child; c != NULL; c = c->next) {
		const struct twig * or = or_in(c);
		enum worth rest = WORTH_CONTEXT, low = WORTH_ARMED, high = WORTH_NEVER;
		if (or == NULL)
			continue;
		for (const struct twig *o = and->child; o != NULL; o = o->next) {
			enum worth each = o != c ? worth_of(o, &why) : WORTH_CONTEXT;
			rest = each > rest ? each : rest;
		}
		for (const struct twig *m = or->child; m != NULL; m = m->next) {
			enum worth each = worth_of(m, &why);
			low = each < low ? each : low;
			high = each > high ? each : high;
		}
		if (low < high && (low == WORTH_NEVER || rest < high))
			return c;
	}
	return NULL;
}

/* The OR with only those members that are worth so much; one that is left stands for itself. */
static struct twig *of_worth(struct tree *t, const struct twig * or, enum worth worth)
{
	const struct twig *why;
	struct twig *out = twig_new(t, or->kind, or->node);
	if (out == NULL)
		return NULL;
	struct twig **at = &out->child;
	for (const struct twig *m = or->child; m != NULL; m = m->next) {
		if (worth_of(m, &why) != worth)
			continue;
		*at = copy(t, m);
		if (*at == NULL)
			return NULL;
		at = &(*at)->next;
	}
	if (out->child == NULL)
		return NULL;
	return out->child->next == NULL ? out->child : out;
}

/* The AND with only those members of the OR in a part of it that are worth so much; NULL: there are
 * none. */
static struct twig *narrowed(
	struct tree *t, const struct twig *and, struct twig *part, enum worth worth)
{
	struct twig *low = of_worth(t, or_in(part), worth);
	struct twig *out = low != NULL ? twig_new(t, and->kind, and->node) : NULL;
	if (out == NULL)
		return NULL;
	struct twig **at = &out->child;
	for (const struct twig *c = and->child; c != NULL; c = c->next, at = &(*at)->next) {
		if (c != part) {
			*at = copy(t, c);
		} else if (part->kind == SL_NODE_OBSERVATION) {
			*at = twig_new(t, SL_NODE_OBSERVATION, part->node);
			if (*at != NULL)
				(*at)->child = low;
		} else {
			*at = low;
		}
		if (*at == NULL)
			return NULL;
		if (c == part && low->kind == and->kind && *at == low &&
			low->kind != SL_NODE_FOLLOWED)
			*at = low->child; /* an AND in an AND is one */
		while ((*at)->next != NULL)
			at = &(*at)->next;
	}
	return out;
}

static void branch_keep(struct tree *t, struct branches *b, struct twig *w)
{
	if (b->n == b->room) {
		size_t more = b->room ? b->room * 2 : 64;
		struct twig **wider = realloc(b->at, more * sizeof(*wider));
		if (wider == NULL) {
			t->no_memory = true;
			return;
		}
		b->at = wider;
		b->room = more;
	}
	b->at[b->n++] = w;
}

static struct twig *around(struct tree *t, const struct twig *outer, struct twig *child)
{
	struct twig *w = twig_new(t, outer->kind, outer->node);
	if (w != NULL)
		w->child = child;
	return w;
}

static bool narrow_apart(struct tree *t, struct branches *b, struct twig *w)
{
	struct twig *part = twig_is_and(w) ? uneven(w) : NULL;
	for (int worth = WORTH_NEVER; part != NULL && worth <= WORTH_ARMED; worth++) {
		struct twig *some = narrowed(t, w, part, (enum worth)worth);
		if (some != NULL)
			take_apart(t, b, some);
	}
	return part != NULL;
}

/* What stands around an OR, and means the same around each of its members: [ ], WITHIN, START. */
static bool spreads(const struct twig *w)
{
	return w->kind == SL_NODE_OBSERVATION || w->kind == SL_NODE_WITHIN ||
	       w->kind == SL_NODE_START_STOP;
}

void take_apart(struct tree *t, struct branches *b, struct twig *w)
{
	if (twig_is_or(w) && !w->context) {
		for (struct twig *c = w->child, *next; c != NULL; c = next) {
			next = c->next;
			c->next = NULL;
			take_apart(t, b, c);
		}
		return;
	}
	if (!spreads(w) || w->context) {
		if (w->context || !narrow_apart(t, b, w))
			branch_keep(t, b, w);
		return;
	}
	struct branches inner = { 0 };
	take_apart(t, &inner, w->child);
	for (size_t i = 0; i < inner.n; i++) {
		struct twig *each =
			inner.n > 1 || inner.at[i] != w->child ? around(t, w, inner.at[i]) : w;
		if (each != NULL)
			branch_keep(t, b, each);
	}
	free(inner.at);
}
