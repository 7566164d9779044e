/* SPDX-License-Identifier: BSD-3-Clause */
/* csv_reader.c - tables: RFC 4180 with ',', ';' or tab, columns by their header, or without one
 * where a column speaks for itself. Control threads.
 *
 * Header-less forms that are read: VALUE,anything,... and TYPE,VALUE. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reading.h"

#define COLUMNS_MAX 64
#define JOINED_LINES_MAX 1024

enum column {
	COL_NONE,
	COL_VALUE,
	COL_DATA, /* a value, and what is called "indicator" beside it the type */
	COL_TYPE,
	COL_ID,
	COL_NAME,
	COL_SOURCE,
	COL_CONFIDENCE,
	COL_SEVERITY,
	COL_LABELS,
	COL_TLP,
	COL_FROM,
	COL_UNTIL,
	COL_MATCH,
	COL_WHERE,
	COL_TO_IDS,
	COL_PATTERN, /* of STIX, instead of a value */
	COL_COUNT
};

/* A column whose name is a type holds values of that type; a list of these has no further type. */
static const struct {
	const char *name;
	enum column column;
} columns[] = {
	{ "data", COL_DATA },
	{ "note", COL_NAME },
	{ "notes", COL_NAME },
	{ "value", COL_VALUE },
	{ "indicator", COL_VALUE },
	{ "ioc", COL_VALUE },
	{ "ioc_value", COL_VALUE },
	{ "indicator_value", COL_VALUE },
	{ "observable", COL_VALUE },
	{ "type", COL_TYPE },
	{ "indicator_type", COL_TYPE },
	{ "ioc_type", COL_TYPE },
	{ "indicatortype", COL_TYPE },
	{ "observable_type", COL_TYPE },
	{ "id", COL_ID },
	{ "uuid", COL_ID },
	{ "ioc_id", COL_ID },
	{ "name", COL_NAME },
	{ "title", COL_NAME },
	{ "description", COL_NAME },
	{ "comment", COL_NAME },
	{ "info", COL_NAME },
	{ "malware", COL_NAME },
	{ "malware_printable", COL_NAME },
	{ "meta.desc", COL_NAME },
	{ "source", COL_SOURCE },
	{ "feed", COL_SOURCE },
	{ "meta.source", COL_SOURCE },
	{ "confidence", COL_CONFIDENCE },
	{ "confidence_level", COL_CONFIDENCE },
	{ "severity", COL_SEVERITY },
	{ "labels", COL_LABELS },
	{ "tags", COL_LABELS },
	{ "tlp", COL_TLP },
	{ "valid_from", COL_FROM },
	{ "valid from", COL_FROM },
	{ "valid_until", COL_UNTIL },
	{ "valid until", COL_UNTIL },
	{ "end of validity", COL_UNTIL },
	{ "expiration", COL_UNTIL },
	{ "match", COL_MATCH },
	{ "where", COL_WHERE },
	{ "to_ids", COL_TO_IDS },
	{ "pattern", COL_PATTERN },
	{ "stix_pattern", COL_PATTERN },
};

struct field {
	char *p;
	size_t len;
};

struct table {
	char delimiter;
	bool header;
	size_t at[COL_COUNT]; /* column's number from 1; 0: none */
	const char *type; /* of the value column, where its name is one */
};

/* Splits a record in place, quotes undone. Returns the number of fields. */
static size_t split(char *p, size_t len, char delimiter, struct field *out)
{
	size_t n = 0, i = 0;
	for (;;) {
		while (i < len && p[i] == ' ')
			i++;
		bool quoted = i < len && p[i] == '"', inside = quoted;
		i += quoted;
		char *to = p + i;
		struct field f = { to, 0 };
		for (; i < len && (inside || p[i] != delimiter); i++) {
			if (quoted && p[i] == '"') {
				if (!inside || i + 1 == len || p[i + 1] != '"') {
					inside = !inside;
					continue;
				}
				i++;
			}
			*to++ = p[i];
		}
		f.len = (size_t)(to - f.p);
		while (f.len > 0 && (f.p[f.len - 1] == ' ' || f.p[f.len - 1] == '\t'))
			f.len--;
		if (n < COLUMNS_MAX)
			out[n++] = f;
		if (i >= len)
			return n;
		i++;
	}
}

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

static void header_column(struct table *t, size_t number, const char *name)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcasecmp(name, columns[i].name) == 0) {
			if (t->at[columns[i].column] == 0)
				t->at[columns[i].column] = number;
			return;
		}
}

