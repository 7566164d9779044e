/* SPDX-License-Identifier: BSD-3-Clause */
/* s7comm.c - what controllers of the S7 families speak over ISO transport (tpkt.h), as Wireshark
 * describes it: what kind of message, and which function. Of its successor, S7comm-plus, no more is
 * told than that it is there. Worker. */
#include "parsers.h"
#include "telegram.h"
#include "tpkt.h"
#include <sightline/hot.h>

#define PROTOCOL 0x32
#define PROTOCOL_PLUS 0x72
#define BEGIN 64 /* of a packet */

enum { JOB = 1, ACK = 2, ACK_DATA = 3, USER_DATA = 7 };

/* The group of functions of user data stands behind a fixed head: 0, 1, 0x12, length, method. */
static void say_user_data(struct telegram *t, struct sl_rd *r)
{
	sl_rd_skip(r, 5);
	uint8_t group = sl_rd8(r);
	if (!r->bad)
		telegram_number(t, SL_WHERE_S7_GROUP, group & 0x0f);
}

static bool s7comm_say(struct telegram *t, struct sl_span begin)
{
	struct cotp c;
	if (!cotp_read(begin, &c))
		return false;
	/* What continues an earlier packet begins with anything. */
	struct sl_rd r = sl_rd(c.data);
	if (c.type != COTP_DT || c.data.len == 0 || sl_rd8(&r) != PROTOCOL)
		return true;
	uint8_t rosctr = sl_rd8(&r);
	sl_rd_skip(&r, 4); /* reserved, reference */
	uint16_t parameters = sl_rd16(&r);
	sl_rd_skip(&r, 2); /* length of data */
	if (rosctr == ACK || rosctr == ACK_DATA)
		sl_rd_skip(&r, 2); /* error */
	if (r.bad)
		return false;
	telegram_number(t, SL_WHERE_S7_ROSCTR, rosctr);
	if (parameters == 0)
		return true;
	if (rosctr == USER_DATA) {
		say_user_data(t, &r);
		return !r.bad;
	}
	uint8_t function = sl_rd8(&r);
	if (!r.bad)
		telegram_number(t, SL_WHERE_S7_FUNCTION, function);
	return !r.bad;
}

static bool plus_say(struct telegram *t, struct sl_span begin)
{
	(void)t;
	(void)begin;
	return true;
}

static const struct telegram_kind kind = { { .size = tpkt_size, .max = BEGIN }, s7comm_say };
static const struct telegram_kind kind_plus = { { .size = tpkt_size, .max = BEGIN }, plus_say };

static bool is_kind(uint8_t rosctr)
{
	return rosctr == JOB || rosctr == ACK || rosctr == ACK_DATA || rosctr == USER_DATA;
}

/* The first data behind what connects; that alone may connect anything. */
static enum sl_probe probe(struct sl_span in, uint8_t protocol)
{
	for (;;) {
		struct cotp c;
		size_t size = tpkt_size(in);
		if (size == 0 || (in.len > 5 && in.p[5] != COTP_DT && in.p[5] != COTP_CR &&
					 in.p[5] != COTP_CC))
			return SL_PROBE_NO;
		if (in.len < size)
			return SL_PROBE_MORE;
		if (!cotp_read(sl_span(in.p, size), &c))
			return SL_PROBE_NO;
		if (c.data.len > 0 && c.data.p[0] != protocol)
			return SL_PROBE_NO;
		if (c.data.len > 1)
			return protocol != PROTOCOL || is_kind(c.data.p[1]) ? SL_PROBE_YES
									    : SL_PROBE_NO;
		/* Controllers are named by two bytes, which others don't do. */
		if (c.type != COTP_DT && cotp_option(&c, COTP_CALLED).len != 2)
			return SL_PROBE_NO;
		in = sl_span_from(in, size);
	}
}

static enum sl_probe s7comm_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)sport;
	(void)dport;
	return probe(p->bytes, PROTOCOL);
}

static enum sl_probe plus_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)sport;
	(void)dport;
	return probe(p->bytes, PROTOCOL_PLUS);
}

static enum sl_verdict s7comm_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

static enum sl_verdict plus_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind_plus, p, b, consumed);
}

const struct sl_parser sl_parser_s7comm = {
	.name = "s7comm",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP_BEGIN,
	.probe = s7comm_probe,
	.feed = s7comm_feed,
	.begins = tpkt_begins,
};

const struct sl_parser sl_parser_s7comm_plus = {
	.name = "s7comm_plus",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP_BEGIN,
	.probe = plus_probe,
	.feed = plus_feed,
	.begins = tpkt_begins,
};
