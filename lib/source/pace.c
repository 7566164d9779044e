/* SPDX-License-Identifier: BSD-3-Clause */
/* pace.c - when the packets of a paced replay fall due, and the descriptor ring that each queue has
 * of a NIC: what falls due while it is full is missed, and counted. What the clock made due since
 * the worker came last is put into the ring before anything is taken from it, as a NIC would have
 * done meanwhile. Worker, but for the text of a pace and the making of the rings. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include <sightline/clock.h>

#include "replay.h"

static const struct {
	const char *unit;
	double factor;
	enum sl_pace_unit is;
} units[] = {
	{ "gbit", 1e9, SL_PACE_BITS },
	{ "mbit", 1e6, SL_PACE_BITS },
	{ "mpps", 1e6, SL_PACE_PACKETS },
	{ "kpps", 1e3, SL_PACE_PACKETS },
	{ "pps", 1, SL_PACE_PACKETS },
};

bool sl_pace_parse(const char *text, struct sl_pace *out)
{
	char *end;
	if (strcmp(text, "max") == 0 || strcmp(text, "original") == 0) {
		*out = (struct sl_pace){ .unit = text[0] == 'm' ? SL_PACE_MAX : SL_PACE_ORIGINAL };
		return true;
	}
	if (text[0] < '0' || text[0] > '9' || strspn(text, "0123456789.") == 0)
		return false;
	double n = strtod(text, &end);
	if ((size_t)(end - text) != strspn(text, "0123456789."))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double rate = n * units[i].factor;
		if (strcmp(end, units[i].unit) != 0 || !(rate >= 1 && rate <= 1e15))
			continue;
		*out = (struct sl_pace){ .unit = units[i].is, .per_second = rate };
		return true;
	}
	return false;
}

static double cycles_a_step(const struct sl_pace *p, double hz)
{
	switch (p->unit) {
	case SL_PACE_ORIGINAL:
		return hz / 1e9;
	case SL_PACE_BITS:
		return hz * 8 / p->per_second;
	case SL_PACE_PACKETS:
		return hz / p->per_second;
	case SL_PACE_MAX:
		break;
	}
	return 0;
}

int pace_init(struct replay *r)
{
	uint64_t hz = rte_get_tsc_hz();
	if (r->o.pace.unit == SL_PACE_MAX)
		return 0;
	if (hz == 0)
		return -ENOTSUP;
	r->cycles_a_step = cycles_a_step(&r->o.pace, (double)hz);
	for (unsigned i = 0; i < r->o.queues; i++) {
		r->queues[i].ring = calloc(SL_PACE_RING, sizeof(struct due));
		if (r->queues[i].ring == NULL)
			return -ENOMEM;
	}
	return 0;
}

void pace_fini(struct replay *r)
{
	for (unsigned i = 0; r->queues != NULL && i < r->o.queues; i++)
		free(r->queues[i].ring);
}

uint64_t pace_begin_tsc(const struct replay *r)
{
	return r->o.pace.unit == SL_PACE_MAX
		       ? 0
		       : rte_rdtsc() + rte_get_tsc_hz() / (SL_SECOND / PACE_LEAD_NS);
}

uint64_t pace_steps(const struct replay *r, uint32_t wire_len)
{
	return r->o.pace.unit == SL_PACE_BITS ? (uint64_t)wire_len + SL_PACE_GAP : 1;
}

#include <sightline/hot.h>

/* Of the first packet of `current` that has not fallen due. */
static uint64_t due_tsc(const struct replay *r, const struct queue *q)
{
	const struct block *b = q->current;
	const struct slot *s = block_slot(b, b->taken);
	uint64_t steps =
		r->o.pace.unit == SL_PACE_ORIGINAL ? s->ts_ns - q->tour.first_ns : b->due + s->due;
	double cycles = ((double)q->arrival_pass * (double)q->tour.period_steps + (double)steps) *
			r->cycles_a_step;
	return q->tour.begin_tsc + (uint64_t)(cycles < 0x1p62 ? cycles : 0x1p62);
}

void pace_begin(const struct replay *r, struct queue *q)
{
	q->arrival_pass = 0;
	q->current = queue_block(q, &q->arrival_pass);
	q->due_tsc = due_tsc(r, q);
}

bool pace_busy(const struct queue *q)
{
	return q->chain != NULL || q->ring_head != q->ring_tail;
}

/* One packet falls due; false: it was the last one. */
static bool arrive(struct queue *q, uint64_t *missed)
{
	struct block *b = q->current;
	if (q->ring_head - q->ring_tail < SL_PACE_RING) {
		q->ring[q->ring_head++ % SL_PACE_RING] =
			(struct due){ .block = b, .slot = b->taken, .pass = q->arrival_pass };
		b->unreleased++;
	} else {
		++*missed;
	}
	if (++b->taken < b->count)
		return true;
	queue_block_done(q, b);
	q->current = queue_block(q, &q->arrival_pass);
	return q->current != NULL;
}

static void arrive_all(const struct replay *r, struct queue *q)
{
	uint64_t now = rte_rdtsc(), missed = 0;
	if (q->current == NULL || now < q->due_tsc)
		return;
	do {
		if (!arrive(q, &missed))
			break;
		q->due_tsc = due_tsc(r, q);
	} while (q->due_tsc <= now);
	add_relaxed(&q->missed, missed);
}

unsigned pace_fill(const struct queue *q)
{
	return (q->ring_head - q->ring_tail) * SL_QUEUE_FULL / SL_PACE_RING;
}

static uint64_t next_ns(const struct queue *q)
{
	const struct block *b = q->current;
	return b == NULL ? 0 : block_slot(b, b->taken)->ts_ns + q->arrival_pass * q->tour.period_ns;
}

uint16_t pace_take(const struct replay *r, struct queue *q, struct sl_packet *pkt, uint16_t max)
{
	uint16_t n = 0;
	uint64_t bytes = 0;
	arrive_all(r, q);
	for (; n < max && q->ring_tail != q->ring_head; n++, q->ring_tail++) {
		struct due d = q->ring[q->ring_tail % SL_PACE_RING];
		if (n > 0 && d.block != pkt->owner) /* a burst is of one block */
			break;
		if (d.pass != q->pass)
			queue_enter(r, q, d.pass);
		queue_fill(q, d.block, d.slot, pkt + n);
		bytes += (uint64_t)pkt[n].wire_len + SL_PACE_GAP;
	}
	add_relaxed(&q->wire_bytes, bytes);
	if (n == 0 && r->o.queues > 1) /* nobody waits for a worker by itself */
		q->now_ns = next_ns(q);
	return n;
}
