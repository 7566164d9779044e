/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.c - what a source said, read aside as sensors will read it, and as lines of a set. What is
 * native, or can be without a loss, goes by the line, each with its source; anything else as the
 * file that it is: see handout.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/intel.h>
#include <sightline/json.h>

#include "feeds.h"

void pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->piece[i].p);
	free(p->piece);
	*p = (struct pieces){ NULL, 0 };
}

int pieces_add(struct pieces *p, const struct piece *one, const char *name)
{
	struct piece *more = NULL;
	if (p->count < SL_SET_FILES_MAX)
		more = realloc(p->piece, (p->count + 1) * sizeof(*more));
	if (more == NULL) {
		free(one->p);
		return p->count < SL_SET_FILES_MAX ? -ENOMEM : -E2BIG;
	}
	p->piece = more;
	more[p->count] = *one;
	sl_set_name(name, more[p->count++].name);
	return 0;
}

static int piece_read(struct piece *p, bool *known)
{
	/* Nothing is judged by its time, its place or a list: that is each sensor's own. */
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *in;
	size_t n;
	int rc = sl_intel_new(&in);
	if (rc < 0)
		return rc;
	rc = sl_intel_read_bytes(in, p->name, p->p, p->len, &o);
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	p->usable = 0;
	for (size_t i = 0; i < n; i++) {
		*known |= s[i].format[0] != '\0';
		p->usable += s[i].count[SL_ARMED] + s[i].count[SL_QUIET] + s[i].count[SL_NOT_VALID];
	}
	sl_intel_free(in);
	return rc;
}

int pieces_read(struct pieces *p)
{
	bool known = p->count == 0;
	for (size_t i = 0; i < p->count; i++) {
		int rc = p->piece[i].same ? 0 : piece_read(&p->piece[i], &known);
		if (rc < 0)
			return rc;
		known |= p->piece[i].same;
	}
	return known ? 0 : -EBADMSG;
}

/* ---- native lines ---- */

struct native {
	struct sl_json_in *in;
	FILE *out;
	const char *name;
	unsigned values; /* of the line under way */
	enum { SOURCE_ABSENT, SOURCE_NAMED, SOURCE_ODD } source;
	bool object;
};

static int native_value(void *arg, const struct sl_json *v)
{
	struct native *n = arg;
	n->values++;
	n->object = v->kind == SL_JSON_OBJECT && v->child != NULL;
	const struct sl_json *s = sl_json_get(v, "source");
	n->source = s == NULL					      ? SOURCE_ABSENT
		    : s->kind == SL_JSON_STRING && s->text[0] != '\0' ? SOURCE_NAMED
								      : SOURCE_ODD;
	return 0;
}

/* Writes a line with its source. False: it is none that can stand by itself. */
static bool native_line(struct native *n, const char *p, size_t len)
{
	n->values = 0;
	if (p[0] != '{' || len + SL_SET_NAME_MAX + 16 >= SL_SET_LINE_MAX ||
		sl_json_in_feed(n->in, p, len) < 0 || sl_json_in_feed(n->in, "\n", 1) < 0 ||
		!sl_json_in_between(n->in) || n->values != 1 || !n->object ||
		n->source == SOURCE_ODD)
		return false;
	if (n->source == SOURCE_ABSENT)
		fprintf(n->out, "{\"source\":\"%s\",", n->name);
	fwrite(p + (n->source == SOURCE_ABSENT), 1, len - (n->source == SOURCE_ABSENT), n->out);
	putc_unlocked('\n', n->out);
	return true;
}

static bool native_lines(struct native *n, const char *p, size_t len)
{
	for (const char *end = p + len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl != NULL ? nl : end, *next = nl != NULL ? nl + 1 : end;
		while (p < stop && strchr(" \t", *p) != NULL && *p != '\0')
			p++;
		while (stop > p && strchr(" \t\r", stop[-1]) != NULL && stop[-1] != '\0')
			stop--;
		if (stop > p && p[0] != '#' && !native_line(n, p, (size_t)(stop - p)))
			return false;
		p = next;
	}
	return true;
}

/* Whether the whole piece is lines of the native format; then they are written. */
static int piece_native(const struct piece *p, FILE *out, bool *is)
{
	struct sl_json_limits limits = { (size_t)1 << 20, 8 };
	char *text = NULL;
	size_t len = 0;
	struct native n = { .name = p->name, .out = open_memstream(&text, &len) };
	if (n.out == NULL)
		return -ENOMEM;
	int rc = sl_json_in_new(&n.in, "", &limits, native_value, &n);
	*is = rc == 0 && native_lines(&n, p->p, p->len);
	sl_json_in_free(n.in);
	if (fclose(n.out) != 0)
		rc = -ENOMEM;
	if (rc == 0 && *is)
		fwrite(text, 1, len, out);
	free(text);
	return rc;
}

/* Whether the reader took it for native, too. */
static bool said_native(const struct piece *p)
{
	size_t at = 0;
	while (at < p->len && strchr(" \t\r\n", p->p[at]) != NULL && p->p[at] != '\0')
		at++;
	if (at == p->len || (p->p[at] != '{' && p->p[at] != '#'))
		return false;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_intel *in;
	size_t n, head = p->len;
	if (sl_intel_new(&in) < 0)
		return false;
	/* The first lines tell: the rest was read already. */
	const char *nl = p->len > 65536 ? memrchr(p->p, '\n', 65536) : NULL;
	if (nl != NULL)
		head = (size_t)(nl - p->p) + 1;
	bool is = sl_intel_read_bytes(in, p->name, p->p, head, &o) == 0;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	is &= n == 1 && strcmp(s[0].format, "native") == 0;
	sl_intel_free(in);
	return is;
}

int piece_set(const struct piece *p, struct sl_generations *g, struct sl_set_text *out)
{
	char *text = NULL, *set, sha256[SL_SET_HEX];
	size_t len = 0;
	bool native = false;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		return -ENOMEM;
	int rc = said_native(p) ? piece_native(p, f, &native) : 0;
	if (rc == 0 && !native && !piece_translate(p, f)) {
		rc = sl_generations_file(g, p->p, p->len, sha256);
		if (rc == 0)
			fprintf(f, "#file %s %s\n", sha256, p->name);
	}
	if (fclose(f) != 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = sl_set_sort(text, len, &set, &len);
	if (rc == 0)
		*out = (struct sl_set_text){ set, len };
	free(text);
	return rc;
}
