/* SPDX-License-Identifier: BSD-3-Clause */
/* match.c - what a ruleset costs: seconds to build, bytes for each indicator in tables, nanoseconds
 * for each observable. One core, time-stamp counter, median of 11 runs.
 *
 *   bench-match KIND COUNT [HITS]    KIND: ipv4, ipv6, cidr, domain, url; HITS: one in so many
 *
 * Stands in for lib/intel's set, so that neither files nor strings are measured. */
#include <stdio.h>
#include <stdlib.h>

#include <sightline/book.h>
#include <sightline/match.h>
#include <sightline/mem.h>

#include "measure.h"

enum { RUNS = 11, BATCHES = 4096, EACH = 64 };

struct sl_intel {
	struct sl_indicator *ind;
	struct sl_arena *arena;
	struct sl_book book;
	size_t n;
	char *text;
};

const struct sl_book *sl_intel_book(const struct sl_intel *in)
{
	return &in->book;
}

const struct sl_detection *sl_intel_detections(const struct sl_intel *in, size_t *count)
{
	*count = 0;
	return NULL;
}

size_t sl_intel_bytes(const struct sl_intel *in)
{
	return 0;
}

void sl_intel_free(struct sl_intel *in)
{
	sl_book_fini(&in->book);
	sl_arena_free(in->arena);
	free(in->ind);
	free(in->text);
	free(in);
}

/* Nanoseconds of one tick of the time-stamp counter. */
static double tick_ns(void)
{
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	uint64_t t = __builtin_ia32_rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1000000000L + (b.tv_nsec - a.tv_nsec) < 50000000L);
	t = __builtin_ia32_rdtsc() - t;
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)t;
}

/* About 15 letters and a zone of one or two labels; every second name has a label more. */
static size_t random_name(char *out)
{
	static const char *zone[] = { "com", "net", "org", "info", "ru", "cn", "de", "xyz", "top",
		"co.uk", "com.br", "online" };
	size_t n = 0;
	unsigned labels = 1 + (unsigned)(next_random() % 2);
	for (unsigned l = 0; l < labels; l++) {
		uint64_t r = next_random();
		for (unsigned i = 0; i < 6 + r % 7; i++)
			out[n++] = (char)('a' + (r >> (i * 4 + 8)) % 26);
		out[n++] = '.';
	}
	return n + (size_t)sprintf(out + n, "%s", zone[next_random() % 12]);
}

static void random_value(enum sl_type type, unsigned bits, char *text, struct sl_indicator *i)
{
	i->type = (uint8_t)type;
	i->version = type == SL_TYPE_IPV6 ? 6 : 4;
	i->prefix_len = (uint8_t)bits;
	i->addr = (union sl_addr){ .q = { 0, 0 } };
	i->value = text;
	if (type == SL_TYPE_IPV4) {
		i->addr.v4_be = (uint32_t)next_random();
	} else if (type == SL_TYPE_IPV6) {
		i->addr.q[0] = (next_random() & ~0xffull) | 0x20;
		i->addr.q[1] = next_random();
	} else if (type == SL_TYPE_DOMAIN) {
		i->value_len = (uint32_t)random_name(text);
		i->match = SL_MATCH_SUFFIX;
	} else {
		size_t n = (size_t)sprintf(text, "http://");
		n += random_name(text + n);
		i->value_len = (uint32_t)n + (uint32_t)sprintf(text + n, "/%u/index.html",
						     (unsigned)next_random());
	}
}

static struct sl_intel *make(enum sl_type type, bool cidr, size_t n)
{
	struct sl_intel *in = calloc(1, sizeof(*in));
	in->ind = calloc(n, sizeof(*in->ind));
	in->text = calloc(n, 80);
	in->n = n;
	if (sl_arena_new(&in->arena) < 0 || sl_book_init(&in->book, in->arena) < 0)
		abort();
	for (size_t k = 0; k < n; k++) {
		unsigned bits = cidr ? 16 + (unsigned)(next_random() % 15) : 32;
		struct sl_indicator *i = &in->ind[k];
		i->id = i->source = i->name = "";
		random_value(type, type == SL_TYPE_IPV6 ? 128 : bits, in->text + k * 80, i);
		if (sl_book_add(&in->book, i) < 0)
			abort();
	}
	return in;
}

static void add(struct sl_batch *b, const struct sl_indicator *i, unsigned where)
{
	struct sl_observable *o = &b->obs[b->n++];
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	*o = (struct sl_observable){ .where = (uint16_t)where, .type = i->type };
	o->value = b->text + b->used;
	o->len = addr ? (i->type == SL_TYPE_IPV4 ? 4 : 16) : i->value_len;
	memcpy(b->text + b->used, addr ? (const void *)i->addr.b : i->value, o->len);
	b->used += o->len;
}

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
	struct sl_intel *other = make(type, false, n);
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
				add(b, asked[k + i], where);
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
		struct sl_intel *in = make(kind[k].type, k == 2, n);
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
