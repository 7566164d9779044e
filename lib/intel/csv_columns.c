/* SPDX-License-Identifier: BSD-3-Clause */
/* csv_columns.c - which column of a table is what: by its header, which may be the last line of the
 * comment in front (abuse.ch), or by what its rows hold. Control threads.
 *
 * Header-less forms that are read: VALUE,anything,... and TYPE,VALUE. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "csv.h"

#define NAME_BYTES 64

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
	{ "first_seen", COL_FIRST_SEEN },
	{ "first seen", COL_FIRST_SEEN },
	{ "firstseen", COL_FIRST_SEEN },
	{ "first_seen_utc", COL_FIRST_SEEN },
	{ "observed_date", COL_FIRST_SEEN },
	{ "date", COL_FIRST_SEEN },
	{ "last_seen", COL_LAST_SEEN },
	{ "last seen", COL_LAST_SEEN },
	{ "lastseen", COL_LAST_SEEN },
	{ "last_seen_utc", COL_LAST_SEEN },
	{ "last_online", COL_LAST_SEEN },
	{ "meta.last_seen", COL_LAST_SEEN },
	{ "dateadded", COL_WRITTEN },
	{ "date_added", COL_WRITTEN },
	{ "listingdate", COL_WRITTEN },
	{ "created", COL_WRITTEN },
	{ "creation date", COL_WRITTEN },
	{ "modified", COL_WRITTEN },
	{ "published", COL_WRITTEN },
	{ "timegenerated", COL_WRITTEN },
	{ "match", COL_MATCH },
	{ "where", COL_WHERE },
	{ "port", COL_PORT },
	{ "dst_port", COL_PORT },
	{ "dstport", COL_PORT },
	{ "signature", COL_NAME },
	{ "listingreason", COL_NAME },
	{ "threat", COL_NAME },
	{ "to_ids", COL_TO_IDS },
	{ "pattern", COL_PATTERN },
	{ "stix_pattern", COL_PATTERN },
};

/* Splits a record in place, quotes undone. Returns the number of fields. */
size_t csv_split(char *p, size_t len, char delimiter, struct field *out)
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

static bool named(const struct field *f, char name[NAME_BYTES])
{
	if (f->len >= NAME_BYTES)
		return false;
	memcpy(name, f->p, f->len);
	name[f->len] = '\0';
	return true;
}

static bool is_hash(const struct type_name *type)
{
	return type->type == SL_TYPE_FILE && type->where != NULL &&
	       (strcmp(type->where, "file.md5") == 0 || strncmp(type->where, "file.sha", 8) == 0);
}

/* The first column whose name is a type has the values; hashes may have several columns, as any one
 * of them is the file. SSLBL calls a certificate's hash "SHA1". */
static void types_read(const struct field *f, size_t n, struct table *t)
{
	char name[NAME_BYTES];
	bool hashes = false, certificates = false;
	for (size_t i = 0; i < n; i++)
		certificates |= named(&f[i], name) && strcasecmp(name, "listingreason") == 0;
	for (size_t i = 0; i < n; i++) {
		const struct type_name *type = named(&f[i], name) ? type_name_find(name) : NULL;
		if (type == NULL || type->kind != TYPE_SEEN)
			continue;
		if (certificates && type->where != NULL && strcmp(type->where, "file.sha1") == 0)
			type = type_name_find("cert-sha1");
		if (t->at[COL_VALUE] == 0) {
			t->at[COL_VALUE] = i + 1;
			t->type = type->text;
			hashes = is_hash(type);
		} else if (hashes && is_hash(type) && t->more < MORE_MAX) {
			t->also[t->more].at = i + 1;
			t->also[t->more++].type = type->text;
		}
	}
}

