/* SPDX-License-Identifier: BSD-3-Clause */
/* rows.h - private to lib/intel: rows that grow up to a bound, each found by the hash that stands
 * first in it. Hashes are keyed, so that 64 bits of them are one thing's name. Control threads. */
#ifndef SL_INTEL_ROWS_H
#define SL_INTEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows {
	char *at;
	size_t each; /* bytes of a row; set by who makes it, as is `most` */
	uint32_t count, cap, most;
	uint32_t *slot; /* 1 + row; a power of two */
	uint32_t slots;
};
/* 1 + the row, zeroed but for its hash where it was made; 0: full; -ENOMEM. Moves the rows. */
int64_t rows_get(struct rows *r, uint64_t hash, bool *made);
/* 1 + the row; 0: there is none. */
uint32_t rows_find(const struct rows *r, uint64_t hash);
void rows_free(struct rows *r);

#endif
