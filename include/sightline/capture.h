/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.h - packets out of a capture file: pcap (draft-ietf-opsawg-pcap: micro- and nanoseconds,
 * either byte order, and the "modified" form of Kuznetzov's libpcap) and pcapng
 * (draft-ietf-opsawg-pcapng). A function of bytes: no clock, no threads, no DPDK. Control threads.
 */
#ifndef SIGHTLINE_CAPTURE_H
#define SIGHTLINE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct sl_input;
struct sl_capture;

/* Longest packet; a length above it is damage (libpcap and Wireshark draw the line here too). */
#define SL_CAPTURE_PACKET_MAX 262144

struct sl_capture_packet {
	const uint8_t *data; /* good until the next call */
	uint32_t len, wire_len; /* wire_len >= len */
	uint64_t ts_ns;
	uint16_t linktype; /* LINKTYPE_*; flags that share its field are masked off */
};

/* Where a capture can't be read on, in bytes after decompression, and why. */
struct sl_capture_damage {
	uint64_t offset;
	char what[160];
};

/* Reads the file's header from `in` (borrowed, as is *damage, until the close). 0; -EBADMSG: not a
 * capture, or its header is damaged; -errno of reading. *damage says it in words. */
int sl_capture_open(struct sl_capture **out, struct sl_input *in, struct sl_capture_damage *damage);
/* 1: *p is the next packet; 0: the capture ended where it may; -EBADMSG or -errno, and *damage:
 * everything before it was given. Stays at an end or an error. */
int sl_capture_next(struct sl_capture *c, struct sl_capture_packet *p);
void sl_capture_close(struct sl_capture *c);

#endif
