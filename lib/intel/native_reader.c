/* SPDX-License-Identifier: BSD-3-Clause */
/* native_reader.c - our own form: one JSON object a line. Control threads. A line that can't be
 * read costs that line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reading.h"

#define LABELS_BYTES 1024

struct native {
	struct reading *r;
	uint64_t line;
	int stop; /* an error that is not the line's */
};

enum key {
	KEY_ID,
	KEY_TYPE,
	KEY_VALUE,
	KEY_PATTERN,
	KEY_MATCH,
	KEY_SOURCE,
	KEY_NAME,
	KEY_TLP,
	KEY_CONFIDENCE,
	KEY_SEVERITY,
	KEY_FROM,
	KEY_UNTIL,
	KEY_FIRST_SEEN,
	KEY_LAST_SEEN,
	KEY_LABELS,
	KEY_TEST,
	KEY_WHERE,
	KEY_COUNT
};

static const struct {
	const char *text;
	bool is_text;
} keys[KEY_COUNT] = {
	[KEY_ID] = { "id", true },
	[KEY_TYPE] = { "type", true },
	[KEY_VALUE] = { "value", true },
	[KEY_PATTERN] = { "pattern", true },
	[KEY_MATCH] = { "match", true },
	[KEY_SOURCE] = { "source", true },
	[KEY_NAME] = { "name", true },
	[KEY_TLP] = { "tlp", true },
	[KEY_CONFIDENCE] = { "confidence", false },
	[KEY_SEVERITY] = { "severity", true },
	[KEY_FROM] = { "valid_from", true },
	[KEY_UNTIL] = { "valid_until", true },
	[KEY_FIRST_SEEN] = { "first_seen", true },
	[KEY_LAST_SEEN] = { "last_seen", true },
	[KEY_LABELS] = { "labels", false },
	[KEY_TEST] = { "test", false },
	[KEY_WHERE] = { "where", true },
};

/* An object's members by key; the last one wins. */
struct members {
	const struct sl_json *at[KEY_COUNT];
	const char *unknown;
};

static void members_find(const struct sl_json *v, struct members *out)
{
	memset(out, 0, sizeof(*out));
	for (const struct sl_json *m = v->child; m != NULL; m = m->next) {
		unsigned k = 0;
		while (k < KEY_COUNT && strcmp(keys[k].text, m->key) != 0)
			k++;
		if (k < KEY_COUNT)
			out->at[k] = m;
		else if (out->unknown == NULL)
			out->unknown = m->key;
	}
}

static const char *text_of(const struct members *m, enum key k)
{
	return m->at[k] != NULL && m->at[k]->kind == SL_JSON_STRING ? m->at[k]->text : NULL;
}

/* A key that nobody knows may be a mistyped one: said, and the rest used. */
static void tell_unknown(struct native *n, const struct members *m)
{
	struct sl_finding f = { .line = n->line,
		.id = text_of(m, KEY_ID),
		.verdict = SL_CONTEXT,
		.code = "UNKNOWN_KEY",
		.part = m->unknown,
		.reason = "No key of this name is known; the rest of the line is used." };
	if (m->unknown != NULL)
		reading_tell(n->r, &f);
}

void labels_join(const struct sl_json *list, char *out, size_t cap)
{
	size_t used = 0;
	out[0] = '\0';
	if (list == NULL || list->kind != SL_JSON_ARRAY)
		return;
	for (const struct sl_json *m = list->child; m != NULL; m = m->next) {
		if (m->kind != SL_JSON_STRING || m->len + 2 > cap - used)
			continue;
		if (used > 0)
			out[used++] = ',';
		memcpy(out + used, m->text, m->len);
		used += m->len;
		out[used] = '\0';
	}
}

/* What has the wrong kind is refused: it would be used with another meaning than meant. */
static const char *wrong_kind(const struct members *m)
{
	for (unsigned k = 0; k < KEY_COUNT; k++) {
		const struct sl_json *v = m->at[k];
		if (v != NULL && keys[k].is_text && v->kind != SL_JSON_STRING &&
			v->kind != SL_JSON_NULL)
			return keys[k].text;
	}
	const struct sl_json *c = m->at[KEY_CONFIDENCE], *t = m->at[KEY_TEST];
	if (c != NULL && c->kind != SL_JSON_NULL &&
		(c->kind != SL_JSON_NUMBER || c->integer < 0 || c->integer > 100))
		return "confidence";
	return t != NULL && t->kind != SL_JSON_BOOL ? "test" : NULL;
}

static void draft_fill(const struct members *m, struct draft *d)
{
	const struct sl_json *value = m->at[KEY_VALUE], *c = m->at[KEY_CONFIDENCE];
	d->id = text_of(m, KEY_ID);
	d->name = text_of(m, KEY_NAME);
	d->source = text_of(m, KEY_SOURCE);
	d->severity = text_of(m, KEY_SEVERITY);
	d->type = text_of(m, KEY_TYPE);
	d->where = text_of(m, KEY_WHERE);
	d->match = text_of(m, KEY_MATCH);
	d->valid_from = text_of(m, KEY_FROM);
	d->valid_until = text_of(m, KEY_UNTIL);
	d->first_seen = text_of(m, KEY_FIRST_SEEN);
	d->last_seen = text_of(m, KEY_LAST_SEEN);
	d->confidence =
		c != NULL && c->kind == SL_JSON_NUMBER ? (uint8_t)c->integer : SL_CONFIDENCE_NONE;
	d->test = m->at[KEY_TEST] != NULL && m->at[KEY_TEST]->boolean;
	if (value != NULL && value->kind == SL_JSON_STRING) {
		d->value = value->text;
		d->value_len = value->len;
	}
	const char *tlp = text_of(m, KEY_TLP);
	if (tlp == NULL || tlp[0] == '\0')
		return;
	d->tlp = tlp_of_text(tlp);
	if (d->tlp == SL_TLP_NONE) /* what isn't understood is kept close */
		d->tlp = SL_TLP_AMBER_STRICT;
}

