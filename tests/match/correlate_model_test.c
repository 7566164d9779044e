/* SPDX-License-Identifier: BSD-3-Clause */
/* correlate_model_test.c - patterns and observations from dice, against a model that lists every
 * way to satisfy a pattern: what is told is one of them, and nothing is told only where there is
 * none. The same is told for one, two and three workers. */
#include "joining.h"

#define EVENTS 14
#define SETS 60000
#define NODES 32

static uint64_t dice_state;
static uint32_t dice(uint32_t below)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice_state >> 33) % below;
}

/* ---- A pattern ---- */

enum kind { TEST, BOTH, EITHER, FOLLOWED, WITHIN, REPEATS, BETWEEN };
struct node {
	enum kind kind;
	unsigned a, b, number; /* TEST: expression; else seconds, times, start */
	unsigned to;
};
struct tree {
	struct node node[NODES];
	unsigned nodes, expressions, slots;
	char text[4096];
};

static unsigned node_add(struct tree *t, struct node n)
{
	t->node[t->nodes] = n;
	return t->nodes++;
}

/* `slots`: observations that may still be asked for. */
static unsigned grow(struct tree *t, unsigned depth, unsigned *slots)
{
	unsigned kind = dice(10), a, b;
	if (depth == 0 || *slots < 2 || t->nodes > NODES - 8 || t->expressions > 5) {
		*slots -= *slots > 0;
		return node_add(t, (struct node){ .kind = TEST, .number = t->expressions++ });
	}
	if (kind < 6) {
		a = grow(t, depth - 1, slots);
		b = grow(t, depth - 1, slots);
		return node_add(t, (struct node){ kind < 2   ? BOTH
						  : kind < 3 ? EITHER
							     : FOLLOWED,
					   a, b, 0, 0 });
	}
	if (kind < 8) {
		a = grow(t, depth - 1, slots);
		return node_add(t, (struct node){ WITHIN, a, 0, 1 + dice(9), 0 });
	}
	if (kind < 9) {
		unsigned half = *slots / 2, kept = half;
		a = grow(t, depth - 1, &half);
		*slots -= 2 * (kept - half) < *slots ? 2 * (kept - half) : *slots;
		return node_add(t, (struct node){ REPEATS, a, 0, 2, 0 });
	}
	a = grow(t, depth - 1, slots);
	b = dice(8);
	return node_add(t, (struct node){ BETWEEN, a, 0, b, b + 4 + dice(12) });
}

static void print(struct tree *t, unsigned i)
{
	const struct node *n = &t->node[i];
	char *at = t->text + strlen(t->text);
	static const char *const word[] = { "", " AND ", " OR ", " FOLLOWEDBY " };
	if (n->kind == TEST) {
		sprintf(at, "[domain-name:value = 'e%u.example']", n->number);
		return;
	}
	strcat(t->text, "(");
	print(t, n->a);
	if (n->kind <= FOLLOWED) {
		strcat(t->text, word[n->kind]);
		print(t, n->b);
	}
	strcat(t->text, ")");
	at = t->text + strlen(t->text);
	if (n->kind == WITHIN)
		sprintf(at, " WITHIN %u SECONDS", n->number);
	if (n->kind == REPEATS)
		sprintf(at, " REPEATS %u TIMES", n->number);
	if (n->kind == BETWEEN)
		sprintf(at, " START t'2026-01-31T09:00:%02uZ' STOP t'2026-01-31T09:00:%02uZ'",
			n->number, n->to);
}

/* ---- Its truth ---- */

struct model {
	struct tree tree;
	struct seen event[EVENTS];
	unsigned n, seen; /* events, and how many have been taken */
	uint32_t used; /* events whose observation was joined */
	uint32_t *set[NODES];
	size_t sets[NODES];
	bool overflow;
	struct sl_ruleset *rs;
	/* what was told of the last event taken */
	uint32_t told;
	unsigned tells;
	uint64_t trace;
	struct sl_counters counters;
};

static uint64_t first_of(const struct model *m, uint32_t set)
{
	uint64_t t = UINT64_MAX;
	for (unsigned i = 0; i < m->n; i++)
		if ((set >> i & 1) && m->event[i].ts_ns < t)
			t = m->event[i].ts_ns;
	return t;
}

static uint64_t last_of(const struct model *m, uint32_t set)
{
	uint64_t t = 0;
	for (unsigned i = 0; i < m->n; i++)
		if ((set >> i & 1) && m->event[i].ts_ns > t)
			t = m->event[i].ts_ns;
	return t;
}

static bool same_observation(const struct seen *a, const struct seen *b)
{
	return a->flow == b->flow && a->message == b->message;
}

static bool disjoint(const struct model *m, uint32_t a, uint32_t b)
{
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < m->n; k++)
			if ((a >> i & 1) && (b >> k & 1) &&
				same_observation(&m->event[i], &m->event[k]))
				return false;
	return true;
}

