/* SPDX-License-Identifier: BSD-3-Clause */
/* pcap.c - the classic format (draft-ietf-opsawg-pcap): a header of 24 bytes, then records. */
#include <errno.h>

#include <sightline/clock.h>

#include "capture.h"

#define HEADER_BYTES 24
#define RECORD_BYTES 16
#define MODIFIED_BYTES 24 /* interface, protocol and packet type behind the usual record header */

static int pcap_next(struct sl_capture *c, struct sl_capture_packet *p)
{
	size_t head = c->modified ? MODIFIED_BYTES : RECORD_BYTES;
	size_t have = capture_need(c, head);
	uint64_t start = c->offset;
	if (have == 0 && c->in_error == 0)
		return 0;
	if (have < head)
		return capture_cut(c, start, "a packet header");
	const uint8_t *h = c->buf + c->at;
	uint32_t len = capture_u32(c, h + 8), wire_len = capture_u32(c, h + 12);
	/* Versions before 2.3 had the two lengths the other way round, and some that say 2.3. */
	if (c->swapped_len || (c->maybe_swapped_len && len > wire_len)) {
		uint32_t other = len;
		len = wire_len;
		wire_len = other;
	}
	if (len > SL_CAPTURE_PACKET_MAX)
		return capture_damaged(c, start,
			"a packet of %u bytes, more than the %u there can be", len,
			SL_CAPTURE_PACKET_MAX);
	uint64_t sec = capture_u32(c, h), frac = capture_u32(c, h + 4);
	if (capture_need(c, head + len) < head + len)
		return capture_cut(c, start, "a packet");
	*p = (struct sl_capture_packet){
		.data = c->buf + c->at + head,
		.len = len,
		.wire_len = wire_len > len ? wire_len : len,
		.ts_ns = sec * SL_SECOND + (c->nano ? frac : frac * 1000),
		.linktype = c->linktype,
	};
	capture_used(c, head + len);
	return 1;
}

int pcap_open(struct sl_capture *c)
{
	if (capture_need(c, HEADER_BYTES) < HEADER_BYTES)
		return capture_cut(c, 0, "the file header");
	const uint8_t *h = c->buf + c->at;
	uint16_t major = capture_u16(c, h + 4), minor = capture_u16(c, h + 6);
	if (major != 2)
		return capture_damaged(
			c, 4, "pcap version %u.%u is not known, only 2 is", major, minor);
	c->swapped_len = minor < 3;
	c->maybe_swapped_len = minor == 3;
	/* The upper half holds the length of a frame check sequence, if any, and reserved bits. */
	c->linktype = (uint16_t)capture_u32(c, h + 20);
	c->next = pcap_next;
	capture_used(c, HEADER_BYTES);
	return 0;
}
