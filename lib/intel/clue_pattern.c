/* SPDX-License-Identifier: BSD-3-Clause */
/* clue_pattern.c - an indicator's small tree becomes patterns: references looked up, its outermost
 * OR handed on in portions, since an OR is what its parts are. Control threads. A reference to
 * itself, or trees that grow by referring to each other, end at the bounds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clue.h"

#define DEPTH_MAX 48
#define PORTION_NODES 1500
#define VISITS_MAX 200000 /* of one indicator */
#define FOLLOWED_MAX 5000000 /* of a file */
#define PART_BYTES 4096

struct growing {
	struct clues *k;
	const struct draft *meta;
	struct sl_pattern *p; /* NULL: nothing in hand */
	struct sl_node *root, *last;
	size_t nodes, branches;
	unsigned references; /* that are being followed */
	size_t visits; /* of what stands behind a reference: only those can multiply */
	const char *failed; /* why the branch in hand can't be made */
	bool whole; /* it is no OR: what is added is all there is */
	bool stopped;
	int rc;
};

static struct sl_node *node_of(struct growing *g, const struct clue *c, unsigned depth);

static void fail(struct growing *g, const char *reason)
{
	if (g->failed == NULL)
		g->failed = reason;
}

static struct sl_node *made(struct growing *g, struct sl_node *n, uint64_t line)
{
	if (n == NULL)
		fail(g, "The tree has more parts than are taken apart; split it.");
	else
		n->line = line;
	g->nodes++;
	return n;
}

/* A number where its text is one; else the text, which is judged as it is. */
static struct sl_constant constant_of(const struct clue *c)
{
	struct sl_constant out = { .kind = SL_CONSTANT_TEXT, .text = c->text, .len = c->len };
	if (!c->number || c->len == 0 || c->len > 15 || strspn(c->text, "0123456789") != c->len)
		return out;
	out.kind = SL_CONSTANT_INTEGER;
	for (size_t i = 0; i < c->len; i++)
		out.integer = out.integer * 10 + (c->text[i] - '0');
	out.number = (double)out.integer;
	out.text = NULL;
	out.len = 0;
	return out;
}

static struct sl_node *test_node(struct growing *g, const struct clue *c)
{
	struct sl_constant k = constant_of(c);
	return made(g, sl_pattern_test(g->p, c->path, c->test, &k, 1), c->line);
}

static struct sl_node *group_node(struct growing *g, enum sl_node_kind kind, uint64_t line)
{
	return made(g, sl_pattern_group(g->p, kind), line);
}

/* "network-traffic:src_ref.value = ADDRESS AND network-traffic:src_port = PORT", or dst. */
static struct sl_node *end_node(
	struct growing *g, const struct clue *c, const char *address, const char *port)
{
	struct clue with = { .kind = CLUE_TEST, .line = c->line };
	struct sl_node *all = group_node(g, SL_NODE_ALL, c->line);
	with.path = address;
	with.text = c->text;
	with.len = c->len;
	struct sl_node *a = test_node(g, &with);
	with.path = port;
	with.text = c->port;
	with.len = strlen(c->port);
	with.number = true;
	struct sl_node *b = test_node(g, &with);
	if (all == NULL || a == NULL || b == NULL)
		return NULL;
	sl_pattern_append(all, a);
	sl_pattern_append(all, b);
	return all;
}

static struct sl_node *socket_node(struct growing *g, const struct clue *c)
{
	struct sl_node *any = group_node(g, SL_NODE_ANY, c->line);
	struct sl_node *src =
		end_node(g, c, "network-traffic:src_ref.value", "network-traffic:src_port");
	struct sl_node *dst =
		end_node(g, c, "network-traffic:dst_ref.value", "network-traffic:dst_port");
	if (any == NULL || src == NULL || dst == NULL)
		return NULL;
	sl_pattern_append(any, src);
	sl_pattern_append(any, dst);
	return any;
}

