/* SPDX-License-Identifier: BSD-3-Clause */
/* worker.c - the order of the stages: this file alone knows it. One worker, one core, one queue,
 * run to completion. Once it runs it never allocates, locks, logs or makes a system call, but for
 * lending an idle core to a neighbour, or waiting for packets where none come. */
#include <errno.h>
#include <immintrin.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>

#include <sightline/clock.h>

#include "sensor.h"

#define SHED_PATIENCE 10 /* of a second: the queue is calm for so long before less is shed */
#define EXPECTED_FLOWS 4096 /* announced and not begun, a worker: 2 MB, touched as it is used */

static void *cannot(struct worker *w)
{
	worker_free(w);
	return NULL;
}

static int trees_new(struct worker *w, const struct worker_options *o)
{
	struct sl_trees_options t = { .worker = o->number,
		.states = o->tree_states,
		.counters = &w->counters,
		.tell = tell_truth,
		.arg = w };
	return sl_trees_new(&w->trees, &t);
}

static int memory_new(struct worker *w, const struct worker_options *o)
{
	struct sl_memory_options m = o->memory;
	m.counters = &w->counters;
	return m.bytes > 0 ? sl_memory_new(&w->memory, &m) : 0;
}

static struct worker *build(const struct worker_options *o)
{
	struct worker *w = aligned_alloc(64, sizeof(*w));
	if (w == NULL)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->number = o->number;
	w->src = o->src;
	w->decode.verify_checksums = o->verify_checksums;
	w->emit_observables = w->want_all = o->emit_observables;
	w->emit_flows = o->emit_flows;
	w->wait = o->wait;
	w->idle = o->idle;
	w->inspect = o->inspect;
	w->decode.headers_only = o->inspect != INSPECT_ALL;
	w->rehearse = o->rehearse;
	w->timing = o->timing;
	w->sheds = o->shed && o->src->ops->fill != NULL;
	w->elephant_bytes = o->elephant_bytes;
	w->shed.patience = sl_threads_tsc_hz() / SHED_PATIENCE;
	w->batch.counters = &w->counters;
	/* Streams that nobody recognises leave most of the memory to those that are. */
	w->first_bytes_max = (uint32_t)(o->parser_bytes / 8 / sizeof(struct first_bytes));
	if (sl_ring_new(&w->ring, o->ring_bytes) < 0 ||
		sl_flow_table_new(&w->flows, o->number, &o->flow, &w->counters) < 0 ||
		sl_defrag_new(&w->decode.defrag, &o->defrag, &w->counters) < 0 ||
		sl_sieve_new(&w->sieve, &o->sieve, &w->counters) < 0 ||
		sl_stream_new(&w->streams, &o->stream, &w->counters) < 0 ||
		sl_parser_pool_new(&w->states, o->parser_bytes) < 0 || sl_aead_new(&w->aead) < 0 ||
		sl_inflate_pool_new(&w->inflate, o->inflate_bytes) < 0 ||
		context_pool_new(&w->contexts, o->contexts) < 0 ||
		sl_expect_new(&w->batch.expect, EXPECTED_FLOWS, &w->counters) < 0 ||
		trees_new(w, o) < 0 ||
		(o->facts_home != NULL && facts_new(&w->facts, o->facts_home) < 0) ||
		memory_new(w, o) < 0)
		return cannot(w);
	w->batch.pool = w->states;
	w->batch.aead = w->aead;
	w->batch.inflate = w->inflate;
	if (o->keep_files)
		tell_to_sink(w);
	return w;
}

int worker_new(struct worker **out, const struct worker_options *o)
{
	struct worker *w = build(o);
	if (w == NULL)
		return -ENOMEM;
	*out = w;
	return 0;
}

void worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	sl_expect_free(w->batch.expect);
	sl_trees_free(w->trees);
	context_pool_free(w->contexts);
	facts_free(w->facts);
	sl_memory_free(w->memory);
	sl_aead_free(w->aead);
	sl_inflate_pool_free(w->inflate);
	sl_parser_pool_free(w->states);
	sl_stream_free(w->streams);
	sl_sieve_free(w->sieve);
	sl_defrag_free(w->decode.defrag);
	sl_flow_table_free(w->flows);
	sl_ring_free(w->ring);
	free(w);
}

#include <sightline/hot.h>

#define CLOCK_STEP SL_SECOND /* of packet time between two marks for the publisher */
#define SPINS 2000
#define REST_LEAST 64 /* cycles */
#define REST_CYCLES 100000
#define SWEEPS 4
#define BEHIND_NS (10 * SL_SECOND)

