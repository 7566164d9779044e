/* SPDX-License-Identifier: BSD-3-Clause */
/* spelled.h - an indicator of a ruleset, good until eight more were asked for by this thread. */
#ifndef TEST_MATCH_SPELLED_H
#define TEST_MATCH_SPELLED_H

#include <sightline/match.h>

static inline const struct sl_indicator *spelled(const struct sl_ruleset *rs, uint32_t number)
{
	static _Thread_local struct sl_indicator some[8];
	static _Thread_local unsigned next;
	struct sl_indicator *i = &some[next++ % 8];
	sl_ruleset_indicator(rs, number, i);
	return i;
}

#endif