/* In an AND a list is one test. */
static struct sl_node *list_node(struct growing *g, const struct clue *c)
{
	struct sl_constant k[256];
	const char *path = NULL; /* all have the same */
	size_t n = 0;
	for (const struct clue *v = c->child; v != NULL; v = v->next) {
		path = v->path;
		if (n == sizeof(k) / sizeof(k[0]) || v->kind != CLUE_TEST) {
			fail(g, "A list of more than 256 values beside other tests is not "
				"evaluated.");
			return NULL;
		}
		k[n++] = constant_of(v);
	}
	return path != NULL ? made(g, sl_pattern_test(g->p, path, SL_TEST_IN, k, n), c->line)
			    : NULL;
}

static struct sl_node *reference_node(struct growing *g, const struct clue *c, unsigned depth)
{
	const struct clue *to = clues_find(g->k, c->text);
	if (to != NULL) {
		g->references++;
		struct sl_node *n = node_of(g, to, depth + 1);
		g->references--;
		return n;
	}
	struct clue unknown = { .kind = CLUE_TEST,
		.path = CLUE_UNKNOWN_REFERENCE,
		.text = c->text,
		.len = c->len,
		.line = c->line };
	return test_node(g, &unknown);
}

static bool visit(struct growing *g, unsigned depth)
{
	if (depth > DEPTH_MAX)
		fail(g, "Its parts refer to each other too deeply, or in a circle.");
	else if (g->references > 0 && ++g->visits > VISITS_MAX)
		fail(g, "The tree has more parts than are taken apart; split it.");
	else if (g->references > 0 && ++g->k->followed > FOLLOWED_MAX)
		fail(g, "The references of this file multiply beyond what is taken; split it.");
	return g->failed == NULL;
}

static struct sl_node *node_of(struct growing *g, const struct clue *c, unsigned depth)
{
	if (!visit(g, depth))
		return NULL;
	if (c->kind == CLUE_TEST)
		return test_node(g, c);
	if (c->kind == CLUE_SOCKET)
		return socket_node(g, c);
	if (c->kind == CLUE_REFERENCE)
		return reference_node(g, c, depth);
	if (c->list && c->child != NULL && c->child->next != NULL)
		return list_node(g, c);
	struct sl_node *n = group_node(g,
		c->kind == CLUE_ALL   ? SL_NODE_ALL
		: c->kind == CLUE_ANY ? SL_NODE_ANY
				      : SL_NODE_NOT,
		c->line);
	struct sl_node *last = NULL;
	for (const struct clue *child = c->child; n != NULL && child != NULL; child = child->next) {
		struct sl_node *kid = node_of(g, child, depth + 1);
		if (g->failed != NULL)
			return NULL;
		if (kid == NULL)
			continue;
		*(last != NULL ? &last->next : &n->child) = kid;
		last = kid;
	}
	return n != NULL && n->child != NULL ? n : NULL;
}

/* ---- The outermost OR ---- */

static void hand_on(struct growing *g)
{
	if (g->p == NULL)
		return;
	if (g->root != NULL && g->root->child != NULL && g->rc == 0) {
		sl_pattern_root_set(g->p, g->root);
		g->rc = composite_add(g->k->r, g->meta, g->p);
	}
	sl_pattern_free(g->p);
	g->p = NULL;
	g->root = g->last = NULL;
	g->nodes = 0;
}

static void open_portion(struct growing *g)
{
	if (g->p != NULL)
		return;
	g->rc = sl_pattern_new(&g->p);
	if (g->rc < 0)
		g->p = NULL;
	else
		g->root = sl_pattern_group(g->p, SL_NODE_ANY);
	if (g->rc == 0 && g->root == NULL)
		g->rc = -ENOMEM;
}

static void refuse(struct growing *g, const char *reason)
{
	reading_refuse(g->k->r, g->meta->line, g->meta->id, "TOO_COMPLEX", reason, "");
}

static void keep(struct growing *g, struct sl_node *n)
{
	if (n == NULL)
		return;
	*(g->last != NULL ? &g->last->next : &g->root->child) = n;
	g->last = n;
	g->branches++;
}