/* The ruleset of this burst; what wants which observables changes with it. */
static void take_rules(struct worker *w)
{
	w->rules = sl_ruleset_get();
	uint32_t generation = w->rules != NULL ? sl_ruleset_generation(w->rules) : 0;
	if (generation == w->generation && generation != 0)
		return;
	w->generation = generation;
	if (w->narrow)
		shed_narrow(w, false);
	w->has_trees = w->rules != NULL && sl_ruleset_has_trees(w->rules);
	memset(w->batch.want, 0, sizeof(w->batch.want));
	if (w->rules != NULL)
		sl_ruleset_want(w->rules, w->batch.want);
	if (w->facts != NULL)
		facts_want(w->batch.want);
	if (w->memory != NULL)
		sl_memory_want(w->batch.want);
	/* Context is what is cheap to keep; a hash is made where somebody looks for hashes. */
	for (unsigned i = 0; i < SL_WHERE_COUNT; i++)
		if (w->want_all || (sl_wheres[i].context && i != SL_WHERE_FILE_SHA256))
			w->batch.want[i / 64] |= UINT64_C(1) << (i % 64);
}

static void count_received(struct worker *w, uint16_t n)
{
	uint64_t bytes = 0;
	for (uint16_t i = 0; i < n; i++)
		bytes += w->pkt[i].len;
	sl_count(&w->counters, SL_C_RX_PACKETS, n);
	sl_count(&w->counters, SL_C_RX_BYTES, bytes);
}

static void advance_clock(struct worker *w, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_packet *p = &w->pkt[i];
		uint64_t now_ns = p->clock_ns > p->ts_ns ? p->clock_ns : p->ts_ns;
		if (now_ns > w->now_ns)
			w->now_ns = now_ns;
	}
}

/* A tap that brings one direction alone is known by connections that nobody answered and that went
 * on all the same, beyond a SYN and its repetitions. */
static void count_sides(struct worker *w, const struct sl_flow *f)
{
	if (f->proto != IPPROTO_TCP || f->outcome == SL_OUTCOME_UNREACHABLE)
		return;
	bool asked = f->packets[0] > 0, answered = f->packets[1] > 0;
	if (asked && answered)
		sl_count(&w->counters, SL_C_FLOWS_TWO_SIDED, 1);
	else if (answered || f->top[0] - f->isn > 1)
		sl_count(&w->counters, SL_C_FLOWS_ONE_SIDED, 1);
}

static void end_flows(struct worker *w)
{
	struct sl_flow *f;
	while ((f = sl_flow_ended(w->flows)) != NULL) {
		inspect_end(w, f);
		count_sides(w, f);
		tell_flow(w, f);
	}
	sl_flow_reap(w->flows);
}

/* What became of the packets of a burst; the others were dropped by name. */
struct passed {
	uint64_t done, unbound; /* unbound: the flow table had no room */
};

static void begin_flow(struct worker *w, struct sl_flow *f)
{
	f->generation = w->generation;
	if (w->shed.level > SL_SHED_NONE)
		shed_begin(w, f);
}

/* Whose addresses have to be looked up although their flow's were: a bit for each packet. */
static uint64_t ends_listed(const struct worker *w, const struct sl_packet *pkt, uint16_t n)
{
	return w->inspect == INSPECT_PACKETS && w->rules != NULL ? sl_match_ends(w->rules, pkt, n)
								 : 0;
}

/* Packets that decode has completed, or whose fragments it holds. */
static struct passed path(struct worker *w, struct sl_packet *pkt, uint16_t n)
{
	struct passed all = { 0, 0 };
	stage_enter(w, STAGE_FLOW);
	sl_flow_bind(w->flows, pkt, n);
	stage_enter(w, STAGE_PARSE);
	uint64_t listed = ends_listed(w, pkt, n);
	for (uint16_t i = 0; i < n; i++) {
		struct sl_flow *f = pkt[i].flow;
		if (pkt[i].version == 0)
			all.done += (pkt[i].flags & SL_PKT_FRAGMENT) != 0;
		else
			all.unbound += f == NULL;
		if (pkt[i].version == 0 || f == NULL)
			continue;
		if (pkt[i].flags & SL_PKT_FLOW_NEW)
			begin_flow(w, f);
		else if (f->generation != w->generation)
			inspect_again(w, f, pkt[i].ts_ns);
		if (w->inspect == INSPECT_ALL)
			inspect_packet(w, &pkt[i]);
		else
			inspect_headers(w, &pkt[i], listed >> i & 1);
		all.done++;
	}
	tell_batch(w);
	return all;
}

