/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.c - judges an indicator that is a tree. Its outermost OR falls apart into branches, each
 * with its own verdict, so that a finding takes its own branch only; a branch that is one value
 * becomes an indicator like any other, the rest detections. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

#define TWIGS_MAX 16384
#define PART_BYTES ((size_t)64 << 10)

struct twig *twig_new(struct tree *t, enum sl_node_kind kind, const struct sl_node *node)
{
	struct twig *w = NULL;
	if (t->twigs++ < TWIGS_MAX)
		w = sl_arena_take(t->arena, sizeof(*w));
	else
		t->too_complex = true;
	if (w == NULL) {
		t->no_memory |= !t->too_complex;
		return NULL;
	}
	w->kind = kind;
	w->node = node;
	return w;
}

static bool is_or(const struct twig *w)
{
	return w->kind == SL_NODE_OR || w->kind == SL_NODE_EITHER || w->kind == SL_NODE_ANY;
}

static bool is_and(const struct twig *w)
{
	return w->kind == SL_NODE_AND || w->kind == SL_NODE_BOTH || w->kind == SL_NODE_ALL;
}

/* A group of one is its member; a group in a group of its kind is one. */
static struct twig *grow(struct tree *t, const struct sl_node *n)
{
	if ((n->kind == SL_NODE_AND || n->kind == SL_NODE_OR || n->kind == SL_NODE_ALL ||
		    n->kind == SL_NODE_ANY) &&
		n->child != NULL && n->child->next == NULL)
		return grow(t, n->child);
	struct twig *w = twig_new(t, n->kind, n);
	if (w == NULL)
		return NULL;
	if (n->kind == SL_NODE_TEST) {
		twig_judge(t, w);
		return w;
	}
	struct twig **at = &w->child;
	for (const struct sl_node *c = n->child; c != NULL; c = c->next) {
		struct twig *kid = grow(t, c);
		if (kid == NULL)
			return NULL;
		bool same = kid->kind == w->kind && kid->kind != SL_NODE_NOT &&
			    kid->kind != SL_NODE_FOLLOWED && (is_or(kid) || is_and(kid));
		*at = same ? kid->child : kid;
		while (*at != NULL)
			at = &(*at)->next;
	}
	return w;
}

/* ---- What a branch is worth ---- */

/* An AND is worth its best part, as all of it has to be true; an OR its worst, as that may be all
 * that was. *why: the test that decided. */
static enum worth worth_of(const struct twig *w, const struct twig **why)
{
	const struct twig *kid_why = w;
	if (w->kind == SL_NODE_TEST) {
		*why = w;
		return w->worth;
	}
	enum worth best = WORTH_CONTEXT;
	bool first = true;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		enum worth each = worth_of(c, &kid_why);
		if (w->kind == SL_NODE_NOT && each > WORTH_WEAK)
			each = WORTH_WEAK;
		if (is_or(w) ? first || (each < best && each > WORTH_CONTEXT) ||
					best <= WORTH_CONTEXT
			     : first || each == WORTH_NEVER ||
					(each > best && best != WORTH_NEVER)) {
			best = each;
			*why = kid_why;
		}
		first = false;
	}
	return best;
}

/* ---- Taking apart ---- */

static struct twig *copy(struct tree *t, const struct twig *from)
{
	struct twig *w = twig_new(t, from->kind, from->node);
	if (w == NULL)
		return NULL;
	struct twig *child = w->child;
	*w = *from;
	w->next = NULL;
	w->child = child;
	struct twig **at = &w->child;
	for (const struct twig *c = from->child; c != NULL; c = c->next, at = &(*at)->next) {
		*at = copy(t, c);
		if (*at == NULL)
			return NULL;
	}
	return w;
}

/* The OR inside an AND that has members of different worth, where the rest of the AND does not
 * carry them all: NULL, none. */
