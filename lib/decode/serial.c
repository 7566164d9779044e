/* SPDX-License-Identifier: BSD-3-Clause */
/* serial.c - PPP (RFC 1661, 1662) and what carries it: PPPoE (RFC 2516), HDLC; Cisco's HDLC; Frame
 * Relay (RFC 2427). Worker. What is negotiated is not followed: fields that may be compressed are
 * told by their bytes. */
#include "layers.h"

#include <sightline/hot.h>

enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281, PPP_MPLS_MULTICAST = 0x0283 };

/* The protocol field: its last byte is odd and no other is, so that a first byte that is odd is the
 * whole of it (RFC 1661 2, 6.5). */
static enum sl_drop protocol(struct layers *l)
{
	uint16_t id = sl_rd8(&l->rd);
	if (!(id & 1))
		id = (uint16_t)(id << 8 | sl_rd8(&l->rd));
	if (l->rd.bad)
		return SL_DROP_SHORT;
	switch (id) {
	case PPP_IPV4:
		return decode_ip4(l);
	case PPP_IPV6:
		return decode_ip6(l);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return decode_mpls(l);
	default:
		return SL_DROP_NOT_IP;
	}
}

enum sl_drop decode_ppp(struct layers *l)
{
	if (sl_rd_left(&l->rd) >= 2 && be16(l->rd.p) == 0xff03)
		sl_rd_skip(&l->rd, 2);
	return protocol(l);
}

enum sl_drop decode_pppd(struct layers *l)
{
	sl_rd_skip(&l->rd, 1);
	return l->rd.bad ? SL_DROP_SHORT : protocol(l);
}

/* The session stage, code 0. */
enum sl_drop decode_pppoe(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 6);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if (h.p[0] != 0x11 || h.p[1] != 0)
		return SL_DROP_NOT_IP;
	uint16_t len = be16(h.p + 4);
	if (len < sl_rd_left(&l->rd))
		l->rd.end = l->rd.p + len;
	return decode_ppp(l);
}

/* Cisco's has an address (unicast, multicast), a control field of zero and an EtherType. */
enum sl_drop decode_hdlc(struct layers *l)
{
	struct sl_span h = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (h.len < 4 || (h.p[0] != 0x0f && h.p[0] != 0x8f) || h.p[1] != 0)
		return decode_ppp(l);
	sl_rd_skip(&l->rd, 4);
	l->type = be16(h.p + 2);
	return l->type > TYPE_LENGTH_MAX ? decode_ethertype(l) : SL_DROP_NOT_IP;
}

/* An address of two to four bytes, the last of which is odd; then Q.922's UI and an NLPID, or, as
 * Cisco has it, an EtherType. */
enum sl_drop decode_frame_relay(struct layers *l)
{
	for (unsigned n = 1; !(sl_rd8(&l->rd) & 1); n++)
		if (l->rd.bad || n == 4)
			return l->rd.bad ? SL_DROP_SHORT : SL_DROP_NOT_IP;
	if (sl_rd_left(&l->rd) < 2)
		return SL_DROP_SHORT;
	if (l->rd.p[0] == 0x03) {
		sl_rd_skip(&l->rd, 1);
		return decode_nlpid(l);
	}
	l->type = sl_rd16(&l->rd);
	return l->type > TYPE_LENGTH_MAX ? decode_ethertype(l) : SL_DROP_NOT_IP;
}
