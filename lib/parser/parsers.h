/* SPDX-License-Identifier: BSD-3-Clause */
/* parsers.h - the rows of the registry, one for each file of this folder that holds a protocol. */
#ifndef PARSER_PARSERS_H
#define PARSER_PARSERS_H

#include "registry.h"
#include <sightline/parser.h>

/* A message was cut or malformed; what stood before that was used. */
static inline void parser_count_part(struct sl_batch *b)
{
	if (b->counters != NULL)
		sl_count(b->counters, SL_C_MESSAGES_PART, 1);
}

/* Begins of what has no mark: it is announced, or named by another parser. */
static inline bool parser_never(uint8_t first)
{
	(void)first;
	return false;
}

#define X(name) extern const struct sl_parser sl_parser_##name;
SL_PARSERS(X)
#undef X

#endif
