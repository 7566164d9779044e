/* SPDX-License-Identifier: BSD-3-Clause */
/* http2.c - HTTP/2 (RFC 9113) in clear text, both directions: by prior knowledge, after an upgrade,
 * and from the middle of a connection on. Worker. Frames are read as their bytes come, header
 * blocks are decompressed at once and kept only as far as they are said, bodies are handed on.
 * A request and its response share a message, told by their stream.
 *
 * What is an error of the connection ends the direction, as no peer reads on. Where bytes are
 * missing its place is looked for again at the begin of each piece. */
#include "http2_frame.h"
#include "http2_head.h"
#include "http2_streams.h"
#include "http_file.h"
#include "parsers.h"
#include <sightline/hot.h>

#define CONTINUATIONS_MAX 64 /* frames of one block that nobody needs more than */
#define PREFIX_MAX 6

enum phase {
	/* these want bytes */
	START, /* of the connection */
	HEADER, /* of a frame */
	PREFIX,
	CONTENT,
	PADDING,
	SEEK, /* lost: look for a frame at the begin of a piece */
	/* these want room in the batch */
	SAY, /* the block that is kept */
	END, /* of a stream in this direction */
	RESET, /* of a stream in both */
	OVER /* for the direction */
};

struct side {
	struct hpack hpack;
	struct http2_block block;
	struct http_say say;
	enum phase phase;
	enum phase after; /* what follows SAY, END and RESET */
	struct http2_frame frame; /* under way */
	uint32_t content, padding; /* of it, still to come */
	uint32_t block_stream; /* whose CONTINUATION has to follow; 0: none */
	uint32_t block_for; /* whose headers they are: a promise is another stream's */
	uint32_t ending; /* the stream of END and RESET */
	uint8_t part[HTTP2_FRAME_HEAD]; /* of a frame's head or prefix */
	uint8_t have; /* of it, or of the preface */
	uint8_t continuations;
	bool block_ends; /* its stream */
	bool unread; /* the rest of the block can't be decompressed */
	bool authority; /* is said */
	bool begun; /* the first frame was seen */
	bool sure; /* where frames begin, since the begin of the connection */
	bool bad;
	bool ended;
};

struct http2 {
	struct side side[2];
	struct http2_streams streams;
};

static enum sl_probe http2_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	return http2_frames_probe(p->bytes);
}

static bool http2_begins(uint8_t first)
{
	return first == HTTP2_PREFACE[0] || first == 0; /* or of a length */
}

static void count(struct sl_batch *b, enum sl_counter id)
{
	if (b->counters != NULL)
		sl_count(b->counters, id, 1);
}

/* ---- Header blocks ---- */

static void block_begin(struct side *s)
{
	s->block_stream = s->block_for = s->frame.stream;
	s->block_ends = s->frame.type == HTTP2_HEADERS && (s->frame.flags & HTTP2_END_STREAM);
	s->continuations = 0;
	s->unread = s->authority = false;
	s->say = (struct http_say){ .message = 0 };
}

static void block_forget(struct side *s, struct sl_batch *b)
{
	http2_block_drop(&s->block, b);
	s->block_stream = s->block_for = 0;
	s->unread = false;
}

static void block_unread(struct side *s, struct sl_batch *b, enum sl_counter why)
{
	s->unread = true;
	count(b, why);
	parser_count_part(b);
}

/* The table is kept in step by every block, whether anything of it is said or not. */
static void block_bytes(struct side *s, struct sl_span in, bool last, struct sl_batch *b)
{
	struct hpack_field field;
	while (!s->unread) {
		switch (hpack_next(&s->hpack, b, &in, last, &field)) {
		case HPACK_FIELD:
			http2_block_add(&s->block, b, &field);
			break;
		case HPACK_MORE:
		case HPACK_END:
			return;
		case HPACK_MALFORMED:
			block_unread(s, b, SL_C_HTTP2_TABLE_UNKNOWN);
			break;
		case HPACK_NO_MEMORY:
			block_unread(s, b, SL_C_HTTP2_TABLE_MEMORY);
			break;
		}
	}
}

