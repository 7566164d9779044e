/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev.h - a port of DPDK's: a network card by its PCI address, or a virtual device. Private to
 * lib/source.
 *
 * A packet is an mbuf; its private part says which port it is of, and is written once. What lies in
 * several segments is copied into one long mbuf, as everything behind wants bytes in one piece. */
#ifndef SOURCE_ETHDEV_H
#define SOURCE_ETHDEV_H

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "ports.h"

#define ETH_QUEUES_MAX PROOF_QUEUES /* of a port */
#define ETH_KEY_MAX 64
#define ETH_WANTED_MTU 9600u
#define ETH_TAGS 8u /* bytes: two VLAN tags */
#define LONG_MBUFS 1024u /* for packets in several segments: of a port, at once */

/* In each mbuf of a port's pools. */
struct eth_owner {
	struct port_owner owner;
	struct rte_mbuf *mbuf;
};

struct eth_queue {
	/* control */
	struct rte_mempool *pool; /* owned by the environment until freed */
	int fd; /* of AF_XDP's socket; -1: none to poll */
	/* whoever polls it */
	alignas(64) struct port_tally tally;
	_Atomic uint64_t stamped, stamps_refused; /* by the device's time; too far off to be it */
	_Atomic uint64_t long_denied; /* several segments, and no room for them */
	uint32_t round, at; /* of a file without end: pass, and packets of it so far */
	uint32_t after; /* packets given since quiet; a full queue's at most */
	bool ended;
	/* control */
	alignas(64) _Atomic uint64_t missed;
	uint64_t missed_before;
	uint64_t lost; /* of the queue or its device, at the last look */
	_Atomic uint64_t full_until; /* by the time-stamp counter, as it had grown; whoever polls
					reads */
};

struct ethdev {
	struct port port;
	uint16_t id; /* DPDK's number of the port */
	bool ours; /* made by us: removed at the end */
	uint16_t descriptors;
	uint16_t tx; /* queues to send that the driver insists on */
	uint32_t room; /* of an mbuf for a frame's bytes */
	uint32_t pool_mbufs;
	bool scatter, configured;
	uint32_t round_packets; /* of a file that is given without end; 0: it is none */
	uint8_t fresh_bits;
	bool is_tap; /* the kernel sends into it */
	bool tuple; /* of ports as well as of addresses, where they are hashed */
	_Atomic bool quiet;
	int stamp_at; /* where an mbuf has the device's time; -1: nowhere */
	uint64_t stamp_flag; /* ... if it has */
	uint32_t stamp_unit_ns; /* 0: ticks of the device's clock */
	struct wall clock; /* the device's, where it can be read */
	struct rte_eth_dev_info info;
	struct rte_mempool *longs; /* NULL: no packet has several segments */
	struct eth_queue *queue; /* rx of them */
	/* control, in look */
	_Atomic uint64_t missed, no_mbuf, errors;
	uint64_t mtu;
	char name[RTE_ETH_NAME_MAX_LEN];
	char spread[512]; /* what chooses a packet's queue, in words */
	alignas(4) uint8_t key[ETH_KEY_MAX]; /* of its hash, as asked for */
};

/* ethdev_pool.c */
/* The value of an argument in a device's string; false: it isn't there. */
bool ethdev_argument(const char *dev, const char *name, char *value, size_t len);
/* Descriptors and buffers, once MTU and queues are known. */
void ethdev_size_up(struct ethdev *e, unsigned workers);
/* `what` makes its name; NULL: no memory. */
struct rte_mempool *ethdev_pool_new(struct ethdev *e, const char *what, uint32_t n, uint32_t room);
/* Memory of all pools of an open port. */
size_t ethdev_pool_bytes(const struct ethdev *e);

/* ethdev_rx.c */
uint16_t ethdev_burst(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t max);
void ethdev_release(struct port *p, uint16_t queue, struct sl_packet *pkt, uint16_t n);
unsigned ethdev_fill(struct port *p, uint16_t queue);
bool ethdev_drained(struct port *p, uint16_t queue);

/* ethdev_stamp.c */
/* Asks in `conf` for the device's time of each packet. */
void ethdev_stamp_ask(struct ethdev *e, struct rte_eth_conf *conf);
/* The device is started: what its time counts. */
void ethdev_stamp_begin(struct ethdev *e);
/* Now and then. */
void ethdev_stamp_look(struct ethdev *e);
const char *ethdev_stamp_text(const struct ethdev *e);

/* ethdev_rss.c */
/* Asks in `conf` for a symmetric hash of the pair of addresses, or of the ports, too (e->tuple).
 * False, and why: the device has none. */
bool ethdev_rss_ask(struct ethdev *e, struct rte_eth_conf *conf, char *why, size_t why_len);
/* Asks the started device in each way that its driver has, reads back what it does, and sees that
 * both directions of flows come to the same queue. 0: what its packets are compared with is in
 * e->port.proof, and `how` it was had. -ENOTSUP: `how` is why not; -ENOMEM. */
int ethdev_rss_settle(struct ethdev *e, char *how, size_t how_len);

#endif
