/* SPDX-License-Identifier: BSD-3-Clause */
/* mail.c - the course of a mail: header, body, parts and their boundaries (RFC 2046 5.1). Worker;
 * each byte is looked at once, and those of a line that looks like a boundary twice. */
#include <assert.h>

#include "mail.h"
#include <sightline/hot.h>

#define CHECK_MAX (2 * MAIL_BOUNDARY_MAX) /* blanks may follow a boundary */
#define GUESS_LINES 8 /* a first boundary stands within: a preamble is short */

static_assert(CHECK_MAX < MAIL_FIELD_MAX, "a boundary is put together where fields are");

enum dot { DOT_START, DOT_SEEN, DOT_CR, DOT_INSIDE };

static void count_cut(struct mail *m, const struct mail_to *to)
{
	if (!m->counted)
		parser_count_part(to->b);
	m->counted = true;
}

/* A header begins: what it doesn't say is as RFC 2045 5.2 has it. */
static void head_begin(struct mail *m, bool part)
{
	m->state = MAIL_FIELD_START;
	m->part = part;
	m->kind = MAIL_TEXT;
	m->coding = MAIL_PLAIN;
	m->new_len = 0;
	m->len = m->line = m->said = 0;
	m->over = m->look = m->attached = m->named = false;
	m->name_len = 0;
}

void mail_begin(struct mail *m)
{
	m->dot = DOT_START;
	m->depth = m->nested = m->guess = 0;
	m->counted = m->url_ready = m->whole = false;
	m->urls = 0;
	mail_text_begin(m);
	head_begin(m, false);
}

void mail_begin_body(struct mail *m)
{
	mail_begin(m);
	m->guess = GUESS_LINES;
	m->look = true;
	m->state = MAIL_BODY_START;
}

static void body_begin(struct mail *m, const struct mail_to *to)
{
	m->state = MAIL_BODY_START;
	m->look = m->kind == MAIL_TEXT || m->kind == MAIL_HTML;
	mail_text_begin(m);
	mail_part_begin(m, to);
}

/* The empty line after a header: what follows is as the header said. */
static void head_end(struct mail *m, const struct mail_to *to)
{
	if (m->kind == MAIL_MULTIPART && m->new_len) {
		if (m->depth < MAIL_DEPTH) {
			memcpy(m->boundary[m->depth], m->boundary[MAIL_DEPTH], m->new_len);
			m->boundary_nested[m->depth] = m->nested;
			m->boundary_len[m->depth++] = m->new_len;
		} else
			count_cut(m, to);
	}
	bool inner = m->kind == MAIL_MESSAGE && m->nested < MAIL_DEPTH;
	if (m->kind == MAIL_MESSAGE && !inner)
		count_cut(m, to);
	m->len = 0;
	if (inner && m->coding == MAIL_PLAIN) {
		m->nested++;
		head_begin(m, false);
	} else if (inner)
		m->state = MAIL_MESSAGE_CHECK;
	else
		body_begin(m, to);
}

/* Says the field at hand and forgets it. */
static bool field_end(struct mail *m, const struct mail_to *to)
{
	if (m->len && !mail_field_read(m, to))
		return false;
	m->len = m->line = m->said = 0;
	m->over = false;
	return true;
}

/* A line that begins with a blank goes on with the field before it (RFC 5322 2.2.3). */
static bool field_start(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	*n = 0;
	if (!(mail_blank(in.p[0]) && m->len) && !field_end(m, to))
		return false;
	m->line = m->len;
	m->state = MAIL_FIELD;
	return true;
}

/* A line of dashes and one word is taken for the boundary that a header gave that was never seen.
 * What ends in dashes rules a text off. */
static void boundary_guess(struct mail *m, struct sl_span line)
{
	line = mail_trim(sl_span_from(line, 2));
	if (m->depth || line.len == 0 || line.len > MAIL_BOUNDARY_MAX ||
		line.p[line.len - 1] == '-' || memchr(line.p, ' ', line.len) != NULL)
		return;
	memcpy(m->boundary[0], line.p, line.len);
	m->boundary_len[0] = (uint8_t)line.len;
	m->boundary_nested[0] = m->nested;
	m->depth = 1;
}

/* Whether the line is a boundary, and what then begins. Deepest first: an outer boundary ends what
 * is inside it. */
