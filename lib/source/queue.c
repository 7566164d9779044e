/* SPDX-License-Identifier: BSD-3-Clause */
/* queue.c - the worker's side of a replay: bursts out of the blocks that come down its lane. Runs
 * on the worker that owns the queue. Never waits, never allocates, never locks. */
#include <errno.h>

#include <rte_cycles.h>

#include <sightline/prefetch.h>

#include "fresh.h"
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
void queue_block_done(struct queue *q, struct block *b)
{
	if (b->last_pass && b->taken == b->count && b->unreleased == 0)
		(void)lane_push(&q->up, (uintptr_t)b);
}

void queue_enter(const struct replay *r, struct queue *q, uint32_t pass)
{
	q->pass = pass;
	q->salt = fresh_salt(r->fresh_bits, pass);
	q->shift_ns = pass * q->tour.period_ns;
}

struct block *queue_block(struct queue *q, uint32_t *pass)
{
	if (q->after == NULL && q->chain != NULL) {
		if (*pass + 1 < q->tour.passes) {
			++*pass;
			q->after = q->chain;
		} else {
			q->chain = NULL;
		}
	}
	struct block *b = q->after;
	if (b == NULL)
		return NULL;
	q->after = b->next;
	b->taken = 0;
	b->last_pass = q->tour.back && *pass + 1 == q->tour.passes;
	return b;
}

/* The next chain off the lane; false: *mark is what is there instead. */
static bool begin(const struct replay *r, struct queue *q, uintptr_t *mark)
{
	*mark = lane_pop(&q->down);
	if (*mark < LANE_MARKS)
		return false;
	q->chain = q->after = (struct block *)*mark;
	q->tour = q->chain->tour[q->rehearsing];
	queue_enter(r, q, 0);
	if (q->begin_tsc == 0)
		q->begin_tsc = q->tour.begin_tsc != 0 ? q->tour.begin_tsc : rte_rdtsc();
	return true;
}

/* The next block there is; NULL: *mark. */
static struct block *block_next(const struct replay *r, struct queue *q, uintptr_t *mark)
{
	uint32_t pass = q->pass;
	struct block *b = queue_block(q, &pass);
	if (b == NULL) {
		if (!begin(r, q, mark))
			return NULL;
		pass = 0;
		b = queue_block(q, &pass);
	}
	if (pass != q->pass)
		queue_enter(r, q, pass);
	return b;
}

static inline void fill(
	const struct queue *q, struct block *b, const struct slot *slot, struct sl_packet *pkt)
{
	const uint8_t *data = b->mem + slot->at;
	sl_prefetch(data);
	pkt->data = data;
	pkt->len = slot->len;
	pkt->wire_len = slot->wire_len;
	pkt->ts_ns = slot->ts_ns + q->shift_ns;
	pkt->clock_ns = slot->clock_ns + q->shift_ns;
	pkt->owner = b;
	pkt->rss_hash = slot->hash;
	pkt->salt = q->salt;
	pkt->linktype = slot->linktype;
	pkt->port = slot->capture;
	pkt->flags = slot->wire_len > slot->len ? SL_PKT_CUT : 0;
	pkt->flow = NULL;
}

void queue_fill(const struct queue *q, struct block *b, uint32_t slot, struct sl_packet *pkt)
{
	fill(q, b, block_slot(b, slot), pkt);
}

/* Of the capture's packets or of its rehearsal's there are no more. */
static void span_end(struct queue *q)
{
	if (q->begin_tsc != 0)
		add_relaxed(&q->span[q->rehearsing].cycles, rte_rdtsc() - q->begin_tsc);
	q->begin_tsc = 0;
	q->rehearsing = false;
}

/* After a stop: one END_CAPTURE, so that the worker flushes, and then the end. No queue says it
 * more often than there are captures. */
static enum sl_rx stopped(const struct replay *r, struct queue *q, struct sl_packet *pkt)
{
	pkt->ts_ns = 0;
	bool rehearsing = q->rehearsing;
	span_end(q);
	if (rehearsing)
		return SL_RX_END_CAPTURE;
	if (q->ended || q->stop_said || q->captures_ended == r->o.path_count)
		return SL_RX_END;
	q->stop_said = true;
	return SL_RX_END_CAPTURE;
}

static enum sl_rx capture_ended(const struct replay *r, struct queue *q, struct sl_packet *pkt)
{
	pkt->ts_ns = q->rehearsing ? 0 : r->end_ns[q->captures_ended++];
	span_end(q);
	return SL_RX_END_CAPTURE;
}

static enum sl_rx said(
	const struct replay *r, struct queue *q, uintptr_t mark, struct sl_packet *pkt)
{
	if (mark == LANE_END_CAPTURE)
		return capture_ended(r, q, pkt);
	if (mark == LANE_REHEARSAL)
		q->rehearsing = true;
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
	const struct slot *slot = block_slot(b, b->taken);
	for (uint16_t i = 0; i < got; i++)
		fill(q, b, slot + i, pkt + i);
	b->taken += got;
	b->unreleased += got;
	if (b->taken == b->count)
		q->current = NULL;
	add_relaxed(&q->span[q->rehearsing].packets, got);
	*n = got;
	return SL_RX_OK;
}

static unsigned paced_fill(struct sl_source *s, uint16_t queue)
{
	return pace_fill(&((struct replay *)s)->queues[queue]);
}

static enum sl_rx paced_rx_burst(
	struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t max, uint16_t *n)
{
	struct replay *r = (struct replay *)s;
	struct queue *q = &r->queues[queue];
	*n = 0;
	if (atomic_load_explicit(&r->stop, memory_order_relaxed))
		return stopped(r, q, pkt);
	if (!pace_busy(q)) {
		uintptr_t mark;
		q->now_ns = 0;
		if (!begin(r, q, &mark)) {
			if (mark == LANE_EMPTY)
				atomic_store_explicit(
					&q->idle_at, q->captures_ended + 1, memory_order_relaxed);
			return said(r, q, mark, pkt);
		}
		pace_begin(r, q);
	}
	*n = pace_take(r, q, pkt, max < SL_BURST ? max : SL_BURST);
	add_relaxed(&q->span[0].packets, *n);
	return SL_RX_OK;
}

static void replay_release(struct sl_source *s, uint16_t queue, struct sl_packet *pkt, uint16_t n)
{
	if (n == 0)
		return;
	struct queue *q = &((struct replay *)s)->queues[queue];
	struct block *b = pkt->owner;
	b->unreleased -= n;
	queue_block_done(q, b);
}

static uint64_t replay_now(struct sl_source *s, uint16_t queue)
{
	return ((struct replay *)s)->queues[queue].now_ns;
}

const struct sl_source_ops replay_ops = {
	.name = "replay",
	.rx_burst = replay_rx_burst,
	.release = replay_release,
	.now = replay_now,
	.start = sl_replay_start,
	.stop = sl_replay_stop,
	.close = replay_close,
};

const struct sl_source_ops paced_ops = {
	.name = "paced replay",
	.rx_burst = paced_rx_burst,
	.fill = paced_fill,
	.release = replay_release,
	.now = replay_now,
	.start = sl_replay_start,
	.stop = sl_replay_stop,
	.close = replay_close,
};
