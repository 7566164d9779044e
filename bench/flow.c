/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.c - row p5: the flow table with its timeouts, its sweep and its bound, of bursts of 64
 * packets of flows chosen evenly, against rte_hash in bulk with a record of one cache line and
 * nothing else.
 *
 *   bench-flow FLOWS    asked by bench/rows/tables.py (serve.h) */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <sightline/flow.h>
#include <sightline/mem.h>

#include "hashed.h"
#include "measure.h"
#include "serve.h"

enum { BURSTS = 4096 };

struct key {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t proto;
};

struct record {
	_Alignas(64) struct key key;
	uint64_t packets[2], bytes[2], last_ns;
};

struct table {
	uint32_t count;
	uint32_t *chosen; /* BURSTS * SL_BURST */
	struct sl_flow_table *flows;
	struct sl_counters counters;
	struct rte_hash *hash;
	struct record *record;
	uint64_t now_ns;
	struct sl_packet pkt[SL_BURST];
	int64_t lap[BURSTS];
};

/* The n-th flow, always the same. */
static struct key key_of(uint32_t n)
{
	uint64_t x = (n + 1) * 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	return (struct key){ .src = (uint32_t)x,
		.dst = (uint32_t)(x >> 32),
		.sport = (uint16_t)(1024 + n % 60000),
		.dport = 4000,
		.proto = IPPROTO_UDP };
}

/* A microsecond from packet to packet. */
static void fill(struct table *t, const uint32_t *flow)
{
	for (unsigned i = 0; i < SL_BURST; i++) {
		struct key k = key_of(flow[i]);
		t->now_ns += 1000;
		t->pkt[i] = (struct sl_packet){ .ts_ns = t->now_ns,
			.clock_ns = t->now_ns,
			.len = 300,
			.wire_len = 300,
			.version = 4,
			.proto = IPPROTO_UDP,
			.src.v4_be = k.src,
			.dst.v4_be = k.dst,
			.sport = k.sport,
			.dport = k.dport,
			.flags = SL_PKT_L4 };
	}
}

__attribute__((noinline)) static uint64_t bind_burst(struct table *t)
{
	uint64_t began = __builtin_ia32_rdtsc();
	sl_flow_bind(t->flows, t->pkt, SL_BURST);
	sl_flow_sweep(t->flows, t->now_ns);
	while (sl_flow_ended(t->flows) != NULL)
		;
	sl_flow_reap(t->flows);
	return __builtin_ia32_rdtsc() - began;
}

static double ours(void *arg)
{
	struct table *t = arg;
	for (size_t b = 0; b < BURSTS; b++) {
		fill(t, t->chosen + b * SL_BURST);
		t->lap[b] = (int64_t)bind_burst(t);
	}
	if (sl_flow_count(t->flows) != t->count) {
		fprintf(stderr, "%u flows, and should be %u\n", sl_flow_count(t->flows), t->count);
		exit(1);
	}
	return laps_ns(t->lap, BURSTS) / SL_BURST;
}

static double baseline(void *arg)
{
	struct table *t = arg;
	for (size_t b = 0; b < BURSTS; b++) {
		struct key k[SL_BURST];
		const void *key[SL_BURST];
		int32_t place[SL_BURST];
		for (unsigned i = 0; i < SL_BURST; i++) {
			k[i] = key_of(t->chosen[b * SL_BURST + i]);
			key[i] = &k[i];
		}
		t->now_ns += 1000 * SL_BURST;
		uint64_t began = __builtin_ia32_rdtsc();
		hashed_bulk(t->hash, key, SL_BURST, place);
		for (unsigned i = 0; i < SL_BURST; i++)
			__builtin_prefetch(&t->record[place[i]], 1);
		for (unsigned i = 0; i < SL_BURST; i++) {
			struct record *r = &t->record[place[i]];
			r->packets[0]++;
			r->bytes[0] += 300;
			r->last_ns = t->now_ns;
		}
		t->lap[b] = (int64_t)(__builtin_ia32_rdtsc() - began);
	}
	return laps_ns(t->lap, BURSTS) / SL_BURST;
}

static void open_all(struct table *t)
{
	uint32_t flow[SL_BURST];
	for (uint32_t n = 0; n < t->count; n += SL_BURST) {
		for (uint32_t i = 0; i < SL_BURST; i++)
			flow[i] = n + i;
		fill(t, flow);
		(void)bind_burst(t);
	}
	for (uint32_t n = 0; n < t->count; n++) {
		struct key k = key_of(n);
		int32_t at = hashed_add(t->hash, &k);
		if (at < 0) {
			fputs("rte_hash is full\n", stderr);
			exit(1);
		}
		t->record[at].key = k;
	}
}

int main(int argc, char **argv)
{
	static struct table t = { .now_ns = UINT64_C(1700000000000000000) };
	struct sl_flow_options o = sl_flow_defaults;
	t.count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) / SL_BURST * SL_BURST : 0;
	o.max_flows = t.count + t.count / 8;
	if (t.count == 0 || sl_flow_table_new(&t.flows, 0, &o, &t.counters) < 0) {
		fputs("usage: bench-flow FLOWS\n", stderr);
		return 2;
	}
	t.hash = hashed_new(o.max_flows, sizeof(struct key), false);
	t.record = sl_mem_map((size_t)(o.max_flows + 1) * sizeof(*t.record));
	t.chosen = sl_mem_map((size_t)BURSTS * SL_BURST * sizeof(*t.chosen));
	for (size_t i = 0; i < (size_t)BURSTS * SL_BURST; i++)
		t.chosen[i] = (uint32_t)(next_random() % t.count);
	open_all(&t);
	printf("bytes_each %.1f\n", (double)sl_flow_table_bytes(t.flows) / t.count);
	const struct bench b = { ours, baseline, &t, (uint64_t)BURSTS * SL_BURST };
	return bench_serve(&b);
}
