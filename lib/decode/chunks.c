/* SPDX-License-Identifier: BSD-3-Clause */
/* chunks.c - the bytes of a datagram that is not whole, in chunks as they are needed, and of each
 * unit which fragment it is of. Worker. Each call costs the fragment's own units. */
#include "fragments.h"

#include <sightline/hot.h>

uint32_t chunk_take(struct chunks *c)
{
	uint32_t i = c->vacant;
	if (i != NONE)
		c->vacant = c->chunk[i].next;
	else if (c->fresh < c->count)
		i = c->fresh++;
	else
		return NONE;
	c->used++;
	memset(c->chunk[i].mark, 0, sizeof(c->chunk[i].mark));
	return i;
}

void chunks_give(struct chunks *c, struct datagram *g)
{
	for (uint32_t n = 0; n < DATAGRAM_CHUNKS; n++) {
		uint32_t i = g->chunk[n];
		if (i == NONE)
			continue;
		c->chunk[i].next = c->vacant;
		c->vacant = i;
		c->used--;
		g->chunk[n] = NONE;
	}
}

/* The units of a fragment that lie in one chunk. */
struct stretch {
	struct chunk *chunk; /* NULL: nothing there yet */
	uint32_t at, n; /* units, from the chunk's begin */
	const uint8_t *bytes; /* of the fragment */
	uint32_t len;
};

static bool next_stretch(const struct chunks *c, const struct datagram *g, const struct fragment *f,
	uint32_t *done, struct stretch *out)
{
	uint32_t len = (uint32_t)f->bytes.len;
	if (*done >= len)
		return false;
	uint32_t at = f->at + *done, in = at % CHUNK_BYTES;
	uint32_t room = CHUNK_BYTES - in, index = g->chunk[at / CHUNK_BYTES];
	out->chunk = index == NONE ? NULL : &c->chunk[index];
	out->at = in / UNIT;
	out->bytes = f->bytes.p + *done;
	out->len = len - *done < room ? len - *done : room;
	out->n = units_of(out->len);
	*done += out->len;
	return true;
}

static uint32_t unit_len(const struct stretch *s, uint32_t i)
{
	return s->len - i * UNIT < UNIT ? s->len - i * UNIT : UNIT;
}

struct meeting chunks_meet(struct chunks *c, const struct datagram *g, const struct fragment *f)
{
	struct meeting m = { 0, 0, 0 };
	struct stretch s;
	uint32_t from = f->at / UNIT, to = units_of(fragment_end(f));
	for (uint32_t done = 0; next_stretch(c, g, f, &done, &s);) {
		for (uint32_t i = 0; s.chunk != NULL && i < s.n; i++) {
			struct mark k = s.chunk->mark[s.at + i];
			if (k.to == 0)
				continue;
			bool equal = memcmp(s.chunk->bytes + (s.at + i) * UNIT, s.bytes + i * UNIT,
					     unit_len(&s, i)) == 0;
			m.covered++;
			m.differ += !equal;
			m.same += equal && k.from == from && k.to == to;
		}
	}
	return m;
}

/* See enum sl_overlap. */
static bool newer_wins(enum sl_overlap policy, struct mark newer, struct mark old)
{
	switch (policy) {
	case SL_OVERLAP_FIRST:
		return false;
	case SL_OVERLAP_LAST:
		return true;
	case SL_OVERLAP_BSD:
		return newer.from < old.from;
	case SL_OVERLAP_LINUX:
		return newer.from <= old.from;
	case SL_OVERLAP_WINDOWS:
		return newer.from < old.from && newer.to > old.to;
	}
	return false;
}

uint32_t chunks_paint(struct chunks *c, struct datagram *g, const struct fragment *f)
{
	struct mark own = { (uint16_t)(f->at / UNIT), (uint16_t)units_of(fragment_end(f)) };
	enum sl_overlap policy = (enum sl_overlap)g->policy;
	struct stretch s;
	uint32_t added = 0;
	for (uint32_t done = 0; next_stretch(c, g, f, &done, &s);) {
		for (uint32_t i = 0; i < s.n; i++) {
			struct mark *k = &s.chunk->mark[s.at + i];
			added += k->to == 0;
			if (k->to != 0 && !newer_wins(policy, own, *k))
				continue;
			*k = own;
			memcpy(s.chunk->bytes + (s.at + i) * UNIT, s.bytes + i * UNIT,
				unit_len(&s, i));
		}
	}
	return added;
}

uint32_t chunks_covered(const struct chunks *c, const struct datagram *g, uint32_t units)
{
	uint32_t n = 0;
	for (uint32_t u = 0; u < units; u++) {
		uint32_t index = g->chunk[u / CHUNK_UNITS];
		n += index != NONE && c->chunk[index].mark[u % CHUNK_UNITS].to != 0;
	}
	return n;
}

void chunks_copy(const struct chunks *c, const struct datagram *g, uint8_t *to)
{
	for (uint32_t at = 0; at < g->end; at += CHUNK_BYTES) {
		uint32_t n = g->end - at < CHUNK_BYTES ? g->end - at : CHUNK_BYTES;
		memcpy(to + at, c->chunk[g->chunk[at / CHUNK_BYTES]].bytes, n);
	}
}
