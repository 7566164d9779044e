/* SPDX-License-Identifier: BSD-3-Clause */
/* heap.h - entries by when they are due, then by creation: a binary heap that knows where each
 * entry stands. One owner. */
#ifndef SL_SIGHTING_HEAP_H
#define SL_SIGHTING_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct entry;
struct heap {
	struct entry **e;
	size_t n, cap;
};

/* Room for one more. 0, -ENOMEM. */
int heap_reserve(struct heap *h);
void heap_add(struct heap *h, struct entry *e, uint64_t due_ns);
void heap_move(struct heap *h, struct entry *e, uint64_t due_ns);
void heap_remove(struct heap *h, struct entry *e);
struct entry *heap_first(const struct heap *h);
void heap_fini(struct heap *h);

#endif
