/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_rx.c - bursts of mbufs as packets. Runs on the thread that owns the queue: a worker, or
 * the dispatcher, which takes from all queues of the device in turn. */
#include <errno.h>
#include <string.h>

#include <rte_mbuf_dyn.h>

#include <sightline/clock.h>

#include "ethdev.h"
#include "fresh.h"

#define STAMP_OFF_NS SL_SECOND

#include <sightline/hot.h>

static struct eth_owner *owner_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static rte_mbuf_timestamp_t *stamp_of(const struct ethdev *e, struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, e->stamp_at, rte_mbuf_timestamp_t *);
}

/* The device's own time, unless it is too far from `now` to be one of this clock; 0: none. */
static uint64_t stamp(const struct ethdev *e, struct eth_queue *q, struct rte_mbuf *m, uint64_t now)
{
	if ((m->ol_flags & e->stamp_flag) == 0)
		return 0;
	uint64_t at = *stamp_of(e, m);
	at = e->stamp_unit_ns > 0 ? at * e->stamp_unit_ns : wall_at(&e->clock, at);
	if (at - (now - STAMP_OFF_NS) > 2 * STAMP_OFF_NS) {
		tally_add(&q->stamps_refused, 1);
		return 0;
	}
	tally_add(&q->stamped, 1);
	return at;
}

/* The segments in one piece; NULL: none is left for it. */
static struct rte_mbuf *joined(const struct ethdev *e, struct eth_queue *q, struct rte_mbuf *m)
{
	struct rte_mbuf *whole = e->longs != NULL ? rte_pktmbuf_alloc(e->longs) : NULL;
	uint32_t len = m->pkt_len < FRAME_MAX ? m->pkt_len : FRAME_MAX;
	if (whole == NULL) {
		tally_add(&q->long_denied, 1);
	} else {
		const void *at = rte_pktmbuf_read(m, 0, len, rte_pktmbuf_mtod(whole, void *));
		if (at != rte_pktmbuf_mtod(whole, void *))
			memcpy(rte_pktmbuf_mtod(whole, void *), at, len);
		whole->data_len = (uint16_t)len;
		whole->pkt_len = m->pkt_len; /* more than its bytes where it was too long */
		whole->ol_flags = m->ol_flags;
		whole->vlan_tci = m->vlan_tci;
		whole->hash = m->hash;
		if (m->ol_flags & e->stamp_flag)
			*stamp_of(e, whole) = *stamp_of(e, m);
	}
	rte_pktmbuf_free(m);
	return whole;
}

static void fill(const struct ethdev *e, struct rte_mbuf *m, struct sl_packet *pkt, uint64_t now)
{
	pkt->data = rte_pktmbuf_mtod(m, const uint8_t *);
	pkt->len = m->data_len;
	pkt->wire_len = m->pkt_len;
	pkt->ts_ns = now;
	pkt->owner = owner_of(m);
	pkt->rss_hash = 0;
	pkt->salt = 0;
	pkt->linktype = SL_LINK_ETHERNET;
	pkt->port = e->port.number;
	pkt->flags = pkt->wire_len > pkt->len ? SL_PKT_CUT : 0;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		pkt->flags |= SL_PKT_VLAN_STRIPPED;
		pkt->vlan[0] = m->vlan_tci & 0x0fff;
	}
	pkt->flow = NULL;
}

/* Each pass of a file without end has addresses of its own, as that of a looped replay. */
static void freshen(const struct ethdev *e, struct eth_queue *q, struct sl_packet *pkt, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		pkt[i].salt = fresh_salt(e->fresh_bits, q->round);
		if (++q->at == e->round_packets) {
			q->at = 0;
			q->round++;
		}
	}
}

/* Where the packet belongs; a device that is proven put it there. */
static uint32_t home_of(struct proof *proof, uint16_t queue, const struct rte_mbuf *m)
{
	bool hashed = (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
	if (proof_state(proof) == PROOF_HOLDS)
		return queue;
	return proof_look(proof, queue, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
		hashed ? &m->hash.rss : NULL);
}

uint16_t ethdev_burst(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t max)
{
	struct ethdev *e = (struct ethdev *)p;
	struct eth_queue *q = &e->queue[queue];
	struct rte_mbuf *m[SL_BURST];
	uint16_t n = 0;
	bool last = atomic_load_explicit(&e->quiet, memory_order_relaxed);
	if (last && q->ended)
		return 0;
	uint16_t got = rte_eth_rx_burst(e->id, queue, m, max);
	q->after += last ? got : 0;
	q->ended = last && (got == 0 || q->after >= e->descriptors);
	if (got == 0)
		return 0;
	uint64_t now = wall_now(e->port.wall), bytes = 0, merged = 0;
	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (uint16_t i = 0; i < got; i++) {
		bytes += m[i]->pkt_len;
		merged += m[i]->pkt_len > FRAME_MAX;
		if (m[i]->nb_segs > 1)
			m[i] = joined(e, q, m[i]);
		if (m[i] == NULL)
			continue;
		uint64_t at = stamp(e, q, m[i], now);
		fill(e, m[i], &pkt[n], at > 0 ? at : now + n); /* each has a time of its own */
		if (p->proof != NULL)
			pkt[n].rss_hash = home_of(p->proof, queue, m[i]);
		n++;
	}
	if (e->round_packets > 0)
		freshen(e, q, pkt, n);
	tally_add(&q->tally.packets, n);
	tally_add(&q->tally.bytes, bytes);
	if (merged > 0)
		tally_add(&q->tally.merged, merged);
	return n;
}

void ethdev_release(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t n)
{
	struct rte_mbuf *m[SL_BURST];
	(void)p;
	(void)queue;
	for (uint16_t i = 0; i < n; i++)
		m[i] = ((const struct eth_owner *)pkt[i].owner)->mbuf;
	rte_pktmbuf_free_bulk(m, n);
}

/* Not every driver can say how many packets wait. */
unsigned ethdev_fill(struct port *p, uint16_t queue)
{
	const struct ethdev *e = (const struct ethdev *)p;
	int there = rte_eth_rx_queue_count(e->id, queue);
	if (there >= 0 && e->descriptors > 0)
		return (unsigned)there * SL_QUEUE_FULL / e->descriptors;
	return rte_rdtsc() < tally_get(&e->queue[queue].full_until) ? SL_QUEUE_FULL : 0;
}

/* A burst that is empty had nothing to give; after quiet, what stood in the queue is read out. */
bool ethdev_drained(struct port *p, uint16_t queue)
{
	const struct ethdev *e = (const struct ethdev *)p;
	return e->queue[queue].ended || !e->quiet;
}
