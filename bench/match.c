/* SPDX-License-Identifier: BSD-3-Clause */
/* match.c - what a ruleset costs: seconds to build, bytes for each indicator in tables, nanoseconds
 * for each observable. One core, time-stamp counter, median of 11 runs.
 *
 *   bench-match KIND COUNT [HITS]    KIND: ipv4, ipv6, cidr, domain, url; HITS: one in so many
 */
#include <stdio.h>
#include <stdlib.h>

#include <sightline/match.h>

#include "listed.h"
#include "measure.h"

enum { RUNS = 11, BATCHES = 4096, EACH = 64 };

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* The observables of one run are kept small and put into one warm batch, as a worker's is; only
 * the look-up is timed. */
static void measure(
	const struct sl_ruleset *rs, const struct sl_intel *in, unsigned where, uint64_t one_in)
{
	size_t n = BATCHES * EACH;
	enum sl_type type = (enum sl_type)in->ind[0].type;
	struct sl_intel *other = listed_new(type, false, n);
	const struct sl_indicator **asked = calloc(n, sizeof(*asked));
	struct sl_batch *b = calloc(1, sizeof(*b));
	static struct sl_hit hit[EACH * SL_HITS_PER_OBS];
	struct sl_counters counters = { 0 };
	double run[RUNS], ns_per_tick = tick_ns();
	uint64_t hits = 0;
	for (size_t i = 0; i < n; i++) {
		bool listed = one_in > 0 && next_random() % one_in == 0;
		asked[i] = listed ? &in->ind[next_random() % in->n] : &other->ind[i];
	}
	for (unsigned r = 0; r < RUNS; r++) {
		uint64_t ticks = 0;
		hits = 0;
		for (size_t k = 0; k < n; k += EACH) {
			uint16_t from = 0;
			sl_batch_empty(b);
			for (unsigned i = 0; i < EACH; i++)
				listed_ask(b, asked[k + i], where);
			uint64_t t = __builtin_ia32_rdtsc();
			hits += sl_match(rs, b, &from, hit, EACH * SL_HITS_PER_OBS, &counters);
			ticks += __builtin_ia32_rdtsc() - t;
		}
		run[r] = (double)ticks * ns_per_tick / (double)n;
	}
	qsort(run, RUNS, sizeof(run[0]), order);
	printf(" %.1f ns each (best %.1f), %.2f %% hits\n", run[RUNS / 2], run[0],
		100.0 * (double)hits / (double)n);
	sl_intel_free(other);
	free(asked);
	free(b);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum sl_type type;
		unsigned where;
	} kind[] = {
		{ "ipv4", SL_TYPE_IPV4, SL_WHERE_IP_DST },
		{ "ipv6", SL_TYPE_IPV6, SL_WHERE_IP_DST },
		{ "cidr", SL_TYPE_IPV4, SL_WHERE_IP_DST },
		{ "domain", SL_TYPE_DOMAIN, SL_WHERE_DNS_QUERY },
		{ "url", SL_TYPE_URL, SL_WHERE_HTTP_URL },
	};
	const struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	for (size_t k = 0; n > 0 && k < sizeof(kind) / sizeof(kind[0]); k++) {
		if (strcmp(argv[1], kind[k].name) != 0)
			continue;
		struct sl_intel *in = listed_new(kind[k].type, k == 2, n);
		struct sl_ruleset *rs;
		double t = now_ns();
		if (sl_ruleset_build(&rs, in, &o, NULL, 1) != 0)
			return 1;
		t = (now_ns() - t) * 1e-9;
		/* Beside the tables each indicator has its birth and identity: 12 bytes. */
		printf("%s %zu: built in %.2f s, %.1f bytes each in tables,", kind[k].name, n, t,
			(double)sl_ruleset_bytes(rs) / (double)n - 12);
		measure(rs, in, kind[k].where, argc > 3 ? strtoul(argv[3], NULL, 10) : 1000);
		sl_ruleset_free(rs);
		return 0;
	}
	fprintf(stderr, "usage: bench-match ipv4|ipv6|cidr|domain|url COUNT [HITS]\n");
	return 2;
}
