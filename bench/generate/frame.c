/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.c - headers with right lengths and checksums before what a packet carries. */
#include <netinet/in.h>
#include <string.h>

#include "generate.h"

#define TUNNELS 8u /* pairs of ends that tunnels have */
#define MSS_V4 1460u

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint64_t sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += (uint64_t)p[0] << 8 | p[1];
	return len ? sum + ((uint64_t)p[0] << 8) : sum;
}

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void frame_begin(struct frame *f, uint16_t ip_id)
{
	f->at = f->room + HEAD_ROOM;
	f->len = 0;
	f->ip_id = ip_id;
}

void frame_put(struct frame *f, const void *bytes, size_t len)
{
	memcpy(f->at + f->len, bytes, len);
	f->len += (uint32_t)len;
}

static uint8_t *before(struct frame *f, uint32_t len)
{
	f->at -= len;
	f->len += len;
	memset(f->at, 0, len);
	return f->at;
}

static unsigned addr_len(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

/* RFC 9293, 3.1; RFC 768; RFC 8200, 8.1: over a pseudo-header of addresses, protocol, length. */
static uint16_t transport_checksum(const struct frame *f, const struct ends *e, unsigned from)
{
	uint64_t sum = e->proto + f->len;
	sum = sum_bytes(sum, e->addr[from], addr_len(e->version));
	sum = sum_bytes(sum, e->addr[!from], addr_len(e->version));
	return folded(sum_bytes(sum, f->at, f->len));
}

static void put_tcp(struct frame *f, const struct segment *s)
{
	bool syn = (s->flags & SYN) != 0;
	uint8_t *p = before(f, syn ? 24 : 20);
	put16(p, s->ends->port[s->from]);
	put16(p + 2, s->ends->port[!s->from]);
	put32(p + 4, s->seq);
	put32(p + 8, s->ack);
	p[12] = syn ? 6 << 4 : 5 << 4;
	p[13] = s->flags;
	put16(p + 14, 64240);
	if (syn) {
		p[20] = 2; /* maximum segment size */
		p[21] = 4;
		put16(p + 22, MSS_V4);
	}
	put16(p + 16, transport_checksum(f, s->ends, s->from));
}

static void put_udp(struct frame *f, const struct ends *e, unsigned from)
{
	uint8_t *p = before(f, 8);
	put16(p, e->port[from]);
	put16(p + 2, e->port[!from]);
	put16(p + 4, f->len);
	uint16_t sum = transport_checksum(f, e, from);
	put16(p + 6, sum == 0 ? 0xffff : sum);
}

static void put_ip(struct frame *f, const struct ends *e, unsigned from)
{
	uint32_t len = f->len;
	if (e->version == 6) {
		uint8_t *p = before(f, 40);
		p[0] = 6 << 4;
		put16(p + 4, len);
		p[6] = e->proto;
		p[7] = from == CLIENT ? 64 : 56;
		memcpy(p + 8, e->addr[from], 16);
		memcpy(p + 24, e->addr[!from], 16);
		return;
	}
	uint8_t *p = before(f, 20);
	p[0] = 0x45;
	put16(p + 2, f->len);
	put16(p + 4, f->ip_id);
	p[6] = 0x40; /* don't fragment */
	p[8] = from == CLIENT ? 64 : 56;
	p[9] = e->proto;
	memcpy(p + 12, e->addr[from], 4);
	memcpy(p + 16, e->addr[!from], 4);
	put16(p + 10, folded(sum_bytes(0, p, 20)));
}

static void put_ethernet(struct frame *f, uint8_t version, unsigned from)
{
	static const uint8_t mac[2][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };
	uint8_t *p = before(f, 14);
	memcpy(p, mac[!from], 6);
	memcpy(p + 6, mac[from], 6);
	put16(p + 12, version == 4 ? 0x0800 : 0x86dd);
	if (f->len < FRAME_LEAST) {
		memset(f->at + f->len, 0, FRAME_LEAST - f->len);
		f->len = FRAME_LEAST;
	}
}

/* VXLAN (RFC 7348), GRE (RFC 2784) and IP in IP (RFC 2003, RFC 4213), in turn. What is in the frame
 * is an IP packet. */
static void put_tunnel(struct frame *f, const struct segment *s)
{
	uint32_t n = s->tunnel % TUNNELS;
	struct ends e = { .version = 4, .port = { 49152, 49152 } };
	for (unsigned i = 0; i < 2; i++)
		memcpy(e.addr[i], (uint8_t[]){ 172, 16, (uint8_t)(i + 1), (uint8_t)(n + 1) }, 4);
	switch (n % 3) {
	case 0:
		put_ethernet(f, s->ends->version, s->from);
		uint8_t *vxlan = before(f, 8);
		vxlan[0] = 8; /* the network's number is there */
		put32(vxlan + 4, (100 + n) << 8);
		e.proto = IPPROTO_UDP;
		e.port[!s->from] = 4789; /* to which it is sent, in both directions */
		put_udp(f, &e, s->from);
		break;
	case 1:
		put16(before(f, 4) + 2, s->ends->version == 4 ? 0x0800 : 0x86dd);
		e.proto = IPPROTO_GRE;
		break;
	default:
		e.proto = s->ends->version == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	}
	put_ip(f, &e, s->from);
	put_ethernet(f, 4, s->from);
}

void frame_finish(struct frame *f, const struct segment *s)
{
	if (s->ends->proto == IPPROTO_TCP)
		put_tcp(f, s);
	else
		put_udp(f, s->ends, s->from);
	put_ip(f, s->ends, s->from);
	if (s->tunnelled)
		put_tunnel(f, s);
	else
		put_ethernet(f, s->ends->version, s->from);
}
