/* SPDX-License-Identifier: BSD-3-Clause */
/* parse.c - the pattern language, by recursive descent (STIX 2.1 9.2 to 9.7). Of the operators
 * between observations FOLLOWEDBY binds least, then OR, then AND; inside [ ] OR binds less than
 * AND. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "truth.h"
#include "words.h"

struct parsing {
	struct words w;
	enum sl_pattern_version version;
	struct sl_pattern_error *err;
	unsigned depth;
	bool told, too_big;
};

/* The first thing that is wrong is what is told. */
static struct sl_node *wrong(struct parsing *s, const char *reason)
{
	if (!s->told) {
		s->told = true;
		s->err->at = s->w.from;
		snprintf(s->err->reason, sizeof(s->err->reason), "%s", reason);
	}
	return NULL;
}

static bool take_mark(struct parsing *s, char mark)
{
	if (!words_at(&s->w, mark))
		return false;
	words_next(&s->w);
	return true;
}

static bool take_name(struct parsing *s, const char *name)
{
	if (!words_named(&s->w, name))
		return false;
	words_next(&s->w);
	return true;
}

static struct sl_node *group(struct parsing *s, enum sl_node_kind kind)
{
	struct sl_node *n = sl_pattern_group(s->w.p, kind);
	if (n == NULL) {
		s->too_big = true;
		return wrong(s, "The pattern is too large.");
	}
	n->at = s->w.from;
	return n;
}

/* a OP b OP c ... as one node of many children; a alone stays itself. */
static struct sl_node *chain(struct parsing *s, const char *name, enum sl_node_kind kind,
	struct sl_node *(*operand)(struct parsing *s))
{
	struct sl_node *first = operand(s);
	if (first == NULL || !words_named(&s->w, name))
		return first;
	struct sl_node *all = group(s, kind);
	if (all == NULL)
		return NULL;
	all->child = first;
	for (struct sl_node *last = first; take_name(s, name); last = last->next) {
		last->next = operand(s);
		if (last->next == NULL)
			return NULL;
	}
	return all;
}

/* ---- Comparisons ---- */

static struct sl_node *compare_or(struct parsing *s);

/* Numbers of both kinds may stand in one list, and nothing else of two. */
static bool same_kind(const struct sl_constant *a, const struct sl_constant *b)
{
	bool numbers = (a->kind == SL_CONSTANT_INTEGER || a->kind == SL_CONSTANT_FLOAT) &&
		       (b->kind == SL_CONSTANT_INTEGER || b->kind == SL_CONSTANT_FLOAT);
	return numbers || a->kind == b->kind;
}

static bool keep_constant(struct parsing *s, struct sl_constant **list, size_t *n, size_t *room)
{
	struct sl_pattern *p = s->w.p;
	if (p->constants == CONSTANTS_MAX)
		return wrong(s, "The pattern has too many constants.") != NULL;
	if (*n == *room) {
		size_t more = *room ? *room * 2 : 4;
		struct sl_constant *wider = sl_arena_take(p->arena, more * sizeof(*wider));
		if (wider == NULL)
			return wrong(s, "There is no memory for it.") != NULL;
		if (*n)
			memcpy(wider, *list, *n * sizeof(*wider));
		*list = wider;
		*room = more;
	}
	(*list)[(*n)++] = s->w.constant;
	p->constants++;
	words_next(&s->w);
	return true;
}

static bool read_set(struct parsing *s, struct sl_node *n)
{
	struct sl_constant *list = NULL;
	size_t count = 0, room = 0;
	if (!take_mark(s, '('))
		return wrong(s, "A list in ( ) is expected after IN.") != NULL;
	while (!take_mark(s, ')')) {
		if (count > 0 && !take_mark(s, ','))
			return wrong(s, "A ',' or ')' is expected in a list.") != NULL;
		if (s->w.word != WORD_CONSTANT)
			return wrong(s, "A constant is expected in a list.") != NULL;
		if (count > 0 && !same_kind(&list[0], &s->w.constant))
			return wrong(s, "The constants of a list are not of one type.") != NULL;
		if (!keep_constant(s, &list, &count, &room))
			return false;
	}
	n->constant = list;
	n->constants = count;
	return true;
}

