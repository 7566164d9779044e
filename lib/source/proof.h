/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.h - whether a device that chooses the queue of a packet itself does as it says. Private to
 * lib/source.
 *
 * From the key and the table of queues that were read back follows where each packet belongs: its
 * home. Of the first packets each hash that the device gives, and the queue that it chose, are
 * compared with that. While all agree workers take from their queues; the first packet that does
 * not agree is given to nobody, and the dispatcher takes over (deal.h). It deals by the same home,
 * so that what was seen until then is where it belongs, and no flow changes its worker. A device
 * that was right for so long is believed.
 *
 * What this does not understand (behind MPLS or PPPoE, more tags) belongs where the device put it.
 * A port that is silent is neither proven nor doubted. */
#ifndef SOURCE_PROOF_H
#define SOURCE_PROOF_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROOF_PACKETS 10000u /* of a port, over all its queues */
#define PROOF_QUEUES 64
#define PROOF_TABLE 512
#define PROOF_BYTES 36 /* two addresses of IPv6, two ports */

enum proof_state { PROOF_OPEN, PROOF_HOLDS, PROOF_FAILED };

struct proof_spread { /* what was read back */
	const uint8_t *key; /* PROOF_BYTES + 4 of it are used */
	const uint16_t *table; /* queue of each remainder of the hash */
	unsigned entries, queues;
	bool tuple; /* of TCP and UDP that is no fragment the ports are hashed, too */
};

struct proof {
	/* control, before start */
	uint32_t adds[PROOF_BYTES][256]; /* what a byte at a place adds to the hash */
	uint16_t table[PROOF_TABLE];
	unsigned entries, queues;
	bool tuple;
	_Atomic bool *doubt; /* borrowed: raised when this fails; NULL: nobody asks */
	/* who polls the queue */
	struct proof_queue {
		alignas(64) _Atomic uint64_t checked, wrong;
		_Atomic uint64_t bare; /* of those checked: without a hash, the queue alone */
	} queue[PROOF_QUEUES];
	alignas(64) _Atomic int state; /* any of them; once it is not open it stays */
};

/* *out: proof_free. 0, -EINVAL: more queues or entries than there can be, -ENOMEM. Control. */
int proof_new(struct proof **out, const struct proof_spread *s);
void proof_free(struct proof *p); /* NULL is allowed */
/* Would both give every packet the same home? */
bool proof_alike(const struct proof *a, const struct proof *b);
/* A frame that came on this queue, with this hash (NULL: it has none): its home; once the device is
 * believed, the queue. Whoever polls the queue. */
unsigned proof_look(
	struct proof *p, uint16_t queue, const uint8_t *frame, uint32_t len, const uint32_t *hash);
static inline enum proof_state proof_state(const struct proof *p)
{
	return (enum proof_state)atomic_load_explicit(
		(_Atomic int *)(uintptr_t)&p->state, memory_order_acquire);
}
/* Sums over all queues; any thread. */
void proof_sums(const struct proof *p, uint64_t *checked, uint64_t *wrong);

#endif
