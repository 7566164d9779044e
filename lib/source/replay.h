/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.h - what the loader and the queues of a replay share; private to lib/source.
 *
 * The loader copies packets into blocks, one block being filled for each queue. A full block goes
 * down the queue's lane to its worker, and comes back up another when all its packets are done.
 * Both lanes have one writer and one reader; a block belongs to whoever took it off the lane. */
#ifndef SOURCE_REPLAY_H
#define SOURCE_REPLAY_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include <sightline/capture.h>
#include <sightline/defrag.h>
#include <sightline/source.h>

#include "spread.h"

/* Ahead of a paced capture's first packet, so that every queue has its chain by then. */
#define PACE_LEAD_NS 1000000

#define BLOCK_BYTES ((size_t)512 << 10) /* room for the longest packet */
#define SLAB_BLOCKS 4 /* blocks mapped at a time: one huge page */

/* One packet of a block: the slots grow from the block's start, the bytes down from its end. */
struct slot {
	uint64_t ts_ns, clock_ns; /* as struct sl_packet has them */
	uint32_t at, len; /* of the bytes, in the block */
	uint32_t wire_len, hash;
	uint16_t linktype, capture;
	uint32_t due; /* of a rate: steps after the block's own */
};

/* How a kept capture is passed over; the first block of each queue's chain has it. */
struct tour {
	uint32_t passes;
	bool back; /* blocks go back to the loader in the last pass */
	uint64_t period_ns; /* how much later the next pass is, in packet time */
	/* paced: when a packet falls due, in steps of the pace after begin_tsc */
	uint64_t begin_tsc, first_ns, period_steps;
};

struct block {
	uint8_t *mem; /* BLOCK_BYTES, of a slab; set once */
	/* loader, until the block is sent; then read by the worker */
	struct block *next; /* of the same chain, which is passed over together; or of the spare */
	struct tour tour[2]; /* first of a chain: of what counts, and of its rehearsal */
	uint64_t due; /* of a rate: steps before its first packet falls due */
	uint64_t opened; /* loader: blocks that had been sent when this one was begun */
	uint32_t count, top; /* slots; lowest byte used */
	/* worker */
	uint32_t taken; /* slots handed out in this pass */
	uint32_t unreleased;
	bool last_pass;
};

static inline const struct slot *block_slot(const struct block *b, uint32_t i)
{
	return (const struct slot *)(const void *)b->mem + i;
}

/* What else goes down a lane. */
enum { LANE_EMPTY, LANE_REHEARSAL, LANE_END_CAPTURE, LANE_END, LANE_MARKS };

/* One writer, one reader. The writer's release store of head pairs with the reader's acquire load;
 * tail the other way round. */
struct lane {
	uintptr_t *entry; /* owned; mask + 1 of them */
	uint32_t mask;
	alignas(64) _Atomic uint32_t head;
	alignas(64) _Atomic uint32_t tail;
};

/* A packet that fell due and waits to be taken. */
struct due {
	struct block *block;
	uint32_t slot, pass;
};

/* What passes of a capture took: packets given, and cycles from the first one to the end. */
struct span {
	_Atomic uint64_t packets, cycles; /* worker writes, any thread reads */
};

struct queue {
	/* loader */
	struct block *filling;
	struct block *first_kept, *last_kept; /* a looped capture's blocks until all are there */
	struct lane down;
	_Atomic uint64_t reached_ns; /* loader writes, worker reads: all packets up to this time are
					down the lane; 0: not known */
	/* worker */
	alignas(64) struct block *current, *after, *chain;
	struct tour tour; /* of the chain */
	uint64_t shift_ns; /* of the packets given: later than in the capture */
	uint32_t pass, salt; /* the same: pass and what it changes in addresses */
	uint64_t now_ns; /* reached_ns as it was before the lane was found empty; paced: time of
			    the packet that falls due next */
	bool ended, stop_said, rehearsing;
	unsigned captures_ended;
	uint64_t begin_tsc; /* of the capture at hand; 0: nothing of it was there yet */
	struct span span[2]; /* of what counts, and of the rehearsal */
	struct lane up;
	/* worker, of a paced replay */
	struct due *ring; /* SL_PACE_RING of them */
	uint32_t ring_head, ring_tail;
	uint32_t arrival_pass; /* of `current`, whose packets have yet to fall due */
	uint64_t due_tsc; /* when the next one does */
	_Atomic uint64_t missed, wire_bytes; /* worker writes, any thread reads; bytes of what was
						given, with SL_PACE_GAP for each frame */
	_Atomic uint32_t idle_at; /* worker: captures that it is done with; loader reads */
};

struct replay {
	struct sl_source base;
	struct sl_replay_options o;
	bool keep; /* a capture is read whole before the workers get it */
	uint8_t fresh_bits;
	double cycles_a_step; /* paced */
	alignas(64) _Atomic bool stop;
	struct queue *queues; /* o.queues of them */

