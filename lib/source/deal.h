/* SPDX-License-Identifier: BSD-3-Clause */
/* deal.h - how the packets of several ports become the bursts of one thread, and of one thread the
 * bursts of several workers. Private to lib/source.
 *
 * In order: what a thread takes from several ports it gives in the order of time, so that an answer
 * does not come before its question where each direction has a port of its own.
 *
 * Dealt: where a device can't give each worker its packets, one thread, the dispatcher, takes them
 * all and gives each to the worker of its address pair, the innermost, as a replay would. A lane to
 * each worker, another back for what is done with; both have one writer and one reader.
 *
 * In doubt: where devices say that they can, workers take for themselves, and the dispatcher's
 * thread waits until that is proven (proof.h), and ends. The first packet that is not where it
 * belongs stays where it was taken to; each worker that hears of it leaves its queues alone and
 * says so; then the dispatcher takes what they had not given yet, and goes on with the queues,
 * which hold meanwhile what comes. So nothing is lost, the order stays, and as it deals by what the
 * device had promised, no flow changes its worker. */
#ifndef SOURCE_DEAL_H
#define SOURCE_DEAL_H

#include <pthread.h>

#include <sightline/defrag.h>

#include "ports.h"

/* ---- In order ---- */

#define TAPS_MAX 256u

/* Packets of one queue that were taken and not given yet. */
struct ahead {
	uint16_t at, n;
	uint16_t good; /* <= n: those before belong to who took them */
	struct sl_packet pkt[SL_BURST];
};

/* What one thread takes from: queue `queue` of every port, or all queues of all ports. */
struct intake {
	struct port *const *port; /* by number */
	struct tap {
		struct port *port;
		uint16_t queue;
	} tap[TAPS_MAX];
	unsigned count;
	int queue; /* of every port, or ALL_QUEUES: whose packet is whose is not asked */
	struct ahead *ahead; /* owned; one for each tap, NULL where there is but one, which is
				not to be proven */
};

#define ALL_QUEUES (-1)
/* -E2BIG: more than TAPS_MAX queues. */
int intake_init(struct intake *in, struct port *const *port, unsigned count, int queue);
void intake_fini(struct intake *in);
/* Up to max (<= SL_BURST) packets; `last`: the ports are quiet. 0: nothing there. */
uint16_t intake_burst(struct intake *in, struct sl_packet *pkt, uint16_t max, bool last);
/* How full the fullest of its queues is, of SL_QUEUE_FULL. */
unsigned intake_fill(const struct intake *in);
void intake_release(struct intake *in, struct sl_packet *pkt, uint16_t n);
/* Takes over what `from`, whose thread takes no more, had taken and not given. */
void intake_adopt(struct intake *in, const struct intake *from);
/* After an empty burst of quiet ports: nothing more will come. */
bool intake_drained(const struct intake *in);
/* Blocks for some 0.1 s at most; false: not all ports can be waited for. */
bool intake_wait(const struct intake *in);

/* ---- Dealt ---- */

#define LANE_PACKETS 4096u /* to one worker; a power of two */

/* The source's part of a packet's view. */
struct dealt {
	const uint8_t *data;
	uint32_t len, wire_len;
	uint64_t ts_ns;
	void *owner;
	uint32_t hash, salt;
	uint16_t linktype, port, flags, vlan;
};

struct deal_lane {
	struct dealt *to; /* owned, LANE_PACKETS */
	struct dealt *back; /* likewise: room for all that is out */
	alignas(64) _Atomic uint32_t to_head; /* dispatcher's release, worker's acquire */
	uint32_t out; /* dispatcher: packets not come back yet */
	_Atomic uint64_t full; /* dispatcher: packets lost for a full lane */
	uint32_t back_tail; /* dispatcher */
	const struct intake *own; /* in doubt: the worker's own */
	alignas(64) _Atomic uint32_t back_head; /* worker's release, dispatcher's acquire */
	uint32_t to_tail; /* worker */
	_Atomic bool left, done; /* worker, in doubt: touches its queues no more; found the end of
				    them. Release; the acquire is the dispatcher's, the others' */
};

struct deal {
	struct intake in;
	unsigned workers;
	uint32_t room; /* of a lane: <= LANE_PACKETS, so that it is full before a port's buffers
			  are all out */
	struct deal_lane *lane; /* owned; one for each worker */
	struct sl_fragment_trail *trail;
	bool tuple; /* deal by ports, too */
	int core; /* of its own; -1: the control's */
	const _Atomic bool *stop; /* the ports are quiet */
	alignas(64) _Atomic bool doubt; /* a worker found a packet that is not its own */
	alignas(64) _Atomic bool dealing; /* set before start, or by the dispatcher */
	alignas(64) _Atomic bool ended; /* dispatcher: nothing more comes */
	_Atomic bool closing; /* control: nobody takes any more */
	_Atomic uint64_t beats; /* rounds of its loop */
	pthread_t thread;
	bool started;
};

int deal_init(struct deal *d, struct port *const *port, unsigned count, unsigned workers,
	const _Atomic bool *stop);
/* The worker takes from `own` while nothing is in doubt. Before start, of all workers or none. */
void deal_doubt(struct deal *d, unsigned worker, const struct intake *own);
int deal_start(struct deal *d);
void deal_fini(struct deal *d); /* after stop */
/* The worker's side. */
bool deal_is_on(const struct deal *d);
/* The worker may take from its own intake now; it is asked before each burst. */
bool deal_own(struct deal *d, uint16_t worker);
/* The worker found the end of its own; true: all did, and none has doubts. */
bool deal_own_ended(struct deal *d, uint16_t worker);
uint16_t deal_burst(struct deal *d, uint16_t worker, struct sl_packet *pkt, uint16_t max);
void deal_release(struct deal *d, uint16_t worker, struct sl_packet *pkt, uint16_t n);
/* How full the worker's lane is, of SL_QUEUE_FULL. */
unsigned deal_fill(const struct deal *d, uint16_t worker);
bool deal_drained(const struct deal *d, uint16_t worker);
/* Any thread: rounds of the dispatcher's loop. False: it does not deal, not yet or no more. */
bool deal_beats(const struct deal *d, uint64_t *beats);

#endif
