/* SPDX-License-Identifier: BSD-3-Clause */
/* openioc_reader.c - OpenIOC 1.0 (ioc) and 1.1 (OpenIOC) documents. Control threads. The outermost
 * OR, which is usually all there is, is taken one branch at a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "openioc.h"

#define BATCH 512
#define META_BYTES 256

struct openioc {
	struct clues k;
	struct draft meta;
	char id[META_BYTES], name[META_BYTES], source[META_BYTES], written[META_BYTES];
	struct clue *any; /* branches that were not handed on yet */
	size_t branches;
	unsigned groups; /* OR groups around what comes */
	bool in_definition, some, by_id;
};

bool openioc_recognise(const char *head, size_t len, bool whole)
{
	char name[64];
	(void)whole;
	return xml_root(head, len, name, sizeof(name)) &&
	       (strcmp(name, "ioc") == 0 || strcmp(name, "OpenIOC") == 0);
}

static void keep(char out[META_BYTES], const char *text)
{
	if (text != NULL && out[0] == '\0')
		snprintf(out, META_BYTES, "%s", text);
}

static bool is_or(const struct xml_node *e)
{
	enum clue_kind kind;
	return operator_kind(xml_attr(e, "operator"), &kind) && kind == CLUE_ANY &&
	       !xml_true(e, "negate");
}

static enum xml_want on_open(void *arg, const struct xml_node *e)
{
	struct openioc *o = arg;
	if (strcmp(e->name, "ioc") == 0 || strcmp(e->name, "OpenIOC") == 0) {
		keep(o->id, xml_attr(e, "id"));
		keep(o->written, xml_attr(e, "last-modified"));
		o->meta.line = e->line;
	}
	if (strcmp(e->name, "definition") == 0 || strcmp(e->name, "criteria") == 0)
		o->in_definition = true;
	if (strcmp(e->name, "short_description") == 0 || strcmp(e->name, "authored_by") == 0)
		return XML_TAKE;
	if (!o->in_definition)
		return XML_INTO;
	if (strcmp(e->name, "IndicatorItem") == 0)
		return XML_TAKE;
	if (strcmp(e->name, "Indicator") == 0 && !is_or(e))
		return XML_TAKE;
	return XML_INTO;
}

static void on_close(void *arg, const char *name)
{
	struct openioc *o = arg;
	if (strcmp(name, "definition") == 0 || strcmp(name, "criteria") == 0)
		o->in_definition = false;
}

/* One portion of the outermost OR; the memory of it is free again. */
static int hand_on(struct openioc *o)
{
	struct reading *r = o->k.r;
	int rc = o->k.no_memory ? -ENOMEM : 0;
	if (rc == 0 && o->any != NULL && o->any->child != NULL) {
		o->some = true;
		rc = clue_add(&o->k, &o->meta, o->any);
	}
	clues_fini(&o->k);
	int begun = clues_init(&o->k, r);
	o->any = NULL;
	o->branches = 0;
	return rc < 0 ? rc : begun;
}

static int branch(struct openioc *o, const struct xml_node *n)
{
	if (o->any == NULL)
		o->any = clue_new(&o->k, CLUE_ANY, n->line);
	clue_append(o->any, openioc_item_clue(&o->k, n, &o->by_id));
	return ++o->branches >= BATCH ? hand_on(o) : 0;
}

static int on_taken(void *arg, const struct xml_node *n, bool cut)
{
	struct openioc *o = arg;
	if (cut) {
		reading_refuse(o->k.r, n->line, o->id, "TOO_LARGE",
			"The element is larger than is taken into memory (64 MiB); split it.",
			n->name);
		return 0;
	}
	if (strcmp(n->name, "short_description") == 0)
		keep(o->name, n->text);
	else if (strcmp(n->name, "authored_by") == 0)
		keep(o->source, n->text);
	else
		return branch(o, n);
	return 0;
}

static void tell_by_id(struct openioc *o)
{
	struct sl_finding f = { .line = o->meta.line,
		.id = o->id,
		.verdict = SL_CONTEXT,
		.code = "VALUE_IN_ID",
		.reason = "Items without content: their values were read from their ids." };
	if (o->by_id)
		reading_tell(o->k.r, &f);
}

int openioc_read(struct reading *r)
{
	static const struct xml_events events = { on_open, on_taken, on_close };
	struct openioc o = { 0 };
	struct xml_fault fault;
	int rc = clues_init(&o.k, r);
	if (rc < 0)
		return rc;
	o.meta = (struct draft){ .id = o.id,
		.name = o.name,
		.source = o.source,
		.written = o.written,
		.below = SL_BELOW_MARKED,
		.confidence = SL_CONFIDENCE_NONE };
	int read = xml_read(r->in, &events, &o, &fault);
	if (read == -EBADMSG && fault.code != NULL)
		reading_refuse(r, fault.line, o.id, fault.code, fault.reason, "");
	rc = read == -ENOMEM || read == -E2BIG ? read : hand_on(&o);
	tell_by_id(&o);
	if (rc == 0 && read == 0 && !o.some)
		reading_refuse(r, o.meta.line, o.id, "INCOMPLETE",
			"The document says nothing to look for.", "");
	clues_fini(&o.k);
	return rc == 0 && fault.code == NULL ? read : rc;
}
