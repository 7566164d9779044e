/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.c - every parser, and which of them a flow's first bytes belong to. Worker; what it
 * reads is constant, or made before there is a worker. */
#include <assert.h>

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

/* ---- What a first byte leaves: most of what an unknown flow would cost is asking the others ----
 */

#define WORDS 2 /* of bits, one for each parser */
#define OVERS 8 /* combinations of SL_OVER_* */
static_assert(sizeof(sl_parsers) / sizeof(sl_parsers[0]) <= WORDS * 64, "one word more");

struct candidates {
	uint64_t bit[WORDS];
};
static struct candidates by_first[256], by_over[OVERS];
static bool prepared;

static void add(struct candidates *c, unsigned parser)
{
	c->bit[parser / 64] |= UINT64_C(1) << parser % 64;
}

static bool may_begin(unsigned parser, unsigned first)
{
	return sl_parsers[parser]->begins == NULL || sl_parsers[parser]->begins((uint8_t)first);
}

void sl_parsers_prepare(void)
{
	for (unsigned i = 0; i < sl_parser_count && !prepared; i++) {
		for (unsigned over = 0; over < OVERS; over++)
			if (sl_parsers[i]->over & over)
				add(&by_over[over], i);
		for (unsigned first = 0; first < 256; first++)
			if (may_begin(i, first))
				add(&by_first[first], i);
	}
	prepared = true;
}

static struct candidates candidates_of(struct sl_span in, uint8_t over)
{
	struct candidates c = { .bit = { 0 } };
	if (prepared && in.len > 0) {
		for (unsigned w = 0; w < WORDS; w++)
			c.bit[w] = by_first[in.p[0]].bit[w] & by_over[over % OVERS].bit[w];
		return c;
	}
	for (unsigned i = 0; i < sl_parser_count; i++)
		if ((sl_parsers[i]->over & over) != 0 && (in.len == 0 || may_begin(i, in.p[0])))
			add(&c, i);
	return c;
}

const struct sl_parser *sl_parser_probe(
	const struct sl_piece *p, uint8_t over, uint16_t sport, uint16_t dport, bool *more)
{
	*more = false;
	if (p->kind != SL_PIECE_BYTES)
		return NULL;
	const struct candidates c = candidates_of(p->bytes, over);
	for (unsigned w = 0; w < WORDS; w++)
		for (uint64_t left = c.bit[w]; left != 0; left &= left - 1) {
			const struct sl_parser *parser =
				sl_parsers[w * 64 + (unsigned)__builtin_ctzll(left)];
			enum sl_probe said = parser->probe(p, sport, dport);
			if (said == SL_PROBE_YES)
				return parser;
			*more |= said == SL_PROBE_MORE && !p->datagram; /* it is all there is */
		}
	return NULL;
}
