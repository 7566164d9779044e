/* SPDX-License-Identifier: BSD-3-Clause */
/* tables.c - rows p4 and p6: a batch of 64 observables looked up in the compiled ruleset, against
 * rte_hash in bulk. One observable in 1000 is listed.
 *
 *   bench-tables ipv4|domain COUNT    asked by bench/rows/tables.py (serve.h) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sightline/hash.h>
#include <sightline/match.h>
#include <sightline/mem.h>

#include "hashed.h"
#include "listed.h"
#include "measure.h"
#include "serve.h"

enum { EACH = 64, BATCHES = 4096, NAMES = 300000, SUFFIXES = 8, LISTED_ONE_IN = 1000, NAME = 128 };

struct name {
	uint8_t len, suffixes;
	uint8_t begin[SUFFIXES]; /* of each suffix of two labels or more */
	char text[NAME];
};

struct tables {
	struct sl_ruleset *rules;
	struct sl_batch batch;
	struct sl_hit hit[EACH * SL_HITS_PER_OBS];
	struct sl_counters counters;
	struct rte_hash *hash;
	uint32_t *address; /* asked, BATCHES * EACH */
	const struct name **name; /* likewise */
	struct sl_hash_key key;
	uint64_t found, found_baseline; /* in the last run */
	int64_t lap[BATCHES];
};

/* ---- What is asked ---- */

static void ask_addresses(struct tables *t, const struct sl_intel *in)
{
	t->address = sl_mem_map(BATCHES * EACH * sizeof(*t->address));
	for (size_t i = 0; i < (size_t)BATCHES * EACH; i++)
		t->address[i] = next_random() % LISTED_ONE_IN == 0
					? in->ind[next_random() % in->n].addr.v4_be
					: (uint32_t)next_random();
}

static void split(struct name *n)
{
	uint8_t dot[NAME];
	unsigned dots = 0;
	for (unsigned i = 0; i < n->len; i++)
		if (n->text[i] == '.')
			dot[dots++] = (uint8_t)(i + 1);
	n->suffixes = 0;
	for (unsigned i = 0; i < dots && n->suffixes < SUFFIXES; i++)
		n->begin[n->suffixes++] = i == 0 ? 0 : dot[i - 1];
}

/* Few names are asked for often: each of them with a probability of one through its rank. */
static size_t zipf(size_t n)
{
	double x = (double)(next_random() >> 11) * 0x1p-53;
	return (size_t)(__builtin_exp(x * __builtin_log((double)n))) % n;
}

static void ask_names(struct tables *t, const struct sl_intel *in)
{
	struct name *all = sl_mem_map(NAMES * sizeof(*all));
	for (size_t i = 0; i < NAMES; i++) {
		bool listed = next_random() % LISTED_ONE_IN == 0;
		const struct sl_indicator *below = listed ? &in->ind[next_random() % in->n] : NULL;
		all[i].len = (uint8_t)listed_host(all[i].text, below);
		split(&all[i]);
	}
	t->name = sl_mem_map(BATCHES * EACH * sizeof(*t->name));
	size_t bytes = 0, suffixes = 0;
	for (size_t i = 0; i < (size_t)BATCHES * EACH; i++) {
		t->name[i] = &all[zipf(NAMES)];
		bytes += t->name[i]->len;
		suffixes += t->name[i]->suffixes;
	}
	printf("name_bytes %.1f\n", (double)bytes / (BATCHES * EACH));
	printf("name_suffixes %.2f\n", (double)suffixes / (BATCHES * EACH));
}

/* ---- Our side ---- */

static void fill(struct tables *t, size_t at)
{
	sl_batch_empty(&t->batch);
	for (unsigned i = 0; i < EACH && t->name == NULL; i++) {
		union sl_addr a = { .v4_be = t->address[at + i] };
		(void)sl_batch_add_addr(&t->batch, SL_WHERE_IP_DST, SL_TO_SERVER, 0, &a, 4);
	}
	for (unsigned i = 0; i < EACH && t->name != NULL; i++)
		(void)sl_batch_add(&t->batch, SL_WHERE_DNS_QUERY, SL_TO_SERVER, 0,
			sl_span(t->name[at + i]->text, t->name[at + i]->len));
}

/* Some values are listed twice, and names below one another. */
static uint32_t observables(const struct sl_hit *hit, uint32_t n)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < n; i++)
		found += i == 0 || hit[i].obs != hit[i - 1].obs;
	return found;
}

/* Observables lie in a warm batch, as a worker's do; the look-up alone is timed. */
static double ours(void *arg)
{
	struct tables *t = arg;
	t->found = 0;
	for (size_t at = 0; at < (size_t)BATCHES * EACH; at += EACH) {
		uint16_t from = 0;
		fill(t, at);
		uint64_t began = __builtin_ia32_rdtsc();
		uint32_t hits = sl_match(
			t->rules, &t->batch, &from, t->hit, EACH * SL_HITS_PER_OBS, &t->counters);
		t->lap[at / EACH] = (int64_t)(__builtin_ia32_rdtsc() - began);
		t->found += observables(t->hit, hits);
	}
	return laps_ns(t->lap, BATCHES) / EACH;
}

