/* SPDX-License-Identifier: BSD-3-Clause */
/* in.c - JSON text in: yajl says what it sees, what stands at the path is built as a tree and
 * handed over. Control threads.
 *
 * What yajl 2.1.0 does not bound is bounded here: its lexer keeps a token that does not end, its
 * parser a byte for each open bracket, its integers go through a reader of its own (not used). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include <sightline/json.h>

#include "tree.h"

#define PATH_MAX_PARTS 8
#define PATH_BYTES 128
#define TOP_MAX 16
#define TOP_KEY 64
#define TOP_TEXT 256
#define CHUNK_BYTES ((size_t)64 << 10)
#define VALUE_BYTES_DEFAULT ((size_t)4 << 20)
#define MARK_BYTES 3

static const unsigned char byte_order_mark[] = "\xef\xbb\xbf";

struct top {
	char key[TOP_KEY], text[TOP_TEXT];
};

struct sl_json_in {
	yajl_handle yajl;
	sl_json_fn fn;
	void *arg;
	struct sl_json_limits limits;
	char path[PATH_BYTES];
	const char *part[PATH_MAX_PARTS];
	unsigned parts;
	unsigned depth; /* containers open */
	unsigned on_path; /* of these, from the outermost, the ones that the path goes through */
	bool array[PATH_MAX_PARTS + 1]; /* kind of those */
	bool part_fits; /* what comes next in the innermost of them is the next part */
	bool building;
	struct tree tree;
	sl_json_piece_fn piece_fn;
	const char *const *piece_names;
	const char *piece_of; /* the name of the array that a piece is built for; NULL: none is */
	struct tree_mark piece_begin;
	struct top top[TOP_MAX];
	unsigned tops;
	char top_key[TOP_KEY];
	bool top_object;
	const unsigned char *chunk; /* what yajl reads now */
	size_t counted; /* bytes of it whose newlines are in line */
	uint64_t line;
	uint64_t events, events_seen;
	size_t silent; /* bytes since the last event */
	bool blank; /* white space only so far */
	unsigned mark; /* bytes of a byte order mark that the text began with; MARK_BYTES: its begin
			  is over */
	int rc; /* sticky */
	char error[160];
	uint64_t error_line;
};

static int fail(struct sl_json_in *in, int rc, const char *what)
{
	if (in->rc == 0) {
		in->rc = rc;
		in->error_line = in->line;
		snprintf(in->error, sizeof(in->error), "%s", what);
	}
	return 0;
}

static void count_lines(struct sl_json_in *in, size_t upto)
{
	for (size_t at = in->counted; at < upto; at++) {
		const unsigned char *nl = memchr(in->chunk + at, '\n', upto - at);
		if (nl == NULL)
			break;
		in->line++;
		at = (size_t)(nl - in->chunk);
	}
	if (upto > in->counted)
		in->counted = upto;
}

/* Whether the value that begins now is the next one on the path. */
static bool fits(const struct sl_json_in *in)
{
	if (in->depth != in->on_path)
		return false;
	if (in->depth == 0)
		return true;
	return in->array[in->depth] ? strcmp(in->part[in->depth - 1], "*") == 0 : in->part_fits;
}

/* Every event begins here: the line, and whether it builds (a value at the path starts to). */
static bool event(struct sl_json_in *in)
{
	in->events++;
	count_lines(in, yajl_get_bytes_consumed(in->yajl));
	if (!in->building && in->depth == in->parts && fits(in)) {
		tree_empty(&in->tree);
		in->building = true;
	}
	return in->building;
}

/* A piece begins: an element of a named array of the value. */
static void piece_open(struct sl_json_in *in)
{
	const struct tree *t = &in->tree;
	if (in->piece_fn == NULL || in->piece_of != NULL || t->depth != 2 ||
		t->open[1]->kind != SL_JSON_ARRAY || t->open[1]->key == NULL)
		return;
	for (const char *const *name = in->piece_names; *name != NULL; name++)
		if (strcmp(*name, t->open[1]->key) == 0)
			in->piece_of = *name;
	if (in->piece_of != NULL)
		tree_mark(t, &in->piece_begin);
}

static struct sl_json *node(struct sl_json_in *in, enum sl_json_kind kind)
{
	piece_open(in);
	struct sl_json *n = tree_add(&in->tree, kind);
	if (n == NULL)
		fail(in, -E2BIG, "a value is larger than allowed");
	else
		n->line = in->line;
	return n;
}

static int piece_ended(struct sl_json_in *in)
{
	struct tree *t = &in->tree;
	const char *name = in->piece_of;
	int rc = in->piece_fn(in->arg, name, t->last[1]);
	in->piece_of = NULL;
	tree_forget(t, &in->piece_begin);
	return rc == 0 ? 1 : fail(in, rc, "stopped");
}

/* Hands over a value that is complete. */
static int ended(struct sl_json_in *in)
{
	if (in->piece_of != NULL && in->tree.depth == 2)
		return piece_ended(in);
	if (!in->building || in->tree.depth > 0)
		return 1;
	in->building = false;
	int rc = in->fn(in->arg, in->tree.root);
	return rc == 0 ? 1 : fail(in, rc, "stopped");
}

