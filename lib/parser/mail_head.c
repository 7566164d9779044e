/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_head.c - one header field of a mail or of a part of it: addresses (RFC 5322 3.4), encoded
 * words (RFC 2047), and what MIME's fields tell of the body (RFC 2045 5, 6). Worker; linear in its
 * input. */
#include "mail.h"
#include "mail_charset.h"
#include "parameter.h"
#include <sightline/hot.h>

/* The values that a field says, those left out that a full batch already took. */
struct saying {
	struct mail *m;
	const struct mail_to *to;
	uint16_t n;
};

static bool say(struct saying *s, enum sl_where w, struct sl_span value)
{
	if (s->n++ < s->m->said)
		return true;
	if (!sl_batch_add_raw(s->to->b, w, s->to->dir, s->to->message, value, NULL))
		return false;
	s->m->said++;
	return true;
}

/* ---- Addresses ---- */

/* Behind a quoted string or a comment that begins at `at`; both may hold escapes, comments may
 * nest. */
static size_t over_quoted(struct sl_span s, size_t at)
{
	uint8_t open = s.p[at], close = open == '"' ? '"' : ')';
	size_t depth = 1;
	while (++at < s.len && depth) {
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == close)
			depth--;
		else if (s.p[at] == open)
			depth++;
	}
	return at < s.len ? at : s.len;
}

/* A source route (RFC 5321 4.1.2) is none of the address. */
static struct sl_span without_route(struct sl_span s)
{
	const uint8_t *colon = s.len && s.p[0] == '@' ? memchr(s.p, ':', s.len) : NULL;
	return colon ? sl_span_from(s, (size_t)(colon - s.p) + 1) : s;
}

/* The address, and its domain in a place of its own. */
static bool say_address(struct saying *s, enum sl_where w, struct sl_span a)
{
	enum sl_where domain =
		w == SL_WHERE_EMAIL_FROM ? SL_WHERE_EMAIL_FROM_DOMAIN : SL_WHERE_EMAIL_TO_DOMAIN;
	a = without_route(mail_trim(a));
	return a.len == 0 || memchr(a.p, '@', a.len) == NULL ||
	       (say(s, w, a) && say(s, domain, mail_domain(a)));
}

static bool ends_address(uint8_t c)
{
	return c == ',' || c == ';' || c == ':';
}

/* The word that begins at `at`: up to a blank, a bracket, a comment or a comma. The part before the
 * at sign may be quoted. */
static size_t over_word(struct sl_span s, size_t at)
{
	while (at < s.len && !ends_address(s.p[at]) && strchr(" \t<(", s.p[at]) == NULL)
		at = s.p[at] == '"' ? over_quoted(s, at) : at + 1;
	return at;
}

/* Each member of a list is said once: what stands in angle brackets, else its last word that has
 * an at sign. The last of a list that was cut may be half an address. */
static bool say_addresses(struct saying *s, enum sl_where w, struct sl_span in)
{
	struct sl_span found = sl_span(NULL, 0);
	bool angle = false;
	for (size_t at = 0; at < in.len;) {
		uint8_t c = in.p[at];
		size_t from = at;
		if (c == '(')
			at = over_quoted(in, at);
		else if (c == '<') {
			const uint8_t *end = memchr(in.p + at, '>', in.len - at);
			at = end ? (size_t)(end - in.p) + 1 : in.len;
			found = sl_span(in.p + from + 1, at - from - (end ? 2 : 1));
			angle = true;
		} else if (ends_address(c)) {
			if (c != ':' && !say_address(s, w, found))
				return false;
			found.len = 0;
			angle = false;
			at++;
		} else {
			at = over_word(in, at);
			struct sl_span word = sl_span(in.p + from, at - from);
			if (!angle && word.len && memchr(word.p, '@', word.len) != NULL)
				found = word;
			at += at == from;
		}
	}
	return s->m->over || say_address(s, w, found);
}

/* ---- Encoded words ---- */