static int indicator(void *arg, const struct sl_json *v)
{
	struct native *n = arg;
	struct draft d = { .line = n->line };
	char labels[LABELS_BYTES];
	if (v->kind != SL_JSON_OBJECT) {
		reading_refuse(n->r, n->line, "", "NOT_AN_OBJECT",
			"An indicator is a JSON object, one a line.", "");
		return 0;
	}
	struct members m;
	members_find(v, &m);
	const char *wrong = wrong_kind(&m);
	const char *id = text_of(&m, KEY_ID);
	if (wrong != NULL) {
		reading_refuse(n->r, n->line, id, "BAD_KEY",
			"The value of this key is not of its kind or out of its range.", wrong);
		return 0;
	}
	draft_fill(&m, &d);
	tell_unknown(n, &m);
	labels_join(m.at[KEY_LABELS], labels, sizeof(labels));
	d.labels = labels;
	const struct sl_json *pattern = m.at[KEY_PATTERN];
	if (pattern != NULL && pattern->kind == SL_JSON_STRING) {
		d.below = SL_BELOW_MARKED; /* as STIX's `=` means it */
		return n->stop = pattern_add(n->r, &d, pattern->text, pattern->len);
	}
	if (d.value != NULL && (d.type != NULL || d.where != NULL)) {
		if (d.type == NULL || sl_type_find(d.type, strlen(d.type)) != SL_TYPE_NONE)
			return n->stop = draft_add(n->r, &d);
		reading_refuse(n->r, n->line, id, "UNKNOWN_TYPE",
			"A type is the STIX 2.1 name, such as domain-name.", d.type);
		return 0;
	}
	reading_refuse(n->r, n->line, id, "INCOMPLETE",
		"An indicator needs a type and a value, or a pattern.", "");
	return 0;
}

static bool blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != ' ' && p[i] != '\t')
			return false;
	return true;
}

static int line_read(struct native *n, struct sl_json_in *in, const char *line, size_t len)
{
	sl_json_in_line(in, n->line);
	int rc = sl_json_in_feed(in, line, len);
	if (rc == 0)
		rc = sl_json_in_feed(in, "\n", 1);
	if (rc == 0 && sl_json_in_between(in))
		return 0;
	if (n->stop < 0)
		return n->stop;
	const char *what = sl_json_in_error(in, NULL);
	reading_refuse(n->r, n->line, "", "BAD_JSON",
		rc == 0 ? "The line ends inside of an object." : what, "");
	return sl_json_in_again(in);
}

int native_read(struct reading *r)
{
	struct native n = { .r = r };
	struct sl_json_limits limits = { (size_t)1 << 20, 8 };
	struct sl_json_in *in = NULL;
	struct lines l;
	const char *line;
	size_t len;
	bool cut;
	int rc = lines_init(&l, r->in);
	if (rc == 0)
		rc = sl_json_in_new(&in, "", &limits, indicator, &n);
	while (rc == 0 && (rc = lines_next(&l, &line, &len, &cut)) == 0 && line != NULL) {
		n.line = l.number;
		if (cut)
			reading_refuse(r, l.number, "", "LINE_TOO_LONG",
				"The line is longer than 64 KiB.", "");
		else if (!blank(line, len) && line[0] != '#')
			rc = line_read(&n, in, line, len);
	}
	sl_json_in_free(in);
	lines_fini(&l);
	return rc;
}

/* ---- recognised by one of the first lines being an indicator ---- */

struct trial {
	struct sl_json_in *in;
	unsigned lines;
	bool found;
};

static int trial_value(void *arg, const struct sl_json *v)
{
	struct trial *t = arg;
	const char *type = sl_json_get_text(v, "type");
	if (type != NULL && (strcmp(type, "indicator") == 0 || strcmp(type, "bundle") == 0))
		return 0;
	bool value = sl_json_get(v, "value") != NULL &&
		     (type != NULL || sl_json_get(v, "where") != NULL);
	if (value || sl_json_get_text(v, "pattern") != NULL)
		t->found = true;
	return 0;
}

static void trial_line(void *arg, const char *line, size_t len)
{
	struct trial *t = arg;
	if (t->found || t->lines >= 32 || len == 0 || line[0] != '{')
		return;
	t->lines++;
	if (sl_json_in_feed(t->in, line, len) < 0 || sl_json_in_feed(t->in, "\n", 1) < 0 ||
		!sl_json_in_between(t->in))
		sl_json_in_again(t->in);
}

bool native_recognise(const char *head, size_t len, bool whole)
{
	struct sl_json_limits limits = { (size_t)1 << 20, 8 };
	struct trial t = { 0 };
	if (sl_json_in_new(&t.in, "", &limits, trial_value, &t) < 0)
		return false;
	head_lines(head, len, whole, trial_line, &t);
	sl_json_in_free(t.in);
	return t.found;
}
