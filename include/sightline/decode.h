/* SPDX-License-Identifier: BSD-3-Clause */
/* decode.h - link, VLAN, IP and transport headers of a burst. Worker; never allocates, never locks.
 */
#ifndef SIGHTLINE_DECODE_H
#define SIGHTLINE_DECODE_H

#include <sightline/counter.h>
#include <sightline/defrag.h>
#include <sightline/packet.h>

struct sl_decode_options {
	bool verify_checksums; /* drop on a wrong IP, TCP or UDP checksum instead of counting it
				  only */
	bool headers_only; /* nobody reads payloads: a transport checksum, which takes all bytes, is
			      judged only where a wrong one drops the packet */
	bool ignore_checksums; /* judge none: who only wants to know whose packet it is */
	struct sl_defrag *defrag; /* fragments are put together in it; NULL: they are not */
	struct sl_fragment_trail *trail; /* only without defrag: a fragment's view has the pair of
					    addresses that its datagram leads to */
};

/* Completes pkt[0..n). A packet that can't be completed is counted under its drop and marked by
 * version == 0; it keeps its place, because the source releases whole bursts. Returns how many are
 * good. A fragment that made a datagram whole stands for it (SL_PKT_REASSEMBLED): its payload lies
 * in o->defrag until the next call, and it brings what was held. One whose datagram may still
 * become whole is held (SL_PKT_FRAGMENT, version 0, no drop): sl_defrag_lost gives those that never
 * did. One that belongs to no datagram any more has its addresses (SL_PKT_FRAGMENT), as all have
 * without o->defrag. */
uint16_t sl_decode(const struct sl_decode_options *o, struct sl_packet *pkt, uint16_t n,
	struct sl_counters *counters);

/* What a looped replay does to the addresses of its passes (packet.h, SL_SALT), for an address that
 * stands in a payload. Salt 0 changes nothing. */
void sl_decode_salt(union sl_addr *a, uint8_t version, uint32_t salt);

/* ICMP (proto 1) and ICMPv6 (58): the type that answers this one, or that this one answers. False:
 * it goes one way only. With it sport and dport of a request and of its reply mirror each other, as
 * Community ID v1 has it; of a one-way type sport is the type and dport the code. Any thread. */
bool sl_icmp_counterpart(uint8_t proto, uint8_t type, uint8_t *out);
bool sl_icmp_is_reply(uint8_t proto, uint8_t type);

#endif
