/* SPDX-License-Identifier: BSD-3-Clause */
/* cybox_property.c - one property of an object: its condition, its list of values, and the test
 * that each becomes. Control threads. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cybox.h"

#define VALUES_MAX 65536

/* ConditionTypeEnum of CybOX 2.1. */
static const struct condition conditions[] = {
	{ "Equals", SL_TEST_EQUAL, false, CONDITION_ONE, 0, 0 },
	{ "DoesNotEqual", SL_TEST_EQUAL, true, CONDITION_ONE, 0, 0 },
	{ "Contains", SL_TEST_CONTAINS, false, CONDITION_ONE, 0, 0 },
	{ "DoesNotContain", SL_TEST_CONTAINS, true, CONDITION_ONE, 0, 0 },
	{ "StartsWith", SL_TEST_STARTS, false, CONDITION_ONE, 0, 0 },
	{ "EndsWith", SL_TEST_ENDS, false, CONDITION_ONE, 0, 0 },
	{ "GreaterThan", SL_TEST_GREATER, false, CONDITION_ONE, 0, 0 },
	{ "GreaterThanOrEqual", SL_TEST_GREATER_EQUAL, false, CONDITION_ONE, 0, 0 },
	{ "LessThan", SL_TEST_LESS, false, CONDITION_ONE, 0, 0 },
	{ "LessThanOrEqual", SL_TEST_LESS_EQUAL, false, CONDITION_ONE, 0, 0 },
	{ "FitsPattern", SL_TEST_MATCHES, false, CONDITION_ONE, 0, 0 },
	{ "InclusiveBetween", 0, false, CONDITION_BETWEEN, SL_TEST_GREATER_EQUAL,
		SL_TEST_LESS_EQUAL },
	{ "ExclusiveBetween", 0, false, CONDITION_BETWEEN, SL_TEST_GREATER, SL_TEST_LESS },
	{ "BitwiseAnd", 0, false, CONDITION_REFUSED, 0, 0 },
	{ "BitwiseOr", 0, false, CONDITION_REFUSED, 0, 0 },
	{ "BitwiseXor", 0, false, CONDITION_REFUSED, 0, 0 },
};

const struct condition *condition_find(const char *name)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (strcasecmp(conditions[i].name, name) == 0)
			return &conditions[i];
	return NULL;
}

static struct clue *unknown_condition(struct clues *k, const char *name, uint64_t line)
{
	return clue_test(k, CLUE_UNKNOWN_CONDITION, SL_TEST_EQUAL, name, strlen(name), line);
}

/* ---- One value ---- */

static bool has(const char *text, size_t len, char c)
{
	return memchr(text, c, len) != NULL;
}

static const char *address_path(const struct comparison *c, const char *text, size_t len)
{
	const char *cat = c->category != NULL ? c->category : "";
	if (c->to != NULL && c->to[0] != '\0')
		return c->to;
	if (strcasecmp(cat, "e-mail") == 0 || has(text, len, '@'))
		return "email-addr:value";
	if (strcasecmp(cat, "mac") == 0 || shape_of(text, len) == SHAPE_MAC)
		return "mac-addr:value";
	if (strcasecmp(cat, "asn") == 0)
		return "autonomous-system:number";
	if (strcasecmp(cat, "atm") == 0)
		return "atm-address:value";
	if (c->end == END_SOURCE)
		return "network-traffic:src_ref.value";
	if (c->end == END_DESTINATION)
		return "network-traffic:dst_ref.value";
	return strncasecmp(cat, "ipv6", 4) == 0 || (has(text, len, ':') && !has(text, len, '.'))
		       ? "ipv6-addr:value"
		       : "ipv4-addr:value";
}

/* "198.49." and "198.49", where no longer number begins so, are networks. */
static bool network_of(const char *text, size_t len, char *out, size_t cap)
{
	unsigned part[3];
	size_t n = 0, digits = 0, i = 0;
	unsigned v = 0;
	for (; i < len && n < 3; i++) {
		if (text[i] == '.' && digits > 0) {
			part[n++] = v;
			v = 0;
			digits = 0;
		} else if (isdigit((unsigned char)text[i]) && digits < 3) {
			v = v * 10 + (unsigned)(text[i] - '0');
			digits++;
		} else {
			return false;
		}
		if (v > 255)
			return false;
	}
	if (i < len)
		return false;
	if (digits > 0 && (n == 3 || (v < 26 && v > 0 && digits < 3)))
		return false;
	if (digits > 0)
		part[n++] = v;
	if (n == 0)
		return false;
	snprintf(out, cap, "%u.%u.%u.0/%zu", part[0], n > 1 ? part[1] : 0, n > 2 ? part[2] : 0,
		n * 8);
	return true;
}

