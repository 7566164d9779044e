/* SPDX-License-Identifier: BSD-3-Clause */
/* openioc.h - private to lib/intel: OpenIOC 1.0 and 1.1 read into clues. Control threads. */
#ifndef SL_INTEL_OPENIOC_H
#define SL_INTEL_OPENIOC_H

#include "cybox.h"

enum term_role {
	TERM_OTHER,
	TERM_FILE_HASH, /* says which file it is */
	TERM_FILE, /* explains where a hash stands beside it */
};

struct openioc_term {
	const char *search; /* "FileItem/Md5sum" */
	enum property_how how;
	const char *to;
	enum term_role role;
};
/* In any letter case; NULL: seen on a host only. */
const struct openioc_term *openioc_term_find(const char *search);

/* An Indicator element (a group) or an IndicatorItem (a test). NULL: says nothing. *by_id is set
 * where a value was taken from the item's id. */
struct clue *openioc_item_clue(struct clues *k, const struct xml_node *n, bool *by_id);

#endif
