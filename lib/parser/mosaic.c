/* SPDX-License-Identifier: BSD-3-Clause */
/* mosaic.c - a buffer that is filled in any order. Worker. A piece costs its own bytes, and the
 * list of runs once. */
#include "mosaic.h"
#include <sightline/hot.h>

#define MOSAIC_FIRST 2048

static bool grow(struct mosaic *m, struct sl_batch *b, size_t need)
{
	size_t size = m->size ? m->size : MOSAIC_FIRST;
	while (size < need)
		size *= 2;
	if (size > MOSAIC_MAX)
		size = MOSAIC_MAX;
	uint8_t *p = b->pool != NULL ? sl_parser_pool_take(b->pool, (uint16_t)size) : NULL;
	if (p == NULL) {
		if (b->counters != NULL)
			sl_count(b->counters, SL_C_PARSER_POOL, 1);
		return false;
	}
	if (m->p != NULL) {
		memcpy(p, m->p, m->size);
		sl_parser_pool_give(b->pool, m->p, m->size);
	}
	m->p = p;
	m->size = (uint16_t)size;
	return true;
}

/* Copies what no run has yet of [from, to), of which in.p[0] is the first. */
static void fill_holes(struct mosaic *m, struct sl_span in, size_t from, size_t to)
{
	size_t at = from;
	for (unsigned i = 0; i < m->runs && at < to; i++) {
		const struct mosaic_run *r = &m->run[i];
		if (r->to <= at)
			continue;
		if (r->from > at)
			memcpy(m->p + at, in.p + (at - from), (r->from < to ? r->from : to) - at);
		at = r->to;
	}
	if (at < to)
		memcpy(m->p + at, in.p + (at - from), to - at);
}

/* The list with [from, to) in it; runs that touch become one. False: there are too many. */
static bool note_run(struct mosaic *m, size_t from, size_t to)
{
	unsigned first = 0, last;
	while (first < m->runs && m->run[first].to < from)
		first++;
	for (last = first; last < m->runs && m->run[last].from <= to; last++) {
		from = m->run[last].from < from ? m->run[last].from : from;
		to = m->run[last].to > to ? m->run[last].to : to;
	}
	if (last == first && m->runs == MOSAIC_RUNS)
		return false;
	memmove(&m->run[first + 1], &m->run[last], (m->runs - last) * sizeof(m->run[0]));
	m->run[first] = (struct mosaic_run){ (uint16_t)from, (uint16_t)to };
	m->runs = (uint16_t)(m->runs - (last - first) + 1);
	return true;
}

bool mosaic_put(struct mosaic *m, struct sl_batch *b, size_t offset, struct sl_span in)
{
	if (in.len == 0)
		return true;
	if (offset > MOSAIC_MAX || in.len > MOSAIC_MAX - offset)
		return false;
	size_t to = offset + in.len;
	if (to > m->size && !grow(m, b, to))
		return false;
	struct mosaic before = *m;
	if (!note_run(m, offset, to))
		return false;
	fill_holes(&before, in, offset, to);
	return true;
}

struct sl_span mosaic_front(const struct mosaic *m)
{
	if (m->runs == 0 || m->run[0].from != 0)
		return sl_span(m->p, 0);
	return sl_span(m->p + m->taken, (size_t)m->run[0].to - m->taken);
}

void mosaic_take(struct mosaic *m, size_t n)
{
	m->taken = (uint16_t)(m->taken + n);
}

size_t mosaic_settle(struct mosaic *m, struct sl_batch *b)
{
	size_t n = m->taken;
	if (n == 0)
		return 0;
	if (m->runs == 1 && m->run[0].to == n) {
		mosaic_drop(m, b);
		return n;
	}
	memmove(m->p, m->p + n, m->run[m->runs - 1].to - n);
	unsigned gone = m->run[0].to == n;
	for (unsigned i = gone; i < m->runs; i++)
		m->run[i - gone] = (struct mosaic_run){
			(uint16_t)(m->run[i].from > n ? m->run[i].from - n : 0),
			(uint16_t)(m->run[i].to - n)
		};
	m->runs = (uint16_t)(m->runs - gone);
	m->taken = 0;
	return n;
}

void mosaic_drop(struct mosaic *m, struct sl_batch *b)
{
	if (m->p != NULL)
		sl_parser_pool_give(b->pool, m->p, m->size);
	*m = (struct mosaic){ .p = NULL };
}
