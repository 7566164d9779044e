/* SPDX-License-Identifier: BSD-3-Clause */
/* spread.h - which worker gets a packet that this program deals out itself. Private to lib/source.
 */
#ifndef SOURCE_SPREAD_H
#define SOURCE_SPREAD_H

#include <sightline/defrag.h>

/* A symmetric hash of the packet's address pair, 0 where it has none. */
uint32_t spread_hash(
	struct sl_fragment_trail *trail, uint16_t linktype, const uint8_t *p, uint32_t len);
/* The same, and of the ports of TCP and UDP that is no fragment. */
uint32_t spread_hash_tuple(
	struct sl_fragment_trail *trail, uint16_t linktype, const uint8_t *p, uint32_t len);
/* The queue that a hash belongs to. */
static inline unsigned spread_queue(uint32_t hash, unsigned queues)
{
	return (unsigned)((uint64_t)hash * queues >> 32);
}

#endif