/* ---- rte_hash ---- */

static void addresses(struct tables *t)
{
	for (size_t at = 0; at < (size_t)BATCHES * EACH; at += EACH) {
		uint32_t asked[EACH];
		const void *key[EACH];
		int32_t place[EACH];
		memcpy(asked, t->address + at, sizeof(asked)); /* warm */
		uint64_t began = __builtin_ia32_rdtsc();
		for (unsigned i = 0; i < EACH; i++)
			key[i] = &asked[i];
		hashed_bulk(t->hash, key, EACH, place);
		for (unsigned i = 0; i < EACH; i++)
			t->found_baseline += place[i] >= 0;
		t->lap[at / EACH] = (int64_t)(__builtin_ia32_rdtsc() - began);
	}
}

struct suffix_key {
	uint64_t q[2];
};

/* rte_hash has keys of one length: 128 bits of a suffix's hash. */
static struct suffix_key suffix_key(const struct tables *t, const char *text, size_t len)
{
	uint64_t h = sl_hash_bytes(t->key, text, len);
	return (struct suffix_key){ { h, h ^ len } };
}

static uint32_t ask(struct tables *t, const struct suffix_key *key, uint32_t n)
{
	const void *at[EACH];
	int32_t place[EACH];
	uint32_t found = 0;
	for (uint32_t i = 0; i < n; i++)
		at[i] = &key[i];
	hashed_bulk(t->hash, at, n, place);
	for (uint32_t i = 0; i < n; i++)
		found += place[i] >= 0;
	return found;
}

static void names(struct tables *t)
{
	for (size_t at = 0; at < (size_t)BATCHES * EACH; at += EACH) {
		struct suffix_key key[EACH];
		uint32_t n = 0;
		fill(t, at);
		uint64_t began = __builtin_ia32_rdtsc();
		for (unsigned i = 0; i < EACH; i++) {
			const struct name *name = t->name[at + i];
			const char *text = (const char *)t->batch.obs[i].value;
			for (unsigned s = 0; s < name->suffixes; s++) {
				key[n++] = suffix_key(
					t, text + name->begin[s], name->len - name->begin[s]);
				if (n < EACH)
					continue;
				t->found_baseline += ask(t, key, n);
				n = 0;
			}
		}
		if (n > 0)
			t->found_baseline += ask(t, key, n);
		t->lap[at / EACH] = (int64_t)(__builtin_ia32_rdtsc() - began);
	}
}

static double baseline(void *arg)
{
	struct tables *t = arg;
	t->found_baseline = 0;
	if (t->name != NULL)
		names(t);
	else
		addresses(t);
	if (t->found != t->found_baseline) {
		fprintf(stderr, "%" PRIu64 " found, %" PRIu64 " by the baseline\n", t->found,
			t->found_baseline);
		exit(1);
	}
	return laps_ns(t->lap, BATCHES) / EACH;
}

static void hash_all(struct tables *t, const struct sl_intel *in, bool domains)
{
	t->hash = hashed_new((uint32_t)in->n, domains ? sizeof(struct suffix_key) : 4, true);
	for (size_t i = 0; i < in->n; i++) {
		const struct sl_indicator *k = &in->ind[i];
		struct suffix_key suffix = { { 0, 0 } };
		if (domains)
			suffix = suffix_key(t, k->value, k->value_len);
		if (hashed_add(t->hash, domains ? (const void *)&suffix : k->addr.b) < 0) {
			fputs("rte_hash is full\n", stderr);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	static struct tables t;
	const struct sl_match_options o = { .validity = SL_VALID_IGNORE };
	bool domains = argc == 3 && strcmp(argv[1], "domain") == 0;
	size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (n == 0 || sl_hash_key_draw(&t.key) < 0) {
		fputs("usage: bench-tables ipv4|domain COUNT\n", stderr);
		return 2;
	}
	seed = 7; /* listed.c has a row of its own */
	struct sl_intel *in = listed_new(domains ? SL_TYPE_DOMAIN : SL_TYPE_IPV4, false, n);
	if (domains)
		ask_names(&t, in);
	else
		ask_addresses(&t, in);
	hash_all(&t, in, domains);
	double began = now_ns();
	if (sl_ruleset_build(&t.rules, in, &o, NULL, 1) != 0)
		return 1;
	printf("build_seconds %.2f\n", (now_ns() - began) * 1e-9);
	printf("table_bytes_each %.1f\n", (double)sl_ruleset_bytes(t.rules) / (double)n - 12);
	sl_batch_want_all(&t.batch);
	t.batch.counters = &t.counters;
	const struct bench b = { ours, baseline, &t, (uint64_t)BATCHES * EACH };
	return bench_serve(&b);
}
