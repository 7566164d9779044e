/* SPDX-License-Identifier: BSD-3-Clause */
/* ring.c - variable-length records from one writer to one reader. Positions only grow; each side
 * caches the other's, so that a shared line moves once for many records. A record that would not
 * fit before the end of the buffer is preceded by a filler, so that each lies in one piece. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <sightline/mem.h>
#include <sightline/ring.h>

#define FILLER UINT32_MAX

struct header {
	uint32_t len; /* of the record, or FILLER: go on at the start of the buffer */
	uint32_t unused;
};

struct sl_ring {
	uint8_t *buf;
	size_t size; /* power of two */
	_Alignas(64) _Atomic uint64_t head; /* writer's release, reader's acquire */
	uint64_t reserved; /* writer: head after the pending commit */
	uint64_t seen_tail; /* writer's copy of tail */
	_Alignas(64) _Atomic uint64_t tail; /* reader's release, writer's acquire */
	uint64_t seen_head; /* reader's copy of head */
};

static size_t stride(uint32_t len)
{
	return sizeof(struct header) + ((size_t)len + 7) / 8 * 8;
}

int sl_ring_new(struct sl_ring **out, size_t bytes)
{
	size_t size = (size_t)64 << 10;
	if (bytes > SIZE_MAX / 4)
		return -ENOMEM;
	while (size < bytes)
		size *= 2;
	struct sl_ring *r = aligned_alloc(64, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	*r = (struct sl_ring){ .buf = sl_mem_map(size), .size = size };
	if (r->buf == NULL) {
		free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void sl_ring_free(struct sl_ring *r)
{
	if (r == NULL)
		return;
	sl_mem_unmap(r->buf, r->size);
	free(r);
}

uint32_t sl_ring_max(const struct sl_ring *r)
{
	return (uint32_t)(r->size / 4);
}

void *sl_ring_reserve(struct sl_ring *r, uint32_t len)
{
	if (len > sl_ring_max(r))
		return NULL;
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t need = stride(len), at = head & (r->size - 1), to_end = r->size - at;
	size_t fill = to_end < need ? to_end : 0;
	if (head + fill + need - r->seen_tail > r->size) {
		r->seen_tail = atomic_load_explicit(&r->tail, memory_order_acquire);
		if (head + fill + need - r->seen_tail > r->size)
			return NULL;
	}
	if (fill > 0) {
		((struct header *)(void *)(r->buf + at))->len = FILLER;
		at = 0;
	}
	struct header *h = (struct header *)(void *)(r->buf + at);
	h->len = len;
	r->reserved = head + fill + need;
	return h + 1;
}

void sl_ring_commit(struct sl_ring *r)
{
	atomic_store_explicit(&r->head, r->reserved, memory_order_release);
}

const void *sl_ring_peek(struct sl_ring *r, uint32_t *len)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (tail == r->seen_head) {
		r->seen_head = atomic_load_explicit(&r->head, memory_order_acquire);
		if (tail == r->seen_head)
			return NULL;
	}
	const struct header *h =
		(const struct header *)(const void *)(r->buf + (tail & (r->size - 1)));
	if (h->len == FILLER) {
		tail += r->size - (tail & (r->size - 1));
		atomic_store_explicit(&r->tail, tail, memory_order_release);
		h = (const struct header *)(const void *)r->buf;
	}
	*len = h->len;
	return h + 1;
}

void sl_ring_pop(struct sl_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	const struct header *h =
		(const struct header *)(const void *)(r->buf + (tail & (r->size - 1)));
	atomic_store_explicit(&r->tail, tail + stride(h->len), memory_order_release);
}

size_t sl_ring_used(const struct sl_ring *r)
{
	struct sl_ring *m = (struct sl_ring *)(uintptr_t)r;
	uint64_t tail = atomic_load_explicit(&m->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&m->head, memory_order_relaxed);
	return head > tail ? (size_t)(head - tail) : 0;
}

uint64_t sl_ring_head(const struct sl_ring *r)
{
	return atomic_load_explicit(&((struct sl_ring *)(uintptr_t)r)->head, memory_order_acquire);
}

uint64_t sl_ring_tail(const struct sl_ring *r)
{
	return atomic_load_explicit(&((struct sl_ring *)(uintptr_t)r)->tail, memory_order_acquire);
}
