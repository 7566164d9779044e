/* SPDX-License-Identifier: BSD-3-Clause */
/* imap.c - IMAP4 (RFC 9051, RFC 3501) and its STARTTLS: mails in the literals of FETCH answers and
 * of APPEND commands. Worker. Each mail is a message. Both sides speak in lines that may go on
 * behind a literal of counted bytes; a literal that is no mail is passed over. */
#include <assert.h>

#include "mail.h"
#include <sightline/hot.h>

struct side {
	bool fetch; /* the line at hand is a FETCH answer, or an APPEND command */
	bool mail; /* the literal at hand is a mail */
	bool slice; /* of which the client asked for a part alone */
	bool ending; /* it is over, and waits to be said so */
	uint32_t message; /* 0: none open */
	uint64_t literal; /* bytes of the literal that are to come */
};

struct imap {
	bool known; /* which side the server is */
	bool server; /* enum sl_dir of its bytes */
	uint8_t tag_len; /* of the STARTTLS that waits for its answer; 0: none does */
	uint8_t tag[32];
	uint8_t holder; /* the side whose mail `content` holds, and 1; 0: none */
	struct side side[2]; /* by enum sl_dir */
	struct mail_line line[2];
	struct mail content;
};

/* ---- Whether it is IMAP ---- */

/* A tag and a command that opens a session. */
static enum sl_probe probe_command(struct sl_span in)
{
	static const char *const words[] = { "CAPABILITY\r\n", "LOGIN ", "AUTHENTICATE ",
		"STARTTLS\r\n", "ID (" };
	size_t n = 0;
	while (n < in.len && n < 16 &&
		((in.p[n] >= '0' && in.p[n] <= '9') ||
			((in.p[n] | 32) >= 'a' && (in.p[n] | 32) <= 'z')))
		n++;
	if (n == in.len && n && n < 16)
		return SL_PROBE_MORE;
	if (n == 0 || n == 16 || in.p[n] != ' ')
		return SL_PROBE_NO;
	return mail_probe_any(sl_span_from(in, n + 1), words, sizeof(words) / sizeof(*words));
}

static_assert(sizeof(struct imap) <= 8192, "a state fits its class of the pool");

static enum sl_probe imap_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	static const char *const words[] = { "* OK ", "* PREAUTH ", "* OK\r\n" };
	enum sl_probe said = mail_probe_any(p->bytes, words, sizeof(words) / sizeof(*words));
	return said != SL_PROBE_NO ? said : probe_command(p->bytes);
}

static bool imap_begins(uint8_t first)
{
	return first == '*' || probe_command(sl_span(&first, 1)) != SL_PROBE_NO;
}

/* ---- Lines ---- */

#define LINE_HEAD (MAIL_LINE_MAX / 2)
#define LINE_TAIL (MAIL_LINE_MAX / 4)

/* Takes bytes up to the end of a line of any length. What it is stands in its first words, what
 * follows it in its last ones, and all of an envelope may stand between (RFC 9051 7.5.2): that is
 * left out where there is no room, at places that do not depend on how the line was cut. */
static size_t line_take(struct mail_line *l, struct sl_span in)
{
	size_t at = 0;
	while (at < in.len && !l->ready) {
		size_t left = in.len - at, room = MAIL_LINE_MAX - (size_t)l->len;
		at += mail_line_take(l, sl_span(in.p + at, left < room ? left : room));
		if (l->ready || l->len < MAIL_LINE_MAX)
			continue;
		memmove(l->b + LINE_HEAD, l->b + MAIL_LINE_MAX - LINE_TAIL, LINE_TAIL);
		l->len = LINE_HEAD + LINE_TAIL;
	}
	return at;
}

/* The count at the end of a line, {n} or {n+} (RFC 7888). False: the line ends without one. */
static bool literal_of(struct sl_span line, uint64_t *n, struct sl_span *before)
{
	size_t at = line.len, digits = 0;
	if (at == 0 || line.p[--at] != '}')
		return false;
	if (at && (line.p[at - 1] == '+' || line.p[at - 1] == '-'))
		at--;
	while (at && line.p[at - 1] >= '0' && line.p[at - 1] <= '9' && digits < 16) {
		at--;
		digits++;
	}
	if (digits == 0 || at == 0 || line.p[at - 1] != '{')
		return false;
	*n = 0;
	for (size_t i = at; i < at + digits; i++)
		*n = *n * 10 + (uint64_t)(line.p[i] - '0');
	*before = mail_trim(sl_span(line.p, at - 1));
	return true;
}

