/* SPDX-License-Identifier: BSD-3-Clause */
/* evaluate.c - from leaves that are true to expressions that are. Worker; never allocates.
 *
 * A leaf that an observable made true is kept with the observable's message. An expression over
 * messages is asked of one message together with what its flow says by itself (message 0), never of
 * two messages; one over flows of all of them. Each is told once for each message or flow. With a
 * NOT in it, or numbers that grow, it is asked when the message or the flow is complete. */
#include <errno.h>
#include <stdlib.h>

#include "known.h"
#include "ruleset.h"
#include "seek.h"

#define OPS_MAX 4096
#define LEAVES_OF_VALUE 512 /* that one observable touches; more are counted as hits cut */
#define FLOW_ONLY_MAX 1024 /* of them asked of a flow; more are counted as not asked */

struct sl_trees {
	struct states states;
	unsigned worker;
	struct sl_counters *counters;
	sl_truth_fn tell;
	void *arg;
	/* -- of the observable or flow that is asked about -- */
	const struct sl_ruleset *rs;
	struct room *room;
	const struct sl_observable *obs;
	struct sl_flow *flow;
	bool ended; /* the flow is complete */
	bool allowed, allow_asked;
	/* -- scratch -- */
	uint8_t value[OPS_MAX];
	struct sl_matched matched[SL_LEAVES_MAX];
};

