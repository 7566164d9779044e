/* SPDX-License-Identifier: BSD-3-Clause */
/* afpacket_ring.c - bursts out of the ring that the kernel fills. Runs on the worker that owns the
 * queue. No system call, no copy. */
#include <errno.h>

#include <sightline/prefetch.h>

#include "afpacket.h"

#include <sightline/hot.h>

/* The kernel's store of the status pairs with this acquire; ours with its read of it. */
static bool block_ready(const struct af_block *b)
{
	return (__atomic_load_n(&b->desc->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		       TP_STATUS_USER) != 0;
}

/* To the kernel, once nothing of it is in use. Emptied by us: so the number of packets in a block
 * that is being filled is never that of its last use. */
static void block_done(struct af_block *b)
{
	if (!b->read_out || b->unreleased > 0)
		return;
	b->read_out = false;
	b->desc->hdr.bh1.num_pkts = 0;
	__atomic_store_n(&b->desc->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static void block_next(struct afpacket *a, struct af_queue *q)
{
	q->at = q->at + 1 == a->block_count ? 0 : q->at + 1;
}

/* False: the kernel has handed over nothing. */
static bool block_begin(struct afpacket *a, struct af_queue *q)
{
	struct af_block *b = &q->blocks[q->at];
	if (b->read_out || !block_ready(b)) /* read out and in use: the ring has come round */
		return false;
	const struct tpacket_hdr_v1 *h = &b->desc->hdr.bh1;
	q->left = h->num_pkts;
	q->next = (const void *)((const uint8_t *)b->desc + h->offset_to_first_pkt);
	if (q->left > 0)
		return true;
	b->read_out = true;
	block_done(b);
	block_next(a, q);
	return false;
}

static void fill(const struct afpacket *a, struct af_queue *q, struct sl_packet *pkt)
{
	const struct tpacket3_hdr *h = q->next;
	pkt->data = (const uint8_t *)h + h->tp_mac;
	sl_prefetch(pkt->data);
	pkt->len = h->tp_snaplen;
	pkt->wire_len = h->tp_len;
	pkt->ts_ns = (uint64_t)h->tp_sec * 1000000000 + h->tp_nsec;
	pkt->owner = &q->blocks[q->at];
	pkt->rss_hash = 0;
	pkt->salt = 0;
	pkt->linktype = a->linktype;
	pkt->port = a->port.number;
	pkt->flags = pkt->wire_len > pkt->len ? SL_PKT_CUT : 0;
	if (h->tp_status & TP_STATUS_VLAN_VALID) {
		pkt->flags |= SL_PKT_VLAN_STRIPPED;
		pkt->vlan[0] = h->hv1.tp_vlan_tci & 0x0fff;
	}
	if (h->tp_status & TP_STATUS_CSUMNOTREADY)
		pkt->flags |= SL_PKT_UNSUMMED;
	pkt->flow = NULL;
	q->next = (const void *)((const uint8_t *)h + h->tp_next_offset);
}

uint16_t afpacket_burst(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t max)
{
	struct afpacket *a = (struct afpacket *)p;
	struct af_queue *q = &a->queue[queue];
	if (q->left == 0 && !block_begin(a, q))
		return 0;
	struct af_block *b = &q->blocks[q->at];
	uint16_t n = q->left < max ? (uint16_t)q->left : max;
	uint64_t bytes = 0, merged = 0;
	for (uint16_t i = 0; i < n; i++) {
		fill(a, q, &pkt[i]);
		bytes += pkt[i].wire_len;
		merged += pkt[i].wire_len > FRAME_MAX;
	}
	q->left -= n;
	b->unreleased += n;
	if (q->left == 0) {
		b->read_out = true;
		block_next(a, q);
	}
	tally_add(&q->tally.packets, n);
	tally_add(&q->tally.bytes, bytes);
	if (merged > 0)
		tally_add(&q->tally.merged, merged);
	return n;
}

void afpacket_release(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t n)
{
	(void)p;
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		struct af_block *b = pkt[i].owner;
		b->unreleased--;
		block_done(b);
	}
}

/* Whether the block so many behind the one whose turn it is waits to be read: one that was read and
 * is in use does not. */
static bool block_waits(const struct afpacket *a, const struct af_queue *q, uint32_t behind)
{
	const struct af_block *b = &q->blocks[(q->at + behind) % a->block_count];
	return !b->read_out && block_ready(b);
}

/* The kernel fills blocks in order, so those that wait lie together: halving finds their end. */
unsigned afpacket_fill(struct port *p, uint16_t queue)
{
	const struct afpacket *a = (const struct afpacket *)p;
	const struct af_queue *q = &a->queue[queue];
	uint32_t waiting = 0, end = a->block_count; /* at least; fewer than */
	if (!block_waits(a, q, 0))
		return 0;
	while (end - waiting > 1 + a->block_count / 64) {
		uint32_t middle = waiting + (end - waiting) / 2;
		if (block_waits(a, q, middle))
			waiting = middle;
		else
			end = middle;
	}
	return (unsigned)((uint64_t)(waiting + 1) * SL_QUEUE_FULL / a->block_count);
}

/* The block whose turn it is, is the kernel's still; it may have packets in it already. */
bool afpacket_drained(struct port *p, uint16_t queue)
{
	struct afpacket *a = (struct afpacket *)p;
	struct af_queue *q = &a->queue[queue];
	const struct af_block *b = &q->blocks[q->at];
	return !b->read_out && !block_ready(b) &&
	       __atomic_load_n(&b->desc->hdr.bh1.num_pkts, __ATOMIC_ACQUIRE) == 0;
}
