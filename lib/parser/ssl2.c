/* SPDX-License-Identifier: BSD-3-Clause */
/* ssl2.c - the server's certificate in a handshake of SSL 2.0 (draft-hickman-netscape-ssl-00 1.2,
 * 2.6), which old devices still answer to. Worker. All else of it is of no interest to anybody. */
#include "gather.h"
#include "parsers.h"
#include "tls_cert.h"
#include <sightline/hot.h>

#define HEAD 2 /* of a record: a bit, and the length */
#define HELLO 11 /* of a server's hello, before the certificate */

enum { CLIENT_HELLO = 1, SERVER_HELLO = 4 };

struct ssl2 {
	struct gather unit;
	size_t tail; /* bytes that are gathered but not consumed: the hello is whole */
	uint32_t message;
	uint16_t said;
};

/* How the bytes at hand stand to a mask of bytes that are known. */
static enum sl_probe compare(struct sl_span s, const uint8_t *want, const uint8_t *mask, size_t n)
{
	for (size_t i = 0; i < n && i < s.len; i++)
		if ((s.p[i] & mask[i]) != want[i])
			return SL_PROBE_NO;
	return s.len < n ? SL_PROBE_MORE : SL_PROBE_YES;
}

static enum sl_probe ssl2_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	static const uint8_t client[] = { 0x80, 0, CLIENT_HELLO, 0, 2 },
			     client_mask[] = { 0x80, 0, 0xff, 0xff, 0xff },
			     server[] = { 0x80, 0, SERVER_HELLO, 0, 1, 0, 2 },
			     server_mask[] = { 0x80, 0, 0xff, 0xfe, 0xff, 0xff, 0xff };
	(void)sport;
	(void)dport;
	if (p->dir == SL_TO_SERVER)
		return compare(p->bytes, client, client_mask, sizeof(client));
	return compare(p->bytes, server, server_mask, sizeof(server));
}

static bool ssl2_begins(uint8_t first)
{
	return first & 0x80;
}

/* Says the certificate of a whole hello. False: the batch is full. */
static bool hello_say(struct ssl2 *s, enum sl_dir dir, struct sl_batch *b)
{
	struct sl_rd r = sl_rd(sl_span_from(gather_bytes(&s->unit), HEAD));
	bool sound = false;
	uint8_t type = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint8_t kind = sl_rd8(&r);
	sl_rd_skip(&r, 2);
	uint16_t len = sl_rd16(&r);
	sl_rd_skip(&r, 4);
	struct sl_span der = sl_rd_take(&r, len);
	if (type == SERVER_HELLO && kind == 1 && !r.bad && der.len > 0) {
		if (s->message == 0)
			s->message = sl_batch_next_message(b);
		struct say say = { .b = b, .message = s->message, .dir = dir, .said = &s->said };
		if (!cert_say(&say, der, NULL, &sound) || !sl_batch_close(b, dir, s->message))
			return false;
	}
	if (!sound)
		parser_count_part(b);
	return true;
}

/* Bytes up to the end of the hello; *used of them. */
static enum sl_verdict hello_feed(
	struct ssl2 *s, struct sl_span in, enum sl_dir dir, struct sl_batch *b, size_t *used)
{
	while (s->tail == 0) {
		struct sl_span have = gather_bytes(&s->unit);
		size_t need = have.len < HEAD
				      ? HEAD
				      : HEAD + ((size_t)(have.p[0] & 0x7f) << 8 | have.p[1]);
		size_t left = need - have.len, n = left < in.len ? left : in.len;
		if (have.len >= HEAD && (need < HEAD + HELLO || left == 0))
			return SL_BAD;
		if (!gather_all(&s->unit, b, sl_span(in.p, n), GATHER_MAX))
			return SL_DONE;
		if (need > HEAD && n == left) {
			s->tail = n;
			break;
		}
		*used += n;
		in = sl_span_from(in, n);
		if (in.len == 0)
			return SL_MORE;
	}
	if (!hello_say(s, dir, b))
		return SL_FULL;
	*used += s->tail;
	return SL_DONE;
}

static enum sl_verdict ssl2_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ssl2 *s = state;
	enum sl_verdict v = SL_DONE;
	*consumed = 0;
	if (p->dir == SL_TO_CLIENT && p->kind == SL_PIECE_BYTES)
		v = p->bytes.len == 0 ? SL_MORE : hello_feed(s, p->bytes, p->dir, b, consumed);
	if (v == SL_MORE || v == SL_FULL)
		return v;
	if (p->dir == SL_TO_CLIENT)
		gather_drop(&s->unit, b);
	*consumed = p->bytes.len;
	return v;
}

const struct sl_parser sl_parser_ssl2 = {
	.name = "ssl2",
	.state_bytes = sizeof(struct ssl2),
	.over = SL_OVER_TCP,
	.probe = ssl2_probe,
	.begins = ssl2_begins,
	.feed = ssl2_feed,
};
