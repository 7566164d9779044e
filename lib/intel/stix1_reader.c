/* SPDX-License-Identifier: BSD-3-Clause */
/* stix1_reader.c - STIX 1.0 to 1.2 and bare CybOX, as XML. Control threads. One indicator or
 * observable is in memory at a time, and small trees of them for references, which may point
 * forward: indicators wait for the end of the file. */
#include <errno.h>
#include <string.h>

#include "stix1.h"

bool stix1_recognise(const char *head, size_t len, bool whole)
{
	static const char *const roots[] = { "STIX_Package", "Observables", "Observable",
		"Indicators", "Poll_Response", "Inbox_Message" };
	char name[64];
	(void)whole;
	if (!xml_root(head, len, name, sizeof(name)))
		return false;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strcmp(name, roots[i]) == 0)
			return i == 0 || memmem(head, len, "cybox", 5) != NULL ||
			       memmem(head, len, "stix", 4) != NULL ||
			       memmem(head, len, "taxii", 5) != NULL;
	return false;
}

/* What explains, told or counted once. */
static void context(struct stix1 *s, const struct xml_node *n)
{
	struct sl_finding f = { .line = n->line,
		.id = xml_attr(n, "id"),
		.verdict = SL_CONTEXT,
		.code = "NO_INDICATOR",
		.part = n->name,
		.reason = "This explains, and is nothing to look for: only Indicators are armed." };
	if (s->r->o->tell_all)
		reading_tell(s->r, &f);
	else
		s->r->set->sources[s->r->source].count[SL_CONTEXT]++;
}

static bool explains(const char *name)
{
	static const char *const names[] = { "TTP", "Campaign", "Incident", "Threat_Actor",
		"Exploit_Target", "Course_Of_Action", "Report" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool package_name(const char *name)
{
	return strcmp(name, "STIX_Package") == 0 || strcmp(name, "Package") == 0;
}

static enum xml_want on_open(void *arg, const struct xml_node *e)
{
	struct stix1 *s = arg;
	if (package_name(e->name)) {
		if (++s->packages < PACKAGES_MAX)
			s->package[s->packages] = s->package[s->packages - 1];
		return XML_INTO;
	}
	if (explains(e->name) && xml_attr(e, "id") != NULL)
		context(s, e);
	if (strcmp(e->name, "Indicator") == 0 || strcmp(e->name, "Observable") == 0 ||
		strcmp(e->name, "STIX_Header") == 0)
		return XML_TAKE;
	return XML_INTO;
}

static void on_close(void *arg, const char *name)
{
	struct stix1 *s = arg;
	if (package_name(name) && s->packages > 0)
		s->packages--;
}

static void header(struct stix1 *s, const struct xml_node *n)
{
	if (s->packages == 0 || s->packages >= PACKAGES_MAX)
		return;
	struct package *p = &s->package[s->packages];
	enum sl_tlp tlp = stix1_tlp(xml_child(n, "Handling"), NULL);
	const char *source = stix1_source(xml_child(n, "Information_Source"));
	if (tlp > p->tlp)
		p->tlp = tlp;
	if (source != NULL)
		p->source = sl_arena_intern(s->r->set->arena, source, strlen(source));
}

static int observable(struct stix1 *s, const struct xml_node *n)
{
	struct clue *c = observable_clue(&s->k, n);
	if (xml_attr(n, "idref") != NULL)
		return 0;
	if (!source_arms_observables(s->r)) {
		context(s, n);
		return clues_trim(&s->k);
	}
	unsigned at = s->packages < PACKAGES_MAX ? s->packages : PACKAGES_MAX - 1;
	struct draft d = { .line = n->line,
		.id = xml_attr(n, "id"),
		.name = xml_text(n, "Title"),
		.source = s->package[at].source,
		.below = SL_BELOW_MARKED,
		.tlp = s->package[at].tlp,
		.confidence = SL_CONFIDENCE_NONE };
	return clues_wait(&s->k, &d, c, 0);
}

static int on_taken(void *arg, const struct xml_node *n, bool cut)
{
	struct stix1 *s = arg;
	if (cut) {
		reading_refuse(s->r, n->line, xml_attr(n, "id"), "TOO_LARGE",
			"The element is larger than is taken into memory (64 MiB); split it.",
			n->name);
		return 0;
	}
	if (strcmp(n->name, "STIX_Header") == 0) {
		header(s, n);
		return 0;
	}
	if (strcmp(n->name, "Observable") == 0)
		return observable(s, n);
	return stix1_indicator(s, n);
}

int stix1_read(struct reading *r)
{
	static const struct xml_events events = { on_open, on_taken, on_close };
	struct stix1 s = { .r = r };
	struct xml_fault fault;
	int rc = clues_init(&s.k, r);
	if (rc < 0)
		return rc;
	int read = xml_read(r->in, &events, &s, &fault);
	if (read == -EBADMSG && fault.code != NULL)
		reading_refuse(r, fault.line, "", fault.code, fault.reason, "");
	/* What was read before a fault is used. */
	rc = read == -ENOMEM || read == -E2BIG ? read : clues_flush(&s.k);
	clues_fini(&s.k);
	return rc == 0 && fault.code == NULL ? read : rc;
}
