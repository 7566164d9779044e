/* SPDX-License-Identifier: BSD-3-Clause */
/* reference.c - see reference.h. Tests only. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spelled.h"
#include "reference.h"

#define SEEN_MAX 32
#define MESSAGES 8

enum kleene { NO, UNKNOWN, YES };

struct one {
	unsigned message;
	char what[48], value[256];
};

struct seen {
	struct one at[SEEN_MAX];
	unsigned n, messages;
};

static void seen_read(struct seen *s, const char *text)
{
	memset(s, 0, sizeof(*s));
	while (*text != '\0' && s->n < SEEN_MAX) {
		struct one *o = &s->at[s->n++];
		int used = 0;
		if (sscanf(text, " %u:%47[^=]=%255[^ ]%n", &o->message, o->what, o->value, &used) <
			3)
			abort();
		for (char *c = o->value; *c != '\0'; c++)
			*c = *c == '~' ? ' ' : *c;
		s->messages = o->message > s->messages ? o->message : s->messages;
		text += used;
	}
}

static bool address_in(const char *value, const union sl_addr *net, uint8_t version, unsigned bits)
{
	union sl_addr a;
	uint8_t v;
	if (!sl_addr_parse(value, strlen(value), &a, &v) || v != version)
		return false;
	for (unsigned i = 0; i < bits; i++)
		if ((a.b[i / 8] ^ net->b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool text_in_network(const char *value, const char *net)
{
	union sl_addr a;
	uint8_t version, bits;
	if (sl_prefix_parse(net, strlen(net), &a, &version, &bits))
		return address_in(value, &a, version, bits);
	if (!sl_addr_parse(net, strlen(net), &a, &version))
		return false;
	return address_in(value, &a, version, version == 4 ? 32 : 128);
}

static bool port_seen(const struct seen *s, const char *where, unsigned port)
{
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	const char *end = strcmp(where, "ip.src") == 0 ? "src_port" : "dst_port";
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->at[i].what, end) == 0 && strcmp(s->at[i].value, text) == 0)
			return true;
	return false;
}

static bool value_hit(const struct sl_indicator *i, const struct one *o)
{
	enum sl_where at = sl_where_find(o->what, strlen(o->what));
	enum sl_type type = i->type == SL_TYPE_IPV6 ? SL_TYPE_IPV4 : (enum sl_type)i->type;
	if (at == SL_WHERE_NONE || (i->where != SL_WHERE_NONE && i->where != at) ||
		(i->where == SL_WHERE_NONE && sl_wheres[at].type != type))
		return false;
	if (type == SL_TYPE_IPV4)
		return address_in(o->value, &i->addr, i->version, i->prefix_len);
	size_t len = strlen(o->value), want = strlen(i->value);
	if (i->below != SL_BELOW_NO && len > want && o->value[len - want - 1] == '.')
		return strcmp(o->value + len - want, i->value) == 0;
	return strcmp(o->value, i->value) == 0;
}

static bool in_message(const struct one *o, unsigned message)
{
	return o->message == 0 || o->message == message;
}

/* ---- Leaves ---- */

static bool like(const char *p, const char *t)
{
	if (*p == '\0')
		return *t == '\0';
	if (*p == '%')
		return like(p + 1, t) || (*t != '\0' && like(p, t + 1));
	return *t != '\0' && (*p == '_' || *p == *t) && like(p + 1, t + 1);
}

