/* SPDX-License-Identifier: BSD-3-Clause */
/* http2_made.h - frames of HTTP/2 made for tests. */
#ifndef TEST_PARSER_HTTP2_MADE_H
#define TEST_PARSER_HTTP2_MADE_H

#include <stdint.h>
#include <string.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
	DATA,
	HEADERS,
	PRIORITY,
	RST_STREAM,
	SETTINGS,
	PUSH_PROMISE,
	PING,
	GOAWAY,
	WINDOW_UPDATE,
	CONTINUATION,
	UNKNOWN = 0xba
};
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, WITH_PRIORITY = 32 };

struct made {
	uint8_t p[1 << 17];
	size_t len;
};

static inline void put_bytes(struct made *m, const void *p, size_t len)
{
	memcpy(m->p + m->len, p, len);
	m->len += len;
}

static inline void put_text(struct made *m, const char *text)
{
	put_bytes(m, text, strlen(text));
}

static inline void put_frame(
	struct made *m, uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t len)
{
	uint8_t head[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
		(uint8_t)stream };
	put_bytes(m, head, 9);
	if (len)
		put_bytes(m, p, len);
}

/* RFC 7541 5.1: a length in seven bits, or more. */
static inline void put_len(struct made *m, size_t n)
{
	uint8_t b = 127;
	if (n < 127) {
		b = (uint8_t)n;
		put_bytes(m, &b, 1);
		return;
	}
	put_bytes(m, &b, 1);
	for (n -= 127; n >= 128; n >>= 7) {
		b = (uint8_t)(n | 128);
		put_bytes(m, &b, 1);
	}
	b = (uint8_t)n;
	put_bytes(m, &b, 1);
}

/* RFC 7541 6.2: how is 0x00 (not indexed) or 0x40 (from now on in the table). */
static inline void put_field(struct made *m, uint8_t how, const char *name, const char *value)
{
	put_bytes(m, &how, 1);
	put_len(m, strlen(name));
	put_text(m, name);
	put_len(m, strlen(value));
	put_text(m, value);
}

static inline void put_index(struct made *m, uint8_t i)
{
	i |= 0x80;
	put_bytes(m, &i, 1);
}

#endif
