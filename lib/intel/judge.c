/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.c - what one test of a tree is worth, by its path, its operator and its constants. Control
 * threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lint.h"
#include "tree.h"

static void worth(struct twig *w, enum worth worth, const char *code, const char *reason)
{
	w->worth = worth;
	w->code = code;
	w->reason = reason;
}

bool twig_listed(const struct twig *w)
{
	const struct sl_node *n = w->node;
	return w->row->kind == PATH_VALUE && !w->negative &&
	       (n->test == SL_TEST_EQUAL || n->test == SL_TEST_IN || n->test == SL_TEST_SUBSET);
}

/* A number as its digits, a text as it is. */
static bool constant_text(const struct sl_constant *c, char *out, size_t cap, size_t *len)
{
	int n = 0;
	if (c->kind == SL_CONSTANT_INTEGER) {
		n = snprintf(out, cap, "%" PRId64, c->integer);
	} else if ((c->kind == SL_CONSTANT_TEXT || c->kind == SL_CONSTANT_HEX ||
			   c->kind == SL_CONSTANT_BASE64) &&
		   c->len < cap) {
		memcpy(out, c->text, c->len);
		out[c->len] = '\0';
		n = (int)c->len;
	} else {
		return false;
	}
	*len = (size_t)n;
	return true;
}

/* The only place of a mask; NONE: there are several, or the type says them. */
static enum sl_where only_where(const struct twig *w)
{
	enum sl_where one = SL_WHERE_NONE;
	for (unsigned i = 1; i < SL_WHERE_COUNT; i++) {
		if (!(w->wheres[i / 64] >> (i % 64) & 1))
			continue;
		if (one != SL_WHERE_NONE)
			return SL_WHERE_NONE;
		one = (enum sl_where)i;
	}
	return one;
}

bool twig_draft(const struct tree *t, const struct twig *w, const struct sl_constant *c,
	struct draft_hold *hold, struct draft *out)
{
	*out = *t->meta;
	if (!constant_text(c, hold->value, sizeof(hold->value), &out->value_len))
		return false;
	out->value = hold->value;
	out->type = w->name ? "domain-name" : w->row->type;
	out->match = NULL;
	enum sl_where one = w->row->wheres != NULL ? only_where(w) : SL_WHERE_NONE;
	snprintf(hold->where, sizeof(hold->where), "%s", sl_wheres[one].name);
	out->where = one != SL_WHERE_NONE ? hold->where : NULL;
	return true;
}

/* A name where an address is expected is one known for it: what the flow says of its responder. */
static bool is_name(const struct twig *w, const struct sl_constant *c)
{
	if (!w->row->name_too || c->kind != SL_CONSTANT_TEXT)
		return false;
	enum shape s = shape_of(c->text, c->len);
	return s == SHAPE_DOMAIN;
}

static const struct path_row names_of_responder = { "", PATH_VALUE, "domain-name",
	"tls.sni quic.sni http.host", 0, false };
static const struct path_row names_of_answer = { "", PATH_VALUE, "domain-name", "dns.answer.name",
	0, false };

static void name_places(struct twig *w)
{
	bool dns = strstr(w->row->wheres, "dns.") != NULL;
	bool source = strcmp(w->row->wheres, "ip.src") == 0;
	if (source) {
		worth(w, WORTH_NEVER, "NOT_EVALUABLE",
			"A flow says no name of its initiator; give its address.");
		return;
	}
	w->name = true;
	path_wheres(dns ? &names_of_answer : &names_of_responder, SL_TYPE_DOMAIN, w->wheres);
}

