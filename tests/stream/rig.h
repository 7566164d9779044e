/* SPDX-License-Identifier: BSD-3-Clause */
/* rig.h - one flow, a reassembler, and segments given to it by their place in a text; what comes
 * out as text: bytes as they are, a gap as <n>, the other direction's after a '|'. */
#ifndef TESTS_STREAM_RIG_H
#define TESTS_STREAM_RIG_H

#include "test.h"

#include <stdio.h>

#include <sightline/stream.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct rig {
	struct sl_stream *s;
	struct sl_flow flow;
	struct sl_counters c;
	uint32_t base; /* sequence number of text[0], in both directions */
	char line[4096];
};

static const uint8_t text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static inline struct rig *rig_with(uint32_t base, const struct sl_stream_options *o)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->base = base;
	assert_int_equal(sl_stream_new(&r->s, o, &r->c), 0);
	return r;
}

static inline struct rig *rig_new(uint32_t base)
{
	struct sl_stream_options o = sl_stream_defaults;
	o.memory_bytes = 1 << 20;
	return rig_with(base, &o);
}

/* A rig ends with nothing held: what the test left is given up first. */
static inline void rig_free(struct rig *r)
{
	struct sl_piece p;
	sl_stream_end(r->s, &r->flow);
	while (sl_stream_next(r->s, &p))
		;
	assert_null(r->flow.stream);
	assert_int_equal(sl_stream_bytes(r->s), 0);
	sl_stream_free(r->s);
	free(r);
}

/* Every piece that is ready. */
static inline const char *taken(struct rig *r)
{
	struct sl_piece p;
	size_t used = 0;
	enum sl_dir dir = SL_TO_SERVER;
	r->line[0] = 0;
	while (sl_stream_next(r->s, &p)) {
		assert_true(used < sizeof(r->line) - 100);
		assert_false(p.datagram);
		if (p.dir != dir)
			r->line[used++] = '|';
		dir = p.dir;
		char *to = r->line + used;
		size_t room = sizeof(r->line) - used;
		if (p.kind == SL_PIECE_GAP)
			used += (size_t)snprintf(to, room, "<%u>", (unsigned)p.gap_bytes);
		else
			used += (size_t)snprintf(
				to, room, "%.*s", (int)p.bytes.len, (const char *)p.bytes.p);
	}
	return r->line;
}

/* A segment that carries `bytes`, whose first has the number base + at. */
static inline const char *sent(struct rig *r, enum sl_dir dir, uint8_t flags, int at,
	const void *bytes, uint32_t len, int ack)
{
	struct sl_packet p = { .version = 4, .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	struct guarded g = guarded_new(bytes, len);
	p.dir = dir;
	p.tcp_flags = flags;
	p.tcp_seq = r->base + (uint32_t)at - (flags & SYN ? 1 : 0);
	p.tcp_ack = r->base + (uint32_t)ack;
	p.payload = g.p;
	p.payload_len = len;
	p.ts_ns = 5;
	sl_stream_push(r->s, &p);
	const char *line = taken(r);
	guarded_free(&g);
	return line;
}

/* text[at, at + len) to the server (where at is further, any of it), without an acknowledgement. */
static inline const char *fed(struct rig *r, int at, uint32_t len)
{
	return sent(r, SL_TO_SERVER, 0, at, text + at % 60, len, 0);
}

static inline const char *fed_syn(struct rig *r, int at, uint32_t len)
{
	return sent(r, SL_TO_SERVER, SYN, at, text + at, len, 0);
}

static inline const char *acked(struct rig *r, int ack)
{
	return sent(r, SL_TO_CLIENT, ACK, 0, NULL, 0, ack);
}

static inline const char *ended(struct rig *r)
{
	sl_stream_end(r->s, &r->flow);
	return taken(r);
}

static inline uint64_t count(const struct rig *r, enum sl_counter id)
{
	return r->c.c[id];
}

/* Every case runs across the point where sequence numbers wrap, and away from it. */
static const uint32_t bases[] = { 1000, 0, UINT32_MAX, UINT32_MAX - 12, INT32_MAX - 4 };
#define EACH_BASE(r)                                                                               \
	for (unsigned b_ = 0; b_ < sizeof(bases) / sizeof(bases[0]); b_++)                         \
		for (struct rig *r = rig_new(bases[b_]); r; rig_free(r), r = NULL)

static inline uint32_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

#endif
