/* SPDX-License-Identifier: BSD-3-Clause */
/* indicators.h - indicators as sightings name them: copied out of the ruleset, which may be freed
 * while a sighting is still open, and shared by all sightings that name the same one. */
#ifndef SL_SIGHTING_INDICATORS_H
#define SL_SIGHTING_INDICATORS_H

#include <sightline/hash.h>
#include <sightline/intel.h>
#include <sightline/wire.h>

struct named; /* one counted copy */
struct indicators {
	struct named **buckets;
	size_t mask, count;
	struct sl_hash_key key;
};

int indicators_init(struct indicators *t, struct sl_hash_key key);
void indicators_fini(struct indicators *t);
/* The shared copy of `i`, counted once more; NULL: no memory. */
Sightline__V1__Indicator *indicators_get(struct indicators *t, const struct sl_indicator *i);
void indicators_put(struct indicators *t, Sightline__V1__Indicator *m);

#endif