struct word {
	enum mail_charset charset;
	bool unknown; /* it is one, in a charset that is not read */
	uint8_t coding; /* B or Q */
	struct sl_span text;
};

/* Reads =?charset?coding?text?= at the front; returns its length, 0: there is none. */
static size_t word_read(struct sl_span in, struct word *w)
{
	w->unknown = false;
	if (in.len < 8 || in.p[0] != '=' || in.p[1] != '?')
		return 0;
	struct sl_span s = sl_span_from(in, 2);
	const uint8_t *mark = memchr(s.p, '?', s.len < 64 ? s.len : 64);
	if (mark == NULL || s.p + s.len - mark < 5 || mark[2] != '?')
		return 0;
	w->charset = mail_charset_find(sl_span(s.p, (size_t)(mark - s.p)));
	w->coding = mark[1] & 0xdf;
	s = sl_span_from(in, (size_t)(mark - in.p) + 3);
	const uint8_t *end = memchr(s.p, '?', s.len);
	if (end == NULL || end + 1 == s.p + s.len || end[1] != '=')
		return 0;
	w->text = sl_span(s.p, (size_t)(end - s.p));
	if (w->coding != 'B' && w->coding != 'Q')
		return 0;
	w->unknown = w->charset == CHARSET_OTHER;
	if (w->unknown)
		return 0;
	return (size_t)(end - in.p) + 2;
}

struct text {
	size_t len;
	uint8_t b[MAIL_UTF8_MAX * MAIL_FIELD_MAX];
};

static void put(struct text *t, uint8_t c, enum mail_charset charset)
{
	if (t->len + MAIL_UTF8_MAX <= sizeof(t->b))
		t->len += mail_charset_put(charset, c, t->b + t->len);
}

static int digit(uint8_t c)
{
	uint8_t low = c | 32;
	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static void put_quoted(struct text *t, const struct word *w)
{
	for (size_t i = 0; i < w->text.len; i++) {
		uint8_t c = w->text.p[i];
		bool escape = c == '=' && w->text.len - i > 2;
		int hi = escape ? digit(w->text.p[i + 1]) : -1;
		int lo = escape ? digit(w->text.p[i + 2]) : -1;
		if (hi >= 0 && lo >= 0) {
			c = (uint8_t)(hi * 16 + lo);
			i += 2;
		} else if (c == '_')
			c = ' ';
		put(t, c, w->charset);
	}
}

static void put_base64(struct text *t, const struct word *w)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned n = 0;
	for (size_t i = 0; i < w->text.len; i++) {
		const char *place = w->text.p[i] ? strchr(alphabet, w->text.p[i]) : NULL;
		if (place == NULL)
			continue;
		bits = (bits << 6 | (uint32_t)(place - alphabet)) & 0xffff;
		n += 6;
		if (n >= 8) {
			n -= 8;
			put(t, (uint8_t)(bits >> n), w->charset);
		}
	}
}

/* Blanks between two encoded words are none of the text (RFC 2047 6.2). False: a word of it is in a
 * charset that is not read, and stands as it was. */
static bool decode(struct text *t, struct sl_span in)
{
	t->len = 0;
	struct word word;
	size_t blanks = 0; /* of the text, since the last encoded word */
	bool after = false, all = true;
	for (size_t at = 0; at < in.len;) {
		size_t n = word_read(sl_span_from(in, at), &word);
		all &= !word.unknown;
		if (n == 0) {
			bool blank = mail_blank(in.p[at]);
			blanks = blank ? blanks + 1 : 0;
			after &= blank;
			put(t, in.p[at++], CHARSET_UTF8);
			continue;
		}
		t->len -= after && blanks <= t->len ? blanks : 0;
		if (word.coding == 'B')
			put_base64(t, &word);
		else
			put_quoted(t, &word);
		after = true;
		blanks = 0;
		at += n;
	}
	return all;
}

static bool say_text(struct saying *s, enum sl_where w, struct sl_span in)
{
	struct text t;
	bool all = decode(&t, in);
	if (!say(s, w, sl_span(t.b, t.len)))
		return false;
	if (!all && s->to->b->counters != NULL)
		sl_count(s->to->b->counters, SL_C_MAIL_RAW_WORDS, 1);
	return true;
}

