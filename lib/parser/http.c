/* SPDX-License-Identifier: BSD-3-Clause */
/* http.c - HTTP/1 (RFC 9112) as a byte stream in both directions. Worker. A head that lies in one
 * piece is read where it lies; one that does not is held until it is whole. A request and its
 * response share a message, told by their order. The state is where each direction stands, and the
 * requests that wait for their response. */
#include "gather.h"
#include "http2_frame.h"
#include "http_body.h"
#include "http_file.h"
#include "http_say.h"
#include "parsers.h"
#include <sightline/hot.h>

#define HEAD_MAX 32768 /* of one head; what comes behind that is not read */
#define WAITING_MAX 16 /* requests of a flow that wait for their response */
#define START_MAX 128 /* bytes within which a start is known, or waits for the end of its line */

enum request { PLAIN, HEAD, CONNECT };

struct waiting {
	struct http_asked asked;
	uint32_t message;
	uint8_t request; /* enum request */
};

struct side {
	struct http_body body; /* what comes before the next head */
	struct http_file file; /* that the body is */
	struct gather head; /* of a head that is not whole yet */
	struct http_say say;
	enum http_line line; /* where the head that is not whole ends */
	bool begun; /* a head is not whole */
	bool sure; /* which is one: it needs no second look */
	bool over; /* more of it came than is held */
	bool whole; /* the head held is to be said */
	bool seek; /* lost: look for a head at the start of a piece */
	bool ended;
};

struct http {
	struct side side[2];
	struct http_range range; /* of responses */
	struct waiting waiting[WAITING_MAX]; /* a ring */
	uint8_t first, count;
	bool unpaired; /* a head was lost: no response is sure to answer the request in front */
	bool leaving; /* another protocol takes the flow over */
	bool websocket; /* which is that one */
};

#define LINE_AWAITED 1000 /* of a request line: a method alone is RTSP's or SIP's as well */

static enum sl_probe http_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	while (in.len && (in.p[0] == '\r' || in.p[0] == '\n'))
		in = sl_span_from(in, 1);
	switch (http_start(in)) {
	case HTTP_REQUEST:
		return in.len >= LINE_AWAITED || memchr(in.p, '\n', in.len) != NULL ? SL_PROBE_YES
										    : SL_PROBE_MORE;
	case HTTP_RESPONSE:
		return SL_PROBE_YES;
	case HTTP_CUT:
		return SL_PROBE_MORE;
	default:
		return SL_PROBE_NO;
	}
}

/* ---- Which response answers which request ---- */

static struct waiting *front(struct http *h)
{
	return h->count && !h->unpaired ? &h->waiting[h->first] : NULL;
}

static void forget_front(struct http *h, struct sl_batch *b)
{
	http_asked_drop(&h->waiting[h->first].asked, b);
	h->first = (h->first + 1) % WAITING_MAX;
	h->count--;
}

/* A file of the message that is still open closes it. */
static bool close_later(struct http *h, uint32_t message)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		struct http_file *f = &h->side[dir].file;
		if (http_file_open(f) && f->message == message) {
			f->close = true;
			return true;
		}
	}
	return false;
}

static bool close_message(struct http *h, enum sl_dir dir, uint32_t message, struct sl_batch *b)
{
	return close_later(h, message) || sl_batch_close(b, dir, message);
}

/* Messages that nothing will be added to are complete. False: the batch is full. */
static bool close_all(struct http *h, enum sl_dir dir, struct sl_batch *b)
{
	while (h->count) {
		if (!close_message(h, dir, h->waiting[h->first].message, b))
			return false;
		forget_front(h, b);
	}
	return true;
}

static enum request request_of(struct sl_span method)
{
	return sl_span_eq(method, sl_span_str("HEAD"))	    ? HEAD
	       : sl_span_eq(method, sl_span_str("CONNECT")) ? CONNECT
							    : PLAIN;
}

/* A request that can't wait for its response is complete as it is, or with its body. */
static bool request_end(struct http *h, const struct http_head *head, enum sl_dir dir, bool body,
	struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	bool alone = h->unpaired || h->count == WAITING_MAX;
	if (alone && !body && !sl_batch_close(b, dir, s->say.message))
		return false;
	h->unpaired = alone;
	s->file.close = alone && body;
	if (alone)
		return true;
	struct waiting *w = &h->waiting[(h->first + h->count++) % WAITING_MAX];
	*w = (struct waiting){
		.message = s->say.message,
		.request = (uint8_t)request_of(head->method),
	};
	http_asked_keep(&w->asked, b, head);
	return true;
}

