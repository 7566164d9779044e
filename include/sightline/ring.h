/* SPDX-License-Identifier: BSD-3-Clause */
/* ring.h - a ring of variable-length records from one writer thread to one reader thread.
 * Writer and reader never wait for each other here: full and empty are return values. The writer's
 * release store of its position pairs with the reader's acquire load, and the other way round. */
#ifndef SIGHTLINE_RING_H
#define SIGHTLINE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_ring;

/* A ring of `bytes` (rounded up to a power of two, 64 KiB at least). 0, -ENOMEM. */
int sl_ring_new(struct sl_ring **out, size_t bytes);
void sl_ring_free(struct sl_ring *r);

/* Writer: room for one record of `len` bytes, contiguous, aligned to 8; NULL where the ring is full
 * (or len is more than a quarter of it). Nothing is seen by the reader before the commit. */
void *sl_ring_reserve(struct sl_ring *r, uint32_t len);
void sl_ring_commit(struct sl_ring *r);
/* Largest record that can ever fit. */
uint32_t sl_ring_max(const struct sl_ring *r);

/* Reader: the oldest record and its length, or NULL; valid until sl_ring_pop. */
const void *sl_ring_peek(struct sl_ring *r, uint32_t *len);
void sl_ring_pop(struct sl_ring *r);
/* Positions only grow: what was committed when the head was at h has been popped once the tail is
 * at h. Any thread. */
uint64_t sl_ring_head(const struct sl_ring *r);
uint64_t sl_ring_tail(const struct sl_ring *r);
/* Either side: bytes in use, a moment's estimate. */
size_t sl_ring_used(const struct sl_ring *r);

#endif