static struct clue *address_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	char net[32];
	if (c->test == SL_TEST_STARTS && network_of(text, len, net, sizeof(net)))
		return clue_test(k, address_path(c, net, strlen(net)), SL_TEST_SUBSET, net,
			strlen(net), c->line);
	return clue_test(k, address_path(c, text, len), c->test, text, len, c->line);
}

/* A URI object with a bare name or address in it is that. */
static const char *uri_path(const struct comparison *c, const char *text, size_t len)
{
	bool named = c->category != NULL && strcasecmp(c->category, "Domain Name") == 0;
	if (c->test != SL_TEST_EQUAL)
		return named ? "domain-name:value" : "url:value";
	enum shape s = shape_of(text, len);
	if (s == SHAPE_ADDR)
		return "ipv4-addr:value";
	return named || s == SHAPE_DOMAIN ? "domain-name:value" : "url:value";
}

static struct clue *port_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	static const char *const ends[] = { "network-traffic:src_port",
		"network-traffic:dst_port" };
	struct clue *any = clue_new(k, CLUE_ANY, c->line);
	for (int i = 0; i < 2; i++) {
		struct clue *t = clue_test(k, ends[i], c->test, text, len, c->line);
		if (t != NULL)
			t->number = true;
		clue_append(any, t);
	}
	return any;
}

/* As the sensor calls it. */
static struct clue *protocol_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	char name[32];
	if (len == 0 || len >= sizeof(name))
		return clue_test(k, c->to, c->test, text, len, c->line);
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)text[i]);
	name[len] = '\0';
	bool tls = strcmp(name, "https") == 0 || strcmp(name, "ssl") == 0;
	const char *say = tls ? "tls" : name;
	return clue_test(k, c->to, c->test, say, strlen(say), c->line);
}

/* What a place keeps in its own case is compared without it by an expression. */
static struct clue *caseless_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	size_t used = 0, cap = len * 2 + 16;
	char *re = malloc(cap);
	if (re == NULL) {
		k->no_memory = true;
		return NULL;
	}
	used += (size_t)snprintf(re, cap, "(?i)%s", c->test == SL_TEST_STARTS ? "^" : "");
	for (size_t i = 0; i < len; i++) {
		if (c->test != SL_TEST_MATCHES && strchr("\\^$.[]|()?*+{}", text[i]) != NULL)
			re[used++] = '\\';
		re[used++] = text[i];
	}
	if (c->test == SL_TEST_ENDS)
		re[used++] = '$';
	struct clue *out = clue_test(k, c->to, SL_TEST_MATCHES, re, used, c->line);
	free(re);
	return out;
}

static bool expression(enum sl_test t)
{
	return t == SL_TEST_CONTAINS || t == SL_TEST_STARTS || t == SL_TEST_ENDS ||
	       t == SL_TEST_MATCHES;
}

static struct clue *positive(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	struct clue *out;
	switch (c->how) {
	case HOW_ADDRESS:
		return address_clue(k, c, text, len);
	case HOW_URI:
		return clue_test(k, uri_path(c, text, len), c->test, text, len, c->line);
	case HOW_PORT:
		return port_clue(k, c, text, len);
	case HOW_PROTOCOL:
		return protocol_clue(k, c, text, len);
	case HOW_CONTEXT:
		return NULL;
	case HOW_RULE:
		return clue_test(k, CLUE_RULE, SL_TEST_EQUAL, text, len, c->line);
	default:
		break;
	}
	bool name = strncmp(c->to, "domain-name:", 12) == 0;
	if (c->caseless && !name && expression(c->test))
		return caseless_clue(k, c, text, len);
	out = clue_test(k, c->to, c->test, text, len, c->line);
	if (out != NULL)
		out->number = c->how == HOW_NUMBER;
	return out;
}

struct clue *comparison_clue(
	struct clues *k, const struct comparison *c, const char *text, size_t len)
{
	struct clue *out = positive(k, c, text, len);
	return c->negated ? clue_negated(k, out) : out;
}

/* ---- A property ---- */

struct values {
	const char *p;
	size_t left;
	const char *delimiter;
	bool more;
};

