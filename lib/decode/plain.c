/* SPDX-License-Identifier: BSD-3-Clause */
/* plain.c - what nearly all packets are: Ethernet, IPv4 or IPv6 without options and fragments, TCP
 * or UDP, all of it captured and no tunnel. Worker. The layers give the same view of them in some
 * three times as many instructions; whatever is not plain is left to those, untouched. */
#include "layers.h"

#include <netinet/in.h>

#include <sightline/hot.h>

enum { ETHERNET = 14, V4 = 20, V6 = 40, TCP_MIN = 20, UDP = 8 };

/* What a plain packet's headers say of where its parts are. */
struct plain {
	const uint8_t *ip, *l4;
	uint32_t len; /* bytes from l4 on */
	uint8_t version, proto;
};

static inline uint64_t load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t header_sum(const uint8_t *ip)
{
	return load32(ip) + load32(ip + 4) + load32(ip + 8) + load32(ip + 12) + load32(ip + 16);
}

static inline bool find_ip(const struct sl_packet *p, bool ignore, struct plain *f)
{
	const uint8_t *d = p->data;
	if (p->len < ETHERNET + V4)
		return false;
	uint32_t left = p->len - ETHERNET;
	uint16_t type = be16(d + 12);
	const uint8_t *ip = f->ip = d + ETHERNET;
	if (type == TYPE_IPV4) {
		uint32_t total = be16(ip + 2);
		/* 0x3fff: more fragments, and the offset. */
		if (ip[0] != 0x45 || total < V4 || total > left || (be16(ip + 6) & 0x3fff) != 0)
			return false;
		f->version = 4;
		f->proto = ip[9];
		f->l4 = ip + V4;
		f->len = total - V4;
		return ignore || checksum_right(header_sum(ip));
	}
	if (type != TYPE_IPV6 || left < V6 || ip[0] >> 4 != 6)
		return false;
	f->len = be16(ip + 4);
	f->version = 6;
	f->proto = ip[6];
	f->l4 = ip + V6;
	return f->len > 0 && f->len <= left - V6;
}

/* Bytes of the transport header; 0: not plain. */
static inline uint32_t transport_header(const struct plain *f)
{
	const uint8_t *l4 = f->l4;
	if (f->proto == IPPROTO_TCP && f->len >= TCP_MIN) {
		uint32_t header = (l4[12] >> 4) * 4u;
		return header >= TCP_MIN && header <= f->len ? header : 0;
	}
	if (f->proto != IPPROTO_UDP || f->len < UDP || be16(l4 + 4) != f->len)
		return 0;
	return udp_is_plain(be16(l4), be16(l4 + 2), sl_span(l4 + UDP, f->len - UDP)) ? UDP : 0;
}

static inline void view_addresses(struct sl_packet *p, const struct plain *f)
{
	if (f->version == 4) {
		p->src = (union sl_addr){ .q = { load32(f->ip + 12), 0 } };
		p->dst = (union sl_addr){ .q = { load32(f->ip + 16), 0 } };
		p->ip_id = be16(f->ip + 4);
		p->hops = f->ip[8];
		p->ip_len = (uint16_t)(f->len + V4);
		return;
	}
	p->src = (union sl_addr){ .q = { load64(f->ip + 8), load64(f->ip + 16) } };
	p->dst = (union sl_addr){ .q = { load64(f->ip + 24), load64(f->ip + 32) } };
	p->ip_id = 0;
	p->hops = f->ip[7];
	uint32_t all = f->len + V6;
	p->ip_len = (uint16_t)(all < UINT16_MAX ? all : UINT16_MAX);
}

static inline void view_tcp(struct sl_packet *p, const uint8_t *l4)
{
	p->tcp_seq = be32(l4 + 4);
	p->tcp_ack = be32(l4 + 8);
	p->tcp_flags = l4[13];
	p->tcp_window = be16(l4 + 14);
	p->tcp_urgent = be16(l4 + 18);
}

static inline void view_no_tcp(struct sl_packet *p)
{
	p->tcp_seq = p->tcp_ack = 0;
	p->tcp_flags = 0;
	p->tcp_window = 0;
}

/* The whole view, as the layers would leave it. */
static inline void view_set(struct sl_packet *p, const struct plain *f, uint32_t header)
{
	p->flags = (uint16_t)((p->flags & (SL_PKT_VLAN_STRIPPED | SL_PKT_UNSUMMED)) | SL_PKT_MACS |
			      SL_PKT_L4);
	p->version = f->version;
	p->proto = f->proto;
	view_addresses(p, f);
	p->sport = be16(f->l4);
	p->dport = be16(f->l4 + 2);
	p->l4_len = (uint8_t)header;
	p->vlan_count = p->flags & SL_PKT_VLAN_STRIPPED ? 1 : 0;
	p->outer_count = 0;
	p->mac_off = 0;
	p->dir = SL_TO_SERVER;
	p->tunnels = 0;
	p->payload_len = f->len - header;
	p->payload = f->l4 + header;
	p->held_packets = p->held_bytes = 0;
	p->flow = NULL;
	if (f->proto == IPPROTO_TCP)
		view_tcp(p, f->l4);
	else
		view_no_tcp(p);
}

enum plain_result decode_plain(
	const struct sl_decode_options *o, struct sl_packet *p, struct sl_counters *counters)
{
	struct plain f;
	bool ignore = o->ignore_checksums || (p->flags & SL_PKT_UNSUMMED) != 0;
	if (p->linktype != SL_LINK_ETHERNET || p->wire_len > p->len ||
		(p->flags & SL_PKT_CUT) != 0 || !find_ip(p, ignore, &f))
		return PLAIN_NOT;
	uint32_t header = transport_header(&f);
	if (header == 0)
		return PLAIN_NOT;
	view_set(p, &f, header);
	ignore |= o->headers_only && !o->verify_checksums;
	bool summed = f.proto == IPPROTO_TCP || f.version == 6 || be16(f.l4 + 6) != 0;
	if (ignore || !summed ||
		checksum_right(checksum_add(checksum_pseudo(p, f.len), f.l4, f.len)))
		return PLAIN_DECODED;
	sl_count(counters, SL_C_CHECKSUM_L4, 1);
	return o->verify_checksums ? PLAIN_WRONG : PLAIN_DECODED;
}
