/* SPDX-License-Identifier: BSD-3-Clause */
/* deal.c - the dispatcher: takes what all ports bring and deals it to the workers. Its thread takes
 * and gives back at the ports, workers only touch their lanes; never locks, never allocates. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sightline/prefetch.h>

#include "deal.h"
#include "spread.h"

#define SPINS 2000
#define DOUBT_NS 200000 /* between two looks whether it is needed: less than descriptors last */

void deal_fini(struct deal *d)
{
	atomic_store_explicit(&d->closing, true, memory_order_release);
	if (d->started)
		pthread_join(d->thread, NULL);
	d->started = false;
	for (unsigned i = 0; d->lane != NULL && i < d->workers; i++) {
		free(d->lane[i].to);
		free(d->lane[i].back);
	}
	free(d->lane);
	d->lane = NULL;
	sl_fragment_trail_free(d->trail);
	d->trail = NULL;
	intake_fini(&d->in);
}

int deal_init(struct deal *d, struct port *const *port, unsigned count, unsigned workers,
	const _Atomic bool *stop)
{
	size_t bytes = workers * sizeof(struct deal_lane);
	d->stop = stop;
	d->core = -1;
	d->workers = workers;
	d->room = LANE_PACKETS;
	for (unsigned i = 0; i < count; i++)
		if (port[i]->out_max / workers < d->room)
			d->room = port[i]->out_max / workers;
	atomic_store_explicit(&d->dealing, true, memory_order_relaxed);
	int rc = intake_init(&d->in, port, count, ALL_QUEUES);
	if (rc == 0)
		rc = sl_fragment_trail_new(&d->trail);
	d->lane = aligned_alloc(alignof(struct deal_lane), bytes);
	if (rc < 0 || d->lane == NULL)
		return rc < 0 ? rc : -ENOMEM;
	memset(d->lane, 0, bytes);
	for (unsigned i = 0; i < workers; i++) {
		d->lane[i].to = calloc(LANE_PACKETS, sizeof(struct dealt));
		d->lane[i].back = calloc(LANE_PACKETS, sizeof(struct dealt));
		if (d->lane[i].to == NULL || d->lane[i].back == NULL)
			return -ENOMEM;
	}
	return 0;
}

void deal_doubt(struct deal *d, unsigned worker, const struct intake *own)
{
	d->lane[worker].own = own;
	atomic_store_explicit(&d->dealing, false, memory_order_relaxed);
}

static void *run(void *deal);

int deal_start(struct deal *d)
{
	int rc = pthread_create(&d->thread, NULL, run, d);
	d->started = rc == 0;
	if (rc == 0)
		pthread_setname_np(d->thread, "sl-dispatcher");
	return -rc;
}

#include <sightline/hot.h>

static struct dealt of_packet(const struct sl_packet *p)
{
	return (struct dealt){ .data = p->data,
		.len = p->len,
		.wire_len = p->wire_len,
		.ts_ns = p->ts_ns,
		.owner = p->owner,
		.hash = p->rss_hash,
		.salt = p->salt,
		.linktype = p->linktype,
		.port = p->port,
		.flags = p->flags,
		.vlan = p->flags & SL_PKT_VLAN_STRIPPED ? p->vlan[0] : 0 };
}

static void to_packet(const struct dealt *t, struct sl_packet *p)
{
	p->data = t->data;
	p->len = t->len;
	p->wire_len = t->wire_len;
	p->ts_ns = t->ts_ns;
	p->owner = t->owner;
	p->rss_hash = t->hash;
	p->salt = t->salt;
	p->linktype = t->linktype;
	p->port = t->port;
	p->flags = t->flags;
	p->vlan[0] = t->vlan;
	p->flow = NULL;
}

/* ---- The dispatcher ---- */

/* False: the worker has as much before it as it may. */
static bool give(struct deal *d, struct deal_lane *l, struct sl_packet *p)
{
	if (l->out >= d->room) {
		tally_add(&l->full, 1);
		return false;
	}
	uint32_t head = atomic_load_explicit(&l->to_head, memory_order_relaxed);
	l->to[head % LANE_PACKETS] = of_packet(p);
	atomic_store_explicit(&l->to_head, head + 1, memory_order_release);
	l->out++;
	return true;
}

static void take_back(struct deal *d, struct deal_lane *l)
{
	uint32_t head = atomic_load_explicit(&l->back_head, memory_order_acquire);
	while (l->back_tail != head) {
		struct sl_packet p;
		to_packet(&l->back[l->back_tail % LANE_PACKETS], &p);
		intake_release(&d->in, &p, 1);
		l->back_tail++;
		l->out--;
	}
}

/* The device's promise, where it made one; else as a replay would. */
static unsigned worker_of(struct deal *d, struct sl_packet *p)
{
	if (d->in.port[p->port]->proof != NULL)
		return p->rss_hash;
	p->rss_hash = (d->tuple ? spread_hash_tuple : spread_hash)(
		d->trail, p->linktype, p->data, p->len);
	return spread_queue(p->rss_hash, d->workers);
}

