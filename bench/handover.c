/* SPDX-License-Identifier: BSD-3-Clause */
/* handover.c - row p11: what a sighting costs a worker, against one size and pack of the message
 * that comes of it. Bursts of 64 observables that are all listed, less the same of names that
 * aren't; another thread takes the records away, as the publisher does.
 *
 *   bench-handover    asked by bench/rows/handover.py (serve.h) */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <sightline/parser.h>
#include <sightline/sighting.h>

#include "listed.h"
#include "measure.h"
#include "sensor.h"
#include "serve.h"

enum { BURSTS = 512, EACH = 64, LISTED = 10000 };

struct handover {
	struct worker *w;
	struct sl_intel *in, *others;
	struct sl_flow *flow; /* EACH */
	uint8_t *packed; /* what the last sighting is on the wire */
	size_t packed_len;
	Sightline__V1__Sighting *message;
	_Atomic bool keep; /* the reader makes a message of the next record */
	struct sl_sightings *sightings;
	struct sl_counters counters; /* of the sightings */
	int64_t lap[BURSTS];
};

/* ---- The reader ---- */

static void keep_message(void *arg, const Sightline__V1__Sighting *s)
{
	struct handover *h = arg;
	if (!atomic_load(&h->keep))
		return;
	h->packed_len = sightline__v1__sighting__get_packed_size(s);
	h->packed = malloc(h->packed_len);
	(void)sightline__v1__sighting__pack(s, h->packed);
	h->message = sl_wire_sighting(h->packed, h->packed_len);
	atomic_store(&h->keep, false);
}

static void *take_away(void *arg)
{
	struct handover *h = arg;
	cpu_set_t all, other;
	(void)sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&other);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (!CPU_ISSET(i, &all))
			CPU_SET(i, &other);
	(void)sched_setaffinity(0, sizeof(other), &other); /* where there is another core */
	for (;;) {
		uint32_t len;
		const struct sl_record *r = sl_ring_peek(h->w->ring, &len);
		if (r == NULL) {
			sched_yield();
			continue;
		}
		if (atomic_load(&h->keep))
			(void)sl_sightings_hit(h->sightings, r, h->w->rules);
		sl_ring_pop(h->w->ring);
	}
	return NULL;
}

/* ---- The worker's side ---- */

static uint64_t burst(struct handover *h, const struct sl_intel *names, size_t at)
{
	struct worker *w = h->w;
	for (unsigned i = 0; i < EACH; i++) {
		const struct sl_indicator *k = &names->ind[(at + i) % names->n];
		w->batch.flow = &h->flow[i];
		w->batch.ts_ns += 1000;
		w->batch.flow->said->used = 0;
		(void)sl_batch_add(&w->batch, SL_WHERE_DNS_QUERY, SL_TO_SERVER, 1,
			sl_span(k->value, k->value_len));
	}
	while (sl_ring_used(w->ring) > sl_ring_max(w->ring)) /* never full */
		sched_yield();
	uint64_t began = __builtin_ia32_rdtsc();
	tell_batch(w);
	return __builtin_ia32_rdtsc() - began;
}

static double ours(void *arg)
{
	struct handover *h = arg;
	uint64_t before = sl_ring_head(h->w->ring);
	for (size_t b = 0; b < BURSTS; b++) {
		h->lap[b] = -(int64_t)burst(h, h->others, b * EACH);
		h->lap[b] += (int64_t)burst(h, h->in, b * EACH);
	}
	if (sl_ring_head(h->w->ring) - before <
			(uint64_t)BURSTS * EACH * sizeof(struct sl_record) ||
		h->w->counters.c[SL_C_RING_DROP] > 0) {
		fputs("not every burst made its records\n", stderr);
		exit(1);
	}
	return laps_ns(h->lap, BURSTS) / EACH;
}

static double baseline(void *arg)
{
	struct handover *h = arg;
	for (unsigned b = 0; b < BURSTS; b++) {
		uint64_t began = __builtin_ia32_rdtsc();
		for (unsigned i = 0; i < EACH; i++) {
			h->message->seq = i;
			(void)sightline__v1__sighting__get_packed_size(h->message);
			(void)sightline__v1__sighting__pack(h->message, h->packed);
		}
		h->lap[b] = (int64_t)(__builtin_ia32_rdtsc() - began);
	}
	return laps_ns(h->lap, BURSTS) / EACH;
}

/* ---- Start ---- */

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static const struct sl_parser *dns(void)
{
	unsigned i = 0;
	while (i + 1 < sl_parser_count && strcmp(sl_parsers[i]->name, "dns") != 0)
		i++;
	return sl_parsers[i];
}

static void flows(struct handover *h)
{
	h->flow = aligned_alloc(64, EACH * sizeof(*h->flow));
	for (unsigned i = 0; i < EACH; i++) {
		h->flow[i] = (struct sl_flow){ .version = 4,
			.proto = 17,
			.src.v4_be = 0x0100000a + (i << 24),
			.dst.v4_be = 0x08080808,
			.sport = (uint16_t)(40000 + i),
			.dport = 53,
			.id = i + 1,
			.packets = { 1, 1 },
			.bytes = { 80, 160 },
			.parser = dns(),
			.said = context_take(h->w->contexts) };
	}
}

static struct worker *worker(struct sl_ruleset *rules)
{
	struct worker *w = aligned_alloc(64, sizeof(*w));
	memset(w, 0, sizeof(*w));
	must(sl_ring_new(&w->ring, (size_t)4 << 20), "the ring");
	must(context_pool_new(&w->contexts, EACH), "the contexts");
	w->rules = rules;
	w->generation = 1;
	w->batch.counters = &w->counters;
	w->batch.ts_ns = UINT64_C(1700000000000000000);
	sl_batch_want_all(&w->batch);
	return w;
}

int main(void)
{
	static struct handover h;
	const struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	struct sl_ruleset *rules;
	pthread_t reader;
	h.in = listed_new(SL_TYPE_DOMAIN, false, LISTED);
	h.others = listed_new(SL_TYPE_DOMAIN, false, LISTED);
	must(sl_ruleset_build(&rules, h.in, &o, NULL, 1), "the ruleset");
	h.w = worker(rules);
	flows(&h);
	struct sl_sightings_options so = { .sensor = "bench",
		.boot = "b007",
		.window_ns = UINT64_C(300000000000),
		.counters = &h.counters,
		.emit = keep_message,
		.arg = &h };
	must(sl_sightings_new(&h.sightings, &so), "the sightings");
	atomic_store(&h.keep, true);
	must(pthread_create(&reader, NULL, take_away, &h), "the reader");
	(void)burst(&h, h.in, 0);
	while (atomic_load(&h.keep))
		sched_yield();
	printf("message_bytes %zu\n", h.packed_len);
	printf("record_bytes %zu\n", sizeof(struct sl_record));
	const struct bench b = { ours, baseline, &h, (uint64_t)BURSTS * EACH };
	return bench_serve(&b);
}
