/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel.c - going into what a packet carries, and coming back where that is nothing. Worker.
 * The outside of a tunnel is never lost to what is broken inside. */
#include "layers.h"

#include <netinet/in.h>

#include <sightline/hot.h>

/* The part of the view that layers write. What lies behind it (outer, quoted) is valid only as far
 * as this part says so. */
enum {
	VIEW_AT = offsetof(struct sl_packet, version),
	VIEW_LEN = offsetof(struct sl_packet, flow) - VIEW_AT,
};

enum {
	PROTOCOL_ETHERIP = 97, /* RFC 3378 */
	PROTOCOL_MPLS = 137, /* RFC 4023 3 */
	PROTOCOL_ETHERNET = 143, /* RFC 8986 4.9 */
};

enum sl_drop decode_try(struct layers *l, layer_fn *layer, struct sl_span in)
{
	uint8_t view[VIEW_LEN];
	uint8_t *at = (uint8_t *)l->pkt + VIEW_AT, flags = l->pkt->flags;
	struct sl_rd rd = l->rd;
	bool whole = l->whole;
	memcpy(view, at, VIEW_LEN);
	l->rd = sl_rd(in);
	enum sl_drop drop = layer(l);
	if (drop == SL_DECODED)
		return drop;
	/* What was held was held for this packet, wherever it leads. */
	uint32_t held_packets = l->pkt->held_packets, held_bytes = l->pkt->held_bytes;
	memcpy(at, view, VIEW_LEN);
	l->pkt->held_packets = held_packets;
	l->pkt->held_bytes = held_bytes;
	l->pkt->flags = flags;
	l->rd = rd;
	l->whole = whole;
	return drop;
}

enum sl_drop decode_inside(struct layers *l, layer_fn *layer, struct sl_span in)
{
	enum sl_drop drop = decode_try(l, layer, in);
	if (drop == SL_DECODED)
		return drop;
	sl_count(l->counters,
		l->deep			 ? SL_C_TUNNEL_DEEP
		: drop == SL_DROP_NOT_IP ? SL_C_TUNNEL_OTHER
					 : SL_C_TUNNEL_BROKEN,
		1);
	return SL_DECODED;
}

static enum sl_drop etherip(struct layers *l)
{
	uint16_t head = sl_rd16(&l->rd);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	return head >> 12 == 3 ? decode_ethernet(l) : SL_DROP_NOT_IP;
}

static layer_fn *layer_of(uint8_t protocol, uint8_t *tunnel)
{
	switch (protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6: /* which of them it is, the first nibble knows better */
		*tunnel = SL_TUNNEL_IPIP;
		return decode_ip;
	case IPPROTO_GRE: /* which says itself what it is */
		return decode_gre;
	case PROTOCOL_ETHERIP:
		*tunnel = SL_TUNNEL_ETHERIP;
		return etherip;
	case PROTOCOL_MPLS:
		*tunnel = SL_TUNNEL_MPLS;
		return decode_mpls;
	case PROTOCOL_ETHERNET:
		*tunnel = SL_TUNNEL_SRV6;
		return decode_ethernet;
	default:
		return NULL;
	}
}

enum sl_drop decode_protocol(struct layers *l)
{
	layer_fn *layer = layer_of(l->pkt->proto, &l->tunnel);
	if (layer == NULL)
		return SL_DECODED;
	return decode_inside(l, layer, sl_span(l->rd.p, sl_rd_left(&l->rd)));
}
