/* SPDX-License-Identifier: BSD-3-Clause */
/* stix_indicator.c - an indicator of STIX 2: what it says beside its pattern, and which of its
 * versions counts. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sightline/clock.h>

#include "stix.h"

static void refuse(struct stix *s, const struct sl_json *o, const char *code, const char *reason,
	const char *part)
{
	reading_refuse(s->r, o->line, sl_json_get_text(o, "id"), code, reason, part);
}

static void set_aside(struct stix *s, const struct sl_json *o, const char *code, const char *reason)
{
	struct sl_finding f = { .line = o->line,
		.id = sl_json_get_text(o, "id"),
		.verdict = SL_CONTEXT,
		.code = code,
		.reason = reason };
	reading_tell(s->r, &f);
}

static bool is_rule(const char *type)
{
	return type != NULL &&
	       (strcasecmp(type, "snort") == 0 || strcasecmp(type, "suricata") == 0);
}

/* NULL: it is told why it is not armed. */
static const struct sl_json *pattern_of(struct stix *s, const struct sl_json *o)
{
	const struct sl_json *pattern = sl_json_get(o, "pattern");
	const char *type = sl_json_get_text(o, "pattern_type");
	if (type != NULL && !is_rule(type) && strcasecmp(type, "stix") != 0) {
		refuse(s, o, "PATTERN_TYPE", "Only patterns of pattern_type stix are read.", type);
		return NULL;
	}
	if (pattern == NULL || pattern->kind != SL_JSON_STRING) {
		refuse(s, o, "INCOMPLETE", "The indicator has no pattern.", "");
		return NULL;
	}
	return pattern;
}

/* ---- What it says beside ---- */

static bool listed(const struct sl_json *list, const char *word)
{
	if (list == NULL || list->kind != SL_JSON_ARRAY)
		return false;
	for (const struct sl_json *m = list->child; m != NULL; m = m->next)
		if (m->kind == SL_JSON_STRING && strcasecmp(m->text, word) == 0)
			return true;
	return false;
}

/* Of one that calls itself both, the worse is believed. 2.0 has the types in its labels. */
static bool benign(const struct sl_json *o)
{
	const struct sl_json *types = sl_json_get(o, "indicator_types"),
			     *labels = sl_json_get(o, "labels");
	bool bad = listed(types, "malicious-activity") || listed(labels, "malicious-activity") ||
		   listed(types, "compromised") || listed(labels, "compromised");
	return !bad && (listed(types, "benign") || listed(labels, "benign"));
}

static void label_add(char *labels, const char *text)
{
	size_t used = strlen(labels), len = strlen(text);
	if (used + len + 2 > LABELS_BYTES)
		return;
	if (used > 0)
		labels[used++] = ',';
	memcpy(labels + used, text, len + 1);
}

/* Labels, else the types; and the phases of the kill chain, "lockheed...:delivery". */
static void labels_fill(const struct sl_json *o, char *labels)
{
	const struct sl_json *phases = sl_json_get(o, "kill_chain_phases");
	labels_join(sl_json_get(o, "labels"), labels, LABELS_BYTES);
	if (labels[0] == '\0')
		labels_join(sl_json_get(o, "indicator_types"), labels, LABELS_BYTES);
	if (phases == NULL || phases->kind != SL_JSON_ARRAY)
		return;
	for (const struct sl_json *p = phases->child; p != NULL; p = p->next) {
		char text[256];
		const char *chain = sl_json_get_text(p, "kill_chain_name"),
			   *phase = sl_json_get_text(p, "phase_name");
		if (chain == NULL || phase == NULL)
			continue;
		snprintf(text, sizeof(text), "%s:%s", chain, phase);
		label_add(labels, text);
	}
}

