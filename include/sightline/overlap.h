/* SPDX-License-Identifier: BSD-3-Clause */
/* overlap.h - whose bytes count where IP fragments or TCP segments overlap: receivers differ, and
 * who knows how can show them something else than their watcher sees (Ptacek and Newsham 1998).
 * So the policy is the receiver's, found by its address. Built by control, then read by any
 * thread. */
#ifndef SIGHTLINE_OVERLAP_H
#define SIGHTLINE_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/addr.h>

/* The model is that of Shankar and Paxson (Active Mapping, 2003) and Novak (Target-Based
 * Fragmentation Reassembly, 2005): where a byte came twice, in pieces that are compared as they
 * were sent. FIRST and LAST say it outright. The others keep the older piece, except that the newer
 * one counts where it begins before the older one (BSD), before it or at the same byte (Linux; of
 * TCP segments that begin at the same byte only where it is longer), or before it and ends behind
 * it (Windows). */
enum sl_overlap {
	SL_OVERLAP_FIRST,
	SL_OVERLAP_LAST,
	SL_OVERLAP_BSD,
	SL_OVERLAP_LINUX,
	SL_OVERLAP_WINDOWS,
};
#define SL_OVERLAP_COUNT 5

/* By their names in the configuration: "first", "last", "bsd", "linux", "windows". */
bool sl_overlap_parse(const char *text, size_t len, enum sl_overlap *out);

/* The policies of a site: networks, the longest prefix counts, and one for everybody else. */
struct sl_overlap_nets;
/* 0 or -ENOMEM. Empty, it says SL_OVERLAP_LINUX of everybody: most servers run it. Control. */
int sl_overlap_nets_new(struct sl_overlap_nets **out);
void sl_overlap_nets_free(struct sl_overlap_nets *n);
/* "10.0.0.0/8=windows", "192.0.2.1=bsd", or a name alone for everybody else. -EINVAL: neither, or a
 * network for the second time; -ENOMEM. Control. */
int sl_overlap_nets_add(struct sl_overlap_nets *n, const char *text, size_t len);
/* Of the receiver at this address. n may be NULL: as if empty. Looked up once for each datagram or
 * flow; a network costs two masked compares. */
enum sl_overlap sl_overlap_of(
	const struct sl_overlap_nets *n, const union sl_addr *receiver, uint8_t version);

#endif