static bool is_value(const struct field *f)
{
	char plain[SL_VALUE_MAX];
	bool changed;
	size_t len = f->len < sizeof(plain)
			     ? sl_refang(f->p, f->len, plain, sizeof(plain), &changed)
			     : 0;
	return shape_of(plain, len) != SHAPE_NONE;
}

/* A header names a column of values, or one whose name is a type; a row "MD5,d41d..." is none. */
static bool header_read(const struct field *f, size_t n, struct table *t)
{
	char name[64];
	memset(t->at, 0, sizeof(t->at));
	t->type = NULL;
	for (size_t i = 0; i < n; i++) {
		if (f[i].len >= sizeof(name))
			continue;
		memcpy(name, f[i].p, f[i].len);
		name[f[i].len] = '\0';
		header_column(t, i + 1, name);
	}
	if (t->at[COL_DATA] != 0) {
		if (t->at[COL_TYPE] == 0)
			t->at[COL_TYPE] = t->at[COL_VALUE];
		t->at[COL_VALUE] = t->at[COL_DATA];
	}
	bool row = false;
	for (size_t i = 0; i < n; i++)
		row |= is_value(&f[i]);
	for (size_t i = 0; i < n && t->at[COL_VALUE] == 0 && !row; i++) {
		if (f[i].len >= sizeof(name))
			continue;
		memcpy(name, f[i].p, f[i].len);
		name[f[i].len] = '\0';
		const struct type_name *type = type_name_find(name);
		if (type != NULL && type->kind == TYPE_SEEN) {
			t->at[COL_VALUE] = i + 1;
			t->type = type->text;
		}
	}
	t->header = t->at[COL_VALUE] != 0 || (t->at[COL_PATTERN] != 0 && !row);
	return t->header;
}

static bool comment(const char *line, size_t len)
{
	return len == 0 || line[0] == '#' || line[0] == ';' ||
	       (len > 1 && line[0] == '/' && line[1] == '/');
}

/* "#fields<tab>indicator..." is how Zeek writes a header. */
static size_t fields_word(const char *line, size_t len)
{
	return len > 8 && memcmp(line, "#fields\t", 8) == 0 ? 8 : 0;
}

struct tally {
	struct table *t;
	char delimiter;
	size_t lines, values, typed;
	bool headed, tried;
};

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct field f[COLUMNS_MAX];
	char copy[4096], name[64];
	size_t skip = fields_word(line, len);
	if (t->headed || len >= sizeof(copy) || (skip == 0 && comment(line, len)))
		return;
	memcpy(copy, line + skip, len - skip);
	size_t n = split(copy, len - skip, t->delimiter, f);
	if (!t->tried && header_read(f, n, t->t)) {
		t->headed = n > 1 || !is_value(&f[0]);
		return;
	}
	t->tried = true;
	t->lines++;
	if (n < 2)
		return;
	t->values += is_value(&f[0]);
	if (f[0].len < sizeof(name) && is_value(&f[1])) {
		memcpy(name, f[0].p, f[0].len);
		name[f[0].len] = '\0';
		t->typed += type_name_find(name) != NULL;
	}
}

static bool table_find(const char *head, size_t len, bool whole, struct table *out)
{
	for (const char *d = ",;\t"; *d != '\0'; d++) {
		*out = (struct table){ .delimiter = *d };
		struct tally t = { .t = out, .delimiter = *d };
		head_lines(head, len, whole, tally_line, &t);
		if (t.headed)
			return true;
		out->header = false;
		memset(out->at, 0, sizeof(out->at));
		out->type = NULL;
		if (t.values > 0 && t.values * 10 >= t.lines * 7) {
			out->at[COL_VALUE] = 1;
			if (*d != '\t') {
				out->at[COL_NAME] = 2;
				out->at[COL_SOURCE] = 3;
			}
			return true;
		}
		if (t.typed > 0 && t.typed * 10 >= t.lines * 7) {
			out->at[COL_TYPE] = 1;
			out->at[COL_VALUE] = 2;
			return true;
		}
	}
	return false;
}

bool csv_recognise(const char *head, size_t len, bool whole)
{
	struct table t;
	return table_find(head, len, whole, &t);
}

