/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_xdp.h - what DPDK's AF_XDP driver leaves to who uses it, and what is known of the kernel's
 * device behind a virtual one. Control threads. Private to lib/source. */
#ifndef SOURCE_ETHDEV_XDP_H
#define SOURCE_ETHDEV_XDP_H

#include "ports.h"

bool xdp_is(const struct port *p);
/* The device's string for DPDK; opens p->netdev where a device of the kernel's is named (iface=).
 * Of AF_XDP all its queues are asked for: what comes on another is not seen. -errno and err. */
int xdp_devargs(struct port *p, char *args, size_t len, char *err, size_t err_len);
/* Queues that AF_XDP reads; 0: it is another driver. */
unsigned xdp_queues(const struct port *p);
/* The same of a device that is not open, and its MTU. False: no such device, or another driver. */
bool xdp_ask(const char *dev, unsigned *queues, uint32_t *mtu);
/* Bytes of a buffer, where `wanted` would do otherwise. */
uint32_t xdp_room(const struct port *p, uint32_t wanted);
/* The driver does not tell its sockets: one that was not told yet. -1: none. */
int xdp_new_fd(void);
/* Packets that found no buffer, or no room in the socket's ring (XDP_STATISTICS). */
uint64_t xdp_missed(int fd);
/* All of XDP_STATISTICS of a queue, each by its name. */
void xdp_tell(const struct port *p, unsigned queue, int fd, sl_port_fn tell, void *arg);

#endif
