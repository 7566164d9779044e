/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - bytes to UTF-8 without zeros. Pure but for the memory of the result. */
#include <stdbool.h>
#include <stdlib.h>

#include "text.h"

/* Length of the UTF-8 character at p (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF); 0: none. */
static size_t character(const uint8_t *p, size_t left)
{
	uint8_t c = p[0];
	if (c == 0)
		return 0;
	if (c < 0x80)
		return 1;
	size_t n = c >= 0xc2 && c <= 0xdf   ? 2
		   : (c & 0xf0) == 0xe0	    ? 3
		   : c >= 0xf0 && c <= 0xf4 ? 4
					    : 0;
	if (n == 0 || n > left)
		return 0;
	uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

char *text_new(struct sl_span in, size_t max)
{
	static const char hex[] = "0123456789abcdef";
	size_t room = in.len * 4 < max ? in.len * 4 : max, n = 0;
	char *out = malloc(room + 1);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < in.len;) {
		size_t c = character(in.p + i, in.len - i);
		if (n + (c ? c : 4) > room)
			break;
		if (c) {
			memcpy(out + n, in.p + i, c);
			n += c;
			i += c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[in.p[i] >> 4];
		out[n++] = hex[in.p[i++] & 15];
	}
	out[n] = '\0';
	return out;
}
