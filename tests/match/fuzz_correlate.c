/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_correlate.c - operations, also ones that no compiler writes, and observations, both from the
 * input: nothing crashes, everything is forgotten in the end, and the same is told whether the
 * clock comes after each observation or not before the last. */
#include <sightline/clock.h>
#include <sightline/correlate.h>

#include "made.h"
#include "spelled.h"

#define DETECTIONS 2
#define OPS 24
#define EVENTS 96

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *p;
	size_t left;
};

static uint8_t next(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->p++;
}

struct planned {
	struct sl_detection d;
	struct sl_leaf leaf[4];
	struct sl_expression expression[4];
	struct sl_op op[OPS];
};

struct told {
	uint64_t trace;
	size_t n;
};

static void tell(void *arg, const struct sl_record *hit, const struct sl_ruleset *rs,
	const struct sl_joined *joined, size_t n)
{
	struct told *t = arg;
	uint32_t number = sl_record_indicators(hit)[0];
	if (spelled(rs, number)->match != SL_MATCH_TREE || n == 0)
		abort();
	t->n++;
	t->trace = (t->trace ^ hit->ts_ns ^ number) * 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < joined[i].value.len; k++)
			t->trace = (t->trace ^ joined[i].value.p[k]) * 0x9e3779b97f4a7c15u;
}

static void operation(struct sl_op *op, struct bytes *b, uint16_t i)
{
	uint8_t kind = next(b);
	op->op = (uint16_t)(SL_OP_EXPRESSION + kind % 5);
	if (kind % 16 >= 11)
		op->op = kind % 2 ? SL_OP_AND : SL_OP_OR;
	if (kind == 255)
		op->op = SL_OP_NOT;
	op->a = op->op == SL_OP_EXPRESSION ? next(b) % 4 : (uint16_t)(i - 1 - next(b) % 4);
	op->b = (uint16_t)(i - 1 - next(b) % 4);
	op->number = next(b) % 24;
	op->number2 = next(b);
	if (op->op == SL_OP_REPEATS)
		op->number = op->number == 23 ? 1500 : op->number % 5;
	if (op->op == SL_OP_START_STOP && op->number2 == 255)
		op->number2 = UINT64_MAX;
}

static void plan(struct planned *p, struct bytes *b)
{
	memset(p, 0, sizeof(*p));
	uint8_t n = next(b);
	p->d = (struct sl_detection){ .scope = SL_SCOPE_HOST,
		.expressions = 4,
		.same_allowed = n & 128,
		.leaves = 4,
		.ops = (uint16_t)(1 + n % OPS),
		.leaf = p->leaf,
		.expression = p->expression,
		.op = p->op };
	for (unsigned i = 0; i < 4; i++) {
		p->leaf[i] = (struct sl_leaf){ .kind = SL_LEAF_TABLE,
			.present = SL_LEAF_NONE,
			.expression = (uint8_t)i,
			.text = "leaf" };
		p->expression[i].at_close = i == 3 && n & 64;
	}
	for (uint16_t i = 0; i < p->d.ops; i++)
		operation(&p->op[i], b, i);
}

static struct sl_ruleset *ruleset(struct planned p[DETECTIONS], struct bytes *b)
{
	struct sl_intel *in = made_new();
	for (uint32_t i = 0; i < DETECTIONS; i++) {
		plan(&p[i], b);
		struct sl_indicator *whole =
			made_add(in, SL_TYPE_DOMAIN, i ? "second" : "first", SL_MATCH_TREE);
		whole->detection = i + 1;
		p[i].d.indicator = i;
		made_detect(in, &p[i].d);
	}
	return made_ruleset(in, NULL);
}

struct made_event {
	_Alignas(8) uint8_t bytes[sizeof(struct sl_record) + 16];
};

static struct sl_record *record_of(struct made_event *e)
{
	return (struct sl_record *)(void *)e->bytes;
}

/* Time mostly goes on. */
static void event(struct made_event *e, struct bytes *b, uint64_t *now_ns)
{
	uint8_t what = next(b), where = next(b), step = next(b);
	*now_ns += step % 8;
	struct sl_record *r = record_of(e);
	memset(e, 0, sizeof(*e));
	*r = (struct sl_record){ .kind = SL_REC_EXPRESSION,
		.generation = 1,
		.ts_ns = *now_ns - (step >> 6 == 3 ? *now_ns % 8 : 0),
		.message = where >> 6,
		.where = SL_WHERE_DNS_QUERY,
		.type = SL_TYPE_DOMAIN,
		.indicator_count = 1,
		.matched_count = 1,
		.expression = what % 4,
		.value_len = 4 };
	r->flow.version = 4;
	r->flow.id = 1 + where % 8;
	r->flow.sport = (uint16_t)r->flow.id;
	r->flow.src.b[0] = 1 + (what >> 7);
	uint32_t number = what >> 6 & 1;
	struct sl_matched m = { .leaf = what % 4, .where = SL_WHERE_DNS_QUERY };
	memcpy(r->tail, &number, 4);
	memcpy(r->tail + 4, &m, 4);
	r->tail[8] = (uint8_t)r->flow.id;
	r->tail[9] = (uint8_t)r->message;
	r->tail[10] = what % 4;
}

static struct told play(const struct sl_ruleset *rs, struct made_event *e, size_t n,
	const struct sl_correlator_options *bounds, bool clock)
{
	struct told t = { 1, 0 };
	struct sl_counters counters = { 0 };
	struct sl_correlator_options o = *bounds;
	struct sl_correlator *c;
	o.counters = &counters;
	o.tell = tell;
	o.arg = &t;
	if (sl_correlator_new(&c, &o) < 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (sl_correlator_take(c, record_of(&e[i]), rs) < 0)
			abort();
		if (clock)
			sl_correlator_clock(c, record_of(&e[i])->ts_ns);
	}
	sl_correlator_flush(c);
	if (sl_correlator_states(c) != 0 || sl_correlator_events(c) != 0 ||
		counters.c[SL_C_CORRELATOR_TRUE] != t.n)
		abort();
	sl_correlator_retire(c, rs, NULL);
	sl_correlator_free(c);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct planned p[DETECTIONS];
	static struct made_event e[EVENTS];
	struct bytes b = { data, size };
	uint64_t now_ns = 0;
	size_t n = 0;
	uint8_t bounds = next(&b);
	struct sl_ruleset *rs = ruleset(p, &b);
	for (; n < EVENTS && b.left > 0; n++)
		event(&e[n], &b, &now_ns);
	struct sl_correlator_options o = { .slack_ns = 8, .max_work = 20000 };
	struct told one = play(rs, e, n, &o, true), all = play(rs, e, n, &o, false);
	if (one.n != all.n || one.trace != all.trace)
		abort();
	o = (struct sl_correlator_options){ .max_states = 1 + bounds % 4,
		.max_events = 1 + (bounds >> 2) % 8,
		.memory = (size_t)1 << (8 + (bounds >> 5)),
		.max_work = 1 + bounds };
	(void)play(rs, e, n, &o, true);
	sl_ruleset_free(rs);
	return 0;
}
