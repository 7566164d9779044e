/* SPDX-License-Identifier: BSD-3-Clause */
/* seek.h - the look-up of one observable in one set, in three steps, so that the memory of many can
 * be on its way at once: begin hashes and prefetches, maybe asks the filters, take walks the
 * tables. */
#ifndef SL_MATCH_SEEK_H
#define SL_MATCH_SEEK_H

#include "set.h"

/* How a value stands to the one that is listed. */
enum relation { WHOLE, BELOW, BEGINS };

/* What is asked of the set about one observable. */
struct seek {
	const struct sl_observable *obs;
	const uint8_t *text; /* name or other text; NULL: none */
	uint32_t len;
	uint32_t from; /* name: where its shortest suffix that can be listed begins */
	uint32_t tail; /* URL: where what follows the scheme begins; 0: not asked */
	uint8_t version; /* of addr; 0: no address */
	bool name, cut;
	bool host, whole; /* what the filters of addresses and of text said */
	union sl_addr addr;
	uint64_t addr_hash, text_hash, tail_hash;
	uint64_t lengths; /* of prefixes that may cover it, by their bits */
	uint8_t mac[17];
};

/* Where satisfied indicators go. */
struct take {
	const struct set *set;
	const struct seek *seek;
	enum sl_validity validity;
	const uint32_t *born; /* by indicator; NULL: all old enough */
	uint32_t newer_than; /* only indicators born later count */
	struct sl_hit *hit; /* room for SL_HITS_PER_OBS */
	uint16_t obs;
	uint32_t n, cut; /* hits, and those beyond SL_HITS_PER_OBS */
	bool undone; /* one of the hits undoes those of its source */
	bool known; /* an indicator of this listing was passed over because it isn't newer */
};

/* Whether an indicator of a listing that was found is satisfied; *how: as what. */
bool seek_holds(const struct set *s, const struct sl_entry *e, const struct sl_observable *o,
	enum sl_validity validity, enum relation r, uint8_t *how);
/* lookup.c: whether one of these hits says that what its source lists here is benign. */
bool hit_undone(const struct set *s, const struct sl_hit *hit, uint32_t n, const char *source);
void seek_begin(struct seek *k, const struct set *s, const struct sl_observable *o);
/* False: nothing in the set is satisfied. */
bool seek_maybe(struct seek *k, const struct set *s);
void seek_address(struct take *t);
void seek_text(struct take *t);

#endif
