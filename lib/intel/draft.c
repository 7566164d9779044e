/* SPDX-License-Identifier: BSD-3-Clause */
/* draft.c - one entry of a feed becomes an indicator of the set, or a finding. Control threads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/lists.h>

#include "lint.h"

bool draft_times(const struct draft *d, struct sl_indicator *i, struct fault *why)
{
	*why = (struct fault){ .verdict = SL_REFUSED,
		.code = "BAD_TIME",
		.reason = "This is no time (RFC 3339, such as 2026-01-31T09:00:00Z)." };
	why->part = d->valid_from;
	if (d->valid_from != NULL && d->valid_from[0] &&
		!time_read(d->valid_from, &i->valid_from_ns))
		return false;
	why->part = d->valid_until;
	if (d->valid_until != NULL && d->valid_until[0] &&
		!time_read(d->valid_until, &i->valid_until_ns))
		return false;
	why->code = "CONTRADICTORY";
	why->reason = "The validity ends before it begins.";
	return i->valid_until_ns == 0 || i->valid_until_ns > i->valid_from_ns;
}

static const char *kept(struct reading *r, const char *text, bool repeats)
{
	if (text == NULL || text[0] == '\0')
		return "";
	struct sl_arena *a = r->set->arena;
	return repeats ? sl_arena_intern(a, text, strlen(text))
		       : sl_arena_text(a, text, strlen(text));
}

/* The strings become the set's; an indicator without an id is known by its value. */
static int strings_keep(struct reading *r, const struct draft *d, struct sl_indicator *i,
	const struct value_text *t)
{
	i->value = sl_arena_text(r->set->arena, t->text, i->value_len);
	i->id = d->id != NULL && d->id[0] ? kept(r, d->id, false) : i->value;
	i->name = kept(r, d->name, true);
	i->source = d->source != NULL && d->source[0] ? kept(r, d->source, true) : r->name;
	i->severity = kept(r, d->severity, true);
	i->labels = kept(r, d->labels, true);
	i->quiet_reason = "";
	i->part = kept(r, d->part, false);
	bool all = i->value != NULL && i->id != NULL && i->name != NULL && i->source != NULL &&
		   i->severity != NULL && i->labels != NULL && i->part != NULL;
	return all ? 0 : -ENOMEM;
}

static void tell_fault(struct reading *r, const struct draft *d, const struct fault *why)
{
	char part[SL_VALUE_MAX + 1];
	size_t len = d->value_len < SL_VALUE_MAX ? d->value_len : SL_VALUE_MAX;
	if (len)
		memcpy(part, d->value, len);
	part[len] = '\0';
	struct sl_finding f = { .line = d->line,
		.id = d->id,
		.verdict = why->verdict,
		.code = why->code,
		.reason = why->reason,
		.part = why->part != NULL ? why->part : part };
	reading_tell(r, &f);
}

/* "" while it is valid, else the code. */
static const char *out_of_time(
	const struct reading *r, const struct sl_indicator *i, const char **reason)
{
	bool packet = r->o->validity == SL_VALID_PACKET; /* then it is only counted */
	uint64_t now_ns = r->o->now_ns;
	if (i->valid_until_ns != 0 &&
		(packet ? now_ns >= i->valid_until_ns : reading_reached(r, i->valid_until_ns))) {
		*reason = "Its validity has ended.";
		return "EXPIRED";
	}
	if (packet ? now_ns < i->valid_from_ns : !reading_reached(r, i->valid_from_ns)) {
		*reason = "Its validity has not begun.";
		return "NOT_YET_VALID";
	}
	return "";
}

void draft_policy(const struct reading *r, const struct draft *d, struct sl_source_policy *policy)
{
	bool named = d->source != NULL && d->source[0] != '\0';
	sl_policy_of(r->o->policy, named ? d->source : r->name, r->path, policy);
}

/* What an entry came to, once its value is one. */
struct outcome {
	struct judgement j;
	struct sl_source_policy policy;
	struct sl_past_answer past;
	bool asked; /* past says something */
};

static int found_add(struct reading *r, const struct draft *d, struct sl_indicator *i,
	const struct value_text *t, const struct outcome *o)
{
	struct judgement j = o->j;
	int rc = strings_keep(r, d, i, t);
	i->quiet = j.verdict == SL_QUIET;
	if (rc == 0 && i->quiet)
		i->quiet_reason = kept(r, j.reason, true);
	if (rc == 0)
		rc = i->quiet_reason != NULL ? sl_book_add(&r->set->book, i) : -ENOMEM;
	if (rc < 0)
		return rc;
	if (j.code[0] == '\0' && !r->o->tell_all) {
		reading_count(r, j.verdict);
		return 0;
	}
	char with_port[SL_VALUE_MAX + 16];
	snprintf(with_port, sizeof(with_port), strchr(t->text, ':') != NULL ? "[%s]:%u" : "%s:%u",
		t->text, i->port);
	struct sl_finding f = { .line = d->line,
		.id = i->id,
		.verdict = j.verdict,
		.code = j.code,
		.reason = j.reason,
		.part = i->port != 0 ? with_port : t->text,
		.suggestion = d->suggestion,
		.past = o->asked ? &o->past : NULL };
	reading_tell(r, &f);
	return 0;
}

