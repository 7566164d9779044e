/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_decode.c - a run of packets from a fuzzer through decode, a small flow table and stream.
 * A small store of fragments is in decode's hands. Input: records of link type choice (1), flags
 * (1: bit 0 verify, bit 1 stripped tag, bit 2 salt), seconds since the last packet (1), length (2,
 * big-endian), then the packet. Each packet lies in its own allocation, so that an over-read is
 * one. */
#include <stdlib.h>

#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/flow.h>
#include <sightline/sieve.h>
#include <sightline/span.h>
#include <sightline/stream.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static const uint16_t links[] = { SL_LINK_ETHERNET, SL_LINK_NULL, SL_LINK_RAW_BSD,
	SL_LINK_RAW_OPENBSD, SL_LINK_RAW, SL_LINK_LOOP, SL_LINK_SLL, SL_LINK_IPV4, SL_LINK_IPV6,
	SL_LINK_SLL2, 9999, SL_LINK_PPP, SL_LINK_PPP_HDLC, SL_LINK_PPPOE, SL_LINK_ATM_LLC,
	SL_LINK_CISCO_HDLC, SL_LINK_WLAN, SL_LINK_FRAME_RELAY, SL_LINK_PRISM, SL_LINK_RADIOTAP,
	SL_LINK_AVS, SL_LINK_PPP_PPPD, SL_LINK_PPP_WITH_DIR, SL_LINK_MPLS };

static void check_view(const struct sl_packet *p)
{
	MUST(p->version == 0 || p->version == 4 || p->version == 6);
	MUST(p->vlan_count <= SL_VLAN_MAX && p->outer_count <= SL_OUTER_MAX);
	for (unsigned i = 0; i < p->outer_count && p->version; i++)
		MUST(p->outer[i].version == 4 || p->outer[i].version == 6);
	if (p->payload_len)
		MUST(p->flags & SL_PKT_L4);
	if (p->payload_len && !(p->flags & SL_PKT_REASSEMBLED)) {
		MUST(p->payload >= p->data && p->payload + p->payload_len <= p->data + p->len);
		MUST(p->payload - p->data >= p->l4_len);
	}
}

/* What the sieve reads of a packet; what it drops goes on all the same. */
static void sift(struct sl_packet p)
{
	static struct sl_counters c;
	static struct sl_sieve *s;
	struct sl_sieve_options o = { .copies = SL_COPIES_DROP, .window_ns = SL_SECOND };
	if (s == NULL)
		MUST(sl_sieve_new(&s, &o, &c) == 0);
	uint64_t before = c.drop[SL_DROP_DUPLICATE];
	uint8_t version = p.version;
	sl_sieve(s, &p, 1);
	MUST(c.drop[SL_DROP_DUPLICATE] - before == (version != p.version));
}

/* Pieces are of the packet, or of what was held of others: no longer than a packet can be. */
static void check_pieces(struct sl_stream *s)
{
	struct sl_piece piece;
	while (sl_stream_next(s, &piece)) {
		MUST(piece.kind != SL_PIECE_END);
		if (piece.kind == SL_PIECE_BYTES)
			MUST(piece.bytes.len > 0 && piece.bytes.len <= UINT16_MAX);
	}
}

static void end_flows(struct sl_flow_table *t, struct sl_stream *s)
{
	struct sl_flow *f;
	while ((f = sl_flow_ended(t)) != NULL) {
		sl_stream_end(s, f);
		check_pieces(s);
		MUST(f->stream == NULL);
	}
	sl_flow_reap(t);
}

static bool next_packet(struct sl_rd *r, struct sl_packet *p, bool *verify, uint64_t *now)
{
	uint8_t link = sl_rd8(r), flags = sl_rd8(r), seconds = sl_rd8(r);
	uint16_t len = sl_rd16(r);
	if (r->bad)
		return false;
	size_t have = len < sl_rd_left(r) ? len : sl_rd_left(r);
	struct sl_span s = sl_rd_take(r, have);
	uint8_t *copy = malloc(have ? have : 1);
	MUST(copy);
	if (have)
		memcpy(copy, s.p, have);
	*now += seconds * SL_SECOND;
	*verify = flags & 1;
	*p = (struct sl_packet){ .data = copy, .len = (uint32_t)have, .wire_len = len };
	p->ts_ns = *now;
	p->linktype = links[link % (sizeof(links) / sizeof(links[0]))];
	p->flags = flags & 2 ? SL_PKT_VLAN_STRIPPED : 0;
	p->salt = flags & 4 ? SL_SALT(16, 1) : 0;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_counters c;
	struct sl_flow_options fo = sl_flow_defaults;
	struct sl_stream_options so = sl_stream_defaults;
	struct sl_flow_table *t;
	struct sl_stream *streams;
	struct sl_defrag_options defrag = sl_defrag_defaults;
	struct sl_defrag *d;
	defrag.memory_bytes = 128 << 10;
	defrag.max_datagrams = 4;
	fo.max_flows = 4;
	so.memory_bytes = 128 << 10;
	so.max_segments = 8;
	memset(&c, 0, sizeof(c));
	MUST(sl_flow_table_new(&t, 0, &fo, &c) == 0);
	MUST(sl_stream_new(&streams, &so, &c) == 0);
	MUST(sl_defrag_new(&d, &defrag, &c) == 0);
	struct sl_rd r = sl_rd(sl_span(data, size));
	struct sl_packet p;
	bool verify;
	uint64_t now = SL_SECOND;
	while (next_packet(&r, &p, &verify, &now)) {
		struct sl_decode_options o = { .verify_checksums = verify, .defrag = d };
		MUST(sl_decode(&o, &p, 1, &c) == (p.version != 0));
		check_view(&p);
		sift(p);
		sl_flow_bind(t, &p, 1);
		struct sl_packet lost;
		while (sl_defrag_lost(d, &lost))
			;
		sl_stream_push(streams, &p);
		check_pieces(streams);
		sl_flow_sweep(t, now);
		end_flows(t, streams);
		free((void *)(uintptr_t)p.data);
	}
	while (sl_flow_flush(t))
		end_flows(t, streams);
	end_flows(t, streams);
	MUST(sl_flow_count(t) == 0);
	MUST(sl_stream_bytes(streams) == 0);
	sl_defrag_flush(d);
	while (sl_defrag_lost(d, &p))
		;
	MUST(sl_defrag_bytes(d) == 0);
	sl_defrag_free(d);
	sl_stream_free(streams);
	sl_flow_table_free(t);
	return 0;
}
