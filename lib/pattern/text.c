/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - a tree as STIX 2.1 writes it. Control threads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

struct out {
	char *p;
	size_t cap, len; /* len: of the whole, also where it does not fit */
	bool one_observation;
};

static void put(struct out *o, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++, o->len++)
		if (o->len + 1 < o->cap)
			o->p[o->len] = text[i];
}

static void put_str(struct out *o, const char *text)
{
	put(o, text, strlen(text));
}

/* ---- Constants ---- */

static void put_quoted(struct out *o, const char *text, size_t len)
{
	put_str(o, "'");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'' || text[i] == '\\')
			put_str(o, "\\");
		put(o, text + i, 1);
	}
	put_str(o, "'");
}

static void put_hex(struct out *o, const char *p, size_t len)
{
	char two[3];
	put_str(o, "h'");
	for (size_t i = 0; i < len; i++) {
		snprintf(two, sizeof(two), "%02x", (unsigned char)p[i]);
		put_str(o, two);
	}
	put_str(o, "'");
}

/* The fewest digits that are read as the same number; a float keeps its point, so that it is read
 * as one. */
static void put_float(struct out *o, double v)
{
	char text[NUMBER_MAX];
	for (int digits = 1; digits < 400; digits++) {
		snprintf(text, sizeof(text), "%.*f", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	put_str(o, text);
}

/* The date of a number of days since 1970 (the inverse of what reads it). */
static void put_instant(struct out *o, const struct sl_instant *t)
{
	int64_t days = t->seconds / 86400, rest = t->seconds % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	year += era * 400 + (month <= 2);
	char text[96];
	snprintf(text, sizeof(text), "t'%04d-%02d-%02dT%02d:%02d:%02d", (int)year, (int)month,
		(int)day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	put_str(o, text);
	if (t->nanoseconds) {
		snprintf(text, sizeof(text), ".%09u", t->nanoseconds);
		put_str(o, text);
	}
	put_str(o, "Z'");
}

static void put_constant(struct out *o, const struct sl_constant *c)
{
	char text[32];
	switch (c->kind) {
	case SL_CONSTANT_TEXT:
		put_quoted(o, c->text, c->len);
		break;
	case SL_CONSTANT_INTEGER:
		snprintf(text, sizeof(text), "%" PRId64, c->integer);
		put_str(o, text);
		break;
	case SL_CONSTANT_FLOAT:
		put_float(o, c->number);
		break;
	case SL_CONSTANT_BOOLEAN:
		put_str(o, c->integer ? "true" : "false");
		break;
	case SL_CONSTANT_HEX:
	case SL_CONSTANT_BASE64:
		put_hex(o, c->text, c->len);
		break;
	case SL_CONSTANT_TIME:
		put_instant(o, &c->time);
		break;
	}
}

/* ---- Tests ---- */

static bool plain_key(const char *key)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return !words_keyword(key, strlen(key)) && key[0] != '\0' &&
	       strchr("0123456789", key[0]) == NULL && key[strspn(key, letters)] == '\0';
}

static void put_path(struct out *o, const struct sl_path *path)
{
	char text[32];
	put_str(o, path->object);
	for (size_t i = 0; i < path->steps; i++) {
		const struct sl_step *s = &path->step[i];
		if (s->kind == SL_STEP_ANY) {
			put_str(o, "[*]");
		} else if (s->kind == SL_STEP_INDEX) {
			snprintf(text, sizeof(text), "[%" PRId64 "]", s->index);
			put_str(o, text);
		} else {
			put_str(o, i == 0 ? ":" : ".");
			if (plain_key(s->key))
				put_str(o, s->key);
			else
				put_quoted(o, s->key, strlen(s->key));
		}
	}
}

static const char *const signs[] = {
	[SL_TEST_EQUAL] = "=",
	[SL_TEST_UNEQUAL] = "!=",
	[SL_TEST_LESS] = "<",
	[SL_TEST_LESS_EQUAL] = "<=",
	[SL_TEST_GREATER] = ">",
	[SL_TEST_GREATER_EQUAL] = ">=",
	[SL_TEST_IN] = "IN",
	[SL_TEST_LIKE] = "LIKE",
	[SL_TEST_MATCHES] = "MATCHES",
	[SL_TEST_SUBSET] = "ISSUBSET",
	[SL_TEST_SUPERSET] = "ISSUPERSET",
	[SL_TEST_EXISTS] = "EXISTS",
	[SL_TEST_CONTAINS] = "MATCHES",
	[SL_TEST_STARTS] = "MATCHES",
	[SL_TEST_ENDS] = "MATCHES",
};

/* A text as the regular expression that matches it, at the begin, at the end, or anywhere. */
static void put_as_regex(struct out *o, enum sl_test test, const struct sl_constant *c)
{
	put_str(o, test == SL_TEST_STARTS ? "'^" : "'");
	for (size_t i = 0; i < c->len; i++) {
		if (strchr("\\^$.|?*+()[]{}", c->text[i]) != NULL && c->text[i] != '\0')
			put_str(o, "\\\\");
		if (c->text[i] == '\\' || c->text[i] == '\'')
			put_str(o, "\\");
		put(o, c->text + i, 1);
	}
	put_str(o, test == SL_TEST_ENDS ? "$'" : "'");
}

static void put_test(struct out *o, const struct sl_node *n, bool inverted)
{
	bool negated = n->negated != inverted;
	bool equals = n->test == SL_TEST_EQUAL || n->test == SL_TEST_UNEQUAL;
	if (n->test == SL_TEST_EXISTS) {
		put_str(o, negated ? "NOT EXISTS " : "EXISTS ");
		put_path(o, &n->path);
		return;
	}
	put_path(o, &n->path);
	if (equals) {
		put_str(o, (n->test == SL_TEST_UNEQUAL) != negated ? " != " : " = ");
	} else {
		put_str(o, negated ? " NOT " : " ");
		put_str(o, signs[n->test]);
		put_str(o, " ");
	}
	if (n->test == SL_TEST_IN)
		put_str(o, "(");
	for (size_t i = 0; i < n->constants; i++) {
		if (i > 0)
			put_str(o, ", ");
		if (n->test >= SL_TEST_CONTAINS)
			put_as_regex(o, n->test, &n->constant[i]);
		else
			put_constant(o, &n->constant[i]);
	}
	if (n->test == SL_TEST_IN)
		put_str(o, ")");
}

/* ---- Groups ---- */

static bool is_loose(const struct sl_node *n)
{
	return n->kind == SL_NODE_ALL || n->kind == SL_NODE_ANY || n->kind == SL_NODE_NOT;
}

static bool is_and(const struct sl_node *n)
{
	return n->kind == SL_NODE_AND || n->kind == SL_NODE_BOTH || n->kind == SL_NODE_ALL;
}

static void put_node(struct out *o, const struct sl_node *n, bool inverted);

/* How tightly a node holds together: what binds less than its parent stands in ( ). */
static int binds(const struct sl_node *n, bool inverted)
{
	switch (n->kind) {
	case SL_NODE_FOLLOWED:
		return 0;
	case SL_NODE_OR:
	case SL_NODE_EITHER:
	case SL_NODE_ANY:
		return inverted ? 2 : 1;
	case SL_NODE_AND:
	case SL_NODE_BOTH:
	case SL_NODE_ALL:
		return inverted ? 1 : 2;
	case SL_NODE_NOT:
		return binds(n->child, !inverted);
	default:
		return 3;
	}
}

static void put_group(struct out *o, const struct sl_node *n, bool inverted)
{
	int own = binds(n, inverted);
	const char *joint = n->kind == SL_NODE_FOLLOWED ? " FOLLOWEDBY "
			    : is_and(n) != inverted	? " AND "
							: " OR ";
	for (const struct sl_node *c = n->child; c != NULL; c = c->next) {
		bool brackets = binds(c, inverted) <= own;
		if (c != n->child)
			put_str(o, joint);
		put_str(o, brackets ? "(" : "");
		put_node(o, c, inverted);
		put_str(o, brackets ? ")" : "");
	}
}

static void put_qualified(struct out *o, const struct sl_node *n)
{
	char text[64];
	bool brackets = n->child->kind != SL_NODE_OBSERVATION;
	put_str(o, brackets ? "(" : "");
	put_node(o, n->child, false);
	put_str(o, brackets ? ")" : "");
	if (n->kind == SL_NODE_WITHIN) {
		put_str(o, " WITHIN ");
		/* 2^63 is the first double that an int64_t does not hold. */
		if (n->seconds < 0x1p63 && n->seconds == (double)(int64_t)n->seconds) {
			snprintf(text, sizeof(text), "%" PRId64, (int64_t)n->seconds);
			put_str(o, text);
		} else {
			put_float(o, n->seconds);
		}
		put_str(o, " SECONDS");
	} else if (n->kind == SL_NODE_REPEATS) {
		snprintf(text, sizeof(text), " REPEATS %" PRIu64 " TIMES", n->times);
		put_str(o, text);
	} else {
		put_str(o, " START ");
		put_instant(o, &n->start);
		put_str(o, " STOP ");
		put_instant(o, &n->stop);
	}
}

static void put_node(struct out *o, const struct sl_node *n, bool inverted)
{
	switch (n->kind) {
	case SL_NODE_TEST:
		put_str(o, o->one_observation ? "" : "[");
		put_test(o, n, inverted);
		put_str(o, o->one_observation ? "" : "]");
		break;
	case SL_NODE_NOT:
		put_node(o, n->child, !inverted);
		break;
	case SL_NODE_OBSERVATION: {
		bool before = o->one_observation;
		o->one_observation = true;
		put_str(o, "[");
		put_node(o, n->child, false);
		put_str(o, "]");
		o->one_observation = before;
		break;
	}
	case SL_NODE_WITHIN:
	case SL_NODE_REPEATS:
	case SL_NODE_START_STOP:
		put_qualified(o, n);
		break;
	default:
		put_group(o, n, inverted);
	}
}

/* Tests and compositions have no [ ] of their own. */
static bool bare(const struct sl_node *n)
{
	return is_loose(n) || n->kind == SL_NODE_TEST || n->kind == SL_NODE_AND ||
	       n->kind == SL_NODE_OR;
}

size_t sl_pattern_text(const struct sl_node *n, bool one_observation, char *out, size_t cap)
{
	struct out o = { out, cap, 0, one_observation };
	bool window = bare(n) && !one_observation && binds(n, false) == 2;
	put_str(&o, bare(n) && one_observation ? "[" : window ? "(" : "");
	put_node(&o, n, false);
	put_str(&o, bare(n) && one_observation ? "]" : window ? ") WITHIN 3600 SECONDS" : "");
	if (cap > 0)
		out[o.len < cap ? o.len : cap - 1] = '\0';
	return o.len;
}
