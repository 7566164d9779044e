/* SPDX-License-Identifier: BSD-3-Clause */
/* image_load.c - a set of indicators from an image. Control threads. Everything that is read is
 * checked before anything is done with it; a set that did not come out whole is freed. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "image.h"

#define OPS_MAX 4096
#define CONSTANTS_MAX 65536
#define MANY 1024 /* entries read at a time */

struct load {
	struct sl_image_in *in;
	struct sl_intel *set;
	const char *text;
	uint64_t texts;
	bool no_memory;
};

static void *room(struct load *l, size_t n, size_t each)
{
	void *p = sl_arena_take(l->set->arena, n * each + 1);
	l->no_memory |= p == NULL;
	return p;
}

static bool good(const struct load *l)
{
	return !l->no_memory && !sl_image_bad(l->in);
}

static void must(struct load *l, bool holds)
{
	if (!holds)
		sl_image_spoil(l->in);
}

/* A text, which its zero ends at the latest where the texts end. */
static const char *string(struct load *l, uint32_t at)
{
	if (at >= IMAGE_EMPTY && at < l->texts)
		return l->text + at;
	sl_image_spoil(l->in);
	return "";
}

static const char *text_of(struct load *l, uint32_t at, uint64_t len)
{
	if (at >= IMAGE_EMPTY && at < l->texts && len < l->texts - at)
		return l->text + at;
	sl_image_spoil(l->in);
	return "";
}

static void texts_take(struct load *l)
{
	uint64_t n = sl_image_take_count(l->in, UINT32_MAX, 1);
	must(l, n > IMAGE_EMPTY);
	char *p = good(l) ? room(l, n, 1) : NULL;
	if (p == NULL)
		return;
	sl_mem_advise_huge(p, n);
	sl_image_take(l->in, p, n);
	must(l, p[n - 1] == '\0');
	l->text = p;
	l->texts = n;
}

/* ---- What is kept once ---- */

static void kind_take(struct load *l, struct sl_kind *k)
{
	struct image_kind r;
	sl_image_take(l->in, &r, sizeof(r));
	bool tree = r.match == SL_MATCH_TREE; /* its type is that of what it looks for */
	uint8_t bits = tree ? 0 : r.type == SL_TYPE_IPV4 ? 32 : r.type == SL_TYPE_IPV6 ? 128 : 0;
	uint8_t version = bits == 0 ? 0 : bits == 32 ? 4 : 6;
	must(l, r.where < SL_WHERE_COUNT && r.type < SL_TYPE_COUNT && r.match < SL_MATCH_COUNT &&
			r.version == version && r.prefix_len <= bits && r.tlp < SL_TLP_COUNT &&
			(r.confidence <= 100 || r.confidence == SL_CONFIDENCE_NONE) &&
			r.below <= SL_BELOW_YES && r.test <= 1 && r.quiet <= 1 && r.allow <= 1 &&
			r.impact <= SL_REFUSED && (r.type != SL_TYPE_NONE || tree));
	*k = (struct sl_kind){ .source = string(l, r.source),
		.severity = string(l, r.severity),
		.labels = string(l, r.labels),
		.quiet_reason = string(l, r.quiet_reason),
		.part = string(l, r.part),
		.where = r.where,
		.type = r.type,
		.match = r.match,
		.version = r.version,
		.prefix_len = r.prefix_len,
		.tlp = r.tlp,
		.confidence = r.confidence,
		.below = r.below,
		.test = r.test != 0,
		.quiet = r.quiet != 0,
		.allow = r.allow != 0,
		.impact = r.impact };
}

static void kinds_take(struct load *l)
{
	for (size_t i = 0; i < l->set->book.kinds && good(l); i++)
		kind_take(l, &l->set->book.kind[i]);
}

