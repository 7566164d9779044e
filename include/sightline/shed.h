/* SPDX-License-Identifier: BSD-3-Clause */
/* shed.h - what a worker leaves undone while packets come faster than it can look at them: levels
 * in a stated order, each on top of those before it. What headers say (addresses, MACs, outer and
 * quoted headers) is matched at every level. A state machine of how full the worker's queue is, and
 * of time; its owner is the worker. */
#ifndef SIGHTLINE_SHED_H
#define SIGHTLINE_SHED_H

#include <stdint.h>

#include <sightline/source.h>

/* id, name, what is left undone. */
#define SL_SHED_LEVELS(X)                                                                          \
	X(BODIES, "bodies", "files and texts of mails decoded, hashed and kept: in new flows")     \
	X(ELEPHANTS, "elephants", "reassembly and protocols: of flows longer than shed_elephant")  \
	X(STREAMS, "streams", "reassembly and protocols: of new flows, but DNS over UDP")          \
	X(NAMES, "names", "DNS over UDP: of new flows")

#define X(id, name, what) SL_SHED_##id,
enum sl_shed_level { SL_SHED_NONE, SL_SHED_LEVELS(X) SL_SHED_LEVEL_COUNT };
#undef X
/* "" for NONE. */
const char *sl_shed_name(enum sl_shed_level level);

/* What was left undone of one flow: a bit for each level that it met, and this one: its parser
 * wants nothing more of either direction, or nothing before a handshake begins anew, as behind one
 * all is encrypted. Nothing is lost by that. */
#define SL_SHED_BIT(level) (1u << ((level)-1))
#define SL_SHED_BYPASSED 0x80u

struct sl_shed {
	uint64_t patience; /* owner sets; in the unit of `now` */
	uint64_t busy_at; /* the queue was last not calm */
	unsigned lowest; /* how full it was at least since the level rose */
	uint8_t level; /* enum sl_shed_level */
};

/* Takes how full the queue is (of SL_QUEUE_FULL). The level rises, by one for each look: from half
 * full on, by one more where it is an eighth fuller each, if the queue filled up since the level
 * rose last or is as good as full. It falls by one when the queue was less than a quarter full for
 * `patience`. */
void sl_shed_look(struct sl_shed *s, unsigned fill, uint64_t now);

#endif
