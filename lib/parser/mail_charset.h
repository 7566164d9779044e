/* SPDX-License-Identifier: BSD-3-Clause */
/* mail_charset.h - the character sets of encoded words (RFC 2047) that are turned into UTF-8: those
 * of one byte a character that mails are written in. */
#ifndef PARSER_MAIL_CHARSET_H
#define PARSER_MAIL_CHARSET_H

#include <sightline/span.h>

enum mail_charset {
	CHARSET_OTHER, /* not known: the word stays as it stands */
	CHARSET_UTF8,
	CHARSET_LATIN1,
	CHARSET_TABLES, /* from here on by table */
	CHARSET_ISO_8859_2 = CHARSET_TABLES,
	CHARSET_ISO_8859_5,
	CHARSET_ISO_8859_7,
	CHARSET_ISO_8859_9,
	CHARSET_ISO_8859_15,
	CHARSET_CP1250,
	CHARSET_CP1251,
	CHARSET_CP1252,
	CHARSET_CP1253,
	CHARSET_CP1254,
	CHARSET_CP1255,
	CHARSET_CP1256,
	CHARSET_CP1257,
	CHARSET_CP1258,
	CHARSET_KOI8_R,
	CHARSET_KOI8_U,
	CHARSET_COUNT
};

#define MAIL_UTF8_MAX 3 /* bytes that one byte of a charset becomes at most */

/* The charset of that name, in any case, with or without a language behind it (RFC 2231 5). */
enum mail_charset mail_charset_find(struct sl_span name);
/* One byte as UTF-8, and how many bytes that is. */
size_t mail_charset_put(enum mail_charset charset, uint8_t c, uint8_t out[MAIL_UTF8_MAX]);

#endif
