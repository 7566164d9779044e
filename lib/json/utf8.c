/* SPDX-License-Identifier: BSD-3-Clause */
/* utf8.c - the well-formed sequences of RFC 3629 section 4. Pure; any thread. */
#include <stdint.h>
#include <string.h>

#include "utf8.h"

static bool tail(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Length of the character at p, 0 where there is none. */
static size_t character(const uint8_t *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n || !tail(p, n))
		return 0;
	/* Longer than needed, a surrogate, or beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool sl_utf8_valid(const char *p, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = character((const uint8_t *)p + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

size_t sl_utf8_mend(const char *p, size_t len, char *out)
{
	size_t used = 0;
	for (size_t i = 0; i < len;) {
		size_t n = character((const uint8_t *)p + i, len - i);
		memcpy(out + used, n ? p + i : "\xef\xbf\xbd", n ? n : 3);
		used += n ? n : 3;
		i += n ? n : 1;
	}
	return used;
}
