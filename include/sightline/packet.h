/* SPDX-License-Identifier: BSD-3-Clause */
/* packet.h - one packet on its way through a worker. The source fills the first part, decode
 * completes the view or names a drop, flow binds it. No byte is copied; every pointer into `data`
 * is good until the burst is released. */
#ifndef SIGHTLINE_PACKET_H
#define SIGHTLINE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <sightline/addr.h>

struct sl_flow;

#define SL_BURST 64 /* packets in a burst at most */
#define SL_VLAN_MAX 4
#define SL_OUTER_MAX 4 /* IP headers outside the innermost one */

/* What an IP header was carried in, inside of another: id, name. */
#define SL_TUNNELS(X)                                                                              \
	X(IPIP, "ipip")                                                                            \
	X(GRE, "gre")                                                                              \
	X(ERSPAN, "erspan")                                                                        \
	X(WCCP, "wccp")                                                                            \
	X(PPTP, "pptp")                                                                            \
	X(ETHERIP, "etherip")                                                                      \
	X(SRV6, "srv6") /* Ethernet in IP, RFC 8986 */                                             \
	X(MPLS, "mpls") /* in IP or UDP */                                                         \
	X(VXLAN, "vxlan")                                                                          \
	X(GENEVE, "geneve")                                                                        \
	X(GTP, "gtp")                                                                              \
	X(L2TP, "l2tp")                                                                            \
	X(TEREDO, "teredo")                                                                        \
	X(AYIYA, "ayiya")
enum sl_tunnel {
	SL_TUNNEL_NONE,
#define X(id, name) SL_TUNNEL_##id,
	SL_TUNNELS(X)
#undef X
		SL_TUNNEL_COUNT
};
#define SL_TUNNEL_BITS 4 /* of a kind, where several lie in a word, the outermost lowest */

/* Direction of a packet, a message, an observable within its flow. */
enum sl_dir { SL_TO_SERVER, SL_TO_CLIENT };

/* Link types, LINKTYPE_* of the pcap link-type registry. */
enum sl_linktype {
	SL_LINK_NULL = 0,
	SL_LINK_ETHERNET = 1,
	SL_LINK_PPP = 9,
	SL_LINK_RAW_BSD = 12, /* and 14: raw IP as some systems number it */
	SL_LINK_RAW_OPENBSD = 14,
	SL_LINK_PPP_HDLC = 50,
	SL_LINK_PPPOE = 51,
	SL_LINK_ATM_LLC = 100,
	SL_LINK_RAW = 101,
	SL_LINK_CISCO_HDLC = 104,
	SL_LINK_WLAN = 105,
	SL_LINK_FRAME_RELAY = 107,
	SL_LINK_LOOP = 108,
	SL_LINK_SLL = 113,
	SL_LINK_PRISM = 119,
	SL_LINK_RADIOTAP = 127,
	SL_LINK_AVS = 163,
	SL_LINK_PPP_PPPD = 166,
	SL_LINK_PPP_WITH_DIR = 204, /* a byte that says which way, before what 50, 104, 107 have */
	SL_LINK_CISCO_HDLC_WITH_DIR = 205,
	SL_LINK_FRAME_RELAY_WITH_DIR = 206,
	SL_LINK_MPLS = 219,
	SL_LINK_IPV4 = 228,
	SL_LINK_IPV6 = 229,
	SL_LINK_SLL2 = 276,
};

/* struct sl_packet.flags */
enum {
	SL_PKT_CUT = 1 << 0, /* captured shorter than on the wire */
	SL_PKT_FRAGMENT = 1 << 1, /* IP fragment: no payload. With version 0 it is held until its
				     datagram is whole or lost, and counts there */
	SL_PKT_L4 = 1 << 2, /* ports, payload (and TCP fields) are valid */
	SL_PKT_QUOTED = 1 << 3, /* quoted is valid: the header inside an ICMP error */
	SL_PKT_MACS = 1 << 4, /* mac_src, mac_dst are valid */
	SL_PKT_FLOW_NEW = 1 << 5, /* this packet opened its flow */
	SL_PKT_VLAN_STRIPPED = 1 << 6, /* the NIC took vlan[0] off the frame */
	SL_PKT_REASSEMBLED = 1 << 7, /* made whole of fragments: payload is not in data */
	SL_PKT_UNSUMMED = 1 << 8, /* sent from this host: whoever sends it fills in its checksums */
};

/* What a pass of a looped replay changes in every address: `add` is added to the low `bits` (16 at
 * most) of an IPv4 address, and what is made of it to the low 32 of an IPv6 address. The bits above
 * stay. A sum, because a pair of addresses that others are added to is another pair, either way
 * round. */
#define SL_SALT(bits, add) ((uint32_t)(bits) << 16 | (uint32_t)(add))

/* A pair of addresses that is seen in a packet but is not its flow's key. */
struct sl_ip_pair {
	union sl_addr src, dst;
	uint8_t version;
	/* Of a quoted header: what it carried; ports as a packet's own. 0: not known. */
	uint8_t proto;
	uint16_t sport, dport;
};

struct sl_packet {
	/* -- the source's part -- */
	const uint8_t *data; /* the frame from its link header on */
	uint32_t len; /* bytes that may be read at data */
	uint32_t wire_len; /* bytes it had on the wire, >= len */
	uint64_t ts_ns;
	uint64_t clock_ns; /* latest time of the capture's packets up to this one, whatever queue
			      they went to: the clock of every worker. Less than ts_ns: that */
	void *owner; /* the source's own: an mbuf, a block */
	uint32_t rss_hash; /* of the address pair, or what follows from it: which worker, never
			      which bucket */
	uint32_t salt; /* SL_SALT of the pass of a looped replay; 0: addresses are as they stand */
	uint16_t linktype; /* enum sl_linktype */
	uint16_t port; /* port or capture it came from */
	uint16_t flags;

	/* -- decode's part -- */
	uint8_t version; /* 4 or 6 */
	uint8_t proto; /* IANA number of the innermost transport */
	union sl_addr src, dst;
	uint16_t sport, dport; /* host order; ICMP: type and code as Community ID v1 maps them */
	uint16_t ip_len; /* IP header and payload, as the header says, bounded by len */
	uint16_t ip_id; /* identification of the innermost IPv4 header; 0 for IPv6 */
	uint8_t l4_len; /* bytes of the transport header right before payload (SL_PKT_L4) */
	uint8_t tcp_flags, vlan_count, outer_count;
	uint8_t mac_off; /* where dst and src MAC stand in data (SL_PKT_MACS) */
	uint8_t hops; /* TTL or hop limit of the innermost header */
	uint8_t dir; /* enum sl_dir; flow's part */
	uint32_t tcp_seq, tcp_ack;
	uint16_t tcp_window;
	uint16_t tcp_urgent; /* pointer; only with the flag */
	uint16_t tunnels; /* enum sl_tunnel around each IP header but the outermost */
	uint16_t vlan[SL_VLAN_MAX]; /* outermost first, tag id only */
	uint32_t payload_len;
	const uint8_t *payload;
	uint32_t held_packets, held_bytes; /* more that it stands for: fragments held before it */

	/* -- flow's part -- */
	struct sl_flow *flow; /* NULL: dropped or unbound */

	/* -- seldom read -- */
	struct sl_ip_pair quoted;
	struct sl_ip_pair outer[SL_OUTER_MAX];
};

#endif