/* What is known of datagrams that never were whole; their packets have been counted. */
static void lost_datagrams(struct worker *w)
{
	uint16_t n;
	do {
		n = 0;
		while (n < SL_BURST && sl_defrag_lost(w->decode.defrag, &w->lost[n]))
			n++;
		if (n > 0) {
			if (w->sieve != NULL)
				sl_sieve_lost(w->sieve, w->lost, n);
			sl_count(&w->counters, SL_C_DEFRAG_UNTOLD, path(w, w->lost, n).unbound);
			end_flows(w);
		}
	} while (n == SL_BURST);
}

/* Flows that are silent for too long end: a few records for each burst, more where the round takes
 * so long that the clock can't be told. */
static void sweep_flows(struct worker *w)
{
	unsigned steps = 0;
	do {
		sl_flow_sweep(w->flows, w->now_ns);
		end_flows(w);
	} while (++steps < SWEEPS && w->now_ns - sl_flow_swept(w->flows) > BEHIND_NS);
}

/* What time alone ends. */
static void sweep(struct worker *w)
{
	sweep_flows(w);
	lost_datagrams(w);
	if (w->files_ended) {
		tell_batch(w); /* what the ended flows said is matched before */
		w->files_ended = !tell_mark_soon(w, SL_REC_FILES, w->now_ns);
	}
	if (w->file_end_lost)
		w->file_end_lost = !tell_mark_soon(w, SL_REC_FILES_LOST, w->now_ns);
}

/* The publisher counts on it that what ends by its silence is told SL_FLOW_LEAVE_NS after that at
 * the latest. */
static void tell_clock(struct worker *w)
{
	uint64_t told_ns = sl_flow_swept(w->flows) + SL_FLOW_LEAVE_NS - SL_FLOW_SLACK_NS;
	if (told_ns > w->now_ns)
		told_ns = w->now_ns;
	if (told_ns < w->clock_told_ns + CLOCK_STEP)
		return;
	if (tell_mark_soon(w, SL_REC_CLOCK, told_ns))
		w->clock_told_ns = told_ns;
}

/* The path of a burst: the table of contents of the sensor. */
static void burst(struct worker *w, uint16_t n)
{
	struct sl_packet *pkt = w->pkt;
	stage_enter(w, STAGE_DECODE);
	take_rules(w);
	count_received(w, n);
	advance_clock(w, n);
	shed_burst(w);
	w->capture = pkt[0].port;
	sl_decode(&w->decode, pkt, n, &w->counters);
	if (w->sieve != NULL)
		sl_sieve(w->sieve, pkt, n);
	struct passed all = path(w, pkt, n);
	sl_count(&w->counters, SL_C_PROCESSED, all.done);
	sl_count_cell(&w->counters.drop[SL_DROP_FLOW_TABLE], all.unbound);
	stage_enter(w, STAGE_END);
	sweep(w);
	tell_clock(w);
	stage_enter(w, STAGE_RELEASE);
	w->src->ops->release(w->src, (uint16_t)w->number, pkt, n);
}

/* One burst of many is timed, so that timing costs little: what stage_enter counts. */
static void time_begin(struct worker *w)
{
	w->timed = w->timing && w->bursts >= TIMED_SHARE;
	if (!w->timed)
		return;
	w->stage = STAGE_RX;
	w->stage_tsc = __rdtsc();
}

static void time_end(struct worker *w, uint16_t n)
{
	stage_enter(w, STAGE_RX);
	w->bursts = w->timed ? 1 : w->bursts + 1;
	if (w->timed)
		sl_count(&w->counters, SL_C_TIMED_PACKETS, n);
	w->timed = false;
}

/* No packet came, and none will that is earlier: who waits for the slowest worker need not wait for
 * this one. What has ended by then is told, a part of it at a time, so that a packet that comes
 * meanwhile does not wait long. A worker by itself never gets here: what it says must not depend on
 * how fast packets came. */
static void pass_time(struct worker *w, uint64_t reached_ns)
{
	if (reached_ns >= w->now_ns + CLOCK_STEP) {
		w->now_ns = reached_ns;
		w->passing = true;
	}
	if (!w->passing)
		return;
	take_rules(w);
	bool more = sl_defrag_clock(w->decode.defrag, w->now_ns);
	sweep(w);
	tell_clock(w);
	w->passing = more || w->now_ns - sl_flow_swept(w->flows) >= CLOCK_STEP;
}

