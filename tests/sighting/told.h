/* SPDX-License-Identifier: BSD-3-Clause */
/* told.h - sightings of a ruleset, and what of each was told. */
#ifndef TEST_TOLD_H
#define TEST_TOLD_H

#include <sightline/clock.h>
#include <sightline/wire.h>

#include "records.h"

#define MINUTE (60 * SL_SECOND)
#define T0 (1769850000 * SL_SECOND) /* 2026-01-31T09:00:00Z, on the grid */

/* What a message said at the moment it was emitted. */
struct told {
	char id[37], value[64], direction[12], outcome[16];
	uint32_t revision;
	uint64_t seq, count, distinct, first, last;
	size_t indicators, examples, contexts;
	bool test, quiet, before_valid;
};

struct fixture {
	struct sl_ruleset *rs;
	struct sl_nets *home; /* 10.0.0.0/8 */
	struct sl_counters counters;
	struct sl_sightings *s;
	uint32_t evil[2];
	struct told told[256];
	size_t n;
};

static void take(void *arg, const Sightline__V1__Sighting *m)
{
	struct fixture *f = arg;
	assert_true(f->n < sizeof(f->told) / sizeof(f->told[0]));
	assert_true(sl_wire_sighting_whole(m));
	assert_int_equal(m->quiet, m->quiet_reason[0] != '\0');
	struct told *t = &f->told[f->n++];
	snprintf(t->id, sizeof(t->id), "%s", m->id);
	snprintf(t->value, sizeof(t->value), "%s", m->observable->value);
	snprintf(t->direction, sizeof(t->direction), "%s", m->direction);
	snprintf(t->outcome, sizeof(t->outcome), "%s", m->outcome);
	t->revision = m->revision;
	t->seq = m->seq;
	t->count = m->count;
	t->distinct = m->distinct;
	t->first = m->first_seen;
	t->last = m->last_seen;
	t->indicators = m->n_indicators;
	t->examples = m->n_examples;
	t->contexts = m->n_context;
	t->test = m->test;
	t->quiet = m->quiet;
	t->before_valid = m->before_valid;
}

/* o: what differs from the usual. */
static inline void told_begin(struct fixture *f, struct sl_sightings_options o)
{
	o.sensor = "tap-1";
	o.boot = "b007";
	o.window_ns = MINUTE;
	o.home = f->home;
	o.counters = &f->counters;
	o.emit = take;
	o.arg = f;
	assert_int_equal(sl_sightings_new(&f->s, &o), 0);
}

static inline struct fixture *told_new(const char *lines)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->rs = rules(lines, 1);
	f->evil[0] = number_of_id(f->rs, "i-evil");
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	return f;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_sightings_free(f->s);
	sl_ruleset_free(f->rs);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

#endif
