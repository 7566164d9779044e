/* SPDX-License-Identifier: BSD-3-Clause */
/* sieve.h - packets that are left out on purpose, each by its name: what the operator excludes
 * (backup, storage), and the copies that a mirror port makes. Between decode and the flows. One
 * sieve a worker; both packets of a copy have the same worker, as they have the same addresses. */
#ifndef SIGHTLINE_SIEVE_H
#define SIGHTLINE_SIEVE_H

#include <stddef.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/packet.h>

/* ---- What is excluded: made once by control, then read by any thread ---- */

struct sl_exclusions;
int sl_exclusions_new(struct sl_exclusions **out);
void sl_exclusions_free(struct sl_exclusions *e);
/* Parts joined by '+', all of which must be true of a packet: an address or prefix (of either end,
 * in any header), "port:N" or "port:N-M" (of either end), "proto:N", "tcp", "udp", "sctp", "icmp",
 * "icmpv6", "vlan:N" (any tag). -EINVAL: it is none; -E2BIG: there are SL_EXCLUSIONS_MAX already.
 */
int sl_exclusions_add(struct sl_exclusions *e, const char *text, size_t len);
#define SL_EXCLUSIONS_MAX 256

/* ---- Copies ---- */

/* A copy has the same addresses, identification and transport header with its payload as a packet
 * shortly before it, by packet time; time to live, traffic class, tags and link addresses may
 * differ, since a router may lie between two mirrors. A packet whose identification is 0 (and
 * one of IPv6, which has none) is the same if its transport header and payload are. Packets of
 * TCP, UDP, SCTP and ICMP alone; a fragment's copies are known when its datagram is put together.
 */
enum sl_copies {
	SL_COPIES_KEEP, /* nothing is looked at */
	SL_COPIES_COUNT, /* one packet of 64 is looked at, both of a copy or neither; none dropped
			  */
	SL_COPIES_DROP, /* all but the first are dropped */
};

struct sl_sieve_options {
	const struct sl_exclusions *exclude; /* borrowed; NULL: none */
	enum sl_copies copies;
	uint64_t window_ns; /* between a packet and its copy */
};

struct sl_sieve;
/* *out NULL: there is nothing to do. Memory is 2 MiB where copies are looked for. */
int sl_sieve_new(
	struct sl_sieve **out, const struct sl_sieve_options *o, struct sl_counters *counters);
void sl_sieve_free(struct sl_sieve *s);
/* Packets that decode has completed: what is left out has version 0 then, and its drop is counted.
 * Worker. */
void sl_sieve(struct sl_sieve *s, struct sl_packet *pkt, uint16_t n);
/* The same of datagrams that were never whole, whose packets have been counted. */
void sl_sieve_lost(struct sl_sieve *s, struct sl_packet *pkt, uint16_t n);

#endif