static void sources_take(struct load *l)
{
	struct sl_intel *set = l->set;
	for (size_t i = 0; i < set->source_count && good(l); i++) {
		struct image_source r;
		sl_image_take(l->in, &r, sizeof(r));
		set->sources[i] = (struct sl_intel_source){ .name = string(l, r.name),
			.path = string(l, r.path),
			.format = string(l, r.format),
			.in_part = r.in_part,
			.rules = r.rules };
		memcpy(set->sources[i].count, r.count, sizeof(r.count));
	}
	for (size_t i = 0; i < set->rule_count && good(l); i++) {
		struct image_rule r;
		sl_image_take(l->in, &r, sizeof(r));
		must(l, r.source < set->source_count);
		set->rules[i] = (struct sl_intel_rule){ .id = string(l, r.id),
			.text = string(l, r.text),
			.line = r.line,
			.source = r.source };
	}
}

/* ---- Entries ---- */

static void entry_make(struct load *l, const struct image_entry *r, struct sl_entry *e)
{
	const struct sl_intel *set = l->set;
	must(l, r->kind < set->book.kinds && r->when < set->book.whens &&
			r->detection <= set->detection_count &&
			(r->value_len <= UINT16_MAX || r->detection != 0));
	*e = (struct sl_entry){ .value = text_of(l, r->value, r->value_len),
		.id = string(l, r->id),
		.name = string(l, r->name),
		.value_len = r->value_len,
		.kind = r->kind,
		.when = r->when,
		.detection = r->detection,
		.v4_be = r->v4_be,
		.port = r->port,
		.leaf = r->leaf };
}

static void entries_take(struct load *l)
{
	struct image_entry some[MANY];
	struct sl_book *b = &l->set->book;
	for (size_t at = 0, n; at < b->count && good(l); at += n) {
		n = b->count - at < MANY ? b->count - at : MANY;
		sl_image_take(l->in, some, n * sizeof(*some));
		for (size_t i = 0; i < n; i++)
			entry_make(l, &some[i], &b->entry[at + i]);
	}
}

/* ---- Trees ---- */

/* Operands stand before what uses them; leaves and expressions exist. */
static bool op_stands(const struct sl_op *op, uint16_t at, uint16_t leaves, uint16_t expressions)
{
	switch (op->op) {
	case SL_OP_LEAF:
		return op->a < leaves;
	case SL_OP_EXPRESSION:
		return op->a < expressions;
	case SL_OP_NOT:
	case SL_OP_WITHIN:
	case SL_OP_REPEATS:
	case SL_OP_START_STOP:
		return op->a < at;
	case SL_OP_AND:
	case SL_OP_OR:
	case SL_OP_FOLLOWED:
		return op->a < at && op->b < at;
	default:
		return false;
	}
}

static const struct sl_op *ops_take(
	struct load *l, uint16_t n, uint16_t leaves, uint16_t expressions)
{
	must(l, n <= OPS_MAX);
	struct sl_op *op = good(l) ? room(l, n, sizeof(*op)) : NULL;
	for (uint16_t i = 0; op != NULL && i < n; i++) {
		struct image_op r;
		sl_image_take(l->in, &r, sizeof(r));
		op[i] = (struct sl_op){ r.op, r.a, r.b, r.number, r.number2 };
		must(l, op_stands(&op[i], i, leaves, expressions));
	}
	return op;
}

static void constant_take(struct load *l, struct sl_constant *c)
{
	struct image_constant r;
	sl_image_take(l->in, &r, sizeof(r));
	bool of_text = r.kind == SL_CONSTANT_TEXT || r.kind == SL_CONSTANT_HEX ||
		       r.kind == SL_CONSTANT_BASE64;
	must(l, r.kind <= SL_CONSTANT_TIME && (r.text != 0 || (!of_text && r.len == 0)));
	*c = (struct sl_constant){ .kind = (enum sl_constant_kind)r.kind,
		.text = r.text != 0 ? text_of(l, r.text, r.len) : NULL,
		.len = r.len,
		.integer = r.integer,
		.number = r.number,
		.time = { r.seconds, r.nanoseconds } };
}

