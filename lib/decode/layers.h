/* SPDX-License-Identifier: BSD-3-Clause */
/* layers.h - what the layers of decode share: one packet on its way from the outermost header to
 * its payload. Private to lib/decode. */
#ifndef SL_DECODE_LAYERS_H
#define SL_DECODE_LAYERS_H

#include <sightline/decode.h>
#include <sightline/span.h>

/* A layer's answer when nothing stands against the packet. */
#define SL_DECODED SL_DROP_COUNT

struct layers {
	struct sl_packet *pkt;
	struct sl_rd rd; /* not decoded yet; its end moves in once IP has said how long it is */
	struct sl_counters *counters;
	bool verify; /* a wrong checksum drops the packet */
	bool whole; /* every byte that IP's length names was captured, and the addresses are those
		       of the pseudo header: a transport checksum can be judged */
};

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Each takes the cursor from the start of its header to the start of the next, and goes on there.
 * They return the name of the drop, or SL_DECODED. */
enum sl_drop decode_link(struct layers *l);
enum sl_drop decode_ip(struct layers *l, uint8_t version); /* 0: as its first nibble says */
enum sl_drop decode_transport(struct layers *l);

/* Fills p->quoted from the header inside an ICMP error; `in` starts at the ICMP header. */
void decode_quoted(struct sl_packet *p, struct sl_span in);

/* Ones' complement sum (RFC 1071) in the byte order of this machine, unfolded. */
uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len);
bool checksum_right(uint64_t sum);
/* The sum of the pseudo header (RFC 9293 3.1, RFC 8200 8.1). */
uint64_t checksum_pseudo(const struct sl_packet *p, uint32_t len);

#endif
