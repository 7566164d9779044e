/* SPDX-License-Identifier: BSD-3-Clause */
/* stix1_indicator.c - an Indicator of STIX 1: what it looks for, who says so, how surely and for
 * how long. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sightline/clock.h>

#include "stix1.h"

#define LABELS_BYTES 1024
#define TIME_BYTES 64

/* ---- What is said about it ---- */

/* A controlled structure that names one entity covers that one; what covers a part only, such as
 * one course of action, is not the indicator's. Where it can't be told, it is taken as covering. */
static bool covers(const char *structure, const char *id)
{
	if (structure == NULL)
		return true;
	const char *at = strstr(structure, "@id");
	if (at == NULL)
		return true;
	return id != NULL && strstr(at, id) != NULL;
}

/* A statement or terms of use restrict in words alone. */
static bool is_statement(const struct xml_node *n)
{
	const char *type = xml_type(n);
	return strstr(type, "SimpleMarking") != NULL || strstr(type, "TermsOfUse") != NULL;
}

/* The strictest colour of a marking; of a structure or colour that isn't understood, AMBER+STRICT.
 */
static enum sl_tlp colour(const struct xml_node *n)
{
	enum sl_tlp out = SL_TLP_NONE;
	const char *c = xml_attr(n, "color");
	bool tlp = strstr(xml_type(n), "TLP") != NULL || strcmp(n->name, "TLPMarking") == 0;
	if (tlp)
		out = c != NULL ? tlp_of_text(c) : SL_TLP_NONE;
	for (const struct xml_node *m = n->child; m != NULL; m = m->next) {
		enum sl_tlp each = colour(m);
		out = each > out ? each : out;
	}
	bool structure = strcmp(n->name, "Marking_Structure") == 0 && !is_statement(n);
	return out == SL_TLP_NONE && (tlp || structure) ? SL_TLP_AMBER_STRICT : out;
}

enum sl_tlp stix1_tlp(const struct xml_node *handling, const char *id)
{
	enum sl_tlp out = SL_TLP_NONE;
	for (const struct xml_node *m = handling != NULL ? handling->child : NULL; m != NULL;
		m = m->next) {
		enum sl_tlp each =
			covers(xml_text(m, "Controlled_Structure"), id) ? colour(m) : SL_TLP_NONE;
		out = each > out ? each : out;
	}
	return out;
}

const char *stix1_source(const struct xml_node *n)
{
	return n != NULL ? xml_text(n, "Identity/Name") : NULL;
}

/* The scales of STIX 2.1, appendix A; a number is taken as it is. */
static uint8_t confidence_of(const char *v)
{
	static const struct {
		const char *text;
		uint8_t number;
	} scale[] = { { "High", 85 }, { "Medium", 50 }, { "Low", 15 }, { "None", 0 } };
	for (size_t i = 0; v != NULL && i < sizeof(scale) / sizeof(scale[0]); i++)
		if (strcasecmp(v, scale[i].text) == 0)
			return scale[i].number;
	if (v == NULL || v[0] == '\0' || strspn(v, "0123456789") != strlen(v) || strlen(v) > 3)
		return SL_CONFIDENCE_NONE;
	unsigned long n = strtoul(v, NULL, 10);
	return n <= 100 ? (uint8_t)n : SL_CONFIDENCE_NONE;
}

/* STIX 1 lets the zone be left out: it is UTC then. */
static const char *time_of(const char *text, char out[TIME_BYTES])
{
	if (text == NULL)
		return NULL;
	const char *t = strchr(text, 'T');
	bool zone = t == NULL || strpbrk(t, "Zz+-") != NULL;
	int n = snprintf(out, TIME_BYTES, "%s%s", text, zone ? "" : "Z");
	return n < TIME_BYTES ? out : text;
}

struct window {
	char from[TIME_BYTES], until[TIME_BYTES];
	const char *start, *end;
};

/* "9999-12-31" is how some write that there is no end. */
static const char *end_of(const struct xml_node *n, char out[TIME_BYTES])
{
	const char *t = time_of(xml_text(n, "End_Time"), out);
	return t != NULL && strncmp(t, "9999-", 5) == 0 ? NULL : t;
}

/* Of several windows, from the first to the last; one that is open at an end leaves it open. */
static void window_read(const struct xml_node *n, struct window *w)
{
	uint64_t first = UINT64_MAX, last = 0, at;
	bool any = false, open_start = false, open_end = false;
	w->start = w->end = NULL;
	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		char text[TIME_BYTES];
		if (strcmp(c->name, "Valid_Time_Position") != 0 || c->child == NULL)
			continue;
		const char *s = time_of(xml_text(c, "Start_Time"), text);
		open_start |= s == NULL;
		bool good = s != NULL && sl_time_parse(s, strlen(s), &at);
		if (s != NULL && (!any || !good || at < first)) {
			snprintf(w->from, sizeof(w->from), "%s", s);
			w->start = w->from;
			first = good ? at : 0;
		}
		const char *e = end_of(c, text);
		open_end |= e == NULL;
		good = e != NULL && sl_time_parse(e, strlen(e), &at);
		if (e != NULL && (!good || at > last)) {
			snprintf(w->until, sizeof(w->until), "%s", e);
			w->end = w->until;
			last = good ? at : UINT64_MAX;
		}
		any = true;
	}
	if (open_start)
		w->start = NULL;
	if (open_end)
		w->end = NULL;
}

