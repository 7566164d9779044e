/* SPDX-License-Identifier: BSD-3-Clause */
/* norm.c - normal forms of names, hosts and plain text. Pure, one pass, bounded by the output; on
 * workers and in the readers of intelligence alike, so that both sides of a comparison are made by
 * the same code. */
#include <sightline/addr.h>

#include "norm.h"
#include <sightline/hot.h>

void norm_put_bytes(struct norm_out *o, const void *p, size_t n)
{
	if (o->over || o->cap - o->len < n) {
		o->over = true;
		return;
	}
	memcpy(o->p + o->len, p, n);
	o->len += n;
}

/* Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) at s; 0: there is none. */
size_t sl_utf8_len(struct sl_span s)
{
	uint8_t c = s.p[0], low = 0x80, high = 0xbf;
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	if (n < 2 || s.len < n)
		return n == 1;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s.p[1] < low || s.p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t norm_put_unit(struct norm_out *o, struct sl_span s, bool lower)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t c = s.p[0];
	if (c == '\\') {
		norm_put_bytes(o, "\\\\", 2);
		return 1;
	}
	if (c < 0x80) {
		norm_put(o, lower ? norm_lower_byte(c) : c);
		return 1;
	}
	size_t n = sl_utf8_len(s);
	if (n) {
		norm_put_bytes(o, s.p, n);
		return n;
	}
	norm_put_bytes(o, (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
	return 1;
}

static void put_text(struct norm_out *o, struct sl_span in, bool lower)
{
	for (size_t i = 0; i < in.len && !o->over;)
		i += norm_put_unit(o, sl_span_from(in, i), lower);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sl_span norm_trim(struct sl_span in)
{
	while (in.len && is_space(in.p[0]))
		in = sl_span_from(in, 1);
	while (in.len && is_space(in.p[in.len - 1]))
		in.len--;
	return in;
}

static void put_name(struct norm_out *o, struct sl_span in)
{
	while (in.len && in.p[in.len - 1] == '.')
		in.len--;
	put_text(o, in, true);
}

bool norm_form(enum sl_form form, struct norm_out *o, struct sl_span in)
{
	switch (form) {
	case SL_FORM_NAME:
		put_name(o, in);
		return true;
	case SL_FORM_URL:
		return norm_url(o, in);
	case SL_FORM_HEX:
	case SL_FORM_LOWER:
		put_text(o, norm_trim(in), true);
		return true;
	case SL_FORM_BYTES:
		put_text(o, norm_trim(in), false);
		return true;
	case SL_FORM_ADDR:
	case SL_FORM_MAC:
		break;
	}
	return false;
}

size_t sl_norm(enum sl_form form, struct sl_span in, uint8_t *out, size_t cap)
{
	struct norm_out o = { .p = out, .cap = cap };
	return norm_form(form, &o, in) && !o.over ? o.len : 0;
}

size_t sl_norm_name(struct sl_span in, uint8_t *out, size_t cap)
{
	return sl_norm(SL_FORM_NAME, in, out, cap);
}

size_t sl_norm_url(struct sl_span in, uint8_t *out, size_t cap)
{
	return sl_norm(SL_FORM_URL, in, out, cap);
}

size_t sl_norm_lower(struct sl_span in, uint8_t *out, size_t cap)
{
	return sl_norm(SL_FORM_LOWER, in, out, cap);
}

size_t sl_norm_bytes(struct sl_span in, uint8_t *out, size_t cap)
{
	return sl_norm(SL_FORM_BYTES, in, out, cap);
}

/* What stands between brackets is an IPv6 address (RFC 3986 3.2.2), written as RFC 5952 has it. */
static size_t norm_bracketed(struct sl_span in, uint8_t *out, size_t cap)
{
	union sl_addr a;
	uint8_t version;
	char text[SL_ADDR_TEXT];
	if (!sl_addr_parse((const char *)in.p, in.len, &a, &version))
		return sl_norm_name(in, out, cap);
	return sl_norm_name(sl_span(text, sl_addr_text(&a, version, text)), out, cap);
}

size_t sl_norm_host(struct sl_span in, uint8_t *out, size_t cap)
{
	in = norm_trim(in);
	const uint8_t *at = in.len ? memrchr(in.p, '@', in.len) : NULL;
	if (at != NULL)
		in = sl_span_from(in, (size_t)(at - in.p) + 1);
	if (in.len == 0)
		return 0;
	if (in.p[0] == '[') {
		const uint8_t *end = memchr(in.p, ']', in.len);
		if (end != NULL)
			return norm_bracketed(
				sl_span(in.p + 1, (size_t)(end - in.p) - 1), out, cap);
	}
	/* One colon is a port's; more are an address that somebody wrote without brackets. */
	const uint8_t *colon = memchr(in.p, ':', in.len);
	if (colon != NULL && memrchr(in.p, ':', in.len) == colon)
		in.len = (size_t)(colon - in.p);
	return sl_norm_name(in, out, cap);
}