static void top_keep(struct sl_json_in *in, const char *p, size_t len)
{
	if (in->depth != 1 || !in->top_object || in->top_key[0] == '\0' || len >= TOP_TEXT)
		return;
	struct top *t = in->top;
	while (t < in->top + in->tops && strcmp(t->key, in->top_key) != 0)
		t++;
	if (t == in->top + TOP_MAX)
		return;
	if (t == in->top + in->tops)
		in->tops++;
	memcpy(t->key, in->top_key, TOP_KEY);
	memcpy(t->text, p, len);
	t->text[len] = '\0';
}

static int on_null(void *arg)
{
	struct sl_json_in *in = arg;
	if (event(in) && node(in, SL_JSON_NULL) == NULL)
		return 0;
	return ended(in);
}

static int on_bool(void *arg, int value)
{
	struct sl_json_in *in = arg;
	top_keep(in, value ? "true" : "false", value ? 4 : 5);
	if (event(in)) {
		struct sl_json *n = node(in, SL_JSON_BOOL);
		if (n == NULL)
			return 0;
		n->boolean = value != 0;
	}
	return ended(in);
}

static int scalar_text(struct sl_json_in *in, enum sl_json_kind kind, const char *p, size_t len)
{
	top_keep(in, p, len);
	if (!event(in))
		return 1;
	struct sl_json *n = node(in, kind);
	if (n == NULL)
		return 0;
	n->text = tree_text(&in->tree, p, len);
	n->len = len;
	if (n->text == NULL)
		return fail(in, -E2BIG, "a value is larger than allowed");
	if (kind == SL_JSON_NUMBER)
		tree_number(n);
	return ended(in);
}

static int on_number(void *arg, const char *p, size_t len)
{
	return scalar_text(arg, SL_JSON_NUMBER, p, len);
}

static int on_string(void *arg, const unsigned char *p, size_t len)
{
	return scalar_text(arg, SL_JSON_STRING, (const char *)p, len);
}

static int on_key(void *arg, const unsigned char *p, size_t len)
{
	struct sl_json_in *in = arg;
	in->events++;
	if (in->building) {
		in->tree.key = tree_text(&in->tree, p, len);
		return in->tree.key != NULL ? 1
					    : fail(in, -E2BIG, "a value is larger than allowed");
	}
	if (in->depth == in->on_path && in->depth >= 1 && in->depth <= in->parts) {
		const char *part = in->part[in->depth - 1];
		in->part_fits = strcmp(part, "+") == 0 ||
				(strlen(part) == len && memcmp(part, p, len) == 0);
	}
	if (in->depth == 1) {
		in->top_key[0] = '\0';
		if (len < TOP_KEY && memchr(p, '\0', len) == NULL) {
			memcpy(in->top_key, p, len);
			in->top_key[len] = '\0';
		}
	}
	return 1;
}

static int on_open(struct sl_json_in *in, enum sl_json_kind kind)
{
	if (in->depth >= in->limits.depth)
		return fail(in, -E2BIG, "nested deeper than allowed");
	if (event(in)) {
		struct sl_json *n = node(in, kind);
		if (n == NULL)
			return 0;
		if (!tree_open(&in->tree, n))
			return fail(in, -E2BIG, "nested deeper than allowed");
	} else if (in->on_path < in->parts && fits(in)) {
		in->array[++in->on_path] = kind == SL_JSON_ARRAY;
		in->part_fits = false;
	}
	if (in->depth == 0) {
		in->top_object = kind == SL_JSON_OBJECT;
		in->tops = 0;
		in->top_key[0] = '\0';
	}
	in->depth++;
	return 1;
}

static int on_close(struct sl_json_in *in)
{
	in->events++;
	in->depth--;
	if (in->building) {
		tree_close(&in->tree);
		return ended(in);
	}
	if (in->on_path > in->depth)
		in->on_path = in->depth;
	return 1;
}

static int on_object(void *arg)
{
	return on_open(arg, SL_JSON_OBJECT);
}

static int on_array(void *arg)
{
	return on_open(arg, SL_JSON_ARRAY);
}

