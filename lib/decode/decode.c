/* SPDX-License-Identifier: BSD-3-Clause */
/* decode.c - completes the view of a burst of packets, or names the drop of each that it can't.
 * Worker. Reads headers only through the packet's own bounds; copies nothing. */
#include <sightline/prefetch.h>

#include "fragments.h"
#include "layers.h"

#include <sightline/hot.h>

/* An address changes by itself, wherever it stands, so that both directions of a flow still meet,
 * and what is quoted or in a tunnel is still of the same hosts. */
void sl_decode_salt(union sl_addr *a, uint8_t version, uint32_t salt)
{
	uint32_t add = salt & 0xffff;
	if (version == 4) {
		uint32_t mask = (1u << (salt >> 16)) - 1;
		uint32_t low = (uint32_t)a->b[2] << 8 | a->b[3];
		low = (low & ~mask) | ((low + add) & mask);
		a->b[2] = (uint8_t)(low >> 8);
		a->b[3] = (uint8_t)low;
	} else {
		uint32_t low = be32(a->b + 12) + add * 0x9e3779b1u;
		for (unsigned i = 0; i < 4; i++)
			a->b[12 + i] = (uint8_t)(low >> (24 - 8 * i));
	}
}

void packet_salt(struct sl_packet *p)
{
	sl_decode_salt(&p->src, p->version, p->salt);
	sl_decode_salt(&p->dst, p->version, p->salt);
	for (unsigned i = 0; i < p->outer_count; i++) {
		sl_decode_salt(&p->outer[i].src, p->outer[i].version, p->salt);
		sl_decode_salt(&p->outer[i].dst, p->outer[i].version, p->salt);
	}
	if (p->flags & SL_PKT_QUOTED) {
		sl_decode_salt(&p->quoted.src, p->quoted.version, p->salt);
		sl_decode_salt(&p->quoted.dst, p->quoted.version, p->salt);
	}
}

/* A view may have served another packet before: everything that decode owns starts anew. */
static void view_clear(struct sl_packet *p)
{
	p->flags &= SL_PKT_CUT | SL_PKT_VLAN_STRIPPED | SL_PKT_UNSUMMED;
	p->dir = SL_TO_SERVER;
	p->version = 0;
	p->proto = 0;
	p->src = p->dst = (union sl_addr){ .q = { 0, 0 } };
	p->sport = p->dport = 0;
	p->ip_len = p->ip_id = 0;
	p->l4_len = 0;
	p->tcp_flags = 0;
	p->vlan_count = p->flags & SL_PKT_VLAN_STRIPPED ? 1 : 0;
	p->outer_count = 0;
	p->tunnels = 0;
	p->mac_off = 0;
	p->tcp_seq = p->tcp_ack = 0;
	p->tcp_window = 0;
	p->payload_len = 0;
	p->payload = NULL;
	p->held_packets = p->held_bytes = 0;
	p->flow = NULL;
}

static bool layers_decode(
	const struct sl_decode_options *o, struct sl_packet *p, struct sl_counters *counters)
{
	view_clear(p);
	if (p->wire_len > p->len) {
		p->flags |= SL_PKT_CUT;
		sl_count(counters, SL_C_CUT_PACKETS, 1);
	}
	struct layers l = {
		.pkt = p,
		.rd = sl_rd(sl_span(p->data, p->len)),
		.counters = counters,
		.verify = o->verify_checksums,
		.ignore_l4 = o->headers_only && !o->verify_checksums,
		.ignore = o->ignore_checksums || (p->flags & SL_PKT_UNSUMMED) != 0,
		.defrag = o->defrag,
		.trail = o->trail,
		.whole = true,
	};
	enum sl_drop drop = decode_link(&l);
	if (drop != SL_DECODED || l.held) {
		p->version = 0;
		if (drop != SL_DECODED)
			sl_count_drop(counters, drop);
		return false;
	}
	if (o->trail != NULL)
		decode_trail_end(&l);
	return true;
}

static bool packet_decode(
	const struct sl_decode_options *o, struct sl_packet *p, struct sl_counters *counters)
{
	switch (decode_plain(o, p, counters)) {
	case PLAIN_NOT:
		if (!layers_decode(o, p, counters))
			return false;
		break;
	case PLAIN_WRONG:
		p->version = 0;
		sl_count_drop(counters, SL_DROP_CHECKSUM);
		return false;
	case PLAIN_DECODED:
		break;
	}
	if (p->salt)
		packet_salt(p);
	return true;
}

uint16_t sl_decode(const struct sl_decode_options *o, struct sl_packet *pkt, uint16_t n,
	struct sl_counters *counters)
{
	uint16_t good = 0;
	if (o->defrag != NULL)
		defrag_begin(o->defrag, pkt, n);
	/* The first lines of all packets are asked for before any is needed: the cold misses of a
	 * burst then overlap instead of adding up. */
	for (uint16_t i = 0; i < n; i++)
		sl_prefetch(pkt[i].data);
	for (uint16_t i = 0; i < n; i++)
		good += packet_decode(o, &pkt[i], counters);
	return good;
}