static bool read_constant(struct parsing *s, struct sl_node *n)
{
	struct sl_constant *list = NULL;
	size_t count = 0, room = 0;
	bool text = n->test == SL_TEST_LIKE || n->test == SL_TEST_MATCHES ||
		    n->test == SL_TEST_SUBSET || n->test == SL_TEST_SUPERSET;
	bool ordered = n->test >= SL_TEST_LESS && n->test <= SL_TEST_GREATER_EQUAL;
	if (s->w.word != WORD_CONSTANT)
		return wrong(s, "A constant is expected: texts stand in single quotes.") != NULL;
	if (text && s->w.constant.kind != SL_CONSTANT_TEXT)
		return wrong(s, "This operator takes a text in single quotes.") != NULL;
	if (ordered && s->w.constant.kind == SL_CONSTANT_BOOLEAN)
		return wrong(s, "true and false have no order.") != NULL;
	if (!keep_constant(s, &list, &count, &room))
		return false;
	n->constant = list;
	n->constants = count;
	return true;
}

static const struct {
	const char *name;
	enum sl_test test;
} named[] = {
	{ "IN", SL_TEST_IN },
	{ "LIKE", SL_TEST_LIKE },
	{ "MATCHES", SL_TEST_MATCHES },
	{ "ISSUBSET", SL_TEST_SUBSET },
	{ "ISSUPERSET", SL_TEST_SUPERSET },
};

static bool read_operator(struct parsing *s, struct sl_node *n)
{
	if (s->w.word == WORD_OPERATOR) {
		n->test = s->w.test;
		words_next(&s->w);
		return true;
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (take_name(s, named[i].name)) {
			n->test = named[i].test;
			return true;
		}
	}
	return wrong(s, "A comparison operator is expected, such as = or IN.") != NULL;
}

static bool read_path(struct parsing *s, struct sl_node *n)
{
	return path_read(&s->w, &n->path) ||
	       wrong(s, "An object path is expected, such as domain-name:value; a key with other "
			"than letters, digits and '_' stands in single quotes.") != NULL;
}

static struct sl_node *test(struct parsing *s)
{
	struct sl_node *n = group(s, SL_NODE_TEST);
	if (n == NULL)
		return NULL;
	bool exists = s->version == SL_PATTERN_21 && words_named(&s->w, "EXISTS");
	if (s->version == SL_PATTERN_21 && words_named(&s->w, "NOT")) {
		words_next(&s->w);
		n->negated = exists = words_named(&s->w, "EXISTS");
		if (!exists)
			return wrong(s, "NOT stands before an operator.");
	}
	if (exists) {
		words_next(&s->w);
		n->test = SL_TEST_EXISTS;
		return read_path(s, n) ? n : NULL;
	}
	if (!read_path(s, n))
		return NULL;
	n->negated = take_name(s, "NOT");
	if (!read_operator(s, n))
		return NULL;
	return (n->test == SL_TEST_IN ? read_set(s, n) : read_constant(s, n)) ? n : NULL;
}

static struct sl_node *compare_operand(struct parsing *s)
{
	if (!words_at(&s->w, '('))
		return test(s);
	if (++s->depth > DEPTH_MAX) {
		s->too_big = true;
		return wrong(s, "The pattern is nested too deep.");
	}
	words_next(&s->w);
	struct sl_node *n = compare_or(s);
	s->depth--;
	if (n == NULL || take_mark(s, ')'))
		return n;
	return wrong(s, "A ')' is missing, or AND or OR.");
}

static struct sl_node *compare_and(struct parsing *s)
{
	return chain(s, "AND", SL_NODE_AND, compare_operand);
}

static struct sl_node *compare_or(struct parsing *s)
{
	return chain(s, "OR", SL_NODE_OR, compare_and);
}

/* ---- Observations ---- */

static struct sl_node *followed(struct parsing *s);

static bool take_instant(struct parsing *s, struct sl_instant *out)
{
	const struct sl_constant *c = &s->w.constant;
	bool text = s->version == SL_PATTERN_20 && c->kind == SL_CONSTANT_TEXT;
	if (s->w.word != WORD_CONSTANT || (!text && c->kind != SL_CONSTANT_TIME) ||
		!sl_instant_read(c->text, c->len, out))
		return wrong(s, "A time is expected, such as t'2026-01-31T09:00:00Z'.") != NULL;
	words_next(&s->w);
	return true;
}

static bool start_stop(struct parsing *s, struct sl_node *n)
{
	if (!take_instant(s, &n->start))
		return false;
	if (!take_name(s, "STOP"))
		return wrong(s, "STOP is expected after START.") != NULL;
	return take_instant(s, &n->stop);
}

static bool within(struct parsing *s, struct sl_node *n)
{
	const struct sl_constant *c = &s->w.constant;
	bool good = s->w.word == WORD_CONSTANT &&
		    (c->kind == SL_CONSTANT_INTEGER || c->kind == SL_CONSTANT_FLOAT) &&
		    c->number > 0;
	if (!good)
		return wrong(s, "WITHIN takes a number of seconds above 0.") != NULL;
	n->seconds = c->number;
	words_next(&s->w);
	return take_name(s, "SECONDS") || wrong(s, "SECONDS is expected.") != NULL;
}

