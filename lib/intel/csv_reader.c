/* SPDX-License-Identifier: BSD-3-Clause */
/* csv_reader.c - tables: RFC 4180 with ',', ';' or tab. Control threads. A record may be several
 * lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "csv.h"

#define JOINED_LINES_MAX 1024
#define STRAYS_MAX 64

/* Where a record stands: inside of quotes, or where a field may begin. */
struct quotes {
	bool inside, begin;
};

static void quotes_follow(struct quotes *q, const char *p, size_t len, char delimiter)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"' && (q->inside || q->begin))
			q->inside = !q->inside;
		/* A doubled quote leaves and enters again; what follows one is still the field. */
		q->begin = !q->inside &&
			   (p[i] == delimiter || p[i] == '"' || (q->begin && p[i] == ' '));
	}
}

static const char *cell_at(const struct table *t, struct field *f, size_t n, size_t at)
{
	if (at == 0 || at > n || f[at - 1].len == 0)
		return NULL;
	f[at - 1].p[f[at - 1].len] = '\0'; /* there is a delimiter, a quote or the end's zero */
	bool unset = t->zeek && strcmp(f[at - 1].p, "-") == 0;
	return unset ? NULL : f[at - 1].p;
}

/* What abuse.ch writes where it has nothing. */
static const char *said(const char *text)
{
	return text != NULL && (strcmp(text, "None") == 0 || strcmp(text, "n/a") == 0) ? NULL
										       : text;
}

static const char *cell(const struct table *t, struct field *f, size_t n, enum column c)
{
	return cell_at(t, f, n, t->at[c]);
}

static uint8_t confidence_of(const char *text)
{
	char *end;
	if (text == NULL)
		return SL_CONFIDENCE_NONE;
	unsigned long v = strtoul(text, &end, 10);
	return end != text && (*end == '\0' || *end == '%') && v <= 100 ? (uint8_t)v
									: SL_CONFIDENCE_NONE;
}

static enum sl_tlp tlp_cell(const char *text)
{
	enum sl_tlp t = text != NULL ? tlp_of_text(text) : SL_TLP_NONE;
	/* What isn't understood is kept close. */
	return text != NULL && t == SL_TLP_NONE ? SL_TLP_AMBER_STRICT : t;
}

static void draft_fill(const struct table *t, struct field *f, size_t n, struct draft *d)
{
	d->type = t->type;
	d->value = cell(t, f, n, COL_VALUE);
	d->value_len = d->value != NULL ? f[t->at[COL_VALUE] - 1].len : 0;
	if (d->value == NULL)
		d->value = "";
	if (t->at[COL_TYPE] != 0)
		d->type = cell(t, f, n, COL_TYPE);
	d->id = cell(t, f, n, COL_ID);
	d->name = said(cell(t, f, n, COL_NAME));
	d->source = cell(t, f, n, COL_SOURCE);
	d->severity = cell(t, f, n, COL_SEVERITY);
	d->labels = said(cell(t, f, n, COL_LABELS));
	d->confidence = confidence_of(cell(t, f, n, COL_CONFIDENCE));
	d->valid_from = cell(t, f, n, COL_FROM);
	d->valid_until = cell(t, f, n, COL_UNTIL);
	d->first_seen = cell(t, f, n, COL_FIRST_SEEN);
	d->last_seen = cell(t, f, n, COL_LAST_SEEN);
	d->written = cell(t, f, n, COL_WRITTEN);
	d->match = cell(t, f, n, COL_MATCH);
	d->where = cell(t, f, n, COL_WHERE);
	d->tlp = tlp_cell(cell(t, f, n, COL_TLP));
	d->below = t->zeek ? SL_BELOW_NO : SL_BELOW_MARKED;
}

/* 1 to 65535, or 0. */
static unsigned port_number(const char *port)
{
	size_t len = strlen(port);
	unsigned long v =
		strspn(port, "0123456789") == len && len < 8 ? strtoul(port, NULL, 10) : 0;
	return v <= 65535 ? (unsigned)v : 0;
}

static enum shape shape_plain(const struct draft *d)
{
	char plain[SL_VALUE_MAX];
	bool changed;
	size_t n = d->value_len < sizeof(plain)
			   ? sl_refang(d->value, d->value_len, plain, sizeof(plain), &changed)
			   : 0;
	return shape_of(plain, n);
}

/* An end of a flow with its port beside it is both, on one flow. */
static int port_add(struct reading *r, const struct draft *d, enum shape s, const char *port)
{
	char text[SL_VALUE_MAX + 16];
	unsigned number = port_number(port);
	bool six = s == SHAPE_ADDR && memchr(d->value, ':', d->value_len) != NULL;
	struct draft joined = *d;
	if (number == 0) {
		reading_refuse(r, d->line, d->id, "BAD_VALUE",
			"The port beside the value is none (1 to 65535); leave it empty where any "
			"is meant.",
			port);
		return 0;
	}
	if (s == SHAPE_PREFIX)
		return network_port_add(r, d, number);
	int n = snprintf(text, sizeof(text), six ? "[%s]:%u" : "%s:%u", d->value, number);
	joined.value = text;
	joined.value_len = n > 0 && (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	return draft_add(r, &joined);
}

/* "md5;sha1;sha256": the hashes of one file in one cell, of which any one is the file. */
static bool several_hashes(const struct draft *d)
{
	size_t pieces = 0;
	for (const char *at = d->value, *end = at + d->value_len; at <= end;) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		stop = stop != NULL ? stop : end;
		if (shape_of(at, (size_t)(stop - at)) != SHAPE_HASH)
			return false;
		pieces++;
		at = stop + 1;
	}
	return pieces > 1;
}