/* The best of a list counts: the rest is said when the list is taken apart. */
static void judge_listed(struct tree *t, struct twig *w)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	w->worth = WORTH_NEVER;
	w->code = "EMPTY";
	w->reason = "A list without a value.";
	for (size_t i = 0; i < w->node->constants; i++) {
		struct sl_indicator ind = { 0 };
		struct draft d;
		struct fault why = { .code = "BAD_VALUE", .reason = "This is no value for it." };
		struct judgement j = { .verdict = SL_ARMED };
		bool good = twig_draft(t, w, &w->node->constant[i], &hold, &d) &&
			    value_read(&d, &ind, &text, &why);
		if (good && !w->name)
			path_wheres(w->row, (enum sl_type)ind.type, w->wheres);
		if (good) {
			ind.value = text.text;
			lint_value(t->r, &d, &ind, &j);
		}
		enum worth each = !good			  ? WORTH_NEVER
				  : j.verdict == SL_ARMED ? WORTH_ARMED
				  : j.verdict == SL_QUIET ? WORTH_QUIET
							  : WORTH_WEAK;
		if (i == 0 || each > w->worth)
			worth(w, each, good ? j.code : why.code, good ? j.reason : why.reason);
	}
}

static void judge_value(struct tree *t, struct twig *w)
{
	enum sl_test test = w->node->test;
	bool address = w->row->type != NULL && strcmp(w->row->type, "ipv4-addr") == 0;
	path_wheres(w->row, address ? SL_TYPE_IPV4 : type_name_find(w->row->type)->type, w->wheres);
	if (w->node->constants > 0 && is_name(w, &w->node->constant[0]))
		name_places(w);
	if (w->code != NULL)
		return;
	if (w->negative) {
		worth(w, WORTH_WEAK, "NEGATIVE_ONLY",
			"It is true of all that lacks something, which is nearly everything.");
	} else if (twig_listed(w)) {
		judge_listed(t, w);
	} else if (test == SL_TEST_LIKE || test == SL_TEST_MATCHES || test >= SL_TEST_CONTAINS) {
		struct judgement j = { .verdict = SL_ARMED };
		lint_pattern(t->r, w->node, &j);
		worth(w, j.verdict == SL_ARMED ? WORTH_ARMED : WORTH_WEAK, j.code, j.reason);
	} else if (test == SL_TEST_SUPERSET) {
		worth(w, WORTH_NEVER, "NOT_EVALUABLE",
			"An address that was seen is one host, never a network.");
	} else {
		worth(w, WORTH_WEAK, "TRUE_OF_MOST",
			"Alone it is true of ordinary traffic; put what you know beside it.");
	}
}

/* What a feed's reader writes in the place of what it can't read. */
static void judge_unseen(struct twig *w)
{
	static const struct {
		const char *object, *code, *reason;
	} rows[] = {
		{ "unknown-reference", "REF_UNKNOWN", "What it refers to is not in this file." },
		{ "unknown-condition", "CONDITION_NOT_SUPPORTED",
			"Comparisons of this kind are not evaluated; say it with another." },
		{ "detection-rule", "RULE_IN_AND",
			"A rule that is one part of an AND is not evaluated; give the rule "
			"alone." },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(w->node->path.object, rows[i].object) == 0) {
			worth(w, WORTH_NEVER, rows[i].code, rows[i].reason);
			return;
		}
	worth(w, WORTH_NEVER, "NOT_EVALUABLE", "No network shows this: it is seen on a host only.");
}

void twig_judge(struct tree *t, struct twig *w)
{
	const struct sl_node *n = w->node;
	bool unequal = n->test == SL_TEST_UNEQUAL;
	w->row = path_find(&n->path);
	w->negative = n->negated != unequal;
	switch (w->row->kind) {
	case PATH_UNSEEN:
		judge_unseen(w);
		break;
	case PATH_CONTEXT:
		worth(w, WORTH_CONTEXT, "CONTEXT", "This explains, and is nothing to look for.");
		break;
	case PATH_FIELD:
		worth(w, WORTH_WEAK,
			w->row->field <= SL_FIELD_ANY_PORT ? "LONE_PORT" : "TRUE_OF_MOST",
			w->row->field <= SL_FIELD_ANY_PORT
				? "Any traffic on this port would be a hit."
				: "Alone it is true of ordinary traffic; put what you know beside "
				  "it.");
		break;
	case PATH_VALUE:
		judge_value(t, w);
		break;
	}
}
