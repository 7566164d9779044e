/* SPDX-License-Identifier: BSD-3-Clause */
/* translate.c - lists and tables as native lines, where nothing of them is lost by that: the lines
 * are read back, and have to say the same, indicator by indicator. What is refused, context or a
 * tree keeps a file as it is, as a sensor's own configuration may want it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/book.h>
#include <sightline/clock.h>
#include <sightline/json.h>

#include "feeds.h"

static void put_time(struct sl_json_out *o, const char *key, uint64_t ns)
{
	char text[SL_TIME_TEXT];
	if (ns == 0)
		return;
	sl_time_text(ns, text);
	sl_json_str(o, key, text);
}

static void put_text(struct sl_json_out *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		sl_json_str(o, key, text);
}

static void put_labels(struct sl_json_out *o, const char *labels)
{
	if (labels[0] == '\0')
		return;
	sl_json_array(o, "labels");
	for (const char *p = labels; *p != '\0';) {
		size_t n = strcspn(p, ",");
		sl_json_text(o, NULL, p, n);
		p += n + (p[n] == ',');
	}
	sl_json_array_end(o);
}

/* How a value is compared is left out where it is what a sensor would do by itself, or be told to.
 */
static void put_indicator(struct sl_json_out *o, const struct sl_indicator *i)
{
	sl_json_object(o, NULL);
	put_text(o, "source", i->source);
	put_text(o, "id", i->id);
	sl_json_str(o, "type", sl_type_text((enum sl_type)i->type));
	sl_json_text(o, "value", i->value, i->value_len);
	if (i->match == SL_MATCH_SUFFIX || i->match == SL_MATCH_PREFIX)
		sl_json_str(o, "match", sl_match_text((enum sl_match_kind)i->match));
	if (i->where != SL_WHERE_NONE)
		sl_json_str(o, "where", sl_wheres[i->where].name);
	put_text(o, "name", i->name);
	put_text(o, "tlp", sl_tlp_text((enum sl_tlp)i->tlp));
	if (i->confidence != SL_CONFIDENCE_NONE)
		sl_json_u64(o, "confidence", i->confidence);
	put_text(o, "severity", i->severity);
	put_time(o, "valid_from", i->valid_from_ns);
	put_time(o, "valid_until", i->valid_until_ns);
	if (i->valid_from_ns == 0 || i->reported_ns != i->valid_from_ns)
		put_time(o, "last_seen", i->reported_ns);
	put_labels(o, i->labels);
	if (i->test)
		sl_json_bool(o, "test", true);
	sl_json_object_end(o);
}

static bool same(const struct sl_indicator *a, const struct sl_indicator *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->severity, b->severity) == 0 &&
	       strcmp(a->labels, b->labels) == 0 && strcmp(a->quiet_reason, b->quiet_reason) == 0 &&
	       strcmp(a->part, b->part) == 0 && a->value_len == b->value_len &&
	       memcmp(a->value, b->value, a->value_len) == 0 && a->where == b->where &&
	       a->port == b->port && a->type == b->type && a->match == b->match &&
	       a->prefix_len == b->prefix_len && a->tlp == b->tlp &&
	       a->confidence == b->confidence && a->test == b->test && a->quiet == b->quiet &&
	       a->allow == b->allow && a->below == b->below && a->detection == b->detection &&
	       a->valid_from_ns == b->valid_from_ns && a->valid_until_ns == b->valid_until_ns &&
	       a->reported_ns == b->reported_ns;
}

static bool same_books(const struct sl_book *a, const struct sl_book *b)
{
	bool good = a->count == b->count;
	for (size_t n = 0; good && n < a->count; n++) {
		struct sl_indicator x, y;
		sl_book_get(a, n, &x);
		sl_book_get(b, n, &y);
		good = same(&x, &y);
	}
	return good;
}

/* Whether the reader took every entry for an indicator that a native line may say. */
static bool plain(const struct sl_intel *in)
{
	size_t sources, trees;
	const struct sl_intel_source *s = sl_intel_sources(in, &sources);
	(void)sl_intel_detections(in, &trees);
	return sources == 1 && trees == 0 && s->format[0] != '\0' && s->count[SL_REFUSED] == 0 &&
	       s->count[SL_CONTEXT] == 0 && s->rules == 0;
}

static int lines_write(const struct sl_book *b, FILE *out)
{
	struct sl_json_out *o;
	int rc = sl_json_out_new(&o);
	for (size_t n = 0; rc == 0 && n < b->count; n++) {
		struct sl_indicator i;
		const char *line;
		size_t len;
		sl_book_get(b, n, &i);
		if (i.quiet) /* what a sensor makes beside another, or what keeps the file */
			continue;
		put_indicator(o, &i);
		rc = sl_json_line(o, &line, &len);
		if (rc == 0 && len >= SL_SET_LINE_MAX)
			rc = -E2BIG;
		if (rc == 0)
			fwrite(line, 1, len, out);
	}
	sl_json_out_free(o);
	return rc;
}

/* Whether the lines say what the piece did. */
static bool proven(const struct sl_book *b, const char *name, const char *text, size_t len)
{
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *back;
	if (sl_intel_new(&back) < 0)
		return false;
	bool good = sl_intel_read_bytes(back, name, text, len, &o) == 0 && plain(back) &&
		    same_books(b, sl_intel_book(back));
	sl_intel_free(back);
	return good;
}

bool piece_translate(const struct piece *p, FILE *to)
{
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *in;
	char *text = NULL;
	size_t len = 0;
	if (sl_intel_new(&in) < 0)
		return false;
	FILE *out = open_memstream(&text, &len);
	bool good = out != NULL && sl_intel_read_bytes(in, p->name, p->p, p->len, &o) == 0 &&
		    plain(in) && lines_write(sl_intel_book(in), out) == 0;
	if (out != NULL)
		good &= fclose(out) == 0;
	good = good && len > 0 && proven(sl_intel_book(in), p->name, text, len);
	if (good)
		fwrite(text, 1, len, to);
	free(text);
	sl_intel_free(in);
	return good;
}
