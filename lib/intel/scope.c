/* SPDX-License-Identifier: BSD-3-Clause */
/* scope.c - the smallest scope in which a branch can be true: what one message can say, what can be
 * spoken on one flow, or one host. Control threads. */
#include "compile.h"

#define FAMILIES_ALL 0xffffu
/* What may be spoken on one flow together, one inside the other. */
#define FAMILIES_TCP (FAMILY_HTTP | FAMILY_TLS | FAMILY_SSH | FAMILY_MAIL | FAMILY_FTP | FAMILY_SMB)

unsigned families_of(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST) {
		unsigned f = w->row->kind == PATH_VALUE ? wheres_families(w->wheres) : FAMILIES_ALL;
		return f & FAMILY_FLOW ? FAMILIES_ALL : f;
	}
	bool any = twig_is_or(w);
	unsigned out = any ? 0 : FAMILIES_ALL;
	for (const struct twig *c = w->child; c != NULL; c = c->next)
		out = any ? out | families_of(c) : out & families_of(c);
	return out;
}

/* Whether each part has a family that can be on the same flow as one of every other's. */
static bool one_flow(const struct twig *w)
{
	if (w->kind == SL_NODE_TEST)
		return true;
	for (const struct twig *c = w->child; c != NULL; c = c->next)
		if (!(families_of(c) & FAMILIES_TCP) || !one_flow(c))
			return false;
	return true;
}

bool twig_is_loose(const struct twig *w)
{
	return w->kind == SL_NODE_ALL || w->kind == SL_NODE_ANY || w->kind == SL_NODE_NOT ||
	       w->kind == SL_NODE_TEST;
}

enum sl_scope branch_scope(const struct twig *w)
{
	if (w->kind == SL_NODE_OBSERVATION || w->kind == SL_NODE_AND || w->kind == SL_NODE_OR)
		return SL_SCOPE_MESSAGE;
	if (!twig_is_loose(w))
		return SL_SCOPE_HOST;
	return families_of(w) ? SL_SCOPE_MESSAGE : one_flow(w) ? SL_SCOPE_FLOW : SL_SCOPE_HOST;
}

const char *scope_text(enum sl_scope s)
{
	return s == SL_SCOPE_MESSAGE ? "message" : s == SL_SCOPE_FLOW ? "flow" : "host";
}