static void set_add(struct model *m, unsigned i, uint32_t set)
{
	for (size_t k = 0; k < m->sets[i]; k++)
		if (m->set[i][k] == set)
			return;
	if (m->sets[i] == SETS) {
		m->overflow = true;
		return;
	}
	m->set[i][m->sets[i]++] = set;
}

static void pairs(struct model *m, unsigned i, unsigned a, unsigned b)
{
	for (size_t x = 0; x < m->sets[a] && !m->overflow; x++) {
		for (size_t y = 0; y < m->sets[b] && !m->overflow; y++) {
			uint32_t p = m->set[a][x], q = m->set[b][y];
			if (disjoint(m, p, q) && (m->tree.node[i].kind != FOLLOWED ||
							 last_of(m, p) <= first_of(m, q)))
				set_add(m, i, p | q);
		}
	}
}

/* Every set of unused events that satisfies a node. */
static void list(struct model *m, unsigned i)
{
	const struct node *n = &m->tree.node[i];
	m->sets[i] = 0;
	if (n->kind == TEST) {
		for (unsigned k = 0; k < m->seen; k++)
			if (m->event[k].expression == n->number && !(m->used >> k & 1))
				set_add(m, i, UINT32_C(1) << k);
		return;
	}
	list(m, n->a);
	if (n->kind <= FOLLOWED)
		list(m, n->b);
	if (n->kind == BOTH || n->kind == FOLLOWED)
		pairs(m, i, n->a, n->b);
	if (n->kind == REPEATS)
		pairs(m, i, n->a, n->a);
	if (n->kind == BOTH || n->kind == FOLLOWED || n->kind == REPEATS)
		return;
	for (size_t k = 0; k < m->sets[n->a]; k++) {
		uint32_t s = m->set[n->a][k];
		uint64_t first = first_of(m, s), last = last_of(m, s);
		if (n->kind == EITHER ||
			(n->kind == WITHIN && last < first + n->number * SL_SECOND) ||
			(n->kind == BETWEEN && first >= T0 + n->number * SL_SECOND &&
				last < T0 + n->to * SL_SECOND))
			set_add(m, i, s);
	}
	for (size_t k = 0; n->kind == EITHER && k < m->sets[n->b]; k++)
		set_add(m, i, m->set[n->b][k]);
}

static bool satisfies(struct model *m, uint32_t set)
{
	unsigned root = m->tree.nodes - 1;
	for (size_t k = 0; k < m->sets[root]; k++)
		if (m->set[root][k] == set)
			return true;
	return false;
}

/* ---- Against the correlator ---- */

static void tell(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
	const struct sl_joined *joined, size_t n)
{
	struct model *m = arg;
	uint32_t at;
	const struct sl_detection *d = detection_of(rs, 0, &at);
	m->tells++;
	m->told = 0;
	for (size_t k = 0; k < n; k++) {
		unsigned flow, message, e = d->leaf[joined[k].leaf].expression;
		char value[48] = "";
		memcpy(value, joined[k].value.p, joined[k].value.len);
		assert_int_equal(sscanf(value, "f%u.m%u.", &flow, &message), 2);
		for (unsigned i = 0; i < m->n; i++)
			if (m->event[i].flow == flow && m->event[i].message == message &&
				m->event[i].expression == e)
				m->told |= UINT32_C(1) << i;
	}
	m->trace = (m->trace ^ m->told ^ hit->ts_ns) * 0x9e3779b97f4a7c15u;
}

static int by_order(const void *pa, const void *pb)
{
	const struct seen *a = pa, *b = pb;
	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns ? -1 : 1;
	if (a->flow != b->flow)
		return a->flow < b->flow ? -1 : 1;
	if (a->message != b->message)
		return a->message < b->message ? -1 : 1;
	return a->expression < b->expression ? -1 : a->expression > b->expression;
}

/* Messages that satisfy one or several expressions; often at the same time. */
static void traffic(struct model *m)
{
	m->n = 0;
	for (unsigned message = 1; m->n < EVENTS - 4; message++) {
		uint64_t ts = T0 + dice(20) * SL_SECOND;
		unsigned flow = 1 + dice(3), times = 1 + (dice(3) == 0) + (dice(6) == 0);
		for (unsigned i = 0; i < times; i++) {
			struct seen s = { ts, 0, dice(m->tree.expressions), flow, message, 1 };
			bool there = false;
			for (unsigned k = 0; k < m->n; k++)
				there |= same_observation(&m->event[k], &s) &&
					 m->event[k].expression == s.expression;
			if (!there)
				m->event[m->n++] = s;
		}
	}
	qsort(m->event, m->n, sizeof(m->event[0]), by_order);
}

