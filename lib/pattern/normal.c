/* SPDX-License-Identifier: BSD-3-Clause */
/* normal.c - Unicode's normal form C, in which LIKE and MATCHES compare (STIX 2.1 9.6.1). The door
 * to utf8proc. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "truth.h"

bool scratch_room(struct scratch *s, size_t len)
{
	if (len < s->cap)
		return true;
	size_t cap = len + len / 2 + 64;
	char *wider = realloc(s->p, cap);
	if (wider == NULL)
		return false;
	s->p = wider;
	s->cap = cap;
	return true;
}

int normal_text(struct scratch *into, const char **text, size_t *len)
{
	size_t plain = 0;
	utf8proc_uint8_t *out = NULL;
	while (plain < *len && (unsigned char)(*text)[plain] < 0x80)
		plain++;
	if (plain == *len)
		return 0;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)*text, (utf8proc_ssize_t)*len,
		&out, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n < 0)
		return n == UTF8PROC_ERROR_NOMEM ? -ENOMEM : 0;
	if (!scratch_room(into, (size_t)n)) {
		free(out);
		return -ENOMEM;
	}
	memcpy(into->p, out, (size_t)n);
	free(out);
	*text = into->p;
	*len = (size_t)n;
	return 0;
}

size_t normal_utf8(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(
			(const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(len - at), &c);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return at;
}