static bool say_authority(
	struct side *s, const struct http2_head *head, enum sl_dir dir, struct sl_batch *b)
{
	if (!s->authority && head->request &&
		!sl_batch_add_raw(
			b, SL_WHERE_HTTP2_AUTHORITY, dir, s->say.message, head->authority, NULL))
		return false;
	s->authority = true;
	return true;
}

/* A body follows: a file of the stream, unless it is a tunnel. */
static void body_begin(struct http2_stream *stream, const struct http2_head *head, enum sl_dir dir,
	struct sl_batch *b)
{
	uint8_t name[PARAMETER_MAX];
	struct sl_file_begin how = { .dir = dir, .message = stream->message };
	if (stream->tunnel || stream->file[dir] != NULL || http2_head_is_interim(head) ||
		http_is_message(head->http.type.last))
		return;
	http_file_codings(&head->http, how.coding);
	how.name = http_file_name(&head->http, sl_span(stream->name, stream->name_len), name);
	stream->file[dir] = sl_file_begin(b, &how);
	if (head->http.status == 206) /* RFC 9110 15.3.7: a part of it */
		sl_file_gap(stream->file[dir]);
}

/* Says a request or a response. False: the batch is full. */
static bool head_say(
	struct http2 *h, const struct http2_head *head, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	struct http2_stream *stream = http2_stream_open(&h->streams, s->block_for, dir, b);
	if (stream == NULL)
		return false;
	s->say.message = stream->message;
	if (!say_authority(s, head, dir, b) || !http_say(&s->say, &head->http, dir, b))
		return false;
	if (head->request) {
		stream->tunnel = sl_span_eq(head->http.method, sl_span_str("CONNECT"));
		http2_stream_name(stream, b, head->path);
	}
	if (s->block_for != s->block_stream)
		stream->ended[!dir] = true; /* nobody asks for what is promised */
	else if (!s->block_ends)
		body_begin(stream, head, dir, b);
	return true;
}

/* The block is over. Trailers (RFC 9113 8.1) are decompressed, nothing is said of them. */
static bool block_say(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	uint8_t cookie[HTTP_FLAT_MAX];
	struct http2_head head;
	http2_head_read(&s->block, cookie, &head);
	if ((head.request || head.response) && s->block_for != 0 && !head_say(h, &head, dir, b))
		return false;
	s->phase = s->block_ends ? END : s->after;
	s->ending = s->block_for;
	block_forget(s, b);
	return true;
}

/* ---- Where the direction stands ---- */

/* What was kept of a block is said before anything else. */
static void go_on(struct side *s, enum phase next)
{
	s->after = next;
	s->phase = s->block_stream != 0 ? SAY : next;
	s->have = 0;
}

/* Nobody knows where the next frame begins. */
static void lose(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	count(b, SL_C_HTTP2_LOST);
	parser_count_part(b);
	(void)hpack_drop(&s->hpack);
	http2_streams_gap(&h->streams, dir);
	s->bad = s->sure;
	s->block_ends = false;
	s->begun = true;
	go_on(s, s->sure ? OVER : SEEK);
}

/* ---- Frames ---- */

static bool is_block(const struct http2_frame *f)
{
	return f->type == HTTP2_HEADERS || f->type == HTTP2_PUSH_PROMISE ||
	       f->type == HTTP2_CONTINUATION;
}

static void frame_end(struct side *s)
{
	s->after = s->phase = HEADER;
	s->ending = s->frame.stream;
	s->have = 0;
	if (is_block(&s->frame) && s->block_stream != 0)
		s->phase = s->frame.flags & HTTP2_END_HEADERS ? SAY : HEADER;
	else if (s->frame.type == HTTP2_DATA)
		s->phase = s->frame.flags & HTTP2_END_STREAM ? END : HEADER;
	else if (s->frame.type == HTTP2_RST_STREAM)
		s->phase = RESET;
}

static void content_passed(struct side *s, uint32_t n)
{
	s->content -= n;
	if (s->content > 0)
		return;
	s->phase = PADDING;
	if (s->padding == 0)
		frame_end(s);
}

/* Content of a frame, the next bytes of it. */
static void content_bytes(struct http2 *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	if (is_block(&s->frame) && s->block_stream != 0) {
		bool last = in.len == s->content && (s->frame.flags & HTTP2_END_HEADERS);
		block_bytes(s, in, last, b);
	} else if (s->frame.type == HTTP2_DATA) {
		struct http2_stream *stream = http2_stream_find(&h->streams, s->frame.stream);
		if (stream != NULL)
			sl_file_bytes(stream->file[dir], b, in);
	}
	content_passed(s, (uint32_t)in.len);
}

