/* SPDX-License-Identifier: BSD-3-Clause */
/* ip.c - IPv4 (RFC 791) and IPv6 (RFC 8200) headers, options and extension headers. Worker.
 * A packet whose IP header is whole keeps its addresses, whatever is wrong or cut behind it. */
#include "layers.h"

#include <sightline/hot.h>

enum { V4_MIN = 20, V6_MIN = 40 };

/* More than fit a packet of 1500 bytes: a chain is no place to hide addresses in, and its cost is
 * bounded by the bytes that it takes. */
#define EXTENSIONS_MAX 200
enum {
	V4_MORE = 0x2000,
	V4_OFFSET = 0x1fff, /* in units of 8 bytes */
	V6_MORE = 0x0001,
	V6_OFFSET = 0xfff8, /* in bytes */
};
enum {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_DESTINATION = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};

/* The cursor's end moves to where IP says that its payload ends: what follows is padding of the
 * link. `len` counts from the cursor; 0 means that the length was left to the hardware
 * (segmentation offload) or stands in an option (RFC 2675): then what was captured counts. */
static void bound_payload(struct layers *l, uint32_t len, uint32_t header, bool given)
{
	size_t left = sl_rd_left(&l->rd);
	if (given && len <= left)
		l->rd.end = l->rd.p + len;
	else
		l->whole = false;
	l->cut = !given || len > left;
	size_t all = header + sl_rd_left(&l->rd);
	l->pkt->ip_len = (uint16_t)(all < UINT16_MAX ? all : UINT16_MAX);
}

/* The header in the view is an outer one from here on; nothing of its transport stays. */
static void view_inner(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	l->whole = true;
	if (p->version == 0)
		return;
	sl_count(l->counters, SL_C_TUNNEL_HEADERS, 1);
	p->tunnels |= (uint16_t)(l->tunnel << (SL_TUNNEL_BITS * p->outer_count));
	p->outer[p->outer_count++] =
		(struct sl_ip_pair){ .src = p->src, .dst = p->dst, .version = p->version };
	p->flags &= (uint8_t) ~(SL_PKT_L4 | SL_PKT_QUOTED);
	p->src = p->dst = (union sl_addr){ .q = { 0, 0 } };
	p->sport = p->dport = 0;
	p->payload = NULL;
	p->payload_len = 0;
}

/* RFC 4302 2: the length is in words of 4 bytes, less 2. */
static void authentication(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 8);
	if (l->rd.bad)
		return;
	l->pkt->proto = h.p[0];
	sl_rd_skip(&l->rd, h.p[1] * 4u);
	l->extensions += 8 + h.p[1] * 4u;
}

static bool fragment4(struct layers *l, struct sl_span h, uint32_t header)
{
	uint16_t field = be16(h.p + 6);
	struct fragment_head f = { .id = be16(h.p + 4),
		.at = (field & V4_OFFSET) * 8u,
		.before = header,
		.more = field & V4_MORE };
	return (!f.more && f.at == 0) || decode_fragment(l, &f);
}

static enum sl_drop decode_v4(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	struct sl_span h = sl_rd_take(&l->rd, V4_MIN);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint32_t header = (h.p[0] & 15u) * 4;
	uint32_t total = be16(h.p + 2);
	if (header < V4_MIN || (total && total < header))
		return SL_DROP_IP_HEADER;
	sl_rd_skip(&l->rd, header - V4_MIN);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if (!l->ignore && !checksum_right(checksum_add(0, h.p, header))) {
		sl_count(l->counters, SL_C_CHECKSUM_IP, 1);
		if (l->verify)
			return SL_DROP_CHECKSUM;
	}
	view_inner(l);
	p->version = 4;
	p->ip_id = be16(h.p + 4);
	p->hops = h.p[8];
	p->proto = h.p[9];
	memcpy(p->src.b, h.p + 12, 4);
	memcpy(p->dst.b, h.p + 16, 4);
	bound_payload(l, total - header, header, total != 0);
	if (!fragment4(l, h, header))
		return SL_DECODED;
	if (p->proto == NEXT_AUTHENTICATION)
		authentication(l);
	return decode_transport(l);
}

static bool is_extension(uint8_t next)
{
	switch (next) {
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_FRAGMENT:
	case NEXT_AUTHENTICATION:
	case NEXT_DESTINATION:
	case NEXT_MOBILITY:
	case NEXT_HIP:
	case NEXT_SHIM6:
		return true;
	default:
		return false;
	}
}

/* An atomic fragment (RFC 6946) is a whole packet, whatever else has its identification. */
static bool fragment6(struct layers *l, struct sl_span h)
{
	uint16_t field = be16(h.p + 2);
	struct fragment_head f = { .id = be32(h.p + 4),
		.at = field & V6_OFFSET,
		.before = l->extensions,
		.more = field & V6_MORE };
	if (f.more || f.at != 0)
		return decode_fragment(l, &f);
	l->extensions += 8;
	sl_count(l->counters, SL_C_FRAGMENT_ATOMIC, 1);
	return true;
}

/* One extension header; p->proto is its kind and becomes the next one's. False: it is a fragment's
 * header, and its datagram is not whole. */
static bool extension(struct layers *l)
{
	uint8_t kind = l->pkt->proto;
	if (kind == NEXT_AUTHENTICATION) {
		authentication(l);
		return true;
	}
	struct sl_span h = sl_rd_take(&l->rd, 8);
	if (l->rd.bad)
		return true;
	l->pkt->proto = h.p[0];
	if (kind == NEXT_FRAGMENT)
		return fragment6(l, h);
	sl_rd_skip(&l->rd, h.p[1] * 8u);
	l->extensions += 8 + h.p[1] * 8u;
	if (kind == NEXT_ROUTING && h.p[3] != 0)
		l->whole = false; /* the pseudo header holds the last hop's address, not this */
	return true;
}

static enum sl_drop decode_v6(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	struct sl_span h = sl_rd_take(&l->rd, V6_MIN);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint32_t len = be16(h.p + 4);
	view_inner(l);
	p->version = 6;
	p->ip_id = 0;
	p->proto = h.p[6];
	p->hops = h.p[7];
	memcpy(p->src.b, h.p + 8, 16);
	memcpy(p->dst.b, h.p + 24, 16);
	bound_payload(l, len, V6_MIN, len != 0);
	l->extensions = 0;
	for (unsigned i = 0; is_extension(p->proto) && !l->rd.bad; i++) {
		if (i == EXTENSIONS_MAX)
			return SL_DROP_IP_EXTENSION;
		if (!extension(l))
			return SL_DECODED;
	}
	return decode_transport(l);
}

static enum sl_drop decode_version(struct layers *l, uint8_t version)
{
	if (sl_rd_left(&l->rd) == 0)
		return SL_DROP_SHORT;
	uint8_t nibble = l->rd.p[0] >> 4;
	if ((nibble != 4 && nibble != 6) || (version && version != nibble))
		return SL_DROP_IP_VERSION;
	if (l->pkt->version && l->pkt->outer_count == SL_OUTER_MAX)
		l->deep = true;
	if (!layer_enter(l))
		return SL_DROP_NOT_IP;
	return nibble == 4 ? decode_v4(l) : decode_v6(l);
}

enum sl_drop decode_ip(struct layers *l)
{
	return decode_version(l, 0);
}

enum sl_drop decode_ip4(struct layers *l)
{
	return decode_version(l, 4);
}

enum sl_drop decode_ip6(struct layers *l)
{
	return decode_version(l, 6);
}
