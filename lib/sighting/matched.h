/* SPDX-License-Identifier: BSD-3-Clause */
/* matched.h - the leaves of a tree that were true, as its sighting names them. */
#ifndef SL_SIGHTING_MATCHED_H
#define SL_SIGHTING_MATCHED_H

#include "entry.h"

struct leaves {
	const struct sl_detection *detection; /* NULL: no tree */
	const struct sl_joined *joined;
	size_t n;
};

/* Adds what the message doesn't name yet, up to SL_JOINED_MAX; the first value of a leaf at a place
 * stays. Sets changed. What there is no memory for is left out. */
void matched_add(struct entry *e, const struct leaves *l);
void matched_free(Sightline__V1__Sighting *m);

#endif
