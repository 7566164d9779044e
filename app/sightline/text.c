/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - words of strangers on a terminal. */
#include "tool.h"

void put_safe(FILE *to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < ' ' || *p == 127)
			fprintf(to, "\\x%02x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			fprintf(to, "\\x%02x", *++p);
		else
			fputc(*p, to);
	}
}
