/* SPDX-License-Identifier: BSD-3-Clause */
/* made_file.h - what is said of a file, and bodies in content codings, made. */
#ifndef TEST_PARSER_MADE_FILE_H
#define TEST_PARSER_MADE_FILE_H

#include <zlib.h>

#include <sightline/digest.h>

#include "pieces.h"

#define MADE_MAX ((size_t)1 << 16)

struct made {
	size_t len;
	char b[MADE_MAX];
};

static inline void made_add(struct made *m, const void *p, size_t len)
{
	assert_true(m->len + len < MADE_MAX);
	memcpy(m->b + m->len, p, len);
	m->len += len;
	m->b[m->len] = '\0';
}

static inline void made_text(struct made *m, const char *text)
{
	made_add(m, text, strlen(text));
}

/* The log of a whole file. */
static inline void made_said(struct made *m, unsigned message, const char *name, const char *type,
	const void *p, size_t len)
{
	char line[512], hex[2 * SL_DIGEST_MAX + 1];
	uint8_t raw[SL_DIGEST_MAX];
	assert_int_equal(sl_digest_of(SL_MD5, p, len, raw), 0);
	sl_hex(raw, 16, hex);
	if (name[0])
		made_add(m, line,
			(size_t)snprintf(line, sizeof(line), "file.name %u %s\n", message, name));
	if (type[0])
		made_add(m, line,
			(size_t)snprintf(line, sizeof(line), "file.type %u %s\n", message, type));
	made_add(m, line,
		(size_t)snprintf(line, sizeof(line), "file.size %u %zu\nfile.md5 %u %s\n", message,
			len, message, hex));
}

/* bits: zlib's window bits, 31 for gzip, -15 for raw deflate. */
static inline size_t made_packed(const void *p, size_t len, int bits, uint8_t *out, size_t cap)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)len };
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

#endif
