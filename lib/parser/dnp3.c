/* SPDX-License-Identifier: BSD-3-Clause */
/* dnp3.c - DNP3 (IEEE 1815) over TCP and UDP: the stations of each link frame, and the function of
 * the application message that begins in it. Worker. */
#include "le.h"
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

#define START_1 0x05
#define START_2 0x64
#define HEADER 10 /* IEEE 1815 9.2.4.1.1; the last two bytes check the others */
#define BLOCK 16 /* of user data, two bytes of check behind each */
#define LENGTH_MIN 5 /* the length counts control, stations and user data, no checks */
#define BEGIN (HEADER + 3) /* transport, application control, function */

enum { PRIMARY = 0x40, CONFIRMED_DATA = 3, UNCONFIRMED_DATA = 4 }; /* of control */
enum { FIRST = 0x40 }; /* of transport: the message begins here */

/* IEEE 1815 9.2.4.1.1.6: x^16 + x^13 + x^12 + x^11 + x^10 + x^8 + x^6 + x^5 + x^2 + 1, the lowest
 * bit first, and its complement sent. */
static uint16_t check_of(struct sl_span in)
{
	uint16_t crc = 0;
	for (size_t i = 0; i < in.len; i++) {
		crc ^= in.p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xa6bc : 0));
	}
	return (uint16_t)~crc;
}

static size_t dnp3_size(struct sl_span in)
{
	if ((in.len > 0 && in.p[0] != START_1) || (in.len > 1 && in.p[1] != START_2) ||
		(in.len > 2 && in.p[2] < LENGTH_MIN))
		return 0;
	if (in.len < HEADER)
		return HEADER;
	struct sl_rd r = sl_rd(sl_span_from(in, HEADER - 2));
	if (le16(&r) != check_of(sl_span(in.p, HEADER - 2)))
		return 0;
	size_t user = in.p[2] - (size_t)LENGTH_MIN;
	return HEADER + user + (user + BLOCK - 1) / BLOCK * 2;
}

static bool dnp3_say(struct telegram *t, struct sl_span begin)
{
	struct sl_rd r = sl_rd(begin);
	sl_rd_skip(&r, 2);
	uint8_t length = sl_rd8(&r), control = sl_rd8(&r);
	uint16_t destination = le16(&r), source = le16(&r);
	if (r.bad)
		return false;
	telegram_number(t, SL_WHERE_DNP3_SOURCE, source);
	telegram_number(t, SL_WHERE_DNP3_DESTINATION, destination);
	uint8_t link = control & 0x0f;
	if (!(control & PRIMARY) || (link != CONFIRMED_DATA && link != UNCONFIRMED_DATA) ||
		length < LENGTH_MIN + BEGIN - HEADER)
		return true;
	sl_rd_skip(&r, 2);
	uint8_t transport = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint8_t function = sl_rd8(&r);
	if (!r.bad && (transport & FIRST))
		telegram_number(t, SL_WHERE_DNP3_FUNCTION, function);
	return !r.bad;
}

static const struct telegram_kind kind = { { .size = dnp3_size, .max = BEGIN }, dnp3_say };

static enum sl_probe dnp3_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)sport;
	(void)dport;
	return telegrams_probe(&kind, p->bytes, false);
}

static enum sl_verdict dnp3_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

static bool dnp3_begins(uint8_t first)
{
	return first == START_1;
}

const struct sl_parser sl_parser_dnp3 = {
	.name = "dnp3",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = dnp3_probe,
	.feed = dnp3_feed,
	.begins = dnp3_begins,
};