static void branch(struct growing *g, const struct clue *c)
{
	if (g->nodes > PORTION_NODES)
		hand_on(g);
	bool fresh = g->p == NULL;
	open_portion(g);
	if (g->rc < 0)
		return;
	struct sl_node *n = node_of(g, c, 0);
	if (g->failed != NULL && !fresh) {
		/* what is in hand may have taken its room */
		g->failed = NULL;
		hand_on(g);
		open_portion(g);
		if (g->rc < 0)
			return;
		n = node_of(g, c, 0);
	}
	if (g->failed == NULL) {
		keep(g, n);
		return;
	}
	refuse(g, g->failed);
	g->failed = NULL;
	g->branches++;
	/* The failed tree's nodes are still counted: begin anew with what was before it. */
	hand_on(g);
}

/* What stands alone as ADDRESS:PORT is a plain value; its text as a pattern says which part it is.
 */
static const char *socket_text(struct growing *g, const struct clue *c, char *out, size_t cap)
{
	struct growing own = { .k = g->k, .meta = g->meta };
	open_portion(&own);
	struct sl_node *n = own.rc == 0 ? socket_node(&own, c) : NULL;
	size_t len = n != NULL ? sl_pattern_text(n, true, out, cap) : cap;
	sl_pattern_free(own.p);
	return len < cap ? out : NULL;
}

static void socket_add(struct growing *g, const struct clue *c)
{
	static _Thread_local char part[PART_BYTES];
	char value[SL_VALUE_MAX];
	struct draft d = *g->meta;
	bool six = memchr(c->text, ':', c->len) != NULL;
	int n = snprintf(value, sizeof(value), six ? "[%s]:%s" : "%s:%s", c->text, c->port);
	if (n < 0 || (size_t)n >= sizeof(value)) {
		refuse(g, "The address is longer than any is.");
		return;
	}
	d.part = g->whole ? NULL : socket_text(g, c, part, sizeof(part));
	d.type = "ipv4-addr";
	d.value = value;
	d.value_len = (size_t)n;
	g->rc = draft_add(g->k->r, &d);
	g->branches++;
}

static void rule_kept(struct growing *g, const struct clue *c)
{
	g->rc = reading_rule(g->k->r, c->line, g->meta->id, c->text);
	g->branches++;
}

static bool plain_socket(const struct clue *c)
{
	return c->kind == CLUE_SOCKET && shape_of(c->text, c->len) == SHAPE_ADDR;
}

static void take_or(struct growing *g, const struct clue *c, unsigned depth)
{
	if (!visit(g, depth)) {
		refuse(g, g->failed);
		g->failed = NULL;
		g->stopped = true;
		g->branches++;
		return;
	}
	const struct clue *to = c->kind == CLUE_REFERENCE ? clues_find(g->k, c->text) : NULL;
	if (to != NULL) {
		g->references++;
		take_or(g, to, depth + 1);
		g->references--;
	} else if (c->kind == CLUE_ANY) {
		for (const struct clue *v = c->child; v != NULL && g->rc == 0 && !g->stopped;
			v = v->next)
			take_or(g, v, depth + 1);
	} else if (plain_socket(c)) {
		socket_add(g, c);
	} else if (c->kind == CLUE_TEST && strcmp(c->path, CLUE_RULE) == 0) {
		rule_kept(g, c);
	} else {
		branch(g, c);
	}
}

int clue_add(struct clues *k, const struct draft *meta, const struct clue *root)
{
	struct growing g = { .k = k, .meta = meta };
	g.whole = root != NULL && root->kind != CLUE_ANY && root->kind != CLUE_REFERENCE;
	if (root != NULL)
		take_or(&g, root, 0);
	hand_on(&g);
	if (g.rc == 0 && g.branches == 0)
		reading_refuse(k->r, meta->line, meta->id, "INCOMPLETE",
			"It holds nothing to look for, or nothing but custom properties.", "");
	return g.rc;
}
