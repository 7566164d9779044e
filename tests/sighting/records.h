/* SPDX-License-Identifier: BSD-3-Clause */
/* records.h - hit records for tests, and a ruleset that they name, made from native lines. */
#ifndef TEST_RECORDS_H
#define TEST_RECORDS_H

#include <stdio.h>

#include <sightline/book.h>
#include <sightline/sighting.h>

#include "match/spelled.h"

static struct sl_intel *rules_in; /* of the newest rules */

static inline struct sl_ruleset *rules(const char *lines, uint32_t generation)
{
	struct sl_intel *in;
	struct sl_intel_options o = { .validity = SL_VALID_IGNORE };
	struct sl_match_options m = { .validity = SL_VALID_IGNORE };
	struct sl_ruleset *rs;
	assert_int_equal(sl_intel_new(&in), 0);
	assert_int_equal(sl_intel_read_bytes(in, "test.jsonl", lines, strlen(lines), &o), 0);
	assert_int_equal(sl_ruleset_build(&rs, in, &m, NULL, generation), 0);
	rules_in = in;
	return rs;
}

/* Makes an indicator of the newest rules quiet. */
static inline void quieten(uint32_t number, const char *reason)
{
	struct sl_book *b = (struct sl_book *)(uintptr_t)sl_intel_book(rules_in);
	struct sl_indicator i;
	sl_book_get(b, number, &i);
	i.quiet = true;
	i.quiet_reason = reason;
	assert_int_equal(sl_book_put(b, number, &i), 0);
}

/* The number of the indicator with this id. */
static inline uint32_t number_of_id(const struct sl_ruleset *rs, const char *id)
{
	for (uint32_t n = 0; n < sl_ruleset_indicators(rs); n++)
		if (strcmp(spelled(rs, n)->id, id) == 0)
			return n;
	fail_msg("no indicator %s", id);
	return 0;
}

/* A record with room for its tail. */
struct made_record {
	struct sl_record r;
	uint8_t room[2048];
};

static inline void record_flow(struct sl_record *r, const char *src, uint16_t sport,
	const char *dst, uint16_t dport, uint8_t proto)
{
	assert_true(sl_addr_parse(src, strlen(src), &r->flow.src, &r->flow.version));
	assert_true(sl_addr_parse(dst, strlen(dst), &r->flow.dst, &r->flow.version));
	r->flow.sport = sport;
	r->flow.dport = dport;
	r->flow.proto = proto;
	r->flow.outcome = SL_OUTCOME_ATTEMPTED;
	r->flow.packets[0] = 1;
	r->flow.bytes[0] = 60;
}

/* A name said in a message, matched by the indicators `numbers`. */
static inline struct sl_record *record_name(struct made_record *x, uint64_t ts_ns,
	enum sl_where where, const char *name, uint32_t message, const uint32_t *numbers,
	uint16_t count)
{
	memset(x, 0, sizeof(*x));
	x->r.kind = SL_REC_HIT;
	x->r.generation = 1;
	x->r.ts_ns = ts_ns;
	x->r.where = (uint16_t)where;
	x->r.type = SL_TYPE_DOMAIN;
	x->r.message = message;
	x->r.match = SL_MATCH_SUFFIX;
	x->r.indicator_count = count;
	x->r.value_len = (uint16_t)strlen(name);
	if (count > 0)
		memcpy(x->r.tail, numbers, 4 * (size_t)count);
	memcpy(x->r.tail + 4 * (size_t)count, name, strlen(name));
	record_flow(&x->r, "10.0.0.1", 40000, "8.8.8.8", 53, 17);
	x->r.flow.id = 1;
	memcpy(x->r.flow.app, "dns", 3);
	return &x->r;
}

static inline void record_said(struct made_record *x, const struct sl_said *said)
{
	memcpy(x->r.tail + 4 * (size_t)x->r.indicator_count + x->r.value_len, said->bytes,
		said->used);
	x->r.said_len = said->used;
}

#endif
