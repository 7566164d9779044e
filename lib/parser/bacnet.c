/* SPDX-License-Identifier: BSD-3-Clause */
/* bacnet.c - BACnet/IP (ASHRAE 135, Annex J): the service of each message, and the device that says
 * which it is. Over UDP. Worker. */
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

#define PORT_BACNET 0xbac0
#define VIRTUAL_LINK 0x81
#define HEADER 4 /* J.2 */
#define BEGIN 128 /* an address on the way takes a few bytes */
#define NETWORK_VERSION 1 /* 6.2.1 */
#define DEVICE 8 /* type of object, clause 21 */
#define OBJECT_TAG 0xc4 /* 20.2.14: an object identifier, four octets */

enum { FORWARDED = 4, DISTRIBUTE = 9, UNICAST = 0x0a, BROADCAST = 0x0b, SECURE = 0x0c }; /* J.2 */
enum { NETWORK_MESSAGE = 0x80, HAS_DESTINATION = 0x20, HAS_SOURCE = 0x08 }; /* 6.2.2 */
/* Clause 20.1.2 and following, in the upper four bits. */
enum { CONFIRMED, UNCONFIRMED, SIMPLE_ACK, COMPLEX_ACK, SEGMENT_ACK, ERROR_REPLY };
enum { SEGMENTED = 0x08 };
enum { I_AM = 0, I_HAVE = 1 }; /* clause 21, unconfirmed */

static bool carries_message(uint8_t function)
{
	return function == FORWARDED || function == DISTRIBUTE || function == UNICAST ||
	       function == BROADCAST;
}

static size_t bacnet_size(struct sl_span in)
{
	if ((in.len > 0 && in.p[0] != VIRTUAL_LINK) || (in.len > 1 && in.p[1] > SECURE))
		return 0;
	if (in.len < HEADER)
		return HEADER;
	size_t size = (size_t)in.p[2] << 8 | in.p[3];
	return size >= HEADER ? size : 0;
}

/* Behind the header of the network layer (6.2). False: there is no message of an application. */
static bool skip_network(struct sl_rd *r)
{
	uint8_t version = sl_rd8(r), control = sl_rd8(r);
	if (version != NETWORK_VERSION)
		r->bad = true;
	for (unsigned which = HAS_DESTINATION; which != 0;
		which = which == HAS_DESTINATION ? HAS_SOURCE : 0)
		if (control & which) {
			sl_rd_skip(r, 2);
			sl_rd_skip(r, sl_rd8(r));
		}
	if (control & HAS_DESTINATION)
		sl_rd_skip(r, 1); /* hop count */
	return !r->bad && !(control & NETWORK_MESSAGE);
}

static void say_device(struct telegram *t, struct sl_rd *r)
{
	uint8_t tag = sl_rd8(r);
	uint32_t object = sl_rd32(r);
	if (tag != OBJECT_TAG || object >> 22 != DEVICE)
		r->bad = true;
	if (!r->bad)
		telegram_number(t, SL_WHERE_BACNET_DEVICE, object & 0x3fffff);
}

static void say_service(struct telegram *t, struct sl_rd *r)
{
	uint8_t head = sl_rd8(r), kind = head >> 4;
	if (kind == UNCONFIRMED) {
		uint8_t service = sl_rd8(r);
		if (!r->bad)
			telegram_number(t, SL_WHERE_BACNET_UNCONFIRMED_SERVICE, service);
		if (!r->bad && service <= I_HAVE)
			say_device(t, r);
		return;
	}
	if (kind > ERROR_REPLY || kind == SEGMENT_ACK)
		return;
	sl_rd_skip(r, kind == CONFIRMED ? 2 : 1); /* how much is accepted; the invocation */
	if ((head & SEGMENTED) && (kind == CONFIRMED || kind == COMPLEX_ACK))
		sl_rd_skip(r, 2);
	uint8_t service = sl_rd8(r);
	if (!r->bad)
		telegram_number(t, SL_WHERE_BACNET_SERVICE, service);
}

static bool bacnet_say(struct telegram *t, struct sl_span begin)
{
	struct sl_rd r = sl_rd(begin);
	sl_rd_skip(&r, 1);
	uint8_t function = sl_rd8(&r);
	sl_rd_skip(&r, 2);
	if (!carries_message(function))
		return !r.bad;
	if (function == FORWARDED)
		sl_rd_skip(&r, 6); /* whom it is from */
	if (skip_network(&r))
		say_service(t, &r);
	return !r.bad;
}

static const struct telegram_kind kind = { { .size = bacnet_size, .max = BEGIN }, bacnet_say };

/* On another port than its own, a datagram has to carry a message. */
static enum sl_probe bacnet_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool home = sport == PORT_BACNET || dport == PORT_BACNET;
	struct sl_span in = p->bytes;
	if (in.len < HEADER + 2 || bacnet_size(in) != in.len)
		return SL_PROBE_NO;
	size_t at = in.p[1] == FORWARDED ? HEADER + 6 : HEADER;
	bool message = carries_message(in.p[1]) && at < in.len && in.p[at] == NETWORK_VERSION;
	return home || message ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_verdict bacnet_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

static bool bacnet_begins(uint8_t first)
{
	return first == VIRTUAL_LINK;
}

const struct sl_parser sl_parser_bacnet = {
	.name = "bacnet",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_UDP,
	.probe = bacnet_probe,
	.feed = bacnet_feed,
	.begins = bacnet_begins,
};
