/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_streams.c - the open streams of an HTTP/2 connection. Worker; constant memory for each
 * connection, its files' aside, which are the pool's. */
#include "http2_streams.h"
#include "http_file.h"
#include <sightline/hot.h>

#define NAME_MAX_BYTES 255

static unsigned place_of(const struct http2_streams *t, uint32_t id)
{
	unsigned i = 0;
	while (i < HTTP2_STREAMS_MAX && t->id[i] != id)
		i++;
	return i;
}

struct http2_stream *http2_stream_find(struct http2_streams *t, uint32_t id)
{
	unsigned i = id ? place_of(t, id) : HTTP2_STREAMS_MAX;
	return i < HTTP2_STREAMS_MAX ? &t->stream[i] : NULL;
}

static unsigned lowest(const struct http2_streams *t)
{
	unsigned at = 0;
	for (unsigned i = 1; i < HTTP2_STREAMS_MAX; i++)
		if (t->id[i] < t->id[at])
			at = i;
	return at;
}

/* Ends the stream at this place. False: the batch is full. */
static bool end_at(struct http2_streams *t, unsigned i, enum sl_dir dir, struct sl_batch *b)
{
	struct http2_stream *s = &t->stream[i];
	if (!sl_file_end(&s->file[0], b, false) || !sl_file_end(&s->file[1], b, false) ||
		!sl_batch_close(b, dir, s->message))
		return false;
	if (s->name != NULL)
		sl_parser_pool_give(b->pool, s->name, s->name_len);
	*s = (struct http2_stream){ .message = 0 };
	t->id[i] = 0;
	return true;
}

struct http2_stream *http2_stream_open(
	struct http2_streams *t, uint32_t id, enum sl_dir dir, struct sl_batch *b)
{
	unsigned i = place_of(t, id);
	if (i < HTTP2_STREAMS_MAX)
		return &t->stream[i];
	i = place_of(t, 0);
	if (i == HTTP2_STREAMS_MAX) {
		i = lowest(t);
		if (!end_at(t, i, dir, b))
			return NULL;
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_HTTP2_STREAMS, 1);
	}
	t->id[i] = id;
	t->stream[i].message = sl_batch_next_message(b);
	return &t->stream[i];
}

void http2_stream_name(struct http2_stream *s, struct sl_batch *b, struct sl_span path)
{
	uint8_t name[NAME_MAX_BYTES];
	if (s->name != NULL || b->pool == NULL || !sl_batch_wants(b, SL_WHERE_FILE_NAME))
		return;
	size_t n = http_file_asked(path, name, sizeof(name));
	if (n == 0)
		return;
	s->name = sl_parser_pool_take(b->pool, (uint16_t)n);
	if (s->name == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return;
	}
	s->name_len = (uint8_t)n;
	memcpy(s->name, name, n);
}

bool http2_stream_end(
	struct http2_streams *t, uint32_t id, enum sl_dir dir, bool whole, struct sl_batch *b)
{
	struct http2_stream *s = http2_stream_find(t, id);
	if (s == NULL)
		return true;
	if (!sl_file_end(&s->file[dir], b, whole))
		return false;
	s->ended[dir] = true;
	return !s->ended[!dir] || end_at(t, place_of(t, id), dir, b);
}

bool http2_stream_reset(struct http2_streams *t, uint32_t id, enum sl_dir dir, struct sl_batch *b)
{
	return http2_stream_find(t, id) == NULL || end_at(t, place_of(t, id), dir, b);
}

bool http2_streams_reset(struct http2_streams *t, enum sl_dir dir, struct sl_batch *b)
{
	for (unsigned i = 0; i < HTTP2_STREAMS_MAX; i++)
		if (t->id[i] != 0 && !end_at(t, i, dir, b))
			return false;
	return true;
}

void http2_streams_gap(struct http2_streams *t, enum sl_dir dir)
{
	for (unsigned i = 0; i < HTTP2_STREAMS_MAX; i++)
		sl_file_gap(t->stream[i].file[dir]);
}
