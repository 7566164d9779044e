/* SPDX-License-Identifier: BSD-3-Clause */
/* misp_reader.c - MISP: an event as its export, its feed or its interface writes it, several of
 * them, or attributes alone. Control threads. An event's attributes are read one by one, so that an
 * event of any size takes the memory of its largest piece; what the event says of them all may come
 * behind them and is written to them when it ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "misp.h"

#define PIECE_BYTES ((size_t)16 << 20)

static const char *const pieces[] = { "Attribute", "Object", "ShadowAttribute", NULL };

/* Where events are in what MISP writes; the last three are of events without their wrapper. */
static const char *const paths[] = { "Event", "response/*/Event", "*/Event", "response",
	"response/*", "*", "", NULL };

/* ---- What the event says ---- */

static const char *creator(const struct sl_json *event)
{
	const char *name = sl_json_get_text(sl_json_get(event, "Orgc"), "name");
	return name != NULL ? name : sl_json_get_text(sl_json_get(event, "Org"), "name");
}

static const char *severity(const struct sl_json *event)
{
	static const char *const levels[] = { "", "high", "medium", "low" };
	const struct sl_json *level = sl_json_get(event, "threat_level_id");
	long n = level != NULL && level->text != NULL ? strtol(level->text, NULL, 10) : 0;
	return levels[n > 0 && n < 4 ? n : 0];
}

/* Where no tag says more: "your organisation only", "this community only", a sharing group. */
static enum sl_tlp distribution(const struct sl_json *event)
{
	const struct sl_json *d = sl_json_get(event, "distribution");
	if (d == NULL || d->text == NULL)
		return SL_TLP_NONE;
	return d->text[0] == '0' || d->text[0] == '4' ? SL_TLP_AMBER_STRICT
	       : d->text[0] == '1'		      ? SL_TLP_AMBER
						      : SL_TLP_NONE;
}

/* Both lists, the attribute's first; the same two are met again and again. */
static const char *labels_of(struct sl_arena *a, const char *own, const char *event)
{
	char both[2 * MISP_LABELS_BYTES];
	bool two = own[0] != '\0' && event[0] != '\0';
	snprintf(both, sizeof(both), "%s%s%s", own, two ? "," : "", event);
	return sl_arena_intern(a, both, strlen(both));
}

struct said {
	const char *source, *name, *severity;
	char labels[MISP_LABELS_BYTES];
	enum sl_tlp tlp;
	uint8_t confidence;
};

static int said_read(struct misp *m, const struct sl_json *event, struct said *s)
{
	struct sl_arena *a = m->r->set->arena;
	const char *source = creator(event), *info = sl_json_get_text(event, "info");
	*s = (struct said){ .confidence = SL_CONFIDENCE_NONE };
	misp_tags(event, s->labels, &s->tlp, &s->confidence);
	if (s->tlp == SL_TLP_NONE)
		s->tlp = distribution(event);
	s->source = source != NULL && source[0] != '\0' ? sl_arena_intern(a, source, strlen(source))
							: m->r->name;
	s->name = info != NULL ? sl_arena_intern(a, info, strlen(info)) : "";
	s->severity = severity(event);
	return s->source != NULL && s->name != NULL ? 0 : -ENOMEM;
}

static int event_ended(struct misp *m, const struct sl_json *event)
{
	struct sl_intel *set = m->r->set;
	struct said s;
	const char *own = NULL, *labels = NULL;
	int rc = said_read(m, event, &s);
	for (size_t i = m->event_first; rc == 0 && i < set->book.count; i++) {
		struct sl_indicator x;
		sl_book_get(&set->book, i, &x);
		if (x.name == NULL) /* replaced */
			continue;
		if (own != x.labels)
			labels = labels_of(set->arena, x.labels, s.labels);
		own = x.labels;
		x.labels = labels;
		x.source = s.source;
		x.severity = s.severity;
		x.name = x.name[0] != '\0' ? x.name : s.name;
		x.tlp = x.tlp > s.tlp ? x.tlp : (uint8_t)s.tlp;
		if (x.confidence == SL_CONFIDENCE_NONE)
			x.confidence = s.confidence;
		rc = labels != NULL ? sl_book_put(&set->book, i, &x) : -ENOMEM;
	}
	m->event_first = set->book.count;
	return rc;
}

/* ---- Reading ---- */

struct stream {
	struct misp m;
	struct sl_json_in *in;
	size_t members; /* of the event that were read when its creator was looked for */
};

static int on_event(void *arg, const struct sl_json *event)
{
	struct stream *s = arg;
	s->m.source = NULL;
	s->members = 0;
	return s->m.stop = event_ended(&s->m, event);
}

