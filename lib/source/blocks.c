/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks.c - the pool of a replay and the blocks being filled. Runs on the loader, which alone may
 * wait: for a worker to give a block back. The pool grows as it is needed, up to its bound, so that
 * a small capture costs little. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sightline/mem.h>

#include "replay.h"

#ifdef SOURCE_POISON
#include <sanitizer/asan_interface.h>
#define POISON_GAP 32
#define poison(p, len) ASAN_POISON_MEMORY_REGION(p, len)
#define unpoison(p, len) ASAN_UNPOISON_MEMORY_REGION(p, len)
#else
#define POISON_GAP 0
#define poison(p, len) ((void)0)
#define unpoison(p, len) ((void)0)
#endif

#define ALIGN 8
#define SLAB_BYTES (SLAB_BLOCKS * BLOCK_BYTES)
#define WAIT_NS 50000 /* a worker empties a block in some 100 us */
#define LANE_SPARE 64

static int lane_init(struct lane *l, uint32_t entries)
{
	uint32_t size = LANE_SPARE;
	while (size < entries)
		size *= 2;
	l->entry = calloc(size, sizeof(*l->entry));
	l->mask = size - 1;
	return l->entry != NULL ? 0 : -ENOMEM;
}

/* Every queue may be filling a block, reading one and have one on its way, and the loader still
 * finds one to go on with. */
static uint32_t blocks_least(const struct replay *r)
{
	return 3 * r->o.queues + 1;
}

int blocks_init(struct replay *r)
{
	size_t max = r->o.memory_bytes / BLOCK_BYTES;
	if (max < blocks_least(r))
		max = blocks_least(r);
	r->block_max = max < UINT32_MAX / 4 ? (uint32_t)max : UINT32_MAX / 4;
	r->blocks = calloc(r->block_max, sizeof(*r->blocks));
	r->queues = aligned_alloc(alignof(struct queue), r->o.queues * sizeof(*r->queues));
	if (r->blocks == NULL || r->queues == NULL)
		return -ENOMEM;
	memset(r->queues, 0, r->o.queues * sizeof(*r->queues));
	for (unsigned i = 0; i < r->o.queues; i++)
		if (lane_init(&r->queues[i].down, r->block_max + LANE_SPARE) < 0 ||
			lane_init(&r->queues[i].up, r->block_max) < 0)
			return -ENOMEM;
	return 0;
}

void blocks_fini(struct replay *r)
{
	for (unsigned i = 0; r->queues != NULL && i < r->o.queues; i++) {
		free(r->queues[i].down.entry);
		free(r->queues[i].up.entry);
	}
	for (uint32_t i = 0; i < r->block_count; i += SLAB_BLOCKS) {
		unpoison(r->blocks[i].mem, SLAB_BYTES);
		sl_mem_unmap(r->blocks[i].mem, SLAB_BYTES);
	}
	free(r->queues);
	free(r->blocks);
}

static void block_spare(struct replay *r, struct block *b)
{
	b->next = r->spare;
	r->spare = b;
}

/* The last slab may be used in part, so that the bound holds. */
static bool grow(struct replay *r)
{
	if (r->block_count >= r->block_max)
		return false;
	uint8_t *p = sl_mem_map(SLAB_BYTES);
	if (p == NULL)
		return false;
	add_relaxed(&r->mapped_bytes, SLAB_BYTES);
	if (sl_mem_is_huge(p))
		add_relaxed(&r->huge_bytes, SLAB_BYTES);
	for (unsigned i = 0; i < SLAB_BLOCKS && r->block_count < r->block_max; i++) {
		struct block *b = &r->blocks[r->block_count++];
		b->mem = p + i * BLOCK_BYTES;
		block_spare(r, b);
	}
	return true;
}

static void take_back(struct replay *r)
{
	for (unsigned i = 0; i < r->o.queues; i++) {
		uintptr_t b;
		while ((b = lane_pop(&r->queues[i].up)) != LANE_EMPTY) {
			block_spare(r, (struct block *)b);
			r->outstanding--;
		}
	}
}

static bool stopping(struct replay *r)
{
	return atomic_load_explicit(&r->stop, memory_order_relaxed);
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = WAIT_NS }, NULL);
}

/* A lane has room for all blocks, but captures without packets may fill it with marks. */
static void send(struct replay *r, struct queue *q, uintptr_t entry)
{
	while (!lane_push(&q->down, entry) && !stopping(r))
		wait_a_little();
}

static void send_block(struct replay *r, struct queue *q, struct block *b)
{
	r->outstanding++;
	r->sent++;
	send(r, q, (uintptr_t)b);
}

