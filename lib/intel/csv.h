/* SPDX-License-Identifier: BSD-3-Clause */
/* csv.h - private to lib/intel: a table's columns (csv_columns.c) and its records (csv_reader.c).
 * Control threads. */
#ifndef SL_INTEL_CSV_H
#define SL_INTEL_CSV_H

#include "reading.h"

#define COLUMNS_MAX 64
#define MORE_MAX 4
#define HEADER_BYTES 4096 /* a line that is longer is no header */

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
	COL_FIRST_SEEN,
	COL_LAST_SEEN,
	COL_WRITTEN,
	COL_MATCH,
	COL_WHERE,
	COL_TO_IDS,
	COL_PATTERN, /* of STIX, instead of a value */
	COL_PORT, /* of the address beside it */
	COL_COUNT
};

struct field {
	char *p;
	size_t len;
};

struct table {
	char delimiter;
	bool header;
	bool header_is_comment; /* there is none among the records */
	bool zeek; /* "-" is nothing, and a name means itself only */
	size_t at[COL_COUNT]; /* column's number from 1; 0: none */
	const char *type; /* of the value column, where its name is one */
	struct {
		size_t at;
		const char *type;
	} also[MORE_MAX]; /* further columns of values */
	size_t more;
};

/* Splits a record in place, quotes undone. Returns the number of fields, COLUMNS_MAX at most. */
size_t csv_split(char *p, size_t len, char delimiter, struct field *out);
/* A header names a column of values, or one whose name is a type. */
bool csv_header(const struct field *f, size_t n, struct table *t);
/* The table that the operator describes by a header, which gives the delimiter as well: "\\t" is a
 * tab, "-" a column that is not read. False: *why says which word is wrong, and what to say. */
bool csv_table_described(const char *header, struct table *out, char *why, size_t why_len);
/* Whether the first record of a described table is a header of its own: what should be a value is
 * none. */
bool csv_own_header(const struct table *t, const char *record, size_t len);
/* What table the first bytes begin. */
bool csv_table_find(const char *head, size_t len, bool whole, struct table *out);
bool csv_comment(const char *line, size_t len);
/* "#fields<tab>indicator..." is how Zeek writes a header: the bytes of the word, or 0. */
size_t csv_fields_word(const char *line, size_t len);

#endif
