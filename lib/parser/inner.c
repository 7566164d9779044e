/* SPDX-License-Identifier: BSD-3-Clause */
/* inner.c - the parser of a stream inside another. Worker. */
#include "inner.h"
#include "parsers.h"
#include <sightline/hot.h>

bool inner_open(struct inner *i, const struct sl_parser *parser, struct sl_batch *b)
{
	if (i->parser != NULL || i->over)
		return i->parser != NULL;
	if (parser->state_bytes > 0 && b->pool != NULL)
		i->state = sl_parser_pool_take(b->pool, parser->state_bytes);
	i->over = parser->state_bytes > 0 && i->state == NULL;
	if (i->over && b->counters != NULL)
		sl_count(b->counters, SL_C_PARSER_POOL, 1);
	if (!i->over)
		i->parser = parser;
	return !i->over;
}

bool inner_feed(struct inner *i, const struct sl_piece *p, struct sl_batch *b, size_t *used)
{
	*used = p->bytes.len;
	if (!inner_wants(i, p->dir))
		return true;
	enum sl_verdict v = i->parser->feed(i->state, p, b, used);
	i->done[p->dir] = v != SL_MORE && v != SL_FULL;
	i->waits[p->dir] = v == SL_FULL && p->kind == SL_PIECE_BYTES && *used == p->bytes.len;
	if (v == SL_NOT_MINE)
		i->done[0] = i->done[1] = true;
	if (v == SL_NOT_MINE || v == SL_BAD) /* what it still carries is not read */
		parser_count_part(b);
	return v != SL_FULL;
}

bool inner_end(struct inner *i, enum sl_dir dir, uint64_t ts_ns, struct sl_batch *b)
{
	const struct sl_piece end = { .kind = SL_PIECE_END, .dir = dir, .ts_ns = ts_ns };
	size_t used;
	if (!i->ended[dir] && !inner_feed(i, &end, b, &used))
		return false;
	i->done[dir] = i->ended[dir] = true;
	if (!i->ended[!dir])
		return true;
	if (i->state != NULL)
		sl_parser_pool_give(b->pool, i->state, i->parser->state_bytes);
	i->state = NULL;
	i->parser = NULL;
	i->over = true;
	return true;
}
