/* SPDX-License-Identifier: BSD-3-Clause */
/* notes.c - how a tree was read where its author wrote something else than the standard has, and
 * the same tree as the standard has it. Control threads. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lint.h"
#include "tree.h"

#define PART_BYTES ((size_t)64 << 10)

/* ---- Tests ---- */

static bool is_address(const struct path_row *row)
{
	return row->kind == PATH_VALUE && row->type != NULL && strncmp(row->type, "ipv", 3) == 0;
}

static bool equals_network(const struct path_row *row, const struct sl_node *n)
{
	const struct sl_constant *c = &n->constant[0];
	return is_address(row) && n->test == SL_TEST_EQUAL && c->kind == SL_CONSTANT_TEXT &&
	       memchr(c->text, '/', c->len) != NULL;
}

static bool quoted_number(const struct path_row *row, const struct sl_node *n)
{
	const struct sl_constant *c = &n->constant[0];
	return row->kind == PATH_FIELD && row->field != SL_FIELD_PROTOCOLS &&
	       c->kind == SL_CONSTANT_TEXT && c->len > 0 && strspn(c->text, "0123456789") == c->len;
}

/* A hash or header that is written in another way than the path table has it. */
static bool respelled(const struct path_row *row, const struct sl_node *n)
{
	const struct sl_path *p = &n->path;
	const char *last = row->path != NULL ? strrchr(row->path, '.') : NULL;
	const struct sl_step *s = p->steps > 0 ? &p->step[p->steps - 1] : NULL;
	return row->kind == PATH_VALUE && last != NULL && strstr(row->path, "hash") != NULL &&
	       s != NULL && s->kind == SL_STEP_KEY && strcmp(last + 1, s->key) != 0;
}

/* The name in LIKE '%evil.example%' or CONTAINS 'evil.example'; 0: it is none. */
static size_t name_inside(const struct sl_node *n, const char **name)
{
	const struct sl_constant *c = &n->constant[0];
	size_t len = c->len;
	*name = c->text;
	if (c->kind != SL_CONSTANT_TEXT || n->constants != 1)
		return 0;
	if (n->test == SL_TEST_LIKE && len > 2 && c->text[0] == '%' && c->text[len - 1] == '%') {
		*name = c->text + 1;
		len -= 2;
	} else if (n->test != SL_TEST_CONTAINS) {
		return 0;
	}
	return shape_of(*name, len) == SHAPE_DOMAIN ? len : 0;
}

/* What its author meant is the name. */
static bool whole_name(const struct path_row *row, const struct sl_node *n)
{
	const char *name;
	return row->type != NULL && strcmp(row->type, "domain-name") == 0 &&
	       row->kind == PATH_VALUE && name_inside(n, &name) > 0;
}

/* ---- ... and the same as they should be ---- */

struct repair {
	struct sl_arena *arena;
	struct sl_pattern *made; /* where paths are read */
	bool changed, failed; /* no memory, or what can't be said in the standard's way */
};

static void *take(struct repair *r, size_t bytes)
{
	void *p = sl_arena_take(r->arena, bytes);
	r->failed |= p == NULL;
	return p;
}

static void as_subset(struct repair *r, const struct path_row *row, struct sl_node *n)
{
	(void)r;
	(void)row;
	n->test = SL_TEST_SUBSET;
}

static void as_numbers(struct repair *r, const struct path_row *row, struct sl_node *n)
{
	struct sl_constant *c = take(r, n->constants * sizeof(*c));
	if (c == NULL)
		return;
	for (size_t i = 0; i < n->constants; i++) {
		c[i] = n->constant[i];
		constant_for_field(row->field, &c[i]);
	}
	n->constant = c;
}

static void as_spelled(struct repair *r, const struct path_row *row, struct sl_node *n)
{
	struct sl_step *step = take(r, n->path.steps * sizeof(*step));
	if (step == NULL)
		return;
	memcpy(step, n->path.step, n->path.steps * sizeof(*step));
	step[n->path.steps - 1].key = strrchr(row->path, '.') + 1;
	n->path.step = step;
}

