/* SPDX-License-Identifier: BSD-3-Clause */
/* dtls_made.h - records of DTLS made for the tests (RFC 6347 4.1, 4.2.2). */
#ifndef TEST_PARSER_DTLS_MADE_H
#define TEST_PARSER_DTLS_MADE_H

#include <sightline/span.h>

#define MADE_HEAD 25 /* of a record and of the fragment in it */

struct made_dtls {
	uint16_t version, epoch;
	uint8_t type; /* of the message */
	uint16_t seq;
};

/* A record with one fragment, bytes [from, to) of a message. Returns its length. */
static inline size_t made_fragment(
	const struct made_dtls *d, struct sl_span body, size_t from, size_t to, uint8_t *out)
{
	to = to < body.len ? to : body.len;
	size_t n = to - from, len = 12 + n;
	const uint8_t head[MADE_HEAD] = { 22, (uint8_t)(d->version >> 8), (uint8_t)d->version,
		(uint8_t)(d->epoch >> 8), (uint8_t)d->epoch, 0, 0, 0, 0, 0, 7, (uint8_t)(len >> 8),
		(uint8_t)len, d->type, (uint8_t)(body.len >> 16), (uint8_t)(body.len >> 8),
		(uint8_t)body.len, (uint8_t)(d->seq >> 8), (uint8_t)d->seq, (uint8_t)(from >> 16),
		(uint8_t)(from >> 8), (uint8_t)from, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n };
	memcpy(out, head, sizeof(head));
	if (n > 0)
		memcpy(out + sizeof(head), body.p + from, n);
	return sizeof(head) + n;
}

#endif
