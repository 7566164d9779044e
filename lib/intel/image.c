/* SPDX-License-Identifier: BSD-3-Clause */
/* image.c - a set of indicators as a stream of bytes, and back. Control threads.
 *
 * First all texts, one behind the other, each with a zero; then records of fixed size, which name a
 * text by where it stands. So reading is a copy and one addition for each text. What is read is
 * bytes from outside: every place, number and word is checked, and what makes no sense spoils the
 * image. Trees stand in it as they were compiled. What only further reading needs (versions of
 * indicators) does not stand in it: to a set from an image no feed is added. */
#include <errno.h>
#include <stdlib.h>

#include "image.h"

/* A text that is in place already; more than these may be written twice. */
#define PLACES 65536
#define TEXT_BYTES_MAX ((uint64_t)UINT32_MAX)

struct place {
	const char *p;
	uint32_t len, before, at;
};

/* One walk over the set, done three times: to know how long the texts are, to write them, to write
 * the records. */
struct walk {
	const struct sl_intel *in;
	struct sl_image_out *texts, *records; /* NULL: not in this walk */
	struct place *place;
	uint64_t at;
	bool too_long;
};

static void texts_put(struct walk *w, const void *p, size_t len)
{
	if (w->texts != NULL && len > 0)
		sl_image_put(w->texts, p, len);
	w->at += len;
}

/* Where a text of len bytes stands, with what lies in the `before` bytes before it. */
static uint32_t text_place(struct walk *w, const char *p, size_t len, uint32_t before)
{
	if (len + before == 0)
		return IMAGE_EMPTY;
	struct place *k = &w->place[sl_hash_u64(w->in->book.key, (uintptr_t)p) & (PLACES - 1)];
	if (k->p == p && k->len == len && k->before >= before)
		return k->at;
	*k = (struct place){ p, (uint32_t)len, before, (uint32_t)(w->at + before) };
	texts_put(w, p - before, len + before);
	texts_put(w, "", 1);
	w->too_long |= w->at > TEXT_BYTES_MAX;
	return k->at;
}

static uint32_t string_place(struct walk *w, const char *p)
{
	return text_place(w, p, strlen(p), 0);
}

static void record_put(struct walk *w, const void *p, size_t bytes)
{
	if (w->records != NULL)
		sl_image_put(w->records, p, bytes);
}

static void kinds_put(struct walk *w)
{
	for (size_t i = 0; i < w->in->book.kinds; i++) {
		const struct sl_kind *k = &w->in->book.kind[i];
		struct image_kind r = { .source = string_place(w, k->source),
			.severity = string_place(w, k->severity),
			.labels = string_place(w, k->labels),
			.quiet_reason = string_place(w, k->quiet_reason),
			.part = string_place(w, k->part),
			.where = k->where,
			.type = k->type,
			.match = k->match,
			.version = k->version,
			.prefix_len = k->prefix_len,
			.tlp = k->tlp,
			.confidence = k->confidence,
			.below = k->below,
			.test = k->test,
			.quiet = k->quiet,
			.allow = k->allow,
			.impact = k->impact };
		record_put(w, &r, sizeof(r));
	}
}

static void sources_put(struct walk *w)
{
	for (size_t i = 0; i < w->in->source_count; i++) {
		const struct sl_intel_source *s = &w->in->sources[i];
		struct image_source r = { .name = string_place(w, s->name),
			.path = string_place(w, s->path),
			.format = string_place(w, s->format),
			.in_part = s->in_part,
			.rules = s->rules };
		memcpy(r.count, s->count, sizeof(r.count));
		record_put(w, &r, sizeof(r));
	}
	for (size_t i = 0; i < w->in->rule_count; i++) {
		const struct sl_intel_rule *u = &w->in->rules[i];
		struct image_rule r = { .id = string_place(w, u->id),
			.text = string_place(w, u->text),
			.line = u->line,
			.source = u->source };
		record_put(w, &r, sizeof(r));
	}
}