static int on_piece(void *arg, const char *member, const struct sl_json *piece)
{
	struct stream *s = arg;
	struct misp *m = &s->m;
	const struct sl_json *event = sl_json_in_so_far(s->in);
	if (event->count != s->members)
		m->source = creator(event);
	s->members = event->count;
	if (strcmp(member, "Attribute") == 0)
		m->stop = misp_attribute(m, piece);
	else if (strcmp(member, "Object") == 0)
		m->stop = misp_object(m, piece);
	else
		misp_context(m, piece, "PROPOSAL",
			"Somebody proposes it; the event's owner has not taken it.");
	return m->stop;
}

/* ---- Recognition ---- */

struct trial {
	struct sl_json_in *in;
	bool found, manifest;
};

static bool is_event(const struct sl_json *e)
{
	static const char *const signs[] = { "info", "Orgc", "orgc_id", "threat_level_id",
		"analysis", "Attribute", "attribute_count", "distribution", "Tag", "published" };
	unsigned seen = 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		seen += sl_json_get(e, signs[i]) != NULL;
	return seen >= 3;
}

/* A feed's list of its events: each by its UUID. */
static bool is_manifest(const struct sl_json *o)
{
	const struct sl_json *first = o != NULL && o->kind == SL_JSON_OBJECT ? o->child : NULL;
	return first != NULL && first->key != NULL && strlen(first->key) == 36 &&
	       sl_json_get(first, "info") != NULL && sl_json_get(first, "Orgc") != NULL;
}

static int trial_event(void *arg, const struct sl_json *e)
{
	struct trial *t = arg;
	t->found |= is_event(e);
	t->manifest |= is_manifest(e);
	return 1;
}

static int trial_piece(void *arg, const char *member, const struct sl_json *piece)
{
	struct trial *t = arg;
	bool attribute =
		sl_json_get(piece, "type") != NULL && sl_json_get(piece, "value") != NULL &&
		(sl_json_get(piece, "to_ids") != NULL || sl_json_get(piece, "category") != NULL);
	bool object = sl_json_get(piece, "Attribute") != NULL ||
		      sl_json_get(piece, "meta-category") != NULL;
	t->found = strcmp(member, "Object") == 0 ? object : attribute;
	return 1;
}

static bool tried(const char *path, const char *head, size_t len, bool *manifest)
{
	struct sl_json_limits limits = { PIECE_BYTES, 0 };
	struct trial t = { 0 };
	if (sl_json_in_new(&t.in, path, &limits, trial_event, &t) < 0)
		return false;
	sl_json_in_pieces(t.in, pieces, trial_piece);
	sl_json_in_feed(t.in, head, len);
	const struct sl_json *part = sl_json_in_so_far(t.in);
	if (part != NULL) {
		t.found |= is_event(part);
		t.manifest |= is_manifest(part);
	}
	sl_json_in_free(t.in);
	*manifest = t.manifest && path[0] == '\0';
	return t.found || *manifest;
}

static const char *path_of(const char *head, size_t len, bool *manifest)
{
	for (size_t i = 0; paths[i] != NULL; i++)
		if (tried(paths[i], head, len, manifest))
			return paths[i];
	return NULL;
}

bool misp_recognise(const char *head, size_t len, bool whole)
{
	bool manifest;
	return path_of(head, len, &manifest) != NULL;
}

/* An event that breaks off is used as far as it was read. */
static int stream_read(struct stream *s, char *buf)
{
	int rc = reading_json(s->m.r, s->in, buf, &s->m.stop);
	const struct sl_json *open = sl_json_in_so_far(s->in);
	int ended = s->m.stop == 0 && open != NULL ? event_ended(&s->m, open) : 0;
	return rc < 0 ? rc : ended;
}

int misp_read(struct reading *r)
{
	struct stream s = { .m = { .r = r, .event_first = r->set->book.count } };
	struct sl_json_limits limits = { PIECE_BYTES, 0 };
	size_t got = 0;
	bool manifest = false;
	char *buf = malloc(PEEK_BYTES);
	int rc = buf != NULL ? sl_input_peek(r->in, buf, PEEK_BYTES, &got) : -ENOMEM;
	const char *path = rc == 0 ? path_of(buf, got, &manifest) : NULL;
	if (manifest) {
		struct sl_finding f = { .verdict = SL_CONTEXT,
			.code = "MANIFEST",
			.reason = "The list of a feed's events; the events beside it are read." };
		reading_tell(r, &f);
	} else if (path != NULL) {
		rc = sl_json_in_new(&s.in, path, &limits, on_event, &s);
		if (rc == 0) {
			sl_json_in_pieces(s.in, pieces, on_piece);
			rc = stream_read(&s, buf);
		}
		sl_json_in_free(s.in);
	}
	free(buf);
	return rc;
}
