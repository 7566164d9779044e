/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - files as they stream by: digests, size, type, name. Worker; its state is the pool's;
 * linear in its input and in what codings make of it. */
#include <assert.h>

#include <sightline/digest.h>
#include <sightline/parser.h>

#include "coding.h"
#include "type.h"
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

/* What makes a file partial, the first of them counted. */
enum part { WHOLE, PART_GAP, PART_UNENDED, PART_BROKEN, PART_BOMB, PART_NO_MEMORY, PARTS };

struct sl_file {
	struct sl_digest_state digest[HASHES];
	struct coding coding;
	uint64_t number; /* for the batch's sink; 0: it has none */
	uint64_t size; /* bytes so far, codings undone */
	uint32_t message;
	uint8_t dir;
	bool hash[HASHES]; /* wanted */
	bool came; /* a byte of it did, or was missed */
	bool all; /* something is wanted that takes all bytes; else its begin is enough */
	uint8_t part; /* enum part */
	uint8_t said; /* of what sl_file_end tells */
	uint8_t name_len;
	uint16_t head_len;
	uint8_t name[NAME_MAX_BYTES];
	uint8_t head[TYPE_HEAD];
};

static_assert(sizeof(struct sl_file) <= 2048, "a file fits its class of the pool");

bool sl_file_wanted(const struct sl_batch *b)
{
	if (b->sink != NULL)
		return true;
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
	struct sl_file *f = sl_file_wanted(b) ? take(b) : NULL;
	if (f == NULL)
		return NULL;
	f->dir = (uint8_t)how->dir;
	f->message = how->message;
	f->number = b->sink != NULL ? ++b->files : 0;
	f->all = sl_batch_wants(b, SL_WHERE_FILE_SIZE) || f->number;
	for (unsigned i = 0; i < HASHES; i++) {
		f->hash[i] = sl_batch_wants(b, hashes[i].where) || (f->number && i == HASH_SHA256);
		f->all |= f->hash[i];
		if (f->hash[i])
			sl_digest_begin(&f->digest[i], hashes[i].kind);
	}
	if (!f->all && !sl_batch_wants(b, SL_WHERE_FILE_TYPE))
		f->head_len = TYPE_HEAD; /* nothing of its bytes is wanted */
	else
		coding_begin(&f->coding, b, how->coding);
	sl_file_name(f, how->name);
	return f;
}