static bool matches(const char *p, const char *t)
{
	regex_t re;
	if (regcomp(&re, p, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	bool found = regexec(&re, t, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static bool compare(uint8_t test, const char *value, const struct sl_constant *c)
{
	char digits[32];
	const char *text = c->text;
	if (text == NULL) {
		snprintf(digits, sizeof(digits), "%lld", (long long)c->integer);
		text = digits;
	}
	long long a = strtoll(value, NULL, 10), b = strtoll(text, NULL, 10);
	size_t n = strlen(text), len = strlen(value);
	switch (test) {
	case SL_TEST_LESS:
		return a < b;
	case SL_TEST_LESS_EQUAL:
		return a <= b;
	case SL_TEST_GREATER:
		return a > b;
	case SL_TEST_GREATER_EQUAL:
		return a >= b;
	case SL_TEST_LIKE:
		return like(text, value);
	case SL_TEST_MATCHES:
		return matches(text, value);
	case SL_TEST_SUBSET:
		return text_in_network(value, text);
	case SL_TEST_CONTAINS:
		return strstr(value, text) != NULL;
	case SL_TEST_STARTS:
		return strncmp(value, text, n) == 0;
	case SL_TEST_ENDS:
		return len >= n && strcmp(value + len - n, text) == 0;
	default:
		return strcmp(value, text) == 0;
	}
}

static bool leaf_of(const struct sl_leaf *l, const char *value)
{
	bool any = l->test == SL_TEST_EXISTS;
	for (size_t i = 0; i < l->constants; i++)
		any |= compare(l->test, value, &l->constant[i]);
	return any != (l->negated != (l->test == SL_TEST_UNEQUAL));
}

static bool field_is(uint8_t field, const char *what)
{
	static const char *const names[] = { [SL_FIELD_SRC_PORT] = "src_port",
		[SL_FIELD_DST_PORT] = "dst_port",
		[SL_FIELD_PROTOCOLS] = "protocol",
		[SL_FIELD_SRC_BYTES] = "src_bytes",
		[SL_FIELD_DST_BYTES] = "dst_bytes",
		[SL_FIELD_SRC_PACKETS] = "src_packets",
		[SL_FIELD_DST_PACKETS] = "dst_packets" };
	if (field == SL_FIELD_ANY_PORT)
		return strcmp(what, "src_port") == 0 || strcmp(what, "dst_port") == 0;
	return field < sizeof(names) / sizeof(names[0]) && strcmp(what, names[field]) == 0;
}

static bool leaf_asks(const struct sl_leaf *l, const struct one *o)
{
	enum sl_where at = sl_where_find(o->what, strlen(o->what));
	if (l->kind == SL_LEAF_FLOW)
		return field_is(l->field, o->what);
	return at != SL_WHERE_NONE && (l->wheres[at / 64] >> (at % 64) & 1);
}

static bool table_leaf(
	const struct sl_intel *set, size_t detection, size_t leaf, const struct one *o)
{
	size_t n;
	const struct sl_indicator *i = spelled_out(set, &n);
	for (size_t k = 0; k < n; k++)
		if (i[k].detection == detection + 1 && i[k].match != SL_MATCH_TREE &&
			i[k].leaf == leaf && value_hit(&i[k], o))
			return true;
	return false;
}

static enum kleene leaf_true(const struct sl_intel *set, const struct sl_detection *d,
	size_t detection, size_t leaf, const struct seen *s, unsigned message)
{
	const struct sl_leaf *l = &d->leaf[leaf];
	bool any = false;
	if (l->kind == SL_LEAF_UNSEEN)
		return UNKNOWN;
	for (unsigned i = 0; i < s->n; i++) {
		if (!in_message(&s->at[i], message))
			continue;
		any |= l->kind == SL_LEAF_TABLE
			       ? table_leaf(set, detection, leaf, &s->at[i])
			       : leaf_asks(l, &s->at[i]) && leaf_of(l, s->at[i].value);
	}
	if (!any && l->present != SL_LEAF_NONE &&
		leaf_true(set, d, detection, l->present, s, message) != YES)
		return UNKNOWN;
	return any ? YES : NO;
}

/* ---- Trees ---- */

static bool expression_true(const struct sl_intel *set, const struct sl_detection *d,
	size_t detection, const struct sl_expression *e, const struct seen *s, unsigned message)
{
	enum kleene v[4096];
	for (size_t i = 0; i < e->ops; i++) {
		const struct sl_op *op = &e->op[i];
		if (op->op == SL_OP_LEAF)
			v[i] = leaf_true(set, d, detection, op->a, s, message);
		else if (op->op == SL_OP_NOT)
			v[i] = (enum kleene)(YES - v[op->a]);
		else if (op->op == SL_OP_AND)
			v[i] = v[op->a] < v[op->b] ? v[op->a] : v[op->b];
		else
			v[i] = v[op->a] > v[op->b] ? v[op->a] : v[op->b];
	}
	return e->ops > 0 && v[e->ops - 1] == YES;
}

/* The messages on which it is true, a bit each. On a flow all are one. */
static unsigned expression_mask(const struct sl_intel *set, const struct sl_detection *d,
	size_t detection, const struct sl_expression *e, const struct seen *s)
{
	unsigned mask = 0, first = s->messages > 0;
	struct seen flow = *s;
	for (unsigned i = 0; i < flow.n && e->scope == SL_SCOPE_FLOW; i++)
		flow.at[i].message = 0;
	for (unsigned m = first; m <= s->messages; m++)
		if (expression_true(set, d, detection, e, &flow, m))
			mask |= 1u << m;
	return mask;
}

static unsigned joined(const struct sl_detection *d, const struct sl_op *op, const unsigned *v)
{
	unsigned a = v[op->a], b = v[op->b], both = a | b;
	switch (op->op) {
	case SL_OP_AND:
		return a && b && (d->same_allowed || (both & (both - 1))) ? both : 0;
	case SL_OP_OR:
		return both;
	case SL_OP_FOLLOWED:
		return a && b && __builtin_ctz(a) < 31 - __builtin_clz(b) ? both : 0;
	case SL_OP_REPEATS:
		return (uint64_t)__builtin_popcount(a) >= op->number ? a : 0;
	default:
		return a;
	}
}

static bool detection_true(const struct sl_intel *set, size_t number, const struct seen *s)
{
	size_t n;
	const struct sl_detection *d = &sl_intel_detections(set, &n)[number];
	unsigned v[4096];
	if (d->scope != SL_SCOPE_HOST)
		return expression_mask(set, d, number, d->expression, s) != 0;
	for (size_t i = 0; i < d->ops; i++)
		v[i] = d->op[i].op == SL_OP_EXPRESSION
			       ? expression_mask(set, d, number, &d->expression[d->op[i].a], s)
			       : joined(d, &d->op[i], v);
	return d->ops > 0 && v[d->ops - 1] != 0;
}

bool reference_hit(const struct sl_intel *set, const char *text)
{
	struct seen s;
	size_t n, trees;
	const struct sl_indicator *i = spelled_out(set, &n);
	(void)sl_intel_detections(set, &trees);
	seen_read(&s, text);
	for (size_t k = 0; k < n; k++)
		for (unsigned o = 0; o < s.n && i[k].detection == 0; o++)
			if (value_hit(&i[k], &s.at[o]) &&
				(i[k].port == 0 || port_seen(&s, s.at[o].what, i[k].port)))
				return true;
	for (size_t d = 0; d < trees; d++)
		if (detection_true(set, d, &s))
			return true;
	return false;
}

/* ---- Invariants ---- */

static bool two(unsigned op)
{
	return op == SL_OP_AND || op == SL_OP_OR || op == SL_OP_FOLLOWED;
}

static bool ops_wrong(const struct sl_op *op, size_t n, unsigned leaf_op, size_t leaves)
{
	for (size_t i = 0; i < n; i++) {
		bool leaf = op[i].op == SL_OP_LEAF || op[i].op == SL_OP_EXPRESSION;
		if (leaf && (op[i].op != leaf_op || op[i].a >= leaves))
			return true;
		if (!leaf && (op[i].a >= i || (two(op[i].op) && op[i].b >= i)))
			return true;
	}
	return n == 0;
}

static bool leaf_wrong(const struct sl_intel *set, const struct sl_detection *d, size_t number,
	size_t leaf, size_t from, size_t upto)
{
	const struct sl_leaf *l = &d->leaf[leaf];
	size_t n;
	const struct sl_indicator *i = spelled_out(set, &n);
	if (l->expression >= d->expressions || l->text == NULL ||
		(l->present != SL_LEAF_NONE && l->present >= d->leaves))
		return true;
	if (l->kind != SL_LEAF_TABLE)
		return l->kind != SL_LEAF_UNSEEN && l->test != SL_TEST_EXISTS && l->constants == 0;
	for (size_t k = from; k < upto; k++)
		if (i[k].detection == number + 1 && i[k].leaf == leaf)
			return false;
	return true;
}

const char *reference_wrong(const struct sl_intel *set)
{
	size_t n, trees, from = 0;
	const struct sl_indicator *i = spelled_out(set, &n);
	const struct sl_detection *d = sl_intel_detections(set, &trees);
	for (size_t t = 0; t < trees; from = d[t].indicator + 1, t++) {
		if (d[t].indicator >= n || i[d[t].indicator].match != SL_MATCH_TREE ||
			i[d[t].indicator].detection != t + 1)
			return "a detection without its indicator";
		for (size_t l = 0; l < d[t].leaves; l++)
			if (leaf_wrong(set, &d[t], t, l, from, d[t].indicator))
				return "a leaf";
		for (size_t e = 0; e < d[t].expressions; e++)
			if (ops_wrong(d[t].expression[e].op, d[t].expression[e].ops, SL_OP_LEAF,
				    d[t].leaves))
				return "the operations of an expression";
		if (d[t].scope == SL_SCOPE_HOST &&
			ops_wrong(d[t].op, d[t].ops, SL_OP_EXPRESSION, d[t].expressions))
			return "the operations of a detection";
		if (d[t].scope != SL_SCOPE_HOST && d[t].expressions != 1)
			return "several expressions without a host";
	}
	for (size_t k = 0; k < n; k++)
		if (i[k].detection > trees)
			return "a leaf without its detection";
	return NULL;
}