/* RFC 9110 15.2: an interim response is not yet the answer. */
static bool is_interim(const struct http_head *head)
{
	return head->status / 100 == 1;
}

static bool response_end(struct http *h, const struct http_head *head, enum sl_dir dir, bool body,
	struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	if (front(h) != NULL && is_interim(head))
		return true;
	s->file.close = body;
	return body || close_message(h, dir, s->say.message, b);
}

/* ---- What comes behind a head ---- */

/* RFC 9112 6.3. A request's body without a length that can be believed is taken for none: either a
 * request follows, or the next piece that begins with one is waited for. */
static struct http_body body_of(const struct http_head *head, enum request asked)
{
	struct http_body body = { .left = 0 };
	if (head->response &&
		(asked == HEAD || is_interim(head) || head->status == 204 || head->status == 304))
		return body;
	if (head->chunked)
		body.part = HTTP_BODY_SIZE;
	else if (head->length_seen && !head->length_bad) {
		body.left = head->body;
		body.part = head->body ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	} else if (head->response)
		body.part = HTTP_BODY_TO_END;
	return body;
}

/* RFC 9110 9.3.6 and 7.8. */
static bool is_takeover(const struct http_head *head, enum request asked)
{
	return head->response &&
	       (head->status == 101 || (asked == CONNECT && head->status / 100 == 2));
}

static void head_forget(struct side *s, struct sl_batch *b)
{
	gather_drop(&s->head, b);
	s->say = (struct http_say){ .message = 0 };
	s->line = HTTP_LINE_BEGIN;
	s->begun = s->sure = s->over = s->whole = false;
}

/* Where the direction stands is not known any more. */
static void lose(struct http *h, struct side *s, struct sl_batch *b)
{
	head_forget(s, b);
	http_file_over(&s->file, false);
	s->body.part = HTTP_BODY_NONE;
	s->seek = true;
	h->unpaired = true;
}

/* ---- Heads ---- */

/* The file that the body is; one that nobody wants or that nothing is left for is over at once. */
static void begin_file(struct http *h, enum sl_dir dir, const struct http_head *head,
	const struct waiting *asked, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	http_file_begin(&s->file, &h->range, b, head, dir, s->say.message,
		asked != NULL ? &asked->asked : NULL);
	if (!http_file_open(&s->file))
		http_file_over(&s->file, true);
}

/* What a head that was said begins. */
static void head_end(struct http *h, enum sl_dir dir, const struct http_head *head,
	struct http_body body, struct sl_batch *b)
{
	struct waiting *asked = head->response ? front(h) : NULL;
	h->leaving = is_takeover(head, asked != NULL ? (enum request)asked->request : PLAIN);
	if (head->complete && body.part != HTTP_BODY_NONE)
		begin_file(h, dir, head, asked, b);
	if (asked != NULL && !is_interim(head))
		forget_front(h, b);
}

/* Says the head in `text`. False: the batch is full. *used: its length. */
static bool head_say(
	struct http *h, enum sl_dir dir, struct sl_span text, struct sl_batch *b, size_t *used)
{
	struct side *s = &h->side[dir];
	struct http_head head;
	*used = text.len;
	if (!http_head_read(text, &head)) {
		lose(h, s, b);
		return true;
	}
	struct waiting *asked = head.response ? front(h) : NULL;
	struct http_body body =
		body_of(&head, asked != NULL ? (enum request)asked->request : PLAIN);
	if (s->say.message == 0)
		s->say.message = asked ? asked->message : sl_batch_next_message(b);
	if (!http_say(&s->say, &head, dir, b) ||
		!(head.response ? response_end : request_end)(
			h, &head, dir, head.complete && body.part != HTTP_BODY_NONE, b))
		return false;
	head_end(h, dir, &head, body, b);
	if (!head.complete) {
		parser_count_part(b);
		h->leaving = false;
		lose(h, s, b);
		return true;
	}
	*used = head.len;
	head_forget(s, b);
	s->seek = false;
	s->body = body;
	h->websocket = head.websocket && head.status == 101; /* RFC 6455 4.1 */
	return true;
}

