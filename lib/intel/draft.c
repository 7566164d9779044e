/* SPDX-License-Identifier: BSD-3-Clause */
/* draft.c - one entry of a feed becomes an indicator of the set, or a finding. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>

#include "reading.h"

#define ENTRIES_MAX UINT64_C(20000000)

/* RFC 3339, a date alone, YYYYMMDD, or seconds since 1970. */
static bool time_read(const char *text, uint64_t *out)
{
	while (*text == ' ')
		text++;
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (sl_time_parse(text, len, out))
		return true;
	if (strspn(text, "0123456789") != len)
		return false;
	if (len == 8) {
		char date[11] = { text[0], text[1], text[2], text[3], '-', text[4], text[5], '-',
			text[6], text[7], '\0' };
		return sl_time_parse(date, 10, out);
	}
	if (len < 9 || len > 10)
		return false;
	*out = strtoull(text, NULL, 10) * SL_SECOND;
	return true;
}

static bool times_read(const struct draft *d, struct sl_indicator *i, struct fault *why)
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
	i->quiet = d->quiet != NULL;
	i->quiet_reason = kept(r, d->quiet, true);
	i->part = kept(r, d->part, false);
	bool all = i->value != NULL && i->id != NULL && i->name != NULL && i->source != NULL &&
		   i->quiet_reason != NULL && i->severity != NULL && i->labels != NULL &&
		   i->part != NULL;
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
static const char *out_of_time(const struct sl_indicator *i, uint64_t now_ns, const char **reason)
{
	if (i->valid_until_ns != 0 && now_ns >= i->valid_until_ns) {
		*reason = "Its validity has ended.";
		return "EXPIRED";
	}
	if (now_ns < i->valid_from_ns) {
		*reason = "Its validity has not begun.";
		return "NOT_YET_VALID";
	}
	return "";
}

static int armed_add(struct reading *r, const struct draft *d, struct sl_indicator *i,
	const struct value_text *t, const char *code, const char *reason)
{
	int rc = strings_keep(r, d, i, t);
	if (rc == 0)
		rc = set_add(r->set, i);
	if (rc < 0)
		return rc;
	if (code[0] == '\0' && t->note_code != NULL) {
		code = t->note_code;
		reason = t->note;
	}
	if (i->quiet) {
		code = "QUIET_PART";
		reason = i->quiet_reason;
	}
	if (code[0] == '\0' && !r->o->tell_all) {
		r->set->sources[r->source].count[SL_ARMED]++;
		return 0;
	}
	struct sl_finding f = { .line = d->line,
		.id = i->id,
		.verdict = i->quiet ? SL_QUIET : SL_ARMED,
		.code = code,
		.reason = reason,
		.part = t->text };
	reading_tell(r, &f);
	return 0;
}

int draft_add(struct reading *r, const struct draft *d)
{
	struct sl_indicator i = { .test = d->test,
		.tlp = (uint8_t)d->tlp,
		.confidence = d->confidence,
		.below = d->below };
	static _Thread_local struct value_text t;
	struct fault why;
	uint64_t most = r->o->max_entries ? r->o->max_entries : ENTRIES_MAX;
	if (!value_read(d, &i, &t, &why) || !times_read(d, &i, &why)) {
		tell_fault(r, d, &why);
		return 0;
	}
	if (r->set->count >= most)
		return -E2BIG;
	const char *reason = "", *code = "";
	if (r->o->validity != SL_VALID_IGNORE)
		code = out_of_time(&i, r->o->now_ns, &reason);
	if (code[0] != '\0' && r->o->validity == SL_VALID_NOW) {
		why = (struct fault){ code, reason, NULL, SL_NOT_VALID };
		tell_fault(r, d, &why);
		return 0;
	}
	if (code[0] != '\0')
		r->set->sources[r->source].count[SL_NOT_VALID]++;
	return armed_add(r, d, &i, &t, code, reason);
}

bool draft_detection(struct reading *r, const struct draft *d, const char *text,
	struct sl_indicator *out, struct fault *why, int *rc)
{
	struct value_text t = { .text = "" };
	*out = (struct sl_indicator){ .test = d->test,
		.tlp = (uint8_t)d->tlp,
		.confidence = d->confidence,
		.match = SL_MATCH_TREE,
		.leaf = SL_LEAF_NONE };
	*rc = 0;
	if (!times_read(d, out, why))
		return false;
	const char *reason = "";
	const char *code =
		r->o->validity != SL_VALID_IGNORE ? out_of_time(out, r->o->now_ns, &reason) : "";
	if (code[0] != '\0' && r->o->validity == SL_VALID_NOW) {
		*why = (struct fault){ code, reason, NULL, SL_NOT_VALID };
		return false;
	}
	if (code[0] != '\0')
		r->set->sources[r->source].count[SL_NOT_VALID]++;
	*rc = strings_keep(r, d, out, &t);
	out->value = sl_arena_text(r->set->arena, text, strlen(text));
	out->value_len = (uint32_t)strlen(text);
	if (out->id != NULL && out->id[0] == '\0')
		out->id = out->value;
	if (out->value == NULL)
		*rc = -ENOMEM;
	return true;
}
