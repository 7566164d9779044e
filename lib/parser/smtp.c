/* SPDX-License-Identifier: BSD-3-Clause */
/* smtp.c - SMTP (RFC 5321) with pipelining, chunking (RFC 3030) and STARTTLS (RFC 3207): the name a
 * client gives itself, the envelopes, the mails. Worker. An envelope and its mail are one message;
 * the greeting belongs to the first of them. Content follows the client's own words, so that one
 * side of a connection is enough. */
#include <assert.h>

#include "mail.h"
#include <sightline/hot.h>

enum mode {
	COMMANDS,
	DATA, /* until a line of one dot */
	CHUNK, /* as many bytes as BDAT said */
	ENDING, /* the mail is over, and waits to be said so */
};

enum kind { OTHER, MAIL_FROM, RCPT_TO, DATA_CMD, STARTTLS };

struct smtp {
	uint8_t mode; /* enum mode, of the client's side */
	bool known; /* which side the client is */
	bool client; /* enum sl_dir of its bytes */
	bool mail; /* the message at hand has its sender */
	bool last; /* the chunk at hand is the mail's last */
	bool begun; /* content of the mail was seen */
	bool gap; /* content of the mail was missed */
	bool took; /* the command at hand has its message */
	uint32_t message; /* 0: none open */
	uint64_t chunk; /* bytes of the chunk that are to come */
	struct mail_asked asked;
	struct mail_line line; /* the client's */
	struct {
		uint8_t len;
		bool ready, skip;
		uint8_t b[4];
	} reply;
	struct mail content;
};

static_assert(sizeof(struct smtp) <= 8192, "a state of SMTP fits its class of the pool");

/* ---- Whether it is SMTP ---- */

#define GREETING "220"
static const char *const first_words[] = { "EHLO ", "HELO ", "LHLO ", "MAIL FROM:", "RCPT TO:" };

static enum sl_probe smtp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	enum sl_probe reply = mail_probe(in, GREETING);
	if (reply == SL_PROBE_NO)
		return mail_probe_any(in, first_words, sizeof(first_words) / sizeof(*first_words));
	if (in.len < 4)
		return SL_PROBE_MORE;
	if (in.p[3] != ' ' && in.p[3] != '-')
		return SL_PROBE_NO;
	if (mail_first_line_has(in, "SMTP"))
		return SL_PROBE_YES;
	return memchr(in.p, '\n', in.len) == NULL ? SL_PROBE_MORE : SL_PROBE_NO;
}

static bool smtp_begins(uint8_t first)
{
	return first == GREETING[0] ||
	       mail_probe_any(sl_span(&first, 1), first_words,
		       sizeof(first_words) / sizeof(*first_words)) != SL_PROBE_NO;
}

/* ---- Messages ---- */

/* Ends the message at hand. False: the batch is full. */
static bool finish(struct smtp *s, struct sl_batch *b)
{
	struct mail_to to = { b, s->client, s->message };
	if (s->message == 0)
		return true;
	if (!mail_end(&s->content, &to) || !sl_batch_close(b, s->client, s->message))
		return false;
	s->message = 0;
	s->mail = s->begun = s->gap = false;
	return true;
}

/* Opens the message that the command at hand belongs to, once: a new one, or the greeting's. */
static bool take_message(struct smtp *s, struct sl_batch *b, bool fresh)
{
	if (s->took)
		return true;
	if (fresh && !finish(s, b))
		return false;
	if (s->message == 0)
		s->message = sl_batch_next_message(b);
	s->took = true;
	return true;
}

/* ---- Commands ---- */

static bool say_helo(struct smtp *s, struct sl_batch *b, struct sl_span name)
{
	name = mail_word(&name);
	if (!take_message(s, b, true))
		return false;
	return sl_batch_add_raw(
		b, SL_WHERE_SMTP_HELO, s->client, s->message, mail_literal(name), NULL);
}

/* The address in angle brackets, or the first word where there are none. Empty where the line was
 * cut inside of it. */
static struct sl_span path_of(const struct smtp *s, size_t at)
{
	struct sl_span in = sl_span_from(mail_line_span(&s->line), at);
	in = mail_trim(in);
	if (in.len == 0 || in.p[0] != '<')
		return mail_word(&in);
	const uint8_t *end = memchr(in.p, '>', in.len);
	if (end == NULL && s->line.over)
		return sl_span(in.p, 0);
	in = sl_span(in.p + 1, end != NULL ? (size_t)(end - in.p) - 1 : in.len - 1);
	const uint8_t *colon = in.len && in.p[0] == '@' ? memchr(in.p, ':', in.len) : NULL;
	return colon != NULL ? sl_span_from(in, (size_t)(colon - in.p) + 1) : in;
}