static void labels_read(const struct xml_node *n, char out[LABELS_BYTES])
{
	size_t used = 0;
	out[0] = '\0';
	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		if (strcmp(c->name, "Type") != 0 || c->len == 0 || used + c->len + 2 > LABELS_BYTES)
			continue;
		used += (size_t)snprintf(
			out + used, LABELS_BYTES - used, "%s%s", used > 0 ? "," : "", c->text);
	}
}

/* ---- What it looks for ---- */

static struct clue *indicator_clue(struct stix1 *s, const struct xml_node *n);

static struct clue *composite_clue(struct stix1 *s, const struct xml_node *n)
{
	enum clue_kind kind;
	const char *name = xml_attr(n, "operator");
	if (!operator_kind(name, &kind))
		return operator_unknown(&s->k, name, n->line);
	struct clue *group = clue_new(&s->k, kind, n->line);
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		if (strcmp(c->name, "Indicator") == 0)
			clue_append(group, indicator_clue(s, c));
	return clue_whole(group);
}

static void tell(struct stix1 *s, const struct xml_node *n, const char *id,
	enum sl_intel_verdict verdict, const char *code, const char *reason, const char *part)
{
	struct sl_finding f = { .line = n->line,
		.id = id,
		.verdict = verdict,
		.code = code,
		.reason = reason,
		.part = part };
	reading_tell(s->r, &f);
}

/* What a test mechanism says, if only for others than us. */
struct mechanisms {
	bool told;
	int rc;
};

static void mechanism(struct stix1 *s, const struct xml_node *n, const char *id, struct clue *group,
	struct mechanisms *out)
{
	const char *type = xml_type(n);
	if (strstr(type, "OpenIOC") != NULL) {
		struct clue *c = openioc_clue(&s->k, n);
		clue_append(group, c);
		out->told |= c != NULL;
		return;
	}
	bool snort = strstr(type, "Snort") != NULL || strstr(type, "Suricata") != NULL;
	for (const struct xml_node *c = n->child; snort && out->rc == 0 && c != NULL; c = c->next) {
		if (strcmp(c->name, "Rule") != 0 || c->len == 0)
			continue;
		out->rc = reading_rule(s->r, c->line, id, c->text);
		out->told = true;
	}
	if (snort)
		return;
	tell(s, n, id, SL_REFUSED, "PATTERN_TYPE",
		"Of test mechanisms only Snort, Suricata and OpenIOC are read.", type);
	out->told = true;
}

static void mechanisms(struct stix1 *s, const struct xml_node *n, const char *id,
	struct clue *group, struct mechanisms *out)
{
	const struct xml_node *list = xml_child(n, "Test_Mechanisms");
	for (const struct xml_node *c = list != NULL ? list->child : NULL; c != NULL; c = c->next)
		if (strcmp(c->name, "Test_Mechanism") == 0)
			mechanism(s, c, id, group, out);
}

/* Several observables of one indicator are alternatives. *said: what it spoke by beside them. */
static struct clue *patterns(struct stix1 *s, const struct xml_node *n, struct mechanisms *said)
{
	struct clue *any = clue_new(&s->k, CLUE_ANY, n->line);
	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		if (strcmp(c->name, "Observable") == 0)
			clue_append(any, observable_clue(&s->k, c));
		else if (strcmp(c->name, "Composite_Indicator_Expression") == 0)
			clue_append(any, composite_clue(s, c));
	}
	mechanisms(s, n, xml_attr(n, "id"), any, said);
	struct clue *out = clue_whole(any);
	return xml_true(n, "negate") ? clue_negated(&s->k, out) : out;
}

/* One that is part of a composite expression. */
static struct clue *indicator_clue(struct stix1 *s, const struct xml_node *n)
{
	const char *ref = xml_attr(n, "idref");
	struct mechanisms said = { 0 };
	if (ref != NULL && xml_child(n, "Observable") == NULL)
		return clue_reference(&s->k, ref, n->line);
	struct clue *c = patterns(s, n, &said);
	s->k.no_memory |= said.rc < 0;
	clues_define(&s->k, xml_attr(n, "id"), c);
	return c;
}

/* ---- Whole ---- */

/* MISP's export says so of attributes that are not for detection. */
static bool not_for_detection(const struct xml_node *n)
{
	static const char said[] = "Derived from MISP's IDS flag";
	const char *text = xml_text(n, "Confidence/Description");
	const char *value = xml_text(n, "Confidence/Value");
	return text != NULL && value != NULL && strncmp(text, said, sizeof(said) - 1) == 0 &&
	       strcasecmp(value, "None") == 0;
}

