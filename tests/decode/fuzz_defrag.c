/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_defrag.c - a run of fragments from a fuzzer through decode with a store that is soon full.
 * Input: mode (1: policy, and bit 3 small bounds), then records of kind (1: bit 0 IPv6, bit 1 more,
 * bits 2 and 3 identification, bit 4 captured short, bit 5 a later time, bit 6 another protocol,
 * bit 7 far behind), offset in units (1), length (1), and the bytes. Each packet lies in its own
 * allocation, so that an over-read is one; so does what a datagram is made of (poisoned behind). */
#include <stdlib.h>

#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/span.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

enum { V6 = 1, MORE = 2, SHORT = 16, LATER = 32, OTHER = 64, FAR = 128 };

static const uint8_t protocols[2][4] = { { 17, 47, 6, 4 }, { 17, 41, 58, 60 } };

static size_t head_v4(uint8_t *b, uint8_t kind, uint32_t at, size_t len)
{
	size_t all = 20 + len;
	const uint8_t head[20] = { 0x45, 0, (uint8_t)(all >> 8), (uint8_t)all, 0,
		(uint8_t)(kind >> 2 & 3), (uint8_t)((kind & MORE ? 0x20 : 0) | at >> 11),
		(uint8_t)(at >> 3), 64, protocols[kind >> 6 & 1][kind >> 2 & 3], 0, 0, 192, 0, 2, 1,
		192, 0, 2, 2 };
	memcpy(b, head, sizeof(head));
	return sizeof(head);
}

static size_t head_v6(uint8_t *b, uint8_t kind, uint32_t at, size_t len)
{
	size_t all = 8 + len;
	memset(b, 0, 48);
	b[0] = 0x60;
	b[4] = (uint8_t)(all >> 8);
	b[5] = (uint8_t)all;
	b[6] = 44;
	b[23] = 1;
	b[39] = 2;
	b[40] = protocols[kind >> 6 & 1][kind >> 2 & 3];
	b[42] = (uint8_t)(at >> 8);
	b[43] = (uint8_t)(at | (kind & MORE ? 1 : 0));
	b[47] = kind >> 2 & 3;
	return 48;
}

static void check(const struct sl_packet *p, const struct sl_defrag *d, size_t memory)
{
	MUST(p->version == 4 || p->version == 6 || p->flags & SL_PKT_FRAGMENT);
	MUST(sl_defrag_bytes(d) <= memory);
	uint32_t sum = 0;
	for (uint32_t i = 0; i < p->payload_len; i++)
		sum += p->payload[i];
	MUST(sum < UINT32_MAX);
	if (p->payload_len == 0 || p->flags & SL_PKT_REASSEMBLED)
		return;
	MUST(p->payload >= p->data && p->payload + p->payload_len <= p->data + p->len);
}

/* Packets of datagrams that never were whole. */
static uint64_t lost(struct sl_defrag *d)
{
	struct sl_packet p;
	uint64_t n = 0;
	while (sl_defrag_lost(d, &p)) {
		MUST(p.version == 4 || p.version == 6);
		n += 1 + p.held_packets;
	}
	return n;
}

static bool next_packet(struct sl_rd *r, struct sl_packet *p, uint64_t *now)
{
	uint8_t kind = sl_rd8(r), units = sl_rd8(r), len = sl_rd8(r);
	if (r->bad)
		return false;
	struct sl_span s = sl_rd_take(r, len < sl_rd_left(r) ? len : sl_rd_left(r));
	uint32_t at = units * 8u + (kind & FAR ? 63488u : 0);
	uint8_t head[48];
	size_t n = (kind & V6 ? head_v6 : head_v4)(head, kind, at, s.len);
	uint8_t *copy = malloc(n + s.len);
	MUST(copy);
	memcpy(copy, head, n);
	if (s.len)
		memcpy(copy + n, s.p, s.len);
	*now += kind & LATER ? 11 * SL_SECOND : 1000;
	*p = (struct sl_packet){ .data = copy, .linktype = SL_LINK_RAW, .ts_ns = *now };
	p->wire_len = (uint32_t)(n + s.len);
	p->len = p->wire_len - (kind & SHORT && s.len ? 1 : 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_counters c;
	static const char *const policies[] = { "first", "last", "bsd", "linux", "windows" };
	struct sl_rd r = sl_rd(sl_span(data, size));
	uint8_t mode = sl_rd8(&r);
	struct sl_overlap_nets *nets;
	struct sl_defrag_options o = sl_defrag_defaults;
	const char *policy = policies[(mode & 7) % 5];
	MUST(sl_overlap_nets_new(&nets) == 0);
	MUST(sl_overlap_nets_add(nets, policy, strlen(policy)) == 0);
	o.overlap = nets;
	o.memory_bytes = 128 << 10;
	o.max_datagrams = mode & 8 ? 2 : 64;
	o.max_fragments = mode & 8 ? 6 : 64;
	memset(&c, 0, sizeof(c));
	struct sl_defrag *d;
	MUST(sl_defrag_new(&d, &o, &c) == 0);
	struct sl_packet p;
	uint64_t now = SL_SECOND, sent = 0, told = 0;
	struct sl_decode_options decode = { .defrag = d };
	while (next_packet(&r, &p, &now)) {
		uint8_t *mine = (uint8_t *)(uintptr_t)p.data;
		MUST(sl_decode(&decode, &p, 1, &c) == (p.version != 0));
		check(&p, d, o.memory_bytes);
		MUST(sl_defrag_count(d) <= o.max_datagrams);
		sent++;
		told += p.version || !(p.flags & SL_PKT_FRAGMENT) ? 1 + p.held_packets : 0;
		told += lost(d);
		free(mine);
	}
	sl_defrag_flush(d);
	told += lost(d);
	MUST(told == sent || (told < sent && c.c[SL_C_DEFRAG_AGAIN] > 0));
	MUST(sl_defrag_count(d) == 0 && sl_defrag_bytes(d) == 0);
	sl_defrag_free(d);
	sl_overlap_nets_free(nets);
	return 0;
}
