/* SPDX-License-Identifier: BSD-3-Clause */
/* meta.c - an indicator that is a tree, before its branches are judged: what its source is asked
 * for, and how it was read. Control threads. */
#include "lint.h"
#include "tree.h"

struct noted {
	struct reading *r;
	struct draft *meta;
};

/* The first goes with the verdict, the others beside it. */
static void note_take(void *arg, const char *code, const char *reason, const struct sl_node *at)
{
	struct noted *n = arg;
	struct sl_finding f = { .line = n->meta->line,
		.id = n->meta->id,
		.verdict = SL_ARMED,
		.code = code,
		.reason = reason };
	if (n->meta->note_code != NULL) {
		reading_note(n->r, &f);
		return;
	}
	n->meta->note_code = code;
	n->meta->note = reason;
}

static void tell_context(struct reading *r, const struct draft *meta)
{
	struct sl_finding f = { .line = meta->line,
		.id = meta->id,
		.verdict = SL_CONTEXT,
		.code = "OBSERVABLE",
		.reason = "A bare observable explains, and is nothing to look for, unless its "
			  "source says arm_observables." };
	reading_tell(r, &f);
}

bool meta_judge(struct reading *r, struct draft *meta, const struct sl_pattern *p)
{
	struct sl_source_policy policy;
	struct noted n = { r, meta };
	draft_policy(r, meta, &policy);
	if (policy.below != SL_POLICY_BELOW_DEFAULT)
		meta->below = policy.below;
	if (policy.probation)
		meta->labels = draft_probation(r, meta->labels);
	if (sl_pattern_root(p) != NULL && !r->o->taken_as_said)
		lint_notes(sl_pattern_root(p), note_take, &n);
	if (!meta->observable || policy.arm_observables)
		return true;
	tell_context(r, meta);
	return false;
}

bool source_arms_observables(const struct reading *r)
{
	struct sl_source_policy policy;
	sl_policy_of(r->o->policy, r->name, r->path, &policy);
	return policy.arm_observables;
}

const char *csv_described(const struct reading *r)
{
	struct sl_source_policy policy;
	sl_policy_of(r->o->policy, r->name, r->path, &policy);
	return policy.csv_header;
}
