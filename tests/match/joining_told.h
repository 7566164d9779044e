/* SPDX-License-Identifier: BSD-3-Clause */
/* joining_told.h - a correlator, and what it told: shared by the correlator's tests. */
#ifndef SL_TEST_JOINING_TOLD_H
#define SL_TEST_JOINING_TOLD_H

#include "joining.h"
#include "spelled.h"

#define A "[domain-name:value = 'a.example']"
#define B "[domain-name:value = 'b.example']"
#define C "[domain-name:value = 'c.example']"

/* What was told: the completing observation, and all that was joined, as "0:f1.m1.example ". */
struct told {
	uint64_t ts_ns;
	uint32_t generation;
	uint16_t said;
	char completing[48], joined[512];
};

struct fixture {
	struct sl_correlator *c;
	struct sl_correlator_options o;
	struct sl_counters counters;
	struct sl_ruleset *rs;
	struct sl_nets *home;
	struct told told[64];
	size_t n;
	unsigned flows;
};

static inline void tell(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
	const struct sl_joined *joined, size_t n)
{
	struct fixture *f = arg;
	struct told *t = &f->told[f->n++];
	assert_true(f->n <= sizeof(f->told) / sizeof(f->told[0]));
	assert_int_equal(hit->kind, SL_REC_HIT);
	assert_int_equal(hit->match, SL_MATCH_TREE);
	assert_int_equal(hit->generation, sl_ruleset_generation(rs));
	const struct sl_indicator *i = spelled(rs, sl_record_indicators(hit)[0]);
	assert_int_equal(i->match, SL_MATCH_TREE);
	struct sl_span v = sl_record_value(hit);
	memset(t, 0, sizeof(*t));
	t->ts_ns = hit->ts_ns;
	t->generation = hit->generation;
	t->said = hit->said_len;
	memcpy(t->completing, v.p, v.len);
	for (size_t k = 0; k < n; k++)
		snprintf(t->joined + strlen(t->joined), sizeof(t->joined) - strlen(t->joined),
			"%u:%.*s ", joined[k].leaf, (int)joined[k].value.len,
			(const char *)joined[k].value.p);
}

static inline void begin(struct fixture *f, const char *pattern)
{
	if (f->rs != NULL) {
		sl_correlator_free(f->c);
		sl_ruleset_free(f->rs);
	}
	f->n = 0;
	f->rs = ruleset_of(&pattern, 1, 1);
	memset(&f->counters, 0, sizeof(f->counters));
	assert_int_equal(sl_correlator_new(&f->c, &f->o), 0);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(sl_nets_new(&f->home), 0);
	assert_int_equal(sl_nets_add(f->home, "10.0.0.0/8", 10), 0);
	f->o = (struct sl_correlator_options){
		.home = f->home, .counters = &f->counters, .tell = tell, .arg = f
	};
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	sl_correlator_free(f->c);
	sl_ruleset_free(f->rs);
	sl_nets_free(f->home);
	free(f);
	return 0;
}

static inline void give(struct fixture *f, struct seen s)
{
	struct made_expression x;
	assert_int_equal(sl_correlator_take(f->c, expression_of(&x, f->rs, s), f->rs), 0);
}

/* Expression `e` in a flow of its own, of host 1. */
static inline void see(struct fixture *f, unsigned e, uint64_t ts_ns)
{
	give(f, (struct seen){ ts_ns, 0, e, ++f->flows, 1, 1 });
}

/* How often it was true once everything is taken. */
static inline size_t count(struct fixture *f)
{
	sl_correlator_flush(f->c);
	assert_int_equal(sl_correlator_states(f->c), 0);
	assert_int_equal(sl_correlator_events(f->c), 0);
	assert_int_equal(f->counters.c[SL_C_CORRELATOR_TRUE], f->n);
	return f->n;
}

#endif
