/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c - link headers and VLAN tags, down to the IP header. Worker.
 * Layouts: https://www.tcpdump.org/linktypes.html, IEEE 802.3 3.2.6, IEEE 802.1Q 9.6, RFC 1042. */
#include "layers.h"

#include <sightline/hot.h>

enum {
	TYPE_LLC = 0x0004, /* Linux cooked: an LLC header follows */
	TYPE_BRIDGED = 0x6558, /* RFC 1701: an Ethernet frame */
	TYPE_VLAN = 0x8100,
	TYPE_MPLS_UPSTREAM = 0x8848, /* RFC 5332 3 */
	TYPE_PPPOE = 0x8864,
	TYPE_SERVICE_VLAN = 0x88a8,
	TYPE_CISCO_METADATA = 0x8909, /* TrustSec: version, length, option, group */
	TYPE_VN_TAG = 0x8926, /* virtual interfaces of a fabric extender */
	TYPE_E_TAG = 0x893f, /* IEEE 802.1BR 7.5 */
	TYPE_OLD_QINQ = 0x9100,
};

/* ARPHRD_* of Linux under which the protocol field of a cooked header is no EtherType. */
enum { HW_FRAD = 770, HW_RADIOTAP = 803, HW_NETLINK = 824 };

/* What follows SNAP's organisation code: an EtherType below 00-00-00 (RFC 1042) and 00-00-F8
 * (802.1H), below 00-80-C2 a frame that was bridged (RFC 2427 4.2), with its checksum or without.
 */
static enum sl_drop snap(struct layers *l)
{
	uint32_t code = sl_rd24(&l->rd);
	l->type = sl_rd16(&l->rd);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if ((code == 0 || code == 0xf8) && l->type > TYPE_LENGTH_MAX)
		return decode_ethertype(l);
	if (code == 0x80c2 && (l->type == 1 || l->type == 7) && layer_enter(l))
		return decode_ethernet(l);
	return SL_DROP_NOT_IP;
}

/* LLC with the SAP of IP (06), of SNAP (AA) or of ISO's network layers (FE, then an NLPID);
 * anything else, such as STP, is no IP. */
enum sl_drop decode_llc(struct layers *l)
{
	struct sl_span llc = sl_rd_take(&l->rd, 3);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	if (llc.p[0] == 0x06 && llc.p[1] == 0x06)
		return decode_ip4(l);
	if (llc.p[2] != 0x03 || llc.p[0] != llc.p[1])
		return SL_DROP_NOT_IP;
	if (llc.p[0] == 0xaa)
		return snap(l);
	return llc.p[0] == 0xfe ? decode_nlpid(l) : SL_DROP_NOT_IP;
}

enum sl_drop decode_nlpid(struct layers *l)
{
	struct sl_span id = sl_rd_take(&l->rd, 1);
	if (id.len && id.p[0] == 0) /* a byte of padding */
		id = sl_rd_take(&l->rd, 1);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	switch (id.p[0]) {
	case 0xcc:
		return decode_ip4(l);
	case 0x8e:
		return decode_ip6(l);
	case 0x80:
		return snap(l);
	case 0xcf:
		return decode_ppp(l);
	default:
		return SL_DROP_NOT_IP;
	}
}

static bool is_vlan(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN || type == TYPE_OLD_QINQ;
}

/* Inside a tunnel, tags beyond those that the view holds are passed over. */
static enum sl_drop vlan_tags(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	for (unsigned n = 0; is_vlan(l->type); n++) {
		bool room = p->vlan_count < SL_VLAN_MAX;
		if (n == SL_VLAN_MAX || (!room && p->version == 0))
			return SL_DROP_VLAN_DEPTH;
		struct sl_span tag = sl_rd_take(&l->rd, 4);
		if (l->rd.bad)
			return SL_DROP_SHORT;
		if (room)
			p->vlan[p->vlan_count++] = be16(tag.p) & 0x0fff;
		l->type = be16(tag.p + 2);
	}
	return SL_DECODED;
}

/* A tag that says nothing to us, and behind it another type. */
static enum sl_drop behind_tag(struct layers *l, size_t bytes)
{
	sl_rd_skip(&l->rd, bytes);
	l->type = sl_rd16(&l->rd);
	return l->rd.bad ? SL_DROP_SHORT : decode_ethertype(l);
}

static enum sl_drop by_type(struct layers *l)
{
	switch (l->type) {
	case TYPE_IPV4:
		return decode_ip4(l);
	case TYPE_IPV6:
		return decode_ip6(l);
	case TYPE_MPLS:
	case TYPE_MPLS_UPSTREAM:
		return decode_mpls(l);
	case TYPE_PPPOE:
		return decode_pppoe(l);
	case TYPE_BRIDGED:
		return decode_ethernet(l);
	case TYPE_VN_TAG:
		return behind_tag(l, 4);
	case TYPE_CISCO_METADATA:
	case TYPE_E_TAG:
		return behind_tag(l, 6);
	default:
		return SL_DROP_NOT_IP;
	}
}

enum sl_drop decode_ethertype(struct layers *l)
{
	if (!layer_enter(l))
		return SL_DROP_NOT_IP;
	enum sl_drop drop = vlan_tags(l);
	if (drop != SL_DECODED)
		return drop;
	return l->type <= TYPE_LENGTH_MAX ? decode_llc(l) : by_type(l);
}

static enum sl_drop ethertype(struct layers *l, uint16_t type)
{
	l->type = type;
	return decode_ethertype(l);
}

enum sl_drop decode_ethernet(struct layers *l)
{
	struct sl_span h = sl_rd_take(&l->rd, 14);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	return ethertype(l, be16(h.p + 12));
}

/* The outermost frame is the one whose addresses the view names. */
static enum sl_drop ethernet(struct layers *l)
{
	if (sl_rd_left(&l->rd) >= 14)
		l->pkt->flags |= SL_PKT_MACS;
	return decode_ethernet(l);
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
		return decode_ip4(l);
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return decode_ip6(l);
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

/* A byte says which way the packet went. */
static enum sl_drop directed(struct layers *l, layer_fn *layer)
{
	sl_rd_skip(&l->rd, 1);
	return l->rd.bad ? SL_DROP_SHORT : layer(l);
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
		return decode_ip(l);
	case SL_LINK_IPV4:
		return decode_ip4(l);
	case SL_LINK_IPV6:
		return decode_ip6(l);
	case SL_LINK_SLL:
		return sll(l);
	case SL_LINK_SLL2:
		return sll2(l);
	case SL_LINK_ATM_LLC:
		return decode_llc(l);
	case SL_LINK_PPP:
	case SL_LINK_PPP_HDLC:
	case SL_LINK_CISCO_HDLC:
		return decode_hdlc(l);
	case SL_LINK_PPP_WITH_DIR:
	case SL_LINK_CISCO_HDLC_WITH_DIR:
		return directed(l, decode_hdlc);
	case SL_LINK_PPP_PPPD:
		return directed(l, decode_pppd);
	case SL_LINK_PPPOE:
		return decode_pppoe(l);
	case SL_LINK_FRAME_RELAY:
		return decode_frame_relay(l);
	case SL_LINK_FRAME_RELAY_WITH_DIR:
		return directed(l, decode_frame_relay);
	case SL_LINK_MPLS:
		return decode_mpls(l);
	case SL_LINK_WLAN:
		return decode_wlan(l);
	case SL_LINK_RADIOTAP:
		return decode_radiotap(l);
	case SL_LINK_PRISM:
	case SL_LINK_AVS:
		return decode_prism(l);
	default:
		return SL_DROP_LINKTYPE;
	}
}
