/* SPDX-License-Identifier: BSD-3-Clause */
/* gre.c - GRE version 0 (RFC 1701, 2784, 2890) and 1 (RFC 2637), and what is carried in it alone:
 * ERSPAN I to III (draft-foschiano-erspan-03) and WCCP's redirected packets. Worker. */
#include "layers.h"

#include <sightline/hot.h>

enum {
	HAS_CHECKSUM = 0x8000,
	HAS_ROUTING = 0x4000,
	HAS_KEY = 0x2000,
	HAS_SEQUENCE = 0x1000,
	HAS_ACK = 0x0080, /* version 1 */
	VERSION = 0x0007,
};

enum {
	TYPE_ERSPAN_III = 0x22eb,
	TYPE_PPP = 0x880b,
	TYPE_WCCP = 0x883e,
	TYPE_ERSPAN = 0x88be, /* I and II */
};

/* The header III has after its first two words: P, frame type, hardware, D, granularity, O. */
static enum sl_drop erspan_3(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 12);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint16_t word = be16(h.p + 10);
	if (word & 1)
		sl_rd_skip(&l->rd, 8);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	switch (word >> 10 & 31) {
	case 0:
		return decode_ethernet(l);
	case 2:
		return decode_ip(l);
	default:
		return SL_DROP_NOT_IP;
	}
}

static enum sl_drop erspan(struct layers *l)
{
	if (sl_rd_left(&l->rd) == 0)
		return SL_DROP_SHORT;
	switch (l->rd.p[0] >> 4) {
	case 1:
		sl_rd_skip(&l->rd, 8);
		return l->rd.bad ? SL_DROP_SHORT : decode_ethernet(l);
	case 2:
		return erspan_3(l);
	default:
		return SL_DROP_NOT_IP;
	}
}

/* WCCP 2 has a redirect header of four bytes before the packet, WCCP 1 none. */
static enum sl_drop wccp(struct layers *l)
{
	if (sl_rd_left(&l->rd) && l->rd.p[0] >> 4 != 4)
		sl_rd_skip(&l->rd, 4);
	return decode_ip4(l);
}

static enum sl_drop payload(struct layers *l, uint16_t type, bool sequence)
{
	switch (type) {
	case TYPE_PPP:
		return decode_ppp(l);
	case TYPE_WCCP:
		l->tunnel = SL_TUNNEL_WCCP;
		return wccp(l);
	case TYPE_ERSPAN: /* I has no header, and is told by what GRE leaves out */
		l->tunnel = SL_TUNNEL_ERSPAN;
		return sequence ? erspan(l) : decode_ethernet(l);
	case TYPE_ERSPAN_III:
		l->tunnel = SL_TUNNEL_ERSPAN;
		return erspan(l);
	default:
		l->type = type;
		return type > TYPE_LENGTH_MAX ? decode_ethertype(l) : SL_DROP_NOT_IP;
	}
}

/* Source route entries: family, offset, length and as many bytes; one of zeros ends them. */
static void routing_skip(struct sl_rd *rd)
{
	while (!rd->bad) {
		uint16_t family = sl_rd16(rd);
		sl_rd_skip(rd, 1);
		uint8_t len = sl_rd8(rd);
		if (family == 0 && len == 0)
			return;
		sl_rd_skip(rd, len);
	}
}

static enum sl_drop version_0(struct layers *l, uint16_t flags, uint16_t type)
{
	if (flags & (HAS_CHECKSUM | HAS_ROUTING))
		sl_rd_skip(&l->rd, 4);
	if (flags & HAS_KEY)
		sl_rd_skip(&l->rd, 4);
	if (flags & HAS_SEQUENCE)
		sl_rd_skip(&l->rd, 4);
	if (flags & HAS_ROUTING)
		routing_skip(&l->rd);
	return l->rd.bad ? SL_DROP_SHORT : payload(l, type, flags & HAS_SEQUENCE);
}

/* PPTP: always a key, of which half is the payload's length; no sequence number, no payload. */
static enum sl_drop version_1(struct layers *l, uint16_t flags, uint16_t type)
{
	uint16_t len = sl_rd16(&l->rd);
	sl_rd_skip(&l->rd, 2);
	if (flags & HAS_SEQUENCE)
		sl_rd_skip(&l->rd, 4);
	if (flags & HAS_ACK)
		sl_rd_skip(&l->rd, 4);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if (type != TYPE_PPP || !(flags & HAS_SEQUENCE) || !(flags & HAS_KEY))
		return SL_DROP_NOT_IP;
	if (len < sl_rd_left(&l->rd))
		l->rd.end = l->rd.p + len;
	return decode_ppp(l);
}

enum sl_drop decode_gre(struct layers *l)
{
	uint16_t flags = sl_rd16(&l->rd), type = sl_rd16(&l->rd);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	switch (flags & VERSION) {
	case 0:
		l->tunnel = SL_TUNNEL_GRE;
		return version_0(l, flags, type);
	case 1:
		l->tunnel = SL_TUNNEL_PPTP;
		return version_1(l, flags, type);
	default:
		return SL_DROP_NOT_IP;
	}
}
