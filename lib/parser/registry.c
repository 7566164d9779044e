/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.c - every parser, and which of them a flow's first bytes belong to. Worker; constant
 * data. */
#include "parsers.h"
#include <sightline/hot.h>

const struct sl_parser *const sl_parsers[] = {
#define X(name) &sl_parser_##name,
	SL_PARSERS(X)
#undef X
};
const unsigned sl_parser_count = sizeof(sl_parsers) / sizeof(sl_parsers[0]);

unsigned sl_parser_index(const struct sl_parser *p)
{
	unsigned i = 0;
	while (i < sl_parser_count && sl_parsers[i] != p)
		i++;
	return i;
}

const struct sl_parser *sl_parser_probe(
	const struct sl_piece *p, uint8_t over, uint16_t sport, uint16_t dport, bool *more)
{
	*more = false;
	if (p->kind != SL_PIECE_BYTES)
		return NULL;
	for (unsigned i = 0; i < sl_parser_count; i++) {
		if ((sl_parsers[i]->over & over) == 0)
			continue;
		enum sl_probe said = sl_parsers[i]->probe(p, sport, dport);
		if (said == SL_PROBE_YES)
			return sl_parsers[i];
		*more |= said == SL_PROBE_MORE;
	}
	return NULL;
}
