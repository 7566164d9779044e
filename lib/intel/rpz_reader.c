/* SPDX-License-Identifier: BSD-3-Clause */
/* rpz_reader.c - response policy zones (draft-vixie-dnsop-dns-rpz): a zone file (RFC 1035 5) whose
 * owners are triggers and whose records are policies. Control threads. Whatever a policy puts in
 * an answer's place, its trigger is what is looked for; what is let through is context. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reading.h"

#define NAME_BYTES 1024
#define WORDS_MAX 8
#define RECORD_LINES_MAX 256

struct word {
	const char *p;
	size_t len;
};

struct zone {
	char origin[NAME_BYTES], owner[NAME_BYTES]; /* absolute, without the last dot */
	bool origin_known, owner_known, named; /* named: by $ORIGIN */
	unsigned parentheses; /* open: the record goes on */
};

static bool is(const struct word *w, const char *text)
{
	return strlen(text) == w->len && strncasecmp(text, w->p, w->len) == 0;
}

/* The words of a line before its comment; *blank: it begins with white space. */
static size_t words(const char *line, size_t len, struct word *out, bool *blank, struct zone *z)
{
	size_t n = 0;
	*blank = len > 0 && (line[0] == ' ' || line[0] == '\t');
	for (size_t i = 0; i < len && line[i] != ';';) {
		if (line[i] == '(' || line[i] == ')') {
			if (line[i] == '(')
				z->parentheses++;
			else if (z->parentheses > 0)
				z->parentheses--;
			i++;
			continue;
		}
		size_t begin = i;
		bool quoted = line[i] == '"';
		i += quoted;
		while (i < len && (quoted ? line[i] != '"' : strchr(" \t;()", line[i]) == NULL))
			i++;
		i += quoted && i < len;
		if (i > begin && n < WORDS_MAX)
			out[n++] = (struct word){ line + begin, i - begin };
		if (i == begin)
			i++;
	}
	return n;
}

/* A name as the file writes it, made absolute. */
static bool absolute(const struct zone *z, const struct word *w, char out[NAME_BYTES])
{
	bool whole = w->len > 0 && w->p[w->len - 1] == '.';
	size_t len = w->len - whole;
	size_t more = !whole && z->origin_known && z->origin[0] != '\0' ? strlen(z->origin) + 1 : 0;
	if (is(w, "@")) {
		memcpy(out, z->origin, strlen(z->origin) + 1);
		return true;
	}
	if (len + more >= NAME_BYTES)
		return false;
	memcpy(out, w->p, len);
	out[len] = '\0';
	if (more > 0) {
		out[len] = '.';
		memcpy(out + len + 1, z->origin, more);
	}
	return true;
}

static bool is_class_or_ttl(const struct word *w)
{
	if (is(w, "IN"))
		return true;
	for (size_t i = 0; i < w->len; i++)
		if (!(w->p[i] >= '0' && w->p[i] <= '9') &&
			(i == 0 || strchr("smhdwSMHDW", w->p[i]) == NULL))
			return false;
	return w->len > 0;
}

/* A record's type and first datum, behind its owner. False: the line is no record. */
static bool record(
	const struct word *w, size_t n, size_t from, struct word *type, struct word *data)
{
	while (from < n && is_class_or_ttl(&w[from]))
		from++;
	if (from + 1 >= n)
		return false;
	*type = w[from];
	*data = w[from + 1];
	return true;
}

static bool is_policy(const struct word *type, const struct word *data)
{
	return is(type, "CNAME") && (is(data, ".") || is(data, "*.") || is(data, "rpz-drop.") ||
					    is(data, "rpz-passthru.") || is(data, "rpz-tcp-only."));
}

/* ---- Recognition ---- */

struct tally {
	struct zone z;
	size_t records, policies;
	bool zone; /* $TTL, $ORIGIN or an SOA */
};

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct word w[WORDS_MAX], type, data;
	bool blank;
	size_t n = words(line, len, w, &blank, &t->z);
	if (n == 0)
		return;
	if (w[0].p[0] == '$') {
		t->zone |= is(&w[0], "$TTL") || is(&w[0], "$ORIGIN");
		return;
	}
	if (!record(w, n, blank ? 0 : 1, &type, &data))
		return;
	t->zone |= is(&type, "SOA");
	t->records += is(&type, "CNAME") || is(&type, "A") || is(&type, "AAAA");
	t->policies += is_policy(&type, &data);
}

