/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.c - what one test of a tree is worth, by its path, its operator and its constants. Control
 * threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sightline/regex.h>

#include "lint.h"
#include "tree.h"

static void worth(struct twig *w, enum worth worth, const char *code, const char *reason)
{
	w->worth = worth;
	w->code = code;
	w->reason = reason;
}

/* Of what holds a network an address that was seen is one host: only the host itself does. */
static bool superset_of_host(const struct sl_node *n)
{
	const struct sl_constant *c = n->constant;
	if (n->test != SL_TEST_SUPERSET || n->constants != 1 || c->kind != SL_CONSTANT_TEXT)
		return false;
	const char *slash = memchr(c->text, '/', c->len);
	return slash == NULL || strcmp(slash, memchr(c->text, ':', c->len) ? "/128" : "/32") == 0;
}

bool twig_is_equal(const struct twig *w)
{
	enum sl_test test = w->node->test;
	return w->node->constants == 1 && (test == SL_TEST_EQUAL || test == SL_TEST_UNEQUAL ||
						  test == SL_TEST_IN || superset_of_host(w->node));
}

bool twig_listed(const struct twig *w)
{
	return w->row->kind == PATH_VALUE && !w->negative &&
	       (w->node->test == SL_TEST_IN || w->node->test == SL_TEST_SUBSET || twig_is_equal(w));
}

static bool is_hash(const struct path_row *row)
{
	static const char *const names[] = { "md5", "sha1", "sha256", "cert-sha1", "cert-sha256",
		"ja3", "ja3s", "hassh-md5" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->type, names[i]) == 0)
			return true;
	return false;
}

static int hex_text(const struct sl_constant *c, char *out, size_t cap)
{
	if (c->len * 2 >= cap)
		return -1;
	for (size_t i = 0; i < c->len; i++)
		snprintf(out + 2 * i, 3, "%02x", (unsigned char)c->text[i]);
	return (int)(2 * c->len);
}