/* The path of an https URL is hidden on the wire: its host is what can be seen. */
static int host_add(struct reading *r, const struct draft *d, const struct sl_indicator *url)
{
	static _Thread_local struct value_text t;
	struct url_parts u;
	struct judgement j = { SL_ARMED, "", "" };
	struct sl_indicator host = *url;
	union sl_addr a;
	uint8_t version;
	if (!url_parts(url->value, url->value_len, &u) || !u.https || u.root ||
		sl_addr_parse(u.host, u.host_len, &a, &version) ||
		lint_private_host(r, u.host, u.host_len))
		return 0;
	lint_name(r, u.host, u.host_len, &j);
	bool ordinary = j.verdict != SL_ARMED;
	struct sl_finding f = { .line = d->line,
		.id = url->id,
		.verdict = ordinary ? SL_REFUSED : SL_QUIET,
		.code = "URL_HOST_ONLY",
		.reason = ordinary ? "The URL's path is hidden by TLS, and its host is an ordinary "
				     "one: over https it is not seen."
				   : "The URL's path is hidden by TLS: a quiet part is its host.",
		.part = u.host };
	if (ordinary || r->o->tell_all)
		reading_note(r, &f);
	if (ordinary)
		return 0;
	host.type = SL_TYPE_DOMAIN;
	host.match = SL_MATCH_EXACT;
	host.where = SL_WHERE_NONE;
	memcpy(t.text, u.host, u.host_len + 1);
	host.value_len = (uint32_t)u.host_len;
	host.value = sl_arena_text(r->set->arena, u.host, u.host_len);
	host.part = kept(r, "URL_HOST_ONLY", true);
	host.quiet = true;
	host.quiet_reason = kept(r, f.reason, true);
	bool all = host.value != NULL && host.part != NULL && host.quiet_reason != NULL;
	return all ? sl_book_add(&r->set->book, &host) : -ENOMEM;
}

const char *draft_probation(struct reading *r, const char *labels)
{
	char text[1024];
	if (labels == NULL || labels[0] == '\0')
		return kept(r, "probation", true);
	if (strstr(labels, "probation") != NULL)
		return labels;
	int n = snprintf(text, sizeof(text), "%s,probation", labels);
	return n > 0 && (size_t)n < sizeof(text) ? kept(r, text, true) : labels;
}

/* Whether a name is one that somebody registered, or deeper. The verdict on it, where there is one,
 * knows already. */
static bool deep(const struct reading *r, const char *name, bool linted, const char *code)
{
	if (linted)
		return strchr(name, '.') != NULL && strcmp(code, "PUBLIC_SUFFIX") != 0;
	return sl_lists_suffix(r->o->lists, name) >= SL_SUFFIX_BELOW;
}

/* What the source is asked for, and what its values are worth. False: only what is plainly armed
 * was asked for. */
static bool judge(struct reading *r, const struct draft *d, struct sl_indicator *i,
	const struct value_text *t, bool plain, struct outcome *o)
{
	i->value = t->text;
	i->below = d->below;
	draft_policy(r, d, &o->policy);
	i->reported_ns = age_reported(d, i->valid_from_ns, o->policy.published_ns);
	/* Patterns are judged whoever wrote them: a tree would be. */
	bool linted = !d->allow && (plain || !r->o->taken_as_said);
	o->j = (struct judgement){ SL_ARMED, "", "" };
	o->asked = false;
	if (d->allow)
		o->j = (struct judgement){ SL_CONTEXT, "BENIGN",
			"Benign: hits of its own source on this value are undone." };
	else if (linted)
		lint_value(r, i, &o->j);
	bool judged = !d->allow && !r->o->taken_as_said;
	if (judged)
		lint_age(r, i, o->policy.max_age_ns[i->type], &o->j);
	if (plain && o->j.verdict != SL_ARMED)
		return false;
	if (linted && !judged)
		o->j = (struct judgement){ SL_ARMED, "", "" };
	bool impact = judged && o->j.verdict == SL_ARMED;
	if (judged)
		o->asked = lint_past(r, i, &o->j, &o->past);
	const char *code = o->j.code;
	struct draft known = *d; /* one without an id is known by its value */
	if (d->id == NULL || d->id[0] == '\0')
		known.id = t->text;
	if (!d->allow)
		lint_decide(r, &known, &o->policy, &o->j);
	if (impact && o->j.verdict == SL_ARMED && strcmp(o->j.code, "OVERRIDDEN") != 0)
		i->impact = lint_impact(r, d);
	if (d->quiet != NULL && o->j.verdict == SL_ARMED)
		o->j = (struct judgement){ SL_QUIET, "QUIET_PART", d->quiet };
	if (o->j.code[0] == '\0' && t->note_code != NULL)
		o->j = (struct judgement){ o->j.verdict, t->note_code, t->note };
	if (o->j.code[0] == '\0' && d->note_code != NULL)
		o->j = (struct judgement){ o->j.verdict, d->note_code, d->note };
	if (o->policy.below != SL_POLICY_BELOW_DEFAULT)
		i->below = o->policy.below;
	bool below = i->below != SL_BELOW_NO && i->type == SL_TYPE_DOMAIN;
	if (!below || i->match != SL_MATCH_EXACT ||
		(r->o->lists != NULL && !deep(r, t->text, linted, code)) ||
		strcmp(code, "POPULAR_NAME") == 0)
		i->below = SL_BELOW_NO;
	if (i->type == SL_TYPE_URL && o->policy.url_prefix && i->match == SL_MATCH_EXACT)
		i->match = SL_MATCH_PREFIX;
	i->allow = d->allow;
	return true;
}