bool rpz_recognise(const char *head, size_t len, bool whole)
{
	static _Thread_local struct tally t;
	memset(&t, 0, sizeof(t));
	head_lines(head, len, whole, tally_line, &t);
	return t.zone && t.policies > 0 && t.policies * 2 >= t.records;
}

/* ---- Reading ---- */

static bool cut_end(char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);
	if (n < e || strcasecmp(name + n - e, end) != 0)
		return false;
	if (n == e) {
		name[0] = '\0';
		return true;
	}
	if (name[n - e - 1] != '.')
		return false;
	name[n - e - 1] = '\0';
	return true;
}

/* "32.1.2.0.192" and "128.1.zz.db8.2001": prefix length, then the address backwards. */
static bool address_read(char *name, char *out, size_t cap)
{
	char *part[10], *save, *at = name;
	size_t n = 0, used = 0;
	for (char *p; (p = strtok_r(at, ".", &save)) != NULL; at = NULL) {
		if (n == 10)
			return false;
		part[n++] = p;
	}
	if (n < 3)
		return false;
	bool six = n != 5;
	for (size_t i = n - 1; i > 0; i--) {
		for (const char *c = part[i]; *c != '\0'; c++)
			six |= !(*c >= '0' && *c <= '9');
	}
	for (size_t i = n - 1; i > 0; i--) {
		bool gap = strcasecmp(part[i], "zz") == 0;
		/* "zz" is "::", also at either end */
		const char *text = gap ? (i == n - 1 || i == 1 ? ":" : "") : part[i];
		used += (size_t)snprintf(out + used, cap - used, "%s%s", text,
			i == 1 ? ""
			: six  ? ":"
			       : ".");
		if (used >= cap)
			return false;
	}
	used += (size_t)snprintf(out + used, cap - used, "/%s", part[0]);
	return used < cap;
}

static void tell(struct reading *r, uint64_t line, enum sl_intel_verdict v, const char *code,
	const char *reason, const char *part)
{
	struct sl_finding f = {
		.line = line, .verdict = v, .code = code, .reason = reason, .part = part
	};
	reading_tell(r, &f);
}

static int trigger(struct reading *r, uint64_t line, char *name)
{
	char address[NAME_BYTES];
	struct draft d = { .line = line, .below = SL_BELOW_NO, .confidence = SL_CONFIDENCE_NONE };
	if (cut_end(name, "rpz-client-ip")) {
		tell(r, line, SL_CONTEXT, "NOT_FOR_DETECTION",
			"It names clients of the resolver, nothing to look for.", name);
		return 0;
	}
	if (cut_end(name, "rpz-nsdname") || cut_end(name, "rpz-nsip")) {
		tell(r, line, SL_REFUSED, "NOT_EVALUABLE",
			"Name servers of a zone are not looked at.", name);
		return 0;
	}
	if (cut_end(name, "rpz-ip")) {
		if (!address_read(name, address, sizeof(address))) {
			tell(r, line, SL_REFUSED, "BAD_ADDRESS",
				"This is no address as RPZ writes it (32.1.2.0.192.rpz-ip).", name);
			return 0;
		}
		d.type = "ipv4-addr";
		d.value = address;
		d.value_len = strlen(address);
		return draft_add(r, &d);
	}
	bool below = name[0] == '*' && name[1] == '.';
	d.type = "domain-name";
	d.match = below ? "suffix" : NULL;
	d.value = below ? name + 2 : name;
	d.value_len = strlen(d.value);
	return draft_add(r, &d);
}

static int record_use(struct reading *r, struct zone *z, uint64_t line, const struct word *type,
	const struct word *data)
{
	char name[NAME_BYTES];
	memcpy(name, z->owner, sizeof(name));
	if (is(type, "SOA")) {
		/* The zone's own name, where nothing said it before. */
		if (!z->named && !z->origin_known) {
			memcpy(z->origin, z->owner, sizeof(z->origin));
			z->origin_known = true;
		}
		return 0;
	}
	if (!is(type, "CNAME") && !is(type, "A") && !is(type, "AAAA") && !is(type, "TXT") &&
		!is(type, "MX"))
		return 0;
	if (z->origin_known && z->origin[0] != '\0' && !cut_end(name, z->origin))
		return 0;
	if (name[0] == '\0')
		return 0;
	if (is(data, "rpz-passthru.") || is(data, "rpz-tcp-only.")) {
		tell(r, line, SL_CONTEXT, "EXCEPTION", "The zone lets this pass.", name);
		return 0;
	}
	return trigger(r, line, name);
}