static bool repeats(struct parsing *s, struct sl_node *n)
{
	const struct sl_constant *c = &s->w.constant;
	if (s->w.word != WORD_CONSTANT || c->kind != SL_CONSTANT_INTEGER || c->integer < 1)
		return wrong(s, "REPEATS takes a number of times, 1 or more.") != NULL;
	n->times = (uint64_t)c->integer;
	words_next(&s->w);
	return take_name(s, "TIMES") || wrong(s, "TIMES is expected.") != NULL;
}

static const struct {
	const char *name;
	enum sl_node_kind kind;
	bool (*read)(struct parsing *s, struct sl_node *n);
} qualifiers[] = {
	{ "WITHIN", SL_NODE_WITHIN, within },
	{ "REPEATS", SL_NODE_REPEATS, repeats },
	{ "START", SL_NODE_START_STOP, start_stop },
};

/* STIX 2.1 9.5.1: each kind once; around ( ) it begins anew. */
static bool doubled(const struct parsing *s, const struct sl_node *n, enum sl_node_kind kind)
{
	if (s->version != SL_PATTERN_21)
		return false;
	for (; n->kind == SL_NODE_WITHIN || n->kind == SL_NODE_REPEATS ||
		n->kind == SL_NODE_START_STOP;
		n = n->child)
		if (n->kind == kind)
			return true;
	return false;
}

static struct sl_node *qualified(struct parsing *s, struct sl_node *n, bool bare)
{
	for (unsigned i = 0; n != NULL && i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++) {
		if (!words_named(&s->w, qualifiers[i].name))
			continue;
		if (bare && doubled(s, n, qualifiers[i].kind))
			return wrong(s, "This qualifier is there already.");
		if (++s->depth > DEPTH_MAX) {
			s->too_big = true;
			return wrong(s, "The pattern is nested too deep.");
		}
		struct sl_node *q = group(s, qualifiers[i].kind);
		words_next(&s->w);
		if (q == NULL || !qualifiers[i].read(s, q))
			return NULL;
		q->child = n;
		n = qualified(s, q, bare);
		s->depth--;
		break;
	}
	return n;
}

static struct sl_node *observation(struct parsing *s)
{
	bool bare = words_at(&s->w, '[');
	if (!bare && !words_at(&s->w, '('))
		return wrong(s, "A '[' is expected: comparisons stand in square brackets.");
	if (++s->depth > DEPTH_MAX) {
		s->too_big = true;
		return wrong(s, "The pattern is nested too deep.");
	}
	struct sl_node *n = bare ? group(s, SL_NODE_OBSERVATION) : NULL;
	words_next(&s->w);
	struct sl_node *inner = bare ? compare_or(s) : followed(s);
	s->depth--;
	if (inner == NULL || (bare && n == NULL))
		return NULL;
	if (!take_mark(s, bare ? ']' : ')'))
		return wrong(s, bare ? "A ']' is missing, or AND or OR." : "A ')' is missing.");
	if (bare)
		n->child = inner;
	return qualified(s, bare ? n : inner, bare);
}

static struct sl_node *both(struct parsing *s)
{
	return chain(s, "AND", SL_NODE_BOTH, observation);
}

static struct sl_node *either(struct parsing *s)
{
	return chain(s, "OR", SL_NODE_EITHER, both);
}

static struct sl_node *followed(struct parsing *s)
{
	return chain(s, "FOLLOWEDBY", SL_NODE_FOLLOWED, either);
}

int sl_pattern_parse(struct sl_pattern **out, const char *text, size_t len,
	enum sl_pattern_version version, struct sl_pattern_error *err)
{
	struct parsing s = { .version = version, .err = err };
	struct sl_pattern *p;
	*err = (struct sl_pattern_error){ .reason = "The pattern is too large." };
	if (len > TEXT_MAX)
		return -E2BIG;
	size_t good = normal_utf8(text, len);
	if (good < len) {
		*err = (struct sl_pattern_error){ "The pattern is no UTF-8.", good };
		return -EBADMSG;
	}
	int rc = sl_pattern_new(&p);
	if (rc < 0)
		return rc;
	s.w = (struct words){ .p = p, .text = text, .len = len };
	words_next(&s.w);
	p->root = followed(&s);
	if (p->root != NULL && s.w.word != WORD_END)
		p->root = wrong(&s, "Nothing more is expected here, or an operator is missing.");
	if (p->root == NULL) {
		rc = s.w.no_memory ? -ENOMEM : s.too_big ? -E2BIG : -EBADMSG;
		sl_pattern_free(p);
		return rc;
	}
	*out = p;
	return 0;
}
