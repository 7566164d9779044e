/* SPDX-License-Identifier: BSD-3-Clause */
/* made.c - a set of indicators in memory, behind the calls of intel.h that matching uses. */
#include <sightline/book.h>
#include <sightline/mem.h>

#include "made.h"

struct sl_intel {
	struct sl_indicator *ind;
	size_t n, room;
	struct sl_arena *arena;
	struct sl_book book; /* of ind, made when it is asked for */
	struct sl_detection *detection;
	size_t detections;
};

static size_t live;

struct sl_intel *made_new(void)
{
	struct sl_intel *in = calloc(1, sizeof(*in));
	assert_non_null(in);
	__atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
	return in;
}

size_t made_live(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

void sl_intel_free(struct sl_intel *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->n; i++)
		free((char *)in->ind[i].value);
	free(in->ind);
	sl_book_fini(&in->book);
	sl_arena_free(in->arena);
	free(in->detection);
	free(in);
	__atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
}

size_t made_count(const struct sl_intel *in)
{
	return in->n;
}

const struct sl_book *sl_intel_book(const struct sl_intel *asked)
{
	struct sl_intel *in = (struct sl_intel *)(uintptr_t)asked;
	if (in->arena == NULL)
		assert_int_equal(sl_arena_new(&in->arena), 0);
	sl_book_fini(&in->book);
	assert_int_equal(sl_book_init(&in->book, in->arena), 0);
	for (size_t i = 0; i < in->n; i++)
		assert_int_equal(sl_book_add(&in->book, &in->ind[i]), 0);
	return &in->book;
}

const struct sl_detection *sl_intel_detections(const struct sl_intel *in, size_t *count)
{
	*count = in->detections;
	return in->detection;
}

void made_detect(struct sl_intel *in, const struct sl_detection *d)
{
	in->detection = realloc(in->detection, (in->detections + 1) * sizeof(*in->detection));
	assert_non_null(in->detection);
	in->detection[in->detections++] = *d;
}

size_t sl_intel_bytes(const struct sl_intel *in)
{
	return in->n * sizeof(*in->ind);
}

struct sl_indicator *made_add(
	struct sl_intel *in, enum sl_type type, const char *value, enum sl_match_kind match)
{
	if (in->n == in->room) {
		in->room = in->room * 2 + 16;
		in->ind = realloc(in->ind, in->room * sizeof(*in->ind));
		assert_non_null(in->ind);
	}
	struct sl_indicator *i = &in->ind[in->n++];
	*i = (struct sl_indicator){ .id = "",
		.source = "test",
		.name = "",
		.severity = "",
		.labels = "",
		.quiet_reason = "",
		.part = "",
		.type = (uint8_t)type,
		.match = (uint8_t)match,
		.confidence = SL_CONFIDENCE_NONE };
	i->value = strdup(value);
	assert_non_null(i->value);
	i->value_len = (uint32_t)strlen(value);
	if (type == SL_TYPE_IPV4 || type == SL_TYPE_IPV6) {
		size_t len = strlen(value);
		if (!sl_prefix_parse(value, len, &i->addr, &i->version, &i->prefix_len)) {
			assert_true(sl_addr_parse(value, len, &i->addr, &i->version));
			i->prefix_len = i->version == 4 ? 32 : 128;
		}
	}
	return i;
}

struct made_batch *made_batch_new(void)
{
	struct made_batch *m = calloc(1, sizeof(*m));
	assert_non_null(m);
	m->b.flow = &m->flow;
	m->b.counters = &m->counters;
	return m;
}

struct sl_observable *made_obs(
	struct made_batch *m, enum sl_where w, enum sl_type type, const void *p, size_t len)
{
	assert_true(m->b.n < SL_BATCH_MAX && m->b.used + len <= SL_BATCH_TEXT);
	struct sl_observable *o = &m->b.obs[m->b.n++];
	memcpy(m->b.text + m->b.used, p, len);
	*o = (struct sl_observable){ .flow = &m->flow,
		.value = m->b.text + m->b.used,
		.len = (uint32_t)len,
		.where = (uint16_t)w,
		.type = (uint8_t)type };
	m->b.used += (uint32_t)len;
	return o;
}

struct sl_observable *made_addr(struct made_batch *m, enum sl_where w, const char *text)
{
	union sl_addr a;
	uint8_t version;
	assert_true(sl_addr_parse(text, strlen(text), &a, &version));
	return made_obs(
		m, w, version == 4 ? SL_TYPE_IPV4 : SL_TYPE_IPV6, a.b, version == 4 ? 4 : 16);
}

struct sl_observable *made_text(struct made_batch *m, enum sl_where w, const char *text)
{
	return made_obs(m, w, (enum sl_type)sl_wheres[w].type, text, strlen(text));
}

struct sl_ruleset *made_ruleset(struct sl_intel *in, const struct sl_match_options *o)
{
	static const struct sl_match_options plain = { .validity = SL_VALID_PACKET };
	struct sl_ruleset *rs = NULL;
	assert_int_equal(sl_ruleset_build(&rs, in, o != NULL ? o : &plain, NULL, 1), 0);
	return rs;
}

uint32_t made_match(
	const struct sl_ruleset *rs, struct made_batch *m, struct sl_hit *hit, uint32_t max)
{
	uint16_t from = 0;
	uint32_t n = sl_match(rs, &m->b, &from, hit, max, &m->counters);
	assert_int_equal(from, m->b.n);
	return n;
}

uint64_t made_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}
