/* SPDX-License-Identifier: BSD-3-Clause */
/* utf16.c - UTF-16 to UTF-8 (RFC 2781, RFC 3629). Worker; linear; writes to the caller's memory. */
#include "utf16.h"
#include <sightline/hot.h>

static uint32_t unit_at(struct sl_span in, size_t at)
{
	return at + 1 < in.len ? (uint32_t)(in.p[at] | in.p[at + 1] << 8) : 0;
}

static size_t put(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

size_t utf16_text(struct sl_span in, uint8_t *out, size_t cap)
{
	size_t len = 0;
	for (size_t at = 0; at + 1 < in.len; at += 2) {
		uint8_t c8[4];
		uint32_t c = unit_at(in, at), low = unit_at(in, at + 2);
		if (c == 0)
			break;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			at += 2;
		}
		size_t n = put(c, c8);
		if (n > cap - len)
			break;
		memcpy(out + len, c8, n);
		len += n;
	}
	return len;
}
