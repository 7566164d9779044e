/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - words of strangers on a terminal. */
#include "tool.h"

/* Bytes of the well-formed UTF-8 sequence that p begins with (RFC 3629, section 4); 0: none. */
static unsigned sequence(const unsigned char *p)
{
	unsigned n = *p < 0x80	 ? 1
		     : *p < 0xc2 ? 0
		     : *p < 0xe0 ? 2
		     : *p < 0xf0 ? 3
		     : *p < 0xf5 ? 4
				 : 0;
	for (unsigned i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool outside = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
	return n > 2 && (overlong || outside) ? 0 : n;
}

void put_safe(FILE *to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
		unsigned n = sequence(p);
		if (n == 0 || *p < ' ' || *p == 127) {
			fprintf(to, "\\x%02x", *p++);
		} else if (n == 2 && *p == 0xc2 && p[1] < 0xa0) {
			fprintf(to, "\\x%02x", p[1]);
			p += 2;
		} else {
			fwrite(p, 1, n, to);
			p += n;
		}
	}
}
