/* SPDX-License-Identifier: BSD-3-Clause */
/* model_test.c - traffic from dice, over 1, 2 and 3 workers in random order, with late packets,
 * against a model that counts messages in a plain table: the same sightings, the same counts. */
#include "test.h"

#include <sightline/clock.h>

#include "records.h"

#define MINUTE (60 * SL_SECOND)
#define T0 (1769850000 * SL_SECOND)
#define PAIRS 6
#define NAMES 3
#define WINDOWS 5
#define MESSAGES 3000

static const char lines[] =
	"{\"id\":\"n0\",\"type\":\"domain-name\",\"value\":\"n0.example\",\"match\":\"suffix\"}\n"
	"{\"id\":\"n1\",\"type\":\"domain-name\",\"value\":\"n1.example\",\"match\":\"suffix\"}\n"
	"{\"id\":\"n2\",\"type\":\"domain-name\",\"value\":\"n2.example\",\"match\":\"suffix\"}\n";

static uint64_t dice_state;
static uint32_t dice(uint32_t below)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice_state >> 33) % below;
}

/* One record to come: a question, or its answer (REPEAT) with an outcome. */
struct event {
	uint64_t ts_ns;
	uint8_t pair, name, sub, outcome;
	bool repeat;
	uint32_t message;
};

struct cell {
	uint64_t count, seen;
	uint32_t revision;
	uint8_t outcome;
	uint64_t subs; /* bits: which names below */
	uint64_t told_count, told_distinct;
	char id[37], told_outcome[16];
};

struct model {
	struct sl_ruleset *rs;
	uint32_t number[NAMES];
	struct cell cell[PAIRS][NAMES][WINDOWS];
	struct sl_counters counters;
	struct event event[MESSAGES * 2];
	size_t n;
};

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->message != y->message ? x->message < y->message ? -1 : 1 : x->repeat - y->repeat;
}

/* Mostly in order; one in 20 comes up to two windows late, its answer right behind it. */
static void traffic(struct model *m, uint64_t seed)
{
	dice_state = seed;
	m->n = 0;
	memset(m->cell, 0, sizeof(m->cell));
	for (uint32_t i = 1; i <= MESSAGES; i++) {
		struct event e = { .ts_ns = T0 + (uint64_t)dice(WINDOWS * 60000) * 1000000,
			.pair = (uint8_t)dice(PAIRS),
			.name = (uint8_t)dice(NAMES),
			.sub = (uint8_t)dice(40),
			.message = i };
		struct cell *c = &m->cell[e.pair][e.name][(e.ts_ns - T0) / MINUTE];
		c->count++;
		c->subs |= UINT64_C(1) << e.sub;
		if (c->outcome < SL_OUTCOME_ATTEMPTED)
			c->outcome = SL_OUTCOME_ATTEMPTED;
		m->event[m->n++] = e;
		if (dice(3) == 0)
			continue;
		e.repeat = true;
		e.ts_ns += 1 + dice(500000000);
		e.outcome = dice(2) ? SL_OUTCOME_ANSWERED : SL_OUTCOME_NXDOMAIN;
		if (c->outcome < e.outcome)
			c->outcome = e.outcome;
		m->event[m->n++] = e;
	}
	qsort(m->event, m->n, sizeof(m->event[0]), by_time);
}

static void take(void *arg, const Sightline__V1__Sighting *s)
{
	struct model *m = arg;
	unsigned pair = (unsigned)atoi(strrchr(s->flow->src, '.') + 1);
	unsigned name = (unsigned)(s->indicators[0]->id[1] - '0');
	assert_true(pair < PAIRS && name < NAMES && s->first_seen >= T0);
	struct cell *c = &m->cell[pair][name][(s->first_seen - T0) / MINUTE];
	/* One id a cell, revisions one by one. */
	assert_int_equal(s->revision, c->revision + 1);
	if (c->revision++ > 0)
		assert_string_equal(s->id, c->id);
	snprintf(c->id, sizeof(c->id), "%s", s->id);
	c->told_count = s->count;
	c->told_distinct = s->distinct;
	snprintf(c->told_outcome, sizeof(c->told_outcome), "%s", s->outcome);
}

