/* SPDX-License-Identifier: BSD-3-Clause */
/* enip.c - EtherNet/IP (CIP networks library, volume 2, chapter 2): the command of each message,
 * the service of the CIP message in it, and what a device calls itself. Over TCP and UDP. Worker.
 * Implicit messages, I/O on a port that the connection agreed upon, have no header and are not told
 * here. */
#include "le.h"
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

#define PORT_ENIP 44818
#define HEADER 24 /* 2-3.1 */
#define OPTIONS 20 /* of the header, where they stand */
#define BEGIN 320 /* an identity with the longest name */
#define STATUS_MAX 0x6a
#define CIP_RESPONSE 0x80

enum command {
	NOP = 0,
	LIST_SERVICES = 0x04,
	LIST_IDENTITY = 0x63,
	LIST_INTERFACES = 0x64,
	REGISTER_SESSION = 0x65,
	UNREGISTER_SESSION = 0x66,
	SEND_RR_DATA = 0x6f,
	SEND_UNIT_DATA = 0x70,
	INDICATE_STATUS = 0x72,
	CANCEL = 0x73,
};
/* Items of the common packet format (2-6). */
enum { ITEM_IDENTITY = 0x0c, ITEM_CONNECTED = 0xb1, ITEM_UNCONNECTED = 0xb2 };

static bool is_command(uint8_t c)
{
	return c == NOP || c == LIST_SERVICES || (c >= LIST_IDENTITY && c <= UNREGISTER_SESSION) ||
	       c == SEND_RR_DATA || c == SEND_UNIT_DATA || c == INDICATE_STATUS || c == CANCEL;
}

static size_t enip_size(struct sl_span in)
{
	if ((in.len > 0 && !is_command(in.p[0])) || (in.len > 1 && in.p[1] != 0))
		return 0;
	if (in.len < HEADER)
		return HEADER;
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, 2);
	uint16_t length = le16(&r);
	sl_rd_skip(&r, 4);
	uint32_t status = le32(&r);
	sl_rd_skip(&r, OPTIONS - 12);
	return status <= STATUS_MAX && le32(&r) == 0 ? HEADER + (size_t)length : 0;
}

/* The data of the first item of one of two types; empty where there is none, and *r is bad where
 * the items are cut before. */
static struct sl_span item(struct sl_rd *r, uint16_t type, uint16_t other)
{
	for (unsigned n = le16(r); n > 0 && !r->bad; n--) {
		uint16_t is = le16(r), len = le16(r);
		if (is == type || is == other) {
			size_t left = sl_rd_left(r);
			struct sl_span data = sl_rd_take(r, len < left ? len : left);
			return is == ITEM_CONNECTED ? sl_span_from(data, 2) : data; /* its count */
		}
		sl_rd_skip(r, len);
	}
	return sl_span(r->p, 0);
}

/* 2-4.2: version, socket address, vendor, type, product, revision, status, serial number, and the
 * name as a short string. */
static bool say_identity(struct telegram *t, struct sl_rd *r)
{
	struct sl_rd identity = sl_rd(item(r, ITEM_IDENTITY, ITEM_IDENTITY));
	sl_rd_skip(&identity, 2 + 16 + 2 + 2 + 2 + 2 + 2 + 4);
	struct sl_span name = sl_rd_take(&identity, sl_rd8(&identity));
	if (identity.bad)
		return false;
	telegram_text(t, SL_WHERE_ENIP_PRODUCT_NAME, name);
	return true;
}

static bool say_cip(struct telegram *t, struct sl_rd *r)
{
	sl_rd_skip(r, 4 + 2); /* interface handle, timeout */
	struct sl_span cip = item(r, ITEM_UNCONNECTED, ITEM_CONNECTED);
	if (cip.len > 0)
		telegram_number(t, SL_WHERE_ENIP_CIP_SERVICE, cip.p[0] & ~CIP_RESPONSE);
	return !r->bad;
}

static bool enip_say(struct telegram *t, struct sl_span begin)
{
	if (begin.len < HEADER)
		return false;
	struct sl_rd r = sl_rd(sl_span_from(begin, HEADER));
	telegram_number(t, SL_WHERE_ENIP_COMMAND, begin.p[0]);
	bool empty = begin.p[2] == 0 && begin.p[3] == 0;
	if (begin.p[0] == LIST_IDENTITY && !empty)
		return say_identity(t, &r);
	if ((begin.p[0] == SEND_RR_DATA || begin.p[0] == SEND_UNIT_DATA) && !empty)
		return say_cip(t, &r);
	return true;
}

static const struct telegram_kind kind = { { .size = enip_size, .max = BEGIN }, enip_say };

/* Whether what stands behind the header is what its command has there. */
static bool fits(struct sl_span in, bool datagram)
{
	struct sl_rd r = sl_rd(in);
	uint16_t command = le16(&r), length = le16(&r);
	sl_rd_skip(&r, HEADER - 4);
	switch (command) {
	case REGISTER_SESSION: /* version 1, no options */
		return length == 4 && le32(&r) == 1;
	case SEND_RR_DATA: /* interface 0 is CIP, 2-4.7 */
	case SEND_UNIT_DATA:
		return length > 8 && le32(&r) == 0;
	case LIST_IDENTITY:
		if (length == 0)
			return datagram;
		return le16(&r) == 1 && le16(&r) == ITEM_IDENTITY;
	default:
		return false;
	}
}

/* Zeros and a command are no mark; on another port than its own, a piece has to be made of whole
 * messages, and the first to be one that something can be told by. */
static enum sl_probe enip_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool home = sport == PORT_ENIP || dport == PORT_ENIP;
	enum sl_probe said = telegrams_probe(&kind, p->bytes, !home);
	return said == SL_PROBE_YES && !home && !fits(p->bytes, p->datagram) ? SL_PROBE_NO : said;
}

static enum sl_verdict enip_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return telegrams_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_enip = {
	.name = "enip",
	.state_bytes = sizeof(struct telegrams),
	.over = SL_OVER_TCP_BEGIN | SL_OVER_UDP,
	.probe = enip_probe,
	.feed = enip_feed,
	.begins = is_command,
};
