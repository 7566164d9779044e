/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c - what the memory of the past costs: nanoseconds for each observable that is taken, and
 * for each indicator that is asked. One core, its own time, median of 11 runs.
 *
 *   bench-memory KIND COUNT    KIND: ipv4, domain; COUNT: different values */
#include <stdio.h>
#include <stdlib.h>

#include <sightline/memory.h>

#include "measure.h"

enum { RUNS = 11, BATCHES = 4096, EACH = 64 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void fill(struct sl_batch *b, struct sl_flow *f, bool names, uint64_t count)
{
	sl_batch_empty(b);
	for (unsigned i = 0; i < EACH; i++) {
		uint64_t value = next_random() % count;
		char text[64];
		f->id++;
		f->src.v4_be = 10 | (uint32_t)(next_random() % 1000) << 16;
		if (names) {
			int n = snprintf(
				text, sizeof(text), "www.n%llu.example", (unsigned long long)value);
			(void)sl_batch_add(
				b, SL_WHERE_DNS_QUERY, SL_TO_SERVER, 1, sl_span(text, (size_t)n));
		} else {
			union sl_addr a = { .v4_be = (uint32_t)(value * 2654435761u) };
			(void)sl_batch_add_addr(b, SL_WHERE_IP_DST, SL_TO_SERVER, 0, &a, 4);
		}
	}
}

int main(int argc, char **argv)
{
	static struct sl_counters counters;
	static struct sl_batch batch;
	static struct sl_flow flow = { .version = 4 };
	struct sl_memory_options o = { .bytes = (size_t)64 << 20, .hours = 24, .key = { 1, 2 } };
	struct sl_memory *m;
	double take[RUNS], ask[RUNS];
	uint64_t count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	o.counters = &counters;
	if (count == 0 || sl_memory_new(&m, &o) < 0) {
		fputs("usage: bench-memory ipv4|domain COUNT\n", stderr);
		return 2;
	}
	bool names = strcmp(argv[1], "domain") == 0;
	sl_batch_want_all(&batch);
	batch.flow = &flow;
	batch.ts_ns = UINT64_C(1700000000000000000);
	for (unsigned run = 0; run < RUNS; run++) {
		take[run] = ask[run] = 0;
		for (unsigned i = 0; i < BATCHES; i++) {
			fill(&batch, &flow, names, count);
			double began = now_ns();
			sl_memory_take(m, &batch);
			take[run] += now_ns() - began;
		}
		double began = now_ns();
		for (unsigned i = 0; i < BATCHES * EACH; i++) {
			struct sl_past_answer a;
			struct sl_memories all = { &m, 1 };
			struct sl_indicator in = { .type = SL_TYPE_IPV4,
				.match = SL_MATCH_EXACT,
				.version = 4,
				.prefix_len = 32,
				.addr.v4_be = (uint32_t)next_random() };
			(void)sl_memories_ask(&all, &in, &a);
		}
		ask[run] = now_ns() - began;
	}
	qsort(take, RUNS, sizeof(*take), compare);
	qsort(ask, RUNS, sizeof(*ask), compare);
	printf("%s, %llu values: %.1f ns an observable, %.1f ns an indicator asked; %llu values "
	       "kept, "
	       "%llu left out\n",
		argv[1], (unsigned long long)count, take[RUNS / 2] / (BATCHES * EACH),
		ask[RUNS / 2] / (BATCHES * EACH),
		(unsigned long long)counters.c[SL_C_MEMORY_VALUES],
		(unsigned long long)counters.c[SL_C_MEMORY_LEFT_OUT]);
	sl_memory_free(m);
	return 0;
}
