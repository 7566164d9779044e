/* SPDX-License-Identifier: BSD-3-Clause */
/* queue.c - the worker's side of a replay: bursts out of the blocks that come down its lane. Runs
 * on the worker that owns the queue. Never waits, never allocates, never locks. */
#include <errno.h>

#include "replay.h"

#include <sightline/hot.h>

bool lane_push(struct lane *l, uintptr_t entry)
{
	uint32_t head = atomic_load_explicit(&l->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&l->tail, memory_order_acquire) > l->mask)
		return false;
	l->entry[head & l->mask] = entry;
	atomic_store_explicit(&l->head, head + 1, memory_order_release);
	return true;
}

uintptr_t lane_pop(struct lane *l)
{
	uint32_t tail = atomic_load_explicit(&l->tail, memory_order_relaxed);
	if (tail == atomic_load_explicit(&l->head, memory_order_acquire))
		return LANE_EMPTY;
	uintptr_t entry = l->entry[tail & l->mask];
	atomic_store_explicit(&l->tail, tail + 1, memory_order_release);
	return entry;
}

/* A block goes back once its last pass is read out and nothing of it is in use. The lane has room
 * for every block there is. */
static void block_done(struct queue *q, struct block *b)
{
	if (b->last_pass && b->taken == b->count && b->unreleased == 0 && b->held == 0)
		(void)lane_push(&q->up, (uintptr_t)b);
}

/* The chain's next block, its first one again for another pass, or the next chain; NULL: *mark. */
static struct block *block_next(const struct replay *r, struct queue *q, uintptr_t *mark)
{
	*mark = LANE_EMPTY;
	if (q->after == NULL && q->chain != NULL) {
		if (q->pass + 1 < r->o.loop) {
			q->pass++;
			q->shift_ns += q->chain->period_ns;
			q->after = q->chain;
		} else {
			q->chain = NULL;
		}
	}
	struct block *b = q->after;
	if (b == NULL) {
		uintptr_t entry = lane_pop(&q->down);
		if (entry < LANE_MARKS) {
			*mark = entry;
			return NULL;
		}
		b = q->chain = (struct block *)entry;
		q->pass = 0;
		q->shift_ns = 0;
	}
	q->after = b->next;
	b->taken = 0;
	b->last_pass = q->pass + 1 == r->o.loop;
	return b;
}

static void fill(const struct queue *q, struct block *b, struct sl_packet *pkt, uint16_t n)
{
	const struct slot *slot = (const struct slot *)(const void *)b->mem + b->taken;
	for (uint16_t i = 0; i < n; i++, slot++, pkt++) {
		const uint8_t *data = b->mem + slot->at;
		__builtin_prefetch(data);
		pkt->data = data;
		pkt->len = slot->len;
		pkt->wire_len = slot->wire_len;
		pkt->ts_ns = slot->ts_ns + q->shift_ns;
		pkt->clock_ns = slot->clock_ns + q->shift_ns;
		pkt->owner = b;
		pkt->rss_hash = slot->hash;
		pkt->salt = q->pass;
		pkt->linktype = slot->linktype;
		pkt->port = slot->capture;
		pkt->flags = slot->wire_len > slot->len ? SL_PKT_CUT : 0;
		pkt->flow = NULL;
	}
}

/* After a stop: one END_CAPTURE, so that the worker flushes, and then the end. No queue says it
 * more often than there are captures. */
static enum sl_rx stopped(const struct replay *r, struct queue *q, struct sl_packet *pkt)
{
	pkt->ts_ns = 0;
	if (q->ended || q->stop_said || q->captures_ended == r->o.path_count)
		return SL_RX_END;
	q->stop_said = true;
	return SL_RX_END_CAPTURE;
}

static enum sl_rx said(
	const struct replay *r, struct queue *q, uintptr_t mark, struct sl_packet *pkt)
{
	if (mark == LANE_END_CAPTURE) {
		pkt->ts_ns = r->end_ns[q->captures_ended++];
		return SL_RX_END_CAPTURE;
	}
	if (mark == LANE_END)
		q->ended = true;
	return q->ended ? SL_RX_END : SL_RX_OK;
}

/* A burst never spans two blocks, so that its first packet names the block of all. */
static enum sl_rx replay_rx_burst(
	struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t max, uint16_t *n)
{
	struct replay *r = (struct replay *)s;
	struct queue *q = &r->queues[queue];
	*n = 0;
	if (atomic_load_explicit(&r->stop, memory_order_relaxed))
		return stopped(r, q, pkt);
	struct block *b = q->current;
	if (b == NULL) {
		uintptr_t mark;
		/* Before the lane is seen to be empty; see tell_reached. */
		q->now_ns = atomic_load_explicit(&q->reached_ns, memory_order_acquire);
		b = q->current = block_next(r, q, &mark);
		if (b == NULL)
			return said(r, q, mark, pkt);
	}
	uint32_t left = b->count - b->taken;
	uint16_t got = left < max ? (uint16_t)left : max;
	if (got > SL_BURST)
		got = SL_BURST;
	fill(q, b, pkt, got);
	b->taken += got;
	b->unreleased += got;
	if (b->taken == b->count)
		q->current = NULL;
	uint64_t delivered = atomic_load_explicit(&q->delivered, memory_order_relaxed);
	atomic_store_explicit(&q->delivered, delivered + got, memory_order_relaxed);
	*n = got;
	return SL_RX_OK;
}

static void replay_release(struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t n)
{
	if (n == 0)
		return;
	struct queue *q = &((struct replay *)s)->queues[queue];
	struct block *b = pkt->owner;
	b->unreleased -= n;
	block_done(q, b);
}

/* A block that is held already costs nothing more to hold. */
static int replay_hold(struct sl_source *s, uint16_t queue, struct sl_packet *pkt)
{
	struct replay *r = (struct replay *)s;
	struct queue *q = &r->queues[queue];
	struct block *b = pkt->owner;
	if (b->held == 0) {
		if (q->held_blocks >= r->held_max)
			return -ENOBUFS;
		q->held_blocks++;
	}
	b->held++;
	return 0;
}

static void replay_drop_held(struct sl_source *s, uint16_t queue, void *owner)
{
	struct queue *q = &((struct replay *)s)->queues[queue];
	struct block *b = owner;
	if (--b->held > 0)
		return;
	q->held_blocks--;
	block_done(q, b);
}

static uint64_t replay_now(struct sl_source *s, uint16_t queue)
{
	return ((struct replay *)s)->queues[queue].now_ns;
}

const struct sl_source_ops replay_ops = {
	.name = "replay",
	.rx_burst = replay_rx_burst,
	.release = replay_release,
	.hold = replay_hold,
	.drop_held = replay_drop_held,
	.now = replay_now,
	.close = replay_close,
};