static int on_end(void *arg)
{
	return on_close(arg);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

static int path_split(struct sl_json_in *in, const char *path)
{
	size_t len = strlen(path);
	if (len >= PATH_BYTES)
		return -EINVAL;
	memcpy(in->path, path, len + 1);
	char *save, *at = in->path;
	for (char *p; (p = strtok_r(at, "/", &save)) != NULL; at = NULL) {
		if (in->parts == PATH_MAX_PARTS)
			return -EINVAL;
		in->part[in->parts++] = p;
	}
	return 0;
}

int sl_json_in_again(struct sl_json_in *in)
{
	if (in->yajl != NULL)
		yajl_free(in->yajl);
	in->yajl = yajl_alloc(&callbacks, NULL, in);
	if (in->yajl == NULL)
		return -ENOMEM;
	yajl_config(in->yajl, yajl_allow_multiple_values, 1);
	in->depth = in->on_path = 0;
	in->building = false;
	in->piece_of = NULL;
	in->silent = 0;
	in->blank = true;
	in->rc = 0;
	in->error[0] = '\0';
	return 0;
}

int sl_json_in_new(struct sl_json_in **out, const char *path, const struct sl_json_limits *limits,
	sl_json_fn fn, void *arg)
{
	struct sl_json_in *in = calloc(1, sizeof(*in));
	if (in == NULL)
		return -ENOMEM;
	in->fn = fn;
	in->arg = arg;
	in->line = 1;
	in->limits = *limits;
	if (in->limits.value_bytes == 0)
		in->limits.value_bytes = VALUE_BYTES_DEFAULT;
	if (in->limits.depth == 0 || in->limits.depth > TREE_DEPTH_MAX)
		in->limits.depth = TREE_DEPTH_MAX;
	in->tree.limit = in->limits.value_bytes;
	int rc = path_split(in, path);
	if (rc == 0)
		rc = sl_json_in_again(in);
	if (rc < 0) {
		sl_json_in_free(in);
		return rc;
	}
	*out = in;
	return 0;
}

void sl_json_in_free(struct sl_json_in *in)
{
	if (in == NULL)
		return;
	if (in->yajl != NULL)
		yajl_free(in->yajl);
	tree_fini(&in->tree);
	free(in);
}

void sl_json_in_pieces(struct sl_json_in *in, const char *const *names, sl_json_piece_fn fn)
{
	in->piece_names = names;
	in->piece_fn = fn;
}

const struct sl_json *sl_json_in_so_far(const struct sl_json_in *in)
{
	return in->building ? in->tree.root : NULL;
}

static int judged(struct sl_json_in *in, yajl_status s)
{
	if (s == yajl_status_ok || in->rc != 0)
		return in->rc;
	count_lines(in, yajl_get_bytes_consumed(in->yajl));
	unsigned char *text = yajl_get_error(in->yajl, 0, NULL, 0);
	if (text != NULL) {
		text[strcspn((char *)text, "\n")] = '\0';
		fail(in, -EBADMSG, (const char *)text);
		yajl_free_error(in->yajl, text);
	} else {
		fail(in, -EBADMSG, "malformed");
	}
	return in->rc;
}

static int chunk_feed(struct sl_json_in *in, const unsigned char *p, size_t len)
{
	in->chunk = p;
	in->counted = 0;
	for (size_t i = 0; in->blank && i < len; i++)
		in->blank = p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n';
	yajl_status s = yajl_parse(in->yajl, p, len);
	if (s == yajl_status_ok)
		count_lines(in, len);
	in->silent = in->events == in->events_seen ? in->silent + len : 0;
	in->events_seen = in->events;
	if (s == yajl_status_ok && in->rc == 0 && in->silent > in->limits.value_bytes)
		fail(in, -E2BIG, "a text is longer than allowed");
	return judged(in, s);
}

/* A byte order mark before the text is passed over (RFC 8259 8.1), also in pieces; what only begins
 * like one is no JSON. Returns the bytes that were passed over. */
static size_t mark_skip(struct sl_json_in *in, const unsigned char *p, size_t len)
{
	size_t n = 0;
	while (in->mark < MARK_BYTES && n < len && p[n] == byte_order_mark[in->mark]) {
		in->mark++;
		n++;
	}
	if (in->mark == MARK_BYTES || n == len)
		return n;
	unsigned begun = in->mark;
	in->mark = MARK_BYTES;
	if (begun > 0)
		chunk_feed(in, byte_order_mark, begun);
	return n;
}

int sl_json_in_feed(struct sl_json_in *in, const void *p, size_t len)
{
	size_t skip = mark_skip(in, p, len);
	const unsigned char *at = (const unsigned char *)p + skip;
	len -= skip;
	while (in->rc == 0 && len > 0) {
		size_t n = len < CHUNK_BYTES ? len : CHUNK_BYTES;
		chunk_feed(in, at, n);
		at += n;
		len -= n;
	}
	return in->rc;
}

int sl_json_in_end(struct sl_json_in *in)
{
	if (in->rc == 0 && in->mark > 0 && in->mark < MARK_BYTES)
		chunk_feed(in, byte_order_mark, in->mark);
	if (in->rc != 0)
		return in->rc;
	if (in->blank) /* yajl takes a text without any value for one cut short */
		return 0;
	in->chunk = (const unsigned char *)" "; /* what yajl reads to end a number */
	in->counted = 0;
	return judged(in, yajl_complete_parse(in->yajl));
}

bool sl_json_in_between(const struct sl_json_in *in)
{
	return in->depth == 0 && in->rc == 0;
}

void sl_json_in_line(struct sl_json_in *in, uint64_t line)
{
	in->line = line;
}

const char *sl_json_in_error(const struct sl_json_in *in, uint64_t *line)
{
	if (line != NULL)
		*line = in->error_line;
	return in->error;
}

const char *sl_json_in_top(const struct sl_json_in *in, const char *key)
{
	for (unsigned i = 0; i < in->tops; i++)
		if (strcmp(in->top[i].key, key) == 0)
			return in->top[i].text;
	return NULL;
}