static void meta_read(
	struct stix1 *s, const struct xml_node *n, struct draft *d, struct window *w, char *labels)
{
	unsigned at = s->packages < PACKAGES_MAX ? s->packages : PACKAGES_MAX - 1;
	const struct package *p = &s->package[at];
	enum sl_tlp own = stix1_tlp(xml_child(n, "Handling"), xml_attr(n, "id"));
	labels_read(n, labels);
	window_read(n, w);
	*d = (struct draft){ .line = n->line,
		.id = xml_attr(n, "id"),
		.name = xml_text(n, "Title"),
		.source = stix1_source(xml_child(n, "Producer")),
		.severity = xml_text(n, "Likely_Impact/Value"),
		.labels = labels,
		.valid_from = w->start,
		.valid_until = w->end,
		.below = SL_BELOW_MARKED,
		.tlp = own > p->tlp ? own : p->tlp, /* the strictest of all that cover it */
		.confidence = confidence_of(xml_text(n, "Confidence/Value")) };
	if (d->source == NULL)
		d->source = stix1_source(xml_child(n, "Information_Source"));
	if (d->source == NULL)
		d->source = p->source;
}

/* Indicators that are written inside others stand for themselves, those of a composite expression
 * apart. */
static int inner_indicators(struct stix1 *s, const struct xml_node *n)
{
	int rc = 0;
	for (const struct xml_node *c = n->child; rc == 0 && c != NULL; c = c->next) {
		if (strcmp(c->name, "Composite_Indicator_Expression") == 0 ||
			strcmp(c->name, "Test_Mechanisms") == 0)
			continue;
		rc = strcmp(c->name, "Indicator") == 0 ? stix1_indicator(s, c)
						       : inner_indicators(s, c);
	}
	return rc;
}

/* Whether a relation replaces what it names: VersioningVocab-1.0, and the words in use before it.
 */
static bool replaces(const char *relation)
{
	static const char *const words[] = { "Revokes", "Updates", "Supersedes" };
	for (size_t i = 0; relation != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strncasecmp(relation, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static uint64_t written_ns(const struct xml_node *n)
{
	char text[TIME_BYTES];
	uint64_t out;
	const char *t = time_of(xml_attr(n, "timestamp"), text);
	return t != NULL && sl_time_parse(t, strlen(t), &out) ? out : 0;
}

/* STIX 1 takes an indicator back, or replaces it by one of a new id, by a relation to it: it acts
 * on what its own source says, up to when it was written. *any: there is one. */
static int relations(struct stix1 *s, const struct xml_node *n, const struct draft *d, bool *any)
{
	const struct xml_node *list = xml_child(n, "Related_Indicators");
	int rc = 0;
	for (const struct xml_node *c = list != NULL ? list->child : NULL; rc == 0 && c != NULL;
		c = c->next) {
		const struct xml_node *other = xml_child(c, "Indicator");
		const char *id = other != NULL ? xml_attr(other, "idref") : NULL;
		bool itself = id != NULL && d->id != NULL && strcmp(id, d->id) == 0;
		if (id == NULL || id[0] == '\0' || itself || !replaces(xml_text(c, "Relationship")))
			continue;
		uint64_t at = written_ns(n);
		*any = true;
		rc = version_revoke(s->r, d->source != NULL ? d->source : s->r->path, id,
			at != 0 ? at : written_ns(other));
	}
	return rc;
}

static int looked_for(
	struct stix1 *s, const struct draft *d, struct clue *root, uint64_t written, bool replaces)
{
	if (root != NULL || !replaces)
		return clues_wait(&s->k, d, root, written);
	reading_refuse(s->r, d->line, d->id, "REVOKED",
		"It takes back the indicators that it names, and looks for nothing itself.", "");
	return 0;
}

int stix1_indicator(struct stix1 *s, const struct xml_node *n)
{
	char labels[LABELS_BYTES], text[TIME_BYTES];
	struct window w;
	struct draft d;
	struct mechanisms said = { 0 };
	bool others = false;
	if (xml_attr(n, "idref") != NULL && n->child == NULL)
		return 0;
	for (const struct xml_node *c = n->child; c != NULL; c = c->next)
		if (strcmp(c->name, "Observable") != 0 &&
			strcmp(c->name, "Composite_Indicator_Expression") != 0)
			observables_define(&s->k, c);
	struct clue *root = patterns(s, n, &said);
	clues_define(&s->k, xml_attr(n, "id"), root);
	meta_read(s, n, &d, &w, labels);
	d.written = time_of(xml_attr(n, "timestamp"), text);
	int rc = said.rc;
	if (rc == 0)
		rc = relations(s, n, &d, &others);
	if (rc == 0 && not_for_detection(n))
		tell(s, n, d.id, SL_CONTEXT, "NOT_FOR_DETECTION",
			"Its author does not mean it for detection.", "");
	else if (rc == 0 && (root != NULL || !said.told))
		rc = looked_for(s, &d, root, written_ns(n), others);
	return rc == 0 ? inner_indicators(s, n) : rc;
}