static bool leaf_stands(const struct image_leaf *r, uint16_t leaves, uint16_t expressions)
{
	bool compares = r->kind == SL_LEAF_VALUE || r->kind == SL_LEAF_FLOW;
	uint64_t beyond = r->wheres[(SL_WHERE_COUNT - 1) / 64] >> ((SL_WHERE_COUNT - 1) % 64) >> 1;
	return r->kind <= SL_LEAF_UNSEEN && r->test <= SL_TEST_ENDS && r->negated <= 1 &&
	       r->caseless <= 1 && r->field <= SL_FIELD_VLAN && r->expression < expressions &&
	       (r->present < leaves || r->present == SL_LEAF_NONE) && beyond == 0 &&
	       (r->constants > 0 || !compares || r->test == SL_TEST_EXISTS);
}

/* What a regular expression is made of is a text. */
static bool test_of_text(uint8_t test)
{
	return test == SL_TEST_LIKE || test == SL_TEST_MATCHES || test >= SL_TEST_CONTAINS;
}

static void leaf_take(struct load *l, struct sl_leaf *leaf, uint16_t leaves, uint16_t expressions)
{
	struct image_leaf r;
	sl_image_take(l->in, &r, sizeof(r));
	must(l, leaf_stands(&r, leaves, expressions) && r.constants <= CONSTANTS_MAX);
	struct sl_constant *c = good(l) ? room(l, r.constants, sizeof(*c)) : NULL;
	if (c == NULL)
		return;
	for (size_t i = 0; i < r.constants && good(l); i++) {
		constant_take(l, &c[i]);
		must(l, c[i].text != NULL || !test_of_text(r.test));
	}
	*leaf = (struct sl_leaf){ .kind = r.kind,
		.test = r.test,
		.negated = r.negated != 0,
		.caseless = r.caseless != 0,
		.field = r.field,
		.expression = r.expression,
		.present = r.present,
		.constant = c,
		.constants = r.constants,
		.text = string(l, r.text) };
	memcpy(leaf->wheres, r.wheres, sizeof(r.wheres));
}

static void expression_take(
	struct load *l, struct sl_expression *e, uint16_t leaves, uint16_t expressions)
{
	struct image_expression r;
	sl_image_take(l->in, &r, sizeof(r));
	must(l, r.scope <= SL_SCOPE_HOST && r.at_close <= 1 && r.flow_numbers <= 1 &&
			r.flow_only <= 1);
	*e = (struct sl_expression){ .op = ops_take(l, r.ops, leaves, expressions),
		.ops = r.ops,
		.scope = r.scope,
		.at_close = r.at_close != 0,
		.flow_numbers = r.flow_numbers != 0,
		.flow_only = r.flow_only != 0 };
}

static void detection_take(struct load *l, struct sl_detection *d)
{
	struct image_detection r;
	sl_image_take(l->in, &r, sizeof(r));
	must(l, r.leaves <= SL_LEAVES_MAX && r.expressions <= SL_EXPRESSIONS_MAX &&
			r.scope <= SL_SCOPE_HOST && r.same_allowed <= 1);
	if (!good(l))
		return;
	struct sl_leaf *leaf = room(l, r.leaves, sizeof(*leaf));
	struct sl_expression *e = room(l, r.expressions, sizeof(*e));
	for (unsigned i = 0; leaf != NULL && i < r.leaves && good(l); i++)
		leaf_take(l, &leaf[i], r.leaves, r.expressions);
	for (unsigned i = 0; e != NULL && i < r.expressions && good(l); i++)
		expression_take(l, &e[i], r.leaves, r.expressions);
	*d = (struct sl_detection){ .indicator = r.indicator,
		.scope = r.scope,
		.expressions = r.expressions,
		.same_allowed = r.same_allowed != 0,
		.leaves = r.leaves,
		.ops = r.ops,
		.leaf = leaf,
		.expression = e,
		.op = ops_take(l, r.ops, r.leaves, r.expressions) };
}

