/* SPDX-License-Identifier: BSD-3-Clause */
/* members.h - the indicators of a sighting, and what follows from them: whether it is quiet, of
 * before they were valid, or of an outbreak. */
#ifndef SL_SIGHTING_MEMBERS_H
#define SL_SIGHTING_MEMBERS_H

#include "entry.h"

/* Adds those that the record names; sets changed where the message says something else. */
void members_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r,
	const struct sl_ruleset *rs);
/* What the breaker says of them. True: the message says something else than before. */
bool members_judge(struct entry *e, const struct entry_scope *sc);
void members_fini(struct entry *e, const struct entry_scope *sc);

#endif
