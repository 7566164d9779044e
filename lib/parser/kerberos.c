/* SPDX-License-Identifier: BSD-3-Clause */
/* kerberos.c - Kerberos 5 (RFC 4120) over UDP and TCP: what requests, answers, errors and the
 * tickets in them say. Worker. */
#include "der.h"
#include "frame.h"
#include "kerberos_message.h"
#include "parsers.h"
#include <sightline/hot.h>

#define READ_MAX 65535 /* of a message: tickets with all groups of a user are tens of KiB */
#define DER_HEAD_MAX 6 /* a tag, and a length of four bytes behind its own */

struct kerberos {
	struct frame side[2];
	uint32_t message;
	uint16_t said;
};

/* ---- Whether it is Kerberos ---- */

/* RFC 4120 7.2.2. */
static size_t kerberos_size(struct sl_span begin)
{
	struct sl_rd r = sl_rd(begin);
	if (begin.len > 0 && begin.p[0] != 0) /* 16 MiB: nobody says as much */
		return 0;
	if (begin.len < 5)
		return 5;
	size_t len = sl_rd32(&r);
	return len >= 10 && kerberos_may_begin(begin.p[4]) ? 4 + len : 0;
}

/* The message's own size agrees with the one before it. */
static enum sl_probe kerberos_likely(struct sl_span in)
{
	size_t size = kerberos_size(in);
	if (size == 0)
		return SL_PROBE_NO;
	struct sl_span m = sl_span_from(in, 4);
	if (kerberos_is_message(m))
		return der_size(m) == size - 4 ? SL_PROBE_YES : SL_PROBE_NO;
	bool sized = m.len >= DER_HEAD_MAX;
	return in.len < 32 && in.len < size && (!sized || der_size(m) == size - 4) ? SL_PROBE_MORE
										   : SL_PROBE_NO;
}

static const struct frame_kind messages = {
	.size = kerberos_size, .max = READ_MAX, .likely = kerberos_likely
};

static enum sl_probe kerberos_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	if (p->datagram)
		return kerberos_is_message(in) && (p->cut || der_size(in) == in.len) ? SL_PROBE_YES
										     : SL_PROBE_NO;
	return kerberos_likely(in);
}

static bool kerberos_begins(uint8_t first)
{
	return first == 0 || kerberos_may_begin(first); /* over TCP, over UDP */
}

/* ---- Messages ---- */

static bool message_say(
	struct kerberos *k, enum sl_dir dir, struct sl_batch *b, struct sl_span in, bool cut)
{
	bool sound;
	if (k->message == 0)
		k->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = k->message, .dir = dir, .said = &k->said };
	if (!kerberos_say(&s, in, &sound) || !sl_batch_close(b, dir, k->message))
		return false;
	if (!sound || cut)
		parser_count_part(b);
	k->message = 0;
	k->said = 0;
	return true;
}

static enum sl_verdict feed_bytes(
	struct kerberos *k, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &k->side[p->dir];
	struct sl_span m;
	enum frame_found found;
	while ((found = frame_next(f, &messages, b, p->bytes, consumed, &m)) == FRAME_IS) {
		if (!message_say(k, p->dir, b, sl_span_from(m, 4), frame_is_cut(f, m)))
			return SL_FULL;
		frame_done(f, b, m, consumed);
	}
	return found == FRAME_BAD ? frame_lose(f, b, p->bytes, consumed) : SL_MORE;
}

static enum sl_verdict kerberos_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct kerberos *k = state;
	enum sl_verdict v;
	*consumed = 0;
	if (frame_mark(&k->side[p->dir], p, b, &v))
		return v;
	if (!p->datagram)
		return feed_bytes(k, p, b, consumed);
	if (!kerberos_is_message(p->bytes))
		parser_count_part(b);
	else if (!message_say(k, p->dir, b, p->bytes, p->cut))
		return SL_FULL;
	*consumed = p->bytes.len;
	return SL_MORE;
}

const struct sl_parser sl_parser_kerberos = {
	.name = "kerberos",
	.state_bytes = sizeof(struct kerberos),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = kerberos_probe,
	.begins = kerberos_begins,
	.feed = kerberos_feed,
};
