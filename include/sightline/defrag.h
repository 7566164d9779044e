/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag.h - IP datagrams put together of their fragments (RFC 791 3.2, RFC 8200 4.5, RFC 5722,
 * RFC 6946). One store a worker, memory decided at start; sl_decode puts each fragment into it and
 * goes on in the datagram with the fragment that made it whole.
 *
 * A fragment is copied when it comes, so that it holds nothing of the source: it has been processed
 * like any other packet. Each byte of a datagram remembers in units of 8 which fragment it is of,
 * and another one's is judged against that: the cost of a fragment is its own bytes, whatever came
 * before it.
 *
 * Where fragments overlap, the policy is the receiver's (overlap.h), but for IPv6: there a datagram
 * with an overlap is given up (RFC 5722), exact copies of a fragment excepted. A datagram given up
 * is remembered until its time is over, and so are left out what comes of it. A last fragment that
 * contradicts another or ends before bytes seen gives up a datagram for IPv6 and to a receiver with
 * Linux; for others the first end counts and what lies behind it is left out. A fragment's time is
 * that of its packet, so that when a datagram is too old never depends on when somebody looks. */
#ifndef SIGHTLINE_DEFRAG_H
#define SIGHTLINE_DEFRAG_H

#include <stddef.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/overlap.h>
#include <sightline/packet.h>

struct sl_defrag_options {
	size_t memory_bytes; /* for fragments' bytes and what they are judged by, 1.5 bytes each;
				touched as it is needed. Used up: the oldest datagram is put out */
	uint32_t max_datagrams; /* at once, those given up included; the oldest is put out */
	uint32_t max_fragments; /* of one datagram; one more gives it up */
	uint64_t timeout_v4_ns, timeout_v6_ns; /* after a datagram's first fragment */
	const struct sl_overlap_nets *overlap; /* borrowed; NULL: the default's */
};
extern const struct sl_defrag_options sl_defrag_defaults;

struct sl_defrag;

/* -EINVAL, -ENOMEM. Control, as is _free. */
int sl_defrag_new(
	struct sl_defrag **out, const struct sl_defrag_options *o, struct sl_counters *counters);
void sl_defrag_free(struct sl_defrag *d);

/* Every datagram that is not whole is lost: the capture has ended. Worker, as are the rest. */
void sl_defrag_flush(struct sl_defrag *d);
/* Time goes on without packets: what is too old by then is lost, some of it for each call. Then
 * sl_defrag_lost, as after a burst. True: there is more. */
bool sl_defrag_clock(struct sl_defrag *d, uint64_t now_ns);
/* The next datagram that was lost (its time was over, or room was needed) as one packet that stands
 * for its fragments: SL_PKT_FRAGMENT, with addresses, outer ones and MACs of the first that came,
 * and the ports of UDP and SCTP where they were said. Not told of are fragments that came again
 * within a second of their datagram's being whole. Good until the next sl_decode; after each
 * burst and after a flush, all of them. False: none. */
bool sl_defrag_lost(struct sl_defrag *d, struct sl_packet *out);
uint32_t sl_defrag_count(const struct sl_defrag *d); /* datagrams remembered */
size_t sl_defrag_bytes(const struct sl_defrag *d); /* of memory_bytes, in use */
/* Units of 8 bytes and datagrams that were looked at so far: what a test of the bounds counts
 * instead of time. */
uint64_t sl_defrag_work(const struct sl_defrag *d);

/* Which worker gets a fragment: what is in a tunnel goes where its inner addresses lead, and only
 * the first fragment of a tunnel's datagram holds them. A trail remembers for the ones behind it,
 * some thousand datagrams. Who deals out packets decodes them with one in its options. A datagram
 * whose first fragment is not the first to come is dealt out by its outer addresses. */
struct sl_fragment_trail;
int sl_fragment_trail_new(struct sl_fragment_trail **out);
void sl_fragment_trail_free(struct sl_fragment_trail *t);
void sl_fragment_trail_clear(struct sl_fragment_trail *t); /* another capture begins */

#endif