/* What stands in front of the content is there. */
static void prefix_end(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	static const uint8_t none[1];
	struct side *s = &h->side[dir];
	unsigned need = http2_frame_prefix(&s->frame);
	bool padded = need > 0 && (s->frame.flags & HTTP2_PADDED);
	s->padding = padded ? s->part[0] : 0;
	if (s->padding > s->frame.len - need) {
		lose(h, dir, b);
		return;
	}
	if (s->frame.type == HTTP2_PUSH_PROMISE) {
		struct sl_rd r = sl_rd(sl_span(s->part + padded, 4));
		s->block_for = sl_rd32(&r) & 0x7fffffff;
	}
	s->content = s->frame.len - need - s->padding;
	s->phase = CONTENT;
	s->have = 0;
	if (s->content == 0)
		content_bytes(h, dir, sl_span(none, 0), b);
}

/* RFC 9113 6.10: nothing stands between the frames of a block. A rest of one whose begin was lost
 * is passed over. */
static bool fits_block(const struct side *s)
{
	if (s->block_stream != 0)
		return s->frame.type == HTTP2_CONTINUATION && s->frame.stream == s->block_stream;
	return s->frame.type != HTTP2_CONTINUATION || !s->sure;
}

static bool frame_is_good(struct side *s)
{
	bool first = !s->begun;
	s->begun = true;
	if (first && s->frame.type == HTTP2_SETTINGS)
		s->sure = http2_frame_is_likely(&s->frame);
	return (first ? http2_frame_is_likely : http2_frame_is_sound)(&s->frame) &&
	       s->frame.len >= http2_frame_prefix(&s->frame) && fits_block(s);
}

static void frame_begin(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	s->frame = http2_frame_read(s->part);
	s->have = 0;
	if (!frame_is_good(s)) {
		lose(h, dir, b);
		return;
	}
	if (s->frame.type == HTTP2_HEADERS || s->frame.type == HTTP2_PUSH_PROMISE)
		block_begin(s);
	if (s->frame.type == HTTP2_CONTINUATION && s->continuations < UINT8_MAX &&
		++s->continuations == CONTINUATIONS_MAX)
		count(b, SL_C_HTTP2_CONTINUATIONS);
	s->phase = PREFIX;
	if (http2_frame_prefix(&s->frame) == 0)
		prefix_end(h, dir, b);
}

/* ---- From frame to frame ---- */

/* Fills `part` up to need; true: it is full. */
static bool collect(struct side *s, struct sl_span in, size_t need, size_t *used)
{
	size_t n = need - s->have < in.len ? need - s->have : in.len;
	memcpy(s->part + s->have, in.p, n);
	s->have = (uint8_t)(s->have + n);
	*used = n;
	return s->have == need;
}

/* RFC 9113 3.4: a client begins with a preface, a server with SETTINGS. Something else is the
 * middle of a connection. */
static void start(
	struct http2 *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	static const uint8_t preface[] = HTTP2_PREFACE;
	struct side *s = &h->side[dir];
	size_t n = 0;
	while (n < in.len && s->have < HTTP2_PREFACE_LEN && in.p[n] == preface[s->have]) {
		s->have++;
		n++;
	}
	*used = n;
	if (s->have == HTTP2_PREFACE_LEN) {
		s->begun = s->sure = true;
		go_on(s, HEADER);
	} else if (n < in.len && s->have == 0)
		s->phase = HEADER;
	else if (n < in.len)
		lose(h, dir, b);
}

static void seek(struct side *s, struct sl_span in, size_t *used)
{
	*used = in.len;
	if (!http2_frames_begin(in))
		return;
	*used = 0;
	go_on(s, HEADER);
}

