/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.c - judges an indicator that is a tree. Its outermost OR falls apart into branches, each
 * with its own verdict, so that a finding takes its own branch only; a branch that is one value
 * becomes an indicator like any other, the rest detections. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint.h"
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

static void append(struct twig *w, struct twig *kid)
{
	bool same = kid->kind == w->kind && kid->kind != SL_NODE_FOLLOWED &&
		    (twig_is_or(kid) || twig_is_and(kid));
	*w->end = same ? kid->child : kid;
	for (; *w->end != NULL; w->end = &(*w->end)->next)
		;
}

/* What explains is left out of what stands around it: nothing else of a group goes with it. What
 * has nothing else explains as a whole. */
static struct twig *context_drop(struct twig *w)
{
	struct twig **at = &w->child;
	const struct twig *kept = NULL;
	size_t n = 0;
	for (struct twig *c = w->child, *next; c != NULL; c = next) {
		next = c->next;
		kept = kept == NULL ? c : kept;
		if (c->worth == WORTH_CONTEXT && c->context)
			continue;
		*at = c;
		at = &c->next;
		n++;
	}
	if (n == 0) { /* an empty group can't be built */
		w->context = true;
		w->worth = WORTH_CONTEXT;
		w->code = kept != NULL ? kept->code : "EMPTY";
		w->reason = kept != NULL ? kept->reason : "There is nothing in it.";
		return w;
	}
	*at = NULL;
	bool group = twig_is_or(w) || twig_is_and(w);
	return group && n == 1 ? w->child : w;
}

/* A group of one is its member; a group in a group of its kind is one. */
static struct twig *grow(struct tree *t, const struct sl_node *n)
{
	struct twig *w = twig_new(t, n->kind, n);
	if (w == NULL)
		return NULL;
	if (n->kind == SL_NODE_TEST) {
		twig_judge(t, w);
		w->context = w->worth == WORTH_CONTEXT;
		return w->uneven ? members_apart(t, w) : w;
	}
	if (n->kind == SL_NODE_NOT) {
		w->code = "NEGATIVE_ONLY";
		w->reason = "It is true of all that lacks something, which is nearly everything.";
	}
	w->end = &w->child;
	for (const struct sl_node *c = n->child; c != NULL; c = c->next) {
		struct twig *kid = grow(t, c);
		if (kid == NULL)
			return NULL;
		append(w, kid);
	}
	w = context_drop(w);
	if (w->kind == SL_NODE_AND)
		twig_contradictions(w);
	return w;
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
		*at = node_of(t, c);
		if (*at == NULL)
			return NULL;
		at = &(*at)->next;
	}
	return n;
}

const char *text_of(struct tree *t, const struct twig *w)
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

