/* SPDX-License-Identifier: BSD-3-Clause */
/* radius.c - RADIUS (RFC 2865, 2866, 5176): users, and the addresses and stations that they come
 * by. Worker. Each datagram is a message. */
#include "parsers.h"
#include "datagram.h"
#include <sightline/hot.h>

#define HEADER 20u
#define MESSAGE_MAX 4096u /* RFC 2865 3 */

enum code { ACCESS_REQUEST = 1, ACCOUNTING_REQUEST = 4 };
enum attribute {
	USER_NAME = 1,
	NAS_IP = 4,
	FRAMED_IP = 8,
	CALLED_STATION = 30,
	CALLING_STATION = 31,
	NAS_IDENTIFIER = 32,
	ACCT_STATUS_TYPE = 40,
	NAS_IPV6 = 95,
	FRAMED_IPV6 = 168,
};

/* ---- Whether it is RADIUS ---- */

static bool is_code(uint8_t code)
{
	return (code >= 1 && code <= 5) || (code >= 11 && code <= 13) || (code >= 40 && code <= 45);
}

static bool is_port(uint16_t port)
{
	return port == 1812 || port == 1813 || port == 1645 || port == 1646 || port == 1700 ||
	       port == 3799;
}

/* The attributes, as far as there are any; bytes behind the message are padding (RFC 2865 3). */
static bool message_read(struct sl_span in, struct sl_rd *attributes)
{
	struct sl_rd r = sl_rd(in);
	uint8_t code = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	size_t len = sl_rd16(&r);
	sl_rd_skip(&r, HEADER - 4);
	if (r.bad || !is_code(code) || len < HEADER || len > MESSAGE_MAX)
		return false;
	size_t left = sl_rd_left(&r), body = len - HEADER;
	*attributes = sl_rd(sl_rd_take(&r, body < left ? body : left));
	return true;
}

/* False: none is left, or it is cut, and then r->bad is set. */
static bool attribute_next(struct sl_rd *r, uint8_t *type, struct sl_span *value)
{
	if (sl_rd_left(r) == 0)
		return false;
	*type = sl_rd8(r);
	uint8_t len = sl_rd8(r);
	if (len < 2)
		r->bad = true;
	*value = sl_rd_take(r, len < 2 ? 0 : len - 2u);
	return !r->bad;
}

/* At a port that isn't RADIUS' own, a request has to name whom it is about, or what it counts, and
 * where it comes from, and its attributes have to fill it. */
static enum sl_probe radius_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_rd r;
	struct sl_span value;
	uint8_t type;
	unsigned attributes = 0;
	bool about = false, from = false;
	if (!message_read(p->bytes, &r))
		return SL_PROBE_NO;
	size_t len = (size_t)p->bytes.p[2] << 8 | p->bytes.p[3];
	if (len > p->bytes.len && !p->cut)
		return SL_PROBE_NO;
	for (; attribute_next(&r, &type, &value); attributes++) {
		about |= (type == USER_NAME && value.len > 0) ||
			 (type == ACCT_STATUS_TYPE && value.len == 4);
		from |= (type == NAS_IP && value.len == 4) ||
			(type == NAS_IPV6 && value.len == 16) ||
			(type == NAS_IDENTIFIER && value.len > 0);
	}
	bool sound = !r.bad || p->cut;
	if (is_port(sport) || is_port(dport))
		return sound || attributes > 0 ? SL_PROBE_YES : SL_PROBE_NO;
	bool request = p->bytes.p[0] == ACCESS_REQUEST || p->bytes.p[0] == ACCOUNTING_REQUEST;
	return sound && request && about && from ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool radius_begins(uint8_t first)
{
	return is_code(first);
}

/* ---- What it says ---- */

static bool say_addr(struct say *s, enum sl_where w, struct sl_span value)
{
	return (value.len != 4 && value.len != 16) || say_formed(s, w, value);
}

static bool attribute_say(struct say *s, uint8_t type, struct sl_span value)
{
	switch (type) {
	case USER_NAME:
		return say_plain(s, SL_WHERE_RADIUS_USER, value);
	case NAS_IP:
	case NAS_IPV6:
		return say_addr(s, SL_WHERE_RADIUS_NAS_IP, value);
	case FRAMED_IP:
	case FRAMED_IPV6:
		return say_addr(s, SL_WHERE_RADIUS_FRAMED_IP, value);
	case CALLED_STATION:
		return say_plain(s, SL_WHERE_RADIUS_CALLED_STATION_ID, value);
	case CALLING_STATION:
		return say_plain(s, SL_WHERE_RADIUS_CALLING_STATION_ID, value);
	case NAS_IDENTIFIER:
		return say_plain(s, SL_WHERE_RADIUS_NAS_IDENTIFIER, value);
	default:
		return true;
	}
}

static bool is_message(struct sl_span in)
{
	struct sl_rd attributes;
	return message_read(in, &attributes);
}

static bool message_say(struct say *s, const struct sl_piece *p, bool *part)
{
	struct sl_rd r;
	struct sl_span value;
	uint8_t type;
	if (!message_read(p->bytes, &r))
		return true;
	while (attribute_next(&r, &type, &value))
		if (!attribute_say(s, type, value))
			return false;
	*part |= r.bad;
	return true;
}

static const struct datagram_kind kind = { is_message, message_say };

static enum sl_verdict radius_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return datagram_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_radius = {
	.name = "radius",
	.state_bytes = sizeof(struct datagram),
	.over = SL_OVER_UDP,
	.probe = radius_probe,
	.begins = radius_begins,
	.feed = radius_feed,
};
