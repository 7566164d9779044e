/* SPDX-License-Identifier: BSD-3-Clause */
/* netdev.h - what the kernel knows of a network device: its kind, MTU, state and counters, asked
 * over rtnetlink. Control threads. Private to lib/source. */
#ifndef SOURCE_NETDEV_H
#define SOURCE_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

struct netdev {
	int fd; /* rtnetlink; -1: no such device is behind the port */
	int index;
	char name[16];
	/* as last read */
	uint32_t mtu;
	uint16_t hardware; /* ARPHRD_* */
	int node; /* NUMA; -1: none */
	unsigned rx_queues;
	bool up, running;
	/* since netdev_open; any thread reads */
	_Atomic uint64_t dropped, missed, errors; /* receiving */
	_Atomic uint64_t unsent; /* that the kernel had for the device, and dropped */
	uint64_t base_dropped, base_missed, base_errors, base_unsent;
};

/* -ENODEV: no such device. */
int netdev_open(struct netdev *d, const char *name);
/* Reads it anew. -ENODEV: it is gone. */
int netdev_look(struct netdev *d);
void netdev_close(struct netdev *d);

#endif