/* No head. Behind a request to connect it is what that was for; its answer was not captured. */
static void not_a_head(struct http *h, struct side *s, struct sl_batch *b)
{
	bool connects = h->count && !s->seek &&
			h->waiting[(h->first + h->count - 1) % WAITING_MAX].request == CONNECT;
	lose(h, s, b);
	h->leaving = connects;
}

/* More of a head that is not whole; *used of `in`. */
static void head_hold(
	struct http *h, struct side *s, struct sl_span in, struct sl_batch *b, size_t *used)
{
	bool line_end = memchr(in.p, '\n', in.len) != NULL;
	bool end = http_empty_line(&s->line, in, used);
	s->begun = true;
	if (!s->over)
		s->over = !gather_all(&s->head, b, sl_span(in.p, *used), HEAD_MAX);
	if (!s->sure && (line_end || s->head.have < START_MAX || s->over)) {
		enum http_start start = http_start(gather_bytes(&s->head));
		if (start == HTTP_NO || (start == HTTP_CUT && (line_end || s->over))) {
			not_a_head(h, s, b);
			*used = h->leaving ? 0 : in.len;
			return;
		}
		s->sure = start != HTTP_CUT;
	}
	s->whole = end;
}

/* A head begins with `in`. One that goes on is held; where nothing can be held, its lines so far
 * count. False: the batch is full. */
static bool head_begin(
	struct http *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct side *s = &h->side[dir];
	enum http_line line = HTTP_LINE_BEGIN;
	size_t len, said;
	*used = 0;
	if (http_start(in) == HTTP_NO) {
		not_a_head(h, s, b);
		h->leaving |= http2_preface_begins(in); /* the answer that agreed was missed */
		*used = h->leaving ? 0 : in.len;
		return true;
	}
	bool whole = http_empty_line(&line, in, &len) && len <= HEAD_MAX;
	if (!whole && gather_ready(&s->head, b)) {
		head_hold(h, s, in, b, used);
		return true;
	}
	if (!head_say(h, dir, sl_span(in.p, len), b, &said))
		return false;
	*used = whole ? len : in.len;
	return true;
}

/* ---- From head to head ---- */

/* What is held of a head is all that there will be, or as much as is read. False: the batch is
 * full. */
static bool head_flush(struct http *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	size_t used;
	if (!s->begun)
		return true;
	if (s->head.p == NULL) {
		lose(h, s, b);
		return true;
	}
	return head_say(h, dir, gather_bytes(&s->head), b, &used);
}

/* Empty lines may stand before a head (RFC 9112 2.2). */
static size_t skip_empty(struct sl_span in)
{
	size_t at = 0;
	while (at < in.len && (in.p[at] == '\r' || in.p[at] == '\n'))
		at++;
	return at;
}

/* The file of a direction is over: tells it. A message that both directions have a file of is
 * closed by the one that is over last. False: the batch is full. */
static bool file_flush(struct http *h, enum sl_dir dir, struct sl_batch *b)
{
	struct http_file *f = &h->side[dir].file, *other = &h->side[!dir].file;
	if (f->end == HTTP_FILE_GOES_ON)
		return true;
	if (f->close && http_file_open(other) && other->message == f->message) {
		other->close = true;
		f->close = false;
	}
	return http_file_flush(f, &h->range, b, dir);
}

/* One step over a body. False: the batch is full. */
static bool body_some(
	struct http *h, struct side *s, struct sl_span in, struct sl_batch *b, size_t *used)
{
	size_t run = http_body_run(&s->body, in.len);
	bool room = true;
	if (http_file_waits(&s->file)) /* of bytes that were taken when the batch was full */
		return http_file_bytes(&s->file, b, sl_span(in.p, 0), used);
	if (run) {
		room = http_file_bytes(&s->file, b, sl_span(in.p, run), &run);
		in.len = run;
	}
	if (!http_body_skip(&s->body, in, used)) {
		lose(h, s, b);
		*used = in.len;
	} else if (s->body.part == HTTP_BODY_NONE)
		http_file_over(&s->file, true);
	return room;
}