/* What is nameless is known by what is written about it: a CVE, a number, a report. */
static const char *name_of(const struct sl_json *o)
{
	const char *name = sl_json_get_text(o, "name"), *best = NULL;
	const struct sl_json *refs = sl_json_get(o, "external_references");
	if (name != NULL && name[0] != '\0')
		return name;
	if (refs == NULL || refs->kind != SL_JSON_ARRAY)
		return NULL;
	for (const struct sl_json *r = refs->child; r != NULL; r = r->next) {
		const char *id = sl_json_get_text(r, "external_id"),
			   *url = sl_json_get_text(r, "url");
		if (id != NULL && strncasecmp(id, "CVE-", 4) == 0)
			return id;
		if (best == NULL)
			best = id != NULL ? id : url;
	}
	return best;
}

static void draft_fill(const struct sl_json *o, struct draft *d, char *labels)
{
	const struct sl_json *c = sl_json_get(o, "confidence");
	d->id = sl_json_get_text(o, "id");
	d->name = name_of(o);
	d->source = sl_json_get_text(o, "created_by_ref");
	d->valid_from = sl_json_get_text(o, "valid_from");
	d->valid_until = sl_json_get_text(o, "valid_until");
	d->written = sl_json_get_text(o, "modified");
	if (d->written == NULL)
		d->written = sl_json_get_text(o, "created");
	bool number =
		c != NULL && c->kind == SL_JSON_NUMBER && c->integer >= 0 && c->integer <= 100;
	d->confidence = number ? (uint8_t)c->integer : SL_CONFIDENCE_NONE;
	labels_fill(o, labels);
	d->labels = labels;
	d->allow = benign(o);
	if (d->allow) {
		d->note_code = "BENIGN";
		d->note = "This undoes hits of its own source on the same value.";
	}
}

/* ---- Versions ---- */

static bool revoked(const struct sl_json *o)
{
	const struct sl_json *r = sl_json_get(o, "revoked");
	return r != NULL && r->kind == SL_JSON_BOOL && r->boolean;
}

/* True: another version of it counts, or it is taken back; told. */
static bool passed_over(struct stix *s, const struct sl_json *o, struct version *v)
{
	switch (version_begin(s->r, v)) {
	case VERSION_OLDER:
		set_aside(s, o, "OLDER_VERSION", "A newer version of it was read.");
		return true;
	case VERSION_SAME:
		set_aside(s, o, "DUPLICATE", "The same version of it was read before.");
		return true;
	case VERSION_COUNTS:
		break;
	}
	if (v->revoked)
		refuse(s, o, "REVOKED", "Its author took it back.", "");
	return v->revoked;
}

static int add(struct stix *s, const struct sl_json *o)
{
	char labels[LABELS_BYTES];
	struct markings wait;
	struct draft d = { .line = o->line, .below = SL_BELOW_MARKED };
	const struct sl_json *pattern = pattern_of(s, o);
	size_t first = s->r->set->book.count;
	if (pattern == NULL)
		return 0;
	if (is_rule(sl_json_get_text(o, "pattern_type")))
		return reading_rule(s->r, o->line, sl_json_get_text(o, "id"), pattern->text);
	draft_fill(o, &d, labels);
	int rc = stix_markings_read(s, o, &d, &wait);
	if (rc == 0)
		rc = pattern_add(s->r, &d, pattern->text, pattern->len);
	return rc == 0 ? stix_markings_wait(s, first, &wait) : rc;
}

int stix_indicator(struct stix *s, const struct sl_json *o)
{
	const char *id = sl_json_get_text(o, "id"), *by = sl_json_get_text(o, "created_by_ref"),
		   *modified = sl_json_get_text(o, "modified");
	struct version v = { .line = o->line, .revoked = revoked(o) };
	if (modified != NULL && !sl_time_parse(modified, strlen(modified), &v.modified_ns))
		v.modified_ns = 0;
	version_name(s->r, &v, by != NULL ? by : s->r->path, id != NULL ? id : "");
	if (passed_over(s, o, &v)) {
		return v.revoked ? version_end(s->r, &v) : 0;
	}
	int rc = add(s, o);
	int kept = version_end(s->r, &v);
	return rc < 0 ? rc : kept;
}