static bool boundary_read(struct mail *m, struct sl_span line, const struct mail_to *to)
{
	if (line.len < 3 || line.p[0] != '-' || line.p[1] != '-')
		return false;
	if (m->guess)
		boundary_guess(m, line);
	line = sl_span_from(line, 2);
	for (unsigned i = m->depth; i-- > 0;) {
		size_t n = m->boundary_len[i];
		if (line.len < n || memcmp(line.p, m->boundary[i], n) != 0)
			continue;
		struct sl_span rest = sl_span_from(line, n);
		bool last = rest.len >= 2 && rest.p[0] == '-' && rest.p[1] == '-';
		if (mail_trim(sl_span_from(rest, last ? 2 : 0)).len)
			continue;
		m->depth = (uint8_t)(last ? i : i + 1);
		m->nested = m->boundary_nested[i];
		mail_text_end(m);
		mail_part_over(m, to, MAIL_OVER_BOUNDARY);
		head_begin(m, true);
		if (last)
			m->state = MAIL_BODY_START;
		return true;
	}
	return false;
}

static bool field_bytes(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	const uint8_t *end = memchr(in.p, '\n', in.len);
	size_t run = end != NULL ? (size_t)(end - in.p) : in.len;
	size_t room = MAIL_FIELD_MAX - m->len, take = run < room ? run : room;
	memcpy(m->field + m->len, in.p, take);
	m->len += (uint16_t)take;
	if (take < run) {
		m->over = true;
		count_cut(m, to);
	}
	*n = end != NULL ? run + 1 : run;
	if (end == NULL)
		return true;
	m->state = MAIL_FIELD_START;
	if (m->len > m->line && m->field[m->len - 1] == '\r')
		m->len--;
	if (m->len == m->line && !m->over)
		head_end(m, to);
	else if (m->line == 0 && boundary_read(m, sl_span(m->field, m->len), to))
		return true; /* a header that no empty line ended */
	return true;
}

/* What was put together is no field: it is of the body. */
static void message_encoded(struct mail *m, const struct mail_to *to)
{
	body_begin(m, to);
	m->at = 0;
	if (m->len)
		m->state = MAIL_BODY_REPLAY;
}

/* A message says that it is encoded, which RFC 2046 5.2.1 forbids. Readers believe a first line
 * that is a field, and undo the coding otherwise: no coding has a colon. */
static bool message_check(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	size_t left = CHECK_MAX - (size_t)m->len, run = 0;
	bool dash = m->len == 0 && in.p[0] == '-'; /* may be a boundary */
	while (!dash && run < in.len && run < left && in.p[run] != ':' && in.p[run] != '\n')
		run++;
	memcpy(m->field + m->len, in.p, run);
	m->len += (uint16_t)run;
	*n = run;
	if (run == in.len && m->len < CHECK_MAX)
		return true;
	if (run < in.len && in.p[run] == ':' && m->len) {
		uint16_t len = m->len;
		m->nested++;
		head_begin(m, false);
		m->len = len;
		m->state = MAIL_FIELD;
	} else
		message_encoded(m, to);
	return true;
}

static bool body_start(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	*n = 0;
	m->len = 0;
	m->guess -= m->guess > 0;
	m->state = (m->depth || m->guess) && in.p[0] == '-' ? MAIL_BODY_CHECK : MAIL_BODY;
	return true;
}

static bool body_check(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	size_t left = CHECK_MAX - (size_t)m->len;
	size_t run = in.len < left ? in.len : left;
	const uint8_t *end = memchr(in.p, '\n', run);
	if (end != NULL)
		run = (size_t)(end - in.p) + 1;
	memcpy(m->field + m->len, in.p, run);
	m->len += (uint16_t)run;
	*n = run;
	if (end == NULL && m->len < CHECK_MAX)
		return true;
	m->at = 0;
	if (end == NULL || !boundary_read(m, sl_span(m->field, m->len - 1u), to))
		m->state = MAIL_BODY_REPLAY;
	return true;
}

/* The bytes of a body: a text is looked at, a file is hashed. */
static bool body_take(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	*n = in.len;
	bool room = !m->look || mail_text(m, in, n, to);
	mail_part_bytes(m, sl_span(in.p, *n), to);
	return room;
}

/* Says what waits to be said. False: the batch is full. */
static bool flush(struct mail *m, const struct mail_to *to)
{
	return mail_url_flush(m, to) && mail_part_flush(m, to);
}

static bool replay(struct mail *m, const struct mail_to *to)
{
	size_t n;
	bool room = body_take(m, sl_span(m->field + m->at, (size_t)(m->len - m->at)), &n, to);
	m->at += (uint16_t)n;
	if (room)
		m->state = m->field[m->len - 1] == '\n' ? MAIL_BODY_START : MAIL_BODY;
	return room;
}

static bool body_replay(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	(void)in;
	*n = 0;
	return replay(m, to);
}

static bool body_bytes(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	const uint8_t *end = memchr(in.p, '\n', in.len);
	size_t run = end != NULL ? (size_t)(end - in.p) + 1 : in.len;
	bool room = body_take(m, sl_span(in.p, run), n, to);
	if (end != NULL && *n == run)
		m->state = MAIL_BODY_START;
	return room;
}

