/* SPDX-License-Identifier: BSD-3-Clause */
/* json.h - JSON in and out. The one door to the JSON library (yajl). Control threads. */
#ifndef SIGHTLINE_JSON_H
#define SIGHTLINE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Out: one object a line into a buffer that grows ---- */

struct sl_json_out;
int sl_json_out_new(struct sl_json_out **out);
void sl_json_out_free(struct sl_json_out *o);
/* Calls in the order of the text. key is NULL inside an array. Text must be UTF-8: bytes that are
 * not become U+FFFD. */
void sl_json_object(struct sl_json_out *o, const char *key);
void sl_json_object_end(struct sl_json_out *o);
void sl_json_array(struct sl_json_out *o, const char *key);
void sl_json_array_end(struct sl_json_out *o);
void sl_json_text(struct sl_json_out *o, const char *key, const char *text, size_t len);
void sl_json_str(struct sl_json_out *o, const char *key, const char *text);
void sl_json_u64(struct sl_json_out *o, const char *key, uint64_t v);
void sl_json_double(struct sl_json_out *o, const char *key, double v);
void sl_json_bool(struct sl_json_out *o, const char *key, bool v);
void sl_json_null(struct sl_json_out *o, const char *key);
/* The text so far, with a newline behind it; the writer is empty again after it. *p is good until
 * its next use. -ENOMEM, or -EINVAL where the calls made no whole value. */
int sl_json_line(struct sl_json_out *o, const char **p, size_t *len);

/* ---- In: a small tree of a bounded piece ---- */

enum sl_json_kind {
	SL_JSON_NULL,
	SL_JSON_BOOL,
	SL_JSON_NUMBER,
	SL_JSON_STRING,
	SL_JSON_ARRAY,
	SL_JSON_OBJECT
};

/* Strings are UTF-8, checked, with a zero behind them (and perhaps inside: len rules). */
struct sl_json {
	enum sl_json_kind kind;
	bool boolean;
	double number;
	int64_t integer; /* where the number was written as one that fits; else the number cut to it
			  */
	bool is_integer;
	const char *text; /* STRING; NUMBER: as it was written */
	size_t len;
	const char *key; /* inside an object */
	uint64_t line; /* where it begins, from 1 */
	const struct sl_json *child, *next; /* ARRAY, OBJECT: members in order */
	size_t count;
};

/* NULL where j is NULL, no object, or has no such member; the last one wins where a key is
 * repeated. */
const struct sl_json *sl_json_get(const struct sl_json *j, const char *key);
/* The member's text where it is a string, else NULL. */
const char *sl_json_get_text(const struct sl_json *j, const char *key);

/* Reads a stream of JSON, handing over each value that stands at `path` as a tree, forgetting it
 * afterwards, so that a bundle of any size takes the memory of its largest object. path: keys
 * joined with '/', '*' for "each element of the array here", '+' for "each member of the object
 * here"; "" is the whole text; e.g. "objects/
 * *" without the blank. Several values that follow each other (JSON lines) are read too. */
struct sl_json_in;
/* Return 0 to go on; anything else stops, and is what feed returns. */
typedef int (*sl_json_fn)(void *arg, const struct sl_json *value);
struct sl_json_limits {
	size_t value_bytes; /* of one tree handed over, and of any text; a larger one is an error.
			       0: 4 MiB */
	unsigned depth; /* 0: 256, which is also the most */
};
int sl_json_in_new(struct sl_json_in **out, const char *path, const struct sl_json_limits *limits,
	sl_json_fn fn, void *arg);
void sl_json_in_free(struct sl_json_in *in);
/* For values that are too large for a tree because of the arrays in them: each element of an array
 * that is a member of the value at the path, by one of these names (NULL ends them; borrowed), is
 * handed to fn as soon as it is whole, then forgotten; the arrays are empty in the value's tree. */
typedef int (*sl_json_piece_fn)(void *arg, const char *member, const struct sl_json *piece);
void sl_json_in_pieces(struct sl_json_in *in, const char *const *names, sl_json_piece_fn fn);
/* What of the value at the path was read so far; NULL between two. */
const struct sl_json *sl_json_in_so_far(const struct sl_json_in *in);
/* A byte order mark before the text is passed over.
 * 0; -EBADMSG: malformed (sl_json_in_error says what and at which line); -E2BIG: a limit; or fn's
 * answer. */
int sl_json_in_feed(struct sl_json_in *in, const void *p, size_t len);
int sl_json_in_end(struct sl_json_in *in);
const char *sl_json_in_error(const struct sl_json_in *in, uint64_t *line);
/* For one who feeds line by line and goes on after a bad one: whether no value is open; the next
 * byte's line; and to begin anew, errors forgotten, lines counted on. */
bool sl_json_in_between(const struct sl_json_in *in);
void sl_json_in_line(struct sl_json_in *in, uint64_t line);
int sl_json_in_again(struct sl_json_in *in);
/* Members of the outermost object whose key is `key` and whose value is a scalar that was read so
 * far, or NULL: how a bundle says what it is ("type", "spec_version") before its objects come. */
const char *sl_json_in_top(const struct sl_json_in *in, const char *key);

#endif