static bool say_path(struct smtp *s, struct sl_batch *b, enum kind kind, struct sl_span path)
{
	enum sl_where w = kind == MAIL_FROM ? SL_WHERE_SMTP_MAIL_FROM : SL_WHERE_SMTP_RCPT_TO;
	if (!take_message(s, b, kind == MAIL_FROM && s->mail))
		return false;
	if (!mail_say_path(b, w, s->client, s->message, path))
		return false;
	s->mail = true;
	mail_ask(&s->asked, (uint8_t)kind, s->message, path);
	return true;
}

/* A message without its envelope (its beginning was missed) is one as well. */
static bool content_begins(struct smtp *s, struct sl_batch *b)
{
	if (!take_message(s, b, false))
		return false;
	s->mail = true;
	if (s->content.state == MAIL_NONE)
		mail_begin(&s->content);
	return true;
}

static bool begin_chunk(struct smtp *s, struct sl_batch *b, struct sl_span rest)
{
	struct sl_span size = mail_word(&rest);
	uint64_t n = 0;
	if (!content_begins(s, b))
		return false;
	for (size_t i = 0; i < size.len && i < 15 && size.p[i] >= '0' && size.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(size.p[i] - '0');
	s->chunk = n;
	s->last = mail_is(rest, "LAST");
	s->mode = CHUNK;
	mail_ask(&s->asked, OTHER, s->message, rest);
	return true;
}

/* One line of the client's. False: the batch is full. */
static bool command(struct smtp *s, struct sl_batch *b)
{
	struct sl_span rest = mail_line_span(&s->line), line = rest, none = sl_span(NULL, 0);
	struct sl_span word = mail_word(&rest);
	enum kind kind = OTHER;
	if (mail_begins(line, "MAIL FROM:"))
		return say_path(s, b, MAIL_FROM, path_of(s, 10));
	if (mail_begins(line, "RCPT TO:"))
		return say_path(s, b, RCPT_TO, path_of(s, 8));
	if (mail_is(word, "BDAT"))
		return begin_chunk(s, b, rest);
	if (mail_is(word, "HELO") || mail_is(word, "EHLO") || mail_is(word, "LHLO")) {
		if (!say_helo(s, b, rest))
			return false;
	} else if (mail_is(word, "DATA") && rest.len == 0) {
		if (!content_begins(s, b))
			return false;
		s->content.dot = 0;
		s->mode = DATA;
		kind = DATA_CMD;
	} else if (mail_is(word, "STARTTLS"))
		kind = STARTTLS;
	else if (mail_is(word, "RSET") && s->mail && !finish(s, b))
		return false;
	mail_ask(&s->asked, (uint8_t)kind, s->message, none);
	return true;
}

/* ---- The client's side ---- */

static bool feed_command(struct smtp *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	*n = s->line.ready ? 0 : mail_line_take(&s->line, in);
	if (!s->line.ready)
		return true;
	if (!command(s, b))
		return false;
	if (s->line.over)
		parser_count_part(b);
	s->took = false;
	mail_line_reset(&s->line);
	return true;
}

static bool feed_data(struct smtp *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	struct mail_to to = { b, s->client, s->message };
	bool ended;
	bool room = mail_feed_dotted(&s->content, in, n, &ended, &to);
	s->begun = true;
	if (ended)
		s->mode = ENDING;
	return room;
}

static bool feed_chunk(struct smtp *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	struct mail_to to = { b, s->client, s->message };
	if (in.len > s->chunk)
		in.len = (size_t)s->chunk;
	bool room = mail_feed(&s->content, in, n, &to);
	s->chunk -= *n;
	s->begun = true;
	if (room && s->chunk == 0) {
		s->mode = s->last ? ENDING : COMMANDS;
		s->content.whole = s->last;
	}
	return room;
}

/* The envelope of a mail that is over ends with it. */
static bool feed_ending(struct smtp *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	*n = 0;
	if (!finish(s, b))
		return false;
	s->mode = COMMANDS;
	return true;
}

static bool client_step(struct smtp *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	static bool (*const step[])(struct smtp *, struct sl_span, size_t *, struct sl_batch *) = {
		[COMMANDS] = feed_command,
		[DATA] = feed_data,
		[CHUNK] = feed_chunk,
		[ENDING] = feed_ending,
	};
	return step[s->mode](s, in, n, b);
}

static enum sl_verdict feed_client(
	struct smtp *s, struct sl_span in, struct sl_batch *b, size_t *consumed)
{
	bool room = true;
	size_t at = 0;
	/* What ends with the last byte of a piece is said with it. */
	while (room && (at < in.len || s->mode == ENDING || s->line.ready ||
			       (s->mode == CHUNK && s->chunk == 0))) {
		size_t n = 0;
		if (s->mode == COMMANDS && s->line.len == 0 && at < in.len && in.p[at] == 0x16) {
			*consumed = at;
			mail_drop(&s->content, b);
			return SL_NOT_MINE; /* a TLS record; the server's answer was not seen */
		}
		room = client_step(s, sl_span_from(in, at), &n, b);
		at += n;
	}
	*consumed = at;
	return room ? SL_MORE : SL_FULL;
}

/* ---- The server's side ---- */

/* A reply of more lines than one counts where its last line is (RFC 5321 4.2.1). */
static size_t reply_take(struct smtp *s, struct sl_span in)
{
	size_t at = 0;
	while (at < in.len && in.p[at] != '\n') {
		if (s->reply.len == sizeof(s->reply.b)) {
			const uint8_t *end = memchr(in.p + at, '\n', in.len - at);
			at = end != NULL ? (size_t)(end - in.p) : in.len;
			break;
		}
		s->reply.b[s->reply.len++] = in.p[at++];
	}
	if (at == in.len)
		return at;
	s->reply.ready = !s->reply.skip && s->reply.len >= 3 && s->reply.b[0] >= '2' &&
			 s->reply.b[0] <= '5' && (s->reply.len == 3 || s->reply.b[3] != '-');
	s->reply.skip = false;
	if (!s->reply.ready)
		s->reply.len = 0;
	return at + 1;
}

/* What the reply says of the oldest command. False: the batch is full. */
static bool reply_use(struct smtp *s, struct sl_batch *b, bool *tls)
{
	uint8_t kind = mail_asked_kind(&s->asked), digit = s->reply.b[0];
	uint32_t message = mail_asked_message(&s->asked); /* the one at hand may be another */
	if (digit == '5' && (kind == MAIL_FROM || kind == RCPT_TO) &&
		!mail_say_refused(b,
			kind == MAIL_FROM ? SL_WHERE_SMTP_MAIL_FROM : SL_WHERE_SMTP_RCPT_TO,
			s->client, message, mail_asked_text(&s->asked)))
		return false;
	if (kind == STARTTLS && digit == '2') {
		if (!finish(s, b))
			return false;
		*tls = true;
	}
	/* The server doesn't want the mail, or had all of it while its end was missed. */
	bool unwanted = kind == DATA_CMD && digit > '3' && !s->begun;
	bool missed = s->gap && s->asked.count == 0 && s->asked.beyond == 0;
	if (s->mode == DATA && (unwanted || missed))
		s->mode = ENDING;
	mail_answered(&s->asked);
	return true;
}

static enum sl_verdict feed_server(
	struct smtp *s, struct sl_span in, struct sl_batch *b, size_t *consumed)
{
	size_t at = 0;
	bool tls = false;
	while (at < in.len || s->reply.ready) {
		if (!s->reply.ready)
			at += reply_take(s, sl_span_from(in, at));
		*consumed = at;
		if (!s->reply.ready)
			continue;
		if (!reply_use(s, b, &tls))
			return SL_FULL;
		s->reply.ready = false;
		s->reply.len = 0;
		if (tls)
			return SL_NOT_MINE;
	}
	*consumed = at;
	return SL_MORE;
}

/* ---- Pieces ---- */

static bool client_gap(struct smtp *s, uint64_t bytes, struct sl_batch *b)
{
	struct mail_to to = { b, s->client, s->message };
	if (s->mode == DATA || s->mode == CHUNK) {
		if (!mail_gap(&s->content, &to))
			return false;
		s->gap = s->begun = true;
	}
	if (s->mode == CHUNK && bytes && bytes <= s->chunk)
		s->chunk -= bytes;
	else if (s->mode == CHUNK)
		s->mode = ENDING;
	if (s->mode != DATA)
		mail_line_gap(&s->line);
	return true;
}

static enum sl_verdict feed_gap(struct smtp *s, const struct sl_piece *p, struct sl_batch *b)
{
	if (s->known && p->dir != (enum sl_dir)s->client) {
		s->reply.len = 0;
		s->reply.skip = true;
		mail_asked_forget(&s->asked);
	} else if (s->known && !client_gap(s, p->gap_bytes, b))
		return SL_FULL;
	return SL_MORE;
}

static enum sl_verdict smtp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct smtp *s = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP)
		return feed_gap(s, p, b);
	if (p->kind == SL_PIECE_END)
		return finish(s, b) ? SL_DONE : SL_FULL;
	if (!s->known && p->bytes.len) {
		/* Servers speak in numbers. */
		bool digit = p->bytes.p[0] >= '0' && p->bytes.p[0] <= '9';
		s->client = digit ? p->dir == SL_TO_SERVER : p->dir == SL_TO_CLIENT;
		s->known = true;
	}
	if (p->dir == (enum sl_dir)s->client)
		return feed_client(s, p->bytes, b, consumed);
	return feed_server(s, p->bytes, b, consumed);
}

const struct sl_parser sl_parser_smtp = {
	.name = "smtp",
	.state_bytes = sizeof(struct smtp),
	.over = SL_OVER_TCP,
	.probe = smtp_probe,
	.begins = smtp_begins,
	.feed = smtp_feed,
};