const char *tree_mended(struct tree *t)
{
	const char *text = t->mended;
	t->mended = NULL;
	return text;
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
		d.suggestion = tree_mended(t);
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

static bool port_of(const struct twig *port, int64_t *out)
{
	*out = port->number;
	return twig_is_equal(port) && !port->negative && *out >= 1 && *out <= 65535;
}

/* An address with a port at the same end, which the tables answer by themselves. */
static bool address_port(
	const struct tree *t, const struct twig *branch, struct draft_hold *hold, struct draft *d)
{
	const struct twig *w = branch->kind == SL_NODE_OBSERVATION ? branch->child : branch;
	if (!(twig_is_and(w) && w->kind != SL_NODE_FOLLOWED) || w->child->next == NULL ||
		w->child->next->next != NULL)
		return false;
	const struct twig *value = member(w, PATH_VALUE), *port = member(w, PATH_FIELD);
	int64_t number;
	if (value == NULL || port == NULL || value->name || value->row->wheres == NULL ||
		!twig_is_equal(value) || value->negative || !port_of(port, &number))
		return false;
	const char *at = value->row->wheres;
	bool dst = strcmp(at, "ip.dst") == 0 && port->row->field == SL_FIELD_DST_PORT;
	bool src = strcmp(at, "ip.src") == 0 && port->row->field == SL_FIELD_SRC_PORT;
	if ((!dst && !src) || !twig_draft(t, value, &value->node->constant[0], hold, d) ||
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
	struct tree *t, const struct twig *branch, bool several, const struct judgement *j)
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
		d.suggestion = tree_mended(t);
		return draft_add(t->r, &d);
	}
	if (t->meta->allow) {
		why = (struct fault){ "BENIGN",
			"What is benign is a value of its source; a tree of them undoes nothing.",
			NULL, SL_CONTEXT };
		tell_branch(t, branch, &why, "");
		return 0;
	}
	struct judgement said = *j;
	if (said.code[0] == '\0' && t->meta->note_code != NULL)
		said = (struct judgement){ j->verdict, t->meta->note_code, t->meta->note };
	t->asked = t->r->o->past != NULL && twig_past(t, branch, &t->past);
	if (t->asked)
		lint_past_tree(&said, &t->past);
	t->code = said.code;
	t->reason = said.reason;
	int rc = branch_compile(t, branch, part, j->verdict == SL_QUIET ? j->reason : NULL, &why);
	if (rc > 0)
		tell_branch(t, branch, &why, "");
	return rc < 0 ? rc : 0;
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

static void branch_refuse(struct tree *t, const struct twig *branch, const struct judgement *j,
	const struct twig *decided, const char *suggestion, bool joined)
{
	char reason[640];
	struct fault why = { j->code, j->reason, NULL, j->verdict };
	if (joined) {
		snprintf(reason, sizeof(reason),
			"%s This indicator says OR where it means AND: each part is true of "
			"ordinary traffic, and only all of them together name one flow.",
			j->reason);
		why.reason = reason;
	} else if (j->reason == decided->reason) {
		why.reason = reason_of(branch, decided, reason, sizeof(reason));
	}
	tell_branch(t, branch, &why, suggestion);
}

/* A tree is of no type: the age that holds for all. A branch that is one value is judged by its own
 * when it is added. */
static void age_judge(
	const struct tree *t, const struct sl_source_policy *policy, struct judgement *j)
{
	struct sl_indicator whole = { 0 };
	struct fault why;
	if (!draft_times(t->meta, &whole, &why))
		return;
	whole.reported_ns = age_reported(t->meta, whole.valid_from_ns, policy->published_ns);
	lint_age(t->r, &whole, policy->max_age_ns[SL_TYPE_NONE], j);
}

static int branches_use(struct tree *t, const struct branches *b)
{
	const char *suggestion = NULL;
	bool joined = false;
	int rc = 0;
	struct sl_source_policy policy;
	draft_policy(t->r, t->meta, &policy);
	for (size_t i = 0; rc == 0 && i < b->n; i++) {
		const struct twig *decided = b->at[i];
		enum worth worth = worth_of(b->at[i], &decided);
		struct judgement j = { worth == WORTH_ARMED   ? SL_ARMED
				       : worth == WORTH_QUIET ? SL_QUIET
							      : SL_REFUSED,
			worth < WORTH_ARMED ? decided->code : "",
			worth < WORTH_ARMED ? decided->reason : "" };
		if (worth == WORTH_CONTEXT)
			j.verdict = SL_CONTEXT;
		if (worth == WORTH_ARMED)
			age_judge(t, &policy, &j);
		if (worth >= WORTH_WEAK)
			lint_decide(t->r, t->meta, &policy, &j);
		if (j.verdict == SL_ARMED || j.verdict == SL_QUIET) {
			rc = branch_arm(t, b->at[i], b->n > 1, &j);
		} else {
			if (suggestion == NULL)
				suggestion = suggest(
					t, (const struct twig *const *)b->at, b->n, &joined);
			branch_refuse(t, b->at[i], &j, decided, suggestion, joined);
		}
		entry_part(t->r);
	}
	return rc;
}

static bool tree_grow(struct tree *t, struct branches *b, const struct sl_pattern *p)
{
	const struct sl_node *root = sl_pattern_root(p);
	struct twig *whole = root != NULL ? grow(t, root) : NULL;
	if (whole != NULL)
		take_apart(t, b, whole);
	return whole != NULL && !t->no_memory && !t->too_complex;
}

bool tree_accepts(struct tree *t, const char *text)
{
	struct tree trial = { .r = t->r, .meta = t->meta, .arena = t->arena };
	struct branches b = { 0 };
	struct sl_pattern *p;
	struct sl_pattern_error err;
	const struct twig *why;
	if (sl_pattern_parse(&p, text, strlen(text), SL_PATTERN_21, &err) < 0)
		return false;
	bool yes = tree_grow(&trial, &b, p) && b.n > 0;
	for (size_t i = 0; yes && i < b.n; i++)
		yes = worth_of(b.at[i], &why) == WORTH_ARMED;
	free(b.at);
	sl_pattern_free(p);
	return yes;
}

static int composite_read(struct tree *t, const struct sl_pattern *p, struct branches *b)
{
	if (tree_grow(t, b, p))
		return branches_use(t, b);
	if (t->no_memory)
		return -ENOMEM;
	reading_refuse(t->r, t->meta->line, t->meta->id, "TOO_COMPLEX",
		"The tree has more parts than are taken apart; split it.", "");
	entry_part(t->r);
	return 0;
}

/* Most patterns are one value, which is listed where it is looked for: what is plainly armed needs
 * no tree to be judged. 1: it is something else, and nothing was told. */
static int single_add(struct reading *r, const struct draft *meta, const struct sl_pattern *p)
{
	const struct sl_node *n = sl_pattern_root(p);
	if (n != NULL && n->kind == SL_NODE_OBSERVATION)
		n = n->child;
	if (n == NULL || n->kind != SL_NODE_TEST || n->test != SL_TEST_EQUAL || n->negated ||
		n->constants != 1 || n->constant->kind != SL_CONSTANT_TEXT || meta->allow ||
		n->constant->len > SL_VALUE_MAX)
		return 1;
	const struct path_row *row = path_find(&n->path);
	bool one_place = row->wheres == NULL || strchr(row->wheres, ' ') == NULL;
	if (row->kind != PATH_VALUE || row->weak || row->name_too || !one_place ||
		(row->wheres == NULL && strcmp(row->type, "domain-name") == 0 &&
			shape_of(n->constant->text, n->constant->len) != SHAPE_DOMAIN))
		return 1;
	struct draft d = *meta;
	d.type = row->type;
	d.where = row->wheres;
	d.value = n->constant->text;
	d.value_len = n->constant->len;
	d.line = n->line != 0 ? n->line : meta->line;
	entry_open(r);
	int rc = draft_add_plain(r, &d);
	if (rc == 1)
		return rc;
	entry_part(r);
	entry_close(r, meta);
	return rc;
}

int composite_add(struct reading *r, const struct draft *meta, const struct sl_pattern *p)
{
	struct draft own = *meta;
	struct tree t = { .r = r, .meta = &own, .code = "", .reason = "" };
	struct branches b = { 0 };
	if (!meta_judge(r, &own, p))
		return 0;
	int rc = own.note_code == NULL ? single_add(r, &own, p) : 1;
	if (rc <= 0)
		return rc;
	rc = sl_arena_new(&t.arena);
	if (rc < 0)
		return rc;
	if (r->o->propose && own.note_code != NULL && sl_pattern_root(p) != NULL)
		t.mended = repair_text(&t, sl_pattern_root(p));
	entry_open(r);
	rc = composite_read(&t, p, &b);
	entry_close(r, meta);
	free(b.at);
	sl_arena_free(t.arena);
	return rc;
}