/* A header names a column of values, or one whose name is a type; a row "MD5,d41d..." is none. */
bool csv_header(const struct field *f, size_t n, struct table *t)
{
	char name[NAME_BYTES];
	memset(t->at, 0, sizeof(t->at));
	t->type = NULL;
	t->more = 0;
	for (size_t i = 0; i < n; i++)
		if (named(&f[i], name))
			header_column(t, i + 1, name);
	if (t->at[COL_DATA] != 0) {
		if (t->at[COL_TYPE] == 0)
			t->at[COL_TYPE] = t->at[COL_VALUE];
		t->at[COL_VALUE] = t->at[COL_DATA];
	}
	bool row = false;
	for (size_t i = 0; i < n; i++)
		row |= is_value(&f[i]);
	if (t->at[COL_VALUE] == 0 && !row && t->at[COL_PATTERN] == 0)
		types_read(f, n, t);
	t->header = t->at[COL_VALUE] != 0 || t->at[COL_PATTERN] != 0;
	return t->header;
}

bool csv_comment(const char *line, size_t len)
{
	return len == 0 || line[0] == '#' || line[0] == ';' ||
	       (len > 1 && line[0] == '/' && line[1] == '/');
}

/* "#fields<tab>indicator..." is how Zeek writes a header. */
size_t csv_fields_word(const char *line, size_t len)
{
	return len > 8 && memcmp(line, "#fields\t", 8) == 0 ? 8 : 0;
}

struct tally {
	struct table *t;
	struct table said; /* the header that the comment's last line may be */
	size_t said_columns; /* 0: it was none */
	char delimiter;
	size_t lines, values, typed;
	bool headed, tried;
};

/* "# id,dateadded,url" */
static void comment_line(struct tally *t, const char *line, size_t len)
{
	struct field f[COLUMNS_MAX];
	char copy[HEADER_BYTES];
	t->said_columns = 0;
	while (len > 0 && (line[0] == '#' || line[0] == ' ')) {
		line++;
		len--;
	}
	if (len == 0 || len >= sizeof(copy))
		return;
	memcpy(copy, line, len);
	size_t n = csv_split(copy, len, t->delimiter, f);
	if (n > 1 && csv_header(f, n, &t->said))
		t->said_columns = n;
}

/* The first line that is no comment: whether it, or the comment before it, is a header. */
static bool first_line(struct tally *t, const struct field *f, size_t n)
{
	t->tried = true;
	if (t->said_columns == n) {
		*t->t = t->said;
		t->t->delimiter = t->delimiter;
		t->t->header_is_comment = true;
		return t->headed = true;
	}
	if (!csv_header(f, n, t->t))
		return false;
	t->headed = n > 1 || !is_value(&f[0]);
	return true;
}

static void tally_line(void *arg, const char *line, size_t len)
{
	struct tally *t = arg;
	struct field f[COLUMNS_MAX];
	char copy[HEADER_BYTES], name[NAME_BYTES];
	size_t skip = csv_fields_word(line, len);
	if (t->headed)
		return;
	if (skip == 0 && csv_comment(line, len)) {
		if (!t->tried && len > 1)
			comment_line(t, line, len);
		return;
	}
	if (len >= sizeof(copy))
		return;
	memcpy(copy, line + skip, len - skip);
	size_t n = csv_split(copy, len - skip, t->delimiter, f);
	if (!t->tried && first_line(t, f, n)) {
		t->t->zeek = skip > 0;
		return;
	}
	t->lines++;
	if (n < 2)
		return;
	t->values += is_value(&f[0]);
	if (is_value(&f[1]) && named(&f[0], name))
		t->typed += type_name_find(name) != NULL;
}

bool csv_table_find(const char *head, size_t len, bool whole, struct table *out)
{
	for (const char *d = ",;\t"; *d != '\0'; d++) {
		*out = (struct table){ .delimiter = *d };
		struct tally t = { .t = out, .delimiter = *d };
		head_lines(head, len, whole, tally_line, &t);
		if (t.headed)
			return true;
		*out = (struct table){ .delimiter = *d };
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

/* ---- Described by the operator ---- */

/* "\t" stands for a tab. */
static size_t unescaped(const char *header, char *out)
{
	size_t n = 0;
	for (const char *p = header; *p != '\0'; p++) {
		bool tab = p[0] == '\\' && p[1] == 't';
		out[n++] = tab ? '\t' : *p;
		p += tab;
	}
	return n;
}

static bool is_used(const struct table *t, size_t number)
{
	for (unsigned i = 0; i < COL_COUNT; i++)
		if (t->at[i] == number)
			return true;
	for (size_t i = 0; i < t->more; i++)
		if (t->also[i].at == number)
			return true;
	return false;
}

static bool is_column(const char *name)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcasecmp(name, columns[i].name) == 0)
			return true;
	const struct type_name *type = type_name_find(name);
	return type != NULL && type->kind == TYPE_SEEN;
}

