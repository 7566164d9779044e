/* SPDX-License-Identifier: BSD-3-Clause */
/* pieces.h - a store of fragments under test, and fragments sent into it through sl_decode. */
#ifndef TESTS_DECODE_PIECES_H
#define TESTS_DECODE_PIECES_H

#include "test.h"

#include <sightline/decode.h>

struct pieces {
	struct sl_defrag *d;
	struct sl_counters c;
	struct sl_packet p; /* the last one */
	struct guarded g; /* its bytes */
	uint64_t now_ns;
	uint32_t salt;
	uint8_t proto; /* 17 at first */
	uint8_t host; /* last byte of the source's address */
	uint8_t options; /* bytes of IPv4 options */
	uint32_t wire_more; /* bytes that the capture cut off */
	unsigned sent;
	unsigned lost; /* datagrams told of as lost, all of whose packets are below */
	uint64_t lost_packets, whole_packets, bare_packets;
	struct sl_packet last_lost;
};

/* Takes what was lost; after each packet. */
void take_lost(struct pieces *s);
struct pieces *pieces_new(const struct sl_defrag_options *o); /* NULL: the defaults */
void pieces_free(struct pieces *s);
/* From 192.0.2.1 to 198.51.100.2, and 2001:db8::1 to 2001:db8::2. True: it made a datagram whole,
 * or was one. */
bool send4(struct pieces *s, unsigned id, unsigned at, bool more, const void *p, size_t len);
bool send6(struct pieces *s, uint32_t id, unsigned at, bool more, const void *p, size_t len);
bool send_raw(struct pieces *s, const void *p, size_t len);
/* len bytes of the letter. */
bool fill4(struct pieces *s, unsigned id, unsigned at, bool more, char letter, size_t len);
bool fill6(struct pieces *s, uint32_t id, unsigned at, bool more, char letter, size_t len);
/* One letter for each 8 bytes of the datagram's payload from the second on (which follow a UDP
 * header), as they all must be alike. */
const char *letters(const struct pieces *s);
uint64_t counted(const struct pieces *s, enum sl_counter id);

#endif
