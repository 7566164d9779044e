/* SPDX-License-Identifier: BSD-3-Clause */
/* set.c - the indicators of any number of files, their strings and their sources. One owner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "reading.h"

#define RULES_BYTES ((size_t)256 << 20) /* of the texts of all rules */

int sl_intel_new(struct sl_intel **out)
{
	struct sl_intel *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int rc = sl_arena_new(&s->arena);
	if (rc == 0)
		rc = sl_book_init(&s->book, s->arena);
	for (unsigned i = 0; rc == 0 && i < 2; i++)
		rc = sl_hash_key_draw(&s->version_key[i]);
	if (rc < 0) {
		sl_arena_free(s->arena);
		free(s);
		return rc;
	}
	s->holds_until_ns = UINT64_MAX;
	*out = s;
	return 0;
}

void sl_intel_free(struct sl_intel *s)
{
	if (s == NULL)
		return;
	sl_book_fini(&s->book);
	free(s->detections);
	free(s->versions);
	free(s->version_slot);
	free(s->rules);
	free(s->sources);
	sl_arena_free(s->arena);
	free(s);
}

int set_source_open(struct sl_intel *s, const char *path, size_t *out)
{
	if (s->source_count == s->source_cap) {
		size_t cap = s->source_cap ? s->source_cap * 2 : 16;
		struct sl_intel_source *more = realloc(s->sources, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->sources = more;
		s->source_cap = cap;
	}
	struct sl_intel_source *src = &s->sources[s->source_count];
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
	memset(src, 0, sizeof(*src));
	src->format = "";
	src->path = sl_arena_intern(s->arena, path, strlen(path));
	src->name = sl_arena_intern(s->arena, name, strlen(name));
	if (src->path == NULL || src->name == NULL)
		return -ENOMEM;
	*out = s->source_count++;
	return 0;
}

const struct sl_book *sl_intel_book(const struct sl_intel *s)
{
	return &s->book;
}

size_t sl_intel_wholes(const struct sl_intel *s)
{
	return s->wholes;
}

const struct sl_detection *sl_intel_detections(const struct sl_intel *in, size_t *count)
{
	*count = in->detection_count;
	return in->detections;
}

const struct sl_intel_rule *sl_intel_rules(const struct sl_intel *s, size_t *count)
{
	*count = s->rule_count;
	return s->rules;
}

const struct sl_intel_source *sl_intel_sources(const struct sl_intel *s, size_t *count)
{
	*count = s->source_count;
	return s->sources;
}

void sl_intel_holds(const struct sl_intel *s, uint64_t *from_ns, uint64_t *until_ns)
{
	*from_ns = s->holds_from_ns;
	*until_ns = s->holds_until_ns;
}

bool reading_reached(const struct reading *r, uint64_t ts_ns)
{
	struct sl_intel *s = r->set;
	bool reached = r->o->now_ns >= ts_ns;
	if (reached && ts_ns > s->holds_from_ns)
		s->holds_from_ns = ts_ns;
	else if (!reached && ts_ns < s->holds_until_ns)
		s->holds_until_ns = ts_ns;
	return reached;
}

size_t sl_intel_out_of_time(const struct sl_intel *s, uint64_t now_ns)
{
	const struct sl_book *b = &s->book;
	size_t n = 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct sl_when *w = &b->when[b->entry[i].when];
		n += now_ns < w->from_ns || (w->until_ns != 0 && now_ns >= w->until_ns);
	}
	return n;
}

size_t sl_intel_bytes(const struct sl_intel *s)
{
	return sl_book_bytes(&s->book) + sl_arena_bytes(s->arena) +
	       s->source_cap * sizeof(*s->sources) + s->rule_cap * sizeof(*s->rules) +
	       s->detection_cap * sizeof(*s->detections);
}

void reading_note(struct reading *r, const struct sl_finding *f)
{
	struct sl_finding full = *f;
	const char **texts[] = { &full.id, &full.code, &full.reason, &full.part, &full.suggestion,
		&full.scope };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*texts[i] == NULL)
			*texts[i] = "";
	full.file = r->path;
	if (r->o->finding != NULL)
		r->o->finding(r->o->arg, &full);
}

void reading_tell(struct reading *r, const struct sl_finding *f)
{
	reading_count(r, f->verdict);
	reading_note(r, f);
}

void reading_refuse(struct reading *r, uint64_t line, const char *id, const char *code,
	const char *reason, const char *part)
{
	struct sl_finding f = {
		.line = line,
		.id = id,
		.verdict = SL_REFUSED,
		.code = code,
		.reason = reason,
		.part = part,
	};
	reading_tell(r, &f);
}

static int rule_add(struct reading *r, uint64_t line, const char *id, const char *text)
{
	struct sl_intel *set = r->set;
	if (set->rule_count == set->rule_cap) {
		size_t cap = set->rule_cap ? set->rule_cap * 2 : 64;
		struct sl_intel_rule *more = realloc(set->rules, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		set->rules = more;
		set->rule_cap = cap;
	}
	struct sl_intel_rule rule = { .line = line, .source = r->source };
	rule.id = id != NULL ? sl_arena_text(set->arena, id, strlen(id)) : "";
	rule.text = sl_arena_text(set->arena, text, strlen(text));
	if (rule.id == NULL || rule.text == NULL)
		return -ENOMEM;
	set->rule_bytes += strlen(rule.id) + strlen(text);
	set->rules[set->rule_count++] = rule;
	set->sources[r->source].rules++;
	return 0;
}

int reading_rule(struct reading *r, uint64_t line, const char *id, const char *text)
{
	struct sl_finding f = { .line = line,
		.id = id,
		.verdict = SL_CONTEXT,
		.code = "RULE_KEPT",
		.reason = "A rule of Snort or Suricata, kept for a reader of rules; nothing looks "
			  "for "
			  "it here: give it to an IDS, or write what it looks for as a value or a "
			  "pattern.",
		.part = text };
	if (r->set->rule_bytes + strlen(text) > RULES_BYTES) {
		reading_refuse(r, line, id, "TOO_MANY",
			"More rules than are kept (256 MiB of text); split the feed.", "");
		return 0;
	}
	int rc = rule_add(r, line, id, text);
	if (rc == 0)
		reading_tell(r, &f);
	return rc;
}