static const char *cell(const struct table *t, struct field *f, size_t n, enum column c)
{
	size_t at = t->at[c];
	if (at == 0 || at > n || f[at - 1].len == 0)
		return NULL;
	f[at - 1].p[f[at - 1].len] = '\0'; /* there is a delimiter, a quote or the end's zero */
	return f[at - 1].p;
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
	d->name = cell(t, f, n, COL_NAME);
	d->source = cell(t, f, n, COL_SOURCE);
	d->severity = cell(t, f, n, COL_SEVERITY);
	d->labels = cell(t, f, n, COL_LABELS);
	d->confidence = confidence_of(cell(t, f, n, COL_CONFIDENCE));
	d->valid_from = cell(t, f, n, COL_FROM);
	d->valid_until = cell(t, f, n, COL_UNTIL);
	d->match = cell(t, f, n, COL_MATCH);
	d->where = cell(t, f, n, COL_WHERE);
	d->tlp = tlp_cell(cell(t, f, n, COL_TLP));
}

static int record_read(struct reading *r, const struct table *t, char *p, size_t len, uint64_t line)
{
	struct field f[COLUMNS_MAX];
	size_t n = split(p, len, t->delimiter, f);
	struct draft d = { .line = line };
	bool empty = true;
	for (size_t i = 0; i < n; i++)
		empty &= f[i].len == 0;
	if (empty) /* as spreadsheets leave them */
		return 0;
	draft_fill(t, f, n, &d);
	const char *to_ids = cell(t, f, n, COL_TO_IDS);
	const char *pattern = cell(t, f, n, COL_PATTERN);
	bool used = to_ids == NULL || strcmp(to_ids, "0") != 0;
	if (used && pattern != NULL && d.value[0] == '\0')
		return pattern_add(r, &d, pattern, f[t->at[COL_PATTERN] - 1].len);
	if (used)
		return draft_add(r, &d);
	struct sl_finding c = { .line = line,
		.id = d.id,
		.verdict = SL_CONTEXT,
		.code = "NOT_FOR_DETECTION",
		.reason = "The feed says so (to_ids is 0).",
		.part = d.value };
	reading_tell(r, &c);
	return 0;
}

struct csv {
	struct reading *r;
	struct table table;
	struct lines lines;
	char *record; /* one more than a line for its zero */
	size_t len;
	uint64_t line;
	bool headed;
};

/* One record, which may be several lines. 1: there is one; 0: the end; -errno. */
static int record_next(struct csv *c)
{
	const char *line;
	size_t len;
	bool cut;
	unsigned joined = 0;
	struct quotes q = { .begin = true };
	c->len = 0;
	for (;;) {
		int rc = lines_next(&c->lines, &line, &len, &cut);
		if (rc < 0)
			return rc;
		if (line == NULL)
			return joined > 0;
		if (joined == 0)
			c->line = c->lines.number;
		if (cut || c->len + len + 1 > LINE_MAX_BYTES || ++joined > JOINED_LINES_MAX) {
			reading_refuse(c->r, c->line, "", "LINE_TOO_LONG",
				"The record is longer than 64 KiB, or a quote in it never ends.",
				"");
			c->len = joined = 0;
			q = (struct quotes){ .begin = true };
			continue;
		}
		if (joined > 1)
			c->record[c->len++] = '\n';
		memcpy(c->record + c->len, line, len);
		c->len += len;
		c->record[c->len] = '\0';
		quotes_follow(&q, line, len, c->table.delimiter);
		if (!q.inside)
			return 1;
	}
}

static int records_read(struct csv *c)
{
	int rc;
	while ((rc = record_next(c)) > 0) {
		size_t skip = c->headed ? 0 : fields_word(c->record, c->len);
		if (skip == 0 && comment(c->record, c->len))
			continue;
		if (!c->headed && c->table.header) {
			c->headed = true;
			continue;
		}
		c->headed = true;
		rc = record_read(c->r, &c->table, c->record, c->len, c->line);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int csv_read(struct reading *r)
{
	struct csv c = { .r = r };
	size_t got = 0;
	char *head = malloc(PEEK_BYTES);
	c.record = malloc(LINE_MAX_BYTES + 1);
	int rc = head != NULL && c.record != NULL ? lines_init(&c.lines, r->in) : -1;
	if (rc == 0) {
		rc = sl_input_peek(r->in, head, PEEK_BYTES, &got);
		table_find(head, got, got < PEEK_BYTES, &c.table);
		if (rc == 0)
			rc = records_read(&c);
		lines_fini(&c.lines);
	}
	free(c.record);
	free(head);
	return rc;
}
