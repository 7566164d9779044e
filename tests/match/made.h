/* SPDX-License-Identifier: BSD-3-Clause */
/* made.h - indicators and batches made in memory. made.c stands in for lib/intel's set (three
 * calls), so that these tests need no file format. */
#ifndef SL_TEST_MADE_H
#define SL_TEST_MADE_H

#include <sightline/match.h>

#include "test.h"

struct sl_intel *made_new(void);
size_t made_count(const struct sl_intel *in);
/* Adds an indicator: address text (with /LEN), or any other value by its type. The result may be
 * changed until the next is added. */
struct sl_indicator *made_add(
	struct sl_intel *in, enum sl_type type, const char *value, enum sl_match_kind match);
/* A detection; what it points to has to outlive the set. */
void made_detect(struct sl_intel *in, const struct sl_detection *d);
size_t made_live(void); /* sets not freed yet */

/* A batch whose observables are put in directly. */
struct made_batch {
	struct sl_batch b;
	struct sl_flow flow;
	struct sl_counters counters;
};
struct made_batch *made_batch_new(void);
struct sl_observable *made_obs(
	struct made_batch *m, enum sl_where w, enum sl_type type, const void *p, size_t len);
/* An address, from its text. */
struct sl_observable *made_addr(struct made_batch *m, enum sl_where w, const char *text);
struct sl_observable *made_text(struct made_batch *m, enum sl_where w, const char *text);

/* Builds; takes `in`. */
struct sl_ruleset *made_ruleset(struct sl_intel *in, const struct sl_match_options *o);
/* Looks up the whole batch from its first observable. */
uint32_t made_match(
	const struct sl_ruleset *rs, struct made_batch *m, struct sl_hit *hit, uint32_t max);

uint64_t made_random(uint64_t *state);

#endif