void block_seal(struct replay *r, struct queue *q)
{
	struct block *b = q->filling;
	q->filling = NULL;
	if (b == NULL)
		return;
	if (!r->keep) {
		b->tour[0] = (struct tour){ .passes = 1, .back = true };
		send_block(r, q, b);
		return;
	}
	if (q->last_kept != NULL)
		q->last_kept->next = b;
	else
		q->first_kept = b;
	q->last_kept = b;
}

/* How far the queues are of which nothing is kept back. The release store pairs with the worker's
 * acquire load: who sees the time and then an empty lane has had all packets before it. */
static void tell_reached(struct replay *r)
{
	for (unsigned i = 0; i < r->o.queues; i++)
		if (r->queues[i].filling == NULL)
			atomic_store_explicit(
				&r->queues[i].reached_ns, r->highest_ns, memory_order_release);
}

void blocks_flush(struct replay *r)
{
	if (r->keep)
		return;
	for (unsigned i = 0; i < r->o.queues; i++)
		block_seal(r, &r->queues[i]);
	tell_reached(r);
}

/* A queue with little traffic must not keep back what is long past for the others. */
static void flush_late(struct replay *r)
{
	if (r->keep)
		return;
	for (unsigned i = 0; i < r->o.queues; i++) {
		struct queue *q = &r->queues[i];
		if (q->filling != NULL && r->sent - q->filling->opened > 4 * (uint64_t)r->o.queues)
			block_seal(r, q);
	}
	tell_reached(r);
}

static struct block *block_take(struct replay *r, int *error)
{
	*error = 0;
	for (;;) {
		take_back(r);
		if (r->spare != NULL || grow(r))
			break;
		if (stopping(r))
			return NULL;
		if (r->block_count == 0) {
			*error = -ENOMEM;
			return NULL;
		}
		/* Half-filled blocks must not be what everybody waits for. */
		blocks_flush(r);
		if (r->outstanding == 0) {
			*error = -EFBIG;
			return NULL;
		}
		wait_a_little();
	}
	struct block *b = r->spare;
	r->spare = b->next;
	unpoison(b->mem, BLOCK_BYTES);
	b->next = NULL;
	b->count = 0;
	b->top = BLOCK_BYTES;
	b->taken = b->unreleased = 0;
	b->opened = r->sent;
	return b;
}

static bool fits(const struct block *b, uint32_t len)
{
	size_t slots = (b->count + (size_t)1) * sizeof(struct slot);
	return slots + len + POISON_GAP + ALIGN <= b->top;
}

uint8_t *block_room(struct replay *r, struct queue *q, uint32_t len, struct slot **slot, int *error)
{
	if (q->filling != NULL && !fits(q->filling, len)) {
		block_seal(r, q);
		flush_late(r);
	}
	if (q->filling == NULL)
		q->filling = block_take(r, error);
	struct block *b = q->filling;
	if (b == NULL)
		return NULL;
	uint32_t top = b->top;
	b->top = (top - POISON_GAP - len) & ~(uint32_t)(ALIGN - 1);
	poison(b->mem + b->top + len, top - b->top - len);
	*slot = (struct slot *)(void *)b->mem + b->count++;
	(*slot)->at = b->top;
	(*slot)->len = len;
	return b->mem + b->top;
}

/* They are the worker's from the moment that they are sent to come back. */
void blocks_send_kept(struct replay *r, const struct tour *tour)
{
	for (unsigned i = 0; i < r->o.queues; i++) {
		struct queue *q = &r->queues[i];
		block_seal(r, q);
		struct block *first = q->first_kept;
		if (first == NULL)
			continue;
		if (tour->back)
			q->first_kept = q->last_kept = NULL;
		first->tour[!tour->back] = *tour;
		for (const struct block *b = first; tour->back && b != NULL; b = b->next)
			r->outstanding++;
		send(r, q, (uintptr_t)first);
	}
}

bool blocks_await_idle(struct replay *r, unsigned captures)
{
	for (unsigned i = 0; i < r->o.queues; i++)
		while (atomic_load_explicit(&r->queues[i].idle_at, memory_order_relaxed) !=
			captures + 1) {
			if (stopping(r))
				return false;
			wait_a_little();
		}
	return true;
}

void blocks_drop_kept(struct replay *r)
{
	for (unsigned i = 0; i < r->o.queues; i++) {
		struct queue *q = &r->queues[i];
		block_seal(r, q);
		while (q->first_kept != NULL) {
			struct block *b = q->first_kept;
			q->first_kept = b->next;
			block_spare(r, b);
		}
		q->last_kept = NULL;
	}
}

void blocks_send_mark(struct replay *r, uintptr_t mark)
{
	for (unsigned i = 0; i < r->o.queues; i++) {
		struct queue *q = &r->queues[i];
		/* Before the mark: behind it another capture's time begins. */
		atomic_store_explicit(&q->reached_ns, 0, memory_order_release);
		send(r, q, mark);
	}
}