static struct twig *uneven(const struct twig *and)
{
	const struct twig *why;
	for (struct twig *c = and->child; c != NULL; c = c->next) {
		enum worth rest = WORTH_CONTEXT, low = WORTH_ARMED, high = WORTH_NEVER;
		if (!is_or(c))
			continue;
		for (const struct twig *o = and->child; o != NULL; o = o->next) {
			enum worth each = o != c ? worth_of(o, &why) : WORTH_CONTEXT;
			rest = each > rest ? each : rest;
		}
		for (const struct twig *m = c->child; m != NULL; m = m->next) {
			enum worth each = worth_of(m, &why);
			low = each < low ? each : low;
			high = each > high ? each : high;
		}
		if (low < high && (low == WORTH_NEVER || rest < high))
			return c;
	}
	return NULL;
}

/* The AND with only those members of its OR that are worth so much. */
static struct twig *narrowed(
	struct tree *t, const struct twig *and, const struct twig * or, enum worth worth)
{
	struct twig *out = twig_new(t, and->kind, and->node);
	if (out == NULL)
		return NULL;
	struct twig **at = &out->child;
	for (const struct twig *c = and->child; c != NULL; c = c->next) {
		struct twig *kid = c != or ? copy(t, c) : twig_new(t, or->kind, or->node);
		if (kid == NULL)
			return NULL;
		struct twig **member = &kid->child;
		const struct twig *why;
		for (const struct twig *m = c == or ? or->child : NULL; m != NULL; m = m->next) {
			if (worth_of(m, &why) != worth)
				continue;
			*member = copy(t, m);
			if (*member == NULL)
				return NULL;
			member = &(*member)->next;
		}
		if (c == or &&kid->child == NULL)
			return NULL;
		if (c == or &&kid->child->next == NULL)
			kid = kid->child;
		*at = kid;
		at = &kid->next;
	}
	return out;
}

struct branches {
	struct twig **at;
	size_t n, room;
};

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

/* `inside`: the branch stands in [ ] that was opened around it. */
static void take_apart(
	struct tree *t, struct branches *b, struct twig *w, const struct twig *inside)
{
	if (is_or(w)) {
		for (struct twig *c = w->child, *next; c != NULL; c = next) {
			next = c->next;
			c->next = NULL;
			take_apart(t, b, c, inside);
		}
		return;
	}
	if (w->kind == SL_NODE_OBSERVATION) {
		take_apart(t, b, w->child, w);
		return;
	}
	struct twig * or = is_and(w) ? uneven(w) : NULL;
	for (int worth = WORTH_NEVER; or != NULL && worth <= WORTH_ARMED; worth++) {
		struct twig *part = narrowed(t, w, or, (enum worth)worth);
		if (part != NULL)
			take_apart(t, b, part, inside);
	}
	if (or != NULL)
		return;
	if (inside != NULL) {
		struct twig *o = twig_new(t, SL_NODE_OBSERVATION, inside->node);
		if (o == NULL)
			return;
		o->child = w;
		w = o;
	}
	branch_keep(t, b, w);
}

/* ---- Text of what is left: nodes again, printed ---- */

static struct sl_node *node_of(struct tree *t, const struct twig *w)
{
	struct sl_node *n = sl_arena_take(t->arena, sizeof(*n));
	if (n == NULL) {
		t->no_memory = true;
		return NULL;
	}
	*n = *w->node;
	n->kind = w->kind;
	n->child = n->next = NULL;
	struct sl_node **at = &n->child;
	for (const struct twig *c = w->child; c != NULL; c = c->next) {
		if (c->kind == SL_NODE_TEST && c->worth == WORTH_CONTEXT)
			continue;
		*at = node_of(t, c);
		if (*at == NULL)
			return NULL;
		at = &(*at)->next;
	}
	return n;
}

static const char *text_of(struct tree *t, const struct twig *w)
{
	static _Thread_local char text[PART_BYTES];
	struct sl_node *n = node_of(t, w);
	if (n == NULL)
		return "";
	size_t len = sl_pattern_text(n, branch_scope(w) != SL_SCOPE_HOST, text, sizeof(text));
	if (len >= sizeof(text))
		return ""; /* too long to be shown */
	const char *kept = sl_arena_text(t->arena, text, len);
	t->no_memory |= kept == NULL;
	return kept != NULL ? kept : "";
}