/* One step over the piece; *used of it. False: the batch is full. */
static bool feed_some(
	struct http *h, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct side *s = &h->side[dir];
	*used = 0;
	if (s->file.end != HTTP_FILE_GOES_ON)
		return file_flush(h, dir, b);
	if (s->whole)
		return head_flush(h, dir, b);
	if (s->begun) {
		head_hold(h, s, in, b, used);
		return true;
	}
	if (s->body.part != HTTP_BODY_NONE)
		return body_some(h, s, in, b, used);
	*used = s->say.message ? 0 : skip_empty(in);
	return *used || head_begin(h, dir, in, b, used);
}

/* No byte of either direction belongs to a file any more. False: the batch is full. */
static bool files_end(struct http *h, struct sl_batch *b)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		if (http_file_open(&h->side[dir].file))
			http_file_over(&h->side[dir].file, false);
		if (!file_flush(h, (enum sl_dir)dir, b))
			return false;
	}
	return http_range_end(&h->range, b, SL_TO_CLIENT);
}

static bool leave(struct http *h, enum sl_dir dir, struct sl_batch *b)
{
	if (!files_end(h, b) || !close_all(h, dir, b))
		return false;
	head_forget(&h->side[0], b);
	head_forget(&h->side[1], b);
	if (h->websocket)
		b->next = &sl_parser_websocket;
	return true;
}

static enum sl_verdict feed_bytes(
	struct http *h, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct side *s = &h->side[p->dir];
	struct sl_span in = p->bytes;
	size_t used;
	while (h->leaving || s->whole || s->file.end || http_file_waits(&s->file) ||
		*consumed < in.len) {
		if (h->leaving)
			return leave(h, p->dir, b) ? SL_NOT_MINE : SL_FULL;
		if (h->unpaired && !close_all(h, p->dir, b))
			return SL_FULL;
		bool done = feed_some(h, p->dir, sl_span_from(in, *consumed), b, &used);
		*consumed += used;
		if (!done)
			return SL_FULL;
	}
	return SL_MORE;
}

static enum sl_verdict feed_gap(struct http *h, const struct sl_piece *p, struct sl_batch *b)
{
	struct side *s = &h->side[p->dir];
	if (!file_flush(h, p->dir, b) || (s->begun && !head_flush(h, p->dir, b)))
		return SL_FULL;
	if (h->unpaired && !close_all(h, p->dir, b))
		return SL_FULL;
	/* A full batch must not let the same gap count twice: nothing is added behind this line
	 * unless the place is lost, and then it is lost again. */
	http_file_gap(&s->file);
	if (s->body.part == HTTP_BODY_NONE || !http_body_gap(&s->body, p->gap_bytes)) {
		lose(h, s, b);
		return file_flush(h, p->dir, b) && close_all(h, p->dir, b) ? SL_MORE : SL_FULL;
	}
	if (s->body.part == HTTP_BODY_NONE)
		http_file_over(&s->file, true);
	return SL_MORE;
}

/* The messages are complete once both directions are. */
static enum sl_verdict feed_end(struct http *h, enum sl_dir dir, struct sl_batch *b)
{
	struct side *s = &h->side[dir];
	if (http_file_open(&s->file))
		http_file_over(&s->file,
			s->body.part == HTTP_BODY_TO_END && sl_stream_finished(b->flow, dir));
	if (!file_flush(h, dir, b) || !head_flush(h, dir, b))
		return SL_FULL;
	s->ended = true;
	h->leaving = false;
	if (h->side[!dir].ended && !files_end(h, b))
		return SL_FULL;
	if ((h->unpaired || h->side[!dir].ended) && !close_all(h, dir, b))
		return SL_FULL;
	return SL_DONE;
}

static enum sl_verdict http_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	*consumed = 0;
	switch (p->kind) {
	case SL_PIECE_BYTES:
		return feed_bytes(state, p, b, consumed);
	case SL_PIECE_GAP:
		return feed_gap(state, p, b);
	case SL_PIECE_END:
		break;
	}
	return feed_end(state, p->dir, b);
}

const struct sl_parser sl_parser_http = {
	.name = "http",
	.state_bytes = sizeof(struct http),
	.over = SL_OVER_TCP,
	.probe = http_probe,
	.begins = http_begins,
	.feed = http_feed,
};