/* A step that wants bytes; *used of them. */
static void step_in(
	struct http2 *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct side *s = &h->side[dir];
	switch (s->phase) {
	case START:
		start(h, dir, in, b, used);
		break;
	case HEADER:
		if (collect(s, in, HTTP2_FRAME_HEAD, used))
			frame_begin(h, dir, b);
		break;
	case PREFIX:
		if (collect(s, in, http2_frame_prefix(&s->frame), used))
			prefix_end(h, dir, b);
		break;
	case CONTENT:
		*used = s->content < in.len ? s->content : in.len;
		content_bytes(h, dir, sl_span(in.p, *used), b);
		break;
	case PADDING:
		*used = s->padding < in.len ? s->padding : in.len;
		s->padding -= (uint32_t)*used;
		if (s->padding == 0)
			frame_end(s);
		break;
	default:
		seek(s, in, used);
		break;
	}
	if (s->phase == SEEK || s->phase == OVER || (s->phase == SAY && s->after != HEADER))
		*used = in.len; /* lost: a place is found at the begin of a piece alone */
}

/* Nothing more comes. What is left of the streams ends with the second direction. */
static bool over(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	(void)hpack_drop(&s->hpack);
	http2_block_drop(&s->block, b);
	s->ended = true;
	return !h->side[!dir].ended || http2_streams_reset(&h->streams, dir, b);
}

/* A step that wants room. False: there is none. */
static bool step_out(struct http2 *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	if (s->phase == SAY)
		return block_say(h, dir, b);
	if (s->phase == END && !http2_stream_end(&h->streams, s->ending, dir, true, b))
		return false;
	if (s->phase == RESET && !http2_stream_reset(&h->streams, s->ending, dir, b))
		return false;
	s->phase = s->after;
	return true;
}

static enum sl_verdict feed_bytes(
	struct http2 *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *consumed)
{
	struct side *s = &h->side[dir];
	for (;;) {
		if (s->phase == OVER && !over(h, dir, b))
			return SL_FULL;
		if (s->phase == OVER)
			return s->bad ? SL_BAD : SL_DONE;
		if (s->phase >= SAY) {
			if (!step_out(h, dir, b))
				return SL_FULL;
			continue;
		}
		if (*consumed == in.len)
			return SL_MORE;
		size_t used = 0;
		step_in(h, dir, sl_span_from(in, *consumed), b, &used);
		*consumed += used;
	}
}

/* Within a frame's payload the place is not lost. Where it is, or headers are missing, the table is
 * not what the sender's is any more. */
static void gap(struct http2 *h, enum sl_dir dir, uint64_t bytes, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	bool inside = s->phase == CONTENT || s->phase == PADDING;
	bool keeps = inside && bytes > 0 && bytes <= (uint64_t)s->content + s->padding;
	if (s->hpack.inflater != NULL && (!keeps || (is_block(&s->frame) && s->phase == CONTENT)))
		count(b, SL_C_HTTP2_TABLE_GAP);
	if (!keeps) {
		s->sure = false;
		lose(h, dir, b);
		return;
	}
	uint32_t n = bytes < s->content ? (uint32_t)bytes : s->content;
	if (s->phase == CONTENT && is_block(&s->frame)) {
		(void)hpack_drop(&s->hpack);
		s->unread = true;
		parser_count_part(b);
	} else if (s->phase == CONTENT && s->frame.type == HTTP2_DATA) {
		struct http2_stream *stream = http2_stream_find(&h->streams, s->frame.stream);
		if (stream != NULL)
			sl_file_gap(stream->file[dir]);
	}
	s->padding -= (uint32_t)(bytes - n);
	content_passed(s, n);
}

static enum sl_verdict http2_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct http2 *h = state;
	struct side *s = &h->side[p->dir];
	*consumed = 0;
	/* Between pieces a direction wants bytes: if not, this is the same piece once more. */
	if (p->kind == SL_PIECE_GAP && s->phase < SAY)
		gap(h, p->dir, p->gap_bytes, b);
	if (p->kind == SL_PIECE_END && s->phase < SAY) {
		s->block_ends = false;
		if (s->block_stream != 0)
			parser_count_part(b);
		go_on(s, OVER);
	}
	return feed_bytes(h, p->dir, p->bytes, b, consumed);
}

const struct sl_parser sl_parser_http2 = {
	.name = "http2",
	.state_bytes = sizeof(struct http2),
	.over = SL_OVER_TCP,
	.probe = http2_probe,
	.begins = http2_begins,
	.feed = http2_feed,
};
