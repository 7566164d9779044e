/* SPDX-License-Identifier: BSD-3-Clause */
/* hold.c - keeps segments that came before their turn, and judges those that overlap. Worker.
 * Sequence numbers are compared by their distance from the next byte to be given. A segment costs
 * time for its bytes, for a bisection, and for moving the list behind it once for each run that it
 * adds; what it replaces goes at once. */
#include "reassembly.h"

#include <sightline/hot.h>

#define LIST_MIN (BLOCK_MIN / (uint32_t)sizeof(struct place))

/* Before its bytes in its block. */
struct run {
	uint32_t len;
	uint32_t skip; /* bytes at its begin that were replaced */
	uint32_t from, to; /* of the segment that brought it */
};

#define RUN_MAX (BLOCK_MAX - (uint32_t)sizeof(struct run))

static struct place *places(const struct holder *o, const struct hold *h)
{
	return (struct place *)blocks_at(o->blocks, h->list) + h->head;
}

static struct run *run_of(const struct holder *o, const struct place *p)
{
	return blocks_at(o->blocks, p->block);
}

static uint8_t *run_bytes(struct run *r)
{
	return (uint8_t *)(r + 1) + r->skip;
}

static uint32_t run_cost(const struct run *r)
{
	return blocks_size((uint32_t)sizeof(*r) + r->skip + r->len);
}

uint32_t held_first(const struct holder *o, const struct hold *h)
{
	return places(o, h)->seq;
}

uint32_t held_end(const struct holder *o, const struct hold *h)
{
	const struct place *last = places(o, h) + h->n - 1;
	return last->seq + run_of(o, last)->len;
}

/* Whose bytes count where two segments differ; see enum sl_overlap. */
static bool newer_wins(enum sl_overlap overlap, const struct segment *s, const struct run *old)
{
	int32_t sooner = (int32_t)(old->from - s->from);
	switch (overlap) {
	case SL_OVERLAP_FIRST:
		return false;
	case SL_OVERLAP_LAST:
		return true;
	case SL_OVERLAP_BSD:
		return sooner > 0;
	case SL_OVERLAP_WINDOWS:
		return sooner > 0 && (int32_t)(s->to - old->to) > 0;
	case SL_OVERLAP_LINUX:
		break;
	}
	return sooner > 0 || (sooner == 0 && (int32_t)(s->to - old->to) > 0);
}

/* The first place that ends behind seq. */
static uint16_t find(struct holder *o, const struct hold *h, uint32_t next, uint32_t seq)
{
	const struct place *p = h->n ? places(o, h) : NULL;
	uint16_t lo = 0, hi = h->n;
	while (lo < hi) {
		uint16_t mid = (uint16_t)((lo + hi) / 2);
		o->work++;
		if (p[mid].seq - next + run_of(o, &p[mid])->len > seq - next)
			hi = mid;
		else
			lo = (uint16_t)(mid + 1);
	}
	return lo;
}

/* Notices bytes that contradict those held: a retransmission never has a reason to. */
static void compare(struct holder *o, const uint8_t *a, const uint8_t *b, uint32_t n)
{
	sl_count(o->c, SL_C_STREAM_REPEATED, n);
	if (memcmp(a, b, n) != 0)
		sl_count(o->c, SL_C_STREAM_CONFLICT, 1);
}

/* Takes [i, i + n) off the list; their blocks are given back. */
static void drop(struct holder *o, struct hold *h, uint16_t i, uint16_t n)
{
	if (n == 0)
		return;
	struct place *p = places(o, h);
	for (uint16_t k = i; k < i + n; k++) {
		h->bytes -= run_cost(run_of(o, &p[k]));
		blocks_give(o->blocks, p[k].block);
	}
	memmove(p + i, p + i + n, (size_t)(h->n - i - n) * sizeof(*p));
	o->work += h->n - i;
	h->n = (uint16_t)(h->n - n);
	if (h->n > 0)
		return;
	blocks_give(o->blocks, h->list);
	*h = (struct hold){ .n = 0 };
}

/* Held runs from place i on that lie in [s->seq, end of s) and lose go; the last is trimmed where
 * it reaches further. How many bytes of s come before a run that wins. */
static uint32_t absorb(struct holder *o, struct hold *h, uint16_t i, const struct segment *s)
{
	uint32_t len = (uint32_t)s->bytes.len;
	uint16_t gone = 0;
	for (; i + gone < h->n; gone++) {
		struct place *p = places(o, h) + i + gone;
		struct run *r = run_of(o, p);
		uint32_t at = p->seq - s->seq;
		o->work++;
		if (at >= len)
			break;
		if (!newer_wins(o->overlap, s, r)) {
			len = at;
			break;
		}
		uint32_t n = r->len < len - at ? r->len : len - at;
		compare(o, s->bytes.p + at, run_bytes(r), n);
		if (n < r->len) {
			p->seq += n;
			r->skip += n;
			r->len -= n;
			break;
		}
	}
	drop(o, h, i, gone);
	return len;
}