static int hashes_add(struct reading *r, const struct draft *d)
{
	const char *end = d->value + d->value_len;
	struct draft one = *d;
	int rc = 0;
	for (const char *at = d->value; rc == 0 && at <= end; at += one.value_len + 1) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		one.value = at;
		one.value_len = (size_t)((stop != NULL ? stop : end) - at);
		rc = draft_add(r, &one);
	}
	return rc;
}

/* "[ipv4-addr:value = '192.0.2.1']" */
static bool is_pattern(const struct draft *d)
{
	return d->value_len > 4 && d->value[0] == '[' && d->value[d->value_len - 1] == ']' &&
	       memchr(d->value, ':', d->value_len) != NULL &&
	       memmem(d->value, d->value_len, " = ", 3) != NULL;
}

static int value_add(struct reading *r, const struct draft *d, const char *port)
{
	enum shape s = port != NULL ? shape_plain(d) : SHAPE_NONE;
	if (s == SHAPE_ADDR || s == SHAPE_DOMAIN || s == SHAPE_PREFIX)
		return port_add(r, d, s, port);
	if (is_pattern(d)) {
		struct draft meta = *d;
		meta.type = NULL;
		meta.value = "";
		meta.value_len = 0;
		return pattern_add(r, &meta, d->value, d->value_len);
	}
	return several_hashes(d) ? hashes_add(r, d) : draft_add(r, d);
}

/* The values of a record: one, or those of its further columns as well. A row without any says
 * nothing about what is looked for. */
static int values_add(struct reading *r, const struct table *t, struct field *f, size_t n,
	const struct draft *row)
{
	struct draft one = *row, *d = &one;
	if (d->type == NULL)
		d->type = type_by_path(r->path, d->value, d->value_len);
	bool any = d->value_len > 0 || t->at[COL_TYPE] != 0; /* with a type: a fault */
	const char *port = cell(t, f, n, COL_PORT);
	int rc = any ? value_add(r, d, port != NULL && !says_no_port(port) ? port : NULL) : 0;
	for (size_t i = 0; rc == 0 && i < t->more; i++) {
		const char *value = said(cell_at(t, f, n, t->also[i].at));
		if (value == NULL)
			continue;
		d->value = value;
		d->value_len = strlen(value);
		d->type = t->also[i].type;
		any = true;
		rc = draft_add(r, d);
	}
	if (any)
		return rc;
	struct sl_finding c = { .line = d->line,
		.id = d->id,
		.verdict = SL_CONTEXT,
		.code = "EMPTY",
		.reason = "The row has no value of the kind that the table lists." };
	reading_tell(r, &c);
	return 0;
}

static int record_read(struct reading *r, const struct table *t, char *p, size_t len, uint64_t line)
{
	struct field f[COLUMNS_MAX];
	size_t n = csv_split(p, len, t->delimiter, f);
	struct draft d = { .line = line };
	bool empty = true;
	for (size_t i = 0; i < n; i++)
		empty &= f[i].len == 0;
	if (empty) /* as spreadsheets leave them */
		return 0;
	draft_fill(t, f, n, &d);
	const char *to_ids = cell(t, f, n, COL_TO_IDS);
	const char *pattern = cell(t, f, n, COL_PATTERN);
	bool used =
		to_ids == NULL || !(strcmp(to_ids, "0") == 0 || strcasecmp(to_ids, "false") == 0 ||
					  strcasecmp(to_ids, "no") == 0);
	if (used && pattern != NULL && d.value[0] == '\0') {
		d.below = SL_BELOW_MARKED; /* as STIX's `=` means it */
		return pattern_add(r, &d, pattern, f[t->at[COL_PATTERN] - 1].len);
	}
	if (used)
		return values_add(r, t, f, n, &d);
	struct sl_finding c = { .line = line,
		.id = d.id,
		.verdict = SL_CONTEXT,
		.code = "NOT_FOR_DETECTION",
		.reason = "The feed says so (to_ids is not set).",
		.part = d.value };
	reading_tell(r, &c);
	return 0;
}

#define AHEAD_BYTES (2 * (LINE_MAX_BYTES + 1) + JOINED_LINES_MAX)
#define NO_GAP SIZE_MAX

struct csv {
	struct reading *r;
	struct table table;
	struct lines lines;
	/* Lines that were read and not used, each with its '\n'. */
	char *ahead;
	size_t at, upto;
	size_t gap; /* where one that was too long would stand, an empty one instead */
	uint64_t number; /* of the line at `at` */
	unsigned strays; /* records that a quote never ended */
	/* The record: of lines that were used; behind it there is a zero. */
	char *record;
	size_t len;
	uint64_t line;
	bool headed; /* what comes now is no header */
	bool described; /* by the operator */
};