/* ---- Branches become indicators ---- */

/* Where a branch begins in its feed. */
static uint64_t line_of(const struct tree *t, const struct twig *w)
{
	while (w->kind != SL_NODE_TEST && w->child != NULL)
		w = w->child;
	return w->node->line != 0 ? w->node->line : t->meta->line;
}

static void tell_branch(
	struct tree *t, const struct twig *branch, const struct fault *why, const char *suggestion)
{
	struct sl_finding f = { .line = line_of(t, branch),
		.id = t->meta->id,
		.verdict = why->verdict,
		.code = why->code,
		.reason = why->reason,
		.part = text_of(t, branch),
		.scope = scope_text(branch_scope(branch)),
		.suggestion = suggestion };
	reading_tell(t->r, &f);
}

/* The test that a branch is, or NULL. */
static const struct twig *only_test(const struct twig *w)
{
	if (w->kind == SL_NODE_OBSERVATION)
		w = w->child;
	return w->kind == SL_NODE_TEST ? w : NULL;
}

static int listed_add(struct tree *t, const struct twig *w, const char *part)
{
	static _Thread_local struct draft_hold hold;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < w->node->constants; i++) {
		struct draft d;
		if (!twig_draft(t, w, &w->node->constant[i], &hold, &d)) {
			struct fault why = { "BAD_VALUE", "This is no value for it.", NULL,
				SL_REFUSED };
			tell_branch(t, w, &why, "");
			continue;
		}
		d.part = part;
		d.line = line_of(t, w);
		if (d.where != NULL || w->row->wheres == NULL) {
			rc = draft_add(t->r, &d);
			continue;
		}
		for (unsigned at = 1; rc == 0 && at < SL_WHERE_COUNT; at++) {
			if (!(w->wheres[at / 64] >> (at % 64) & 1))
				continue;
			d.where = sl_wheres[at].name;
			rc = draft_add(t->r, &d);
		}
	}
	return rc;
}

static const struct twig *member(const struct twig *and, enum path_kind kind)
{
	for (const struct twig *c = and->child; c != NULL; c = c->next)
		if (c->kind == SL_NODE_TEST && c->row->kind == kind)
			return c;
	return NULL;
}

/* An address with a port at the same end, which the tables answer by themselves. */
static bool address_port(
	const struct tree *t, const struct twig *branch, struct draft_hold *hold, struct draft *d)
{
	const struct twig *w = branch->kind == SL_NODE_OBSERVATION ? branch->child : branch;
	if (!is_and(w) || w->child->next == NULL || w->child->next->next != NULL)
		return false;
	const struct twig *value = member(w, PATH_VALUE), *port = member(w, PATH_FIELD);
	if (value == NULL || port == NULL || value->name || value->row->wheres == NULL ||
		value->node->test != SL_TEST_EQUAL || value->negative ||
		port->node->test != SL_TEST_EQUAL || port->negative ||
		port->node->constant[0].kind != SL_CONSTANT_INTEGER)
		return false;
	bool dst =
		strcmp(value->row->wheres, "ip.dst") == 0 && port->row->field == SL_FIELD_DST_PORT;
	bool src =
		strcmp(value->row->wheres, "ip.src") == 0 && port->row->field == SL_FIELD_SRC_PORT;
	int64_t number = port->node->constant[0].integer;
	if ((!dst && !src) || number < 1 || number > 65535 ||
		!twig_draft(t, value, &value->node->constant[0], hold, d) ||
		memchr(d->value, '/', d->value_len) != NULL)
		return false;
	bool six = memchr(d->value, ':', d->value_len) != NULL;
	char with[SL_VALUE_MAX + 64];
	int n = snprintf(with, sizeof(with), six ? "[%.*s]:%d" : "%.*s:%d", (int)d->value_len,
		d->value, (int)number);
	if (n < 0 || (size_t)n >= sizeof(hold->value))
		return false;
	memcpy(hold->value, with, (size_t)n + 1);
	d->value_len = (size_t)n;
	return true;
}

