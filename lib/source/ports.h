/* SPDX-License-Identifier: BSD-3-Clause */
/* ports.h - what the kinds of ports share; private to lib/source. ports.c deals with ports in turn,
 * a kind with one port. Queue i of a port is touched by worker i alone, but for its counters, which
 * any thread may read. */
#ifndef SOURCE_PORTS_H
#define SOURCE_PORTS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>

#include <sightline/source.h>

#include "netdev.h"
#include "proof.h"
#include "wall.h"

#define PORTS_MAX 64
#define FRAME_MAX 9728u /* longest frame that is taken for one: jumbo with tags */

struct port;

/* What a packet's owner begins with. */
struct port_owner {
	struct port *port;
};

/* Workers' part, but for what is said to be control's. */
struct port_kind {
	const char *name;
	uint16_t (*burst)(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t max);
	void (*release)(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t n);
	/* How full the queue is, of SL_QUEUE_FULL. */
	unsigned (*fill)(struct port *p, uint16_t queue);
	/* After a burst that was empty: nothing has come that was not given. */
	bool (*drained)(struct port *p, uint16_t queue);
	/* What to poll for; -1: it can't be. */
	int (*fd)(const struct port *p, uint16_t queue);
	/* Control: packets come from now on; no more do (async-signal-safe). */
	int (*start)(struct port *p);
	void (*quiet)(struct port *p);
	/* Control: reads the device's counters. */
	void (*look)(struct port *p);
	void (*plan)(const struct port *p, FILE *f);
	void (*counters)(const struct port *p, sl_port_fn tell, void *arg);
	void (*close)(struct port *p);
};

struct port {
	const struct port_kind *kind;
	const char *dev; /* as given */
	unsigned queues; /* workers, where `spread`; else what the dispatcher takes from */
	uint16_t number;
	struct netdev netdev; /* the kernel's device, where there is one */
	_Atomic bool down; /* as last said; any thread reads */
	int node; /* NUMA; -1: any */
	bool gone; /* the device was taken away */
	bool spread; /* queue i has what belongs to worker i */
	uint32_t out_max; /* packets of it that may be out at workers, where they are dealt: for
			     more it has no buffers */
	bool timed; /* packets have the time of their arrival, not that at which they were taken */
	uint64_t late_ns; /* after an empty burst: what came so long ago was given */
	struct proof *proof; /* owned: the device spreads, and its packets' rss_hash is their home
				(proof.h); NULL: nothing is to be proven */
	const struct wall *wall; /* borrowed */
};

/* What is counted of a queue of any port; written by its worker. */
struct port_tally {
	_Atomic uint64_t packets, bytes;
	_Atomic uint64_t merged; /* longer than any frame: the device joined some */
};

static inline void tally_add(_Atomic uint64_t *cell, uint64_t n)
{
	atomic_store_explicit(
		cell, atomic_load_explicit(cell, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint64_t tally_get(const _Atomic uint64_t *cell)
{
	return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)cell, memory_order_relaxed);
}

/* threads.c: a thread that is no worker and touches ports; on `core`, where that is not below 0. */
void port_thread_enter(int core);
void port_thread_leave(void);
/* Which worker has which core, and why. */
void threads_plan(FILE *f);
/* Huge pages that there should be, for the memory of ports to lie in them; 0: it does. */
size_t threads_pages_wanted(void);
/* What the environment said first since this was called last, "" where it said nothing. */
const char *threads_first_error(void);
/* A core that nobody else has, beside `workers` workers: one that is left, of which control keeps
 * another, or the last worker's, which is not to be started then (*last). -1: there is none. Main
 * thread. */
int threads_core_take(unsigned workers, bool *last);

/* afpacket.c */
int afpacket_open(struct port **out, const struct sl_ports_options *o, const char *dev,
	unsigned number, const struct wall *wall, char *err, size_t err_len);

/* ethdev.c */
int ethdev_open(struct port **out, const struct sl_ports_options *o, const char *dev,
	unsigned number, const struct wall *wall, char *err, size_t err_len);

/* ethdev_pool.c */
/* Memory that a port may need at most, before anything is known of its device but its name. */
size_t ethdev_memory(const char *dev, unsigned workers, bool huge);

/* ports.c */
/* Tells one counter of a queue, -1: of the port. */
void port_tell(const struct port *p, const char *name, const char *help, int queue, uint64_t value,
	sl_port_fn tell, void *arg);
/* What is counted of the queue of any port. */
void port_tell_tally(const struct port *p, int queue, const struct port_tally *t, uint64_t missed,
	sl_port_fn tell, void *arg);
extern const char port_missed_help[];

#endif