static void as_equal(struct repair *r, const struct path_row *row, struct sl_node *n)
{
	const char *name;
	size_t len = name_inside(n, &name);
	struct sl_constant *c = take(r, sizeof(*c));
	(void)row;
	if (c == NULL)
		return;
	*c = (struct sl_constant){ .kind = SL_CONSTANT_TEXT, .text = name, .len = len };
	n->constant = c;
	n->test = SL_TEST_EQUAL;
}

static const struct habit {
	const char *code, *reason;
	bool (*is)(const struct path_row *row, const struct sl_node *n);
	void (*mend)(struct repair *r, const struct path_row *row, struct sl_node *n);
} habits[] = {
	{ "PREFIX_IS_SUBSET",
		"= with a prefix length is read as ISSUBSET: no address equals a network.",
		equals_network, as_subset },
	{ "QUOTED_INTEGER", "The number in quotes is read as a number.", quoted_number,
		as_numbers },
	{ "KEY_SPELLING",
		"The name is read as the one that STIX has for it (MD5, 'SHA-1', 'SHA-256').",
		respelled, as_spelled },
	{ "WHOLE_NAME",
		"It holds of every name that has this one in it; say = for the name, and what is "
		"below it is found as well.",
		whole_name, as_equal },
};

#define HABITS (sizeof(habits) / sizeof(habits[0]))

/* ---- An AND over different objects ---- */

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

/* What the tests of an AND are of. */
struct objects {
	bool traffic, name, address, dns_port, other;
};

static bool positive(const struct sl_node *n)
{
	return !n->negated && (n->test == SL_TEST_EQUAL || n->test == SL_TEST_IN);
}

static bool dns_port(const struct sl_node *n)
{
	for (size_t i = 0; i < n->constants; i++)
		if (n->constant[i].integer == 53 || n->constant[i].integer == 5353 ||
			n->constant[i].integer == 5355)
			return true;
	return false;
}

static void objects_of(const struct sl_node *n, struct objects *out)
{
	if (n->kind == SL_NODE_TEST) {
		const struct path_row *row = path_find(&n->path);
		bool value = row->kind == PATH_VALUE && row->wheres == NULL && n->path.steps == 1 &&
			     strcmp(n->path.step[0].key, "value") == 0;
		bool traffic = strcmp(n->path.object, "network-traffic") == 0;
		bool network = !n->negated && n->test == SL_TEST_SUBSET;
		bool address = value && is_address(row) && (positive(n) || network);
		bool name = value && strcmp(row->type, "domain-name") == 0 && positive(n);
		out->traffic |= traffic;
		out->dns_port |= traffic && row->kind == PATH_FIELD && dns_port(n);
		out->address |= address;
		out->name |= name;
		out->other |= !traffic && !address && !name;
	}
	for (const struct sl_node *c = n->child; c != NULL; c = c->next)
		objects_of(c, out);
}

static struct sl_node *copied(struct repair *r, const struct sl_node *from)
{
	struct sl_node *n = take(r, sizeof(*n));
	if (n == NULL)
		return NULL;
	*n = *from;
	n->next = NULL;
	return n;
}

static struct sl_node *of_path(struct repair *r, const struct sl_node *test, const char *path)
{
	struct sl_node *n = copied(r, test);
	const struct sl_node *read = sl_pattern_test(r->made, path, test->test, NULL, 0);
	r->failed |= read == NULL;
	if (n != NULL && read != NULL)
		n->path = read->path;
	return n;
}

