/* SPDX-License-Identifier: BSD-3-Clause */
/* waiting.h - firings that wait until every worker's clock is past them, taken in order of packet
 * time: a binary heap of a fixed size. One owner. */
#ifndef SL_MATCH_WAITING_H
#define SL_MATCH_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An indicator fired on a host. */
struct firing {
	uint64_t ts_ns, name, host;
};

struct waiting {
	struct firing *f; /* mapped */
	uint32_t n, cap;
};

int waiting_init(struct waiting *w, uint32_t cap); /* 0, -ENOMEM */
void waiting_fini(struct waiting *w);
bool waiting_full(const struct waiting *w);
void waiting_add(struct waiting *w, struct firing f); /* not where it is full */
const struct firing *waiting_first(const struct waiting *w); /* NULL: none */
struct firing waiting_pop(struct waiting *w);

#endif
