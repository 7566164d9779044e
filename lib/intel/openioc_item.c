/* SPDX-License-Identifier: BSD-3-Clause */
/* openioc_item.c - the AND and OR of OpenIOC, and its items, become clues. Control threads. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "openioc.h"

/* Of OpenIOC 1.0 and 1.1; 1.0 has negated words of its own, 1.1 an attribute. */
static const struct {
	const char *name;
	enum sl_test test;
	bool negated;
} conditions[] = {
	{ "is", SL_TEST_EQUAL, false },
	{ "isnot", SL_TEST_EQUAL, true },
	{ "contains", SL_TEST_CONTAINS, false },
	{ "containsnot", SL_TEST_CONTAINS, true },
	{ "starts-with", SL_TEST_STARTS, false },
	{ "ends-with", SL_TEST_ENDS, false },
	{ "matches", SL_TEST_MATCHES, false },
	{ "greater-than", SL_TEST_GREATER, false },
	{ "less-than", SL_TEST_LESS, false },
};

static struct clue *unknown(struct clues *k, const char *what, uint64_t line)
{
	return clue_test(k, CLUE_UNKNOWN_CONDITION, SL_TEST_EQUAL, what, strlen(what), line);
}

/* A term of a host: "process-item:name". */
static const char *host_path(struct clues *k, const char *search)
{
	char path[160];
	size_t used = 0;
	const char *slash = strchr(search, '/'), *last = strrchr(search, '/');
	size_t object = slash != NULL ? (size_t)(slash - search) : strlen(search);
	for (size_t i = 0; i < object && used < 64; i++) {
		if (isupper((unsigned char)search[i]) && used > 0)
			path[used++] = '-';
		if (isalpha((unsigned char)search[i]))
			path[used++] = (char)tolower((unsigned char)search[i]);
	}
	if (used == 0)
		path[used++] = 'x';
	path[used++] = ':';
	size_t from = used;
	for (const char *t = last != NULL ? last + 1 : "item"; *t != '\0' && used < 140; t++)
		if (isalpha((unsigned char)*t) || (used > from && isdigit((unsigned char)*t)))
			path[used++] = (char)tolower((unsigned char)*t);
	if (used == from)
		path[used++] = 'x';
	return clues_text(k, path, used);
}

static bool uuid(const char *id)
{
	size_t i = 0;
	for (; id[i] != '\0'; i++)
		if (i >= 36 ||
			(i == 8 || i == 13 || i == 18 || i == 23 ? id[i] != '-'
								 : !isxdigit((unsigned char)id[i])))
			return false;
	return i == 36;
}

static bool compare(const struct xml_node *n, struct comparison *c)
{
	const char *name = xml_attr(n, "condition"), *keep = xml_attr(n, "preserve-case");
	for (size_t i = 0; name != NULL && i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (strcasecmp(conditions[i].name, name) != 0)
			continue;
		c->test = conditions[i].test;
		c->negated = conditions[i].negated != xml_true(n, "negate");
		c->caseless = keep == NULL || strcasecmp(keep, "true") != 0;
		c->line = n->line;
		return true;
	}
	return false;
}

/* A URI that is a path only is what a request asks for. */
static void uri_settle(struct comparison *c, const char *text, size_t len)
{
	if (c->how != HOW_URI)
		return;
	enum shape s = shape_of(text, len);
	bool url = has_scheme(text, len) || s == SHAPE_DOMAIN || s == SHAPE_ADDR || s == SHAPE_URL;
	if (url && c->test == SL_TEST_EQUAL)
		return;
	c->how = HOW_TEXT;
	c->to = url ? "url:value" : "network-traffic:extensions.'http-request-ext'.request_value";
}

static struct clue *item(struct clues *k, const struct xml_node *n, bool *by_id)
{
	const struct xml_node *context = xml_child(n, "Context"),
			      *content = xml_child(n, "Content");
	const char *search = context != NULL ? xml_attr(context, "search") : NULL;
	const char *id = xml_attr(n, "id"), *condition = xml_attr(n, "condition");
	struct comparison c = { 0 };
	if (search == NULL)
		return NULL;
	const struct openioc_term *term = openioc_term_find(search);
	const char *text = content != NULL ? content->text : "";
	size_t len = content != NULL ? content->len : 0;
	if (len == 0 && id != NULL && !uuid(id)) {
		/* An exporter of MISP leaves the content empty and writes the value here. */
		text = id;
		len = strlen(id);
		*by_id = true;
	}
	if (len == 0)
		return NULL;
	if (!compare(n, &c))
		return unknown(k, condition != NULL ? condition : "no condition", n->line);
	if (content != NULL && content->cut)
		return unknown(k, "a text of more than 64 KiB", n->line);
	c.how = term != NULL ? term->how : HOW_UNSEEN;
	c.to = term != NULL ? term->to : host_path(k, search);
	uri_settle(&c, text, len);
	return c.to != NULL ? comparison_clue(k, &c, text, len) : NULL;
}

static enum term_role role_of(const struct xml_node *n)
{
	const struct xml_node *context = xml_child(n, "Context");
	const char *search = context != NULL ? xml_attr(context, "search") : NULL;
	const struct openioc_term *term = search != NULL ? openioc_term_find(search) : NULL;
	return term != NULL ? term->role : TERM_OTHER;
}

/* A hash that has to be equal says all there is to say of a file. */
static bool has_hash(const struct xml_node *n)
{
	struct comparison c;
	for (const struct xml_node *i = n->child; i != NULL; i = i->next)
		if (role_of(i) == TERM_FILE_HASH && compare(i, &c) && !c.negated &&
			c.test == SL_TEST_EQUAL)
			return true;
	return false;
}

struct clue *openioc_item_clue(struct clues *k, const struct xml_node *n, bool *by_id)
{
	enum clue_kind kind;
	const char *name = xml_attr(n, "operator");
	if (strcmp(n->name, "IndicatorItem") == 0)
		return item(k, n, by_id);
	if (strcmp(n->name, "Indicator") != 0)
		return NULL;
	if (!operator_kind(name, &kind))
		return operator_unknown(k, name, n->line);
	bool hash = kind == CLUE_ALL && has_hash(n);
	struct clue *group = clue_new(k, kind, n->line);
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		if (!hash || role_of(c) != TERM_FILE)
			clue_append(group, openioc_item_clue(k, c, by_id));
	struct clue *out = clue_whole(group);
	return xml_true(n, "negate") ? clue_negated(k, out) : out;
}

struct clue *openioc_clue(struct clues *k, const struct xml_node *n)
{
	bool by_id = false;
	struct clue *any = clue_new(k, CLUE_ANY, n->line);
	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		if (strcmp(c->name, "Indicator") == 0)
			clue_append(any, openioc_item_clue(k, c, &by_id));
		else if (strcmp(c->name, "Indicator") != 0 && c->child != NULL)
			clue_append(any, openioc_clue(k, c));
	}
	return clue_whole(any);
}