void sl_file_message(struct sl_file *f, uint32_t message)
{
	if (f != NULL)
		f->message = message;
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

static void part(struct sl_file *f, enum part why)
{
	coding_end(&f->coding);
	if (f->part == WHOLE)
		f->part = (uint8_t)why;
}

/* Bytes of the file itself. */
static void plain(void *to, struct sl_batch *b, struct sl_span bytes)
{
	struct sl_file *f = to;
	size_t room = TYPE_HEAD - (size_t)f->head_len, n = bytes.len < room ? bytes.len : room;
	if (bytes.len == 0)
		return;
	if (n) {
		memcpy(f->head + f->head_len, bytes.p, n);
		f->head_len = (uint16_t)(f->head_len + n);
	}
	if (f->number && b->sink != NULL)
		b->sink->bytes(b->sink->arg, b->flow, f->message, f->number, f->size, bytes);
	f->size += bytes.len;
	for (unsigned i = 0; i < HASHES; i++)
		if (f->hash[i])
			sl_digest_add(&f->digest[i], bytes.p, bytes.len);
}

bool sl_file_takes(const struct sl_file *f)
{
	return f != NULL && (!f->came || (f->part == WHOLE && (f->all || f->head_len < TYPE_HEAD)));
}

void sl_file_bytes(struct sl_file *f, struct sl_batch *b, struct sl_span bytes)
{
	static const enum part fault[] = {
		[CODING_BROKEN] = PART_BROKEN,
		[CODING_BOMB] = PART_BOMB,
		[CODING_NO_MEMORY] = PART_NO_MEMORY,
	};
	if (f == NULL || bytes.len == 0)
		return;
	f->came = true;
	if (!sl_file_takes(f))
		return;
	if (f->coding.layers == 0 && f->coding.fault == CODING_GOOD)
		plain(f, b, bytes);
	else
		coding_feed(&f->coding, b, bytes, plain, f);
	if (f->coding.fault != CODING_GOOD)
		part(f, fault[f->coding.fault]);
	else if (!f->all && f->head_len == TYPE_HEAD)
		coding_end(&f->coding);
}

void sl_file_gap(struct sl_file *f)
{
	if (f == NULL)
		return;
	f->came = true;
	part(f, PART_GAP);
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

static bool say_type(struct sl_file *f, struct sl_batch *b)
{
	const char *type = sl_batch_wants(b, SL_WHERE_FILE_TYPE)
				   ? file_type(sl_span(f->head, f->head_len))
				   : NULL;
	return type == NULL || say(f, b, SL_WHERE_FILE_TYPE, sl_span_str(type));
}

enum step { NAME, TYPE, SIZE, HASH, STEPS = HASH + HASHES };

static bool say_step(struct sl_file *f, struct sl_batch *b, unsigned step)
{
	if (step == NAME)
		return f->name_len == 0 ||
		       say(f, b, SL_WHERE_FILE_NAME, sl_span(f->name, f->name_len));
	if (f->size == 0)
		return true;
	if (step == TYPE)
		return say_type(f, b);
	if (f->part != WHOLE || !f->all)
		return true;
	return step == SIZE ? say_size(f, b) : say_hash(f, b, step - HASH);
}

static void tell_sink(const struct sl_file *f, struct sl_batch *b)
{
	uint8_t sha256[SL_DIGEST_MAX] = { 0 };
	if (f->number == 0 || b->sink == NULL || f->size == 0)
		return;
	struct sl_digest_state copy = f->digest[HASH_SHA256];
	(void)sl_digest_end(&copy, sha256);
	b->sink->end(b->sink->arg, f->number, f->part == WHOLE, sha256,
		file_type(sl_span(f->head, f->head_len)));
}

/* Whoever keeps its bytes hears that it is over, told or not. */
static void give_back(struct sl_file **fp, struct sl_batch *b)
{
	tell_sink(*fp, b);
	coding_end(&(*fp)->coding);
	sl_parser_pool_give(b->pool, *fp, (uint16_t)sizeof(**fp));
	*fp = NULL;
}

static void count(const struct sl_file *f, struct sl_batch *b)
{
	static const enum sl_counter by[PARTS] = {
		[WHOLE] = SL_C_FILES,
		[PART_GAP] = SL_C_FILES_GAP,
		[PART_UNENDED] = SL_C_FILES_UNENDED,
		[PART_BROKEN] = SL_C_FILES_BROKEN,
		[PART_BOMB] = SL_C_FILES_BOMB,
		[PART_NO_MEMORY] = SL_C_FILES_NO_DECODER,
	};
	if (b->counters != NULL)
		sl_count(b->counters, by[f->part], 1);
}

bool sl_file_end(struct sl_file **fp, struct sl_batch *b, bool whole)
{
	struct sl_file *f = *fp;
	if (f == NULL)
		return true;
	if (!whole)
		part(f, PART_UNENDED);
	else if (f->all && !coding_whole(&f->coding))
		part(f, PART_BROKEN);
	/* What has no bytes is no file. */
	bool is = f->came && (f->part != WHOLE || f->size > 0 || !f->all);
	for (; is && f->said < STEPS; f->said++)
		if (!say_step(f, b, f->said))
			return false;
	if (is)
		count(f, b);
	give_back(fp, b);
	return true;
}

void sl_file_drop(struct sl_file **fp, struct sl_batch *b)
{
	if (*fp == NULL)
		return;
	part(*fp, PART_UNENDED);
	give_back(fp, b);
}
