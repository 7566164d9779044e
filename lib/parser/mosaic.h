/* SPDX-License-Identifier: BSD-3-Clause */
/* mosaic.h - bytes that come in pieces of any order, laid where they belong in a buffer of the
 * worker's pool: CRYPTO frames of QUIC, fragments of DTLS. The buffer grows with what really came,
 * and how many runs with holes between them are kept is bounded. Where pieces overlap, the first
 * bytes stay. */
#ifndef PARSER_MOSAIC_H
#define PARSER_MOSAIC_H

#include <sightline/parser.h>

#define MOSAIC_MAX 65535 /* what a unit of the pool can hold */
#define MOSAIC_RUNS 32

struct mosaic {
	uint8_t *p; /* the pool's; NULL: nothing came yet */
	uint16_t size; /* of p */
	uint16_t taken; /* bytes at the front that were read */
	uint16_t runs;
	struct mosaic_run {
		uint16_t from, to;
	} run[MOSAIC_RUNS]; /* in order, with holes between them */
};

/* Lays bytes at `offset`. False: there are too many holes, it lies beyond MOSAIC_MAX, or the pool
 * has no more, which is counted. */
bool mosaic_put(struct mosaic *m, struct sl_batch *b, size_t offset, struct sl_span in);
/* What lies together from the front on, without what was taken. */
struct sl_span mosaic_front(const struct mosaic *m);
/* The first n bytes of that were read. */
void mosaic_take(struct mosaic *m, size_t n);
/* Forgets what was taken: later offsets count from there. Returns how many bytes these were, and
 * gives the buffer back where nothing is left. */
size_t mosaic_settle(struct mosaic *m, struct sl_batch *b);
void mosaic_drop(struct mosaic *m, struct sl_batch *b);

#endif
