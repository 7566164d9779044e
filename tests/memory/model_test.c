/* SPDX-License-Identifier: BSD-3-Clause */
/* model_test.c - the memory against the past that is kept whole (past.h): fed with the same
 * observables, both count the same, as long as nothing of the memory is gone. */
#include <sightline/past.h>

#include "seen.h"

#define ROUNDS 20000

static uint64_t state_of = 7;

static unsigned pick(unsigned n)
{
	state_of = state_of * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of >> 33) % n;
}

static void name(char *out, size_t cap)
{
	static const char *const below[] = { "", "www.", "a.b.", "x.www.", "1.2.3.4.5." };
	snprintf(out, cap, "%sn%u.example", below[pick(5)], pick(12));
}

/* One observable for both. */
static void both(struct seen *s, struct sl_past *p, enum sl_where w, const char *value)
{
	struct sl_past_observed o = { .type = sl_wheres[w].type,
		.where = w,
		.value = value,
		.len = strlen(value),
		.src = s->flow.src,
		.dst = s->flow.dst,
		.src_version = s->flow.version,
		.dst_version = s->flow.version,
		.flow = s->flow.id,
		.message = s->message,
		.ts_ns = s->ts_ns };
	add(s, w, value);
	assert_int_equal(sl_past_add(p, &o), 0);
}

static void round_of(struct seen *s, struct sl_past *p)
{
	char src[20], dst[20], text[64];
	snprintf(src, sizeof(src), "10.0.0.%u", pick(30));
	snprintf(dst, sizeof(dst), "203.0.113.%u", pick(40));
	bool in = pick(4) == 0;
	flow(s, in ? dst : src, in ? src : dst);
	both(s, p, SL_WHERE_IP_SRC, in ? dst : src);
	both(s, p, SL_WHERE_IP_DST, in ? src : dst);
	for (unsigned i = pick(4); i > 0; i--) {
		static const enum sl_where wheres[] = { SL_WHERE_DNS_QUERY,
			SL_WHERE_DNS_ANSWER_NAME, SL_WHERE_TLS_SNI, SL_WHERE_HTTP_HOST };
		s->message++;
		name(text, sizeof(text));
		enum sl_where w = wheres[pick(4)];
		both(s, p, w, text);
		if (pick(3) == 0)
			both(s, p, w, text);
	}
	take(s);
	s->ts_ns += pick(5) * SL_SECOND;
}

static void compare(const struct seen *s, struct sl_past *p, const struct sl_indicator *i)
{
	struct sl_past_answer mine, whole;
	bool told = sl_memories_ask(&s->all, i, &mine);
	assert_true(sl_past_ask(p, i, &whole));
	if (!told)
		return;
	assert_false(mine.at_most);
	assert_int_equal(mine.count, whole.count);
	if (whole.hosts < 10) {
		assert_in_range(
			mine.hosts, whole.hosts - whole.hosts / 4, whole.hosts + whole.hosts / 4);
	}
}

static void same(void **state)
{
	struct sl_past_options po = { .home = home };
	struct seen *s = seen_with((size_t)8 << 20, 168);
	struct sl_past *p;
	unsigned compared = 0;
	assert_int_equal(sl_past_new(&p, &po), 0);
	for (unsigned i = 0; i < ROUNDS; i++)
		round_of(s, p);
	for (unsigned i = 0; i < 45; i++) {
		char text[20];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		struct sl_indicator in = indicator(SL_TYPE_IPV4, text);
		compare(s, p, &in);
	}
	for (unsigned i = 0; i < 2000; i++, compared++) {
		char text[64];
		name(text, sizeof(text));
		struct sl_indicator in = indicator(SL_TYPE_DOMAIN, text);
		compare(s, p, &in);
		in.match = SL_MATCH_SUFFIX;
		compare(s, p, &in);
	}
	assert_int_equal(s->counters.c[SL_C_MEMORY_GONE], 0);
	sl_past_free(p);
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(same) };
	return cmocka_run_group_tests(tests, make, clean);
}
