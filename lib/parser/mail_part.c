/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_part.c - the parts of a mail that are files: transfer codings undone (RFC 2045 6.7, 6.8),
 * and the line end in front of a boundary left out (RFC 2046 5.1.1). Worker; linear in its
 * input. */
#include "file/file.h"
#include "mail.h"
#include <sightline/hot.h>

#define RUN 512 /* decoded at once */

/* Attachments, what has a name, what is no text, and texts that were hidden in base64. */
static bool is_file(const struct mail *m)
{
	if (m->kind == MAIL_MULTIPART)
		return false;
	return m->name_len || m->attached || m->kind == MAIL_OTHER || m->kind == MAIL_MESSAGE ||
	       m->coding == MAIL_BASE64;
}

void mail_part_begin(struct mail *m, const struct mail_to *to)
{
	m->file_decode = m->file_hex = m->end_len = 0;
	if (m->file != NULL || !is_file(m))
		return;
	struct sl_file_begin how = {
		.dir = to->dir, .message = to->message, .name = sl_span(m->name, m->name_len)
	};
	m->file = sl_file_begin(to->b, &how);
}

/* A line end may be the boundary's: it waits for what follows. */
static void put(struct mail *m, struct sl_batch *b, struct sl_span in)
{
	if (in.len && m->end_len == 1 && m->end[0] == '\r' && in.p[0] == '\n') {
		m->end[m->end_len++] = '\n';
		in = sl_span_from(in, 1);
	}
	if (in.len == 0)
		return;
	sl_file_bytes(m->file, b, sl_span(m->end, m->end_len));
	uint8_t last = in.p[in.len - 1];
	size_t n = last == '\r' || last == '\n';
	n += last == '\n' && in.len > 1 && in.p[in.len - 2] == '\r';
	sl_file_bytes(m->file, b, sl_span(in.p, in.len - n));
	m->end_len = (uint8_t)n;
	memcpy(m->end, in.p + in.len - n, n);
}

static size_t decode_quoted(struct mail *m, uint8_t c, uint8_t *out)
{
	int v = mail_hex(c);
	if (m->file_decode == 0) {
		m->file_decode = c == '=';
		*out = c;
		return c != '=';
	}
	if (m->file_decode == 1 && v >= 0) {
		m->file_hex = (uint8_t)v;
		m->file_decode = 2;
		return 0;
	}
	if (m->file_decode == 1 && (mail_blank(c) || c == '\r'))
		return 0; /* a soft line break comes */
	bool soft = m->file_decode == 1 && c == '\n', whole = m->file_decode == 2 && v >= 0;
	m->file_decode = 0;
	*out = whole ? (uint8_t)(m->file_hex << 4 | v) : c;
	return !soft;
}

static size_t decode_base64(struct mail *m, uint8_t c, uint8_t *out)
{
	int v = mail_base64(c);
	if (c == '=')
		m->file_decode = 0;
	if (v < 0)
		return 0;
	unsigned held = m->file_hex, place = m->file_decode;
	m->file_hex = (uint8_t)v;
	m->file_decode = (uint8_t)((place + 1) % 4);
	*out = (uint8_t)(held << 2 * place | (unsigned)v >> (6 - 2 * place));
	return place > 0;
}

void mail_part_bytes(struct mail *m, struct sl_span in, const struct mail_to *to)
{
	uint8_t run[RUN];
	size_t n = 0;
	if (!sl_file_takes(m->file))
		return;
	if (m->coding == MAIL_PLAIN) {
		put(m, to->b, in);
		return;
	}
	for (size_t at = 0; at < in.len; at++) {
		bool base64 = m->coding == MAIL_BASE64;
		n += (base64 ? decode_base64 : decode_quoted)(m, in.p[at], run + n);
		if (n < RUN && at + 1 < in.len)
			continue;
		if (base64)
			sl_file_bytes(m->file, to->b, sl_span(run, n));
		else
			put(m, to->b, sl_span(run, n));
		n = 0;
	}
}

void mail_part_gap(struct mail *m)
{
	sl_file_gap(m->file);
}

void mail_part_over(struct mail *m, const struct mail_to *to, enum mail_over how)
{
	if (m->file == NULL || m->over_how != MAIL_OVER_NO)
		return;
	if (how == MAIL_OVER_MAIL)
		sl_file_bytes(m->file, to->b, sl_span(m->end, m->end_len));
	m->over_how = (uint8_t)how;
}

bool mail_part_flush(struct mail *m, const struct mail_to *to)
{
	if (m->over_how == MAIL_OVER_NO)
		return true;
	if (!sl_file_end(&m->file, to->b, m->over_how != MAIL_OVER_PART))
		return false;
	m->over_how = MAIL_OVER_NO;
	return true;
}

void mail_drop(struct mail *m, struct sl_batch *b)
{
	sl_file_drop(&m->file, b);
	m->over_how = MAIL_OVER_NO;
	m->state = MAIL_NONE;
}