/* Twice as long each time, up to some 40 microseconds: no system call, and the other thread of the
 * core has it meanwhile. */
static void rest(struct worker *w)
{
	uint64_t began = __rdtsc(), now;
	w->rest_cycles =
		w->rest_cycles < REST_CYCLES ? 2 * w->rest_cycles + REST_LEAST : REST_CYCLES;
	do {
		_mm_pause();
		now = __rdtsc();
	} while (now - began < w->rest_cycles);
	sl_count(&w->counters, SL_C_IDLE_PAUSED, now - began);
}

static void lend_core(struct worker *w)
{
	const struct sl_source_ops *ops = w->src->ops;
	uint64_t began = __rdtsc();
	if (ops->wait == NULL) {
		sched_yield();
	} else {
		sl_ruleset_reader_offline();
		if (!ops->wait(w->src, (uint16_t)w->number))
			sched_yield();
		sl_ruleset_reader_online();
	}
	sl_count(&w->counters, SL_C_IDLE_BLOCKED, __rdtsc() - began);
}

static void idle(struct worker *w, unsigned *turns)
{
	if (*turns == 0)
		w->rest_cycles = 0;
	++*turns;
	if (w->idle == IDLE_PAUSE)
		rest(w);
	else
		_mm_pause();
	if (w->idle <= IDLE_INTERRUPT && *turns % SPINS == 0)
		lend_core(w);
}

/* Receives and releases alone, until the source says that what counts begins. */
static void rehearse(struct worker *w)
{
	const struct sl_source_ops *ops = w->src->ops;
	uint16_t queue = (uint16_t)w->number;
	unsigned turns = 0;
	for (;;) {
		uint16_t n = 0;
		enum sl_rx rx = ops->rx_burst(w->src, queue, w->pkt, SL_BURST, &n);
		if (rx != SL_RX_OK)
			return;
		if (n == 0)
			idle(w, &turns);
		ops->release(w->src, queue, w->pkt, n);
	}
}

static void capture_end(struct worker *w, uint64_t last_ns)
{
	take_rules(w);
	if (last_ns > w->now_ns)
		w->now_ns = last_ns;
	sl_defrag_flush(w->decode.defrag);
	lost_datagrams(w);
	sl_flow_sweep(w->flows, w->now_ns);
	bool more;
	do {
		more = sl_flow_flush(w->flows);
		end_flows(w);
	} while (more);
	sl_expect_clear(w->batch.expect);
	if (w->memory != NULL)
		sl_memory_clear(w->memory);
	tell_mark(w, SL_REC_CAPTURE, w->now_ns);
	w->now_ns = w->clock_told_ns = 0;
	w->passing = false;
}

static void beat(struct worker *w)
{
	uint64_t n = atomic_load_explicit(&w->beats, memory_order_relaxed);
	atomic_store_explicit(&w->beats, n + 1, memory_order_relaxed);
}

int worker_run(void *arg)
{
	struct worker *w = arg;
	unsigned turns = 0;
	if (w->rehearse)
		rehearse(w);
	sl_ruleset_reader_register();
	for (;;) {
		uint16_t n = 0;
		time_begin(w);
		enum sl_rx rx =
			w->src->ops->rx_burst(w->src, (uint16_t)w->number, w->pkt, SL_BURST, &n);
		if (rx == SL_RX_END)
			break;
		w->timed = w->timed && n > 0;
		if (rx == SL_RX_END_CAPTURE) {
			capture_end(w, w->pkt[0].ts_ns);
		} else if (n > 0) {
			burst(w, n);
			sl_count(&w->counters, SL_C_BURSTS_BUSY, 1);
			time_end(w, n);
			turns = 0;
		} else {
			sl_count(&w->counters, SL_C_BURSTS_IDLE, 1);
			if (w->shed.level > SL_SHED_NONE)
				shed_weigh(w);
			if (w->src->ops->now != NULL)
				pass_time(w, w->src->ops->now(w->src, (uint16_t)w->number));
			idle(w, &turns);
		}
		beat(w);
		sl_ruleset_quiescent(); /* no pointer into the ruleset or the burst survives this
					   line */
	}
	atomic_store_explicit(&w->ended, true, memory_order_relaxed);
	tell_mark(w, SL_REC_END, 0);
	sl_ruleset_reader_unregister();
	return 0;
}
