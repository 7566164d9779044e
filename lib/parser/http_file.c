/* SPDX-License-Identifier: BSD-3-Clause */
/* http_file.c - the files in bodies of HTTP/1. Worker; their memory is the pool's; each byte is
 * given on once. */
#include <strings.h>

#include <sightline/hash.h>

#include "http_file.h"
#include "parsers.h"
#include <sightline/hot.h>

#define NAME_MAX_BYTES 255

static bool is_word(struct sl_span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

static bool begins(struct sl_span s, const char *with)
{
	size_t n = strlen(with);
	return s.len >= n && strncasecmp((const char *)s.p, with, n) == 0;
}

/* ---- What a request leaves for its response ---- */

/* Behind the last slash of the path, as a client saves it. */
static struct sl_span last_segment(struct sl_span target)
{
	size_t n = 0;
	while (n < target.len && target.p[n] != '?' && target.p[n] != '#' && target.p[n] != ' ')
		n++;
	size_t at = n;
	while (at > 0 && target.p[at - 1] != '/')
		at--;
	return sl_span(sl_at(target.p, at), n - at);
}

/* Collisions put strangers' ranges together, so that the key is hashed with this process' own
 * sense of it: a range has to continue at the byte where the other ended, too. */
static uint64_t url_hash(const struct http_head *h)
{
	static const struct sl_hash_key key = { 0x13198a2e03707344, 0xa4093822299f31d0 };
	struct sl_span host = h->host.last;
	uint64_t at = sl_hash_bytes(key, host.p, host.len);
	return sl_hash_u128(key, at, sl_hash_bytes(key, h->target.p, h->target.len)) | 1;
}

size_t http_file_asked(struct sl_span target, uint8_t *name, size_t cap)
{
	return parameter_unescape(last_segment(target), name, cap);
}

void http_asked_keep(struct http_asked *a, struct sl_batch *b, const struct http_head *h)
{
	uint8_t name[NAME_MAX_BYTES];
	*a = (struct http_asked){ .url = 0 };
	if (!sl_file_wanted(b))
		return;
	a->url = url_hash(h);
	size_t n = http_file_asked(h->target, name, sizeof(name));
	if (n == 0 || b->pool == NULL)
		return;
	a->name = sl_parser_pool_take(b->pool, (uint16_t)n);
	if (a->name == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return;
	}
	a->name_len = (uint8_t)n;
	memcpy(a->name, name, n);
}

void http_asked_drop(struct http_asked *a, struct sl_batch *b)
{
	if (a->name != NULL)
		sl_parser_pool_give(b->pool, a->name, a->name_len);
	*a = (struct http_asked){ .url = 0 };
}

/* ---- What a head says of its body ---- */

/* A word that is no coding says nothing: clients take the bytes as they stand, and so do those who
 * send such words to be missed. */
static enum sl_coding coding_of(struct sl_span word)
{
	static const struct {
		const char *word;
		enum sl_coding coding;
	} rows[] = {
		{ "gzip", SL_CODING_GZIP },
		{ "x-gzip", SL_CODING_GZIP },
		{ "deflate", SL_CODING_DEFLATE },
		{ "br", SL_CODING_BR },
		{ "zstd", SL_CODING_ZSTD },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_word(word, rows[i].word))
			return rows[i].coding;
	return SL_CODING_NONE;
}

/* Adds the codings of a list; more than are undone make the innermost one unknown. */
static void add_codings(enum sl_coding to[SL_CODINGS_MAX], unsigned *n, struct sl_span list)
{
	while (list.len) {
		const uint8_t *comma = memchr(list.p, ',', list.len);
		size_t len = comma != NULL ? (size_t)(comma - list.p) : list.len;
		struct sl_span word = sl_span(list.p, len);
		list = sl_span_from(list, len + 1);
		while (word.len && word.p[0] <= ' ')
			word = sl_span_from(word, 1);
		while (word.len && word.p[word.len - 1] <= ' ')
			word.len--;
		enum sl_coding c = coding_of(word);
		if (c == SL_CODING_NONE)
			continue;
		if (*n == SL_CODINGS_MAX)
			to[0] = SL_CODING_UNKNOWN;
		else
			to[(*n)++] = c;
	}
}

/* Lines of one name are one list (RFC 9110 5.3). */
static void add_field(enum sl_coding to[SL_CODINGS_MAX], unsigned *n, const struct http_field *f)
{
	if (f->first.p != f->last.p)
		add_codings(to, n, f->first);
	add_codings(to, n, f->last);
}

void http_file_codings(const struct http_head *h, enum sl_coding to[SL_CODINGS_MAX])
{
	unsigned n = 0;
	add_field(to, &n, &h->encoding);
	add_field(to, &n, &h->transfer);
}

struct sl_span http_file_name(
	const struct http_head *h, struct sl_span asked, uint8_t name[PARAMETER_MAX])
{
	size_t n = parameter(h->disposition.last, "filename", name, PARAMETER_MAX);
	if (n == 0 && h->response)
		return asked;
	if (n == 0)
		n = http_file_asked(h->target, name, PARAMETER_MAX);
	return sl_span(name, n);
}

static bool number(struct sl_span *s, uint64_t *v)
{
	size_t n = 0;
	for (*v = 0; n < s->len && n < 18 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		*v = *v * 10 + (uint64_t)(s->p[n] - '0');
	*s = sl_span_from(*s, n);
	return n > 0;
}

static bool over(struct sl_span *s, uint8_t c)
{
	bool is = s->len && s->p[0] == c;
	*s = sl_span_from(*s, is);
	return is;
}

/* bytes first-last/total (RFC 9110 14.4). */
static bool range_of(struct sl_span v, uint64_t *first, uint64_t *last, uint64_t *total)
{
	if (!begins(v, "bytes"))
		return false;
	v = sl_span_from(v, 5);
	while (over(&v, ' ') || over(&v, '='))
		;
	return number(&v, first) && over(&v, '-') && number(&v, last) && over(&v, '/') &&
	       number(&v, total) && *first <= *last && *last < *total;
}

/* ---- Bodies ---- */

/* A range goes on with the file that waits for it, begins one, or stays a part. */
static void begin_range(struct http_file *f, struct http_range *r, struct sl_batch *b,
	const struct http_head *h, const struct sl_file_begin *how, uint64_t url)
{
	uint64_t first = 0, last = 0, total = 0;
	bool good = range_of(h->range.last, &first, &last, &total);
	bool goes_on =
		good && r->file != NULL && r->url == url && r->next == first && r->total == total;
	if (goes_on) {
		f->file = r->file;
		*r = (struct http_range){ .file = NULL };
		sl_file_message(f->file, how->message);
	} else
		f->file = sl_file_begin(b, how);
	f->range = good;
	f->left = last - first + 1;
	if (good && first == 0 && last + 1 == total)
		return;
	if (!goes_on && (!good || first || url == 0)) {
		sl_file_gap(f->file);
		return;
	}
	f->next = last + 1;
	f->total = total;
	f->url = url;
}

void http_file_begin(struct http_file *f, struct http_range *r, struct sl_batch *b,
	const struct http_head *h, enum sl_dir dir, uint32_t message,
	const struct http_asked *asked)
{
	uint8_t name[PARAMETER_MAX];
	struct sl_file_begin how = { .dir = dir, .message = message };
	f->message = message;
	if (!sl_file_wanted(b) || http_is_message(h->type.last))
		return;
	http_file_codings(h, how.coding);
	how.name = http_file_name(
		h, asked != NULL ? sl_span(asked->name, asked->name_len) : sl_span(name, 0), name);
	if (h->response && h->status == 206) {
		begin_range(f, r, b, h, &how, asked != NULL ? asked->url : 0);
		return;
	}
	f->file = sl_file_begin(b, &how);
	if (!h->response && how.coding[0] == SL_CODING_NONE)
		f->form = form_begin(b, h->type.last, dir, message);
}

bool http_file_waits(const struct http_file *f)
{
	return f->end == HTTP_FILE_GOES_ON && form_waits(f->form);
}

bool http_file_bytes(struct http_file *f, struct sl_batch *b, struct sl_span in, size_t *used)
{
	bool room = form_feed(f->form, b, in, used);
	sl_file_bytes(f->file, b, sl_span(in.p, *used));
	f->left -= *used; /* below 0 where more came: that is not 0 either */
	return room;
}

void http_file_gap(struct http_file *f)
{
	sl_file_gap(f->file);
	form_gap(f->form);
}

void http_file_over(struct http_file *f, bool whole)
{
	if (f->end == HTTP_FILE_GOES_ON)
		f->end = whole ? HTTP_FILE_WHOLE : HTTP_FILE_PART;
}

/* A range that is whole waits for the next one, unless it was the last. Another that waited will
 * not be continued. */
static bool flush_range(
	struct http_file *f, struct http_range *r, struct sl_batch *b, enum sl_dir dir)
{
	if (f->end != HTTP_FILE_WHOLE || f->next == f->total || f->file == NULL)
		return true;
	if (!http_range_end(r, b, dir))
		return false;
	*r = (struct http_range){
		.file = f->file, .url = f->url, .next = f->next, .total = f->total
	};
	f->file = NULL;
	return true;
}

bool http_file_flush(struct http_file *f, struct http_range *r, struct sl_batch *b, enum sl_dir dir)
{
	if (f->end == HTTP_FILE_GOES_ON)
		return true;
	if (f->range && f->left != 0) /* it is not the bytes that it says */
		f->end = HTTP_FILE_PART;
	if (f->total && !flush_range(f, r, b, dir))
		return false;
	if (!form_end(&f->form, b) || !sl_file_end(&f->file, b, f->end == HTTP_FILE_WHOLE))
		return false;
	if (f->close && !sl_batch_close(b, dir, f->message))
		return false;
	*f = (struct http_file){ .file = NULL };
	return true;
}

/* The messages that the ranges came with are closed, so that it is one of its own. */
bool http_range_end(struct http_range *r, struct sl_batch *b, enum sl_dir dir)
{
	if (r->file == NULL && r->message == 0)
		return true;
	if (r->message == 0) {
		r->message = sl_batch_next_message(b);
		sl_file_message(r->file, r->message);
	}
	if (!sl_file_end(&r->file, b, false) || !sl_batch_close(b, dir, r->message))
		return false;
	*r = (struct http_range){ .file = NULL };
	return true;
}