/* Reads a line more. 1: there was one; 0: the end; -errno. */
static int line_more(struct csv *c)
{
	const char *line;
	size_t len;
	bool cut;
	int rc = lines_next(&c->lines, &line, &len, &cut);
	if (rc < 0 || line == NULL)
		return rc;
	if (c->upto + len + 1 > AHEAD_BYTES) {
		memmove(c->ahead, c->ahead + c->at, c->upto - c->at);
		c->upto -= c->at;
		c->at = 0;
	}
	if (cut) {
		reading_refuse(c->r, c->lines.number, "", "LINE_TOO_LONG",
			"The line is longer than 64 KiB.", "");
		c->gap = c->upto;
	}
	memcpy(c->ahead + c->upto, line, len);
	c->upto += len;
	c->ahead[c->upto++] = '\n';
	return 1;
}

/* The bytes of the lines, the first of them at c->at, that are one record; *joined: how many they
 * are. 0: the quote in the first one is not ended by any within reach, or there is no line; -errno.
 */
static ssize_t record_bytes(struct csv *c, unsigned *joined)
{
	/* Of what has very many of them no line is read twice. */
	unsigned reach = c->strays < STRAYS_MAX ? JOINED_LINES_MAX : 1;
	struct quotes q = { .begin = true };
	size_t took = 0;
	for (*joined = 0; *joined < reach; ++*joined) {
		int rc = c->at + took == c->upto ? line_more(c) : 1;
		if (rc <= 0)
			return rc;
		const char *line = c->ahead + c->at + took;
		const char *end = memchr(line, '\n', c->upto - c->at - took);
		size_t len = (size_t)(end - line);
		if (took + len > LINE_MAX_BYTES || (*joined > 0 && c->at + took == c->gap))
			return 0;
		quotes_follow(&q, line, len, c->table.delimiter);
		took += len + 1;
		if (!q.inside) {
			++*joined;
			return (ssize_t)took;
		}
	}
	return 0;
}

static void first_line_refuse(struct csv *c)
{
	const char *end = memchr(c->ahead + c->at, '\n', c->upto - c->at);
	reading_refuse(c->r, c->number++, "", "LINE_TOO_LONG",
		"The record is longer than 64 KiB, or a quote in it never ends. What follows this "
		"line is read anew.",
		"");
	c->at = (size_t)(end + 1 - c->ahead);
	c->strays++;
}

/* One record, which may be several lines. 1: there is one; 0: the end; -errno. */
static int record_next(struct csv *c)
{
	ssize_t took;
	unsigned joined;
	while ((took = record_bytes(c, &joined)) == 0 && c->at < c->upto)
		first_line_refuse(c);
	if (took <= 0)
		return (int)took;
	if (c->at == c->gap)
		c->gap = NO_GAP;
	c->record = c->ahead + c->at;
	c->len = (size_t)took - 1;
	c->record[c->len] = '\0';
	c->line = c->number;
	c->at += (size_t)took;
	c->number += joined;
	return 1;
}

/* A described table may have a header of its own, which nobody could read. */
static bool own_header(struct csv *c)
{
	if (!csv_own_header(&c->table, c->record, c->len))
		return false;
	struct sl_finding f = { .line = c->line,
		.verdict = SL_CONTEXT,
		.code = "HEADER",
		.reason = "This line has no value where the configuration says that the values "
			  "are: it is taken for the table's header.",
		.part = c->record };
	reading_tell(c->r, &f);
	return true;
}

static int records_read(struct csv *c)
{
	int rc;
	while ((rc = record_next(c)) > 0) {
		size_t skip = c->headed ? 0 : csv_fields_word(c->record, c->len);
		if (skip == 0 && csv_comment(c->record, c->len))
			continue;
		bool first = !c->headed;
		c->headed = true;
		if (first && (c->described ? own_header(c) : c->table.header))
			continue;
		rc = record_read(c->r, &c->table, c->record, c->len, c->line);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* By the description in the configuration, else by itself. */
static bool table_known(struct csv *c, const char *head, size_t len)
{
	const char *described = csv_described(c->r);
	c->described = described != NULL;
	return c->described ? csv_table_described(described, &c->table, NULL, 0)
			    : csv_table_find(head, len, len < PEEK_BYTES, &c->table);
}

int csv_read(struct reading *r)
{
	struct csv c = { .r = r, .gap = NO_GAP, .number = 1 };
	size_t got = 0;
	char *head = malloc(PEEK_BYTES);
	c.ahead = malloc(AHEAD_BYTES);
	int rc = head != NULL && c.ahead != NULL ? lines_init(&c.lines, r->in) : -ENOMEM;
	if (rc == 0) {
		rc = sl_input_peek(r->in, head, PEEK_BYTES, &got);
		if (rc == 0 && table_known(&c, head, got)) {
			c.headed = c.table.header_is_comment;
			rc = records_read(&c);
		}
		lines_fini(&c.lines);
	}
	free(c.ahead);
	free(head);
	return rc;
}