static void hit(struct model *m, struct sl_sightings *s, const struct event *e)
{
	struct made_record x;
	char name[64], src[32];
	snprintf(name, sizeof(name), "s%u.n%u.example", e->sub, e->name);
	snprintf(src, sizeof(src), "10.0.0.%u", e->pair);
	record_name(&x, e->ts_ns, SL_WHERE_DNS_QUERY, name, e->message, &m->number[e->name], 1);
	record_flow(&x.r, src, 40000, "8.8.8.8", 53, 17);
	x.r.flow.id = e->pair + 1u;
	x.r.flags = e->repeat ? SL_OBS_REPEAT : 0;
	x.r.outcome = e->outcome;
	assert_int_equal(sl_sightings_hit(s, &x.r, m->rs), 0);
}

/* A worker owns a pair of addresses, so that what comes of one pair keeps its order; between the
 * workers anything goes, and the clock is that of the slowest. */
static void play(struct model *m, struct sl_sightings *s, unsigned workers)
{
	size_t at[3] = { 0, 0, 0 };
	for (;;) {
		uint64_t slowest = UINT64_MAX;
		unsigned left = 0;
		for (unsigned w = 0; w < workers; w++) {
			while (at[w] < m->n && m->event[at[w]].pair % workers != w)
				at[w]++;
			if (at[w] == m->n)
				continue;
			left++;
			if (m->event[at[w]].ts_ns < slowest)
				slowest = m->event[at[w]].ts_ns;
		}
		if (left == 0)
			return;
		if (dice(10) == 0)
			sl_sightings_clock(s, slowest);
		unsigned w = dice(workers);
		for (uint32_t burst = dice(40); burst > 0 && at[w] < m->n; at[w]++) {
			if (m->event[at[w]].pair % workers != w)
				continue;
			hit(m, s, &m->event[at[w]]);
			burst--;
		}
	}
}

static void check(const struct model *m)
{
	for (unsigned p = 0; p < PAIRS; p++) {
		for (unsigned n = 0; n < NAMES; n++) {
			for (unsigned w = 0; w < WINDOWS; w++) {
				const struct cell *c = &m->cell[p][n][w];
				assert_int_equal(c->told_count, c->count);
				assert_int_equal(c->told_distinct, __builtin_popcountll(c->subs));
				assert_string_equal(c->told_outcome, sl_outcome_text(c->outcome));
			}
		}
	}
}

/* Some packets are late: swapped with one up to two windows away, of the same pair or not. */
static void disorder(struct model *m)
{
	for (size_t i = 0; i < m->n / 20; i++) {
		size_t a = dice((uint32_t)m->n), b = a + dice((uint32_t)(m->n * 2 / WINDOWS));
		if (b >= m->n || m->event[a].repeat)
			continue;
		/* An answer stays behind its question. */
		struct event e = m->event[a];
		for (size_t k = a + 1; k <= b; k++)
			if (m->event[k].message == e.message)
				b = k - 1;
		memmove(&m->event[a], &m->event[a + 1], (b - a) * sizeof(e));
		m->event[b] = e;
	}
}

static void run(struct model *m, uint64_t seed, unsigned workers, bool late)
{
	struct sl_sightings *s;
	struct sl_sightings_options o = { .sensor = "tap-1",
		.boot = "b007",
		.window_ns = MINUTE,
		.counters = &m->counters,
		.emit = take,
		.arg = m };
	traffic(m, seed);
	if (late)
		disorder(m);
	assert_int_equal(sl_sightings_new(&s, &o), 0);
	play(m, s, workers);
	sl_sightings_flush(s);
	check(m);
	sl_sightings_free(s);
}

static void test_model(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	m->rs = rules(lines, 1);
	for (unsigned n = 0; n < NAMES; n++) {
		char id[4] = { 'n', (char)('0' + n), 0, 0 };
		m->number[n] = number_of_id(m->rs, id);
	}
	for (uint64_t seed = 1; seed <= 20; seed++)
		for (unsigned workers = 1; workers <= 3; workers++)
			run(m, seed, workers, seed % 2 == 0);
	assert_int_equal(m->counters.c[SL_C_SIGHTING_EVICTED], 0);
	sl_ruleset_free(m->rs);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