static struct sl_correlator *correlator(struct model *m)
{
	struct sl_correlator *c;
	struct sl_correlator_options o = { .counters = &m->counters, .tell = tell, .arg = m };
	assert_int_equal(sl_correlator_new(&c, &o), 0);
	m->trace = 1;
	m->tells = 0;
	return c;
}

static void give(struct model *m, struct sl_correlator *c, const struct seen *s)
{
	struct made_expression x;
	assert_int_equal(sl_correlator_take(c, expression_of(&x, m->rs, *s), m->rs), 0);
}

/* One after the other, each told before the next comes: no two have one instant here. */
static void play_against_model(struct model *m)
{
	struct sl_correlator *c = correlator(m);
	m->used = 0;
	for (m->seen = 1; m->seen <= m->n && !m->overflow; m->seen++) {
		unsigned before = m->tells, last = m->seen - 1, root = m->tree.nodes - 1;
		list(m, root);
		if (m->overflow)
			break;
		give(m, c, &m->event[last]);
		sl_correlator_clock(c, m->event[last].ts_ns + 1);
		if (m->tells == before) {
			assert_int_equal(m->sets[root], 0);
			continue;
		}
		assert_int_equal(m->tells, before + 1);
		assert_true(m->told >> last & 1);
		if (!satisfies(m, m->told))
			fail_msg("%s: %x at %llu, %zu sets", m->tree.text, m->told,
				(unsigned long long)(m->event[last].ts_ns - T0), m->sets[root]);
		for (unsigned i = 0; i < m->n; i++)
			for (unsigned k = 0; k < m->n; k++)
				if ((m->told >> i & 1) &&
					same_observation(&m->event[i], &m->event[k]))
					m->used |= UINT32_C(1) << k;
	}
	sl_correlator_free(c);
}

/* Each worker has flows of its own and tells them in order. */
static uint64_t play_workers(struct model *m, unsigned workers)
{
	struct sl_correlator *c = correlator(m);
	unsigned at[3] = { 0, 0, 0 }, left = workers;
	while (left > 0) {
		uint64_t slowest = UINT64_MAX;
		unsigned w = dice(workers);
		left = 0;
		for (unsigned k = 0; k < workers; k++) {
			while (at[k] < m->n && m->event[at[k]].flow % workers != k)
				at[k]++;
			left += at[k] < m->n;
			if (at[k] < m->n && m->event[at[k]].ts_ns < slowest)
				slowest = m->event[at[k]].ts_ns;
		}
		if (at[w] < m->n)
			give(m, c, &m->event[at[w]++]);
		else if (slowest != UINT64_MAX)
			sl_correlator_clock(c, slowest);
	}
	sl_correlator_flush(c);
	sl_correlator_free(c);
	return m->trace;
}

/* Events that share an instant are taken together: the model takes them one by one. */
static void spread(struct model *m)
{
	for (unsigned i = 0; i < m->n; i++)
		m->event[i].ts_ns += i;
}

static bool as_written(const struct model *m)
{
	uint32_t at;
	return sl_ruleset_detections(m->rs) == 1 &&
	       detection_of(m->rs, 0, &at)->expressions == m->tree.expressions;
}

static void round_of(struct model *m, uint64_t seed)
{
	unsigned slots = 5;
	dice_state = seed * 0x9e3779b97f4a7c15u;
	const char *text = m->tree.text;
	m->rs = NULL;
	do { /* an outermost OR, also inside of a qualifier, would be taken apart */
		sl_ruleset_free(m->rs);
		do {
			memset(&m->tree, 0, sizeof(m->tree));
			slots = 5;
			(void)grow(&m->tree, 4, &slots);
		} while (m->tree.expressions < 2);
		print(&m->tree, m->tree.nodes - 1);
		m->rs = ruleset_of(&text, 1, 1);
	} while (!as_written(m));
	m->overflow = false;
	for (unsigned i = 0; i < 6; i++) {
		traffic(m);
		uint64_t one = play_workers(m, 1);
		assert_true(play_workers(m, 2) == one);
		assert_true(play_workers(m, 3) == one);
		spread(m);
		play_against_model(m);
	}
	sl_ruleset_free(m->rs);
}

static void test_model(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	(void)state;
	for (unsigned i = 0; i < NODES; i++)
		m->set[i] = malloc(SETS * sizeof(uint32_t));
	for (uint64_t seed = 1; seed <= 400; seed++)
		round_of(m, seed);
	assert_int_equal(m->counters.c[SL_C_CORRELATOR_GAVE_UP], 0);
	assert_int_equal(m->counters.c[SL_C_CORRELATOR_DROPPED], 0);
	assert_true(m->counters.c[SL_C_CORRELATOR_TRUE] > 2000);
	for (unsigned i = 0; i < NODES; i++)
		free(m->set[i]);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
