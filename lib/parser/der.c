/* SPDX-License-Identifier: BSD-3-Clause */
/* der.c - tags, lengths and object identifiers of DER (ITU-T X.690 8.1 and 8.19). Worker; pure. */
#include "decimal.h"
#include "der.h"
#include <sightline/hot.h>

static bool header(struct sl_rd *r, uint8_t *tag, size_t *len)
{
	*tag = sl_rd8(r);
	*len = sl_rd8(r);
	if ((*tag & 0x1f) == 0x1f)
		r->bad = true;
	if (*len >= 0x80) {
		unsigned bytes = *len & 0x7f;
		if (bytes == 0 || bytes > 4)
			r->bad = true;
		for (*len = 0; bytes > 0 && !r->bad; bytes--)
			*len = *len << 8 | sl_rd8(r);
	}
	return !r->bad;
}

bool der_next(struct sl_rd *r, struct der *out)
{
	size_t len;
	if (r->bad || sl_rd_left(r) == 0 || !header(r, &out->tag, &len))
		return false;
	out->body = sl_rd_take(r, len);
	return !r->bad;
}

bool der_enter(struct sl_rd *r, uint8_t tag, struct sl_rd *in)
{
	size_t len;
	uint8_t got;
	if (r->bad || sl_rd_left(r) == 0 || r->p[0] != tag || !header(r, &got, &len))
		return false;
	*in = sl_rd(sl_rd_take(r, len < sl_rd_left(r) ? len : sl_rd_left(r)));
	return true;
}

size_t der_size(struct sl_span begin)
{
	if (begin.len < 2)
		return 2;
	size_t bytes = begin.p[1] & 0x80 ? begin.p[1] & 0x7f : 0, len;
	uint8_t tag;
	if (bytes <= 4 && begin.len < 2 + bytes)
		return 2 + bytes;
	struct sl_rd r = sl_rd(begin);
	return header(&r, &tag, &len) ? 2 + bytes + len : 0;
}

static size_t put_number(uint32_t v, char *out, size_t cap)
{
	char digits[DECIMAL_MAX];
	size_t n = decimal(v, digits);
	if (n > cap)
		return 0;
	memcpy(out, digits, n);
	return n;
}

size_t der_oid_text(struct sl_span oid, char *out, size_t cap)
{
	size_t at = 0, n;
	uint32_t v = 0;
	for (size_t i = 0; i < oid.len; i++) {
		if (v >> 25 != 0)
			return 0;
		v = v << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] & 0x80)
			continue;
		if (at == 0) {
			/* X.690 8.19.4: the first two arcs share one number */
			uint32_t arc = v < 40 ? 0 : v < 80 ? 1 : 2;
			at = put_number(arc, out, cap);
			v -= 40 * arc;
		}
		if (at + 1 >= cap)
			return 0;
		out[at++] = '.';
		n = put_number(v, out + at, cap - at);
		if (n == 0)
			return 0;
		at += n;
		v = 0;
	}
	return oid.len > 0 && !(oid.p[oid.len - 1] & 0x80) ? at : 0;
}
