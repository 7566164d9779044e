/* SPDX-License-Identifier: BSD-3-Clause */
/* fragment.c - a fragment among the layers: into the store, and on in its datagram where that is
 * whole now. Worker. Without a store a fragment gives its addresses alone. */
#include "fragments.h"
#include "layers.h"

#include <sightline/hot.h>

static uint64_t vlans_of(const struct sl_packet *p)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < p->vlan_count; i++)
		v = v << 16 | p->vlan[i] | 0x8000; /* a tag of 0 is not no tag */
	return v;
}

static struct fragment fragment_of(const struct layers *l, const struct fragment_head *h)
{
	const struct sl_packet *p = l->pkt;
	uint32_t proto = p->version == 4 ? p->proto : 0;
	return (struct fragment){ .key = { .src = p->src,
					  .dst = p->dst,
					  .vlans = vlans_of(p),
					  .id = h->id,
					  .salt = p->salt,
					  .version_proto = (uint32_t)p->version << 8 | proto,
					  .level = p->outer_count },
		.ts_ns = p->ts_ns,
		.bytes = sl_span(l->rd.p, sl_rd_left(&l->rd)),
		.at = h->at,
		.before = h->before,
		.proto = p->proto,
		.more = h->more,
		.cut = l->cut,
		.pkt = p };
}

/* The packet stands for its datagram from here on. */
static void go_on(struct layers *l, const struct fragment_head *h, const struct whole *w)
{
	struct sl_packet *p = l->pkt;
	size_t all = h->before + w->bytes.len + (p->version == 6 ? 40u : 0);
	l->rd = sl_rd(w->bytes);
	l->made++;
	p->proto = w->proto;
	p->ip_len = (uint16_t)(all < UINT16_MAX ? all : UINT16_MAX);
	p->flags &= (uint8_t)~SL_PKT_CUT;
	p->flags |= SL_PKT_REASSEMBLED;
}

/* For who deals out packets: true, the inside of a first fragment leads on. */
static bool follow_trail(struct layers *l, const struct fragment *f)
{
	struct sl_packet *p = l->pkt;
	struct sl_ip_pair pair = { .src = p->src, .dst = p->dst, .version = p->version };
	uint64_t name = trail_name(&f->key);
	if (trail_follow(l->trail, name, f->at == 0, &pair) && l->made < FRAGMENT_LEVELS) {
		l->led[l->made++] = name;
		l->whole = false;
		return true;
	}
	p->src = pair.src;
	p->dst = pair.dst;
	p->version = pair.version;
	p->flags |= SL_PKT_FRAGMENT;
	return false;
}

/* False: there is nothing to go on in. */
static bool put(struct layers *l, const struct fragment_head *h)
{
	if (l->made == FRAGMENT_LEVELS) {
		sl_count(l->counters, SL_C_TUNNEL_DEEP, 1);
		return false;
	}
	struct fragment f = fragment_of(l, h);
	struct whole w = { .packets = 0 };
	enum fate fate = defrag_put(l->defrag, &f, &w);
	if (fate == FATE_WHOLE)
		go_on(l, h, &w);
	if (w.packets > 0) {
		l->pkt->held_packets = w.packets - 1;
		l->pkt->held_bytes = w.wire_bytes - l->pkt->wire_len;
	}
	l->held = fate == FATE_HELD;
	return fate == FATE_WHOLE;
}

bool decode_fragment(struct layers *l, const struct fragment_head *h)
{
	sl_count(l->counters, SL_C_FRAGMENTS, 1);
	if (l->defrag != NULL && put(l, h))
		return true;
	if (l->defrag == NULL && l->trail != NULL) {
		struct fragment f = fragment_of(l, h);
		return follow_trail(l, &f);
	}
	l->pkt->flags |= SL_PKT_FRAGMENT;
	return false;
}

void decode_trail_end(struct layers *l)
{
	const struct sl_packet *p = l->pkt;
	struct sl_ip_pair pair = { .src = p->src, .dst = p->dst, .version = p->version };
	for (unsigned i = 0; l->trail != NULL && i < l->made; i++)
		trail_leads(l->trail, l->led[i], &pair);
}
