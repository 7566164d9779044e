/* SPDX-License-Identifier: BSD-3-Clause */
/* feed.h - feeds a parser as the worker does, from unit tests and fuzz targets alike: the batch may
 * be nearly full from the start, what comes out is written to a log, and a call with an empty batch
 * that makes no progress is a failure. */
#ifndef TEST_PARSER_FEED_H
#define TEST_PARSER_FEED_H

#include <stdio.h>
#include <stdlib.h>

#include <sightline/aead.h>
#include <sightline/expect.h>
#include <sightline/inflate.h>
#include <sightline/mem.h>
#include <sightline/parser.h>

#define FEED_POOL (1 << 20)
#define FEED_EXPECTED 8

/* Tests may be about what is said besides files, or about files alone. */
static enum { FEED_ALL, FEED_WITHOUT_FILES, FEED_ONLY_FILES, FEED_ONLY_NAMES } feed_wants;

static inline void feed_want(struct sl_batch *b)
{
	static const enum sl_where files[] = { SL_WHERE_FILE_NAME, SL_WHERE_FILE_SIZE,
		SL_WHERE_FILE_TYPE, SL_WHERE_FILE_MD5, SL_WHERE_FILE_SHA1, SL_WHERE_FILE_SHA256 };
	if (feed_wants < FEED_ONLY_FILES)
		sl_batch_want_all(b);
	for (unsigned i = 0; feed_wants == FEED_WITHOUT_FILES && i < 6; i++)
		b->want[files[i] / 64] &= ~(UINT64_C(1) << files[i] % 64);
	unsigned only = feed_wants == FEED_ONLY_FILES ? 4 : feed_wants == FEED_ONLY_NAMES;
	for (unsigned i = 0; i < only; i++)
		b->want[files[i] / 64] |= UINT64_C(1) << files[i] % 64;
}

struct feed {
	const struct sl_parser *parser;
	void *state;
	struct sl_flow flow;
	struct sl_counters counters;
	struct sl_batch b;
	unsigned room; /* observables that the batch has room for at first; 0: all */
	bool stream; /* over TCP, where the parser knows both */
	bool bypasses; /* a parser that rests isn't given what doesn't wake it */
	bool rests;
	size_t log_len;
	char log[1 << 18];
};

static inline struct feed *feed_new(const char *parser, unsigned room)
{
	struct feed *f = calloc(1, sizeof(*f));
	/* The first touch of a huge page clears 2 MiB: most of the time of a short input. */
	sl_mem_use_huge(false);
	for (unsigned i = 0; i < sl_parser_count; i++)
		if (strcmp(sl_parsers[i]->name, parser) == 0)
			f->parser = sl_parsers[i];
	f->state = f->parser->state_bytes ? calloc(1, f->parser->state_bytes) : NULL;
	f->room = room;
	f->bypasses = true;
	f->b.flow = &f->flow;
	f->b.counters = &f->counters;
	feed_want(&f->b);
	if (sl_parser_pool_new(&f->b.pool, FEED_POOL) < 0 || sl_aead_new(&f->b.aead) < 0 ||
		sl_expect_new(&f->b.expect, FEED_EXPECTED, &f->counters) < 0 ||
		sl_inflate_pool_new(&f->b.inflate, SL_INFLATE_DECODER_MAX) < 0)
		abort();
	return f;
}

static inline void feed_free(struct feed *f)
{
	sl_expect_free(f->b.expect);
	sl_inflate_pool_free(f->b.inflate);
	sl_parser_pool_free(f->b.pool);
	sl_aead_free(f->b.aead);
	free(f->state);
	free(f);
}

static inline void feed_log(struct feed *f, unsigned from)
{
	static char text[SL_VALUE_MAX + 1];
	for (unsigned i = from; i < f->b.n; i++) {
		const struct sl_observable *o = &f->b.obs[i];
		sl_value_text(o->where, sl_span(o->value, o->len), text);
		size_t room = sizeof(f->log) - f->log_len;
		int n = snprintf(f->log + f->log_len, room, "%s %u%s%s%s%s %s\n",
			o->flags & SL_OBS_CLOSE ? "close" : sl_wheres[o->where].name, o->message,
			o->outcome ? " " : "",
			o->outcome == SL_OUTCOME_ANSWERED    ? "answered"
			: o->outcome == SL_OUTCOME_NXDOMAIN  ? "nxdomain"
			: o->outcome == SL_OUTCOME_REFUSED   ? "refused"
			: o->outcome == SL_OUTCOME_ATTEMPTED ? "attempted"
							     : "",
			o->flags & SL_OBS_REPEAT ? " repeat" : "",
			o->part == SL_PART_TRUNCATED ? " truncated" : "", text);
		f->log_len += (size_t)n < room ? (size_t)n : room - 1;
	}
}

/* One call with room for `room` observables (0: an empty batch). */
static inline enum sl_verdict feed_call(
	struct feed *f, struct sl_piece *p, unsigned room, bool *progress)
{
	size_t used = 0;
	sl_batch_empty(&f->b);
	f->b.n = room ? (uint16_t)(SL_BATCH_MAX - room) : 0;
	unsigned from = f->b.n;
	enum sl_verdict v = f->parser->feed(f->state, p, &f->b, &used);
	if (used > p->bytes.len || f->b.n > SL_BATCH_MAX || f->b.used > SL_BATCH_TEXT)
		abort();
	*progress = f->b.n > from || used > 0;
	feed_log(f, from);
	if (used)
		p->bytes = sl_span_from(p->bytes, used);
	return v;
}

static inline enum sl_verdict feed_piece(struct feed *f, struct sl_piece p)
{
	bool progress = true;
	for (;;) {
		bool was = progress;
		enum sl_verdict v = feed_call(f, &p, was ? f->room : 0, &progress);
		if (v != SL_FULL)
			return v;
		if (!was && !progress)
			abort(); /* stuck with an empty batch */
	}
}

static inline enum sl_verdict feed_bytes(struct feed *f, enum sl_dir dir, const void *p, size_t len)
{
	struct sl_piece piece = { .kind = SL_PIECE_BYTES,
		.dir = dir,
		.bytes = sl_span(p, len),
		.ts_ns = 1,
		.datagram = (f->parser->over & SL_OVER_UDP) && !f->stream };
	if (f->rests && f->bypasses && (len == 0 || !f->parser->begins(piece.bytes.p[0])))
		return SL_REST;
	enum sl_verdict v = feed_piece(f, piece);
	f->rests = v == SL_REST;
	return v;
}

/* The same where the batch has no room at all at first. */
static inline enum sl_verdict feed_full(struct feed *f, enum sl_dir dir, const void *p, size_t len)
{
	struct sl_piece piece = { .kind = SL_PIECE_BYTES,
		.dir = dir,
		.bytes = sl_span(p, len),
		.ts_ns = 1,
		.datagram = (f->parser->over & SL_OVER_UDP) && !f->stream };
	size_t used;
	sl_batch_empty(&f->b);
	f->b.n = SL_BATCH_MAX;
	enum sl_verdict v = f->parser->feed(f->state, &piece, &f->b, &used);
	piece.bytes = sl_span_from(piece.bytes, used);
	return v == SL_FULL ? feed_piece(f, piece) : v;
}

static inline enum sl_verdict feed_mark(
	struct feed *f, enum sl_piece_kind kind, enum sl_dir dir, uint64_t gap)
{
	return feed_piece(f, (struct sl_piece){ .kind = kind, .dir = dir, .gap_bytes = gap });
}

#endif
