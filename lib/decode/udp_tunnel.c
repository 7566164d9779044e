/* SPDX-License-Identifier: BSD-3-Clause */
/* udp_tunnel.c - tunnels over UDP. Worker. A port alone makes no tunnel: its header must be as its
 * specification has it, and lead to an IP header; else the packet is what it is outside. */
#include "layers.h"

#include <sightline/hot.h>

#define GTP_EXTENSIONS_MAX 16

/* Each reads the header of a tunnel and returns the layer inside, or NULL where it is no such
 * header; the cursor is the caller's, and need not be looked at in between. */
typedef layer_fn *head_fn(struct layers *l, struct sl_rd *rd);

static layer_fn *gpe_next(uint8_t protocol)
{
	switch (protocol) {
	case 1:
		return decode_ip4;
	case 2:
		return decode_ip6;
	case 3:
		return decode_ethernet;
	case 5:
		return decode_mpls;
	default:
		return NULL;
	}
}

/* RFC 8300 2.2, 2.3: the length is in words of 4 bytes, the base header's two included. */
static layer_fn *service_header(struct sl_rd *rd)
{
	struct sl_span h = sl_rd_take(rd, 8);
	if (h.len == 0 || h.p[0] >> 6 != 0 || (h.p[1] & 63) < 2)
		return NULL;
	sl_rd_skip(rd, ((h.p[1] & 63u) - 2) * 4);
	return gpe_next(h.p[3]);
}

/* RFC 7348 5, with two fields of draft-smith-vxlan-group-policy or, below it, the next protocol of
 * draft-ietf-nvo3-vxlan-gpe 3.1, whose P bit not everybody sets. Fields that say nothing are not
 * always zero, and ignored by who receives them. */
static layer_fn *vxlan(struct layers *l, struct sl_rd *rd)
{
	enum { GROUP = 0x80, VERSION = 0x30, VNI = 0x08, NEXT = 0x04 };
	l->tunnel = SL_TUNNEL_VXLAN;
	struct sl_span h = sl_rd_take(rd, 8);
	if (h.len == 0 || !(h.p[0] & VNI) || h.p[0] & VERSION || h.p[1] & 0xb7 || h.p[7])
		return NULL;
	bool alone = h.p[1] == 0 && h.p[2] == 0; /* no group's identifier, of which it is a part */
	if (h.p[0] & GROUP || h.p[3] == 0 || !(h.p[0] & NEXT || alone))
		return decode_ethernet;
	return h.p[3] == 4 ? service_header(rd) : gpe_next(h.p[3]);
}

/* RFC 8926 3.4: version 0, options in words of 4 bytes, an EtherType. */
static layer_fn *geneve(struct layers *l, struct sl_rd *rd)
{
	l->tunnel = SL_TUNNEL_GENEVE;
	struct sl_span h = sl_rd_take(rd, 8);
	if (h.len == 0 || h.p[0] >> 6 != 0 || (h.p[1] & 63) != 0 || h.p[7] != 0)
		return NULL;
	sl_rd_skip(rd, (h.p[0] & 63u) * 4);
	l->type = be16(h.p + 2);
	return l->type > TYPE_LENGTH_MAX ? decode_ethertype : NULL;
}

/* 3GPP TS 29.281 5.1, 5.2: version 1, PT 1, a G-PDU whose length counts what follows the first
 * eight bytes; extension headers are in words of 4 bytes, the last byte names the next. */
static layer_fn *gtp(struct layers *l, struct sl_rd *rd)
{
	l->tunnel = SL_TUNNEL_GTP;
	struct sl_span h = sl_rd_take(rd, 8);
	if (h.len == 0 || (h.p[0] & 0xf8) != 0x30 || h.p[1] != 0xff)
		return NULL;
	uint16_t len = be16(h.p + 2);
	if (len < sl_rd_left(rd))
		rd->end = rd->p + len;
	if ((h.p[0] & 7) == 0)
		return decode_ip;
	struct sl_span more = sl_rd_take(rd, 4);
	uint8_t next = more.len && h.p[0] & 4 ? more.p[3] : 0;
	for (unsigned i = 0; next != 0; i++) {
		uint8_t words = sl_rd8(rd);
		struct sl_span body = sl_rd_take(rd, words ? words * 4u - 1 : 0);
		if (body.len == 0 || i == GTP_EXTENSIONS_MAX)
			return NULL;
		next = body.p[body.len - 1];
	}
	return decode_ip;
}

/* RFC 8086: GRE version 0. */
static layer_fn *gre(struct layers *l, struct sl_rd *rd)
{
	(void)l;
	return sl_rd_left(rd) >= 4 && (be16(rd->p) & 0x0fff) == 0 ? decode_gre : NULL;
}

/* Whether an IP header at the start says as many bytes as UDP says there are, captured or not (the
 * cursor of `l` stands at the UDP header). Where a tunnel's own header has nothing to be checked
 * by, this is what tells it from other traffic of the port's. */
static bool ip_fills(const struct layers *l, struct sl_span in)
{
	size_t len = 0, udp = be16(l->rd.p + 4), have = l->pkt->payload_len + 8;
	if (in.len >= 20 && in.p[0] >> 4 == 4)
		len = be16(in.p + 2);
	else if (in.len >= 40 && in.p[0] >> 4 == 6)
		len = be16(in.p + 4) + 40u;
	return len == in.len + (udp > have ? udp - have : 0);
}