enum item { ITEM_NONE, ITEM_MAIL, ITEM_BODY };

/* Whether the bytes are the section's from its begin on: all of it, or "<0>" behind it. */
static bool from_begin(struct sl_span section)
{
	return section.p[section.len - 1] != '>' ||
	       (section.len >= 3 && memcmp(section.p + section.len - 3, "<0>", 3) == 0);
}

/* What stands in brackets behind BODY: parts by number, then what of the part. A client that
 * fetches a mail in slices has its header in the first alone. */
static enum item section_of(struct sl_span section)
{
	bool part = false, begin = from_begin(section);
	while (section.len &&
		((section.p[0] >= '0' && section.p[0] <= '9') || section.p[0] == '.')) {
		part = true;
		section = sl_span_from(section, 1);
	}
	if (mail_begins(section, "HEADER"))
		return begin ? ITEM_MAIL : ITEM_NONE;
	if (mail_begins(section, "]"))
		return part || !begin ? ITEM_BODY : ITEM_MAIL;
	return mail_begins(section, "TEXT]") ? ITEM_BODY : ITEM_NONE;
}

/* What the item that a literal belongs to holds (RFC 9051 7.5.2): a mail from its beginning, or
 * what its header tells of. */
static enum item item_of(struct sl_span before)
{
	size_t at = before.len;
	/* Items of a section with a list of fields have blanks inside their brackets. */
	bool bracket = at && (before.p[at - 1] == ']' || before.p[at - 1] == '>');
	while (at && (bracket ? before.p[at - 1] != '[' : !mail_blank(before.p[at - 1])))
		at--;
	struct sl_span item = sl_span_from(before, at);
	if (bracket)
		return at ? section_of(item) : ITEM_NONE;
	while (item.len && item.p[0] == '(')
		item = sl_span_from(item, 1);
	if (mail_is(item, "RFC822.TEXT"))
		return ITEM_BODY;
	return mail_is(item, "RFC822") || mail_is(item, "RFC822.HEADER") ? ITEM_MAIL : ITEM_NONE;
}

static void starttls_asked(struct imap *s, struct sl_span line)
{
	struct sl_span rest = line, tag = mail_word(&rest);
	if (!mail_is(rest, "STARTTLS") || tag.len == 0 || tag.len > sizeof(s->tag))
		return;
	s->tag_len = (uint8_t)tag.len;
	memcpy(s->tag, tag.p, tag.len);
}

/* Whether the line lets the TLS begin that was asked for. */
static bool starttls_granted(struct imap *s, struct sl_span line)
{
	struct sl_span rest = line, tag = mail_word(&rest);
	if (s->tag_len == 0 || !sl_span_eq(tag, sl_span(s->tag, s->tag_len)))
		return false;
	s->tag_len = 0;
	return mail_is(mail_word(&rest), "OK");
}

/* "* 12 FETCH (...", or "tag APPEND mailbox ..." */
static bool opens_mail(struct sl_span line, bool server)
{
	struct sl_span rest = line, first = mail_word(&rest), second = mail_word(&rest);
	if (!server)
		return mail_is(second, "APPEND");
	return mail_is(first, "*") && mail_is(mail_word(&rest), "FETCH");
}

/* One line, or the part of it behind a literal. True: TLS begins behind it. */
static bool line_read(struct imap *s, enum sl_dir dir, struct sl_span line, struct sl_batch *b)
{
	struct side *d = &s->side[dir];
	bool server = dir == (enum sl_dir)s->server;
	struct sl_span before;
	d->fetch |= opens_mail(line, server);
	if (!literal_of(line, &d->literal, &before)) {
		d->fetch = d->mail = false;
		if (!server)
			starttls_asked(s, line);
		return server && starttls_granted(s, line);
	}
	enum item item = server ? item_of(before) : ITEM_MAIL;
	d->mail = d->fetch && s->holder == 0 && d->literal && item != ITEM_NONE;
	if (d->mail) {
		s->holder = (uint8_t)(dir + 1);
		d->message = sl_batch_next_message(b);
		d->slice = before.p[before.len - 1] == '>';
		(item == ITEM_MAIL ? mail_begin : mail_begin_body)(&s->content);
	}
	return false;
}