static int judged_add(struct reading *r, const struct draft *d, struct sl_indicator *i,
	const struct value_text *t, bool plain, const char *code, const char *reason)
{
	struct outcome o;
	if (!judge(r, d, i, t, plain, &o))
		return 1;
	if (o.j.verdict == SL_REFUSED || (d->observable && !o.policy.arm_observables)) {
		struct fault why = { o.j.code, o.j.reason, NULL, SL_REFUSED };
		if (o.j.verdict != SL_REFUSED)
			why = (struct fault){ "OBSERVABLE",
				"A bare observable explains, and is nothing to look for, unless "
				"its source says arm_observables.",
				NULL, SL_CONTEXT };
		tell_fault(r, d, &why);
		return 0;
	}
	if (code[0] != '\0' && o.j.code[0] == '\0')
		o.j = (struct judgement){ o.j.verdict, code, reason };
	struct draft labels = *d;
	if (o.policy.probation)
		labels.labels = draft_probation(r, d->labels);
	if (labels.labels == NULL && o.policy.probation)
		return -ENOMEM;
	int rc = found_add(r, &labels, i, t, &o);
	if (rc == 0 && i->type == SL_TYPE_URL && !d->allow && !r->o->taken_as_said &&
		o.policy.url_host && d->where == NULL)
		rc = host_add(r, d, i);
	return rc;
}

static int value_add(struct reading *r, const struct draft *d, bool plain)
{
	struct sl_indicator i = { .test = d->test,
		.tlp = (uint8_t)d->tlp,
		.confidence = d->confidence,
		.allow = d->allow,
		.below = d->below };
	static _Thread_local struct value_text t;
	struct fault why;
	bool read = value_read(d, &i, &t, &why);
	if (!read && plain)
		return 1;
	if (!read || !draft_times(d, &i, &why)) {
		tell_fault(r, d, &why);
		return 0;
	}
	if (reading_full(r))
		return -E2BIG;
	const char *reason = "", *code = "";
	if (r->o->validity != SL_VALID_IGNORE)
		code = out_of_time(r, &i, &reason);
	if (code[0] != '\0' && r->o->validity == SL_VALID_NOW) {
		why = (struct fault){ code, reason, NULL, SL_NOT_VALID };
		tell_fault(r, d, &why);
		return 0;
	}
	if (code[0] != '\0')
		reading_count(r, SL_NOT_VALID);
	return judged_add(r, d, &i, &t, plain, code, reason);
}

int draft_add(struct reading *r, const struct draft *d)
{
	return value_add(r, d, false);
}

int draft_add_plain(struct reading *r, const struct draft *d)
{
	return value_add(r, d, true);
}

bool draft_detection(struct reading *r, const struct draft *d, const char *text,
	struct sl_indicator *out, struct fault *why, int *rc)
{
	struct value_text t = { .text = "" };
	struct sl_source_policy policy;
	*out = (struct sl_indicator){ .test = d->test,
		.tlp = (uint8_t)d->tlp,
		.confidence = d->confidence,
		.match = SL_MATCH_TREE,
		.leaf = SL_LEAF_NONE };
	*rc = 0;
	if (!draft_times(d, out, why))
		return false;
	const char *reason = "";
	const char *code = r->o->validity != SL_VALID_IGNORE ? out_of_time(r, out, &reason) : "";
	if (code[0] != '\0' && r->o->validity == SL_VALID_NOW) {
		*why = (struct fault){ code, reason, NULL, SL_NOT_VALID };
		return false;
	}
	if (code[0] != '\0')
		reading_count(r, SL_NOT_VALID);
	*rc = strings_keep(r, d, out, &t);
	draft_policy(r, d, &policy);
	out->reported_ns = age_reported(d, out->valid_from_ns, policy.published_ns);
	out->value = sl_arena_text(r->set->arena, text, strlen(text));
	out->value_len = (uint32_t)strlen(text);
	if (out->id != NULL && out->id[0] == '\0')
		out->id = out->value;
	if (out->value == NULL)
		*rc = -ENOMEM;
	return true;
}
