/* SPDX-License-Identifier: BSD-3-Clause */
/* afpacket.h - a port of the kernel's own (packet(7), PACKET_MMAP with TPACKET_V3): one socket and
 * one mapped ring for each worker. Private to lib/source.
 *
 * The kernel writes frames into a block and hands it over when it is full or BLOCK_WAIT_MS old; it
 * is the kernel's again once all its packets are released. Blocks are filled in order: one that is
 * in use stops the ring when its turn comes, and what doesn't fit is counted by the kernel. */
#ifndef SOURCE_AFPACKET_H
#define SOURCE_AFPACKET_H

#include <linux/if_packet.h>

#include "ports.h"

#define BLOCK_WAIT_MS 10
#define SLOT 2048u /* bytes of a ring that a packet takes, reckoned high */
#define BLOCK_ROOM ((size_t)256 << 10) /* of a block: room for the longest joined frame */

struct af_block {
	struct port_owner owner;
	struct tpacket_block_desc *desc;
	uint32_t unreleased;
	bool read_out; /* every packet was given */
};

struct af_queue {
	/* control sets before start */
	int fd;
	uint8_t *map;
	struct af_block *blocks; /* owned; block_count of the port */
	/* worker */
	alignas(64) uint32_t at; /* block whose turn it is */
	uint32_t left; /* packets of it not given yet */
	const struct tpacket3_hdr *next;
	alignas(64) struct port_tally tally;
	/* control, in look; any thread reads */
	alignas(64) _Atomic uint64_t missed, frozen;
};

struct afpacket {
	struct port port;
	bool tuple; /* of ports as well */
	size_t map_bytes; /* of each queue */
	uint32_t block_count;
	uint16_t linktype;
	struct af_queue *queue; /* port.queues of them */
};

/* afpacket_ring.c: the worker's side. */
uint16_t afpacket_burst(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t max);
void afpacket_release(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t n);
unsigned afpacket_fill(struct port *p, uint16_t queue);
bool afpacket_drained(struct port *p, uint16_t queue);

#endif