static bool none(struct mail *m, struct sl_span in, size_t *n, const struct mail_to *to)
{
	*n = in.len;
	return true;
}

bool mail_feed(struct mail *m, struct sl_span in, size_t *used, const struct mail_to *to)
{
	static bool (*const step[MAIL_STATES])(
		struct mail *, struct sl_span, size_t *, const struct mail_to *) = {
		[MAIL_NONE] = none,
		[MAIL_FIELD_START] = field_start,
		[MAIL_FIELD] = field_bytes,
		[MAIL_MESSAGE_CHECK] = message_check,
		[MAIL_BODY_START] = body_start,
		[MAIL_BODY_CHECK] = body_check,
		[MAIL_BODY_REPLAY] = body_replay,
		[MAIL_BODY] = body_bytes,
	};
	size_t at = 0;
	bool room = flush(m, to);
	while (room && at < in.len) {
		size_t n = 0;
		room = step[m->state](m, sl_span_from(in, at), &n, to) && flush(m, to);
		at += n;
	}
	*used = at;
	return room;
}

bool mail_feed_dotted(
	struct mail *m, struct sl_span in, size_t *used, bool *ended, const struct mail_to *to)
{
	size_t at = 0;
	bool room = true;
	*ended = false;
	while (room && at < in.len && !*ended) {
		uint8_t c = in.p[at];
		if (m->dot == DOT_INSIDE) {
			const uint8_t *end = memchr(in.p + at, '\n', in.len - at);
			size_t run = end ? (size_t)(end - in.p) + 1 - at : in.len - at, n;
			room = mail_feed(m, sl_span(in.p + at, run), &n, to);
			at += n;
			if (end != NULL && n == run)
				m->dot = DOT_START;
			continue;
		}
		uint8_t was = m->dot;
		if (was == DOT_CR && c != '\n') { /* the line goes on: its CR is its own */
			size_t n;
			room = mail_feed(m, sl_span("\r", 1), &n, to);
			m->dot = n ? DOT_INSIDE : DOT_CR;
			continue;
		}
		bool step = (was == DOT_START && c == '.') || (was == DOT_SEEN && c == '\r');
		*ended = was != DOT_START && c == '\n';
		m->dot = *ended ? DOT_START : step ? (uint8_t)(was + 1) : DOT_INSIDE;
		m->whole |= *ended;
		at += step || *ended;
	}
	*used = at;
	return room;
}

bool mail_gap(struct mail *m, const struct mail_to *to)
{
	if (m->state == MAIL_NONE)
		return true;
	if (m->state == MAIL_MESSAGE_CHECK)
		message_encoded(m, to);
	if (!flush(m, to) || (m->state == MAIL_BODY_REPLAY && !replay(m, to)))
		return false;
	if (m->state == MAIL_FIELD || m->state == MAIL_FIELD_START) {
		/* Where in the mail it goes on is not known: nothing is believed until a boundary
		 * comes. */
		if (m->state == MAIL_FIELD)
			m->len = m->line;
		m->state = MAIL_FIELD_START;
		if (!field_end(m, to))
			return false;
		m->kind = MAIL_OTHER;
	}
	count_cut(m, to);
	mail_part_gap(m);
	m->dot = DOT_INSIDE;
	/* The place in a group of base64 is lost, that in a line of the others is not. */
	m->look = m->look && m->coding != MAIL_BASE64;
	mail_text_begin(m);
	m->state = MAIL_BODY;
	return true;
}

bool mail_end(struct mail *m, const struct mail_to *to)
{
	if (!flush(m, to))
		return false;
	if (m->state == MAIL_FIELD) {
		m->len = m->line; /* a line without its end is not believed */
		m->state = MAIL_FIELD_START;
	}
	if (m->state == MAIL_FIELD_START && !field_end(m, to))
		return false;
	if (m->state == MAIL_MESSAGE_CHECK)
		message_encoded(m, to);
	if (m->state == MAIL_BODY_CHECK) {
		m->at = 0;
		/* The last line of a mail of counted bytes may have no end. */
		if (!m->whole || !boundary_read(m, sl_span(m->field, m->len), to))
			m->state = MAIL_BODY_REPLAY;
	}
	if (m->state == MAIL_BODY_REPLAY && !replay(m, to))
		return false;
	if (m->state == MAIL_BODY || m->state == MAIL_BODY_START)
		mail_text_end(m);
	/* Without its last boundary a part of a mail has no end. */
	mail_part_over(m, to, m->whole && m->depth == 0 ? MAIL_OVER_MAIL : MAIL_OVER_PART);
	m->state = MAIL_NONE;
	return flush(m, to);
}
