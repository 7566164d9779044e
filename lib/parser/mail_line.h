/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_line.h - what the protocols that speak in lines share: a bounded line put together from
 * pieces cut anywhere, and the commands that wait for their replies. Worker; inline; no memory but
 * the caller's state. */
#ifndef PARSER_MAIL_LINE_H
#define PARSER_MAIL_LINE_H

#include <strings.h>

#include "parsers.h"

#define MAIL_LINE_MAX 1024 /* RFC 5321 4.5.3.1.4 asks for 512, RFC 2449 for 512 */

struct mail_line {
	uint16_t len;
	bool ready; /* its end was seen */
	bool over; /* it was longer than there is room for */
	bool skip; /* its beginning was never seen */
	uint8_t b[MAIL_LINE_MAX];
};

/* Takes bytes up to the end of the line, NULL where it is not there, and returns how many; l->ready
 * tells whether it came. */
static inline size_t mail_line_until(struct mail_line *l, struct sl_span in, const uint8_t *end)
{
	size_t run = end != NULL ? (size_t)(end - in.p) : in.len;
	size_t room = MAIL_LINE_MAX - l->len, n = run < room ? run : room;
	if (n && !l->skip) {
		memcpy(l->b + l->len, in.p, n);
		l->len += (uint16_t)n;
	}
	l->over |= n < run && !l->skip;
	if (end == NULL)
		return run;
	l->ready = !l->skip;
	l->skip = false;
	if (l->len && l->b[l->len - 1] == '\r')
		l->len--;
	return run + 1;
}

static inline size_t mail_line_take(struct mail_line *l, struct sl_span in)
{
	return mail_line_until(l, in, in.len ? memchr(in.p, '\n', in.len) : NULL);
}

static inline void mail_line_reset(struct mail_line *l)
{
	l->len = 0;
	l->ready = l->over = l->skip = false;
}

/* Bytes are missing: the line at hand is nothing, and so is the rest of the next. */
static inline void mail_line_gap(struct mail_line *l)
{
	mail_line_reset(l);
	l->skip = true;
}

static inline struct sl_span mail_line_span(const struct mail_line *l)
{
	return sl_span(l->b, l->len);
}