int sl_trees_new(struct sl_trees **out, const struct sl_trees_options *o)
{
	struct sl_trees *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->worker = o->worker;
	t->counters = o->counters;
	t->tell = o->tell;
	t->arg = o->arg;
	int rc = states_init(&t->states, o->states, o->counters);
	if (rc < 0) {
		sl_trees_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void sl_trees_free(struct sl_trees *t)
{
	if (t == NULL)
		return;
	states_fini(&t->states);
	free(t);
}

#include <sightline/hot.h>

bool sl_ruleset_has_trees(const struct sl_ruleset *rs)
{
	return rs->base->trees.detections > 0;
}

/* ---- Truth ---- */

static enum kleene leaf_value(
	struct sl_trees *t, const struct sl_detection *d, const struct known *k, uint16_t number)
{
	const struct sl_leaf *l = &d->leaf[number];
	struct leaf_ref ref = { (uint32_t)(d - t->rs->base->trees.detection), number };
	switch ((enum sl_leaf_kind)l->kind) {
	case SL_LEAF_FLOW:
		return flow_leaf(&t->rs->base->trees, t->room, ref, t->flow,
			t->ended || t->obs->message != 0, t->ended);
	case SL_LEAF_UNSEEN:
		return UNKNOWN;
	case SL_LEAF_TABLE:
	case SL_LEAF_VALUE:
		break;
	}
	if (known_holds(k, number))
		return YES;
	return known_not(k, d, number) ? NO : UNKNOWN;
}

static enum kleene both(enum kleene a, enum kleene b)
{
	return a == NO || b == NO ? NO : a == YES && b == YES ? YES : UNKNOWN;
}

static enum kleene either(enum kleene a, enum kleene b)
{
	return a == YES || b == YES ? YES : a == NO && b == NO ? NO : UNKNOWN;
}

static enum kleene op_value(struct sl_trees *t, const struct sl_detection *d, const struct known *k,
	const struct sl_op *op)
{
	const uint8_t *v = t->value;
	switch (op->op) {
	case SL_OP_LEAF:
		return leaf_value(t, d, k, op->a);
	case SL_OP_AND:
		return both(v[op->a], v[op->b]);
	case SL_OP_OR:
		return either(v[op->a], v[op->b]);
	case SL_OP_NOT:
		return v[op->a] == UNKNOWN ? UNKNOWN : v[op->a] == YES ? NO : YES;
	default:
		return UNKNOWN;
	}
}

static bool holds(struct sl_trees *t, const struct sl_detection *d, const struct sl_expression *e,
	const struct known *k)
{
	if (e->ops == 0 || e->ops > OPS_MAX)
		return false;
	for (uint16_t i = 0; i < e->ops; i++)
		t->value[i] = (uint8_t)op_value(t, d, k, &e->op[i]);
	return t->value[e->ops - 1] == YES;
}

/* ---- Telling ---- */

static uint16_t matched_list(struct sl_trees *t, const struct sl_expression *e,
	const struct sl_detection *d, const struct known *k)
{
	uint16_t n = 0;
	for (uint16_t i = 0; i < e->ops && n < SL_LEAVES_MAX; i++) {
		const struct sl_op *op = &e->op[i];
		if (op->op != SL_OP_LEAF || t->value[i] != YES)
			continue;
		bool flow = d->leaf[op->a].kind == SL_LEAF_FLOW;
		t->matched[n++] = (struct sl_matched){ op->a,
			flow ? (uint16_t)SL_WHERE_NONE : k->where[op->a] };
	}
	return n;
}

static bool valid(const struct sl_trees *t, const struct sl_detection *d)
{
	const struct set *s = &t->rs->base->layer.set;
	return t->rs->base->validity != SL_VALID_PACKET ||
	       set_valid(s, set_entry(s, d->indicator), t->obs->ts_ns);
}

/* Whether a set that is no longer in force told of it, as far as it held. */
static bool old_news(const struct sl_trees *t, const struct sl_detection *d)
{
	return (t->obs->flags & SL_OBS_AGAIN) &&
	       t->rs->base->layer.born[d->indicator] <= t->flow->generation;
}

/* The end of the flow that completes something at its begin; 0: something else does. */
static uint8_t flow_end(const struct sl_trees *t)
{
	const struct sl_observable *o = t->obs;
	bool end = o->where == SL_WHERE_IP_SRC || o->where == SL_WHERE_IP_DST;
	return end && o->ts_ns == t->flow->first_ns ? (uint8_t)o->where : 0;
}

/* False: there is no room to. */
static bool mark_fired(struct sl_trees *t, uint32_t detection, uint32_t message, uint16_t bit)
{
	bool any = false;
	for (struct state *s = state_at(&t->states, t->flow->trees); s != NULL;
		s = state_at(&t->states, s->next)) {
		if (s->detection != detection || s->message != message)
			continue;
		s->fired |= bit;
		s->told_at = flow_end(t);
		any = true;
	}
	struct state *s = any ? NULL : state_take(&t->states, t->flow, detection, message);
	if (s == NULL)
		return any;
	s->fired |= bit;
	s->told_at = flow_end(t);
	return true;
}

static void tell(struct sl_trees *t, const struct sl_detection *d, uint16_t expression,
	uint32_t message, const struct known *k, bool repeat)
{
	struct sl_observable o = *t->obs;
	if (!valid(t, d))
		return;
	o.message = message;
	if (o.flags & SL_OBS_CLOSE)
		o.where = SL_WHERE_NONE;
	struct sl_truth truth = { .detection = d,
		.expression = expression,
		.matched_count = matched_list(t, &d->expression[expression], d, k),
		.repeat = repeat,
		.matched = t->matched,
		.obs = &o };
	sl_count(t->counters, SL_C_TREES_TRUE, !repeat);
	t->tell(t->arg, &truth);
}

/* ---- Asking ---- */

static void ask(struct sl_trees *t, const struct sl_detection *d, uint16_t expression,
	uint32_t message, bool complete, bool repeat)
{
	const struct sl_expression *e = &d->expression[expression];
	uint32_t number = (uint32_t)(d - t->rs->base->trees.detection);
	uint16_t bit = (uint16_t)(1u << expression);
	struct known k;
	if (e->at_close && !complete)
		return;
	bool flow = e->scope == SL_SCOPE_FLOW;
	message = flow ? 0 : message;
	known_gather(&k, &t->states, t->flow, number, message, flow);
	k.complete = complete;
	bool fired = k.fired & bit;
	if (fired ? !repeat : repeat)
		return;
	if (!holds(t, d, e, &k))
		return;
	/* One over the flow alone that stays as it is was asked once, and isn't again. */
	bool once = e->flow_only && !e->flow_numbers && !e->at_close;
	if (!fired && !once && !mark_fired(t, number, message, bit) && e->flow_only && !t->ended)
		return; /* no room to remember that it was told: it is asked again at the end */
	if (!old_news(t, d))
		tell(t, d, expression, message, &k, repeat);
}

/* What the flow says by itself may complete any of its messages. */
static void ask_messages(struct sl_trees *t, const struct sl_detection *d, uint16_t expression)
{
	uint32_t number = (uint32_t)(d - t->rs->base->trees.detection), last = 0;
	struct state *s = state_at(&t->states, t->flow->trees);
	for (unsigned i = 0; s != NULL && i < STATES_OF_FLOW; i++) {
		if (s->detection == number && s->message != 0 && s->message != last) {
			last = s->message;
			ask(t, d, expression, last, false, false);
		}
		s = state_at(&t->states, s->next);
	}
}

/* ---- Leaves that are true ---- */

/* Of a message that is over nothing is known any more, but that it was told, as far as it held. */
static struct sl_matched *place(
	struct sl_trees *t, struct leaf_ref ref, bool under_not, uint8_t *told_at)
{
	const struct sl_detection *d = &t->rs->base->trees.detection[ref.detection];
	bool over = t->obs->message != 0 && old_news(t, d);
	const struct saying about = { .ref = ref,
		.message = t->obs->message,
		.under_not = under_not,
		.again = (t->obs->flags & SL_OBS_AGAIN) != 0,
		.told = over ? UINT16_MAX : 0 };
	return known_place(&t->states, t->flow, &about, told_at);
}

static void touch(struct sl_trees *t, struct leaf_ref ref)
{
	const struct sl_detection *d = &t->rs->base->trees.detection[ref.detection];
	const struct sl_leaf *l = &d->leaf[ref.leaf];
	const struct sl_expression *e = &d->expression[l->expression];
	uint32_t message = t->obs->message;
	uint8_t told_at;
	struct sl_matched *m = place(t, ref, l->present != SL_LEAF_NONE, &told_at);
	if (m == NULL)
		return;
	if (m->leaf & LEAF_HOLDS) {
		/* A flow's ends are said again when its outcome is known: what the one completed
		 * at the begin is told again, as of that one. */
		const uint8_t again = SL_OBS_REPEAT | SL_OBS_SILENT;
		if (message == 0 && (t->obs->flags & again) == again && told_at == t->obs->where)
			ask(t, d, l->expression, 0, false, true);
		return;
	}
	m->leaf |= LEAF_HOLDS;
	m->where = t->obs->where;
	ask(t, d, l->expression, message, false, false);
	if (message == 0 && e->scope == SL_SCOPE_MESSAGE)
		ask_messages(t, d, l->expression);
}

/* Only where a NOT is it of account whether what doesn't hold is in doubt. */
static void doubt(struct sl_trees *t, struct leaf_ref ref)
{
	const struct sl_detection *d = &t->rs->base->trees.detection[ref.detection];
	uint8_t told_at;
	if (!d->expression[d->leaf[ref.leaf].expression].at_close)
		return;
	struct sl_matched *m = place(t, ref, true, &told_at);
	if (m != NULL)
		m->leaf |= LEAF_DOUBT;
}

static void touch_test(void *arg, struct leaf_ref ref, enum touch how)
{
	struct sl_trees *t = arg;
	if (how == TOUCH_FOUND && !t->allow_asked) {
		t->allowed = ruleset_allows(t->rs, t->obs);
		t->allow_asked = true;
	}
	if (how == TOUCH_DOUBT || (how == TOUCH_FOUND && t->allowed))
		doubt(t, ref);
	else
		touch(t, ref);
}

static void aim(struct sl_trees *t, const struct sl_ruleset *rs, const struct sl_observable *o)
{
	t->rs = rs;
	t->room = t->worker < rs->base->trees.rooms ? &rs->base->trees.room[t->worker] : NULL;
	t->obs = o;
	t->flow = o->flow;
	t->ended = false;
	t->allow_asked = false;
}

/* ---- Ends ---- */

/* What waits for the end: of one message, or of the flow and all of its messages. */
static void ask_complete(struct sl_trees *t, uint32_t only, bool any_message)
{
	struct state *s = state_at(&t->states, t->flow->trees);
	for (unsigned i = 0; s != NULL && i < 2 * STATES_OF_FLOW; i++) {
		const struct sl_detection *d = &t->rs->base->trees.detection[s->detection];
		for (uint16_t e = 0; (any_message || s->message == only) && e < d->expressions;
			e++) {
			const struct sl_expression *x = &d->expression[e];
			if (t->ended ? x->at_close || x->flow_numbers
				     : x->at_close && x->scope != SL_SCOPE_FLOW)
				ask(t, d, e, s->message, true, false);
		}
		s = state_at(&t->states, s->next);
	}
}

/* Whether a state is of no more use once its message is complete. */
static bool over_with(const struct state *s, const void *arg)
{
	const struct sl_trees *t = arg;
	const struct sl_detection *d = &t->rs->base->trees.detection[s->detection];
	if (s->message != t->obs->message)
		return false;
	for (unsigned e = 0; e < d->expressions; e++)
		if (d->expression[e].scope == SL_SCOPE_FLOW || d->expression[e].flow_numbers)
			return false;
	return true;
}

static void message_end(struct sl_trees *t)
{
	if (t->flow->trees == 0 || t->obs->message == 0)
		return;
	ask_complete(t, t->obs->message, false);
	states_give(&t->states, t->flow, over_with, t);
}

/* A leaf that is too many for its value. */
static void leave_out(struct sl_trees *t, const struct sl_entry *e)
{
	const struct sl_leaf *l = &t->rs->base->trees.detection[e->detection - 1].leaf[e->leaf];
	t->flow->unsure |= l->present != SL_LEAF_NONE;
	sl_count(t->counters, SL_C_HITS_CUT, 1);
}

/* Every leaf that is listed with the value of one of the hits. */
static void touch_listing(
	struct sl_trees *t, const struct sl_hit *hit, const struct sl_hit *all, uint32_t n)
{
	const struct set *s = &t->rs->base->layer.set;
	uint32_t count, touched = 0;
	const uint32_t *m = listing_members(s, &hit->value, &count);
	uint8_t how;
	for (uint32_t i = 0; i < count; i++) {
		const struct sl_entry *e = set_entry(s, m[i]);
		if (set_kind(s, e)->allow)
			continue;
		if (e->detection == 0) /* the leaves stand before */
			return;
		struct leaf_ref ref = { e->detection - 1, e->leaf };
		if (!seek_holds(
			    s, e, t->obs, t->rs->base->validity, (enum relation)hit->match, &how))
			continue;
		if (touched++ >= LEAVES_OF_VALUE)
			leave_out(t, e);
		else if (hit->doubt || hit_undone(t->rs, all, n, set_kind(s, e)->source))
			doubt(t, ref);
		else
			touch(t, ref);
	}
}

void sl_trees_take(struct sl_trees *t, const struct sl_ruleset *rs, const struct sl_observable *o,
	const struct sl_hit *hit, uint32_t n)
{
	if ((o->flags & SL_OBS_AGAIN) && rs->base->generation <= o->flow->generation)
		return; /* the trees are those that were asked */
	aim(t, rs, o);
	if (o->flags & SL_OBS_CLOSE) {
		message_end(t);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		if (hit[i].leaf && !hit[i].undone)
			touch_listing(t, &hit[i], hit, n);
	uint64_t gave_up = 0;
	if (o->len > 0 && (rs->base->trees.tested[o->where / 64] >> (o->where % 64) & 1))
		tests_ask(&rs->base->trees, t->room, o, touch_test, t, &gave_up);
	if (gave_up > 0)
		sl_count(t->counters, SL_C_SEARCHES_GIVEN_UP, gave_up);
}

static void ask_flow_only(struct sl_trees *t)
{
	const struct trees *all = &t->rs->base->trees;
	size_t n = all->flow_only_count < FLOW_ONLY_MAX ? all->flow_only_count : FLOW_ONLY_MAX;
	for (size_t i = 0; i < n; i++) {
		const struct sl_detection *d = &all->detection[all->flow_only[i].detection];
		const struct sl_expression *e = &d->expression[all->flow_only[i].leaf];
		/* A flow that had no packet since there is this one ends as it was. */
		if (t->ended && t->rs->base->layer.born[d->indicator] > t->flow->generation)
			continue;
		if (!t->ended || e->flow_numbers || e->at_close)
			ask(t, d, (uint16_t)all->flow_only[i].leaf, 0, t->ended, false);
	}
	if (all->flow_only_count > n && t->ended)
		sl_count(t->counters, SL_C_TREES_NOT_ASKED, all->flow_only_count - n);
}

void sl_trees_begin(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f,
	uint64_t ts_ns, bool again)
{
	struct sl_observable o = { .flow = f,
		.ts_ns = ts_ns,
		.flags = (uint8_t)(SL_OBS_CLOSE | (again ? SL_OBS_AGAIN : 0)) };
	if (rs->base->trees.flow_only_count == 0 ||
		(again && rs->base->generation <= f->generation))
		return;
	aim(t, rs, &o);
	ask_flow_only(t);
}

void sl_trees_end(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f)
{
	struct sl_observable o = { .flow = f, .ts_ns = f->last_ns, .flags = SL_OBS_CLOSE };
	if (rs != NULL) {
		aim(t, rs, &o);
		t->ended = true;
		ask_complete(t, 0, true);
		ask_flow_only(t);
	}
	states_give(&t->states, f, NULL, NULL);
}

void sl_trees_carry(struct sl_trees *t, const struct sl_ruleset *rs, struct sl_flow *f)
{
	states_carry(&t->states, f, rs);
}
