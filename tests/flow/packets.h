/* SPDX-License-Identifier: BSD-3-Clause */
/* packets.h - packets as decode leaves them, and a table to bind them to. */
#ifndef TESTS_FLOW_PACKETS_H
#define TESTS_FLOW_PACKETS_H

#include "test.h"

#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/flow.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { ICMP = 1, TCP = 6, UDP = 17 };
#define T0 (1000000 * SL_SECOND)

struct rig {
	struct sl_flow_table *t;
	struct sl_counters c;
};

static inline struct rig *rig_with(const struct sl_flow_options *o)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	assert_int_equal(sl_flow_table_new(&r->t, 3, o, &r->c), 0);
	return r;
}

static inline struct rig *rig_new(uint32_t max_flows)
{
	struct sl_flow_options o = sl_flow_defaults;
	o.max_flows = max_flows;
	return rig_with(&o);
}

static inline void rig_free(struct rig *r)
{
	sl_flow_table_free(r->t);
	free(r);
}

/* Hosts and ports by number; time in seconds after T0. */
static inline struct sl_packet packet(
	uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, double at)
{
	struct sl_packet p = { .version = 4, .proto = proto, .flags = SL_PKT_L4, .wire_len = 100 };
	p.src.v4_be = src;
	p.dst.v4_be = dst;
	p.sport = sport;
	p.dport = dport;
	p.ts_ns = T0 + (uint64_t)(at * 1e9);
	return p;
}

static inline struct sl_packet tcp(
	uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags, double at)
{
	struct sl_packet p = packet(TCP, src, sport, dst, dport, at);
	p.tcp_flags = flags;
	p.tcp_seq = 1000;
	p.tcp_ack = 1001;
	return p;
}

static inline struct sl_flow *bind1(struct rig *r, struct sl_packet *p)
{
	sl_flow_bind(r->t, p, 1);
	return p->flow;
}

/* Binds a packet and gives its flow. */
#define BIND(r, ...) bind1((r), &(struct sl_packet[]){ __VA_ARGS__ }[0])

static inline uint64_t ends(const struct sl_counters *c)
{
	return c->c[SL_C_FLOWS_TIMEOUT] + c->c[SL_C_FLOWS_CLOSED] + c->c[SL_C_FLOWS_EVICTED] +
	       c->c[SL_C_FLOWS_FLUSHED];
}

static inline uint32_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

#endif