/* A number as its digits, a hash in bytes as its hex digits, a text as it is. */
static bool constant_text(
	const struct path_row *row, const struct sl_constant *c, char *out, size_t cap, size_t *len)
{
	bool bytes = c->kind == SL_CONSTANT_HEX || c->kind == SL_CONSTANT_BASE64;
	int n = -1;
	if (c->kind == SL_CONSTANT_INTEGER) {
		n = snprintf(out, cap, "%" PRId64, c->integer);
	} else if (bytes && row->type != NULL && is_hash(row) && c->len <= 32) {
		n = hex_text(c, out, cap);
	} else if ((bytes || c->kind == SL_CONSTANT_TEXT) && c->len < cap) {
		memcpy(out, c->text, c->len);
		out[c->len] = '\0';
		n = (int)c->len;
	}
	*len = n < 0 ? 0 : (size_t)n;
	return n >= 0;
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
	if (!constant_text(w->row, c, hold->value, sizeof(hold->value), &out->value_len))
		return false;
	out->value = hold->value;
	out->type = w->name ? "domain-name" : w->row->type;
	out->match = NULL;
	if (w->node->test == SL_TEST_IN) /* a member of a list is itself, and nothing below it */
		out->below = SL_BELOW_NO;
	if (w->row->wheres == NULL && strcmp(w->row->type, "domain-name") == 0 &&
		shape_of(hold->value, out->value_len) == SHAPE_ADDR) {
		out->type = "ipv4-addr";
		out->note_code = "TYPE_MENDED";
		out->note = "An address stands where a domain name is said to be; it is read as "
			    "one.";
	}
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

static const struct path_row names_of_responder = { .path = "",
	.kind = PATH_VALUE,
	.type = "domain-name",
	.wheres = "tls.sni quic.sni http.host http2.authority" };
static const struct path_row names_of_answer = {
	.path = "", .kind = PATH_VALUE, .type = "domain-name", .wheres = "dns.answer.name"
};

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

static enum worth worth_of_judgement(enum sl_intel_verdict v)
{
	return v == SL_ARMED ? WORTH_ARMED : v == SL_QUIET ? WORTH_QUIET : WORTH_WEAK;
}

/* What is benign may be as ordinary as it likes. */
static void judge_member(struct tree *t, struct twig *w, const struct sl_constant *c)
{
	static _Thread_local struct value_text text;
	static _Thread_local struct draft_hold hold;
	struct sl_indicator ind = { 0 };
	struct draft d;
	struct fault why = { .code = "BAD_VALUE", .reason = "This is no value for its path." };
	struct judgement j = { .verdict = SL_ARMED, .code = "", .reason = "" };
	if (!twig_draft(t, w, c, &hold, &d) || !value_read(&d, &ind, &text, &why)) {
		worth(w, WORTH_NEVER, why.code, why.reason);
		return;
	}
	bool network = ind.type == SL_TYPE_IPV4 || ind.type == SL_TYPE_IPV6;
	if (w->node->test == SL_TEST_SUBSET && !network) {
		worth(w, WORTH_NEVER, "BAD_VALUE", "ISSUBSET asks for addresses.");
		return;
	}
	w->host = network && ind.prefix_len == (ind.version == 4 ? 32 : 128);
	if (!w->name)
		path_wheres(w->row, (enum sl_type)ind.type, w->wheres);
	ind.value = text.text;
	if (!t->meta->allow)
		lint_value(t->r, &ind, &j);
	worth(w, worth_of_judgement(j.verdict), j.code, j.reason);
	if (w->row->weak && !t->meta->allow)
		worth(w, WORTH_WEAK, "TRUE_OF_MOST",
			"Alone it is true of ordinary traffic; put what you know beside it.");
}

/* The best of a list counts until its members are told apart. */
static void judge_listed(struct tree *t, struct twig *w)
{
	struct twig best = *w;
	for (size_t i = 0; i < w->node->constants; i++) {
		judge_member(t, w, &w->node->constant[i]);
		w->uneven = i > 0 && (best.uneven || w->worth != best.worth);
		if (i == 0 || w->worth > best.worth)
			best = *w;
		best.uneven = w->uneven;
	}
	*w = best;
	w->host = w->host && w->node->constants == 1;
	if (w->node->constants == 0)
		worth(w, WORTH_NEVER, "EMPTY", "A list without a value.");
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
	if (w->negative && test != SL_TEST_EXISTS) {
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
	} else if (test == SL_TEST_EXISTS && w->node->negated) {
		worth(w, WORTH_NEVER, "NOT_EVALUABLE",
			"A path that isn't there makes every comparison false (STIX 2.1, 9.6).");
	} else {
		worth(w, WORTH_WEAK, "TRUE_OF_MOST",
			"Alone it is true of ordinary traffic; put what you know beside it.");
	}
}

/* Whatever it is a test of, and negated or not: what no engine reads is true of nothing. */
static void judge_expression(struct twig *w)
{
	const struct sl_node *n = w->node;
	struct sl_regex *re = NULL;
	struct sl_pattern_error err;
	if (n->test != SL_TEST_LIKE && n->test != SL_TEST_MATCHES && n->test < SL_TEST_CONTAINS)
		return;
	if (n->constants != 1 || n->constant[0].kind != SL_CONSTANT_TEXT ||
		sl_regex_of_test(&re, n->test, n->constant[0].text, n->constant[0].len, 0, &err) <
			0)
		worth(w, WORTH_NEVER, "BAD_EXPRESSION",
			"This is no regular expression, or one too large to search for.");
	sl_regex_free(re);
}

/* ---- Numbers of the flow ---- */

static bool is_port(const struct twig *w)
{
	return w->row->field <= SL_FIELD_ANY_PORT;
}

/* What the field can be equal to, also in quotes. */
static bool field_fits(const struct twig *w, const struct sl_constant *in, struct sl_constant *c)
{
	*c = *in;
	constant_for_field(w->row->field, c);
	switch (w->row->field) {
	case SL_FIELD_PROTOCOLS:
		return c->kind == SL_CONSTANT_TEXT && c->len > 0;
	case SL_FIELD_START:
	case SL_FIELD_END:
		return c->kind == SL_CONSTANT_TIME;
	case SL_FIELD_IS_ACTIVE:
		return c->kind == SL_CONSTANT_BOOLEAN;
	default:
		break;
	}
	if (c->kind != SL_CONSTANT_INTEGER)
		return c->kind == SL_CONSTANT_FLOAT;
	return !is_port(w) || (c->integer >= 0 && c->integer <= 65535);
}

static void judge_field(struct twig *w)
{
	bool pattern = w->node->test == SL_TEST_LIKE || w->node->test == SL_TEST_MATCHES ||
		       w->node->test >= SL_TEST_CONTAINS;
	bool words = pattern && w->row->field == SL_FIELD_PROTOCOLS;
	bool fits = words || w->node->test == SL_TEST_EXISTS;
	struct sl_constant c;
	for (size_t i = 0; i < w->node->constants && !pattern; i++) {
		if (!field_fits(w, &w->node->constant[i], &c))
			continue;
		fits = true;
		w->number = c.integer;
	}
	if (!fits)
		worth(w, WORTH_NEVER, "BAD_VALUE", "This can't be a value of its path.");
	else if (is_port(w))
		worth(w, WORTH_WEAK, "LONE_PORT", "Any traffic on this port would be a hit.");
	else
		worth(w, WORTH_WEAK, "TRUE_OF_MOST",
			"Alone it is true of ordinary traffic; put what you know beside it.");
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
	worth(w, WORTH_NEVER, "NOT_EVALUABLE",
		w->row->reason != NULL ? w->row->reason
				       : "No network shows this: it is seen on a host only.");
}

void twig_judge(struct tree *t, struct twig *w)
{
	const struct sl_node *n = w->node;
	w->row = path_find(&n->path);
	w->negative = n->negated != (n->test == SL_TEST_UNEQUAL);
	switch (w->row->kind) {
	case PATH_UNSEEN:
		judge_unseen(w);
		break;
	case PATH_CONTEXT:
		worth(w, WORTH_CONTEXT, "CONTEXT", "This explains, and is nothing to look for.");
		break;
	case PATH_FIELD:
		judge_field(w);
		break;
	case PATH_VALUE:
		judge_value(t, w);
		break;
	}
	if (w->row->kind == PATH_VALUE || w->row->kind == PATH_FIELD)
		judge_expression(w);
}
