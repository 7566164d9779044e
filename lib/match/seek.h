/* SPDX-License-Identifier: BSD-3-Clause */
/* seek.h - the look-up of one observable in the sets of a ruleset, in steps, so that the memory of
 * many can be on its way at once: begin hashes, fetch prefetches, maybe asks the filters, take
 * walks the tables. */
#ifndef SL_MATCH_SEEK_H
#define SL_MATCH_SEEK_H

#include "set.h"

/* How a value stands to the one that is listed. */
enum relation { WHOLE, BELOW, BEGINS };

/* What a value has to be made ready for: the sets that are asked about it, together. */
struct reach {
	uint32_t longest; /* listed name */
	uint8_t first; /* labels of the shortest suffix that is looked up */
	bool schemeless; /* URLs are listed without their scheme */
};

/* What is asked about one observable. */
struct seek {
	const struct sl_observable *obs;
	const uint8_t *text; /* name or other text; NULL: none */
	uint32_t len;
	uint32_t from; /* name: where its shortest suffix that can be listed begins */
	uint32_t tail; /* URL: where what follows the scheme begins; 0: not asked */
	uint8_t version; /* of addr; 0: no address */
	uint8_t first; /* labels behind `from` */
	bool name, cut;
	union sl_addr addr;
	uint64_t addr_hash, text_hash, tail_hash;
	uint8_t mac[17];
};

/* What the filters of one set said. */
struct maybe {
	bool host, whole; /* of addresses and of text */
	uint64_t lengths; /* of prefixes that may cover it, by their bits */
};

/* Where satisfied indicators go. */
struct take {
	const struct set *set;
	const struct seek *seek;
	const struct maybe *maybe;
	enum sl_validity validity;
	uint32_t layer; /* of the set, as it stands in the numbers of its indicators */
	const uint64_t *gone; /* a bit by indicator: taken out since; NULL: none was */
	const uint32_t *born; /* by indicator; NULL: all old enough */
	uint32_t newer_than; /* only indicators born later count */
	struct sl_hit *hit; /* room for SL_HITS_PER_OBS */
	uint16_t obs;
	uint32_t n, cut; /* hits, and those beyond SL_HITS_PER_OBS */
	bool leaf_cut; /* one on a leaf may be among those beyond */
	bool undone; /* one of the hits undoes those of its source */
	bool known; /* an indicator of this listing was passed over because it isn't newer */
};

/* Whether an indicator of a listing that was found is satisfied; *how: as what. */
bool seek_holds(const struct set *s, const struct sl_entry *e, const struct sl_observable *o,
	enum sl_validity validity, enum relation r, uint8_t *how);
/* find.c: the node of a name; NULL: there is none. Worker. */
const struct name_node *name_find(
	const struct set *s, uint64_t hash, const uint8_t *text, size_t len);
void reach_add(struct reach *r, const struct set *s);
/* Key: the sets'. */
void seek_begin(struct seek *k, const struct set *key, const struct reach *r,
	const struct sl_observable *o);
void seek_fetch(const struct seek *k, const struct set *s);
/* False: nothing in the set is satisfied. */
bool seek_maybe(const struct seek *k, const struct set *s, struct maybe *m);
/* Whether a listed prefix of the length at `place` may cover the address; and the hash of that. */
static inline bool prefix_maybe(const struct set *s, const struct prefixes *p,
	const union sl_addr *a, unsigned place, union sl_addr *masked, uint64_t *hash)
{
	*masked = addr_masked(a, p->length[place]);
	*hash = prefix_hash(s, masked, p->length[place]);
	return tags_maybe(&p->tags, *hash);
}

/* Of the listed prefixes the lengths, by their bits, of those that may cover an address. */
uint64_t seek_prefixes(
	const struct set *s, const struct prefixes *p, const union sl_addr *a, uint8_t version);
void seek_address(struct take *t);
void seek_text(struct take *t);

#endif
