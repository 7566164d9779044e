/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - files as they stream by: digests, size, name. Worker; its state is the pool's; linear in
 * its input. */
#include <sightline/digest.h>
#include <sightline/parser.h>

#include "file.h"
#include <sightline/hot.h>

#define NAME_MAX_BYTES 255

enum { HASH_MD5, HASH_SHA1, HASH_SHA256, HASHES };
static const struct {
	enum sl_digest_kind kind;
	enum sl_where where;
} hashes[HASHES] = {
	[HASH_MD5] = { SL_MD5, SL_WHERE_FILE_MD5 },
	[HASH_SHA1] = { SL_SHA1, SL_WHERE_FILE_SHA1 },
	[HASH_SHA256] = { SL_SHA256, SL_WHERE_FILE_SHA256 },
};

struct sl_file {
	struct sl_digest_state digest[HASHES];
	uint64_t size; /* bytes so far, codings undone */
	uint32_t message;
	uint8_t dir;
	bool hash[HASHES]; /* wanted */
	bool partial;
	uint8_t said; /* of what sl_file_end tells */
	uint8_t name_len;
	uint8_t name[NAME_MAX_BYTES];
};

static bool wanted(const struct sl_batch *b)
{
	static const enum sl_where all[] = { SL_WHERE_FILE_NAME, SL_WHERE_FILE_SIZE,
		SL_WHERE_FILE_TYPE, SL_WHERE_FILE_MD5, SL_WHERE_FILE_SHA1, SL_WHERE_FILE_SHA256 };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (sl_batch_wants(b, all[i]))
			return true;
	return false;
}

static struct sl_file *take(struct sl_batch *b)
{
	struct sl_file *f =
		b->pool != NULL ? sl_parser_pool_take(b->pool, (uint16_t)sizeof(*f)) : NULL;
	if (f == NULL && b->counters != NULL)
		sl_count(b->counters, SL_C_PARSER_POOL, 1);
	return f;
}

struct sl_file *sl_file_begin(struct sl_batch *b, const struct sl_file_begin *how)
{
	struct sl_file *f = wanted(b) ? take(b) : NULL;
	if (f == NULL)
		return NULL;
	f->dir = (uint8_t)how->dir;
	f->message = how->message;
	for (unsigned i = 0; i < HASHES; i++) {
		f->hash[i] = sl_batch_wants(b, hashes[i].where);
		if (f->hash[i])
			sl_digest_begin(&f->digest[i], hashes[i].kind);
	}
	for (unsigned i = 0; i < SL_CODINGS_MAX; i++)
		f->partial |= how->coding[i] != SL_CODING_NONE;
	sl_file_name(f, how->name);
	return f;
}

/* Behind the last slash of either kind. */
static struct sl_span without_folders(struct sl_span name)
{
	size_t at = name.len;
	while (at > 0 && name.p[at - 1] != '/' && name.p[at - 1] != '\\')
		at--;
	return sl_span_from(name, at);
}

void sl_file_name(struct sl_file *f, struct sl_span name)
{
	if (f == NULL || name.len == 0)
		return;
	struct sl_span base = without_folders(name);
	f->name_len = (uint8_t)(base.len < NAME_MAX_BYTES ? base.len : NAME_MAX_BYTES);
	memcpy(f->name, base.p, f->name_len);
}

void sl_file_bytes(struct sl_file *f, struct sl_batch *b, struct sl_span bytes)
{
	if (f == NULL || f->partial || bytes.len == 0)
		return;
	f->size += bytes.len;
	for (unsigned i = 0; i < HASHES; i++)
		if (f->hash[i])
			sl_digest_add(&f->digest[i], bytes.p, bytes.len);
}

void sl_file_gap(struct sl_file *f)
{
	if (f != NULL)
		f->partial = true;
}

static bool say(struct sl_file *f, struct sl_batch *b, enum sl_where w, struct sl_span v)
{
	return sl_batch_add_raw(b, w, (enum sl_dir)f->dir, f->message, v, NULL);
}

static bool say_hash(struct sl_file *f, struct sl_batch *b, unsigned i)
{
	if (!f->hash[i])
		return true;
	struct sl_digest_state copy = f->digest[i]; /* the batch may be full: it is asked again */
	uint8_t raw[SL_DIGEST_MAX];
	char hex[2 * SL_DIGEST_MAX + 1];
	size_t n = sl_digest_end(&copy, raw);
	sl_hex(raw, n, hex);
	return say(f, b, hashes[i].where, sl_span(hex, 2 * n));
}

static bool say_size(struct sl_file *f, struct sl_batch *b)
{
	char text[20];
	size_t at = sizeof(text);
	uint64_t n = f->size;
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return say(f, b, SL_WHERE_FILE_SIZE, sl_span(text + at, sizeof(text) - at));
}

static bool say_step(struct sl_file *f, struct sl_batch *b, unsigned step)
{
	if (step == 0)
		return f->name_len == 0 ||
		       say(f, b, SL_WHERE_FILE_NAME, sl_span(f->name, f->name_len));
	if (f->partial || f->size == 0)
		return true;
	return step == 1 ? say_size(f, b) : say_hash(f, b, step - 2);
}

bool sl_file_end(struct sl_file **fp, struct sl_batch *b, bool whole)
{
	struct sl_file *f = *fp;
	if (f == NULL)
		return true;
	f->partial |= !whole;
	for (; f->said < 2 + HASHES; f->said++)
		if (!say_step(f, b, f->said))
			return false;
	sl_file_drop(fp, b);
	return true;
}

void sl_file_drop(struct sl_file **fp, struct sl_batch *b)
{
	if (*fp != NULL)
		sl_parser_pool_give(b->pool, *fp, (uint16_t)sizeof(**fp));
	*fp = NULL;
}
