/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_body.c - the texts of a mail: quoted-printable and base64 undone (RFC 2045 6.7, 6.8) byte by
 * byte, and the URLs in what comes out. Worker; linear in its input. */
#include "mail.h"
#include <sightline/hot.h>

/* ---- URLs ---- */

static const char *const schemes[] = { "http://", "https://", "ftp://" };

enum lead { LEAD_NO, LEAD_PART, LEAD_WHOLE };

/* How the bytes at hand stand to a scheme with its slashes. */
static enum lead lead_of(const struct mail *m)
{
	if (m->url_len > 8)
		return LEAD_WHOLE;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);
		size_t common = m->url_len < n ? m->url_len : n;
		if (strncasecmp((const char *)m->url, schemes[i], common) == 0)
			return m->url_len >= n ? LEAD_WHOLE : LEAD_PART;
	}
	return LEAD_NO;
}

/* RFC 3986 2, and percent signs and brackets; a quote of either kind ends a URL in HTML, and what
 * is not ASCII in any text. */
static bool is_url_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("\"'<>\\^`{|}", c) == NULL;
}

/* Punctuation that ends a sentence is none of the URL's, a closing bracket only where it was
 * opened. */
static size_t without_tail(const struct mail *m)
{
	size_t n = m->url_len;
	bool round = n && memchr(m->url, '(', n) != NULL,
	     square = n && memchr(m->url, '[', n) != NULL;
	while (n && (strchr(".,;:!?", m->url[n - 1]) != NULL || (m->url[n - 1] == ')' && !round) ||
			    (m->url[n - 1] == ']' && !square)))
		n--;
	return n;
}

/* HTML writes an ampersand as five bytes. */
static size_t without_entities(uint8_t *p, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len; i++) {
		p[out++] = p[i];
		if (len - i >= 5 && memcmp(p + i, "&amp;", 5) == 0)
			i += 4;
	}
	return out;
}

static void url_end(struct mail *m)
{
	bool whole = m->url_len && lead_of(m) == LEAD_WHOLE;
	if (whole && m->kind == MAIL_HTML)
		m->url_len = (uint16_t)without_entities(m->url, m->url_len);
	m->url_len = whole ? (uint16_t)without_tail(m) : 0;
	m->url_ready = m->url_len > 0;
}

static void url_byte(struct mail *m, uint8_t c)
{
	if (m->url_len == 0) {
		if ((c | 32) != 'h' && (c | 32) != 'f')
			return;
	} else if (!is_url_byte(c)) {
		url_end(m);
		return;
	}
	if (m->url_len < MAIL_URL_MAX)
		m->url[m->url_len++] = c;
	if (m->url_len > 8 || lead_of(m) != LEAD_NO)
		return;
	/* No scheme; each of them begins with a letter that it has nowhere else. */
	m->url_len = 0;
	if ((c | 32) == 'h' || (c | 32) == 'f')
		m->url[m->url_len++] = c;
}

bool mail_url_flush(struct mail *m, const struct mail_to *to)
{
	if (!m->url_ready)
		return true;
	bool cut = m->url_len == MAIL_URL_MAX || m->urls == MAIL_URLS;
	if (m->urls < MAIL_URLS) {
		if (!sl_batch_add_raw(to->b, SL_WHERE_EMAIL_URL, to->dir, to->message,
			    sl_span(m->url, m->url_len), NULL))
			return false;
		m->urls++;
	}
	if (cut && !m->counted) {
		m->counted = true;
		parser_count_part(to->b);
	}
	m->url_ready = false;
	m->url_len = 0;
	return true;
}

/* ---- Codings ---- */

/* Every byte of a decoded text passes here. */
static void text_byte(struct mail *m, uint8_t c)
{
	url_byte(m, c);
}

int mail_hex(uint8_t c)
{
	uint8_t low = c | 32;
	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* An escape that is none gives its last byte alone. */
static void quoted_byte(struct mail *m, uint8_t c)
{
	int v = mail_hex(c);
	if (m->decode == 0) {
		if (c == '=')
			m->decode = 1;
		else
			text_byte(m, c);
	} else if (m->decode == 1 && v >= 0) {
		m->hex = (uint8_t)v;
		m->decode = 2;
	} else if (m->decode == 1 && (mail_blank(c) || c == '\r')) {
		return; /* a soft line break comes */
	} else {
		bool soft = m->decode == 1 && c == '\n', whole = m->decode == 2 && v >= 0;
		m->decode = 0;
		if (!soft)
			text_byte(m, whole ? (uint8_t)(m->hex << 4 | v) : c);
	}
}

int mail_base64(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Each of the second to fourth characters of a group completes one byte. Others than the alphabet's
 * are passed over (RFC 2045 6.8); padding ends the group. */
static void base64_byte(struct mail *m, uint8_t c)
{
	int v = mail_base64(c);
	if (c == '=')
		m->decode = 0;
	if (v < 0)
		return;
	uint8_t held = m->hex;
	unsigned place = m->decode;
	m->hex = (uint8_t)v;
	m->decode = (uint8_t)((place + 1) % 4);
	if (place == 1)
		text_byte(m, (uint8_t)(held << 2 | v >> 4));
	else if (place == 2)
		text_byte(m, (uint8_t)(held << 4 | v >> 2));
	else if (place == 3)
		text_byte(m, (uint8_t)(held << 6 | v));
}

void mail_text_begin(struct mail *m)
{
	m->decode = m->hex = 0;
	m->url_len = 0;
}

bool mail_text(struct mail *m, struct sl_span in, size_t *used, const struct mail_to *to)
{
	size_t at = 0;
	if (!sl_batch_wants(to->b, SL_WHERE_EMAIL_URL))
		at = in.len; /* a coding begins anew with the next part, where that changes */
	while (at < in.len && mail_url_flush(m, to)) {
		uint8_t c = in.p[at++];
		if (m->coding == MAIL_QUOTED)
			quoted_byte(m, c);
		else if (m->coding == MAIL_BASE64)
			base64_byte(m, c);
		else
			text_byte(m, c);
	}
	*used = at;
	return at == in.len && mail_url_flush(m, to);
}

void mail_text_end(struct mail *m)
{
	if (!m->url_ready && m->url_len)
		url_end(m);
}