static void entries_put(struct walk *w)
{
	const struct sl_book *b = &w->in->book;
	for (size_t i = 0; i < b->count; i++) {
		const struct sl_entry *e = &b->entry[i];
		uint32_t before = sl_book_kind(b, e)->version == 6 ? IMAGE_ADDRESS : 0;
		struct image_entry r = { .value = text_place(w, e->value, e->value_len, before),
			.id = string_place(w, e->id),
			.name = string_place(w, e->name),
			.value_len = e->value_len,
			.kind = e->kind,
			.when = e->when,
			.detection = e->detection,
			.v4_be = e->v4_be,
			.port = e->port,
			.leaf = e->leaf };
		record_put(w, &r, sizeof(r));
	}
}

static void ops_put(struct walk *w, const struct sl_op *op, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct image_op r = { op[i].op, op[i].a, op[i].b, 0, op[i].number, op[i].number2 };
		record_put(w, &r, sizeof(r));
	}
}

static void leaf_put(struct walk *w, const struct sl_leaf *l)
{
	struct image_leaf r = { .text = string_place(w, l->text),
		.constants = (uint32_t)l->constants,
		.present = l->present,
		.kind = l->kind,
		.test = l->test,
		.negated = l->negated,
		.caseless = l->caseless,
		.field = l->field,
		.expression = l->expression };
	memcpy(r.wheres, l->wheres, sizeof(r.wheres));
	record_put(w, &r, sizeof(r));
	for (size_t i = 0; i < l->constants; i++) {
		const struct sl_constant *c = &l->constant[i];
		struct image_constant k = { .kind = c->kind,
			.text = c->text != NULL ? text_place(w, c->text, c->len, 0) : 0,
			.len = c->len,
			.integer = c->integer,
			.number = c->number,
			.seconds = c->time.seconds,
			.nanoseconds = c->time.nanoseconds };
		record_put(w, &k, sizeof(k));
	}
}

static void detections_put(struct walk *w)
{
	for (size_t i = 0; i < w->in->detection_count; i++) {
		const struct sl_detection *d = &w->in->detections[i];
		struct image_detection r = { .indicator = d->indicator,
			.leaves = d->leaves,
			.ops = d->ops,
			.scope = d->scope,
			.expressions = d->expressions,
			.same_allowed = d->same_allowed };
		record_put(w, &r, sizeof(r));
		for (unsigned k = 0; k < d->leaves; k++)
			leaf_put(w, &d->leaf[k]);
		for (unsigned k = 0; k < d->expressions; k++) {
			const struct sl_expression *e = &d->expression[k];
			struct image_expression x = { e->ops, e->scope, e->at_close,
				e->flow_numbers, e->flow_only, { 0, 0 } };
			record_put(w, &x, sizeof(x));
			ops_put(w, e->op, e->ops);
		}
		ops_put(w, d->op, d->ops);
	}
}

static void walk(struct walk *w)
{
	static const char nothing[IMAGE_EMPTY + 1];
	memset(w->place, 0, PLACES * sizeof(*w->place));
	w->at = 0;
	texts_put(w, nothing, sizeof(nothing));
	kinds_put(w);
	sources_put(w);
	entries_put(w);
	detections_put(w);
}

void sl_intel_save(const struct sl_intel *in, struct sl_image_out *o)
{
	struct walk w = { .in = in, .place = malloc(PLACES * sizeof(struct place)) };
	if (w.place == NULL) {
		sl_image_fail(o, -ENOMEM);
		return;
	}
	walk(&w);
	if (w.too_long)
		sl_image_fail(o, -EFBIG);
	sl_image_put_u64(o, w.at);
	w.texts = o;
	walk(&w);
	w.texts = NULL;
	const uint64_t count[] = { in->book.kinds, in->book.whens, in->source_count, in->rule_count,
		in->book.count, in->detection_count, in->wholes };
	sl_image_put(o, count, sizeof(count));
	sl_image_put(o, in->book.when, in->book.whens * sizeof(*in->book.when));
	w.records = o;
	walk(&w);
	free(w.place);
}
