/* SPDX-License-Identifier: BSD-3-Clause */
/* modbus.c - Modbus/TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1; MODBUS
 * Application Protocol V1.1b3): the unit and the function of each request and answer. Worker. */
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

#define PORT_MODBUS 502
#define HEADER 6 /* transaction, protocol, length; the length counts what follows */
#define BEGIN 8 /* and unit and function */
#define LENGTH_MAX 254
#define EXCEPTION 0x80 /* in the function of an answer */

static size_t modbus_size(struct sl_span in)
{
	/* Transaction: any. Protocol: 0. */
	if ((in.len > 2 && in.p[2] != 0) || (in.len > 3 && in.p[3] != 0) ||
		(in.len > 4 && in.p[4] != 0))
		return 0;
	if (in.len < HEADER)
		return HEADER;
	return in.p[5] >= BEGIN - HEADER && in.p[5] <= LENGTH_MAX ? HEADER + (size_t)in.p[5] : 0;
}

static bool modbus_say(struct telegram *t, struct sl_span begin)
{
	if (begin.len < BEGIN)
		return false;
	telegram_number(t, SL_WHERE_MODBUS_UNIT, begin.p[6]);
	telegram_number(t, SL_WHERE_MODBUS_FUNCTION, begin.p[7] & ~EXCEPTION);
	return true;
}

static const struct telegram_kind kind = { { .size = modbus_size, .max = BEGIN }, modbus_say };

/* Whether so long a message fits its function, one of those that are in use (V1.1b3, 6). */
static bool fits(struct sl_span in)
{
	size_t data = in.p[5] - 2u; /* behind the function */
	uint8_t function = in.p[7], count = in.len > BEGIN ? in.p[BEGIN] : 0;
	bool counted = data == 1u + count;
	switch (function) {
	case 1: /* read coils, inputs, registers */
	case 2:
	case 3:
	case 4:
		return data == 4 || counted;
	case 5: /* write one */
	case 6:
		return data == 4;
	case 15: /* write several */
	case 16:
		return data == 4 || (in.len > 12 && data == 5u + in.p[12]);
	case 20: /* files */
	case 21:
		return counted;
	case 22: /* mask */
		return data == 6;
	case 23: /* read and write registers */
		return counted || (in.len > 16 && data == 9u + in.p[16]);
	case 43: /* encapsulated: device identification, CANopen */
		return count == 13 || count == 14;
	default:
		return function > EXCEPTION && data == 1;
	}
}

/* Three zero bytes mark no protocol: on another port than its own, a piece has to be made of
 * whole messages, and the first to be as long as its function has it. */
static enum sl_probe modbus_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool home = sport == PORT_MODBUS || dport == PORT_MODBUS;
	enum sl_probe said = telegrams_probe(&kind, p->bytes, !home);
	return said == SL_PROBE_YES && !home && !fits(p->bytes) ? SL_PROBE_NO : said;
}

static enum sl_verdict modbus_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_modbus = {
	.name = "modbus",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP_BEGIN,
	.probe = modbus_probe,
	.feed = modbus_feed,
};