	/* loader (control before start) */
	struct block *blocks; /* block_max of them, block_count with memory */
	uint32_t block_max, block_count, outstanding;
	struct block *spare;
	uint64_t sent;
	struct sl_input *in; /* of the capture being read */
	struct sl_capture *capture;
	struct sl_capture_damage damage;
	struct sl_capture_packet first; /* read ahead of the start */
	int first_rc;
	bool first_known;
	uint64_t lowest_ns, highest_ns; /* of the capture being read */
	uint64_t steps; /* of the pace, from its first packet to the one being read */
	struct sl_fragment_trail *trail; /* of the capture being read */
	struct sl_input **kept; /* inputs that can't be opened twice, opened early */
	uint8_t *head; /* first bytes of the first capture, until start */
	size_t head_len;
	struct sl_replay_result *results;
	uint64_t *end_ns; /* of each capture in its last pass; written before its mark is sent */

	/* loader writes, any thread reads */
	_Atomic uint64_t file_offset, files_done, capture_number;
	_Atomic uint64_t begun_ns; /* as in sl_replay_sums */
	_Atomic uint64_t kept_packets; /* that kept captures will have given in all passes */
	_Atomic uint64_t mapped_bytes, huge_bytes; /* of the blocks */
	uint64_t bytes_total;
	pthread_t thread;
	bool started, joined;
};

/* Of a cell with one writer. */
static inline void add_relaxed(_Atomic uint64_t *cell, uint64_t n)
{
	uint64_t had = atomic_load_explicit(cell, memory_order_relaxed);
	atomic_store_explicit(cell, had + n, memory_order_relaxed);
}

/* queue.c: the worker's side, and the lanes. */
extern const struct sl_source_ops replay_ops, paced_ops;
bool lane_push(struct lane *l, uintptr_t entry);
uintptr_t lane_pop(struct lane *l);
/* The next block of the chain that *pass stands in, or its first again in another pass; NULL: it
 * has been passed over. */
struct block *queue_block(struct queue *q, uint32_t *pass);
/* From now on packets of this pass are given. */
void queue_enter(const struct replay *r, struct queue *q, uint32_t pass);
void queue_fill(const struct queue *q, struct block *b, uint32_t slot, struct sl_packet *pkt);
/* Where nothing of the block is in use any more and nothing will be. */
void queue_block_done(struct queue *q, struct block *b);

/* pace.c: paced queues, worker. */
uint16_t pace_take(const struct replay *r, struct queue *q, struct sl_packet *pkt, uint16_t max);
/* How full the ring is, of SL_QUEUE_FULL. */
unsigned pace_fill(const struct queue *q);
/* A chain was taken off the lane. */
void pace_begin(const struct replay *r, struct queue *q);
/* False: everything of the chain was given or missed. */
bool pace_busy(const struct queue *q);
/* Control, before the start; -ENOTSUP: the rate of the time-stamp counter is not known. */
int pace_init(struct replay *r);
void pace_fini(struct replay *r);
/* Loader: when a capture begins that is sent now; 0: at full speed. */
uint64_t pace_begin_tsc(const struct replay *r);
/* Loader: how many steps a packet of so many bytes is. */
uint64_t pace_steps(const struct replay *r, uint32_t wire_len);

/* blocks.c: the loader's side of the pool. */
int blocks_init(struct replay *r);
void blocks_fini(struct replay *r);
/* Room for len bytes in the block that is being filled for q; NULL: stop was called (*error 0), or
 * there is no memory (-ENOMEM), or the looped capture does not fit (-EFBIG). */
uint8_t *block_room(
	struct replay *r, struct queue *q, uint32_t len, struct slot **slot, int *error);
/* The block being filled, if there is one, is as full as it gets. */
void block_seal(struct replay *r, struct queue *q);
/* Every block that holds something goes to its worker. */
void blocks_flush(struct replay *r);
/* A kept capture is complete: its blocks go to the workers, to be passed over as often as the tour
 * says; of a rehearsal they stay kept. */
void blocks_send_kept(struct replay *r, const struct tour *tour);
/* Waits until every queue has done with as many captures; false: stop was called. */
bool blocks_await_idle(struct replay *r, unsigned captures);
/* It is not wanted: its blocks are spare again. */
void blocks_drop_kept(struct replay *r);
void blocks_send_mark(struct replay *r, uintptr_t mark);

/* replay.c */
void replay_close(struct sl_source *s);

/* loader.c */
void *loader_run(void *replay);
int loader_open_capture(struct replay *r, unsigned i);
void loader_close_capture(struct replay *r);

/* Sanitizer builds: what lies behind a packet must not be read. */
#if defined(__SANITIZE_ADDRESS__)
#define SOURCE_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SOURCE_POISON 1
#endif
#endif

#endif
