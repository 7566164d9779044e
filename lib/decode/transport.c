/* SPDX-License-Identifier: BSD-3-Clause */
/* transport.c - TCP (RFC 9293), UDP (RFC 768), SCTP's ports (RFC 9260) and ICMP. Worker.
 * A transport header that is cut or contradicts itself costs the ports and the payload, never the
 * addresses. */
#include "layers.h"

#include <netinet/in.h>

#include <sightline/hot.h>

static enum sl_drop short_l4(struct layers *l)
{
	sl_count(l->counters, SL_C_L4_SHORT, 1);
	return SL_DECODED;
}

/* `len` bytes from the transport header on, against the pseudo header. */
static enum sl_drop judge_checksum(struct layers *l, const uint8_t *header, uint32_t len)
{
	if (l->ignore || l->ignore_l4)
		return SL_DECODED;
	uint64_t sum = checksum_add(checksum_pseudo(l->pkt, len), header, len);
	if (checksum_right(sum))
		return SL_DECODED;
	sl_count(l->counters, SL_C_CHECKSUM_L4, 1);
	return l->verify ? SL_DROP_CHECKSUM : SL_DECODED;
}

/* Behind so many bytes of the transport's own, where they are there. */
static void payload_set(struct sl_packet *p, struct sl_span all, uint32_t header)
{
	struct sl_span s = sl_span_from(all, header);
	p->flags |= SL_PKT_L4;
	p->l4_len = header <= all.len ? (uint8_t)header : 0;
	p->payload = s.p;
	p->payload_len = (uint32_t)s.len;
}

static enum sl_drop tcp(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	struct sl_span all = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (all.len < 20)
		return short_l4(l);
	uint32_t header = (all.p[12] >> 4) * 4u;
	if (header < 20 || header > all.len)
		return short_l4(l);
	p->sport = be16(all.p);
	p->dport = be16(all.p + 2);
	p->tcp_seq = be32(all.p + 4);
	p->tcp_ack = be32(all.p + 8);
	p->tcp_flags = all.p[13];
	p->tcp_window = be16(all.p + 14);
	p->tcp_urgent = be16(all.p + 18);
	payload_set(p, all, header);
	return l->whole ? judge_checksum(l, all.p, (uint32_t)all.len) : SL_DECODED;
}

/* A length of 0 stands for "as IP says" (RFC 2675 4); one beyond IP's is bounded by it. */
static enum sl_drop udp(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	struct sl_span all = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (all.len < 8)
		return short_l4(l);
	uint16_t len = be16(all.p + 4);
	if (len != 0 && len < 8)
		return short_l4(l);
	bool whole = l->whole && len <= all.len;
	if (len != 0 && len < all.len)
		all.len = len;
	p->sport = be16(all.p);
	p->dport = be16(all.p + 2);
	payload_set(p, all, 8);
	if (whole && (p->version == 6 || be16(all.p + 6) != 0)) {
		enum sl_drop drop = judge_checksum(l, all.p, (uint32_t)all.len);
		if (drop != SL_DECODED)
			return drop;
	}
	return decode_udp_payload(l, sl_span_from(all, 8));
}

static enum sl_drop sctp(struct layers *l)
{
	struct sl_span all = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (all.len < 12)
		return short_l4(l);
	l->pkt->sport = be16(all.p);
	l->pkt->dport = be16(all.p + 2);
	payload_set(l->pkt, all, 12);
	return SL_DECODED;
}

static enum sl_drop icmp(struct layers *l)
{
	struct sl_packet *p = l->pkt;
	struct sl_span all = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (all.len < 4)
		return short_l4(l);
	uint8_t back;
	p->sport = all.p[0];
	p->dport = sl_icmp_counterpart(p->proto, all.p[0], &back) ? back : all.p[1];
	payload_set(p, all, 8);
	decode_quoted(p, all);
	return SL_DECODED;
}

enum sl_drop decode_transport(struct layers *l)
{
	if (l->rd.bad)
		return short_l4(l);
	switch (l->pkt->proto) {
	case IPPROTO_TCP:
		return tcp(l);
	case IPPROTO_UDP:
		return udp(l);
	case IPPROTO_SCTP:
		return sctp(l);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp(l);
	default:
		return decode_protocol(l);
	}
}