/* ---- Literals ---- */

static bool finish(struct imap *s, enum sl_dir dir, struct sl_batch *b)
{
	struct side *d = &s->side[dir];
	struct mail_to to = { b, dir, d->message };
	if (d->message && (!mail_end(&s->content, &to) || !sl_batch_close(b, dir, d->message)))
		return false;
	if (d->message)
		s->holder = 0;
	d->message = 0;
	d->ending = d->mail = false;
	return true;
}

static bool feed_literal(
	struct imap *s, enum sl_dir dir, struct sl_span in, size_t *n, struct sl_batch *b)
{
	struct side *d = &s->side[dir];
	struct mail_to to = { b, dir, d->message };
	bool room = true;
	*n = in.len < d->literal ? in.len : (size_t)d->literal;
	if (d->mail)
		room = mail_feed(&s->content, sl_span(in.p, *n), n, &to);
	d->literal -= *n;
	d->ending = d->literal == 0;
	if (d->mail)
		s->content.whole = d->ending && !d->slice;
	return room;
}

static bool step(struct imap *s, enum sl_dir dir, struct sl_span in, size_t *n, struct sl_batch *b,
	bool *tls)
{
	struct side *d = &s->side[dir];
	struct mail_line *l = &s->line[dir];
	if (d->ending)
		return finish(s, dir, b);
	if (d->literal)
		return feed_literal(s, dir, in, n, b);
	*n = line_take(l, in);
	if (l->ready) {
		*tls = line_read(s, dir, mail_line_span(l), b);
		mail_line_reset(l);
	}
	return true;
}

/* ---- Pieces ---- */

static enum sl_verdict feed_bytes(
	struct imap *s, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	size_t at = 0;
	bool room = true, tls = false;
	while (room && !tls && (at < p->bytes.len || s->side[p->dir].ending)) {
		size_t n = 0;
		room = step(s, p->dir, sl_span_from(p->bytes, at), &n, b, &tls);
		at += n;
	}
	*consumed = at;
	if (tls)
		mail_drop(&s->content, b);
	return tls ? SL_NOT_MINE : room ? SL_MORE : SL_FULL;
}

/* A literal that the gap lies in goes on behind it; one whose end was missed is over. */
static enum sl_verdict feed_gap(struct imap *s, const struct sl_piece *p, struct sl_batch *b)
{
	struct side *d = &s->side[p->dir];
	struct mail_to to = { b, p->dir, d->message };
	bool inside = d->literal && p->gap_bytes && p->gap_bytes <= d->literal;
	if (d->mail && !d->ending && !mail_gap(&s->content, &to))
		return SL_FULL;
	if (!inside && !finish(s, p->dir, b))
		return SL_FULL;
	if (inside) {
		d->literal -= p->gap_bytes;
		d->ending = d->literal == 0;
		return SL_MORE;
	}
	d->literal = 0;
	d->fetch = false;
	mail_line_gap(&s->line[p->dir]);
	return SL_MORE;
}

static enum sl_verdict imap_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct imap *s = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP)
		return feed_gap(s, p, b);
	if (p->kind == SL_PIECE_END)
		return finish(s, p->dir, b) ? SL_DONE : SL_FULL;
	if (!s->known && p->bytes.len) {
		/* Servers begin with a star, clients with a tag. */
		bool star = p->bytes.p[0] == '*';
		s->server = star ? p->dir == SL_TO_CLIENT : p->dir == SL_TO_SERVER;
		s->known = true;
	}
	return feed_bytes(s, p, b, consumed);
}

const struct sl_parser sl_parser_imap = {
	.name = "imap",
	.state_bytes = sizeof(struct imap),
	.over = SL_OVER_TCP,
	.probe = imap_probe,
	.begins = imap_begins,
	.feed = imap_feed,
};