/* Every name of a description means something, or is left out by "-". */
static bool names_good(
	const struct table *t, const struct field *f, size_t n, char *why, size_t why_len)
{
	char name[NAME_BYTES];
	for (size_t i = 0; i < n; i++) {
		bool fits = named(&f[i], name);
		if (fits && (name[0] == '\0' || strcmp(name, "-") == 0))
			continue;
		if (!fits || !is_column(name)) {
			snprintf(why, why_len,
				"csv_header: \"%.*s\" is no column; say value, type, id, name, "
				"source, confidence, severity, tags, tlp, valid_from, valid_until, "
				"port, to_ids, pattern, a type such as ip, domain, url or sha256, "
				"or - for one that is not read",
				(int)(f[i].len < 60 ? f[i].len : 60), f[i].p);
			return false;
		}
		if (!is_used(t, i + 1)) {
			snprintf(why, why_len,
				"csv_header: \"%s\" is said by another column already; say - for "
				"it (only hashes may have several columns)",
				name);
			return false;
		}
	}
	return true;
}

bool csv_table_described(const char *header, struct table *out, char *why, size_t why_len)
{
	struct field f[COLUMNS_MAX];
	char copy[HEADER_BYTES];
	if (strlen(header) >= sizeof(copy)) {
		snprintf(why, why_len, "csv_header: it is longer than 4 KiB");
		return false;
	}
	size_t len = unescaped(header, copy);
	char delimiter = memchr(copy, '\t', len) != NULL  ? '\t'
			 : memchr(copy, ';', len) != NULL ? ';'
							  : ',';
	*out = (struct table){ .delimiter = delimiter };
	size_t n = csv_split(copy, len, delimiter, f);
	bool found = csv_header(f, n, out);
	if (!names_good(out, f, n, why, why_len))
		return false;
	if (!found)
		snprintf(why, why_len,
			"csv_header: no column has the values; call it value, or by their type "
			"(ip, domain, url, sha256)");
	return found;
}

/* Values that can be told from a word. */
static bool has_shape(const struct type_name *type)
{
	if (type->where != NULL)
		return strstr(type->where, "md5") != NULL || strstr(type->where, "sha") != NULL ||
		       strncmp(type->where, "ja3", 3) == 0;
	return type->type == SL_TYPE_NONE || type->type == SL_TYPE_IPV4 ||
	       type->type == SL_TYPE_IPV6 || type->type == SL_TYPE_MAC ||
	       type->type == SL_TYPE_DOMAIN || type->type == SL_TYPE_URL ||
	       type->type == SL_TYPE_EMAIL || type->type == SL_TYPE_FILE ||
	       type->type == SL_TYPE_CERT;
}

bool csv_own_header(const struct table *t, const char *record, size_t len)
{
	struct field f[COLUMNS_MAX];
	char copy[HEADER_BYTES], name[NAME_BYTES];
	size_t value = t->at[COL_VALUE], type = t->at[COL_TYPE];
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, record, len);
	size_t n = csv_split(copy, len, t->delimiter, f);
	if (value == 0 || value > n || f[value - 1].len == 0 || is_value(&f[value - 1]))
		return false;
	if (type > 0)
		return type <= n && !(named(&f[type - 1], name) && type_name_find(name) != NULL);
	return t->type == NULL || has_shape(type_name_find(t->type));
}

bool csv_recognise(const char *head, size_t len, bool whole)
{
	struct table t;
	return csv_table_find(head, len, whole, &t);
}
