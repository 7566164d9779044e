/* SPDX-License-Identifier: BSD-3-Clause */
/* iec104.c - IEC 60870-5-104: what kind of data goes to or from which station, and why. Worker. */
#include "le.h"
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

#define PORT_IEC104 2404
#define START 0x68
#define HEADER 6 /* start, length, four octets of control (5-104, 5.1) */
#define BEGIN 12 /* and type, qualifier, cause, originator, two octets of common address */
#define LENGTH_MAX 253
#define TYPE_MAX 127 /* above are private ones (5-101, 7.2.1.1) */
#define CAUSE_MAX 47 /* 5-101, 7.2.3 */

/* The lowest bits of the first octet of control say what it is. */
static bool is_data(const uint8_t *control)
{
	return (control[0] & 1) == 0;
}

/* STARTDT, STOPDT, TESTFR: one of them, asked for or confirmed. */
static bool is_unnumbered(const uint8_t *control)
{
	unsigned which = control[0] & 0xfc;
	return (control[0] & 3) == 3 && which != 0 && (which & (which - 1)) == 0 &&
	       control[1] == 0 && control[2] == 0 && control[3] == 0;
}

static size_t iec104_size(struct sl_span in)
{
	if ((in.len > 0 && in.p[0] != START) ||
		(in.len > 1 && (in.p[1] < HEADER - 2 || in.p[1] > LENGTH_MAX)))
		return 0;
	if (in.len < HEADER)
		return HEADER;
	const uint8_t *control = in.p + 2;
	size_t size = 2 + (size_t)in.p[1];
	bool numbered = (control[2] & 1) == 0;
	bool sound = is_data(control)  ? numbered && size >= BEGIN
		     : control[0] == 1 ? numbered && control[1] == 0 && size == HEADER
				       : is_unnumbered(control) && size == HEADER;
	return sound ? size : 0;
}

static bool iec104_say(struct telegram *t, struct sl_span begin)
{
	if (begin.len < HEADER || !is_data(begin.p + 2))
		return begin.len >= HEADER;
	if (begin.len < BEGIN)
		return false;
	struct sl_rd r = sl_rd(sl_span_from(begin, HEADER));
	uint8_t type = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	uint8_t cause = sl_rd8(&r) & 0x3f; /* without "test" and "negative" */
	sl_rd_skip(&r, 1);
	telegram_number(t, SL_WHERE_IEC104_TYPE, type);
	telegram_number(t, SL_WHERE_IEC104_CAUSE, cause);
	telegram_number(t, SL_WHERE_IEC104_ADDRESS, le16(&r));
	return true;
}

static const struct telegram_kind kind = { { .size = iec104_size, .max = BEGIN }, iec104_say };

/* One octet marks it: on another port than its own, a piece has to be made of whole messages, and
 * data in the first to be of a type and cause that the standard has. */
static enum sl_probe iec104_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool home = sport == PORT_IEC104 || dport == PORT_IEC104;
	struct sl_span in = p->bytes;
	enum sl_probe said = telegrams_probe(&kind, in, !home);
	if (said != SL_PROBE_YES || home || !is_data(in.p + 2))
		return said;
	uint8_t type = in.p[6], cause = in.p[8] & 0x3f;
	return type > 0 && type <= TYPE_MAX && cause > 0 && cause <= CAUSE_MAX ? SL_PROBE_YES
									       : SL_PROBE_NO;
}

static enum sl_verdict iec104_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

static bool iec104_begins(uint8_t first)
{
	return first == START;
}

const struct sl_parser sl_parser_iec104 = {
	.name = "iec104",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP_BEGIN,
	.probe = iec104_probe,
	.feed = iec104_feed,
	.begins = iec104_begins,
};
