/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp.c - which ICMP types answer which, and the IP header that an ICMP error quotes.
 * RFC 792, RFC 4443; the pairs are those of Community ID v1. Pure functions. */
#include "layers.h"

#include <netinet/in.h>

#include <sightline/hot.h>

struct pair {
	uint8_t request, reply;
};

static const struct pair v4_pairs[] = {
	{ 8, 0 }, /* echo */
	{ 13, 14 }, /* timestamp */
	{ 15, 16 }, /* information */
	{ 10, 9 }, /* router solicitation, advertisement */
	{ 17, 18 }, /* address mask */
};

static const struct pair v6_pairs[] = {
	{ 128, 129 }, /* echo */
	{ 133, 134 }, /* router solicitation, advertisement */
	{ 135, 136 }, /* neighbour solicitation, advertisement */
	{ 130, 131 }, /* listener query, report */
	{ 139, 140 }, /* node information */
	{ 144, 145 }, /* home agent address discovery */
};

static const struct pair *pair_find(uint8_t proto, uint8_t type)
{
	const struct pair *table = proto == IPPROTO_ICMP ? v4_pairs : v6_pairs;
	size_t n = proto == IPPROTO_ICMP ? sizeof(v4_pairs) / sizeof(v4_pairs[0])
					 : sizeof(v6_pairs) / sizeof(v6_pairs[0]);
	for (size_t i = 0; i < n; i++)
		if (table[i].request == type || table[i].reply == type)
			return &table[i];
	return NULL;
}

bool sl_icmp_counterpart(uint8_t proto, uint8_t type, uint8_t *out)
{
	const struct pair *p = pair_find(proto, type);
	if (p == NULL)
		return false;
	*out = p->request == type ? p->reply : p->request;
	return true;
}

bool sl_icmp_is_reply(uint8_t proto, uint8_t type)
{
	const struct pair *p = pair_find(proto, type);
	return p != NULL && p->reply == type;
}

static bool is_error(uint8_t proto, uint8_t type)
{
	if (proto == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* What the quoted packet carried, where eight bytes of it are there (RFC 792). */
static void quoted_ports(struct sl_ip_pair *q, uint8_t proto, struct sl_span l4)
{
	uint8_t back;
	if (l4.len < 8)
		return;
	uint16_t first = (uint16_t)(l4.p[0] << 8 | l4.p[1]);
	uint16_t second = (uint16_t)(l4.p[2] << 8 | l4.p[3]);
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) {
		q->sport = first;
		q->dport = second;
	} else if ((proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) &&
		   sl_icmp_counterpart(proto, l4.p[0], &back)) {
		q->sport = l4.p[0];
		q->dport = back;
	} else {
		return;
	}
	q->proto = proto;
}

void decode_quoted(struct sl_packet *p, struct sl_span in)
{
	if (!is_error(p->proto, in.p[0]))
		return;
	struct sl_span h = sl_span_from(in, 8);
	struct sl_ip_pair *q = &p->quoted;
	if (h.len >= 20 && h.p[0] >> 4 == 4 && (h.p[0] & 15) >= 5) {
		*q = (struct sl_ip_pair){ .version = 4 };
		memcpy(q->src.b, h.p + 12, 4);
		memcpy(q->dst.b, h.p + 16, 4);
		if ((h.p[6] & 0x1f) == 0 && h.p[7] == 0)
			quoted_ports(q, h.p[9], sl_span_from(h, 4u * (h.p[0] & 15)));
	} else if (h.len >= 40 && h.p[0] >> 4 == 6) {
		*q = (struct sl_ip_pair){ .version = 6 };
		memcpy(q->src.b, h.p + 8, 16);
		memcpy(q->dst.b, h.p + 24, 16);
		quoted_ports(q, h.p[6], sl_span_from(h, 40));
	} else {
		return;
	}
	p->flags |= SL_PKT_QUOTED;
}
