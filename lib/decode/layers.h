/* SPDX-License-Identifier: BSD-3-Clause */
/* layers.h - what the layers of decode share: one packet on its way from the outermost header to
 * its payload. Private to lib/decode. */
#ifndef SL_DECODE_LAYERS_H
#define SL_DECODE_LAYERS_H

#include <sightline/decode.h>
#include <sightline/span.h>

/* A layer's answer when nothing stands against the packet. */
#define SL_DECODED SL_DROP_COUNT

/* Layers that one packet may have from its link on, those that were tried in vain included: what
 * bounds every way in which layers can lie in each other. */
#define LAYERS_MAX 32

struct layers {
	struct sl_packet *pkt;
	struct sl_rd rd; /* not decoded yet; its end moves in once IP has said how long it is */
	struct sl_counters *counters;
	struct sl_defrag *defrag; /* NULL: fragments give their addresses alone */
	struct sl_fragment_trail *trail; /* NULL, or who asks deals out packets */
	uint64_t led[3]; /* trail: first fragments that led on, as many as were made */
	bool verify; /* a wrong checksum drops the packet */
	bool ignore; /* no checksum is looked at */
	bool ignore_l4; /* none of a transport */
	bool whole; /* every byte that IP's length names was captured, and the addresses are those
		       of the pseudo header: a transport checksum can be judged */
	bool cut; /* fewer bytes were captured than the IP header at hand names */
	bool held; /* it is a fragment that waits for others */
	bool deep; /* it went deeper than is followed */
	uint8_t entered; /* layers, up to LAYERS_MAX */
	uint8_t made; /* datagrams that its fragments made whole */
	uint32_t extensions; /* bytes of IPv6 extension headers so far */
	uint8_t tunnel; /* enum sl_tunnel that was entered last */
	uint16_t type; /* the EtherType that decode_ethertype goes by */
};

/* EtherTypes that more than one layer speaks of. */
enum {
	TYPE_LENGTH_MAX = 1500, /* up to here the field is the length of an 802.3 frame */
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
};

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A layer takes the cursor from the start of its header to the start of the next, and goes on
 * there. It returns the name of the drop, or SL_DECODED. */
typedef enum sl_drop layer_fn(struct layers *l);
enum sl_drop decode_link(struct layers *l);
enum sl_drop decode_ethernet(struct layers *l);
enum sl_drop decode_ethertype(struct layers *l); /* as l->type says */
enum sl_drop decode_llc(struct layers *l);
enum sl_drop decode_wlan(struct layers *l); /* 802.11 */
enum sl_drop decode_radiotap(struct layers *l);
enum sl_drop decode_prism(struct layers *l); /* or AVS */
enum sl_drop decode_nlpid(struct layers *l); /* ISO/IEC TR 9577, as RFC 2427 uses it */
enum sl_drop decode_pppd(struct layers *l); /* a control field, then PPP */
enum sl_drop decode_ppp(struct layers *l); /* address and control field or not */
enum sl_drop decode_pppoe(struct layers *l);
enum sl_drop decode_hdlc(struct layers *l); /* PPP or Cisco's */
enum sl_drop decode_frame_relay(struct layers *l);
enum sl_drop decode_mpls(struct layers *l);
enum sl_drop decode_gre(struct layers *l);
enum sl_drop decode_ip(struct layers *l); /* version 4 or 6, as its first nibble says */
enum sl_drop decode_ip4(struct layers *l);
enum sl_drop decode_ip6(struct layers *l);
enum sl_drop decode_transport(struct layers *l);

/* One layer more. False: the packet has had its share; l->deep is set. */
static inline bool layer_enter(struct layers *l)
{
	l->deep |= l->entered == LAYERS_MAX;
	return !l->deep && l->entered++ < LAYERS_MAX;
}

/* Goes on with `layer` in the bytes `in`. A drop leaves packet and cursor as they were before. */
enum sl_drop decode_try(struct layers *l, layer_fn *layer, struct sl_span in);
/* The same inside an IP packet: whatever becomes of the inside, the packet is decoded, if need be
 * as what it is outside. */
enum sl_drop decode_inside(struct layers *l, layer_fn *layer, struct sl_span in);
/* What lies in IP under a protocol number that is not a transport's. */
enum sl_drop decode_protocol(struct layers *l);
/* What lies in the UDP payload `in`, if port and content name a tunnel. */
enum sl_drop decode_udp_payload(struct layers *l, struct sl_span in);

/* What IP says of a fragment whose bytes lie behind the cursor; the view has the rest. */
struct fragment_head {
	uint32_t id, at; /* at: in bytes */
	uint32_t before; /* bytes of headers that count towards the datagram's length */
	bool more;
};
/* True: the datagram is whole, and the cursor at its begin. False: nothing more is to be read. */
bool decode_fragment(struct layers *l, const struct fragment_head *h);
/* The packet is decoded: where its fragments led. */
void decode_trail_end(struct layers *l);

/* Whether a payload between these ports can be no tunnel at all. */
bool udp_is_plain(uint16_t sport, uint16_t dport, struct sl_span in);

enum plain_result {
	PLAIN_NOT, /* untouched: the layers decode it */
	PLAIN_DECODED,
	PLAIN_WRONG, /* its checksum, and such are dropped */
};
enum plain_result decode_plain(
	const struct sl_decode_options *o, struct sl_packet *p, struct sl_counters *counters);

/* The addresses of a pass of a looped replay. */
void packet_salt(struct sl_packet *p);

/* Fills p->quoted from the header inside an ICMP error; `in` starts at the ICMP header. */
void decode_quoted(struct sl_packet *p, struct sl_span in);

/* Ones' complement sum (RFC 1071) in the byte order of this machine, unfolded. */
uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len);
bool checksum_right(uint64_t sum);
/* The sum of the pseudo header (RFC 9293 3.1, RFC 8200 8.1). */
uint64_t checksum_pseudo(const struct sl_packet *p, uint32_t len);

#endif
