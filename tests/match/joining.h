/* SPDX-License-Identifier: BSD-3-Clause */
/* joining.h - a ruleset of patterns, and what workers would tell of them, for the correlator's
 * tests. Each [ ] of a pattern is an expression with one leaf, numbered from the left. */
#ifndef SL_TEST_JOINING_H
#define SL_TEST_JOINING_H

#include <stdio.h>

#include <sightline/clock.h>
#include <sightline/correlate.h>

#include "test.h"
#include "spelled.h"

#define T0 (1769850000 * SL_SECOND) /* 2026-01-31T09:00:00Z */

/* One indicator for each pattern: "p0", "p1" ... */
/* Patterns under the ids that are given; NULL: "p0", "p1" and so on. */
static inline struct sl_ruleset *ruleset_named(
	const char *const *pattern, const char *const *id, size_t n, uint32_t generation)
{
	static char lines[65536];
	struct sl_intel *in;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_match_options m = { .validity = SL_VALID_IGNORE };
	struct sl_ruleset *rs;
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		char own[16];
		snprintf(own, sizeof(own), "p%zu", i);
		len += (size_t)snprintf(lines + len, sizeof(lines) - len,
			"{\"id\":\"%s\",\"pattern\":\"%s\"}\n", id != NULL ? id[i] : own,
			pattern[i]);
	}
	assert_true(len < sizeof(lines));
	assert_int_equal(sl_intel_new(&in), 0);
	assert_int_equal(sl_intel_read_bytes(in, "test.jsonl", lines, len, &o), 0);
	assert_int_equal(sl_ruleset_build(&rs, in, &m, NULL, generation), 0);
	return rs;
}

/* "p0", "p1" and so on. */
static inline struct sl_ruleset *ruleset_of(
	const char *const *pattern, size_t n, uint32_t generation)
{
	return ruleset_named(pattern, NULL, n, generation);
}

/* The detection of "p<number>". */
static inline const struct sl_detection *detection_of(
	const struct sl_ruleset *rs, unsigned number, uint32_t *at)
{
	char id[16];
	snprintf(id, sizeof(id), "p%u", number);
	for (uint32_t i = 0; i < sl_ruleset_detections(rs); i++) {
		const struct sl_detection *d = sl_ruleset_detection(rs, i);
		if (strcmp(spelled(rs, d->indicator)->id, id) == 0) {
			*at = i;
			return d;
		}
	}
	fail_msg("no detection %s", id);
	return NULL;
}

/* An observation: a message of a flow, of the client 10.0.0.<host>. */
struct seen {
	uint64_t ts_ns;
	unsigned pattern, expression, flow, message, host;
};

struct made_expression {
	struct sl_record r;
	uint8_t room[256];
};

/* The value says flow and message. */
static inline const struct sl_record *expression_of(
	struct made_expression *x, const struct sl_ruleset *rs, struct seen s)
{
	uint32_t at;
	const struct sl_detection *d = detection_of(rs, s.pattern, &at);
	char value[48];
	int len = snprintf(value, sizeof(value), "f%u.m%u.example", s.flow, s.message);
	memset(x, 0, sizeof(*x));
	x->r = (struct sl_record){ .kind = SL_REC_EXPRESSION,
		.generation = sl_ruleset_generation(rs),
		.ts_ns = s.ts_ns,
		.message = s.message,
		.where = SL_WHERE_DNS_QUERY,
		.type = SL_TYPE_DOMAIN,
		.indicator_count = 1,
		.matched_count = 1,
		.expression = (uint16_t)s.expression,
		.value_len = (uint16_t)len };
	x->r.flow = (struct sl_record_flow){ .version = 4,
		.proto = 17,
		.sport = (uint16_t)(1024 + s.flow),
		.dport = 53,
		.id = s.flow };
	x->r.flow.src.b[0] = 10;
	x->r.flow.src.b[3] = (uint8_t)s.host;
	x->r.flow.dst.b[0] = 8;
	struct sl_matched m = { .where = SL_WHERE_DNS_QUERY };
	while (m.leaf < d->leaves && d->leaf[m.leaf].expression != s.expression)
		m.leaf++;
	memcpy(x->r.tail, &d->indicator, 4);
	memcpy(x->r.tail + 4, &m, sizeof(m));
	memcpy(x->r.tail + 8, value, (size_t)len);
	return &x->r;
}

#endif
