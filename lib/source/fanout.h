/* SPDX-License-Identifier: BSD-3-Clause */
/* fanout.h - the program by which the kernel chooses the socket of a packet. Private to lib/source.
 */
#ifndef SOURCE_FANOUT_H
#define SOURCE_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/filter.h>

#define FANOUT_MAX 512 /* instructions */

/* A classic BPF program that hashes the pair of addresses of the outermost IP header, behind VLAN
 * tags, MPLS labels and PPPoE: the same for both directions and for every fragment, 0 where there
 * is no such header. With `tuple` the ports of TCP and UDP that is no fragment are hashed, too. The
 * kernel takes it modulo the number of sockets. Returns its length. */
uint16_t fanout_program(struct sock_filter out[FANOUT_MAX], uint32_t key, bool tuple);

#endif
