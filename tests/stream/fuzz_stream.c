/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_stream.c - segments from a fuzzer through the reassembler. Input: one byte (bits 0 to 1 the
 * overlap policy, bit 2 small bounds, bit 3 small memory, bit 4 numbers that wrap, bit 5 a depth,
 * bit 6 memory shared with others), then records of flags (1: bit 0 direction, 1 SYN, 2 RST, 3 ACK,
 * 4 FIN, 5 captured short, 6 other bytes than the place has, 7 numbers far off), place (2: 12
 * bits), length (2: 10 bits; bit 15 an urgent pointer, of bits 10 to 14), acknowledgement (2).
 * Properties: a byte is given at its place only, was sent there, and not twice in a run; what is
 * counted as missing is what was not given, but for urgent bytes; a flow that ended holds no
 * memory. */
#include <stdlib.h>

#include <sightline/span.h>
#include <sightline/stream.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define PLACES (1u << 13) /* places that a segment may have, and its length */
enum { SYN = 2, RST = 4, ACK = 16, FIN = 1, URG = 32 };

/* What one direction sent, and what of it was given. */
struct side {
	uint8_t sent[PLACES]; /* bit 0: the place's byte, bit 1: another */
	bool given[PLACES];
	uint64_t missing; /* counted before the run began */
};

struct run {
	struct sl_stream *s;
	struct sl_flow flow;
	struct sl_counters c;
	uint32_t base;
	uint64_t resyncs;
	struct side side[2];
};

static uint8_t byte_at(uint32_t at, bool other)
{
	return (uint8_t)(at * 31 + (at >> 8) + (other ? 128 : 0));
}

static void check_bytes(struct run *r, const struct sl_piece *p, const struct sl_packet *pkt)
{
	struct side *side = &r->side[p->dir];
	uint32_t len = (uint32_t)p->bytes.len, seq = r->flow.seq[p->dir].next - len;
	MUST(len > 0);
	if (pkt != NULL && p->bytes.p >= pkt->payload &&
		p->bytes.p < pkt->payload + pkt->payload_len) {
		MUST(p->dir == pkt->dir);
		MUST(p->bytes.p + len <= pkt->payload + pkt->payload_len);
		seq = pkt->tcp_seq + (pkt->tcp_flags & SYN ? 1 : 0) +
		      (uint32_t)(p->bytes.p - pkt->payload);
	}
	for (uint32_t i = 0; i < len; i++) {
		uint32_t at = seq + i - r->base;
		MUST(at < PLACES && !side->given[at]);
		MUST((side->sent[at] & 1 && p->bytes.p[i] == byte_at(at, false)) ||
			(side->sent[at] & 2 && p->bytes.p[i] == byte_at(at, true)));
		side->given[at] = true;
	}
}

static void take(struct run *r, const struct sl_packet *pkt)
{
	struct sl_piece p;
	while (sl_stream_next(r->s, &p)) {
		MUST(p.kind != SL_PIECE_END && !p.datagram);
		if (r->c.c[SL_C_STREAM_RESYNC] != r->resyncs) {
			r->resyncs = r->c.c[SL_C_STREAM_RESYNC];
			memset(r->side[p.dir].given, 0, PLACES);
			r->side[p.dir].missing = r->flow.missing[p.dir];
		}
		if (p.kind == SL_PIECE_BYTES)
			check_bytes(r, &p, pkt);
	}
}

static void check_missing(const struct run *r, enum sl_dir dir)
{
	const struct sl_stream_seq *sq = &r->flow.seq[dir];
	uint64_t n = 0;
	for (uint32_t seq = sq->first; sq->known && seq != sq->next; seq++)
		n += !r->side[dir].given[(seq - r->base) % PLACES];
	uint64_t missing = r->flow.missing[dir] - r->side[dir].missing;
	MUST(missing <= n && n - missing <= r->c.c[SL_C_STREAM_URGENT]);
}

static void segment(struct run *r, struct sl_rd *rd)
{
	uint8_t what = sl_rd8(rd);
	uint32_t at = 1u + (sl_rd16(rd) & 4095), more = sl_rd16(rd), len = more & 1023;
	uint32_t ack = sl_rd16(rd);
	if (rd->bad)
		return;
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	uint8_t *bytes = malloc(len ? len : 1);
	MUST(bytes);
	p.dir = what & 1;
	p.tcp_flags = (uint8_t)((what & 2 ? SYN : 0) | (what & 4 ? RST : 0) | (what & 8 ? ACK : 0) |
				(what & 16 ? FIN : 0) | (more & 0x8000 ? URG : 0));
	p.tcp_urgent = more >> 10 & 31;
	p.flags |= what & 32 ? SL_PKT_CUT : 0;
	p.tcp_seq = r->base + at - (what & 2 ? 1 : 0);
	p.tcp_ack = r->base + ack + (what & 128 ? UINT32_C(0x90000000) : 0);
	p.payload = bytes;
	p.payload_len = len;
	for (uint32_t i = 0; i < len; i++) {
		bytes[i] = byte_at(at + i, what & 64);
		r->side[p.dir].sent[at + i] |= what & 64 ? 2 : 1;
	}
	sl_stream_push(r->s, &p);
	take(r, &p);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct sl_stream_options o = sl_stream_defaults;
	struct sl_rd rd = sl_rd(sl_span(data, size));
	uint8_t mode = sl_rd8(&rd);
	memset(&run, 0, sizeof(run));
	o.overlap = (enum sl_overlap)(mode & 3);
	o.max_segments = mode & 4 ? 4 : o.max_segments;
	o.max_bytes = mode & 4 ? 4096 : o.max_bytes;
	o.memory_bytes = mode & 8 ? 1 : 1 << 20;
	run.base = mode & 16 ? UINT32_MAX - 2000 : 7;
	o.depth_bytes = mode & 32 ? 1500 : 0;
	MUST((mode & 64) == 0 || sl_stream_share_new(&o.share, 256 << 10) == 0);
	MUST(sl_stream_new(&run.s, &o, &run.c) == 0);
	while (!rd.bad && sl_rd_left(&rd) > 0)
		segment(&run, &rd);
	sl_stream_end(run.s, &run.flow);
	take(&run, NULL);
	MUST(run.flow.stream == NULL && sl_stream_bytes(run.s) == 0);
	check_missing(&run, SL_TO_SERVER);
	check_missing(&run, SL_TO_CLIENT);
	MUST(o.share == NULL || sl_stream_share_used(o.share) == 0);
	sl_stream_free(run.s);
	sl_stream_share_free(o.share);
	return 0;
}