static bool say_message_id(struct saying *s, struct sl_span v)
{
	const uint8_t *open = memchr(v.p, '<', v.len);
	if (open != NULL) {
		v = sl_span_from(v, (size_t)(open - v.p) + 1);
		const uint8_t *end = memchr(v.p, '>', v.len);
		v.len = end ? (size_t)(end - v.p) : v.len;
	}
	return say(s, SL_WHERE_EMAIL_MESSAGE_ID, v);
}

/* ---- What MIME tells of the body ---- */

/* The name of a file; encoded words inside are not what RFC 2047 5 allows, and what is sent. */
static void name_read(struct mail *m, struct sl_span field, const char *attribute, bool sure)
{
	uint8_t raw[PARAMETER_MAX];
	struct text t;
	size_t n = parameter(field, attribute, raw, sizeof(raw));
	if (n == 0 || m->named)
		return;
	decode(&t, sl_span(raw, n));
	m->named = sure;
	m->name_len = (uint8_t)(t.len < MAIL_NAME_MAX ? t.len : MAIL_NAME_MAX);
	memcpy(m->name, t.b, m->name_len);
}

static void disposition_read(struct mail *m, struct sl_span v)
{
	m->attached = mail_begins(v, "attachment");
	name_read(m, v, "filename", true);
}

static void type_read(struct mail *m, struct sl_span v)
{
	m->new_len = 0;
	if (mail_begins(v, "text/html"))
		m->kind = MAIL_HTML;
	else if (mail_begins(v, "text/") || mail_is(v, "text"))
		m->kind = MAIL_TEXT;
	else if (mail_begins(v, "message/rfc822") || mail_begins(v, "message/global"))
		m->kind = MAIL_MESSAGE;
	else if (mail_begins(v, "multipart/")) {
		uint8_t b[MAIL_BOUNDARY_MAX + 1];
		size_t n = parameter(v, "boundary", b, sizeof(b));
		m->kind = MAIL_MULTIPART;
		if (n > MAIL_BOUNDARY_MAX || n == 0)
			return;
		m->new_len = (uint8_t)n;
		memcpy(m->boundary[MAIL_DEPTH], b, n);
	} else
		m->kind = MAIL_OTHER;
	name_read(m, v, "name", false);
}

static void coding_read(struct mail *m, struct sl_span v)
{
	m->coding = mail_begins(v, "base64")		 ? MAIL_BASE64
		    : mail_begins(v, "quoted-printable") ? MAIL_QUOTED
							 : MAIL_PLAIN;
}

bool mail_field_read(struct mail *m, const struct mail_to *to)
{
	struct saying s = { .m = m, .to = to };
	struct sl_span f = sl_span(m->field, m->len);
	const uint8_t *colon = f.len ? memchr(f.p, ':', f.len) : NULL;
	if (colon == NULL)
		return true;
	size_t n = (size_t)(colon - f.p);
	struct sl_span name = mail_trim(sl_span(f.p, n)), v = mail_trim(sl_span_from(f, n + 1));
	if (v.len == 0)
		return true;
	if (mail_is(name, "Content-Type"))
		type_read(m, v);
	else if (mail_is(name, "Content-Transfer-Encoding"))
		coding_read(m, v);
	else if (mail_is(name, "Content-Disposition"))
		disposition_read(m, v);
	else if (m->part)
		return true;
	else if (mail_is(name, "From"))
		return say_addresses(&s, SL_WHERE_EMAIL_FROM, v);
	else if (mail_is(name, "To") || mail_is(name, "Cc") || mail_is(name, "Bcc"))
		return say_addresses(&s, SL_WHERE_EMAIL_TO, v);
	else if (mail_is(name, "Subject"))
		return say_text(&s, SL_WHERE_EMAIL_SUBJECT, v);
	else if (mail_is(name, "Message-ID"))
		return say_message_id(&s, v);
	return true;
}