/* One test of an AND as one of the object that the others are of. */
static struct sl_node *of_object(
	struct repair *r, const struct sl_node *test, const struct objects *all)
{
	struct objects own = { 0 };
	objects_of(test, &own);
	if (own.traffic || (own.name && !all->traffic))
		return copied(r, test);
	if (own.name)
		return of_path(r, test, "network-traffic:dst_ref.value");
	if (!all->traffic)
		return of_path(r, test, "domain-name:resolves_to_refs[*].value");
	struct sl_node * or = take(r, sizeof(* or));
	struct sl_node *src = of_path(r, test, "network-traffic:src_ref.value");
	struct sl_node *dst = of_path(r, test, "network-traffic:dst_ref.value");
	if (or == NULL || src == NULL || dst == NULL)
		return NULL;
	src->next = dst;
	* or = (struct sl_node){ .kind = SL_NODE_OR, .child = src };
	return or ;
}

/* An address has either end of the flow; a name is known for its responder, but not where the flow
 * is DNS itself. */
static bool one_object(const struct objects *all)
{
	bool dns = all->name && all->traffic && all->dns_port;
	return !all->other && !dns && (all->traffic || all->name);
}

/* ---- Whole ---- */

static struct sl_node *test_repaired(
	struct repair *r, const struct sl_node *test, const struct objects *around)
{
	const struct path_row *row = path_find(&test->path);
	struct sl_node *n = copied(r, test);
	for (size_t i = 0; n != NULL && n->constants > 0 && i < HABITS; i++)
		if (habits[i].is(row, n)) {
			habits[i].mend(r, row, n);
			r->changed = true;
		}
	return n != NULL && around != NULL ? of_object(r, n, around) : n;
}

static struct sl_node *repaired(
	struct repair *r, const struct sl_node *from, const struct objects *around)
{
	struct objects all = { 0 };
	if (from->kind == SL_NODE_TEST)
		return test_repaired(r, from, around);
	if (from->kind == SL_NODE_AND && around == NULL && mixed(from)) {
		objects_of(from, &all);
		r->failed |= !one_object(&all);
		r->changed = true;
		around = &all;
	}
	struct sl_node *n = copied(r, from);
	if (n == NULL)
		return NULL;
	struct sl_node **at = &n->child;
	for (const struct sl_node *c = from->child; c != NULL && !r->failed; c = c->next) {
		*at = repaired(r, c, around);
		if (*at == NULL)
			return NULL;
		at = &(*at)->next;
	}
	return n;
}

/* It has to be worth writing: armed, all of it, without a note. */
static void count_note(void *arg, const char *code, const char *reason, const struct sl_node *at)
{
	(void)code;
	(void)reason;
	(void)at;
	++*(unsigned *)arg;
}

static bool without_notes(const char *text)
{
	struct sl_pattern *p;
	struct sl_pattern_error err;
	unsigned notes = 0;
	if (sl_pattern_parse(&p, text, strlen(text), SL_PATTERN_21, &err) < 0)
		return false;
	lint_notes(sl_pattern_root(p), count_note, &notes);
	sl_pattern_free(p);
	return notes == 0;
}

const char *repair_text(struct tree *t, const struct sl_node *root)
{
	struct repair r = { .arena = t->arena };
	char *text = sl_arena_take(t->arena, PART_BYTES);
	if (text == NULL || sl_pattern_new(&r.made) < 0)
		return "";
	const struct sl_node *n = repaired(&r, root, NULL);
	bool good = n != NULL && r.changed && !r.failed &&
		    sl_pattern_text(n, true, text, PART_BYTES) < PART_BYTES &&
		    without_notes(text) && tree_accepts(t, text);
	sl_pattern_free(r.made);
	return good ? text : "";
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

static void walk(struct notes *out, const struct sl_node *n)
{
	if (n->kind == SL_NODE_TEST && n->constants > 0) {
		const struct path_row *row = path_find(&n->path);
		for (unsigned i = 0; i < HABITS; i++)
			if (habits[i].is(row, n))
				note(out, i, habits[i].code, habits[i].reason, n);
	}
	if (n->kind == SL_NODE_AND && mixed(n))
		note(out, HABITS, "MIXED_AND",
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