uint32_t held_yield(struct holder *o, struct hold *h, const struct segment *s)
{
	uint32_t len = absorb(o, h, 0, s);
	if (len == s->bytes.len)
		return len;
	/* What lies on the run that wins is compared when its turn comes. */
	const struct place *p = places(o, h);
	struct run *r = run_of(o, p);
	if (p->seq == s->seq)
		compare(o, s->bytes.p, run_bytes(r),
			r->len < s->bytes.len ? r->len : (uint32_t)s->bytes.len);
	return len;
}

/* Room for one place more at the end of the list. */
static enum held_result list_room(struct holder *o, struct hold *h)
{
	if (h->n >= o->max_segments)
		return HOLD_BOUND;
	if (h->cap > 0 && h->head + h->n < h->cap)
		return HOLD_OK;
	if (h->head > h->cap / 2) {
		memmove(blocks_at(o->blocks, h->list), places(o, h), h->n * sizeof(struct place));
		o->work += h->n;
		h->head = 0;
		return HOLD_OK;
	}
	uint32_t cap = h->cap ? 2u * h->cap : LIST_MIN;
	uint32_t list = blocks_take(o->blocks, cap * (uint32_t)sizeof(struct place));
	if (list == NO_BLOCK)
		return HOLD_NO_MEMORY;
	if (h->cap > 0) {
		memcpy(blocks_at(o->blocks, list), places(o, h), h->n * sizeof(struct place));
		blocks_give(o->blocks, h->list);
	}
	o->work += h->n;
	h->list = list;
	h->cap = (uint16_t)cap;
	h->head = 0;
	return HOLD_OK;
}

/* A copy of the first len bytes of s becomes place i. */
static enum held_result add(
	struct holder *o, struct hold *h, uint16_t i, const struct segment *s, uint32_t len)
{
	uint32_t bytes = (uint32_t)sizeof(struct run) + len, cost = blocks_size(bytes);
	if (h->bytes + cost > o->max_bytes)
		return HOLD_BOUND;
	enum held_result rc = list_room(o, h);
	if (rc != HOLD_OK)
		return rc;
	uint32_t block = blocks_take(o->blocks, bytes);
	if (block == NO_BLOCK) {
		if (h->n > 0)
			return HOLD_NO_MEMORY;
		blocks_give(o->blocks, h->list);
		*h = (struct hold){ .n = 0 };
		return HOLD_NO_MEMORY;
	}
	struct run *r = blocks_at(o->blocks, block);
	*r = (struct run){ .len = len, .from = s->from, .to = s->to };
	memcpy(run_bytes(r), s->bytes.p, len);
	struct place *p = places(o, h);
	memmove(p + i + 1, p + i, (size_t)(h->n - i) * sizeof(*p));
	o->work += h->n - i;
	p[i] = (struct place){ .seq = s->seq, .block = block };
	h->n++;
	h->bytes += cost;
	return HOLD_OK;
}

/* The begin of s lies in the run at p, which began before it. */
static void put_inside(struct holder *o, const struct place *p, struct segment *s)
{
	struct run *r = run_of(o, p);
	uint32_t at = s->seq - p->seq, n = r->len - at;
	if (n > s->bytes.len)
		n = (uint32_t)s->bytes.len;
	compare(o, run_bytes(r) + at, s->bytes.p, n);
	if (newer_wins(o->overlap, s, r))
		memcpy(run_bytes(r) + at, s->bytes.p, n);
	segment_skip(s, n);
}

enum held_result held_put(struct holder *o, struct hold *h, uint32_t next, struct segment *s)
{
	uint16_t i = find(o, h, next, s->seq);
	while (s->bytes.len > 0) {
		const struct place *p = i < h->n ? places(o, h) + i : NULL;
		if (p != NULL && p->seq - next < s->seq - next) {
			put_inside(o, p, s);
			i++;
			continue;
		}
		uint32_t len = absorb(o, h, i, s);
		if (len > RUN_MAX)
			len = RUN_MAX;
		if (len > 0) {
			enum held_result rc = add(o, h, i, s, len);
			if (rc != HOLD_OK)
				return rc;
			segment_skip(s, len);
			i++;
		}
		if (s->bytes.len > 0 && i < h->n && places(o, h)[i].seq == s->seq) {
			put_inside(o, places(o, h) + i, s);
			i++;
		}
	}
	return HOLD_OK;
}

struct sl_span held_shift(struct holder *o, struct hold *h, uint32_t *block)
{
	struct place *p = places(o, h);
	struct run *r = run_of(o, p);
	struct sl_span bytes = sl_span(run_bytes(r), r->len);
	*block = p->block;
	h->bytes -= run_cost(r);
	h->head++;
	if (--h->n == 0) {
		blocks_give(o->blocks, h->list);
		*h = (struct hold){ .n = 0 };
	}
	return bytes;
}
