/* SPDX-License-Identifier: BSD-3-Clause */
/* pop3.c - POP3 (RFC 1939) and STLS (RFC 2595): the mails that a client fetches with RETR and TOP.
 * Worker. Each mail is a message. */
#include <assert.h>

#include "mail.h"
#include <sightline/hot.h>

/* What the answer to a command is. */
enum kind {
	UNKNOWN, /* the command was not seen */
	LINE,
	LISTING, /* lines that end with a dot, none of them a mail's */
	CONTENT,
	BEGIN, /* of a mail: TOP has as many lines as were asked for (RFC 1939 7) */
	STLS,
};

enum mode { REPLIES, DOTTED };

struct pop3 {
	bool known; /* which side the server is */
	bool server; /* enum sl_dir of its bytes */
	uint8_t mode; /* enum mode, of the server's side */
	uint8_t dot; /* of a listing: bytes of CR LF dot CR LF seen */
	bool mail; /* the answer is a mail */
	bool begin; /* or the begin of one */
	bool ending; /* it is over, and waits to be said so */
	bool challenged; /* the client's next line answers the server's, and is no command */
	uint32_t message; /* 0: none open */
	struct mail_asked asked;
	struct mail_line line[2]; /* by enum sl_dir */
	struct mail content;
};

static_assert(sizeof(struct pop3) <= 8192, "a state fits its class of the pool");

static const char *const greetings[] = { "+OK ", "+OK\r\n" };
static const char *const first_words[] = { "USER ", "APOP ", "CAPA\r\n", "STLS\r\n" };

static enum sl_probe pop3_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	enum sl_probe said =
		mail_probe_any(p->bytes, greetings, sizeof(greetings) / sizeof(*greetings));
	if (said != SL_PROBE_NO || dport != 110)
		return said;
	return mail_probe_any(p->bytes, first_words, sizeof(first_words) / sizeof(*first_words));
}

static bool pop3_begins(uint8_t first)
{
	return mail_probe_any(sl_span(&first, 1), greetings,
		       sizeof(greetings) / sizeof(*greetings)) != SL_PROBE_NO ||
	       mail_probe_any(sl_span(&first, 1), first_words,
		       sizeof(first_words) / sizeof(*first_words)) != SL_PROBE_NO;
}

static bool finish(struct pop3 *s, struct sl_batch *b)
{
	struct mail_to to = { b, s->server, s->message };
	s->content.whole &= !s->begin;
	if (s->message && (!mail_end(&s->content, &to) ||
				  !sl_batch_close(b, (enum sl_dir)s->server, s->message)))
		return false;
	s->message = 0;
	s->ending = false;
	return true;
}

/* ---- The client's side ---- */

static void command(struct pop3 *s, struct sl_span line)
{
	struct sl_span rest = line, word = mail_word(&rest);
	uint8_t kind = LINE;
	if (mail_is(word, "RETR"))
		kind = CONTENT;
	else if (mail_is(word, "TOP"))
		kind = BEGIN;
	else if (mail_is(word, "CAPA") ||
		 ((mail_is(word, "LIST") || mail_is(word, "UIDL")) && rest.len == 0))
		kind = LISTING;
	else if (mail_is(word, "STLS"))
		kind = STLS;
	mail_ask(&s->asked, kind, 0, sl_span(NULL, 0));
}

static enum sl_verdict feed_client(
	struct pop3 *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mail_line *l = &s->line[p->dir];
	for (size_t at = 0; at < p->bytes.len;) {
		at += mail_line_take(l, sl_span_from(p->bytes, at));
		if (l->ready) {
			if (!s->challenged)
				command(s, mail_line_span(l));
			s->challenged = false;
			mail_line_reset(l);
		}
	}
	*consumed = p->bytes.len;
	return SL_MORE;
}

/* ---- The server's side ---- */

/* Whether an answer to a command that was not seen is a mail: servers say its size. */
static bool looks_like_mail(struct sl_span line)
{
	return mail_first_line_has(line, " octets") && !mail_first_line_has(line, " message");
}

static void content_begins(struct pop3 *s, struct sl_batch *b, bool mail)
{
	s->mode = DOTTED;
	s->mail = mail;
	s->dot = 2;
	if (mail) {
		s->message = sl_batch_next_message(b);
		mail_begin(&s->content);
	}
}

