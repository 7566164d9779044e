/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c - link headers and VLAN tags, down to the IP header. Worker.
 * Layouts: https://www.tcpdump.org/linktypes.html, IEEE 802.3 3.2.6, IEEE 802.1Q 9.6, RFC 1042. */
#include "layers.h"

#include <sightline/hot.h>

enum {
	TYPE_LLC = 0x0004, /* Linux cooked: an LLC header follows */
	TYPE_LENGTH_MAX = 1500, /* up to here the field is the length of an 802.3 frame */
	TYPE_IPV4 = 0x0800,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_SERVICE_VLAN = 0x88a8,
	TYPE_OLD_QINQ = 0x9100,
};

/* ARPHRD_* of Linux under which the protocol field of a cooked header is no EtherType. */
enum { HW_FRAD = 770, HW_RADIOTAP = 803, HW_NETLINK = 824 };

/* LLC with SAP 06 (IP) or SNAP with an EtherType (RFC 1042); anything else, such as STP, is no
 * IP. */
static bool llc_type(struct layers *l, uint16_t *type)
{
	struct sl_span llc = sl_rd_take(&l->rd, 3);
	if (l->rd.bad)
		return false;
	if (llc.p[0] == 0x06 && llc.p[1] == 0x06) {
		*type = TYPE_IPV4;
		return true;
	}
	struct sl_span snap = sl_rd_take(&l->rd, 5);
	if (l->rd.bad || llc.p[0] != 0xaa || llc.p[1] != 0xaa || llc.p[2] != 0x03)
		return false;
	*type = be16(snap.p + 3);
	return snap.p[0] == 0 && snap.p[1] == 0 && *type > TYPE_LENGTH_MAX;
}

static bool is_vlan(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN || type == TYPE_OLD_QINQ;
}

/* From an EtherType on: tags, then IP. */
static enum sl_drop ethertype(struct layers *l, uint16_t type)
{
	struct sl_packet *p = l->pkt;
	while (is_vlan(type)) {
		if (p->vlan_count == SL_VLAN_MAX)
			return SL_DROP_VLAN_DEPTH;
		struct sl_span tag = sl_rd_take(&l->rd, 4);
		if (l->rd.bad)
			return SL_DROP_SHORT;
		p->vlan[p->vlan_count++] = be16(tag.p) & 0x0fff;
		type = be16(tag.p + 2);
	}
	if (type <= TYPE_LENGTH_MAX && !llc_type(l, &type))
		return l->rd.bad ? SL_DROP_SHORT : SL_DROP_NOT_IP;
	if (type == TYPE_IPV4)
		return decode_ip(l, 4);
	if (type == TYPE_IPV6)
		return decode_ip(l, 6);
	return SL_DROP_NOT_IP;
}

static enum sl_drop ethernet(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 14);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	l->pkt->flags |= SL_PKT_MACS;
	return ethertype(l, be16(h.p + 12));
}

/* The family is in the byte order of the machine that captured (NULL) or of the network (LOOP);
 * whichever gives a number below 65536 is meant. AF_INET6 differs from system to system. Where
 * neither does, the field is two: a family of two bytes, and an EtherType. */
static enum sl_drop loopback(struct layers *l)
{
	uint32_t family = sl_rd32(&l->rd);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	uint16_t type = (uint16_t)family;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (family > 0xffff)
		return ethertype(l, type);
	switch (family) {
	case 2:
		return decode_ip(l, 4);
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return decode_ip(l, 6);
	default:
		return SL_DROP_NOT_IP;
	}
}

static enum sl_drop cooked(struct layers *l, uint16_t hardware, uint16_t type)
{
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if (hardware == HW_FRAD || hardware == HW_RADIOTAP || hardware == HW_NETLINK)
		return SL_DROP_NOT_IP;
	/* Below 1536 the field holds Linux's own numbers, of which only LLC leads to IP. */
	if (type <= TYPE_LENGTH_MAX && type != TYPE_LLC)
		return SL_DROP_NOT_IP;
	return ethertype(l, type);
}

static enum sl_drop sll(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 16);
	return h.len ? cooked(l, be16(h.p + 2), be16(h.p + 14)) : SL_DROP_SHORT;
}

static enum sl_drop sll2(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 20);
	return h.len ? cooked(l, be16(h.p + 8), be16(h.p)) : SL_DROP_SHORT;
}

enum sl_drop decode_link(struct layers *l)
{
	switch (l->pkt->linktype) {
	case SL_LINK_ETHERNET:
		return ethernet(l);
	case SL_LINK_NULL:
	case SL_LINK_LOOP:
		return loopback(l);
	case SL_LINK_RAW_BSD:
	case SL_LINK_RAW_OPENBSD:
	case SL_LINK_RAW:
		return decode_ip(l, 0);
	case SL_LINK_IPV4:
		return decode_ip(l, 4);
	case SL_LINK_IPV6:
		return decode_ip(l, 6);
	case SL_LINK_SLL:
		return sll(l);
	case SL_LINK_SLL2:
		return sll2(l);
	default:
		return SL_DROP_LINKTYPE;
	}
}
