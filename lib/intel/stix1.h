/* SPDX-License-Identifier: BSD-3-Clause */
/* stix1.h - private to lib/intel: a package of STIX 1 while it is read. Control threads. */
#ifndef SL_INTEL_STIX1_H
#define SL_INTEL_STIX1_H

#include "cybox.h"

#define PACKAGES_MAX 16

/* What a package says for all that it holds. */
struct package {
	enum sl_tlp tlp;
	const char *source; /* NULL: it doesn't say */
};

struct stix1 {
	struct reading *r;
	struct clues k;
	struct package package[PACKAGES_MAX]; /* the innermost last; 0: none */
	unsigned packages; /* that are open; may be more than have room */
};

/* The strictest marking of a Handling element that covers the whole of what it stands in. */
enum sl_tlp stix1_tlp(const struct xml_node *handling, const char *id);
/* The name of who made it, from a Producer or Information_Source; NULL: not said. */
const char *stix1_source(const struct xml_node *n);
/* One Indicator element, and those in it that stand for themselves. 0, -ENOMEM, -E2BIG. */
int stix1_indicator(struct stix1 *s, const struct xml_node *n);

#endif
