/* SPDX-License-Identifier: BSD-3-Clause */
/* http_body.c - the way over bodies: by length, by chunks, to the end of the flow. Worker; pure;
 * keeps no byte. */
#include "http_body.h"
#include <sightline/hot.h>

#define DIGITS_MAX 16 /* leading zeros included: what a 64-bit size has */

static int hex_digit(uint8_t c)
{
	uint8_t low = c | 32;
	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The first line of a chunk is over (RFC 9112 7.1). */
static void size_end(struct http_body *b)
{
	b->part = b->left ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER;
	b->line = HTTP_LINE_BEGIN;
	b->digits = 0;
}

/* One byte of a chunk's size. False: it belongs in none. */
static bool size_byte(struct http_body *b, uint8_t c)
{
	int digit = hex_digit(c);
	if (digit >= 0 && b->digits < DIGITS_MAX) {
		b->left = b->left << 4 | (unsigned)digit;
		b->digits++;
		return true;
	}
	if (b->digits == 0 || digit >= 0)
		return false;
	if (c == '\n')
		size_end(b);
	else
		b->part = HTTP_BODY_EXTENSION;
	return c == '\n' || c == '\r' || c == ';' || c == ' ' || c == '\t';
}

static size_t skip_line(struct http_body *b, struct sl_span in)
{
	const uint8_t *nl = memchr(in.p, '\n', in.len);
	if (nl == NULL)
		return in.len;
	size_end(b);
	return (size_t)(nl - in.p) + 1;
}

static size_t skip_bytes(struct http_body *b, struct sl_span in)
{
	size_t n = b->left < in.len ? (size_t)b->left : in.len;
	b->left -= n;
	if (b->left == 0)
		b->part = b->part == HTTP_BODY_CHUNK ? HTTP_BODY_CHUNK_END : HTTP_BODY_NONE;
	return n;
}

/* RFC 9112 2.2 lets LF alone end a line. */
static bool chunk_end(struct http_body *b, uint8_t c)
{
	if (c == '\n')
		b->part = HTTP_BODY_SIZE;
	return c == '\n' || c == '\r';
}

/* Goes one step over a body that is not empty. False: no chunk. */
static bool skip_some(struct http_body *b, struct sl_span in, size_t *n)
{
	*n = 1;
	switch (b->part) {
	case HTTP_BODY_NONE:
		break;
	case HTTP_BODY_LENGTH:
	case HTTP_BODY_CHUNK:
		*n = skip_bytes(b, in);
		break;
	case HTTP_BODY_TO_END:
		*n = in.len;
		break;
	case HTTP_BODY_SIZE:
		return size_byte(b, in.p[0]);
	case HTTP_BODY_EXTENSION:
		*n = skip_line(b, in);
		break;
	case HTTP_BODY_CHUNK_END:
		return chunk_end(b, in.p[0]);
	case HTTP_BODY_TRAILER:
		if (http_empty_line(&b->line, in, n))
			b->part = HTTP_BODY_NONE;
		break;
	}
	return true;
}

size_t http_body_run(const struct http_body *b, size_t len)
{
	if (b->part == HTTP_BODY_LENGTH || b->part == HTTP_BODY_CHUNK)
		return b->left < len ? (size_t)b->left : len;
	return b->part == HTTP_BODY_TO_END ? len : 0;
}

bool http_body_skip(struct http_body *b, struct sl_span in, size_t *used)
{
	size_t at = 0, n;
	bool good = true;
	while (good && at < in.len && b->part != HTTP_BODY_NONE) {
		good = skip_some(b, sl_span_from(in, at), &n);
		at += n;
		if (http_body_run(b, 1))
			break;
	}
	*used = at;
	return good;
}

bool http_body_gap(struct http_body *b, uint64_t bytes)
{
	if (b->part == HTTP_BODY_TO_END)
		return true;
	if ((b->part != HTTP_BODY_LENGTH && b->part != HTTP_BODY_CHUNK) || bytes == 0 ||
		bytes > b->left)
		return false;
	b->left -= bytes;
	if (b->left == 0)
		b->part = b->part == HTTP_BODY_CHUNK ? HTTP_BODY_CHUNK_END : HTTP_BODY_NONE;
	return true;
}