static uint16_t deal_round(struct deal *d, struct sl_packet *pkt)
{
	for (unsigned i = 0; i < d->workers; i++)
		take_back(d, &d->lane[i]);
	bool last = atomic_load_explicit(d->stop, memory_order_acquire);
	uint16_t n = intake_burst(&d->in, pkt, SL_BURST, last);
	for (uint16_t i = 0; i < n; i++) {
		if (!give(d, &d->lane[worker_of(d, &pkt[i])], &pkt[i]))
			intake_release(&d->in, &pkt[i], 1);
	}
	if (n == 0 && last && intake_drained(&d->in))
		atomic_store_explicit(&d->ended, true, memory_order_release);
	return n;
}

/* ---- In doubt ---- */

static bool all(const struct deal *d, size_t flag)
{
	for (unsigned i = 0; i < d->workers; i++) {
		_Atomic bool *b = (_Atomic bool *)((uintptr_t)&d->lane[i] + flag);
		if (!atomic_load_explicit(b, memory_order_acquire))
			return false;
	}
	return true;
}

static bool all_proven(const struct deal *d)
{
	for (unsigned i = 0; i < d->in.count; i++) {
		const struct proof *p = d->in.tap[i].port->proof;
		if (p != NULL && proof_state(p) != PROOF_HOLDS)
			return false;
	}
	return true;
}

/* Until there is something to deal. False: never. */
static bool needed(struct deal *d)
{
	while (!atomic_load_explicit(&d->dealing, memory_order_relaxed)) {
		if (atomic_load_explicit(&d->doubt, memory_order_acquire) &&
			all(d, offsetof(struct deal_lane, left))) {
			for (unsigned i = 0; i < d->workers; i++)
				intake_adopt(&d->in, d->lane[i].own);
			atomic_store_explicit(&d->dealing, true, memory_order_release);
			return true;
		}
		if (all_proven(d) || atomic_load_explicit(&d->closing, memory_order_acquire))
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = DOUBT_NS }, NULL);
	}
	return true;
}

static void *run(void *deal)
{
	struct deal *d = deal;
	static struct sl_packet pkt[SL_BURST];
	unsigned idle = 0;
	if (!needed(d))
		return NULL;
	port_thread_enter(d->core);
	while (!atomic_load_explicit(&d->ended, memory_order_relaxed)) {
		if (deal_round(d, pkt) > 0)
			idle = 0;
		else if (++idle % SPINS == 0 && !intake_wait(&d->in))
			sched_yield();
		tally_add(&d->beats, 1);
	}
	port_thread_leave();
	return NULL;
}

/* ---- A worker ---- */

bool deal_is_on(const struct deal *d)
{
	return atomic_load_explicit((_Atomic bool *)(uintptr_t)&d->dealing, memory_order_acquire);
}

bool deal_own(struct deal *d, uint16_t worker)
{
	if (!atomic_load_explicit(&d->doubt, memory_order_acquire))
		return true;
	atomic_store_explicit(&d->lane[worker].left, true, memory_order_release);
	return false;
}

bool deal_own_ended(struct deal *d, uint16_t worker)
{
	atomic_store_explicit(&d->lane[worker].done, true, memory_order_release);
	return all(d, offsetof(struct deal_lane, done)) &&
	       !atomic_load_explicit(&d->doubt, memory_order_acquire);
}

uint16_t deal_burst(struct deal *d, uint16_t worker, struct sl_packet *pkt, uint16_t max)
{
	struct deal_lane *l = &d->lane[worker];
	uint32_t there = atomic_load_explicit(&l->to_head, memory_order_acquire) - l->to_tail;
	uint16_t n = there < max ? (uint16_t)there : max;
	for (uint16_t i = 0; i < n; i++) {
		to_packet(&l->to[l->to_tail++ % LANE_PACKETS], &pkt[i]);
		sl_prefetch(pkt[i].data);
	}
	return n;
}

unsigned deal_fill(const struct deal *d, uint16_t worker)
{
	struct deal_lane *l = &d->lane[worker];
	uint32_t there = atomic_load_explicit(&l->to_head, memory_order_relaxed) - l->to_tail;
	return there * SL_QUEUE_FULL / d->room;
}

void deal_release(struct deal *d, uint16_t worker, struct sl_packet *pkt, uint16_t n)
{
	struct deal_lane *l = &d->lane[worker];
	uint32_t head = atomic_load_explicit(&l->back_head, memory_order_relaxed);
	for (uint16_t i = 0; i < n; i++)
		l->back[head++ % LANE_PACKETS] = of_packet(&pkt[i]);
	atomic_store_explicit(&l->back_head, head, memory_order_release);
}

bool deal_drained(const struct deal *d, uint16_t worker)
{
	const struct deal_lane *l = &d->lane[worker];
	return atomic_load_explicit((_Atomic bool *)(uintptr_t)&d->ended, memory_order_acquire) &&
	       atomic_load_explicit((_Atomic uint32_t *)(uintptr_t)&l->to_head,
		       memory_order_acquire) == l->to_tail;
}

bool deal_beats(const struct deal *d, uint64_t *beats)
{
	*beats = tally_get(&d->beats);
	return d->started && deal_is_on(d) &&
	       !atomic_load_explicit((_Atomic bool *)(uintptr_t)&d->ended, memory_order_acquire);
}