/* A tree and its indicator name each other; a value that is a leaf is one that the tree has. */
static bool entry_of_tree(const struct load *l, size_t number)
{
	const struct sl_book *b = &l->set->book;
	const struct sl_entry *e = &b->entry[number];
	bool whole = sl_book_kind(b, e)->match == SL_MATCH_TREE;
	if (e->detection == 0)
		return !whole;
	const struct sl_detection *d = &l->set->detections[e->detection - 1];
	return whole ? d->indicator == number : e->leaf < d->leaves;
}

static void detections_take(struct load *l)
{
	struct sl_intel *set = l->set;
	for (size_t i = 0; i < set->detection_count && good(l); i++)
		detection_take(l, &set->detections[i]);
	for (size_t i = 0; i < set->detection_count && good(l); i++) {
		uint32_t of = set->detections[i].indicator;
		must(l, of < set->book.count);
		if (good(l))
			must(l, set->book.entry[of].detection == i + 1 &&
					sl_book_kind(&set->book, &set->book.entry[of])->match ==
						SL_MATCH_TREE);
	}
	for (size_t i = 0; i < set->book.count && good(l); i++)
		must(l, entry_of_tree(l, i));
}

/* ---- Whole ---- */

/* Mapped, as a book's own are. */
static void *rows(struct load *l, size_t n, size_t each, size_t *cap)
{
	*cap = n > 0 ? n : 1;
	void *p = mmap(NULL, *cap * each, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	l->no_memory |= p == MAP_FAILED;
	if (p == MAP_FAILED)
		return NULL;
	sl_mem_advise_huge(p, n * each);
	return p;
}

static void counts_take(struct load *l)
{
	struct sl_intel *set = l->set;
	struct sl_book *b = &set->book;
	b->kinds = sl_image_take_count(l->in, UINT32_MAX, sizeof(struct image_kind));
	b->whens = sl_image_take_count(l->in, UINT32_MAX, sizeof(struct sl_when));
	set->source_count = sl_image_take_count(l->in, UINT32_MAX, sizeof(struct image_source));
	set->rule_count = sl_image_take_count(l->in, UINT32_MAX, sizeof(struct image_rule));
	b->count = sl_image_take_count(l->in, UINT32_MAX, sizeof(struct image_entry));
	set->detection_count =
		sl_image_take_count(l->in, UINT32_MAX, sizeof(struct image_detection));
	set->wholes = sl_image_take_u64(l->in);
	b->kind = rows(l, b->kinds, sizeof(*b->kind), &b->kind_cap);
	b->when = rows(l, b->whens, sizeof(*b->when), &b->when_cap);
	b->entry = rows(l, b->count, sizeof(*b->entry), &b->cap);
	set->sources = calloc(set->source_count + 1, sizeof(*set->sources));
	set->rules = calloc(set->rule_count + 1, sizeof(*set->rules));
	set->detections = calloc(set->detection_count + 1, sizeof(*set->detections));
	set->source_cap = set->source_count;
	set->rule_cap = set->rule_count;
	set->detection_cap = set->detection_count;
	l->no_memory |= set->sources == NULL || set->rules == NULL || set->detections == NULL;
}

int sl_intel_load(struct sl_intel **out, struct sl_image_in *in)
{
	struct load l = { .in = in };
	int rc = sl_intel_new(&l.set);
	if (rc < 0)
		return rc;
	texts_take(&l);
	counts_take(&l);
	if (good(&l)) {
		sl_image_take(in, l.set->book.when, l.set->book.whens * sizeof(*l.set->book.when));
		kinds_take(&l);
		sources_take(&l);
		entries_take(&l);
		detections_take(&l);
	}
	if (!good(&l)) {
		sl_intel_free(l.set);
		return l.no_memory ? -ENOMEM : -EBADMSG;
	}
	sl_book_close(&l.set->book);
	*out = l.set;
	return 0;
}