/* RFC 7510. */
static layer_fn *mpls(struct layers *l, struct sl_rd *rd)
{
	l->tunnel = SL_TUNNEL_MPLS;
	struct sl_rd below = *rd;
	uint32_t label;
	do
		label = sl_rd32(&below);
	while (!below.bad && !(label & 0x100));
	struct sl_span in = sl_span(below.p, sl_rd_left(&below));
	bool ip = in.len && (in.p[0] >> 4 == 4 || in.p[0] >> 4 == 6);
	return ip && !ip_fills(l, in) ? NULL : decode_mpls;
}

/* RFC 2661 3.1: a data message of version 2, no reserved bit set. */
static layer_fn *l2tp(struct layers *l, struct sl_rd *rd)
{
	enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200 };
	enum { PRIORITY = 0x0100 };
	l->tunnel = SL_TUNNEL_L2TP;
	size_t all = sl_rd_left(rd);
	uint16_t flags = sl_rd16(rd);
	if ((flags & ~(LENGTH | SEQUENCE | OFFSET | PRIORITY)) != 2)
		return NULL;
	uint16_t len = flags & LENGTH ? sl_rd16(rd) : 0;
	sl_rd_skip(rd, flags & SEQUENCE ? 8 : 4);
	if (flags & OFFSET)
		sl_rd_skip(rd, sl_rd16(rd));
	if (rd->bad || !(flags & LENGTH))
		return decode_ppp;
	size_t used = all - sl_rd_left(rd);
	if (len < used)
		return NULL;
	if (len < all)
		rd->end = rd->p + (len - used);
	return decode_ppp;
}

/* 2001::/32 at either end, or the link-local addresses of its router solicitations. */
static bool teredo_address(const uint8_t *ip)
{
	static const uint8_t prefix[4] = { 0x20, 0x01, 0, 0 }, link_local[4] = { 0xfe, 0x80, 0, 0 };
	return memcmp(ip + 8, prefix, 4) == 0 || memcmp(ip + 24, prefix, 4) == 0 ||
	       memcmp(ip + 8, link_local, 4) == 0;
}

/* RFC 4380 5.1.1: an authentication header, an origin, each or none; then IPv6. */
static layer_fn *teredo(struct layers *l, struct sl_rd *rd)
{
	l->tunnel = SL_TUNNEL_TEREDO;
	if (sl_rd_left(rd) >= 4 && be16(rd->p) == 1) {
		sl_rd_skip(rd, 2);
		size_t id = sl_rd8(rd), value = sl_rd8(rd);
		sl_rd_skip(rd, id + value + 9);
	}
	if (sl_rd_left(rd) >= 8 && be16(rd->p) == 0)
		sl_rd_skip(rd, 8);
	return sl_rd_left(rd) >= 40 && teredo_address(rd->p) ? decode_ip6 : NULL;
}

/* draft-massar-v6ops-ayiya-02 3: identity of a power of two, signature in words, the operation
 * "forward" and a protocol number. */
static layer_fn *ayiya(struct layers *l, struct sl_rd *rd)
{
	l->tunnel = SL_TUNNEL_AYIYA;
	struct sl_span h = sl_rd_take(rd, 8);
	if (h.len == 0 || (h.p[2] & 15) != 1)
		return NULL;
	sl_rd_skip(rd, ((size_t)1 << (h.p[0] >> 4)) + (h.p[1] >> 4) * 4u);
	return h.p[3] == 41 ? decode_ip6 : h.p[3] == 4 ? decode_ip4 : NULL;
}

static head_fn *head_of(uint16_t port)
{
	switch (port) {
	case 1701:
		return l2tp;
	case 2152:
		return gtp;
	case 3544:
		return teredo;
	case 4754:
		return gre;
	case 4789:
	case 4790: /* with a next protocol */
	case 8472: /* Linux before it had a number */
		return vxlan;
	case 5072:
		return ayiya;
	case 6081:
		return geneve;
	case 6635:
		return mpls;
	default:
		return NULL;
	}
}

/* Between its relays and clients Teredo has any port: what is exactly one IPv6 packet with an
 * address of its own is Teredo. */
static bool is_teredo(const struct layers *l, struct sl_span in)
{
	return in.len >= 40 && in.p[0] >> 4 == 6 && teredo_address(in.p) && ip_fills(l, in);
}

bool udp_is_plain(uint16_t sport, uint16_t dport, struct sl_span in)
{
	return head_of(dport) == NULL && head_of(sport) == NULL &&
	       (in.len < 40 || in.p[0] >> 4 != 6);
}

enum sl_drop decode_udp_payload(struct layers *l, struct sl_span in)
{
	const struct sl_packet *p = l->pkt;
	head_fn *head = head_of(p->dport);
	if (head == NULL)
		head = head_of(p->sport);
	if (head == NULL && !is_teredo(l, in))
		return SL_DECODED;
	if (head == NULL) {
		l->tunnel = SL_TUNNEL_TEREDO;
		return decode_inside(l, decode_ip6, in);
	}
	struct sl_rd rd = sl_rd(in);
	layer_fn *inner = head(l, &rd);
	if (inner == NULL || rd.bad)
		return SL_DECODED;
	return decode_inside(l, inner, sl_span(rd.p, sl_rd_left(&rd)));
}
