/* SPDX-License-Identifier: BSD-3-Clause */
/* seen.h - what the tests of the memory share: flows that say things, and indicators that are asked
 * about. */
#ifndef TESTS_MEMORY_SEEN_H
#define TESTS_MEMORY_SEEN_H

#include <stdio.h>

#include <sightline/clock.h>
#include <sightline/memory.h>

#include "test.h"

#define HOUR (3600 * SL_SECOND)
#define T0 (1000 * HOUR)

static struct sl_nets *home;

struct seen {
	struct sl_memory *m;
	struct sl_memories all; /* of m alone */
	struct sl_counters counters;
	struct sl_batch batch;
	struct sl_flow flow;
	uint64_t ts_ns;
	uint32_t message;
};

static inline struct seen *seen_with(size_t bytes, unsigned hours)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct sl_memory_options o = { .bytes = bytes,
		.hours = hours,
		.home = home,
		.key = { 0x0123456789abcdef, 0xfedcba9876543210 },
		.counters = &s->counters };
	assert_int_equal(sl_memory_new(&s->m, &o), 0);
	s->all = (struct sl_memories){ &s->m, 1 };
	s->ts_ns = T0;
	sl_batch_want_all(&s->batch);
	return s;
}

static inline struct seen *seen_new(void)
{
	return seen_with((size_t)4 << 20, 24);
}

static inline void seen_free(struct seen *s)
{
	sl_memory_free(s->m);
	free(s);
}

static inline void address(const char *text, union sl_addr *a, uint8_t *version)
{
	assert_true(sl_addr_parse(text, strlen(text), a, version));
}

/* From now on a flow of these two says what is said. */
static inline void flow(struct seen *s, const char *src, const char *dst)
{
	uint8_t version;
	s->flow.id++;
	address(src, &s->flow.src, &version);
	address(dst, &s->flow.dst, &version);
	s->flow.version = version;
	s->message = 0;
}

static inline void add(struct seen *s, enum sl_where w, const char *value)
{
	union sl_addr a;
	uint8_t version;
	s->batch.flow = &s->flow;
	s->batch.ts_ns = s->ts_ns;
	if (sl_wheres[w].form == SL_FORM_ADDR) {
		address(value, &a, &version);
		assert_true(sl_batch_add_addr(&s->batch, w, SL_TO_SERVER, s->message, &a, version));
	} else {
		assert_true(sl_batch_add(
			&s->batch, w, SL_TO_SERVER, s->message, sl_span(value, strlen(value))));
	}
}

static inline void take(struct seen *s)
{
	sl_memory_take(s->m, &s->batch);
	sl_batch_empty(&s->batch);
}

/* A flow, as the worker tells it. */
static inline void connect_to(struct seen *s, const char *src, const char *dst)
{
	flow(s, src, dst);
	add(s, SL_WHERE_IP_SRC, src);
	add(s, SL_WHERE_IP_DST, dst);
	take(s);
}

/* A message of the flow at hand. */
static inline void says(struct seen *s, enum sl_where w, const char *value)
{
	s->message++;
	add(s, w, value);
	take(s);
}

static inline struct sl_indicator indicator(enum sl_type type, const char *value)
{
	struct sl_indicator i = { .type = (uint8_t)type,
		.value = value,
		.value_len = (uint32_t)strlen(value),
		.match = SL_MATCH_EXACT };
	if (type == SL_TYPE_IPV4) {
		address(value, &i.addr, &i.version);
		i.type = i.version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6;
		i.prefix_len = i.version == 4 ? 32 : 128;
	}
	return i;
}

static inline struct sl_past_answer asked(
	const struct sl_memories *all, const struct sl_indicator *i)
{
	struct sl_past_answer a;
	assert_true(sl_memories_ask(all, i, &a));
	return a;
}

static inline struct sl_past_answer ask(const struct seen *s, enum sl_type type, const char *value)
{
	struct sl_indicator i = indicator(type, value);
	return asked(&s->all, &i);
}

static inline struct sl_past_answer ask_zone(const struct seen *s, const char *value)
{
	struct sl_indicator i = indicator(SL_TYPE_DOMAIN, value);
	i.match = SL_MATCH_SUFFIX;
	return asked(&s->all, &i);
}

static inline void is_host(const union sl_addr *a, uint8_t version, const char *text)
{
	char out[SL_ADDR_TEXT];
	assert_int_not_equal(version, 0);
	sl_addr_text(a, version, out);
	assert_string_equal(out, text);
}

static inline int make(void **state)
{
	return sl_nets_new(&home) == 0 && sl_nets_add(home, "10.0.0.0/8", 10) == 0 &&
			       sl_nets_add(home, "fd00::/8", 8) == 0
		       ? 0
		       : -1;
}

static inline int clean(void **state)
{
	sl_nets_free(home);
	return 0;
}

#endif
