/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.h - frames put together byte by byte for the tests of decode, and decoding one of them. */
#ifndef TESTS_DECODE_FRAME_H
#define TESTS_DECODE_FRAME_H

#include "test.h"

#include <sightline/decode.h>

struct frame {
	uint8_t b[2048];
	size_t n;
};

void put(struct frame *f, const void *p, size_t len);
void put8(struct frame *f, unsigned v);
void put16(struct frame *f, unsigned v);
void put32(struct frame *f, uint32_t v);
void put_fill(struct frame *f, size_t len); /* len bytes 'x' */

void put_ethernet(struct frame *f, unsigned type);
/* 192.0.2.1 to 198.51.100.2, `rest` bytes behind the header, right checksum; `options` bytes of
 * them. frag: the flags and offset field. */
void put_v4(struct frame *f, unsigned proto, size_t options, size_t rest, unsigned frag);
/* 2001:db8::1 to 2001:db8::2 */
void put_v6(struct frame *f, unsigned next, size_t rest);
/* 40000 to 80, sequence 1000, acknowledging 2000, `options` bytes (a multiple of 4). */
void put_tcp(struct frame *f, size_t options, size_t payload);
/* 40000 to 53. */
void put_udp(struct frame *f, size_t payload);
/* Writes the right transport checksum: `l4` and `l4_len` say where it lies in the frame, `ip` where
 * the IP header starts. */
void checksum_fix(struct frame *f, size_t ip, size_t l4, size_t l4_len, unsigned proto);

/* Writes the right checksum of an IPv4 header without options. */
void header_fix(struct frame *f, size_t ip);

/* Decodes `len` bytes of the frame as a packet that had wire_len, from memory that ends with them.
 * The packet's pointers are good until decoded_free. */
struct decoded {
	struct sl_packet p;
	struct sl_counters c;
	struct guarded g;
	bool good;
};
void decode_frame(struct decoded *d, const struct frame *f, uint16_t linktype);
void decode_cut(
	struct decoded *d, const struct frame *f, size_t len, uint16_t linktype, bool verify);
void decoded_free(struct decoded *d);
uint64_t drops_of(const struct sl_counters *c);

#endif