/* One line that is a reply, or a challenge in the middle of an AUTH (RFC 5034 4). True: TLS begins
 * behind it. */
static bool reply(struct pop3 *s, struct sl_span line, struct sl_batch *b)
{
	bool ok = mail_begins(line, "+OK");
	uint8_t kind = mail_asked_kind(&s->asked);
	s->challenged = mail_is(line, "+") || mail_begins(line, "+ ");
	if (!ok && !mail_begins(line, "-ERR"))
		return false;
	mail_answered(&s->asked);
	s->begin = kind == BEGIN;
	if (ok && (kind == CONTENT || kind == BEGIN || kind == LISTING))
		content_begins(s, b, kind != LISTING);
	else if (ok && kind == UNKNOWN && looks_like_mail(line))
		content_begins(s, b, true);
	return ok && kind == STLS;
}

/* Passes over a listing; its end is a line of one dot. */
static size_t skip_listing(struct pop3 *s, struct sl_span in)
{
	static const char end[] = "\r\n.\r\n";
	size_t at = 0;
	while (at < in.len && s->dot < 5) {
		uint8_t c = in.p[at++];
		s->dot = c == (uint8_t)end[s->dot] ? s->dot + 1 : c == '\r';
	}
	if (s->dot == 5)
		s->mode = REPLIES;
	return at;
}

static bool feed_content(struct pop3 *s, struct sl_span in, size_t *n, struct sl_batch *b)
{
	struct mail_to to = { b, s->server, s->message };
	bool ended;
	if (!s->mail) {
		*n = skip_listing(s, in);
		return true;
	}
	bool room = mail_feed_dotted(&s->content, in, n, &ended, &to);
	if (ended) {
		s->mode = REPLIES;
		s->ending = true;
	}
	return room;
}

static enum sl_verdict feed_server(
	struct pop3 *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mail_line *l = &s->line[p->dir];
	size_t at = 0;
	while (at < p->bytes.len || s->ending) {
		size_t n = 0;
		bool room = true, tls = false;
		if (s->ending)
			room = finish(s, b);
		else if (s->mode == DOTTED)
			room = feed_content(s, sl_span_from(p->bytes, at), &n, b);
		else {
			n = mail_line_take(l, sl_span_from(p->bytes, at));
			if (l->ready) {
				tls = reply(s, mail_line_span(l), b);
				mail_line_reset(l);
			}
		}
		at += n;
		*consumed = at;
		if (!room)
			return SL_FULL;
		if (tls) {
			mail_drop(&s->content, b);
			return SL_NOT_MINE;
		}
	}
	*consumed = at;
	return SL_MORE;
}

/* ---- Pieces ---- */

/* A gap in a mail leaves it a mail: its last line is still waited for. */
static enum sl_verdict feed_gap(struct pop3 *s, const struct sl_piece *p, struct sl_batch *b)
{
	struct mail_to to = { b, s->server, s->message };
	bool server = s->known && p->dir == (enum sl_dir)s->server;
	if (server && s->mode == DOTTED && s->mail) {
		if (!mail_gap(&s->content, &to))
			return SL_FULL;
	} else
		mail_line_gap(&s->line[p->dir]);
	s->dot = 0;
	s->challenged = false;
	mail_asked_forget(&s->asked);
	return SL_MORE;
}

static enum sl_verdict pop3_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct pop3 *s = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP)
		return feed_gap(s, p, b);
	if (p->kind == SL_PIECE_END)
		return finish(s, b) ? SL_DONE : SL_FULL;
	if (!s->known && p->bytes.len) {
		bool sign = p->bytes.p[0] == '+' || p->bytes.p[0] == '-';
		s->server = sign ? p->dir == SL_TO_CLIENT : p->dir == SL_TO_SERVER;
		s->known = true;
	}
	if (p->dir == (enum sl_dir)s->server)
		return feed_server(s, p, b, consumed);
	return feed_client(s, p, b, consumed);
}

const struct sl_parser sl_parser_pop3 = {
	.name = "pop3",
	.state_bytes = sizeof(struct pop3),
	.over = SL_OVER_TCP,
	.probe = pop3_probe,
	.begins = pop3_begins,
	.feed = pop3_feed,
};
