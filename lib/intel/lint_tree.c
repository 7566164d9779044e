/* SPDX-License-Identifier: BSD-3-Clause */
/* lint_tree.c - what is said of a tree rather than of one of its tests: what can't be true, and how
 * it was read where its author wrote something else. Control threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lint.h"
#include "tree.h"

#define AND_MAX 256 /* tests that are compared with each other; no longer AND is compiled */

/* ---- Contradictions ---- */

/* Rows of which one message or flow has one value. An address without a direction is not among
 * them: a flow has two. */
static bool single(const struct path_row *row)
{
	static const char *const paths[] = { "network-traffic:src_ref.value",
		"network-traffic:dst_ref.value", "file:hashes.MD5", "file:hashes.SHA-1",
		"file:hashes.SHA-256", "file:size", "x509-certificate:serial_number",
		"network-traffic:extensions.*.ja3", "network-traffic:extensions.*.ja4",
		"network-traffic:extensions.http-request-ext.request_method",
		"network-traffic:extensions.http-request-ext.request_value" };
	if (row->kind == PATH_FIELD)
		return row->field != SL_FIELD_ANY_PORT && row->field != SL_FIELD_PROTOCOLS;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (row->path != NULL && strcmp(row->path, paths[i]) == 0)
			return true;
	return false;
}

static bool says_equal(const struct twig *w)
{
	return w->kind == SL_NODE_TEST && w->node->test == SL_TEST_EQUAL && !w->negative &&
	       !w->name && w->node->constants == 1;
}

static size_t plain_text(const struct sl_constant *c, char *out, size_t cap)
{
	int n = c->kind == SL_CONSTANT_INTEGER
			? snprintf(out, cap, "%" PRId64, c->integer)
			: snprintf(out, cap, "%s", c->text != NULL ? c->text : "");
	return n > 0 ? (size_t)n : 0;
}

static bool differ(const struct sl_constant *a, const struct sl_constant *b)
{
	char x[256], y[256];
	size_t nx = plain_text(a, x, sizeof(x)), ny = plain_text(b, y, sizeof(y));
	bool told = nx > 0 && ny > 0 && nx < sizeof(x) && ny < sizeof(y);
	bool network = strchr(x, '/') != NULL || strchr(y, '/') != NULL;
	return told && !network && strcasecmp(x, y) != 0;
}

void twig_contradictions(struct twig *and)
{
	size_t n = 0;
	for (struct twig *a = and->child; a != NULL && n++ < AND_MAX; a = a->next) {
		if (!says_equal(a) || !single(a->row))
			continue;
		for (const struct twig *b = and->child; b != a; b = b->next) {
			if (!says_equal(b) || b->row != a->row ||
				!differ(&a->node->constant[0], &b->node->constant[0]))
				continue;
			a->worth = WORTH_NEVER;
			a->code = "CONTRADICTORY";
			a->reason = "It has to equal two different values at once, which nothing "
				    "does.";
		}
	}
}

bool twig_is_private(const struct twig *w)
{
	return w->code != NULL &&
	       (strcmp(w->code, "PRIVATE_ADDRESS") == 0 || strcmp(w->code, "OWN_ADDRESS") == 0);
}

/* ---- Notes ---- */

struct notes {
	void (*each)(void *arg, const char *code, const char *reason, const struct sl_node *at);
	void *arg;
	unsigned said; /* each kind once */
};

static void note(struct notes *n, unsigned kind, const char *code, const char *reason,
	const struct sl_node *at)
{
	if (!(n->said >> kind & 1))
		n->each(n->arg, code, reason, at);
	n->said |= 1u << kind;
}

static const char *first_object(const struct sl_node *n)
{
	while (n != NULL && n->kind != SL_NODE_TEST)
		n = n->child;
	return n != NULL ? n->path.object : NULL;
}

/* STIX 2.1 9.5: the comparisons that an AND joins are of one object type. */
static bool mixed(const struct sl_node *and)
{
	const char *one = NULL;
	for (const struct sl_node *c = and->child; c != NULL; c = c->next) {
		const char *object = first_object(c);
		if (object != NULL && one != NULL && strcasecmp(object, one) != 0)
			return true;
		one = one != NULL ? one : object;
	}
	return false;
}

static bool digits(const struct sl_constant *c)
{
	return c->kind == SL_CONSTANT_TEXT && c->len > 0 && strspn(c->text, "0123456789") == c->len;
}

/* A hash or header that is written in another way than the path table has it. */
static bool respelled(const struct path_row *row, const struct sl_path *p)
{
	const char *last = row->path != NULL ? strrchr(row->path, '.') : NULL;
	const struct sl_step *s = p->steps > 0 ? &p->step[p->steps - 1] : NULL;
	return last != NULL && strstr(row->path, "hash") != NULL && s != NULL &&
	       s->kind == SL_STEP_KEY && strcmp(last + 1, s->key) != 0;
}

/* CONTAINS 'evil.example', LIKE '%evil.example%': what its author meant is the name. */
static bool whole_name(const struct path_row *row, const struct sl_node *n)
{
	const struct sl_constant *c = &n->constant[0];
	const char *text = c->text;
	size_t len = c->len;
	if (row->type == NULL || strcmp(row->type, "domain-name") != 0 || n->constants != 1 ||
		c->kind != SL_CONSTANT_TEXT)
		return false;
	if (n->test == SL_TEST_LIKE) {
		if (len < 3 || text[0] != '%' || text[len - 1] != '%')
			return false;
		text++;
		len -= 2;
	}
	return (n->test == SL_TEST_LIKE || n->test == SL_TEST_CONTAINS) &&
	       shape_of(text, len) == SHAPE_DOMAIN;
}

static void test_notes(struct notes *out, const struct sl_node *n)
{
	const struct path_row *row = path_find(&n->path);
	if (n->constants == 0)
		return;
	const struct sl_constant *c = &n->constant[0];
	bool address =
		row->kind == PATH_VALUE && row->type != NULL && strncmp(row->type, "ipv", 3) == 0;
	if (address && n->test == SL_TEST_EQUAL && c->kind == SL_CONSTANT_TEXT &&
		memchr(c->text, '/', c->len) != NULL)
		note(out, 0, "PREFIX_IS_SUBSET",
			"= with a prefix length is read as ISSUBSET: no address equals a network.",
			n);
	if (row->kind == PATH_FIELD && row->field != SL_FIELD_PROTOCOLS && digits(c))
		note(out, 1, "QUOTED_INTEGER", "The number in quotes is read as a number.", n);
	if (row->kind == PATH_VALUE && respelled(row, &n->path))
		note(out, 2, "KEY_SPELLING",
			"The name is read as the one that STIX has for it (MD5, 'SHA-1', "
			"'SHA-256').",
			n);
	if (row->kind == PATH_VALUE && whole_name(row, n))
		note(out, 3, "WHOLE_NAME",
			"It holds of every name that has this one in it; say = for the name, and "
			"what is below it is found as well.",
			n);
}

static void walk(struct notes *out, const struct sl_node *n)
{
	if (n->kind == SL_NODE_TEST)
		test_notes(out, n);
	if (n->kind == SL_NODE_AND && mixed(n))
		note(out, 4, "MIXED_AND",
			"An AND over different objects (STIX 2.1 9.5 forbids it) is read as one "
			"observation.",
			n);
	for (const struct sl_node *c = n->child; c != NULL; c = c->next)
		walk(out, c);
}

void lint_notes(const struct sl_node *root,
	void (*each)(void *arg, const char *code, const char *reason, const struct sl_node *at),
	void *arg)
{
	struct notes n = { each, arg, 0 };
	walk(&n, root);
}
