/* SPDX-License-Identifier: BSD-3-Clause */
/* wall.c - a counter as a wall clock. The rate follows from the two latest readings of
 * both clocks that lie a second apart; each reading begins anew from the system's time, so that an
 * error never adds up. */
#include <errno.h>
#include <x86intrin.h>

#include <sightline/clock.h>

#include "wall.h"

#define TRIES 5
#define APART_NS SL_SECOND

struct instant {
	uint64_t tsc, ns;
};

static int read_tsc(void *arg, uint64_t *ticks)
{
	(void)arg;
	*ticks = __rdtsc();
	return 0;
}

/* Both clocks at one instant: of some tries that in which the least time passed between them. */
static int read_both(const struct wall *w, struct instant *at)
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t ticks, before = sl_clock_wall_ns();
		int rc = w->read(w->arg, &ticks);
		uint64_t after = sl_clock_wall_ns();
		if (rc < 0)
			return rc;
		if (after < before || after - before >= best)
			continue;
		best = after - before;
		*at = (struct instant){ .tsc = ticks, .ns = before + best / 2 };
	}
	return best < UINT64_MAX ? 0 : -EIO;
}

static uint64_t rate_of(uint64_t ticks, uint64_t ns)
{
	return (uint64_t)(((unsigned __int128)ns << 32) / ticks);
}

static void publish(struct wall *w, struct instant at, uint64_t rate)
{
	uint32_t seq = atomic_load_explicit(&w->seq, memory_order_relaxed);
	atomic_store_explicit(&w->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release); /* pairs with the acquire fence in wall_at */
	atomic_store_explicit(&w->tsc, at.tsc, memory_order_relaxed);
	atomic_store_explicit(&w->ns, at.ns, memory_order_relaxed);
	atomic_store_explicit(&w->rate, rate, memory_order_relaxed);
	atomic_store_explicit(&w->seq, seq + 2, memory_order_release);
}

int wall_init(struct wall *w, wall_read_fn read, void *arg)
{
	struct instant first = { 0 }, then = { 0 };
	w->read = read != NULL ? read : read_tsc;
	w->arg = arg;
	int rc = read_both(w, &first);
	do
		rc = rc == 0 ? read_both(w, &then) : rc;
	while (rc == 0 && then.ns < first.ns + SL_SECOND / 500);
	if (rc == 0 && then.tsc <= first.tsc)
		rc = -EIO;
	if (rc == 0)
		publish(w, then, rate_of(then.tsc - first.tsc, then.ns - first.ns));
	return rc;
}

void wall_discipline(struct wall *w)
{
	struct instant old = { .tsc = w->tsc, .ns = w->ns }, now;
	if (read_both(w, &now) < 0)
		return;
	uint64_t rate = w->rate;
	if (now.ns >= old.ns && now.ns - old.ns < APART_NS)
		return;
	if (now.tsc <= old.tsc) { /* it was set anew */
		publish(w, now, rate);
		return;
	}
	/* A clock that was set says nothing of the rate. */
	uint64_t expected = (uint64_t)((unsigned __int128)(now.tsc - old.tsc) * rate >> 32);
	uint64_t passed = now.ns - old.ns;
	if (now.ns > old.ns && passed > expected - expected / 256 &&
		passed < expected + expected / 256)
		rate = rate_of(now.tsc - old.tsc, passed);
	publish(w, now, rate);
}

uint64_t wall_at(const struct wall *w, uint64_t tsc)
{
	uint64_t at, ns, rate;
	uint32_t seq;
	do {
		seq = atomic_load_explicit(&w->seq, memory_order_acquire);
		at = atomic_load_explicit(&w->tsc, memory_order_relaxed);
		ns = atomic_load_explicit(&w->ns, memory_order_relaxed);
		rate = atomic_load_explicit(&w->rate, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while ((seq & 1) != 0 || seq != atomic_load_explicit(&w->seq, memory_order_relaxed));
	int64_t ticks = (int64_t)(tsc - at);
	return ns + (uint64_t)(int64_t)((__int128)ticks * (__int128)rate >> 32);
}

uint64_t wall_now(const struct wall *w)
{
	return wall_at(w, __rdtsc());
}