static inline bool mail_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline struct sl_span mail_trim(struct sl_span s)
{
	while (s.len && (mail_blank(s.p[0]) || s.p[0] == '\r'))
		s = sl_span_from(s, 1);
	while (s.len && (mail_blank(s.p[s.len - 1]) || s.p[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* The word at the front and what follows it, blanks off. */
static inline struct sl_span mail_word(struct sl_span *rest)
{
	struct sl_span s = mail_trim(*rest);
	size_t n = 0;
	while (n < s.len && !mail_blank(s.p[n]))
		n++;
	*rest = mail_trim(sl_span_from(s, n));
	return sl_span(s.p, n);
}

/* Whether the words are the same, ASCII letters in any case. */
static inline bool mail_is(struct sl_span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

/* Whether the first letter may be that of a word: what most bytes fail, before the word is looked
 * at. */
static inline bool mail_first(struct sl_span s, const char *word)
{
	return s.len == 0 || ((s.p[0] ^ (uint8_t)word[0]) & 0xdf) == 0;
}

static inline bool mail_begins(struct sl_span s, const char *with)
{
	if (!mail_first(s, with))
		return false;
	size_t n = strlen(with);
	return s.len >= n && strncasecmp((const char *)s.p, with, n) == 0;
}

/* An address literal (RFC 5321 4.1.3) is its address, anything else what it is. */
static inline struct sl_span mail_literal(struct sl_span s)
{
	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']') {
		s = sl_span(s.p + 1, s.len - 2);
		if (mail_begins(s, "IPv6:"))
			s = sl_span_from(s, 5);
	}
	return s;
}

/* The domain of a mail address; empty: it has none. */
static inline struct sl_span mail_domain(struct sl_span address)
{
	const uint8_t *at = address.len ? memrchr(address.p, '@', address.len) : NULL;
	if (at == NULL)
		return sl_span(address.p, 0);
	return mail_literal(sl_span_from(address, (size_t)(at - address.p) + 1));
}

/* A probe for a line that begins so: undecided while the bytes are too few to tell. */
static inline enum sl_probe mail_probe(struct sl_span s, const char *with)
{
	if (!mail_first(s, with))
		return SL_PROBE_NO;
	size_t n = strlen(with);
	if (s.len >= n)
		return mail_begins(s, with) ? SL_PROBE_YES : SL_PROBE_NO;
	return strncasecmp((const char *)s.p, with, s.len) == 0 ? SL_PROBE_MORE : SL_PROBE_NO;
}

static inline enum sl_probe mail_probe_any(struct sl_span s, const char *const *with, size_t n)
{
	enum sl_probe best = SL_PROBE_NO;
	for (size_t i = 0; i < n; i++) {
		enum sl_probe said = mail_probe(s, with[i]);
		if (said == SL_PROBE_YES)
			return said;
		best = said == SL_PROBE_MORE ? said : best;
	}
	return best;
}

/* Whether a word stands anywhere in the first line. */
static inline bool mail_first_line_has(struct sl_span s, const char *word)
{
	for (size_t i = 0; i < s.len && i < MAIL_LINE_MAX && s.p[i] != '\n'; i++)
		if (mail_begins(sl_span_from(s, i), word))
			return true;
	return false;
}

/* ---- Commands that wait for their replies, oldest first ---- */

#define MAIL_ASKED 16
#define MAIL_ASKED_TEXT 94

struct mail_asked {
	uint8_t first, count;
	uint16_t beyond; /* commands newer than those kept */
	struct {
		uint32_t message; /* that the command is of */
		uint8_t kind; /* the protocol's own */
		uint8_t len;
		uint8_t text[MAIL_ASKED_TEXT];
	} row[MAIL_ASKED];
};

/* What is longer than there is room for is kept without its text. */
static inline void mail_ask(
	struct mail_asked *a, uint8_t kind, uint32_t message, struct sl_span text)
{
	if (a->count == MAIL_ASKED || a->beyond) {
		a->beyond += a->beyond < UINT16_MAX;
		return;
	}
	unsigned i = (a->first + a->count++) % MAIL_ASKED;
	a->row[i].kind = kind;
	a->row[i].message = message;
	a->row[i].len = text.len <= MAIL_ASKED_TEXT ? (uint8_t)text.len : 0;
	if (a->row[i].len)
		memcpy(a->row[i].text, text.p, text.len);
}

/* The kind of the command that the next reply answers; 0: not known. */
static inline uint8_t mail_asked_kind(const struct mail_asked *a)
{
	return a->count ? a->row[a->first].kind : 0;
}

static inline uint32_t mail_asked_message(const struct mail_asked *a)
{
	return a->count ? a->row[a->first].message : 0;
}

static inline struct sl_span mail_asked_text(const struct mail_asked *a)
{
	return a->count ? sl_span(a->row[a->first].text, a->row[a->first].len) : sl_span(NULL, 0);
}

static inline void mail_answered(struct mail_asked *a)
{
	if (a->count) {
		a->first = (uint8_t)((a->first + 1) % MAIL_ASKED);
		a->count--;
	} else if (a->beyond)
		a->beyond--;
}

static inline void mail_asked_forget(struct mail_asked *a)
{
	a->first = a->count = 0;
	a->beyond = 0;
}

/* Says an address of an envelope, and its domain in a place of its own. False: the batch is full,
 * neither was said. */
static inline bool mail_say_path(
	struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message, struct sl_span path)
{
	enum sl_where domain = w == SL_WHERE_SMTP_MAIL_FROM ? SL_WHERE_SMTP_MAIL_FROM_DOMAIN
							    : SL_WHERE_SMTP_RCPT_TO_DOMAIN;
	/* A byte that is no UTF-8 becomes four. */
	return sl_batch_has_room(b, 2, 2 * 4 * MAIL_LINE_MAX) &&
	       sl_batch_add_raw(b, w, dir, message, path, NULL) &&
	       sl_batch_add_raw(b, domain, dir, message, mail_domain(path), NULL);
}

/* Says again what was refused, for the outcome of what it matched. False: the batch is full. */
static inline bool mail_say_refused(
	struct sl_batch *b, enum sl_where w, enum sl_dir dir, uint32_t message, struct sl_span path)
{
	uint8_t outcome = b->outcome, flags = b->flags;
	b->outcome = SL_OUTCOME_REFUSED;
	b->flags |= SL_OBS_REPEAT;
	bool room = mail_say_path(b, w, dir, message, path);
	b->outcome = outcome;
	b->flags = flags;
	return room;
}

#endif
