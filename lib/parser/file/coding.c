/* SPDX-License-Identifier: BSD-3-Clause */
/* coding.c - the content codings of one file, undone layer by layer within bounds, so that a small
 * message can't make a worker busy with what it promises to be. Worker; never allocates. */
#include <assert.h>

#include <sightline/parser.h>

#include "coding.h"
#include <sightline/hot.h>

static_assert(SL_CODINGS_MAX <= SL_INFLATE_LAYERS, "each layer has its scratch memory");

static void fail(struct coding *c, enum coding_fault why)
{
	coding_end(c);
	c->fault = (uint8_t)why;
}

static void begin_layer(struct coding *c, struct sl_batch *b, enum sl_coding kind)
{
	static const enum sl_inflate_kind by[] = {
		[SL_CODING_GZIP] = SL_INFLATE_GZIP,
		[SL_CODING_DEFLATE] = SL_INFLATE_DEFLATE,
		[SL_CODING_BR] = SL_INFLATE_BR,
		[SL_CODING_ZSTD] = SL_INFLATE_ZSTD,
	};
	if (kind == SL_CODING_UNKNOWN) {
		fail(c, CODING_BROKEN);
		return;
	}
	struct sl_inflate *i = b->inflate != NULL ? sl_inflate_begin(b->inflate, by[kind]) : NULL;
	if (i == NULL)
		fail(c, CODING_NO_MEMORY);
	else
		c->layer[c->layers++] = i;
}

void coding_begin(struct coding *c, struct sl_batch *b, const enum sl_coding kind[SL_CODINGS_MAX])
{
	*c = (struct coding){ .layers = 0 };
	for (unsigned i = SL_CODINGS_MAX; i-- > 0 && c->fault == CODING_GOOD;)
		if (kind[i] != SL_CODING_NONE)
			begin_layer(c, b, kind[i]);
}

static bool within(const struct coding *c)
{
	return c->out <= CODING_FREE || (c->out <= CODING_MAX && c->out / CODING_RATIO <= c->in);
}

/* One layer's bytes, and so on down. A layer whose first byte is none of it was never put on: some
 * servers name a coding that they did not do. */
static void feed_layer(struct coding *c, struct sl_batch *b, unsigned n, struct sl_span in,
	coding_sink *sink, void *to)
{
	enum sl_inflate_said said = SL_INFLATE_ROOM;
	while (said == SL_INFLATE_ROOM && c->fault == CODING_GOOD) {
		if (n >= SL_CODINGS_MAX || n >= c->layers) {
			sink(to, b, in);
			return;
		}
		uint8_t *out = sl_inflate_scratch(b->inflate, n);
		size_t got;
		said = sl_inflate_step(c->layer[n], &in, out, SL_INFLATE_SCRATCH, &got);
		c->out += got;
		if (said == SL_INFLATE_NOT) {
			while (c->layers > n)
				sl_inflate_end(c->layer[--c->layers]);
			said = SL_INFLATE_ROOM;
		} else if (said == SL_INFLATE_NO_MEMORY)
			fail(c, CODING_NO_MEMORY);
		else if (!within(c))
			fail(c, CODING_BOMB);
		else if (got) /* before what is broken too, however the bytes were cut */
			feed_layer(c, b, n + 1, sl_span(out, got), sink, to);
		if (said == SL_INFLATE_BAD && c->fault == CODING_GOOD)
			fail(c, CODING_BROKEN);
	}
}

void coding_feed(
	struct coding *c, struct sl_batch *b, struct sl_span in, coding_sink *sink, void *to)
{
	c->in += in.len;
	feed_layer(c, b, 0, in, sink, to);
}

bool coding_whole(const struct coding *c)
{
	bool whole = c->fault == CODING_GOOD;
	for (unsigned i = 0; i < c->layers; i++)
		whole &= sl_inflate_whole(c->layer[i]);
	return whole;
}

void coding_end(struct coding *c)
{
	while (c->layers > 0)
		sl_inflate_end(c->layer[--c->layers]);
}