static int branch_arm(
	struct tree *t, const struct twig *branch, bool several, const struct twig *decided)
{
	static _Thread_local struct draft_hold hold;
	struct fault why = { 0 };
	struct draft d;
	const struct twig *test = only_test(branch);
	const char *part = several ? text_of(t, branch) : NULL;
	if (test != NULL && twig_listed(test))
		return listed_add(t, test, part);
	if (address_port(t, branch, &hold, &d)) {
		d.part = part;
		return draft_add(t->r, &d);
	}
	int rc = branch_compile(
		t, branch, part, decided->worth == WORTH_QUIET ? decided->reason : NULL, &why);
	if (rc > 0)
		tell_branch(t, branch, &why, "");
	return rc < 0 ? rc : 0;
}

/* What stays when all that is refused is taken out: the pattern to use instead. */
static const char *kept_text(struct tree *t, const struct branches *b)
{
	const struct twig *why;
	size_t len = 0;
	char *out = sl_arena_take(t->arena, PART_BYTES);
	for (size_t i = 0; out != NULL && i < b->n; i++) {
		if (worth_of(b->at[i], &why) != WORTH_ARMED)
			continue;
		const char *text = text_of(t, b->at[i]);
		size_t n = strlen(text);
		if (len + n + 5 > PART_BYTES)
			return "";
		if (len > 0)
			memcpy(out + len, " OR ", 4);
		len += len > 0 ? 4 : 0;
		memcpy(out + len, text, n + 1);
		len += n;
	}
	return out != NULL ? out : "";
}

/* In an AND of many, which test decided. */
static const char *reason_of(
	const struct twig *branch, const struct twig *decided, char *out, size_t cap)
{
	char text[256];
	if (only_test(branch) == decided || decided->kind != SL_NODE_TEST)
		return decided->reason;
	struct sl_node n = *decided->node;
	n.next = NULL;
	if (sl_pattern_text(&n, true, text, sizeof(text)) >= sizeof(text))
		return decided->reason;
	snprintf(out, cap, "%s The test is %s.", decided->reason, text);
	return out;
}

static int branches_use(struct tree *t, const struct branches *b)
{
	const char *suggestion = NULL;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < b->n; i++) {
		const struct twig *decided = b->at[i];
		enum worth worth = worth_of(b->at[i], &decided);
		if (worth >= WORTH_QUIET) {
			rc = branch_arm(t, b->at[i], b->n > 1, decided);
			continue;
		}
		if (suggestion == NULL)
			suggestion = kept_text(t, b);
		char reason[640];
		struct fault why = { decided->code,
			reason_of(b->at[i], decided, reason, sizeof(reason)), NULL, SL_REFUSED };
		if (decided->worth >= WORTH_QUIET) {
			/* a NOT made little of what is worth much */
			why.code = "NEGATIVE_ONLY";
			why.reason = "It is true of all that lacks something, which is nearly "
				     "everything.";
		}
		tell_branch(t, b->at[i], &why, suggestion);
	}
	return rc;
}

int composite_add(struct reading *r, const struct draft *meta, const struct sl_pattern *p)
{
	struct tree t = { .r = r, .meta = meta };
	struct branches b = { 0 };
	int rc = sl_arena_new(&t.arena);
	if (rc < 0)
		return rc;
	struct twig *root = sl_pattern_root(p) != NULL ? grow(&t, sl_pattern_root(p)) : NULL;
	if (root != NULL)
		take_apart(&t, &b, root, NULL);
	if (t.no_memory)
		rc = -ENOMEM;
	else if (t.too_complex || root == NULL)
		reading_refuse(r, meta->line, meta->id, "TOO_COMPLEX",
			"The tree has more parts than are taken apart; split it.", "");
	else
		rc = branches_use(&t, &b);
	free(b.at);
	sl_arena_free(t.arena);
	return rc;
}