struct rpz {
	struct zone z;
	char last[NAME_BYTES]; /* the owner that was used last: its further records say no more */
	/* Lines behind one that left a parenthesis open, each with its '\n'. */
	uint64_t open_line;
	unsigned lines;
	size_t len;
	char text[LINE_MAX_BYTES];
};

static int line_read(
	struct reading *r, struct rpz *s, uint64_t number, const char *line, size_t len)
{
	struct zone *z = &s->z;
	struct word w[WORDS_MAX], type, data;
	bool blank, going_on = z->parentheses > 0;
	size_t n = words(line, len, w, &blank, z);
	if (n == 0 || going_on)
		return 0;
	if (w[0].p[0] == '$') {
		if (is(&w[0], "$ORIGIN") && n > 1 && absolute(z, &w[1], z->owner)) {
			memcpy(z->origin, z->owner, sizeof(z->origin));
			z->origin_known = z->named = true;
		} else if (is(&w[0], "$INCLUDE") || is(&w[0], "$GENERATE")) {
			tell(r, number, SL_REFUSED, "NOT_SUPPORTED",
				"$INCLUDE and $GENERATE are not followed.", "");
		}
		z->owner_known = false;
		return 0;
	}
	if (!blank)
		z->owner_known = absolute(z, &w[0], z->owner);
	if (!z->owner_known || !record(w, n, blank ? 0 : 1, &type, &data))
		return 0;
	if (!is(&type, "SOA") && strcmp(s->last, z->owner) == 0)
		return 0;
	memcpy(s->last, z->owner, sizeof(s->last));
	return record_use(r, z, number, &type, &data);
}

/* Reads a line by itself. */
static int line_alone(
	struct reading *r, struct rpz *s, uint64_t number, const char *line, size_t len)
{
	int rc = line_read(r, s, number, line, len);
	if (s->z.parentheses > 0)
		tell(r, number, SL_REFUSED, "UNBALANCED",
			"A parenthesis in it is never closed; the lines after it are read anew.",
			"");
	s->z.parentheses = 0;
	return rc;
}

/* The parenthesis is not closed by any line within reach: those behind it are lines of their own.
 */
static int open_again(struct reading *r, struct rpz *s)
{
	int rc = 0;
	const char *at = s->text, *upto = s->text + s->len, *end;
	if (s->z.parentheses == 0)
		return 0;
	(void)line_alone(r, s, s->open_line, "", 0); /* which only tells it */
	for (uint64_t n = s->open_line + 1; rc == 0 && at < upto; n++, at = end + 1) {
		end = memchr(at, '\n', (size_t)(upto - at));
		rc = line_alone(r, s, n, at, (size_t)(end - at));
	}
	return rc;
}

static int line_next(
	struct reading *r, struct rpz *s, uint64_t number, const char *line, size_t len)
{
	bool open = s->z.parentheses > 0;
	if (open && (s->lines == RECORD_LINES_MAX || s->len + len + 1 > sizeof(s->text))) {
		int rc = open_again(r, s);
		return rc < 0 ? rc : line_next(r, s, number, line, len);
	}
	int rc = line_read(r, s, number, line, len);
	if (!open) {
		s->open_line = number;
		s->lines = 0;
		s->len = 0;
		return rc;
	}
	memcpy(s->text + s->len, line, len);
	s->text[s->len + len] = '\n';
	s->len += len + 1;
	s->lines++;
	return rc;
}

int rpz_read(struct reading *r)
{
	struct lines l;
	const char *line;
	size_t len;
	bool cut;
	struct rpz *s = calloc(1, sizeof(*s));
	int rc = lines_init(&l, r->in);
	if (s == NULL)
		rc = -ENOMEM;
	while (rc == 0 && (rc = lines_next(&l, &line, &len, &cut)) == 0 && line != NULL) {
		if (!cut) {
			rc = line_next(r, s, l.number, line, len);
			continue;
		}
		rc = open_again(r, s);
		reading_refuse(
			r, l.number, "", "LINE_TOO_LONG", "The line is longer than 64 KiB.", "");
	}
	if (rc == 0)
		rc = open_again(r, s);
	lines_fini(&l);
	free(s);
	return rc;
}