static bool value_next(struct values *v, const char **text, size_t *len)
{
	if (!v->more)
		return false;
	size_t n = strlen(v->delimiter);
	const char *at = n > 0 ? memmem(v->p, v->left, v->delimiter, n) : NULL;
	*text = v->p;
	*len = at != NULL ? (size_t)(at - v->p) : v->left;
	v->more = at != NULL;
	if (at != NULL) {
		v->left -= *len + n;
		v->p = at + n;
	}
	while (*len > 0 && isspace((unsigned char)(*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && isspace((unsigned char)(*text)[*len - 1]))
		(*len)--;
	return true;
}

static struct clue *between_clue(
	struct clues *k, const struct condition *cond, struct comparison c, struct values *v)
{
	const char *low, *high;
	size_t low_len, high_len;
	struct clue *all = clue_new(k, CLUE_ALL, c.line);
	bool two = value_next(v, &low, &low_len) && value_next(v, &high, &high_len);
	if (!two || (c.how != HOW_NUMBER && c.how != HOW_PORT))
		return unknown_condition(k, cond->name, c.line);
	if (c.how == HOW_PORT) {
		/* both bounds on the same end */
		struct clue *any = clue_new(k, CLUE_ANY, c.line);
		static const char *const ends[] = { "network-traffic:src_port",
			"network-traffic:dst_port" };
		c.how = HOW_NUMBER;
		for (int i = 0; i < 2; i++) {
			struct values again = { low, (size_t)(high + high_len - low), v->delimiter,
				true };
			c.to = ends[i];
			clue_append(any, between_clue(k, cond, c, &again));
		}
		return any;
	}
	c.test = cond->low;
	clue_append(all, comparison_clue(k, &c, low, low_len));
	c.test = cond->high;
	clue_append(all, comparison_clue(k, &c, high, high_len));
	return all;
}

/* ANY of the values, ALL, or NONE; ANY where nothing is said. */
static struct clue *list_clue(
	struct clues *k, const struct comparison *c, struct values *v, const char *apply)
{
	bool all = apply != NULL && strcasecmp(apply, "ALL") == 0;
	bool none = apply != NULL && strcasecmp(apply, "NONE") == 0;
	struct clue *group = clue_new(k, all ? CLUE_ALL : CLUE_ANY, c->line);
	const char *text;
	size_t len, count = 0;
	if (apply != NULL && !all && !none && strcasecmp(apply, "ANY") != 0)
		return unknown_condition(k, apply, c->line);
	bool same = !all && !c->negated && c->test == SL_TEST_EQUAL && c->how != HOW_PORT;
	while (value_next(v, &text, &len)) {
		if (len == 0)
			continue;
		if (++count > VALUES_MAX)
			return unknown_condition(k, "a list of more than 65,536 values", c->line);
		struct clue *one = comparison_clue(k, c, text, len);
		clue_append(group, one);
		same &= group != NULL && one != NULL && one->kind == CLUE_TEST &&
			strcmp(one->path, group->child->path) == 0;
	}
	if (group != NULL)
		group->list = same;
	struct clue *out = clue_whole(group);
	return none ? clue_negated(k, out) : out;
}

static bool pattern_is_regex(const struct xml_node *n)
{
	const char *type = xml_attr(n, "pattern_type");
	return type == NULL || strcasecmp(type, "Regex") == 0 || type[0] == '\0';
}

struct clue *property_clue(
	struct clues *k, const struct xml_node *n, enum property_how how, const char *to)
{
	const char *name = xml_attr(n, "condition"), *delimiter = xml_attr(n, "delimiter");
	const char *sensitive = xml_attr(n, "is_case_sensitive");
	const struct condition *cond = condition_find(name != NULL ? name : "Equals");
	if (how == HOW_CONTEXT || n->len == 0)
		return NULL;
	if (cond == NULL || cond->kind == CONDITION_REFUSED)
		return unknown_condition(k, name, n->line);
	if (n->cut)
		return unknown_condition(k, "a text of more than 64 KiB", n->line);
	if (cond->test == SL_TEST_MATCHES && !pattern_is_regex(n))
		return unknown_condition(k, xml_attr(n, "pattern_type"), n->line);
	struct comparison c = { .how = how,
		.to = to,
		.test = cond->test,
		.negated = cond->negated,
		.caseless = sensitive != NULL && strcasecmp(sensitive, "false") == 0,
		.line = n->line };
	if (n->parent != NULL) {
		bool uri = how == HOW_URI;
		c.category = xml_attr(n->parent, uri ? "type" : "category");
		c.end = xml_true(n->parent, "is_source")	? END_SOURCE
			: xml_true(n->parent, "is_destination") ? END_DESTINATION
								: END_EITHER;
	}
	struct values v = { n->text, n->len,
		delimiter != NULL && delimiter[0] ? delimiter : "##comma##", true };
	/* An expression may hold anything but the delimiter that is written out. */
	if (cond->kind == CONDITION_BETWEEN)
		return between_clue(k, cond, c, &v);
	return list_clue(k, &c, &v, xml_attr(n, "apply_condition"));
}
